"""The TOML of an experiment: what it stands for, and what is refused in one line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.experiment.folders import STUDY
from beyondbase.experiment.reading import read_experiment
from beyondbase.experiment.resolved import toml_text
from beyondbase.experiment.spec import Experiment
from beyondbase.lab.rl_config import RLConfig
from tests.experiment.conftest import GRPO, SETS, SFT, TINY, Make

WHOLE = SETS + TINY + GRPO + SFT


def read(text: str, tmp_path: Path) -> Experiment:
    (tmp_path / "study.toml").write_text(text)
    return read_experiment(tmp_path / "study.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "sets: expected at least one problem set"),
        ("title = ", "expected TOML, got a syntax error"),
        ("title = 3\n" + WHOLE.replace('title = "Small"', ""), "study.toml: title: Input should be a valid string"),
        ("sedes = [0]\n" + WHOLE, "sedes: expected a key among title, .*perhaps you meant seeds"),
        (WHOLE.replace("seeds = [0, 1]", "seeds = [0, 0]"), r"seeds: expected different whole numbers.*\[0, 0\]"),
        (WHOLE.replace("n_max = 8", "n_max = 0"), "sampling: n_max: expected at least 1"),
        (WHOLE.replace("n_max = 8", "stop_at = 1"), "sampling: stop_at: expected at least 2"),
        (WHOLE.replace("n_max = 8", "n_max = 3"), "sampling.stop_at: expected at most n_max = 3, got 4"),
        (WHOLE.replace("n_max = 8", "temprature = 1.0"), "sampling.temprature: .*perhaps you meant temperature"),
        (WHOLE.replace("limit = 4", 'limit = "4"'), "sets.held-out.limit: Input should be a valid integer, got '4'"),
        (WHOLE.replace("[sets.in-domain]", "[sets.training]"), "sets.training: this name is kept"),
        (WHOLE.replace("[bases.tiny]", "[bases.shipped]"), "bases.shipped: this name is kept"),
        (WHOLE.replace("[bases.tiny]", "[bases.grpo]").replace('"tiny"', '"grpo"'), "a name that no base has"),
        (WHOLE.replace("layers = 1", "layer = 1"), "bases.tiny.layer: .*perhaps you meant layers"),
        (WHOLE.replace("layers = 1", 'size = "huge"'), "bases.tiny.size: expected one of small, medium, large"),
        (WHOLE + '[bases.b]\npath = "b"\nsteps = 3\n', "bases.b.path: expected a path alone or the settings"),
        (WHOLE + "[bases.b]\nsteps = 3\n", "bases.b: expected an arm, a table or a finding that uses it"),
        (WHOLE.replace("train_problems", "train_problem"), "grpo.train_problem: .*perhaps you meant train_problems"),
        (WHOLE.replace("[1, 3]", "[1, 4]"), r"measured_steps: expected steps from 1 to steps = 3, got \[1, 4\]"),
        (WHOLE.replace("samples_per_problem = 4", "samples_per_problem = 1"), "samples_per_problem: expected at least"),
        (WHOLE.replace('base = "tiny"', 'base = "tyni"', 1), "arms.grpo: base: expected a base among shipped, tiny"),
        (WHOLE.replace('kind = "sft"', 'kind = "dpo"'), "arms.sft.kind: Input should be 'rl' or 'sft', got 'dpo'"),
        (WHOLE.replace('samples_from = "shipped"', ""), "arms.sft.samples_from: expected the base whose correct"),
        (WHOLE.replace("samples_from", "mix_from"), "arms.sft.mix_from: expected samples_from in an arm of kind sft"),
        (WHOLE.replace('sets = ["held-out"]', 'sets = ["test"]'), "grpo.sets: expected names among held-out"),
        (WHOLE.replace("[arms.grpo]", "[arms.'a/b']"), "expected names of letters, digits"),
        (WHOLE + "[arms.r]\nsteps = 2\ngrid = { steps = [1, 2] }\n", "arms.r.steps: expected it in the arm or in its"),
        (WHOLE + "[arms.r]\ngrid = { kl = 3 }\n", "arms.r.grid: expected a list of values for each key"),
        (WHOLE + '[[tables]]\ntitle = "T"\n', r"tables\[0\].rows: expected this key, got none"),
        (WHOLE + '[[tables]]\ntitle = "T"\nrows = ["ppo"]\n', "rows: expected names among shipped, tiny, grpo, sft"),
        (WHOLE + '[[tables]]\ntitle = "T"\nrows = ["grpo@2"]\nsets = ["held-out"]\n', "expected one of grpo@1, grpo@3"),
        (WHOLE + '[[tables]]\ntitle = "T"\nrows = ["grpo"]\n', "expected a set that grpo@3 is measured on"),
        (WHOLE + '[[tables]]\ntitle = "T"\nrows = ["tiny"]\nk = [9]\n', "k: expected k from 1 to n_max = 8 of held"),
        (
            WHOLE + '[[findings]]\ntext = "F"\narms = ["tiny"]\nset = "held-out"\nk = 1\nexpect = "above"\n',
            r"findings\[0\].against: expected a model to compare tiny with",
        ),
        (
            WHOLE + '[[findings]]\ntext = "F"\narms = ["grpo"]\nset = "held-out"\nk = 1\nexpect = "up"\n',
            "expect: Input should be 'above' or 'below', got 'up'",
        ),
        (WHOLE + SFT.replace("arms.sft", "arms.more").replace("_n = 16", "_n = 8"), "training_n as in arms.sft"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line_that_names_the_file_and_the_key(
    text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=said) as error:
        read(text, tmp_path)
    assert "study.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_grid_stands_for_an_arm_of_each_combination_and_its_name_for_all(tmp_path: Path) -> None:
    grid = "[arms.r]\nsteps = 2\ngrid = { samples_per_problem = [4, 8], kl = [0.0, 0.1] }\n"
    whole = read(WHOLE + grid + '[[tables]]\ntitle = "T"\nrows = ["r", "tiny"]\n', tmp_path)
    names = [f"r/samples_per_problem={s},kl={kl}" for s in (4, 8) for kl in (0.0, 0.1)]
    assert [name for name in whole.arms if name.startswith("r/")] == names
    assert [whole.arms[name].settings["samples_per_problem"] for name in names] == [4, 4, 8, 8]
    assert [whole.arms[name].settings["kl"] for name in names] == [0.0, 0.1, 0.0, 0.1]
    assert whole.tables[0].rows == (*(f"{name}@2" for name in names), "tiny")


def test_defaults_are_those_of_the_configuration_and_of_the_head(tmp_path: Path) -> None:
    whole = read(WHOLE + "[arms.plain]\n", tmp_path)
    plain = whole.arms["plain"]
    assert (plain.base, plain.steps, plain.measured_steps) == ("shipped", RLConfig().steps, (RLConfig().steps,))
    assert plain.seeds == (0, 1)
    assert plain.sets == ("held-out", "in-domain")
    assert plain.settings["learning_rate"] == RLConfig().learning_rate
    assert whole.arms["sft"].seeds == (0,)
    assert whole.sets["held-out"].sampling == whole.sampling


def test_a_base_is_measured_where_an_arm_or_a_table_or_a_finding_needs_it(tmp_path: Path) -> None:
    assert read(WHOLE, tmp_path).measured == (("tiny", "held-out"),)
    shown = WHOLE + '[[tables]]\ntitle = "T"\nrows = ["shipped"]\nsets = ["in-domain"]\n'
    assert read(shown, tmp_path).measured == (("shipped", "in-domain"), ("tiny", "held-out"))
    compared = (
        '[[findings]]\ntext = "F"\narms = ["grpo"]\nset = "held-out"\nk = 1\nexpect = "above"\nagainst = "shipped"\n'
    )
    assert ("shipped", "held-out") in read(WHOLE + compared, tmp_path).measured


def test_the_copy_in_the_folder_is_the_same_experiment_seen_from_there(make: Make, tmp_path: Path) -> None:
    own = '[bases.own]\npath = "models/own"\n[arms.on-own]\nbase = "own"\n'
    folders = make(WHOLE, own, out="far/away")
    copy = read_experiment(folders.root / STUDY)
    assert copy.bases["own"].path is not None
    assert copy.bases["own"].path.resolve() == (tmp_path / "models" / "own").resolve()
    assert str(tmp_path) not in (folders.root / STUDY).read_text()
    again = read(WHOLE + own, tmp_path)
    assert (copy.arms, copy.sets, copy.measured) == (again.arms, again.sets, again.measured)


_LEAVES = st.one_of(st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False), st.text(max_size=8))
_TABLES = st.recursive(
    st.dictionaries(st.text(min_size=1, max_size=4), st.one_of(_LEAVES, st.lists(_LEAVES, max_size=3)), max_size=3),
    lambda inner: st.dictionaries(
        st.text(min_size=1, max_size=4), st.one_of(_LEAVES, inner, st.lists(inner, min_size=1, max_size=2)), max_size=3
    ),
    max_leaves=8,
)


@given(_TABLES)
def test_what_is_written_as_toml_is_read_back(table: dict[str, object]) -> None:
    written = tomllib.loads(toml_text(table))
    assert json.dumps(written, sort_keys=True) == json.dumps(table, sort_keys=True)
