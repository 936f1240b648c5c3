"""The process that runs a problem's tests; it alone says what passed, on a pipe that no program holds.

The tests are read, compiled and prepared once; each answer is tried in a fork of that state, so that no answer sees
what another one left.
"""

from __future__ import annotations

import builtins
import json
import os
import sys
from types import CodeType
from typing import Any, NoReturn

from .limits import keep_within
from .wire import Uncarried, pack, receive, send, unpack

_LONGEST = 300


def main() -> None:
    """Read one problem from standard input, then try an answer at each frame that asks for it."""
    sys.path.append("/site")
    _, content = receive(0)
    problem = json.loads(content)
    keep_within(1_000_000, 2 * problem["memory_bytes"])
    try:
        codes = _prepared(problem)
    except BaseException as error:
        send(1, b"F", pack(_said(error)))
        return
    send(1, b"P")
    while True:
        try:
            receive(0)
        except EOFError:
            return
        child = os.fork()
        if not child:
            _try_one(problem, codes)
        _, status = os.waitpid(child, 0)
        send(1, b"D", pack(status))


def _prepared(problem: dict[str, Any]) -> tuple[CodeType, CodeType]:
    if "numpy" in problem["test"]:
        __import__("numpy")
    before = problem["prompt"] if problem["style"] == "humaneval" else ""
    return compile(before, "prompt.py", "exec"), compile(problem["test"], "tests.py", "exec")


def _try_one(problem: dict[str, Any], codes: tuple[CodeType, CodeType]) -> NoReturn:
    # another process: its CPU time begins at 0
    keep_within(problem["cpu_s"], 2 * problem["memory_bytes"])
    passed, detail = False, ""
    try:
        _run(problem, codes)
        passed = True
    except MemoryError:
        os._exit(3)
    except AssertionError as error:
        detail = "a test fails: " + _said(error)
    except BaseException as error:
        detail = _said(error)
    send(1, b"V", pack([passed, detail]))
    os._exit(0)


def _run(problem: dict[str, Any], codes: tuple[CodeType, CodeType]) -> None:
    names: dict[str, Any] = {"__name__": "tests"}
    exec(codes[0], names)
    names[problem["entry_point"]] = _candidate
    exec(codes[1], names)
    if problem["style"] == "humaneval":
        names["check"](_candidate)


def _candidate(*args: Any, **kwargs: Any) -> Any:
    """Stand for the program's function: arguments go out as data, and data comes back."""
    send(1, b"C", pack([list(args), kwargs]))
    letter, content = receive(0)
    if letter != b"R":
        os._exit(0)  # the program is no more
    reply = unpack(content)
    if not isinstance(reply, list) or len(reply) < 2:
        raise Uncarried("a reply that is none")
    if reply[0] == "returned":
        return reply[1]
    if reply[0] == "raised":
        raise _exception(reply[1], str(reply[-1]))
    raise Uncarried(str(reply[1]))


def _exception(names: Any, message: str) -> Exception:
    for name in names if isinstance(names, list) else []:
        kind = getattr(builtins, str(name), None)
        # The program's want of memory is its own; that of the tests is not.
        if isinstance(kind, type) and issubclass(kind, Exception) and kind is not MemoryError:
            try:
                return kind(message)
            except TypeError:  # those of Unicode want more than a message
                continue
    return RuntimeError(message)


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:_LONGEST]
    except BaseException:
        return type(error).__name__
