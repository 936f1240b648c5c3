"""The recipe for eight GPUs is one that the verbs accept, with the settings that it says it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from beyondbase.cli.lazy import load_verb
from beyondbase.cli.parse import parse

FOLDER = Path(__file__).parents[1] / "studies" / "eight-gpus"


def test_train_trl_accepts_the_recipe_and_it_has_the_settings_of_the_paper() -> None:
    config, _ = parse("train trl", load_verb("train trl"), ["--config", str(FOLDER / "grpo-trl.toml")])
    assert (config.problems_per_step, config.samples_per_problem, config.max_tokens) == (256, 8, 8192)
    assert (config.learning_rate, config.kl, config.temperature, config.vllm) == (1e-6, 0.0, 1.0, True)
    assert config.watch.held_out == "math500" and config.watch.rule.n_max == 16


def test_its_arguments_make_a_step_of_2048_rollouts_on_eight_processes() -> None:
    pytest.importorskip("trl")
    from_trl = pytest.importorskip("beyondbase.integrations.trl.arguments")
    config, _ = parse("train trl", load_verb("train trl"), ["--config", str(FOLDER / "grpo-trl.toml")])
    given = from_trl.trl_arguments(config, from_trl.Found(8, True, frozenset({151643, 151645}), 500))
    rollouts = 8 * given["per_device_train_batch_size"] * given["gradient_accumulation_steps"]
    assert rollouts == 2048 and given["steps_per_generation"] == given["gradient_accumulation_steps"]
    assert given["vllm_max_model_length"] == 8692
    assert given["generation_kwargs"] == {"stop_token_ids": [151643, 151645]}


def test_study_accepts_its_half_and_samples_what_was_trained_in_the_same_words() -> None:
    trained, _ = parse("train trl", load_verb("train trl"), ["--config", str(FOLDER / "grpo-trl.toml")])
    study, _ = parse("study", load_verb("study"), ["--config", str(FOLDER / "study.toml")])
    assert study.base == trained.model and Path(study.rl) == trained.out / "final"
    assert study.training == trained.out / "metrics.jsonl"
    for name in ("template", "form", "system", "add_bos"):
        assert getattr(study.spec, name) == getattr(trained, name)
    assert (study.spec.temperature, study.spec.top_p, study.draw.n_max) == (0.6, 0.95, 1024)
