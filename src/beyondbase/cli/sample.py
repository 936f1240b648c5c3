"""`beyondbase sample`: draw samples of one model, verified as they come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from beyondbase.cli.settings import Draw, run_name, save_config, shard_of
from beyondbase.cli.shown_settings import settings_lines, show_settings
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.pipeline import Gold, GoldPolicy, resolve, sample_run
from beyondbase.problems import ProblemSet, Reading, load_problems, render
from beyondbase.sampling.engine import Engine, Priced
from beyondbase.sampling.engines import EngineOptions, engine_of
from beyondbase.sampling.spec import check_spec
from beyondbase.store import WHOLE, Run, RunManifest, Shard
from beyondbase.store.counting import Shortfall
from beyondbase.types import Progress, SamplingSpec
from beyondbase.verification import VerifierOptions, verifier_of


@dataclass(frozen=True, slots=True)
class SampleConfig:
    """Draw samples of one model and verify them as they come, into a run."""

    model: str
    """folder in Hugging Face form, hub id, smollm2, or the name that a server gives the model"""
    problems: str
    """a set by name (countdown, figures, gsm8k ...), gsm8k=FILE, gym:TASK, a .jsonl or .parquet file, or a hub id"""
    out: str
    """folder of the run, or a URL such as s3://bucket/run; a run that is there is gone on with"""
    verifier: str | None = None
    """name of a verifier, or module:function of your own; by default that of the problem set"""
    gold: GoldPolicy = GoldPolicy.REFUSE
    """problems whose gold answer the verifier gets wrong: refuse to begin, drop them, or skip the check"""
    limit: int | None = None
    """only the first problems"""
    shard: str | None = None
    """such as 2/4: this process draws every fourth problem from the second on, others beside it the rest"""
    dry_run: bool = False
    """resolve and show every setting, say what the run costs at most, and draw nothing"""
    read: Reading = field(default_factory=Reading)
    run_on: EngineOptions = field(default_factory=EngineOptions)
    grade: VerifierOptions = field(default_factory=VerifierOptions)
    spec: SamplingSpec = field(default_factory=SamplingSpec)
    draw: Draw = field(default_factory=Draw)


def run(config: SampleConfig, progress: Progress) -> Outcome:
    """Make the run, or go on with it; or only say what would be done."""
    check_spec(config.spec)
    shard, rule = shard_of(config.shard), config.draw.rule()
    problem_set = load_problems(config.problems, config.limit, config.read)
    verifier = verifier_of(config.verifier or problem_set.verifier, config.grade)
    engine, label = engine_of(config.model, config.run_on)(), run_name(config.model)
    if config.dry_run:
        manifest = resolve(problem_set, engine, config.spec, rule, verifier, label)
        return _foreseen(config, manifest, engine, problem_set)
    gold = Gold(config.gold)
    made = sample_run(
        config.out, problem_set, engine, config.spec, rule, verifier, progress, label, show_settings, shard, gold
    )
    save_config(made.path / "sample.toml", "sample", replace(config, shard=None))
    if shard != WHOLE and (lack := made.shortfall()):
        return _so_far(made, shard, lack)
    return outcome_of(made)


def _foreseen(config: SampleConfig, manifest: RunManifest, engine: Engine, problem_set: ProblemSet) -> Outcome:
    """Say what a run would be made with, and its cost at most."""
    problems, n_max = len(problem_set), manifest.rule.n_max
    samples = problems * n_max
    tokens = samples * manifest.spec.max_tokens
    most = f"at most {samples:,} samples of {problems:,} problems, {tokens:,} tokens of answers"
    data = {"run": config.out, "problems": problems, "most_samples": samples, "most_tokens": tokens}
    priced = [most]
    if isinstance(engine, Priced):
        prompts = [render(manifest.spec.template, problem) for problem in problem_set]
        priced = engine.estimate(config.spec, prompts, n_max).lines()
    return Outcome([*settings_lines(manifest), *priced, "nothing was drawn"], data | {"foreseen": priced})


def _so_far(made: Run, shard: Shard, lack: Shortfall) -> Outcome:
    """Say what is there when one of several processes is done before the others."""
    drawn = made.n_drawn()
    lines = [
        f"{shard} is done; {lack.problems_owing:,} problems of the whole run still owe samples",
        f"{drawn:,} samples drawn by all",
        f"run: {made.path}",
    ]
    return Outcome(lines, {"run": str(made.path), "samples": drawn, "problems_owing": lack.problems_owing})


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
