from __future__ import annotations

from pathlib import Path

import pytest

from simulations.diversity import laws, rows, table


@pytest.mark.slow
def test_the_table_of_the_document_is_what_the_command_prints() -> None:
    assert table() in (Path(__file__).parents[2] / "docs" / "why.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_is_said_to_be_without_bias_is_and_shares_seen_are_not() -> None:
    for share_S in laws().values():
        for name, truth, values in rows(share_S):
            if name in ("order 0, rarefied to 8", "order 2, corrected"):
                assert values == pytest.approx([truth] * len(values), rel=0.03)
            if name == "order 1, shares seen":
                assert values[0] < 0.5 * truth and values == sorted(values)
