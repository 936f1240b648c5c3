from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from beyondbase.errors import StoreError
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.store import Run, RunManifest, RunWriter, Shard, open_run, opening
from beyondbase.types import Completion, DrawRule, Problem, Prompt, SampleRequest, SamplingSpec

Draw = Callable[..., Run]
Contents = Callable[[Run], dict[str, list[Any]]]


@dataclass
class Watched:
    """The scripted engine, what it was shown and asked, and what of it fails."""

    scripted: ScriptedEngine
    failing: frozenset[tuple[str, int]] = frozenset()
    shown: list[Prompt] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        self.shown += prompts
        return self.scripted.settings(spec, prompts)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for request, completion in self.scripted.generate(requests, spec):
            key = request.problem_id, request.sample_index
            self.asked.append(key)
            yield request, Completion.failed("gone") if key in self.failing else completion


@pytest.mark.parametrize("rule", [DrawRule(n_max=40, stop_at=3, n_first=4), DrawRule(n_max=12, stop_at=None)])
def test_problems_added_later_and_n_raised_later_make_the_run_that_had_them_from_the_start(
    tmp_path: Path, draw: Draw, contents: Contents, rule: DrawRule
) -> None:
    draw(tmp_path / "grown", problems=[3, 1, 5], rule=replace(rule, n_max=5))
    draw(tmp_path / "grown", problems=[0, 1, 2, 3, 5], rule=replace(rule, n_max=5))
    draw(tmp_path / "grown", problems=[0, 1, 2, 3, 5], rule=replace(rule, n_max=7))
    grown = draw(tmp_path / "grown", problems=range(6), rule=rule)
    assert [problem.problem_id for problem in grown.problems()] == ["p3", "p1", "p5", "p0", "p2", "p4"]
    assert grown.problems()[3].strata == {"third": "0"}
    # The order that it came to is that of a run which is given it at once.
    whole = draw(tmp_path / "whole", problems=[3, 1, 5, 0, 2, 4], rule=rule)
    assert contents(grown) == contents(whole)
    assert replace(grown.manifest, run_id="") == replace(whole.manifest, run_id="")
    assert list(grown.counts().problem_ids) == list(whole.counts().problem_ids)


def test_the_engine_sees_the_prompts_of_old_problems_first_and_then_the_new(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "run", problems=[2, 1])
    seen: list[Watched] = []
    draw(
        tmp_path / "run",
        Shard(1, 2),
        problems=[0, 1, 2, 3],
        engine=lambda scripted: seen.append(Watched(scripted)) or seen[-1],  # type: ignore[func-returns-value]
    )
    assert [prompt.text for prompt in seen[0].shown] == [f"question {i}" for i in (2, 1, 0, 3)]
    assert {problem_id for problem_id, _ in seen[0].asked} == {"p3"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: p[1:], "expected all problems of this run and perhaps more, got none with id 'b'"),
        (lambda p: (p[0], replace(p[1], question="?")), "problem 'a' has another question in this run than now"),
        (lambda p: (p[0], replace(p[1], reference="{}")), "problem 'a' has another reference in this run than now"),
        (lambda p: (replace(p[0], images=("data:x",)), p[1]), "problem 'b' has another images in this run than now"),
    ],
)
def test_a_problem_that_is_missing_or_changed_is_named(
    finished: Run, manifest: RunManifest, change: Callable[[Any], Any], says: str
) -> None:
    before = (finished.path / "problems.parquet").read_bytes()
    with pytest.raises(StoreError) as caught:
        RunWriter(finished.path, manifest, change(tuple(finished.problems()))).__enter__()
    assert str(caught.value) == (
        f"{finished.path}: {says}; give the problem set that the run was made with, or use another folder for a new run"
    )
    assert (finished.path / "problems.parquet").read_bytes() == before


def test_problems_that_another_process_added_meanwhile_are_not_put_in_another_order(
    finished: Run, manifest: RunManifest
) -> None:
    c, d = (Problem(name, name, "{}") for name in "cd")
    with RunWriter(finished.path, manifest, [*finished.problems(), c]):
        pass
    with pytest.raises(StoreError, match="if they were added a moment ago, run the same command again"):
        RunWriter(finished.path, manifest, [*finished.problems()[:2], d, c]).__enter__()
    assert [problem.problem_id for problem in finished.problems()] == ["b", "a", "c"]


def test_a_kill_between_the_problems_and_the_manifest_is_mended_by_the_same_command(
    tmp_path: Path, draw: Draw, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "run", problems=[3, 1])
    before = open_run(tmp_path / "run").manifest

    def killed(path: Path, content: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(opening, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            draw(tmp_path / "run", problems=[3, 1, 2])
    half = open_run(tmp_path / "run")
    assert half.manifest == before and len(half.problems()) == 3
    with pytest.raises(StoreError, match="1 of 3 problems still owe samples"):
        half.counts()
    run, whole = (draw(tmp_path / name, problems=[3, 1, 2]) for name in ("run", "whole"))
    assert contents(run) == contents(whole)
    assert run.manifest.problems_hash == whole.manifest.problems_hash


def test_a_run_killed_while_it_was_being_made_may_be_made_with_other_problems(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "run", problems=[1])
    (tmp_path / "run" / "manifest.json").unlink()
    for folder in ("samples", "verdicts"):
        for path in sorted((tmp_path / "run" / folder).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (tmp_path / "run" / folder).rmdir()
    assert [problem.problem_id for problem in draw(tmp_path / "run", problems=[2]).problems()] == ["p2"]


@pytest.mark.parametrize("stop_at", [None, 3])
def test_a_later_call_asks_exactly_for_the_requests_that_failed(
    tmp_path: Path, draw: Draw, contents: Contents, stop_at: int | None
) -> None:
    rule = DrawRule(n_max=12, stop_at=stop_at, n_first=12)
    failing = frozenset({("p0", 3), ("p2", 0), ("p2", 11), ("p5", 7)})
    engines: list[Watched] = []

    def engine(failing: frozenset[tuple[str, int]]) -> Callable[[ScriptedEngine], Watched]:
        def make(scripted: ScriptedEngine) -> Watched:
            engines.append(Watched(scripted, failing))
            return engines[-1]

        return make

    broken = draw(tmp_path / "run", rule=rule, engine=engine(failing))
    with pytest.raises(StoreError, match="of 6 problems still owe samples"):
        broken.counts()
    run = draw(tmp_path / "run", rule=rule, engine=engine(frozenset()))
    # The scripted engine itself fails a request now and then, which is then asked for once more.
    assert set(engines[1].asked) == failing
    assert contents(run) == contents(draw(tmp_path / "whole", rule=rule))
    draw(tmp_path / "run", rule=rule, engine=engine(frozenset()))
    assert engines[2].asked == []
