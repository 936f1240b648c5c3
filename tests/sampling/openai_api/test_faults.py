"""A server that fails in every way: what comes of it in a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from beyondbase.errors import StoreError
from beyondbase.pipeline import sample_run
from beyondbase.problems import ProblemSet
from beyondbase.sampling.openai_api import OpenAiEngine
from beyondbase.sampling.openai_api.exchange import Patience
from beyondbase.sampling.options import ServerOptions
from beyondbase.seeds import sample_seed
from beyondbase.store import Run
from beyondbase.types import (
    Completion,
    DrawRule,
    Finish,
    Problem,
    Prompt,
    PromptForm,
    SampleRequest,
    SamplingSpec,
)
from beyondbase.verification.exact import ExactMatch
from tests.sampling.openai_api.faulty_server import Body, Fault, Script, question, serving

N = 24
SPEC = SamplingSpec(temperature=0.8, max_tokens=50, form=PromptForm.CHAT, system="Answer in one line.", seed=5)
RULE = DrawRule(n_max=N, stop_at=None)
PROBLEMS = ProblemSet("five", tuple(Problem(f"p{i}", f"what is {i}", f'{{"answer": {i}}}') for i in range(5)))
ATTEMPTS = 3
# Mended by the next attempts of the same request.
IN_PASSING = [
    [Fault.BUSY],
    [Fault.BUSY_SECONDS],
    [Fault.BUSY_DATE],
    [Fault.BROKEN, Fault.BROKEN],
    [Fault.HANG],
    [Fault.DRIP],
    [Fault.RESET],
    [Fault.RESET, Fault.BUSY],
    [Fault.HALF_JSON],
    [Fault.SHORT_BODY],
    [Fault.NO_JSON],
]
# Each a failed request that the plan asks for again.
FAILED_ONCE = [
    ([Fault.NO_CHOICES], "has no choices"),
    ([Fault.FILTERED], "content_filter"),
    ([Fault.TOOL], "called a tool"),
    ([Fault.NO_FINISH], "finish_reason None"),
    ([Fault.BROKEN] * ATTEMPTS, "HTTP 500: out of memory"),
    ([Fault.HANG] * ATTEMPTS, "no answer within 1.5 s"),
    ([Fault.RESET] * ATTEMPTS, "Error: "),
    ([Fault.HALF_JSON] * ATTEMPTS, "no whole JSON"),
]
# Odd, and whole samples all the same.
ODD = [Fault.EMPTY, Fault.NULL, Fault.REASONING, Fault.MORE]


def seed_of(problem: int, index: int) -> int:
    return sample_seed(SPEC.seed, f"p{problem}", index)


def planted() -> dict[int, list[Fault]]:
    """Seed -> what goes wrong with the first attempts at that sample."""
    plan = {seed_of(0, index): list(faults) for index, faults in enumerate(IN_PASSING)}
    plan |= {seed_of(1, 2 * index): list(faults) for index, (faults, _) in enumerate(FAILED_ONCE)}
    return plan | {seed_of(2, index): [fault] for index, fault in enumerate(ODD)}


def is_right(seed: int) -> bool:
    return seed % 3 == 0


@dataclass
class Recorded:
    """An engine whose completions are noted on their way."""

    engine: OpenAiEngine
    seen: list[tuple[SampleRequest, Completion]] = field(default_factory=list)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return self.engine.settings(spec, prompts)

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for pair in self.engine.generate(requests, spec):
            self.seen.append(pair)
            yield pair


def connect(url: str, timeout_s: float = 60.0) -> Recorded:
    options = ServerOptions(base_url=url, concurrency=16, timeout_s=timeout_s, retries=ATTEMPTS - 1)
    engine = OpenAiEngine.connect("m", options)
    engine.patience = Patience(ATTEMPTS, first_wait_s=0.01, longest_wait_s=0.1)
    return Recorded(engine)


def script(faults: Mapping[int, Sequence[Fault]]) -> Script:
    def fault(body: Body, attempt: int) -> Fault | None:
        of_seed = faults.get(body["seed"], [])
        return of_seed[attempt] if attempt < len(of_seed) else None

    def answer(body: Body) -> str:
        number = question(body).split()[-1]
        return f"answer: {number}" if is_right(body["seed"]) else "answer: none"

    return Script(faults=fault, answer=answer, owner="vllm")


def draw(path: Path, engine: Recorded) -> Run:
    return sample_run(path, PROBLEMS, engine, SPEC, RULE, ExactMatch())


def test_a_run_ends_with_exactly_the_owed_samples_whatever_the_server_does(tmp_path: Path) -> None:
    told = script(planted())
    with serving(told) as url:
        engine = connect(url, timeout_s=1.5)
        run = draw(tmp_path / "run", engine)
    counts = run.counts()
    # Every sample is there, and right exactly where the server said what is right.
    odd = {seed_of(2, index) for index in range(3)}
    right = [sum(is_right(seed_of(p, i)) and seed_of(p, i) not in odd for i in range(N)) for p in range(5)]
    assert counts.n_P.tolist() == [N] * 5
    assert counts.c_P.tolist() == right
    rows = run.samples().collect()
    assert sorted(rows.select("problem_id", "sample_index").iter_rows()) == [
        (f"p{p}", i) for p in range(5) for i in range(N)
    ]
    assert all(
        seed == sample_seed(SPEC.seed, p, i) for p, i, seed in rows.select("problem_id", "sample_index", "seed").rows()
    )
    # Each failure is recorded as one, with its reason, and nothing else is.
    failures = [(request, completion) for request, completion in engine.seen if completion.finish is Finish.ERROR]
    assert run.n_failed() == len(failures) == len(FAILED_ONCE)
    for request, completion in failures:
        assert request.problem_id == "p1" and FAILED_ONCE[request.sample_index // 2][1] in completion.error
    assert {request.sample_index for request, _ in failures} == {2 * i for i in range(len(FAILED_ONCE))}
    # No attempt but those that were owed: one for each sample, and one for each attempt that failed.
    failed = {seed: len(faults) for seed, faults in planted().items() if faults[0] not in ODD}
    assert told.attempts == Counter(
        {seed_of(p, i): 1 + failed.get(seed_of(p, i), 0) for p in range(5) for i in range(N)}
    )


def test_odd_replies_are_stored_as_they_came(tmp_path: Path) -> None:
    with serving(script({seed_of(2, index): [fault] for index, fault in enumerate(ODD)})) as url:
        run = draw(tmp_path / "run", connect(url))
    rows = run.samples().filter(pl.col("problem_id") == "p2").collect().sort("sample_index")
    assert rows["text"].to_list()[:3] == ["", "", ""]
    assert rows["reasoning"].to_list()[:4] == ["", "", "thinking", ""]
    assert rows["finish"].to_list()[:4] == ["eos"] * 4
    verdicts = run.counted().filter(pl.col("problem_id") == "p2").sort("sample_index")["verdict"].to_list()
    assert verdicts[:3] == ["no_answer"] * 3
    assert set(verdicts[3:]) == {"correct", "wrong"}
    # All right texts of a problem are the same, and all of them are kept.
    assert rows["text"].to_list()[4:] == [
        "answer: 2" if is_right(seed_of(2, i)) else "answer: none" for i in range(4, N)
    ]


def test_a_request_that_never_succeeds_stays_owed_after_a_bounded_number_of_attempts(tmp_path: Path) -> None:
    faults = {seed_of(3, 7): [Fault.BROKEN] * 1000, seed_of(4, 0): [Fault.NO_CHOICES] * 1000}
    told = script(faults)
    with serving(told) as url:
        run = draw(tmp_path / "run", connect(url))
        assert told.attempts[seed_of(3, 7)] == 3 * ATTEMPTS  # the plan hands it out three times
        assert told.attempts[seed_of(4, 0)] == 3
        assert run.n_drawn() == 5 * N - 2 and run.n_failed() == 6
        with pytest.raises(StoreError, match="2 of 5 problems still owe samples"):
            run.counts()
        faults.clear()
        run = draw(tmp_path / "run", connect(url))
    assert run.counts().n_P.tolist() == [N] * 5
    assert sum(told.attempts.values()) == 5 * N - 2 + 9 + 3 + 2


@pytest.mark.parametrize(("fault", "came"), [(Fault.FEWER, 3), (Fault.MORE, 4)])
def test_another_number_of_choices_than_asked_gives_the_samples_that_came(fault: Fault, came: int) -> None:
    told = Script(faults=lambda body, attempt: fault)
    with serving(told) as url:
        engine = OpenAiEngine.connect("m", ServerOptions(base_url=url, samples_per_request=4, concurrency=1))
        requests = [SampleRequest("p", Prompt("what is 1"), index, index) for index in range(6)]
        done = list(engine.generate(requests, SPEC))
    assert [request.sample_index for request, _ in done] == list(range(6))
    failed = [completion.error for _, completion in done if completion.finish is Finish.ERROR]
    assert len(failed) == (4 - came) * 2
    assert all(f"returned {n} of" in error for n, error in zip((3, 1), failed, strict=False))
    assert [body["n"] for body in told.bodies] == [4, 2]
    assert all("seed" not in body for body in told.bodies)


def test_seeds_are_not_sent_where_one_request_draws_several_samples(tmp_path: Path) -> None:
    told = Script()
    with serving(told) as url:
        options = ServerOptions(base_url=url, samples_per_request=5, concurrency=4)
        run = sample_run(tmp_path / "run", PROBLEMS, OpenAiEngine.connect("m", options), SPEC, RULE, ExactMatch())
    assert run.counts().n_P.tolist() == [N] * 5
    assert sorted(body["n"] for body in told.bodies) == [4] * 5 + [5] * 20
    assert run.manifest.engine["seeds"] == "not sent: several samples a request"
