"""`beyondbase import`: samples that another program drew, as runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tyro

from beyondbase.cli.settings import claim_folder
from beyondbase.cli.verb import Outcome, Verb
from beyondbase.errors import BadInput
from beyondbase.integrations.verl.validation import Said, disagreements, read_validation
from beyondbase.problems import ProblemSet, load_problems
from beyondbase.sampling.spec import check_spec
from beyondbase.store import Run
from beyondbase.types import Progress, PromptForm, SamplingSpec
from beyondbase.verification import verifier_of

Importer = Callable[[Path, ProblemSet, Path, Said, Progress], list[Run]]
IMPORTERS: Mapping[str, Importer] = {"verl": read_validation}


@dataclass(frozen=True, slots=True)
class ImportConfig:
    """Read the samples that another program drew, judge them, and keep them as runs."""

    format: tyro.conf.Positional[str]
    """verl: dumps of a validation, STEP.jsonl"""
    source: tyro.conf.Positional[Path]
    """file, or folder of files"""
    problems: str
    """what was asked: a set by name, gym:TASK, a .jsonl or .parquet file, or a hub id"""
    out: Path
    """folder for the runs, one a step: OUT/step-000150"""
    temperature: float
    """that the samples were drawn at"""
    top_p: float
    """that they were drawn with; 1 keeps all"""
    max_tokens: int
    """cap on their tokens"""
    model: str = "model"
    """name to show"""
    verifier: str | None = None
    """name of a verifier, or module:function of your own; by default that of the problem set"""
    limit: int | None = None
    """only the first problems were asked"""
    n_max: int | None = None
    """only the first samples of each problem"""
    steps: tuple[int, ...] = ()
    """only these steps"""
    template: str = ""
    """prompt template; empty: that of the problem set"""
    form: PromptForm = PromptForm.PLAIN
    """plain: the model continued the prompt; chat: the prompt was a user message in the model's chat template"""
    system: str = ""
    """system message that stood before a chat prompt; empty: none"""

    @property
    def spec(self) -> SamplingSpec:
        """How the samples were drawn."""
        return SamplingSpec(
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            template=self.template,
            form=self.form,
            system=self.system,
        )


def run(config: ImportConfig, progress: Progress) -> Outcome:
    """Make the runs, and say what they hold."""
    if config.format not in IMPORTERS:
        raise BadInput(f"format: expected one of {', '.join(IMPORTERS)}, got {config.format!r}")
    check_spec(config.spec)
    problem_set = load_problems(config.problems, config.limit)
    verifier = verifier_of(config.verifier or problem_set.verifier)
    said = Said(config.model, config.spec, verifier, config.n_max, config.steps)
    claim_folder(config.out)
    made = IMPORTERS[config.format](config.source, problem_set, config.out, said, progress)
    rows = [_row(run) for run in made]
    lines = [
        f"{row['model']}: {row['samples']:,} samples of {row['problems']:,} problems, {row['correct']:,} correct, "
        f"{row['disagreements']:,} judged otherwise in the training: {row['run']}"
        for row in rows
    ]
    return Outcome([*lines, "whether a sample was cut is not told: one that was stands as wrong"], {"runs": rows})


def _row(made: Run) -> dict[str, object]:
    counts = made.counts()
    return {
        "run": str(made.path),
        "model": made.manifest.model,
        "problems": len(counts),
        "samples": int(counts.n_P.sum()),
        "correct": int(counts.c_P.sum()),
        "disagreements": disagreements(made),
    }


VERB = Verb(
    ImportConfig,
    run,
    example="beyondbase import verl out/verl/validation --problems math500 --temperature 0.6 --top-p 0.95 "
    "--max-tokens 8192 --out out/verl/runs",
    resume="the same command goes on where it was",
)
