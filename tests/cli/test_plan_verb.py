"""`beyondbase plan` from the command line: what it says, writes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import fsspec
import polars as pl
import pytest

from beyondbase import from_json
from beyondbase.analyses.results import StudyPlan
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import DrawRule, Problem, SamplingSpec
from beyondbase.verification.exact import ExactMatch

Cli = Callable[..., object]
SMALL = ("--problems", 20, "--n-max", 16, "--runs", 20)


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study folder with two finished runs, whose RL model lost half of its problems."""
    study = tmp_path_factory.mktemp("pilot")
    ids = [str(i) for i in range(40)]
    problems = ProblemSet("ours", tuple(Problem(i, f"question {i}", '{"answer": "yes"}') for i in ids))
    for seed, (name, rates) in enumerate({"base": [0.1] * 40, "rl": [0.95] * 20 + [0.0] * 20}.items()):
        engine = ScriptedEngine(dict(zip(ids, rates, strict=True)), dict.fromkeys(ids, "yes"))
        spec = SamplingSpec(seed=seed)
        sample_run(study / "runs" / name, problems, engine, spec, DrawRule(64), ExactMatch())
    return study


def test_it_says_widths_chances_cost_and_the_trade(beyondbase: Cli) -> None:
    said = beyondbase("plan", *SMALL, "--tokens-per-sample", 100, "--tokens-per-second", 10, "--price", 3)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("20 problems x up to 16 samples from both models, a problem stopping at success 4")
    assert any(line.startswith("band, +-points") for line in lines)
    assert "chance of each verdict: narrowed " in said.out
    assert sum(line.startswith("cost, ") and "hours, money" in line for line in lines) == 3
    assert sum(line.split()[:1] in (["5"], ["10"], ["20"], ["40"], ["80"]) for line in lines[1:]) == 15
    assert all(len(line) <= 110 for line in lines)
    assert "simulate studies: " in said.err


def test_json_is_the_result_and_out_holds_it_with_the_figure_and_its_data(beyondbase: Cli, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    said = beyondbase("plan", *SMALL, "--out", out, "--json")
    assert said.code == 0
    text = (out / "plan.json").read_text(encoding="utf-8")
    assert said.data == json.loads(text)
    result = from_json(text)
    assert isinstance(result, StudyPlan)
    assert (result.problems, result.n_max, result.runs) == (20, 16, 20)
    assert {path.name for path in (out / "figures").iterdir()} == {"plan.svg", "plan.png", "plan.csv"}
    assert pl.read_csv(out / "figures" / "plan.csv").height == result.designs.height == 15
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert beyondbase("plan", "--config", out / "plan.toml").code == 0
    assert {path: path.read_bytes() for path in before} == before
    assert beyondbase("plan", "--config", out / "plan.toml", "--seed", 1).code == 0
    assert (out / "plan.json").read_text(encoding="utf-8") != text


def test_assumptions_replace_their_part_of_the_preset(beyondbase: Cli) -> None:
    words = ["--preset", "countdown", "--zero", 0.25, "--odds", 1, "--lost", 0, "--unlocked", 0.5]
    said = beyondbase("plan", *SMALL, *words, "--json")
    assert said.data["source"] == (
        "assumed: base rates 0 for 25.0% of problems, else Beta(1.03, 16.5); RL multiplies the odds by 1, loses 0.0% "
        "of problems and unlocks 50.0% of those at 0"
    )


def test_a_pilot_gives_rates_problems_and_tokens_and_finds_a_design_that_decides(
    beyondbase: Cli, pilot: Path, tmp_path: Path
) -> None:
    words = ["--n-max", 32, "--runs", 20, "--price", 1, "--json"]
    said = beyondbase("plan", "--pilot", pilot, *words)
    assert said.code == 0
    assert said.data["source"] == "pilot: 40 problems, up to 64 samples a problem from each model"
    assert said.data["problems"] == 40
    assert said.data["decided"] > 0.8
    assert said.data["cheapest"] is not None
    assert said.data == beyondbase("plan", "--base", pilot / "runs/base", "--rl", pilot / "runs/rl", *words).data
    at_a_url = f"memory://{pilot.name}"
    fsspec.filesystem("memory").put(str(pilot / "runs"), at_a_url, recursive=True)
    assert said.data == beyondbase("plan", "--base", f"{at_a_url}/base", "--rl", f"{at_a_url}/rl", *words).data


def test_where_no_design_decides_it_says_so(beyondbase: Cli) -> None:
    said = beyondbase("plan", "--problems", 4, "--n-max", 16, "--runs", 20)
    assert "reaches" in said.out.replace("\n", " ")
    assert "none of these designs reaches it" in said.out.replace("\n", " ")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--problems", 1], "problems: expected a whole number 2 <= problems"),
        (["--stop-at", 64], "stop-at: expected at most n-max = 16, got 64"),
        (["--runs", 3], "runs: expected a whole number 20 <= runs"),
        (["--target", 0], "target: expected a chance above 0 and below 1"),
        (["--target", "nan"], "target: expected a chance above 0 and below 1"),
        (["--confidence", 1], "confidence: expected 0.5 <= confidence < 1"),
        (["--margin", -1], "margin: expected a share"),
        (["--seed", -1], "seed: expected a whole number 0 <= seed"),
        (["--preset", "gsm8k"], "preset: expected one of deepscaler, countdown, got 'gsm8k'"),
        (["--zero", 2], "law of rates: expected 0 <= zero <= 1"),
        (["--alpha", 0], "law of rates: expected 0 <= zero <= 1, alpha > 0"),
        (["--beta", "nan"], "law of rates: expected 0 <= zero <= 1, alpha > 0"),
        (["--odds", 0], "odds: expected more than 0"),
        (["--lost", 1.5], "lost: expected a share of problems 0 <= lost <= 1, got '1.5'"),
        (["--unlocked", -0.1], "unlocked: expected a share of problems 0 <= unlocked <= 1, got '-0.1'"),
        (["--tokens-per-sample", 0], "tokens-per-sample: expected more than 0"),
        (["--tokens-per-second", 0], "tokens-per-second: expected more than 0"),
        (["--price", -1], "price: expected 0 or more"),
        (["--base", "a"], "pilot: expected both --base RUN and --rl RUN, got --base alone"),
        (
            ["--pilot", "a", "--rl", "b"],
            "pilot: expected --pilot STUDY or --base RUN and --rl RUN, got --pilot and --rl",
        ),
        (["--pilot", "a", "--odds", 2], "odds: expected no assumption beside a pilot"),
        (["--pilot", "a", "--tokens-per-sample", 2], "tokens-per-sample: expected no assumption beside a pilot"),
        (["--pilot", "nothing"], "nothing/runs/base: "),
    ],
)
def test_impossible_settings_are_bad_input_in_one_line(
    beyondbase: Cli, tmp_path: Path, flags: list[object], message: str
) -> None:
    said = beyondbase("plan", *SMALL, "--out", tmp_path / "plan", *flags)
    assert said.code == 2
    assert said.error.startswith(f"beyondbase: {message}")
    assert not (tmp_path / "plan" / "plan.json").exists()


@pytest.mark.slow
def test_the_output_in_the_readme_is_what_the_command_prints(beyondbase: Cli) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- plan: begin -->")[1].split("<!-- plan: end -->")[0].splitlines()
    (command,) = [line.split()[1:] for line in readme.splitlines() if line.startswith("    beyondbase plan --problems")]
    said = beyondbase(*command).out.splitlines()
    assert len(shown) > 20
    assert [line for line in shown if line and line.removeprefix("    ") not in said] == []
