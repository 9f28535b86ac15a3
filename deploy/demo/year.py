"""A year of casework, replayed on a virtual clock: reminders, a lapse prevented and one that was not, a watch hit at night, a
closed round whose re-inquiry finds something, leads, an entrusted matter, a debt performed; and the bulletins of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.demo.cast import Cast
from deploy.demo.virtual import VirtualHub
from deploy.demo.world import HUB, ROOT, World
from hub.config import load_rulebook
from hub.settings import Secrets
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.parties import Directory
from schemas import samples
from schemas.base import CHINA, format_time, from_micros, micros
from schemas.messages import AnyMessage, CaseMoved, ControlRequested, InquiryRequested, RequestMessage
from schemas.samples import Data

COURT, OTHER = "court-9901", "court-9902"
BEGINS, ENDS = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA), datetime(2027, 4, 1, 9, 0, tzinfo=CHINA)
_FOUND = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "示例支行", "currency": "CNY", "status": "正常",
          "balance": "80000.00", "available": "80000.00"}  # fmt: skip
_STATES = {"renew": "renewed", "release": "released", "deduct": "deducted", "watch": "armed", "road-control": "armed",
           "withdraw": "withdrawn", "restrict": "restricted", "lift": "lifted"}  # fmt: skip


@dataclass
class Told:
    """What the year came to, for the demonstration's table."""

    reminders: int = 0
    renewed: int = 0
    lapsed: int = 0
    hits: int = 0
    found: int = 0
    resumed: int = 0
    certificates: int = 0
    matters: int = 0
    leads: int = 0
    lifted: int = 0


class Year:
    """The story, told step by step to a hub of its own in `folder`."""

    def __init__(self, world: World, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        directory = since(Directory.load(world.parties), micros(BEGINS))
        secrets = Secrets.read(world.folder / "keys" / "hub.secret")
        rulebook = load_rulebook(ROOT / "config", ROOT / "config" / "agreements", directory)
        self.hub = VirtualHub(folder, directory, rulebook, Signer(keys.load(world.key(HUB))), secret=secrets.tokens,
                              master=secrets.master, now=micros(BEGINS))  # fmt: skip
        self._cast = Cast(world, self.hub, self._answer)
        self._found_again = False
        self._silent: set[tuple[str, str]] = set()
        self.told = Told()

    def run(self) -> Told:
        """All of it, from March to the March after."""
        self._spring()
        self._summer()
        self._autumn()
        self._winter()
        self.hub.close()
        return self.told

    # -- the chapters --------------------------------------------------------------------------------------------------

    def _spring(self) -> None:
        """Cases are registered; debtors' assets inquired, frozen, sealed; a lead comes; a matter is entrusted."""
        for number in (201, 202, 203, 204):
            self._say(COURT, "case.statement", samples.statement(COURT, number, restricted=True, filed_on="2026-01-05"))
        self._say(OTHER, "case.statement", samples.statement(OTHER, 205))
        for number, who in ((201, "P03"), (202, "P02"), (203, "P07"), (204, "P05")):
            self._say(COURT, "inquiry.request", samples.inquiry(who, case=number))
        self._silent.add(("police", "P08"))
        self._say(OTHER, "inquiry.request", samples.inquiry("P08", court=OTHER, case=205))
        self.freeze = self._say(COURT, "control.request", samples.control("freeze", case=201))
        self.forgotten = self._say(COURT, "control.request", samples.control(
            "seal", samples.VEHICLE, "P05", case=204, term_months=6, number="R204-SEAL-SHORT"))  # fmt: skip
        self.watch = self._say(COURT, "locate.request", samples.locate("watch", "P07", case=203, until=_time(2027, 2, 1)))
        self._until(2026, 4, 8)
        self.lead, _ = self._cast.say(COURT, "liandong.lead.submission.v1", {
            "number": "XS-0001", "court": COURT, "case_number": samples.case_number(COURT, 204), "by": "grid-assistant",
            "about": "asset", "subject": samples.subject("P04"), "asset": samples.UNIT, "text": "被执行人出租该房屋", "urgent": True,
        })  # fmt: skip
        self.told.leads += 1
        self._until(2026, 4, 9)
        self._say(COURT, "lead.verdict", {"lead": self.lead, "outcome": "confirmed", "officer": "GZ-9901-001", "reason": "房屋登记在其名下"})
        self._say(COURT, "control.request", samples.control("seal", samples.UNIT, "P04", case=204, term_months=36, lead=self.lead))
        self._entrust()

    def _entrust(self) -> None:
        """One matter is done in time; the other gets no answer, and the superior court is told."""
        for number, answered in (("WT-0001", True), ("WT-0002", False)):
            matter, _ = self._cast.say(COURT, "liandong.entrust.request.v1", {
                "number": number, "case_number": samples.case_number(COURT, 203), "to": OTHER, "matter": "visit",
                "subject": samples.subject("P07"), "place": "示例市示例路 1 号", "what": "走访被执行人住所",
                "documents": [samples.document(samples.DocumentKind.ASSISTANCE_NOTICE, samples.case_number(COURT, 203))],
                "handler": "GZ-9901-001", "supervisor": "GZ-9901-003", "contact": {"name": "何承办", "phone": "0990-0000002"},
            })  # fmt: skip
            self.told.matters += 1
            for step in ("signed-for", "accepted", "done") if answered else ():
                self._say(OTHER, "entrust.step", {"matter": matter, "step": step, "officer": "GZ-9902-001", "text": "按期办理"})

    def _summer(self) -> None:
        """A watch hits at three in the morning; a round is closed with its certificate and its standing inquiry."""
        self._until(2026, 6, 20, 3)
        contact = {"name": "示例市公安局指挥中心值班民警", "phone": "0999-5550110"}
        hit, heard = self._cast.report("police", "liandong.locate.hit.v1", {
            "task_id": self._task(self.watch), "event": "HIT-1", "at": _time(2026, 6, 20, 3), "place": "示例市高铁站进站口",
            "contact": contact}, self.watch)  # fmt: skip
        self.told.hits += len(_events(heard, "watch-hit"))
        self._until(2026, 6, 20, 4)
        self._say(COURT, "case.handover", {"hit": hit, "outcome": "handed-over", "officer": "GZ-9901-002"})
        self._until(2026, 7, 1)
        _, heard = self._cast.say(COURT, "liandong.case.certificate-request.v1", {
            "case_number": samples.case_number(COURT, 202), "subject": samples.subject("P02")})  # fmt: skip
        self.told.certificates += sum(message.type == "liandong.case.certificate.v1" for message in heard)
        legal = samples.legal_basis("inquire", court=COURT, case=202, valid_until=_time(2031, 12, 31))
        standing = samples.inquiry("P02", case=202, legal=legal, number="R202-STANDING", standing={"every_months": 6, "times": 10})
        self.standing, _ = self._cast.say(COURT, "liandong.inquiry.request.v1", standing, until=micros(datetime(2031, 12, 1, tzinfo=CHINA)))
        self._say(COURT, "case.statement", samples.statement(
            COURT, 202, version=2, status="round-closed", restricted=True, filed_on="2026-01-05", standing=self.standing))  # fmt: skip

    def _autumn(self) -> None:
        """Nobody renews the short seal: reminded three times, escalated, lapsed."""
        self._until(2026, 12, 1)

    def _winter(self) -> None:
        """The re-inquiry finds an account, and the round is resumed; the freeze is renewed in time; a debt is performed."""
        self._found_again = True
        self._until(2027, 1, 20)
        _, heard = self._cast.say(COURT, "liandong.case.review.v1", {
            "standing": self.standing, "round": 1, "outcome": "resumed", "officer": "GZ-9901-001", "reason": "查得可供执行财产"})  # fmt: skip
        self.told.resumed += sum(message.type == "liandong.case.noted.v1" for message in heard)
        self._say(COURT, "case.statement", samples.statement(COURT, 202, version=3, status="resumed", restricted=True))
        self._until(2027, 2, 20, sign=self.freeze)
        self._say(COURT, "case.statement", samples.statement(COURT, 204, version=2, status="performed", recovered="5050000.00"))
        self._until(2027, 4, 1, sign_releases=True)

    # -- time and speech -----------------------------------------------------------------------------------------------

    def _until(self, *at: int, sign: str | None = None, sign_releases: bool = False) -> None:
        """Time passes; renewals of the request `sign`, or releases that are due, are signed as the hub drafts them."""
        waiting = self._cast.run_until(micros(datetime(*at, tzinfo=CHINA))) if len(at) > 3 else self._cast.run_until(micros(datetime(at[0], at[1], at[2], 9, tzinfo=CHINA)))
        self._hear(waiting, sign, sign_releases=sign_releases)

    def _hear(self, heard: list[AnyMessage], sign: str | None = None, *, sign_releases: bool = False) -> None:
        self.told.reminders += len(_events(heard, "renewal-due"))
        self.told.lapsed += len(_events(heard, "measure-lapsed"))
        self.told.found += len(_events(heard, "recheck-found"))
        for event in _events(heard, "renewal-due"):
            if event.data.about == sign:
                self._cast.sign_draft(event)
                self.told.renewed += 1
                sign = None
        for event in _events(heard, "release-due") if sign_releases else []:
            self._cast.sign_draft(event)

    def _say(self, party: str, kind_and_event: str, data: Data) -> str:
        message_id, heard = self._cast.say(party, f"liandong.{kind_and_event}.v1", data)
        self._hear(heard)
        self._due = [*getattr(self, "_due", []), *_events(heard, "release-due")]
        self.told.lifted += sum(message.type == "liandong.case.lift-certificate.v1" for message in heard)
        return message_id

    def _answer(self, partner: str, request: RequestMessage) -> Data | None:
        """What each partner says: nothing on file, unless this debtor has something; every control as it is asked."""
        data = request.data
        if any(partner == silent and data.subject.name == samples.PEOPLE[who][0] for silent, who in self._silent):
            return None
        if isinstance(request, InquiryRequested):
            owns = data.subject.name == samples.PEOPLE["P03"][0] or self._found_again
            return {"kind": "result", "findings": [_FOUND], "searched": ["resident-id-18"]} if partner == "bank" and owns else {
                "kind": "no-record", "searched": ["resident-id-18", "resident-id-15"]}  # fmt: skip
        measure: dict[str, Any] = {"state": _STATES.get(data.action, "effective"), "reference": f"BH-{request.id[:8]}"}
        if isinstance(request, ControlRequested) and request.data.amount is not None:
            measure["controlled"] = request.data.amount
        return {"kind": "result", "measure": measure}

    def _task(self, request_id: str) -> str:
        """The id of the one task of a request."""
        return self.hub.task_ids(request_id)[0]


def since(directory: Directory, at: int) -> Directory:
    """`directory` with keys that were valid from `at` (µs) for two years: the year is played with today's keys."""
    end = at + 2 * 366 * 24 * 3600 * 1_000_000
    return Directory.of(
        replace(party, keys=tuple(replace(key, valid_from=at - 1, valid_until=end) for key in party.keys))
        for party in directory.parties.values()
    )


def _events(heard: list[AnyMessage], event: str) -> list[CaseMoved]:
    return [message for message in heard if isinstance(message, CaseMoved) and message.data.event == event]


def _time(*at: int) -> str:
    return format_time(datetime(*at, tzinfo=CHINA)) if at else format_time(from_micros(0))  # type: ignore[arg-type,misc]  # year, month, day, hour
