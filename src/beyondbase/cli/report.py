"""`beyondbase report`: from two logs of other programs to a report, or the report of a study again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from beyondbase.cli.log_flags import AUTO, LogFlags
from beyondbase.cli.settings import Analysis, claim_folder, save_config
from beyondbase.cli.study_outcome import study_outcome
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog
from beyondbase.pipeline import report_study
from beyondbase.pipeline.report_logs import LogPair, Matching, report_logs
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class ReportConfig:
    """Compare two logs that other programs wrote; or draw a study's report and figures again, from analysis.json."""

    study: tyro.conf.Positional[Path | None] = None
    """folder of a study that is there; leave it out to give --base and --rl"""
    base: tuple[Path, ...] = ()
    """log of the base model: files, or folders of files"""
    rl: tuple[Path, ...] = ()
    """log of the model after RLVR"""
    out: Path | None = None
    """folder of the study that is made of the two logs"""
    format: str = AUTO
    """of the logs (see `beyondbase import --help`); auto: recognised by their content"""
    match: Matching = Matching.ALL
    """all: both logs must hold the same problems; shared: those that both have by id and question; id; question"""
    base_model: str = ""
    """name to show; by default the log's own"""
    rl_model: str = ""
    """name to show; by default the log's own"""
    seed: int = 0
    """of the band's bootstrap"""
    by_verifier: str | None = None
    """analyse the verdicts of another verifier than the log's own, such as math"""
    log: LogFlags = field(default_factory=LogFlags)
    analysis: Analysis = field(default_factory=Analysis)


def run(config: ReportConfig, progress: Progress) -> Outcome:
    """Draw."""
    if config.study is not None and not (config.base or config.rl or config.out):
        return study_outcome(report_study(config.study, progress), config.study)
    if config.study is not None or not (config.base and config.rl) or config.out is None:
        raise BadInput("report: expected the folder of a study, or --base LOGS --rl LOGS --out STUDY; give one of them")
    pair, lines = _pair(config)
    claim_folder(config.out)
    options = config.analysis.options(config.seed, config.by_verifier)
    analysis, noticed = report_logs(pair, config.out, options, progress)
    save_config(config.out / "report.toml", "report", config)
    outcome = study_outcome(analysis, config.out)
    return Outcome([*lines, *noticed, *outcome.lines], {**outcome.data, "noticed": [*lines, *noticed]})


def _pair(config: ReportConfig) -> tuple[LogPair, list[str]]:
    read = [config.log.logs(config.format, paths) for paths in (config.base, config.rl)]
    lines = [
        f"{name}: recognised as {form}: {by}" for name, (form, _, by) in zip(("base", "RL"), read, strict=True) if by
    ]
    base, rl = (_one(name, logs) for name, (_, logs, _) in zip(("base", "rl"), read, strict=True))
    names = (config.base_model or base.model or "base", config.rl_model or rl.model or "RL")
    options = [config.log.options(model) for model in names]
    return LogPair(base, rl, (read[0][0], read[1][0]), (options[0], options[1]), config.match), lines


def _one(name: str, logs: list[ForeignLog]) -> ForeignLog:
    if len(logs) == 1:
        return logs[0]
    found = ", ".join(log.name for log in logs)
    raise BadInput(f"{name}: expected the log of one task and one model, got {found}; choose with --only NAME")


VERB = Verb(
    ReportConfig,
    run,
    example="beyondbase report --base logs/base --rl logs/rl --out out/study",
    resume="run the same command again",
)
