"""A connector's desk: what it files, what it refuses although the hub sent it, and how much one reply holds."""

import base64
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors import jobs
from connectors.base import Answer
from connectors.desk import Desk, admits
from connectors.jobs import JobStatus
from connectors.terms import MOST_FINDINGS
from hub.bus.topics import Topics
from hub.engine.compose import Composer
from hub.engine.gate import Gate
from hub.engine.work import Work
from hub.store import tables as t
from hub.store.vault import Vault
from hub.trust.parties import Directory, Role
from schemas.base import CHINA, format_time, micros
from schemas.envelope import VALUE_LIMIT
from schemas.findings import AccountFinding, ExistingMeasure
from schemas.hub import round_id
from schemas.messages import Replied, TaskSent, parse
from schemas.replies import Reply, ReplyKind
from schemas.samples import notice
from tests.factories import Data, agency, control, inquiry, legal_basis, message, record
from tests.stores import open_store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=CHINA)
BEFORE = NOW - timedelta(seconds=1)


class Office:
    """A bank's desk over a store, and a hub and a court that sign."""

    def __init__(self, folder: Path) -> None:
        self.hub, self.court = agency("hub", Role.HUB), agency("court-9901", Role.COURT)
        bank = agency("bank", Role.PARTNER, "bank")
        directory = Directory.of(each.party for each in (self.hub, self.court, bank))
        self.store = open_store(folder / "bank.db", jobs.metadata)
        self.desk = Desk(directory, Topics())
        self.composer = Composer("bank", bank.signer, b"tokens")
        self._gate = Gate("bank", directory, admits(), 2 * VALUE_LIMIT)
        self._vault = Vault(b"m" * 32)
        self._offsets = itertools.count()

    @contextmanager
    def work(self) -> Iterator[Work]:
        with self.store.write() as connection:
            work = Work(connection, micros(NOW), self.composer, self._vault)
            yield work
            work.flush()

    def request(self, data: Data, kind: str = "inquiry", hub: str = "hub", **attributes: Any) -> bytes:
        """A court's request of an hour ago."""
        given = {"time": NOW - timedelta(hours=1), **attributes}
        return message(f"liandong.{kind}.request.v1", "court-9901", hub, data, **given)

    def task(self, request: bytes, kind: str = "inquiry", *, about: str | None = None, **more: Any) -> bytes:
        """A task of its own id for `request`; `more` are further members, `about` is what it says it is about."""
        copy = {"value": base64.b64encode(request).decode(), "jws": self.court.signer.sign(request)}
        data = {"partner": "bank", "request": copy, "receipt_within": 10, "reply_within": 20, "agreement": "x", **more}
        correlation = about or parse(request).id
        return message(f"liandong.{kind}.task.v1", "hub", "bank", data, correlationid=correlation, time=NOW)

    def round(self, request: bytes, number: int) -> bytes:
        """The task of round `number` of a standing inquiry."""
        return self.task(request, about=round_id(parse(request).id, number), round=number)

    def nudge(self, task_id: str, level: int = 1) -> bytes:
        data = {"task_id": task_id, "level": level, "deadline": format_time(NOW + timedelta(days=1))}
        return message("liandong.inquiry.nudge.v1", "hub", "bank", data, time=NOW)

    def take(self, *tasks: bytes) -> list[Reply]:
        """File these as one batch that the broker had just now: the replies that were sent at once."""
        records = [record(self.hub.signer, task, offset=next(self._offsets), at=NOW) for task in tasks]
        with self.work() as work:
            self.desk.handle(work, self._gate.check_all(records))
        return _replies(work)

    def jobs(self) -> list[tuple[str, str]]:
        """Task and status of each job."""
        with self.store.read() as connection:
            return [(row.task_id, row.status) for row in connection.execute(select(jobs.jobs))]

    def due(self, within: timedelta = timedelta(0)) -> list[str]:
        """Tasks whose jobs are due `within` this time from now, in their order."""
        with self.store.read() as connection:
            return [row.task_id for row in jobs.due(connection, micros(NOW + within), 99)]

    def decisions(self, kind: str) -> list[Data]:
        """The journal's entries of this kind."""
        with self.store.read() as connection:
            return [json.loads(leaf) for leaf in connection.scalars(select(t.audit.c.leaf).where(t.audit.c.kind == kind))]

    def set_aside(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.scalars(select(t.dead_letters.c.code)))


def _replies(work: Work) -> list[Reply]:
    sent = [parse(out.value) for out in work.outgoing]
    return [each.data for each in sent if isinstance(each, Replied)]


@pytest.fixture
def office(tmp_path: Path, each_store: str) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


# -- the partner need not trust the hub --------------------------------------------------------------------------------


def test_a_request_in_force_is_filed(office: Office) -> None:
    assert office.take(office.task(office.request(inquiry()))) == []
    assert [status for _, status in office.jobs()] == [JobStatus.QUEUED]


@pytest.mark.parametrize(
    ("attributes", "legal", "code"),
    [
        ({"expires": BEFORE}, {}, "expired"),
        ({"expires": NOW}, {}, "expired"),
        ({}, {"valid_until": format_time(BEFORE)}, "basis-expired"),
        ({"hub": "hub-two"}, {}, "recipient-wrong"),
        ({}, {"documents": []}, "documents-missing"),
    ],
)
def test_what_the_court_does_not_ask_of_this_hub_now_is_refused(
    office: Office, attributes: Data, legal: Data, code: str
) -> None:
    request = office.request(inquiry(legal=legal_basis("inquire", **legal)), **attributes)
    (reply,) = office.take(office.task(request))
    assert (reply.kind, reply.reason and reply.reason.code) == (ReplyKind.REFUSED, code)
    assert [status for _, status in office.jobs()] == [JobStatus.DONE]


def test_a_request_of_one_kind_in_a_task_of_another_is_refused(office: Office) -> None:
    (reply,) = office.take(office.task(office.request(control("freeze"), "control"), "inquiry"))
    assert (reply.kind, reply.reason and reply.reason.code) == (ReplyKind.REFUSED, "not-a-request")


@pytest.mark.parametrize("together", [True, False])
def test_a_request_under_a_second_task_id_is_not_carried_out_again(office: Office, together: bool) -> None:
    request = office.request(control("freeze"), "control")
    first, second = office.task(request, "control"), office.task(request, "control")
    for batch in [(first, second)] if together else [(first,), (second,)]:
        assert office.take(*batch) == []
    assert [task for task, _ in office.jobs()] == [parse(first).id]
    assert office.set_aside() == ["id-reused"]


def test_a_request_refused_in_one_task_may_come_in_a_right_one(office: Office) -> None:
    request = office.request(control("freeze"), "control")
    office.take(office.task(request, "inquiry"))
    office.take(office.task(request, "control"))
    assert [status for _, status in office.jobs()] == [JobStatus.DONE, JobStatus.QUEUED]
    assert office.set_aside() == []


# -- the rounds of a standing inquiry (终本案件定期查询) -----------------------------------------------------------------------

STANDING = {"every_months": 6, "times": 10}


def test_one_signed_request_is_filed_once_for_each_round(office: Office) -> None:
    request = office.request(inquiry(standing=STANDING))
    tasks = [office.task(request), *(office.round(request, number) for number in (1, 2, 10))]
    assert office.take(*tasks) == []
    assert [task for task, _ in office.jobs()] == [parse(task).id for task in tasks]
    assert office.take(office.round(request, 2)) == []
    assert len(office.jobs()) == len(tasks)
    assert office.set_aside() == ["id-reused"]


def test_a_round_comes_when_the_request_itself_is_long_past_its_time_but_not_its_legal_basis(office: Office) -> None:
    """The court signed once for five years; what bounds the rounds is the basis that it named."""
    old = office.request(inquiry(standing=STANDING), expires=BEFORE)
    assert office.take(office.round(old, 3)) == []
    without_basis = inquiry(standing=STANDING, legal=legal_basis("inquire", valid_until=format_time(BEFORE)))
    (reply,) = office.take(office.round(office.request(without_basis), 3))
    assert reply.reason is not None
    assert reply.reason.code == "basis-expired"


def test_a_round_that_the_court_never_asked_for_is_refused(office: Office) -> None:
    standing, plain = office.request(inquiry(standing=STANDING)), office.request(inquiry())
    request_id = parse(standing).id
    for task in (
        office.round(standing, 11),
        office.round(plain, 1),
        office.task(standing, about=round_id(request_id, 2), round=1),
        office.task(standing, about=round_id(request_id, 1)),
        office.task(standing, about=request_id, round=1),
    ):
        (reply,) = office.take(task)
        assert (reply.kind, reply.reason and reply.reason.code) == (ReplyKind.REFUSED, "not-a-request")


# -- what goes first -----------------------------------------------------------------------------------------------------


def test_the_urgent_goes_before_livelihood_and_that_before_the_rest(office: Office) -> None:
    lanes = ("ordinary", "livelihood", None, "urgent", "livelihood")
    tasks = [office.task(office.request(inquiry()), **({"priority": lane} if lane else {})) for lane in lanes]
    office.take(*tasks)
    ids = [parse(task).id for task in tasks]
    assert office.due() == [ids[3], ids[1], ids[4], ids[0], ids[2]]


def test_what_cites_a_request_waits_until_that_is_over(office: Office) -> None:
    """A lift names no asset, and still never overtakes its restriction, however urgent it is."""
    restriction = office.request(notice("restrict"), "notice")
    lift = office.request(notice("lift", original=parse(restriction).id), "notice")
    first, second = office.task(restriction, "notice"), office.task(lift, "notice", priority="urgent")
    office.take(first, second)
    assert office.due() == [parse(first).id]
    with office.work() as work:
        jobs.put(work.connection, [parse(first).id], JobStatus.DONE)
    (job,) = office.due()
    with office.store.read() as connection:
        found = jobs.find(connection, job)
    assert found is not None
    assert (found.task_id, found.original) == (parse(second).id, parse(first).id)


@pytest.mark.parametrize("together", [True, False])
def test_a_release_that_cites_a_renewal_ends_the_measure_that_was_renewed(office: Office, together: bool) -> None:
    """The partner knows the measure by the request that began it, however often it was renewed since."""
    freeze = office.request(control("freeze"), "control")
    renewal = office.request(control("renew", original=parse(freeze).id), "control")
    second = office.request(control("renew", original=parse(renewal).id), "control")
    release = office.request(control("release", original=parse(second).id), "control")
    tasks = [office.task(request, "control") for request in (freeze, renewal, second, release)]
    for batch in [tasks] if together else [[task] for task in tasks]:
        assert office.take(*batch) == []
    with office.store.read() as connection:
        originals = [found.original for task in tasks if (found := jobs.find(connection, parse(task).id))]
    assert originals == [None, *[parse(tasks[0]).id] * 3]


# -- reminders (催办) ------------------------------------------------------------------------------------------------------


def test_a_reminder_brings_a_waiting_job_forward_and_stands_in_the_journal(office: Office) -> None:
    task = office.task(office.request(inquiry()))
    task_id = parse(task).id
    office.take(task)
    later = micros(NOW + timedelta(hours=6))
    with office.work() as work:
        jobs.put(work.connection, [task_id], JobStatus.WAITING, due_at=later)
    assert office.due() == []
    assert office.take(office.nudge(task_id, 2)) == []
    assert office.due() == [task_id]
    (entry,) = office.decisions("task.nudged")
    assert entry["level"] == 2
    assert office.set_aside() == []


@pytest.mark.parametrize("status", [JobStatus.DONE, JobStatus.EXPIRED, JobStatus.MANUAL, JobStatus.CALLING])
def test_a_reminder_wakes_nothing_that_does_not_wait(office: Office, status: JobStatus) -> None:
    task = office.task(office.request(inquiry()))
    office.take(task)
    with office.work() as work:
        jobs.put(work.connection, [parse(task).id], status, due_at=micros(NOW + timedelta(hours=6)))
    before = office.jobs()
    office.take(office.nudge(parse(task).id), office.nudge("00000000-0000-4000-8000-000000000000"))
    assert office.jobs() == before == [(parse(task).id, status)]
    assert office.due(timedelta(days=1)) == []


# -- objections --------------------------------------------------------------------------------------------------------


def decision(office: Office, *, forged: bool = False) -> bytes:
    """The court's decision on an objection of the bank's, as the hub passes it on."""
    data = {"objection": "00000000-0000-4000-8000-000000000001", "outcome": "rejected", "officer": "GZ-9901-001", "reason": "账户性质不符"}
    said = message("liandong.case.objection-decision.v1", "court-9901", "hub", data, time=BEFORE)
    copy = {"value": base64.b64encode(said).decode(), "jws": (office.hub if forged else office.court).signer.sign(said)}
    return message("liandong.case.forward.v1", "hub", "bank", {"of": "court-9901", "message": copy}, time=NOW)


def test_a_courts_decision_on_an_objection_stands_in_the_journal(office: Office) -> None:
    assert office.take(decision(office)) == []
    (entry,) = office.decisions("objection.decided")
    assert (entry["outcome"], entry["court"]) == ("rejected", "court-9901")
    assert office.set_aside() == []


def test_a_decision_that_the_court_has_not_signed_is_set_aside(office: Office) -> None:
    office.take(decision(office, forged=True))
    assert (office.decisions("objection.decided"), office.set_aside()) == ([], ["jws-bad-signature"])


# -- how much one reply holds ------------------------------------------------------------------------------------------


def _account(measures: int) -> AccountFinding:
    standing = ExistingMeasure(authority="示例市中级人民法院" * 5, document="（2025）示9901执1号裁定书、协助执行通知书" * 5)
    return AccountFinding.model_validate_json(
        '{"kind": "account", "number": "9901000000000000011", "branch": "示例支行", "currency": "CNY", "status": "正常"}'
    ).model_copy(update={"measures": (standing,) * measures})


def _reply(office: Office, answer: Answer) -> tuple[Reply, int]:
    task = parse(office.task(office.request(inquiry())))
    assert isinstance(task, TaskSent)
    with office.work() as work:
        office.desk.reply(work, task, answer)
    return _replies(work)[0], len(work.outgoing[0].value)


@pytest.mark.parametrize("measures", [0, 50])
def test_more_than_a_reply_holds_is_a_partial_one_that_the_hub_can_take(office: Office, measures: int) -> None:
    findings = (_account(measures),) * (MOST_FINDINGS + 100)
    reply, size = _reply(office, Answer(ReplyKind.RESULT, b"", findings, searched=("x" * 500,) * 20))
    assert reply.kind is ReplyKind.PARTIAL
    assert 0 < len(reply.findings) <= MOST_FINDINGS
    assert reply.reason is not None
    assert reply.reason.code == "too-many-findings"
    assert f"{len(findings)} found, the first {len(reply.findings)} " in reply.reason.text
    assert size <= VALUE_LIMIT
    assert size > VALUE_LIMIT * 0.9 or not measures


def test_as_much_as_a_reply_holds_is_whole(office: Office) -> None:
    reply, _ = _reply(office, Answer(ReplyKind.RESULT, b"", (_account(0),) * MOST_FINDINGS))
    assert (reply.kind, len(reply.findings), reply.reason) == (ReplyKind.RESULT, MOST_FINDINGS, None)
