"""Counters of reads: whatever the order and the sizes, nothing is lost and no threshold is told twice."""

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import reads
from hub.rules.reads import OfficerReads

BARS = (50, 500, 5000)
SIZES = st.lists(st.integers(1, 500), max_size=40)


def counted(sizes: list[int]) -> tuple[int, list[int]]:
    """The counter's end, and the levels told, in order."""
    state = OfficerReads(key="k", court="court-9901", case_token="0" * 32, status="counted")
    told: list[int] = []
    for size in sizes:
        state, reached = reads.read(state, size, BARS)
        told += reached
    return state.count, told


@given(SIZES, st.randoms(use_true_random=False))
def test_the_counter_is_the_sum_and_every_threshold_is_told_once_in_order(sizes: list[int], random: object) -> None:
    total, told = counted(sizes)
    assert total == sum(sizes)
    assert told == [level for level, bar in enumerate(BARS, 1) if total >= bar]
    shuffled = list(sizes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert counted(shuffled) == (total, told)


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*"abcdef", ""])))
def test_oversight_goes_down_and_ends_even_where_the_directory_goes_in_circles(superiors: dict[str, str]) -> None:
    for court in "abcdef":
        below = reads.courts_below(superiors, court)
        assert all(superiors[lower] == court or superiors[lower] in below for lower in below)
        assert {lower for lower, superior in superiors.items() if superior == court} <= below
