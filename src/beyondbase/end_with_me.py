"""Processes that end when this one does, killed or not: what an engine starts may hold a GPU's whole memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children

# Waits for the end of its input, which comes when whoever holds the other end is no more, whatever ended it. A handle
# of a process, unlike its number, never comes to mean another one.
_WATCHER = """
import os, signal, sys, time
handles = [os.pidfd_open(int(pid)) for pid in sys.argv[1:]]
print(flush=True)
sys.stdin.buffer.read()
for sent, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 0)):
    for handle in handles:
        try:
            signal.pidfd_send_signal(handle, sent)
        except ProcessLookupError:
            pass
    time.sleep(seconds)
"""


@contextmanager
def children_end_with_this_process() -> Iterator[None]:
    """See to it that processes which the block starts through multiprocessing do not outlive this one.

    Linux alone; elsewhere a process that is killed outright leaves its children behind, as ever.
    """
    before = {child.pid for child in active_children()}
    yield
    pids = [str(child.pid) for child in active_children() if child.pid not in before]
    if pids and sys.platform == "linux":
        command = [sys.executable, "-I", "-S", "-c", _WATCHER, *pids]
        # In a session of its own: Ctrl-C ends this process and what it started, and must not end the watcher first.
        watcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        assert watcher.stdout is not None
        watcher.stdout.readline()
        _WATCHERS.append(watcher)


_WATCHERS: list[subprocess.Popen[bytes]] = []
"""held, since a pipe that nobody holds is closed"""
