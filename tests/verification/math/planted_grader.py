"""A grading function that dies at what is planted; alone in its file, since each new worker loads it."""

from __future__ import annotations

import os

from beyondbase.verification.math.symbolic import graded


def planted(task: tuple[str, str, tuple[()]]) -> bool:
    """Compare, or crash or hang at what was planted; runs in a worker."""
    if "crash" in task[1]:
        os._exit(139)
    while "hang" in task[1]:
        pass
    return graded(task)
