"""No request without a legal basis: each thing that the law asks for, left out or wrong, is refused by name."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.config import load_registers
from hub.rules import control as control_rules
from hub.rules import intake
from hub.rules.authority import Delegation
from hub.rules.cases import Tenure
from hub.rules.state import RequestState, RequestStatus, TaskState, TaskStatus
from hub.trust.parties import Directory, Role
from schemas import samples
from schemas.base import CHINA, format_time, from_micros, micros
from schemas.hub import TaskOutcome
from schemas.messages import RequestMessage, parse
from schemas.requests import Kind
from tests.factories import Data, agency, approved, control, inquiry, locate, message
from tests.rig import case_context, sample_linkage

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
LINKAGE = sample_linkage()
CASE, ASSET = "c" * 32, "a" * 32
AFTER_END, APPROVAL = (LINKAGE.terms.clocks[name] for name in ("after_end", "approval"))


def read(data: Data, court: str = "court-9901", **attributes: Any) -> RequestMessage:
    kind = samples.kind_of_action(data["action"])
    found = parse(message(f"liandong.{kind}.request.v1", court, "hub", approved(data, NOW), time=NOW, **attributes))
    assert isinstance(found, RequestMessage)
    return found


def decide(data: Data, *, original: RequestState | None = None, at: datetime = NOW, **attributes: Any) -> Any:
    request = read(data, **attributes)
    asset = ASSET if samples.kind_of_action(data["action"]) is Kind.CONTROL else None
    known = case_context(request, LINKAGE, at)
    return intake.decide(request, replace(known, case_token=CASE, asset_token=asset, original=original))


def legal(change: Callable[[Data], object], data: Data | None = None) -> Data:
    """An inquiry (or `data`) whose legal basis was changed."""
    data = data or inquiry()
    change(data["legal"])
    return data


def frozen(status: RequestStatus = RequestStatus.OPEN, outcome: TaskOutcome | None = None, **values: Any) -> RequestState:
    task = TaskState("t", "bank", TaskStatus.SETTLED if outcome else TaskStatus.SENT, 10, 10, "x", outcome=outcome)
    base: dict[str, Any] = {
        "key": "k", "court": "court-9901", "request_id": "r", "kind": Kind.CONTROL, "action": "freeze",
        "case_token": CASE, "asset_token": ASSET, "status": status, "expires_at": 10**18, "tasks": (task,),
    }  # fmt: skip
    return RequestState(**(base | values))


RELEASE_OF = "00000000-0000-4000-8000-000000000001"


def release(**changes: Any) -> Data:
    return control("release", original=RELEASE_OF, **changes)


def test_a_full_inquiry_asks_the_three_registries_the_police_and_every_bank() -> None:
    verdict = decide(inquiry())
    assert verdict == intake.Accept(("real-estate", "vehicle", "business-registry", "police", "bank", "bank-two"), False)


def test_the_documents_scope_limits_whom_an_inquiry_asks() -> None:
    verdict = decide(legal(lambda basis: basis["scope"].update(partner_kinds=["bank", "vehicle"])))
    assert verdict == intake.Accept(("vehicle", "bank", "bank-two"), False)


def test_a_control_goes_to_the_one_partner_that_it_names() -> None:
    assert decide(control()) == intake.Accept(("bank",), False)


REFUSED: list[tuple[str, Data]] = [
    ("documents-missing", legal(lambda basis: basis.update(documents=[]))),
    ("documents-missing", legal(lambda basis: basis["documents"].pop(), control())),
    ("document-digest-mismatch",
     legal(lambda basis: basis["documents"][0].update(content=base64.b64encode(b"another").decode()))),
    ("officers-missing", legal(lambda basis: basis["officers"].pop())),
    ("officers-missing", legal(lambda basis: basis["officers"].__setitem__(1, basis["officers"][0]))),
    ("approval-missing", legal(lambda basis: basis.update(approvals=[]), control())),
    ("approver-is-maker", legal(lambda basis: basis.update(maker=basis["approvals"][0]["officer"]), control())),
    ("approver-is-maker", legal(
        lambda basis: basis["approvals"][0].update(officer=basis["officers"][0]["enforcement_permit"]), control())),
    ("approval-later", legal(
        lambda basis: basis["approvals"][0].update(at="2026-11-23T09:00:00.000001+08:00"), control())),
    ("approver-rank", legal(lambda basis: basis["approvals"][0].update(rank="judge"), control())),
    ("court-mismatch", legal(lambda basis: basis.update(case_number="（2026）粤99执9901号"))),
    ("basis-expired", legal(lambda basis: basis.update(valid_until="2026-11-23T08:59:59.000000+08:00"))),
    ("purpose-mismatch", legal(lambda basis: basis.update(purpose="locate"))),
    ("court-mismatch", legal(lambda basis: basis.update(case_number="（2026）粤9902执123号"))),
    ("scope-exceeded", legal(lambda basis: basis["scope"].update(actions=["control.freeze"]))),
    ("scope-exceeded", legal(lambda basis: basis["scope"].update(partner_kinds=["vehicle"]), inquiry(partners=["bank"]))),
    ("partner-unknown", inquiry(partners=["customs"])),
    ("partner-unknown", control(partners=["vehicle"])),
    ("partner-needed", control(partners=["bank", "bank-two"])),
    ("agreement-field", inquiry(partners=["bank-two"], fields=["bank.measures"])),
    ("amount-needed", {name: value for name, value in control().items() if name != "amount"}),
    ("term-missing", {name: value for name, value in control().items() if name != "term_months"}),
    ("term-too-long", control(term_months=13)),
    ("term-too-long", control("seal", samples.VEHICLE, term_months=25)),
    ("asset-mismatch", control("seal", samples.ACCOUNT)),
    ("vehicle-needed", {name: value for name, value in locate("road-control", "P05").items() if name != "vehicle"}),
    ("until-needed", {name: value for name, value in locate("watch").items() if name != "until"}),
    ("original-needed", {name: value for name, value in release().items() if name != "original"}),
    ("original-unknown", release()),
]  # fmt: skip


@pytest.mark.parametrize(("code", "data"), REFUSED, ids=[f"{code}-{n}" for n, (code, _) in enumerate(REFUSED)])
def test_refused_by_name(code: str, data: Data) -> None:
    verdict = decide(data)
    assert isinstance(verdict, intake.Refuse)
    assert verdict.codes == (code,)


def test_every_reason_is_told_at_once() -> None:
    data = legal(lambda basis: basis.update(documents=[], approvals=[], officers=[]), control(term_months=13))
    assert set(decide(data).codes) == {"documents-missing", "officers-missing", "approval-missing", "term-too-long"}


def test_nothing_is_carried_out_after_it_expired_however_late_it_is_read() -> None:
    expires = NOW + timedelta(hours=1)
    assert isinstance(decide(control(), expires=expires, at=expires - timedelta(microseconds=1)), intake.Accept)
    assert decide(control(), expires=expires, at=expires).codes == ("expired",)


def test_no_agreement_no_request() -> None:
    after = datetime(2029, 1, 1, tzinfo=CHINA)
    data = legal(lambda basis: basis.update(valid_until="2031-01-01T00:00:00.000000+08:00"), inquiry(partners=["bank"]))
    verdict = decide(data, at=after, expires=after + timedelta(days=1))
    assert verdict.codes == ("agreement-missing",)


def test_a_release_waits_until_its_freeze_has_settled() -> None:
    assert decide(release(), original=frozen()) == intake.Accept(("bank",), waits=True)
    done = frozen(RequestStatus.CONCLUDED, TaskOutcome.RESULT)
    assert decide(release(), original=done) == intake.Accept(("bank",), waits=False)


@pytest.mark.parametrize("outcome", sorted(control_rules.NO_CONTROL))
def test_there_is_nothing_to_release_where_nothing_was_controlled(outcome: TaskOutcome) -> None:
    assert decide(release(), original=frozen(RequestStatus.CONCLUDED, outcome)).codes == ("original-not-controlled",)


def test_after_silence_the_outcome_is_unknown_so_a_release_may_go() -> None:
    silent = frozen(RequestStatus.CONCLUDED, TaskOutcome.NO_RESPONSE)
    assert isinstance(decide(release(), original=silent), intake.Accept)


@pytest.mark.parametrize(
    "change", [{"court": "court-9902"}, {"asset_token": "b" * 32}, {"case_token": "d" * 32}, {"action": "inquire"}]
)
def test_a_release_is_of_the_same_court_case_and_asset(change: dict[str, Any]) -> None:
    assert decide(release(), original=frozen(**change)).codes == ("original-other",)

# -- who stands behind it ----------------------------------------------------------------------------------------------

def with_officer(permit: str, **changes: Any) -> Any:
    """The court's register with one officer changed."""
    court = agency("court-9901", Role.COURT).party
    officers = tuple(replace(each, **changes) if each.work_permit == permit else each for each in court.officers)
    return load_registers(Directory.of([replace(court, officers=officers)]))["court-9901"]


def judged(data: Data, register: Any = None, covers: tuple[Delegation, ...] = (), **known: Any) -> Any:
    request = read(data)
    context = case_context(request, LINKAGE, NOW)
    register = register or context.register
    return intake.decide(request, replace(context, register=replace(register, delegations=covers), asset_token=ASSET, **known))


def test_what_was_signed_before_a_revocation_stands_and_what_is_signed_after_is_refused() -> None:
    assert isinstance(judged(control(), with_officer("GZ-9901-002", revoked_at=micros(NOW) + 1)), intake.Accept)
    assert judged(control(), with_officer("GZ-9901-002", revoked_at=micros(NOW))).codes == ("officer-not-in-force",)


@pytest.mark.parametrize(("permit", "ends"), [
    ("GZ-9901-002", "revoked_at"), ("GZ-9901-001", "revoked_at"), ("GZ-9901-003", "revoked_at"), ("GZ-9901-003", "valid_until"),
])  # fmt: skip
def test_what_was_signed_before_an_officers_end_counts_only_if_the_broker_had_it_soon_after(permit: str, ends: str) -> None:
    """The second officer, the maker and the approver alike: the time of signing is the signer's own word."""
    end = micros(NOW) + 1
    known = with_officer(permit, **{ends: end})
    assert isinstance(judged(control(), known, at=end + AFTER_END), intake.Accept)
    assert set(judged(control(), known, at=end + AFTER_END + 1).codes) == {"officer-ended"}


def test_an_approval_is_no_older_than_allowed_when_its_request_arrives() -> None:
    given = control()
    given["legal"]["approvals"][0]["at"] = format_time(from_micros(micros(NOW) - APPROVAL))
    assert isinstance(judged(given), intake.Accept)
    assert judged(given, at=micros(NOW) + 1).codes == ("approval-stale",)


def test_a_stale_approval_is_no_second_one_for_a_sensitive_subject() -> None:
    two = control()
    old = {"officer": "GZ-9901-004", "rank": "president", "at": format_time(from_micros(micros(NOW) - APPROVAL - 1))}
    two["legal"]["approvals"].append(two["legal"]["approvals"][0] | old)
    assert judged(two, case=replace(known_case(), sensitive=True)).codes == ("approval-second-needed",)


def test_an_officer_with_anothers_permit_is_not_registered() -> None:
    data = legal(lambda basis: basis["officers"][1].update(enforcement_permit="ZX-9901-009"), control())
    assert judged(data).codes == ("officer-unregistered",)


def test_an_approval_fits_its_content_and_no_other() -> None:
    signed = approved(control(amount="1.00"), NOW)
    assert judged(signed | {"amount": "2.00"}).codes == ("approval-bad-signature",)
    unsigned = control()
    assert decided_unsigned(unsigned).codes == ("approval-unsigned",)


def decided_unsigned(data: Data) -> Any:
    found = parse(message("liandong.control.request.v1", "court-9901", "hub", data, time=NOW))
    assert isinstance(found, RequestMessage)
    return intake.decide(found, case_context(found, LINKAGE, NOW))


def test_a_rank_that_the_register_does_not_give_is_no_rank() -> None:
    data = legal(lambda basis: basis["approvals"][0].update(officer="GZ-9901-002"), control())
    assert judged(data).codes[0] in ("approver-rank", "approver-is-maker")


def test_a_deputy_approves_in_the_absent_officers_rank_while_the_cover_is_in_force() -> None:
    data = legal(lambda basis: basis["approvals"][0].update(
        officer="GZ-9901-004", rank="bureau-chief", acting_for="GZ-9901-003"), control())  # fmt: skip
    signed_at = micros(NOW)
    cover = Delegation("GZ-9901-003", "GZ-9901-004", signed_at, signed_at + 1)
    assert isinstance(judged(data, covers=(cover,)), intake.Accept)
    assert judged(data, covers=(replace(cover, until=signed_at),)).codes == ("deputy-not-in-force",)
    assert isinstance(judged(data, covers=(cover,), at=cover.until + AFTER_END), intake.Accept)
    assert judged(data, covers=(cover,), at=cover.until + AFTER_END + 1).codes == ("deputy-not-in-force",), "the broker had it too late"


def test_a_sensitive_subject_needs_a_second_approver() -> None:
    case = replace(known_case(), sensitive=True)
    assert judged(control(), case=case).codes == ("approval-second-needed",)
    two = control()
    two["legal"]["approvals"].append(two["legal"]["approvals"][0] | {"officer": "GZ-9901-004", "rank": "president"})
    assert isinstance(judged(two, case=case), intake.Accept)


def known_case() -> Any:
    return case_context(read(control()), LINKAGE, NOW).case


def test_an_order_is_judged_by_who_held_the_case_when_it_was_signed() -> None:
    moved = (Tenure(0, "court-9901", samples.TEAM), Tenure(micros(NOW) + 1, "court-9902", "another"))
    assert isinstance(judged(control(), case=replace(known_case(), tenures=moved)), intake.Accept)
    earlier = (moved[0], replace(moved[1], since=micros(NOW)))
    assert judged(control(), case=replace(known_case(), tenures=earlier)).codes == ("holder-other",)


def test_a_team_that_does_not_hold_the_case_takes_no_measure_in_it() -> None:
    case = replace(known_case(), tenures=(Tenure(0, "court-9901", "执行二团队"),))
    assert judged(control(), case=case).codes == ("team-other",)


def test_a_measure_needs_a_registered_and_open_case_and_an_inquiry_its_notice_alone() -> None:
    assert judged(control(), case=None).codes == ("case-unknown",)
    assert isinstance(judged(inquiry(), case=None), intake.Accept)
    for status in ("performed", "round-closed", "bankrupt", "ended"):
        assert judged(control(), case=replace(known_case(), status=status)).codes == ("case-closed",)


def test_wage_accounts_are_frozen_for_those_very_wages_alone() -> None:
    flags = frozenset({"WAGE_SPECIAL"})
    assert judged(control(), flags=flags).codes == ("asset-exempt",)
    reasoned = control(exempt_reason="请求即为该批工资")
    reasoned["legal"]["approvals"][0] |= {"officer": "GZ-9901-004", "rank": "president"}
    assert judged(reasoned, flags=flags).codes == ("asset-exempt",)
    wages = replace(known_case(), priority="wages")
    assert isinstance(judged(reasoned, flags=flags, case=wages), intake.Accept)
    assert judged(reasoned, flags=flags | {"PARTY_DUES"}, case=wages).codes == ("asset-exempt",)
