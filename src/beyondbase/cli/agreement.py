"""`beyondbase agreement`: a second opinion on the same samples, and what it does to the curves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from beyondbase.analyses.agreement import agreement
from beyondbase.cli.settings import claim_folder, run_name, save_config
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.durable import write_whole
from beyondbase.errors import BadInput
from beyondbase.extras import load
from beyondbase.store import Run, open_run
from beyondbase.types import Progress


@dataclass(frozen=True, slots=True)
class AgreementConfig:
    """Compare two verifiers on the same samples: table of verdicts, list of disagreements, effect on the curves."""

    runs: tyro.conf.Positional[tuple[str, ...]]
    """folder or URL of one run, or of two: base, then RL"""
    second: str
    """verifier that gives the second opinion; `beyondbase verify RUN --verifier NAME` judges with it"""
    out: Path
    """folder for agreement.json, disagreements.csv, disagreements.jsonl and the figure"""
    first: str | None = None
    """verifier that it is compared with; by default the one the first run was made with"""
    confidence: float = 0.95
    """of the intervals and bands"""
    seed: int = 0
    """of the bands' bootstrap"""


def run(config: AgreementConfig, progress: Progress) -> Outcome:
    """Compare, write and say."""
    runs = dict[str, Run]()
    for path in config.runs:
        name = run_name(path)
        if name in runs:
            raise BadInput(f"runs: expected folders with different names, got {name!r} twice; rename one")
        runs[name] = open_run(path)
    progress("compare verifiers", 0, 1)
    result = agreement(runs, config.first, config.second, confidence=config.confidence, seed=config.seed)
    claim_folder(config.out)
    path = load("beyondbase.report.result_files:write_result")(result, config.out)
    listed = config.out / "disagreements.csv"
    write_whole(listed, result.disagreements.write_csv().encode())
    write_whole(listed.with_suffix(".jsonl"), result.disagreements.write_ndjson().encode())
    save_config(config.out / "agreement.toml", "agreement", config)
    progress("compare verifiers", 1, 1)
    files = f"numbers: {path}; list: {listed}; figure: {config.out / 'figures' / 'agreement.svg'}"
    data = json.loads(result.to_json())
    del data["disagreements"]  # thousands of texts; they are in the files
    lines = load("beyondbase.report.agreement_summary:agreement_lines")(result)
    return Outcome([*lines, files], data | {"list": str(listed)})


VERB = Verb(
    AgreementConfig,
    run,
    example="beyondbase agreement runs/base runs/rl --first math --second exact --out out/agreement",
    resume="run the same command again",
)
