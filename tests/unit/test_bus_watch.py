"""A stuck consumer is told from a quiet topic, from a slow line, and from one who does not read."""

from hypothesis import given
from hypothesis import strategies as st

from hub.bus.watch import PATIENCE, READS, SILENCE, Watch

HERE, THERE = ("topic", 0), ("topic", 1)


def looks(watch: Watch, ends: int, position: int, start: float, seconds: float, reads: int) -> list[float]:
    """When it was called stuck: one look a second, with that many reads before each."""
    found = []
    for second in range(int(seconds) + 1):
        for _ in range(reads):
            watch.drained()
        if watch.is_stuck({HERE: ends}, {HERE: position}, start + second):
            found.append(start + second)
    return found


def test_what_gives_nothing_though_it_holds_more_is_stuck() -> None:
    assert looks(Watch(0), 5, 4, 0, PATIENCE, 5) == [PATIENCE]


@given(st.integers(0, 100), st.integers(1, 3))
def test_a_quiet_topic_is_not(position: int, reads: int) -> None:
    assert looks(Watch(0), position, position, 0, 10 * PATIENCE, reads) == []


def test_who_does_not_read_is_not() -> None:
    watch = Watch(0)
    assert looks(watch, 5, 4, 0, 10 * PATIENCE, 0) == []
    for _ in range(READS - 1):
        watch.drained()
    assert not watch.is_stuck({HERE: 5}, {HERE: 4}, 11 * PATIENCE), "it has only just begun to read again"


def test_who_gets_on_is_not() -> None:
    watch = Watch(0)
    for second in range(100):
        for _ in range(READS):
            watch.drained()
        assert not watch.is_stuck({HERE: 1000}, {HERE: second // 5}, second)


def test_one_stuck_partition_among_others_that_work() -> None:
    watch = Watch(0)
    for second in range(int(PATIENCE) + 1):
        for _ in range(5):
            watch.drained()
        stuck = watch.is_stuck({HERE: 1000, THERE: 9}, {HERE: second, THERE: 8}, second)
    assert stuck


def test_each_new_consumer_is_given_longer_until_all_is_read() -> None:
    watch = Watch(0)
    assert looks(watch, 5, 4, 0, 8 * PATIENCE, 5) == [PATIENCE, 3 * PATIENCE + 1, 7 * PATIENCE + 2]
    assert looks(watch, 9, 5, 1000, 7 * PATIENCE, 5) == []
    assert looks(watch, 9, 9, 2000, 1, 5) == []
    assert looks(watch, 11, 9, 3000, PATIENCE, 5) == [3000 + PATIENCE]


def test_no_answer_for_long_calls_for_a_new_connection_now_and_then() -> None:
    watch = Watch(0)
    found = [second for second in range(100) if watch.is_stuck(None, {}, second)]
    assert found == [SILENCE, 2 * SILENCE, 3 * SILENCE]
    assert not watch.is_stuck({HERE: 0}, {HERE: 0}, 100)
    assert not watch.is_stuck(None, {}, 100 + SILENCE - 1)
