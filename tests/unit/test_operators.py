"""Operators in the party directory: each order about a dead letter is signed by one of them, by name, and by nobody else."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner

from hub.bus.topics import Topics
from hub.letters.commands import app
from hub.letters.office import PATH, Office, OrderRefused
from hub.trust import keys
from hub.trust.enrol import enrol
from hub.trust.parties import Directory, DirectoryError, Role
from schemas.base import CHINA
from tests.factories import REQUESTS, Agency, agency, approved, inquiry, message
from tests.faults.lanes import Lanes
from tests.faults.test_engine import working
from tests.letters import obey, order, sizes, the_letter
from tests.rig import IN_FORCE, Rig, entries

NAME, STAFF = "operator-7", "YW-0007"


def operator(name: str = NAME, staff: str = STAFF, pair: keys.KeyPair | None = None) -> Agency:
    made = agency(name, Role.OPERATOR, pair=pair, **IN_FORCE)
    return changed(made, party=changed(made.party, staff_number=staff))


def known(rig: Rig, *added: Agency) -> None:
    """The hub starts anew with these in its directory."""
    rig.parties |= {each.party.id: each for each in added}
    rig.directory = rig.gate._directory = Directory.of(each.party for each in rig.parties.values())


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.feed([made.record("court-9901", b"not json", REQUESTS)])
    yield made
    made.close()


def refused(rig: Rig, given: tuple[bytes, str]) -> str:
    """The code with which an order is not listened to; nothing has changed."""
    before = sizes(rig.store)
    with pytest.raises(OrderRefused) as error:
        obey(rig, given)
    assert sizes(rig.store) == before
    return error.value.code


def test_the_log_names_the_operator_who_signed(rig: Rig) -> None:
    known(rig, operator())
    (done,), _ = obey(rig, order(rig, "discard", the_letter(rig).id, signer=NAME))
    assert done.code == "letter-discarded"
    (entry,) = entries(rig, "letter.discarded")
    assert entry["by"] == NAME
    assert STAFF not in json.dumps(entry), "the number stands in the order alone"


def test_without_operators_the_hubs_own_key_orders_and_the_log_says_so(rig: Rig) -> None:
    obey(rig, order(rig, "discard", the_letter(rig).id))
    assert [entry["by"] for entry in entries(rig, "letter.discarded")] == ["hub"]


def test_once_there_are_operators_the_hubs_own_key_orders_nothing(rig: Rig) -> None:
    known(rig, operator())
    assert refused(rig, order(rig, "discard", the_letter(rig).id)) == "order-unsigned"


def test_nobody_orders_under_anothers_number(rig: Rig) -> None:
    known(rig, operator(), operator("operator-8", "YW-0008"))
    letter = the_letter(rig).id
    assert refused(rig, order(rig, "discard", letter, signer="operator-8")) == "order-other-operator"
    (done,), _ = obey(rig, order(rig, "discard", letter, signer="operator-8", operator="YW-0008"))
    assert done.code == "letter-discarded"


@pytest.mark.parametrize("change", [{"compromised_at": 1}, {"valid_until": 1}])
def test_an_operator_whose_key_is_not_good_orders_nothing_and_nobody_steps_in(rig: Rig, change: dict[str, int]) -> None:
    made = operator()
    spoiled = changed(made.party.keys[0], **change)  # type: ignore[arg-type]  # each is a time
    known(rig, changed(made, party=changed(made.party, keys=(spoiled,))))
    letter = the_letter(rig).id
    assert refused(rig, order(rig, "discard", letter, signer=NAME)) == "order-unsigned"
    assert refused(rig, order(rig, "discard", letter)) == "order-unsigned"


def test_an_operator_says_nothing_over_kafka_and_is_told_nothing_there(rig: Rig) -> None:
    known(rig, operator())
    value = message("liandong.inquiry.request.v1", NAME, "hub", approved(inquiry(partners=["bank"]), rig.clock), time=rig.clock)
    out = rig.feed([rig.record(NAME, value, REQUESTS)])
    assert [each.topic for each in out] == [Topics().dead_letters]
    assert entries(rig, "message.rejected")[-1]["stage"] == "role"
    assert entries(rig, "request.") == []


async def test_the_command_signs_with_the_operators_own_key(rig: Rig, tmp_path: Path) -> None:
    pair = keys.generate(f"{NAME}#1")
    keys.save(pair, tmp_path / "operator.jwk")
    keys.save(keys.generate("hub#9"), tmp_path / "hub.jwk")
    known(rig, operator(pair=pair))
    letter = the_letter(rig).id
    async with working(rig, Lanes()) as processor:
        processor._clock = lambda: round(datetime.now(CHINA).timestamp() * 1_000_000)
        site = web.Application()
        site.router.add_post(PATH, Office("hub", rig.directory, rig.gate, rig.store, processor, rig.casework).post)
        async with TestServer(site, host="127.0.0.1") as server:
            config = tmp_path / "hub.toml"
            config.write_text(f"data_dir = '{tmp_path}'\nsigning_key = '{tmp_path / 'hub.jwk'}'\n[console]\nport = {server.port}\n", encoding="utf-8")
            arguments = ["discard", letter, "--operator", STAFF, "--reason", "重复", "--config", str(config)]
            without = await asyncio.to_thread(CliRunner().invoke, app, arguments)
            assert (without.exit_code, "order-unsigned" in without.output) == (1, True)
            given = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--key", str(tmp_path / "operator.jwk")])
            assert (given.exit_code, "letter-discarded" in given.output) == (0, True)
    assert entries(rig, "letter.discarded")[0]["by"] == NAME


# -- party files -------------------------------------------------------------------------------------------------------


def profile(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{NAME}.toml").write_text(f'id = "{NAME}"\nname_zh = "值班运维"\nname_en = "Operator on duty"\n{text}', encoding="utf-8")
    return folder


def test_an_operator_is_enrolled_like_any_party(tmp_path: Path) -> None:
    enrol(profile(tmp_path / "profiles", f'role = "operator"\nstaff_number = "{STAFF}"\n'), tmp_path / "out")
    (party,) = Directory.load(tmp_path / "out" / "parties").with_role(Role.OPERATOR)
    assert (party.id, party.staff_number, len(party.keys)) == (NAME, STAFF, 1)
    assert keys.load(tmp_path / "out" / "keys" / f"{NAME}.jwk").kid == party.keys[0].kid


@pytest.mark.parametrize("text", ['role = "operator"\n', f'role = "court"\nstaff_number = "{STAFF}"\n'])
def test_an_operator_and_nobody_else_has_a_staff_number(tmp_path: Path, text: str) -> None:
    with pytest.raises(DirectoryError, match="staff_number"):
        Directory.load(profile(tmp_path / "profiles", text))
