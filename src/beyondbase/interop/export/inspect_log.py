"""A run as a log of Inspect, `.json`: what `inspect view` shows and `read_eval_log` reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from beyondbase.durable import writing
from beyondbase.errors import BadInput
from beyondbase.interop.export.inspect_sample import LoggedSample, sample_object, target_of
from beyondbase.interop.export.table import ROWS_AT_ONCE, write_parquet
from beyondbase.problems.prompts import TEMPLATES
from beyondbase.store import Run, RunManifest
from beyondbase.store.counting import no_verdict
from beyondbase.store.row_folder import KEY
from beyondbase.types import Problem, SamplingSpec, Verdict

_ASKED = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "stop": "stop_seqs",
    "system": "system_message",
}
"""a field of SamplingSpec -> its name in Inspect; Inspect's seed is that of every request, which ours is not"""
_LOG_VERSION = 2


def write_inspect_log(run: Run, path: Path) -> Path:
    """Write every sample with its verdict, an epoch each: sample_index 0 is epoch 1. Returns the path.

    C is correct, I wrong or cut, N no answer; a verifier that failed is a value of NaN, and what has no verdict has no
    score: to Inspect both are unscored. Requests that failed are left out. A few thousand samples are in memory at a
    time; Inspect itself holds a `.json` log as a whole. Raises BadInput for another ending than .json, StoreError where
    the file cannot be written.
    """
    if path.suffix != ".json":
        raise BadInput(f"{path}: expected a name that ends with .json, by which Inspect knows the form; rename it")
    with writing(path), TemporaryDirectory(dir=path.parent, prefix=".inspect-") as folder:
        rows = Path(folder) / "rows.parquet"
        write_parquet(_rows(run), rows)
        whole = Path(folder) / path.name
        with open(whole, "w", encoding="utf-8") as file:
            for piece in _pieces(run, rows):
                file.write(piece)
        os.replace(whole, path)
    return path


def _rows(run: Run) -> pl.LazyFrame:
    samples = run.samples().select(*KEY, "text", "reasoning", "finish", "n_tokens")
    judged = run.verdicts().select(*KEY, "verdict", "answer", "detail")
    return samples.join(judged, on=KEY, how="left", maintain_order="left")


def _pieces(run: Run, rows: Path) -> Iterator[str]:
    manifest, problems = run.manifest, {problem.problem_id: problem for problem in run.problems()}
    states = run.states()
    head = json.dumps(_header(manifest, list(problems.values()), states), ensure_ascii=False, allow_nan=True)
    yield head.removesuffix("}") + ', "samples": ['
    template = manifest.engine.get("template_text") or TEMPLATES.get(str(manifest.told("template")), "{question}")
    targets = {name: target_of(problem) for name, problem in problems.items()}
    between = "\n"
    for batch in pq.ParquetFile(rows).iter_batches(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            problem = problems[row["problem_id"]]
            prompt = template.replace("{question}", problem.question)
            logged = LoggedSample(problem, prompt, targets[problem.problem_id], manifest.model, manifest.verifier)
            yield between + json.dumps(sample_object(logged, row), ensure_ascii=False, allow_nan=True)
            between = ",\n"
    yield "\n]}\n"


def _header(manifest: RunManifest, problems: list[Problem], states: pl.DataFrame) -> dict[str, Any]:
    epochs = int(states["sample_index"].max() or 0) + 1 if states.height else 1  # type: ignore[arg-type]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    score = {
        "name": manifest.verifier,
        "scorer": manifest.verifier,
        "params": {},
        "metrics": _metrics(manifest, states),
    }
    return {
        "version": _LOG_VERSION,
        "status": "success",
        "eval": {
            "eval_id": manifest.run_id,
            "run_id": manifest.run_id,
            "created": now,
            "task": manifest.problem_set,
            "task_id": manifest.run_id,
            "dataset": {
                "name": manifest.problem_set,
                "samples": len(problems),
                "sample_ids": [problem.problem_id for problem in problems],
                "shuffled": False,
            },
            "model": manifest.model,
            "config": {"epochs": epochs},
            "packages": {"beyondbase": version("beyondbase")},
            "metadata": _metadata(manifest),
            "scorers": [{"name": manifest.verifier}],
        },
        "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {}}], "config": _config(manifest)},
        "results": {"total_samples": states.height, "completed_samples": states.height, "scores": [score]},
        "stats": {"started_at": now, "completed_at": now, "model_usage": {}},
    }


def _config(manifest: RunManifest) -> dict[str, object]:
    """The settings that are known, under Inspect's names."""
    told = {name: manifest.told(name) for name in (field.name for field in fields(SamplingSpec)) if name in _ASKED}
    told["top_k"] = -1 if told["top_k"] == "all" else told["top_k"]
    return {_ASKED[name]: value for name, value in told.items() if value not in (None, "", ())}


def _metadata(manifest: RunManifest) -> dict[str, object]:
    rule = manifest.rule
    about: dict[str, object] = {"n_max": rule.n_max, "problems_hash": manifest.problems_hash}
    if rule.stop_at is not None:
        about["stopped_at_success"] = rule.stop_at
        about["note"] = "a mean over samples is biased: problems were drawn until so many were correct"
    return about


def _metrics(manifest: RunManifest, states: pl.DataFrame) -> dict[str, Any]:
    """The mean over problems of their shares of correct samples; none where draws stopped at a success."""
    scored = states.filter(~no_verdict())
    if manifest.rule.stop_at is not None or not scored.height:
        return {}
    share = scored.group_by("problem_id").agg((pl.col("verdict") == Verdict.CORRECT.value).mean())["verdict"].mean()
    return {"accuracy": {"name": "accuracy", "value": share, "params": {}}}
