"""The nouns of the package: frozen values that stages hand to each other.

Everything stored is one of these; none of them does more than choose from itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.checks import names, shown, whole_number, whole_numbers
from beyondbase.errors import BadInput

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class Finish(StrEnum):
    """Why a completion ended."""

    EOS = "eos"
    STOP = "stop"
    LENGTH = "length"
    ERROR = "error"
    UNKNOWN = "unknown"
    """not told, by another program's log: whether it was cut is then not known"""


class Origin(StrEnum):
    """Who drew the samples of a run."""

    DRAWN = "drawn"
    """we did, by a rule: a sample that is missing is owed"""
    IMPORTED = "imported"
    """another program, whose log was read: what is not in the log is missing for good, and nothing is owed"""


class PromptForm(StrEnum):
    """How a prompt's text reaches a model."""

    PLAIN = "plain"
    """as it is, for the model to continue"""
    CHAT = "chat"
    """as one user message in the model's own chat template"""


class Verdict(StrEnum):
    """What a verifier says of one sample; the last one is missing data, never a wrong answer."""

    CORRECT = "correct"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"
    TRUNCATED = "truncated"
    VERIFIER_ERROR = "verifier_error"


class ScoreOutcome(StrEnum):
    """What came of scoring one sample under a model."""

    SCORED = "scored"
    FAILED = "failed"
    """it has no numbers; the reason stands beside it"""


SETTLED = "settled as wrong"
"""begins the detail of a verdict that a person gave in a verifier's stead"""


@dataclass(frozen=True, slots=True)
class Problem:
    """One question, and what a verifier needs to judge an answer to it."""

    problem_id: str
    question: str
    reference: str
    """JSON text that only the problem set's own verifier reads."""
    strata: Mapping[str, str] = field(default_factory=dict)
    n_solutions: int | None = None
    """Number of distinct solutions, where the problem set can enumerate them."""
    images: tuple[str, ...] = ()
    """data: or https: URLs of the images that belong to the question"""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is shown of a problem."""

    text: str
    images: tuple[str, ...] = ()
    """data: or https: URLs"""


@dataclass(frozen=True, slots=True)
class SamplingSpec:
    """Everything that decides the distribution of a sample, and its seed.

    The defaults are the protocol of Yue et al. 2025 (arXiv 2504.13837, section 3).
    """

    temperature: float = 0.6
    """0 is greedy decoding"""
    top_p: float = 0.95
    """keep the likeliest tokens whose mass reaches this; 1 keeps all"""
    top_k: int | None = None
    """keep the k likeliest tokens; None keeps all"""
    max_tokens: int = 16_384
    """cap on new tokens; a sample that reaches it is truncated"""
    stop: tuple[str, ...] = ()
    """strings that end a completion; the string itself is kept"""
    template: str = ""
    """name of the prompt template, or a .txt file with {question} in it; empty: that of the problem set"""
    form: PromptForm = PromptForm.PLAIN
    """plain: the model continues the prompt; chat: the prompt is a user message in the model's chat template"""
    system: str = ""
    """system message that stands before a chat prompt; empty: none"""
    add_bos: bool = False
    """put the tokenizer's beginning-of-sequence token before the prompt"""
    seed: int = 0
    """the seed of a sample is a hash of this, its problem and its index"""


@dataclass(frozen=True, slots=True)
class DrawRule:
    """How many samples a problem gets: n_max, or fewer once stop_at of them are correct."""

    n_max: int = 1024
    stop_at: int | None = 4
    """stop a problem at this success, in order of sample index; None draws n_max for each"""
    n_first: int = 16
    """samples that every problem gets whatever comes of them"""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One sample that is owed."""

    problem_id: str
    prompt: Prompt
    sample_index: int
    seed: int


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine returns for one request."""

    text: str
    token_ids: Sequence[int]
    """the ending token included; empty where the engine does not tell them"""
    logprob_sum: float | None
    """natural log, under the distribution that was sampled from; None: not told"""
    entropy_mean: float | None
    """nats a token, of the distribution that was sampled from; None: not told"""
    finish: Finish
    error: str = ""
    reasoning: str = ""
    """thoughts that a server hands over apart from the text"""
    counted_tokens: int | None = None
    """number of tokens where the engine counts them without telling them"""

    @classmethod
    def failed(cls, error: str) -> Completion:
        """Complete a request that came to nothing, and say why."""
        return cls("", (), None, None, Finish.ERROR, error)

    @property
    def n_tokens(self) -> int | None:
        """Tokens of the completion, or None if they are not known."""
        return len(self.token_ids) or self.counted_tokens


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a verifier returns for one completion."""

    verdict: Verdict
    answer: str = ""
    """canonical form: equal answers are equal strings"""
    detail: str = ""
    """why the verdict is what it is"""


class Progress(Protocol):
    """Where long work says how far it is."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Report done of total units of a stage."""


def silent(stage: str, done: int, total: int, note: str = "") -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class SuccessCounts:
    """Samples and successes of each problem under one model: all that an estimator sees.

    With `stop_at` = r the samples were drawn until the r-th success or `n_max`, so n is the draw
    of the r-th success where c = r, and n_max elsewhere (inverse sampling, Haldane 1945).

    >>> counts = SuccessCounts(["a", "b"], n=[8, 8], c=[0, 3])
    >>> counts.n_P.tolist(), counts.c_P.tolist(), counts.largest_k
    ([8, 8], [0, 3], 8)
    >>> SuccessCounts(["a"], n=[4], c=[5])
    Traceback (most recent call last):
    beyondbase.errors.BadInput: problem 'a': expected 0 <= c <= n, got c=5 and n=4
    """

    problem_ids: Sequence[str]
    n: ArrayLike
    c: ArrayLike
    stop_at: int | None = None
    n_max: int | None = None
    n_P: IntArray = field(init=False)
    c_P: IntArray = field(init=False)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "problem_ids", names("problem_ids", self.problem_ids))
        set_(self, "n_P", whole_numbers("n", self.n))
        set_(self, "c_P", whole_numbers("c", self.c))
        set_(self, "n", self.n_P)
        set_(self, "c", self.c_P)
        for name, value in zip(("stop_at", "n_max"), _rule(self.stop_at, self.n_max), strict=True):
            set_(self, name, value)
        _check_counts(self)

    @property
    def largest_k(self) -> int:
        """The largest budget k that every problem's samples can answer."""
        return int(self.n_P.min()) if self.n_max is None else self.n_max

    def take(self, row_P: IntArray, problem_ids: Sequence[str] | None = None) -> SuccessCounts:
        """The counts of these problems, in this order; new names where one comes twice.

        >>> SuccessCounts(["a", "b"], n=[4, 8], c=[1, 2]).take(np.array([1])).problem_ids
        ('b',)
        """
        ids = [self.problem_ids[row] for row in row_P] if problem_ids is None else problem_ids
        return SuccessCounts(ids, self.n_P[row_P], self.c_P[row_P], stop_at=self.stop_at, n_max=self.n_max)

    def __len__(self) -> int:
        return len(self.problem_ids)


def _rule(stop_at: int | None, n_max: int | None) -> tuple[int, int] | tuple[None, None]:
    if stop_at is None and n_max is None:
        return None, None
    if stop_at is None or n_max is None:
        raise BadInput("stop_at and n_max go together: give both (stopped at the r-th success) or neither (fixed n)")
    why = "one success gives no unbiased estimate"
    return whole_number("stop_at", stop_at, 2, what=why), whole_number("n_max", n_max, 1)


def _check_counts(counts: SuccessCounts) -> None:
    ids, n_P, c_P = counts.problem_ids, counts.n_P, counts.c_P
    if not len(ids) == len(n_P) == len(c_P):
        raise BadInput(f"expected one n and one c a problem, got {len(ids)} ids, {len(n_P)} n, {len(c_P)} c")
    if not len(ids):
        raise BadInput("expected at least one problem, got none")
    if len(set(ids)) < len(ids):
        [(twice, _)] = Counter(ids).most_common(1)
        raise BadInput(f"problem {shown(twice)} stands twice; add its counts up, or rename one")
    bad_P = (c_P < 0) | (c_P > n_P) | (n_P < 1)
    if bad_P.any():
        i = int(bad_P.argmax())
        raise BadInput(f"problem {shown(ids[i])}: expected 0 <= c <= n, got c={c_P[i]} and n={n_P[i]}")
    if counts.stop_at is None or counts.n_max is None:
        return
    broken_P = (c_P > counts.stop_at) | (n_P > counts.n_max) | ((c_P < counts.stop_at) & (n_P < counts.n_max))
    if broken_P.any():
        i = int(broken_P.argmax())
        raise BadInput(
            f"problem {shown(ids[i])}: expected c = {counts.stop_at}, or n = {counts.n_max} with fewer, "
            f"got c={c_P[i]} and n={n_P[i]}"
        )
