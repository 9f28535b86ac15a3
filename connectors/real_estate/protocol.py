"""The registry's messages: cxBdcQL inquires, kzBdcQL controls, feed… has the answer to a ticket. Pure.

Reading raises `BrokenError` for what is no such message.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.markup import BrokenError, Element, element_of, optional, read, text, write

SEAL, RENEW, RELEASE, TRANSFER = "11", "12", "14", "15"
ADVANCE_SEAL = "13"
"""A guess: the public sources show 11, 12, 14 and 15 and not which code an advance seal (预查封) has. A seal that waits in the
queue is asked for like any seal (11); the registry says that it waits."""
RESIDENT, COMPANY = "1", "7"
FOUND, NOTHING, RETURNED = "有登记信息", "查无登记信息", "退回"
_TICKET = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Form:
    """The names that differ between inquiry and control."""

    submit: str
    feed: str
    root: str
    number: str
    answer: str


INQUIRY = Form("cxBdcQL", "feedCxBdcQL", "CXQQ", "CXQQDH", "CXFK")
CONTROL = Form("kzBdcQL", "feedkzBdcQL", "KZQQ", "KZQQDH", "KZFK")


@dataclass(frozen=True, slots=True)
class Head:
    """Whom a message is about, and which request it belongs to."""

    number: str
    name: str
    id_number: str


@dataclass(frozen=True, slots=True)
class Seizure:
    """One seal on a right (CF). Dates as YYYY-MM-DD; one that waits in the queue has none."""

    authority: str
    document: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Right:
    """One right in one unit (QL)."""

    unit_code: str
    location: str
    certificate: str
    holder: str
    holder_number: str
    mortgage: str
    seizures: tuple[Seizure, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """A return (Htxx). The name on file that it may hold is another person's, and is not read."""

    code: str
    remark: str
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """The answer to a ticket; `result` is JG, `control` KZZT, both as the registry writes them."""

    head: Head
    result: str | None
    rights: tuple[Right, ...]
    returned: Return | None
    control: str | None
    not_controlled: str | None
    unit_code: str | None
    measure: str | None
    rank: str | None
    starts: str | None
    ends: str | None


def write_request(form: Form, head: Head, fields: Mapping[str, str | None]) -> bytes:
    """A submission."""
    return write(element_of(form.root, {form.number: head.number, "XM": head.name, "ZJH": head.id_number, **fields}))


def read_ticket(form: Form, raw: bytes) -> tuple[str, str]:
    """Ticket and request number of an acknowledgement (SLHZ)."""
    root = read(raw, "SLHZ")
    ticket = text(root, "SLH")
    if not _TICKET.fullmatch(ticket):
        raise BrokenError("SLH is no ticket")
    return ticket, text(root, form.number)


def read_feedback(form: Form, raw: bytes) -> tuple[str, Feedback]:
    """Ticket and content of an answer (CXFK, KZFK)."""
    root = read(raw, form.answer)
    returned = root.find("Htxx")
    return text(root, "SLH"), Feedback(
        head=Head(text(root, form.number), text(root, "XM"), text(root, "ZJH")),
        result=optional(root, "JG"),
        rights=tuple(_right(right) for right in root.iterfind("QLLIST/QL")),
        returned=None if returned is None else Return(
            text(returned, "THYY"), optional(returned, "BZ") or "", text(returned, "LXR"), text(returned, "LXDH")
        ),
        control=optional(root, "KZZT"),
        not_controlled=optional(root, "WNKZYY"),
        unit_code=optional(root, "BDCDYH"),
        measure=optional(root, "CFLX"),
        rank=optional(root, "LHSX"),
        starts=optional(root, "KSRQ"),
        ends=optional(root, "JSRQ"),
    )  # fmt: skip


def _right(right: Element) -> Right:
    return Right(
        unit_code=text(right, "BDCDYH"),
        location=text(right, "ZL"),
        certificate=text(right, "BDCQZH"),
        holder=text(right, "QLR"),
        holder_number=text(right, "QLRZJH"),
        mortgage=text(right, "DYQK"),
        seizures=tuple(
            Seizure(text(seizure, "CFJG"), text(seizure, "CFWH"), optional(seizure, "JSRQ"))
            for seizure in right.iterfind("CFLIST/CF")
        ),
    )
