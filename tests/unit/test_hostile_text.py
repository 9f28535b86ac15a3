"""Characters, names and headers that steer what shows or keeps them: terminals, logs, tables, folders, other readers."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from connectors.court import commands
from connectors.court.drafts import DraftError, finish, read_drafts
from connectors.court.items import Item
from connectors.court.show import drafted_in
from hub.bulletins.edition import Edition
from hub.engine.work import unpack_headers
from hub.store import tables as t
from hub.telemetry import legible
from schemas import samples
from schemas.base import CHINA
from schemas.messages import DraftsGiven, parse
from schemas.publish.examples import examples
from tests.factories import REQUESTS, control, message
from tests.rig import Rig, said, tasks_in
from tests.trees import changed, paths
from tests.unit.test_bulletin_files import check, make, table

STEERING = ("\x1b[2J", "\x9b2J", "a\nb", "a\r", "\x07", "\x7f", "a\u2028b", "\x85", "\u202eabc", "\u2066a", "\x00")
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
OPAQUE = ("content", "value", "jws")
"""Base64 and signatures: never shown."""


# -- messages, terminals, logs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", examples(), ids=lambda example: example["type"])
def test_no_text_of_a_message_steers_who_shows_it(example: dict[str, Any]) -> None:
    for path, value in paths(example):
        if isinstance(value, str) and path[-1] not in OPAQUE:
            for steering in STEERING:
                spoilt = json.dumps(changed(example, path, value[:3] + steering + value[3:])).encode()
                with suppress(ValidationError):  # a blank in a number is left out of it
                    assert not [text for _, text in paths(parse(spoilt).model_dump(mode="json")) if UNSEEN.search(str(text))]


@pytest.mark.parametrize("steering", STEERING)
def test_a_line_is_one_line_of_plain_characters(steering: str) -> None:
    line = legible(f"示例市{steering}\U00020bb7")
    assert not UNSEEN.search(line)
    assert json.loads(f'"{line}"') == f"示例市{steering}\U00020bb7"


HOSTILE = "".join(STEERING) + '", "level": "info'
LOGS = """
import logging, sys, json, structlog
from hub.telemetry import configure_logs
configure_logs("info", "hub")
hostile = json.loads(sys.argv[1])
structlog.get_logger().warning("engine.test", code=hostile, **{"k": [hostile]})
logging.getLogger("aiohttp.server").error("bad request: %s", hostile)
try:
    raise ValueError(hostile)
except ValueError:
    logging.getLogger("x").exception("failed")
structlog.get_logger().warning("half \\ud800 a character")
"""


def test_what_is_logged_cannot_end_its_line_or_steer_the_terminal() -> None:
    ran = subprocess.run([sys.executable, "-c", LOGS, json.dumps(HOSTILE)], capture_output=True, check=True)
    lines = ran.stderr.decode().removesuffix("\n").split("\n")
    assert [json.loads(line)["process"] for line in lines] == ["hub"] * 4
    assert json.loads(lines[0])["code"] == HOSTILE
    assert json.loads(lines[0])["level"] == "warning"
    assert not UNSEEN.search("".join(lines))


@pytest.mark.parametrize("as_json", [False, True])
async def test_what_a_court_reads_on_its_terminal_is_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    class Client:
        def __init__(self, _: object) -> None: ...

        async def __aenter__(self) -> "Client":
            return self

        async def __aexit__(self, *_: object) -> None: ...

        async def results(self, *_: object, **__: object) -> AsyncIterator[Item]:
            yield Item(datetime(2026, 3, 2, tzinfo=CHINA), "0" * 64, fault=HOSTILE)

    monkeypatch.setattr(commands, "CourtClient", Client)
    assert await commands._results(None, None, False, as_json, None) == 5  # type: ignore[arg-type]  # the client takes any
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert not UNSEEN.search(printed.rstrip("\n"))


# -- files ----------------------------------------------------------------------------------------------------------------


def drafts_given(content: bytes, action: str) -> Item:
    drafted = {"type": "liandong.control.request.v1", "content": base64.b64encode(content).decode()}
    row = {"finding": "account", "action": action, "partner_kind": "bank", "needs_approval": True, "draft": drafted}
    value = message("liandong.case.drafts.v1", "hub", "court-9901", {"request": str(UUID(int=4 << 76 | 8 << 60)), "follow_ups": [row]})
    given = parse(value)
    assert isinstance(given, DraftsGiven)
    return Item(datetime(2026, 3, 2, tzinfo=CHINA), "0" * 64, given)


@pytest.mark.parametrize("action", ["freeze", "../../../freeze", "/etc/freeze", "a/b", "..", "\U0001f4a3", "x" * 400])
def test_what_the_hub_drafted_is_written_into_the_folder_that_was_named(tmp_path: Path, action: str) -> None:
    ((name, _),) = drafted_in(drafts_given(b"{}", action))
    assert ((tmp_path / f"{name}.json").resolve().parent) == tmp_path.resolve()


@pytest.mark.parametrize("content", [b"", b"[", b"[]", b"null", b"[" * 100_000, b"\xff"], ids=lambda content: f"{content[:4]!r} of {len(content)}")
def test_a_draft_of_the_hubs_that_is_none_is_said_in_words(content: bytes) -> None:
    with pytest.raises(DraftError, match="no JSON object"):
        drafted_in(drafts_given(content, "freeze"))


def draft_with(**content: str) -> dict[str, Any]:
    data = samples.inquiry("P01")
    document = {"kind": "assistance-notice", "number": "（2026）粤9901执123号协查1号", "issued_on": "2026-01-05", **content}
    return {"type": "liandong.inquiry.request.v1", "data": data | {"legal": data["legal"] | {"documents": [document]}}}


def test_a_draft_sends_out_no_file_but_those_beside_it(tmp_path: Path) -> None:
    """Whoever writes a draft need not be who sends it."""
    folder = tmp_path / "drafts"
    (folder / "below").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("a secret", encoding="utf-8")
    (folder / "below" / "notice.txt").write_text("a notice", encoding="utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert finish(draft_with(file="below/notice.txt"), folder)
    file = folder / "draft.json"
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "below/../../secret.txt", "link.txt"):
        file.write_text(json.dumps(draft_with(file=name)), encoding="utf-8")
        with pytest.raises(DraftError, match="beside the draft"):
            read_drafts(file)


@pytest.mark.parametrize(("content", "words"), [
    ({"text": "half a \ud800 character"}, "half a character"), ({"file": "a\x00.txt"}, "no path"), ({"file": "x" * 5000 + ".txt"}, "too long"),
])  # fmt: skip
def test_a_document_that_cannot_be_read_is_named(tmp_path: Path, content: dict[str, str], words: str) -> None:
    with pytest.raises(DraftError, match=words):
        finish(draft_with(**content), tmp_path)


# -- tables and headers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_in_a_bulletin_is_a_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    """A partner's name is what the partner calls itself; the table is opened in office programs."""
    formula = f"{start}HYPERLINK(\"http://evil.example\")"
    monkeypatch.setattr(Edition, "labels", lambda *_: (formula, ""))
    out, log = make(tmp_path)
    cells = [cell for sheet in out.glob("*.csv") for row in table(sheet) for cell in row]
    assert f"'{formula}" in cells
    assert formula not in cells
    assert not [cell for cell in cells if re.match(r"[=+@\t\r-](?![0-9.]*$)", cell)]
    (sheet,) = out.glob("*.zh.csv")
    assert check(sheet, log)[0] == 0


def test_a_dead_letter_bears_no_header_that_its_sender_forged(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    record = rig.record("court-9901", b"no message", REQUESTS)
    forged = (("kafka_dlt-exception-fqcn", b"good"), ("kafka_dlt-original-topic", b"elsewhere"), ("hub-error-class", b"none"), ("hub-stage", b"x"))
    own = (("x\r\ny: z", b"\r\n\x00\xff"), ("x" * 5000, b""))
    letter, _ = rig.feed([type(record)(**{name: getattr(record, name) for name in record.__slots__ if name != "headers"},
                                       headers=(*forged, *own, *record.headers))])  # fmt: skip
    names = [name for name, _ in letter.headers]
    assert len(set(names)) == len(names)
    assert dict(letter.headers)["kafka_dlt-exception-fqcn"] == b"not-json"
    assert dict(letter.headers)["kafka_dlt-original-topic"] == REQUESTS.encode()
    assert letter.headers[: len(own)] == own
    with rig.store.read() as connection:
        packed = connection.scalars(select(t.outbox.c.headers).where(t.outbox.c.topic == letter.topic)).one()
    assert unpack_headers(packed) == letter.headers


@pytest.mark.parametrize("hostile", ["'; DROP TABLE requests; --", "\" OR \"\"=\"", "%s %(x)s :x ? {0} ${x}", "\\'; --"])
def test_what_is_sql_in_a_message_is_a_value_in_the_store(tmp_path: Path, hostile: str) -> None:
    rig = Rig(tmp_path)
    _, asked = rig.request(control("freeze"))
    (task,) = tasks_in(rig.feed([asked]))
    measure = {"state": "effective", "reference": hostile, "controlled": "10.00"}
    out = said(rig.feed([rig.receipt(task), rig.reply(task, "result", measure=measure)]))
    assert "liandong.control.conclusion.v1" in [each.type for each in out]
    with rig.store.read() as connection:
        bodies = connection.scalars(select(t.aggregates.c.body)).all()
        assert connection.scalar(select(func.count()).select_from(t.requests)) == 1
    assert json.dumps(hostile, ensure_ascii=False)[1:-1].encode() in b"".join(map(_bytes, bodies))


def _bytes(body: str | bytes) -> bytes:
    return body if isinstance(body, bytes) else body.encode()
