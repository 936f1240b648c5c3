"""`beyondbase study run`: a whole experiment from one TOML."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.types import Progress
from beyondbase.wording import duration, number

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class StudyRunConfig:
    """Train, sample, analyse and report everything that a TOML asks for; what is there already is not made again.

    docs/training.md says what stands in the TOML. Killed at any moment, the same command does what is missing.
    """

    file: tyro.conf.Positional[Path]
    """TOML of the experiment"""
    out: Path = Path("out/experiment")
    """folder of the experiment; one that is there is gone on with"""
    workers: int = 1
    """processes, one thread each"""
    dry_run: bool = False
    """say what is done, what is missing and what it would take, and make nothing"""
    measure: bool = False
    """with dry-run: train one step and draw a few samples of what has not been timed yet, to say how long it takes"""


def run(config: StudyRunConfig, progress: Progress) -> Outcome:
    """Do what is missing, or only say what that is."""
    if config.workers < 1:
        raise BadInput(f"workers: expected at least 1, got {config.workers}")
    if config.measure and not config.dry_run:
        raise BadInput("measure: expected it beside --dry-run; a run measures as it goes")
    if config.dry_run:
        experiment = load("beyondbase.experiment.reading:read_experiment")(config.file)
        folders = load("beyondbase.experiment.folders:Folders")(config.out, experiment)
        return _foreseen(config, folders, progress)
    folders = load("beyondbase.experiment.resolved:claim")(config.file, config.out)
    ran = load("beyondbase.experiment.runner:run_experiment")(folders, config.workers, progress)
    report = load("beyondbase.experiment.runner:make_report")(folders, ran, progress)
    return _outcome(config, ran, report)


def _outcome(config: StudyRunConfig, ran: Any, report: Path | None) -> Outcome:
    lines = [f"{number(ran.made, 'unit')} made of {ran.units}; what was there before was not made again"]
    lines += [f"collapsed: {name}" for name in ran.collapsed]
    lines += [f"failed: {failure.unit}: {failure.why}" for failure in ran.failures[:_SHOWN]]
    if len(ran.failures) > _SHOWN:
        lines.append(f"and {len(ran.failures) - _SHOWN} more in {config.out / 'failures.json'}")
    if ran.failures:
        lines.append("the same command tries again what failed, and nothing else")
    if report is not None:
        lines.append(f"report: {report}")
    data = dataclasses.asdict(ran) | {"out": str(config.out), "report": None if report is None else str(report)}
    return Outcome(lines, data, code=1 if ran.failures else 0)


def _foreseen(config: StudyRunConfig, folders: Any, progress: Progress) -> Outcome:
    rates = load("beyondbase.experiment.trial:measured_rates")(folders, progress) if config.measure else None
    seen = load("beyondbase.experiment.foresight:foresee")(folders, config.workers, rates)
    lines = [
        f"{work.kind.value}: {work.units - work.missing} of {number(work.units, 'unit')} done"
        + "".join(
            f", {amount:,} {what}"
            for amount, what in (
                (work.steps, "gradient steps"),
                (work.rollouts, "rollouts"),
                (work.samples, "samples at most"),
                (work.tokens, "tokens at most"),
            )
            if amount
        )
        + (" missing" if work.missing else "")
        for work in seen.work
    ]
    took = "unknown: nothing of some kind was timed yet; --measure tries" if seen.seconds is None else (
        f"about {duration(seen.seconds)} with {number(config.workers, 'worker')}"
    )  # fmt: skip
    return Outcome([*lines, f"time: {took}", "nothing was made"], dataclasses.asdict(seen))


VERB = Verb(StudyRunConfig, run, example="beyondbase study run studies/paper/study.toml --out out/paper --workers 2")
