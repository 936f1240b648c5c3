from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.cli.analyze import AnalyzeConfig
from beyondbase.cli.parse import parse
from beyondbase.cli.sample import VERB, SampleConfig
from beyondbase.cli.settings import Draw
from beyondbase.cli.toml_file import read_toml, write_toml
from beyondbase.errors import BadInput
from beyondbase.sampling.engines import EngineName, EngineOptions
from beyondbase.sampling.options import HfOptions, Server, ServerOptions
from beyondbase.types import DrawRule, SamplingSpec

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SPECS = st.builds(
    SamplingSpec,
    temperature=st.floats(allow_nan=False),
    top_k=st.none() | st.integers(1, 100),
    stop=st.lists(TEXT).map(tuple),
    template=TEXT,
    add_bos=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
)
CONFIGS = st.builds(
    SampleConfig,
    model=st.just("a b/c"),
    problems=TEXT,
    out=st.just("out"),
    verifier=st.none() | TEXT,
    limit=st.none() | st.integers(1, 9),
    run_on=st.builds(
        EngineOptions,
        engine=st.sampled_from(EngineName),
        hf=st.builds(HfOptions, batch_size=st.integers(1, 9), device=st.none() | TEXT),
        api=st.builds(ServerOptions, base_url=TEXT, server=st.sampled_from(Server), timeout_s=st.floats(0, 9)),
    ),
    spec=SPECS,
    draw=st.builds(Draw, n_max=st.integers(1, 9), fixed_n=st.booleans()),
)


# the first example imports pydantic's and tyro's machinery, whose time says nothing
@settings(deadline=None, max_examples=40)
@given(config=CONFIGS)
def test_what_is_written_is_read_back(config: SampleConfig, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("toml") / "sample.toml"
    path.write_text(write_toml(config, "sample"), encoding="utf-8")
    assert SampleConfig(**read_toml(path, SampleConfig)) == config
    assert parse("sample", VERB, ["--config", str(path)])[0] == config


def test_flags_override_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('model = "m"\nproblems = "countdown"\n[spec]\ntop_p = 0.5\nseed = 1\n')
    words = ["--seed", "2", f"--config={path}", "--out", "o", "--stop", "a", "b"]
    config, common = parse("sample", VERB, words)
    assert config == SampleConfig("m", "countdown", "o", spec=SamplingSpec(top_p=0.5, seed=2, stop=("a", "b")))
    assert common.config == path


def test_a_required_field_may_stand_in_the_file_or_among_the_flags_but_not_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('model = "m"\n')
    with pytest.raises(BadInput, match=r"Missing .*--problems.*--out"):
        parse("sample", VERB, ["--config", str(path)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeed = 1", r"expected keys among base, rl, .*; got 'seeed'; rename or remove it"),
        ("[analysis]\nconfidense = 0.9", "expected keys among analysis.confidence, .*; got 'analysis.confidense'"),
        ('seed = "one"', "seed: Input should be a valid integer, got 'one'"),
        ("[analysis]\nmargin = true", "analysis.margin: .*"),
        ("seed = ", "expected TOML, got a syntax error"),
        ("analysis = 3", "analysis: .*"),
    ],
)
def test_a_key_or_value_that_does_not_fit_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=message):
        read_toml(path, AnalyzeConfig)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"absent\.toml: expected a TOML file, cannot read it \(No such file"):
        read_toml(tmp_path / "absent.toml", AnalyzeConfig)


def test_the_draw_of_the_command_line_is_the_rule_of_the_package() -> None:
    assert Draw().rule() == DrawRule()
    assert Draw(fixed_n=True).rule() == dataclasses.replace(DrawRule(), stop_at=None)
