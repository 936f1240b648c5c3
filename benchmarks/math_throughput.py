"""Verifying 1,024 samples of each of 100 math problems: the Judge with MathVerifier against a plain loop.

    python benchmarks/math_throughput.py DATA.jsonl [--problems 100] [--samples 1024] [--share 1500]

DATA.jsonl has rows with "answer", such as math500. Each sample is a text of its own of about 2,000 characters that
ends in a box: the gold answer, spelt in several ways, at the problem's rate (Beta(0.5, 0.5)); else a wrong answer
(changed gold answers and those of other problems), drawn by Zipf's law from 60: few are frequent, many are rare.
The loop is math_verify.parse and verify, the gold answer parsed once a problem, on a stated number of random
samples, scaled to all: on the same extracted answers, and on the full texts. Reported: seconds of CPU (the workers'
included) and by the clock, their ratios, verdicts that differ on the share, how many answers needed algebra, and
the peak of memory of this process after a quarter of the rows and after all.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
from math_verify import LatexExtractionConfig, parse, verify

from beyondbase.types import Problem
from beyondbase.verification.math.extract import last_box
from beyondbase.verification.math.gold import perturbed
from beyondbase.verification.math.verifier import MathVerifier
from beyondbase.verification.runner import Judge

STEP = r"Then we have \( x_{%d} = \frac{%d}{%d} \), so that the sum of the terms is %d. "
LOOP_READS = [LatexExtractionConfig(try_extract_without_anchor=False, boxed_match_priority=0)]


def problems_of(path: Path, n: int) -> list[Problem]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    chosen = random.Random(0).sample(rows, n)
    return [Problem(f"p{i:04}", "", json.dumps({"answer": row["answer"]})) for i, row in enumerate(chosen)]


def gold(problem: Problem) -> str:
    return str(json.loads(problem.reference)["answer"])


def frame_of(problem: Problem, others: list[str], n: int) -> pl.DataFrame:
    draw = random.Random(problem.problem_id)
    rate, right = draw.betavariate(0.5, 0.5), gold(problem)
    rights = [right, right, right, right.replace(r"\frac", r"\dfrac"), f" {right} ", right.replace(",", ", ")]
    wrongs = [perturbed(right), *(perturbed(other) for other in draw.sample(others, 29)), *draw.sample(others, 30)]
    weights = [1 / (1 + rank) for rank in range(len(wrongs))]
    texts = []
    for _ in range(n):
        answer = draw.choice(rights) if draw.random() < rate else draw.choices(wrongs, weights)[0]
        steps = (STEP % (i, draw.randrange(99), draw.randrange(1, 99), draw.randrange(9999)) for i in range(25))
        texts.append("".join(steps) + f"\nThe answer is $\\boxed{{{answer}}}$.")
    columns = {"problem_id": [problem.problem_id] * n, "sample_index": list(range(n)), "text": texts}
    return pl.DataFrame(columns | {"finish": ["eos"] * n})


def cpu_of_children() -> float:
    """CPU seconds of all descendants, ended ones included where their parent took note."""
    rows = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        rows[int(folder.name)] = int(fields[1]), sum(int(ticks) for ticks in fields[11:15])
    found = {os.getpid()}
    while more := {pid for pid, (parent, _) in rows.items() if parent in found} - found:
        found |= more
    return sum(rows[pid][1] for pid in found - {os.getpid()}) / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    clock, cpu, others = time.perf_counter(), time.process_time(), cpu_of_children()
    result = work()
    used = time.process_time() - cpu + cpu_of_children() - others
    return result, used, time.perf_counter() - clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    for flag, default in (("--problems", 100), ("--samples", 1024), ("--share", 1500)):
        parser.add_argument(flag, type=int, default=default)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    problems = problems_of(options.data, options.problems)
    golds = [gold(problem) for problem in problems]
    rows = options.problems * options.samples
    making = timed(lambda: [frame_of(problem, golds, options.samples).height for problem in problems])
    peaks: list[int] = []
    verifier = MathVerifier()

    def frames() -> Iterator[pl.DataFrame]:
        for i, problem in enumerate(problems):
            if i == len(problems) // 4:
                peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            yield frame_of(problem, golds, options.samples)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    def judge() -> dict[tuple[str, int], str]:
        told = Judge(verifier, problems).rows(frames())
        return {(i, index): verdict for f in told for i, index, verdict, _, _ in f.iter_rows()}

    verdicts, cpu, clock = timed(judge)
    cpu, clock = cpu - making[1], clock - making[2]
    print(f"{rows:,} rows: MathVerifier {cpu:.1f} s of CPU, {clock:.1f} s by the clock (making the texts taken off)")
    print(f"memory: {peaks[0] / 1024:.0f} MiB after a quarter of the rows, {peaks[1] / 1024:.0f} MiB after all")
    chosen = random.Random(1).sample(sorted(verdicts), options.share)
    wanted: dict[str, list[int]] = {}
    for problem_id, index in chosen:
        wanted.setdefault(problem_id, []).append(index)
    picked = []
    for problem in problems:
        texts = frame_of(problem, golds, options.samples)["text"]
        picked += [(problem, index, texts[index]) for index in wanted.get(problem.problem_id, [])]
    read_golds = {p.problem_id: parse(f"\\boxed{{{gold(p)}}}", LOOP_READS) for p in problems}

    def loop(full: bool) -> list[bool]:
        read = [parse(t) if full else parse(f"\\boxed{{{last_box(t).answer}}}", LOOP_READS) for _, _, t in picked]
        return [verify(read_golds[p.problem_id], r) for (p, _, _), r in zip(picked, read, strict=True)]

    scale = rows / options.share
    for what, full in (("the extracted answers", False), ("the full texts", True)):
        said, its_cpu, its_clock = timed(lambda full=full: loop(full))
        its_cpu, its_clock = its_cpu * scale, its_clock * scale
        print(
            f"loop on {what} ({options.share:,} samples scaled by {scale:.0f}): {its_cpu:.0f} s of CPU, "
            f"{its_clock:.0f} s by the clock: {its_cpu / cpu:.0f} and {its_clock / clock:.0f} times MathVerifier's"
        )
        pairs = [(p, t, yes, verdicts[p.problem_id, i]) for (p, i, t), yes in zip(picked, said, strict=True)]
        differ = {(gold(p), last_box(t).answer, yes, v) for p, t, yes, v in pairs if yes != (v == "correct")}
        print(f"  {sum(yes != (v == 'correct') for _, _, yes, v in pairs)} samples with another verdict")
        for right, answer, yes, verdict in sorted(differ)[:20]:
            print(f"    gold {right!r}, answer {answer!r}: loop {yes}, MathVerifier {verdict}")


if __name__ == "__main__":
    main()
