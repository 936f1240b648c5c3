"""A feed hands out every request that is put and not withdrawn, once and in order, to threads that wait for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, sleep, thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beyondbase.sampling.feed import Feed, key_of
from beyondbase.types import Prompt, SampleRequest


def requests(n: int, problem: str = "a") -> list[SampleRequest]:
    return [SampleRequest(problem, Prompt("what is 1"), index, index) for index in range(n)]


@given(
    lots=st.lists(st.integers(0, 5), max_size=8),
    takes=st.lists(st.integers(0, 7), max_size=8),
    withdrawn=st.sets(st.tuples(st.integers(0, 7), st.integers(0, 4)), max_size=12),
)
def test_what_is_put_is_taken_once_and_in_order_but_for_what_is_withdrawn_before(
    lots: list[int], takes: list[int], withdrawn: set[tuple[int, int]]
) -> None:
    feed, put = Feed(), [requests(n, str(lot)) for lot, n in enumerate(lots)]
    for lot in put:
        feed.put(lot)
    before = [request for most in takes for request in feed.take(most)]
    left = [request for lot in put for request in lot][len(before) :]
    dropped = feed.withdraw({(str(lot), index) for lot, index in withdrawn})
    assert dropped == {key_of(request) for request in left} & {(str(lot), index) for lot, index in withdrawn}
    feed.close()
    after = feed.take(1000)
    assert before + after == [r for lot in put for r in lot if key_of(r) not in dropped]
    assert feed.closed


def test_no_more_is_taken_than_is_asked_for() -> None:
    feed = Feed.of(requests(5))
    assert [len(feed.take(most)) for most in (2, 0, 2, 2, 2)] == [2, 0, 2, 1, 0]


def test_what_was_put_together_is_taken_together_but_for_what_is_gone() -> None:
    feed = Feed()
    for problem, n in (("a", 3), ("b", 0), ("c", 2), ("d", 1)):
        feed.put(requests(n, problem))
    feed.take(1)
    feed.withdraw({("d", 0)})
    lots = [[key_of(request) for request in feed.take_lot()] for _ in range(3)]
    assert lots == [[("a", 1), ("a", 2)], [("c", 0), ("c", 1)], []]


def test_a_feed_is_closed_once_nothing_more_will_come_of_it() -> None:
    feed = Feed()
    assert not feed.closed
    feed.put(requests(1))
    feed.close()
    assert not feed.closed
    feed.take(1)
    assert feed.closed and not feed.stopped
    with pytest.raises(ValueError, match="after close"):
        feed.put(requests(1))


def test_a_feed_that_is_stopped_has_nothing_more() -> None:
    feed = Feed()
    feed.put(requests(3))
    feed.stop()
    assert feed.closed and feed.stopped and not feed.take(3, wait_s=60.0)


@pytest.mark.parametrize(
    ("news", "came"),
    [(lambda feed: feed.put(requests(2)), 2), (Feed.close, 0), (Feed.stop, 0)],
    ids=["put", "close", "stop"],
)
@pytest.mark.parametrize("take", [lambda feed: feed.take(5, 60.0), lambda feed: feed.take_lot(60.0)])
def test_who_waits_is_woken_by_news_and_uses_no_processor_until_then(
    take: Callable[[Feed], list[SampleRequest]], news: Callable[[Feed], None], came: int
) -> None:
    feed, told = Feed(), list[tuple[int, float]]()

    def waits() -> None:
        told.append((len(take(feed)), thread_time()))

    thread = threading.Thread(target=waits)
    thread.start()
    sleep(0.1)
    assert thread.is_alive()
    news(feed)
    thread.join(10.0)
    [(n, used_s)] = told
    assert n == came and used_s < 0.05


def test_waiting_ends_by_itself() -> None:
    begun = monotonic()
    assert Feed().take(1, wait_s=0.05) == [] == Feed().take_lot(wait_s=0.05)
    assert 0.09 < monotonic() - begun < 10


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_several_threads_that_take_share_all_that_several_threads_put(sizes: list[int]) -> None:
    feed, guard, taken = Feed(), threading.Lock(), list[SampleRequest]()

    def takes() -> None:
        while not feed.closed:
            some = feed.take(3, wait_s=60.0)
            with guard:
                taken.extend(some)

    takers = [threading.Thread(target=takes) for _ in range(2)]
    putters = [threading.Thread(target=feed.put, args=(requests(n, str(i)),)) for i, n in enumerate(sizes)]
    for thread in [*takers, *putters]:
        thread.start()
    for thread in putters:
        thread.join()
    feed.close()
    for thread in takers:
        thread.join()
    assert sorted(map(key_of, taken)) == sorted((str(i), index) for i, n in enumerate(sizes) for index in range(n))
