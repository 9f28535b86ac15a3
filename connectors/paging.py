"""Reading a list that a partner gives page by page, to its end."""

from collections.abc import Awaitable, Callable, Sized
from typing import TypeVar

from pydantic import Field

from connectors.base import ProtocolFault, TransientFault
from connectors.json_line import Form, Said, expect

MOST_ROWS = 2000
"""A list longer than this is for a person."""


class PageForm(Form):
    """One page, counted from 1; `total` counts the rows of all pages."""

    total: int = Field(ge=0)
    page: int

    @property
    def rows(self) -> Sized:
        """What the page lists."""
        raise NotImplementedError


PageT = TypeVar("PageT", bound=PageForm)


async def all_pages(fetch: Callable[[int], Awaitable[Said[PageT]]]) -> tuple[tuple[PageT, ...], bytes]:
    """Every page, and the exact bytes of all in order.

    Raises `ProtocolFault` for a page that was not asked for and for too many rows, and `TransientFault` when the list
    changed while it was read: a part of it is no answer.
    """
    pages: list[PageT] = []
    raw: list[bytes] = []
    read = 0
    while not pages or read < pages[0].total:
        said = await fetch(len(pages) + 1)
        page = said.form
        expect(page.page == len(pages) + 1)
        if page.total > MOST_ROWS:
            raise ProtocolFault("too-many-rows")
        pages.append(page)
        raw.append(said.raw)
        read += len(page.rows)
        if page.total != pages[0].total or read > page.total or (page.total and not page.rows):
            raise TransientFault("list-changed")
    return tuple(pages), b"\n".join(raw)
