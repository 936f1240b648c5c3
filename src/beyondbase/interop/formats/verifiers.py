"""verifiers' evaluations and prime-rl's rollouts: a JSON line a rollout.

    outputs/evals/gsm8k--MODEL/1a2b3c4d/results.jsonl, metadata.json     before version 1
    outputs/RUN/traces.jsonl                                             version 1: a line an episode
    rollouts/step_12/train_rollouts.jsonl                                prime-rl: a line as one of these, or a trace

Rollouts of one task are its samples, in the order of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from beyondbase.errors import BadInput
from beyondbase.interop.first_look import lost_fields
from beyondbase.interop.foreign import ForeignLog, ForeignRow, Format, ReadOptions, Told
from beyondbase.interop.formats.verifiers_episode import Episode, Trace, first_trace
from beyondbase.interop.formats.verifiers_results import Result, row_of_result
from beyondbase.interop.formats.verifiers_traces import row_of_episode
from beyondbase.interop.lines import files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.interop.sampling_args import settings_of
from beyondbase.types import PromptForm
from beyondbase.wording import in_short

_FILE = re.compile(r"(results|traces|.*rollouts.*)\.jsonl(\.gz)?")
_EPISODE = "an episode of verifiers (task, traces)"
_TRACE = "a trace of verifiers (task, nodes, rewards)"
_RESULT = "a rollout of verifiers (example_id, prompt, completion, reward)"
_LOST_OF_TRACES = ("all turns but the last", "metrics", "logprobs", "timing")


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str = ""
    env_id: str = ""
    sampling_args: dict[str, JsonValue] = {}
    rollouts_per_example: int | None = None


def recognise(path: Path) -> str | None:
    """Know a file by the fields of its first rollout."""
    first = first_object(path) if path.name.endswith((".jsonl", ".jsonl.gz")) else None
    kind = None if first is None else _kind(first)
    return None if kind is None else f"{kind} of verifiers"


def _kind(first: dict[str, object]) -> str | None:
    """Which of the three shapes a line has."""
    task = first.get("task")
    if isinstance(task, dict) and "data" in task:
        return "episodes" if "traces" in first else "traces" if "nodes" in first else None
    has_id = "example_id" in first or "id" in first
    return "rollouts" if has_id and {"prompt", "completion", "reward"} <= first.keys() else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: each file is one."""
    what = "verifiers' results.jsonl, traces.jsonl or prime-rl's rollouts by their names, or the file itself"
    files = files_in(paths, "*.jsonl*", what, lambda file: _FILE.fullmatch(file.name))
    names = distinct([_parts(file) for file in files])
    return [_log(name, file, options) for name, file in zip(names, files, strict=True)]


def _parts(file: Path) -> tuple[str, ...]:
    """What may tell a log from the others: its folders, and for prime-rl's files in one folder their own names."""
    parts = file.parts[-4:-1]
    return (*parts, file.stem.removesuffix(".jsonl")) if "rollouts" in file.name else parts


def _log(name: str, file: Path, options: ReadOptions) -> ForeignLog:
    first = first_object(file) or {}
    if (kind := _kind(first) or ("episodes" if file.name.startswith("traces") else "rollouts")) == "rollouts":
        return _log_of_results(name, file, first, options)
    trace = first_trace(first)
    settings = {} if trace is None else settings_of(trace.agent.config.sampling or {})
    settings["form"] = PromptForm.CHAT
    scorer = options.scorer or "reward"
    rows = partial(_rows_of_traces, file, kind, scorer, options)
    env = first.get("env")
    facts = {"task": str(env["id"])} if isinstance(env, dict) and env.get("id") else {}
    model = "" if trace is None else trace.agent.config.model or ""
    return ForeignLog(name, [file], rows, model, settings, facts, scorer, _LOST_OF_TRACES)


def _log_of_results(name: str, file: Path, first: dict[str, object], options: ReadOptions) -> ForeignLog:
    metadata = _metadata(file.with_name("metadata.json"))
    settings = settings_of(metadata.sampling_args)
    settings["form"] = PromptForm.PLAIN if isinstance(first.get("prompt"), str) else PromptForm.CHAT
    facts = {"task": metadata.env_id} if metadata.env_id else {}
    if metadata.rollouts_per_example is not None:
        facts["rollouts_per_example"] = str(metadata.rollouts_per_example)
    scorer = options.scorer or "reward"
    lost = lost_fields(file, Result, *([scorer] if options.scorer else []))
    rows = partial(_rows_of_results, file, scorer, options)
    return ForeignLog(name, [file], rows, metadata.model, settings, facts, scorer, lost)


def _metadata(path: Path) -> _Metadata:
    try:
        return _Metadata.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return _Metadata()
    except (OSError, ValidationError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise BadInput(f"{path}: expected verifiers' metadata, but {why}; copy it again, or take it away") from None


def _rows_of_results(file: Path, scorer: str, options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    for line in lines(file, told):
        yield row_of_result(parsed(line, Result, _RESULT), line.where, scorer, options.threshold)


def _rows_of_traces(file: Path, kind: str, scorer: str, options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    model = None
    for line in lines(file, told):
        episode = parsed(line, Episode, _EPISODE) if kind == "episodes" else _alone(parsed(line, Trace, _TRACE))
        row, mine = row_of_episode(episode, line.where, scorer, options.threshold)
        if mine and model and mine != model:
            raise BadInput(
                f"{line.where}: expected rollouts of one model, got {in_short(mine)} after {in_short(model)}; split "
                "the file"
            )
        model = mine or model
        yield row


def _alone(trace: Trace) -> Episode:
    return Episode(task=trace.task, ok=trace.ok, errors=trace.errors, traces=[trace])


FORMAT = Format("verifiers and prime-rl: results.jsonl, traces.jsonl, *rollouts*.jsonl", recognise, read)
