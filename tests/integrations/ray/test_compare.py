"""The command line on a cluster: the same files as in one process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beyondbase.cli.main import main
from beyondbase.store import open_run

SIZES = "--hidden-size 16 --layers 1 --heads 2 --intermediate-size 32 --batch-size 8"
HOW = "--problems countdown --limit 6 --n-max 20 --n-first 8 --max-tokens 24 --temperature 1"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two small models of the lab that draw differently."""
    folders = {name: tmp_path_factory.mktemp("models") / name for name in ("base", "rl")}
    for (name, folder), steps in zip(folders.items(), (2, 4), strict=True):
        assert main(["train", "base", "--out", str(folder), "--steps", str(steps), *SIZES.split()]) == 0, name
    return folders


def test_compare_on_a_cluster_gives_the_same_analysis_to_the_byte(
    cluster: Any, models: dict[str, Path], tmp_path: Path
) -> None:
    both = ["--base", models["base"], "--rl", models["rl"], *HOW.split()]
    for name, on in (("here", []), ("ray", ["--on", "ray", "--replicas", 2, "--lease", 16, "--wait-s", 0.5])):
        words = ["compare", *both, "--out", tmp_path / name, *on]
        assert main([str(word) for word in words]) == 0
    here, ray = ((tmp_path / name / "analysis.json").read_bytes() for name in ("here", "ray"))
    assert here == ray
    assert len(json.loads(here)) > 10


def test_verify_and_score_on_a_cluster_give_what_one_process_gives(
    cluster: Any, models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    sample = ["sample", "--model", models["base"], *HOW.split(), "--out", run, "--fixed-n"]
    assert main([str(word) for word in sample]) == 0
    before = open_run(run).verdicts().sort("problem_id", "sample_index").collect()
    shutil.rmtree(run / "verdicts")
    assert main(["verify", str(run), "--on", "ray", "--recorders", "2"]) == 0
    assert open_run(run).verdicts().sort("problem_id", "sample_index").collect().equals(before)
    assert before.height == 120
    told = {}
    for model, extra in (("base", []), ("rl", ["--on", "ray"])):
        capsys.readouterr()
        assert main(["score", str(run), "--model", str(models[model]), "--first", "4", "--json", *extra]) == 0
        told[model] = json.loads(capsys.readouterr().out)
    for model, extra in (("base", ["--on", "ray"]), ("rl", [])):
        capsys.readouterr()
        assert main(["score", str(run), "--model", str(models[model]), "--first", "4", "--json", *extra]) == 0
        assert json.loads(capsys.readouterr().out) == told[model]
    assert {told[model]["samples"] for model in told} == {24}


def test_without_ray_installed_nothing_else_changes(tmp_path: Path, models: dict[str, Path]) -> None:
    """In a process where ray cannot be imported."""
    program = (
        "import sys; sys.modules['ray'] = None; from beyondbase.cli.main import main; "
        "import beyondbase; sys.exit(main(sys.argv[1:]))"
    )

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True, check=False
        )

    both = ["--base", models["base"], "--rl", models["rl"], *HOW.split(), "--n-max", 8]
    assert run("compare", *both, "--out", tmp_path / "here").returncode == 0
    refused = run("compare", *both, "--out", tmp_path / "ray", "--on", "ray")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[-1] == (
        "beyondbase: expected ray to be installed, found it missing; pip install 'beyondbase[ray]'"
    )


def test_what_a_fleet_cannot_do_is_said_before_it_starts(
    models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sample", "--model", str(models["base"]), *HOW.split(), "--out", str(tmp_path / "run"), "--on", "ray"]
    for flags, says in (
        (["--replicas", "0"], "replicas: expected at least 1, got 0"),
        (["--replica-cpus", "-1"], "replica-cpus: expected 0 or more, got -1.0"),
        (["--hang-s", "0"], "hang-s: expected more than 0 seconds, got 0.0"),
    ):
        assert main([*words, *flags]) == 2
        assert says in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
