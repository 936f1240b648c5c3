"""All that `beyondbase analyze` makes of two runs of full size: time and memory, of the whole and of each part.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python benchmarks/analysis_full_size.py [--problems 500] [--samples 1024]

The runs are those of store_full_size.py (answers of about 2,000 characters and 550 tokens), with what the whole
analysis reads beside them: scores of the first 64 samples of each problem under both models, a second verifier's
verdicts, two more temperatures of each model and a power arm (256 samples, short texts), and direct answers. The
command runs in a process of its own, and so does each part: it opens both runs, counts and compares them, and then
makes the part, whose seconds are told. Memory is the process's largest. With --folder the runs stay there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter

import numpy as np
from store_full_size import Spent, made_problems, peak_mib, say, scripted, size, time_of

from beyondbase.analyses.compare import compare, in_order_of
from beyondbase.analyses.examples import MOST_PROBLEMS, examples
from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.analyses.grid_runs import grid_folder, power_folder
from beyondbase.analyses.guards import GuardInput, guards, guesses_of
from beyondbase.analyses.health import run_health
from beyondbase.analyses.paths import path_coverage
from beyondbase.analyses.profile import profile
from beyondbase.analyses.robustness import other_verifiers
from beyondbase.analyses.second_opinion import second_opinion
from beyondbase.analyses.why import PARTS, Asked
from beyondbase.pipeline import report_study, sample_run, verify_run
from beyondbase.pipeline.score import FIRST, score_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.scorer import Response, Scored, ScoreSpec, distribution
from beyondbase.store import Run, open_run
from beyondbase.store.place import Place, names
from beyondbase.types import Completion, DrawRule, Finish, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

POWERS = {"base": 4.0, "rl": 2.0}
"""model -> the power of a uniform number that its rates are"""
TEMPERATURES, GRID_N, ALPHA, DIRECT_N = (0.6, 1.2), 256, 4.0, 64
WRONG = 200
"""different wrong answers of a problem"""
CUT_EVERY = 50
"""one sample in so many is cut at the token cap"""
MAKE = "make"


class SecondMatch(ExactMatch):
    """Another verifier of the same mind."""

    name = "second-1"


@dataclass(frozen=True)
class Made:
    """A scripted engine that says what a real one does: its weights and its tokenizer."""

    engine: Engine
    told: Mapping[str, str]

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {**self.engine.settings(spec, prompts), **self.told}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for request, completion in self.engine.generate(requests, spec):
            cut = request.seed % CUT_EVERY == 0
            yield request, replace(completion, finish=Finish.LENGTH) if cut else completion


@dataclass(frozen=True)
class MadeScorer:
    """Scores that cost nothing: its first choice differs from the response at one position in ten."""

    name: str
    spec: ScoreSpec = field(default_factory=ScoreSpec)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {**told(self.name), **distribution(self.spec)}

    def encode(self, prompt: Prompt, spec: SamplingSpec) -> tuple[int, ...]:
        return (1,)

    def score(self, responses: Sequence[Response]) -> Iterator[tuple[int, Scored]]:
        shift = sum(self.name.encode()) % 10
        for position, response in enumerate(responses):
            ids_T = np.asarray(response.token_ids, dtype=np.int32)
            other_T = (ids_T + np.arange(len(ids_T)) + shift) % 10 == 0
            first = len(ids_T) - int(other_T.sum())
            logprob = -float(ids_T.sum() % 997) / 400 * len(ids_T)
            yield position, Scored(len(ids_T), logprob, 1.0, 0, first, len(ids_T), 1.5, 9, ids_T + other_T)


def told(model: str) -> dict[str, str]:
    return {"model": model, "weights_hash": f"{model}0000", "tokenizer_hash": "made", "first_prompt_token_ids": "1"}


def asked_problems(problems: int) -> ProblemSet:
    """Problems with levels, and with solutions that are counted, so that every part has what it reads."""
    made = made_problems(problems)
    rows = enumerate(made.problems)
    kept = (replace(each, strata={"level": f"{row % 5 + 1}"}, n_solutions=4) for row, each in rows)
    return replace(made, problems=tuple(kept))


class Maker:
    """Makes the runs of one model, each with a seed of its own."""

    def __init__(self, runs: Path, model: str, problem_set: ProblemSet) -> None:
        self.runs, self.model, self.problem_set = runs, model, problem_set
        self._seeds = count(1 + 100 * list(POWERS).index(model))
        self.long = replace(scripted(problem_set, POWERS[model]), n_wrong=WRONG)
        self.short = replace(self.long, reasoning_chars=0)

    def draw(self, path: Path, engine: Engine, n: int, t: float = 1.0, template: str = "", **more: str) -> None:
        spec = SamplingSpec(seed=next(self._seeds), temperature=t, top_p=1.0, template=template)
        rule = DrawRule(n_max=n, stop_at=None)
        sample_run(path, self.problem_set, Made(engine, told(self.model) | more), spec, rule, ExactMatch())
        say(f"{path.name}: made, bytes", f"{size(path):,}")


def make(runs: Path, problem_set: ProblemSet, n: int) -> None:
    """Make every run that the analysis reads; what is there already stays."""
    for model in POWERS:
        maker = Maker(runs, model, problem_set)
        maker.draw(runs / model, maker.long, n)
        verify_run(runs / model, SecondMatch())
        maker.draw(runs / f"{model}-direct", maker.short, min(n, DIRECT_N), template="direct")
        for temperature in TEMPERATURES:
            maker.draw(grid_folder(runs, model, temperature, 1.0), maker.short, min(n, GRID_N), temperature)
        if model == "base":
            maker.draw(power_folder(runs, ALPHA), maker.short, min(n, GRID_N), power_alpha=f"{ALPHA:g}")
    for model in POWERS:
        for scorer in POWERS:
            score_run(runs / model, MadeScorer(scorer))
            say(f"{model}: scored under {scorer}, samples a problem", FIRST)


def asked_of(folder: Path) -> tuple[Asked, GuardInput]:
    """Open, count and compare both runs: what every part begins with."""
    base, rl = (open_run(folder / "runs" / model) for model in POWERS)
    base_direct, rl_direct = (open_run(folder / "runs" / f"{model}-direct") for model in POWERS)
    base_counts = base.counts()
    rl_counts = in_order_of(base_counts, rl.counts())
    return Asked(base, rl, base_counts, rl_counts, compare(base_counts, rl_counts)), GuardInput(base_direct, rl_direct)


def read_texts(base: Run, rl: Run) -> int:
    """Every text of both runs once, part by part: what no analysis that reads the texts can do without."""
    return sum(int(frame["text"].str.len_bytes().sum()) for run in (base, rl) for frame in run.texts_of(parts_of(run)))


def parts_of(run: Run) -> list[Place]:
    return [run.path / "samples" / name for name in names(run.path / "samples") if name.endswith(".parquet")]


def made_part(name: str, asked: Asked, given: GuardInput, folder: Path) -> object:
    return PARTS[name](asked)


Piece = Callable[[Asked, GuardInput, Path], object]
PIECES: dict[str, Piece] = {
    "texts of both runs, read once": lambda asked, given, folder: read_texts(asked.base, asked.rl),
    "compare": lambda asked, given, folder: compare(asked.base_counts, asked.rl_counts),
    "counts of both runs": lambda asked, given, folder: [run.counts() for run in (asked.base, asked.rl)],
    "health of both runs": lambda asked, given, folder: [run_health(run) for run in (asked.base, asked.rl)],
    "extrapolation": lambda asked, given, folder: extrapolate(asked.base_counts, asked.rl_counts),
    "profile": lambda asked, given, folder: profile(asked.base, asked.rl),
    "paths": lambda asked, given, folder: path_coverage(asked.base, asked.rl),
    "guards": lambda asked, given, folder: guards(
        asked.base_counts, asked.rl_counts, asked.comparison, guesses_of(asked.base, asked.rl, given), given
    ),
    "verdict of the second verifier": lambda asked, given, folder: other_verifiers(
        asked.base, asked.rl, asked.comparison
    ),
    "audit by the second verifier": lambda asked, given, folder: second_opinion(asked.base, asked.rl, SecondMatch.name),
    "examples": lambda asked, given, folder: examples(
        asked.base, asked.rl, list(asked.base_counts.problem_ids)[:MOST_PROBLEMS]
    ),
    **{name: partial(made_part, name) for name in PARTS},
    "report, from analysis.json": lambda asked, given, folder: report_study(folder / "study"),
}


def make_piece(name: str, folder: Path) -> None:
    """Make one piece in this process and print what it took, as JSON."""
    asked, given = asked_of(folder)
    before = peak_mib()
    took = time_of(lambda: PIECES[name](asked, given, folder))
    print(json.dumps([took.cpu, took.wall, before, peak_mib()]))


def measured(command: list[str]) -> tuple[Spent, float, str]:
    """Run a command in a process of its own: what it spent, its largest memory in MiB, and what it printed."""
    start = perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    printed = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    wall, child.returncode = perf_counter() - start, os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {child.returncode}\n{printed}")
    return Spent(used.ru_utime + used.ru_stime, wall), used.ru_maxrss / 1024, printed


def analyze_command(folder: Path) -> list[str]:
    runs = folder / "runs"
    flags = {
        "--base": runs / "base",
        "--rl": runs / "rl",
        "--out": folder / "study",
        "--base-direct": runs / "base-direct",
        "--rl-direct": runs / "rl-direct",
        "--second-verifier": SecondMatch.name,
    }
    words = [str(word) for pair in flags.items() for word in pair]
    return [
        sys.executable,
        "-c",
        "import sys; from beyondbase.cli.main import main; sys.exit(main())",
        "analyze",
        *words,
    ]


def measure(folder: Path, problems: int, samples: int, pieces: Sequence[str]) -> None:
    """Make the runs, analyse them, and time the pieces, each in a process of its own."""
    # Not in this process: a child's largest memory is told as no less than that of the process it was started by.
    this = [sys.executable, __file__, "--folder", str(folder), "--piece"]
    print(measured([*this, MAKE, "--problems", str(problems), "--samples", str(samples)])[2], end="")
    whole, memory, _ = measured(analyze_command(folder))
    say("beyondbase analyze, whole", whole)
    say("beyondbase analyze, largest memory", f"{memory:7.0f} MiB")
    say("parts that it could not make", json.loads((folder / "study" / "analysis.json").read_text())["not_made"])
    unit = 0.0
    for piece in pieces:
        cpu, wall, before, peak = json.loads(measured([*this, piece])[2])
        unit = unit or cpu
        say(piece, f"{Spent(cpu, wall)}, {cpu / unit:6.2f} of the first, {peak:6.0f} MiB, {before:.0f} before")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--samples", type=int, default=1024)
    parser.add_argument("--folder", type=Path, help="where the runs are made, and used again; default: one that goes")
    parser.add_argument("--only", nargs="*", default=list(PIECES), help="pieces that are timed")
    parser.add_argument("--piece", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.piece == MAKE:
        make(args.folder / "runs", asked_problems(args.problems), args.samples)
    elif args.piece:
        make_piece(args.piece, args.folder)
    else:
        with tempfile.TemporaryDirectory() as name:
            measure(args.folder or Path(name), args.problems, args.samples, args.only)


if __name__ == "__main__":
    main()
