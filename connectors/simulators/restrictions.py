"""The business registry's book of restrictions (限制投资、失信被执行人任职限制): noted and lifted on a court's notice, at once."""

import itertools
from typing import Literal

from aiohttp import web
from pydantic import Field

from connectors.simulators.faults import Desk, json_response
from connectors.simulators.forms import Form, order

CARRIED_OUT = {"INVESTMENT", "DISHONEST_LIST"}
"""What a business registry can carry out; the others are for other agencies."""


class Restriction(Form):
    """Note restrictions against a person or a company."""

    request_no: str = Field(min_length=1)
    subject_name: str = Field(min_length=1)
    subject_id: str = Field(min_length=1)
    restrictions: list[Literal["CONSUMPTION", "DISHONEST_LIST", "EXIT", "CREDIT", "INVESTMENT"]] = Field(min_length=1)
    case_number: str = Field(min_length=1)
    ruling_no: str = Field(min_length=1)
    notice_no: str = Field(min_length=1)


class Lift(Form):
    """End what `original_request_no` asked for; only for the same case."""

    request_no: str = Field(min_length=1)
    original_request_no: str = Field(min_length=1)
    case_number: str = Field(min_length=1)
    ruling_no: str = Field(min_length=1)
    notice_no: str = Field(min_length=1)


class Restrictions:
    """The restrictions in force. `names` are the names on file by number: a number under another name is not acted on."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._in_force: dict[str, tuple[str, Restriction]] = {}
        self._numbers = itertools.count(1)

    def routes(self, desk: Desk) -> list[web.RouteDef]:
        """The routes, whose effects are recorded at `desk`."""
        self._desk = desk
        return [
            web.post("/api/restrictions", self.restrict, name="restrict"),
            web.post("/api/restrictions/lift", self.lift, name="lift"),
        ]

    async def restrict(self, request: web.Request) -> web.Response:
        """RESTRICTED, or NOT_CONTROLLED with a reason."""
        asked = await order(request, Restriction)
        if self._names.get(asked.subject_id, asked.subject_name) != asked.subject_name:
            return not_controlled(asked.request_no, "HOLDER_MISMATCH", "登记的名称与来文不一致")
        if not set(asked.restrictions) <= CARRIED_OUT:
            return not_controlled(asked.request_no, "RESTRICTION_UNSUPPORTED", "登记机关不办理该项限制")
        number = f"XZ{next(self._numbers):08}"
        self._in_force[asked.request_no] = number, asked
        self._desk.effect("restrict", requestNo=asked.request_no, restrictionNo=number)
        return _done(asked.request_no, "RESTRICTED", number, asked.subject_id)

    async def lift(self, request: web.Request) -> web.Response:
        """LIFTED, or NOT_CONTROLLED with a reason."""
        asked = await order(request, Lift)
        number, original = self._in_force.get(asked.original_request_no, ("", None))
        if original is None:
            return not_controlled(asked.request_no, "ORIGINAL_UNKNOWN", "未查到原限制或已解除")
        if original.case_number != asked.case_number:
            return not_controlled(asked.request_no, "OTHER_CASE", "原限制非本案件所为")
        del self._in_force[asked.original_request_no]
        self._desk.effect("lift", requestNo=asked.request_no, restrictionNo=number)
        return _done(asked.request_no, "LIFTED", number, original.subject_id)


def not_controlled(request_no: str, code: str, text: str) -> web.Response:
    """Nothing was done, and why."""
    return json_response({"requestNo": request_no, "state": "NOT_CONTROLLED", "reason": {"code": code, "text": text}})


def _done(request_no: str, state: str, number: str, subject_id: str) -> web.Response:
    return json_response({"requestNo": request_no, "state": state, "restrictionNo": number, "subjectId": subject_id})
