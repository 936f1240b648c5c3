"""What the verbs that read logs of other programs ask of their user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ReadOptions
from beyondbase.interop.formats import format_of, recognised
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.problems import load_problems
from beyondbase.verification import verifier_of

AUTO, NOBODY = "auto", "none"
AUTO_VERIFIER = "math"


@dataclass(frozen=True, slots=True)
class LogFlags:
    """How logs are read, and what they do not tell."""

    only: str | None = None
    """of several tasks, models or training steps in the files, the one of this name"""
    scorer: str | None = None
    """of several metrics, filters or graders in the log, the one whose verdicts are taken; else the first"""
    threshold: float | None = None
    """least score that counts as correct, where scores are others than 0 and 1"""
    columns: tuple[str, ...] = ()
    """for tables: NAME=COLUMN, where NAME is problem_id, sample_index, text, correct, question, gold, finish ..."""
    problems: str | None = None
    """what was asked, as a set known here: name, file or hub id; gives the reference answers that the log lacks"""
    limit: int | None = None
    """only the first of those problems"""
    verifier: str = AUTO
    """judges the texts again, beside the log's own verdicts; auto: math, or that of --problems; none: nobody"""
    n_max: int | None = None
    """only the first samples of each problem"""
    n_min: int = 0
    """leave out problems with fewer scored samples, and list them"""
    temperature: float | None = None
    """that the samples were drawn at, where the log does not say"""
    top_p: float | None = None
    """that they were drawn with, where the log does not say"""
    max_tokens: int | None = None
    """cap on their tokens, where the log does not say"""

    def logs(self, format_name: str, paths: Sequence[Path]) -> tuple[str, list[ForeignLog], str]:
        """List the logs: the format's name, the logs, and by what the format is known ("" where it was named)."""
        by = ""
        if format_name == AUTO:
            format_name, by = recognised(paths)
        logs = format_of(format_name).read(tuple(paths), self._reading())
        if self.only is None:
            return format_name, logs, by
        chosen = [log for log in logs if log.name == self.only]
        if not chosen:
            raise BadInput(f"only: expected one of {', '.join(log.name for log in logs)}, got {self.only!r}")
        return format_name, chosen, by

    def options(self, model: str = "") -> ImportOptions:
        """Return the options of the pipeline."""
        problems = None if self.problems is None else load_problems(self.problems, self.limit)
        name = self.verifier
        if name == AUTO:
            name = problems.verifier if problems else AUTO_VERIFIER
        said = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        return ImportOptions(
            model=model,
            verifier=None if name == NOBODY else verifier_of(name),
            must_judge=self.verifier not in (AUTO, NOBODY),
            problems=problems,
            settings={name: value for name, value in said.items() if value is not None},
            reading=self._reading(),
            n_max=self.n_max,
            n_min=self.n_min,
        )

    def _reading(self) -> ReadOptions:
        named = {}
        for pair in self.columns:
            name, equals, column = pair.partition("=")
            if not (name and equals and column):
                raise BadInput(f"columns: expected NAME=COLUMN, such as problem_id=task, got {pair!r}")
            named[name] = column
        return ReadOptions(self.threshold, self.scorer, named)
