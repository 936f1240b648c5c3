"""What a verb of the command line is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb has to say at its end."""

    lines: Sequence[str]
    """for a reader"""
    data: Mapping[str, object]
    """for `--json`: one object of JSON values"""
    code: int = 0
    """of the exit"""


@dataclass(frozen=True, slots=True)
class Verb:
    """A frozen dataclass whose fields are the flags, and what is done with one."""

    config: type[Any]
    run: Callable[[Any, Progress], Outcome]
    example: str
    resume: str = "the same command goes on where it was"
    """what to do after an interrupt"""
