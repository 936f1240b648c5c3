"""Visual problems that are drawn here, pixel by pixel, so that their answers are known and their bytes fixed."""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from beyondbase.problems.problem_set import ProblemSet
from beyondbase.types import Problem

Canvas = NDArray[np.uint8]
"""one palette index a pixel, rows first"""
SIDE = 192
"""pixels"""
_EACH = 12
"""problems of a kind"""
_COLOURS = ("white", "black", "grey", "red", "green", "blue", "orange", "purple")
_RGB = (0xFFFFFF, 0x000000, 0xC8C8C8, 0xD62728, 0x2CA02C, 0x1F4FB4, 0xFF8C00, 0x7B3FA0)
_WHITE, _BLACK, _GREY = range(3)
_BARS = tuple(range(3, len(_COLOURS)))


def figures() -> ProblemSet:
    """Draw 48 problems of four kinds: circles counted, the highest bar, a bar's value, crossings counted."""
    kinds: dict[str, Callable[[random.Random], tuple[str, str, Canvas]]] = {
        "circles": _circles,
        "highest": _highest,
        "value": _value,
        "crossings": _crossings,
    }
    problems = [_problem(kind, number, draw) for kind, draw in kinds.items() for number in range(_EACH)]
    return ProblemSet("figures", tuple(problems), "exact", "answer-line")


def png(canvas: Canvas) -> bytes:
    """Write a canvas of even width as PNG of four bits a pixel, not compressed: the same bytes from every zlib."""
    height, width = canvas.shape
    packed = (canvas[:, ::2] << 4) | canvas[:, 1::2]
    raw = b"".join(b"\0" + row.tobytes() for row in packed)
    blocks = [raw[i : i + 0xFFFF] for i in range(0, len(raw), 0xFFFF)]
    stored = b"".join(
        struct.pack("<BHH", i == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block
        for i, block in enumerate(blocks)
    )
    palette = b"".join(rgb.to_bytes(3, "big") for rgb in _RGB)
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0),
        b"PLTE": palette,
        b"IDAT": b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(raw)),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _problem(kind: str, number: int, draw: Callable[[random.Random], tuple[str, str, Canvas]]) -> Problem:
    question, answer, canvas = draw(random.Random(f"{kind} {number}"))
    url = f"data:image/png;base64,{base64.b64encode(png(canvas)).decode()}"
    return Problem(f"{kind}-{number:02d}", question, json.dumps({"answer": answer}), {"kind": kind}, images=(url,))


def _blank() -> Canvas:
    return np.full((SIDE, SIDE), _WHITE, np.uint8)


def _circles(rng: random.Random) -> tuple[str, str, Canvas]:
    """Discs in cells of a grid, so that none touches another."""
    canvas, cell = _blank(), SIDE // 4
    cells = rng.sample([(row, column) for row in range(4) for column in range(4)], rng.randint(3, 12))
    row_P, column_P = np.mgrid[:SIDE, :SIDE]
    for row, column in cells:
        radius, y, x = rng.randint(8, 20), (row + 0.5) * cell, (column + 0.5) * cell
        canvas[(row_P - y) ** 2 + (column_P - x) ** 2 <= radius**2] = rng.choice(_BARS)
    return "How many circles are in the picture?", str(len(cells)), canvas


def _bars(rng: random.Random) -> tuple[list[int], list[int], Canvas]:
    """Bars of different whole heights in units of the grid behind them, and of different colours."""
    canvas, unit, n = _blank(), SIDE // 12, rng.randint(3, len(_BARS))
    canvas[SIDE - 1 :: -unit] = _GREY
    heights, colours = rng.sample(range(1, 12), n), rng.sample(_BARS, n)
    width = SIDE // n
    for i, (height, colour) in enumerate(zip(heights, colours, strict=True)):
        canvas[SIDE - height * unit :, i * width + width // 4 : (i + 1) * width - width // 4] = colour
    return heights, colours, canvas


def _highest(rng: random.Random) -> tuple[str, str, Canvas]:
    heights, colours, canvas = _bars(rng)
    answer = _COLOURS[colours[heights.index(max(heights))]]
    named = ", ".join(_COLOURS[colour] for colour in sorted(colours))
    return f"Which bar is the highest? Answer with its colour: {named}.", answer, canvas


def _value(rng: random.Random) -> tuple[str, str, Canvas]:
    heights, colours, canvas = _bars(rng)
    i = rng.randrange(len(heights))
    question = (
        f"The grey lines are one unit apart, the lowest at 0. How many units high is the {_COLOURS[colours[i]]} bar?"
    )
    return question, str(heights[i]), canvas


def _crossings(rng: random.Random) -> tuple[str, str, Canvas]:
    """Level and upright lines on places of their own, each end well short of or beyond every line it could meet."""
    canvas, step = _blank(), SIDE // 12
    rows, columns = rng.sample(range(1, 12, 2), rng.randint(2, 5)), rng.sample(range(1, 12, 2), rng.randint(2, 5))
    level = {row: sorted(rng.sample(range(0, 13, 2), 2)) for row in rows}
    upright = {column: sorted(rng.sample(range(0, 13, 2), 2)) for column in columns}
    for row, (start, end) in level.items():
        canvas[row * step - 1 : row * step + 2, start * step : end * step] = _BLACK
    for column, (start, end) in upright.items():
        canvas[start * step : end * step, column * step - 1 : column * step + 2] = _BARS[0]
    met = sum(
        start < column < end and top < row < bottom
        for row, (start, end) in level.items()
        for column, (top, bottom) in upright.items()
    )
    return "At how many points does a red line cross a black line?", str(met), canvas
