"""Steps: officers, their keys, posts and signatures."""

from pytest_bdd import parsers, step

from schemas.base import format_time, micros
from tests.scenarios.steps_orders import AMOUNT, ASSET, COURT
from tests.scenarios.world import COURTS, World, moment, yuan

POSTS = {"承办人": "001", "协办人": "002", "局长": "003", "院长": "004"}
POST = "承办人|协办人|局长|院长"


def permit(court: str, post: str) -> str:
    """The work permit of a sample court's officer."""
    return f"GZ-{COURTS[court][-4:]}-{POSTS[post]}"


@step(parsers.re(rf"{COURT}(?P<post>{POST})的证件于(?P<at>\d.+)注销"))
def _(world: World, court: str, post: str, at: str) -> None:
    world.revoke(COURTS[court], permit(court, post), micros(moment(at)))


@step(parsers.re(rf"自(?P<since>\d.+)至(?P<until>\d.+),{COURT}(?P<deputy>{POST})代理(?P<absent>{POST})"))
def _(world: World, court: str, since: str, until: str, deputy: str, absent: str) -> None:
    world.cover(COURTS[court], permit(court, absent), permit(court, deputy), micros(moment(since)), micros(moment(until)))


@step(parsers.re(rf"{COURT}冻结{ASSET}{AMOUNT},由(?P<deputy>{POST})代局长批准"))
def _(world: World, court: str, asset: str, amount: str, deputy: str) -> None:
    data = world.order("freeze", COURTS[court], asset, amount=yuan(amount))
    data = world.approved_by(data, permit(court, deputy), "bureau-chief", acting_for=permit(court, "局长"))
    world.send(data, COURTS[court], asset)


@step(parsers.re(rf"{COURT}冻结{ASSET}{AMOUNT},由(?P<post>{POST})批准"))
def _(world: World, court: str, asset: str, amount: str, post: str) -> None:
    ranks = {"承办人": "judge", "协办人": "judge", "局长": "bureau-chief", "院长": "president"}
    data = world.approved_by(world.order("freeze", COURTS[court], asset, amount=yuan(amount)), permit(court, post), ranks[post])
    world.send(data, COURTS[court], asset)


@step(parsers.re(rf"{COURT}冻结{ASSET}{AMOUNT},局长的批准用(?P<post>{POST})的密钥签名"))
def _(world: World, court: str, asset: str, amount: str, post: str) -> None:
    data = world.order("freeze", COURTS[court], asset, amount=yuan(amount))
    world.send(world.signed_by(data, permit(court, post)), COURTS[court], asset)


@step(parsers.re(rf"{COURT}查封{ASSET}{AMOUNT},局长的批准倒填为(?P<at>\d.+)"))
def _(world: World, court: str, asset: str, amount: str, at: str) -> None:
    data = world.order("seal", COURTS[court], asset, amount=yuan(amount))
    world.send(world.approved_by(data, permit(court, "局长"), "bureau-chief", at=format_time(moment(at))), COURTS[court], asset)


@step(parsers.re(rf"{COURT}冻结{ASSET}{AMOUNT},而局长批准的是(?P<other>[\d.]+)元"))
def _(world: World, court: str, asset: str, amount: str, other: str) -> None:
    data = world.order("freeze", COURTS[court], asset, amount=yuan(amount))
    seen = {**data, "amount": yuan(other)}
    world.send(world.signed_by(data, permit(court, "局长"), over=seen), COURTS[court], asset)


@step("第三家银行已接入")
def _(world: World) -> None:
    world.connect_third_bank()
