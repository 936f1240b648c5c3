"""A sandboxed process that is asked, and answers or ends: what ended it is told apart, whatever the load is."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from beyondbase.verification.code.bubblewrap import Started
from beyondbase.verification.code.inside.wire import HEAD, frame

TICK_S = 0.25
"""how often a process that does not answer is looked at"""
IDLE_S = 10.0
"""a process that owes an answer and has neither computed nor waited for a processor for so long sleeps"""
SURELY_CPU = 0.5
"""share of its CPU time beyond which a process that was killed has used it up: the kernel counts that by ticks, not
exactly, and nothing in the sandbox can kill"""
GRACE_S = 20.0
"""in which a process that has closed its output ends by itself"""
LONGEST_REPLY = 16 << 20
LONGEST_COMPLAINT = 1 << 16
_AT_ONCE = 1 << 16


class End(StrEnum):
    """Why a process answers no more."""

    EXITED = "exited"
    CPU = "cpu"
    IDLE = "idle"
    FLOOD = "flood"
    STARVED = "starved"
    """longer by the clock than any limit of CPU time explains: the machine's doing, or the sandbox's"""
    KILLED = "killed"
    """by another's hand, such as the kernel's where memory is short"""


class Ended(Exception):
    """A process that answers no more."""

    def __init__(self, end: End, status: int, said: str) -> None:
        super().__init__(end, status, said)
        self.end, self.status, self.said = end, status, said


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may use."""

    cpu_s: int = 10
    memory_bytes: int = 1 << 30

    @property
    def patience_s(self) -> float:
        """Seconds by the clock that a process may owe an answer: a backstop, no limit."""
        return 60 + 30 * self.cpu_s


class Process:
    """One sandboxed process, its pipes and its end."""

    def __init__(self, started: Started, limits: Limits) -> None:
        self._popen, self._told, self._limits = started.popen, started.told, limits
        assert self._popen.stdin and self._popen.stdout and self._popen.stderr
        self._in, self._out, self._err = (
            pipe.fileno() for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        )
        for fd in (self._in, self._out, self._err):
            os.set_blocking(fd, False)
        self._unread, self._said = bytearray(), bytearray()
        self._err_open, self._in_open = True, True
        self.cpu_s = 0.0
        """known once it has ended"""
        self._pid = self._number_told()
        self._handle = -1
        if self._pid:
            with suppress(ProcessLookupError):
                self._handle = os.pidfd_open(self._pid)
            # From outside, so that a process cannot lower it and be taken for one that was killed.
            with suppress(ProcessLookupError):
                resource.prlimit(self._pid, resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s))

    def ask(self, letter: bytes, content: bytes = b"") -> tuple[bytes, bytes]:
        """Send a frame and return the one that comes back; raises Ended."""
        self._turn(frame(letter, content), self._has_frame)
        return self._take_frame()

    def hear(self) -> tuple[bytes, bytes]:
        """Return the next frame; raises Ended."""
        self._turn(b"", self._has_frame)
        return self._take_frame()

    def run(self, content: bytes) -> tuple[bytes, Ended]:
        """Feed all input, and return all output and the end."""
        try:
            self._turn(content, lambda: False, last=True)
        except Ended as ended:
            return bytes(self._unread), ended
        raise AssertionError("a process that ends without an end")

    def close(self) -> None:
        """End the process if it has not ended."""
        if self._popen.returncode is None:
            self.cpu_s = _cpu_s(self._pid)
            self._kill()
            self._reap(GRACE_S)
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            assert pipe
            with suppress(OSError):
                pipe.close()
        for fd in (self._told, self._handle):
            if fd >= 0:
                os.close(fd)
        self._told = self._handle = -1

    def _has_frame(self) -> bool:
        if len(self._unread) < HEAD:
            return False
        size = int.from_bytes(self._unread[1:HEAD], "little")
        if size > LONGEST_REPLY:
            raise self._ended(End.FLOOD)
        return len(self._unread) >= HEAD + size

    def _take_frame(self) -> tuple[bytes, bytes]:
        size = HEAD + int.from_bytes(self._unread[1:HEAD], "little")
        whole = bytes(self._unread[:size])
        del self._unread[:size]
        return whole[:1], whole[HEAD:]

    def _turn(self, content: bytes, done: Callable[[], bool], *, last: bool = False) -> None:
        """Write `content` and read until `done`, watching the process; raises Ended."""
        left, since = memoryview(content), monotonic()
        watch = _Watch(self._pid)
        while not done():
            if last and not left and self._in_open:
                self._close_input()
            left = self._move(left)
            if len(self._unread) > LONGEST_REPLY + HEAD or len(self._said) > LONGEST_COMPLAINT:
                raise self._ended(End.FLOOD)
            if watch.idle_s() > IDLE_S:
                raise self._ended(End.IDLE)
            if monotonic() - since > self._limits.patience_s:
                raise self._ended(End.STARVED)

    def _move(self, left: memoryview) -> memoryview:
        """Move bytes both ways once, waiting up to a tick; raises Ended where the output is closed."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        if self._err_open:
            poll.register(self._err, select.POLLIN)
        if left and self._in_open:
            poll.register(self._in, select.POLLOUT)
        ready = dict(poll.poll(TICK_S * 1000))
        if self._err in ready:
            part = os.read(self._err, _AT_ONCE)
            self._err_open = bool(part)
            self._said += part
        if self._in in ready:
            try:
                left = left[os.write(self._in, left[:_AT_ONCE]) :]
            except BrokenPipeError:  # nobody reads: its end says more
                left = memoryview(b"")
                self._close_input()
        if self._out in ready:
            part = os.read(self._out, _AT_ONCE)
            if not part:
                raise self._ended(End.EXITED)
            self._unread += part
        return left

    def _close_input(self) -> None:
        self._in_open = False
        assert self._popen.stdin
        with suppress(OSError):
            self._popen.stdin.close()

    def _number_told(self) -> int:
        """The process's number on this machine, which the sandbox tells; 0 where it does not come to that."""
        told = b""
        while self._told >= 0 and not told.endswith(b"}\n"):  # it comes in pieces
            if not select.select([self._told], [], [], self._limits.patience_s)[0]:
                break
            piece = os.read(self._told, 4096)
            if not piece:
                break
            told += piece
        with suppress(ValueError, KeyError):
            return int(json.loads(told)["child-pid"])
        return 0

    def _ended(self, end: End) -> Ended:
        if end is not End.EXITED:
            self.cpu_s = _cpu_s(self._pid)
            self._kill()
        forced = self._reap(GRACE_S)
        status = self._popen.returncode
        if end is End.EXITED and not forced and status in (-9, 137):
            end = End.CPU if self.cpu_s >= SURELY_CPU * self._limits.cpu_s else End.KILLED
        with suppress(OSError):
            self._said += os.read(self._err, _AT_ONCE)
        return Ended(end, status, self._said.decode(errors="replace")[-2000:])

    def _kill(self) -> None:
        """End the process; the sandbox's own, which waits for it, ends by itself and leaves no zombie to anybody."""
        if self._handle >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        else:
            os.kill(self._popen.pid, signal.SIGKILL)

    def _reap(self, grace_s: float) -> bool:
        """Wait for the end, and say whether it took force after a grace: a program may close its output and go on."""
        with os.fdopen(os.pidfd_open(self._popen.pid), closefd=True) as handle:
            forced = not select.select([handle], [], [], grace_s)[0]
            if forced:
                self._kill()
                if not select.select([handle], [], [], GRACE_S)[0]:
                    os.kill(self._popen.pid, signal.SIGKILL)
        _, status, used = os.wait4(self._popen.pid, 0)
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s = max(self.cpu_s, used.ru_utime + used.ru_stime)
        return forced


class _Watch:
    """Counts the seconds for which a process neither computed nor waited for a processor (proc(5), schedstat)."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._idle_s = 0.0
        self._seen: tuple[float, float] | None = None

    def idle_s(self) -> float:
        now = monotonic()
        if self._seen and now - self._seen[0] < TICK_S:
            return self._idle_s
        busy = _busy_s(self._number) if self._number else None
        if busy is None:
            self._seen = None
            return self._idle_s
        if self._seen:
            self._idle_s += max(0.0, (now - self._seen[0]) - (busy - self._seen[1]))
        self._seen = (now, busy)
        return self._idle_s


def _busy_s(number: int) -> float | None:
    """Seconds that a process has run or waited for a processor; None while it does, or waits for a disk."""
    try:
        with open(f"/proc/{number}/schedstat") as file:
            ran, waited, _ = map(int, file.read().split())
        with open(f"/proc/{number}/stat") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return None
    return None if state in "RD" else (ran + waited) / 1e9


def _cpu_s(number: int) -> float:
    """Seconds of CPU time that a process has used, 0 where nothing tells."""
    with suppress(OSError, ValueError), open(f"/proc/{number}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9
    return 0.0
