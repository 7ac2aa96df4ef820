"""A process that runs the tests of one file after the other.

It is asked on its standard input and answers on its standard output, a line of JSON for
each thing.  What else writes to these, or to the error stream, ends in the error stream.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import asdict
from typing import Any, TextIO

from hocket.runtime.process import prepare_process
from hocket.testing.results import ERROR, Request, Result
from hocket.testing.runner import run_file


def main() -> None:
    """Serve until the standard input ends."""
    questions = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    prepare_process()
    folder = os.getcwd()
    for line in questions:
        os.chdir(folder)
        try:
            run_file(Request(**json.loads(line)), lambda kind, value: answer(answers, kind, value))
        except Exception as error:
            answer(answers, "result", failure(error))
        sys.stderr.flush()
        answer(answers, "end", None)


def failure(error: Exception) -> Result:
    """Return the result for a failure of our own."""
    message = f"internal failure of Hocket, not of your program: {type(error).__name__}: {error}"
    text = f"error: {message}"
    if "HOCKET_TRACEBACK" in os.environ:
        text = "".join(traceback.format_exception(error))
    return Result("", 0, ERROR, kind="InternalError", message=message, text=text, colored=text)


def answer(answers: TextIO, kind: str, value: Any) -> None:
    """Send one line."""
    answers.write(json.dumps([kind, asdict(value) if kind == "result" else value]) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
