"""What clusters do to a run: an engine that can be told to misbehave, and a hand that takes processes away."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import ray

from beyondbase.integrations.ray.fleet import RayFleet
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.options import RayOptions
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store import Run
from beyondbase.types import Completion, DrawRule, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

PROBLEMS = tuple(Problem(f"p{i}", f"{i} + 1", json.dumps({"answer": i + 1})) for i in range(16))
SET = ProblemSet("sums", PROBLEMS)
RULE = DrawRule(n_max=60, stop_at=4, n_first=16)


@dataclass(slots=True)
class FaultyEngine:
    """A scripted engine that hangs once where it is told to, and dies of what is poison to it."""

    latency_s: float = 0.003
    poison: frozenset[str] = frozenset()
    """problems that end the process"""
    hang_file: str = ""
    """the first process that makes this file hangs in the middle of a lease"""
    failed: float = 0.0
    """share of requests that fail once in each process: where processes end, one may come to fail three times"""
    _inner: ScriptedEngine = field(init=False)

    def __post_init__(self) -> None:
        answers = {p.problem_id: str(json.loads(p.reference)["answer"]) for p in PROBLEMS}
        rates = {p.problem_id: (i % 4) / 10 for i, p in enumerate(PROBLEMS)}
        self._inner = ScriptedEngine(rates, answers, faults=Faults(failed=self.failed), latency_s=self.latency_s)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return self._inner.settings(spec, prompts)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for count, (request, completion) in enumerate(self._inner.generate(requests, spec)):
            if request.problem_id in self.poison:
                os._exit(1)
            if self.hang_file and count == 5 and _first(self.hang_file):
                time.sleep(3600)
            yield request, completion


def _first(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def draw(path: Path, make: Callable[[], FaultyEngine], options: RayOptions, on: str) -> Run:
    """Draw a run by a fleet of its own."""
    fleet = RayFleet(make, options, on)
    return sample_run(path, SET, fleet, SamplingSpec(), RULE, ExactMatch())


def draw_here(path: Path) -> Run:
    return sample_run(path, SET, FaultyEngine(latency_s=0, failed=0.05), SamplingSpec(), RULE, ExactMatch())


def rows(run: Run) -> pl.DataFrame:
    """Everything a run holds but the order of its rows and of its parts."""
    key = ["problem_id", "sample_index"]
    samples, verdicts = run.samples().collect(), run.verdicts().collect()
    assert not samples.select(key).is_duplicated().any()
    return samples.join(verdicts, on=key, how="full", coalesce=True).sort(key)


def processes(kind: str) -> list[int]:
    """Numbers of the processes of this cluster that run an actor's class, such as Replica."""
    session = ray._private.worker._global_node.get_session_dir_path()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _command(folder).startswith(f"ray::{kind}"):
            with suppress(OSError):
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                if session in _command(Path("/proc", parent)):
                    found.append(int(folder.name))
    return found


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def kill_one(kind: str, rng: random.Random) -> bool:
    """End one such process, whichever."""
    there = processes(kind)
    if there:
        os.kill(rng.choice(there), signal.SIGKILL)
    return bool(there)


def wait_for(there: Callable[[], Any], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)
