"""XML as the registries and banks speak it: flat elements with pinyin abbreviations for names."""

from collections.abc import Mapping
from typing import Self
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from aiohttp import web
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring


class RefusedError(Exception):
    """A call that cannot be understood: HTTP 400 with an error code (CWDM) and words (CWMS)."""

    def __init__(self, code: str, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.code = code
        self.status = status

    def response(self) -> web.Response:
        """The refusal on the wire."""
        return xml_response(element("CW", {"CWDM": self.code, "CWMS": str(self)}), self.status)


class Fields(dict[str, str]):
    """The child elements of one request, by name; those that are empty count as missing."""

    @classmethod
    def of(cls, parent: Element) -> Self:
        """The fields of `parent`."""
        return cls({child.tag: child.text.strip() for child in parent if child.text and child.text.strip()})

    def missing(self, names: tuple[str, ...]) -> str | None:
        """The first of `names` that is missing."""
        return next((name for name in names if name not in self), None)


def parse(text: str, root: str) -> Element:
    """The root element, which must be called `root`; entities and external references are refused."""
    try:
        parsed: Element = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise RefusedError("E01", "报文不是有效的 XML") from error
    if parsed.tag != root:
        raise RefusedError("E02", f"报文根元素应为 {root}")
    return parsed


def element(tag: str, fields: Mapping[str, str]) -> Element:
    """An element with one child for each field."""
    made = Element(tag)
    fill(made, fields)
    return made


def fill(parent: Element, fields: Mapping[str, str]) -> None:
    """Append one child for each field."""
    for name, text in fields.items():
        SubElement(parent, name).text = text


def document(root: Element) -> str:
    """The element as a document."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def xml_response(root: Element, status: int = 200) -> web.Response:
    """The element as an answer."""
    return web.Response(text=document(root), status=status, content_type="application/xml", charset="utf-8")
