"""Samples and successes of each problem, as JSON lines {id, c, n}: what passk-inference reads."""

from __future__ import annotations

import json
from pathlib import Path

from beyondbase.durable import write_whole
from beyondbase.interop.export.options import AS_IT_IS, ExportOptions
from beyondbase.interop.export.plain_draws import plain_counts
from beyondbase.store import Run
from beyondbase.wording import number


def write_counts(run: Run, path: Path, options: ExportOptions = AS_IT_IS) -> list[str]:
    """Write a line a problem, in the order of the problem set; return what a reader must know.

    Chen's formula on each line is without bias, see `plain_counts`. Raises BadInput for a run whose counts have no such
    reading.
    """
    counts = plain_counts(run, options.n_max, options.before_stop)
    rows = zip(counts.problem_ids, counts.c_P.tolist(), counts.n_P.tolist(), strict=True)
    text = "".join(json.dumps({"id": str(id_), "c": c, "n": n}, ensure_ascii=False) + "\n" for id_, c, n in rows)
    write_whole(path, text.encode())
    n_P = counts.n_P
    said = [f"{number(len(counts), 'problem')}, {n_P.min():,} to {n_P.max():,} samples, {counts.c_P.sum():,} correct"]
    if options.before_stop and run.manifest.rule.stop_at is not None and options.n_max is None:
        said.append(
            f"the draws before each stop: pass@k by Chen's formula is without bias for k up to {n_P.min():,}; nothing "
            "that takes n as fixed beforehand, such as a Beta posterior, is"
        )
    return said
