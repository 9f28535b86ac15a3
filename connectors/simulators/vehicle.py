"""A vehicle registry (车辆管理所): JSON, answered at once, paged, rate limited. An API key in X-Api-Key.

POST /api/v1/vehicles/search · /seal · /renew · /release. A search by a number that belongs to somebody else is answered with the
name on file: telling the two apart is the asker's business.
"""

import hmac
import itertools
import math
import os
import time
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from aiohttp import web
from pydantic import Field, model_validator

from connectors.simulators.faults import Desk, arguments, json_response, serve
from connectors.simulators.forms import Form, about_another, checked, key_of, order, page_of, problem
from connectors.simulators.measures import Measure, MeasureQueue, Standing, dates

MAX_MONTHS = 24  # movables: two years at most (民诉法解释 art. 485)


class Vehicle(Form):
    """A vehicle file. `plate_class` by GA/T 16.7: 01 large, 02 small, 51 large and 52 small new-energy."""

    plate: str
    plate_class: str
    brand: str
    vin: str
    engine_no: str
    registered_owner: str
    registered_id_number: str
    registrar: str
    registered_on: date
    mortgaged: bool
    seals: tuple[Standing, ...] = ()


class Register(Form):
    """The data file."""

    vehicles: tuple[Vehicle, ...]


class Search(Form):
    """`id_numbers` are all forms of one person's number, e.g. 18 and 15 digits."""

    request_no: str = Field(min_length=1)
    owner_name: str = Field(min_length=1)
    id_type: Literal["RESIDENT_ID", "USCC"]
    id_numbers: list[str] = Field(min_length=1)
    page: int = Field(ge=1)
    page_size: int = Field(ge=1, le=10)


class Seal(Form):
    """Seal a vehicle file (查封车籍). The registry compares name and number with the file before it acts."""

    request_no: str = Field(min_length=1)
    owner_name: str = Field(min_length=1)
    id_number: str = Field(min_length=1)
    plate: str | None = None
    vin: str | None = None
    case_number: str = Field(min_length=1)
    ruling_no: str = Field(min_length=1)
    months: int = Field(ge=1)
    note: str | None = None

    @model_validator(mode="after")
    def _names_a_vehicle(self) -> "Seal":
        if self.plate is None and self.vin is None:
            raise ValueError("give the plate, the VIN or both")
        return self


class Release(Form):
    """End the seal that `original_request_no` asked for; only for the same case."""

    request_no: str = Field(min_length=1)
    original_request_no: str = Field(min_length=1)
    case_number: str = Field(min_length=1)
    ruling_no: str = Field(min_length=1)


class Renewal(Release):
    """Give the seal `months` more from today."""

    months: int = Field(ge=1)


@dataclass
class TokenBucket:
    """At most `burst` calls at once and `rate` a second after that."""

    rate: float
    burst: int

    def __post_init__(self) -> None:
        self._tokens = float(self.burst)
        self._at = time.monotonic()

    def wait(self) -> float:
        """Take a token and return 0, or the seconds until there is one."""
        now = time.monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0


class VehicleRegistry:
    """The registry's state and its answers."""

    def __init__(self, register: Register, api_key: str, limit: TokenBucket) -> None:
        self._vehicles = register.vehicles
        self._queues = {vehicle.vin: MeasureQueue(vehicle.seals) for vehicle in register.vehicles}
        self._numbers = itertools.count(1)
        self._seal_numbers: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self._api_key = api_key
        self._limit = limit
        self._desk = Desk(
            key_of=key_of,
            wrong=about_another(requestNo="R-OTHER", registeredOwner="褚文斌", registeredIdNumber="990100197907250136"),
            idempotent={"seal", "renew", "release"},
            guard=self._guard,
        )

    def application(self) -> web.Application:
        """The registry behind its faults."""
        return self._desk.application(
            [
                web.post("/api/v1/vehicles/search", self.search, name="search"),
                web.post("/api/v1/vehicles/seal", self.seal, name="seal"),
                web.post("/api/v1/vehicles/renew", self.renew, name="renew"),
                web.post("/api/v1/vehicles/release", self.release, name="release"),
            ]
        )

    def _guard(self, request: web.Request) -> None:
        if not hmac.compare_digest(request.headers.get("X-Api-Key", "").encode(), self._api_key.encode()):
            raise problem(web.HTTPUnauthorized, "API_KEY_WRONG", "send the registry's key in X-Api-Key")
        if wait := self._limit.wait():
            later = {"Retry-After": str(math.ceil(wait))}
            raise problem(web.HTTPTooManyRequests, "RATE_LIMIT", "wait as long as Retry-After says", later)

    async def search(self, request: web.Request) -> web.Response:
        """All vehicles under any of the numbers, by page; an explicit NO_RECORD when there are none."""
        asked = checked(Search, await request.read())
        found = [vehicle for vehicle in self._vehicles if vehicle.registered_id_number in asked.id_numbers]
        return json_response(
            {
                "requestNo": asked.request_no,
                "code": "OK" if found else "NO_RECORD",
                "total": len(found),
                "page": asked.page,
                "vehicles": [self._file(vehicle) for vehicle in page_of(found, asked.page, asked.page_size)],
            }
        )

    def _file(self, vehicle: Vehicle) -> dict[str, Any]:
        queue = self._queues[vehicle.vin]
        return vehicle.fields() | {
            "seals": [
                {"caseNumber": seal.case_number, "rulingNo": seal.ruling_no}
                | {"result": _result(queue, seal), "position": queue.rank(seal)}
                | {"note": self._notes.get(seal.request_no or "")}
                | dates(seal)
                for seal in queue
            ]
        }

    async def seal(self, request: web.Request) -> web.Response:
        """SEALED, QUEUED behind an earlier seal, or NOT_CONTROLLED with a reason."""
        asked = await order(request, Seal)
        vehicle = next((vehicle for vehicle in self._vehicles if _is(vehicle, asked)), None)
        if vehicle is None:
            return _not_controlled(asked.request_no, "NOT_ON_FILE", "无此车辆档案")
        if (vehicle.registered_owner, vehicle.registered_id_number) != (asked.owner_name, asked.id_number):
            return _not_controlled(asked.request_no, "OWNER_MISMATCH", "登记所有人与来文姓名、证件号码不一致")
        if asked.months > MAX_MONTHS:
            return _not_controlled(asked.request_no, "TERM_TOO_LONG", "查封动产的期限不得超过二年")
        queue = self._queues[vehicle.vin]
        seal = Measure(asked.request_no, asked.case_number, asked.ruling_no, asked.months)
        queue.join(seal)
        self._seal_numbers[asked.request_no] = f"CF{next(self._numbers):08}"
        if asked.note:
            self._notes[asked.request_no] = asked.note
        self._desk.effect("seal", requestNo=asked.request_no, vin=vehicle.vin, result=_result(queue, seal))
        return json_response(
            {"requestNo": asked.request_no, "result": _result(queue, seal), "position": queue.rank(seal)}
            | {"sealNo": self._seal_numbers[asked.request_no], "plate": vehicle.plate, "vin": vehicle.vin}
            | dates(seal)
        )

    async def release(self, request: web.Request) -> web.Response:
        """RELEASED; the next seal in the queue then takes effect."""
        asked = await order(request, Release)
        found = self._original(asked)
        if isinstance(found, web.Response):
            return found
        vin, seal = found
        self._queues[vin].leave(seal)
        self._desk.effect("release", requestNo=asked.request_no, vin=vin)
        return json_response({"requestNo": asked.request_no, "result": "RELEASED", "vin": vin})

    async def renew(self, request: web.Request) -> web.Response:
        """RENEWED with the new term; a seal that waits or has ended cannot be renewed."""
        asked = await order(request, Renewal)
        found = self._original(asked)
        if isinstance(found, web.Response):
            return found
        if asked.months > MAX_MONTHS:
            return _not_controlled(asked.request_no, "TERM_TOO_LONG", "查封动产的期限不得超过二年")
        vin, seal = found
        if not self._queues[vin].renewable(seal):
            return _not_controlled(asked.request_no, "NOT_IN_FORCE", "原查封为轮候查封或已届满失效，无从续封")
        self._queues[vin].renew(seal, asked.months)
        self._desk.effect("renew", requestNo=asked.request_no, vin=vin)
        number = self._seal_numbers[asked.original_request_no]
        return json_response(
            {"requestNo": asked.request_no, "result": "RENEWED", "sealNo": number, "vin": vin} | dates(seal)
        )

    def _original(self, asked: Release) -> tuple[str, Measure] | web.Response:
        """VIN and seal that a call cites, or the answer that there is none of that case."""
        for vin, queue in self._queues.items():
            for seal in queue:
                if seal.request_no == asked.original_request_no:
                    if seal.case_number != asked.case_number:
                        return _not_controlled(asked.request_no, "OTHER_CASE", "原查封非本案件所为")
                    return vin, seal
        return _not_controlled(asked.request_no, "ORIGINAL_UNKNOWN", "未查到原查封")


def _is(vehicle: Vehicle, asked: Seal) -> bool:
    return asked.plate in (None, vehicle.plate) and asked.vin in (None, vehicle.vin)


def _result(queue: MeasureQueue, seal: Measure) -> str:
    return "SEALED" if queue.rank(seal) == 1 else "QUEUED"


def _not_controlled(request_no: str, code: str, text: str) -> web.Response:
    return json_response(
        {"requestNo": request_no, "result": "NOT_CONTROLLED", "reason": {"code": code, "text": text}}
    )


def main() -> None:
    """Run the registry."""
    parser = arguments("vehicle", __doc__)
    parser.add_argument("--api-key", default=os.environ.get("VEHICLE_API_KEY", "vehicle-demo-key"))
    parser.add_argument("--rate", type=float, default=20, help="calls a second")
    parser.add_argument("--burst", type=int, default=20, help="calls at once")
    options = parser.parse_args()
    register = Register.model_validate_json(options.data.read_bytes())
    registry = VehicleRegistry(register, options.api_key, TokenBucket(options.rate, options.burst))
    serve(registry.application(), options.port)


if __name__ == "__main__":
    main()
