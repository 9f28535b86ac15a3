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


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 500)), max_size=60))
def test_over_months_every_level_is_told_once_for_each_month_and_in_all(read_in: list[tuple[int, int]]) -> None:
    counters = {key: OfficerReads(key=key, court="court-9901", case_token="0" * 32, status="counted") for key in ("0", "1", "2", "3", "total")}
    told: list[tuple[str, int]] = []
    for month, size in read_in:
        reached = {}
        for key in (str(month), "total"):
            counters[key], reached[key] = reads.read(counters[key], size, BARS)
        told += [(str(month) if span == "month" else span, level) for span, level in reads.to_tell(reached[str(month)], reached["total"])]
    assert counters["total"].count == sum(size for _, size in read_in) == sum(counters[str(month)].count for month in range(4))
    assert len(set(told)) == len(told)
    for key, counter in counters.items():
        due = {level for level, bar in enumerate(BARS, 1) if counter.count >= bar}
        heard = {level for told_of, level in told if told_of == key}
        assert heard == due if key != "total" else heard <= due <= {level for _, level in told}


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([*"abcdef", ""])))
def test_oversight_goes_down_and_ends_even_where_the_directory_goes_in_circles(superiors: dict[str, str]) -> None:
    for court in "abcdef":
        below = reads.courts_below(superiors, court)
        assert all(superiors[lower] == court or superiors[lower] in below for lower in below)
        assert {lower for lower, superior in superiors.items() if superior == court} <= below
