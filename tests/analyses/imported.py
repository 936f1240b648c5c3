"""Runs as an import makes them, written whole: what a log does not tell is missing in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from beyondbase.problems import ProblemSet
from beyondbase.store import Run, RunManifest
from beyondbase.store.bulk_writer import BulkWriter
from beyondbase.store.parts import SAMPLE_SCHEMA
from beyondbase.types import DrawRule, Origin, Problem, SamplingSpec

PROBLEMS = tuple(
    Problem(f"p{i}", f"question {i}", json.dumps({"answer": str(i)}), {"level": str(i % 2)}) for i in range(12)
)
NOTHING_TOLD = tuple(SamplingSpec.__dataclass_fields__)
_NO_SPEC = SamplingSpec()


@dataclass(frozen=True)
class Row:
    """One sample of a log."""

    problem_id: str
    index: int
    verdict: str | None
    """None: not scored; "failed": the request failed"""
    text: str | None = None
    finish: str = "unknown"
    n_tokens: int | None = None


def even(rates: Sequence[float], n: int, *, text: bool = False, **told: object) -> list[Row]:
    """n samples of each problem, of which this share is right, spread evenly."""
    rows = []
    for problem, rate in zip(PROBLEMS, rates, strict=False):
        for j in range(n):
            right = int((j + 1) * rate) > int(j * rate)
            said = f"sample {j}, so the answer: {problem.problem_id[1:] if right else -j}" if text else None
            rows.append(Row(problem.problem_id, j, "correct" if right else "wrong", said, **told))  # type: ignore[arg-type]
    return rows


def imported(
    path: Path,
    rows: Sequence[Row],
    *,
    problems: Sequence[Problem] = PROBLEMS,
    unknown: tuple[str, ...] = NOTHING_TOLD,
    spec: SamplingSpec = _NO_SPEC,
    verifier: str = "imported-acc",
    **changes: object,
) -> Run:
    """Write the rows as a run whose samples another program drew."""
    n_max = 1 + max(row.index for row in rows)
    manifest = RunManifest(
        model=path.name,
        problem_set="toy",
        problems_hash=ProblemSet("toy", tuple(problems)).hash,
        template_hash="" if "template" in unknown else "t0",
        spec=spec,
        rule=DrawRule(n_max, None, min(n_max, 16)),
        verifier=verifier,
        engine={"engine": "import", "format": "table", "files": "log.jsonl", "source": path.name},
        origin=Origin.IMPORTED,
        unknown=unknown,
    )
    with BulkWriter(path, path.name) as writer:
        samples: dict[str, list[object]] = {name: [] for name in SAMPLE_SCHEMA.names}
        for row in rows:
            failed = row.verdict == "failed"
            told = {"problem_id": row.problem_id, "sample_index": row.index, "text": row.text, "token_ids": []}
            told |= {
                "n_tokens": row.n_tokens,
                "finish": "error" if failed else row.finish,
                "error": "",
                "reasoning": "",
            }
            for name, values in samples.items():
                values.append(told.get(name))
        writer.append_samples(samples)
        scored = [row for row in rows if row.verdict not in (None, "failed")]
        writer.append_verdicts(
            "imported-acc",
            {
                "problem_id": [row.problem_id for row in scored],
                "sample_index": [row.index for row in scored],
                "verdict": [row.verdict for row in scored],
                "answer": [(row.text or "").rpartition(": ")[2] for row in scored],
                "detail": ["" for _ in scored],
            },
        )
        made = replace(manifest, **changes)  # type: ignore[arg-type]
        return writer.finish(made, problems, {"imported-acc": {"from": "the log"}})
