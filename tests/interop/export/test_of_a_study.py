"""The exports of a study: tables that LaTeX can read, one paragraph for the text, figures for print."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.analyses.results import StudyAnalysis
from beyondbase.interop.export.latex import latex
from beyondbase.interop.export.sentence import paper_sentence, write_sentence
from beyondbase.interop.export.tex import escaped
from beyondbase.report.pdf import write_pdfs
from beyondbase.report.style import FONT_SIZE
from beyondbase.wording import points

TEXT_WIDTH = 397
"""points: 5.5 inches, as NeurIPS and ICLR print"""
HOSTILE = '50% of {a}_b & c$ #1 ~x^2 \\input{/etc/passwd} <"`|> -- ε数\x00\n\nnext'


@cache
def study(whole: bool = False) -> StudyAnalysis:
    path = Path(__file__).parents[2] / "report" / "study.py"
    spec = importlib.util.spec_from_file_location("report_study", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.make_study(whole=whole)
    assert isinstance(made, StudyAnalysis)
    rows = {"setting": ["model", "sampling.seed", "engine.dtype"], "base": [HOSTILE, "11", "x"], "rl": ["b", "12", "x"]}
    return replace(made, settings=pl.DataFrame(rows))


@given(st.text())
def test_escaped_text_has_no_sign_that_latex_takes_for_its_own(text: str) -> None:
    line = escaped(text)
    commands = r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|char\d+)\{\}"
    plain = re.sub(commands, "", line)
    plain = re.sub(r"\$-\$|\$\\(varepsilon|tau|times|leq|geq)\$|-\{\}-|\{\}|\\[{}&%$#_]", "", plain)
    assert not set(plain) & set('\\{}&%$#_~^<>|"`\n\x00')


def test_plain_letters_stay_and_foreign_ones_stop_no_compilation() -> None:
    assert escaped("Qwen2.5-7B, naïve “x”") == "Qwen2.5-7B, naïve “x”"
    assert escaped("a\u0301 数") == "aU+0301 U+6570"


def test_every_row_of_a_table_has_a_cell_for_each_column() -> None:
    text = latex(study())
    tables = re.findall(r"\\begin\{tabular\}\{([lrc]+)\}(.*?)\\end\{tabular\}", text, re.DOTALL)
    assert [columns for columns, _ in tables] == ["rrrrcc", "lcc", "lcc", "lll"]
    for columns, body in tables:
        rows = [line for line in body.splitlines() if line.endswith("\\\\")]
        assert len(rows) > 2
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(columns) - 1}
        assert [body.count(rule) for rule in ("\\toprule", "\\midrule", "\\bottomrule")] == [1, 1, 1]
    assert re.sub(r"\\[{}]", "", text).count("{") == re.sub(r"\\[{}]", "", text).count("}")
    assert text.count("$") - text.count("\\$") == 2 * len(re.findall(r"(?<!\\)\$[^$]*(?<!\\)\$", text))
    assert not [line for line in text.splitlines()[1:] if re.search(r"(?<!\\)[#~]", line)]


def test_the_tables_have_the_numbers_of_the_study() -> None:
    text, comparison = latex(study()), study().comparison
    last = comparison.curves.row(-1, named=True)
    assert f"{last['k']} & {last['base'] * 100:.1f} & {last['rl'] * 100:.1f} & ${points(last['delta'])}$ & [" in text
    cells = dict(comparison.cells.select("cell", "problems").iter_rows())
    assert f"base solves & {cells['both']} & {cells['base only']} (" in text
    assert f"& {cells['neither']} \\\\" in text
    assert "sampling.seed & 11 & 12" in text
    assert "engine.dtype" not in text
    assert "Unequal, as was allowed: max\\_tokens (24 / 32)." in text


def test_the_sentence_has_answer_crossover_band_samples_and_seeds(tmp_path: Path) -> None:
    analysis = study()
    said, comparison = paper_sentence(analysis), analysis.comparison
    assert said.startswith(comparison.verdict.sentence)
    for part in (
        f"meet at k = {comparison.crossover.k}",
        "9,000 samples (at most 256 a problem) of the base",
        "on 40 problems",
        "The 95% band is simultaneous over all k",
        "Seeds: base 11, RL 12, bootstrap of the band 0.",
        "drawn unequally in max_tokens (24 / 32)",
    ):
        assert part in said
    assert write_sentence(analysis, tmp_path / "s.txt") == [said]
    assert (tmp_path / "s.txt").read_text(encoding="utf-8") == said + "\n"
    write_sentence(analysis, tmp_path / "s.tex")
    assert "max\\_tokens" in (tmp_path / "s.tex").read_text(encoding="utf-8")
    assert "95\\% band" in (tmp_path / "s.tex").read_text(encoding="utf-8")


def test_each_figure_is_one_page_of_pdf_with_letters_in_it(tmp_path: Path) -> None:
    written = write_pdfs(study(whole=True), tmp_path / "figures")
    assert "pass_at_k.pdf" in [path.name for path in written]
    for path in written:
        content = path.read_bytes()
        assert content.startswith(b"%PDF-")
        assert content.count(b"/Type /Page\n") + content.count(b"/Type/Page/") <= 1
        assert b"/FontFile2" in content or b"/FontDescriptor" in content
        width = float(re.search(rb"/MediaBox ?\[0 0 ([\d.]+)", content)[1])  # type: ignore[index]
        assert FONT_SIZE * TEXT_WIDTH / width > 4.5, f"{path.name}: too small to be read on a page of this width"
