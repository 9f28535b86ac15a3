"""No sequence of messages, in any order, repeated, late or crossed by time, breaks what the casework promises.

The sequences are played on a whole hub without a bus. `Played.check` looks at what the hub keeps and at what it said after
every step; the last tests break a rule on purpose and show that it sees that.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.casework.desk import request_key
from hub.casework.measures import Measures
from hub.engine.records import Record
from hub.rules import collect, measures
from hub.rules import control as control_rules
from hub.rules.cases import CaseState
from hub.rules.measures import ENDED, TITLES, MeasureState
from hub.rules.state import RequestStatus, TaskStatus
from hub.store import tables as t
from schemas import samples
from schemas.base import add_months, end_of_day
from schemas.messages import CaseMoved, Concluded, TaskSent
from tests.factories import Data, control
from tests.rig import Rig, kept, parse_request, said

COURTS = ("court-9901", "court-9902")
SECOND_ACCOUNT: Data = {"kind": "account", "number": "9901000000000003020"}
ASSETS: tuple[tuple[str, Data, str], ...] = (
    ("freeze", samples.ACCOUNT, "bank"), ("freeze", SECOND_ACCOUNT, "bank-two"),
    ("seal", samples.UNIT, "real-estate"), ("seal", samples.UNIT, "real-estate"),
)  # fmt: skip
CLAIM = "100000.00"
JUMPS = (1, 9, 21, 40, 24 * 3600, 200 * 24 * 3600, 366 * 24 * 3600)
"""Seconds: within a deadline, past it, a day, most of a term, and past one."""

Step = tuple[Any, ...]
numbers = st.integers(0, 5)
amounts = st.sampled_from(["20000.00", "50000.00", "60000.00", "100000.00"])
answers = st.sampled_from(["all", "all", "all", "half", "queued", "partial", "no-record", "returned"])
soon = st.one_of(answers, answers, st.none())
steps = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(0, 1), st.integers(0, 3), amounts, st.booleans(), soon),
        st.tuples(st.just("begin"), st.integers(0, 1), st.integers(0, 3), amounts, st.just(False), soon),
        st.tuples(st.just("follow"), numbers, st.sampled_from(["renew", "release", "deduct"]), amounts, soon),
        st.tuples(st.just("reply"), numbers, answers),
        st.tuples(st.just("receipt"), numbers),
        st.tuples(st.just("dispose"), numbers, st.sampled_from(["full", "partial"])),
        st.tuples(st.just("again"), numbers),
        st.tuples(st.just("hold-back")),
        st.tuples(st.just("time"), st.sampled_from(JUMPS), st.booleans()),
    ),
    min_size=8, max_size=25,
)  # fmt: skip
"""Numbers choose among what there is, counted from the newest."""


class Played:
    """A hub, what it was sent, and what must hold of it."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder, courts=())
        for court in COURTS:
            self.rig.register_case(court, claim=CLAIM, costs="0.00")
        self.sent: list[Record] = []
        self.held: list[Record] | None = None
        self.begun: list[tuple[str, str, int]] = []
        self.tasks: list[TaskSent] = []
        self.heard: list[Any] = []
        self.conclusions: Counter[str] = Counter()
        self.warned: set[str] = set()
        self.over: set[str] = set()
        self.ended: dict[str, MeasureState] = {}

    # -- steps ---------------------------------------------------------------------------------------------------------

    def step(self, what: str, *given: Any) -> None:
        """One step, and what must hold after it."""
        self.heard = []
        acts: dict[str, Callable[..., None]] = {
            "begin": self._begin, "follow": self._follow, "reply": self._reply, "receipt": self._receipt,
            "dispose": self._dispose, "again": self._again, "hold-back": self._hold_back, "time": self._time,
        }  # fmt: skip
        acts[what](*given)
        self.check()

    def _begin(self, court: int, asset: int, amount: str, approved: bool, answer: str | None) -> None:
        action, thing, partner = ASSETS[asset]
        over: Data = {"over_ceiling": "账户余额波动较大"} if approved else {}
        data = control(action, thing, court=COURTS[court], partners=[partner], amount=amount, **over)
        if approved:
            data["legal"]["approvals"][0] |= {"officer": f"GZ-{COURTS[court][-4:]}-004", "rank": "president"}
        request_id, record = self.rig.request(data, COURTS[court])
        self.begun.append((COURTS[court], request_id, asset))
        self._send(record)
        self._answered(answer)

    def _follow(self, number: int, action: str, amount: str, answer: str | None) -> None:
        if self.begun:
            court, request_id, asset = self.begun[-1 - number % len(self.begun)]
            first, thing, partner = ASSETS[asset]
            if action == "deduct" and first != "freeze":
                return
            changes: Data = {"amount": amount} if action == "deduct" else {}
            self._send(self.rig.request(control(action, thing, court=court, partners=[partner], original=request_id, **changes), court)[1])
            self._answered(answer)

    def _answered(self, answer: str | None) -> None:
        """The answer comes at once, where one was drawn and a task has just gone out."""
        if answer is not None and any(isinstance(each, TaskSent) for each in self.heard):
            self._reply(0, answer)

    def _reply(self, number: int, answer: str) -> None:
        if not self.tasks:
            return
        task = self.tasks[-1 - number % len(self.tasks)]
        request = parse_request(task).data
        if answer in ("no-record", "returned"):
            self._send(self.rig.reply(task, answer))
            return
        state = {"renew": "renewed", "release": "released", "deduct": "deducted"}.get(request.action, "effective")
        queued = answer == "queued" and request.action == "seal"
        paid = Decimal(request.amount or "0") / (2 if answer == "half" else 1)
        outcome: Data = {"state": "queued" if queued else state, "reference": "CK-1"}
        outcome |= {"controlled": f"{paid:.2f}"} if request.amount is not None and not queued else {}
        self._send(self.rig.reply(task, "partial" if answer == "partial" else "result", measure=outcome))

    def _receipt(self, number: int) -> None:
        if self.tasks:
            self._send(self.rig.receipt(self.tasks[-1 - number % len(self.tasks)]))

    def _dispose(self, number: int, extent: str) -> None:
        if self.begun:
            court, request_id, _ = self.begun[-1 - number % len(self.begun)]
            data = {"original": request_id, "extent": extent, "on": self.rig.clock.date().isoformat()}
            self._send(self.rig.statement(data, "disposal", court=court)[1])

    def _again(self, number: int) -> None:
        if self.sent:
            self._deliver([self.sent[-1 - number % len(self.sent)]])

    def _hold_back(self) -> None:
        """What comes from now on waits, and is then read in the other order."""
        self.held = self.held or []

    def _time(self, seconds: int, fires: bool) -> None:
        """Time passes; the hub's timers fire in it, unless the hub is behind. Nothing sent before a timer is unread then."""
        if fires:
            self._read()
            self._note(said(self.rig.run_until(self.rig.now + seconds * 1_000_000)))
        else:
            self.rig.advance(seconds)

    def _send(self, record: Record) -> None:
        self.sent.append(record)
        if self.held is None:
            self._deliver([record])
        else:
            self.held.append(record)
            if len(self.held) == 3:
                self._read()

    def _read(self) -> None:
        records, self.held = self.held or [], None
        if records:
            self._deliver(records[::-1])

    def _deliver(self, records: list[Record]) -> None:
        self._note(said(self.rig.feed(records)))

    def _note(self, heard: list[Any]) -> None:
        self.heard += heard
        self.tasks += [each for each in heard if isinstance(each, TaskSent)]

    # -- what must hold ------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Every promise, after every step."""
        every = kept(self.rig, MeasureState)
        cases = [case for case in kept(self.rig, CaseState) if case.status == "open"]
        with self.rig.store.read() as connection:
            requests = connection.execute(select(t.requests.c.key, t.requests.c.status)).all()
            tasks = connection.execute(select(t.tasks.c.request_key, t.tasks.c.status)).all()
        self._ended_never_acts(every)
        self._one_first_seizure(every)
        self._within_term(every)
        for case in cases:
            self._within_ceiling(case, [each for each in every if each.case_token == case.key])
        self._one_conclusion({row.key: row.status for row in requests}, [(row.request_key, row.status) for row in tasks])

    def _ended_never_acts(self, every: list[MeasureState]) -> None:
        now = {each.key: each for each in every}
        for key, old in self.ended.items():
            assert now[key] == old, "what has ended never changes"
        for task in self.heard:
            if isinstance(task, TaskSent) and (original := parse_request(task).data.original) is not None:
                key = request_key(parse_request(task).source, original)
                assert key not in self.ended, "no task acts on what has ended"
        self.ended |= {key: each for key, each in now.items() if each.status in ENDED}

    @staticmethod
    def _one_first_seizure(every: list[MeasureState]) -> None:
        firsts = Counter(each.ref for each in every if each.status == "effective" and each.asset in TITLES)
        assert all(count == 1 for count in firsts.values()), "one title, one seizure in effect"

    def _within_term(self, every: list[MeasureState]) -> None:
        most = {"account": 12, "real-estate": 36}
        for each in every:
            if each.status == "effective" and each.starts is not None and each.ends is not None:
                renewals = 4  # the clock does not run for longer
                assert date.fromisoformat(each.ends) <= add_months(date.fromisoformat(each.starts), most[each.asset] * renewals)
                assert end_of_day(date.fromisoformat(each.ends)) == each.lapses_at

    def _within_ceiling(self, case: CaseState, own: list[MeasureState]) -> None:
        """What is controlled stays within the ceiling and what was approved beyond it. Only a promotion, or a payment
        from a freeze that has ended meanwhile, may pass it, and the court is told."""
        self.warned |= {each.recipient for each in self.heard if isinstance(each, CaseMoved) and each.data.event == "over-seizure-risk"}
        # An approval is for its own measure's whole amount, of which a part may have been paid since.
        total, approved = measures.used(own), sum(Decimal(each.amount or "0") for each in own if each.approved_over)
        if total <= case.ceiling + approved:
            self.warned.discard(case.court)
            return
        assert case.court in self.warned, f"{total} controlled, {case.ceiling} owed, {approved} approved beyond it, and nobody was told"

    def _one_conclusion(self, requests: dict[str, str], tasks: list[tuple[str, str]]) -> None:
        self.conclusions.update(each.correlationid for each in self.heard if isinstance(each, Concluded))
        assert all(count == 1 for count in self.conclusions.values()), "one conclusion"
        awaited = {key for key, status in tasks if status != TaskStatus.SETTLED}
        of = {key for key, _ in tasks}
        for key in of - awaited:
            assert requests[key] == RequestStatus.CONCLUDED, "all answered, and no conclusion"
        assert sum(status == RequestStatus.CONCLUDED for status in requests.values()) == len(self.conclusions)


def play(sequence: list[Step]) -> None:
    """The whole sequence on a hub of its own."""
    with tempfile.TemporaryDirectory() as folder:
        played = Played(Path(folder))
        try:
            for step in sequence:
                played.step(*step)
            played.step("time", 40, True)
        finally:
            played.rig.close()


QUEUE: list[Step] = [("begin", 0, 2, "50000.00", False, "all"), ("begin", 1, 2, "50000.00", False, "queued"),
                     ("begin", 0, 3, "20000.00", False, "queued")]  # fmt: skip
FROZEN: list[Step] = [("begin", 0, 0, "60000.00", False, "all"), ("begin", 1, 1, "100000.00", False, "half")]
starts = st.sampled_from([[], QUEUE, QUEUE, FROZEN, QUEUE + FROZEN])
"""What there is already: nothing, a queue on one title, frozen accounts."""


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(starts, steps)
def test_no_sequence_breaks_a_promise(start: list[Step], sequence: list[Step]) -> None:
    play(start + sequence)


# -- the checker itself: each promise, broken on purpose, is seen to be broken -----------------------------------------

OVER: list[Step] = [*FROZEN, ("begin", 0, 1, "60000.00", False, "all")]
FREED: list[Step] = [*QUEUE, ("begin", 0, 2, "10000.00", False, "queued"), ("follow", 3, "release", "0.00", "all")]
TWICE: list[Step] = [("begin", 0, 0, "20000.00", False, None), ("reply", 0, "all")]
REVIVED: list[Step] = [("begin", 0, 0, "20000.00", False, "all"), ("follow", 0, "release", "0.00", "all"),
                       ("follow", 0, "release", "0.00", "all")]  # fmt: skip
LAPSED: list[Step] = [("begin", 0, 0, "20000.00", False, "all"), ("time", JUMPS[-1], True), ("follow", 0, "deduct", "20000.00", None)]
WARNED: list[Step] = [("begin", 0, 2, "50000.00", False, "all"), ("begin", 1, 2, "50000.00", False, "queued"),
                      ("begin", 1, 1, "60000.00", False, "all"), ("follow", 2, "release", "0.00", "all")]  # fmt: skip


def _all_at_once(self: Measures, gone: MeasureState, at: int) -> None:
    """All who wait are let through, not the first of them alone."""
    for each in measures.in_line(self.desk.states.about(MeasureState, gone.ref or "")):
        self._set(measures.promoted(each, at, "conversion"), "promoted")


_ANSWERED = measures.answered


def _believed(measure: MeasureState, *given: Any, others: list[MeasureState], **named: Any) -> MeasureState:
    """The registry's word is taken, whatever is known of the title."""
    return _ANSWERED(measure, *given, others=[], **named)


@pytest.mark.parametrize(
    ("sequence", "where", "rule", "broken", "promise"),
    [
        (OVER, control_rules, "_ceiling", lambda *_: [], "nobody was told"),
        ([*QUEUE, ("begin", 1, 2, "50000.00", False, "all")], measures, "answered", _believed, "one title, one seizure"),
        (FREED, Measures, "_promote", _all_at_once, "one title, one seizure"),
        (REVIVED, control_rules, "_acts_on", lambda *_: [], "what has ended"),
        (LAPSED, control_rules, "_acts_on", lambda *_: [], "what has ended"),
        (TWICE, collect, "conclusion", lambda _: None, "all answered, and no conclusion"),
        (WARNED, Measures, "_warn", lambda *_: None, "nobody was told"),
    ],
    ids=["ceiling", "second first seizure", "queue", "released", "lapsed", "conclusion", "warning"],
)
def test_a_broken_rule_is_seen(
    monkeypatch: pytest.MonkeyPatch, sequence: list[Step], where: Any, rule: str, broken: Any, promise: str
) -> None:
    play(sequence)  # whole, the sequence breaks nothing
    monkeypatch.setattr(where, rule, broken)
    with pytest.raises(AssertionError, match=promise):
        play(sequence)
