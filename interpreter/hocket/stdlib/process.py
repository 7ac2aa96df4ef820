"""Commands of the system.

A command has no terminal and, unless it is given `input`, nothing to read; what it writes is
text, with `\ufffd` for what is not UTF-8.  Called in an async context the functions suspend,
in a plain function they block.  Whoever gives up, by a limit of time, a cancellation or Stop,
ends the command and all that it has started: each is a process group of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from hocket import errors
from hocket.runtime import structs
from hocket.runtime.current import permissions
from hocket.runtime.guests import python
from hocket.runtime.registry import builtin
from hocket.runtime.scopes import format_ms
from hocket.runtime.threads import in_thread
from hocket.runtime.values import print_text, type_name
from hocket.stdlib.collections import elements
from hocket.stdlib.disk import readable
from hocket.stdlib.time import milliseconds

_OPTIONS = ("cwd", "env", "input", "timeout")
_FIELDS = ("exitcode", "stdout", "stderr", "success", "timed_out", "elapsed")
_NOBODY_READS = -13
"""The exit code of a command that SIGPIPE has ended."""

_DRAIN = 1.0
"""Seconds to wait for what an ended command wrote: a process that left its group may hold its output open."""


def _made(self: Any, exitcode: int, stdout: str, stderr: str, timed_out: bool, elapsed: float) -> None:
    self.exitcode = exitcode
    self.stdout = stdout
    self.stderr = stderr
    self.success = exitcode == 0 and not timed_out
    self.timed_out = timed_out
    self.elapsed = elapsed


ProcessResult = structs.define("ProcessResult", _FIELDS, _FIELDS, _made, {}, "What a command came to.")


@dataclass
class _Command:
    """A command to be run: `shown` in messages, its limit of time in seconds."""

    arguments: list[str]
    shown: str
    cwd: str | None = None
    env: dict[str, str] | None = None
    input: bytes | None = None
    timeout: float | None = None
    started: float = field(default_factory=time.monotonic)


def _text(written: bytes | bytearray) -> str:
    return written.decode("utf-8", "replace").replace("\r\n", "\n")


def _command(name: str, arguments: list[str], shown: str, options: dict[str, Any] | None) -> _Command:
    """Return a command with its options checked."""
    options = {} if options is None else options
    if not isinstance(options, dict):
        raise TypeError("expected a dict")
    for option in options:
        if option not in _OPTIONS:
            hint = errors.did_you_mean(print_text(option), _OPTIONS) or f"options are {', '.join(_OPTIONS)}"
            raise errors.ValueError(f"{name}() has no option {print_text(option)}", hint=hint)
    command = _Command(arguments, shown)
    limit = options.get("timeout")
    command.timeout = None if limit is None else milliseconds("the option timeout", limit) / 1000
    command.cwd = _checked(name, "cwd", options.get("cwd"), str)
    command.env = _environment(name, options.get("env"))
    _allow(command)
    text = _checked(name, "input", options.get("input"), str | bytes)
    command.input = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return command


def _allow(command: _Command) -> None:
    """Raise PermissionDenied unless the session may start `command`, where and how it is to be."""
    allowed = permissions()
    if not allowed.everything:
        path = None if command.env is None else command.env.get("PATH", os.defpath)
        allowed.run(command.arguments[0], command.cwd, path)
        if command.cwd is not None:
            command.cwd = readable(command.cwd)


def _checked(name: str, option: str, value: Any, kind: Any) -> Any:
    if value is not None and not isinstance(value, kind):
        wanted = "a string" if kind is str else "a string or bytes"
        raise errors.TypeError(f"{name}() expects {wanted} as {option}, got {type_name(value)}")
    return value


def _environment(name: str, given: Any) -> dict[str, str] | None:
    """Return the process's own environment with what is given; None for it unchanged."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise errors.TypeError(f"{name}() expects a dict as env, got {type_name(given)}")
    added = {print_text(key): print_text(value) for key, value in given.items()}
    for variable in added:
        permissions().variable(variable, "setting")
    return {**os.environ, **added}


def _shell(name: str, command: str, options: dict[str, Any] | None) -> _Command:
    if not isinstance(command, str):
        raise TypeError("expected a string")
    arguments = [os.environ.get("COMSPEC", "cmd.exe"), "/c", command] if os.name == "nt" else ["/bin/sh", "-c", command]
    return _command(name, arguments, command, options)


def _argv(name: str, argv: Any, options: dict[str, Any] | None) -> _Command:
    words = elements(argv)
    for word in words:
        if not isinstance(word, str):
            raise errors.TypeError(f"{name}() expects only strings in argv, got {type_name(word)}")
    if not words:
        raise errors.ValueError(f"{name}() expects a command, got an empty array")
    return _command(name, words, shlex.join(words), options)


@contextlib.contextmanager
def _starting(command: _Command) -> Iterator[None]:
    """Raise the system's errors as the language's: `Failed to run 'x': …`."""
    try:
        yield
    except OSError as error:
        kinds = {errno.ENOENT: errors.FileNotFound, errno.EACCES: errors.PermissionDenied}
        kind = kinds.get(error.errno or 0, errors.FileError)
        path = error.filename if isinstance(error.filename, str) else command.arguments[0]
        reason = error.strerror or str(error)
        message = f"Failed to run '{path}': {reason} (os error {error.errno})"
        raise kind(message, path=path, reason=reason) from error
    except ValueError as error:
        raise errors.ValueError(f"Failed to run '{command.shown}': no argument can hold NUL") from error


def _kill(pid: int) -> None:
    """End the process group that began as the process `pid`."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGKILL)


# Running


class _Running:
    """Commands that run, each reading what the one before it writes."""

    def __init__(self, commands: list[_Command]) -> None:
        self.commands = commands
        self.processes: list[asyncio.subprocess.Process] = []
        self.out = bytearray()
        self.complaints = [bytearray() for _ in commands]

    async def results(self) -> list[Any]:
        """Return what each came to; only the last one's has an output."""
        timed_out = False
        try:
            try:
                async with asyncio.timeout(self.commands[0].timeout):
                    await self._start()
                    await asyncio.gather(self._feed(), *self._readers())
                    await self._ended()
            except TimeoutError:
                timed_out = True
                self._kill()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_DRAIN):
                        await asyncio.gather(*self._readers())
                await self._let_go()
        except GeneratorExit:  # broken off: there is no loop any more to wait with
            self._kill()
            raise
        except BaseException:
            self._kill()
            await self._let_go()
            raise
        return [self._result(index, timed_out) for index in range(len(self.commands))]

    async def _start(self) -> None:
        reading = None
        for index, command in enumerate(self.commands):
            is_last = index == len(self.commands) - 1
            following, writing = (None, asyncio.subprocess.PIPE) if is_last else os.pipe()
            try:
                with _starting(command):
                    await self._start_one(_start(command, reading, writing))
            finally:
                for end in (reading, None if is_last else writing):
                    if end is not None:
                        os.close(end)
                reading = following
                if len(self.processes) == index and reading is not None:
                    os.close(reading)

    async def _start_one(self, start: Coroutine[Any, Any, asyncio.subprocess.Process]) -> None:
        # Cancelled half-way, asyncio would leave what it has started behind.
        starting = asyncio.get_running_loop().create_task(start)
        try:
            await asyncio.shield(starting)
        finally:
            self.processes.append(await starting)

    async def _feed(self) -> None:
        stream = self.processes[0].stdin
        if stream is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read all
                stream.write(self.commands[0].input or b"")
                await stream.drain()
            stream.close()

    def _readers(self) -> list[Coroutine[Any, Any, None]]:
        """Return what takes what is written until all of it is there."""
        streams = [(process.stderr, into) for process, into in zip(self.processes, self.complaints, strict=False)]
        streams += [(process.stdout, self.out) for process in self.processes[len(self.commands) - 1 :]]
        return [_read_all(stream, into) for stream, into in streams if stream is not None]

    async def _ended(self) -> None:
        for process in self.processes:
            await process.wait()

    def _kill(self) -> None:
        for process in self.processes:
            _kill(process.pid)

    async def _let_go(self) -> None:
        """Wait until the system has ended what was killed, then close what it may have left open."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN):
                await self._ended()
        for process in self.processes:
            if process.returncode is not None:
                # asyncio closes it only when the last process that holds its output open has ended.
                process._transport.close()  # type: ignore[attr-defined]

    def _result(self, index: int, timed_out: bool) -> Any:
        command = self.commands[index]
        code = self.processes[index].returncode if index < len(self.processes) else None
        out = self.out if index == len(self.commands) - 1 else b""
        elapsed = (time.monotonic() - command.started) * 1000
        return ProcessResult(
            -1 if code is None else code, _text(out), _text(self.complaints[index]), timed_out, elapsed
        )


async def _start(command: _Command, reading: int | None, writing: int) -> asyncio.subprocess.Process:
    stdin = reading
    if stdin is None:
        stdin = subprocess.DEVNULL if command.input is None else subprocess.PIPE
    group: dict[str, Any] = {"start_new_session": True}
    if os.name == "nt":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined, unused-ignore]
    program, *arguments = command.arguments
    streams: dict[str, Any] = {"stdin": stdin, "stdout": writing, "stderr": subprocess.PIPE}
    place: dict[str, Any] = {"cwd": command.cwd, "env": command.env}
    return await asyncio.create_subprocess_exec(program, *arguments, **streams, **place, **group)


async def _read_all(stream: asyncio.StreamReader, into: bytearray) -> None:
    while part := await stream.read(65536):
        into += part


async def _suspend(commands: list[_Command]) -> list[Any]:
    """Run `commands` on the session's event loop."""
    loop = asyncio.get_running_loop()
    if os.name == "nt" and isinstance(loop, asyncio.SelectorEventLoop):  # it can start nothing
        return await in_thread(_block, commands)
    results: list[Any] = await python(_Running(commands).results())
    return results


def _block(commands: list[_Command]) -> list[Any]:
    """Run `commands` on an event loop in a thread: this one's may be running."""
    answer: Future[list[Any]] = Future()
    stop: Future[Callable[[], object]] = Future()

    async def main() -> list[Any]:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        stop.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await _Running(commands).results()

    def work() -> None:
        try:
            answer.set_result(asyncio.run(main()))
        except BaseException as error:  # noqa: BLE001  raised in the caller
            answer.set_exception(error)

    thread = threading.Thread(target=work, daemon=True, name="hocket process")
    try:
        thread.start()
        return answer.result()
    finally:
        if not answer.done():  # the caller was stopped
            with contextlib.suppress(RuntimeError):
                stop.result(_DRAIN)()
            thread.join(2 * _DRAIN)


# What programs call


def _output(command: _Command, result: Any) -> str:
    """Return what a command has written; raises an error unless all went well."""
    if result.success:
        return str(result.stdout)
    if result.timed_out:
        limit = (command.timeout or 0) * 1000
        raise errors.TimeoutError(f"'{command.shown}' was ended: Timeout after {format_ms(limit)}", limit=limit)
    code = result.exitcode
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    complaint = result.stderr.strip().splitlines()
    raise errors.Error(
        f"'{command.shown}' {how}{f': {complaint[-1]}' if complaint else ''}",
        exitcode=code,
        stdout=result.stdout,
        stderr=result.stderr,
    )


async def _async_execute(command: str, options: dict[str, Any] | None = None) -> str:
    prepared = _shell("execute", command, options)
    return _output(prepared, (await _suspend([prepared]))[0])


@builtin(suspending=_async_execute)
def execute(command: str, options: dict[str, Any] | None = None) -> str:
    """Return what `command`, a line for the system's shell, writes to its output.

    Raises Error, with the fields `exitcode stdout stderr`, when it ends with another exit code than 0, and
    TimeoutError. Options: `cwd`, `env` (a dict of variables to add), `input` (a string or bytes), `timeout` (ms).

    ```
    print(execute("echo hello").trim())  # expect: hello
    execute("exit 3")                    # error: 'exit 3' ended with exit code 3
    ```
    """
    prepared = _shell("execute", command, options)
    return _output(prepared, _block([prepared])[0])


async def _async_execute_status(command: str, options: dict[str, Any] | None = None) -> Any:
    return (await _suspend([_shell("execute_status", command, options)]))[0]


@builtin(suspending=_async_execute_status)
def execute_status(command: str, options: dict[str, Any] | None = None) -> Any:
    """Return a `ProcessResult` of `command`, a line for the system's shell, whatever it comes to.

    Options are those of `execute`.

    ```
    let result := execute_status("echo out; echo err >&2; exit 3")
    print(result.exitcode, result.success, result.stdout.trim(), result.stderr.trim())  # expect: 3 false out err
    ```
    """
    return _block([_shell("execute_status", command, options)])[0]


async def _async_spawn(argv: list[str], options: dict[str, Any] | None = None) -> Any:
    return (await _suspend([_argv("spawn_process", argv, options)]))[0]


@builtin(suspending=_async_spawn)
def spawn_process(argv: list[str], options: dict[str, Any] | None = None) -> Any:
    """Run the program `argv[0]` with the rest as its arguments, without a shell; return a `ProcessResult`.

    It has the fields `exitcode` (negative: the signal that ended it), `stdout`, `stderr`, `success`, `timed_out` and
    `elapsed` (ms). Options are those of `execute`. Raises FileNotFound when there is no such program.

    ```
    let result := spawn_process(["cat"], {input: "a $HOME"})
    print(result.success, result.stdout)  # expect: true a $HOME
    print(spawn_process(["sleep", "60"], {timeout: 10}).timed_out)  # expect: true
    ```
    """
    return _block([_argv("spawn_process", argv, options)])[0]


def _pipeline(commands: Any, options: dict[str, Any] | None) -> list[_Command]:
    given = elements(commands)
    for argv in given:
        if not isinstance(argv, list):
            raise errors.TypeError(f"pipe_commands() expects an array of strings as a command, got {type_name(argv)}")
    prepared = [_argv("pipe_commands", argv, options) for argv in given]
    if not prepared:
        raise errors.ValueError("pipe_commands() expects a command, got an empty array")
    return prepared


def _piped(commands: list[_Command], results: list[Any]) -> str:
    """Return the output of the last command; raises an error unless all went well."""
    for command, result in zip(commands[:-1], results[:-1], strict=True):
        if result.exitcode != _NOBODY_READS or result.timed_out:
            _output(command, result)
    return _output(commands[-1], results[-1])


async def _async_pipe(commands: list[list[str]], options: dict[str, Any] | None = None) -> str:
    prepared = _pipeline(commands, options)
    return _piped(prepared, await _suspend(prepared))


@builtin(suspending=_async_pipe)
def pipe_commands(commands: list[list[str]], options: dict[str, Any] | None = None) -> str:
    r"""Run all `commands` at once, each reading what the one before it writes; return what the last one writes.

    A command is an array as `spawn_process` takes it, options are those of `execute`; `input` is the first one's.
    Raises Error when one fails; not when it ends because the next one does not read on.

    ```
    print(pipe_commands([["printf", "b\na\nb\n"], ["sort"], ["uniq"]]).lines())  # expect: [a, b]
    ```
    """
    prepared = _pipeline(commands, options)
    return _piped(prepared, _block(prepared))
