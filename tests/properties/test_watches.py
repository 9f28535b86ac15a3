"""No order or repetition of answers, hits, handovers, withdrawals and time brings a watch back, or lets it act after its end."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import watches
from hub.rules.watches import ENDED, WatchState
from schemas.replies import MeasureOutcome

UNTIL = 100
_ARMED = MeasureOutcome(state="armed", reference="W")
_WITHDRAWN = MeasureOutcome(state="withdrawn", reference="W")

Step = tuple[str, Callable[[WatchState, int], WatchState]]
STEPS: list[Step] = [
    ("armed", lambda watch, _: watches.answered(watch, _ARMED, "a")),
    ("declined", lambda watch, _: watches.answered(watch, None, "b")),
    ("unsent", lambda watch, _: watches.never_sent(watch)),
    ("hit", watches.hit),
    ("handed-over", lambda watch, _: watches.attended(watch, "handed-over", "c", others_open=False)),
    ("missed", lambda watch, _: watches.attended(watch, "missed", "d", others_open=False)),
    ("missed, others open", lambda watch, _: watches.attended(watch, "missed", "e", others_open=True)),
    ("withdrawn", lambda watch, _: watches.withdrawn(watch, _WITHDRAWN, "f")),
    ("no such watch", lambda watch, _: watches.withdrawn(watch, None, "g")),
    ("time", watches.expired),
]
ALLOWED = {
    "requested": {"armed", "refused", "hit", "withdrawn", "expired"},
    "armed": {"hit", "withdrawn", "expired"},
    "hit": {"handed-over", "missed", "withdrawn", "expired"},
    "missed": {"hit", "withdrawn", "expired"},
} | {status: set[str]() for status in ENDED}
"""Model 3.1, with silence and a hit that is read before the answer."""


def fresh() -> WatchState:
    return WatchState(key="k", court="court-9901", case_token="0" * 32, status="requested", request_id="r", partner="police",
                      action="watch", until=UNTIL)  # fmt: skip


histories = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 150)), max_size=40)


@given(histories)
def test_a_watch_moves_only_as_the_model_says_and_never_out_of_an_end(history: list[tuple[Step, int]]) -> None:
    states = [fresh()]
    for (_, step), at in history:
        states.append(step(states[-1], at))
    for old, new in pairwise(states):
        assert new.status == old.status or new.status in ALLOWED[old.status]
        assert old.status not in ENDED or new == old, "not even its proof changes"


@given(histories, st.integers(UNTIL, 1000))
def test_after_its_end_no_hit_is_acted_on_and_time_ends_it(history: list[tuple[Step, int]], later: int) -> None:
    watch = fresh()
    for (_, step), at in history:
        watch = step(watch, at)
    assert watches.hit(watch, later) == watch
    assert watches.expired(watch, later).status in ENDED


@given(histories)
def test_only_the_police_can_say_that_a_watch_is_withdrawn(history: list[tuple[Step, int]]) -> None:
    watch = fresh()
    for (name, step), at in history:
        if name != "withdrawn":
            watch = step(watch, at)
    assert watch.status != "withdrawn"
