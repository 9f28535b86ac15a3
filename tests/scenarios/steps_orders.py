"""Steps: cases, and the orders that courts send."""

from pytest_bdd import parsers, step

from tests.factories import Data, inquiry
from tests.scenarios.world import ACTIONS, COURTS, PARTNERS, World, day, moment, yuan

COURT = r"(?P<court>甲法院|乙法院|上级法院)"
ASSET = r"(?P<asset>第一银行账户|第二银行账户|第三银行账户|房产|车辆|股权)"
BEGIN = r"(?P<action>冻结|查封|轮候查封)"
AMOUNT = r"(?P<amount>[\d.]+)元"
TERM = r"(?:,期限(?P<months>\d+)个月)?"
PRIORITIES = {"工资": "wages", "赡养": "support", "人身损害": "injury"}


@step(parsers.re(rf"{COURT}的案件标的为{AMOUNT}"))
def _(world: World, court: str, amount: str) -> None:
    world.state_case(COURTS[court], claim=yuan(amount))


@step(parsers.re(rf"{COURT}的案件是追索(?P<what>工资|赡养)案件"))
def _(world: World, court: str, what: str) -> None:
    world.state_case(COURTS[court], priority=PRIORITIES[what])


@step(parsers.re(rf"{COURT}的案件改由乙法院执行"))
def _(world: World, court: str) -> None:
    people = {"handler": "GZ-9902-001", "supervisor": "GZ-9902-003", "duty": "GZ-9902-002"}
    world.state_case(COURTS[court], by="court-99", holder={"court": "court-9902", "team": "执行一团队"}, **people)


@step(parsers.re(rf"{COURT}{BEGIN}{ASSET}{AMOUNT}{TERM}"))
def _(world: World, court: str, action: str, asset: str, amount: str, months: str | None) -> None:
    changes: Data = {"amount": yuan(amount), **({"term_months": int(months)} if months else {})}
    world.send(world.order(ACTIONS[action], COURTS[court], asset, **changes), COURTS[court], asset)


@step(parsers.re(rf"{COURT}活查封{ASSET}{AMOUNT}"))
def _(world: World, court: str, asset: str, amount: str) -> None:
    world.send(world.order("seal", COURTS[court], asset, amount=yuan(amount), use_permitted=True), COURTS[court], asset)


@step(parsers.re(rf"{COURT}(?P<action>续行|解除)对{ASSET}的措施{TERM}"))
def _(world: World, court: str, action: str, asset: str, months: str | None) -> None:
    changes: Data = {"term_months": int(months)} if months else {}
    world.send(world.order(ACTIONS[action], COURTS[court], asset, **changes), COURTS[court], asset)


@step(parsers.re(rf"{COURT}从{ASSET}扣划{AMOUNT}"))
def _(world: World, court: str, asset: str, amount: str) -> None:
    world.send(world.order("deduct", COURTS[court], asset, amount=yuan(amount)), COURTS[court], asset)


@step(parsers.re(rf"{COURT}在甲法院案件中(?P<action>续行|解除)对{ASSET}的措施"))
def _(world: World, court: str, action: str, asset: str) -> None:
    world.send(world.order(ACTIONS[action], COURTS[court], asset, case_of="court-9901"), COURTS[court], asset)


@step(parsers.re(rf"{COURT}更正后以新版本重新{BEGIN}{ASSET}{AMOUNT}"))
def _(world: World, court: str, action: str, asset: str, amount: str) -> None:
    number = world.numbers[COURTS[court], asset]
    data = world.order(ACTIONS[action], COURTS[court], asset, amount=yuan(amount), number=number, version=2)
    world.send(data, COURTS[court], asset)


@step(parsers.re(rf"{COURT}以同一请求号另行{BEGIN}{ASSET}{AMOUNT}"))
def _(world: World, court: str, action: str, asset: str, amount: str) -> None:
    number = world.numbers[COURTS[court], asset]
    data = world.order(ACTIONS[action], COURTS[court], asset, amount=yuan(amount), number=number)
    world.deliver(world.record(COURTS[court], world.sign(data, COURTS[court]), "hub.requests.v1"))


@step(parsers.re(rf"{COURT}说明理由并经(?P<rank>局长|院长)批准,{BEGIN}{ASSET}{AMOUNT}"))
def _(world: World, court: str, rank: str, action: str, asset: str, amount: str) -> None:
    data = world.order(ACTIONS[action], COURTS[court], asset, amount=yuan(amount), over_ceiling="账户余额波动较大")
    if rank == "院长":
        data = world.approved_by(data, f"GZ-{COURTS[court][-4:]}-004", "president")
    world.send(data, COURTS[court], asset)


@step(parsers.re(rf"{COURT}查封{ASSET},留存至(?P<until>\d[^,]+),命令(?P<days>\d+)日内有效"))
def _(world: World, court: str, asset: str, until: str, days: str) -> None:
    data = world.order("seal", COURTS[court], asset, hold_until=moment(until).isoformat(timespec="microseconds"))
    world.send(data, COURTS[court], asset, days=int(days))


@step(parsers.re(rf"{COURT}签署查封{ASSET}的命令,尚未送达"))
def _(world: World, court: str, asset: str) -> None:
    world.kept = world.sign(world.order("seal", COURTS[court], asset), COURTS[court], asset)


@step(parsers.re(rf"{COURT}先前签署的命令送达"))
def _(world: World, court: str) -> None:
    world.deliver(world.record(COURTS[court], world.kept, "hub.requests.v1"))


@step("同一请求再次送达")
def _(world: World) -> None:
    assert world.last_record is not None
    world.deliver(world.last_record)


@step(parsers.re(rf"{COURT}向(?P<partner>{'|'.join(PARTNERS)})查询被执行人财产(?P<fresh>,不得沿用旧答复)?"))
def _(world: World, court: str, partner: str, fresh: str | None) -> None:
    data = inquiry("P03", court=COURTS[court], partners=[PARTNERS[partner]], **({"fresh": True} if fresh else {}))
    world.send(world.signable(data, COURTS[court]), COURTS[court])


@step(parsers.re(rf"{COURT}向各单位查询被执行人财产"))
def _(world: World, court: str) -> None:
    world.send(world.signable(inquiry("P03", court=COURTS[court]), COURTS[court]), COURTS[court])


@step(parsers.re(rf"{COURT}通知,{ASSET}已(?P<extent>全部|部分)处置"))
def _(world: World, court: str, asset: str, extent: str) -> None:
    data = {"original": world.begun(asset, COURTS[court]), "extent": "full" if extent == "全部" else "partial",
            "on": day(f"{world.clock.year}年{world.clock.month}月{world.clock.day}日")}  # fmt: skip
    world.tell(COURTS[court], "disposal", data)


@step(parsers.re(rf"{COURT}告知债务已全部履行"))
def _(world: World, court: str) -> None:
    world.state_case(COURTS[court], status="performed", recovered=world.statements[COURTS[court]]["claim"])
