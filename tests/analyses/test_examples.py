from __future__ import annotations

from pathlib import Path

import polars as pl

from beyondbase.analyses.examples import _column


def test_chosen_texts_do_not_keep_the_others_in_memory(tmp_path: Path) -> None:
    keys = {"problem_id": ["p"] * 3000, "sample_index": range(3000)}
    texts = pl.DataFrame({**keys, "text": [f"{index} " + "x" * 1000 for index in range(3000)]})
    texts.write_parquet(tmp_path / "rows.parquet")
    wanted = texts.lazy().select("problem_id", "sample_index").slice(7, 2)
    chosen = _column(pl.scan_parquet(tmp_path / "rows.parquet"), "text", wanted)
    assert chosen.sort("sample_index").equals(texts[7:9])
    buffers = chosen["text"].to_arrow(compat_level=pl.CompatLevel.newest()).buffers()
    assert sum(buffer.size for buffer in buffers if buffer) < 10_000
