"""Results to JSON and back: the one place that reads what `Stored.to_json` wrote."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from beyondbase.analyses.results import Agreement, Comparison, ExperimentResults, ModelTable, StudyAnalysis, StudyPlan
from beyondbase.analyses.stored import FORMAT_VERSION, FRAME
from beyondbase.errors import StoreError

Result = Agreement | Comparison | ExperimentResults | ModelTable | StudyAnalysis | StudyPlan
_KINDS: dict[str, type[Result]] = {
    "Agreement": Agreement,
    "Comparison": Comparison,
    "ExperimentResults": ExperimentResults,
    "ModelTable": ModelTable,
    "StudyAnalysis": StudyAnalysis,
    "StudyPlan": StudyPlan,
}
_DTYPES = {str(dtype): dtype for dtype in (pl.String, pl.Boolean, pl.Int64, pl.Int32, pl.Float64, pl.Float32, pl.Null)}


def to_json(result: Result) -> str:
    """The JSON text of a result; equal results give equal bytes."""
    return result.to_json()


def from_json(text: str) -> Result:
    """The result that `to_json` wrote; StoreError if the text is anything else, or newer than this version."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise StoreError(f"expected the JSON of an analysis, got text that is not JSON ({error})") from None
    kind = content.pop("kind", None) if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise StoreError(f"expected the JSON of an analysis ({' or '.join(_KINDS)}), got kind {kind!r}")
    version = content.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise StoreError(
            f"analysis of format version {version}, expected {FORMAT_VERSION}; upgrade beyondbase or analyze again"
        )
    try:
        return TypeAdapter(_KINDS[kind]).validate_python(_with_frames(content))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StoreError(f"analysis field {where!r}: {first['msg']}; analyze again") from None


def _with_frames(value: Any) -> Any:
    """`value` with every {"frame": ...} made a frame."""
    if isinstance(value, dict):
        if set(value) == {FRAME}:
            return _frame(value[FRAME])
        return {key: _with_frames(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_frames(item) for item in value]
    return value


def _frame(columns: Any) -> pl.DataFrame:
    try:
        return pl.DataFrame([_column(name, dtype, values) for name, dtype, values in columns])
    except (TypeError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"analysis holds a frame that cannot be read ({error}); analyze again") from None


def _column(name: str, dtype: str, values: list[Any]) -> pl.Series:
    if dtype.startswith("Float"):  # JSON has no NaN and no infinity: they are stored as words
        values = [float(value) if isinstance(value, str) else value for value in values]
    return pl.Series(name, values, dtype=_DTYPES[dtype])
