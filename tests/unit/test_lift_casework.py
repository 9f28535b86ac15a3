"""Lifting over the casework: what a performed, bankrupt or ended case sets in motion, up to its one certificate."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas import samples
from tests.factories import Data, control, locate
from tests.rig import Rig, said
from tests.unit.test_measures_casework import at, carried_out, frozen, measure

CERTIFICATE = "liandong.case.lift-certificate.v1"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def notice(action: str = "restrict", **changes: Any) -> Data:
    return samples.notice(action, **{"number": f"R-{action.upper()}-{len(changes)}", **changes})


def close(rig: Rig, status: str = "performed", version: int = 2) -> list[Any]:
    """What the hub says when the court states that the case is over."""
    return said(rig.register_case(version=version, status=status))


def due(out: list[Any]) -> dict[str, Any]:
    """The drafts of what is to be released, by what they act on."""
    drafts = [json.loads(base64.b64decode(each.data.draft.content))["data"] for each in out
              if each.type == "liandong.case.event.v1" and each.data.event == "release-due"]  # fmt: skip
    return {draft["original"]: draft for draft in drafts}


def certificates(out: list[Any]) -> list[Any]:
    return [each.data for each in out if each.type == CERTIFICATE]


def sent(rig: Rig, data: Data) -> tuple[str, Any]:
    """A request and its one task."""
    request_id, record = rig.request(data)
    (task,) = [each for each in said(rig.feed([record])) if each.type.endswith(".task.v1")]
    return request_id, task


def lifted(rig: Rig, data: Data, kind: str = "result") -> list[Any]:
    """What the hub says when what ends a measure has been carried out."""
    _, task = sent(rig, data)
    return said(rig.feed([rig.reply(task, kind)]))


def three(rig: Rig) -> tuple[str, str, str]:
    """A freeze, a watch and a restriction in force."""
    return frozen(rig), carried_out(rig, locate()), carried_out(rig, notice())


def test_performance_lifts_everything_and_one_certificate_proves_it(rig: Rig) -> None:
    freeze, watch, restriction = three(rig)
    out = close(rig)
    drafts = due(out)
    assert {original: draft["action"] for original, draft in drafts.items()} == {freeze: "release", watch: "withdraw", restriction: "lift"}
    assert {each.data.addressee for each in out if each.type == "liandong.case.event.v1"} == {"GZ-9901-001"}
    assert certificates(out) == []
    proofs = {}
    for original, data in ((freeze, control("release", original=freeze)), (watch, locate("withdraw", original=watch))):
        _, task = sent(rig, data)
        record = rig.reply(task, "result")
        proofs[original] = json.loads(record.value)["id"]
        assert certificates(said(rig.feed([record]))) == [], "the restriction stands"
    _, task = sent(rig, notice("lift", original=restriction))
    record = rig.reply(task, "result")
    proofs[restriction] = json.loads(record.value)["id"]
    (certificate,) = certificates(said(rig.feed([record])))
    assert {each.request: (each.action, each.ended_as, each.proof) for each in certificate.lifted} == {
        freeze: ("freeze", "released", proofs[freeze]), watch: ("watch", "withdrawn", proofs[watch]),
        restriction: ("restrict", "lifted", proofs[restriction]),
    }  # fmt: skip
    at(rig, 2029, 1, 1)
    assert certificates(said(rig.fire())) == [], "once per closing"


def test_a_watch_whose_hit_nobody_has_attended_to_is_withdrawn_too(rig: Rig) -> None:
    watch, task = sent(rig, locate())
    hit = {"event": "E1", "at": rig.clock.isoformat(timespec="microseconds"), "place": "客运站",
           "contact": {"name": "值班民警", "phone": "110"}}  # fmt: skip
    rig.feed([rig.reply(task, "result")])
    rig.feed([rig.answer(task, "hit", hit)])
    assert due(close(rig))[watch]["action"] == "withdraw"
    (certificate,) = certificates(lifted(rig, locate("withdraw", original=watch)))
    assert [each.ended_as for each in certificate.lifted] == ["withdrawn"]


def test_a_draft_is_whole_but_for_documents_and_approvals(rig: Rig) -> None:
    freeze, _, restriction = three(rig)
    drafts = due(close(rig))
    for original, whole in ((freeze, control("release", original=freeze)), (restriction, notice("lift", original=restriction))):
        draft = drafts[original]
        draft["legal"] |= {name: whole["legal"][name] for name in ("documents", "approvals")}
        assert said(rig.feed([rig.request(draft)[1]]))[0].type.endswith(".acceptance.v1")


@pytest.mark.parametrize(("status", "lifts"), [("bankrupt", True), ("ended", True), ("round-closed", False)])
def test_bankruptcy_lifts_as_performance_does_and_a_closed_round_does_not(rig: Rig, status: str, lifts: bool) -> None:
    freeze = frozen(rig)
    out = said(rig.register_case(version=2, status=status, standing=freeze))
    assert set(due(out)) == ({freeze} if lifts else set())


def test_what_was_asked_for_and_settles_after_the_closing_is_lifted_and_certified_too(rig: Rig) -> None:
    taken, task = sent(rig, control())
    declined, other = sent(rig, control(partners=["bank-two"]))
    assert set(due(close(rig))) == {taken, declined}
    assert certificates(said(rig.feed([rig.reply(task, "result")]))) == []
    assert certificates(said(rig.feed([rig.reply(other, "not-controlled")]))) == []
    (certificate,) = certificates(lifted(rig, control("release", original=taken)))
    ended = {each.request: (each.ended_as, each.proof is not None) for each in certificate.lifted}
    assert ended == {taken: ("released", True), declined: ("refused", True)}


def test_silence_keeps_the_certificate_back_until_it_is_known_that_nothing_is_held(rig: Rig) -> None:
    freeze, _ = sent(rig, control())
    rig.advance(60)
    rig.fire()
    assert measure(rig, freeze).status == "unknown"
    assert set(due(close(rig))) == {freeze}
    assert certificates(lifted(rig, control("release", original=freeze), "returned")) == []
    (certificate,) = certificates(lifted(rig, control("release", original=freeze), "no-record"))
    assert [(each.request, each.ended_as) for each in certificate.lifted] == [(freeze, "refused")]


def test_a_late_refusal_tells_that_nothing_took_hold(rig: Rig) -> None:
    freeze, task = sent(rig, control())
    rig.advance(60)
    rig.fire()
    close(rig)
    (certificate,) = certificates(said(rig.feed([rig.reply(task, "not-controlled")])))
    assert [(each.request, each.ended_as) for each in certificate.lifted] == [(freeze, "refused")]


def test_what_is_not_released_goes_up_a_rung_each_day_until_it_is(rig: Rig) -> None:
    freeze = frozen(rig)
    close(rig)
    levels = []
    for day in range(24, 31):
        at(rig, 2026, 11, day, 12)
        levels += [(day, each.data.event, each.data.level) for each in said(rig.fire())]
    assert levels == [(26, "release-overdue", 1), (27, "release-overdue", 2), (28, "release-overdue", 3),
                      (29, "release-overdue", 3), (30, "release-overdue", 3)]  # fmt: skip
    lifted(rig, control("release", original=freeze))
    at(rig, 2026, 12, 15)
    assert rig.fire() == []


def test_a_measure_that_lapses_before_its_release_ends_without_a_message_to_prove_it(rig: Rig) -> None:
    freeze = frozen(rig, ends="2026-11-30")
    close(rig)
    at(rig, 2026, 12, 1)
    (certificate,) = certificates(said(rig.fire()))
    assert [(each.request, each.ended_as, each.proof) for each in certificate.lifted] == [(freeze, "lapsed", None)]


def test_a_case_that_goes_on_need_not_release_and_is_lifted_anew_when_it_closes_again(rig: Rig) -> None:
    freeze = frozen(rig)
    close(rig)
    close(rig, "resumed", 3)
    at(rig, 2026, 12, 5)
    assert rig.fire() == [], "nothing is overdue any more"
    assert certificates(lifted(rig, control("release", original=freeze))) == []
    (certificate,) = certificates(close(rig, "performed", 4))
    assert [each.ended_as for each in certificate.lifted] == ["released"]
    assert certificates(close(rig, "ended", 5)) == [], "it was closed already"


def test_a_case_that_imposed_nothing_has_nothing_to_certify(rig: Rig) -> None:
    assert [each.type for each in close(rig)] == ["liandong.case.noted.v1"]


def test_the_superior_courts_transfer_moves_lifting_to_the_new_holder(rig: Rig) -> None:
    freeze = frozen(rig)
    holder = {"court": "court-9902", "team": samples.TEAM}
    moved = samples.statement(version=2, holder=holder, status="performed")
    out = said(rig.feed([rig.statement(moved, "statement", court="court-99")[1]]))
    assert [each.recipient for each in out if each.type == "liandong.case.event.v1"] == ["court-9902"]
    assert set(due(out)) == {freeze}
