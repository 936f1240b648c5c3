"""lighteval's metrics by name: which tell the number of correct samples, and which the verdict of a lone one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from beyondbase.errors import BadInput
from beyondbase.wording import in_short

_AVERAGE = re.compile(r".*avg@(?:n(?::.*)?|(?P<n>\d+)(?::.*)?)")
_PASS_AT_1 = re.compile(r".*pass@(?:k:(?:.*&)?k=1(?:&.*)?|1(?::(?P<n>\d+)_samples)?)")
_N = re.compile(r".*[:&]n=(?P<n>\d+)(?:&.*)?")
_EXACT = 1e-4
"""how far n times a mean may lie from a whole number"""


def scorer_among(names: Sequence[str], asked: str | None, where: str) -> str:
    """The metric that gives the log's verdicts: the one asked for, else the first that counts, else the first."""
    if asked is not None:
        if asked not in names:
            raise BadInput(f"{where}: expected the scorer {in_short(asked)}, got {', '.join(names)}; name one of these")
        return asked
    return next((name for name in names if counts(name)), names[0] if names else "")


def counts(name: str) -> bool:
    """Whether a metric is the share of correct samples.

    >>> [counts(name) for name in ("avg@n:n=64", "pass@k:k=1&n=64", "math_pass@1:32_samples", "maj@n:n=64")]
    [True, True, True, False]
    >>> [counts(name) for name in ("pass@k:k=16&n=64", "g-pass@k:k=1&n=4", "pass@10:32_samples", "extractive_match")]
    [False, False, False, False]
    """
    return "g-pass" not in name and bool(_AVERAGE.fullmatch(name) or _PASS_AT_1.fullmatch(name))


def size(name: str, n_samples: int) -> int:
    """How many samples, from the first on, a metric that counts is about; where its name has no n, all are.

    >>> size("avg@n:n=4", 8), size("math_pass@1:32_samples", 64), size("avg@n", 8)
    (4, 32, 8)
    """
    for pattern in (_N, _PASS_AT_1, _AVERAGE):
        if (match := pattern.fullmatch(name)) and match["n"]:
            return int(match["n"])
    return n_samples


def successes(metrics: Mapping[str, object], name: str, n: int, where: str) -> int | None:
    """The number of correct samples of n, from their share; None where the row has no share."""
    share = metrics.get(name)
    if share is None or share != share:
        return None
    if isinstance(share, bool) or not isinstance(share, int | float):
        raise BadInput(f"{where}: expected a number as {name}, got {in_short(share)}; see the file")
    found = round(n * share) if 0 <= share <= 1 else -1
    if found < 0 or abs(n * share - found) > _EXACT:
        raise BadInput(
            f"{where}: expected {name} to be a share of {n} samples that are right or wrong, got {share:g}; "
            "name another metric with --scorer"
        )
    return found
