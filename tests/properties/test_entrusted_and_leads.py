"""Entrusted matters and leads: what has ended never moves again, no deadline moves back, nobody acts beyond what was entrusted."""

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import entrusted, leads
from hub.rules.entrusted import MatterState
from hub.rules.leads import LeadState
from hub.rules.terms import DAY
from schemas.entrust import EntrustStep, MatterKind
from tests.rig import sample_linkage

PLAN = sample_linkage().matters
ACTIONS = sorted({action for rule in PLAN.rules.values() for action in rule.actions} | {"deduct", "transfer", "watch"})
REASONS = [None, "documents-missing", "not-competent"]
steps = st.lists(
    st.tuples(
        st.sampled_from(["signed-for", "accepted", "returned", "progress", "done"]), st.sampled_from(REASONS), st.integers(0, 90),
    ),
    max_size=30,
)  # fmt: skip
outcomes = st.lists(st.sampled_from(["confirmed", "unfounded", "acted", "measure-1", "measure-2"]), max_size=20)


def sent(kind: str = "freeze") -> MatterState:
    return MatterState(key="m", court="court-9901", case_token="c" * 32, status="sent", to="court-9902", matter=kind, number="n",
                       sent_at=0, start_due=15 * DAY, report_due=30 * DAY, term=30 * DAY)  # fmt: skip


def step(name: str, reason: str | None = None) -> EntrustStep:
    return EntrustStep.model_validate({"matter": "99010000-0000-4000-8000-000000000001", "step": name, "reason_code": reason,
                                       "officer": "GZ-9902-001", "text": "已办"})  # fmt: skip


@given(steps)
def test_a_matter_that_has_ended_never_moves_again_and_no_deadline_moves_back(sequence: list[tuple[str, str | None, int]]) -> None:
    matter = sent()
    for name, reason, days in sequence:  # the broker's time may go back: steps come over several partitions
        new = entrusted.stepped(matter, step(name, reason), days * DAY, 30 * DAY, name)
        if isinstance(new, str):
            continue
        assert matter.status not in entrusted.ENDED, "an ended matter moved"
        assert name != "returned" or reason is not None, "returned without saying why"
        assert (new.start_due, new.term, new.sent_at) == (matter.start_due, matter.term, matter.sent_at)
        assert new.report_due >= matter.report_due
        matter = new
    assert (matter.due is None) == (matter.status in entrusted.ENDED), "a matter that runs has a deadline, an ended one has none"


@given(st.lists(st.integers(0, 90)))
def test_a_report_gives_time_until_the_next_and_never_takes_any(days: list[int]) -> None:
    matter = replace(sent(), status="accepted")
    for day in days:
        new = entrusted.stepped(matter, step("progress"), day * DAY, 30 * DAY, "p")
        assert isinstance(new, MatterState)
        assert new.report_due == max(matter.report_due, (day + 30) * DAY)
        matter = new


@given(steps)
def test_a_matter_is_never_done_that_was_not_accepted_and_signed_for(sequence: list[tuple[str, str | None, int]]) -> None:
    matter, taken = sent(), []
    for name, reason, _ in sequence:
        new = entrusted.stepped(matter, step(name, reason), 0, 30 * DAY, name)
        if not isinstance(new, str):
            matter = new
            taken.append(name)
    order = ["signed-for", "accepted", "progress", "done"] if "returned" not in taken else ["signed-for", "returned"]
    assert taken == sorted(taken, key=order.index)
    assert matter.status != "done" or taken[:2] == ["signed-for", "accepted"]


@given(
    st.sampled_from(["sent", "signed-for", "accepted", "returned", "done", "withdrawn"]), st.sampled_from(get_args(MatterKind)),
    st.sampled_from(ACTIONS), st.sampled_from(["court-9901", "court-9902", "court-99"]), st.sampled_from(["c" * 32, "d" * 32]),
)  # fmt: skip
def test_only_an_accepted_matter_lets_the_entrusted_court_do_what_was_entrusted(
    status: str, kind: str, action: str, court: str, case_token: str
) -> None:
    matter = replace(sent(kind), status=status)
    may = entrusted.covers(matter, PLAN, court, case_token, action)
    wanted = (status, court, case_token) == ("accepted", "court-9902", "c" * 32) and action in PLAN.rules[kind].actions
    assert may == wanted
    assert not may or action not in ("deduct", "transfer", "watch"), "nothing that no kind of matter grants"


@given(st.lists(st.integers(0, 100), max_size=20).map(sorted), st.sampled_from(["sent", "accepted"]))
def test_an_escalation_only_rises_and_ends_on_the_last_rung(days: list[int], status: str) -> None:
    matter = replace(sent(), status=status)
    for day in days:
        higher = entrusted.climbed(matter, PLAN, day * DAY)
        assert matter.level <= higher.level <= len(PLAN.escalate)
        rung = entrusted.rung(higher, PLAN)
        assert (rung is None) == (higher.level == len(PLAN.escalate))
        assert rung is None or rung > day * DAY, "what has come is behind"
        matter = higher


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", "a", "b", "c", "d", "e", "f"])))
def test_the_common_superior_is_above_both_or_above_the_one_that_entrusts(superiors: dict[str, str]) -> None:
    found = entrusted.common_superior("a", "b", superiors)
    if found is None:
        assert not superiors.get("a")
    else:
        assert found in superiors.values()
        assert entrusted.common_superior("a", "a", superiors) == superiors["a"]


def test_courts_under_different_superiors_share_the_one_above_those() -> None:
    superiors = {"county-a": "city-a", "county-b": "city-b", "city-a": "province", "city-b": "province", "province": "supreme"}
    assert entrusted.common_superior("county-a", "county-b", superiors) == "province"
    assert entrusted.common_superior("county-a", "city-a", superiors) == "province"
    assert entrusted.common_superior("county-a", "elsewhere", superiors) == "city-a", "none is shared"
    assert entrusted.common_superior("supreme", "county-b", superiors) is None


@given(outcomes)
def test_a_lead_that_is_unfounded_or_acted_stays_so_and_is_answered_in_each_case(sequence: list[str]) -> None:
    lead = LeadState(key="l", court="court-9901", case_token="c" * 32, status="received", sender="centre", due_at=7 * DAY)
    for outcome in sequence:
        if outcome.startswith("measure"):
            new: LeadState | str = leads.converted(lead, outcome) or "nothing"
        else:
            new = leads.judged(lead, outcome)
        if isinstance(new, str):
            continue
        assert lead.status != "unfounded", "what is nothing became something"
        assert lead.status != "acted" or new.status == "acted"
        assert set(lead.measures) <= set(new.measures)
        assert len(set(new.measures)) == len(new.measures), "one measure counts once"
        assert new.answered >= lead.answered
        lead = new
    verdicts = [each for each in sequence if not each.startswith("measure")]
    assert lead.answered or not verdicts or (set(verdicts) == {"unfounded"} and lead.status == "acted")
