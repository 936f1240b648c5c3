"""Experiments as small as they come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from beyondbase.experiment.folders import Folders
from beyondbase.experiment.resolved import claim

SETS = """
title = "Small"
seeds = [0, 1]
[sampling]
n_max = 8
n_first = 4
[sets.held-out]
problems = "countdown"
limit = 4
[sets.in-domain]
problems = "countdown-train"
limit = 2
"""
TINY = """
[bases.tiny]
steps = 3
batch_size = 8
hidden_size = 32
layers = 1
heads = 2
intermediate_size = 32
"""
GRPO = """
[arms.grpo]
base = "tiny"
steps = 3
measured_steps = [1, 3]
problems_per_step = 2
samples_per_problem = 4
train_problems = 16
sets = ["held-out"]
"""
SHORT = GRPO.replace("arms.grpo", "arms.short").replace("steps = 3\nmeasured_steps = [1, 3]", "steps = 2")
SFT = """
[arms.sft]
kind = "sft"
base = "tiny"
samples_from = "shipped"
training_problems = 4
training_n = 16
steps = 2
batch_size = 4
seeds = [0]
sets = ["held-out"]
"""

Make = Callable[..., Folders]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Claim the experiment of a TOML's parts, in a folder of its own."""

    def made(*parts: str, out: str = "experiment") -> Folders:
        file = tmp_path / "study.toml"
        file.write_text("".join(parts))
        return claim(file, tmp_path / out)

    return made
