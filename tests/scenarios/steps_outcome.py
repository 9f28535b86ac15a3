"""Steps: what the hub did, and what it knows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pytest_bdd import parsers, then

from hub.rules import measures
from schemas.messages import Accepted, CaseMoved, Concluded, Nudged, Refused, Rejected, ResultPassed, SilenceRecorded
from tests.rig import parse_request
from tests.scenarios.steps_authority import POSTS
from tests.scenarios.steps_flow import PARTNER
from tests.scenarios.steps_orders import AMOUNT, ASSET, COURT
from tests.scenarios.world import COURTS, PARTNERS, STATES, WHO, World, day, yuan

ANYONE = f"(?P<who>{'|'.join(WHO)})"


def only(messages: Sequence[Any], kind: type) -> Any:
    """The one message of this kind among `messages`."""
    found = [each for each in messages if isinstance(each, kind)]
    assert len(found) == 1, f"{len(found)} of {kind.__name__} in {[each.type for each in messages]}"
    return found[0]


@then("中心受理")
def _(world: World) -> None:
    only(world.now_heard, Accepted)


@then(parsers.re(r"中心不予(?:受理|出具),理由(?P<how>是|包括)\"(?P<why>.+)\""))
def _(world: World, how: str, why: str) -> None:
    reasons = [reason.zh for reason in only(world.now_heard, Refused).data.reasons]
    assert any(reason.startswith(why) for reason in reasons), reasons
    assert how == "包括" or len(reasons) == 1, reasons


@then(parsers.re(r"中心不予接收并报警,理由是\"(?P<why>.+)\""))
def _(world: World, why: str) -> None:
    rejected = only(world.now_heard, Rejected)
    assert rejected.data.zh.startswith(why), rejected.data.zh
    assert world.audit()[-1].get("alarm") == 1


@then(parsers.re(rf"任务发往{PARTNER}"))
def _(world: World, partner: str) -> None:
    assert [task.recipient for task in world.tasks_now()] == [PARTNERS[partner]]


@then("没有任务发出")
def _(world: World) -> None:
    assert world.tasks_now() == []


@then("中心没有再说什么")
def _(world: World) -> None:
    assert world.now_heard == []


@then(parsers.re(rf"{COURT}只再次收到原来的受理通知"))
def _(world: World, court: str) -> None:
    accepted = only(world.now_heard, Accepted)
    assert world.now_heard == [accepted]
    assert [each for each in world.heard if each == accepted] == [accepted, accepted], "the very same message"
    assert accepted.recipient == COURTS[court]


@then("任务写明允许继续使用")
def _(world: World) -> None:
    assert [parse_request(task).data.use_permitted for task in world.tasks_now()] == [True]


@then(parsers.re(r"(?:该请求)?办结为\"(?P<outcome>已完成|未完成)\""))
def _(world: World, outcome: str) -> None:
    concluded = only(world.now_heard, Concluded)
    assert concluded.data.outcome == {"已完成": "complete", "未完成": "incomplete"}[outcome]


@then("没有新的办结")
def _(world: World) -> None:
    assert not any(isinstance(each, Concluded) for each in world.now_heard)


@then(parsers.re(rf"{COURT}收到{PARTNER}的答复(?P<late>,注明迟到并引用办结)?"))
def _(world: World, court: str, partner: str, late: str | None) -> None:
    passed = only(world.to(court), ResultPassed)
    assert (passed.data.partner, passed.data.late) == (PARTNERS[partner], late is not None)
    concluded = [each.id for each in world.heard if isinstance(each, Concluded) and each.correlationid == passed.correlationid]
    assert passed.data.conclusion == (concluded[0] if late else None)


@then(parsers.re(rf"{COURT}收到{PARTNER}未答复的事实(?P<unknown>,结果不明)?"))
def _(world: World, court: str, partner: str, unknown: str | None) -> None:
    silence = only(world.to(court), SilenceRecorded)
    assert (silence.data.partner, silence.data.outcome_unknown) == (PARTNERS[partner], unknown is not None)


@then(parsers.re(rf"{COURT}收到提示\"(?P<event>[^\"]+)\"(?:,致(?P<post>承办人|协办人|局长))?(?P<draft>,附草稿)?"))
def _(world: World, court: str, event: str, post: str | None, draft: str | None) -> None:
    told = [each for each in world.to(court) if isinstance(each, CaseMoved) and each.data.zh.startswith(event)]
    assert len(told) == 1, [each.data.zh for each in world.to(court) if isinstance(each, CaseMoved)]
    if post is not None:
        assert told[0].data.addressee == f"GZ-{COURTS[court][-4:]}-{POSTS[post]}"
    assert draft is None or told[0].data.draft is not None


@then(parsers.re(rf"{COURT}先后收到提示(?P<dates>\d.+)"))
def _(world: World, court: str, dates: str) -> None:
    """Each as `月日"words"`, in order."""
    told = [(each.time, each.data.zh) for each in world.to(court) if isinstance(each, CaseMoved)]
    heard = "、".join(f'{at.month}月{at.day}日"{words.split(",")[0]}"' for at, words in told)
    assert heard == dates


@then(parsers.re(rf"{PARTNER}收到催办"))
def _(world: World, partner: str) -> None:
    only(world.to(partner), Nudged)


@then(parsers.re(rf"{ANYONE}没有收到提示"))
def _(world: World, who: str) -> None:
    assert not any(isinstance(each, CaseMoved) for each in world.to(who))


@then(parsers.re(rf"{ANYONE}没有收到任何消息"))
def _(world: World, who: str) -> None:
    assert world.to(who) == []


@then(parsers.re(rf"{COURT}对{ASSET}的措施为\"(?P<state>{'|'.join(STATES)})\"(?:,自(?P<starts>\d+年\d+月\d+日)起)?(?:,至(?P<ends>\d+年\d+月\d+日)止)?"))
def _(world: World, court: str, asset: str, state: str, starts: str | None, ends: str | None) -> None:
    measure = world.measure(COURTS[court], asset)
    assert measure is not None
    assert measure.status == STATES[state]
    assert starts is None or measure.starts == day(starts)
    assert ends is None or measure.ends == day(ends)


@then(parsers.re(rf"{COURT}对{ASSET}的措施为活查封"))
def _(world: World, court: str, asset: str) -> None:
    measure = world.measure(COURTS[court], asset)
    assert measure is not None
    assert (measure.status, measure.use_permitted) == ("effective", True)


@then(parsers.re(rf"{COURT}在{ASSET}上轮候第(?P<place>\d+)位"))
def _(world: World, court: str, asset: str, place: str) -> None:
    measure = world.measure(COURTS[court], asset)
    assert measure is not None
    assert measures.in_line(world.on_asset(asset)).index(measure) + 1 == int(place)


@then(parsers.re(rf"{ASSET}上没有任何措施"))
def _(world: World, asset: str) -> None:
    assert all(each.status in measures.ENDED for each in world.on_asset(asset))


@then(parsers.re(rf"{COURT}案件共已控制{AMOUNT}"))
def _(world: World, court: str, amount: str) -> None:
    assert world.controlled(COURTS[court]) == Decimal(yuan(amount))
