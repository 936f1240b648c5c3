"""What the run store costs a sample, and how it compares with JSON lines on the same rows.

    python benchmarks/store_overhead.py [--problems 400] [--samples 1000] [--runs 3]

The rows are Countdown traces of about 60 characters. Both sides write every field of a sample, sync the file, and
count from what is on disk. Times are of the CPU, user and system, the least of the runs, so that other work on the
machine does not show; waiting for the disk is not in them. Ratios are JSON lines over the store.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import process_time

from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.problems.countdown import random_trace
from beyondbase.sampling.plan import Plan
from beyondbase.store import RunManifest, RunWriter, open_run
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

Reply = tuple[SampleRequest, Completion]
SPEC = SamplingSpec()


class ReadyEngine:
    """Returns completions that were made beforehand, so that only what is around an engine is timed."""

    def __init__(self, ready: dict[tuple[str, int], Completion]) -> None:
        self.ready = ready

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {"model": "ready"}

    def generate(self, requests: Sequence[SampleRequest], spec: SamplingSpec) -> Iterator[Reply]:
        ready = self.ready
        for request in requests:
            yield request, ready[request.problem_id, request.sample_index]


def make_rows(problems: int, samples: int) -> tuple[ProblemSet, dict[tuple[str, int], Completion]]:
    rng = random.Random(0)
    ids = [f"problem {i}" for i in range(problems)]
    problem_set = ProblemSet("made", tuple(Problem(i, i, json.dumps({"answer": f"{i} is right"})) for i in ids))
    ready = {}
    for problem_id in ids:
        for index in range(samples):
            text = f"{problem_id} is right" if rng.random() < 0.1 else " , ".join(random_trace(rng)[1])
            tokens = [rng.randrange(1000) for _ in range(24)]
            ready[problem_id, index] = Completion(text, tokens, -20 * rng.random(), rng.random(), Finish.EOS)
    return problem_set, ready


def write_store(path: Path, problem_set: ProblemSet, rows: list[Reply], rule: DrawRule) -> None:
    manifest = RunManifest(
        model="ready",
        problem_set=problem_set.name,
        problems_hash=problem_set.hash,
        template_hash="",
        spec=SPEC,
        rule=rule,
        verifier="exact-1",
        engine={"model": "ready"},
    )
    with RunWriter(path, manifest, problem_set.problems) as writer:
        for request, completion in rows:
            writer.append_sample(request, completion)


def write_json_lines(path: Path, rows: list[Reply]) -> None:
    with path.open("w") as file:
        for request, completion in rows:
            row = {
                "problem_id": request.problem_id,
                "sample_index": request.sample_index,
                "seed": request.seed,
                "text": completion.text,
                "token_ids": completion.token_ids,
                "logprob_sum": completion.logprob_sum,
                "entropy_mean": completion.entropy_mean,
                "n_tokens": len(completion.token_ids),
                "finish": completion.finish,
                "error": completion.error,
            }
            file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_json_lines(path: Path) -> dict[str, list[int]]:
    """The least a counter must read: how many samples each problem has."""
    seen = defaultdict[str, list[int]](list)
    with path.open() as file:
        for line in file:
            row = json.loads(line)
            seen[row["problem_id"]].append(row["sample_index"])
    return seen


def fastest(runs: int, act: Callable[[int], object]) -> float:
    times = []
    for run in range(runs):
        start = process_time()
        act(run)
        times.append(process_time() - start)
    return min(times)


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    problem_set, ready = make_rows(args.problems, args.samples)
    rule = DrawRule(n_max=args.samples, stop_at=None)
    n = len(ready)
    # The ready completions stand for an engine's; the collector's passes over them are no cost of the store.
    gc.freeze()

    def plan(_: int) -> list[Reply]:
        planner = Plan({p.problem_id: p.question for p in problem_set}, rule, SPEC.seed)
        rows: list[Reply] = []
        while owed := planner.next_round():
            rows += [(request, ready[request.problem_id, request.sample_index]) for request in owed]
            planner.record((request.problem_id, request.sample_index, "wrong") for request in owed)
        return rows

    rows = plan(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pipeline = fastest(
            args.runs,
            lambda run: sample_run(folder / f"run{run}", problem_set, ReadyEngine(ready), SPEC, rule, ExactMatch()),
        )
        run = open_run(folder / "run0")
        timed = {
            "plan": fastest(args.runs, plan),
            "write samples": fastest(args.runs, lambda i: write_store(folder / f"store{i}", problem_set, rows, rule)),
            "counts": fastest(args.runs, lambda _: run.counts()),
            "whole pipeline: plan, write, verify": pipeline,
        }
        json_write = fastest(args.runs, lambda i: write_json_lines(folder / f"rows{i}.jsonl", rows))
        json_read = fastest(args.runs, lambda i: read_json_lines(folder / f"rows{i}.jsonl"))
        bytes_store, bytes_json = size(folder / "store0"), size(folder / "rows0.jsonl")
    print(f"{n} rows, {args.runs} runs")
    for name, seconds in timed.items():
        print(f"{seconds / n * 1e6:8.2f} us of CPU a row  {name}")
    print("JSON lines over the store, the same rows:")
    print(f"{json_write / timed['write samples']:8.2f} x the CPU seconds to write")
    print(f"{json_read / timed['counts']:8.2f} x the CPU seconds to read what a count needs")
    print(f"{bytes_json / bytes_store:8.2f} x the bytes ({bytes_json / n:.0f} and {bytes_store / n:.0f} a row)")


if __name__ == "__main__":
    main()
