"""The comparison of several models with one base, as lines for a terminal."""

from __future__ import annotations

from beyondbase.analyses.results import ModelTable
from beyondbase.wording import band_text, points


def model_lines(result: ModelTable) -> list[str]:
    """One line a model, in the order of Yue et al.'s table 2: pass@1, pass@k, the gap, and what the bands say."""
    base, *rows = result.table.iter_rows(named=True)
    k, width = base["k"], max(len(str(row["model"])) for row in (base, *rows)) + 2
    head = f"{'model':<{width}}{'pass@1':>8}{f'pass@{k}':>11}{'gap':>7}  verdict"
    lines = [
        head,
        f"{'base':<{width}}{base['pass_first']:>8.3f}{base['pass_last']:>11.3f}{base['efficiency_gap']:>7.3f}",
    ]
    for row in rows:
        lines.append(
            f"{row['model']:<{width}}{row['pass_first']:>8.3f}{row['pass_last']:>11.3f}{row['efficiency_gap']:>7.3f}  "
            f"{row['label']}: {points(row['first'])} at k = 1 ({band_text(row['first_lo'], row['first_hi'])}), "
            f"{points(row['last'])} at k = {k} ({band_text(row['last_lo'], row['last_hi'])})"
        )
    lines.append(
        f"{result.problems:,} problems; bands at {result.each * 100:.4g}% each, {result.confidence * 100:g}% for all "
        f"{len(rows)} models at once; gap: the base's pass@{k} less the model's pass@1"
    )
    return lines
