"""Figures that are drawn here: whole PNG files whose pixels hold the answer."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import numpy as np

from beyondbase.problems import load_problems
from beyondbase.problems.figures import SIDE, figures
from beyondbase.types import Problem


def pixels(problem: Problem) -> np.ndarray:
    """Read the palette indices back, by the standard rather than by what was written."""
    (url,) = problem.images
    content, chunks, at = base64.b64decode(url.removeprefix("data:image/png;base64,")), {}, 8
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(name + body),)
        chunks[name], at = body, at + 12 + length
    assert chunks[b"IHDR"] == struct.pack(">IIBBBBB", SIDE, SIDE, 4, 3, 0, 0, 0)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(SIDE, 1 + SIDE // 2)
    assert not rows[:, 0].any()  # no row is filtered
    return np.stack([rows[:, 1:] >> 4, rows[:, 1:] & 15], axis=-1).reshape(SIDE, SIDE)


def answer(problem: Problem) -> str:
    return str(json.loads(problem.reference)["answer"])


def of_kind(kind: str) -> list[Problem]:
    return [problem for problem in figures() if problem.strata["kind"] == kind]


def regions(marked: np.ndarray) -> int:
    """Count the regions of connected pixels."""
    left, found = {(int(y), int(x)) for y, x in np.argwhere(marked)}, 0
    while left:
        found, edge = found + 1, [left.pop()]
        while edge:
            y, x = edge.pop()
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in left:
                    left.remove(near)
                    edge.append(near)
    return found


def test_the_circles_of_a_picture_are_as_many_as_its_answer() -> None:
    for problem in of_kind("circles"):
        assert regions(pixels(problem) != 0) == int(answer(problem))


def test_the_bars_of_a_picture_have_the_heights_of_its_answer() -> None:
    names = ("red", "green", "blue", "orange", "purple")
    for problem in of_kind("highest") + of_kind("value"):
        rows = {name: np.flatnonzero((pixels(problem) == 3 + i).any(axis=1)) for i, name in enumerate(names)}
        units = {name: len(at) // (SIDE // 12) for name, at in rows.items() if len(at)}
        if problem.strata["kind"] == "highest":
            assert answer(problem) == max(units, key=lambda name: units[name])
        else:
            assert int(answer(problem)) == units[problem.question.split()[-2]]


def test_the_crossings_of_a_picture_are_as_many_as_its_answer() -> None:
    found = set()
    for problem in of_kind("crossings"):
        drawn = pixels(problem)
        red, black = drawn == 3, drawn == 1
        # where an upright line was drawn over a level one, black stands left and right of red
        met = regions(red[:, 3:-3] & black[:, :-6] & black[:, 6:])
        assert met == int(answer(problem))
        found.add(met)
    assert len(found) > 3


def test_the_set_has_the_same_bytes_everywhere() -> None:
    problems = load_problems("figures")
    assert (len(problems), problems.verifier, problems.template) == (48, "exact", "answer-line")
    assert problems.hash == "a8a75592a173d275"
