"""Pure parts of the JSON registries' connectors: reading to the last page, and what an answer comes to."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Answer, Job, Pending, ProtocolFault, TransientFault
from connectors.business_registry import mapping as registry
from connectors.business_registry.protocol import ORDERED, STANDING
from connectors.json_line import Said
from connectors.paging import MOST_ROWS, all_pages
from connectors.vehicle import mapping as vehicle
from connectors.vehicle.protocol import PAGE, SEAL, Page
from schemas.messages import ControlRequested, InquiryRequested, parse
from schemas.replies import ReplyKind
from schemas.requests import ControlRequest
from schemas.samples import EQUITY, PEOPLE, VEHICLE
from tests.factories import Data, control, inquiry, message

NAME, NUMBER = PEOPLE["P01"]
OLD_NUMBER = NUMBER[:6] + NUMBER[8:17]
FILE = {
    "plate": "粤B9A001", "plateClass": "02", "brand": "示例牌", "vin": "L9ZZZ9905TZ000001", "engineNo": "SL1",
    "registeredOwner": NAME, "registeredIdNumber": NUMBER, "registrar": "示例车管所", "registeredOn": "2019-05-06",
    "mortgaged": False, "seals": [],
}  # fmt: skip
TOLD = {"requestNo": "R-1", "code": "OK", "total": 1, "page": 1, "vehicles": [FILE]}
STANDS = {
    "requestNo": "R-1", "freezeNo": "GQ1", "companyCode": EQUITY["company"], "holderName": PEOPLE["P06"][0],
    "holderId": PEOPLE["P06"][1],
}  # fmt: skip
PUBLISHED: dict[str, Any] = {
    "publicityNo": "GS1",
    "rank": 1,
    "frozenAmount": "50000.00",
    "from": "2026-04-01",
    "to": "2027-04-01",
}


def job(data: Data, **about: Any) -> Job:
    kind = "inquiry" if data["action"] == "inquire" else "control"
    request = parse(message(f"liandong.{kind}.request.v1", "court-9901", "hub", data))
    assert isinstance(request, InquiryRequested | ControlRequested)
    return Job("R-1", request, 1, **about)


def page(**changes: Any) -> Page:
    return PAGE.validate_json(json.dumps(TOLD | changes))


def on_file(*files: dict[str, Any], **changes: Any) -> Answer:
    work = job(inquiry("P01"))
    told = page(**{"vehicles": [FILE | each for each in files], "total": len(files)} | changes)
    return vehicle.found(work, work.request.data.subject, [told], b"raw")


class TestPaging:
    """A list is read to its end, or it is no answer."""

    async def read(self, sizes: Sequence[tuple[int, int]]) -> tuple[int, list[int]]:
        """Read pages of (rows, stated total); gives how many rows came and which pages were asked for."""
        asked: list[int] = []

        async def fetch(number: int) -> Said[Page]:
            asked.append(number)
            rows, total = sizes[number - 1]
            return Said(200, page(page=number, total=total, vehicles=[FILE] * rows), b"%d" % number)

        pages, raw = await all_pages(fetch)
        assert raw == b"\n".join(b"%d" % number for number in asked)
        return sum(len(each.vehicles) for each in pages), asked

    @pytest.mark.parametrize("total", [0, 1, 9, 10, 11, 20, 37])
    async def test_all_pages_and_no_more_are_read(self, total: int) -> None:
        sizes = [(min(10, total - start), total) for start in range(0, max(total, 1), 10)]
        rows, asked = await self.read(sizes)
        assert rows == total
        assert asked == list(range(1, len(sizes) + 1))

    @pytest.mark.parametrize("sizes", [[(10, 12), (2, 13)], [(10, 12), (0, 12)], [(10, 12), (3, 12)], [(0, 1)]])
    async def test_a_list_that_changes_meanwhile_is_read_anew(self, sizes: list[tuple[int, int]]) -> None:
        with pytest.raises(TransientFault) as raised:
            await self.read(sizes)
        assert raised.value.code == "list-changed"
        assert not raised.value.unknown

    async def test_a_list_without_end_is_for_a_person(self) -> None:
        with pytest.raises(ProtocolFault) as raised:
            await self.read([(10, MOST_ROWS + 1)])
        assert raised.value.code == "too-many-rows"

    async def test_another_page_than_the_one_asked_for_is_no_answer(self) -> None:
        async def fetch(number: int) -> Said[Page]:
            return Said(200, page(page=number + 1), b"")

        with pytest.raises(ProtocolFault):
            await all_pages(fetch)


class TestVehiclesOnFile:
    """V23: name and number must agree."""

    def test_no_file_is_an_explicit_no_record(self) -> None:
        found = on_file(code="NO_RECORD")
        assert (found.kind, found.searched) == (ReplyKind.NO_RECORD, ("resident-id-18", "resident-id-15"))

    def test_a_file_under_the_old_number_is_found(self) -> None:
        assert len(on_file({}, {"registeredIdNumber": OLD_NUMBER}).findings) == 2

    @given(st.text(min_size=1, max_size=4), st.integers(0, 2))
    def test_one_file_under_another_name_returns_all_and_tells_nothing(self, name: str, place: int) -> None:
        files: list[dict[str, Any]] = [{}, {}]
        files.insert(place, {"registeredOwner": f"别人{name}", "brand": "别人的车"})
        found = on_file(*files)
        assert found.kind is ReplyKind.RETURNED
        assert found.findings == ()
        assert "别人" not in repr(found)

    @pytest.mark.parametrize(
        "changes",
        [
            {"vehicles": [FILE | {"registeredIdNumber": PEOPLE["P02"][1]}]},
            {"requestNo": "R-2"},
            {"code": "NO_RECORD"},
            {"vehicles": [], "total": 0},
        ],
    )
    def test_an_answer_about_another_or_against_itself_is_none(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ProtocolFault) as raised:
            on_file({}, **changes)
        assert raised.value.code == "wrong-answer"

    def test_a_name_with_a_stand_in_for_a_rare_character_is_for_a_person(self) -> None:
        """V24: partners with old character sets put something else in its place."""
        with pytest.raises(ProtocolFault) as raised:
            on_file({"registeredOwner": NAME[:-1] + "?"})
        assert raised.value.code == "name-substituted"


class TestSeal:
    """What is asked of the vehicle registry, and what its answer comes to."""

    def sealed(self, **changes: Any) -> Answer:
        work = job(control("seal", VEHICLE, "P05"))
        assert isinstance(work.request.data, ControlRequest)
        said = {"requestNo": "R-1", "result": "SEALED", "position": 1, "sealNo": "CF1", "plate": VEHICLE["plate"],
                "vin": VEHICLE["vin"], "from": "2026-04-01", "to": "2027-04-01"} | changes  # fmt: skip
        form = SEAL.validate_json(json.dumps(said))
        assert work.request.data.asset.kind == "vehicle"
        return vehicle.sealed(work, work.request.data.asset, Said(200, form, b"raw"))

    def test_the_measure_is_as_the_registry_says(self) -> None:
        measure = self.sealed().measure
        assert measure is not None
        assert (measure.state, measure.reference, str(measure.ends)) == ("effective", "CF1", "2027-04-01")

    @pytest.mark.parametrize("changes", [{"requestNo": "R-2"}, {"plate": "粤B9A001"}, {"vin": FILE["vin"]}])
    def test_the_seal_of_anything_else_is_no_answer(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ProtocolFault):
            self.sealed(**changes)

    def test_a_seal_without_a_term_is_not_asked_for(self) -> None:
        work = job(control("seal", VEHICLE, "P05", term_months=None))
        assert isinstance(work.request.data, ControlRequest)
        assert work.request.data.asset.kind == "vehicle"
        with pytest.raises(ProtocolFault) as raised:
            vehicle.seal(work, work.request.data, work.request.data.asset)
        assert raised.value.code == "term-missing"


class TestFreeze:
    """法释〔2021〕20号 art. 6: what counts is the notice."""

    def stands(self, state: str, *, action: str = "freeze", **changes: Any) -> Answer | Pending:
        data = control(action, EQUITY, "P06")
        work = job(data, state={registry.FREEZE_NO: "GQ1"}, original="R-0" if action == "release" else None)
        number = {"requestNo": "R-0"} if action == "release" else {}
        form = STANDING.validate_json(json.dumps(STANDS | number | {"state": state} | changes))
        assert isinstance(work.request.data, ControlRequest)
        assert work.request.data.asset.kind == "equity"
        return registry.standing(work, work.request.data, work.request.data.asset, Said(200, form, b"raw"), 7)

    @pytest.mark.parametrize(("action", "state"), [("freeze", "PENDING_PUBLICITY"), ("release", "PENDING_RELEASE")])
    def test_until_the_notice_is_published_it_waits(self, action: str, state: str) -> None:
        extra = PUBLISHED if action == "release" else {}
        assert self.stands(state, action=action, **extra) == Pending({registry.FREEZE_NO: "GQ1"}, 7)

    @pytest.mark.parametrize(
        ("state", "ours", "controlled"), [("EFFECTIVE", "effective", "50000.00"), ("QUEUED", "queued", None)]
    )
    def test_first_published_ranks_first(self, state: str, ours: str, controlled: str | None) -> None:
        answer = self.stands(state, **PUBLISHED)
        assert isinstance(answer, Answer)
        assert answer.measure is not None
        assert (answer.measure.state, answer.measure.controlled) == (ours, controlled)

    @pytest.mark.parametrize(
        ("action", "state", "extra"),
        [
            ("freeze", "RELEASED", {"releasePublicityNo": "GS2"}),
            ("freeze", "PENDING_RELEASE", {}),
            ("release", "EFFECTIVE", PUBLISHED),
            ("release", "PENDING_PUBLICITY", {}),
        ],
    )
    def test_a_state_that_cannot_follow_is_for_a_person(self, action: str, state: str, extra: dict[str, Any]) -> None:
        with pytest.raises(ProtocolFault) as raised:
            self.stands(state, action=action, **extra)
        assert raised.value.code == "state-unexpected"

    @pytest.mark.parametrize(
        "changes",
        [
            {"requestNo": "R-2"},
            {"freezeNo": "GQ2"},
            {"companyCode": "91990000MA0000015Q"},
            {"holderName": NAME},
            {"holderId": NUMBER},
        ],
    )
    def test_where_another_freeze_stands_is_no_answer(self, changes: dict[str, str]) -> None:
        with pytest.raises(ProtocolFault) as raised:
            self.stands("EFFECTIVE", **PUBLISHED, **changes)
        assert raised.value.code == "wrong-answer"

    def test_a_holder_of_another_name_is_returned(self) -> None:
        said = {"requestNo": "R-1", "state": "NOT_CONTROLLED",
                "reason": {"code": "HOLDER_MISMATCH", "text": "登记股东为某某"}}  # fmt: skip
        answer = registry.ordered(
            job(control("freeze", EQUITY)), Said(200, ORDERED.validate_json(json.dumps(said)), b""), 1
        )
        assert isinstance(answer, Answer)
        assert answer.kind is ReplyKind.RETURNED
        assert "某某" not in repr(answer)

    @pytest.mark.parametrize(("missing", "code"), [("amount", "amount-needed"), ("term_months", "term-missing")])
    def test_a_freeze_without_amount_or_term_is_not_asked_for(self, missing: str, code: str) -> None:
        work = job(control("freeze", EQUITY, "P06", **{missing: None}))
        assert isinstance(work.request.data, ControlRequest)
        assert work.request.data.asset.kind == "equity"
        with pytest.raises(ProtocolFault) as raised:
            registry.freeze(work, work.request.data, work.request.data.asset)
        assert raised.value.code == code
