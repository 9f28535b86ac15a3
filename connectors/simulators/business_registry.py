"""A business registry (市场监管登记机关): JSON behind OAuth 2 client credentials (RFC 6749 section 4.4).

POST /oauth/token · GET /api/equities · POST and GET /api/equity-freezes · GET /api/equity-freezes/{freezeNo} · POST
…/renew and …/release. A freeze of equity, its renewal and its release take effect with a publicity notice (公示), so they
are asked for first and looked up later (法释〔2021〕20号 art. 6). POST /api/restrictions and …/lift answer at once.
"""

import asyncio
import itertools
import math
import os
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from connectors.simulators.equity_records import Equity, Filing, Freeze, Register, Release, Renewal, State
from connectors.simulators.faults import CHINA, LATER, Desk, Later, arguments, json_response, serve
from connectors.simulators.forms import about_another, key_of, order, page_of, problem
from connectors.simulators.measures import Measure, MeasureQueue, dates
from connectors.simulators.oauth import TokenIssuer
from connectors.simulators.restrictions import Restrictions, not_controlled

MAX_MONTHS = 36  # other property rights: three years at most (民诉法解释 art. 485)
PAGE_SIZE = 10


class BusinessRegistry:
    """The registry's state and its answers."""

    def __init__(self, register: Register, issuer: TokenIssuer, publicity_delay: float) -> None:
        self._companies = {company.company_code: company for company in register.companies}
        self._equities = register.equities
        self._queues: defaultdict[tuple[str, str], MeasureQueue] = defaultdict(MeasureQueue)
        for equity in register.equities:
            self._queues[_share(equity)] = MeasureQueue(equity.freezes)
        self._filings: dict[str, Filing] = {}
        self._numbers = itertools.count(1)
        self._issuer = issuer
        self._publicity_delay = publicity_delay
        self._restrictions = Restrictions(
            {company.company_code: company.company_name for company in register.companies}
            | {equity.holder_id: equity.holder_name for equity in register.equities}
        )
        self._desk = Desk(
            key_of=key_of,
            wrong=about_another(requestNo="R-OTHER", holderName="褚文斌", holderId="990100197907250136"),
            idempotent={"freeze", "renew", "release", "restrict", "lift"},
            deferred={"freeze", "renew", "release"},
            guard=self._guard,
        )

    def application(self) -> web.Application:
        """The registry behind its faults."""
        return self._desk.application(
            [
                web.post("/oauth/token", self._issuer.token, name="token"),
                web.get("/api/equities", self.equities, name="equities", allow_head=False),
                web.post("/api/equity-freezes", self.freeze, name="freeze"),
                web.get("/api/equity-freezes", self.find, name="find", allow_head=False),
                web.get("/api/equity-freezes/{freezeNo}", self.state, name="state", allow_head=False),
                web.post("/api/equity-freezes/{freezeNo}/renew", self.renew, name="renew"),
                web.post("/api/equity-freezes/{freezeNo}/release", self.release, name="release"),
                *self._restrictions.routes(self._desk),
            ]
        )

    def _guard(self, request: web.Request) -> None:
        if request.match_info.route.name != "token":
            self._issuer.check(request)

    async def equities(self, request: web.Request) -> web.Response:
        """What a person or company holds, by page, and a company's own registration; or an explicit NO_RECORD."""
        name, number = request.query.get("holderName"), request.query.get("holderId")
        page = request.query.get("page", "1")
        if not name or not number or not page.isdecimal() or int(page) < 1:
            raise problem(web.HTTPBadRequest, "BAD_REQUEST", "give holderName, holderId and a page from 1")
        held = [equity for equity in self._equities if equity.holder_id == number]
        company = self._companies.get(number)
        return json_response(
            {
                "code": "OK" if held or company else "NO_RECORD",
                "holderName": name,
                "holderId": number,
                "total": len(held),
                "page": int(page),
                "pageSize": PAGE_SIZE,
                "equities": [self._holding(equity) for equity in page_of(held, int(page), PAGE_SIZE)],
                "registration": company.fields() if company else None,
            }
        )

    def _holding(self, equity: Equity) -> dict[str, Any]:
        queue = self._queues[_share(equity)]
        return equity.fields() | {
            "companyName": self._companies[equity.company_code].company_name,
            "freezes": [
                {"caseNumber": measure.case_number, "rulingNo": measure.ruling_no, "rank": queue.rank(measure)}
                | dates(measure)
                for measure in queue
            ],
        }

    async def freeze(self, request: web.Request) -> web.Response:
        """202 and a freezeNo, the freeze to take effect later; or NOT_CONTROLLED with a reason."""
        asked = await order(request, Freeze)
        equity = next((held for held in self._equities if _share(held) == (asked.company_code, asked.holder_id)), None)
        if equity is None:
            return not_controlled(asked.request_no, "NOT_ON_FILE", "该主体未持有此公司股权")
        if equity.holder_name != asked.holder_name:
            return not_controlled(asked.request_no, "HOLDER_MISMATCH", "登记的股东姓名与来文不一致")
        if asked.months > MAX_MONTHS:
            return not_controlled(asked.request_no, "TERM_TOO_LONG", "冻结股权的期限不得超过三年")
        measure = Measure(asked.request_no, asked.case_number, asked.ruling_no, asked.months)
        filing = Filing(f"GQ{next(self._numbers):08}", asked, equity, measure, request[LATER])
        self._filings[filing.freeze_no] = filing
        self._desk.effect("equity-freeze", requestNo=asked.request_no, freezeNo=filing.freeze_no)
        self._after_publicity(filing.later, self._publish, filing)
        return self._accepted(filing, asked.request_no)

    def _publish(self, filing: Filing) -> None:
        filing.state, filing.notice = State.EFFECTIVE, self._notice()
        self._queues[_share(filing.equity)].join(filing.measure)

    async def renew(self, request: web.Request) -> web.Response:
        """202; the new term takes effect with its own notice. Only a freeze in force, before it ends, can be renewed."""
        asked = await order(request, Renewal)
        filing = self._filing(request)
        if filing.asked.case_number != asked.case_number:
            return not_controlled(asked.request_no, "OTHER_CASE", "原冻结非本案件所为")
        if asked.months > MAX_MONTHS:
            return not_controlled(asked.request_no, "TERM_TOO_LONG", "冻结股权的期限不得超过三年")
        if filing.state is not State.EFFECTIVE:
            raise problem(web.HTTPConflict, "NOT_EFFECTIVE", "look at the freeze's state and renew it once EFFECTIVE")
        if not self._queues[_share(filing.equity)].renewable(filing.measure):
            return not_controlled(asked.request_no, "NOT_IN_FORCE", "原冻结为轮候冻结或已届满失效")
        filing.state, filing.later, filing.renewal = State.PENDING_RENEWAL, request[LATER], asked
        self._desk.effect("equity-renewal", requestNo=asked.request_no, freezeNo=filing.freeze_no)
        self._after_publicity(filing.later, self._publish_renewal, filing)
        return self._accepted(filing, asked.request_no)

    def _publish_renewal(self, filing: Filing) -> None:
        assert filing.renewal is not None  # noqa: S101  narrows the type: it was set when this was scheduled
        filing.state, filing.renewal_notice = State.EFFECTIVE, self._notice()
        self._queues[_share(filing.equity)].renew(filing.measure, filing.renewal.months)

    async def release(self, request: web.Request) -> web.Response:
        """202; the release takes effect with its own notice. It never overtakes the freeze's notice (409)."""
        asked = await order(request, Release)
        filing = self._filing(request)
        if filing.asked.case_number != asked.case_number:
            return not_controlled(asked.request_no, "OTHER_CASE", "原冻结非本案件所为")
        if filing.state is not State.EFFECTIVE:
            raise problem(web.HTTPConflict, "NOT_EFFECTIVE", "look at the freeze's state and release it once EFFECTIVE")
        filing.state, filing.later = State.PENDING_RELEASE, request[LATER]
        self._desk.effect("equity-release", requestNo=asked.request_no, freezeNo=filing.freeze_no)
        self._after_publicity(filing.later, self._publish_release, filing)
        return self._accepted(filing, asked.request_no)

    def _publish_release(self, filing: Filing) -> None:
        filing.state, filing.release_notice = State.RELEASED, self._notice()
        self._queues[_share(filing.equity)].leave(filing.measure)

    async def state(self, request: web.Request) -> web.Response:
        """Where one freeze stands; once published with its notice, term and rank."""
        filing = self._filing(request)
        answer = json_response(self._standing(filing))
        assert answer.text is not None  # noqa: S101  narrows the type for the line below
        return web.Response(text=filing.later.damage(answer.text), content_type="application/json")

    async def find(self, request: web.Request) -> web.Response:
        """The freeze that a requestNo asked for, for a client that lost the freezeNo; or an explicit NO_RECORD."""
        number = request.query.get("requestNo")
        found = [self._standing(filing) for filing in self._filings.values() if filing.asked.request_no == number]
        return json_response({"code": "OK" if found else "NO_RECORD", "requestNo": number, "freezes": found})

    def _standing(self, filing: Filing) -> dict[str, Any]:
        answer: dict[str, Any] = {"requestNo": filing.asked.request_no, "freezeNo": filing.freeze_no}
        answer |= {"state": filing.state, "companyCode": filing.asked.company_code}
        answer |= {"holderName": filing.equity.holder_name, "holderId": filing.equity.holder_id}
        answer |= filing.notice or {}
        if filing.release_notice:
            answer |= _prefixed("release", filing.release_notice)
        elif filing.notice:
            if filing.renewal and filing.renewal_notice:
                answer |= {"renewalRequestNo": filing.renewal.request_no} | _prefixed("renewal", filing.renewal_notice)
            rank = self._queues[_share(filing.equity)].rank(filing.measure)
            amount = min(filing.asked.amount, filing.equity.subscribed)
            answer |= {"rank": rank, "frozenAmount": f"{amount:.2f}"} | dates(filing.measure)
            if rank > 1 and filing.state is State.EFFECTIVE:
                answer["state"] = "QUEUED"
        return answer

    def _filing(self, request: web.Request) -> Filing:
        filing = self._filings.get(request.match_info["freezeNo"])
        if filing is None:
            raise problem(web.HTTPNotFound, "FREEZE_UNKNOWN", "find the freezeNo by the requestNo of the freeze")
        return filing

    def _accepted(self, filing: Filing, request_no: str) -> web.Response:
        answer = {"requestNo": request_no, "freezeNo": filing.freeze_no, "state": filing.state}
        return json_response(answer, status=202)

    def _after_publicity(self, later: Later, publish: Callable[[Filing], None], filing: Filing) -> None:
        if math.isfinite(later.silent_for):
            asyncio.get_running_loop().call_later(self._publicity_delay + later.silent_for, publish, filing)

    def _notice(self) -> dict[str, str]:
        today = datetime.now(CHINA).date()
        return {"publicityNo": f"GS{next(self._numbers):08}", "publicityDate": today.isoformat()}


def _share(equity: Equity) -> tuple[str, str]:
    return equity.company_code, equity.holder_id


def _prefixed(what: str, notice: dict[str, str]) -> dict[str, str]:
    return {f"{what}{name[0].upper()}{name[1:]}": text for name, text in notice.items()}


def main() -> None:
    """Run the registry."""
    parser = arguments("business-registry", __doc__)
    parser.add_argument("--client-id", default="liandong")
    parser.add_argument("--client-secret", default=os.environ.get("REGISTRY_CLIENT_SECRET", "registry-demo-secret"))
    parser.add_argument("--token-seconds", type=float, default=60, help="how long an access token lives")
    parser.add_argument("--publicity-delay", type=float, default=0.3, help="seconds until a notice is published")
    options = parser.parse_args()
    register = Register.model_validate_json(options.data.read_bytes())
    issuer = TokenIssuer(options.client_id, options.client_secret, options.token_seconds)
    registry = BusinessRegistry(register, issuer, options.publicity_delay)
    serve(registry.application(), options.port)


if __name__ == "__main__":
    main()
