"""Measures how long Stop takes, wherever a cell is.

    python tests/benchmarks/interrupts.py [--repeats N] [--check] [WORD …]

Each cell of `tests/data/stops.txt` runs in one kernel and is stopped by signal and by message;
printed is the median and the longest time from the Stop to the reply, in milliseconds, and whether
both medians are within the target.  After each Stop the session's variables must be there and its
ticker must tick.  With words, the cells whose names have one of them.  `--check` exits with 1 if a
median is over the target.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from hocket.testing import programs

TARGET = 20.0
SETTLE = 0.06
"""Seconds from the first output of a cell to the Stop: the cell is then where it is to be stopped."""

STOPS = Path(__file__).parents[1] / "data/stops.txt"
ALIVE = "let seen := ticks\nwhile ticks == seen { await async_sleep(5) }\nassert(kept == 42)"
IDLE = "no cell: the next one"
COMPILED = "\n".join(f"variable_{number} := {number} + 1" for number in range(100_000))
QUESTIONS = {"input": "input('? ')", "input in a plain function": "func ask() { return input('? ') }\nask()"}


class Kernel:
    """A kernel whose cells are stopped."""

    def __init__(self) -> None:
        self.manager: KernelManager
        self.client: BlockingKernelClient
        self.manager, self.client = start_new_kernel(kernel_name="hocket")

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def reply(self, request: str) -> dict[str, Any]:
        """Return the content of the reply to `request`."""
        while True:
            message = self.client.get_shell_msg(timeout=60)
            if message["parent_header"]["msg_id"] == request:
                content: dict[str, Any] = message["content"]
                return content

    def wait_for(self, request: str, kind: str, state: str | None = None) -> None:
        """Wait for the first output of `request` that is of this kind."""
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            is_ours = message["parent_header"].get("msg_id") == request and message["msg_type"] == kind
            if is_ours and message["content"].get("execution_state") == state:
                return

    def run(self, code: str) -> None:
        """Run a cell that must not fail."""
        request = self.client.execute(code)
        reply = self.reply(request)
        if reply["status"] != "ok":
            raise RuntimeError(f"{reply['ename']}: {reply['evalue']}")
        self.wait_for(request, "status", "idle")

    def wait_for_control(self) -> None:
        """Wait until the kernel has answered what was sent on the control channel until now."""
        message = self.client.session.msg("kernel_info_request", {})
        self.client.control_channel.send(message)
        while self.client.get_control_msg(timeout=60)["parent_header"]["msg_id"] != message["header"]["msg_id"]:
            pass

    def by_signal(self) -> None:
        self.manager.signal_kernel(signal.SIGINT)

    def by_message(self) -> None:
        self.client.control_channel.send(self.client.session.msg("interrupt_request", {}))

    def stop(self, code: str, first: str, stop: Callable[[], None]) -> float:
        """Run a cell, stop it after its first message of the kind `first`; return the milliseconds to the reply."""
        if not code:
            return self.stop_idle(stop)
        request = self.client.execute(code, allow_stdin=True)
        if first == "input_request":
            self.client.get_stdin_msg(timeout=60)
        else:
            self.wait_for(request, first)
        time.sleep(SETTLE)
        begun = time.perf_counter()
        stop()
        reply = self.reply(request)
        elapsed = (time.perf_counter() - begun) * 1000
        if reply.get("ename") != "KeyboardInterrupt":
            raise RuntimeError(f"a stopped cell answers {reply}")
        # A cell that comes before that belongs to the queue, which an error aborts.
        self.wait_for(request, "status", "idle")
        self.run(ALIVE)
        return elapsed

    def stop_idle(self, stop: Callable[[], None]) -> float:
        """Stop when no cell runs, which is nothing; return the milliseconds to the reply of the next one."""
        begun = time.perf_counter()
        stop()
        self.wait_for_control()  # or it may come after the cell has begun, which it then is for
        self.run("kept")
        elapsed = (time.perf_counter() - begun) * 1000
        self.run(ALIVE)
        return elapsed


def cells() -> list[tuple[str, str, str]]:
    """Return the name and text of each cell, and the kind of message after which it is stopped."""
    found = []
    for program in programs(STOPS.read_text(encoding="utf-8"), STOPS.name)[1:]:
        name = next(line for line in program.text.splitlines() if line.startswith("# "))[2:]
        found.append((name, program.text, "stream"))
    found += [(name, code, "input_request") for name, code in QUESTIONS.items()]
    return [*found, ("while it is compiled", COMPILED, "execute_input"), (IDLE, "", "")]


def measure(kernel: Kernel, words: list[str], repeats: int) -> list[str]:
    """Measure and print a line for each cell; return the names of those that are over the target."""
    late = []
    print(f"{f'median / longest of {repeats} (ms)':50}{'signal':>16}{'message':>16}  within {TARGET:.0f} ms")
    for name, code, first in cells():
        if words and not any(word in name for word in words):
            continue
        print(f"{name:50}", end="", flush=True)
        medians = []
        for stop in (kernel.by_signal, kernel.by_message):
            times = [kernel.stop(code, first, stop) for _ in range(repeats)]
            medians.append(statistics.median(times))
            print(f"{medians[-1]:8.1f} /{max(times):6.0f}", end="", flush=True)
        if max(medians) > TARGET:
            late.append(name)
        print("  no" if max(medians) > TARGET else "  yes")
    return late


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    kernel = Kernel()
    try:
        kernel.run(programs(STOPS.read_text(encoding="utf-8"), STOPS.name)[0].text)
        late = measure(kernel, options.words, options.repeats)
    finally:
        kernel.close()
    print(f"over {TARGET:.0f} ms: {', '.join(late) or 'none'}")
    return 1 if options.check and late else 0


if __name__ == "__main__":
    sys.exit(main())
