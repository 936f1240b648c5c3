"""tinker-cookbook's trajectories: SAVE/BENCHMARK/trajectories.jsonl, a JSON line a sample.

A reward above 0 is correct, as tinker-cookbook counts. Its failed requests and time-outs have reward 0 and an error:
they are missing here. A benchmark that was run again into the same folder has its lines behind the first ones, which
makes them further samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from beyondbase.errors import BadInput
from beyondbase.interop.first_look import lost_fields
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.lines import files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.interop.sampling_args import settings_of
from beyondbase.interop.scores import verdict_of_score
from beyondbase.types import Finish, Verdict
from beyondbase.wording import in_short

FILE = "trajectories.jsonl"
_WHAT = "a trajectory of tinker-cookbook (example_id, turns, reward)"
_CUT = ("max_tokens_reached", "context_overflow")
_INPUT_CUT = 200
"""characters that tinker-cookbook keeps of a question in its logs"""


class _Turn(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    role: str
    content: str
    token_count: int = 0


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    idx: int
    benchmark: str = ""
    example_id: str | int = ""
    turns: list[_Turn] = []
    reward: float | None = None
    metrics: dict[str, JsonValue] = {}
    logs: dict[str, JsonValue] = {}
    error: str | None = None


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    model_name: str = ""
    checkpoint_name: str | None = None
    config: dict[str, JsonValue] = {}


def recognise(path: Path) -> str | None:
    """Know a file by its samples with idx, turns and reward."""
    first = first_object(path) if path.name.endswith((".jsonl", ".jsonl.gz")) else None
    return "trajectories with idx, turns and reward" if first and {"idx", "turns", "reward"} <= first.keys() else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: each file is a benchmark."""
    files = files_in(list(paths), FILE, f"tinker-cookbook's {FILE}")
    names = distinct([file.parts[-4:-1] for file in files])
    return [_log(name, file, options) for name, file in zip(names, files, strict=True)]


def _log(name: str, file: Path, options: ReadOptions) -> ForeignLog:
    metadata = _metadata(file.parent.parent / "metadata.json")
    model = " ".join(part for part in (metadata.model_name, metadata.checkpoint_name) if part)
    task = (first_object(file) or {}).get("benchmark")
    facts = {"task": task, "correct": "reward > 0"} if isinstance(task, str) and task else {"correct": "reward > 0"}
    rows = partial(_rows, file, options)
    lost = (*lost_fields(file, _Row), "all turns but the last")
    return ForeignLog(name, [file], rows, model, settings_of(metadata.config), facts, "reward", lost)


def _metadata(path: Path) -> _Metadata:
    """What an EvalStore says of its run; nothing where the folder is none of its."""
    try:
        return _Metadata.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return _Metadata()


def _rows(file: Path, options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    ids, benchmark = dict[int, str](), None
    # a request that failed may name its example by its place alone; other lines tell the name
    failed = list[tuple[_Row, str]]()
    for line in lines(file, told):
        row = parsed(line, _Row, _WHAT)
        if benchmark is not None and row.benchmark != benchmark:
            raise BadInput(
                f"{line.where}: expected trajectories of one benchmark, got {in_short(row.benchmark)} after "
                f"{in_short(benchmark)}; split the file"
            )
        benchmark = row.benchmark
        if row.example_id != "":
            ids[row.idx] = str(row.example_id)
        elif row.error is not None:
            failed.append((row, line.where))
            continue
        yield _row(row, str(row.example_id if row.example_id != "" else row.idx), line.where, options)
    for row, where in failed:
        yield _row(row, ids.get(row.idx, str(row.idx)), where, options)


def _row(row: _Row, problem_id: str, where: str, options: ReadOptions) -> ForeignRow:
    prompt = next((turn.content for turn in row.turns if turn.role == "user"), None)
    asked = row.logs.get("input")
    whole = isinstance(asked, str) and 0 < len(asked) < _INPUT_CUT and asked in (prompt or "")
    return ForeignRow(
        problem_id,
        [_sample(row, where, options)],
        where,
        asked if whole and isinstance(asked, str) else None,
        _logged(row, "expected"),
        prompt,
    )


def _sample(row: _Row, where: str, options: ReadOptions) -> ForeignSample:
    if row.error is not None:
        return ForeignSample(None, finish=Finish.ERROR, error=row.error or "failed")
    said = [turn for turn in row.turns if turn.role == "assistant"]
    cut = any(isinstance(value := row.metrics.get(name), int | float) and value > 0 for name in _CUT)
    return ForeignSample(
        said[-1].content if said else "",
        _verdict(row, where, options),
        answer=_logged(row, "extracted") or "",
        detail=f"reward {row.reward}",
        finish=Finish.LENGTH if cut else Finish.UNKNOWN,
        n_tokens=sum(turn.token_count for turn in said) or None,
    )


def _verdict(row: _Row, where: str, options: ReadOptions) -> Verdict | None:
    score: object = row.reward
    if options.threshold is None and row.reward is not None and row.reward == row.reward:
        score = row.reward > 0
    return verdict_of_score(score, where, options.threshold)


def _logged(row: _Row, name: str) -> str | None:
    value = row.logs.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


FORMAT = Format("tinker-cookbook: BENCHMARK/trajectories.jsonl", recognise, read)
