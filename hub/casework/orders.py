"""What an operator orders about a dead letter: replay it, discard it for good, or note that it is read in clear.

An order is signed, kept with its reason, and done at most once. What may not be done is told with a code, and nothing happens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from hub.casework import letters as casework
from hub.casework.desk import Desk
from hub.casework.tasks import about
from hub.engine.records import Inbound, Replay, Unfit, digest_of
from hub.engine.work import Facts
from hub.rules.letters import LetterState
from hub.store import letters
from hub.store import tables as t
from hub.store.letters import Letter
from hub.store.vault import NO_CASE
from schemas.base import MessageId, Model, Permit, Text, Timestamp, micros


class Order(Model):
    """One order about one letter. `operator` is a staff number, never a name; the reason is kept encrypted."""

    id: MessageId
    action: Literal["replay", "discard", "reveal"]
    letter: str = Field(pattern=r"\A[0-9a-f-]{1,36}\z")
    operator: Permit
    reason: Text
    at: Timestamp
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order with its exact bytes, and the signature that was found to be that of the party `by`."""

    order: Order
    value: bytes
    jws: str
    by: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an order about one letter: how the letter stands now, and `code` for what happened or why nothing did.
    `died_of`: why it could not be taken in this time either."""

    letter: str
    code: str
    state: LetterState | None
    partner: str | None = None
    died_of: str | None = None


def obey(desk: Desk, given: SignedOrder, item: Inbound | Unfit | None, read: Callable[[Inbound | Unfit], None]) -> Done:
    """Carry out an order, or say why not. `item` is the letter's record, checked anew; `read` decides on it."""
    order = given.order
    letter = letters.find(desk.work.connection, order.letter)
    if letter is None:
        return Done(order.letter, "letter-unknown", None)
    if letters.is_order_known(desk.work.connection, order.id):
        return Done(letter.id, "order-repeated", letter.state, letter.partner)
    if order.action == "reveal":
        _note(desk, given, letter, "letter.revealed")
        return Done(letter.id, "letter-revealed", letter.state, letter.partner)
    if letter.state is not LetterState.DEAD:
        return _stands(letter)
    return _discard(desk, given, letter) if order.action == "discard" else _replay(desk, given, letter, item, read)


def _discard(desk: Desk, given: SignedOrder, letter: Letter) -> Done:
    connection, dead = desk.work.connection, [LetterState.DEAD]
    if not letters.move(connection, letter.id, dead, LetterState.DISCARDED, desk.work.now, order_id=given.order.id):
        return _stands(letters.find(connection, letter.id) or letter)
    _note(desk, given, letter, "letter.discarded")
    return Done(letter.id, "letter-discarded", LetterState.DISCARDED, letter.partner)


def _replay(
    desk: Desk, given: SignedOrder, letter: Letter, item: Inbound | Unfit | None, read: Callable[[Inbound | Unfit], None]
) -> Done:
    work = desk.work
    if letter.partner is not None:
        code = casework.against(desk, letter.id)
    elif item is None:
        code = "letter-erased"
    else:
        expired = isinstance(item, Inbound) and micros(item.message.expires) <= work.now
        code = "letter-expired" if expired else None
    if code is not None:
        return Done(letter.id, code, letter.state, letter.partner)
    replay = Replay(letter.id, letters.message(work.connection, letter).pk, letter.fingerprint.code, given.order.id,
                    letter.replays + 1, _operator(desk, given.order))  # fmt: skip
    if not casework.take_up(desk, replay):
        return _stands(letters.find(work.connection, letter.id) or letter)
    facts = _kept(desk, given, letter) | {"count": replay.count}
    if item is None or letter.partner is not None:
        casework.send_again(desk, replay, facts)
        return Done(letter.id, "letter-sent-again", LetterState.PENDING, letter.partner)
    decision = work.decide("letter.replayed", letters.request_of(work.connection, letter), None, facts)
    desk.replay = replay
    read(item)
    decision.request_key = decision.request_key or work.led_to(decision)
    if desk.died_of is not None:
        return Done(letter.id, "letter-died-again", LetterState.DEAD, died_of=desk.died_of)
    letters.move(work.connection, letter.id, [LetterState.PENDING], LetterState.DONE, work.now)
    return Done(letter.id, "letter-taken-in", LetterState.DONE)


def _stands(letter: Letter) -> Done:
    """Nothing is done: the letter is not dead, or another process was first."""
    code = "letter-gone" if letter.state is LetterState.DISCARDED else f"letter-{letter.state}"
    return Done(letter.id, code, letter.state, letter.partner)


def _note(desk: Desk, given: SignedOrder, letter: Letter, kind: Literal["letter.revealed", "letter.discarded"]) -> None:
    desk.work.decide(kind, letters.request_of(desk.work.connection, letter), None, _kept(desk, given, letter))


def _kept(desk: Desk, given: SignedOrder, letter: Letter) -> Facts:
    """Keep the order for good; what its entry says of it: digests and tokens, never who or why in clear."""
    order, digest, operator = given.order, digest_of(given.value), _operator(desk, given.order)
    sealed = desk.work.seal(NO_CASE, given.value)
    desk.work.add(t.letter_orders, {"id": order.id, "letter": letter.id, "action": order.action, "operator": operator,
                                    "at": desk.work.now, "digest": digest, "jws": given.jws, "sealed": sealed})  # fmt: skip
    fingerprint = letter.fingerprint
    facts: Facts = {"letter": letter.id, "order": order.id, "sha256": digest, "by": given.by, "operator": operator, "code": fingerprint.code,
                    "stage": fingerprint.stage}  # fmt: skip
    key = letters.request_of(desk.work.connection, letter)
    if letter.partner is None or key is None:
        return facts
    desk.load([key])
    return facts | about(desk.cases[key], letter.partner)


def _operator(desk: Desk, order: Order) -> str:
    """What stands for the operator outside of the order itself."""
    return desk.work.composer.token("operator", order.operator)
