"""A folder that the Hugging Face hub takes as a data set: Parquet files, and a card that says what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import polars as pl

from beyondbase.interop.export.table import about_samples, samples_table, write_parquet
from beyondbase.store import Run, RunManifest
from beyondbase.types import Origin, SamplingSpec

FIELDS = {
    "problem_id": "problem, as in the configuration `problems`",
    "sample_index": "number of the sample among those of its problem, from 0",
    "verdict": "correct, wrong, no_answer, truncated, or verifier_error (missing, not wrong); null: none",
    "correct": "1 or 0; null: not scored, or the verifier failed",
    "answer": "what the verifier read as the answer",
    "finish": "why the completion ended: eos, stop, length; unknown: not told",
    "n_tokens": "tokens of the completion; null: not told",
    "counted": "false: not scored, or drawn past the stop of its problem, and in no estimate",
    "text": "the completion",
}
_SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B")
_WIDEST = 200
"""characters of a setting in the card"""


def write_data_set(runs: Mapping[str, Run], folder: Path) -> list[str]:
    """Write FOLDER/README.md and FOLDER/data/*.parquet, a configuration a run, which `load_dataset(FOLDER)` reads.

    Requests that failed are left out. Returns what a reader must know.
    """
    (folder / "data").mkdir(parents=True)
    for name, run in runs.items():
        write_parquet(samples_table(run, texts=True), folder / "data" / f"{name}.parquet")
    _problems(runs).write_parquet(folder / "data" / "problems.parquet")
    (folder / "README.md").write_text(card(runs), encoding="utf-8")
    return [f"{name}: {line}" for name, run in runs.items() for line in about_samples(run)] + [
        "the card states no licence: say in its header which one, with regard to that of the problems and the models"
    ]


def card(runs: Mapping[str, Run]) -> str:
    """The card: a header that names the files, what the fields are, and how the samples were drawn."""
    first = next(iter(runs.values())).manifest
    models = ", ".join(dict.fromkeys(run.manifest.model for run in runs.values()))
    return "\n".join(
        [
            *_header(runs, f"Samples of {models} on {first.problem_set}"),
            f"# {_line(f'Samples of {models} on {first.problem_set}')}",
            "",
            "Every sample with its verdict, as the program beyondbase keeps them. The licence is not stated here: "
            "whoever publishes this adds `license:` to the header, with regard to those of problems and models.",
            "",
            *(line for name, run in runs.items() for line in _counts(name, run)),
            "## Fields",
            "",
            *_table(["field", "meaning"], [[f"`{name}`", meaning] for name, meaning in FIELDS.items()]),
            "## How the samples were drawn",
            "",
            *_settings({name: run.manifest for name, run in runs.items()}),
        ]
    )


def _header(runs: Mapping[str, Run], title: str) -> list[str]:
    total = sum(run.n_drawn() for run in runs.values())
    size = next((i for i in range(len(_SIZES)) if total < 10 ** (i + 3)), len(_SIZES))
    between = (
        f"n<{_SIZES[0]}" if size == 0 else f"{_SIZES[size - 1]}<n<{_SIZES[size]}" if size < len(_SIZES) else "n>1B"
    )
    lines = ["---", f"pretty_name: {json.dumps(_line(title))}", "size_categories:", f"- {between}", "configs:"]
    for number, name in enumerate([*runs, "problems"]):
        lines += [
            f"- config_name: {name}",
            f"  data_files: data/{name}.parquet",
            *(["  default: true"] * (number == 0)),
        ]
    return [*lines, "---", ""]


def _counts(name: str, run: Run) -> list[str]:
    verdicts = run.states().group_by("verdict").len().sort("verdict", nulls_last=True)
    rows = [[row["verdict"] or "no verdict", f"{row['len']:,}"] for row in verdicts.iter_rows(named=True)]
    rows += [["requests that failed, left out", f"{run.n_failed():,}"]]
    asked = len(run.problems())
    return [
        f"## `{name}`",
        "",
        f"Model {_line(run.manifest.model)}; {asked:,} problems, {run.n_drawn():,} samples; verdicts by "
        f"{_line(run.manifest.verifier)}.",
        "",
        *_table(["verdict", "samples"], rows),
        *(f"- {line}" for line in about_samples(run)[1:]),
        "",
    ]


def _settings(manifests: Mapping[str, RunManifest]) -> list[str]:
    columns = [_drawn(manifest) for manifest in manifests.values()]
    return _table(["setting", *manifests], [[name, *(column[name] for column in columns)] for name in columns[0]])


def _drawn(manifest: RunManifest) -> dict[str, str]:
    rule, ours = manifest.rule, manifest.origin is Origin.DRAWN
    told = {field.name: manifest.told(field.name) for field in fields(SamplingSpec)}
    return {
        "drawn by": "beyondbase" if ours else "another program, whose log was read",
        "problem set": _line(f"{manifest.problem_set} ({manifest.problems_hash})"),
        "most samples a problem": str(rule.n_max),
        "stopped at success": "never" if rule.stop_at is None else str(rule.stop_at),
        **{name: "unknown" if value is None else _setting(value) for name, value in told.items()},
    }


def _setting(value: object) -> str:
    """A setting as code; a text, or a name of several, in quotes."""
    return f"`{_line(repr(str(value)) if isinstance(value, str) else repr(value))}`"


def _problems(runs: Mapping[str, Run]) -> pl.DataFrame:
    """The problems of all runs, each once."""
    asked = {problem.problem_id: problem for run in runs.values() for problem in run.problems()}
    return pl.DataFrame(
        [
            {
                "problem_id": p.problem_id,
                "question": p.question,
                "reference": p.reference,
                "strata": json.dumps({**p.strata}),
            }
            for p in asked.values()
        ],
        schema=dict.fromkeys(("problem_id", "question", "reference", "strata"), pl.String),
    )


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(cells)} |" for cells in lines), ""]


def _line(text: str) -> str:
    """A text of others on one line of a card, such that it is neither markup nor the end of a cell."""
    line = " ".join(text.split())
    line = line if len(line) <= _WIDEST else line[: _WIDEST - 3] + "..."
    return line.replace("|", "/").replace("`", "'").replace("<", "‹").replace(">", "›")
