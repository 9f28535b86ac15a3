"""Drafts: documents filled in, everything checked before anything is sent, errors that name the place and not the person."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.court.drafts import FORMS, Draft, DraftError, finish, read_drafts
from schemas import samples
from schemas.requests import AnyRequest, ControlRequest, InquiryRequest

SAMPLE = Path("config/samples/docket/drafts/inquiry.json")
NOTICE = {"kind": "inquiry-notice", "number": "（2026）粤9901执123号协助查询通知书", "issued_on": "2026-03-02"}


def draft(*documents: dict[str, Any], **changes: Any) -> dict[str, Any]:
    legal = samples.legal_basis("inquire", documents=list(documents))
    return {"type": "liandong.inquiry.request.v1", "data": samples.inquiry("P02", legal=legal, **changes)}


def request(made: Draft) -> AnyRequest:
    assert made.request is not None
    return made.request


def test_a_text_becomes_a_document_with_its_digest() -> None:
    (document,) = request(finish(draft({**NOTICE, "text": "协助查询通知书"}))).legal.documents
    assert base64.b64decode(document.content).decode() == "协助查询通知书"
    assert document.sha256 == hashlib.sha256("协助查询通知书".encode()).hexdigest()
    assert document.media_type == "text/plain"


@pytest.mark.parametrize(
    ("name", "media_type"), [("a.pdf", "application/pdf"), ("a.ofd", "application/ofd"), ("a.txt", "text/plain")]
)
def test_a_file_beside_the_draft_becomes_a_document(tmp_path: Path, name: str, media_type: str) -> None:
    (tmp_path / name).write_bytes(b"\x00\xffscan")
    (tmp_path / "draft.json").write_text(json.dumps(draft({**NOTICE, "file": name})), encoding="utf-8")
    (read,) = read_drafts(tmp_path / "draft.json")
    (document,) = request(read).legal.documents
    assert base64.b64decode(document.content) == b"\x00\xffscan"
    assert document.sha256 == hashlib.sha256(b"\x00\xffscan").hexdigest()
    assert document.media_type == media_type


def test_a_finished_document_is_left_as_it_stands() -> None:
    whole = samples.inquiry("P02")
    assert finish({"type": "liandong.inquiry.request.v1", "data": whole}).data == InquiryRequest.model_validate_json(
        json.dumps(whole)
    )


def test_a_file_may_hold_a_docket(tmp_path: Path) -> None:
    file = tmp_path / "docket.json"
    control = {"type": "liandong.control.request.v1", "data": samples.control()}
    file.write_text(json.dumps([draft({**NOTICE, "text": "x"}), control]), encoding="utf-8")
    first, second = read_drafts(file)
    assert isinstance(first.data, InquiryRequest)
    assert isinstance(second.data, ControlRequest)


def test_the_sample_draft_is_a_whole_request() -> None:
    (read,) = read_drafts(SAMPLE)
    assert request(read).action == "inquire"
    assert [document.kind for document in request(read).legal.documents] == ["inquiry-notice"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param([], "two members", id="not-an-object"),
        pytest.param({"type": "liandong.inquiry.request.v1"}, "two members", id="no-data"),
        pytest.param({"type": "liandong.inquiry.task.v1", "data": {}}, "give one of", id="not-a-request"),
        pytest.param(draft(NOTICE), "one of the two", id="document-without-content"),
        pytest.param(draft({**NOTICE, "text": "x", "file": "x.txt"}), "one of the two", id="document-twice"),
        pytest.param(draft({**NOTICE, "file": "x.doc"}), "ends in .pdf", id="media-type"),
        pytest.param(draft({**NOTICE, "file": "none.pdf"}), "cannot be read", id="no-such-file"),
        pytest.param(draft({**NOTICE, "text": "x"}, number="n"), "data.number", id="contract"),
        pytest.param(draft({**NOTICE, "text": "x"}, colour="red"), "unknown member", id="unknown-member"),
        pytest.param(draft({**NOTICE, "text": "字" * 200_000}), "data.legal.documents.0.content", id="document-too-large"),
    ],
)
def test_what_is_wrong_is_named(given: Any, words: str) -> None:
    with pytest.raises(DraftError, match=words):
        finish(given)


def test_an_error_names_file_and_draft_and_holds_nothing_of_the_person(tmp_path: Path) -> None:
    file = tmp_path / "docket.json"
    wrong = samples.subject("P02") | {"id_number": "990100198509230021"}
    good = draft({**NOTICE, "text": "x"})
    file.write_text(json.dumps([good, draft({**NOTICE, "text": "x"}, subject=wrong)]), encoding="utf-8")
    with pytest.raises(DraftError, match=r"docket\.json: draft 2: data\.subject\.person\.id_number: ") as raised:
        read_drafts(file)
    assert "990100198509230021" not in str(raised.value)
    assert "钱淑芬" not in str(raised.value)


@pytest.mark.parametrize(("content", "words"), [("{", "not JSON"), ("[]", "the list is empty")])
def test_a_file_that_holds_no_draft(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "draft.json").write_text(content, encoding="utf-8")
    with pytest.raises(DraftError, match=words):
        read_drafts(tmp_path / "draft.json")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="cannot be read"):
        read_drafts(tmp_path / "draft.json")


@pytest.mark.parametrize("file", sorted(Path("config/samples/drafts").glob("*.json")), ids=lambda file: file.stem)
def test_a_sample_draft_of_each_task_fits_the_contract(file: Path) -> None:
    (read,) = read_drafts(file)
    assert read.type.startswith("liandong.")


def test_there_is_a_sample_draft_of_everything_that_a_court_may_say() -> None:
    shown = {json.loads(file.read_bytes())["type"] for file in Path("config/samples/drafts").glob("*.json")}
    assert FORMS.keys() - shown == {"liandong.case.reading.v1"}, "which `court results --reveal` sends by itself"
