"""The process that runs a model's program; nothing that it does or says decides more than its own return values."""

from __future__ import annotations

import builtins
import json
import os
import sys
from types import CodeType, ModuleType
from typing import Any, NoReturn

from .limits import keep_within
from .wire import Uncarried, pack, receive, send, unpack

_LONGEST = 300
"""characters of an exception's message"""


def main() -> None:
    """Read one frame from standard input, say hello, and serve calls or be a program of standard input and output."""
    sys.path.append("/site")
    _, content = receive(0)
    start = json.loads(content)
    keep_within(start["cpu_s"], start["memory_bytes"])
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # they come with `site`, which is left out
    if "threading" in start["text"]:
        _without_threads()
    if start["kind"] == "stdio":
        os.write(1, b"H")
        _run_main(start)
    else:
        _serve(start)


def _run_main(start: dict[str, Any]) -> None:
    sys.argv = ["program.py"]
    code = _compiled(start)
    sys.set_int_max_str_digits(0)
    module = ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def _serve(start: dict[str, Any]) -> NoReturn:
    calls, replies = os.dup(0), os.dup(1)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    send(replies, b"H")
    module = ModuleType("program")
    sys.modules["program"] = module
    try:
        exec(_compiled(start), module.__dict__)
        function = module.__dict__.get(start["entry_point"])
        loaded = "" if callable(function) else f"does not define {start['entry_point']}"
    except BaseException as error:
        loaded = _said(error)
    send(replies, b"L", pack(loaded))
    while True:
        _, content = receive(calls)
        args, kwargs = unpack(content)
        send(replies, b"R", _reply(function, args, kwargs))


def _reply(function: Any, args: list[Any], kwargs: dict[str, Any]) -> bytes:
    try:
        return pack(["returned", function(*args, **kwargs)])
    except Uncarried as error:
        return pack(["uncarried", str(error)])
    except BaseException as error:
        names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
        return pack(["raised", names, _said(error)])


def _compiled(start: dict[str, Any]) -> CodeType:
    """Compile the longest-wanted text that is Python: `head` and the text up to the first cut at which it compiles."""
    first = None
    for cut in start["cuts"]:
        try:
            return compile(start["head"] + start["text"][:cut], "program.py", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            first = first or error
    raise first or SyntaxError("no program")


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:_LONGEST]
    except BaseException:
        return type(error).__name__


def _without_threads() -> None:
    """Run what a thread was to run when it is started: there are no threads, and the idiom for a deep stack goes on."""
    import threading

    def start(self: threading.Thread) -> None:
        self.run()

    threading.Thread.start = start  # type: ignore[method-assign]
    threading.Thread.join = lambda self, timeout=None: None  # type: ignore[method-assign]
    threading.Thread.is_alive = lambda self: False  # type: ignore[method-assign]
    threading.stack_size = lambda size=0: 0
