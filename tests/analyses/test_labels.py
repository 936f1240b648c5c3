"""From labels of a person to the interval: a verifier of known error rates, labelled by the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from beyondbase.analyses.compare import compare
from beyondbase.analyses.guards import GuardInput, Guesses, guards
from beyondbase.analyses.labels import audit_of_labels, read_labels, to_label
from beyondbase.errors import BadInput
from beyondbase.estimators.verifier_error import Audit
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.seeds import sample_seed
from beyondbase.store import Run
from beyondbase.types import DrawRule, Judgement, Problem, SamplingSpec, Verdict

N, N_MAX = 40, 64
SET = ProblemSet("toy", tuple(Problem(f"p{i}", f"question {i}", '{"answer": "yes"}') for i in range(N)))
IDS = [problem.problem_id for problem in SET]
HALF, NEVER = dict.fromkeys(IDS, 0.5), dict.fromkeys(IDS, 0.0)


class Errs:
    """Passes a share of wrong samples, and of right ones."""

    name = "errs-1"

    def __init__(self, false_positive: float, sensitivity: float, seed: int = 0) -> None:
        self.rates, self.seed = {False: false_positive, True: sensitivity}, seed

    def verify(self, problem: Problem, text: str) -> Judgement:
        luck = sample_seed(self.seed, f"{problem.problem_id} {text}", 0) / 2**63
        return Judgement(Verdict.CORRECT if luck < self.rates["right" in text] else Verdict.WRONG)


def sampled(path: Path, verifier: Errs, rates: Mapping[str, float], seed: int, rule: DrawRule) -> Run:
    # Reasoning makes the texts of samples differ, so that each is judged on its own.
    engine = ScriptedEngine(rates, dict.fromkeys(IDS, "right"), reasoning_chars=30)
    return sample_run(path, SET, engine, SamplingSpec(template="plain", seed=seed), rule, verifier)


def pair(folder: Path, verifier: Errs, stop_at: int | None = None) -> tuple[Run, Run]:
    rule = DrawRule(N_MAX, stop_at, N_MAX if stop_at is None else 8)
    base = sampled(folder / "base", verifier, HALF, 2 * verifier.seed + 1, rule)
    return base, sampled(folder / "rl", verifier, NEVER, 2 * verifier.seed + 2, rule)


def labelled(runs: tuple[Run, Run], path: Path, n: int, seed: int = 0) -> Path:
    """Label as a person would who knows the truth."""
    rows = to_label(*runs, n, seed=seed)
    path.write_text("".join(json.dumps(row | {"right": "right" in str(row["text"])}) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    return pair(tmp_path_factory.mktemp("runs"), Errs(0.1, 0.8))


def test_labels_of_all_samples_are_the_audit_of_all(runs: tuple[Run, Run], tmp_path: Path) -> None:
    path = labelled(runs, tmp_path / "labels.jsonl", N * N_MAX)
    truth = Counter[tuple[bool, bool]]()
    for run in runs:
        rows = run.samples().join(run.verdicts(), on=["problem_id", "sample_index"]).select("text", "verdict").collect()
        truth.update(("right" in text, verdict == "correct") for text, verdict in rows.iter_rows())
    right, wrong = (truth[kind, True] + truth[kind, False] for kind in (True, False))
    expected = Audit(right, truth[True, True], wrong, truth[False, True], f"labels of {2 * N * N_MAX:,} samples")
    assert audit_of_labels(*runs, path) == expected
    assert (round(expected.false_positive, 1), round(expected.sensitivity or 0, 1)) == (0.1, 0.8)


def test_a_draw_is_the_same_each_time_and_has_what_a_person_needs(runs: tuple[Run, Run]) -> None:
    rows = to_label(*runs, 30)
    assert rows == to_label(*runs, 30) != to_label(*runs, 30, seed=1)
    assert Counter(row["run"] for row in rows) == {"base": 30, "rl": 30}
    assert [row["run"] for row in rows] != sorted(str(row["run"]) for row in rows)
    assert len({(row["run"], row["problem_id"], row["sample_index"]) for row in rows}) == 60
    texts = {
        (name, problem_id, index): text
        for name, run in zip(("base", "rl"), runs, strict=True)
        for problem_id, index, text in run.samples().select("problem_id", "sample_index", "text").collect().iter_rows()
    }
    for row in rows:
        number = str(row["problem_id"])[1:]
        assert (row["question"], row["reference"], row["right"]) == (f"question {number}", '{"answer": "yes"}', None)
        assert row["text"] == texts[str(row["run"]), str(row["problem_id"]), row["sample_index"]]  # type: ignore[index]


def test_of_runs_that_stop_only_those_are_drawn_that_every_problem_got(tmp_path: Path) -> None:
    stopped = pair(tmp_path, Errs(0.1, 0.8), stop_at=2)
    assert {row["sample_index"] for row in to_label(*stopped, N * 8)} == set(range(8))
    with pytest.raises(BadInput, match=f"n: expected a whole number 1 <= n <= {N * 8}, of the {N * 8} samples of"):
        to_label(*stopped, N * 8 + 1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 3: expected a JSON object"),
        ("[" * 100_000, "line 3: expected a JSON object"),
        ('{"run": "both"}', "line 3: expected .* got run 'both'"),
        ('{"run": "rl", "problem_id": 1}', "line 3: expected .* got problem_id 1"),
        ('{"run": "rl", "problem_id": "p0", "sample_index": true}', "line 3: expected .* got sample_index True"),
        ('{"run": "rl", "problem_id": "p0", "sample_index": 1, "right": 1}', "line 3: expected .* got right 1"),
        ('{"run": "rl", "problem_id": "p0", "sample_index": 1}', "line 3: expected .* got right None"),
        ('{"run": "rl", "problem_id": "p0", "sample_index": 1, "right": null}', "1 of 3 samples are not .* in line 3;"),
        ('{"run": "rl", "problem_id": "p0", "sample_index": 0, "right": true}', "line 3: labels .* of line 1 again"),
        ('{"run": "rl", "problem_id": "x", "sample_index": 0, "right": true}', "line 3: expected a problem of the rl"),
        ('{"run": "rl", "problem_id": "p0", "sample_index": 99, "right": true}', "line 3: the rl run has no sample 99"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    runs: tuple[Run, Run], tmp_path: Path, line: str, message: str
) -> None:
    row = {"run": "rl", "problem_id": "p0", "sample_index": 0, "right": False}
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join([json.dumps(row), "", line]).replace("\n\n", f"\n{json.dumps(row | {'run': 'base'})}\n"))
    with pytest.raises(BadInput, match=message) as caught:
        audit_of_labels(*runs, path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_no_label_and_no_wrong_sample_are_refused(runs: tuple[Run, Run], tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    with pytest.raises(BadInput, match="expected a file of labels, cannot read it"):
        read_labels(path)
    path.write_text("\n\n")
    with pytest.raises(BadInput, match="expected labels, found none"):
        read_labels(path)
    path.write_text('{"run": "rl", "problem_id": "p0", "sample_index": 1, "right": true}')
    with pytest.raises(BadInput, match="expected some samples that are wrong, got 1 right one; label more"):
        audit_of_labels(*runs, path)


def test_a_sample_without_a_verdict_is_refused(tmp_path: Path) -> None:
    class Fails(Errs):
        def verify(self, problem: Problem, text: str) -> Judgement:
            if problem.problem_id == "p0":
                raise RuntimeError("of that")
            return super().verify(problem, text)

    failing = pair(tmp_path, Fails(0.1, 0.8))
    path = tmp_path / "labels.jsonl"
    path.write_text('{"run": "rl", "problem_id": "p0", "sample_index": 1, "right": false}')
    with pytest.raises(BadInput, match="line 1: this sample has no verdict yet; judge the run"):
        audit_of_labels(*failing, path)


@pytest.mark.slow
def test_the_corrected_interval_covers_the_truth_at_the_rates_that_labels_measure(tmp_path: Path) -> None:
    """RL solves nothing, and 2% of its wrong samples pass: pass@64 seems 73% and is 0."""
    covered = seen = 0
    for seed in range(12):
        runs = pair(tmp_path / str(seed), Errs(0.02, 1.0, seed))
        audit = audit_of_labels(*runs, labelled(runs, tmp_path / f"{seed}.jsonl", 400, seed))
        base, rl = (run.counts() for run in runs)
        plain = compare(base, rl)
        guarded = guards(base, rl, plain, Guesses(None, None, frozenset()), GuardInput(audit=audit))
        assert guarded is not None and guarded.audit is not None
        last = guarded.audit.curves.row(-1, named=True)
        covered += last["rl_lo"] <= 1e-9 and last["base_lo"] <= 1 <= last["base_hi"] + 1e-9
        seen += plain.curves["rl"][-1] > 0.5
    assert seen == 12
    # At 95% a failure has a chance of 5% at most: three of twelve of 2%.
    assert covered >= 10
