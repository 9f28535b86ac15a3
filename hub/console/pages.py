"""The pages' handlers: read on the reader's thread, render in the reader's language."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from hub.console import formats
from hub.console.lists import RequestFilter
from hub.console.reader import Reader
from hub.console.views import Fact, Page
from hub.console.words import LANGUAGES, code_words, term, word
from hub.rules.letters import LetterState
from hub.rules.state import RequestStatus
from hub.trust.parties import Role
from schemas.requests import Kind

T = TypeVar("T")
Ask = Callable[[Callable[[], T]], Awaitable[T]]
_ID_BEGINS = re.compile(r"[0-9a-f-]{4,36}")
_COOKIE = "lang"


def language_of(request: web.Request) -> str:
    """`?lang=` before the cookie before Chinese."""
    wanted = (request.query.get(_COOKIE), request.cookies.get(_COOKIE))
    return next((language for language in wanted if language in LANGUAGES), LANGUAGES[0])


class Pages:
    """The pages of one reader; `ask` runs a function on the reader's thread."""

    def __init__(self, reader: Reader, ask: Ask[Any]) -> None:
        self._reader = reader
        self._ask = ask

    async def overview(self, request: web.Request) -> web.Response:
        """What flows."""
        return await self._page(request, "overview.html", lambda: {"view": self._reader.overview()})

    async def requests(self, request: web.Request) -> web.Response:
        """The list of requests; all of its state stands in the address."""
        query = request.query
        given = {name: query.get(name, "").strip() for name in ("status", "kind", "court", "q", "before")}
        text = given["q"].lower()
        wrong = bool(text) and not _ID_BEGINS.fullmatch(text)
        wanted = RequestFilter(given["status"], given["kind"], given["court"], "" if wrong else text)

        def read() -> Mapping[str, Any]:
            return {"page": Page((), None) if wrong else self._reader.requests(wanted, given["before"] or None)}

        return await self._page(
            request, "requests.html", read, given=given, before=given["before"], wrong=wrong,
            statuses=list(RequestStatus), kinds=list(Kind), partners=self._reader.directory.with_role(Role.PARTNER),
        )  # fmt: skip

    async def request(self, request: web.Request) -> web.Response:
        """The timeline of one request."""
        key = request.match_info["key"]

        def read() -> Mapping[str, Any]:
            timeline = self._reader.request(key)
            if timeline is None:
                raise web.HTTPNotFound
            return {"view": timeline}

        return await self._page(request, "request.html", read)

    async def dead_letters(self, request: web.Request) -> web.Response:
        """What could not be taken in or was not answered, without its content."""
        code, cursor, state = (request.query.get(name) or None for name in ("code", "before", "state"))

        def read() -> Mapping[str, Any]:
            wanted = LetterState(state) if state else None
            return {"codes": self._reader.codes(), "page": self._reader.dead_letters(code, cursor, wanted)}

        return await self._page(request, "dead_letters.html", read, code=code, before=cursor, state=state, states=list(LetterState))

    async def _page(
        self, request: web.Request, template: str, read: Callable[[], Mapping[str, Any]], **context: Any
    ) -> web.Response:
        def versioned() -> Mapping[str, Any]:
            version = self._reader.version()  # before the data: if they are newer, the page is fetched once too often
            return {"version": version, **read()}

        try:
            data = await self._ask(versioned)
        except ValueError as error:
            raise web.HTTPBadRequest from error
        return self._render(request, template, {**data, **context})

    @web.middleware
    async def explain(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A page for what is not there or cannot be read, in the reader's language."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return self._render(request, "error.html", {"what": "not-found", "version": ""}, 404)
        except web.HTTPBadRequest:
            return self._render(request, "error.html", {"what": "bad-request", "version": ""}, 400)

    def _render(self, request: web.Request, template: str, data: Mapping[str, Any], status: int = 200) -> web.Response:
        language = language_of(request)
        words = Words(self._reader, language)
        other = LANGUAGES[1 - LANGUAGES.index(language)]
        now = self._reader.now()
        context = {
            # A query alone is relative to this page: a path that begins with // would name another host.
            "language": language, "other": other, "switch": f"?{request.rel_url.update_query({_COOKIE: other}).query_string}",
            "path": request.path, "t": words.word, "term": words.term, "party": words.party, "words": words,
            "code_words": words.code, "duration": words.duration, "tone": formats.tone, "glyph": formats.GLYPHS,
            "iso": formats.iso, "at": lambda at, fine=False: formats.clock_time(at, now, fine=fine),
            "now": now, "directory": self._reader.directory, "courts": self._courts(),
            "address": lambda **changes: str(request.rel_url.update_query(changes).without_query_params(_COOKIE)),
            **data,
        }  # fmt: skip
        response = aiohttp_jinja2.render_template(template, request, context, status=status)
        if request.query.get(_COOKIE) in LANGUAGES:
            response.set_cookie(_COOKIE, language, max_age=365 * 86400, httponly=True, samesite="Strict")
        return response

    def _courts(self) -> tuple[Any, ...]:
        return self._reader.directory.with_role(Role.COURT)


class Words:
    """The words of one language, bound for a template."""

    def __init__(self, reader: Reader, language: str) -> None:
        self._parties = reader.directory.parties
        self._language = language

    def word(self, key: str) -> str:
        return word(self._language, key)

    def term(self, key: str, group: str = "") -> str:
        return term(self._language, key, group)

    def code(self, code: str) -> str:
        return code_words(self._language, code)

    def duration(self, micros: int) -> str:
        return formats.duration(micros, self._language)

    def party(self, party_id: str) -> str:
        """A party's name, or its id where the directory does not know it."""
        party = self._parties.get(party_id)
        if party is None:
            return party_id
        if party.role is Role.HUB:
            return self.word("hub")
        return party.name_zh if self._language == "zh" else party.name_en

    def fact(self, fact: Fact) -> str:
        """The values of `fact` in words."""
        match fact.form:
            case "text":
                shown = list(fact.values)
            case "term":
                shown = [self.term(value) for value in fact.values]
            case "party":
                shown = [self.party(value) for value in fact.values]
            case "code":
                shown = [f"{value}({self.code(value)})" for value in fact.values]
            case "count":
                shown = [f"{self.term(name, 'outcome')} × {count}" for name, _, count in
                         (value.partition("*") for value in fact.values)]  # fmt: skip
        return ("、" if self._language == "zh" else ", ").join(shown)
