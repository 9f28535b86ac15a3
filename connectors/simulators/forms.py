"""What the partners with a JSON interface have in common: forms that are checked, problems that are coded, pages."""

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

KEY_HEADER = "Idempotency-Key"
"""The client's name for one piece of work, the same on every attempt."""

Row = TypeVar("Row")


class Form(BaseModel):
    """A JSON object in camelCase. Unknown members are refused, so that a misreading of the protocol shows at once."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    def fields(self) -> dict[str, Any]:
        """The object as it stands in an answer."""
        return self.model_dump(mode="json", by_alias=True)


FormT = TypeVar("FormT", bound=Form)


def problem(
    refusal: Callable[..., web.HTTPError], code: str, message: str, headers: dict[str, str] | None = None
) -> web.HTTPError:
    """An error answer `{code, message}`; the message says what to do and never repeats what was sent."""
    body = json.dumps({"code": code, "message": message}, ensure_ascii=False)
    return refusal(text=body, content_type="application/json", headers=headers)


def checked(form: type[FormT], text: str | bytes) -> FormT:
    """`text` as a `form`; raises 400 BAD_REQUEST that names the members at fault."""
    try:
        return form.model_validate_json(text)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in error.errors())
        raise problem(web.HTTPBadRequest, "BAD_REQUEST", f"correct these members and send again: {faults}") from None


async def order(request: web.Request, form: type[FormT]) -> FormT:
    """The body of a call that does something; such a call needs an Idempotency-Key (400 KEY_MISSING)."""
    if not request.headers.get(KEY_HEADER):
        raise problem(web.HTTPBadRequest, "KEY_MISSING", f"send a stable {KEY_HEADER} header with every attempt")
    return checked(form, await request.read())


def key_of(request: web.Request, text: str) -> str | None:
    """The Idempotency-Key, or else the requestNo of the body or the query."""
    body = text.partition("\n")[2]
    try:
        number = str(json.loads(body)["requestNo"]) if body else request.query.get("requestNo")
    except (KeyError, TypeError, ValueError):
        number = None
    return request.headers.get(KEY_HEADER) or number


def page_of(rows: Sequence[Row], page: int, size: int) -> Sequence[Row]:
    """The rows of a page, counted from 1."""
    return rows[(page - 1) * size : page * size]


def about_another(**members: str) -> Callable[[str], str]:
    """What makes an answer about somebody else: these members, wherever they stand, get these values."""
    return functools.partial(_rewrite, members=members)


def _rewrite(text: str, members: dict[str, str]) -> str:
    return json.dumps(json.loads(text, object_hook=lambda found: found | _present(found, members)), ensure_ascii=False)


def _present(found: dict[str, Any], members: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in members.items() if name in found}
