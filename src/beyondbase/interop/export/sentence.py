"""The sentences of a study for a paper, with their numbers; nothing is computed here."""

from __future__ import annotations

from pathlib import Path

from beyondbase.analyses.results import Resolution, RunHealth, StudyAnalysis
from beyondbase.durable import write_whole
from beyondbase.interop.export.tex import escaped
from beyondbase.report.captions import crossover_sentence
from beyondbase.wording import number

_SEED = "sampling.seed"


def write_sentence(analysis: StudyAnalysis, path: Path) -> list[str]:
    """Write the sentences, escaped for LaTeX where the file ends with .tex; return them as they are."""
    said = paper_sentence(analysis)
    write_whole(path, f"{escaped(said) if path.suffix == '.tex' else said}\n".encode())
    return [said]


def paper_sentence(analysis: StudyAnalysis) -> str:
    """Say the answer, where RL's lead ends, on how many samples it rests, by which band, and with which seeds."""
    comparison = analysis.comparison
    health = ((analysis.base_health, comparison.base_resolution), (analysis.rl_health, comparison.rl_resolution))
    drawn = " and ".join(f"{_samples(*one)} of {name}" for one, name in zip(health, ("the base", "RL"), strict=True))
    unequal = "; ".join(f"{name} ({both})" for name, both in analysis.unequal.items())
    parts = [
        comparison.verdict.sentence,
        crossover_sentence(comparison),
        f"Counted were {drawn} on {number(len(comparison.solvability), 'problem')}.",
        f"The {comparison.confidence * 100:g}% band is {comparison.band}.",
        f"Seeds: {_seeds(analysis)}bootstrap of the band {comparison.seed}.",
        f"The models were drawn unequally in {unequal}." if unequal else "",
    ]
    return " ".join(part for part in parts if part)


def _samples(health: RunHealth, resolution: Resolution) -> str:
    return f"{number(health.samples, 'sample')} (at most {resolution.n:,} a problem)"


def _seeds(analysis: StudyAnalysis) -> str:
    rows = [row for row in analysis.settings.iter_rows(named=True) if row["setting"] == _SEED]
    return "".join(f"base {row['base']}, RL {row['rl']}, " for row in rows)
