"""The study on a cluster: its scripts start what they say, in words that the verbs accept, at the costs of `plan`."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from beyondbase import from_json
from beyondbase.cli.lazy import VERBS, load_verb
from beyondbase.cli.parse import parse
from beyondbase.cli.verb import Outcome
from beyondbase.draw_ladder import ladder
from beyondbase.problems.published import PUBLISHED
from beyondbase.types import silent

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "studies" / "cluster"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (beyondbase [^#\n]+)", README + PAGE, flags=re.MULTILINE)
SETS = ["gsm8k", "olympiadbench", "math500", "minerva", "amc23", "aime24"]
NAMES = ["base", *(f"step-{step}" for step in range(50, 501, 50))]

RECORDS = """#!/bin/sh
said=$(printf '%s\\t' "${0##*/}" "$@")
echo "$said" >> "$LOG"
case "$*" in *"$FAIL"*) exit 1 ;; esac
"""
"""stands for a program: keeps its words, and fails where they hold those of $FAIL"""
PASSES_ON = '#!/bin/sh\necho srun "$@" >> "$LOG"\nwhile [ "$1" != ray ]; do shift; done\nexec "$@"\n'
"""stands for srun, on one machine"""


def parsed(words: list[str]) -> Any:
    name = " ".join(words[:2]) if " ".join(words[:2]) in VERBS else words[0]
    return parse(name, load_verb(name), words[len(name.split()) :])[0]


def bash(
    script: Path, folder: Path, *words: str, fail: str = "nothing fails", **more: str
) -> tuple[int, list[list[str]]]:
    """Run a script where each program that it needs stands for itself; return its code and the words that each got."""
    programs, log = folder / "bin", folder / "log"
    programs.mkdir(exist_ok=True)
    for name in ("beyondbase", "ray"):
        (programs / name).write_text(RECORDS, encoding="utf-8")
        (programs / name).chmod(0o755)
    log.write_text("", encoding="utf-8")
    variables = {"PATH": f"{programs}:{os.environ['PATH']}", "LOG": str(log), "FAIL": fail} | more
    ended = subprocess.run(["bash", script, *words], cwd=folder, env=variables, capture_output=True, timeout=60)
    return ended.returncode, [line.rstrip("\t").split("\t") for line in log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The words of all commands that the loop gives."""
    code, lines = bash(FOLDER / "run.sh", tmp_path_factory.mktemp("loop"), "/models", "s3://bucket/cluster")
    assert code == 0
    return [words[1:] for words in lines]


@pytest.fixture(scope="module")
def drawn(given: list[list[str]]) -> list[Any]:
    """The configurations of the runs among them."""
    return [parsed(words) for words in given if words[0] == "sample"]


def test_the_loop_draws_every_model_on_every_benchmark_once(drawn: list[Any]) -> None:
    assert sorted(c.out for c in drawn) == sorted(f"s3://bucket/cluster/{s}/{name}" for s in SETS for name in NAMES)
    assert all(c.out.split("/")[-2] == c.problems for c in drawn)
    assert {c.model for c in drawn} == {"Qwen/Qwen2.5-7B", *(f"/models/{name}" for name in NAMES[1:])}
    seeds = {(c.out.split("/")[-1], c.spec.seed) for c in drawn}
    assert len(seeds) == len(NAMES) == len({seed for _, seed in seeds})


def test_all_runs_share_the_protocol_and_the_64_gpus_by_their_numbers_of_problems(drawn: list[Any]) -> None:
    for c in drawn:
        assert (c.spec.temperature, c.spec.top_p, c.spec.max_tokens) == (0.6, 0.95, 16384)
        assert (c.draw.rule().n_max, c.draw.rule().stop_at, c.run_on.on, c.run_on.gpus()) == (1024, 4, "ray", 1.0)
        assert c.run_on.ray.checked() == c.run_on.ray
    replicas = {c.problems: c.run_on.ray.replicas for c in drawn}
    rows = {name: PUBLISHED[name].n_rows for name in SETS}
    assert sum(replicas.values()) == 64
    assert all(abs(replicas[name] - 64 * rows[name] / sum(rows.values())) < 0.5 for name in SETS)
    assert {c.problems: c.run_on.ray.status_port for c in drawn} == dict(zip(SETS, range(8900, 8906), strict=True))


def test_the_loop_then_compares_all_checkpoints_and_reports_the_last(given: list[list[str]]) -> None:
    after = given[[words[0] for words in given].index("models") :]
    assert [words[0] for words in after] == ["models", "analyze"] * 6
    for name, table, report in zip(SETS, map(parsed, after[::2]), map(parsed, after[1::2]), strict=True):
        runs = [f"s3://bucket/cluster/{name}/{model}" for model in NAMES]
        assert (table.base, list(table.rl)) == (runs[0], runs[1:])
        assert (report.base, report.rl) == (runs[0], runs[-1])


def test_a_run_that_fails_stops_no_other_and_the_same_command_draws_it_alone(tmp_path: Path) -> None:
    words = ("/models", "runs")
    code, lines = bash(FOLDER / "run.sh", tmp_path, *words, fail="runs/minerva/step-100")
    assert code == 1
    assert [line[1] for line in lines] == ["sample"] * 66
    code, lines = bash(FOLDER / "run.sh", tmp_path, *words)
    assert code == 0
    assert [line[-1] for line in lines if line[1] == "sample"] == ["runs/minerva/step-100"]


def test_slurm_starts_ray_on_all_machines_and_the_loop_on_it(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"srun": PASSES_ON, "scontrol": "#!/bin/sh\nprintf 'one\\ntwo\\n'\n"}.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    (tmp_path / "activate").write_text("", encoding="utf-8")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "activate").write_text("", encoding="utf-8")
    slurm = {"SLURM_SUBMIT_DIR": ".", "SLURM_JOB_ID": "123456", "SLURM_JOB_NODELIST": "n", "SLURM_JOB_NUM_NODES": "8"}
    code, lines = bash(FOLDER / "slurm.sh", tmp_path, "/m", "/r", VENV="venv", SLURM_CPUS_PER_TASK="64", **slurm)
    assert code == 0
    (ray,) = [words for words in lines if words[0] == "ray"]
    started, command = ray[: ray.index("--")], ray[ray.index("--") + 1 :]
    assert started[1:4] == ["symmetric-run", "--address", "one:23456"]
    assert started[4:] == ["--min-nodes", "8", "--num-cpus=64", "--num-gpus=8"]
    assert command == ["bash", "studies/cluster/run.sh", "/m", "/r"]
    (srun,) = [words[0] for words in lines if words[0].startswith("srun ")]
    assert "--nodes=8 --ntasks=8 --cpus-per-task=64 " in srun


def test_slurm_asks_for_the_gpus_that_the_loop_uses() -> None:
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)", (FOLDER / "slurm.sh").read_text(encoding="utf-8"), re.M))
    options = tomllib.loads((FOLDER / "study.toml").read_text(encoding="utf-8"))["run_on"]["ray"]
    assert int(asked["nodes"]) * int(asked["gpus-per-node"]) == 64
    cpus = 64 * options["replica_cpus"] + len(SETS) * options["recorders"] * options["recorder_cpus"]
    assert cpus <= int(asked["nodes"]) * int(asked["cpus-per-task"])


def test_ray_accepts_the_cluster_and_its_command_for_slurm_has_these_flags() -> None:
    pytest.importorskip("ray")
    util = pytest.importorskip("ray.autoscaler._private.util")
    start = pytest.importorskip("ray.scripts.scripts").start
    cluster = yaml.safe_load((FOLDER / "cluster.yaml").read_text(encoding="utf-8"))
    prepared = util.prepare_config(cluster)
    util.validate_config(prepared)
    workers = prepared["available_node_types"]["worker"]
    assert workers["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert prepared["max_workers"] == workers["max_workers"] == 8
    known = {name for option in start.params for name in option.opts}
    text = "\n".join([*cluster["head_start_ray_commands"], *cluster["worker_start_ray_commands"]]) + PAGE
    lines = [line.split("ray start", 1)[1] for line in text.splitlines() if "ray start --" in line]
    assert len(lines) >= 4
    assert {flag for line in lines for flag in re.findall(r"--[a-z-]+", line.split("`")[0])} <= known


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_pages_parses(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    parsed(shlex.split(command)[1:])


def test_every_flag_of_the_table_is_there_with_its_default() -> None:
    ray = parsed(["sample", "--model", "m", "--problems", "p", "--out", "o"]).run_on.ray
    table = PAGE.split("| flag | default | what |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `--([\w-]+)` \| ([^|]+) \|", table, flags=re.MULTILINE)
    assert {name.replace("-", "_") for name, _ in rows} == set(type(ray).__dataclass_fields__)
    for name, default in rows:
        value = getattr(ray, name.replace("-", "_"))
        assert value is None if not default[0].isdigit() else value == float(default), name


def test_prices_rounds_and_sums_are_what_they_are_said_to_be() -> None:
    rows = {name: PUBLISHED[name].n_rows for name in SETS}
    assert sum(rows.values()) == 2836
    for name in SETS:
        assert f"{rows[name]:,} (" in README
    assert f"{2.5e6 / (3600 * 2500):.3f}" == "0.278"
    rule = parsed(["sample", "--config", str(FOLDER / "study.toml"), "--model", "m", "--problems", "p", "--out", "o"])
    rounds = ladder(rule.draw.rule())
    assert f"samples in {len(rounds)} rounds" in README
    assert f"{16384 / 40 / 60:.1f} minutes, {len(rounds)} of them {len(rounds) * 16384 / 40 / 3600:.1f} hours" in README


@pytest.mark.slow
def test_the_costs_are_those_that_plan_prints() -> None:
    shown = README.split("<!-- plan: begin -->")[1].split("<!-- plan: end -->")[0].splitlines()
    said = planned().lines
    assert [line for line in shown if line and line.removeprefix("    ") not in said] == []
    rows = re.findall(r"^\| (as it is|`[^`]+`) \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) \| ([\d,]+) \|", README, flags=re.M)
    assert len(rows) == 5
    for flags, *told in rows:
        result = from_json(json.dumps(planned(*([] if flags == "as it is" else flags.strip("`").split())).data))
        one = {row["model"]: row for row in result.cost.rows(named=True)}
        samples, tokens, hours, money = (
            one["base"][name] + 10 * one["rl"][name] for name in ("samples", "tokens", "hours", "money")
        )
        assert told == [f"{samples:,.0f}", f"{tokens / 1e6:,.0f}", f"{hours:.1f}", f"{money:,.0f}"]


@pytest.mark.slow
def test_the_chances_of_an_answer_are_those_of_plan() -> None:
    lines = [line for line in COMMANDS if line.endswith("--runs 100") and "tokens" not in line]
    chances = [run_plan(shlex.split(line)[1:]).data["decided"] for line in lines]
    assert [f"{chance:.0%}" for chance in chances] == ["88%", "33%", "0%", "0%"]
    assert "is 88% with 500 problems, 33% with 272 and none with 30 or 40" in " ".join(README.split())


@lru_cache
def planned(*flags: str) -> Outcome:
    (command,) = [line for line in COMMANDS if line.startswith("beyondbase plan --problems 2836")]
    return run_plan([*shlex.split(command)[1:], *flags])


def run_plan(words: list[str]) -> Outcome:
    return load_verb("plan").run(parsed(words), silent)
