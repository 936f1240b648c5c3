"""The verbs on a model as small as they come: what they write, and what they refuse."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from beyondbase import durable, open_run

Cli = Callable[..., object]
COMMAND = "from beyondbase.cli.main import main; raise SystemExit(main())"
SMALL = [
    *("--problems", "countdown", "--limit", "3", "--n-max", "8", "--n-first", "4"),
    *("--max-tokens", "20", "--temperature", "1", "--top-p", "1"),
]


@pytest.fixture(scope="session")
def runs(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs of the same settings but for their seeds."""
    from_here = tmp_path_factory.mktemp("runs")
    for name, seed in (("base", "0"), ("rl", "1")):
        words = ["sample", "--model", str(model), "--out", str(from_here / name), "--seed", seed, *SMALL]
        subprocess.run([sys.executable, "-c", COMMAND, *words], check=True, capture_output=True)
    return from_here


@pytest.fixture
def own_runs(runs: Path, tmp_path: Path) -> Path:
    """Copies of the two runs that a test may spoil."""
    return Path(shutil.copytree(runs, tmp_path / "own"))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_sample_says_what_the_run_holds(beyondbase: Cli, runs: Path) -> None:
    said = beyondbase("sample", "--config", runs / "base" / "sample.toml", "--json")
    assert said.code == 0
    assert said.data["problems"] == 3
    assert said.data["samples"] == said.data["samples_counted"] == sum(said.data["verdicts"].values()) == 24
    assert open_run(runs / "base").counts().n_P.tolist() == [8, 8, 8]


def test_every_setting_is_shown_before_the_first_token(beyondbase: Cli, model: Path, tmp_path: Path) -> None:
    said = beyondbase("sample", "--model", model, "--out", tmp_path / "run", *SMALL, "--stop", "x")
    shown, _, progress = said.err.partition("sample tiny:")
    assert progress
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    for name in [*manifest["spec"], *manifest["rule"], *(f"engine.{name}" for name in manifest["engine"])]:
        assert f"\n  {name} " in shown


def test_a_dry_run_says_what_a_run_costs_at_most_and_draws_nothing(
    beyondbase: Cli, model: Path, tmp_path: Path
) -> None:
    said = beyondbase("sample", "--model", model, "--out", tmp_path / "run", *SMALL, "--dry-run")
    assert said.code == 0
    assert "at most 24 samples of 3 problems, 480 tokens of answers" in said.out
    assert "first_prompt_token_ids" in said.out
    assert not (tmp_path / "run").exists()


def test_a_finished_sample_command_changes_nothing_when_given_again(beyondbase: Cli, own_runs: Path) -> None:
    before = tree(own_runs / "base")
    assert beyondbase("sample", "--config", own_runs / "base" / "sample.toml", "--out", own_runs / "base").code == 0
    after = tree(own_runs / "base")
    assert {name for name in before if before[name] != after.get(name)} <= {"sample.toml", ".lock"}
    assert set(before) == set(after)


def test_verify_judges_what_lost_its_verdict(beyondbase: Cli, own_runs: Path) -> None:
    verdicts = open_run(own_runs / "base").verdicts().collect().sort("problem_id", "sample_index")
    shutil.rmtree(own_runs / "base" / "verdicts")
    said = beyondbase("verify", own_runs / "base", "--json")
    assert said.code == 0
    assert sum(said.data["verdicts"].values()) == 24
    again = open_run(own_runs / "base").verdicts().collect().sort("problem_id", "sample_index")
    assert again.equals(verdicts)


def test_a_verifier_that_cannot_judge_these_problems_is_a_failure_that_names_its_reason(
    beyondbase: Cli, own_runs: Path
) -> None:
    said = beyondbase("verify", own_runs / "base", "--verifier", "exact")
    assert said.code == 1
    assert "exact-1 failed on 24 of 24 samples, the first with BadInput: " in said.error


def test_analyze_and_report_write_a_study_whose_numbers_are_the_runs(
    beyondbase: Cli, runs: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    said = beyondbase("analyze", "--base", runs / "base", "--rl", runs / "rl", "--out", study, "--json")
    assert said.code == 0
    assert said.data["verdict"]["sentence"].startswith("On 3 problems")
    first = (study / "analysis.json").read_bytes()
    page = (study / "report.html").read_bytes()
    (study / "report.html").unlink()
    assert beyondbase("report", study).code == 0
    assert (study / "report.html").read_bytes() == page
    assert beyondbase("analyze", "--config", study / "analyze.toml").code == 0
    assert (study / "analysis.json").read_bytes() == first


def test_an_audit_and_a_chance_of_guesses_are_in_the_study_and_its_saved_settings(
    beyondbase: Cli, runs: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    words = ["analyze", "--base", runs / "base", "--rl", runs / "rl", "--out", study, "--guess-chance", 0.01]
    assert beyondbase(*words, "--audit-wrong", 500, "--audit-wrong-passed", 2).code == 0
    first = (study / "analysis.json").read_bytes()
    guards = json.loads(first)["guards"]
    assert guards["audit"]["false_positive"] == 0.004
    assert guards["guess_filter"] is None
    assert beyondbase("analyze", "--config", study / "analyze.toml").code == 0
    assert (study / "analysis.json").read_bytes() == first


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--audit-wrong-passed", 2], "audit: expected passed <= audited, and some wrong samples audited"),
        (["--guess-below", 0], "guess-below: expected a share of right guesses"),
        (["--guess-chance", 2], "guess-chance: expected a chance in 0..1"),
        (["--base-direct", "nowhere"], "nowhere: "),
    ],
)
def test_guards_that_cannot_be_are_refused_before_any_work(
    beyondbase: Cli, model: Path, tmp_path: Path, flags: list[object], message: str
) -> None:
    said = beyondbase("compare", "--base", model, "--rl", model, "--out", tmp_path / "study", *SMALL, *flags)
    assert said.code == 2
    assert said.error.startswith(f"beyondbase: {message}")
    assert not (tmp_path / "study").exists()


def test_direct_answers_of_the_same_prompt_are_refused(beyondbase: Cli, runs: Path, tmp_path: Path) -> None:
    words = ["analyze", "--base", runs / "base", "--rl", runs / "rl", "--out", tmp_path / "study"]
    said = beyondbase(*words, "--base-direct", runs / "rl")
    assert said.code == 2
    assert said.error.startswith("beyondbase: base-direct: expected a prompt that asks for the answer alone")


def test_compare_samples_both_models_with_seeds_of_their_own(beyondbase: Cli, model: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    said = beyondbase("compare", "--base", model, "--rl", model, "--out", study, *SMALL, "--seed", 5)
    assert said.code == 0
    assert (study / "report.html").is_file()
    base, rl = (open_run(study / "runs" / name) for name in ("base", "rl"))
    assert len({base.manifest.spec.seed, rl.manifest.spec.seed, 5}) == 3
    texts = [run.samples().select("text").collect()["text"].to_list() for run in (base, rl)]
    assert texts[0] != texts[1]
    before = (study / "analysis.json").read_bytes()
    assert beyondbase("compare", "--config", study / "study.toml").code == 0
    assert (study / "analysis.json").read_bytes() == before


def test_train_rl_writes_a_model_that_can_be_sampled(beyondbase: Cli, model: Path, tmp_path: Path) -> None:
    sizes = [
        "--steps",
        "2",
        "--problems-per-step",
        "4",
        "--samples-per-problem",
        "4",
        "--train-problems",
        "8",
        "--max-tokens",
        "20",
    ]
    said = beyondbase("train", "rl", "--base", model, "--out", tmp_path / "rl", *sizes, "--json")
    assert said.code == 0
    assert pl.read_ndjson(said.data["metrics"]).height == 2
    out = tmp_path / "run"
    assert beyondbase("sample", "--model", said.data["model"], "--out", out, *SMALL, "--n-max", 4).code == 0


def test_ctrl_c_keeps_what_was_drawn_and_the_command_it_prints_ends_in_the_same_samples(
    beyondbase: Cli, model: Path, tmp_path: Path
) -> None:
    words = ["sample", "--model", str(model), *SMALL, "--n-max", "2000", "--fixed-n", "--batch-size", "32"]
    command = [sys.executable, "-c", COMMAND, *words, "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if line.startswith("sample tiny"))
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert f"stopped; the same command goes on where it was: beyondbase {' '.join(words)}" in said
    drawn = open_run(tmp_path / "run").n_drawn()
    assert 0 < drawn < 6000
    assert beyondbase(*words, "--out", tmp_path / "run").code == 0
    assert open_run(tmp_path / "run").counts().n_P.tolist() == [2000, 2000, 2000]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--n-first", 9], "n-first: expected at most n-max = 8, got 9"),
        (["--stop-at", 1], "stop_at: expected at least 2, got '1'"),
        (["--stop-at", 9], "stop-at: expected at most n-max = 8, got 9"),
        (["--n-max", 0], "n_max: expected at least 1 sample a problem, got '0'"),
        (["--temperature", -1], "temperature: expected 0 (greedy) or more, got -1.0"),
        (["--temperature", "nan"], "temperature: expected 0 (greedy) or more, got nan"),
        (["--top-p", 0], "top-p: expected 0 < top-p <= 1, got 0.0"),
        (["--top-k", 0], "top-k: expected at least 1, got 0"),
        (["--max-tokens", 0], "max-tokens: expected at least 1, got 0"),
        (["--max-tokens", 64], "max_tokens: expected at most 5"),
        (["--limit", 0], "limit: expected at least 1 problem, got 0"),
        (["--problems", "gsm9k"], "problems: expected one of countdown, countdown-train, "),
        (["--template", "chat"], "template: expected one of plain, "),
        (
            ["--verifier", "guess"],
            "verifier: expected one of code, countdown, exact, gym, math, judge or module:function, got 'guess'",
        ),
        (["--batch-size", 0], "batch-size: expected at least 1, got 0"),
    ],
)
def test_a_setting_out_of_range_is_bad_input(
    beyondbase: Cli, model: Path, tmp_path: Path, flags: list[object], message: str
) -> None:
    said = beyondbase("sample", "--model", model, "--out", tmp_path / "run", *SMALL, *flags)
    assert said.code == 2
    assert said.error.startswith(f"beyondbase: {message}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "model: expected config.json in"),
        ("model.safetensors", "model: expected weights as *.safetensors in"),
        ("tokenizer.json", "model: expected one of tokenizer.json, tokenizer.model, vocab.json in"),
    ],
)
def test_a_folder_that_is_no_model_is_named_with_what_is_missing(
    beyondbase: Cli, model: Path, tmp_path: Path, missing: str, message: str
) -> None:
    broken = Path(shutil.copytree(model, tmp_path / "broken"))
    (broken / missing).unlink()
    said = beyondbase("compare", "--base", model, "--rl", broken, "--out", tmp_path / "study", *SMALL)
    assert said.code == 2
    assert said.error.startswith(f"beyondbase: {message} '{broken}', found none; give a folder")
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("problems", ["--limit", 2]),
        ("template", ["--template", "countdown-words"]),
        ("max_tokens", ["--max-tokens", 5]),
        ("stop", ["--stop", "= 7"]),
        ("seed", ["--seed", 1]),
    ],
)
def test_runs_that_may_not_be_compared_are_refused_by_name_with_both_values(
    beyondbase: Cli, runs: Path, tmp_path: Path, name: str, flags: list[object]
) -> None:
    other = tmp_path / "other"
    if name == "template":  # the other template is longer than the small model's context
        manifest = json.loads((shutil.copytree(runs / "base", other) / "manifest.json").read_text())
        manifest["spec"]["template"], manifest["template_hash"] = flags[1], "0123456789abcdef"
        (other / "manifest.json").write_text(json.dumps(manifest))
    else:
        assert beyondbase("sample", "--config", runs / "base" / "sample.toml", "--out", other, *flags).code == 0
    said = beyondbase("analyze", "--base", other, "--rl", runs / "rl", "--out", tmp_path / "study")
    assert said.code == 2
    assert said.error.startswith(f"beyondbase: {name}: expected ")
    assert f"--allow-unequal {name}" in said.error
    assert not (tmp_path / "study").exists()


def test_an_allowed_difference_lets_the_comparison_through_and_is_in_its_result(
    beyondbase: Cli, runs: Path, tmp_path: Path
) -> None:
    words = ["analyze", "--base", runs / "base", "--rl", runs / "base", "--out", tmp_path / "study"]
    said = beyondbase(*words, "--allow-unequal", "seed", "--json")
    assert said.code == 0
    assert said.data["unequal"] == {"seed": "0 / 0"}
    assert beyondbase(*words, "--allow-unequal", "sead").error.startswith("beyondbase: allow-unequal: expected some of")


def test_a_run_of_a_newer_format_asks_for_an_upgrade(beyondbase: Cli, own_runs: Path, tmp_path: Path) -> None:
    path = own_runs / "rl" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 3}))
    said = beyondbase("analyze", "--base", own_runs / "base", "--rl", own_runs / "rl", "--out", tmp_path / "study")
    assert said.code == 2
    assert "format version 3 is newer than version 2" in said.error
    assert said.error.endswith("upgrade beyondbase")


def test_a_folder_that_cannot_be_made_is_told_before_any_work(beyondbase: Cli, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    for words in (
        ["demo"],
        ["train", "base"],
        ["train", "rl", "--base", model],
        ["compare", "--base", model, "--rl", model, *SMALL],
        ["sample", "--model", model, *SMALL],
    ):
        said = beyondbase(*words, "--out", out)
        assert said.code == 2
        assert said.error.endswith("cannot be written (Not a directory); choose a folder that can be written to")
        assert "1 of" not in said.err


def test_a_full_disk_is_one_line_and_what_was_committed_stays(
    beyondbase: Cli, own_runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run = own_runs / "base"
    words = ["sample", "--config", run / "sample.toml", "--out", run, "--n-max", 12]
    with monkeypatch.context() as patched:
        patched.setattr(durable.os, "fsync", full)
        said = beyondbase(*words)
    assert said.code == 2
    assert "the disk is full; what was committed is safe: free some space and run the same" in said.error
    assert open_run(run).n_drawn() == 24
    assert beyondbase(*words).code == 0
    assert open_run(run).n_drawn() == 36


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_is_one_line_and_leaves_a_run_that_can_be_read(
    beyondbase: Cli, model: Path, small_disk: Path
) -> None:
    words = ["sample", "--model", model, *SMALL, "--fixed-n", "--n-max", 8000, "--out", small_disk / "run"]
    said = beyondbase(*words)
    assert said.code == 2
    assert "the disk is full; what was committed is safe" in said.error
    run = open_run(small_disk / "run")
    assert run.samples().collect().height == run.n_drawn()


def test_processes_that_share_a_run_end_in_the_run_of_one(
    beyondbase: Cli, model: Path, runs: Path, tmp_path: Path
) -> None:
    words = ["sample", "--model", model, "--out", tmp_path / "run", *SMALL]
    first = beyondbase(*words, "--shard", "1/2")
    assert first.code == 0
    assert "1 problems of the whole run still owe samples" in first.out
    assert beyondbase(*words, "--shard", "2/2", "--json").data["samples"] == 24
    one, other = (
        open_run(path).samples().sort("problem_id", "sample_index").collect()
        for path in (tmp_path / "run", runs / "base")
    )
    assert one.equals(other)
    compacted = beyondbase("compact", tmp_path / "run", "--json").data
    assert compacted["parts_after"] < compacted["parts_before"]
    assert open_run(tmp_path / "run").samples().sort("problem_id", "sample_index").collect().equals(other)


def test_an_audit_says_what_is_wrong_and_exits_with_one(beyondbase: Cli, own_runs: Path) -> None:
    base, rl = own_runs / "base", own_runs / "rl"
    clean = beyondbase("audit", base, rl)
    assert clean.code == 0
    assert f"{base} against {rl}:" in clean.out
    assert "spec.seed" in clean.out
    shutil.rmtree(rl)
    shutil.copytree(base, rl)
    copied = beyondbase("audit", base, rl, "--json")
    assert copied.code == 1
    assert [result["findings"][0]["severity"] for result in copied.data["found"]][-1] == "wrong"


@pytest.mark.parametrize("words", [[], ["a", "b", "c"]])
def test_an_audit_takes_one_run_or_two(beyondbase: Cli, words: list[str]) -> None:
    assert beyondbase("audit", *words).code == 2


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "1/0", "a/b"])
def test_a_share_that_is_none_is_bad_input(beyondbase: Cli, model: Path, tmp_path: Path, shard: str) -> None:
    said = beyondbase("sample", "--model", model, "--out", tmp_path / "run", *SMALL, "--shard", shard)
    assert said.code == 2
    assert said.error.startswith("beyondbase: shard: expected I/N with 1 <= I <= N, such as 2/4, got")
