"""One JSON Schema (2020-12) for each family of messages, from the models."""

from typing import Any, NamedTuple, get_args

from pydantic.json_schema import GenerateJsonSchema

from schemas.envelope import Envelope
from schemas.messages import AnyMessage


class Family(NamedTuple):
    """Messages of one shape: the types differ in the kind of request alone."""

    name: str
    model: type[Envelope]
    types: tuple[str, ...]


def _family(model: type[Envelope]) -> Family:
    types = get_args(model.model_fields["type"].annotation)
    _, kind, event, _ = types[0].split(".")
    return Family(event if len(types) > 1 else f"{kind}-{event}", model, types)


FAMILIES = tuple(_family(model) for model in get_args(AnyMessage))


def json_schema(family: Family) -> dict[str, Any]:
    """The schema of one family: the canonical forms, closed objects, patterns in the dialect of ECMA-262."""
    schema: dict[str, Any] = _portable(family.model.model_json_schema(schema_generator=_Generator))
    return {"$schema": _Generator.schema_dialect, "$id": f"urn:liandong:v1:{family.name}"} | schema


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        """Members have names; a title made of the name would only repeat it."""
        del schema
        return False


def _portable(node: Any) -> Any:
    if isinstance(node, list):
        return [_portable(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        if key == "pattern" and isinstance(value, str):
            made[key] = value.replace(r"\A", "^").replace(r"\z", "$")
        elif key == "description" and isinstance(value, str):
            made[key] = " ".join(value.split())
        elif key != "discriminator" or "propertyName" not in value:  # OpenAPI's keyword, which 2020-12 does not know
            made[key] = _portable(value)
    return made
