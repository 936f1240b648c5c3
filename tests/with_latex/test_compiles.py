"""The tables and the sentence of a study go through pdflatex, whatever its models are called."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from beyondbase.analyses.compare import compare
from beyondbase.analyses.results import RunHealth, StudyAnalysis
from beyondbase.interop.export.latex import write_latex
from beyondbase.interop.export.sentence import write_sentence
from beyondbase.interop.export.tex import escaped
from beyondbase.types import SuccessCounts

PAPER = r"""\documentclass{article}\usepackage{booktabs}
\begin{document}\input{tables.tex}\input{sentence.tex} %s\end{document}
"""
EVERY_LETTER = "".join(chr(i) for i in range(0x20, 0x250)) + '\\input{/etc/passwd} -- --- "x" ε τ × ≤ ≥ − “ ” … 数 😀'


def study() -> StudyAnalysis:
    rng, ids = np.random.default_rng(0), [f"p{i}" for i in range(30)]
    base, rl = (SuccessCounts(ids, [64] * 30, rng.binomial(64, rng.beta(a, 4, 30))) for a in (0.4, 0.9))
    health = RunHealth("m", 30, 1920, 1920, 0.1, 0.8, 0.05, 0.05, 0, 0, 18.0, 0.5)
    settings = {"setting": ["model", "sampling.seed"], "base": [EVERY_LETTER[i : i + 50] for i in (0, 60)]}
    empty = pl.DataFrame()
    return StudyAnalysis(
        comparison=compare(base, rl),
        base_health=health,
        rl_health=replace(health, model="rl"),
        paths=None,
        settings=pl.DataFrame(settings | {"rl": ["b_c", "12"]}),
        examples=empty,
        problems=empty,
        training=None,
        unequal={"max_tokens": "24 / 32"},
    )


def test_pdflatex_compiles_them_without_an_error(tmp_path: Path) -> None:
    write_latex(study(), tmp_path / "tables.tex")
    write_sentence(study(), tmp_path / "sentence.tex")
    letters = " ".join(escaped(EVERY_LETTER[i : i + 40]) for i in range(0, len(EVERY_LETTER), 40))
    (tmp_path / "paper.tex").write_text(PAPER % letters, encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (tmp_path / "paper.log").read_text(errors="replace")
