from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import polars as pl
import pytest

import beyondbase as bb
from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.analyses.profile import profile_of
from beyondbase.analyses.results import Diversity, PathCoverage, RunHealth, StudyAnalysis
from beyondbase.analyses.serialize import from_json, to_json
from beyondbase.analyses.shape import shape

NAMES = [f"p{i}" for i in range(30)]
BASE, RL = (bb.SuccessCounts(NAMES, n=[16] * 30, c=[(i * step) % 17 for i in range(30)]) for step in (1, 7))
BEYOND, PROFILE = extrapolate(BASE, RL), profile_of(BASE, RL, answers={})


def comparison() -> bb.Comparison:
    return bb.compare(BASE, RL)


def study(paths: bool = True) -> StudyAnalysis:
    health = RunHealth("m", 30, 480, 500, 0.5, 0.3, 0.1, 0.1, 0, 2, 10.5, math.nan)
    text = pl.DataFrame({"problem_id": ["p0"], "text": ['quote " and \u2028 and \u00e4 and \x00'], "sample_index": [3]})
    coverage = PathCoverage(4, pl.DataFrame({"k": [1, 2], "base": [0.1, math.inf]}), text, text)
    measures = pl.DataFrame({"measure": ["answers_0"], "order": [0], "ratio": [None], "base": [1.5]})
    training = pl.DataFrame(
        {"step": [1, 2], "reward": [math.nan, None], "collapsed": [False, True], "nothing": [None, None]}
    )
    return StudyAnalysis(
        comparison=comparison(),
        base_health=health,
        rl_health=health,
        paths=coverage if paths else None,
        settings=pl.DataFrame({"setting": ["T"], "base": ["0.6"], "rl": ["1.0"]}),
        examples=text,
        problems=pl.DataFrame(schema={"problem_id": pl.String, "question": pl.String}),
        training=training if paths else None,
        unequal={"b": "1 / 2", "a": "x / y"},
        extrapolation=BEYOND if paths else None,
        profile=PROFILE if paths else None,
        shape=shape(BASE, RL, comparison()) if paths else None,
        diversity=Diversity(64, 0, 0.95, measures, {"words": "no <texts>"}) if paths else None,
        not_made={} if paths else {"extrapolation": 'expected more, got "less"'},
    )


def assert_same(one: object, other: object) -> None:
    assert type(one) is type(other)
    if isinstance(one, pl.DataFrame):
        assert isinstance(other, pl.DataFrame)
        assert one.schema == other.schema
        assert one.equals(other)
    elif dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, float) and math.isnan(one):
        assert isinstance(other, float)
        assert math.isnan(other)
    else:
        assert one == other


@pytest.mark.parametrize("result", [comparison(), study(), study(paths=False)])
def test_a_result_comes_back_as_it_was_with_the_same_bytes(result: bb.Comparison | StudyAnalysis) -> None:
    again = from_json(to_json(result))
    assert_same(again, result)
    assert to_json(again) == to_json(result)


def test_equal_inputs_give_equal_bytes() -> None:
    assert comparison().to_json() == comparison().to_json()


def test_the_text_is_plain_json_without_nan() -> None:
    text = to_json(study())
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert "\n" not in text


def test_a_saved_result_can_be_read(tmp_path: Path) -> None:
    path = comparison().save(tmp_path / "analysis.json")
    assert_same(from_json(path.read_text(encoding="utf-8")), comparison())


def changed(**changes: object) -> str:
    return json.dumps({**json.loads(to_json(study())), **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[1]", "kind None"),
        ("{}", "kind None"),
        (changed(kind="Other"), "kind 'Other'"),
        (changed(kind=["Comparison"]), "kind"),
        (changed(format_version=2), "format version 2, expected 1; upgrade"),
        (changed(surprise=1), "surprise"),
        (changed(base_health=None), "base_health"),
        (changed(settings={"frame": [["a", "Float64", ["x"]]]}), "frame that cannot be read"),
        (changed(settings={"frame": [["a", "Complex", [1]]]}), "frame that cannot be read"),
        (changed(settings={"frame": [["a"]]}), "frame that cannot be read"),
        (changed(settings={"frame": 3}), "frame that cannot be read"),
        (changed(settings={"frame": [["a", "Int64", [1]], ["b", "Int64", [1, 2]]]}), "frame that cannot be read"),
        (changed(settings=[1]), "settings"),
    ],
)
def test_anything_else_is_a_store_error_of_one_line(text: str, message: str) -> None:
    with pytest.raises(bb.StoreError, match=message) as caught:
        from_json(text)
    assert "\n" not in str(caught.value)
