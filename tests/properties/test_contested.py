"""Whatever comes, in any order and however often: a watch that has ended stays so, and no certificate of lifting comes early."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import lift, watches
from hub.rules.lift import RestrictionState
from hub.rules.measures import MeasureState
from hub.rules.watches import WatchState

WATCH = WatchState(key="w", court="c", case_token="t", status="requested", request_id="r", partner="police", action="watch", until=15)
STEPS = st.lists(st.sampled_from(["armed", "hit", "handed-over", "missed", "expired", "withdrawn", "refused"]), max_size=20)


def step(watch: WatchState, what: str, number: int) -> WatchState:
    match what:
        case "armed":
            return watches.armed(watch)
        case "hit":
            return watches.hit(watch, str(number), at=number)
        case "handed-over" | "missed":
            found = watches.attended(watch, watch.open_hits[0] if watch.open_hits else "none", what)
            return watch if isinstance(found, str) else found
        case _:
            return watches.ended(watch, what)  # type: ignore[arg-type]  # one of the three


@given(STEPS)
def test_a_watch_that_has_ended_is_never_armed_or_hit_again(steps: list[str]) -> None:
    watch, over, hits = WATCH, None, 0
    for number, what in enumerate(steps):
        before, watch = watch, step(watch, what, number)
        over = over or (watch.status if watch.status in watches.ENDED else None)
        assert over is None or watch.status == over
        assert what != "hit" or number < WATCH.until or watch.status == before.status, "nor does a hit after its end revive it"
        hits += len(watch.open_hits) - len(before.open_hits)
        assert len(watch.open_hits) == hits >= 0, "a hit is open until it is attended to, also after the end"


BINDING = st.one_of(
    st.sampled_from(["requested", "effective", "queued", "unknown", "released", "lapsed", "disposed", "void", "refused"]).map(
        lambda status: MeasureState(key="m", court="c", case_token="t", status=status, request_id="r", partner="bank",
                                    asset="account", action="freeze", amount="1.00", term_months=12)),
    st.sampled_from([*watches.LIVE, *watches.ENDED]).map(lambda status: replace(WATCH, status=status)),
    st.sampled_from(["requested", "restricted", "lifted", "refused"]).map(
        lambda status: RestrictionState(key="x", court="c", case_token="t", status=status, request_id="r", partner="p")),
)  # fmt: skip
OVER = {"released", "lapsed", "disposed", "void", "refused", "expired", "withdrawn", "lifted"}


@given(st.lists(BINDING, max_size=8))
def test_nothing_is_certified_as_lifted_while_one_thing_binds(every: list[lift.Binding]) -> None:
    assert lift.all_ended(every) == all(each.status in OVER for each in every)


@given(st.lists(st.sampled_from(["restricted", "lifted", "refused"]), max_size=6))
def test_a_restriction_that_is_lifted_stays_lifted(answers: list[str]) -> None:
    restriction, over = RestrictionState(key="x", court="c", case_token="t", status="requested", request_id="r", partner="p"), None
    for answer in answers:
        restriction = lift.answered(restriction, answer, "proof")
        over = over or (answer if answer in ("lifted", "refused") else None)
        assert over is None or restriction.status == over
