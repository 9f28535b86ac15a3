"""Whatever a partner's system answers, its connector makes an outcome or one of its two faults of it, and nothing else.

Good answers come from the simulators once; then one of them is changed: a byte, a value, a member, an element, or all of it.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, tostring

import aiohttp
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors import bank, business_registry, police, real_estate, vehicle
from connectors.base import Answer, Connector, Job, Outcome, Pending, ProtocolFault, TransientFault
from connectors.police import mapping as police_mapping
from connectors.police.protocol import EVENT, Hit
from hub.engine.records import digest_of
from schemas import replies
from schemas.base import Model, from_micros
from schemas.messages import ControlRequested, InquiryRequested, LocateRequested, parse
from schemas.replies import Reply
from schemas.samples import kind_of_action
from tests.factories import Data, control, inquiry, locate, message
from tests.simulators import simulator
from tests.trees import GONE, changed, paths

KEY = "00000000-0000-8000-8000-00000000000a"


class Partner(NamedTuple):
    """A protocol, its simulator, its options but for the address and the folder for secrets, and what it is asked."""

    protocol: type[Connector]
    program: tuple[str, ...]
    options: Mapping[str, Any]
    secret: str
    asked: tuple[Data, ...]


PARTNERS = {
    "bank": Partner(bank.PROTOCOL, ("bank",), {}, "", (
        inquiry("P01"), control("freeze", {"kind": "account", "number": "9901-0000002001"}, "C01", amount="10.00"),
    )),
    "real-estate": Partner(real_estate.PROTOCOL, ("real_estate", "--delay", "0"), {}, "", (
        inquiry("P01"), control("seal", {"kind": "real-estate", "unit_code": "990100001002GB00015F00010501"}, "P04"),
    )),
    "vehicle": Partner(vehicle.PROTOCOL, ("vehicle", "--rate", "1000", "--burst", "1000"), {}, "api_key_file", (
        inquiry("P01"), control("seal", {"kind": "vehicle", "plate": "粤B9A005", "vin": "L9ZZZ9907TZ000002"}, "P05"),
    )),
    "business-registry": Partner(
        business_registry.PROTOCOL, ("business_registry", "--publicity-delay", "0"), {"client_id": "liandong"}, "client_secret_file",
        (inquiry("P01"), control("freeze", {"kind": "equity", "company": "91990000MA0000015Q"}, "P01", term_months=36)),
    ),
    "police": Partner(
        police.PROTOCOL, ("police", "--answer-after", "0"), {"callback_url": "http://127.0.0.1:9"}, "secret_file",
        (inquiry("P01"), locate("road-control", "P05")),
    ),
}  # fmt: skip
KEYS = {"vehicle": "vehicle-demo-key", "business-registry": "registry-demo-secret", "police": "police-demo-secret"}


@dataclass
class Content:
    """As much of aiohttp's stream as `exchange` uses."""

    raw: bytes

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for at in range(0, len(self.raw), size):
            yield self.raw[at : at + size]


@dataclass
class Said:
    """One answer of the partner's."""

    status: int
    raw: bytes
    headers: Mapping[str, str]

    @property
    def content(self) -> Content:
        return Content(self.raw)


class Recorder:
    """Asks the simulator, and keeps what it said."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.said: list[Said] = []

    @contextlib.asynccontextmanager
    async def request(self, method: str, url: str, **request: Any) -> AsyncIterator[Said]:
        async with self._http.request(method, url, **request) as answer:
            self.said.append(Said(answer.status, await answer.read(), dict(answer.headers)))
            yield self.said[-1]


class Replay:
    """Gives these answers in order, and the last one for ever."""

    def __init__(self, said: list[Said]) -> None:
        self._said = said
        self._asked = 0

    @contextlib.asynccontextmanager
    async def request(self, *_: Any, **__: Any) -> AsyncIterator[Said]:
        self._asked += 1
        yield self._said[min(self._asked, len(self._said)) - 1]


class Talk(NamedTuple):
    """One job, and the partner's good answers to it in order."""

    connector: Any
    options: Mapping[str, Any]
    job: Job
    said: list[Said]


def job_of(data: Data) -> Job:
    asked = parse(message(f"liandong.{kind_of_action(data['action'])}.request.v1", "court-9901", "hub", data))
    assert isinstance(asked, InquiryRequested | ControlRequested | LocateRequested)
    return Job(KEY, asked, 1, court="示例市第一人民法院")


async def carry_out(connector: Connector, job: Job, polls: int = 3, wait: float = 0.0) -> Outcome | None:
    """Call, and ask again a few times while the partner has it."""
    outcome = (await connector.call([job])).get(job.key)
    for _ in range(polls):
        if not isinstance(outcome, Pending):
            break
        await asyncio.sleep(wait)
        job = replace(job, state=outcome.state)
        outcome = (await connector.call([job])).get(job.key)
    return outcome


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Talk]]:
    """What each simulator answers to an inquiry and to a measure."""
    folder = tmp_path_factory.mktemp("secrets")

    async def talk(name: str, partner: Partner, address: str) -> list[Talk]:
        options = dict(partner.options) | {"base_url": address}
        if partner.secret:
            (folder / name).write_text(KEYS[name], encoding="utf-8")
            options[partner.secret] = str(folder / name)
        made = []
        async with aiohttp.ClientSession() as http:
            for data in partner.asked:
                recorder, job = Recorder(http), replace(job_of(data), key=str(uuid.uuid4()))
                outcome = await carry_out(partner.protocol(recorder, options), job, 20, 0.05)  # type: ignore[arg-type]  # as much of a session as is used
                assert isinstance(outcome, Answer), (name, data["action"], outcome)
                made.append(Talk(partner.protocol, options, job, recorder.said))
        return made

    found = {}
    for name, partner in PARTNERS.items():
        with simulator(*partner.program) as address:
            found[name] = asyncio.run(talk(name, partner, address))
    return found


WORDS = st.sampled_from((
    "", " ", "\n", "x" * 600, "-1", "0", "01", "1e999", "NaN", "9" * 400, "2026-02-30", "9999-12-31", "0000-00-00", "１２３", "=1+1",
    "\x1b[2J", "\x85", "\u202e", "\ud800", "../../x", "OK", "NO_RECORD", "查无", "null", "有", "1.00", "1.001", "12345678901234567.00",
))  # fmt: skip
VALUES = st.one_of(WORDS, st.sampled_from((GONE, None, True, {}, [], [[]], {"a": 1}, 0, -1, 2**70, 10**400, 1.5, 1e300)))


def spoilt_json(raw: bytes, data: st.DataObject) -> bytes:
    value = json.loads(raw)
    return json.dumps(changed(value, data.draw(st.sampled_from([path for path, _ in paths(value)])), data.draw(VALUES))).encode()


def spoilt_xml(raw: bytes, data: st.DataObject) -> bytes:
    root: Element = fromstring(raw)
    parents = [(parent, child) for parent in root.iter() for child in parent]
    parent, child = data.draw(st.sampled_from(parents))
    match data.draw(st.sampled_from(("text", "gone", "twice", "inside", "tag"))):
        case "text":
            child.text = data.draw(WORDS)
        case "gone":
            parent.remove(child)
        case "twice":
            parent.append(child)
        case "inside":
            other = data.draw(st.sampled_from(parents))[1]
            child.extend([Element(other.tag)])
        case "tag":
            child.tag = data.draw(st.sampled_from(parents))[1].tag
    return tostring(root, encoding="unicode").encode("utf-8", "surrogatepass")


@seed(20260303)
@settings(max_examples=150, database=None)
@given(data=st.data())
def test_a_changed_event_of_the_police_is_refused_or_can_be_signed(talks: Mapping[str, list[Talk]], data: st.DataObject) -> None:
    """After its signature: whoever has the secret may still send nonsense."""
    answers = [json.loads(talk.said[-1].raw)["answer"] for talk in talks["police"]]
    hit = answers[-1] | {"type": "hit", "place": "示例市高铁站", "dutyOfficer": {"name": "值班员", "phone": "0990-110"}}
    assert isinstance(EVENT.validate_json(json.dumps(hit)), Hit)
    body = spoilt_json(json.dumps(data.draw(st.sampled_from([*answers, hit]))).encode(), data)
    try:
        event = EVENT.validate_json(body)
        if isinstance(event, Hit):
            note = police_mapping.hit(event)
            signed: Model = replies.Hit(task_id=KEY, event=note.event, at=note.at, place=note.place, contact=note.contact)
        else:
            signed = reply(police_mapping.answer(event, body))
    except (ValidationError, ProtocolFault):
        return
    signed.model_dump_json()


def spoilt(said: Said, data: st.DataObject) -> Said:
    """One answer, changed."""
    match data.draw(st.sampled_from(("tree", "tree", "tree", "byte", "cut", "other", "status"))):
        case "tree":
            return replace(said, raw=(spoilt_xml if said.raw.startswith(b"<") else spoilt_json)(said.raw, data))
        case "byte":
            at = data.draw(st.integers(0, len(said.raw) - 1))
            return replace(said, raw=said.raw[:at] + bytes([data.draw(st.integers(0, 255))]) + said.raw[at + 1 :])
        case "cut":
            return replace(said, raw=said.raw[: data.draw(st.integers(0, len(said.raw)))])
        case "status":
            status = data.draw(st.sampled_from((200, 202, 204, 301, 400, 401, 404, 409, 429, 500, 503)))
            return replace(said, status=status, headers={"Retry-After": data.draw(WORDS)})
        case _:
            return replace(said, raw=data.draw(st.binary(max_size=50)))


def judge(talk: Talk, said: list[Said]) -> None:
    """Anything but an outcome that can be signed, or a fault, fails the test."""
    try:
        outcome = asyncio.run(carry_out(talk.connector(Replay(said), talk.options), talk.job))
    except (TransientFault, ProtocolFault):
        return
    if isinstance(outcome, Answer):
        reply(outcome).model_dump_json(exclude_none=True)


def reply(answer: Answer) -> Reply:
    """As the connector's desk signs it."""
    return Reply(
        task_id=KEY, kind=answer.kind, answered_at=from_micros(0), findings=answer.findings, measure=answer.measure,
        reason=answer.reason, contact=answer.contact, searched=answer.searched, raw_sha256=digest_of(answer.raw),
    )  # fmt: skip


@pytest.mark.parametrize("partner", PARTNERS)
@seed(20260302)
@settings(max_examples=100, database=None)
@given(data=st.data())
def test_a_changed_answer_is_an_outcome_or_a_fault(talks: Mapping[str, list[Talk]], partner: str, data: st.DataObject) -> None:
    talk = data.draw(st.sampled_from(talks[partner]))
    at = data.draw(st.integers(0, len(talk.said) - 1))
    judge(talk, [spoilt(said, data) if n == at else said for n, said in enumerate(talk.said)])


@pytest.mark.parametrize("partner", PARTNERS)
@pytest.mark.parametrize("raw", [
    b"[" * 1_000_000, b'{"a":' * 200_000, b"<A>" * 300_000, b"<A>" * 300_000 + b"</A>" * 300_000, b"9" * 1_000_000,
    b"[" + b"{}," * 400_000 + b"{}]", b'{"vehicles":[' + b"{}," * 400_000 + b"{}]}", b"<CXFK>" + b"<QL/>" * 200_000 + b"</CXFK>",
    b'<!DOCTYPE A [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Packet><BDHM>&b;</BDHM></Packet>',
    b'<!DOCTYPE A [<!ENTITY a SYSTEM "file:///etc/passwd">]><Packet><BDHM>&a;</BDHM></Packet>',
    b'<!DOCTYPE A SYSTEM "http://127.0.0.1:9/a.dtd"><Packet/>', b"<?xml version='1.0' encoding='idna'?><Packet/>",
    b"<?xml version='1.0' encoding='utf-16'?><Packet/>", b"\xff\xfe<\x00P\x00/\x00>\x00", b'{"a":"' + b"\\u0000" * 100_000 + b'"}',
], ids=lambda raw: repr(raw[:24]))  # fmt: skip
def test_deep_and_huge_answers_are_faults(talks: Mapping[str, list[Talk]], partner: str, raw: bytes) -> None:
    for talk in talks[partner]:
        for at in range(len(talk.said)):
            said = [replace(said, raw=raw) if n == at else said for n, said in enumerate(talk.said)]
            with pytest.raises((TransientFault, ProtocolFault)):
                asyncio.run(carry_out(talk.connector(Replay(said), talk.options), talk.job))
