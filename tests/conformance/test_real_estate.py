"""The real-estate registry's connector under the common suite, and what is particular to it."""

from collections.abc import Mapping
from typing import Any

from connectors.real_estate import PROTOCOL
from tests.conformance.suite import TIMEOUT_S, ConnectorConformance, Site
from tests.factories import Data, control

UNIT = {"kind": "real-estate", "unit_code": "990100001002GB00015F00010501"}


class TestRealEstate(ConnectorConformance):
    party = "real-estate"
    protocol = PROTOCOL
    program = ("real_estate", "--delay", "0.05")
    ask = "cxBdcQL"
    act = "kzBdcQL"

    def options(self, site: Site) -> Mapping[str, Any]:
        return {"base_url": site.address, "timeout_s": TIMEOUT_S, "poll_s": 0.02}

    def control(self, **changes: Any) -> Data:
        return control("seal", UNIT, "P04", **changes)
