"""Generates `schemas/published/`: what an agency on another stack needs to take part, without reading our code."""

from pathlib import Path

from schemas.publish.asyncapi import asyncapi
from schemas.publish.error_codes import error_codes
from schemas.publish.examples import examples
from schemas.publish.json_schemas import FAMILIES, json_schema
from schemas.publish.text import pretty, yaml_text
from schemas.publish.vectors import vectors

FOLDER = Path(__file__).parents[1] / "published"


def published() -> dict[str, str]:
    """Path below `FOLDER` → content of every published file. The same code always gives the same content."""
    files = {f"{family.name}.schema.json": pretty(json_schema(family), sort=True) for family in FAMILIES}
    files |= {f"examples/{message['type']}.json": pretty(message) for message in examples()}
    files["asyncapi.yaml"] = yaml_text(asyncapi())
    files["error-codes.json"] = pretty(error_codes())
    files["vectors.json"] = pretty(vectors())
    return files


def drift(folder: Path = FOLDER) -> list[str]:
    """The files in `folder` that are not what `published` gives: changed, missing or left over."""
    wanted = {name: content.encode() for name, content in published().items()}
    present = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return sorted(
        name for name in wanted.keys() | present.keys()
        if name not in wanted or name not in present or present[name].read_bytes() != wanted[name]
    )  # fmt: skip


def write(folder: Path = FOLDER) -> None:
    """Make `folder` hold exactly the published files."""
    files = published()
    for name in drift(folder):
        path = folder / name
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name].encode())
        else:
            path.unlink()
