"""Published problem sets from this machine: where they lie, whether they are what they are called.

A set lies in FOLDER/NAME/ as the files that its makers published; FOLDER is $BEYONDBASE_DATA, or
else data/ in the user's cache. Nothing here asks a network.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.problems.files import load_files, parse_lines
from beyondbase.problems.problem_set import ProblemSet
from beyondbase.problems.published import PUBLISHED, Cells, Published, Upstream
from beyondbase.problems.reading import AS_IT_IS, Reading
from beyondbase.types import Problem
from beyondbase.user_cache import user_cache

_MOST_UNPACKED = 64 * 2**20
"""bytes of one file"""


def data_folder() -> Path:
    """Return the folder that sets are brought into; it need not exist."""
    given = os.environ.get("BEYONDBASE_DATA")
    return Path(given).expanduser() if given else user_cache() / "data"


def find_published(name: str) -> Path | None:
    """Return the folder that holds all files of a set, whatever is in them; None where there is none."""
    for folder in (data_folder() / name, user_cache() / "data" / name):
        if all((folder / file.name).is_file() for file in PUBLISHED[name].files):
            return folder
    return None


def load_published(name: str) -> ProblemSet:
    """Load a set from where it lies; raises BadInput with the command that brings it where it is missing."""
    folder = find_published(name)
    if folder is None:
        raise BadInput(
            f"problems: expected {name} in {data_folder() / name}, found none; bring it: `beyondbase data get {name}`, "
            f"or name a file of yours: --problems {name}=FILE.jsonl"
        )
    return problems_in(name, PUBLISHED[name], [_content(folder / file.name) for file in PUBLISHED[name].files])


def load_given(name: str, file: Path, reading: Reading = AS_IT_IS) -> ProblemSet:
    """Load a file of the user's as a set of this kind: as published if it is that very file, else by its columns.

    A file by its columns is called after itself, and has the set's verifier and template.
    """
    published = PUBLISHED[name]
    if len(published.files) == 1 and _is_upstream(file, published.files[0]):
        return problems_in(name, published, [_content(file)])
    read = load_files(file.stem, [file], reading)
    if (read.verifier == "code") != (published.verifier == "code"):
        raise BadInput(f"problems: expected {file} with rows as {name} has them, got those for {read.verifier}")
    problems = tuple(_as_published(problem, published) for problem in read)
    return ProblemSet(read.name, problems, published.verifier, published.template)


def _as_published(problem: Problem, published: Published) -> Problem:
    """Clean an answer as the set's own are: of a file like GSM8K's, the worked solution goes."""
    fields = json.loads(problem.reference)
    try:
        answer = {} if isinstance(fields.get("answer"), list) else fields
        return replace(problem, reference=json.dumps(published.reference(answer), sort_keys=True))
    except KeyError:  # the answer stands in a column of another name there
        return problem
    except ValueError as error:
        raise BadInput(f"problem {problem.problem_id!r}: {error}; give answers of the set's form") from None


def problems_in(name: str, published: Published, contents: list[bytes]) -> ProblemSet:
    """Make the set of its published files, or raise BadInput for files that are not the published ones."""
    for file, content in zip(published.files, contents, strict=True):
        check_content(name, file, content)
    tables = [list(_rows(file, content)) for file, content in zip(published.files, contents, strict=True)]
    if {len(table) for table in tables} != {published.n_rows}:
        came = ", ".join(f"{len(table):,}" for table in tables)
        raise BadInput(f"problems: expected {published.n_rows:,} rows in {name}, got {came}; its entry is wrong")
    merged = [{key: value for row in rows for key, value in row.items()} for rows in zip(*tables, strict=True)]
    problems = [_problem(f"{name}/{number:04d}", published, row) for number, row in enumerate(merged)]
    return ProblemSet(name, tuple(problems), published.verifier, published.template)


def check_content(name: str, file: Upstream, content: bytes) -> None:
    """Raise BadInput for bytes that are not the published ones."""
    came = hashlib.sha256(content).hexdigest()
    if came != file.sha256:
        raise BadInput(
            f"problems: expected {file.name} of {name} with sha256 {file.sha256[:16]}..., got {came[:16]}... "
            f"({len(content):,} bytes for {file.size:,}); bring it again: `beyondbase data get {name}`"
        )


def _problem(problem_id: str, published: Published, row: Cells) -> Problem:
    reference = json.dumps(published.reference(row), sort_keys=True)
    strata = {column: str(row[column]) for column in published.strata}
    question = row[published.question]
    # a program goes on from where its prompt ends, to the space
    return Problem(problem_id, question if published.verifier == "code" else question.strip(), reference, strata)


def _rows(file: Upstream, content: bytes) -> Iterator[Cells]:
    plain = unpacked(content, file.name) if file.name.endswith(".gz") else content
    return (row for _, row in parse_lines(plain.decode().split("\n"), file.name))


def unpacked(content: bytes, name: str) -> bytes:
    """Unpack gzip, or raise BadInput for what is none, or is larger than any set has reason to be."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(content, _MOST_UNPACKED)
    except zlib.error as error:
        raise BadInput(f"{name}: expected gzip, got something else ({error})") from None
    if not unpacker.eof:
        why = "more" if unpacker.unconsumed_tail else "a torn file"
        raise BadInput(f"{name}: expected gzip of at most {_MOST_UNPACKED >> 20} MiB, got {why}")
    return plain


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: expected a file of problems, cannot read it ({error.strerror})") from None


def _is_upstream(path: Path, file: Upstream) -> bool:
    return path.is_file() and path.stat().st_size == file.size and _sha256(path) == file.sha256


def _sha256(path: Path) -> str:
    return hashlib.sha256(_content(path)).hexdigest()
