"""Steps: time, and what partners answer."""

from pytest_bdd import parsers, step

from connectors.terms import identity_mismatch, is_named
from schemas.base import micros
from tests.factories import Data
from tests.rig import parse_request
from tests.scenarios.world import PARTNERS, World, day, moment, yuan

PARTNER = f"(?P<partner>{'|'.join(PARTNERS)})"
DATES = r"(?:,自(?P<starts>\d+年\d+月\d+日)起)?(?:,至(?P<ends>\d+年\d+月\d+日)止)?"


@step(parsers.re(r"时间为(?P<at>\d.+)"))
def _(world: World, at: str) -> None:
    world.now = micros(moment(at))


@step(parsers.re(r"时间到了(?P<at>\d.+)"))
def _(world: World, at: str) -> None:
    world.travel(moment(at))


@step(parsers.re(r"又过了(?P<seconds>\d+)秒"))
def _(world: World, seconds: str) -> None:
    world.note(world.run_until(world.now + int(seconds) * 1_000_000))


@step(parsers.re(rf"{PARTNER}签收"))
def _(world: World, partner: str) -> None:
    world.deliver(world.receipt(world.task_of(PARTNERS[partner])))


@step(parsers.re(rf"{PARTNER}反馈已(?:冻结|查封|控制)(?P<amount>[\d.]+)元{DATES}"))
def _(world: World, partner: str, amount: str, starts: str | None, ends: str | None) -> None:
    measure: Data = {"state": "effective", "reference": "CK-1", "controlled": yuan(amount)}
    measure |= {"starts": day(starts)} if starts else {}
    measure |= {"ends": day(ends)} if ends else {}
    world.answers(PARTNERS[partner], "result", measure=measure)


@step(parsers.re(rf"{PARTNER}反馈轮候"))
def _(world: World, partner: str) -> None:
    world.answers(PARTNERS[partner], "result", measure={"state": "queued", "reference": "LH-1"})


@step(parsers.re(rf"{PARTNER}反馈已续行(?:,至(?P<ends>.+)止)?"))
def _(world: World, partner: str, ends: str | None) -> None:
    measure = {"state": "renewed", "reference": "CK-1", **({"ends": day(ends)} if ends else {})}
    world.answers(PARTNERS[partner], "result", measure=measure)


@step(parsers.re(rf"{PARTNER}反馈已(?P<what>解除|撤控|布控|扣划(?P<amount>[\d.]+)元)"))
def _(world: World, partner: str, what: str, amount: str | None) -> None:
    state = {"解除": "released", "撤控": "withdrawn", "布控": "armed"}.get(what, "deducted")
    world.answers(PARTNERS[partner], "result", measure={"state": state, "reference": "CK-1", **({"controlled": yuan(amount)} if amount else {})})


@step(parsers.re(rf"{PARTNER}反馈查无"))
def _(world: World, partner: str) -> None:
    world.answers(PARTNERS[partner], "no-record", searched=["resident-id-18", "resident-id-15"])


@step(parsers.re(rf"{PARTNER}反馈查得(?P<flag>工资专用)?账户一个"))
def _(world: World, partner: str, flag: str | None) -> None:
    account = {"kind": "account", "number": "9901000000000003012", "branch": "示例支行", "currency": "CNY", "balance": "80000.00",
               "status": "正常", "flags": ["WAGE_SPECIAL"] if flag else []}  # fmt: skip
    world.answers(PARTNERS[partner], "result", findings=[account], searched=["resident-id-18"])


@step(parsers.re(rf"{PARTNER}以\"(?P<why>.+)\"退回"))
def _(world: World, partner: str, why: str) -> None:
    world.answers(PARTNERS[partner], "returned", reason={"code": "documents-unclear", "text": why})


@step(parsers.re(rf"{PARTNER}核对,该证件号码登记在\"(?P<name>.+)\"名下"))
def _(world: World, partner: str, name: str) -> None:
    """As the connectors do: the name on file is held against the name asked for, and a mismatch is never acted on."""
    asked = parse_request(world.task_of(PARTNERS[partner])).data.subject.name
    assert not is_named(asked, name)
    answer = identity_mismatch(b"{}", ["resident-id-18"])
    assert answer.reason is not None
    world.answers(PARTNERS[partner], answer.kind.value, reason=answer.reason.model_dump())


@step(parsers.re(rf"{PARTNER}的同一答复再次送达"))
def _(world: World, partner: str) -> None:
    world.deliver(world.replies[PARTNERS[partner]])


@step(parsers.re(rf"{PARTNER}核对姓名和证件号码均相符"))
def _(world: World, partner: str) -> None:
    subject = parse_request(world.task_of(PARTNERS[partner])).data.subject
    assert is_named(subject.name, "孙立国")
    assert subject.id_number == "990100196901080039"


@step(parsers.re(rf"{PARTNER}对同一任务又反馈已冻结(?P<amount>[\d.]+)元"))
def _(world: World, partner: str, amount: str) -> None:
    measure = {"state": "effective", "reference": "CK-2", "controlled": yuan(amount)}
    world.deliver(world.reply(world.task_of(PARTNERS[partner]), "result", measure=measure))
