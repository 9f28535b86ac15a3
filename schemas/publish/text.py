"""How values become text: the compact bytes that are signed, and the files that people read."""

import json
from typing import Any

import yaml


def compact(value: Any) -> bytes:
    """JSON in UTF-8 without blanks, members in their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def pretty(value: Any, *, sort: bool = False) -> str:
    """JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=sort) + "\n"


def yaml_text(value: Any) -> str:
    """YAML for people: prose keeps its lines."""
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


class _Dumper(yaml.SafeDumper):
    pass


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
