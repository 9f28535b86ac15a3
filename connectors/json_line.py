"""What partners with a JSON interface have in common: where they are, their forms in camelCase, and the checked call."""

from collections.abc import Collection
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from connectors.base import ProtocolFault, TransientFault
from connectors.exchange import exchange
from schemas.base import Text, is_crowded
from schemas.replies import Reason

KEY_HEADER = "Idempotency-Key"
"""The name of one piece of work, the same on every attempt."""

Words = Annotated[Text, Field(max_length=200)]
Reference = Annotated[str, Field(pattern=r"\A[A-Za-z0-9-]{1,64}\z")]
"""A number of the partner's own, fit for a path."""

FormT = TypeVar("FormT")


class LineOptions(BaseModel):
    """Where the partner's system is; `timeout_s` bounds one whole call. A connector adds options of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(pattern=r"^https?://[^/?#]+$")
    timeout_s: float = Field(default=10.0, gt=0)


class Form(BaseModel):
    """A JSON object from the partner. A member that it does not name is never read, so it cannot be passed on (V30)."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, hide_input_in_errors=True)


class PartnerReason(Form):
    """Why not, in the partner's code (`NOT_ON_FILE`) and words."""

    code: str = Field(pattern=r"\A[A-Z][A-Z0-9_]{1,39}\z")
    text: Words

    def as_reason(self) -> Reason:
        return Reason(code=self.code.lower().replace("_", "-"), text=self.text)


class Said(NamedTuple, Generic[FormT]):
    """A partner's answer, read. `raw` are its exact bytes."""

    status: int
    form: FormT
    raw: bytes


class JsonLine:
    """The line to one partner's system."""

    def __init__(self, http: aiohttp.ClientSession, options: LineOptions) -> None:
        self._http = http
        self._base_url = options.base_url
        self._timeout_s = options.timeout_s

    async def ask(
        self, method: Literal["GET", "POST"], path: str, forms: TypeAdapter[FormT], *, effect: bool,
        accept: Collection[int] = (200,), **request: Any,
    ) -> Said[FormT]:  # fmt: skip
        """Call once and read the answer. `effect`: the partner may do something because of the call.

        Raises `TransientFault` and `ProtocolFault` as `exchange` does, and for a body that is no JSON, cut short on its
        way (transient, broken-answer), of another shape (protocol, answer-invalid), or with too many values (answer-too-large).
        """
        status, raw = await exchange(
            self._http,
            method,
            self._base_url + path,
            effect=effect,
            timeout_s=self._timeout_s,
            accept=accept,
            **request,
        )
        if is_crowded(raw):
            raise ProtocolFault("answer-too-large")
        try:
            return Said(status, forms.validate_json(raw), raw)
        except ValidationError as error:
            if error.error_count() == 1 and error.errors(include_input=False)[0]["type"] == "json_invalid":
                raise TransientFault("broken-answer", unknown=effect) from None
            raise ProtocolFault("answer-invalid") from None


def expect(as_asked: bool) -> None:
    """An answer about another person, asset or request is never turned into a reply. Raises `ProtocolFault`."""
    if not as_asked:
        raise ProtocolFault("wrong-answer")
