"""The files of Inspect's logs: their headers, and their samples one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from beyondbase.errors import BadInput
from beyondbase.interop.foreign import Told
from beyondbase.interop.formats.inspect_fields import Header, Sample, WholeLog
from beyondbase.interop.formats.inspect_zip import EvalArchive, opened
from beyondbase.interop.lines import Line, parsed
from beyondbase.wording import in_short

MOST_BYTES = 2 * 2**30
"""of a `.json` log, which is in memory as a whole"""
HEADERS = ("header.json", "_journal/start.json")
"""members of a zip: the header of a log that is finished, and of one that is not"""
_SAMPLE = re.compile(r"samples/.*_epoch_\d+(\.json|/sample\.json)", re.DOTALL)


def samples_in(files: Sequence[Path], told: Told) -> Iterator[tuple[Sample, str]]:
    """Yield samples, each with where it stands, in the order of the files."""
    for path in files:
        if _is_zip(path):
            with opened(path) as archive:
                rest = path.stat().st_size
                for name, info in archive.members.items():
                    if _SAMPLE.fullmatch(name):
                        rest -= info.compress_size
                        told(info.compress_size)
                        yield _member(archive, name)
                told(rest)
            continue
        log = _whole(path)
        told(path.stat().st_size)
        for i, sample in enumerate(log.samples or [], start=1):
            yield sample, f"{path}, sample {i}"


def _member(archive: EvalArchive, name: str) -> tuple[Sample, str]:
    where = f"{archive.path}, {in_short(name)}"
    return parsed(Line(archive.content(name), where, True), Sample, "a sample of Inspect (id, epoch, input)"), where


def header_of(path: Path) -> Header:
    """Read the header of a log; raises BadInput for a file that is none."""
    if not _is_zip(path):
        return _whole(path)
    with opened(path) as archive:
        for name in HEADERS:
            if name in archive.members:
                line = Line(archive.content(name), f"{path}, {name}", True)
                return parsed(line, Header, "the header of an Inspect log (eval)")
    raise BadInput(f"{path}: expected a log of Inspect, got a zip without {' or '.join(HEADERS)}; give the .eval file")


def _whole(path: Path) -> WholeLog:
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise BadInput(
                f"{path}: expected a .json log of at most {MOST_BYTES // 2**30} GiB, which is in memory as a whole, "
                f"got {size:,} bytes; make a .eval of it: inspect log convert --to eval"
            )
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}); give a log that can") from None
    return parsed(
        Line(content, str(path), True), WholeLog, "a log of Inspect, a zip or an object with eval and samples"
    )


def _is_zip(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return path.suffix == ".eval" or file.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}); give a log that can") from None
