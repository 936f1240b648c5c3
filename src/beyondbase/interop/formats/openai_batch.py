"""OpenAI's batches, as vLLM's run-batch writes them too: a JSON line a response, in any order, with its custom_id.

    batch_output.jsonl   {"custom_id": "aime-3#17", "response": {"status_code": 200, "body": {...}}, "error": null}
    batch_input.jsonl    {"custom_id": "aime-3#17", "body": {"model": ..., "messages": [...], "temperature": 0.6}}

The rule of custom_id: what stands before the last # is the problem, the digits behind it are the index of the sample.
Without such an end the whole is the problem; its choices, and those of further files, are its samples in order. The
requests are read, where they are given too, for prompts and settings. There is no gold and no score: nothing is scored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, ForeignSample, Format, ReadOptions, Told
from beyondbase.interop.formats.openai_body import Body, samples_of
from beyondbase.interop.formats.openai_requests import Requests, prompts_of, requests_for, requests_in, shared_settings
from beyondbase.interop.lines import Line, files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.types import Finish
from beyondbase.wording import in_short

_NUMBERED = re.compile(r"(?s)(?P<problem>.+)#(?P<index>[0-9]{1,9})")
_GOOD = 200
_EXPECTED = "a response of a batch (custom_id, response)"
_LOST = ("logprobs", "tool calls", "the seed of a request", "tokens of the prompt")


class _Response(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    status_code: int
    body: Body | str | None = None


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    custom_id: str
    response: _Response | None = None
    error: object = None
    id: str | None = None


def recognise(path: Path) -> str | None:
    """Know a file of responses by custom_id and response."""
    first = first_object(path) if ".jsonl" in path.suffixes else None
    known = first is not None and "custom_id" in first and "response" in first
    return "rows with custom_id and response" if known else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs, one for each model; files of requests among the paths give prompts and settings."""
    named = {path for path in paths if path.is_file()}
    found = files_in(list(paths), "*.jsonl*", "files of a batch's responses (custom_id, response)")
    requests = [asked for file in found if (asked := requests_in(file)) is not None]
    asking = {asked.file for asked in requests}
    outputs = [file for file in found if file not in asking and (file in named or recognise(file))]
    if not outputs:
        raise BadInput(
            f"{found[0]}: expected the responses of a batch (custom_id, response), found none; give that file"
        )
    by_model = _by_model(outputs)
    names = distinct([(files[0].parent.name, model or files[0].stem) for model, files in by_model.items()])
    return [
        _log(name, model, files, requests_for(model, requests, alone=len(by_model) == 1))
        for name, (model, files) in zip(names, by_model.items(), strict=True)
    ]


def _by_model(outputs: Sequence[Path]) -> dict[str, list[Path]]:
    """The files of each model; one of failures alone belongs to the only model there is."""
    by_model: dict[str, list[Path]] = {}
    for file in outputs:
        by_model.setdefault(_model(file), []).append(file)
    if len(by_model) == 2 and "" in by_model:
        failures = by_model.pop("")
        [files] = by_model.values()
        files += failures
    return by_model


def _model(file: Path) -> str:
    """The model of the first response of a file that tells one."""
    rows = (parsed(line, _Row, _EXPECTED) for line in lines(file, lambda n_bytes: None))
    return next((model for row in rows if (model := _model_of(row))), "")


def _model_of(row: _Row) -> str:
    body = row.response.body if row.response is not None else None
    return body.model if isinstance(body, Body) else ""


def _log(name: str, model: str, files: Sequence[Path], requests: Sequence[Requests]) -> ForeignLog:
    asking = [asked.file for asked in requests]
    rows = partial(_rows, files, asking, model)
    return ForeignLog(name, [*asking, *files], rows, model=model, settings=shared_settings(requests), lost=_LOST)


def _rows(files: Sequence[Path], asking: Sequence[Path], model: str, told: Told) -> Iterator[ForeignRow]:
    prompts = prompts_of(asking, problem_of, told)
    seen = set[int]()
    for number, file in enumerate(files):
        for line in lines(file, told):
            row = parsed(line, _Row, _EXPECTED)
            _check_once(row, number, seen, line)
            if (other := _model_of(row)) and other != model:
                raise BadInput(
                    f"{line.where}: expected one model in a file, got {in_short(other)} and {in_short(model)}; "
                    "split the file by model"
                )
            yield _row(row, prompts, line.where)


def _check_once(row: _Row, number: int, seen: set[int], line: Line) -> None:
    """Refuse a custom_id that a file has twice, and a response that stands in two files."""
    for key in ((number, row.custom_id), row.id):
        if key is None:
            continue
        if (short := hash(key)) in seen:
            raise BadInput(f"{line.where}: expected {in_short(row.custom_id)} once, got it again; leave one out")
        seen.add(short)


def _row(row: _Row, prompts: Mapping[str, str], where: str) -> ForeignRow:
    problem_id, index = _problem_and_index(row.custom_id)
    samples = _samples(row, where)
    if index is not None:
        if len(samples) > 1:
            raise BadInput(
                f"{where}: expected one choice, since {in_short(row.custom_id)} names one sample, got {len(samples)}; "
                "leave the # and what follows out of the custom_id"
            )
        samples = [replace(samples[0], sample_index=index)]
    prompt = prompts.get(problem_id)
    return ForeignRow(problem_id, samples, where, question=prompt, prompt=prompt)


def _samples(row: _Row, where: str) -> list[ForeignSample]:
    response = row.response
    if response is None or row.error or response.status_code != _GOOD:
        if response is None and not row.error:
            raise BadInput(f"{where}: expected a response or an error, got neither; see that this is a batch's output")
        error = row.error or (response.body if response is not None else None)
        text = f"status {response.status_code}, " if response is not None else ""
        return [ForeignSample(finish=Finish.ERROR, error=text + in_short(_told(error)))]
    if not isinstance(response.body, Body):
        raise BadInput(f"{where}: expected the body of a response, got {in_short(response.body)}; leave the row out")
    return samples_of(response.body, where)


def _told(error: object) -> object:
    """The message of an error that is written as an object."""
    if isinstance(error, Body):
        error = error.error
    if isinstance(error, dict):
        return error.get("message") or error.get("code") or error
    return error


def problem_of(custom_id: str) -> str:
    """The problem that a custom_id names.

    >>> problem_of("aime-3#17"), problem_of("aime-3"), problem_of("#1")
    ('aime-3', 'aime-3', '#1')
    """
    return _problem_and_index(custom_id)[0]


def _problem_and_index(custom_id: str) -> tuple[str, int | None]:
    match = _NUMBERED.fullmatch(custom_id)
    return (match["problem"], int(match["index"])) if match else (custom_id, None)


FORMAT = Format("OpenAI's batch API, vLLM's run-batch: the output file, and the input file beside it", recognise, read)
