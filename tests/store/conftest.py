from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pytest

from beyondbase.store import Run, RunManifest, RunWriter
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest, SamplingSpec

PROBLEMS = (
    Problem("b", "2 + 2", '{"answer": 4}', {"level": "easy"}, 1),
    Problem("a", "2 + 3", '{"answer": 5}'),
)

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
