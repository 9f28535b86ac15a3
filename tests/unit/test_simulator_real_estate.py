"""The real-estate registry's simulator, over its own protocol. Each test has its own request numbers and unit."""

import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientTimeout, ServerDisconnectedError

from schemas.identifiers import real_estate_unit_code, resident_id, resident_id_from_legacy, unified_social_credit_code
from tests.simulators import calls, effects, eventually, set_faults, simulator

P02 = {"XM": "钱淑芬", "ZJLX": "1", "ZJH": "99010019850923002X", "FIFTEENZJH": "990100850923002"}
P04 = {"XM": "李慧敏", "ZJLX": "1", "ZJH": "990100199103170041", "FIFTEENZJH": "990100910317004"}
P13 = {"XM": "蒋丽华", "ZJLX": "1", "ZJH": "990100199006060107", "FIFTEENZJH": "990100900606010"}
C01 = {"XM": "远航贸易(示例)有限公司", "ZJLX": "7", "ZJH": "91990000MA0000015Q"}
C04 = {"XM": "金桥置业(示例)有限公司", "ZJLX": "7", "ZJH": "91990000MA000004X6"}
P04_UNIT = "990100001002GB00015F00010501"
P13_UNIT = "990100001002GB00016F00030102"
C01_UNIT = "990100001002GB00017F00020001"
C04_UNITS = tuple(f"990100001002GB000{18 + i}F0004000{1 + i}" for i in range(3))
COURT = {"FYMC": "示例市第一人民法院", "AH": "（2026）示9901执1号", "CKH": "（2026）示9901执1号协助通知书"}
SEAL = {"KZCS": "11", "CKWH": "（2026）示9901执1号裁定书", "KSRQ": "2026-11-01", "JSRQ": "2029-10-31"}
RELEASE = {"KZCS": "14", "CKWH": "（2026）示9901执1号之一裁定书", "YDJAH": COURT["AH"]}
NUMBERS = (f"QQ-{n}" for n in count(1))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with simulator("real_estate", "--delay", "0.1") as listening:
        yield listening


@pytest_asyncio.fixture
async def registry(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(address, timeout=ClientTimeout(total=10)) as session:
        yield session
        await set_faults(session)


def _xml(root: str, fields: dict[str, str]) -> bytes:
    return (f"<{root}>" + "".join(f"<{name}>{text}</{name}>" for name, text in fields.items()) + f"</{root}>").encode()


def _parse(text: str) -> Element:
    return fromstring(text)  # noqa: S314  our own simulator's answer


async def _ticket(registry: ClientSession, fields: dict[str, str]) -> str:
    root, path = ("KZQQ", "/kzBdcQL") if "KZQQDH" in fields else ("CXQQ", "/cxBdcQL")
    async with registry.post(path, data=_xml(root, fields)) as response:
        assert response.status == 200, await response.text()
        return _parse(await response.text()).findtext("SLH", "")


async def _feed(registry: ClientSession, path: str, ticket: str) -> tuple[int, str]:
    async with registry.get(path, params={"ticket": ticket}) as response:
        return response.status, await response.text()


async def _poll(registry: ClientSession, path: str, ticket: str) -> Element:
    async def answered() -> str | None:
        status, text = await _feed(registry, path, ticket)
        assert status == 200 or (status, "处理中" in text) == (202, True)
        return text if status == 200 else None

    return _parse(await eventually(answered))


async def _inquire(registry: ClientSession, number: str, who: dict[str, str]) -> Element:
    return await _poll(registry, "/feedCxBdcQL", await _ticket(registry, {"CXQQDH": number, **who, **COURT}))


async def _control(registry: ClientSession, number: str, who: dict[str, str], unit: str, **more: str) -> Element:
    ticket = await _ticket(registry, {"KZQQDH": number, **who, **COURT, "BDCDYH": unit, **more})
    return await _poll(registry, "/feedkzBdcQL", ticket)


def test_the_samples_hold_identifiers_that_could_be_true_and_belong_to_nobody() -> None:
    samples = Path(__file__).parents[2] / "config/samples/partners/real-estate.json"
    for owner in json.loads(samples.read_text(encoding="utf-8"))["owners"]:
        number = owner["number"]
        if number.startswith("91"):
            assert unified_social_credit_code(number)[2:8] == "990000"
        else:
            assert (resident_id_from_legacy(number) if len(number) == 15 else resident_id(number)).startswith("99")
        for unit in owner["units"]:
            assert real_estate_unit_code(unit["code"]).startswith("990100")


async def test_rights_found(registry: ClientSession) -> None:
    number = next(NUMBERS)
    answer = await _inquire(registry, number, C04)
    assert (answer.findtext("CXQQDH"), answer.findtext("XM")) == (number, C04["XM"])
    assert answer.findtext("JG") == "有登记信息"
    assert tuple(right.findtext("BDCDYH") for right in answer.iter("QL")) == C04_UNITS


async def test_nothing_found_is_said(registry: ClientSession) -> None:
    answer = await _inquire(registry, next(NUMBERS), P02)
    assert answer.findtext("JG") == "查无登记信息"
    assert answer.find("QLLIST") is None


async def test_a_file_under_the_old_number_is_found_by_that_number_only(registry: ClientSession) -> None:
    found = await _inquire(registry, next(NUMBERS), P13)
    assert found.findtext(".//CF/CFLX") == "查封"
    without = {name: text for name, text in P13.items() if name != "FIFTEENZJH"}
    assert (await _inquire(registry, next(NUMBERS), without)).findtext("JG") == "查无登记信息"


async def test_another_name_on_file_is_returned_by_inquiry_and_control(registry: ClientSession) -> None:
    namesake, number = {**P04, "XM": "李慧明"}, next(NUMBERS)
    for answer in (
        await _inquire(registry, next(NUMBERS), namesake),
        await _control(registry, number, namesake, P04_UNIT, **SEAL),
    ):
        assert answer.findtext("JG") == "退回"
        assert answer.findtext("Htxx/THYY") == "T01"
        assert answer.findtext("Htxx/DJXM") == "李慧敏"
        assert answer.findtext("Htxx/LXDH")
        assert answer.find("KZZT") is None
    assert await effects(registry, number) == []


async def test_seal_then_release(registry: ClientSession) -> None:
    seal, unknown, other_case, release = (next(NUMBERS) for _ in range(4))
    sealed = await _control(registry, seal, P04, P04_UNIT, **SEAL)
    assert (sealed.findtext("KZZT"), sealed.findtext("CFLX"), sealed.findtext("JSRQ")) == ("1", "查封", "2029-10-31")
    assert (await _inquire(registry, next(NUMBERS), P04)).findtext(".//CF/CFJG") == COURT["FYMC"]
    refused = await _control(registry, unknown, P04, P04_UNIT, **RELEASE, YDJDH="QQ-0")
    assert (refused.findtext("KZZT"), refused.findtext("WNKZYY")) == ("2", "无对应的原查封登记")
    of_another_case = {**RELEASE, "YDJAH": "（2026）示9901执2号", "YDJDH": seal}
    assert (await _control(registry, other_case, P04, P04_UNIT, **of_another_case)).findtext("KZZT") == "2"
    assert (await _control(registry, release, P04, P04_UNIT, **RELEASE, YDJDH=seal)).findtext("KZZT") == "1"
    assert (await _inquire(registry, next(NUMBERS), P04)).find(".//CF") is None
    done = [await effects(registry, number) for number in (seal, unknown, other_case, release)]
    assert done == [["seal"], [], [], ["release"]]


async def test_a_seal_behind_another_court_is_queued(registry: ClientSession) -> None:
    queued = await _control(registry, next(NUMBERS), P13, P13_UNIT, **SEAL)
    assert (queued.findtext("KZZT"), queued.findtext("CFLX"), queued.findtext("LHSX")) == ("1", "轮候查封", "1")
    assert queued.find("JSRQ") is None


async def test_the_next_in_the_queue_takes_effect_when_the_first_is_released(registry: ClientSession) -> None:
    first, second = next(NUMBERS), next(NUMBERS)
    await _control(registry, first, C04, C04_UNITS[0], **SEAL)
    await _control(registry, second, C04, C04_UNITS[0], **SEAL)
    assert await effects(registry, second) == ["queue-seal"]
    await _control(registry, next(NUMBERS), C04, C04_UNITS[0], **RELEASE, YDJDH=first)
    assert await effects(registry, second) == ["queue-seal", "queue-converted"]


@pytest.mark.parametrize(
    ("unit", "more", "status", "detail"),
    [
        (P13_UNIT, SEAL, "2", "该权利人名下无此不动产单元"),
        (P04_UNIT, {"KZCS": "16"}, None, "T02"),
        (P04_UNIT, {"KZCS": "11"}, None, "T03"),
    ],
)
async def test_what_cannot_be_sealed(
    registry: ClientSession, unit: str, more: dict[str, str], status: str | None, detail: str
) -> None:
    number = next(NUMBERS)
    answer = await _control(registry, number, P04, unit, **more)
    assert answer.findtext("KZZT") == status
    assert detail in (answer.findtext("WNKZYY"), answer.findtext("Htxx/THYY"))
    assert await effects(registry, number) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<CXQQ>", "E01"),
        ('<!DOCTYPE x [<!ENTITY e "x">]><CXQQ><CXQQDH>&e;</CXQQDH></CXQQ>', "E01"),
        ("<KZQQ/>", "E02"),
        ("<CXQQ><CXQQDH>QQ-0</CXQQDH></CXQQ>", "E03"),
    ],
)
async def test_what_is_not_understood(registry: ClientSession, body: str, code: str) -> None:
    async with registry.post("/cxBdcQL", data=body.encode()) as response:
        assert response.status == 400
        assert _parse(await response.text()).findtext("CWDM") == code


async def test_a_repeated_number_gets_its_first_ticket_and_lookup_finds_it(registry: ClientSession) -> None:
    number = next(NUMBERS)
    fields = {"KZQQDH": number, **C04, **COURT, "BDCDYH": C04_UNITS[1], **SEAL}
    ticket = await _ticket(registry, fields)
    assert await _ticket(registry, fields) == ticket
    async with registry.get("/lookup", params={"number": number}) as response:
        assert _parse(await response.text()).findtext("SLH") == ticket
    for path in ("/lookup?number=QQ-0", "/feedkzBdcQL?ticket=SL0", f"/feedCxBdcQL?ticket={ticket}"):
        async with registry.get(path) as response:
            assert response.status == 404
    assert await effects(registry, number) == ["seal"]
    submitted = [call["executed"] for call in await calls(registry, number) if call["operation"] == "kzBdcQL"]
    assert submitted == [True, False]


@pytest.mark.parametrize(
    ("rule", "status", "retry_after"),
    [({"kind": "too-many-requests", "retry_after": 7}, 429, "7"), ({"kind": "server-error"}, 503, None)],
)
async def test_refused_calls_do_nothing(
    registry: ClientSession, rule: dict[str, Any], status: int, retry_after: str | None
) -> None:
    number = next(NUMBERS)
    await set_faults(registry, {**rule, "operation": "kzBdcQL", "times": 1})
    fields = {"KZQQDH": number, **C04, **COURT, "BDCDYH": C04_UNITS[2], **SEAL}
    async with registry.post("/kzBdcQL", data=_xml("KZQQ", fields)) as response:
        assert (response.status, response.headers.get("Retry-After")) == (status, retry_after)
    assert await effects(registry, number) == []
    assert await _ticket(registry, fields)
    seen = [(call["executed"], call["fault"]) for call in await calls(registry, number)]
    assert seen == [(False, rule["kind"]), (True, None)]


async def test_a_time_out_after_the_work_was_done_is_recovered_by_lookup(registry: ClientSession) -> None:
    number = next(NUMBERS)
    await set_faults(registry, {"kind": "execute-then-timeout", "operation": "kzBdcQL", "times": 1, "seconds": 0.05})
    with pytest.raises(ServerDisconnectedError):
        await _control(registry, number, C01, C01_UNIT, **SEAL)
    async with registry.get("/lookup", params={"number": number}) as response:
        ticket = _parse(await response.text()).findtext("SLH", "")
    assert (await _poll(registry, "/feedkzBdcQL", ticket)).findtext("KZZT") == "1"
    assert await effects(registry, number) == ["seal"]


async def test_latency_outlasts_an_impatient_client(registry: ClientSession) -> None:
    fields = {"CXQQDH": next(NUMBERS), **P04, **COURT}
    await set_faults(registry, {"kind": "latency", "seconds": 5, "times": 1})
    with pytest.raises(TimeoutError):
        await registry.post("/cxBdcQL", data=_xml("CXQQ", fields), timeout=ClientTimeout(total=0.2))
    assert await _ticket(registry, fields)


async def test_wrong_answer_names_somebody_else_where_the_match_says(registry: ClientSession) -> None:
    number = next(NUMBERS)
    await set_faults(registry, {"kind": "wrong-answer", "match": P04["ZJH"]})
    wrong = await _inquire(registry, number, P04)
    assert wrong.findtext("CXQQDH") == number
    assert wrong.findtext("XM") not in (None, "李慧敏")
    assert P04["ZJH"] not in [field.text for field in wrong.iter()]
    assert (await _inquire(registry, next(NUMBERS), P02)).findtext("XM") == "钱淑芬"


async def test_broken_answer_is_no_xml(registry: ClientSession) -> None:
    await set_faults(registry, {"kind": "broken-answer", "times": 1})
    with pytest.raises(ParseError):
        await _inquire(registry, next(NUMBERS), P04)
    assert (await _inquire(registry, next(NUMBERS), P04)).findtext("JG") == "有登记信息"


async def test_silence_gives_a_ticket_and_a_late_answer(registry: ClientSession) -> None:
    await set_faults(registry, {"kind": "silence", "times": 1, "seconds": 2.0})
    silent = await _ticket(registry, {"CXQQDH": next(NUMBERS), **P04, **COURT})
    assert (await _inquire(registry, next(NUMBERS), P04)).findtext("JG") == "有登记信息"
    assert (await _feed(registry, "/feedCxBdcQL", silent))[0] == 202
    assert (await _poll(registry, "/feedCxBdcQL", silent)).findtext("JG") == "有登记信息"


async def test_silence_without_end_stays_when_the_fault_is_lifted(registry: ClientSession) -> None:
    await set_faults(registry, {"kind": "silence"})
    silent = await _ticket(registry, {"CXQQDH": next(NUMBERS), **P04, **COURT})
    await set_faults(registry)
    assert (await _inquire(registry, next(NUMBERS), P04)).findtext("JG") == "有登记信息"
    assert (await _feed(registry, "/feedCxBdcQL", silent))[0] == 202
