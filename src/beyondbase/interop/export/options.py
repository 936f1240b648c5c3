"""What is asked of an export of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Which samples are taken, and what of them."""

    n_max: int | None = None
    """only the first samples of each problem that are scored"""
    before_stop: bool = False
    """of a problem that was stopped, the draws before its stop"""
    texts: bool = False
    """with the samples' texts"""


AS_IT_IS = ExportOptions()
