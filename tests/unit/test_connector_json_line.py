"""A partner's JSON answer, read: cut short on its way, of another shape, or as it should be."""

import traceback
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import TypeAdapter

from connectors.base import ProtocolFault, TransientFault
from connectors.json_line import Form, JsonLine, LineOptions, PartnerReason, Said
from schemas.base import MOST_OBJECTS

BODY = b'{"sealNo": "CF1", "name": "\xe8\xb5\xb5\xe6\x98\x8e\xe8\xbf\x9c", "more": 1}'


class Sealed(Form):
    """As small as an answer can be."""

    seal_no: str
    name: str


async def ask(body: bytes, *, effect: bool) -> Said[Sealed]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.add_routes([web.post("/seal", answer)])
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        line = JsonLine(http, LineOptions(base_url=f"http://127.0.0.1:{server.port}"))
        return await line.ask("POST", "/seal", TypeAdapter(Sealed), effect=effect)


async def test_a_right_answer_keeps_its_exact_bytes_and_only_the_members_that_are_known() -> None:
    said = await ask(BODY, effect=True)
    assert said.raw == BODY
    assert said.form.model_dump() == {"seal_no": "CF1", "name": "赵明远"}


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("length", [0, 1, 20, 33, len(BODY) - 1])
async def test_an_answer_cut_short_leaves_the_outcome_of_an_effect_unknown(length: int, effect: bool) -> None:
    """33 bytes end within a character."""
    with pytest.raises(TransientFault) as raised:
        await ask(BODY[:length], effect=effect)
    assert (raised.value.code, raised.value.unknown) == ("broken-answer", effect)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"sealNo": 1, "name": "x"}', b'"CF1"'])
async def test_an_answer_of_another_shape_is_for_a_person(body: bytes) -> None:
    with pytest.raises(ProtocolFault) as raised:
        await ask(body, effect=True)
    assert raised.value.code == "answer-invalid"


async def test_an_answer_with_more_values_than_any_needs_is_not_looked_into() -> None:
    """Each error takes a kilobyte, and four megabytes can hold two million."""
    with pytest.raises(ProtocolFault) as raised:
        await ask(b'{"sealNo": [' + b"{}," * MOST_OBJECTS + b"{}]}", effect=True)
    assert raised.value.code == "answer-too-large"


async def test_a_fault_holds_nothing_of_the_answer() -> None:
    with pytest.raises(ProtocolFault) as raised:
        await ask(BODY.replace(b"sealNo", b"other"), effect=False)
    assert "赵明远" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("address", ["127.0.0.1:80", "ftp://127.0.0.1", "http://127.0.0.1/path", "http://127.0.0.1?q"])
def test_an_address_that_is_none_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        LineOptions(base_url=address)


@pytest.mark.parametrize(("code", "ours"), [("NOT_ON_FILE", "not-on-file"), ("T2", "t2")])
def test_a_reason_of_the_partner_becomes_one_of_the_contract(code: str, ours: str) -> None:
    told: dict[str, Any] = {"code": code, "text": "无此档案"}
    assert PartnerReason.model_validate(told).as_reason().code == ours
