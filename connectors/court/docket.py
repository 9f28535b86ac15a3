"""The sample docket: read from its table, and sent. `python -m connectors.court.docket` prints it as JSON."""

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.court.approvals import sign_approvals
from connectors.court.drafts import finish
from connectors.court.items import SentRequest
from connectors.court.sdk import CourtClient, CourtError
from connectors.court.show import outcome_of
from connectors.court.tamper import records_of
from hub.engine.records import digest_of
from schemas import samples
from schemas.base import CHINA

DOCKET = Path(__file__).parents[2] / "config/samples/docket/docket.toml"
PATIENCE = 60.0
"""Longest wait for the conclusion that a later step needs, in seconds."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the docket, and what must come of it; the table's head explains the members.

    `original` and `after` are names of earlier steps; the draft holds no `original` where the step has one.
    """

    name: str
    case: str
    number: int
    court: str
    expect: str
    draft: Mapping[str, Any]
    original: str | None = None
    after: str | None = None
    tamper: str | None = None
    code: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """inquiry, control or locate."""
        return str(self.draft["type"].split(".")[1])

    @property
    def action(self) -> str:
        return str(self.draft["data"]["action"])


@dataclass(frozen=True, slots=True)
class SentStep:
    """A step, and what was sent for it. `records` are the SHA-256 of every record, in order."""

    step: Step
    request: SentRequest
    records: tuple[str, ...]


def load_docket(path: Path = DOCKET) -> list[Step]:
    """All steps in the order in which they are sent: those that wait for another's conclusion come last."""
    cases = tomllib.loads(path.read_text(encoding="utf-8"))["cases"]
    steps = [step for case in cases for step in _steps(case)]
    return sorted(steps, key=lambda step: step.after is not None)


def _steps(case: Mapping[str, Any]) -> Iterator[Step]:
    for number, row in enumerate(case["steps"], 1):
        plain = {name: row[name] for name in ("original", "after", "tamper", "code", "answers") if name in row}
        yield Step(row["name"], samples.case_number(case["court"], case["number"]), case["number"], case["court"], row["expect"],
                   _draft(case, f"CK{case['number']}-{number:02}", row), **plain)  # fmt: skip


def _draft(case: Mapping[str, Any], number: str, row: Mapping[str, Any]) -> dict[str, Any]:
    action, debtor = row["action"], case["debtor"]
    basis: dict[str, Any] = {"court": case["court"], "case": case["number"]}
    legal = samples.legal_basis(action, **basis)
    if debtor in samples.COMPANIES:
        legal["scope"]["partner_kinds"].remove("police")  # a company has no whereabouts
    changes = {"number": number} | row.get("data", {}) | {"legal": legal | row.get("legal", {})}
    kind = samples.kind_of_action(action)
    match kind:
        case "inquiry":
            data = samples.inquiry(debtor, **basis, **changes)
        case "control":
            data = samples.control(action, row["asset"], debtor, **basis, **changes)
        case _:
            data = samples.locate(action, debtor, **basis, **changes)
    return {"type": f"liandong.{kind}.request.v1", "data": data}


async def register_cases(clients: Mapping[str, CourtClient], cases: Iterable[tuple[str, int]]) -> None:
    """State sample cases (court and number) to the hub, and wait until each is noted; one that is registered stays so.

    Raises `BusError`, and `CourtError` case-refused.
    """
    stated: dict[str, list[SentRequest]] = {court: [] for court in clients}
    for court, number in dict.fromkeys(cases):
        draft = finish({"type": "liandong.case.statement.v1", "data": samples.statement(court, number)})
        stated[court].append(await clients[court].submit(draft))
    for court, sent in stated.items():
        for statement in sent:
            outcome = outcome_of(await clients[court].wait(statement, PATIENCE))
            if outcome not in ("noted", "refused case-version"):
                raise CourtError("case-refused", f"a case of {court} is not registered: {outcome}")


async def submit_docket(
    clients: Mapping[str, CourtClient], steps: list[Step], officers: Path, progress: Callable[[SentStep], None] = lambda _: None
) -> list[SentStep]:
    """Send `steps` in order, each by its court's client, approved with the keys in the folder `officers`; tell `progress`.

    A step with `after` is sent when that one is concluded. Raises `BusError`, and `CourtError` no-conclusion or case-refused.
    """
    await register_cases(clients, ((step.court, step.number) for step in steps))
    sent: dict[str, SentStep] = {}
    for step in steps:
        client = clients[step.court]
        if step.after is not None:
            await client.wait(sent[step.after].request, PATIENCE)
        data = dict(step.draft["data"])
        if step.original is not None:
            data["original"] = sent[step.original].request.request_id
        draft = sign_approvals(finish({"type": step.draft["type"], "data": data}), officers, datetime.now(CHINA))
        signed = client.sign(draft)
        records = records_of(client, draft, signed, step.tamper)
        for record in records:
            await client.send(record)
        digests = tuple(digest_of(record.value) for record in records)
        sent[step.name] = SentStep(step, SentRequest(signed.request_id, digests[0]), digests)
        progress(sent[step.name])
    return list(sent.values())


def main() -> None:
    print(json.dumps([asdict(step) for step in load_docket()], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
