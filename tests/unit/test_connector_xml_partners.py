"""The pure side of the XML partners: what their answers may and may not become."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bank import mapping as bank
from connectors.bank import protocol as packets
from connectors.base import Job, ProtocolFault
from connectors.markup import BrokenError, read
from connectors.real_estate import mapping as registry
from connectors.real_estate import protocol as forms
from connectors.terms import is_named
from schemas.base import add_months
from schemas.messages import RequestMessage, parse
from schemas.replies import ReplyKind
from schemas.samples import kind_of_action
from tests.factories import Data, control, inquiry, message

UNIT = "990100001002GB00015F00010501"
ACCOUNT = "9901000000000003012"


def _job(data: Data, original: str | None = None) -> Job:
    asked = parse(message(f"liandong.{kind_of_action(data['action'])}.request.v1", "court-9901", "hub", data))
    assert isinstance(asked, RequestMessage)
    return Job("key", asked, 1, original=original, court="示例法院")


# -- terms -------------------------------------------------------------------------------------------------------------


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.integers(1, 36))
def test_a_term_ends_on_the_same_day_or_the_months_last(start: date, months: int) -> None:
    """V15."""
    end = add_months(start, months)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


def test_a_term_from_a_leap_day_ends_in_february() -> None:
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)


@given(st.text("赵钱孙李周吴郑王", min_size=2, max_size=4), st.data())
def test_a_substituted_character_is_left_to_a_person(name: str, data: st.DataObject) -> None:
    """V24: the registry could not hold the character; that is neither a match nor a mismatch."""
    place = data.draw(st.integers(0, len(name) - 1))
    on_file = name[:place] + data.draw(st.sampled_from("?□〓\ufffd")) + name[place + 1 :]
    with pytest.raises(ProtocolFault, match="name-substituted"):
        is_named(name, on_file)


@given(st.text("赵钱孙李", min_size=1, max_size=4), st.text("赵钱孙李", min_size=1, max_size=4))
def test_one_name_is_never_another(name: str, other: str) -> None:
    """V23."""
    assert is_named(name, other) == (name == other)


# -- real estate -------------------------------------------------------------------------------------------------------


def _right(holder: str = "李慧敏", number: str = "990100199103170041", mortgage: str = "无抵押", unit: str = UNIT) -> str:
    return (
        f"<QL><BDCDYH>{unit}</BDCDYH><ZL>示例路1号</ZL><BDCQZH>示1号</BDCQZH><QLR>{holder}</QLR>"
        f"<QLRZJH>{number}</QLRZJH><DYQK>{mortgage}</DYQK><CFLIST/></QL>"
    )


def _feedback(*rights: str, result: str = "有登记信息", more: str = "", form: forms.Form = forms.INQUIRY) -> forms.Feedback:
    raw = (
        f"<{form.answer}><SLH>T</SLH><{form.number}>key</{form.number}><XM>李慧敏</XM><ZJH>990100199103170041</ZJH>"
        f"<JG>{result}</JG><QLLIST>{''.join(rights)}</QLLIST>{more}</{form.answer}>"
    )
    return forms.read_feedback(form, raw.encode())[1]


def test_a_right_of_the_15_digit_number_is_the_persons() -> None:
    answer = registry.answer_to(_job(inquiry("P04")), "T", _feedback(_right(number="990100910317004")), b"raw")
    assert answer.kind is ReplyKind.RESULT


def test_a_right_under_another_name_is_returned() -> None:
    answer = registry.answer_to(_job(inquiry("P04")), "T", _feedback(_right(), _right(holder="李慧明")), b"raw")
    assert (answer.kind, answer.findings) == (ReplyKind.RETURNED, ())


@pytest.mark.parametrize(("feedback", "code"), [
    (_feedback(_right(number="990100197001010013")), "wrong-answer"),
    (_feedback(_right(mortgage="不详")), "answer-unknown"),
    (_feedback(_right(unit="990100001002GB00015W00010501")), "answer-invalid"),
    (_feedback(), "answer-unknown"),
    (_feedback(_right(), result="查无登记信息"), "answer-unknown"),
    (_feedback(result="系统繁忙"), "answer-unknown"),
])  # fmt: skip
def test_an_answer_that_makes_no_sense_is_no_reply(feedback: forms.Feedback, code: str) -> None:
    with pytest.raises(ProtocolFault) as caught:
        registry.answer_to(_job(inquiry("P04")), "T", feedback, b"raw")
    assert caught.value.code == code


@pytest.mark.parametrize(("more", "code"), [
    (f"<BDCDYH>{UNIT[:-1]}2</BDCDYH><KZZT>1</KZZT><CFLX>轮候查封</CFLX><LHSX>1</LHSX>", "wrong-answer"),
    (f"<BDCDYH>{UNIT}</BDCDYH><KZZT>1</KZZT><CFLX>查封</CFLX>", "answer-unknown"),
    (f"<BDCDYH>{UNIT}</BDCDYH><KZZT>3</KZZT>", "answer-unknown"),
    (f"<BDCDYH>{UNIT}</BDCDYH><KZZT>1</KZZT><CFLX>轮候查封</CFLX><LHSX>first</LHSX>", "answer-invalid"),
])  # fmt: skip
def test_a_control_that_is_not_clearly_carried_out_is_no_reply(more: str, code: str) -> None:
    job = _job(control("seal", {"kind": "real-estate", "unit_code": UNIT}, "P04"))
    with pytest.raises(ProtocolFault) as caught:
        registry.answer_to(job, "T", _feedback(more=more, form=forms.CONTROL), b"raw")
    assert caught.value.code == code


def test_a_ticket_is_no_place_for_personal_data() -> None:
    with pytest.raises(BrokenError):
        forms.read_ticket(forms.INQUIRY, "<SLHZ><SLH>李慧敏</SLH><CXQQDH>key</CXQQDH></SLHZ>".encode())


# -- bank --------------------------------------------------------------------------------------------------------------


def _part(tag: str, content: str, name: str = "孙立国", number: str = "990100196901080039") -> packets.PartAnswer:
    head = f"<QQDH>key</QQDH><XM>{name}</XM><DSRZJHM>{number}</DSRZJHM>"
    return packets.read_part(read(f"<{tag}>{head}{content}</{tag}>".encode(), tag))


def _frozen(account: str = ACCOUNT, limit: str = "50000.00", code: str = "01", state: str = "1") -> packets.PartAnswer:
    return _part("Kzxx", f"<KZCS>{code}</KZCS><ZH>{account}</ZH><KZZT>{state}</KZZT><DJXE>{limit}</DJXE><SKJE>300.00</SKJE>"
                         "<CESKJE>0.00</CESKJE><KSRQ>2026-11-01</KSRQ><JSRQ>2027-11-01</JSRQ>")  # fmt: skip


def test_less_than_asked_is_what_was_controlled() -> None:
    answer = bank.answer_to(_job(control()), _frozen(), b"raw")
    assert answer.measure is not None
    assert answer.measure.controlled == "300.00"


@pytest.mark.parametrize(("part", "code"), [
    (_frozen(account="9901000000000003013"), "wrong-answer"),
    (_frozen(limit="60000.00"), "wrong-answer"),
    (_frozen(code="04"), "wrong-answer"),
    (_frozen(limit="fifty"), "answer-invalid"),
    (_frozen(state="2"), "answer-unknown"),
    (_part("Cxjg", "<Zhxx><ZH>查无开户信息</ZH></Zhxx>"), "answer-unknown"),
    (_part("Htxx", "<THYY>T01</THYY><LXR>某</LXR><LXDH>1</LXDH>", name="何人也"), "wrong-answer"),
    (_part("Htxx", "<THYY>T01</THYY><LXR>某</LXR><LXDH>1</LXDH>", number="990100197001010013"), "wrong-answer"),
])  # fmt: skip
def test_a_freeze_that_is_not_clearly_carried_out_is_no_reply(part: packets.PartAnswer, code: str) -> None:
    with pytest.raises(ProtocolFault) as caught:
        bank.answer_to(_job(control()), part, b"raw")
    assert caught.value.code == code


def test_no_accounts_and_no_word_of_it_is_not_nothing_found() -> None:
    """Only 查无开户信息 says that there is nothing."""
    with pytest.raises(BrokenError):
        _part("Cxjg", "")


def test_a_remark_about_another_customer_does_not_travel() -> None:
    part = _part("Htxx", "<THYY>T01</THYY><BZXX>户名为王志刚</BZXX><LXR>某</LXR><LXDH>1</LXDH>")
    answer = bank.answer_to(_job(control()), part, b"raw")
    assert answer.kind is ReplyKind.RETURNED
    assert answer.reason is not None
    assert "王志刚" not in answer.reason.text


def test_a_release_names_its_original_and_a_freeze_its_term() -> None:
    released = _job(control("release", original="00000000-0000-4000-8000-000000000000"), original="freeze-key")
    fields = bank.part_of(released, date(2026, 11, 1)).fields
    assert (fields["KZCS"], fields["YDJDH"], fields["YDJAH"]) == ("04", "freeze-key", "（2026）粤9901执123号")
    fields = bank.part_of(_job(control()), date(2026, 11, 1)).fields
    assert (fields["KZCS"], fields["JE"], fields["KSRQ"], fields["JSRQ"]) == ("01", "50000.00", "2026-11-01", "2027-11-01")
