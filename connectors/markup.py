"""XML as registries and banks speak it: flat elements with pinyin abbreviations for names. Pure."""

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

__all__ = ["BrokenError", "Element", "element_of", "optional", "read", "refusal_code", "text", "write"]

MOST_TAGS = 120_000
"""Most tags of a document: an element of four bytes takes three hundred in memory."""


class BrokenError(Exception):
    """The bytes are not the document that they should be. The message holds nothing of them."""


def read(raw: bytes, root: str) -> Element:
    """The root element, which must be called `root`. Document types, and with them entities, are refused (defusedxml).

    Raises `BrokenError`.
    """
    if raw.count(b"<") > MOST_TAGS:
        raise BrokenError("the document has too many tags")
    try:
        element: Element = fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BrokenError(f"not well-formed XML: {type(error).__name__}") from None
    if element.tag != root:
        raise BrokenError(f"the root element is not {root}")
    return element


def text(element: Element, tag: str) -> str:
    """The text of the child `tag`. Raises `BrokenError` when it is missing or empty."""
    value = optional(element, tag)
    if value is None:
        raise BrokenError(f"{tag} is missing")
    return value


def optional(element: Element, tag: str) -> str | None:
    """The text of the child `tag`, or None when it is missing or empty."""
    return (element.findtext(tag) or "").strip() or None


def element_of(tag: str, fields: Mapping[str, str | None], children: Iterable[Element] = ()) -> Element:
    """An element with one child for each field that has a value, and then `children`."""
    element = Element(tag)
    for name, value in fields.items():
        if value is not None:
            SubElement(element, name).text = value
    element.extend(children)
    return element


def write(element: Element) -> bytes:
    """The element as a UTF-8 document; code points stay what they are (V24)."""
    document: bytes = tostring(element, encoding="utf-8", xml_declaration=True)
    return document


def refusal_code(raw: bytes) -> str:
    """The code (CWDM) of a refusal (CW). Raises `BrokenError`."""
    return text(read(raw, "CW"), "CWDM")
