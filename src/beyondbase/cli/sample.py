"""`beyondbase sample`: draw samples of one model, verified as they come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from beyondbase.cli.settings import Draw, load_engine, save_config, verifier_of
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.pipeline import sample_run
from beyondbase.problems import load_problems
from beyondbase.sampling.spec import check_spec
from beyondbase.store import Run
from beyondbase.types import Progress, SamplingSpec


@dataclass(frozen=True, slots=True)
class SampleConfig:
    """Draw samples of one model and verify them as they come, into a run."""

    model: Path
    """folder of the model, in Hugging Face form"""
    problems: str
    """name of a problem set (countdown, countdown-ood) or a .jsonl file"""
    out: Path
    """folder of the run; one that is there is gone on with"""
    verifier: str | None = None
    """countdown or exact; by default that of the problem set"""
    limit: int | None = None
    """only the first problems"""
    batch_size: int = 1024
    """samples computed at once; has no influence on what they are"""
    spec: SamplingSpec = field(default_factory=SamplingSpec)
    draw: Draw = field(default_factory=Draw)


def run(config: SampleConfig, progress: Progress) -> Outcome:
    """Make the run, or go on with it."""
    check_spec(config.spec)
    rule, verifier = config.draw.rule(), verifier_of(config.problems, config.verifier)
    problem_set = load_problems(config.problems, config.limit)
    engine = load_engine(config.model, config.batch_size)
    made = sample_run(
        config.out, problem_set, engine, config.spec, rule, verifier, progress, label=config.model.resolve().name
    )
    save_config(config.out / "sample.toml", "sample", config)
    return outcome_of(made)


def outcome_of(made: Run) -> Outcome:
    """Say what a finished run holds."""
    counts = made.counts()
    verdicts = Counter(made.counted()["verdict"].to_list())
    data = {
        "run": str(made.path),
        "model": made.manifest.model,
        "verifier": made.manifest.verifier,
        "problems": len(counts),
        "problems_solved": int((counts.c_P > 0).sum()),
        "samples": made.n_drawn(),
        "samples_counted": int(counts.n_P.sum()),
        "requests_failed": made.n_failed(),
        "verdicts": dict(sorted(verdicts.items())),
    }
    lines = [
        f"{len(counts)} problems, {data['problems_solved']} solved at least once",
        f"{data['samples_counted']:,} samples counted of {data['samples']:,} drawn: {in_words(verdicts)}",
        f"run: {made.path}",
    ]
    return Outcome(lines, data)


def in_words(verdicts: Counter[str]) -> str:
    """Say how many samples have which verdict, the commonest first."""
    return ", ".join(f"{n:,} {verdict.replace('_', ' ')}" for verdict, n in verdicts.most_common())


VERB = Verb(
    SampleConfig,
    run,
    example="beyondbase sample --model MODEL --problems my.jsonl --out runs/base --max-tokens 2048 --limit 100",
)
