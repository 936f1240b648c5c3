from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.engine import Engine
from beyondbase.sampling.scripted import Faults, ScriptedEngine
from beyondbase.store import WHOLE, Run, RunManifest, RunWriter, Shard
from beyondbase.store.row_folder import KEY
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest, SamplingSpec
from beyondbase.verification.exact import ExactMatch

PROBLEMS = (
    Problem("b", "2 + 2", '{"answer": 4}', {"level": "easy"}, 1),
    Problem("a", "2 + 3", '{"answer": 5}'),
)
RULE = DrawRule(n_max=30, stop_at=3, n_first=8)

Rows = Iterable[tuple[str, int, str | None]]
"""(problem_id, sample_index, verdict; None: no verdict; "failed": a failed request)"""


@pytest.fixture
def problems() -> tuple[Problem, ...]:
    return PROBLEMS


@pytest.fixture
def manifest() -> RunManifest:
    return RunManifest(
        model="m",
        problem_set="two",
        problems_hash="p0",
        template_hash="t0",
        spec=SamplingSpec(),
        rule=DrawRule(n_max=4, stop_at=2, n_first=2),
        verifier="exact-1",
        engine={"model": "m", "weights_hash": "w0"},
    )


@pytest.fixture
def write(tmp_path: Path, manifest: RunManifest) -> Callable[..., Run]:
    """Write rows, one part a call, to the run tmp_path/"run"."""

    def write_rows(rows: Rows, manifest: RunManifest = manifest) -> Run:
        with RunWriter(tmp_path / "run", manifest, PROBLEMS) as writer:
            for problem_id, index, verdict in rows:
                failed = verdict == "failed"
                finish = Finish.ERROR if failed else Finish.EOS
                text = "" if failed else f"answer: {index}"
                completion = Completion(text, [index, 7], -1.5, 0.25, finish, "no reply" if failed else "")
                writer.append_sample(SampleRequest(problem_id, Prompt("prompt"), index, 100 + index), completion)
                if verdict is not None and not failed:
                    row = {"problem_id": problem_id, "sample_index": index, "verdict": verdict}
                    frame = pl.DataFrame([row | {"answer": str(index), "detail": ""}])
                    writer.append_verdicts(writer.run.manifest.verifier, frame)
        return writer.run

    return write_rows


@pytest.fixture
def finished(write: Callable[..., Run]) -> Run:
    """A finished run: b stops at its second success, a never succeeds."""
    rows: Rows = [("b", 0, "correct"), ("b", 1, "correct"), *(("a", index, "wrong") for index in range(4))]
    return write(rows)


Draw = Callable[..., Run]


def draw_run(
    path: str | Path,
    shard: Shard = WHOLE,
    rule: DrawRule = RULE,
    problems: Iterable[int] = range(6),
    engine: Callable[[ScriptedEngine], Engine] = lambda scripted: scripted,
) -> Run:
    scripted = ScriptedEngine(
        rates={f"p{i}": (i / 7) ** 3 for i in range(8)},
        answers={f"p{i}": f"answer: {i}" for i in range(8)},
        faults=Faults(no_answer=0.05, truncated=0.05, failed=0.1),
    )
    asked = tuple(Problem(f"p{i}", f"question {i}", f'{{"answer": {i}}}', {"third": str(i % 3)}) for i in problems)
    spec = SamplingSpec(seed=3)
    return sample_run(path, ProblemSet("some", asked), engine(scripted), spec, rule, ExactMatch(), shard=shard)


def contents_of(run: Run) -> dict[str, list[Any]]:
    counts = run.counts()
    return {
        "samples": run.samples().sort(KEY).collect().rows(),
        "verdicts": run.verdicts().sort(KEY).collect().rows(),
        "counted": run.counted().sort(KEY).rows(),
        "counts": sorted(zip(counts.problem_ids, counts.n_P, counts.c_P, strict=True)),
    }


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Make or resume a run of scripted problems p0, p1, ... whose rates go from never to always."""
    return draw_run


@pytest.fixture(scope="session")
def contents() -> Callable[[Run], dict[str, list[Any]]]:
    """Say all that a run holds, in an order of its own: two runs are the same if this is."""
    return contents_of


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What `draw` makes if nothing happens; not to be touched."""
    return draw_run(tmp_path_factory.mktemp("undisturbed") / "run")


@pytest.fixture(scope="session")
def whole(undisturbed: Run) -> dict[str, list[Any]]:
    """What is in it."""
    return contents_of(undisturbed)
