from __future__ import annotations

from pathlib import Path

import pytest

from simulations.shape import table


@pytest.mark.slow
def test_the_table_of_the_document_is_what_the_command_prints() -> None:
    assert table() in (Path(__file__).parents[2] / "docs" / "why.md").read_text(encoding="utf-8")
