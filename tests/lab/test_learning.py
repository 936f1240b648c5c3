"""Each algorithm learns at its defaults, and learning rates that destroy are stopped. Minutes each: -m slow."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean

import pytest

from beyondbase.errors import PolicyCollapse
from beyondbase.lab.algorithms import ALGORITHMS
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.rl_config import RLConfig
from beyondbase.lab.rollout import draw
from beyondbase.lab.trainer import train_rl
from beyondbase.problems.countdown import Split, generate
from beyondbase.sampling.hf import HfEngine
from beyondbase.types import SamplingSpec, Verdict
from beyondbase.verification.countdown import CountdownVerifier

pytestmark = pytest.mark.slow

MARGIN = 0.02
"""of a rate of some 0.05: with 2,560 rollouts in ten steps its standard error is 0.005"""


def pass_at_1(model: Path) -> float:
    """On 400 problems of the training distribution, 8 samples each, equal seeds for all models."""
    problems, verifier = generate(Split.RLVR, 400, seed=0), CountdownVerifier()
    spec = SamplingSpec(1.0, 1.0, max_tokens=24, template="plain", seed=11)
    drawn = draw(HfEngine.load(model), problems, 8, spec)
    return mean(
        verifier.verify(problems[i // 8], done.text).verdict is Verdict.CORRECT for i, (_, done) in enumerate(drawn)
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_raises_pass_at_1_at_its_defaults(algorithm: str, tmp_path: Path) -> None:
    config = RLConfig(tmp_path, algorithm=algorithm)
    final = train_rl(config)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    before, after = (mean(row["reward"] for row in part) for part in (rows[:10], rows[-10:]))
    # Dynamic sampling learns from problems that are solved now and then alone: its batches say less of all problems.
    if not ALGORITHMS[algorithm].dynamic_sampling:
        assert after - before > MARGIN, (before, after)
    assert pass_at_1(final) - pass_at_1(BASE_MODEL) > MARGIN, (before, after)


@pytest.mark.parametrize("learning_rate", [1e-2, 3e-3])
def test_a_learning_rate_that_destroys_is_stopped_and_named(learning_rate: float, tmp_path: Path) -> None:
    config = RLConfig(tmp_path, steps=100, problems_per_step=32, samples_per_problem=8, learning_rate=learning_rate)
    with pytest.raises(PolicyCollapse, match=f"learning rate below {learning_rate:g}"):
        train_rl(config)
