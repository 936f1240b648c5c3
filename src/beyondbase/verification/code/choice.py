"""The choice of a sandbox, which the command line reads without loading one."""

from __future__ import annotations

from enum import StrEnum


class CodeSandbox(StrEnum):
    """Where answers that are programs run."""

    AUTO = "auto"
    """bubblewrap, or Docker where bubblewrap cannot be used and a daemon answers"""
    BUBBLEWRAP = "bubblewrap"
    DOCKER = "docker"
