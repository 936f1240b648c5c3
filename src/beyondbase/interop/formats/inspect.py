"""Inspect's logs, `.eval` and `.json`: a sample a problem and epoch.

Of a `.eval` file, a zip, one sample is in memory at a time; a `.json` file is one object, and in memory as a whole.
A task that was tried again has a log for each try, and the last one holds what the others have: it alone is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import ForeignLog, ForeignRow, Format, ReadOptions, Told
from beyondbase.interop.formats.inspect_fields import Header
from beyondbase.interop.formats.inspect_files import HEADERS, header_of, samples_in
from beyondbase.interop.formats.inspect_rows import row_of
from beyondbase.interop.formats.inspect_zip import opened
from beyondbase.interop.lines import files_in
from beyondbase.interop.log_names import distinct
from beyondbase.wording import in_short

_BEGINS = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,.{0,200}"eval"\s*:\s*\{', re.DOTALL)
_LOOKED_AT = 16
"""samples in which to look for the names of scorers"""
_LOST = (
    "events",
    "messages after the first answer",
    "metadata and store",
    "explanations of scores",
    "further scorers' scores",
    "logprobs",
)


STOPPED = "stopped_at_success"
"""in the metadata of a log that was exported from a run which stops"""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    header: Header

    @property
    def alike(self) -> tuple[str, ...]:
        """What files of one log have in common."""
        spec = self.header.eval
        asked = json.dumps([self.header.settings, spec.task_args], sort_keys=True, default=str)
        return spec.task, spec.model, asked

    @property
    def run(self) -> tuple[str, str]:
        return self.header.eval.run_id, self.header.eval.eval_id


def recognise(path: Path) -> str | None:
    """Know a zip by its members, and a `.json` by how its object begins."""
    try:
        if path.suffix == ".json":
            with open(path, "rb") as file:
                return "an object with version, status and eval" if _BEGINS.match(file.read(4096)) else None
        if path.suffix == ".eval":
            with opened(path) as archive:
                return "a zip with Inspect's header" if any(name in archive.members for name in HEADERS) else None
    except (OSError, BadInput):
        return None
    return None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: a task, a model and a way to ask are one."""
    files = sorted((_File(path, header_of(path)) for path in _files(paths)), key=lambda file: file.alike)
    groups = [list(group) for _, group in groupby(files, key=lambda file: file.alike)]
    names = [(one[0].header.eval.created, one[0].header.eval.model, one[0].header.eval.task) for one in groups]
    return [_log(group, name, options) for group, name in zip(groups, distinct(names), strict=True)]


def _files(paths: Sequence[Path]) -> list[Path]:
    return files_in(paths, "*", "Inspect's .eval or .json", lambda file: file.suffix == ".eval" or recognise(file))


def _log(group: list[_File], name: str, options: ReadOptions) -> ForeignLog:
    latest = _last_tries(group)
    header = latest[0].header
    if STOPPED in (header.eval.metadata or {}):
        raise BadInput(
            f"{latest[0].path}: expected as many samples of a problem whatever came of them, got a log of a run of "
            "ours that stopped each problem at a success, which a log cannot tell; analyse that run itself"
        )
    scorer = _scorer(latest, options)
    files = [file.path for file in latest]
    left = [file.path.name for file in group if file.path not in set(files)]
    facts = {**header.facts, "tried again": ", ".join(left)} if left else header.facts
    rows = partial(_rows, files, scorer, options.threshold)
    said = ".".join(part for part in scorer if part)
    return ForeignLog(name, files, rows, header.eval.model, header.settings, facts, said, _LOST)


def _last_tries(group: list[_File]) -> list[_File]:
    """The files of the last try of each task; two files of one try are both kept, to be refused as twice the same."""
    last = dict[str, tuple[str, str]]()
    for file in sorted(group, key=lambda file: file.header.eval.created):
        last[file.header.eval.task_id or str(file.path)] = file.run
    return [file for file in group if last[file.header.eval.task_id or str(file.path)] == file.run]


def _scorer(files: Sequence[_File], options: ReadOptions) -> tuple[str, str]:
    """Name of the scorer, and of the value within its score, as SCORER or SCORER.VALUE asks; else the first."""
    found: dict[str, None] = {}
    for sample, _ in islice(samples_in([file.path for file in files], lambda n_bytes: None), _LOOKED_AT):
        found |= dict.fromkeys(sample.scores or {})
    names = list(found or dict.fromkeys(files[0].header.scorers))
    if options.scorer is None:
        return (names[0] if names else "", "")
    if options.scorer in names:
        return options.scorer, ""
    scorer, _, value = options.scorer.partition(".")
    if scorer not in names:
        raise BadInput(
            f"{files[0].path}: expected the scorer {in_short(options.scorer)}, got {', '.join(names) or 'no scores'}; "
            "choose with --scorer"
        )
    return scorer, value


def _rows(files: Sequence[Path], scorer: tuple[str, str], threshold: float | None, told: Told) -> Iterator[ForeignRow]:
    for sample, where in samples_in(files, told):
        yield row_of(sample, where, scorer, threshold)


FORMAT = Format("Inspect: .eval and .json logs", recognise, read)
