"""From a bare Python to a running notebook.

    python install.py           install Hocket and run the tour notebook in this terminal
    python install.py --lab     install it and open the tour in JupyterLab
    python install.py --test    install what the tests need and run them all

Uses the active virtual environment, or makes `.venv` beside this file.  May be run again at
any time: it brings the installation up to date.  Nothing outside the environment is changed.

The package is installed as users get it, not in editable mode: what runs and what is tested
is then what a wheel holds, and the environment outlives the folder.  An editable installation
of this folder stays one.

Only the standard library is needed, and any Python 3 gets as far as saying that it is too old:
hence no f-strings and no annotated variables in this file.
"""

import argparse
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import Any

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
NOTEBOOKS = os.path.join(ROOT, "notebooks")
TOUR = os.path.join(NOTEBOOKS, "01-tour.ipynb")
OLDEST = (3, 11)
WINDOWS = os.name == "nt"
# A file of tests on each processor: some start servers or kernels for all of their tests.
SIDE_BY_SIDE = ["-n", "logical", "--dist", "loadfile"]


def newer_python() -> "str | None":
    """Return the name of a Python on the path that is new enough, or None."""
    for minor in range(OLDEST[1] + 9, OLDEST[1] - 1, -1):
        name = "python3.{}".format(minor)
        if shutil.which(name):
            return name
    return None


if sys.version_info[:2] < OLDEST:
    sys.exit(
        "install.py needs Python 3.11 or later; this is {}.{} ({})\n  Run it with a newer one: {} install.py".format(
            sys.version_info[0], sys.version_info[1], sys.executable, newer_python() or "python3.11"
        )
    )


class Failure(Exception):
    """Something that the user has to know: what failed, and what to do."""

    def __init__(self, what: str, *todo: str) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo


# What a tool's output says about the cause, in the order in which causes hide one another.
CAUSES = [
    (
        ["No space left on device", "[Errno 28]", "Disk quota exceeded"],
        "the disk is full",
        "Free some space (about 200 MB are needed) and run this again.",
    ),
    (
        ["Permission denied", "[Errno 13]", "Read-only file system", "[Errno 30]", "Access is denied", "[WinError 5]"],
        "no permission to write there",
        "Copy the folder to a place of your own, or activate a virtual environment of yours, and run this again.",
    ),
    (
        ["CERTIFICATE_VERIFY_FAILED", "SSLError", "SSLCertVerificationError"],
        "the package index's certificate is not trusted",
        "Behind a company's proxy, set PIP_CERT to the file with its certificate and run this again.",
    ),
    (
        [
            "NewConnectionError",
            "Temporary failure in name resolution",
            "Failed to establish a new connection",
            "ProxyError",
            "ConnectTimeoutError",
            "Read timed out",
            "ConnectionResetError",
            "No matching distribution found",
        ],
        "the package index cannot be reached or does not have what is needed",
        "Check the network. Behind a proxy set HTTPS_PROXY, for an index of your own PIP_INDEX_URL; "
        "then run this again.",
    ),
]


def diagnose(output: str) -> "tuple[str, str]":
    """Return the cause that a tool's output tells of, and what to do about it."""
    for signs, cause, todo in CAUSES:
        if any(sign in output for sign in signs):
            return cause, todo
    return "", "When that is put right, run this again."


def last_words(output: str) -> "list[str]":
    """Return the last lines of a tool's output that say something."""
    lines = [line.rstrip() for line in output.splitlines()]
    return [line for line in lines if line and not line.startswith("[notice]")][-6:]


def fail(step: str, output: str) -> Failure:
    """Return the failure of `step`, whose tool wrote `output`."""
    cause, todo = diagnose(output)
    return Failure(step + (": " + cause if cause else ""), *last_words(output), "", todo)


def quietly(command: "list[str]") -> "tuple[int, str]":
    """Run a tool and return its exit code and output; on a terminal show that it moves."""
    moving = sys.stdout.isatty()
    tool = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    assert tool.stdout is not None
    lines = []
    try:
        for line in tool.stdout:
            lines.append(line)
            if moving:
                print("\r\x1b[K  " + line.strip()[:70], end="", flush=True)
    except BaseException:
        tool.kill()
        raise
    finally:
        tool.wait()
        if moving:
            print("\r\x1b[K", end="", flush=True)
    return tool.returncode, "".join(lines)


def visibly(command: "list[str]", env: "dict[str, str] | None" = None, patience: float = 10) -> int:
    """Run a command in this terminal and return its exit code.

    Ctrl-C reaches it as well; it then has `patience` seconds to end.
    """
    child = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        return child.wait()
    except KeyboardInterrupt:
        pass
    try:
        code = child.wait(patience)
    except subprocess.TimeoutExpired:
        child.terminate()
        code = child.wait()
    if code != 130:
        raise KeyboardInterrupt
    return code  # it has said so itself


def python_of(environment: str) -> str:
    """Return the path of an environment's Python."""
    return os.path.join(environment, *(["Scripts", "python.exe"] if WINDOWS else ["bin", "python"]))


def is_usable(python: str) -> bool:
    """Return whether `python` runs, is new enough and has pip."""
    check = "import sys, pip; sys.exit(sys.version_info < {})".format(OLDEST)
    try:
        return subprocess.call([python, "-I", "-c", check], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def in_environment() -> bool:
    """Return whether the running Python is that of a virtual or a named conda environment."""
    if sys.prefix != sys.base_prefix:
        return True
    named = os.environ.get("CONDA_DEFAULT_ENV", "base") != "base"
    return named and os.path.isdir(os.path.join(sys.prefix, "conda-meta"))


def environment() -> str:
    """Return the Python to install into: the active environment's, or that of `.venv`."""
    if in_environment():
        print("Using the active environment, {}".format(sys.prefix))
        if not is_usable(sys.executable):
            code, output = quietly([sys.executable, "-m", "ensurepip"])
            if code:
                raise fail("the active environment has no pip and ensurepip did not bring it", output)
        return sys.executable
    python = python_of(VENV)
    if is_usable(python):
        print("Using {}".format(VENV))
        return python
    make_environment()
    return python


def make_environment() -> None:
    """Make `.venv`, also in the place of a broken one."""
    if os.path.lexists(VENV) and not os.path.isfile(os.path.join(VENV, "pyvenv.cfg")):
        raise Failure("{} is there, but is not a virtual environment".format(VENV), "Move it away and run this again.")
    for module in ("venv", "ensurepip"):
        if subprocess.call([sys.executable, "-c", "import " + module], stderr=subprocess.DEVNULL):
            raise Failure(
                "this Python ({}) has no {} module, so no environment can be made".format(sys.executable, module),
                "On Debian and Ubuntu: apt install python{}.{}-venv".format(*sys.version_info[:2]),
                "Elsewhere: install a complete Python, or activate an environment made by another tool.",
                "Then run this again.",
            )
    print("Making {}".format(VENV))
    code, output = quietly([sys.executable, "-m", "venv", "--clear", VENV])
    if code or not is_usable(python_of(VENV)):
        raise fail("the environment could not be made", output)


def is_editable(python: str) -> bool:
    """Return whether this folder is installed in editable mode."""
    check = (
        "import importlib.metadata, json, sys\n"
        "origin = json.loads(importlib.metadata.distribution('hocket').read_text('direct_url.json') or '{}')\n"
        "print(origin.get('dir_info', {}).get('editable', False))"
    )
    done = subprocess.run([python, "-c", check], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    return done.stdout.strip() == b"True"


def install(python: str, extra: str = "") -> None:
    """Install this folder's package, with the kernel, into an environment."""
    print("Installing Hocket and what it needs (a minute at the first time)", flush=True)
    mode = ["--editable"] if is_editable(python) else []
    code, output = quietly([python, "-m", "pip", "install", "--no-input", *mode, "." + extra])
    if code:
        raise fail("pip could not install Hocket", output)
    # Asked for all kernels, Jupyter's client would have IPython make its folder in the home.
    check = (
        "import os, sys; from jupyter_client.kernelspec import KernelSpecManager as M; "
        "folder = os.path.join(sys.prefix, 'share', 'jupyter', 'kernels'); "
        "print(M(kernel_dirs=[folder]).get_kernel_spec('hocket').argv[0])"
    )
    code, output = quietly([python, "-c", check])
    if code:
        raise fail("the kernel is installed, but Jupyter does not find it", output)


def with_runtime_folder(folder: str) -> "dict[str, str]":
    """Return the environment variables for Jupyter programs: a home need not be there or be writable."""
    env = dict(os.environ)
    env["JUPYTER_RUNTIME_DIR"] = folder
    # Jupyter's client asks IPython for its folder, which makes one in the home.
    env.setdefault("IPYTHONDIR", folder)
    return env


def run_tour(python: str) -> int:
    """Run the tour notebook in a process of the environment's Python, which shows it; return its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        return visibly([python, "-u", os.path.abspath(__file__), "--tour"], with_runtime_folder(folder))


def run_tests(python: str, arguments: "list[str]") -> int:
    """Run the tests, notebooks included, and return pytest's exit code."""
    if not os.access(ROOT, os.W_OK):
        arguments = ["-p", "no:cacheprovider", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        return visibly([python, "-m", "pytest", *SIDE_BY_SIDE, *arguments], with_runtime_folder(folder))


def open_lab(python: str) -> int:
    """Open JupyterLab on the notebooks, installing it if missing."""
    if subprocess.call([python, "-c", "import jupyterlab"], stderr=subprocess.DEVNULL, cwd=ROOT):
        print("Installing JupyterLab", flush=True)
        code, output = quietly([python, "-m", "pip", "install", "--no-input", "jupyterlab"])
        if code:
            raise fail("pip could not install JupyterLab", output)
    # JupyterLab refuses to run for root, who is the only user in many containers.
    as_root = ["--allow-root"] if not WINDOWS and os.geteuid() == 0 else []
    print("Opening JupyterLab; Ctrl-C in this terminal ends it", flush=True)
    # It asks whether Ctrl-C is meant, and goes on if not.
    return visibly([python, "-m", "jupyterlab", *as_root, TOUR], patience=float("inf"))


def farewell(python: str) -> None:
    """Say what to do next."""
    scripts = os.path.dirname(python)
    active = scripts in os.environ.get("PATH", "").split(os.pathsep)
    command = "hocket" if active else os.path.join(from_here(scripts), "hocket")
    me = "python " + from_here(os.path.abspath(__file__))
    print("\nHocket is installed. What next:\n")
    steps = [
        (me + " --lab", "open the tour in JupyterLab"),
        (command + " repl", "try things line by line"),
        (command + " run FILE.hkt", "run a program"),
        (command + " kernel install --user", "let your other Jupyter installations see the kernel"),
        (me + " --test", "run the tests"),
    ]
    width = max(len(do) for do, _ in steps)
    for do, why in steps:
        print("  {}   {}".format(do.ljust(width), why))


def from_here(path: str) -> str:
    """Return `path` as it is best typed: relative if it is below the current folder."""
    here = os.getcwd() + os.sep
    return path[len(here) :] if path.startswith(here) else path


def main() -> int:
    """Do what the arguments say; return the exit code."""
    what = "Install Hocket and run its tour, in the active environment or in .venv."
    parser = argparse.ArgumentParser(description=what)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--lab", action="store_true", help="open the tour in JupyterLab, installing it if missing")
    group.add_argument("--test", action="store_true", help="install what the tests need and run them (or: --test ARGS)")
    group.add_argument("--tour", action="store_true", help="only run the tour, with the Python that runs this")
    options, rest = parser.parse_known_args()
    if rest and not options.test:
        parser.error("unrecognized arguments: " + " ".join(rest))
    if options.tour:
        return tour()
    python = environment()
    install(python, "[test]" if options.test else "")
    if options.test:
        return run_tests(python, rest)
    if options.lab:
        return open_lab(python)
    code = run_tour(python)
    if code == 0:
        farewell(python)
    return code


def tour() -> int:
    """Run the tour notebook through the kernel, printing each cell and its outputs as they come."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
        from jupyter_client.manager import KernelManager
    except ImportError as error:
        raise Failure("Hocket is not installed for {}".format(sys.executable), "Run: python install.py") from error
    try:
        with open(TOUR, encoding="utf-8") as file:
            cells = json.load(file)["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise Failure(
            "the tour cannot be read: {}".format(error), "Is the clone complete? git status tells."
        ) from error
    # The kernel of this environment, whatever else carries its name on this machine.
    specs = KernelSpecManager(kernel_dirs=[os.path.join(sys.prefix, "share", "jupyter", "kernels")])
    manager = KernelManager(kernel_name="hocket", kernel_spec_manager=specs)
    try:
        manager.start_kernel(cwd=NOTEBOOKS)
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        screen = Screen(manager, client)
        failed = [number for number, cell in enumerate(cells, 1) if not screen.show(cell)]
        client.stop_channels()
    except (NoSuchKernel, RuntimeError) as error:
        raise Failure("the kernel does not start: {}".format(error)) from error
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
    for number in failed:
        print("\ncell {} of {} did not go as it should".format(number, TOUR), file=sys.stderr)
    return 1 if failed else 0


class Screen:
    """Shows a notebook's cells and what the kernel answers, in the terminal."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self.client = client
        self.colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.cells = {}  # type: dict[str, int]
        self.at_line_start = True

    def write(self, text: str) -> None:
        """Write an output at once; without colours unless the terminal shows them."""
        if not self.colored:
            text = re.sub("\x1b\\[[0-9;]*m", "", text)
        sys.stdout.write(text)
        sys.stdout.flush()
        self.at_line_start = text.endswith("\n") if text else self.at_line_start

    def line(self, text: str, colour: str = "0") -> None:
        """Write a line of its own."""
        if not self.at_line_start:
            self.write("\n")
        self.write("\x1b[{}m{}\x1b[0m\n".format(colour, text))

    def show(self, cell: "dict[str, Any]") -> bool:
        """Show a cell; run it if it is code.  Return whether it went as the notebook means it to."""
        source = "".join(cell["source"])
        self.line("")
        if cell["cell_type"] != "code":
            for line in source.splitlines():
                self.line(line, "1" if line.startswith("#") else "0")
            return True
        for line in source.splitlines():
            self.line("    " + line, "36")
        request = self.client.execute(source, allow_stdin=False, stop_on_error=False)
        self.cells[request] = len(self.cells) + 1
        while not self.take(self.next(self.client.get_iopub_msg), request):
            pass
        failed = self.next(self.client.get_shell_msg)["content"]["status"] == "error"
        return bool(failed == ("raises-exception" in cell["metadata"].get("tags", [])))

    def next(self, receive: Any) -> "dict[str, Any]":
        """Return the kernel's next message on a channel; fail when it is dead or silent for a minute."""
        for _ in range(60):
            try:
                return dict(receive(timeout=1))
            except queue.Empty:
                if not self.manager.is_alive():
                    break
        raise Failure("the kernel {}".format("does not answer" if self.manager.is_alive() else "died"))

    def take(self, message: "dict[str, Any]", request: str) -> bool:
        """Show one message of the kernel's; return whether it ends the cell of `request`."""
        kind, content = message["msg_type"], message["content"]
        origin = message["parent_header"].get("msg_id")
        if kind == "status":
            return bool(origin == request and content["execution_state"] == "idle")
        text = ""
        if kind == "stream":
            text = content["text"]
        elif kind == "error":
            text = "\n".join(content["traceback"]) + "\n"
        elif kind in ("execute_result", "display_data", "update_display_data"):
            text = content["data"].get("text/plain", "") + "\n"
        if text and origin in self.cells and origin != request:
            self.line("[from cell {}]".format(self.cells[origin]), "2")
        self.write(text)
        return False


class Stops:
    """Counts Ctrl-C: Python drops the exception where it comes in a destructor or a callback."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, signum: int, frame: Any) -> None:
        """Handle SIGINT."""
        self.count += 1
        raise KeyboardInterrupt


def guarded() -> int:
    """Run `main`; whatever goes wrong is said in words."""
    stops = Stops()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stops)
    try:
        return main()
    except Failure as failure:
        if not stops.count:  # else a tool that was interrupted as well has failed
            complain(failure.what, *failure.todo)
    except KeyboardInterrupt:
        stops.count += 1
    except BrokenPipeError:
        # Nobody reads on; closing stdout at exit must not complain about it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        cause, todo = diagnose("[Errno {}]".format(error.errno))
        complain("{} ({})".format(error, cause) if cause else str(error), todo)
    except Exception as error:  # our own mistake, and still no traceback
        complain("internal error: {}: {}".format(type(error).__name__, error), "Please report it.")
    if stops.count:
        complain("interrupted; run it again to go on")
    return 130 if stops.count else 1


def complain(what: str, *todo: str) -> None:
    """Say what failed and what to do, on stderr."""
    sys.stdout.flush()
    print("\ninstall.py: " + what, file=sys.stderr)
    for line in todo:
        print("  " + line if line else "", file=sys.stderr)


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a notebook's text on a terminal that cannot show all of it
    sys.exit(guarded())
