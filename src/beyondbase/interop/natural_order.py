"""Names in the order that people count in."""

from __future__ import annotations

import re


def natural(name: str) -> list[tuple[int, int, str, str]]:
    """A key that sorts numbers in names by their size, however many digits they have.

    >>> sorted(["p10", "p9", "10", "9", "09"], key=natural)
    ['09', '9', '10', 'p9', 'p10']
    """
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return [
        (0, len(digits := piece.lstrip("0")), digits, piece) if piece[0] in "0123456789" else (1, 0, piece, "")
        for piece in pieces
    ]
