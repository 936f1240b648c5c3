"""large_language_monkeys' YAML: texts as they are, no objects, no aliases, nothing torn."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from beyondbase.errors import BadInput
from beyondbase.interop import plain_yaml
from beyondbase.interop.foreign import ReadOptions
from beyondbase.interop.formats.monkeys import FORMAT, recognise
from beyondbase.interop.plain_yaml import read_plain_yaml
from beyondbase.pipeline.import_options import ImportOptions
from beyondbase.pipeline.imports import import_log
from beyondbase.pipeline.judge_again import judge_again
from beyondbase.types import Verdict
from beyondbase.verification import verifier_of
from tests.interop.formats.reading import OURS, imported, n_and_c, one, rows_of, samples_of

MINE = OURS / "monkeys" / "sums"


def test_a_file_is_a_problem_and_a_folder_a_log(tmp_path: Path) -> None:
    log = one(FORMAT, MINE)
    assert (log.name, len(log.files)) == ("sums", 2)
    assert n_and_c(imported(log, tmp_path / "run")) == (["9", "10"], [4, 4], [1, 2])
    assert [sample.text for sample in samples_of(log)["9"]] == [
        " It is $\\boxed{42}$.",
        " It is\n\n$\\boxed{41}$: true",
        "",
        "null",
    ]
    assert {row.problem_id: row.gold for row in rows_of(log)} == {"9": "42", "10": "4"}


def test_texts_are_judged_again_by_the_answer_of_the_solution(tmp_path: Path) -> None:
    options = ImportOptions(verifier=verifier_of("math"))
    made = import_log(one(FORMAT, MINE), "monkeys", tmp_path / "run", options)
    [told] = judge_again(made, options)
    assert "of 8 samples, 0 are correct in the log alone, 0 by" in told


@pytest.mark.parametrize("name", ["is_corrects", "is_correct"])
def test_both_names_of_the_verdicts_are_read_and_none_is_unscored(tmp_path: Path, name: str) -> None:
    write(tmp_path / "1.yaml", {"samples": ["a", "b"], name: [False, True]})
    write(tmp_path / "2.yaml", {"samples": ["a"], "gt_answer": "a"})
    found = samples_of(one(FORMAT, tmp_path))
    assert [s.verdict for s in found["1"]] == [Verdict.WRONG, Verdict.CORRECT]
    assert [s.verdict for s in found["2"]] == [None]


def test_files_without_an_ending_are_read_where_there_are_no_others(tmp_path: Path) -> None:
    write(tmp_path / "17", {"samples": ["a"], "is_corrects": [True]})
    (tmp_path / "LICENSE").write_text("as is", encoding="utf-8")
    assert list(samples_of(one(FORMAT, tmp_path))) == ["17"]
    assert recognise(tmp_path / "17") == "YAML with is_corrects" and recognise(tmp_path / "LICENSE") is None


def test_a_problem_whose_name_has_a_dot_keeps_it(tmp_path: Path) -> None:
    for name in ("1575_A. Another Sorting Problem", "1575_B. Another Sum"):
        write(
            tmp_path / name, {"samples": ["a"], "is_corrects": [True], "solutions": ["a"], "test_cases": {"input": []}}
        )
    log = one(FORMAT, tmp_path)
    assert list(samples_of(log)) == ["1575_A. Another Sorting Problem", "1575_B. Another Sum"]
    assert set(log.lost) == {"solutions", "test_cases"}
    write(tmp_path / "1575_C. Last.yaml", {"samples": ["a"]})
    assert list(samples_of(one(FORMAT, tmp_path / "1575_C. Last.yaml"))) == ["1575_C. Last"]


def write(path: Path, found: object) -> None:
    path.write_text(yaml.safe_dump(found), encoding="utf-8")


REPEATED = "a: &a [lol, lol]\nb: &b [*a, *a]\nsamples: [*b, *b]\n"
MERGED = "a: &a {x: 1}\nsamples: []\nb:\n  <<: *a\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (REPEATED, "line 2: expected plain values, got an alias (*a)"),
        (MERGED, "line 4: expected plain values, got an alias (*a)"),
        ("samples: !!python/object/apply:os.system ['true']\n", "line 1: expected plain values, got an object"),
        ("samples:\n- a\nis_corrects:\n- !!python/object/apply:numpy.bool_ [true]\n", "line 4: expected plain values"),
        ("samples: " + "[" * 40, "expected at most 32 levels"),
        ("samples: [a, 'b", "the file may be torn"),
        ("samples: [a]\nsamples: [b]\n", "line 2: expected 'samples' once"),
        ("samples: [a]\nis_corrects: [true, true]\n", "for each of 1 samples, got 2"),
        ("samples: [a]\nis_corrects: [maybe]\n", "but is_corrects.0"),
        ("samples: [[a]]\n", "but samples.0"),
        ("samples: a\n", "but samples: Input should be a valid list"),
        ("is_corrects: [true]\n", "but samples: Field required"),
        ("", "expected one YAML document, got 0"),
        ("a: 1\n---\nb: 2\n", "expected one YAML document, got 2"),
    ],
)
def test_what_is_none_or_unsafe_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "3.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        rows_of(one(FORMAT, tmp_path))
    assert str(caught.value).startswith(str(tmp_path / "3.yaml")) and said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "1.yaml", {"samples": ["a" * 100]})
    monkeypatch.setattr(plain_yaml, "MOST_BYTES", 50)
    with pytest.raises(BadInput, match="expected at most 0 MiB of YAML"):
        rows_of(one(FORMAT, tmp_path))


def test_a_path_that_is_not_there_and_a_folder_without_yaml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found none there"):
        FORMAT.read([tmp_path / "gone"], ReadOptions())
    with pytest.raises(BadInput, match="expected YAML files, one a problem, found none"):
        FORMAT.read([tmp_path], ReadOptions())


@pytest.mark.parametrize("text", ["08", "1e5", "tRue", "nULL", "7", "0.5", "yes", "~", "", ".", "1:30", "-.5"])
def test_a_text_that_could_be_another_value_stays_a_text(tmp_path: Path, text: str) -> None:
    write(tmp_path / "1.yaml", {"samples": [text]})
    [[sample]] = samples_of(one(FORMAT, tmp_path)).values()
    assert sample.text == text


LIKE_VALUES = st.text("0123456789.eE+-_~:trueTRUEnullfalse", max_size=8)
PLAIN = st.recursive(
    st.none()
    | LIKE_VALUES
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_dumped_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("yaml") / "1.yaml"

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    path.write_bytes(yaml.dump(value, Dumper=Dumper, encoding="utf-8"))
    assert read_plain_yaml(path) == value
