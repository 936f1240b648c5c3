"""What a training promises: resumed as if never stopped, full batches, curricula, references, rewards."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from beyondbase.errors import BadInput
from beyondbase.lab import full_batch as batches
from beyondbase.lab import trainer
from beyondbase.lab.checkpoint import load_state, step_folder
from beyondbase.lab.clock import Clock
from beyondbase.lab.curriculum import Curriculum, ProblemChoice, Tally
from beyondbase.lab.learner import load_learner
from beyondbase.lab.paths import BASE_MODEL
from beyondbase.lab.reference import KlReference
from beyondbase.lab.rewards import Reward, mislabelled, reward_of
from beyondbase.lab.rl_config import RLConfig
from beyondbase.lab.rollout import greedy_rewards
from beyondbase.lab.trainer import train_rl
from beyondbase.problems.countdown import Split, generate, with_difficulty
from beyondbase.sampling.hf import HfEngine
from beyondbase.sampling.model_source.folder import weights_hash
from beyondbase.types import Completion, Problem, SamplingSpec
from beyondbase.verification.countdown import CountdownVerifier

SMALL = RLConfig(steps=4, problems_per_step=3, samples_per_problem=4, train_problems=32, checkpoint_every=2)

OPTIONS: dict[str, dict[str, Any]] = {
    "ppo": {"algorithm": "ppo", "kl": 0.05, "updates_per_step": 2},
    "dapo": {"algorithm": "dapo"},
    "remax": {"algorithm": "remax"},
    "moving reference": {"kl": 0.1, "kl_reference": KlReference.MOVING, "kl_reset_every": 2, "learning_rate": 1e-3},
    "unsolved": {"curriculum": Curriculum.UNSOLVED},
    "easy first": {"curriculum": Curriculum.EASY_FIRST, "algorithm": "pass-at-k"},
    "random reward": {"reward": Reward.RANDOM},
    "mixed": {"mix": True},
}


def outcome(folder: Path) -> tuple[str, str]:
    return weights_hash(folder / "final"), (folder / "metrics.jsonl").read_text()


class Killed(Exception):
    pass


def killing_at(step: int) -> Any:
    """A progress that ends the training after a step, before its checkpoint."""

    def progress(_: str, done: int, *__: object) -> None:
        if done == step:
            raise Killed

    return progress


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A training without any option."""
    out = tmp_path_factory.mktemp("without") / "rl"
    train_rl(replace(SMALL, out=out))
    return outcome(out)


@pytest.mark.parametrize("option", OPTIONS)
def test_made_longer_or_killed_between_checkpoints_is_as_never_stopped(
    option: str, tmp_path: Path, own_run: Path, without: tuple[str, str]
) -> None:
    settings = OPTIONS[option] | ({"mix": own_run} if option == "mixed" else {})
    config = replace(SMALL, **settings)
    train_rl(replace(config, out=tmp_path / "whole"))
    train_rl(replace(config, out=tmp_path / "longer", steps=1))
    train_rl(replace(config, out=tmp_path / "longer"))
    with pytest.raises(Killed):
        train_rl(replace(config, out=tmp_path / "killed"), killing_at(3))
    train_rl(replace(config, out=tmp_path / "killed"))
    assert outcome(tmp_path / "longer") == outcome(tmp_path / "whole")
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "whole")
    # The option does something: the log is not the one without it.
    assert outcome(tmp_path / "whole") != without


def test_checkpoints_are_kept_at_the_steps_asked_for_and_the_last_can_go_on(tmp_path: Path) -> None:
    train_rl(replace(SMALL, out=tmp_path, steps=7, keep_every=3, checkpoint_every=1))
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert kept == ["step-000003", "step-000006", "step-000007"]
    states = [path.parent.name for path in tmp_path.glob("checkpoints/*/training_state.pt")]
    assert states == ["step-000007"]
    for name in kept:
        assert HfEngine.load(tmp_path / "checkpoints" / name)
    assert weights_hash(tmp_path / "checkpoints" / "step-000007") == weights_hash(tmp_path / "final")
    rows = [json.loads(line) for line in (tmp_path / "timings.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, 8))


def test_a_moving_reference_is_the_policy_of_the_last_multiple(tmp_path: Path) -> None:
    config = replace(SMALL, out=tmp_path, steps=5, keep_every=1, learning_rate=1e-3)
    train_rl(replace(config, kl=0.1, kl_reference=KlReference.MOVING, kl_reset_every=2))
    reference = load_state(step_folder(tmp_path, 5))["reference"]
    then = load_file(step_folder(tmp_path, 4) / "model.safetensors")
    assert all(torch.equal(reference[name], value) for name, value in then.items())
    earlier = load_file(step_folder(tmp_path, 2) / "model.safetensors")
    assert not all(torch.equal(reference[name], value) for name, value in earlier.items())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("algorithm", "rloo"),
        ("kl", 0.5),
        ("seed", 1),
        ("samples_per_problem", 8),
        ("reward", Reward.RANDOM),
        ("curriculum", Curriculum.UNSOLVED),
        ("temperature", 0.5),
        ("entropy_bonus", 0.1),
        ("updates_per_step", 2),
    ],
)
def test_a_folder_refuses_other_settings(field: str, value: object, tmp_path: Path) -> None:
    config = replace(SMALL, out=tmp_path, steps=1)
    trainer._claim(config)
    before = (tmp_path / "config.json").read_bytes()
    with pytest.raises(BadInput, match=f"holds a training with {field} ="):
        train_rl(replace(config, **{field: value}))
    assert (tmp_path / "config.json").read_bytes() == before
    trainer._claim(replace(config, steps=9, checkpoint_every=3, keep_every=4))


DAPO = replace(SMALL, algorithm="dapo", problems_per_step=6)


def batch_with(rewards: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One batch of DAPO where `rewards` says what an answer gets."""
    monkeypatch.setattr(batches, "reward_of", rewards)
    learner = load_learner(DAPO, 0)
    rollouts, problems, n_drawn = batches.full_batch(DAPO, learner, 1, Clock())
    assert len(problems) == len(rollouts.rewards_G_S) == DAPO.problems_per_step
    assert len(rollouts.token_ids_B_L) == DAPO.problems_per_step * DAPO.samples_per_problem
    assert sum(learner.tally.tried.values()) == n_drawn
    return rollouts, problems, n_drawn, learner


def test_dynamic_sampling_fills_the_batch_with_groups_that_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def half_of_the_problems(_: object, __: object, problem: Problem, ___: str, seed: int) -> float:
        return float(seed % 2 and hash_of(problem) % 3 == 0)

    rollouts, problems, n_drawn, learner = batch_with(half_of_the_problems, monkeypatch)
    assert DAPO.problems_per_step < n_drawn <= 8 * DAPO.problems_per_step
    assert (rollouts.solved_G_S.std(dim=1) > 0).all()
    assert all(hash_of(problem) % 3 == 0 for problem in problems)
    # Each group stands beside its own prompt.
    for g, problem in enumerate(problems):
        ids = learner.engine.tokenizer(problem.question)["input_ids"]
        for row in range(g * DAPO.samples_per_problem, (g + 1) * DAPO.samples_per_problem):
            assert rollouts.token_ids_B_L[row, : len(ids)].tolist() == ids
            assert int(rollouts.answer_B_L[row].nonzero()[0]) == len(ids)


def hash_of(problem: Problem) -> int:
    return sum(map(ord, problem.problem_id))


def test_dynamic_sampling_gives_up_after_eight_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    rollouts, _, n_drawn, _ = batch_with(lambda *_: 0.0, monkeypatch)
    assert n_drawn == 8 * DAPO.problems_per_step
    assert not rollouts.solved_G_S.any()


def test_the_greedy_baseline_is_the_reward_of_the_most_likely_tokens() -> None:
    engine, problems = HfEngine.load(BASE_MODEL), generate(Split.RLVR, 6, seed=0)
    asked: list[tuple[int, ...]] = []

    def reward(problem: Problem, done: Completion, seed: int) -> float:
        asked.append(tuple(done.token_ids))
        return float(len(done.token_ids))

    spec = SamplingSpec(temperature=1.3, max_tokens=24, template="plain", seed=5)
    got = greedy_rewards(engine, problems, spec, reward)
    expected = [likeliest(engine, problem) for problem in problems]
    assert asked == expected
    assert got.tolist() == [float(len(ids)) for ids in expected]


@torch.no_grad()
def likeliest(engine: HfEngine, problem: Problem) -> tuple[int, ...]:
    prompt = engine.tokenizer(problem.question)["input_ids"]
    ids = list(prompt)
    while len(ids) < len(prompt) + 24 and (len(ids) == len(prompt) or ids[-1] != engine.tokenizer.eos_token_id):
        ids.append(int(engine.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    return tuple(ids[len(prompt) :])


PROBLEMS = generate(Split.RLVR, 100, seed=0)


def test_easy_first_begins_with_the_problems_of_most_solutions_and_ends_with_all() -> None:
    choice = ProblemChoice.of(PROBLEMS, Curriculum.EASY_FIRST, seed=0)
    counts = [with_difficulty(problem).n_solutions or 0 for problem in choice.problems]
    assert counts == sorted(counts, reverse=True)
    place = {problem.problem_id: i for i, problem in enumerate(choice.problems)}

    def furthest(step: int) -> int:
        return max(place[p.problem_id] for r in range(30) for p in choice.choose(step, 10, Tally(), r))

    assert furthest(1) < 21 <= furthest(50) < 61 < furthest(100)
    assert furthest(100) == furthest(1000) == 99


def test_half_of_a_step_is_of_problems_tried_and_never_solved() -> None:
    choice, tally = ProblemChoice.of(PROBLEMS, Curriculum.UNSOLVED, seed=0), Tally()
    plain = ProblemChoice.of(PROBLEMS, Curriculum.NONE, seed=0)
    assert choice.choose(1, 10, tally) == plain.choose(1, 10, tally)
    tally.add(PROBLEMS[:40], [0] * 20 + [1] * 20)
    tally.add(PROBLEMS[:2], [1, 0])
    for step in range(2, 30):
        chosen = choice.choose(step, 10, tally)
        assert len({problem.problem_id for problem in chosen}) == 10
        assert all(tally.unsolved(problem) for problem in chosen[:5])
        assert chosen == choice.choose(step, 10, tally)
    assert not tally.unsolved(PROBLEMS[0])
    assert tally.unsolved(PROBLEMS[1])
    few = Tally()
    few.add(PROBLEMS[:3], [0, 0, 0])
    assert {p.problem_id for p in PROBLEMS[:3]} <= {p.problem_id for p in choice.choose(5, 10, few)}


VERIFIER = CountdownVerifier()


def right_text(problem: Problem) -> str:
    golds = VERIFIER.gold_texts(problem)
    assert golds is not None
    return golds.right


def test_a_random_reward_knows_the_seed_alone() -> None:
    def reward(problem: Problem, text: str, seed: int) -> float:
        return reward_of(Reward.RANDOM, VERIFIER, problem, text, seed)

    seeds = range(2000)
    first = [reward(PROBLEMS[0], right_text(PROBLEMS[0]), seed) for seed in seeds]
    assert first == [reward(PROBLEMS[1], "nonsense", seed) for seed in seeds]
    assert abs(sum(first) / 2000 - 0.5) < 0.05


def test_the_format_reward_is_for_the_form_of_an_answer() -> None:
    def reward(text: str) -> float:
        return reward_of(Reward.FORMAT, VERIFIER, PROBLEMS[0], text, seed=0)

    numbers = json.loads(PROBLEMS[0].reference)["numbers"]
    assert reward(right_text(PROBLEMS[0])) == 1
    assert reward(f"{numbers[0]} + {numbers[1]} = {numbers[0] + numbers[1]}") == 1
    assert reward("") == 0


def test_a_wrong_label_rewards_the_answer_to_another_target() -> None:
    for problem in PROBLEMS[:20]:
        assert reward_of(Reward.VERIFIER, VERIFIER, problem, right_text(problem), 0) == 1
        assert reward_of(Reward.WRONG_LABEL, VERIFIER, problem, right_text(problem), 0) == 0
        wrong, true = json.loads(mislabelled(problem).reference), json.loads(problem.reference)
        assert wrong["numbers"] == true["numbers"] and wrong["target"] != true["target"]
