from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.extrapolation import extrapolate
from beyondbase.analyses.profile import profile_of
from beyondbase.analyses.results import StudyAnalysis
from beyondbase.errors import StoreError
from beyondbase.report.captions import resolution_sentence
from beyondbase.report.figures import FIGURES
from beyondbase.report.page import write_report
from beyondbase.types import SuccessCounts

MakeStudy = Callable[..., StudyAnalysis]


@pytest.fixture(scope="module")
def page(make_study: MakeStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(make_study(), tmp_path_factory.mktemp("study"))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_there_as_svg_png_and_data(page: Path, name: str) -> None:
    stem = page.parent / "figures" / name
    assert ET.fromstring(stem.with_suffix(".svg").read_text()).tag.endswith("svg")
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert len(pl.read_csv(stem.with_suffix(".csv")))
    assert f'id="figure-{name}"' in page.read_text()


def test_the_page_is_a_function_of_the_analysis(page: Path, make_study: MakeStudy, tmp_path: Path) -> None:
    assert write_report(make_study(), tmp_path).read_bytes() == page.read_bytes()


def test_each_figure_drawn_is_progress(make_study: MakeStudy, tmp_path: Path) -> None:
    said = list[tuple[str, int, int]]()
    write_report(make_study(30, whole=False), tmp_path, lambda stage, done, total: said.append((stage, done, total)))
    assert said == [("draw figures", done, 6) for done in range(1, 7)]


def test_the_page_loads_nothing(page: Path) -> None:
    html = page.read_text()
    loads = re.findall(r"""(?:src|href|action|data)\s*=\s*["'](?!#|data:)([^"']+)|@import|url\((?!["']?#)""", html)
    beside = {
        f"figures/{name}.{kind}" for name in FIGURES for kind in ("csv", "svg", "png")
    }  # links, followed by a click
    assert set(loads) == beside
    assert "default-src 'none'" in html


def test_the_only_script_is_the_one_that_the_page_allows(page: Path) -> None:
    html = page.read_text()
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    allowed = re.findall(r"script-src 'sha256-([^']+)'", html)
    assert [b64encode(sha256(script.encode()).digest()).decode() for script in scripts] == allowed


def test_texts_from_models_are_escaped_and_very_long_ones_cut(page: Path) -> None:
    html = page.read_text()
    assert "<script>window.hacked" not in html and "<img src=x" not in html
    assert "&lt;script&gt;window.hacked" in html
    assert "x" * 4300 not in html and "characters left out ...] xxx" in html
    assert "\x00" not in html and "\ufffd" in html


def test_five_kinds_of_failure_are_five_rows(page: Path) -> None:
    html = page.read_text()
    for kind in ("wrong", "no answer", "truncated", "failed requests", "verifier errors"):
        assert f"<tr><td>{kind}" in html


def test_a_study_without_training_or_paths_leaves_them_out_and_shows_what_was_unequal(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    html = write_report(make_study(30, gain=1.0, lost=0.0, whole=False), tmp_path).read_text()
    assert 'id="training"' not in html and 'id="paths"' not in html
    assert "Unequal settings were allowed" in html and "<strong>max_tokens</strong>: 24 / 32" in html
    assert "To decide it would take" in html


def test_what_is_predicted_stands_after_all_that_was_measured_of_the_models(page: Path) -> None:
    html = page.read_text()
    order = ["figure-pass_at_k", "robustness", "solvability", "paths", "training", "reliability", "beyond", "settings"]
    places = [html.index(f'id="{name}"') for name in order]
    assert places == sorted(places)
    assert "Beyond n: extrapolated, not measured" in html


def test_every_number_of_reliability_and_beyond_stands_in_its_section(page: Path, make_study: MakeStudy) -> None:
    html, study = page.read_text(), make_study()
    profile, beyond = study.profile, study.extrapolation
    assert profile is not None and beyond is not None
    reliability = html.split('id="reliability"')[1].split('id="beyond"')[0]
    for frame, columns in ((profile.curves, ("pass_hat_k", "g_50", "mg")), (profile.majority, ("maj",))):
        for value in frame.select(columns).unpivot()["value"].drop_nulls():
            assert f"<td>{value:.1%}</td>" in reliability
    for value in profile.cover["plug_in"]:
        assert f"<td>{value:.1%}</td>" in reliability
    predicted = html.split('id="predictions"')[1].split("</section>")[0]
    for model in ("base", "rl"):
        for value in beyond.curves[model]:
            assert f"<td>{value:.1%}</td>" in predicted


def test_a_prediction_that_fails_its_self_check_begins_with_do_not_trust_this(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    ids, study = range(40), make_study()
    never_seen = SuccessCounts(ids, [256] * 40, [0] * 4 + [1] * 36)  # a law that no Beta has: all at one small rate
    failing = extrapolate(never_seen, SuccessCounts(ids, [256] * 40, [0] * 20 + [1, 4, 16, 64, 250] * 4))
    assert not failing.trusted
    html = write_report(replace(study, extrapolation=failing), tmp_path).read_text()
    assert "<p>Do not trust this: " in html.split('id="beyond"')[1]


def test_what_could_not_be_made_is_said_with_its_reason(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(30, whole=False)
    html = write_report(study, tmp_path).read_text()
    assert "Not made: expected &lt;more&gt;, got less." in html.split('id="beyond"')[1]
    assert 'id="reliability"' not in html and 'href="#reliability"' not in html
    stopped = SuccessCounts(["a", "b"], [64, 5], [0, 2], stop_at=2, n_max=64)
    known = replace(study, profile=profile_of(stopped, stopped, answers={}))
    section = write_report(known, tmp_path).read_text().split('id="reliability"')[1]
    for name, reason in known.profile.missing.items() if known.profile else []:
        assert f"{name} cannot be told: {reason}." in section


def test_not_solved_is_said_with_its_samples_and_its_eps() -> None:
    fixed = SuccessCounts(["a", "b"], [64, 64], [0, 9])
    stopped = SuccessCounts(["a", "b"], [64, 5], [0, 2], stop_at=2, n_max=64)
    ragged = SuccessCounts(["a", "b"], [70, 64], [0, 9])
    assert "in all of its 64 samples: at 95% that bounds the success rate below ε = 4.6%" in said(fixed, fixed)
    assert "in all of its 64 samples (only solved problems stop early): " in said(stopped, fixed)
    assert "in all of its at least 64 samples: " in said(ragged, fixed)
    more = SuccessCounts(["a", "b"], [128, 128], [0, 9])
    assert "64 samples of the base, or 128 of RL: " in said(fixed, more)
    assert "ε = 4.6% for the base and 2.3% for RL" in said(fixed, more)


def said(base: SuccessCounts, rl: SuccessCounts) -> str:
    return resolution_sentence(compare(base, rl))


def test_every_ratio_of_the_boundary_stands_in_the_page(page: Path, make_study: MakeStudy) -> None:
    html = page.read_text().split('id="boundary"')[1].split("</table>")[0]
    for measure, value in make_study().comparison.boundary.select("measure", "value").iter_rows():
        assert f"<strong>{measure}</strong>" in html and f"{abs(value):.3f}" in html


def test_names_and_settings_are_escaped_and_their_odd_characters_do_no_harm(
    make_study: MakeStudy, tmp_path: Path
) -> None:
    study = make_study()
    bad = "<script>window.hacked = 1</script> \"' {{ 7 * 7 }} \ud800"
    health = replace(study.base_health, model=bad, mean_entropy=float("nan"))
    settings = pl.DataFrame({"setting": ["a", "<b>"], "base": ["<i>", "1"], "rl": ["<i>", "</table>"]})
    hostile = replace(study, base_health=health, unequal={"max_tokens": bad}, settings=settings)
    html = write_report(hostile, tmp_path).read_text()
    assert "<script>window" not in html and "{{ 7 * 7 }}" in html and html.count("</table>") == html.count("<table")
    assert "nan" not in html.split('id="health"')[1].split('id="samples"')[0]
    assert html.count('class="differs"') == 1 and "&lt;b&gt;" in html


def test_a_page_of_500_problems_stays_small(make_study: MakeStudy, tmp_path: Path) -> None:
    assert write_report(make_study(500), tmp_path).stat().st_size < 3_000_000


def test_a_page_of_200_problems_with_long_texts_stays_small(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(200, shown=200)
    assert len(study.examples) == 1600
    assert write_report(study, tmp_path).stat().st_size < 3_200_000


def test_each_problem_with_samples_is_linked_to_them(page: Path) -> None:
    html = page.read_text()
    linked = re.findall(r'<a href="#(problem-\d+)"', html)
    assert len(linked) == 10 and linked == re.findall(r'<details class="problem" id="(problem-\d+)"', html)


def test_a_folder_that_cannot_be_written_is_named(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write_report(make_study(), tmp_path / "file")
