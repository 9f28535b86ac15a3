"""Steps: watches, objections, leads, entrusted matters, closed rounds, certificates, answers used again."""

from decimal import Decimal

from pytest_bdd import parsers, step, then

from schemas import samples
from schemas.legal import DocumentKind
from schemas.messages import (
    Certified,
    Forwarded,
    LiftCertified,
    NotedDown,
    Refused,
    ResultPassed,
    TaskSent,
    parse,
)
from tests.factories import REPLIES, Data, inquiry, locate, message
from tests.scenarios.steps_authority import permit
from tests.scenarios.steps_flow import PARTNER
from tests.scenarios.steps_orders import AMOUNT, ASSET, COURT
from tests.scenarios.steps_outcome import only
from tests.scenarios.world import ASSETS, COURTS, PARTNERS, WHO, World, day, yuan

DAY = 24 * 3600
TITLES = {"完备性证明": Certified, "信用修复证明": LiftCertified, "委托事项": Forwarded, "线索": Forwarded, "线索答复": Forwarded}


# -- agreements --------------------------------------------------------------------------------------------------------


@step(parsers.re(r"协议约定(?P<days>\d+)个工作日内答复"))
def _(world: World, days: str) -> None:
    world.agree(reply_working_days=int(days), reply_within=int(days) * DAY)


@step(parsers.re(r"协议约定答复(?P<days>\d+)日内可以沿用"))
def _(world: World, days: str) -> None:
    world.agree(fresh_for=int(days) * DAY)


@then(parsers.re(rf"{COURT}收到沿用{PARTNER}先前的答复"))
def _(world: World, court: str, partner: str) -> None:
    passed = only(world.to(court), ResultPassed)
    assert passed.data.partner == PARTNERS[partner]
    assert passed.data.reused is not None


# -- watches -----------------------------------------------------------------------------------------------------------


@step(parsers.re(rf"{COURT}请公安机关临控被执行人"))
def _(world: World, court: str) -> None:
    world.send(world.signable(locate("watch", "P03", court=COURTS[court]), COURTS[court]), COURTS[court], "临控")


@step(parsers.re(rf"{COURT}撤销对被执行人的临控"))
def _(world: World, court: str) -> None:
    data = locate("withdraw", "P03", court=COURTS[court], original=world.sent[COURTS[court], "watch", "临控"])
    world.send(world.signable(data, COURTS[court]), COURTS[court], "临控")


@step("公安机关报告命中")
def _(world: World) -> None:
    _hit(world, world.task_of("police"), "E1")


@step(parsers.re(r"公安机关就(?P<court>甲法院)已撤销的临控又报告命中"))
def _(world: World, court: str) -> None:
    watch = world.sent[COURTS[court], "watch", "临控"]
    _hit(world, next(each for each in world.heard if isinstance(each, TaskSent) and each.correlationid == watch), "E2")


def _hit(world: World, task: TaskSent, event: str) -> None:
    contact = {"name": "值班民警", "phone": "110"}
    hit = {"event": event, "at": world.clock.isoformat(timespec="microseconds"), "place": "某宾馆", "contact": contact}
    record = world.answer(task, "hit", hit)
    world.ids["命中"] = parse(record.value).id
    world.deliver(record)


@step(parsers.re(rf"{COURT}告知人已移交"))
def _(world: World, court: str) -> None:
    data = {"hit": world.ids["命中"], "outcome": "handed-over", "officer": f"GZ-{COURTS[court][-4:]}-002"}
    world.tell(COURTS[court], "handover", data)


# -- protected accounts and objections ---------------------------------------------------------------------------------


@step(parsers.re(rf"{COURT}因追索工资,经院长批准,冻结{ASSET}{AMOUNT}"))
def _(world: World, court: str, asset: str, amount: str) -> None:
    data = world.order("freeze", COURTS[court], asset, amount=yuan(amount), exempt_reason="本案即追索该批工资")
    world.send(world.approved_by(data, f"GZ-{COURTS[court][-4:]}-004", "president"), COURTS[court], asset)


@step(parsers.re(rf"{PARTNER}提出异议,{ASSET}为工资专用账户"))
def _(world: World, partner: str, asset: str) -> None:
    data = {"original": world.begun(asset, *COURTS.values()), "ground": "exempt", "by": "partner", "text": "工资专用账户"}
    value = message("liandong.case.objection.v1", PARTNERS[partner], "hub", data, time=world.clock)
    world.ids["异议"] = parse(value).id
    world.deliver(world.record(PARTNERS[partner], value, REPLIES))


@step(parsers.re(rf"{COURT}登记对临控的异议"))
def _(world: World, court: str) -> None:
    data = {"original": world.sent[COURTS[court], "watch", "临控"], "ground": "wrong-person", "by": "third-party", "text": "同名不同人"}
    world.ids["异议"] = world.tell(COURTS[court], "objection", data)


@step(parsers.re(rf"{COURT}裁定异议成立"))
def _(world: World, court: str) -> None:
    data = {"objection": world.ids["异议"], "outcome": "upheld", "officer": f"GZ-{COURTS[court][-4:]}-001", "reason": "属工资专用账户"}
    world.tell(COURTS[court], "objection-decision", data)


# -- closed rounds -----------------------------------------------------------------------------------------------------


@step(parsers.re(rf"{COURT}向{PARTNER}发出终本定期查询,每(?P<months>\d+)个月一次,共(?P<times>\d+)次"))
def _(world: World, court: str, partner: str, months: str, times: str) -> None:
    standing = {"every_months": int(months), "times": int(times)}
    data = inquiry("P03", court=COURTS[court], partners=[PARTNERS[partner]], standing=standing)
    world.send(world.signable(data, COURTS[court]), COURTS[court], "终本", days=6 * 366)


@step(parsers.re(rf"{COURT}导入(?P<closed>\d.+日)终结的案件,向{PARTNER}定期查询,由(?P<post>院长|局长)批准"))
def _(world: World, court: str, closed: str, partner: str, post: str) -> None:
    standing = {"every_months": 6, "times": 10, "closed_on": day(closed)}
    data = world.signable(inquiry("P03", court=COURTS[court], partners=[PARTNERS[partner]], standing=standing), COURTS[court])
    data["legal"]["documents"].append(samples.document(DocumentKind.ENFORCEMENT_RULING, samples.case_number(COURTS[court])))
    rank = {"院长": "president", "局长": "bureau-chief"}[post]
    world.send(world.approved_by(data, permit(court, post), rank), COURTS[court], "终本", days=6 * 366)


@step(parsers.re(rf"{COURT}已对被执行人限制消费"))
def _(world: World, court: str) -> None:
    world.state_case(COURTS[court], restricted=True)


@step(parsers.re(rf"{COURT}(?:首次)?告知案件终结本次执行"))
def _(world: World, court: str) -> None:
    world.state_case(COURTS[court], status="round-closed", standing=world.sent[COURTS[court], "inquire", "终本"])


@then(parsers.re(rf"第(?P<number>\d+)次定期查询已发往{PARTNER}"))
def _(world: World, number: str, partner: str) -> None:
    assert [(each.recipient, each.data.round) for each in world.tasks_now()] == [(PARTNERS[partner], int(number))]


@step(parsers.re(rf"{COURT}审查第(?P<number>\d+)次查得的财产,决定恢复执行"))
def _(world: World, court: str, number: str) -> None:
    data = {"standing": world.sent[COURTS[court], "inquire", "终本"], "round": int(number), "outcome": "resumed",
            "officer": f"GZ-{COURTS[court][-4:]}-001", "reason": "账户有可供执行的存款"}  # fmt: skip
    world.tell(COURTS[court], "review", data)
    world.state_case(COURTS[court], status="resumed")


# -- certificates ------------------------------------------------------------------------------------------------------


@step(parsers.re(rf"{COURT}申请完备性证明"))
def _(world: World, court: str) -> None:
    data = {"case_number": samples.case_number(COURTS[court]), "subject": samples.subject("P03")}
    world.tell(COURTS[court], "certificate-request", data)


@step("各单位均反馈查无")
def _(world: World) -> None:
    world.note(world.feed([world.reply(task, "no-record", searched=["resident-id-18"]) for task in world.tasks_now()]))


@step(parsers.re(rf"除{PARTNER}外,各单位均反馈查无"))
def _(world: World, partner: str) -> None:
    world.note(world.feed([world.reply(task, "no-record", searched=["resident-id-18", "resident-id-15"])
                           for task in world.tasks_now() if task.recipient != PARTNERS[partner]]))  # fmt: skip


@then(parsers.re(r"证明列明(?P<count>\d+)家单位的明确答复"))
def _(world: World, count: str) -> None:
    answers = only(world.now_heard, Certified).data.answers
    assert len({each.partner for each in answers}) == int(count)
    assert all(each.searched for each in answers)


# -- entrusted matters and leads ---------------------------------------------------------------------------------------


@step(parsers.re(rf"{COURT}委托乙法院查封房产"))
def _(world: World, court: str) -> None:
    data: Data = {
        "number": "WT-2026-0001", "case_number": samples.case_number(COURTS[court]), "to": "court-9902", "matter": "seal",
        "subject": samples.subject("P03"), "place": "示例市乙区某路1号", "what": "查封被执行人名下房产",
        "documents": samples.legal_basis("seal", court=COURTS[court])["documents"],
        "handler": f"GZ-{COURTS[court][-4:]}-001", "supervisor": f"GZ-{COURTS[court][-4:]}-003",
        "contact": {"name": "何承办", "phone": "0990-0000001"},
    }  # fmt: skip
    world.ids["委托"] = world.tell(COURTS[court], "request", data, "entrust")


@step(parsers.re(rf"{COURT}(?P<what>签收|接受|办结)该委托事项"))
def _(world: World, court: str, what: str) -> None:
    step_name = {"签收": "signed-for", "接受": "accepted", "办结": "done"}[what]
    data = {"matter": world.ids["委托"], "step": step_name, "officer": f"GZ-{COURTS[court][-4:]}-001", "text": f"已{what}"}
    world.tell(COURTS[court], "step", data, "entrust")


@step(parsers.re(rf"{COURT}登记网格员提供的线索:被执行人的车辆停在某小区"))
def _(world: World, court: str) -> None:
    data: Data = {
        "number": "XS-2026-0001", "court": COURTS[court], "case_number": samples.case_number(COURTS[court]),
        "by": "grid-assistant", "about": "vehicle", "subject": samples.subject("P03"), "asset": dict(ASSETS["车辆"].asset),
        "place": "示例小区", "text": "车辆停在地下车库",
    }  # fmt: skip
    world.ids["线索"] = world.tell(COURTS[court], "submission", data, "lead")


@step(parsers.re(rf"{COURT}核实线索(?P<what>属实|不实)"))
def _(world: World, court: str, what: str) -> None:
    data = {"lead": world.ids["线索"], "outcome": "confirmed" if what == "属实" else "unfounded", "reason": "现场核实",
            "officer": f"GZ-{COURTS[court][-4:]}-001"}  # fmt: skip
    world.tell(COURTS[court], "verdict", data, "lead")


@step(parsers.re(rf"{COURT}凭线索查封{ASSET}{AMOUNT}"))
def _(world: World, court: str, asset: str, amount: str) -> None:
    world.send(world.order("seal", COURTS[court], asset, amount=yuan(amount), lead=world.ids["线索"]), COURTS[court], asset)


@then("日志记明该线索转为措施")
def _(world: World) -> None:
    converted = [each for each in world.audit() if each["kind"] == "lead.converted"]
    assert [each["lead"] for each in converted] == [world.ids["线索"]]


# -- what came of it ---------------------------------------------------------------------------------------------------


@then("中心登记")
def _(world: World) -> None:
    refused = [reason.code for each in world.now_heard if isinstance(each, Refused) for reason in each.data.reasons]
    assert refused == [], refused
    only(world.now_heard, NotedDown)


@then(parsers.re(rf"(?P<who>{'|'.join(WHO)})收到(?P<what>{'|'.join(sorted(TITLES, key=len, reverse=True))})"))
def _(world: World, who: str, what: str) -> None:
    assert any(isinstance(each, TITLES[what]) for each in world.to(who)), [each.type for each in world.now_heard]


@then(parsers.re(rf"{COURT}收到(?P<count>\d+)份应予解除的草稿"))
def _(world: World, court: str, count: str) -> None:
    drafts = [each for each in world.to(court) if getattr(each.data, "event", "") == "release-due" and each.data.draft]
    assert len(drafts) == int(count), [each.type for each in world.to(court)]


@then(parsers.re(rf"{COURT}案件已无任何在控措施"))
def _(world: World, court: str) -> None:
    assert world.controlled(COURTS[court]) == Decimal(0)
