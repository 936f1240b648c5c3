"""A driver is played, whose replicas and batches are lost as they please; what comes of it is a law."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from beyondbase.draw_ladder import ladder
from beyondbase.sampling.dispatch import Dispatcher
from beyondbase.sampling.leases import Handed, Lease, Loss, Terms
from beyondbase.sampling.plan import STATE_OF, Plan, Span, State, StateArray
from beyondbase.seeds import sample_seed
from beyondbase.types import DrawRule

IDS = ["a", "b", "c", "d"]
POISON = "c"
STRIKES = 3
HANG_S = 1000.0

Key = tuple[str, int]
Row = tuple[Span, StateArray]


def keys(spans: Iterable[Span]) -> list[Key]:
    return [(span.problem_id, index) for span in spans for index in span.index_N.tolist()]


def row(key: Key, state: State) -> Row:
    return Span(key[0], np.array([key[1]])), np.array([state], dtype=np.int8)


def correct(key: Key, rate: float) -> bool:
    return sample_seed(7, *key) / 2**63 < rate


def asked(draw_rule: DrawRule, rate: float, problem_id: str) -> set[Key]:
    """Samples of a problem in a finished run."""
    for rung in ladder(draw_rule):
        drawn = {(problem_id, index) for index in range(rung)}
        if draw_rule.stop_at is not None and sum(correct(key, rate) for key in drawn) >= draw_rule.stop_at:
            break
    return drawn


class Played(RuleBasedStateMachine):
    """Replicas hold leases as lists of samples yet to draw; batches wait with the samples of each lease in them."""

    @initialize(
        draw_rule=st.builds(
            DrawRule, n_max=st.integers(1, 20), stop_at=st.none() | st.integers(2, 4), n_first=st.just(3)
        ),
        rate=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
        most=st.integers(1, 30),
        poisoned=st.booleans(),
        failing=st.sampled_from([0.0, 0.3]),
        chaos=st.integers(0, 1000),
    )
    def begin(self, draw_rule: DrawRule, rate: float, most: int, poisoned: bool, failing: float, chaos: int) -> None:
        self.draw_rule, self.rate, self.failing, self.rng = draw_rule, rate, failing, random.Random(chaos)
        self.poison = POISON if poisoned else ""
        terms = Terms(most=most, least=min(4, most), hang_s=HANG_S, strikes=STRIKES)
        self.dispatcher = Dispatcher(Plan(IDS, draw_rule), terms)
        self.now, self.n_names = 0.0, 0
        self.held = dict[str, dict[int, list[Key]]]()
        self.heard = dict[str, float]()
        self.batches = list[tuple[Handed, dict[int, list[Key]]]]()
        self.claims = defaultdict[int, set[Key]](set)
        self.leased = dict[int, list[Key]]()
        self.known, self.failed_once, self.given = set[Key](), set[Key](), set[Key]()
        self.strikes = defaultdict[str, int](int)
        self.join()

    @rule()
    def join(self) -> None:
        self.n_names += 1
        self.held[f"replica {self.n_names}"] = {}
        self.heard[f"replica {self.n_names}"] = self.now
        self.dispatcher.join(f"replica {self.n_names}", self.now)

    @rule(seconds=st.sampled_from([0.1, 5.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.held)
    @rule()
    def offer_to_all(self) -> None:
        self.now += 10.0
        for _ in range(2 * len(self.held)):
            self.offer()

    @precondition(lambda self: self.held)
    @rule()
    def offer(self) -> None:
        name = self.rng.choice([*self.held])
        had = bool(self.held[name])
        if (lease := self.dispatcher.offer(name, self.now)) is None:
            return
        samples = keys(lease.spans)
        assert samples and not self.known & {*samples}
        if not lease.twin:
            assert len(samples) <= self.dispatcher.terms.most
        for number, claimed in self.claims.items():
            if claimed & {*samples}:
                assert lease.twin and lease.twin.number == number, "at two replicas, and no twin"
        if lease.alone:
            assert not had and len({problem_id for problem_id, _ in samples}) == 1
        else:
            assert all(self.strikes[problem_id] == 0 or self.cleared(problem_id) for problem_id, _ in samples)
        if not self.held[name]:
            self.heard[name] = self.now
        self.held[name][lease.number], self.leased[lease.number] = [*samples], samples
        self.claims[lease.number] = {*samples}
        self.given |= {*samples}

    def cleared(self, problem_id: str) -> bool:
        return problem_id not in self.dispatcher._suspects

    @precondition(lambda self: any(self.held.values()))
    @rule(most=st.integers(0, 12))
    def hand_over(self, most: int) -> None:
        self.draw(self.rng.choice([name for name, leases in self.held.items() if leases]), most)

    def draw(self, name: str, most: int) -> None:
        """A replica draws its leases in their order, hands over what it drew, and dies of poison."""
        ahead = [(number, key) for number, left in self.held[name].items() for key in left][:most]
        if any(problem_id == self.poison for _, (problem_id, _) in ahead):
            self.lose_replica(name, Loss.DIED)
            return
        parts = defaultdict[int, list[Key]](list)
        for number, key in ahead:
            self.held[name][number].remove(key)
            parts[number].append(key)
        ended = {number for number, left in self.held[name].items() if not left}
        self.held[name] = {number: left for number, left in self.held[name].items() if left}
        if not parts and not ended:
            return
        handed = Handed(frozenset(parts), frozenset(ended))
        self.heard[name] = self.now
        self.dispatcher.arrived(name, handed, self.now)
        if parts:
            self.batches.append((handed, parts))

    def tell_withdrawn(self) -> None:
        """Replicas stop at what they are told to, and say so when they next hand something over."""
        for lease in self.dispatcher.withdrawn:
            assert lease.replica in self.held and lease.number in self.held[lease.replica]
            undrawn = {*self.held[lease.replica][lease.number]} - self.known
            assert {problem_id for problem_id, _ in undrawn} <= {*self.dispatcher.aside}
            self.held[lease.replica][lease.number].clear()
        self.dispatcher.withdrawn.clear()

    @precondition(lambda self: self.batches)
    @rule(n_batches=st.integers(1, 4), again=st.booleans())
    def record(self, n_batches: int, again: bool) -> None:
        self.rng.shuffle(self.batches)
        due, self.batches = self.batches[:n_batches], self.batches[n_batches:]
        states = dict[Key, State]()
        for _, parts in due:
            for number, drawn in parts.items():
                for key in drawn:
                    self.judge(key, number, states)
        rows = [row(key, state) for key, state in states.items()]
        self.dispatcher.recorded([handed for handed, _ in due], rows)
        if again:  # by a recorder that was taken for lost
            self.dispatcher.recorded([], rows)
        self.tell_withdrawn()

    def judge(self, key: Key, number: int, states: dict[Key, State]) -> None:
        if key not in self.failed_once and self.rng.random() < self.failing:
            self.failed_once.add(key)
            states.setdefault(key, State.MISSING)
            self.claims[number].discard(key)
            return
        states[key] = STATE_OF["correct" if correct(key, self.rate) else "wrong"]
        self.known.add(key)
        for claimed in self.claims.values():
            claimed.discard(key)

    @precondition(lambda self: self.batches)
    @rule()
    def lose_batch(self) -> None:
        handed, parts = self.batches.pop(self.rng.randrange(len(self.batches)))
        for number, drawn in parts.items():
            self.claims[number] -= {*drawn}
        self.dispatcher.lost(handed)
        self.tell_withdrawn()

    @precondition(lambda self: self.held)
    @rule(loss=st.sampled_from(Loss))
    def lose(self, loss: Loss) -> None:
        self.lose_replica(self.rng.choice([*self.held]), loss)

    def lose_replica(self, name: str, loss: Loss) -> None:
        lost = self.held.pop(name)
        for number, left in lost.items():
            self.claims[number] -= {*left}
        if loss is not Loss.TAKEN:
            unknown = {key for number in lost for key in self.leased[number]} - self.known
            for problem_id in {problem_id for problem_id, _ in unknown}:
                self.strikes[problem_id] += 1
        self.dispatcher.leave(name, loss)
        self.tell_withdrawn()

    @invariant()
    def done_is_nothing_owed(self) -> None:
        plan = self.dispatcher.plan
        if self.dispatcher.done:
            assert plan.under_way == 0 and not plan.owes()
        elif not self.dispatcher.leases:
            assert plan.under_way or plan.owes()

    @invariant()
    def a_problem_is_set_aside_for_losses_alone(self) -> None:
        assert all(self.strikes[problem_id] >= STRIKES for problem_id in self.dispatcher.aside)

    @invariant()
    def the_hung_are_those_with_work_who_are_silent(self) -> None:
        late = {name for name, leases in self.held.items() if leases and self.now - self.heard[name] > HANG_S}
        assert {*self.dispatcher.roster.hung(self.now)} == late
        assert {name for name in self.held if self.dispatcher.roster.holds(name)} >= {
            n for n in self.held if self.held[n]
        }

    def teardown(self) -> None:
        """What is left is drawn by those who live."""
        if not hasattr(self, "dispatcher"):
            return
        for _ in range(1000):
            if self.dispatcher.done:
                break
            if not self.held:
                self.join()
            for _ in self.held:
                self.offer()
            for name in [*self.held]:
                if self.held.get(name):
                    self.draw(name, 100)
            while self.batches:
                self.record(2, again=False)
            self.now += 1.0
        assert self.dispatcher.done
        for problem_id in IDS:
            expected = asked(self.draw_rule, self.rate, problem_id)
            drawn = {key for key in self.known if key[0] == problem_id}
            assert {key for key in self.given if key[0] == problem_id} <= expected
            assert drawn == expected or (problem_id in self.dispatcher.aside and drawn < expected)
        if self.poison:
            assert self.poison in self.dispatcher.aside


Played.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestPlayed = Played.TestCase


FIXED = DrawRule(n_max=4, stop_at=None)


def dispatcher(ids: str, draw_rule: DrawRule = FIXED, most: int = 4, **terms: int) -> Dispatcher:
    """Leases are of one size, unless it is told otherwise."""
    return Dispatcher(Plan([*ids], draw_rule), Terms(**({"most": most, "least": most} | terms)))


def offered(asked_of: Dispatcher, name: str, now: float = 0.0) -> Lease:
    if name not in asked_of.roster.names:
        asked_of.join(name, now)
    lease = asked_of.offer(name, now)
    assert lease is not None
    return lease


def finish(asked_of: Dispatcher, lease: Lease, now: float = 1.0, state: State = State.NOT_CORRECT) -> None:
    """All of a lease is handed over and recorded."""
    part(asked_of, lease, keys(lease.spans), now, state, ended=True)


def part(
    asked_of: Dispatcher,
    lease: Lease,
    samples: Iterable[Key],
    now: float = 1.0,
    state: State = State.NOT_CORRECT,
    *,
    ended: bool = False,
) -> None:
    numbers = frozenset([lease.number])
    handed = Handed(numbers, numbers if ended else frozenset())
    asked_of.arrived(lease.replica, handed, now)
    asked_of.recorded([handed], [row(key, state) for key in samples])


def straggler() -> tuple[Dispatcher, Lease, Lease]:
    """A lease that takes long, and its copy at another replica; both are of problem b."""
    told = dispatcher("ab", ahead=1)
    slow = offered(told, "slow")
    assert {problem_id for problem_id, _ in keys(slow.spans)} == {"a"}
    finish(told, slow, now=10.0)
    slow = offered(told, "slow", 10.0)
    return told, slow, offered(told, "quick", 100.0)


def test_poison_is_set_aside_after_so_many_losses_and_its_neighbours_are_drawn() -> None:
    told, losses = dispatcher("abcd", most=8), 0
    while not told.done:
        name = f"replica {losses}"
        lease = offered(told, name)
        if any(problem_id == "b" for problem_id, _ in keys(lease.spans)):
            told.leave(name, Loss.DIED)
            losses += 1
        else:
            finish(told, lease)
    assert losses == told.terms.strikes
    assert {problem_id: len(left.span.index_N) for problem_id, left in told.aside.items()} == {"b": 4}
    assert (told.plan.drawn, told.plan.n_open) == (12, 1)


def test_poison_at_several_replicas_is_drawn_alone_by_one_at_a_time() -> None:
    told = dispatcher("a", most=1, ahead=1)
    for name in ("one", "two"):
        offered(told, name)
    for name in ("one", "two"):
        told.leave(name, Loss.HUNG)
    last = offered(told, "three")
    told.join("four", 0.0)
    assert last.alone and told.offer("four", 0.0) is None
    told.leave("three", Loss.HUNG)
    assert told.done and told.aside["a"].loss is Loss.HUNG and told.offer("four", 0.0) is None


def test_a_straggler_that_replicas_were_lost_at_is_not_drawn_twice_again() -> None:
    told, slow, _ = straggler()
    told.leave(slow.replica, Loss.DIED)
    told.join("third", 200.0)
    assert told.offer("third", 200.0) is None, "its twin goes on, and may be lost at it too"
    told.leave("quick", Loss.DIED)
    alone = offered(told, "third", 300.0)
    assert alone.alone
    told.leave("third", Loss.DIED)
    assert [*told.aside] == ["b"] and told.done


def test_a_problem_under_suspicion_shares_no_replica_until_it_is_drawn_without_a_loss() -> None:
    told = dispatcher("ab", DrawRule(n_max=8, stop_at=None), most=4, ahead=2)
    offered(told, "one")
    told.leave("one", Loss.DIED)
    alone = offered(told, "two")
    rest = offered(told, "three")
    assert alone.alone and keys(alone.spans) == [("a", index) for index in range(4)]
    assert {problem_id for problem_id, _ in keys(rest.spans)} == {"b"}, "the rest of a waits too"
    told.leave("two", Loss.TAKEN)
    again = offered(told, "four")
    assert again.alone, "a machine that is gone clears nobody"
    finish(told, again)
    assert not offered(told, "four").alone


def test_a_machine_that_is_gone_blames_no_problem() -> None:
    told = dispatcher("a", strikes=1)
    for attempt in range(5):
        assert not offered(told, f"replica {attempt}").alone
        told.leave(f"replica {attempt}", Loss.TAKEN)
    finish(told, offered(told, "last"))
    assert told.done and not told.aside and told.n_lost == 5


def test_scarce_work_goes_to_those_who_hold_least() -> None:
    told = dispatcher("abcde")
    for name in ("one", "two", "fallen"):
        told.join(name, 0.0)
    leases = [*told.hand_out(0.0, but={"fallen"})]
    assert [lease.replica for lease in leases] == ["one", "two", "one", "two", "one"]
    finish(told, leases[1])
    told.plan.give_back(leases[0].spans)
    assert [lease.replica for lease in told.hand_out(0.0, but={"fallen"})] == ["two"]


def test_a_replica_holds_as_much_in_many_pieces_as_in_few() -> None:
    """Samples fall due one by one, as verdicts let their problems go on."""
    told = dispatcher("abcdefgh", DrawRule(n_max=1, stop_at=None), most=4, ahead=2)
    told.join("one", 0.0)
    waiting = told.plan.lease()
    pieces = 0
    for span in waiting:
        told.plan.give_back([span])
        pieces += len([*told.hand_out(0.0)])
    assert pieces == 5, "one more than a full lease, and then no more"


@pytest.mark.parametrize("n_replicas", [1, 4])
def test_leases_shrink_towards_the_end(n_replicas: int) -> None:
    told, sizes = dispatcher("abcdefgh", DrawRule(n_max=100, stop_at=None), most=64, least=4, ahead=1), list[int]()
    names = [f"replica {i}" for i in range(n_replicas)]
    for name in names:
        told.join(name, 0.0)
    while not told.done:
        for lease in [told.offer(name, 0.0) for name in names]:
            if lease is not None:
                sizes.append(len(keys(lease.spans)))
                finish(told, lease)
    assert sizes == sorted(sizes, reverse=True) and sizes[0] == 64 and 1 <= sizes[-1] <= 4
    assert sum(sizes) == 800


def test_a_run_ends_without_a_replica_that_never_answers() -> None:
    told, slow, copy = straggler()
    assert copy.twin is slow and keys(copy.spans) == keys(slow.spans) and told.n_copied == 1
    finish(told, copy, now=101.0)
    assert told.done and told.withdrawn == [slow]
    assert told.offer("slow", 101.0) is None and told.roster.holds("slow"), "it may hang, and is watched"
    assert told.roster.hung(10.0 + told.terms.hang_s + 1) == ["slow"]
    told.roster.heard("slow", 102.0)
    assert not told.roster.holds("slow")


def test_what_a_straggler_recorded_is_not_copied_and_what_it_had_left_is() -> None:
    told, slow, _ = straggler()
    told.leave("quick", Loss.TAKEN)
    part(told, slow, keys(slow.spans)[:3], now=101.0)
    copy = offered(told, "third", 102.0)
    assert keys(copy.spans) == keys(slow.spans)[3:]
    told.leave("slow", Loss.TAKEN)
    assert not told.done and not told.plan.owes(), "the copy draws it"
    finish(told, copy)
    assert told.done


def test_a_twin_that_has_ended_is_not_withdrawn() -> None:
    told, slow, copy = straggler()
    numbers = frozenset([slow.number])
    told.arrived("slow", waits := Handed(numbers, numbers), 101.0)
    finish(told, copy, now=102.0)
    assert not told.withdrawn and not told.roster.holds("slow") and not told.done
    told.recorded([waits], [row(key, State.NOT_CORRECT) for key in keys(slow.spans)])
    assert told.done and told.plan.drawn == 8


def test_a_failed_request_belongs_to_whom_it_is_given_next() -> None:
    told = dispatcher("a", ahead=1)
    first = offered(told, "one")
    samples = keys(first.spans)
    part(told, first, samples[:1], state=State.MISSING)
    second = offered(told, "two")
    assert keys(second.spans) == samples[:1]
    part(told, first, samples[1:], ended=True)
    told.join("three", 1.0)
    assert told.offer("three", 1.0) is None, "two draws it"
    finish(told, second)
    assert told.done and told.plan.drawn == 4


def test_a_failed_request_of_a_twin_is_left_to_the_other() -> None:
    told, slow, copy = straggler()
    samples = keys(slow.spans)
    part(told, slow, samples[:1], now=101.0, state=State.MISSING)
    assert not told.plan.owes()
    told.leave("quick", Loss.TAKEN)
    assert told.plan.owes(), "neither draws it any more"
    assert keys(offered(told, "quick", 102.0).spans) == samples[:1] and copy.ended


def test_of_a_failure_that_may_be_either_twins_neither_is_told() -> None:
    told, slow, copy = straggler()
    samples = keys(slow.spans)
    batches = [Handed(frozenset([lease.number])) for lease in (slow, copy)]
    for lease, batch in zip((slow, copy), batches, strict=True):
        told.arrived(lease.replica, batch, 101.0)
    told.recorded(batches, [row(samples[0], State.MISSING)])
    assert not told.plan.owes()
    finish_rest = Handed(frozenset(), frozenset([slow.number, copy.number]))
    told.arrived("slow", finish_rest, 102.0)
    assert keys(offered(told, "third", 103.0).spans) == samples


def test_a_request_that_always_fails_ends() -> None:
    told = dispatcher("a")
    for attempt in range(20):
        if told.done:
            break
        finish(told, offered(told, "one", float(attempt)), float(attempt), State.MISSING)
    assert told.done and told.plan.drawn == 0 and not told.aside


def test_verdicts_are_wanted_where_a_replica_waits_for_them_alone() -> None:
    told = dispatcher("a", ahead=1)
    told.join("one", 0.0)
    assert not told.needs_verdicts, "there is work to be had"
    told.join("two", 0.0)
    offered(told, "one")
    assert told.needs_verdicts
