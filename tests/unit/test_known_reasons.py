"""The reason codes that the log may hold are those that the connectors and the simulated registries give."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import connectors
from connectors.bank import mapping as bank
from connectors.real_estate import mapping as real_estate
from schemas.replies import KNOWN_REASONS

CONNECTORS = Path(connectors.__file__).parent
REFUSING = {"_not_controlled", "not_controlled", "not_withdrawn", "_returned", "without"}
"""Functions by which a connector or a simulator says why not; the code is one of their arguments."""


def codes(tree: ast.AST) -> Iterator[str]:
    """Codes that stand in the source, as the connectors write them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [word.value for word in node.keywords if word.arg == "code"] if name == "Reason" else node.args if name in REFUSING else []
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and re.fullmatch(r"[A-Za-z]+([-_][A-Za-z]+)+", value.value):
                yield value.value.lower().replace("_", "-")


def test_every_code_that_a_connector_or_a_simulator_gives_is_known() -> None:
    given = {code for file in CONNECTORS.rglob("*.py") for code in codes(ast.parse(file.read_text(encoding="utf-8")))}
    given |= {*bank._RETURN_CODES.values(), *real_estate._RETURN_CODES.values()}
    assert {"not-on-file", "term-too-long", "court-signature", "amount-invalid"} <= given
    assert sorted(given - KNOWN_REASONS) == []
