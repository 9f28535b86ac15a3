"""The bank's packets: Cxqq inquires, Kzqq controls; Cxjg, Kzxx and Htxx answer, each by request number. Pure.

Reading raises `BrokenError` for what is no such message.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.markup import BrokenError, Element, element_of, optional, read, text, write

FREEZE, RENEW, RELEASE, DEDUCT = "01", "02", "04", "06"
DEPOSIT = "1"
RESIDENT, COMPANY = "1", "7"
NO_ACCOUNT = "查无开户信息"


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a packet; `tag` is Cxqq or Kzqq."""

    tag: str
    fields: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """A judicial measure in force (Sfcs); `until` as YYYY-MM-DD."""

    authority: str
    document: str
    until: str | None
    amount: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """One account (Zhxx); amounts as the bank writes them."""

    number: str
    branch: str
    currency: str
    balance: str
    available: str
    status: str
    flags: tuple[str, ...]
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Accounts:
    """The answer to an inquiry (Cxjg). Without accounts it is the bank's explicit 查无开户信息."""

    found: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """The answer to a control (Kzxx); `state` is KZZT."""

    state: str
    measure: str
    account: str
    reason: str | None
    limit: str | None
    controlled: str | None
    over_limit: str | None
    starts: str | None
    ends: str | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """A return (Htxx)."""

    code: str
    remark: str
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """The answer to one request, and whom it says it is about."""

    number: str
    name: str
    id_number: str
    content: Accounts | Control | Return


def write_packet(number: str, parts: Sequence[Part]) -> bytes:
    """A packet under its own number (BDHM)."""
    return write(element_of("Packet", {"BDHM": number}, [element_of(part.tag, part.fields) for part in parts]))


def read_packet(raw: bytes) -> tuple[str, dict[str, Element]]:
    """The packet's number, and its answers by request number, each still to be read by `read_part`."""
    root = read(raw, "Packet")
    answers = [child for child in root if child.tag in ("Cxjg", "Kzxx", "Htxx")]
    by_number = {text(answer, "QQDH"): answer for answer in answers}
    if len(by_number) != len(answers):
        raise BrokenError("two answers have one request number")
    return text(root, "BDHM"), by_number


def read_part(answer: Element) -> PartAnswer:
    """One answer."""
    content = _READERS[answer.tag](answer)
    return PartAnswer(text(answer, "QQDH"), text(answer, "XM"), text(answer, "DSRZJHM"), content)


def _accounts(answer: Element) -> Accounts:
    numbers = [text(account, "ZH") for account in answer.iterfind("Zhxx")]
    if numbers == [NO_ACCOUNT]:
        return Accounts(())
    if not numbers or NO_ACCOUNT in numbers:
        raise BrokenError("neither accounts nor an explicit answer that there are none")
    return Accounts(tuple(_account(account) for account in answer.iterfind("Zhxx")))


def _account(account: Element) -> Account:
    return Account(
        number=text(account, "ZH"), branch=text(account, "KHWD"), currency=text(account, "BZ"),
        balance=text(account, "YE"), available=text(account, "KYYE"), status=text(account, "ZHZT"),
        flags=_flags(account),
        measures=tuple(
            Measure(text(measure, "CSJG"), text(measure, "CSWH"), optional(measure, "JSRQ"), optional(measure, "CSJE"))
            for measure in account.iterfind("Sfcs")
        ),
    )  # fmt: skip


def _control(answer: Element) -> Control:
    return Control(
        state=text(answer, "KZZT"), measure=text(answer, "KZCS"), account=text(answer, "ZH"),
        reason=optional(answer, "WNKZYY"), limit=optional(answer, "DJXE"), controlled=optional(answer, "SKJE"),
        over_limit=optional(answer, "CESKJE"), starts=optional(answer, "KSRQ"), ends=optional(answer, "JSRQ"),
        flags=_flags(answer),
    )  # fmt: skip


def _return(answer: Element) -> Return:
    remark = optional(answer, "BZXX") or ""
    return Return(text(answer, "THYY"), remark, text(answer, "LXR"), text(answer, "LXDH"))


def _flags(element: Element) -> tuple[str, ...]:
    return tuple(flag.text.strip() for flag in element.iterfind("TSBS") if flag.text and flag.text.strip())


_READERS: dict[str, Callable[[Element], Accounts | Control | Return]] = {"Cxjg": _accounts, "Kzxx": _control, "Htxx": _return}
