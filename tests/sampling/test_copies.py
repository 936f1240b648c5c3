"""A copy of an engine hands over every sample of every lease once, whatever the order of what it is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.sampling import outbox
from beyondbase.sampling.copies import Copy, Taken
from beyondbase.sampling.engine import Engine, Fed
from beyondbase.sampling.feed import Feed, Key, key_of
from beyondbase.sampling.scripted import ScriptedEngine
from beyondbase.types import Completion, Finish, Prompt, SampleRequest, SamplingSpec

SPEC = SamplingSpec()
MOST_BYTES = 10_000
PROBLEMS = "abcd"


def request(problem: str, index: int) -> SampleRequest:
    return SampleRequest(problem, Prompt("what is 1"), index, crc32(f"{problem} {index}".encode()))


def scripted(latency_s: float = 0.0) -> ScriptedEngine:
    return ScriptedEngine(dict.fromkeys(PROBLEMS, 0.5), dict.fromkeys(PROBLEMS, "42"), latency_s=latency_s)


@dataclass
class Seats:
    """An engine of so many seats, in steps: a request takes a seat for as many as its length; it can be fed."""

    n_seats: int = 4
    length: Callable[[SampleRequest], int] = lambda request: 1 + request.seed % 5
    step: Callable[[], None] = lambda: None
    """what a step does beside counting"""
    steps: int = 0
    begun: list[Key] = field(default_factory=list)

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        return self.generate_fed(Feed.of(requests), spec)

    def generate_fed(self, feed: Feed, spec: SamplingSpec) -> Iterator[tuple[SampleRequest, Completion]]:
        seated: list[tuple[SampleRequest, int]] = []
        while not feed.stopped:
            for new in feed.take(self.n_seats - len(seated), 0.0 if seated else 60.0):
                self.begun.append(key_of(new))
                seated.append((new, self.length(new)))
            if not seated:
                if feed.closed:
                    return
                continue
            self.steps += 1
            self.step()
            feed.beat()
            ended = [new for new, left in seated if left == 1]
            seated = [(new, left - 1) for new, left in seated if left > 1]
            for new in ended:
                yield new, answer(new)


@dataclass
class InRounds:
    """An engine with one `generate` alone."""

    of: Engine
    rounds: list[int] = field(default_factory=list)
    closed: int = 0

    def settings(self, spec: SamplingSpec, prompts: Sequence[Prompt]) -> Mapping[str, str]:
        return {}

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        self.rounds.append(len(requests))
        try:
            yield from self.of.generate(requests, spec)
        finally:
            self.closed += 1


def answer(new: SampleRequest) -> Completion:
    return Completion(f"{new.problem_id} {new.sample_index}", (1, 2), 0.0, None, Finish.EOS)


ENGINES: dict[str, Callable[[], Engine]] = {"in rounds": scripted, "fed": Seats}


@dataclass
class Took:
    """All that was taken of a copy."""

    copy: Copy
    keys: Counter[Key] = field(default_factory=Counter)
    ended: Counter[int] = field(default_factory=Counter)
    told: list[Taken] = field(default_factory=list)

    def take(self, wait_s: float = 0.0, most_bytes: int = MOST_BYTES) -> Taken:
        taken = self.copy.take(wait_s, most_bytes)
        self.keys.update(key_of(new) for new, _ in taken.completions)
        assert not taken.leases & set(self.ended), "news of a lease that ended"
        self.ended.update(taken.ended)
        self.told.append(taken)
        return taken

    def until(self, there: Callable[[], bool]) -> Taken:
        end = monotonic() + 20
        while True:
            taken = self.take(0.2)
            if there():
                return taken
            assert monotonic() < end, "it did not come to be"


LEASES = st.lists(
    st.lists(st.tuples(st.sampled_from(PROBLEMS), st.integers(0, 5)), unique=True, max_size=9), min_size=1, max_size=6
)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=40, deadline=None)
@given(
    leases=LEASES,
    turns=st.lists(st.sampled_from(["give", "take", "take little", "withdraw"]), max_size=20),
    data=st.data(),
)
def test_each_lease_ends_once_and_all_of_it_came_before_unless_it_was_withdrawn(
    engine: str, leases: list[list[Key]], turns: list[str], data: st.DataObject
) -> None:
    took = Took(Copy(ENGINES[engine](), SPEC))
    given_, withdrawn = 0, set[int]()
    for turn in [*turns, *["give"] * len(leases)]:
        if turn == "give" and given_ < len(leases):
            took.copy.give(given_, [request(*key) for key in leases[given_]])
            given_ += 1
        elif turn == "withdraw" and given_:
            lease = data.draw(st.integers(0, given_ - 1))
            took.copy.withdraw(lease)
            withdrawn.add(lease)
        elif turn.startswith("take"):
            took.take(0.0, 1 if turn == "take little" else MOST_BYTES)
    took.until(lambda: len(took.ended) == len(leases))
    took.take()
    assert took.ended == dict.fromkeys(range(len(leases)), 1)
    asked = {key for lease in leases for key in lease}
    kept = {key for number, lease in enumerate(leases) for key in lease if number not in withdrawn}
    assert kept <= set(took.keys) <= asked
    assert all(n <= sum(key in lease for lease in leases) for key, n in took.keys.items())
    assert not any(taken.failed for taken in took.told)
    took.copy.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_completions_are_those_of_one_generate_and_progress_grows_with_them(engine: str) -> None:
    leases = [[request(problem, index) for index in range(7)] for problem in PROBLEMS]
    took = Took(Copy(ENGINES[engine](), SPEC))
    for number, lease in enumerate(leases):
        took.copy.give(number, lease)
    took.until(lambda: len(took.ended) == 4)
    came = {key_of(new): done for taken in took.told for new, done in taken.completions}
    whole = ENGINES[engine]().generate([new for lease in leases for new in lease], SPEC)
    assert came == {key_of(new): done for new, done in whole}
    progress = [taken.progress for taken in took.told]
    assert progress == sorted(progress) and progress[-1] >= 28
    took.copy.close()


def test_a_fed_engine_has_no_seat_idle_between_leases() -> None:
    leases = [[request(problem, index) for index in range(16)] for problem in PROBLEMS]
    lengths = {key_of(new): (1, 1, 1, 40)[at % 4] if at < 16 else 1 for lease in leases for at, new in enumerate(lease)}

    def seats() -> Seats:
        return Seats(8, lambda new: lengths[key_of(new)])

    fed, whole, rounds = seats(), seats(), seats()
    in_rounds = InRounds(rounds)
    assert isinstance(fed, Fed) and not isinstance(in_rounds, Fed)
    list(whole.generate([new for lease in leases for new in lease], SPEC))
    gate = threading.Event()
    for engine in (fed, in_rounds):
        (fed if engine is fed else rounds).step = gate.wait  # type: ignore[assignment]
        took = Took(Copy(engine, SPEC))
        for number, lease in enumerate(leases):
            took.copy.give(number, lease)
        gate.set()
        took.until(lambda took=took: len(took.ended) == 4)  # type: ignore[misc]
        took.copy.close()
        gate.clear()
    assert fed.steps == whole.steps < rounds.steps
    assert in_rounds.rounds == [16] * 4


def test_a_sample_of_two_leases_is_drawn_once_for_both() -> None:
    gate = threading.Event()
    engine = Seats(step=gate.wait)  # type: ignore[arg-type]
    took = Took(Copy(engine, SPEC))
    took.copy.give(1, [request("a", index) for index in range(6)])
    took.copy.give(2, [request("a", index) for index in range(3, 9)])
    gate.set()
    took.until(lambda: len(took.ended) == 2)
    assert took.keys == dict.fromkeys([("a", index) for index in range(9)], 1) == Counter(engine.begun)
    took.copy.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sample_is_drawn_again_for_a_later_lease(engine: str) -> None:
    took = Took(Copy(ENGINES[engine](), SPEC))
    for number in range(3):
        took.copy.give(number, [request("a", 0)])
        took.until(lambda number=number: number in took.ended)  # type: ignore[misc]
    assert took.keys == {("a", 0): 3}
    took.copy.close()


def test_of_a_withdrawn_lease_nothing_more_is_begun_and_nothing_under_way_is_handed_over() -> None:
    gate = threading.Event()
    engine = Seats(4, lambda new: 1, gate.wait)  # type: ignore[arg-type]
    took = Took(Copy(engine, SPEC))
    took.copy.give(1, [request("a", index) for index in range(20)])
    wait_for(lambda: len(engine.begun) == 4)
    took.copy.give(2, [request("b", index) for index in range(5)])
    took.copy.withdraw(1)
    gate.set()
    took.until(lambda: len(took.ended) == 2)
    assert set(engine.begun) == {*(("a", index) for index in range(4)), *(("b", index) for index in range(5))}
    assert {problem for problem, _ in took.keys} == {"b"}
    took.copy.close()


def test_a_withdrawn_round_is_given_up_and_the_next_one_begun() -> None:
    engine = InRounds(scripted(0.01))
    took = Took(Copy(engine, SPEC))
    took.copy.give(1, [request("a", index) for index in range(10_000)])
    took.copy.give(2, [request("b", 0)])
    took.until(lambda: took.keys.total() > 0)
    took.copy.withdraw(1)
    took.until(lambda: len(took.ended) == 2)
    assert engine.closed >= 1 and took.keys["b", 0] == 1 and took.keys.total() < 9_000
    took.copy.close()


@pytest.mark.parametrize("fed", [False, True])
def test_a_withdrawn_lease_of_an_engine_that_hangs_does_not_end(fed: bool) -> None:
    gate = threading.Event()
    hangs = Seats(step=gate.wait)  # type: ignore[arg-type]
    took = Took(Copy(hangs if fed else InRounds(hangs), SPEC))
    took.copy.give(1, [request("a", index) for index in range(8)])
    wait_for(lambda: bool(hangs.begun))
    took.copy.withdraw(1)
    assert not took.take(0.1).ended
    gate.set()
    took.until(lambda: 1 in took.ended)
    took.copy.close()


def test_an_engine_that_moves_on_shows_progress_before_any_sample_ends() -> None:
    took = Took(Copy(Seats(length=lambda new: 10**9, step=lambda: sleep(0.001)), SPEC))
    took.copy.give(1, [request("a", 0)])
    took.until(lambda: took.told[-1].progress > 3)
    took.copy.withdraw(1)
    took.until(lambda: 1 in took.ended)
    assert not took.keys
    took.copy.close()


@dataclass
class Dies(InRounds):
    """An engine whose library fails at some sample."""

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        for new, done in self.of.generate(requests, spec):
            if new.sample_index == 5:
                raise RuntimeError("CUDA error:\n  an illegal memory access")
            yield new, done


class DiesFed(Dies):
    def generate_fed(self, feed: Feed, spec: SamplingSpec) -> Iterator[tuple[SampleRequest, Completion]]:
        return self.generate(feed.take(100, 60.0), spec)


@pytest.mark.parametrize("engine", [Dies, DiesFed])
def test_what_was_drawn_before_an_engine_died_is_handed_over_before_the_death_is_told(engine: type[Dies]) -> None:
    took = Took(Copy(engine(scripted()), SPEC))
    took.copy.give(1, [request("a", index) for index in range(10)])
    while not took.take(10.0, most_bytes=1).failed:
        pass
    assert took.keys == dict.fromkeys([("a", index) for index in range(5)], 1) and not took.ended
    told = [taken.failed for taken in took.told]
    assert set(told[:-1]) <= {""} and told[-1] == "RuntimeError: CUDA error: an illegal memory access"
    assert took.take(60.0).failed == told[-1]


@dataclass
class Wrong(InRounds):
    """Leaves out, repeats or invents samples."""

    replies: Sequence[int] = ()

    def generate(
        self, requests: Sequence[SampleRequest], spec: SamplingSpec
    ) -> Iterator[tuple[SampleRequest, Completion]]:
        yield from ((request("a", index), answer(request("a", index))) for index in self.replies)


class WrongFed(Wrong):
    def generate_fed(self, feed: Feed, spec: SamplingSpec) -> Iterator[tuple[SampleRequest, Completion]]:
        return self.generate(feed.take(100, 60.0), spec)


@pytest.mark.parametrize("engine", [Wrong, WrongFed])
@pytest.mark.parametrize("replies", [[0, 0], [7]])
def test_a_sample_that_comes_twice_or_unasked_ends_the_copy(engine: type[Wrong], replies: list[int]) -> None:
    took = Took(Copy(engine(scripted(), replies=replies), SPEC))
    took.copy.give(1, [request("a", index) for index in range(2)])
    took.until(lambda: bool(took.told[-1].failed))
    assert took.told[-1].failed.startswith("BadInput: engine: expected each requested sample once, got sample")


def test_a_sample_that_a_round_leaves_out_is_a_failed_request() -> None:
    took = Took(Copy(Wrong(scripted(), replies=[1]), SPEC))
    took.copy.give(1, [request("a", index) for index in range(3)])
    took.until(lambda: 1 in took.ended)
    finish = {new.sample_index: done.finish for taken in took.told for new, done in taken.completions}
    assert finish == {0: Finish.ERROR, 1: Finish.EOS, 2: Finish.ERROR}
    took.copy.close()


def test_a_fed_engine_that_ends_before_its_feed_says_so() -> None:
    took = Took(Copy(WrongFed(scripted(), replies=[0]), SPEC))
    took.copy.give(1, [request("a", index) for index in range(3)])
    took.until(lambda: bool(took.told[-1].failed))
    assert "expected generate_fed() to go on until its feed is closed, it ended with 2 samples" in took.told[-1].failed


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_waits_while_nobody_takes_what_it_drew(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 10)
    inner = InRounds(scripted()) if engine == "in rounds" else Seats()
    took = Took(Copy(inner, SPEC))
    took.copy.give(1, [request("a", index) for index in range(100)])
    sleep(0.1)
    assert len(took.take(0.0).completions) == 10
    took.until(lambda: 1 in took.ended)
    assert took.keys.total() == 100 and max(len(taken.completions) for taken in took.told) <= 11
    took.copy.close()


def test_bytes_that_wait_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    a_sample = len(answer(request("a", 0)).text) + 2 * 4
    monkeypatch.setattr(outbox, "MOST_WAITING_BYTES", 5 * a_sample)
    took = Took(Copy(Seats(), SPEC))
    took.copy.give(1, [request("a", index) for index in range(10)])
    sleep(0.1)
    assert [len(took.take(0.1, most_bytes).completions) for most_bytes in (1, 10**9)] == [1, 5]
    took.copy.close()


def test_taking_returns_at_once_for_an_end_and_for_enough_bytes_and_in_time_for_few() -> None:
    gate = threading.Semaphore(0)
    took = Took(Copy(Seats(1, lambda new: 1, gate.acquire), SPEC))  # type: ignore[arg-type]
    took.copy.give(1, [request("a", index) for index in range(4)])
    assert not took.take(0.05).completions
    for most_bytes, n in ((1, 1), (10, 1)):
        gate.release()
        assert len(took.take(60.0, most_bytes).completions) == n
    gate.release()
    begun = monotonic()
    assert len(took.take(0.4).completions) == 1
    assert 0.2 < monotonic() - begun < 10
    gate.release()
    assert took.take(60.0).ended == {1}
    took.copy.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("at", ["idle", "at work", "full"])
def test_closing_ends_the_thread(engine: str, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if at == "full":
        monkeypatch.setattr(outbox, "MOST_WAITING", 1)
    slow = scripted(0.001) if engine == "in rounds" else Seats(length=lambda new: 10**9, step=lambda: sleep(0.001))
    copy = Copy(slow, SPEC)
    if at != "idle":
        copy.give(1, [request("a", index) for index in range(100_000)])
    sleep(0.05)
    copy.close()
    copy._thread.join(10)
    assert not copy._thread.is_alive()
    copy.give(2, [request("a", 0)])
    assert not copy.take(0.0, MOST_BYTES).failed


def test_an_engine_is_at_work_for_one_copy_at_a_time() -> None:
    gate = threading.Event()
    engine = Seats(step=gate.wait)  # type: ignore[arg-type]
    first = Copy(engine, SPEC)
    first.give(1, [request("a", 0)])
    wait_for(lambda: bool(engine.begun))
    first.close()
    took = Took(Copy(engine, SPEC, after=first))
    took.copy.give(2, [request("b", 0)])
    assert not took.take(0.1).completions and engine.begun == [("a", 0)]
    gate.set()
    took.until(lambda: 2 in took.ended)
    assert took.keys == {("b", 0): 1}
    took.copy.close()


def wait_for(there: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not there():
        assert monotonic() < end
        sleep(0.002)
