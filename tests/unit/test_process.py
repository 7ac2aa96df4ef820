"""Commands that a program runs: what is left of them when it is stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and pipes with names are POSIX's")

FORMS = {
    "suspending": 'execute("{command}")',
    "blocking": 'func plain() {{ return execute("{command}") }}\nplain()',
    "in a pipe": 'pipe_commands([["sh", "-c", "{command}"], ["cat"]])',
    "of a task": 'spawn {{ execute("{command}") }}',
}


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_stop_ends_the_command_and_leaves_no_process(form: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    text = form.format(command="echo $$ > pid; exec sleep 60")
    program = subprocess.Popen(
        [sys.executable, "-m", "hocket", "run", "-"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdin is not None
        program.stdin.write(text)
        program.stdin.close()
        pid = int((tmp_path / "pid").read_text())  # waits until the command has begun
        assert is_there(pid)
        program.send_signal(signal.SIGINT)
        assert program.wait(20) == 130
        assert program.stderr is not None
        assert "Traceback" not in program.stderr.read()
    assert not is_there(pid)
