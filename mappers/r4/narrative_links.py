"""Links within a narrative that name another entry of a bundle, turned to where that entry will be.

A narrative comes back as it was sent: the value of such a link changes, and no other character.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping

_ATTRIBUTES = frozenset({"href", "src"})

# Comments and CDATA first: what looks like a tag within one is text. No tag or value of well-formed XHTML has
# a "<" in it, so that the search goes through a hostile text but once.
_tags = re.compile(
    r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<(?:a|img)(?=\s)(?:[^<>"']|"[^"<]*"|'[^'<]*')*>""", re.DOTALL
)
_attributes = re.compile(r"""([^\s=/"'<>]+)(\s*=\s*)("[^"]*"|'[^']*')""")


def relinked(div: str, known: Mapping[str, str]) -> str:
    """The ``div``, each link of an ``a`` or ``img`` that is one of ``known`` turned to what is known of it.

    The very same text where there is none.
    """
    return _tags.sub(lambda tag: _tag(tag[0], known), div) if "<a" in div or "<img" in div else div


def relinking(known: Mapping[str, str]) -> Callable[[str], str] | None:
    """The same as a function of the ``div`` alone; None where nothing is known, and nothing is to be done."""
    return (lambda div: relinked(div, known)) if known else None


def _tag(tag: str, known: Mapping[str, str]) -> str:
    if tag.startswith("<!"):
        return tag

    def attribute(found: re.Match[str]) -> str:
        name, equals, value = found.groups()
        place = known.get(html.unescape(value[1:-1]).strip()) if name in _ATTRIBUTES else None
        return found[0] if place is None else f"{name}{equals}{value[0]}{place}{value[0]}"

    return _attributes.sub(attribute, tag)
