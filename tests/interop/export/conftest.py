from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest

from beyondbase.store import Run, RunManifest, RunWriter
from beyondbase.types import Completion, DrawRule, Finish, Problem, Prompt, SampleRequest, SamplingSpec

VERDICTS = {"c": "correct", "w": "wrong", "n": "no_answer", "t": "truncated", "e": "verifier_error"}
FIXED = DrawRule(n_max=0, stop_at=None)


def write_run(path: Path, rows: Mapping[str, str], rule: DrawRule = FIXED, model: str = "m") -> Run:
    """Write a run: problem -> a letter of VERDICTS for each sample, "-" for one without a verdict.

    A rule of n_max = 0 is one of as many samples as the first problem has.
    """
    n_max = rule.n_max or len(next(iter(rows.values())))
    manifest = RunManifest(
        model=model,
        problem_set="set | of <ours>",
        problems_hash="p0",
        template_hash="t0",
        spec=SamplingSpec(seed=7),
        rule=DrawRule(n_max, rule.stop_at, rule.n_first),
        verifier="exact-1",
        engine={"model": model, "weights_hash": model},
    )
    problems = [Problem(name, f"question {name}", '{"answer": "1"}') for name in rows]
    judged = []
    with RunWriter(path, manifest, problems) as writer:
        for name, letters in rows.items():
            for index, letter in enumerate(letters):
                finish = Finish.LENGTH if letter == "t" else Finish.EOS
                completion = Completion(f'"text", {index}\nof {name}', [index, 7], -1.5, 0.25, finish)
                writer.append_sample(SampleRequest(name, Prompt("prompt"), index, index), completion)
                judged.append((name, index, VERDICTS.get(letter, ""), "1" if letter == "c" else "", ""))
        frame = pl.DataFrame(
            judged, schema=["problem_id", "sample_index", "verdict", "answer", "detail"], orient="row"
        ).filter(pl.col("verdict") != "")
        writer.append_verdicts("exact-1", frame)
        return writer.run


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return write_run
