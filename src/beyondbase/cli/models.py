"""`beyondbase models`: several models against one base, certain of all of them at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from beyondbase.analyses.comparable import check_runs
from beyondbase.analyses.models import compare_models
from beyondbase.cli.settings import claim_folder, run_name, save_config
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.store import open_run
from beyondbase.types import Progress, SuccessCounts


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    """Compare several models (checkpoints, algorithms) with one base: one table, bands for all rows at once."""

    base: str
    """run of the base model: folder or URL"""
    rl: tuple[str, ...]
    """runs of the models after RLVR, named by their folders"""
    out: Path
    """folder for models.json and the figure"""
    confidence: float = 0.95
    """of all models at once"""
    margin: float = 0.02
    """largest difference, as a share of problems, that counts as none"""
    allow_unequal: tuple[str, ...] = ()
    """compare although this setting differs: problems, template, stop, max_tokens ..."""
    seed: int = 0
    """of the bands' bootstrap"""


def run(config: ModelsConfig, progress: Progress) -> Outcome:
    """Compare, write and say."""
    base, models = open_run(config.base), dict[str, SuccessCounts]()
    for path in config.rl:
        name = run_name(path)
        if name in models:
            raise BadInput(f"rl: expected folders with different names, got {name!r} twice; rename one")
        run = open_run(path)
        check_runs(base, run, frozenset(config.allow_unequal))
        models[name] = run.counts()
    claim_folder(config.out)
    result = compare_models(
        base.counts(),
        models,
        confidence=config.confidence,
        seed=config.seed,
        margin=config.margin,
        done=lambda done: progress("compare models", done, len(models)),
    )
    path = load("beyondbase.report.result_files:write_result")(result, config.out)
    save_config(config.out / "models.toml", "models", config)
    lines = load("beyondbase.report.model_summary:model_lines")(result)
    return Outcome(
        [*lines, f"numbers: {path}; figure: {config.out / 'figures' / 'models.svg'}"], json.loads(result.to_json())
    )


VERB = Verb(
    ModelsConfig,
    run,
    example="beyondbase models --base runs/base --rl runs/step-50 runs/step-100 --out out/models",
    resume="run the same command again",
)
