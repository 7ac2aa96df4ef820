"""Runs mutated programs and prints what should not be: `python fuzz.py SEED COUNT FOLDER`.

The programs are those of the tests and the reference, with tokens and characters taken
away, doubled, exchanged and put in.  Each is to end in a value or in an error of the
language that is in its text.  They run in `FOLDER`, with virtual time, and can neither
delete or write outside of it, nor start processes or connect to anything.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from hocket import errors, host
from hocket.render import render
from hocket.runtime.process import prepare_process
from hocket.testing import fenced, programs
from hocket.testing.limit import time_limit

ROOT = Path(__file__).parents[2]
# Programs of these are about the world outside.
LEFT_OUT = ("http", "server", "system", "arguments", "process")
# What Python's libraries do and raise is their own.
PYTHON = re.compile(r"\bpy\b")
TOKEN = re.compile(r'[^\S\n]+|\n|\w+|"[^"\n]*"|\$\{|:=|=>|\.\.=?|\?\.|\?\?|&&|\|\||\|>|[^\w\s]')
ODD = [
    "\0",
    "\ufeff",
    "é",
    "😀",
    "\u2028",
    "\ud800",
    "‮",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "${",
    '"',
    '"""',
    "'",
    "\\",
    "\r",
    "`",
]
# Seconds that a program may run before it is stopped, and that it may take to end then.
LIMIT = 0.15
HANGS = 2.0
MEMORY = 4 << 30
# Errors that are nowhere in particular.
PLACELESS = (errors.DeadlockError, errors.Interrupted)
# What Python's audit calls that which changes files; beside writing them.
CHANGES = frozenset(["os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.truncate"])
INNARDS = re.compile(r"Traceback|never awaited|Exception ignored|internal error|<class '|object at 0x|NoneType")


def corpus() -> list[list[str]]:
    """Return the tokens of all programs."""
    texts = [program.text for program in fenced((ROOT / "interpreter/LANGUAGE.md").read_text(encoding="utf-8"), "")]
    for kind in ("language", "stdlib"):
        for path in sorted((ROOT / "tests" / kind).rglob("*.hkt")):
            if path.parent.name not in LEFT_OUT:
                texts += [program.text for program in programs(path.read_text(encoding="utf-8"), "")]
    return [TOKEN.findall(text) for text in texts if not PYTHON.search(text)]


class Mutations:
    """Mutated programs, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.corpus = corpus()
        self.tokens = [token for program in self.corpus for token in program if not token.isspace()]

    def text(self) -> str:
        """Return the text of another program."""
        chosen = self.random
        tokens = list(chosen.choice(self.corpus))
        if len(tokens) > 200:
            start = chosen.randrange(len(tokens) - 150)
            tokens = tokens[start : start + 150]
        for _ in range(chosen.choice([1, 1, 2, 3, 5])):
            self.mutate(tokens)
        text = "".join(tokens)
        if chosen.random() < 0.15:
            at = chosen.randrange(len(text) + 1)
            text = text[:at] + chosen.choice(["", chosen.choice(ODD)]) + text[at + chosen.randrange(2) :]
        return text

    def mutate(self, tokens: list[str]) -> None:
        """Change something about `tokens`."""
        chosen = self.random
        at, what = chosen.randrange(len(tokens) + 1), chosen.random()
        if what < 0.25:
            tokens.insert(at, f" {chosen.choice(self.tokens)} ")
        elif what < 0.5:
            del tokens[at : at + 1]
        elif what < 0.7:
            tokens[at : at + 1] = [chosen.choice(self.tokens)]
        elif what < 0.8:
            other = chosen.choice(self.corpus)
            start = chosen.randrange(len(other) + 1)
            tokens[at:at] = other[start : start + chosen.randrange(1, 15)]
        elif what < 0.9:
            tokens[at:at] = tokens[at : at + chosen.randrange(1, 30)]
        elif at < len(tokens):
            other_at = chosen.randrange(len(tokens))
            tokens[at], tokens[other_at] = tokens[other_at], tokens[at]


def faults(text: str, ends: Counter[str]) -> Iterator[str]:
    """Run a program and count how it ends; yield what is wrong with that."""
    found: list[errors.HocketError] = []
    out, err = io.StringIO(), io.StringIO()
    started = time.process_time()
    with redirect_stdout(out), redirect_stderr(err):
        program = host.Program(text, "fuzz", lambda error, _: found.append(error), clock="virtual")
        with time_limit(program, LIMIT, give_up=lambda: os._exit(3)):
            outcome = host.run_alone(program.run())
    if time.process_time() - started > LIMIT + HANGS:
        yield f"took {time.process_time() - started:.1f} s"
    ends["value" if outcome.error is None else type(outcome.error).__name__] += 1
    if outcome.error is not None:
        found.append(outcome.error)
    for error in found:
        yield from misplaced(error)
        if INNARDS.search(render(error).splitlines()[0]):
            yield render(error)
    if INNARDS.search(err.getvalue()):
        yield err.getvalue()


def misplaced(error: errors.HocketError) -> Iterator[str]:
    """Yield what is wrong with an error: that it is not the language's, or not in the program."""
    if isinstance(error, errors.StaticErrors):
        spans = [(problem.source, problem.span) for problem in error.problems]
    elif isinstance(error, errors.PythonError) or not isinstance(error, errors.Error):
        yield f"{type(error).__name__}: {error}"
        return
    elif error.place is None:
        if not isinstance(error, PLACELESS):
            yield f"nowhere: {render(error)}"
        return
    else:
        spans = [(error.place.source, error.place.span)]
    for source, (start, end) in spans:
        if not 0 <= start <= end <= len(source.text):
            yield f"outside of the program: {render(error)}"


def is_for_writing(mode: str | None, flags: int) -> bool:
    """Is a file that is opened so to be written?"""
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) if mode is None else bool(set(mode) & set("wax+"))


def confine(folder: str) -> None:
    """Keep this process from changing anything outside of `folder`."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(("subprocess.", "os.system", "os.posix_spawn", "os.exec", "os.fork", "os.kill")):
            raise PermissionError(1, "not while fuzzing")
        if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "os.chdir"):
            raise PermissionError(1, "not while fuzzing")
        is_writing = event == "open" and is_for_writing(*arguments[1:3])
        if event in CHANGES or is_writing:
            for path in arguments[:2] if event != "open" else arguments[:1]:
                if isinstance(path, str | bytes | os.PathLike):
                    real = os.path.realpath(os.fsdecode(path))
                    if not real.startswith(folder) and real != os.devnull:
                        raise PermissionError(1, "not while fuzzing")

    sys.addaudithook(audit)


def main(seed: int, count: int, folder: str) -> None:
    """Run `count` programs."""
    prepare_process()
    made = Mutations(seed)
    os.chdir(folder)
    sys.stdin = io.StringIO()
    sys.stdout = io.StringIO()  # for what a program that was given up prints later
    current = open("current.hkt", "w", encoding="utf-8", errors="surrogatepass")  # noqa: SIM115  closed with the process
    confine(os.path.realpath(folder) + os.sep)
    ends: Counter[str] = Counter()
    for _ in range(count):
        text = made.text()
        # Should this process not survive the program.
        current.seek(0)
        current.truncate()
        current.write(text)
        current.flush()
        try:
            for fault in faults(text, ends):
                print(f"{fault}\n----\n{text}\n====", file=sys.__stdout__)
        except BaseException as error:
            print(f"escaped: {type(error).__name__}: {error}\n----\n{text}\n====", file=sys.__stdout__)
    print(f"ends: {json.dumps(ends)}", file=sys.__stdout__)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
