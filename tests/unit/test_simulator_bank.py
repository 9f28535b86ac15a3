"""The bank's simulator, over its own protocol. Each test has its own request numbers."""

import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientTimeout

from schemas.identifiers import balance, bank_card_warnings, resident_id, unified_social_credit_code
from tests.simulators import Act, FaultSuite, effects, eventually, set_faults, simulator

SAMPLES = Path(__file__).parents[2] / "config/samples/partners"
DATA = json.loads((SAMPLES / "bank.json").read_text(encoding="utf-8"))
ACCOUNTS = {customer["number"]: [a["number"] for a in customer["accounts"]] for customer in DATA["customers"]}
P01 = {"XM": "赵明远", "ZJLX": "1", "DSRZJHM": "990100197805120015"}
P02 = {"XM": "钱淑芬", "ZJLX": "1", "DSRZJHM": "99010019850923002X"}
P03 = {"XM": "孙立国", "ZJLX": "1", "DSRZJHM": "990100196901080039"}
P08 = {"XM": "王志强", "ZJLX": "1", "DSRZJHM": "990100196604050095"}
P11 = {"XM": "褚文斌", "ZJLX": "1", "DSRZJHM": "990100197907250136"}
P14 = {"XM": "沈大勇", "ZJLX": "1", "DSRZJHM": "990100197603030177"}
C01 = {"XM": "远航贸易(示例)有限公司", "ZJLX": "7", "DSRZJHM": "91990000MA0000015Q"}
C02 = {"XM": "宏达建筑(示例)有限公司", "ZJLX": "7", "DSRZJHM": "91990000MA0000023K"}
C03 = {"XM": "清源科技(示例)有限公司", "ZJLX": "7", "DSRZJHM": "91990000MA0000031E"}
COURT = {
    "FYMC": "示例市第一人民法院",
    "CBR": "示例法官",
    "AH": "（2026）示9901执1号",
    "GZZBH": "GZ-9901",
    "GWZBH": "GW-9901",
    "CKH": "（2026）示9901执1号协助通知书",
}
FREEZE = {"KZCS": "01", "KZLX": "1", "CKWH": "（2026）示9901执1号裁定书", "KSRQ": "2026-11-01", "JSRQ": "2027-10-31"}
RELEASE = {"KZCS": "04", "KZLX": "1", "CKWH": "（2026）示9901执1号之一裁定书", "YDJAH": COURT["AH"]}
NUMBERS = (f"QQ-{n}" for n in count(1))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with simulator("bank") as listening:
        yield listening


@pytest_asyncio.fixture
async def partner(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(address, timeout=ClientTimeout(total=10)) as session:
        yield session
        await set_faults(session)


def _request(kind: str, number: str, who: dict[str, str], **more: str) -> str:
    fields = {"QQDH": number, **who, **COURT, **more}
    return f"<{kind}>" + "".join(f"<{name}>{text}</{name}>" for name, text in fields.items()) + f"</{kind}>"


def _inquiry(number: str, who: dict[str, str]) -> str:
    return _request("Cxqq", number, who)


def _freeze(number: str, who: dict[str, str], amount: str, **more: str) -> str:
    return _request("Kzqq", number, who, **{"ZH": ACCOUNTS[who["DSRZJHM"]][0], "JE": amount, **FREEZE, **more})


def _release(number: str, who: dict[str, str], original: str, **more: str) -> str:
    return _request("Kzqq", number, who, **{"ZH": ACCOUNTS[who["DSRZJHM"]][0], "YDJDH": original, **RELEASE, **more})


async def _post(partner: ClientSession, packet: str, *requests: str) -> tuple[int, str]:
    body = f"<Packet><BDHM>{packet}</BDHM>{''.join(requests)}</Packet>"
    async with partner.post("/packets", data=body.encode()) as response:
        return response.status, await response.text()


async def _send(partner: ClientSession, *requests: str) -> dict[str, Element]:
    """The answers of one packet, by request number."""
    packet = next(NUMBERS)
    status, text = await _post(partner, packet, *requests)
    assert status == 200, text
    answer = fromstring(text)  # noqa: S314  our own simulator's answer
    assert answer.findtext("BDHM") == packet
    return {child.findtext("QQDH", ""): child for child in answer if child.find("QQDH") is not None}


@pytest.fixture
def act(partner: ClientSession) -> Act:
    """Freezes one yuan: packet and request have the same number."""

    async def freeze(number: str) -> tuple[int, str]:
        return await _post(partner, number, _freeze(number, C01, "1.00"))

    return freeze


class TestFaults(FaultSuite):
    operation = "packets"
    effect = "freeze"


@pytest.mark.parametrize("bank", ["bank", "bank-two"])
def test_the_samples_hold_identifiers_that_could_be_true_and_belong_to_nobody(bank: str) -> None:
    for customer in json.loads((SAMPLES / f"{bank}.json").read_text(encoding="utf-8"))["customers"]:
        number = customer["number"]
        company = number.startswith("91")
        assert number == (unified_social_credit_code(number) if company else resident_id(number))
        assert number[2:8] == "990000" if company else number.startswith("99")
        for account in customer["accounts"]:
            assert account["balance"] == balance(account["balance"])
            assert company or bank_card_warnings(account["number"]) == []


async def test_accounts_found(partner: ClientSession) -> None:
    answer = (await _send(partner, _inquiry("QQ-P01", P01)))["QQ-P01"]
    assert (answer.tag, answer.findtext("XM"), answer.findtext("DSRZJHM")) == ("Cxjg", "赵明远", P01["DSRZJHM"])
    assert [account.findtext("ZH") for account in answer.iter("Zhxx")] == ACCOUNTS[P01["DSRZJHM"]]
    assert [account.findtext("YE") for account in answer.iter("Zhxx")] == ["126530.42", "3088.00"]


async def test_nothing_found_is_said(partner: ClientSession) -> None:
    answer = (await _send(partner, _inquiry("QQ-P02", P02)))["QQ-P02"]
    assert [account.findtext("ZH") for account in answer.iter("Zhxx")] == ["查无开户信息"]


async def test_measures_of_others_and_flags_are_shown(partner: ClientSession) -> None:
    answers = await _send(partner, _inquiry("QQ-C03", C03), _inquiry("QQ-C02", C02))
    frozen = answers["QQ-C03"]
    assert (frozen.findtext("Zhxx/Sfcs/CSJG"), frozen.findtext("Zhxx/Sfcs/CSJE")) == ("示例市第三人民法院", "20000.00")
    assert (frozen.findtext("Zhxx/YE"), frozen.findtext("Zhxx/KYYE")) == ("98000.00", "78000.00")
    assert answers["QQ-C02"].findtext("Zhxx/TSBS") == "WAGE_SPECIAL"


async def test_freeze_then_release(partner: ClientSession) -> None:
    freeze, unknown, release, again = (next(NUMBERS) for _ in range(4))
    frozen = (await _send(partner, _freeze(freeze, P03, "50000.00")))[freeze]
    assert (frozen.tag, frozen.findtext("KZZT"), frozen.findtext("SKJE")) == ("Kzxx", "1", "50000.00")
    assert (frozen.findtext("YE"), frozen.findtext("KYYE"), frozen.findtext("CESKJE")) == (
        "80000.00",
        "30000.00",
        "0.00",
    )
    answers = await _send(
        partner,
        _release(unknown, P03, freeze, YDJAH="（2026）示9901执2号"),
        _release(release, P03, freeze),
        _release(again, P03, freeze),
    )
    assert [answer.findtext("KZZT") for answer in answers.values()] == ["2", "1", "2"]
    assert answers[release].findtext("KYYE") == "80000.00"
    assert answers[again].findtext("WNKZYY") == "无对应的原冻结"
    assert [await effects(partner, number) for number in (freeze, unknown, release, again)] == [
        ["freeze"],
        [],
        ["release"],
        [],
    ]


async def test_a_freeze_controls_no_more_than_is_there(partner: ClientSession) -> None:
    first, second = next(NUMBERS), next(NUMBERS)
    answers = await _send(partner, _freeze(first, P14, "10000.00"), _freeze(second, P14, "10000.00"))
    assert (answers[first].findtext("SKJE"), answers[first].findtext("DJXE")) == ("300.00", "10000.00")
    assert (answers[second].findtext("KZZT"), answers[second].findtext("SKJE")) == ("2", "0.00")
    assert answers[second].findtext("WNKZYY") == "账户无可用余额"


async def test_a_wage_account_is_not_frozen(partner: ClientSession) -> None:
    number = next(NUMBERS)
    refused = (await _send(partner, _freeze(number, C02, "1000.00")))[number]
    assert (refused.findtext("KZZT"), refused.findtext("TSBS")) == ("2", "WAGE_SPECIAL")
    assert "农民工工资专用账户" in refused.findtext("WNKZYY", "")
    assert await effects(partner, number) == []


async def test_one_return_leaves_the_rest_of_the_packet_answered(partner: ClientSession) -> None:
    namesake, freeze_namesake, fine, unsupported, short, bad_amount = (next(NUMBERS) for _ in range(6))
    answers = await _send(
        partner,
        _inquiry(namesake, P08),
        _freeze(freeze_namesake, P08, "10.00"),
        _inquiry(fine, P11),
        _freeze(unsupported, P11, "10.00", KZCS="03"),
        _freeze(short, P11, "10.00", JSRQ=""),
        _freeze(bad_amount, P11, "-10"),
    )
    assert [(answer.tag, answer.findtext("THYY")) for answer in answers.values()] == [
        ("Htxx", "T01"),
        ("Htxx", "T01"),
        ("Cxjg", None),
        ("Htxx", "T02"),
        ("Htxx", "T03"),
        ("Htxx", "T04"),
    ]
    assert answers[namesake].findtext("BZXX") == "户名与证件号码不一致"
    assert answers[namesake].findtext("LXDH")
    assert "王志刚" not in [field.text for field in answers[namesake].iter()]
    assert await effects(partner, freeze_namesake) == []


async def test_an_account_of_somebody_else_is_not_controlled(partner: ClientSession) -> None:
    number = next(NUMBERS)
    answer = (await _send(partner, _freeze(number, P11, "10.00", ZH=ACCOUNTS[P01["DSRZJHM"]][0])))[number]
    assert (answer.findtext("KZZT"), answer.findtext("WNKZYY")) == ("2", "该户名下无此账户")


async def test_a_request_number_moves_money_once_whatever_packet_it_comes_in(partner: ClientSession) -> None:
    number = next(NUMBERS)
    first = (await _send(partner, _freeze(number, P11, "100.00")))[number]
    second = (await _send(partner, _inquiry(next(NUMBERS), P02), _freeze(number, P11, "100.00")))[number]
    assert [field.text for field in first] == [field.text for field in second]
    assert await effects(partner, number) == ["freeze"]


async def test_lookup_gives_the_answer_to_a_packet(partner: ClientSession) -> None:
    packet, number = next(NUMBERS), next(NUMBERS)
    _, answer = await _post(partner, packet, _inquiry(number, P01))
    async with partner.get(f"/packets/{packet}") as response:
        assert (response.status, await response.text()) == (200, answer)
    async with partner.get("/packets/QQ-0") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<Packet>", "E01"),
        ('<!DOCTYPE x [<!ENTITY e "x">]><Packet><BDHM>&e;</BDHM></Packet>', "E01"),
        ("<Paket/>", "E02"),
        ("<Packet><BDHM>QQ-0</BDHM></Packet>", "E03"),
        ("<Packet><BDHM>QQ-0</BDHM><Cxqq/></Packet>", "E03"),
    ],
)
async def test_what_is_not_understood(partner: ClientSession, body: str, code: str) -> None:
    async with partner.post("/packets", data=body.encode()) as response:
        assert response.status == 400
        assert fromstring(await response.text()).findtext("CWDM") == code  # noqa: S314  our own simulator's answer


async def test_wrong_answer_names_somebody_else(partner: ClientSession) -> None:
    await set_faults(partner, {"kind": "wrong-answer", "match": "赵明远", "times": 1})
    number = next(NUMBERS)
    wrong = (await _send(partner, _inquiry(number, P01)))[number]
    assert wrong.findtext("XM") not in (None, "赵明远")
    assert wrong.findtext("DSRZJHM") not in (None, P01["DSRZJHM"])


async def test_broken_answer_is_no_xml_and_lookup_mends_it(partner: ClientSession) -> None:
    await set_faults(partner, {"kind": "broken-answer", "operation": "packets", "times": 1})
    packet, number = next(NUMBERS), next(NUMBERS)
    _, broken = await _post(partner, packet, _inquiry(number, P01))
    with pytest.raises(ParseError):
        fromstring(broken)  # noqa: S314  our own simulator's answer
    async with partner.get(f"/packets/{packet}") as response:
        assert (await response.text()).startswith(broken)


async def test_silence_ends_after_its_seconds_for_those_who_ask_again(partner: ClientSession) -> None:
    await set_faults(partner, {"kind": "silence", "operation": "packets", "seconds": 0.5})
    packet, number = next(NUMBERS), next(NUMBERS)
    body = f"<Packet><BDHM>{packet}</BDHM>{_inquiry(number, P01)}</Packet>".encode()

    async def answered() -> str | None:
        try:
            async with partner.post("/packets", data=body, timeout=ClientTimeout(total=0.3)) as response:
                return await response.text()
        except TimeoutError:
            return None

    assert await answered() is None
    assert "126530.42" in await eventually(answered)


async def test_silence_without_end(partner: ClientSession) -> None:
    await set_faults(partner, {"kind": "silence", "times": 1})
    packet = f"<Packet><BDHM>{next(NUMBERS)}</BDHM>{_inquiry(next(NUMBERS), P01)}</Packet>".encode()
    with pytest.raises(TimeoutError):
        await partner.post("/packets", data=packet, timeout=ClientTimeout(total=0.3))
    async with partner.post("/packets", data=packet) as response:
        assert response.status == 200
