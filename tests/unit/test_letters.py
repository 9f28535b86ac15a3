"""Dead letters as a tool: each has a state, an order about one is done once, and what has been concluded stays as it was."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace as changed
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.casework.collector import Collector
from hub.casework.orders import Order, SignedOrder
from hub.engine.records import Outgoing, Record
from hub.engine.relay import load_page
from hub.evidence.archive import unpack
from hub.evidence.verify import verify_bundle
from hub.letters.office import Office, OrderRefused
from hub.rules import intake
from hub.rules.letters import Fingerprint, LetterState, Standing, against_sending
from hub.store import letters
from hub.store import tables as t
from hub.trust.parties import Directory
from schemas import samples
from tests.evidence import LoggedHub
from tests.factories import REPLIES, REQUESTS, agency, control, inquiry
from tests.faults.lanes import Lanes
from tests.faults.test_engine import working
from tests.letters import all_letters, obey, order, replay, sizes, the_letter
from tests.rig import Rig, entries, said, tasks_in, types

DEAD = "hub.dead-letters.v1"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def strange(rig: Rig) -> tuple[str, Record]:
    """A request of a court whose key the hub does not know yet: its id and its record."""
    request_id, record = rig.request(inquiry(partners=["bank"]))
    known = rig.directory
    rig.gate._directory = Directory.of(party for party in known.parties.values() if party.id != "court-9901")  # the register lags
    rig.feed([record])
    rig.gate._directory = known
    return request_id, record


def poisoned(rig: Rig, record: Record) -> list[Outgoing]:
    """A record that deciding fails on; what was said of that."""
    with rig.work() as work:
        rig.casework.poison(work, rig.gate.check(record), ZeroDivisionError())
    rig._publish()
    return work.outgoing


def headers_of(outgoing: Outgoing) -> dict[str, str]:
    return {name: value.decode() for name, value in outgoing.headers}


# -- records that the hub reads again ----------------------------------------------------------------------------------


def test_a_record_is_read_again_as_it_came_and_only_once(rig: Rig) -> None:
    request_id, record = strange(rig)
    letter = the_letter(rig)
    assert (letter.state, letter.fingerprint.code, letter.partner) == (LetterState.DEAD, "jws-unknown-key", None)
    (first, second), out = obey(rig, order(rig, "replay", letter.id), order(rig, "replay", letter.id))
    assert (first.code, first.state) == ("letter-taken-in", "done")
    assert (second.code, second.state) == ("letter-done", "done")
    assert types(list(out)) == ["inquiry.acceptance", "inquiry.task"], "done once"
    accepted = entries(rig, "request.accepted")[-1]
    assert (accepted["in"]["id"], accepted["in"]["offset"]) == (request_id, record.offset), "its own place, id and bytes"
    (replayed,) = entries(rig, "letter.replayed")
    assert (replayed["letter"], replayed["code"], replayed["count"]) == (letter.id, "jws-unknown-key", 1)


def test_what_came_by_itself_meanwhile_is_a_duplicate_and_done_once(rig: Rig) -> None:
    request_id, record = strange(rig)
    rig.feed([changed(record, offset=record.offset + 1000)])
    done, out = replay(rig, the_letter(rig).id)
    assert done.code == "letter-taken-in"
    assert types(list(out)) == ["inquiry.acceptance"], "the very answer that the court got before"
    assert [entry["request"] for entry in entries(rig, "request.accepted")] == [request_id]


def test_a_letter_that_dies_again_says_of_what_and_keeps_key_value_and_place(rig: Rig) -> None:
    request_id, record = strange(rig)
    first = the_letter(rig)
    rig.gate._directory = Directory.of(
        party if party.id != "court-9901" else agency("court-9901", party.role).party for party in rig.directory.parties.values()
    )  # the court is registered now, but with another key of the same kid
    done, out = replay(rig, first.id)
    assert (done.code, done.died_of) == ("letter-died-again", "jws-bad-signature")
    (again,) = [each for each in out if each.topic == DEAD]
    assert (again.value, again.key) == (record.value, record.key)
    head = headers_of(again)
    assert head["kafka_dlt-exception-fqcn"] == "jws-bad-signature"
    assert (head["kafka_dlt-original-topic"], head["kafka_dlt-original-offset"]) == (record.topic, str(record.offset))
    assert head["kafka_dlt-original-timestamp"] == str(record.timestamp // 1000), "set once"
    assert head["hub-replay-count"] == "1"
    assert "YW-0007" not in head["hub-replayed-by"]
    letter = the_letter(rig)
    assert (letter.state, letter.replays, letter.fingerprint.code) == (LetterState.DEAD, 1, "jws-bad-signature")
    assert sizes(rig.store)["dead_letters"] == 1, "one letter still"
    rig.gate._directory = rig.directory
    done, out = replay(rig, letter.id)
    assert (done.code, types(list(out))) == ("letter-taken-in", ["inquiry.acceptance", "inquiry.task"])
    assert said(list(out))[0].correlationid == request_id


def test_a_sender_is_told_again_only_of_another_code_and_never_under_the_same_id(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    task = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))[0]
    take = Collector.take
    monkeypatch.setattr(Collector, "take", _fails)
    (told,) = [each for each in said(poisoned(rig, rig.reply(task))) if each.type.endswith(".rejection.v1")]
    letter = the_letter(rig)
    done, out = replay(rig, letter.id)
    assert (done.code, done.died_of) == ("letter-died-again", "internal-error")
    assert [each.topic for each in out] == [DEAD], "told so before"
    monkeypatch.setattr(Collector, "take", take)
    rig.feed([rig.reply(task, "result")])
    done, out = replay(rig, letter.id)
    assert (done.code, done.died_of) == ("letter-died-again", "reply-conflicting")
    (anew,) = [each for each in said(list(out)) if each.type.endswith(".rejection.v1")]
    assert (anew.data.code, anew.data.offset) == ("reply-conflicting", told.data.offset)
    assert anew.id != told.id


def _fails(*_: Any) -> None:
    raise ZeroDivisionError


def test_a_reply_that_came_in_time_is_not_late_for_the_hubs_own_fault(rig: Rig) -> None:
    task = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))[0]
    rig.feed([rig.receipt(task)])
    poisoned(rig, rig.reply(task))
    rig.advance(3600)  # far past its deadline, and nobody has decided on silence yet
    done, out = replay(rig, the_letter(rig).id)
    assert done.code == "letter-taken-in"
    result, conclusion = said([each for each in out if each.topic == "hub.results.court-9901.v1"])
    assert (result.data.late, conclusion.data.outcome) == (False, "complete")


def test_a_late_reply_is_judged_within_its_order_and_not_put_off(rig: Rig) -> None:
    """The operator is told what came of it, and a restore finds all of that where the order stands."""
    task = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))[0]
    rig.feed([rig.receipt(task)])
    rig.advance(3600)
    poisoned(rig, rig.reply(task))
    done, out = replay(rig, the_letter(rig).id)
    assert (done.code, done.state) == ("letter-taken-in", LetterState.DONE)
    assert types([each for each in out if each.topic == "hub.results.court-9901.v1"]) == [
        "inquiry.non-response", "inquiry.conclusion", "inquiry.result"]  # fmt: skip
    assert entries(rig, "reply.held") == []


def test_a_decision_that_fails_again_leaves_the_letter_dead_and_nothing_else(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _record = strange(rig)
    letter = the_letter(rig)
    decide: Callable[..., Any] = intake.decide
    monkeypatch.setattr(intake, "decide", _fails)
    done, out = replay(rig, letter.id)
    assert (done.code, done.died_of) == ("letter-died-again", "internal-error")
    assert types([each for each in out if each.topic != DEAD]) == ["party.rejection"]
    monkeypatch.setattr(intake, "decide", decide)
    assert replay(rig, letter.id)[0].code == "letter-taken-in"


def test_what_is_past_its_expiry_is_never_taken_in(rig: Rig) -> None:
    strange(rig)
    rig.advance(31 * 24 * 3600)
    before = sizes(rig.store)
    done, out = replay(rig, the_letter(rig).id)
    assert (done.code, done.state, list(out)) == ("letter-expired", "dead", [])
    assert sizes(rig.store) == before


def test_a_dry_run_says_what_would_come_of_it_and_changes_nothing(rig: Rig) -> None:
    strange(rig)
    letter, before = the_letter(rig), sizes(rig.store)
    done, out = replay(rig, letter.id, dry_run=True)
    assert (done.code, list(out)) == ("letter-taken-in", [])
    (done,), out = obey(rig, order(rig, "discard", letter.id, dry_run=True))
    assert (done.code, list(out)) == ("letter-discarded", [])
    assert (sizes(rig.store), the_letter(rig)) == (before, letter)


def test_what_is_discarded_is_so_for_good(rig: Rig) -> None:
    strange(rig)
    letter = the_letter(rig)
    (first, second, third), out = obey(
        rig, order(rig, "discard", letter.id), order(rig, "replay", letter.id), order(rig, "discard", letter.id),
    )  # fmt: skip
    assert [each.code for each in (first, second, third)] == ["letter-discarded", "letter-gone", "letter-gone"]
    assert (list(out), the_letter(rig).state) == ([], LetterState.DISCARDED)
    (entry,) = entries(rig, "letter.discarded")
    assert entry["letter"] == letter.id


def test_who_and_why_are_kept_encrypted_and_stand_in_no_entry(rig: Rig) -> None:
    strange(rig)
    value, jws = order(rig, "discard", the_letter(rig).id, reason="张三来电说明")
    obey(rig, (value, jws))
    with rig.store.read() as connection:
        (kept,) = connection.execute(t.letter_orders.select()).all()
        assert rig.vault.open(connection, "0" * 32, kept.sealed) == value
    (entry,) = entries(rig, "letter.discarded")
    assert (entry["sha256"], entry["order"], kept.jws) == (kept.digest, kept.id, jws)
    assert not {"YW-0007", "张三"} & {word for word in json.dumps(entry, ensure_ascii=False).replace('"', " ").split()}
    assert "张三" not in json.dumps(entry, ensure_ascii=False)


# -- silent tasks ------------------------------------------------------------------------------------------------------


def silent(rig: Rig, data: samples.Data | None = None) -> Any:
    """A task that the bank let pass: its request is concluded."""
    task = tasks_in(rig.feed([rig.request(data or inquiry(partners=["bank"]))[1]]))[0]
    rig.run_until(rig.now + 3600 * 1_000_000)
    return task


def test_a_silent_task_goes_to_its_partner_alone_in_the_same_bytes(rig: Rig) -> None:
    out = rig.feed([rig.request(inquiry(partners=["bank", "police"]))[1]])
    first = {each.topic: each for each in out}
    rig.run_until(rig.now + 3600 * 1_000_000)
    (letter,) = [each for each in all_letters(rig) if each.partner == "bank"]
    assert letter.fingerprint == Fingerprint("transient", "receipt", "no-response", "bank", "liandong.inquiry.task.v1")
    (done, twice), again = obey(rig, order(rig, "replay", letter.id), order(rig, "replay", letter.id))
    assert (done.code, done.state, done.partner) == ("letter-sent-again", "pending", "bank")
    assert twice.code == "letter-pending", "it is on its way; a second order does nothing"
    (sent,) = again
    asked = first["hub.tasks.bank.v1"]
    assert (sent.topic, sent.value, sent.key) == (asked.topic, asked.value, asked.key)
    assert sent.headers[: len(asked.headers)] == asked.headers
    head = headers_of(sent)
    assert (head["hub-replay-count"], len(head["hub-replayed-by"])) == ("1", 32)
    assert head["hub-replay-id"] == entries(rig, "letter.replayed")[0]["order"]


def test_a_late_reply_to_a_replay_cites_the_conclusion_and_changes_nothing_of_it(rig: Rig) -> None:
    task = silent(rig)
    replay(rig, task.id)
    (concluded,) = entries(rig, "request.concluded")
    out = said(rig.feed([rig.receipt(task), rig.reply(task)]))
    (result,) = [each for each in out if each.type.endswith(".result.v1")]
    assert result.data.late
    assert result.data.conclusion == concluded["out"][0]["id"]
    assert entries(rig, "request.concluded") == [concluded]
    assert the_letter(rig).state is LetterState.DONE
    assert replay(rig, task.id)[0].code == "letter-done"
    rig.run_until(rig.now + 90 * 24 * 3600 * 1_000_000)
    assert the_letter(rig).state is LetterState.DONE, "no timer of the replay is left"


def test_a_replay_that_is_not_answered_either_is_dead_again(rig: Rig) -> None:
    task = silent(rig)
    replay(rig, task.id)
    rig.run_until(rig.now + 3600 * 1_000_000)
    letter = the_letter(rig)
    assert (letter.state, letter.replays) == (LetterState.DEAD, 1)
    assert len(entries(rig, "letter.unanswered")) == 1
    done, out = replay(rig, task.id)
    assert (done.code, headers_of(out[0])["hub-replay-count"]) == ("letter-sent-again", "2")


def test_a_hub_killed_before_it_publishes_sends_the_replay_with_its_headers_later(rig: Rig) -> None:
    task = silent(rig)
    value, jws = order(rig, "replay", task.id)
    with rig.work() as work:
        rig.casework.obey(work, SignedOrder(Order.model_validate_json(value), value, jws, "hub"), None)
    (offered,) = work.outgoing
    with rig.store.read() as connection:
        (kept,) = load_page(connection, rig.vault, 0).rows
    assert kept == offered
    assert headers_of(kept)["hub-replay-count"] == "1"


def test_a_late_reply_by_itself_leaves_nothing_to_replay(rig: Rig) -> None:
    task = silent(rig)
    rig.feed([rig.reply(task)])
    done, out = replay(rig, task.id)
    assert (done.code, list(out)) == ("letter-done", [])


def test_a_reply_that_finds_silence_undecided_settles_its_letter_in_one_batch(rig: Rig) -> None:
    task = tasks_in(rig.feed([rig.request(inquiry(partners=["bank"]))[1]]))[0]
    rig.feed([rig.receipt(task)])
    rig.advance(3600)
    rig.feed([rig.reply(task)])
    rig.fire()
    assert the_letter(rig).state is LetterState.DONE


def test_a_freeze_is_not_sent_again_once_its_release_has_been(rig: Rig) -> None:
    task = silent(rig, control(partners=["bank"]))
    release = control("release", original=task.correlationid, partners=["bank"])
    assert "control.task" in types(rig.feed([rig.request(release)[1]]))
    (letter,) = [each for each in all_letters(rig) if each.id == task.id]
    done, out = replay(rig, letter.id)
    assert (done.code, done.state, list(out)) == ("letter-superseded", "dead", [])


def test_a_freeze_is_not_sent_again_into_a_closed_case(rig: Rig) -> None:
    task = silent(rig, control(partners=["bank"]))
    rig.register_case(version=2, status="performed")
    done, _ = replay(rig, task.id)
    assert done.code == "letter-case-closed"


def test_a_task_past_its_expiry_is_not_sent_again(rig: Rig) -> None:
    task = silent(rig)
    rig.now += round(timedelta(days=31).total_seconds() * 1_000_000)
    assert replay(rig, task.id)[0].code == "letter-expired"


def test_why_a_task_may_not_be_sent_again_is_asked_in_order() -> None:
    fine = Standing(expires_at=10, cited=False, gone=False, allowed=True, forbidden=False)
    assert against_sending(fine, 9) is None
    for change, code in (
        ({"expires_at": 9}, "letter-expired"), ({"cited": True}, "letter-superseded"), ({"gone": True}, "letter-moot"),
        ({"allowed": False}, "letter-case-closed"), ({"forbidden": True}, "letter-unlawful"),
    ):  # fmt: skip
        assert against_sending(changed(fine, **change), 9) == code


def test_a_bundle_shows_the_replay_and_verifies(tmp_path: Path) -> None:
    hub = LoggedHub(tmp_path)
    request_id, (task,) = hub.tasks(inquiry(partners=["bank"]))
    hub.run_until(hub.now + 3600 * 1_000_000)
    assert replay(hub, task.id)[0].code == "letter-sent-again"
    reply = hub.reply(task)
    poisoned(hub, reply)
    (dead,) = [letter for letter in all_letters(hub) if letter.partner is None]
    assert replay(hub, dead.id)[0].code == "letter-taken-in"
    hub.logged()
    bundle = hub.export(request_id)
    hub.close()
    assert verify_bundle(bundle, hub.log_key).ok
    kinds = [json.loads(content)["kind"] for name, content in unpack(bundle).items() if name.startswith("entries/")]
    assert {"letter.replayed", "task.answered", "request.concluded"} <= set(kinds)
    assert kinds.count("letter.replayed") == 2, "of the silent task, and of the reply that could not be decided on"


@pytest.mark.parametrize("action", ["reveal", "discard"])
def test_a_bundle_tells_in_words_that_a_letter_of_its_request_was_read_in_clear_or_discarded(tmp_path: Path, action: Any) -> None:
    hub = LoggedHub(tmp_path)
    request_id, (task,) = hub.tasks(inquiry(partners=["bank"]))
    hub.run_until(hub.now + 3600 * 1_000_000)
    obey(hub, order(hub, action, task.id, reason="机密"))
    hub.logged()
    bundle = hub.export(request_id)
    hub.close()
    assert verify_bundle(bundle, hub.log_key).ok
    told = unpack(bundle)["timeline.txt"].decode()
    step = told[told.index({"reveal": "Dead letter read in clear", "discard": "Dead letter discarded"}[action]) :]
    token = hub.composer.token("operator", "YW-0007")
    assert f"异常消息编号 / Letter: {task.id}" in step
    assert "单位 / Of: bank" in step
    assert f"操作人代号 / Operator's token: {token}" in step
    assert "机密" not in told
    assert "YW-0007" not in told


def test_a_replay_that_met_silence_again_is_told_with_its_partner(tmp_path: Path) -> None:
    hub = LoggedHub(tmp_path)
    request_id, (task,) = hub.tasks(inquiry(partners=["bank"]))
    hub.run_until(hub.now + 3600 * 1_000_000)
    replay(hub, task.id)
    hub.run_until(hub.now + 3600 * 1_000_000)
    hub.logged()
    told = unpack(hub.export(request_id))["timeline.txt"].decode()
    hub.close()
    step = told[told.index("重发后仍未答复 / Replay not answered either") :].split("\n")
    assert "单位 / Of: bank" in step[1]


def test_a_letter_of_no_request_is_in_no_bundle(rig: Rig) -> None:
    strange(rig)
    obey(rig, order(rig, "reveal", the_letter(rig).id))
    with rig.store.read() as connection:
        kinds = connection.execute(select(t.audit.c.kind, t.audit.c.request_key).where(t.audit.c.kind.startswith("letter."))).all()
    assert [tuple(each) for each in kinds] == [("letter.revealed", None)]


def test_a_request_that_was_set_aside_first_has_its_replay_in_its_bundle(tmp_path: Path) -> None:
    hub = LoggedHub(tmp_path)
    request_id, _ = strange(hub)
    replay(hub, the_letter(hub).id)
    hub.logged()
    bundle = hub.export(request_id)
    hub.close()
    assert verify_bundle(bundle, hub.log_key).ok
    assert "原因 / Reasons: jws-unknown-key" in unpack(bundle)["timeline.txt"].decode()


# -- who may order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["another party", "stranger", "altered", "old", "no order", "a name as operator"])
async def test_only_a_fresh_order_of_the_hubs_own_is_listened_to(rig: Rig, how: str) -> None:
    strange(rig)
    letter, hub = the_letter(rig), rig.parties["hub"].signer
    value, jws = order(rig, "discard", letter.id)
    if how == "another party":
        value, jws = order(rig, "discard", letter.id, signer="court-9902")
    elif how == "stranger":
        jws = agency("hub", rig.parties["hub"].party.role).signer.sign(value)
    elif how == "altered":
        value = value.replace(b"discard", b"replay")
    elif how == "old":
        rig.advance(301)
    elif how == "no order":
        value, jws = b"{}", hub.sign(b"{}")
    else:
        value = value.replace(b"YW-0007", "张三".encode())
        jws = hub.sign(value)
    before = sizes(rig.store)
    async with working(rig, Lanes()) as processor:
        with pytest.raises(OrderRefused):
            await Office("hub", rig.directory, rig.gate, rig.store, processor, rig.casework).obey(value, jws)
    assert (sizes(rig.store), the_letter(rig)) == (before, letter)


def test_an_order_that_was_overheard_is_done_once(rig: Rig) -> None:
    strange(rig)
    given = order(rig, "reveal", the_letter(rig).id)
    (first, second), _ = obey(rig, given, given)
    assert (first.code, second.code) == ("letter-revealed", "order-repeated")
    assert len(entries(rig, "letter.revealed")) == 1


# -- the store ---------------------------------------------------------------------------------------------------------


def test_letters_of_one_cause_are_one_group(rig: Rig) -> None:
    rig.feed([rig.record("court-9901", b"not json", REQUESTS)])
    rig.advance(60)
    rig.feed([rig.record("court-9901", b"nor this", REQUESTS), rig.record("bank", b"{", REPLIES)])
    with rig.store.read() as connection:
        courts, banks = letters.groups(connection, [LetterState.DEAD])
    assert (courts.fingerprint.party, courts.counts, courts.last_at - courts.first_at) == ("court-9901", {LetterState.DEAD: 2}, 60_000_000)
    assert (banks.fingerprint.party, banks.counts) == ("bank", {LetterState.DEAD: 1})


def test_dead_letters_of_an_older_store_get_a_state_once(rig: Rig) -> None:
    strange(rig)
    made = the_letter(rig)
    with rig.store.write() as connection:
        connection.execute(t.letters.delete())
        assert letters.adopt(connection) == 1
        assert letters.adopt(connection) == 0
    letter = the_letter(rig)
    assert (letter.id, letter.message_id, letter.state) == (made.id, made.message_id, LetterState.DEAD)
    assert replay(rig, letter.id)[0].code == "letter-taken-in"


def test_a_sender_cannot_pass_for_a_replay(rig: Rig) -> None:
    bad = rig.record("court-9901", b"not json", REQUESTS)
    forged = changed(bad, headers=(*bad.headers, ("hub-replay-count", b"7"), ("hub-stage", b"none"), ("kafka_dlt-original-offset", b"1")))
    (letter, _) = rig.feed([forged])
    names = [name for name, _ in letter.headers]
    assert "hub-replay-count" not in names
    assert names.count("hub-stage") == names.count("kafka_dlt-original-offset") == 1
