"""Two models sampled, verified and compared at full size: memory, time and room that everything but the models takes.

    OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 python benchmarks/store_full_size.py [--problems 500] [--samples 1024]

A scripted engine makes answers of about 2,000 characters and 550 tokens, as varied as written solutions of maths
problems are (sampling/filler.py); its time and the verifier's are taken out and told. Times are of the CPU, user and
system, of the whole process, with the time of the clock beside them, in which waiting for the disk and for other work
on the machine stand too. Memory is the process's largest so far. JSON lines hold the same fields of the same rows.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time, thread_time

import pyarrow as pa

from beyondbase.pipeline import analyze_runs, sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.filler import reasoning
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Run, open_run
from beyondbase.store.audit import audit_pair
from beyondbase.types import Completion, DrawRule, Judgement, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

CHARS = 2_000
ENGINE_S = 600
"""seconds of the engine that the overhead is a share of: far less than 512,000 such answers take on any machine"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the CPU, and of the clock."""

    cpu: float
    wall: float

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.cpu - other.cpu, self.wall - other.wall)

    def __str__(self) -> str:
        return f"{self.cpu:7.2f} s of CPU, {self.wall:7.2f} s by the clock"


class Stopwatch:
    """Adds up what is spent inside of calls in one thread."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def __enter__(self) -> None:
        self._start = thread_time(), perf_counter()

    def __exit__(self, *_: object) -> None:
        self.cpu += thread_time() - self._start[0]
        self.wall += perf_counter() - self._start[1]

    @property
    def spent(self) -> Spent:
        return Spent(self.cpu, self.wall)


class TimedEngine:
    """An engine whose own time is known."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.inside = engine, Stopwatch()

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return self.engine.settings(spec, prompts)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        replies = iter(self.engine.generate(requests, spec))
        while True:
            with self.inside:
                reply = next(replies, None)
            if reply is None:
                return
            yield reply


class TimedMatch(ExactMatch):
    """A verifier whose own time is known."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = Stopwatch()

    def verify(self, problem: Problem, text: str) -> Judgement:
        with self.inside:
            return super().verify(problem, text)


class FirstRequest(Exception):
    """The engine was asked."""


class AskedEngine(TimedEngine):
    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        raise FirstRequest


def time_of(act: Callable[[], object]) -> Spent:
    start = Spent(process_time(), perf_counter())
    act()
    return Spent(process_time(), perf_counter()) - start


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def say(what: str, value: object) -> None:
    print(f"{what:58s} {value}", flush=True)


def compare_with_json_lines(run: Run, n: int, rows: int) -> None:
    """Write and read the first `rows` samples, each with its verdict, as JSON lines; say what n of them would take."""
    verdicts = run.verdicts().select("verdict", "answer", "detail")
    frames = [frame.head(rows).collect().to_dicts() for frame in (run.samples(), verdicts)]
    lines: list[str] = []
    writing = time_of(lambda: lines.extend(json.dumps(one | two) for one, two in zip(*frames, strict=True)))
    reading = time_of(lambda: [json.loads(line) for line in lines])
    line, stored = sum(map(len, lines)) / rows + 1, size(Path(str(run.path))) / n
    say("JSON lines of a run would take to write, in memory", f"{writing.cpu * n / rows:7.2f} s of CPU")
    say("JSON lines of a run would take to read, in memory", f"{reading.cpu * n / rows:7.2f} s of CPU")
    say("bytes a sample and verdict: JSON lines, store, ratio", f"{line:.0f} / {stored:.0f} = {line / stored:.2f}")


def made_problems(count: int) -> ProblemSet:
    ids = [f"made/{i}" for i in range(count)]
    problems = (Problem(i, reasoning(row, 200).text, json.dumps({"answer": row})) for row, i in enumerate(ids))
    return ProblemSet("made", tuple(problems))


def scripted(problem_set: ProblemSet, power: float) -> ScriptedEngine:
    rng = random.Random(0)
    rates = {problem.problem_id: rng.random() ** power for problem in problem_set}
    answers = {problem.problem_id: f"answer: {row}" for row, problem in enumerate(problem_set)}
    return ScriptedEngine(rates, answers, reasoning_chars=CHARS)


def draw(path: Path, problem_set: ProblemSet, power: float, seed: int, rule: DrawRule) -> Spent:
    """Sample and verify one model; return what all but its engine and its verifier spent."""
    engine, verifier = TimedEngine(scripted(problem_set, power)), TimedMatch()
    whole = time_of(lambda: sample_run(path, problem_set, engine, SamplingSpec(seed=seed), rule, verifier))
    around = whole - engine.inside.spent - verifier.inside.spent
    n = len(problem_set) * rule.n_max
    say(f"{path.name}: {n:,} samples, engine", engine.inside.spent)
    say(f"{path.name}: verifier", verifier.inside.spent)
    say(f"{path.name}: all the rest", around)
    say(
        f"{path.name}: that is, of {ENGINE_S} s of an engine",
        f"{around.cpu / ENGINE_S:.1%} CPU, {around.wall / ENGINE_S:.1%} clock",
    )
    say(f"{path.name}: largest memory so far", f"{peak_mib():7.0f} MiB")
    return around


def resume(path: Path, problem_set: ProblemSet, power: float, seed: int, rule: DrawRule) -> Spent:
    """Time from the call to the first request of a resumed run, or to the end if nothing is owed."""
    engine = AskedEngine(scripted(problem_set, power))

    def act() -> None:
        with suppress(FirstRequest):
            sample_run(path, problem_set, engine, SamplingSpec(seed=seed), rule, ExactMatch())

    return time_of(act)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--samples", type=int, default=1024)
    args = parser.parse_args()
    problem_set = made_problems(args.problems)
    rule = DrawRule(n_max=args.samples, stop_at=None)
    text = "".join(reasoning(seed, CHARS).text for seed in range(500)).encode()
    packed = pa.Codec("zstd", compression_level=1).compress(text)
    say("a made text over its size under zstd, 500 together", f"{len(text) / len(packed):7.2f}")
    say("memory before the first run", f"{peak_mib():7.0f} MiB")
    with tempfile.TemporaryDirectory() as name:
        base, rl = Path(name) / "base", Path(name) / "rl"
        draw(base, problem_set, 4.0, 1, rule)
        draw(rl, problem_set, 2.0, 2, rule)
        say("counts of one run, from opening it", time_of(lambda: open_run(base).counts()))
        say("resumed: until nothing is owed", resume(base, problem_set, 4.0, 1, rule))
        say("audit of one run", time_of(lambda: open_run(base).audit()))
        say("audit of both", time_of(lambda: audit_pair(open_run(base), open_run(rl))))
        say("largest memory so far", f"{peak_mib():7.0f} MiB")
        say("analysis of both models", time_of(lambda: analyze_runs(base, rl, Path(name) / "study")))
        more = replace(rule, n_max=rule.n_max + 16)
        say("resumed with a larger n: until the first request", resume(rl, problem_set, 2.0, 2, more))
        say("largest memory of all this", f"{peak_mib():7.0f} MiB")
        n = len(problem_set) * rule.n_max
        compare_with_json_lines(open_run(base), n, min(n, 10_000))


if __name__ == "__main__":
    main()
