"""What a training with TRL is told; fields are flags of `beyondbase train trl`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from beyondbase.pipeline import GoldPolicy
from beyondbase.problems import Reading
from beyondbase.types import DrawRule, PromptForm, SamplingSpec
from beyondbase.verification import VerifierOptions


@dataclass(frozen=True, slots=True)
class Watch:
    """pass@k of held-out problems during the training, by curtailed sampling into ordinary runs."""

    held_out: str | None = None
    """problem set to measure pass@k on, named as --problems is; none: nothing is measured"""
    held_out_limit: int | None = None
    """only its first problems"""
    pass_at_k_every: int = 20
    """steps between two measurements; the first is of the model as it came, the last of the trained one"""
    n_max: int = 64
    """most samples of a held-out problem, and the largest k"""
    stop_at: int = 4
    """stop a held-out problem at this success: fewer samples, estimates still unbiased"""
    n_first: int = 16
    """samples that every held-out problem gets before it can stop"""
    eval_temperature: float = 0.6
    """of the held-out samples"""
    eval_top_p: float = 0.95
    """of the held-out samples"""
    eval_batch_size: int = 1024
    """held-out samples that are decoded at once"""
    confidence: float = 0.95
    """of the band of pass@k: over problems, at each k alone"""

    @property
    def rule(self) -> DrawRule:
        """How many samples a held-out problem gets."""
        return DrawRule(self.n_max, self.stop_at, self.n_first)


@dataclass(frozen=True, slots=True)
class TrlConfig:
    """Train any Hugging Face model by RLVR with TRL, rewarded by a verifier, and watch its pass@k."""

    model: str
    """folder in Hugging Face form, hub id or smollm2"""
    problems: str
    """training problems: a set by name, gym:TASK, a .jsonl or .parquet file, or a hub id"""
    out: Path = Path("out/trl")
    """folder for checkpoints, logs, runs of held-out problems and the final model"""
    verifier: str | None = None
    """name of a verifier, or module:function of your own; by default that of the problem set"""
    gold: GoldPolicy = GoldPolicy.REFUSE
    """problems whose gold answer the verifier gets wrong: refuse to begin, drop them, or skip the check"""
    limit: int | None = None
    """only the first training problems"""
    algorithm: str = "grpo"
    """grpo, dr-grpo, dapo (its loss and clip; no dynamic sampling, which TRL does not have) or rloo"""
    steps: int = 100
    """gradient steps, each on fresh rollouts"""
    problems_per_step: int = 64
    """groups of a step, over all processes"""
    samples_per_problem: int = 8
    """rollouts of a group"""
    learning_rate: float = 1e-6
    """of AdamW, constant"""
    kl: float = 0.0
    """coefficient of the KL to the model as it came; 0 loads no reference"""
    clip_low: float | None = None
    """lower clip of the ratio; none: the algorithm's"""
    clip_high: float | None = None
    """upper clip of the ratio; none: the algorithm's"""
    temperature: float = 1.0
    """of the rollouts"""
    max_tokens: int = 1024
    """of a rollout and of a held-out sample"""
    template: str = ""
    """prompt template; empty: that of the problem set"""
    form: PromptForm = PromptForm.PLAIN
    """plain: the model continues the prompt; chat: the prompt is a user message in the model's chat template"""
    system: str = ""
    """system message that stands before a chat prompt; empty: none"""
    add_bos: bool = False
    """put the tokenizer's beginning-of-sequence token before the prompt"""
    rows_at_once: int = 8
    """rollouts that one process updates on at once: bounds memory, decides no number but by rounding"""
    gradient_checkpointing: bool = False
    """compute activations twice, to save memory"""
    device: str = "auto"
    """auto: a GPU where there is one, with bfloat16 arithmetic on float32 weights; cpu: float32"""
    vllm: bool = False
    """draw the rollouts with vLLM in the training's processes; held-out samples stay with the hf engine"""
    vllm_memory: float = 0.3
    """share of a GPU's memory that vLLM takes"""
    checkpoint_every: int = 10
    """steps between two checkpoints: what a kill can cost"""
    keep_checkpoints: int | None = None
    """how many of the last are kept; none: all"""
    log_every: int = 1
    """steps between two lines of the log"""
    report_to: tuple[str, ...] = ()
    """wandb, tensorboard, trackio ...: TRL's own reporters, which get pass@k too"""
    seed: int = 0
    """of the order of problems, of the rollouts and of the held-out samples"""
    read: Reading = field(default_factory=Reading)
    grade: VerifierOptions = field(default_factory=VerifierOptions)
    watch: Watch = field(default_factory=Watch)

    @property
    def spec(self) -> SamplingSpec:
        """How rollouts are drawn."""
        return SamplingSpec(
            temperature=self.temperature,
            top_p=1.0,
            max_tokens=self.max_tokens,
            template=self.template,
            form=self.form,
            system=self.system,
            add_bos=self.add_bos,
            seed=self.seed,
        )
