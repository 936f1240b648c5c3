"""How a repository of a model hub is named: org/name, or org/name@revision."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

_HUB_ID = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w./-]+))?")


class Kind(StrEnum):
    """What a repository holds."""

    MODEL = "model"
    DATASET = "dataset"


class HubId(NamedTuple):
    """A repository, and which state of it."""

    repo: str
    revision: str | None = None
    """branch, tag or commit; None is the main branch"""

    @classmethod
    def parse(cls, name: str) -> HubId | None:
        """Read org/name or org/name@revision; None if it is neither.

        >>> HubId.parse("org/name@v1.0"), HubId.parse("./org/name")
        (HubId(repo='org/name', revision='v1.0'), None)
        """
        match = _HUB_ID.fullmatch(name)
        return None if match is None else cls(match["repo"], match["revision"])

    def __str__(self) -> str:
        return self.repo if self.revision is None else f"{self.repo}@{self.revision}"
