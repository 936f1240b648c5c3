"""Names of logs that are safe as folder names, and differ within one reading."""

from __future__ import annotations

import re
from collections.abc import Sequence


def log_name(*parts: str) -> str:
    """Join what tells a log from others into one safe name; empty parts are left out.

    >>> log_name("org/model", "", "aime24|0")
    'org_model-aime24_0'
    """
    safe = (re.sub(r"[^A-Za-z0-9._-]+", "_", part).strip("_.-") for part in parts)
    return "-".join(part for part in safe if part) or "log"


def distinct(names: Sequence[tuple[str, ...]]) -> list[str]:
    """Name logs by their parts, from the last to the first as far as needed to tell all apart.

    >>> distinct([("monday", "m", "gsm8k"), ("tuesday", "m", "gsm8k")]), distinct([("monday", "m", "gsm8k")])
    (['monday-m-gsm8k', 'tuesday-m-gsm8k'], ['gsm8k'])
    """
    longest = max(map(len, names), default=0)
    for size in range(1, longest + 1):
        joined = [log_name(*name[-size:]) for name in names]
        if len(set(joined)) == len(joined):
            return joined
    return [f"{log_name(*name)}-{i}" for i, name in enumerate(names, start=1)]
