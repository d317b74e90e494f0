"""What may stand in a narrative: plain XHTML that shows something and does nothing.

A narrative is shown to people by whoever reads the resource, so a script in one is an attack on every reader.
The allow-list is R4's (txt-1): the formatting elements of HTML 4, links, images and style, nothing that acts.
"""

from __future__ import annotations

from xml.parsers import expat

XHTML = "http://www.w3.org/1999/xhtml"

_OPENING = f'<div xmlns="{XHTML}">'
_CLOSING = "</div>"

ELEMENTS = frozenset(
    {"a", "abbr", "acronym", "address", "area", "b", "bdo", "big", "blockquote", "br", "caption",
     "cite", "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "h1", "h2",
     "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "map", "ol", "p", "pre", "q",
     "samp", "small", "span", "strong", "strike", "sub", "sup", "table", "tbody", "td", "tfoot",
     "th", "thead", "tr", "tt", "u", "ul", "var"}
)  # fmt: skip
_LINKS = ("href", "src")
_ACTS = ("javascript:", "vbscript:", "data:text")


class _Refused(Exception):  # noqa: N818 - it reads as what happened
    """The narrative holds what it must not"""


def narrative_fault(text: str) -> str | None:
    """What is wrong with the ``div`` of a narrative, or None."""
    if _is_plain(text):
        return None
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        return "must be well-formed XHTML"
    except _Refused as refused:
        return str(refused)
    return None


def _is_plain(text: str) -> bool:
    """Whether it is one ``div`` around text, which needs no parser."""
    if not (text.startswith(_OPENING) and text.endswith(_CLOSING)):
        return False
    return "&" not in text and text.count("<") == 2 and "]]>" not in text


class _Reader:
    """Follows the parser and stops it at the first thing that must not be there."""

    def __init__(self) -> None:
        self._inside = False

    def doctype(self, *_: object) -> None:
        raise _Refused("must not declare a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if not self._inside and (space, local) != (XHTML, "div"):
            raise _Refused(f"must be a div of the XHTML namespace: {_OPENING}")
        self._inside = True
        if space != XHTML or local not in ELEMENTS:
            raise _Refused("must hold only the formatting elements of HTML 4, links and images (txt-1)")
        for attribute, value in attributes.items():
            _refuse_what_acts(attribute.lower(), value)


def _refuse_what_acts(attribute: str, value: str) -> None:
    if attribute.startswith("on"):
        raise _Refused("must not hold event handlers (txt-1)")
    if attribute in _LINKS and "".join(value.split()).lower().startswith(_ACTS):
        raise _Refused("must not hold links that run scripts (txt-1)")
