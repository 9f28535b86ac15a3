"""A year of casework, replayed on a virtual clock: reminders, a lapse prevented and one that was not, a watch hit at night, a
closed round whose re-inquiry finds something, leads, an entrusted matter, a debt performed; and the bulletins of it."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from deploy.demo.cast import Cast
from deploy.demo.virtual import VirtualHub
from deploy.demo.world import HUB, ROOT, World
from hub.bulletins.files import write
from hub.config import load_rulebook
from hub.rules.bulletins import Cadence
from hub.rules.terms import DAY
from hub.settings import Secrets
from hub.store.database import Database
from hub.trust import keys
from hub.trust.jws import Signer
from hub.trust.notes import NoteSigner
from hub.trust.parties import Directory
from schemas import samples
from schemas.base import CHINA, format_time, micros
from schemas.legal import DocumentKind
from schemas.messages import AnyMessage, CaseMoved, ControlRequested, InquiryRequested, RequestMessage
from schemas.samples import Data

COURT, OTHER = "court-9901", "court-9902"
BEGINS, ENDS = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA), datetime(2027, 4, 1, 9, 0, tzinfo=CHINA)
_BULLETINS: dict[Cadence, date] = {
    Cadence.DAILY: date(2026, 4, 9), Cadence.WEEKLY: date(2026, 3, 4), Cadence.MONTHLY: date(2026, 4, 15)}  # fmt: skip
_FOUND = {"kind": "account", "number": samples.ACCOUNT["number"], "branch": "示例支行", "currency": "CNY", "status": "正常",
          "balance": "80000.00", "available": "80000.00"}  # fmt: skip
_STATES = {"renew": "renewed", "release": "released", "deduct": "deducted", "watch": "armed", "road-control": "armed",
           "withdraw": "withdrawn", "restrict": "restricted", "lift": "lifted"}  # fmt: skip


@dataclass
class Told:
    """What the hub said in the year, by kind and event of its messages and by code of its case events; `renewed` counts the
    measures that a court renewed in time."""

    types: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    renewed: int = 0


class Year:
    """The story, told step by step to a hub of its own in `folder`."""

    def __init__(self, world: World, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        directory = since(Directory.load(world.parties), micros(BEGINS))
        secrets = Secrets.read(world.folder / "keys" / "hub.secret")
        rulebook = load_rulebook(ROOT / "config", ROOT / "config" / "agreements", directory)
        self.hub = VirtualHub(Database(folder / "hub.db"), directory, rulebook, Signer(keys.load(world.key(HUB))),
                              secret=secrets.tokens, master=secrets.master, now=micros(BEGINS))  # fmt: skip
        self._cast = Cast(world, self.hub, self._answer)
        self._found_again = False
        self._renewed_in_time = ""
        self._silent: set[tuple[str, str]] = set()
        self.told = Told()

    def run(self) -> Told:
        """All of it, from March to the March after."""
        self._spring()
        self._summer()
        self._autumn()
        self._winter()
        return self.told

    def publish(self, log: NoteSigner, bulletins: Path) -> list[Path]:
        """Put the year into a log of its own, signed by `log`, and write the bulletins of a day, a week and a month."""
        directory = self._folder / "log"
        directory.mkdir(exist_ok=True)
        (directory / "log.vkey").write_text(f"{log.verifier}\n", encoding="utf-8")
        self.hub.sequence(directory, log)
        self.hub.close()
        names = {party.id: (party.name_zh, party.name_en) for party in self.hub.directory.parties.values()}
        files = []
        for cadence, day in _BULLETINS.items():
            files += write(cadence, day, directory, log.verifier, bulletins, ("zh", "en"), names, ROOT / "config" / "bulletins.toml")
        return files

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
        self._renewed_in_time = self._say(COURT, "control.request", samples.control("freeze", case=201))
        self._say(COURT, "control.request", samples.control(
            "seal", samples.VEHICLE, "P05", case=204, term_months=6, number="R204-SEAL-SHORT"))  # fmt: skip
        self._watch = self._say(COURT, "locate.request", samples.locate("watch", "P07", case=203, until=_time(2027, 2, 1)))
        self._until(2026, 4, 8)
        lead = self._say(COURT, "lead.submission", {
            "number": "XS-0001", "court": COURT, "case_number": samples.case_number(COURT, 204), "by": "grid-assistant",
            "about": "asset", "subject": samples.subject("P04"), "asset": samples.UNIT, "text": "被执行人出租该房屋", "urgent": True,
        })  # fmt: skip
        self._until(2026, 4, 9)
        self._say(COURT, "lead.verdict", {"lead": lead, "outcome": "confirmed", "officer": "GZ-9901-001", "reason": "房屋登记在其名下"})
        self._say(COURT, "control.request", samples.control("seal", samples.UNIT, "P04", case=204, term_months=36, lead=lead))
        self._entrust()

    def _entrust(self) -> None:
        """One matter is done in time; the other gets no answer, and the superior court is told."""
        for number, answered in (("WT-0001", True), ("WT-0002", False)):
            matter = self._say(COURT, "entrust.request", {
                "number": number, "case_number": samples.case_number(COURT, 203), "to": OTHER, "matter": "visit",
                "subject": samples.subject("P07"), "place": "示例市示例路 1 号", "what": "走访被执行人住所",
                "documents": [samples.document(DocumentKind.ASSISTANCE_NOTICE, samples.case_number(COURT, 203))],
                "handler": "GZ-9901-001", "supervisor": "GZ-9901-003", "contact": {"name": "何承办", "phone": "0990-0000002"},
            })  # fmt: skip
            for step in ("signed-for", "accepted", "done") if answered else ():
                self._say(OTHER, "entrust.step", {"matter": matter, "step": step, "officer": "GZ-9902-001", "text": "按期办理"})

    def _summer(self) -> None:
        """A watch hits at three in the morning; a round is closed with its certificate and its standing inquiry."""
        self._until(2026, 6, 20, 3)
        contact = {"name": "示例市公安局指挥中心值班民警", "phone": "0999-5550110"}
        hit, heard = self._cast.report("police", "liandong.locate.hit.v1", {
            "task_id": self._cast.task(self._watch), "event": "HIT-1", "at": _time(2026, 6, 20, 3), "place": "示例市高铁站进站口",
            "contact": contact}, self._watch)  # fmt: skip
        self._hear(heard)
        self._until(2026, 6, 20, 4)
        self._say(COURT, "case.handover", {"hit": hit, "outcome": "handed-over", "officer": "GZ-9901-002"})
        self._until(2026, 7, 1)
        # What was answered in March is too old for a certificate to close a round with.
        self._say(COURT, "inquiry.request", samples.inquiry("P02", case=202, number="R202-BEFORE-CLOSING"))
        self._say(COURT, "case.certificate-request", {
            "case_number": samples.case_number(COURT, 202), "subject": samples.subject("P02")})  # fmt: skip
        legal = samples.legal_basis("inquire", court=COURT, case=202, valid_until=_time(2031, 12, 31))
        standing = samples.inquiry("P02", case=202, legal=legal, number="R202-STANDING", standing={"every_months": 6, "times": 10})
        self._standing = self._say(COURT, "inquiry.request", standing, micros(datetime(2031, 12, 1, tzinfo=CHINA)))
        self._say(COURT, "case.statement", samples.statement(
            COURT, 202, version=2, status="round-closed", restricted=True, filed_on="2026-01-05", standing=self._standing))  # fmt: skip

    def _autumn(self) -> None:
        """Nobody renews the short seal: reminded three times, escalated, lapsed."""
        self._until(2026, 12, 1)

    def _winter(self) -> None:
        """The re-inquiry finds an account, and the round is resumed; the freeze is renewed in time; a debt is performed."""
        self._found_again = True
        self._until(2027, 1, 8)
        self._say(COURT, "case.review", {
            "standing": self._standing, "round": 1, "outcome": "resumed", "officer": "GZ-9901-001", "reason": "查得可供执行财产"})  # fmt: skip
        self._say(COURT, "case.statement", samples.statement(COURT, 202, version=3, status="resumed", restricted=True))
        self._until(2027, 2, 20)
        self._say(COURT, "case.statement", samples.statement(COURT, 204, version=2, status="performed", recovered="5050000.00"))
        self._until(2027, 4, 1)

    # -- time and speech -----------------------------------------------------------------------------------------------

    def _until(self, year: int, month: int, day: int, hour: int = 9) -> None:
        """Time passes, day by day: a court reads what the hub says each morning."""
        end = micros(datetime(year, month, day, hour, tzinfo=CHINA))
        while self.hub.now < end:
            self._hear(self._cast.run_until(min(end, self.hub.now + DAY)))

    def _say(self, party: str, kind_and_event: str, data: Data, until: int | None = None) -> str:
        message_id, heard = self._cast.say(party, f"liandong.{kind_and_event}.v1", data, until)
        self._hear(heard)
        return message_id

    def _hear(self, heard: list[AnyMessage]) -> None:
        """Count what the hub said; sign the renewal that is not forgotten, and every release that is due."""
        for message in heard:
            self.told.types[message.type.removeprefix("liandong.").removesuffix(".v1")] += 1
            if isinstance(message, CaseMoved):
                self.told.events[message.data.event] += 1
        for event in _events(heard, "renewal-due"):
            if event.data.about == self._renewed_in_time:
                self._renewed_in_time = ""
                self.told.renewed += 1
                self._hear(self._cast.sign_draft(event)[1])
        for event in _events(heard, "release-due"):
            self._hear(self._cast.sign_draft(event)[1])

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



def since(directory: Directory, at: int) -> Directory:
    """`directory` with keys that were valid from `at` (µs) for two years: the year is played with today's keys."""
    end = at + 2 * 366 * 24 * 3600 * 1_000_000
    return Directory.of(
        replace(party, keys=tuple(replace(key, valid_from=at - 1, valid_until=end) for key in party.keys))
        for party in directory.parties.values()
    )


def _events(heard: list[AnyMessage], event: str) -> list[CaseMoved]:
    return [message for message in heard if isinstance(message, CaseMoved) and message.data.event == event]


def _time(year: int, month: int, day: int, hour: int = 0) -> str:
    return format_time(datetime(year, month, day, hour, tzinfo=CHINA))
