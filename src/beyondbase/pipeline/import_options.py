"""What goes into the import of a log, and what comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from beyondbase.interop.foreign import ForeignLog, ReadOptions
from beyondbase.problems import ProblemSet
from beyondbase.store import Run
from beyondbase.store.counting import OF_LOG
from beyondbase.types import Problem
from beyondbase.verification.verifier import Verifier


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user of a log says of it."""

    model: str = ""
    """name to show; empty: the log's"""
    verifier: Verifier | None = None
    """that judges the texts again; None: nobody"""
    must_judge: bool = False
    """the verifier was asked for: an answer that is missing is then an error"""
    problems: ProblemSet | None = None
    """what was asked, where the log's problems are known ones"""
    settings: Mapping[str, object] = field(default_factory=dict)
    """fields of SamplingSpec that the log does not state, and its user does"""
    reading: ReadOptions = field(default_factory=ReadOptions)
    """what the log was read with"""
    n_max: int | None = None
    """samples of each problem that are taken, the first ones"""
    n_min: int = 0
    """leave out problems with fewer scored samples"""
    keep: Mapping[str, Problem] | None = None
    """only these problems, as they stand here: id in the log -> problem in the run"""


@dataclass(frozen=True, slots=True)
class Imported:
    """A run made of a log, and what was noticed."""

    run: Run
    log: ForeignLog
    lines: tuple[str, ...]
    """what a reader must know, one sentence each"""
    judged_again: bool
    """our verifier has judged, or is to judge, its texts"""


def verdicts_name(log: ForeignLog) -> str:
    """The name that a log's own verdicts are kept by.

    >>> verdicts_name(ForeignLog("gsm8k", (), iter, scorer="exact_match,strict"))
    'imported-exact_match_strict'
    """
    scorer = re.sub(r"[^A-Za-z0-9._+-]+", "_", log.scorer).strip("_")
    return f"{OF_LOG}-{scorer}" if scorer else OF_LOG


def shown_model(log: ForeignLog, options: ImportOptions) -> str:
    """The name to show: the user's, the log's, or what tells the log from others."""
    return options.model or log.model or log.name
