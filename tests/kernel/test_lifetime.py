"""Start, shutdown, restart."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

NEEDED_BY_SOME = {
    *("aiofiles", "aiohttp", "debugpy", "httpx", "httpx_aiohttp", "h11", "lark", "prompt_toolkit", "psutil", "pydevd"),
    *("numpy", "pandas", "tomli_w", "tomllib", "yaml", "email.message", "hocket_kernel.magics"),
    # Of these a kernel has parts only.
    *("IPython", "ipykernel", "ipykernel.kernelapp", "jupyter_client", "jupyter_client.manager"),
}


def ended(notebook, limit):
    end = time.monotonic() + limit
    while notebook.manager.is_alive() and time.monotonic() < end:
        time.sleep(0.01)
    return not notebook.manager.is_alive()


def test_nothing_is_made_in_the_users_home(fresh):
    fresh.ok("1")
    home = Path(fresh.environment["HOME"])
    assert not (home / ".ipython").exists()
    assert not (home / ".hocket").exists()


def test_the_process_starts_without_the_language_and_what_programs_may_need():
    code = "from hocket_kernel.__main__ import application; application(); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    late = {"hocket.session", "hocket.stdlib", "hocket.syntax", "hocket.compiler", "sqlite3"}
    assert "hocket_kernel.kernel" in loaded
    assert loaded & (late | NEEDED_BY_SOME) == set()


def test_a_plain_cell_loads_nothing_that_only_some_programs_need(start, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "from hocket.runtime.registry import builtin\n"
        "@builtin\n"
        "def loaded():\n"
        "    '''Return the names of the Python modules that are loaded.'''\n"
        "    return sorted(sys.modules)\n",
        encoding="utf-8",
    )
    start().close()  # from now on the parser's tables are kept
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    notebook = start(PYTHONPATH=os.pathsep.join(paths))
    try:
        loaded = set(notebook.ok("print(...loaded())").out.split())
        assert "hocket.session" in loaded
        assert loaded & NEEDED_BY_SOME == set()
    finally:
        notebook.close()


def test_shutdown_takes_less_than_a_second_with_many_tasks(fresh):
    fresh.ok("for i in range(100) { spawn async_sleep(60000) }")
    asked = time.monotonic()
    assert fresh.control("shutdown_request", {"restart": False}) == {"status": "ok", "restart": False}
    assert ended(fresh, 3)
    assert time.monotonic() - asked < 1


def test_shutdown_takes_less_than_a_second_while_a_cell_computes(fresh):
    fresh.begins("while true {}")
    asked = time.monotonic()
    assert fresh.control("shutdown_request", {"restart": False})["status"] == "ok"
    assert ended(fresh, 3)
    assert time.monotonic() - asked < 1


# What is left running by a cell of Python, and does not end by itself.
LEFT = """%%python
import asyncio, os, subprocess, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
threading.Thread(target=time.sleep, args=(600,)).start()
threading.Thread(target=os.read, args=(os.pipe()[0], 1)).start()
ThreadPoolExecutor(1).submit(time.sleep, 600)
call = asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)
task = asyncio.create_task(asyncio.sleep(600))
process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
None
"""


def test_nothing_that_hangs_delays_the_end(fresh):
    fresh.ok(LEFT)
    asked = time.monotonic()
    assert fresh.control("shutdown_request", {"restart": True}) == {"status": "ok", "restart": True}
    assert ended(fresh, 10)
    # What hangs would take ten minutes; a second is what is promised, on a machine that has nothing else to do.
    assert time.monotonic() - asked < 5


def test_functions_for_the_end_of_the_process_are_called(fresh, tmp_path):
    path = tmp_path / "left"
    fresh.ok(f"%%python\nimport atexit, pathlib\natexit.register(pathlib.Path({str(path)!r}).write_text, 'left')\nNone")
    assert fresh.control("shutdown_request", {"restart": False})["status"] == "ok"
    assert ended(fresh, 10)
    assert path.read_text(encoding="utf-8") == "left"


def test_shutdown_lets_clean_up_finish(fresh, tmp_path):
    path = tmp_path / "cleaned"
    fresh.ok(
        "async func work() {\n  try { await async_sleep(60000) }\n"
        f"  finally {{ await async_sleep(100); await async_write_file('{path}', 'done') }}\n}}\n"
        "t := spawn work()\nawait async_sleep(20)"
    )
    assert fresh.control("shutdown_request", {"restart": False})["status"] == "ok"
    assert ended(fresh, 3)
    assert path.read_text(encoding="utf-8") == "done"


def test_a_queued_cell_is_not_run_after_a_shutdown(fresh, tmp_path):
    path = tmp_path / "late"
    fresh.begins("await async_sleep(60000)")
    late = fresh.send(f"write_file('{path}', 'late')")
    assert fresh.control("shutdown_request", {"restart": False})["status"] == "ok"
    assert ended(fresh, 3)
    fresh.listen(0.1)
    assert late.reply.get("status") in (None, "aborted")
    assert not path.exists()


def test_a_terminated_kernel_ends_at_once(fresh):
    fresh.begins("while true {}")
    fresh.manager.signal_kernel(signal.SIGTERM)
    assert ended(fresh, 1)


def test_restart_gives_an_empty_session(fresh):
    fresh.ok("x := 1\nspawn async_sleep(60000)")
    before = time.monotonic()
    fresh.restart()
    assert time.monotonic() - before < 5
    cell = fresh.run("x")
    assert cell.reply["status"] == "error"
    assert "Undefined variable: x" in cell.reply["evalue"]
    assert cell.reply["execution_count"] == 1
