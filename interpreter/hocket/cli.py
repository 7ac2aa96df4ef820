"""The command `hocket`.

Exit codes: 0 success, 1 failed tests or what a check found, 2 wrong usage, 3 a program that is not
well formed, 4 a run-time error, 5 a program that cannot be read, 6 a failure of Hocket itself,
130 interrupted, else what the program gives to `exit`.  Errors go to
stderr, in colour on a terminal unless NO_COLOR is set, or with FORCE_COLOR.  Ctrl-C ends the program and lets it
clean up; a second one ends it at once.

Other packages add commands through entry points of the group `hocket.commands`: a function
that takes the arguments and returns the exit code.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from hocket import __version__
from hocket.source import decode

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from hocket.host import Program

    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]

OK, USAGE, SYNTAX, RUNTIME, FILES, INTERNAL, INTERRUPTED = 0, 2, 3, 4, 5, 6, 130


class WrongUsage(Exception):
    """The command cannot be carried out as it was given; the message says why."""


class Unreadable(Exception):
    """A program's file cannot be read; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments (by default the process's) say; return the exit code."""
    is_process = arguments is None
    if is_process and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _until_decided)
    arguments = sys.argv[1:] if arguments is None else arguments
    _prepare_streams()
    try:
        return _command(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except WrongUsage as error:
        complain(str(error))
        return USAGE
    except Unreadable as error:
        complain(str(error))
        return FILES
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as error:
        _confess(error)
        return INTERNAL
    finally:
        if is_process:
            # The exit code is decided: an interrupt must not replace it while Python shuts down.
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _prepare_streams() -> None:
    # A process may be started with its streams closed; nobody reads what is written then.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  open until the end
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A line shows when it is printed, also in a pipe; what the terminal's encoding
            # lacks is shown escaped.
            reconfigure(line_buffering=True, errors="backslashreplace")


def _until_decided(signum: int, frame: FrameType | None) -> None:
    """Handle SIGINT as Python does, but for a program that has ended: its exit code stays."""
    if not _Ending.is_over:
        signal.default_int_handler(signum, frame)


def _command(arguments: list[str]) -> int:
    if not arguments and sys.stdin.isatty():
        arguments = ["repl"]
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    # The installed packages are searched only for a command that is not our own.
    if arguments and arguments[0] not in _OWN and not arguments[0].startswith("-"):
        return _plugged_in_command(arguments[0])(arguments[1:]) or 0
    if arguments and arguments[0] in _APART:
        return _APART[arguments[0]](arguments[1:])
    parser = _parser()
    if not arguments:
        parser.print_help(sys.stderr)
        return USAGE
    options, unknown = parser.parse_known_args(arguments)
    if options.function in (_run, _repl):
        unknown = _take_permissions(options, unknown)
    if unknown:
        # Told by the command's own parser, which knows what there is.
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    rest = getattr(options, "arguments", [])
    # Of `run FILE -- a`, some versions of argparse have dropped the `--`, and some have not.
    if rest[:1] == ["--"] and arguments[-len(rest) - 1] != "--":
        options.arguments = rest[1:]
    return int(options.function(options))


def _take_permissions(options: argparse.Namespace, unknown: list[str]) -> list[str]:
    """Take the words about permissions out of `unknown`; without one, the environment's are meant.

    Raises WrongUsage for what is no word.
    """
    from hocket.errors import ValueError as Unknown
    from hocket.permissions import VARIABLE, Permissions, granted, is_word

    words = [word for word in unknown if is_word(word)]
    try:
        options.permissions = Permissions.parse(words) if words else granted()
    except Unknown as error:
        origin = "" if words else f"{VARIABLE}: "
        raise WrongUsage(f"{origin}{error}; {error.hint}") from error
    return [argument for argument in unknown if not is_word(argument)]


def _test(arguments: list[str]) -> int:
    from hocket.testing import command

    return command.main(arguments, complain, colored)


def _check(arguments: list[str]) -> int:
    from hocket import check
    from hocket.session import prepare_process

    prepare_process()
    return check.main(arguments, read_program, Unreadable, complain)


_APART = {"test": _test, "check": _check}
"""Commands that read their arguments themselves."""


def _plugged_in_command(name: str) -> Callable[[list[str]], int | None]:
    """Return the command of another package; raises WrongUsage if there is none of that name."""
    from hocket.errors import did_you_mean

    points = {point.name: point for point in _plugged_in()}
    if name in points:
        command: Callable[[list[str]], int | None] = points[name].load()
        return command
    if name.endswith((".hkt", ".ruff")) or Path(name).is_file():
        hint = f"to run a program, write `hocket run {name}`"
    else:
        hint = did_you_mean(name, [*_OWN, *points]) or "`hocket --help` lists the commands"
    raise WrongUsage(f"there is no command `{name}`; {hint}")


def _plugged_in() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points

    return entry_points(group="hocket.commands")


def _add_run(commands: _Commands) -> None:
    run = commands.add_parser(
        "run",
        help="run a program",
        usage="hocket run [OPTIONS] FILE [ARGUMENTS]",
        description="Run a program, until its last task has ended.",
        epilog="Exit codes: 3 the program is not well formed, 4 an error while it ran, 5 it cannot be read, "
        "130 interrupted, else what it gives to `exit`.",
    )
    _describe_permissions(run)
    run.add_argument("file", metavar="FILE", help="the program, or - for standard input")
    run.add_argument("--ruff-errors", action="store_true", help="show errors in Ruff's form")
    run.add_argument("--clock", choices=("real", "virtual"), help="real time, or time that passes by jumps alone")
    rest = run.add_argument(
        "arguments", metavar="ARGUMENTS", nargs=argparse.REMAINDER, help="what `args()` gives to the program"
    )
    rest.required = False
    run.set_defaults(function=_run)


def _describe_permissions(parser: argparse.ArgumentParser) -> None:
    from hocket.permissions import HELP

    # What they name stands behind `=` only, which argparse cannot say: they are taken from what it does not know.
    parser.add_argument_group("permissions", HELP)


class _Parser(argparse.ArgumentParser):
    """The parser of `hocket`; only its help searches the installed packages."""

    def format_help(self) -> str:
        """Return the help, with the names of the commands that other packages add."""
        others = ", ".join(sorted(point.name for point in _plugged_in()))
        self.epilog = f"{f'Further commands: {others}. ' if others else ''}`hocket COMMAND --help` tells more of one."
        return super().format_help()


def _parser() -> argparse.ArgumentParser:
    description = "Run programs written in Hocket. Without a command, on a terminal: run what is typed."
    parser = _Parser(prog="hocket", description=description)
    parser.add_argument("--version", action="version", version=f"hocket {__version__}")
    own = argparse.ArgumentParser
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=own)
    _add_run(commands)
    repl = commands.add_parser("repl", help="run what is typed; tasks go on while the prompt waits")
    _describe_permissions(repl)
    repl.add_argument("--no-color", action="store_true", help="no colours, as with NO_COLOR set")
    repl.set_defaults(function=_repl)
    commands.add_parser("test", help="run the tests in programs")
    fmt = commands.add_parser("fmt", help="lay out programs and notebooks")
    fmt.add_argument("paths", nargs="+", metavar="PATH", help="programs, notebooks or folders; - for standard input")
    fmt.add_argument("--check", action="store_true", help="name the files that would change, and write nothing")
    fmt.add_argument("--diff", action="store_true", help="show what would change, and write nothing")
    fmt.set_defaults(function=_fmt)
    ast = commands.add_parser("ast", help="print the syntax tree of a program")
    ast.add_argument("file", help="the program, or - for standard input")
    ast.add_argument("--json", action="store_true", help="print it as JSON")
    ast.set_defaults(function=_ast)
    commands.add_parser("check", help="say what is wrong in programs and notebooks")
    docs = commands.add_parser("docs", help="print the reference of the library")
    docs.add_argument("--output", metavar="FILE", help="write it to FILE instead")
    docs.set_defaults(function=_docs)
    for command in commands.choices.values():
        command.set_defaults(parser=command)
    return parser


_OWN = ("run", "repl", "docs", "test", "check", "fmt", "ast")


def _run(options: argparse.Namespace) -> int:
    from hocket.errors import HocketError, InternalError
    from hocket.host import Program, on_sigint, run_alone
    from hocket.render import as_ruff, render
    from hocket.session import prepare_process
    from hocket.stdlib import system

    text = _read_alone(options.file)
    prepare_process()
    system.arguments[:] = options.arguments
    failures: list[HocketError] = []

    def report(error: HocketError, _: str = "") -> None:
        if not _is_for_want_of_a_reader(error):
            if not getattr(error, "in_callback", False):
                failures.append(error)
            show(as_ruff(error) if options.ruff_errors else render(error, color=colored()))

    def warn(warning: HocketError) -> None:
        show(render(warning, color=colored(), word="warning"))

    name, folder = ("standard input", None) if options.file == "-" else (options.file, Path(options.file).parent)
    program = Program(text, name, report, folder, _clock(options.clock), warn, options.permissions)
    ending = _Ending(program)
    with on_sigint(ending.on_sigint):
        outcome = run_alone(program.run())
        ending.program = None
        _Ending.is_over = True
        if outcome.error is not None:
            report(outcome.error)
        sys.stdout.flush()
    if program.interrupted:
        return INTERRUPTED
    if outcome.exit_code is not None:
        return outcome.exit_code
    if getattr(outcome.error, "problems", ()):  # its own, or those of a module
        return SYNTAX
    return INTERNAL if isinstance(outcome.error, InternalError) else RUNTIME if failures else OK


def _clock(wanted: str | None) -> str:
    """Return the name of the clock to use; raises WrongUsage for one that does not exist."""
    from hocket.errors import ValueError as Unknown
    from hocket.runtime.clock import chosen

    try:
        return chosen(wanted).name
    except Unknown as error:
        raise WrongUsage(f"HOCKET_CLOCK: {error}") from error


class _Ending:
    """How Ctrl-C ends a program: its clean-up runs, the second time nothing does.

    One that has ended, `program` being None, has its errors shown all the same.
    """

    is_over = False
    """Whether the process has run its program."""

    def __init__(self, program: Program) -> None:
        self.program: Program | None = program
        self.interrupts = 0

    def on_sigint(self, signum: int, frame: FrameType | None) -> None:
        """Handle SIGINT."""
        self.interrupts += 1
        if self.interrupts > 1:
            _end_at_once()
        if self.program is not None:
            self.program.on_sigint(signum, frame)


def _read_alone(path: str) -> str:
    """Return the text of a program; raises WrongUsage for a notebook, whose text is a program too: a dict."""
    from hocket.files import NOTEBOOK

    if path.endswith(NOTEBOOK):
        raise WrongUsage(f"{path} is a notebook: Jupyter runs it, `hocket check` and `hocket fmt` take it")
    return read_program(path)


def read_program(path: str) -> str:
    """Return the text of the program at `path`, or of standard input for `-`; raises Unreadable."""
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        reason = f"{error.strerror} (os error {error.errno})"
        raise Unreadable(f"Failed to read file '{path}': {reason}") from error
    except ValueError as error:  # a path that no system can have
        raise Unreadable(f"Failed to read file {path!r}: {error}") from error
    try:
        return decode(content, "standard input" if path == "-" else path)
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _repl(options: argparse.Namespace) -> int:
    from hocket.repl import interact
    from hocket.session import prepare_process

    prepare_process()
    return interact(False if options.no_color else colored(sys.stdout), options.permissions)


def _fmt(options: argparse.Namespace) -> int:
    from hocket.format.command import Command
    from hocket.session import prepare_process

    prepare_process()
    return Command(options, read_program, Unreadable, show, colored()).run()


def _ast(options: argparse.Namespace) -> int:
    import json

    from hocket.errors import StaticErrors
    from hocket.format import too_deep, tree
    from hocket.render import render
    from hocket.session import prepare_process
    from hocket.source import Source
    from hocket.syntax.parser import parse

    prepare_process()
    source = Source("standard input" if options.file == "-" else options.file, _read_alone(options.file))
    try:
        program = parse(source).program
        try:
            print(json.dumps(tree.as_data(program)) if options.json else tree.show(program, source))
        except RecursionError:
            raise too_deep(source) from None
    except StaticErrors as error:
        show(render(error, color=colored()))
        return SYNTAX
    return OK


def _docs(options: argparse.Namespace) -> int:
    from hocket import stdlib

    text = stdlib.reference()
    if options.output is None:
        print(text, end="")
        return OK
    try:
        Path(options.output).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Unreadable(f"Failed to write file '{options.output}': {error.strerror}") from error
    return OK


def colored(stream: TextIO | None = None) -> bool:
    """Return whether what goes to `stream`, by default stderr, is shown in colour."""
    from hocket.render import is_color_wanted

    return is_color_wanted(stream or sys.stderr)


def show(text: str) -> None:
    """Write an error's text to stderr, after everything that has been printed."""
    sys.stdout.flush()
    print(text, file=sys.stderr)


def complain(message: str) -> None:
    """Write an error that is not in a program."""
    show(f"\x1b[1;31merror:\x1b[0m {message}" if colored() else f"error: {message}")


def _confess(error: Exception) -> None:
    complain(f"internal failure of Hocket, not of your program: {type(error).__name__}: {error}")
    if "HOCKET_TRACEBACK" in os.environ:
        traceback.print_exception(error)
    else:
        print("Please report it, with the program and what HOCKET_TRACEBACK=1 adds to this.", file=sys.stderr)


def _nobody_reads() -> int:
    # Closing the stream at exit would complain about the same thing again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK


def _is_for_want_of_a_reader(error: Exception) -> bool:
    """Return whether printing failed because who read our output (`| head`) has gone."""
    if not hasattr(select, "poll") or "Broken pipe" not in str(error):
        return False
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _end_at_once() -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)
