"""NeMo-Skills' output files, a file a seed, a JSON line a problem.

    eval-results/aime24/output-rs0.jsonl, output-rs1.jsonl, ..., output-rs0_chunk_0.jsonl
    eval-results/aime24/output.jsonl             without a seed: greedy, unless told otherwise

The seed orders a problem's samples, by number. A line without `id` is the problem of its line number, which is the same
in all files of one log. While a seed is not finished its samples lie in output-rs0.jsonl-async, in another order, and
are not read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.first_look import lost_fields
from beyondbase.interop.foreign import ForeignLog, ForeignRow, Format, ReadOptions, Told
from beyondbase.interop.formats.nemo_skills_row import SCORERS, Place, Row, row_of, scorers_of
from beyondbase.interop.lines import files_in, first_object, lines, parsed
from beyondbase.interop.log_names import distinct
from beyondbase.wording import in_short

_NAME = re.compile(r"(?P<before>.*?)[_-]?output(?:-rs(?P<seed>\d+))?(?:_chunk_(?P<chunk>\d+))?\.jsonl(?P<gz>\.gz)?")
_UNFINISHED = ".jsonl-async"
_LOOKED_AT = 100
"""lines that tell what a file is judged by: the first one alone may be of a sample that was not"""
_WHAT = "a problem of NeMo-Skills' output (generation, predicted_answer, symbolic_correct)"


@dataclass(frozen=True, slots=True, order=True)
class _File:
    seed: int
    """-1: the file has none"""
    chunk: int
    path: Path


def recognise(path: Path) -> str | None:
    """Know a file by its name and by what its lines are judged by."""
    first = first_object(path) if _NAME.fullmatch(path.name) else None
    found = [name for name in (*SCORERS, "generation") if name in (first or {})]
    return f"named {path.name}, with {found[0]}" if found else None


def read(paths: Sequence[Path], options: ReadOptions) -> list[ForeignLog]:
    """List the logs: all seeds of one folder, or of one name before "output", are one."""
    for path in paths:
        if path.name.endswith(_UNFINISHED):
            raise BadInput(
                f"{path}: expected the file of a finished seed, output-rsN.jsonl, got one that is still written; let "
                "NeMo-Skills finish it, or leave it out"
            )
    found = files_in(list(paths), "*output*.jsonl*", "NeMo-Skills' files, output-rs0.jsonl ...")
    logs, unfinished = defaultdict[tuple[Path, str, bool], list[_File]](list), list[Path]()
    for path in found:
        match = _NAME.fullmatch(path.name)
        if path.name.endswith(_UNFINISHED):
            unfinished.append(path)
        elif match is not None:
            seed = -1 if match["seed"] is None else int(match["seed"])
            key = (path.parent, match["before"], seed >= 0)
            logs[key].append(_File(seed, int(match["chunk"] or 0), path))
    if not logs:
        raise BadInput(
            f"{in_short(' '.join(map(str, paths)))}: expected NeMo-Skills' files, output-rs0.jsonl ..., found none of "
            "these names; give the folder of a benchmark"
        )
    names = distinct([_parts(*key) for key in logs])
    return [
        _log(name, sorted(files), [path.name for path in unfinished if path.parent == key[0]], options)
        for name, (key, files) in zip(names, logs.items(), strict=True)
    ]


def _parts(folder: Path, before: str, seeded: bool) -> tuple[str, ...]:
    name = before or folder.name
    return (*folder.parts[-3:-1], name if seeded else f"{name}-no-seed")


def _log(name: str, files: list[_File], unfinished: list[str], options: ReadOptions) -> ForeignLog:
    _check_chunks(files)
    first = files[0].path
    there = _scorers(first)
    if options.scorer is not None and options.scorer not in there:
        came = ", ".join(there) or "none"
        raise BadInput(f"{first}: expected scores named {in_short(options.scorer)}, found {came}; name one of these")
    scorer = options.scorer or (there[0] if there else "")
    facts = {"scorers": ", ".join(there)} if len(there) > 1 else {}
    lost = [*lost_fields(first, Row), *(one for one in there if one != scorer)]
    rows = partial(_rows, files, scorer, options)
    paths = [file.path for file in files]
    return ForeignLog(name, paths, rows, facts=facts, scorer=scorer, lost=(*lost, *unfinished))


def _scorers(path: Path) -> list[str]:
    """What samples of a file are judged by, in the order of SCORERS."""
    beginning = islice(lines(path, lambda n_bytes: None), _LOOKED_AT)
    found = {name for line in beginning for name in scorers_of(parsed(line, Row, _WHAT))}
    return [name for name in SCORERS if name in found]


def _check_chunks(files: list[_File]) -> None:
    """Lines are numbered across the chunks of a seed: with one missing, they would be other problems."""
    chunks = defaultdict[int, list[int]](list)
    for file in files:
        chunks[file.seed].append(file.chunk)
    most = max(map(len, chunks.values()))
    for seed, mine in chunks.items():
        if mine != list(range(most)):
            raise BadInput(
                f"{files[0].path.parent}: expected chunks 0 to {most - 1} of every seed, once each, got {mine} of seed "
                f"{seed}; let NeMo-Skills finish it, or leave the seed out"
            )


def _rows(files: list[_File], scorer: str, options: ReadOptions, told: Told) -> Iterator[ForeignRow]:
    order = {seed: index for index, seed in enumerate(sorted({file.seed for file in files}))}
    number = 0
    for file in files:
        number = 0 if file.chunk == 0 else number
        for line in lines(file.path, told):
            row = parsed(line, Row, _WHAT)
            if row.async_position is not None:
                raise BadInput(
                    f"{line.where}: expected lines in the order of the problems, got _async_position: the seed is not "
                    "finished; let NeMo-Skills finish it, or leave the file out"
                )
            number += 1
            place = Place(number, order[file.seed], file.seed if file.seed >= 0 else None, line.where)
            yield row_of(row, place, scorer, options.threshold)


FORMAT = Format("NeMo-Skills: output-rs*.jsonl and output.jsonl", recognise, read)
