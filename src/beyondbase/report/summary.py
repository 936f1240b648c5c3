"""The study in ten lines of at most a hundred columns, for a terminal."""

from __future__ import annotations

from textwrap import wrap

from beyondbase.analyses.results import RunHealth, StudyAnalysis
from beyondbase.report.captions import crossover_sentence, percent


def summary_lines(analysis: StudyAnalysis) -> list[str]:
    """Say verdict, curves at k = 1, 2, 4 ..., crossover, cells and health."""
    comparison = analysis.comparison
    at = [row for row in comparison.curves.iter_rows(named=True) if row["k"] & (row["k"] - 1) == 0]
    cells = {row["cell"]: row for row in comparison.cells.iter_rows(named=True)}
    counts = ", ".join(f"{name} {row['problems']}" for name, row in cells.items())
    return [
        f"verdict: {comparison.verdict.label.value.upper()}",
        *wrap(comparison.verdict.sentence, 100),
        "k    " + "".join(f"{row['k']:>8}" for row in at),
        "base " + "".join(f"{row['base']:>8.3f}" for row in at),
        "RL   " + "".join(f"{row['rl']:>8.3f}" for row in at),
        crossover_sentence(comparison),
        f"solved at least once: {counts}; confirmed: RL only {cells['RL only']['confirmed']}, "
        f"base only {cells['base only']['confirmed']}",
        _health(analysis.base_health, "base"),
        _health(analysis.rl_health, "RL"),
    ]


def _health(run: RunHealth, name: str) -> str:
    return (
        f"{name}: {run.samples:,} samples counted of {run.drawn:,} drawn; truncated {percent(run.truncated)}, "
        f"no answer {percent(run.no_answer)}, {run.failed_requests} failed requests, "
        f"{run.verifier_errors} verifier errors"
    )
