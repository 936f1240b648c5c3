"""The seed of a sample: a function of what the sample is, never of when or where it is drawn."""

from __future__ import annotations

import hashlib


def sample_seed(run_seed: int, problem_id: str, sample_index: int) -> int:
    """Return the seed of one sample, in [0, 2**63).

    >>> sample_seed(0, "a", 0) == sample_seed(0, "a", 0), sample_seed(0, "a", 0) == sample_seed(1, "a", 0)
    (True, False)
    """
    # The two numbers stand first: no problem id, whatever is in it, can then read as another triple.
    key = f"{run_seed} {sample_index} {problem_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1
