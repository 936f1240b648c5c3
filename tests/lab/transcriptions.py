"""The formulas of the RLVR papers as they stand there, in loops over problems, answers and tokens.

Answer b = g * S + s is sample s of problem g. Costs, values, log-probabilities are lists of one number a token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import exp
from statistics import mean, stdev

Tokens = list[list[float]]


@dataclass(frozen=True)
class Answers:
    """What advantages are made of."""

    rewards_G_S: list[list[float]]
    costs: Tokens
    """KL coefficient times log p / p_reference"""
    greedy_G: list[float] = field(default_factory=list)
    values: Tokens = field(default_factory=list)
    pass_at: int = 1

    def costed(self) -> list[list[float]]:
        n = len(self.rewards_G_S[0])
        return [
            [reward - sum(self.costs[g * n + s]) for s, reward in enumerate(group)]
            for g, group in enumerate(self.rewards_G_S)
        ]

    def spread(self, advantages_G_S: list[list[float]]) -> Tokens:
        flat = [a for group in advantages_G_S for a in group]
        return [[a for _ in cost] for a, cost in zip(flat, self.costs, strict=True)]

    def token_rewards(self) -> Tokens:
        flat = [reward for group in self.rewards_G_S for reward in group]
        rows = [[-c for c in cost] for cost in self.costs]
        for row, reward in zip(rows, flat, strict=True):
            row[-1] += reward
        return rows


def grpo(answers: Answers) -> Tokens:
    return answers.spread([[(r - mean(g)) / (stdev(g) + 1e-4) for r in g] for g in answers.costed()])


def dr_grpo(answers: Answers) -> Tokens:
    return answers.spread([[r - mean(g) for r in g] for g in answers.costed()])


def rloo(answers: Answers) -> Tokens:
    return answers.spread(
        [[g[i] - mean(g[j] for j in range(len(g)) if j != i) for i in range(len(g))] for g in answers.costed()]
    )


def remax(answers: Answers) -> Tokens:
    rows = zip(answers.costed(), answers.greedy_G, strict=True)
    return answers.spread([[r - greedy for r in group] for group, greedy in rows])


def reinforce_pp(answers: Answers) -> Tokens:
    return whitened([[sum(row[t:]) for t in range(len(row))] for row in answers.token_rewards()])


def gae(rewards: Tokens, values: Tokens, gamma: float = 1.0, lam: float = 1.0) -> Tokens:
    """A_t is the sum over l of (gamma lambda)^l delta_{t+l}."""
    rows = []
    for reward, value in zip(rewards, values, strict=True):
        after = [*value[1:], 0.0]
        delta = [r + gamma * v_next - v for r, v, v_next in zip(reward, value, after, strict=True)]
        n = len(delta)
        rows.append([sum((gamma * lam) ** (i - t) * delta[i] for i in range(t, n)) for t in range(n)])
    return rows


def ppo(answers: Answers) -> Tokens:
    return whitened(gae(answers.token_rewards(), answers.values))


def value_targets(answers: Answers) -> Tokens:
    advantages = gae(answers.token_rewards(), answers.values)
    return [[a + v for a, v in zip(*rows, strict=True)] for rows in zip(advantages, answers.values, strict=True)]


def whitened(rows: Tokens) -> Tokens:
    flat = [x for row in rows for x in row]
    return [[(x - mean(flat)) / (stdev(flat) + 1e-8) for x in row] for row in rows]


def pass_at_k(answers: Answers) -> Tokens:
    """k times what an answer adds to the maximum of k - 1 others, over all subsets of them."""
    k = answers.pass_at
    worth = []
    for group in answers.rewards_G_S:
        right = [float(r > 0) for r in group]
        row = []
        for i, own in enumerate(right):
            others = [subset for subset in combinations(range(len(right)), k - 1) if i not in subset]
            added = [max(own, *(right[j] for j in s)) - max(right[j] for j in s) if s else own for s in others]
            row.append(k * mean(added))
        worth.append(row)
    return answers.spread(worth)


ADVANTAGES: dict[str, Callable[[Answers], Tokens]] = {
    "grpo": grpo,
    "dr-grpo": dr_grpo,
    "rloo": rloo,
    "remax": remax,
    "reinforce++": reinforce_pp,
    "ppo": ppo,
    "dapo": grpo,
    "pass-at-k": pass_at_k,
}

CLIPS = dict.fromkeys(ADVANTAGES, (0.2, 0.2)) | {"dapo": (0.2, 0.28)}


def clipped(ratio: float, advantage: float, low: float, high: float) -> float:
    """Equation 7 of PPO, as a loss."""
    return -min(ratio * advantage, min(max(ratio, 1 - low), 1 + high) * advantage)


def token_losses(new: Tokens, old: Tokens, advantages: Tokens, low: float, high: float) -> Tokens:
    return [
        [clipped(exp(p - q), a, low, high) for p, q, a in zip(*rows, strict=True)]
        for rows in zip(new, old, advantages, strict=True)
    ]


def kl_losses(new: Tokens, reference: Tokens) -> Tokens:
    """Equation 4 of GRPO: p_ref / p - log p_ref / p - 1."""
    return [[exp(q - p) - (q - p) - 1 for p, q in zip(*rows, strict=True)] for rows in zip(new, reference, strict=True)]


def averaged(algorithm: str, losses: Tokens, max_tokens: int) -> float:
    """One number of the losses of all tokens."""
    n = len(losses)
    if algorithm == "grpo":
        return sum(sum(row) / len(row) for row in losses) / n
    if algorithm in ("dapo", "ppo", "reinforce++"):
        return sum(map(sum, losses)) / sum(map(len, losses))
    if algorithm in ("dr-grpo", "pass-at-k"):
        return sum(map(sum, losses)) / (n * max_tokens)
    assert algorithm == "remax"
    return sum(map(sum, losses)) / n


def rloo_loss(new: Tokens, old: Tokens, advantages: Tokens, low: float, high: float) -> float:
    """The ratio is the whole answer's."""
    rows = zip(new, old, advantages, strict=True)
    return mean(clipped(exp(sum(p) - sum(q)), a[0], low, high) for p, q, a in rows)


def policy_loss(
    algorithm: str, new: Tokens, old: Tokens, advantages: Tokens, max_tokens: int, clip: tuple[float, float]
) -> float:
    if algorithm == "rloo":
        return rloo_loss(new, old, advantages, *clip)
    return averaged(algorithm, token_losses(new, old, advantages, *clip), max_tokens)


def value_loss(values: Tokens, old: Tokens, targets: Tokens, clip: float = 0.2) -> float:
    """Half the larger of the plain and the clipped squared error, mean over tokens."""
    errors = []
    for rows in zip(values, old, targets, strict=True):
        for v, v_old, target in zip(*rows, strict=True):
            near = min(max(v, v_old - clip), v_old + clip)
            errors.append(0.5 * max((v - target) ** 2, (near - target) ** 2))
    return mean(errors)


def overlong_penalty(length: int, max_tokens: int, cache: float) -> float:
    """Equation 13 of DAPO."""
    if length <= max_tokens - cache:
        return 0.0
    if length <= max_tokens:
        return ((max_tokens - cache) - length) / cache
    return -1.0


def flat(rows: Sequence[Sequence[float]]) -> list[float]:
    return [x for row in rows for x in row]
