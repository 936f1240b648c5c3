"""`beyondbase import`: samples that another program drew, as runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import tyro

from beyondbase.cli.log_flags import LogFlags
from beyondbase.cli.settings import claim_folder
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog
from beyondbase.pipeline.import_options import Imported, ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import judge_again
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class ImportConfig:
    """Read the samples that another program logged, judge them again, and keep them as runs."""

    format: tyro.conf.Positional[str]
    """auto, or lm-eval, lighteval, inspect, nemo-skills, verl, qwen-math, monkeys, evalscope, verifiers, tinker,
    human-eval, openai-batch, counts, matrix, table"""
    paths: tyro.conf.Positional[tuple[Path, ...]]
    """files, or folders of files"""
    out: Path
    """folder of the run; of several logs: folder for the runs, one a log"""
    model: str = ""
    """name to show; by default the log's own"""
    log: LogFlags = field(default_factory=LogFlags)


def run(config: ImportConfig, progress: Progress) -> Outcome:
    """Make the runs, and say what they hold."""
    if not config.paths:
        raise BadInput("paths: expected files or folders of logs, got none")
    name, logs, by = config.log.logs(config.format, config.paths)
    options = config.log.options(config.model)
    claim_folder(config.out.parent)
    lines = [f"recognised as {name}: {by}"] if by else []
    rows = list[dict[str, object]]()
    for log in logs:
        out = config.out if len(logs) == 1 else config.out / log.name
        model = f"{config.model} {log.name}" if config.model and len(logs) > 1 else config.model
        said, row = _import(log, name, out, replace(options, model=model), progress)
        lines, rows = [*lines, *said], [*rows, row]
    return Outcome(lines, {"format": name, "runs": rows})


def _import(
    log: ForeignLog, name: str, out: Path, options: ImportOptions, progress: Progress
) -> tuple[list[str], dict[str, object]]:
    made = import_log(log, name, out, options, progress)
    again = judge_again(made, options, progress)
    row = _row(made)
    head = (
        f"{row['run']}: {row['model']}, {row['problems']:,} problems, {row['samples']:,} samples, "
        f"{row['scored']:,} scored in the log, {row['correct']:,} correct; analysed by {row['verifier']}"
    )
    unknown = made.run.manifest.unknown
    if not row["scored"] and not made.judged_again:
        again = ["no verdict yet: the log has none, nor texts with reference answers; give --problems, and --verifier"]
    said = [*made.lines, *([f"not told by the log: {', '.join(unknown)}"] if unknown else []), *again]
    return [head, *(f"  {line}" for line in said)], {**row, "noticed": said, "unknown": list(unknown)}


def _row(made: Imported) -> dict[str, object]:
    manifest = made.run.manifest
    told = {name: int(manifest.engine[f"{name}_in_log"]) for name in ("samples", "scored", "correct")}
    return {
        "run": str(made.run.path),
        "model": manifest.model,
        "problems": len(made.run.problems()),
        **told,
        "verifier": manifest.verifier,
    }


VERB = Verb(
    ImportConfig,
    run,
    example="beyondbase import auto logs/base --out runs/base",
    resume="the same command goes on where it was",
)
