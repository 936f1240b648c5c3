"""`beyondbase train trl`: flags to a trained model, and what it says at its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beyondbase.cli.toml_file import read_toml
from beyondbase.integrations.trl.config import TrlConfig
from beyondbase.lab.paths import BASE_MODEL

WORDS = (
    f"--model {BASE_MODEL} --problems countdown --limit 16 --steps 1 --problems-per-step 4 --samples-per-problem 4 "
    "--rows-at-once 16 --max-tokens 24 --device cpu --held-out countdown --held-out-limit 4 --n-max 4 --n-first 2 "
    "--stop-at 2 --eval-temperature 1 --eval-top-p 1"
).split()


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing` is deprecated:FutureWarning")
def test_it_trains_shows_every_setting_and_says_pass_at_k_before_and_after(
    beyondbase: Callable[..., Any], tmp_path: Path
) -> None:
    pytest.importorskip("trl")
    said = beyondbase("train", "trl", *WORDS, "--out", tmp_path, "--json")
    assert said.code == 0 and said.data.keys() == {"model", "metrics", "reward", "runs"}
    for setting in ("  trl.loss_type ", "  trl.num_generations ", "  weights_hash ", "  n_max ", "  eos_token_ids "):
        assert setting in said.err
    again = beyondbase("train", "trl", *WORDS, "--out", tmp_path)
    lines = [line for line in again.out.splitlines() if line.startswith("after step")]
    measured = [json.loads(line) for line in (tmp_path / "pass_at_k.jsonl").read_text().splitlines()]
    assert [line.partition(":")[0] for line in lines] == ["after step 0", "after step 1"]
    for line, row in zip(lines, measured, strict=True):
        assert f"pass@1 {row['eval_pass@1']:.3f} [{row['eval_pass@1_lo']:.3f}, {row['eval_pass@1_hi']:.3f}], " in line
    kept = read_toml(tmp_path / "train.toml", TrlConfig)
    assert (kept["steps"], kept["device"], kept["watch"].held_out) == (1, "cpu", "countdown")


def test_an_unknown_algorithm_is_one_line(beyondbase: Callable[..., Any], tmp_path: Path) -> None:
    pytest.importorskip("trl")
    said = beyondbase("train", "trl", *WORDS, "--out", tmp_path, "--algorithm", "ppo")
    assert said.code == 2 and "expected one of grpo, dr-grpo, dapo, rloo, got 'ppo'" in said.error
