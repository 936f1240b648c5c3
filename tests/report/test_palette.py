"""What is told apart by colour is told apart by the colour-blind too, or by a dash, a mark or a label.

Colour blindness after Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color
vision deficiency", severity 1.0; differences in CIELAB (CIE 1976, D65).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from beyondbase.report.figures.problems import KINDS
from beyondbase.report.figures.runs import ENDINGS
from beyondbase.report.figures.tuning import POWER
from beyondbase.report.style import LOOKS

Vector = npt.NDArray[np.float64]

SEEN_BY = {
    "everybody else": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
APART = 20.0
"""distance in CIELAB; about 2.3 is just noticeable side by side"""
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)


def linear(colour: str) -> Vector:
    digits = {"white": "ffffff"}.get(colour, colour.lstrip("#"))
    srgb = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: Vector) -> Vector:
    xyz = _TO_XYZ @ np.clip(rgb, 0, 1) / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one: str, other: str, eyes: str) -> float:
    return float(np.linalg.norm(lab(SEEN_BY[eyes] @ linear(one)) - lab(SEEN_BY[eyes] @ linear(other))))


def test_the_scale_is_cielab() -> None:
    assert lab(linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.01)
    assert lab(linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.02)


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_white_and_greys_stay_what_they_are(eyes: str) -> None:
    assert SEEN_BY[eyes] @ np.ones(3) == pytest.approx(np.ones(3), abs=1e-5)


def test_red_and_green_of_one_lightness_would_not_pass() -> None:
    assert distance("#b06a00", "#7f8000", "everybody else") > APART > distance("#b06a00", "#7f8000", "protanopia")


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_base_rl_and_power_are_told_apart_by_colour(eyes: str) -> None:
    looks = [*LOOKS.values(), POWER]
    assert min(distance(a.colour, b.colour, eyes) for a, b in combinations(looks, 2)) > APART


def test_and_by_dash_and_mark_on_grey_paper() -> None:
    looks = [*LOOKS.values(), POWER]
    assert len({tuple(look.dash) for look in looks}) == len({look.mark for look in looks}) == len(looks)


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_endings_are_told_apart_by_colour(eyes: str) -> None:
    assert min(distance(a, b, eyes) for a, b in combinations(ENDINGS.values(), 2)) > APART


def test_kinds_of_problems_are_told_by_their_marks_and_the_confirmed_by_their_filling() -> None:
    """Grey and pale marks are near each other in any eyes, so that shape and filling have to tell them."""
    shapes = {name: mark for name, (mark, _, _) in KINDS.items() if not name.endswith("confirmed")}
    assert len({*shapes.values()}) == len(shapes) == 4


@pytest.mark.parametrize("eyes", SEEN_BY)
@pytest.mark.parametrize("cell", ["RL only", "base only"])
def test_a_confirmed_mark_is_filled_and_seen_as_filled(cell: str, eyes: str) -> None:
    (mark, edge, plain), (same_mark, same_edge, filled) = KINDS[cell], KINDS[f"{cell}, confirmed"]
    assert (mark, edge) == (same_mark, same_edge)
    assert distance(plain, filled, eyes) > APART
