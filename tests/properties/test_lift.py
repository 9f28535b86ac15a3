"""A certificate of lifting never stands before the last of what it lists has ended, and leaves out nothing that took hold."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import lift, measures, notices, watches
from hub.rules.lift import Imposed, Why
from hub.rules.measures import MeasureState
from hub.rules.notices import NoticeState
from hub.rules.watches import WatchState

STANDING = {
    MeasureState: ("requested", "effective", "queued", "unknown"), WatchState: ("requested", "armed", "hit", "missed"),
    NoticeState: ("requested", "restricted"),
}  # fmt: skip
ENDS = {
    MeasureState: ("released", "lapsed", "disposed", "void", "refused"), WatchState: ("refused", "handed-over", "expired", "withdrawn"),
    NoticeState: ("refused", "lifted"),
}  # fmt: skip
_MADE: dict[type[Imposed], Imposed] = {
    MeasureState: MeasureState(key="m", court="court-9901", case_token="c", status="requested", request_id="", partner="bank",
                               asset="account", action="freeze", amount="1.00", term_months=12),
    WatchState: WatchState(key="w", court="court-9901", case_token="c", status="requested", request_id="", partner="police",
                           action="watch", until=9),
    NoticeState: NoticeState(key="n", court="court-9901", case_token="c", status="requested", request_id="", partner="registry",
                             action="restrict"),
}  # fmt: skip


IDS = st.uuids(version=4).map(str)
WHY: st.SearchStrategy[Why] = st.sampled_from(["objection", "closing"])


@st.composite
def imposed(draw: st.DrawFn) -> Imposed:
    """A measure, a watch or a restriction, anywhere in its life."""
    kind = draw(st.sampled_from(list(_MADE)))
    status = draw(st.sampled_from(STANDING[kind] + ENDS[kind]))
    return replace(_MADE[kind], status=status, request_id=draw(IDS), proof=draw(st.none() | IDS))


def stands(each: Imposed) -> bool:
    return each.status in STANDING[type(each)]


@given(st.lists(imposed(), max_size=12))
def test_no_certificate_while_anything_stands(every: list[Imposed]) -> None:
    certificate = lift.certificate(every)
    assert (certificate is None) == any(map(stands, every))


@given(st.lists(imposed().filter(lambda each: not stands(each)), max_size=12))
def test_the_certificate_lists_all_that_took_hold_with_the_proof_that_there_is(every: list[Imposed]) -> None:
    listed = {(each.request, each.ended_as, each.proof) for each in lift.certificate(every) or ()}
    for each in every:
        if each.status in ("lapsed", "void", "expired"):
            assert (each.request_id, each.status, None) in listed, "its proof is of its beginning"
        elif each.status != "refused" or each.proof is not None:
            assert (each.request_id, each.status, each.proof) in listed


@given(imposed(), WHY, WHY, st.integers(0, 9))
def test_a_duty_that_runs_is_not_begun_anew_and_never_forgets_an_objection(each: Imposed, first: Why, second: Why, days: int) -> None:
    duty = lift.duty(None, each, first)
    for _ in range(days):
        duty = lift.overdue(duty)
    again = lift.duty(duty, each, second)
    assert again.level == duty.level <= lift.MOST_LEVEL
    assert (again.why == "objection") == ("objection" in (first, second))
    assert lift.duty(lift.settled(again, "met"), each, "closing").level == 0


def test_what_counts_as_ended_is_what_the_rules_of_each_call_ended() -> None:
    assert [frozenset(ends) for ends in ENDS.values()] == [measures.ENDED, watches.ENDED, notices.ENDED]
