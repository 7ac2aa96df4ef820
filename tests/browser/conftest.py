"""JupyterLab with a server of its own, and a real browser on it.

A file's tests share the server and the page; each opens a notebook, which is closed after it with its kernel.
What a test waits for is a state of the page.  A test that fails leaves a picture of the page, and says where.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

import hocket_kernel
from hocket_kernel import kernelspec

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:  # the tests are skipped, and say why
    if IN_CI:
        raise

LIMIT = 60_000
"""Milliseconds that a state of the page is waited for, on a busy machine."""

START = 120
"""Seconds that the server has to start."""

FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    # Every cell and output is in the document, also outside of the window.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


# Chromium


def chromium(lock: Path) -> str:
    """Return the path of the browser; Debian's is installed if there is none and we may."""
    found = installed_chromium()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        import fcntl  # not on Windows

        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two workers may need it at the same time
            found = installed_chromium() or install_chromium()
    return found or missing("needs Chromium: install Debian's package chromium, or Chrome")


def installed_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def install_chromium() -> str | None:
    for command in ("update", "install --yes --no-install-recommends chromium fonts-dejavu-core"):
        done = subprocess.run(
            ["apt-get", "--quiet", *command.split()],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            missing(f"needs Chromium: apt-get {command} failed: {done.stderr.strip()}")
    return installed_chromium()


def missing(what: str) -> Any:
    """Skip: the tests cannot run here; in CI they must."""
    (pytest.fail if IN_CI else pytest.skip)(what)


# JupyterLab


class Lab:
    """A JupyterLab that reads nothing of the user's and has our kernel and extension."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "notebooks"
        self.folder.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.environment = self._prepare(home)
        self._log = home / "log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                self._command(), env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )

    def _prepare(self, home: Path) -> dict[str, str]:
        """Make the folders of the server; return its environment variables."""
        kernelspec.install(prefix=str(home), name="hocket")
        extension = Path(hocket_kernel.__file__).parent / "labextension"
        shutil.copytree(extension, home / "share/jupyter/labextensions/hocket")
        for name, settings in SETTINGS.items():
            path = home / f"settings/@jupyterlab/{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings), encoding="utf-8")
        variables = {key: text for key, text in os.environ.items() if not key.startswith(("JUPYTER", "PYTEST"))}
        return variables | {
            "HOME": str(home),
            "IPYTHONDIR": str(home / "ipython"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            # Found before what is installed beside Python.
            "JUPYTER_PREFER_ENV_PATH": "0",
            "JUPYTER_DATA_DIR": str(home / "share/jupyter"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        }

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyterlab"),
            *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={self.port}"),
            *("--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"),
            *(f"--ServerApp.root_dir={self.folder}", "--LabApp.expose_app_in_browser=True"),
        ]

    def url(self, path: str) -> str:
        """Return the address of `path` with the token."""
        return f"http://127.0.0.1:{self.port}/{path}{'&' if '?' in path else '?'}token={self.token}"

    def wait(self) -> None:
        """Wait until the server answers."""
        end = time.monotonic() + START
        while time.monotonic() < end:
            assert self.process.poll() is None, self._log.read_text(encoding="utf-8")[-2000:]
            try:
                urllib.request.urlopen(self.url("api/status"), timeout=5).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"JupyterLab did not start:\n{self._log.read_text(encoding='utf-8')[-2000:]}")

    def kernels(self) -> list[int]:
        """Return the processes of kernels."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child.pid for child in children if is_kernel(child)]

    def write(self, name: str, cells: list[str]) -> Path:
        """Write a notebook."""
        code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        notebook = {
            "cells": [{**code, "id": f"cell-{at}", "source": source} for at, source in enumerate(cells)],
            "metadata": {"kernelspec": {"display_name": "Hocket", "language": "hocket", "name": "hocket"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.folder / name
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    def stop(self) -> None:
        """End the server and its kernels."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_kernel(process: psutil.Process) -> bool:
    try:
        return "hocket_kernel" in process.cmdline()
    except psutil.Error:
        return False


# The page


class Notebook:
    """One notebook in the page, as its user has it."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page = page
        self.path = path
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def cell(self, index: int) -> Any:
        """Return a cell."""
        return self.panel.locator(".jp-Notebook .jp-Cell").nth(index)

    def editor(self, index: int) -> Any:
        """Return where a cell is typed."""
        return self.cell(index).locator(".cm-content")

    def output(self, index: int) -> Any:
        """Return all that a cell shows."""
        return self.cell(index).locator(".jp-Cell-outputWrapper")

    def prompt(self, index: int) -> Any:
        """Return where the number of a cell stands, or a star."""
        return self.cell(index).locator(".jp-InputPrompt")

    def run(self, index: int) -> None:
        """Run a cell; wait for nothing."""
        self.editor(index).click()
        self.page.keyboard.press("Shift+Enter")

    def finish(self, index: int) -> None:
        """Run a cell and wait for its end."""
        before = self.prompt(index).inner_text()
        self.run(index)
        expect(self.prompt(index)).not_to_have_text(before)
        self.is_done(index)

    def is_done(self, index: int) -> None:
        """Wait for the end of a cell that was started."""
        expect(self.prompt(index)).to_have_text(re.compile(r"\[\d+\]"))

    def runs(self, index: int) -> None:
        """Wait until a cell is being run."""
        expect(self.prompt(index)).to_have_text("[*]:")

    def stop(self, index: int) -> None:
        """Stop a running cell and wait for its end."""
        self.click("interrupt")
        self.is_done(index)

    def click(self, button: str) -> None:
        """Press a button of the toolbar."""
        self.panel.locator(f".jp-NotebookPanel-toolbar [data-jp-item-name={button}]").locator("jp-button").click()

    def menu(self, *items: str) -> None:
        """Choose from the menus."""
        self.page.get_by_role("menuitem", name=items[0], exact=True).click()
        for item in items[1:]:
            self.page.locator(".lm-Menu-item", has_text=item).first.click()

    def saved(self) -> dict[str, Any]:
        """Save the notebook and return what is in the file."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        return dict(json.loads(self.path.read_text(encoding="utf-8")))


class Browser:
    """The page of a file's tests."""

    def __init__(self, lab: Lab, page: Any) -> None:
        self.lab = lab
        self.page = page
        self.count = 0
        self.is_loaded = False
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def load(self) -> None:
        """Load JupyterLab."""
        self.page.goto(self.lab.url("lab?reset"))
        self.page.wait_for_function("() => window.jupyterapp?.restored")
        self.page.evaluate("() => window.jupyterapp.restored.then(() => true)")
        self.is_loaded = True

    def open(self, *cells: str, path: Path | None = None) -> Notebook:
        """Open a notebook with these cells, and wait for its kernel."""
        if not self.is_loaded:
            self.load()
        self.count += 1
        path = path or self.lab.write(f"test-{self.count}.ipynb", list(cells))
        self.page.evaluate(OPEN, str(path.relative_to(self.lab.folder)))
        notebook = Notebook(self.page, path)
        expect(notebook.panel.locator(".jp-CodeCell .cm-content").first).to_be_visible()
        return notebook

    def close(self) -> None:
        """Close all notebooks, and end their kernels."""
        self.page.evaluate(CLOSE)


OPEN = """async path => {
    const app = window.jupyterapp;
    const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""
CLOSE = """async () => {
    const app = window.jupyterapp;
    for (const widget of [...app.shell.widgets('main')]) {
        if (widget.context) {
            await widget.context.save();
            await widget.sessionContext.shutdown();
            widget.dispose();  // asks nothing about what has come since
        }
    }
    document.querySelectorAll('.jp-Dialog').forEach(dialog => dialog.remove());
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab for a file's tests."""
    if find_spec("jupyterlab") is None:
        missing("needs JupyterLab: pip install 'hocket[browser]'")
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for a file's tests.

    It ends with them: Playwright keeps a loop running in this thread.
    """
    executable = chromium(tmp_path_factory.getbasetemp().parent / "chromium.lock")
    expect.set_options(timeout=LIMIT)
    with sync_playwright() as driver:
        chrome = driver.chromium.launch(executable_path=executable, args=FLAGS)
        page = chrome.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(LIMIT)
        lab.wait()
        yield Browser(lab, page)
        chrome.close()


@pytest.fixture
def jupyter(browser: Browser) -> Iterator[Browser]:
    """JupyterLab with no notebook open."""
    yield browser
    browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Take a picture of what a test failed at."""
    try:
        return (yield)
    except Exception as error:
        browser = getattr(item, "funcargs", {}).get("jupyter")
        if browser is not None:
            path = browser.lab.folder.parent / f"{item.name}.png"
            browser.page.screenshot(path=path)
            error.add_note(f"screenshot: {path}")
            browser.is_loaded = False  # the next test begins with a new page
        raise
