"""How the court's commands show an item: for people in one line, for programs as JSON; masked unless told otherwise."""

import base64
import json
import re
from collections import Counter
from typing import Any

from connectors.court.drafts import DraftError
from connectors.court.items import Item
from schemas.base import format_time
from schemas.hub import (
    Acceptance,
    CaseEvent,
    Certificate,
    Conclusion,
    Drafted,
    Drafts,
    Forwarded,
    LiftCertificate,
    NonResponse,
    Noted,
    Refusal,
    Register,
    Rejection,
    Result,
)
from schemas.identifiers import mask
from schemas.messages import AnyMessage
from schemas.replies import Hit, Reply

PERSONAL = frozenset({
    "certificate", "company", "company_name", "former_names", "holder", "id_number", "legal_representative", "location",
    "name", "number", "phone", "place", "plate", "unit_code", "vin",
})  # fmt: skip
"""Members that tell who a person is, what is theirs, or where they are (个人信息保护法 art. 6 and 28)."""
SOUND = "ok"


def line_of(item: Item) -> str:
    """One line: time, request, kind of message, what it says, and the verdict on each signature. No personal data."""
    if item.message is None:
        return f"{item.at:%m-%d %H:%M:%S}  ✗ {item.fault}  (不可信 not to be believed, SHA-256 {item.digest[:12]}…)"
    event = item.message.type.split(".", 1)[1].removesuffix(".v1")
    data = item.message.data
    maker = data.partner if isinstance(data, Result) else data.of if isinstance(data, Forwarded) else None
    verdict = "✓ hub" if maker is None else f"✓ hub {_seal(item)} {maker}"
    return f"{item.at:%m-%d %H:%M:%S}  {item.message.correlationid}  {event:<21} {_said(item):<50} {verdict}".rstrip()


def json_of(item: Item, *, reveal: bool = False) -> dict[str, Any]:
    """The item for programs; of a result, the partner's message in clear text in place of its copy."""
    shown: dict[str, Any] = {"at": format_time(item.at), "sha256": item.digest, "verdict": item.fault or SOUND}
    if item.message is not None:
        shown["message"] = _dump(item.message, reveal=reveal)
    if item.message is not None and isinstance(item.message.data, Result | Forwarded):
        del shown["message"]["data"]["message"]
        shown["enclosed_verdict"] = item.enclosed_fault or SOUND
        if item.enclosed is not None:
            shown["enclosed"] = _dump(item.enclosed, reveal=reveal)
    return shown


def drafted_in(item: Item) -> list[tuple[str, dict[str, Any]]]:
    """What the hub drafted for signature in this message: a name for each, fit for a file, and the draft. Raises `DraftError`."""
    data = item.message.data if item.message is not None else None
    if isinstance(data, CaseEvent) and data.draft is not None:
        name = "-".join(filter(None, (data.event, data.about, data.partner)))
        return [(name, _draft(data.draft))]
    if isinstance(data, Drafts):
        proposed = [(each.action, each.draft) for each in data.follow_ups if each.draft is not None]
        return [(f"follow-up-{data.request}-{number}-{re.sub('[^a-z]+', '-', action)}", _draft(draft))
                for number, (action, draft) in enumerate(proposed, 1)]  # fmt: skip
    return []


def outcome_of(item: Item) -> str:  # noqa: PLR0911 - one way out for each kind of message
    """The last word on a request: complete, incomplete, refused or rejected, with the codes of why."""
    match item.message.data if item.message is not None else None:
        case Conclusion(outcome=outcome):
            return outcome
        case Refusal(reasons=reasons):
            return f"refused {','.join(reason.code for reason in reasons)}"
        case Rejection(code=code):
            return f"rejected {code}"
        case Noted():
            return "noted"
        case Certificate(answers=answers, closing_possible=possible):
            return f"certified: {len(answers)} 家 answered" + (", 可终本 closing possible" if possible else "")
        case Drafts(follow_ups=drafts):
            return f"{len(drafts)} 份草稿 drafts"
        case Register(lines=lines):
            return f"register: {len(lines)}"
        case _:
            raise ValueError("not the last word on a request")


def _draft(drafted: Drafted) -> dict[str, Any]:
    try:
        draft = json.loads(base64.b64decode(drafted.content))
    except (ValueError, RecursionError):
        draft = None
    if not isinstance(draft, dict):
        raise DraftError("a draft of the hub's is no JSON object; see which version the hub runs")
    return draft


def _dump(message: AnyMessage, *, reveal: bool) -> dict[str, Any]:
    dumped: dict[str, Any] = message.model_dump(mode="json", exclude_none=True)
    return dumped if reveal else {**dumped, "data": _masked(dumped["data"])}


def _masked(value: Any, *, personal: bool = False) -> Any:
    if isinstance(value, dict):
        return {name: _masked(member, personal=name in PERSONAL) for name, member in value.items()}
    if isinstance(value, list):
        return [_masked(member, personal=personal) for member in value]
    return mask(value) if personal and isinstance(value, str) else value


def _seal(item: Item) -> str:
    return "✓" if item.enclosed_fault is None else f"✗ {item.enclosed_fault}"


def _said(item: Item) -> str:  # noqa: PLR0911 - one way out for each kind of message
    match item.message.data if item.message is not None else None:
        case Acceptance(partners=partners, waits_for=original):
            return f"{len(partners)} 家 asked" + (f", 待原请求 waits for {original}" if original else "")
        case Result(late=late):
            return ("迟到 late: " if late else "") + _answer(item.enclosed)
        case NonResponse(partner=partner, awaited=awaited):
            return f"{partner}: 逾期未答 no {awaited} by its deadline"
        case Conclusion(outcome=outcome, partners=lines):
            return f"{outcome}: {_counted(Counter(line.outcome.value for line in lines))}"
        case CaseEvent() as event:
            return f"{event.event}: {event.zh}" + (f" → {event.addressee}" if event.addressee else "")
        case Forwarded(of=sender):
            return f"{sender}: {item.enclosed.type.split('.', 1)[1].removesuffix('.v1') if item.enclosed else ''}"
        case LiftCertificate(lifted=lifted):
            return f"{len(lifted)} 项已解除 lifted"
        case _:
            return outcome_of(item)


def _answer(message: AnyMessage | None) -> str:
    match message.data if message is not None else None:
        case Hit():
            return "命中 hit"
        case Reply() as reply:
            facts = [reply.kind.value, _counted(Counter(finding.kind for finding in reply.findings))]
            if reply.measure is not None:
                controlled = f" {reply.measure.controlled}" if reply.measure.controlled else ""
                facts.append(f"{reply.measure.state}{controlled}")
            facts.append(reply.reason.code if reply.reason is not None else "")
            return " ".join(filter(None, facts))
        case _:
            return ""


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name}×{count}" for name, count in sorted(counts.items()))
