from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.store.ranged_file import TAIL, RangedFile


@dataclass
class Bytes:
    content: bytes
    asked: list[str] = field(default_factory=list)

    def read_range(self, start: int, end: int | None = None) -> bytes:
        self.asked.append(f"{start}:{end}")
        return self.content[start:end]

    def size(self) -> int:
        self.asked.append("size")
        return len(self.content)


SIZES = st.sampled_from([0, 1, 100, TAIL - 1, TAIL, TAIL + 1, 3 * TAIL])


@given(SIZES, st.lists(st.tuples(st.floats(0, 1.1), st.integers(-1, 2 * TAIL)), max_size=5))
def test_it_reads_like_any_other_file(size: int, reads: list[tuple[float, int]]) -> None:
    content = bytes(i * i % 251 for i in range(size))
    ranged, other = RangedFile(Bytes(content)), io.BytesIO(content)
    assert ranged.seek(0, io.SEEK_END) == size and ranged.seek(0) == 0
    for at, n in reads:
        assert ranged.seek(int(at * size)) == other.seek(int(at * size))
        assert ranged.read(n) == other.read(n)
        assert ranged.tell() == other.tell()
    assert ranged.readall() == other.read()


@pytest.mark.parametrize(("size", "asked"), [(0, []), (TAIL - 1, []), (TAIL, ["size"]), (TAIL + 9, ["size", "0:9"])])
def test_what_is_small_is_one_request(size: int, asked: list[str]) -> None:
    source = Bytes(bytes(size))
    file = RangedFile(source)
    file.read(9)
    file.seek(-1, io.SEEK_END) if size else None
    file.read()
    assert source.asked == [f"{-TAIL}:None", *asked]
