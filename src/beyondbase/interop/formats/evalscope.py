"""EvalScope: predictions and reviews of a benchmark's subset, a JSON line a sample.

    outputs/20260101_101010/reviews/MODEL/gsm8k_main.jsonl          scores, texts, messages; suffices alone
    outputs/20260101_101010/predictions/MODEL/gsm8k_main.jsonl      adds how a text ended, tokens, failed requests
    outputs/20260101_101010/configs/task_config.yaml                repeats, settings

Files named reviews_X.jsonl and predictions_X.jsonl in one folder belong together too. Reports are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, Format, ReadOptions, Told
from beyondbase.interop.formats.evalscope_answers import Answers
from beyondbase.interop.formats.evalscope_config import config_of
from beyondbase.interop.formats.evalscope_fields import Prediction, Review
from beyondbase.interop.formats.evalscope_rows import reviewed_row, unreviewed_row
from beyondbase.interop.lines import files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.interop.sampling_args import settings_of
from beyondbase.wording import in_short

_REVIEW, _PREDICTION = (
    "a review of EvalScope's (index, sample_score)",
    "a prediction of EvalScope's (index, model_output)",
)
_KINDS = ("reviews", "predictions")
_LOST = ("explanations, metadata and usage of judges", "scores of other names", "latencies")


@dataclass(frozen=True, slots=True)
class _Pair:
    """The files of one subset of a benchmark under one model."""

    place: tuple[str, ...]
    """run, model and subset, for a name"""
    reviews: Path | None = None
    predictions: Path | None = None

    @property
    def first(self) -> Path:
        found = self.reviews or self.predictions
        assert found is not None
        return found


def recognise(path: Path) -> str | None:
    """Know a file by index and sample_score, or index and model_output."""
    kind = _kind(path)
    return None if kind is None else f"rows with index and {'sample_score' if kind == _KINDS[0] else 'model_output'}"


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: a subset of a benchmark under a model is one."""
    named = {path for path in paths if path.is_file()}
    expected = "EvalScope's reviews or predictions (index, and sample_score or model_output)"
    pairs: dict[tuple[str, ...], dict[str, Path]] = {}
    for file in files_in(list(paths), "*.jsonl*", expected):
        kind = _kind(file)
        if kind is None and file in named:
            raise BadInput(
                f"{file}, line 1: expected {expected}, got another row; see that it is whole, and of this format"
            )
        if kind is not None and pairs.setdefault(_place(file), {}).setdefault(kind, file) != file:
            raise BadInput(f"{file}: expected one file of {kind} beside the other kind, got two; give one at a time")
    if not pairs:
        raise BadInput(f"{paths[0]}: expected {expected}, found none")
    found = [_Pair(place, files.get(_KINDS[0]), files.get(_KINDS[1])) for place, files in sorted(pairs.items())]
    names = distinct([pair.place for pair in found])
    return [_log(name, pair, options) for name, pair in zip(names, found, strict=True)]


def _kind(path: Path) -> str | None:
    first = first_object(path) if ".jsonl" in path.suffixes else None
    if first is None or "index" not in first:
        return None
    if isinstance(score := first.get("sample_score"), dict) and "score" in score:
        return _KINDS[0]
    return _KINDS[1] if "model_output" in first else None


def _place(file: Path) -> tuple[str, ...]:
    """Where a file belongs, whichever of the two kinds it is.

    >>> _place(Path("out/1/reviews/m/gsm8k_main.jsonl")) == _place(Path("out/1/predictions/m/gsm8k_main.jsonl"))
    True
    >>> _place(Path("reviews_gsm8k_main.jsonl"))
    ('gsm8k_main',)
    """
    name = file.name.partition(".jsonl")[0]
    for kind in _KINDS:
        name = name.removeprefix(f"{kind}_")
    folders = [part for part in file.parts[:-1] if part != file.anchor]
    for at in range(len(folders) - 1, -1, -1):
        if folders[at] in _KINDS:
            del folders[at]
            break
    return (*folders, name)


def _model(pair: _Pair) -> str:
    """As the first prediction has it, else as the folder is called."""
    first = first_object(pair.predictions) if pair.predictions is not None else None
    if first is not None and isinstance(model := first.get("model"), str) and model:
        return model
    return pair.first.parent.name if pair.first.parent.parent.name in _KINDS else ""


def _log(name: str, pair: _Pair, options: ReadOptions) -> ForeignLog:
    scorer, model = options.scorer or _first_scorer(pair), _model(pair)
    beside = pair.first.parent.parent
    config = config_of(beside.parent) if beside.name in _KINDS else {}
    repeats = config.get("repeats", {}).get("")
    rows = partial(_rows, pair, scorer, options, model, repeats if isinstance(repeats, int) else None)
    files = [file for file in (pair.predictions, pair.reviews) if file is not None]
    settings = settings_of(config.get("generation_config", {}))
    return ForeignLog(name, files, rows, model, settings, {"task": pair.place[-1]}, scorer, _LOST)


def _first_scorer(pair: _Pair) -> str:
    """The main score of the first review; empty where it has none."""
    line = next(lines(pair.reviews, lambda n_bytes: None), None) if pair.reviews is not None else None
    if line is None:
        return ""
    score = parsed(line, Review, _REVIEW).sample_score.score
    return score.main_score_name or next(iter(score.value), "")


def _rows(
    pair: _Pair, scorer: str, options: ReadOptions, model: str, repeats: int | None, told: Told
) -> Iterator[ForeignRow]:
    answers = Answers(repeats)
    if pair.predictions is not None:
        for prediction, where in _predictions(pair.predictions, model, told):
            answers.add(prediction, where)
    if pair.reviews is not None:
        for line in lines(pair.reviews, told):
            yield reviewed_row(parsed(line, Review, _REVIEW), answers, scorer, options, line.where)
    if pair.predictions is not None and answers.any_left():
        for prediction, where in _predictions(pair.predictions, model, lambda n_bytes: None):
            if answers.is_left(prediction.index):
                yield unreviewed_row(prediction, answers, where)


def _predictions(file: Path, model: str, told: Told) -> Iterator[tuple[Prediction, str]]:
    for line in lines(file, told):
        prediction = parsed(line, Prediction, _PREDICTION)
        if prediction.model and prediction.model != model:
            raise BadInput(
                f"{line.where}: expected one model in a file, got {in_short(prediction.model)} and {in_short(model)}; "
                "split the file by model"
            )
        yield prediction, line.where


FORMAT = Format("EvalScope: outputs/*/reviews/MODEL/*.jsonl, and predictions beside them", recognise, read)
