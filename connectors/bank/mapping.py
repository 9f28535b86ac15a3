"""From a court's request to a part of the bank's packet, and from the bank's answer to ours. Pure."""

from datetime import date
from decimal import Decimal

from connectors.bank import protocol
from connectors.bank.protocol import DEDUCT, FREEZE, RELEASE, RENEW, Accounts, Control, Part, PartAnswer, Return
from connectors.base import Answer, Job, ProtocolFault
from connectors.terms import (
    asked_for,
    identity_mismatch,
    notice_number,
    number_forms,
    ruling_number,
)
from schemas import asset
from schemas.base import add_months
from schemas.findings import AccountFinding, ExistingMeasure
from schemas.identifiers import money, same_name
from schemas.legal import LegalBasis, Officer
from schemas.replies import Contact, MeasureOutcome, Reason, ReplyKind
from schemas.requests import ControlRequest, InquiryRequest
from schemas.subject import Person, number_of

_MEASURES = {"freeze": FREEZE, "renew": RENEW, "release": RELEASE, "deduct": DEDUCT}
_RETURN_CODES = {"T02": "measure-not-supported", "T03": "field-missing", "T04": "amount-invalid"}


def part_of(job: Job, today: date) -> Part:
    """The job as one request of a packet. A freeze, and what renews it, begins `today` and runs for its months (V15).

    Raises `ProtocolFault` for what no bank does, and for what cites an original that this connector never had.
    """
    data = job.request.data
    officer = _officer(data.legal)
    fields: dict[str, str | None] = {
        "QQDH": job.key, "XM": data.subject.name,
        "ZJLX": protocol.RESIDENT if isinstance(data.subject, Person) else protocol.COMPANY,
        "DSRZJHM": number_of(data.subject), "FYMC": job.court, "CBR": officer.name, "AH": data.legal.case_number,
        "GZZBH": officer.work_permit, "GWZBH": officer.enforcement_permit, "CKH": notice_number(data.legal),
    }  # fmt: skip
    if isinstance(data, InquiryRequest):
        return Part("Cxqq", fields)
    if not isinstance(data, ControlRequest) or not isinstance(data.asset, asset.Account):
        raise ProtocolFault("action-not-supported")
    if data.action not in _MEASURES:
        raise ProtocolFault("action-not-supported")
    ruling = ruling_number(data.legal, data.action)
    fields |= {"KZLX": protocol.DEPOSIT, "KZCS": _MEASURES[data.action], "ZH": data.asset.number, "CKWH": ruling}
    return Part("Kzqq", fields | _order(job, data, today))


def _order(job: Job, data: ControlRequest, today: date) -> dict[str, str | None]:
    """What a control says of the measure: amount and term, the freeze that it acts on, the account that is paid."""
    fields: dict[str, str | None] = {}
    if data.action != "freeze":
        if job.original is None:
            raise ProtocolFault("original-unknown")
        fields |= {"YDJAH": data.legal.case_number, "YDJDH": job.original}
    if data.action in ("freeze", "deduct"):
        if data.amount is None:
            raise ProtocolFault("amount-needed")
        fields |= {"JE": data.amount}
    if data.action in ("freeze", "renew"):
        if data.term_months is None:
            raise ProtocolFault("term-missing")
        fields |= {"KSRQ": today.isoformat(), "JSRQ": add_months(today, data.term_months).isoformat()}
    if data.action == "deduct":
        if data.court_account is None:
            raise ProtocolFault("account-needed")
        # The public sources say that a deduction names the court's account, and not by which elements: these are ours.
        paid = data.court_account
        fields |= {"AKZHMC": paid.name, "AKZH": paid.number, "AKKHH": paid.bank}
    return fields


def answer_to(job: Job, part: PartAnswer, raw: bytes) -> Answer:
    """The reply that the bank's answer comes to.

    Raises `ProtocolFault`: wrong-answer (about another person, request or account), answer-unknown (not what this
    request can be answered with), answer-invalid (a value that cannot be right).
    """
    subject = job.request.data.subject
    if (part.number, part.id_number) != (job.key, number_of(subject)) or not same_name(subject.name, part.name):
        raise ProtocolFault("wrong-answer")
    data = job.request.data
    try:
        match part.content:
            case Return():
                return _returned(job, part.content, raw)
            case Accounts() if isinstance(data, InquiryRequest):
                return _inquired(job, part.content, raw)
            case Control() if isinstance(data, ControlRequest):
                return _controlled(job, data, part.content, raw)
    except ValueError:
        raise ProtocolFault("answer-invalid") from None
    raise ProtocolFault("answer-unknown")


def _returned(job: Job, returned: Return, raw: bytes) -> Answer:
    contact = Contact(name=returned.contact, phone=returned.phone)
    if returned.code == "T01":
        return identity_mismatch(raw, _searched(job), contact)
    reason = Reason(code=_RETURN_CODES.get(returned.code, "returned-by-partner"), text=returned.remark or returned.code)
    return Answer(ReplyKind.RETURNED, raw, reason=reason, contact=contact, searched=_searched(job))


def _inquired(job: Job, accounts: Accounts, raw: bytes) -> Answer:
    if not accounts.found:
        return Answer(ReplyKind.NO_RECORD, raw, searched=_searched(job))
    findings = tuple(_finding(job, account) for account in accounts.found)
    return Answer(ReplyKind.RESULT, raw, findings, searched=_searched(job))


def _finding(job: Job, account: protocol.Account) -> AccountFinding:
    measures = tuple(
        ExistingMeasure(authority=measure.authority, document=measure.document, amount=measure.amount,
                        until=date.fromisoformat(measure.until) if measure.until else None)
        for measure in account.measures
    ) if asked_for(job, "bank.measures") else ()  # fmt: skip
    amounts = {"balance": account.balance, "available": account.available} if asked_for(job, "bank.balance") else {}
    return AccountFinding.model_validate({
        "kind": "account", "number": account.number, "branch": account.branch, "currency": account.currency,
        "status": account.status, "flags": account.flags, "measures": measures, **amounts,
    })  # fmt: skip


def _controlled(job: Job, data: ControlRequest, control: Control, raw: bytes) -> Answer:
    if not isinstance(data.asset, asset.Account) or control.account != data.asset.number:
        raise ProtocolFault("wrong-answer")
    if control.measure != _MEASURES[data.action]:
        raise ProtocolFault("wrong-answer")
    if control.state == "2" and control.reason:
        code = "account-protected" if control.flags else "not-controlled"
        return Answer(ReplyKind.NOT_CONTROLLED, raw, reason=Reason(code=code, text=control.reason[:500]))
    if control.state != "1" or control.controlled is None:
        raise ProtocolFault("answer-unknown")
    return Answer(ReplyKind.RESULT, raw, measure=_measure(job, data, control, control.controlled))


def _measure(job: Job, data: ControlRequest, control: Control, controlled: str) -> MeasureOutcome:
    """What was done; `controlled` is what stays frozen, was let go or, of a deduction, was paid."""
    if data.action == "release":
        return MeasureOutcome(state="released", reference=job.key, controlled=controlled)
    if data.action == "deduct":
        if data.amount is None or Decimal(controlled) > Decimal(data.amount):
            raise ProtocolFault("wrong-answer")
        return MeasureOutcome(state="deducted", reference=job.key, controlled=controlled)
    if not (control.starts and control.ends):
        raise ProtocolFault("answer-unknown")
    starts, ends = date.fromisoformat(control.starts), date.fromisoformat(control.ends)
    if data.action == "renew":
        return MeasureOutcome(state="renewed", reference=job.key, starts=starts, ends=ends, controlled=controlled)
    if control.limit is None:
        raise ProtocolFault("answer-unknown")
    if money(control.limit) != data.amount:
        raise ProtocolFault("wrong-answer")
    return MeasureOutcome(
        state="effective", reference=job.key, starts=starts, ends=ends, controlled=controlled, over_limit=control.over_limit,
    )  # fmt: skip


def _officer(legal: LegalBasis) -> Officer:
    """The officer who handles the case, or the first of the two."""
    if not legal.officers:
        raise ProtocolFault("officers-missing")
    return next((each for each in legal.officers if each.work_permit == legal.handler), legal.officers[0])


def _searched(job: Job) -> tuple[str, ...]:
    """The protocol has one number only: the one in force."""
    return (next(iter(number_forms(job.request.data.subject))),)
