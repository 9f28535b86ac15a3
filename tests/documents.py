"""What a document names in the repository, and whether it is there: paths, and what stands in them."""

import re
from functools import reduce
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_NAMED = re.compile(r"`((?:config|connectors|deploy|docs|hub|schemas|tests)/[\w./-]*)((?:::\w+)*)`")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def named(text: str) -> list[str]:
    """Every `folder/file` and `folder/file.py::name::name` in backticks, in order."""
    return [path + names for path, names in _NAMED.findall(text)]


def proofs_in(text: str) -> list[str]:
    """The tests among them, as pytest calls them."""
    return [each for each in named(text) if each.startswith("tests/") and "::" in each]


def missing(text: str) -> list[str]:
    """What is named and is not there. The names of a module are looked up as Python does, so that an inherited test counts; a
    suite's own method may be named without its class."""
    return [each for each in dict.fromkeys(named(text)) if not _is_there(*each.split("::"))]


def _is_there(path: str, *names: str) -> bool:
    if not (ROOT / path).exists():
        return False
    if len(names) == 1 and f"def {names[0]}(" in text_of(path):
        return True
    try:
        reduce(getattr, names, import_module(path.removesuffix(".py").replace("/", ".")) if names else None)
    except AttributeError:
        return False
    return True
