"""debugpy in this process: started once, attached and detached as clients wish.

It listens on a port of this machine, to one connection that knows a token, without the
process of its own that it has by default.  All that is known here of its inside (pydevd)
is in this module.
"""

from __future__ import annotations

import builtins
import os
import secrets
import threading
from collections.abc import Callable
from copy import copy
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from hocket import errors
from hocket.modules import ENDINGS
from hocket.runtime import interrupt
from hocket.source import Source
from hocket_kernel.debugger.wire import Event, Wire

if TYPE_CHECKING:
    from hocket.session import Session
    from hocket_kernel.debugger.files import Files

HOOK = "__debug"
"""What debugpy calls where it would evaluate Python: a name that no program can spell."""

ATTACHING = {
    "justMyCode": False,
    "rules": [
        *({"path": f"**/*{ending}", "include": True} for ending in ENDINGS),
        {"path": "**", "include": False},
    ],
    "showReturnValue": False,
}
"""Only programs are stopped in, and stepped through; what they call is passed."""


class Engine:
    """debugpy, and where it leads back to: `hook` is called with a number where it would evaluate Python."""

    def __init__(self, session: Session, files: Files, hook: Callable[[int], Any]) -> None:
        self._session = session
        self._files = files
        self._hook = hook
        self._address: tuple[str, int] | None = None
        self._paths: WeakKeyDictionary[Source, str] = WeakKeyDictionary()
        self._token = secrets.token_hex(16)

    async def trace(self) -> None:
        """Have this thread traced, the main one: it is where programs run, and no other is."""
        if self._address is None:
            for thread in threading.enumerate():
                thread.pydev_do_not_trace = thread is not threading.current_thread()  # type: ignore[attr-defined]
            self._address = self._listen()
            threading.settrace(None)
        self.resume()

    def resume(self) -> None:
        """Trace this thread."""
        self._debugger().enable_tracing()

    def pause(self) -> None:
        """Trace this thread no more."""
        self._debugger().disable_tracing()

    def _listen(self) -> tuple[str, int]:
        # Else it warns, on the program's error stream, that Python's own modules cannot be debugged.
        told = os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        import debugpy

        debugpy.configure({"subProcess": False})
        address: tuple[str, int] = debugpy.listen(("127.0.0.1", 0), in_process_debug_adapter=True)
        if told == "1":
            del os.environ["PYDEVD_DISABLE_FILE_VALIDATION"]
        # Only now is the folder known that holds them.
        import pydevd_file_utils
        from _pydev_bundle import pydev_monkey

        pydev_monkey.undo_patch_thread_modules()
        exists = pydevd_file_utils.exists
        # It takes breakpoints only for what it finds.
        pydevd_file_utils.exists = lambda path: path in self._files.texts or exists(path)
        self._debugger().authentication.access_token = self._token
        interrupt.held.append(str(Path(debugpy.__file__).parent))
        return address

    async def connect(self, on_event: Event) -> Wire:
        """Return a connection; from now on programs can be stopped."""
        assert self._address is not None
        wire = await Wire.open(*self._address, on_event)
        await wire.ask("pydevdAuthorize", {"debugServerAccessToken": self._token})
        self._session.provide(HOOK, self._hook)
        setattr(builtins, HOOK, self._hook)  # for cells of Python
        self._session.scheduler.health.is_held = True
        Source.watcher = self._place
        for source in Source.registered():
            self._place(source)
        return wire

    def leave(self) -> None:
        """Let programs run as if nothing had been; in the main thread."""
        Source.watcher = None
        self._session.scheduler.health.is_held = False
        self.pause()

    def _place(self, source: Source) -> None:
        """Let debugpy take the code of `source` for that of the path that clients have for it."""
        import pydevd_file_utils

        path = self._files.of_source(source)
        known = pydevd_file_utils.NORM_PATHS_AND_BASE_CONTAINER
        known[source.filename] = pydevd_file_utils.get_abs_path_real_path_and_base_from_file(path)
        self._paths[source] = path

    def path(self, source: Source) -> str:
        """Return the path that clients have for `source`."""
        return self._paths[source]

    def frame(self, number: int) -> FrameType | None:
        """Return the frame that clients know as `number`, if its thread is stopped."""
        frames, own = self._debugger().suspended_frames_manager, self._own(number)
        thread = None if own is None else frames.get_thread_id_for_variable_reference(own)
        found: FrameType | None = None if thread is None else frames.find_frame(thread, own)
        return found

    def innermost(self, thread: int) -> FrameType | None:
        """Return the frame in which a thread has stopped."""
        stack = self._debugger().suspended_frames_manager.get_frames_list(self._own(thread))
        return None if stack is None else next(iter(stack), None)

    def raised(self, thread: int) -> BaseException | None:
        """Return the exception that a thread has stopped for, if it is one; a copy, where that can be.

        Whoever translates it takes its traceback, which the program still needs.
        """
        stack = self._debugger().suspended_frames_manager.get_frames_list(self._own(thread))
        found = getattr(stack, "exc_desc", None)
        if isinstance(found, errors.Error):
            return found
        if not isinstance(found, BaseException):
            return None
        try:
            return copy(found).with_traceback(stack.trace_obj)
        except Exception:  # noqa: BLE001  a library's, that cannot be made without more
            return found

    def _own(self, number: int) -> Any:
        """Return debugpy's own name for a frame or thread, None if the number is none of its."""
        from _pydevd_bundle._debug_adapter.pydevd_base_schema import BaseSchema

        try:
            return BaseSchema._translate_id_from_dap(number)
        except KeyError:
            return None

    def forget_step(self) -> None:
        """Let a step of this thread end here: nothing follows in which it could."""
        from _pydevd_bundle.pydevd_additional_thread_info import set_additional_thread_info

        info = set_additional_thread_info(threading.current_thread())
        if info.pydev_step_cmd != -1:
            info.pydev_step_cmd = info.pydev_original_step_cmd = -1
            info.pydev_step_stop = None
            info.update_stepping_info()

    def _debugger(self) -> Any:
        import pydevd

        return pydevd.get_global_debugger()
