"""What a training with verl is told; fields are flags of `beyondbase train verl`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from beyondbase.pipeline import GoldPolicy
from beyondbase.problems import Reading
from beyondbase.types import PromptForm, SamplingSpec


@dataclass(frozen=True, slots=True)
class Machine:
    """Where verl runs, and how the model is split over it."""

    gpus: int = 8
    """of a node"""
    nodes: int = 1
    """machines of that many GPUs"""
    tensor_parallel: int = 1
    """GPUs that one copy of the model is split over while it samples"""
    vllm_memory: float = 0.6
    """share of a GPU's memory that vLLM takes while it samples"""
    tokens_per_gpu: int | None = None
    """prompt and answer tokens that a GPU updates on at once; by default those of two longest answers"""
    gradient_checkpointing: bool = True
    """compute activations twice, to save memory"""


@dataclass(frozen=True, slots=True)
class VerlConfig:
    """Write the data, the configuration and the command of a training with verl; nothing is trained here."""

    model: str
    """folder in Hugging Face form, or hub id, as verl will find it"""
    problems: str
    """training problems: a set by name, gym:TASK, a .jsonl or .parquet file, or a hub id"""
    out: Path = Path("out/verl")
    """folder for what is written here, and for verl's checkpoints and dumps"""
    held_out: str | None = None
    """problem set to measure pass@k on, named as --problems is; none: nothing is measured"""
    verifier: str | None = None
    """name of a verifier, or module:function of your own; by default that of each problem set"""
    gold: GoldPolicy = GoldPolicy.REFUSE
    """problems whose gold answer the verifier gets wrong: refuse to begin, drop them, or skip the check"""
    limit: int | None = None
    """only the first training problems"""
    held_out_limit: int | None = None
    """only the first held-out problems"""
    algorithm: str = "grpo"
    """grpo, dr-grpo, rloo, remax, reinforce++, ppo or dapo"""
    steps: int = 100
    """each on fresh rollouts"""
    problems_per_step: int = 256
    """groups of a step"""
    samples_per_problem: int = 8
    """rollouts of a group"""
    updates_per_step: int = 1
    """gradient steps on the rollouts of a step, each on its part of the problems; 1 is on-policy"""
    learning_rate: float = 1e-6
    """of AdamW, constant"""
    critic_learning_rate: float = 1e-5
    """of the value model of ppo"""
    kl: float = 0.0
    """coefficient of the KL to the model as it came; 0 loads no reference"""
    entropy_bonus: float = 0.0
    """coefficient of the mean entropy of the token distribution, nats"""
    clip_low: float | None = None
    """how far the ratio p / p_old may fall below 1; by default the algorithm's"""
    clip_high: float | None = None
    """how far it may rise above 1; by default the algorithm's"""
    overlong_share: float = 0.2
    """of dapo: last share of max-tokens in which length costs reward; 0 costs none"""
    temperature: float = 1.0
    """of the rollouts"""
    max_tokens: int = 8192
    """of a rollout and of a held-out sample"""
    max_prompt_tokens: int = 1024
    """longest prompt; verl stops at a longer one"""
    template: str = ""
    """prompt template; empty: that of each problem set"""
    form: PromptForm = PromptForm.PLAIN
    """plain: the model continues the prompt; chat: the prompt is a user message in the model's chat template"""
    system: str = ""
    """system message that stands before a chat prompt; empty: none"""
    eval_n: int = 64
    """samples of each held-out problem, and the largest k: verl has no curtailed sampling"""
    eval_every: int = 20
    """steps between two measurements; the first is of the model as it came"""
    eval_temperature: float = 0.6
    """of the held-out samples"""
    eval_top_p: float = 0.95
    """of the held-out samples"""
    checkpoint_every: int = 50
    """steps between two checkpoints"""
    loggers: tuple[str, ...] = ("console",)
    """verl's own: console, wandb, tensorboard, swanlab ..."""
    seed: int = 0
    """of the order of problems"""
    read: Reading = field(default_factory=Reading)
    machine: Machine = field(default_factory=Machine)

    @property
    def eval_spec(self) -> SamplingSpec:
        """How held-out samples are drawn."""
        return SamplingSpec(
            temperature=self.eval_temperature,
            top_p=self.eval_top_p,
            max_tokens=self.max_tokens,
            template=self.template,
            form=self.form,
            system=self.system,
        )
