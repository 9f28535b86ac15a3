"""The clocks of a measure in force: reminders with the renewal drafted (续行提醒), their escalation, and the end of the term."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hub.casework.desk import Desk
from hub.casework.drafts import draft
from hub.casework.part import Part
from hub.engine.timers import Due
from hub.engine.work import Decision, Facts
from hub.rules import measures
from hub.rules.cases import CaseState
from hub.rules.measures import MeasureState
from schemas.base import from_micros

REMIND, ESCALATE, LAPSE = "renewal-due", "renewal-escalated", "measure-lapse"


class Renewals(Part):
    """Who is told, and when, that a measure will end unless it is renewed."""

    timers = (REMIND, ESCALATE)

    def fire(self, timer: Due) -> None:
        """A reminder to the handler, or a rung of its escalation to the supervisor."""
        key, _, rest = timer.ref.partition("/")
        desk, terms = self.desk, self.desk.linkage.terms
        measure = desk.states.get(MeasureState, key)
        if measure is None or measure.status != "effective" or measure.renewals or measure.ends is None:
            return
        days, case = int(rest), desk.states.get(CaseState, measure.case_token)
        desk.load([key])
        facts = facts_of(measure) | {"days": days}
        members = {"due": from_micros(measure.lapses_at or 0), "ends": date.fromisoformat(measure.ends), "stage": f"{measure.ends}/{days}"}
        if timer.kind == REMIND:
            renewal = draft(desk, desk.cases[key], "renew", term_months=terms.max_term_months[measure.asset])
            tell(desk, desk.work.decide("renewal.due", key, None, facts), measure, "renewal-due",
                 addressee=case.handler if case else None, draft=renewal, **members)  # fmt: skip
        else:
            level = terms.escalate_days.index(days) + 1
            tell(desk, desk.work.decide("renewal.escalated", key, None, facts | {"level": level}), measure, "renewal-escalated",
                 level=level, addressee=case.supervisor if case else None, **members)  # fmt: skip


def arm(desk: Desk, measure: MeasureState) -> None:
    """Reminders, escalations and the end; those of an earlier end are moved, those already past are not sent."""
    work, terms, ends = desk.work, desk.linkage.terms, measure.ends or ""
    for kind, days in _clocks(terms.remind_days, terms.escalate_days):
        at = measures.reminder_at(ends, days)
        if at > work.now:
            work.arm(kind, f"{measure.key}/{days}", at)
        else:
            work.disarm(kind, f"{measure.key}/{days}")
    work.arm(LAPSE, measure.key, measure.lapses_at or work.now)


def disarm(desk: Desk, measure: MeasureState) -> None:
    """None of these clocks runs any more."""
    terms = desk.linkage.terms
    for kind, days in _clocks(terms.remind_days, terms.escalate_days):
        desk.work.disarm(kind, f"{measure.key}/{days}")
    desk.work.disarm(LAPSE, measure.key)


def tell(desk: Desk, decision: Decision, measure: MeasureState, event: str, **members: Any) -> None:
    """An event about a measure, to the court that has its case."""
    case = desk.states.get(CaseState, measure.case_token)
    desk.tell(decision, case, measure.court, event, about=measure.request_id, case_token=measure.case_token,
              request_key=measure.key, partner=measure.partner, measure=measure.reference, **members)  # fmt: skip


def facts_of(measure: MeasureState) -> Facts:
    """What an entry says of a measure."""
    facts: Facts = {
        "request": measure.request_id, "measure": measure.request_id, "court": measure.court, "partner": measure.partner,
        "action": measure.action, "asset": measure.asset,
    }  # fmt: skip
    return facts | ({"ends": measure.ends} if measure.ends is not None else {})


def _clocks(remind: Sequence[int], escalate: Sequence[int]) -> list[tuple[str, int]]:
    return [*((REMIND, days) for days in remind), *((ESCALATE, days) for days in escalate)]
