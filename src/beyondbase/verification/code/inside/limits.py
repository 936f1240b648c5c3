"""Limits of a process, set by itself before it reads what it must not trust; they cannot be raised again."""

from __future__ import annotations

import resource
from contextlib import suppress

STACK_BYTES = 128 << 20


def keep_within(cpu_s: int, memory_bytes: int) -> None:
    """Bound this process: CPU seconds (ended by SIGKILL, which no handler catches), address space, files."""
    # Where the limit was set from outside, the sandbox lets nobody touch it any more.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_STACK, STACK_BYTES),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        _, hard = resource.getrlimit(what)
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (lowest, lowest))
