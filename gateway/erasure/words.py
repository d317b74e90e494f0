"""The words of one patient's own record by which others know them: names, numbers, addresses.

They are looked for in texts that must not name the patient any more, and in the reason of the erasure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappers.lossless import Json

_LEAST = 2
_APART = re.compile(r"[^\w'’-]+")


@dataclass(frozen=True, slots=True)
class Words:
    """Some words, found however they are capitalised, and only as words of their own."""

    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        """These texts as words; what is shorter than two characters tells nobody apart."""
        known = {text.strip().casefold() for text in texts}
        longest_first = sorted((text for text in known if len(text) >= _LEAST), key=lambda t: (-len(t), t))
        if not longest_first:
            return cls(None)
        return cls(re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"))

    def within(self, text: str) -> bool:
        """Whether a text says one of them."""
        return self.pattern is not None and self.pattern.search(text.casefold()) is not None

    def anywhere(self, value: Json) -> bool:
        """Whether any text at any depth does."""
        if isinstance(value, str):
            return self.within(value)
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return any(self.anywhere(one) for one in inner)


def of_patients(bodies: Iterable[Mapping[str, Any]]) -> Words:
    """The words of all versions of one Patient."""
    return Words.of(word for body in bodies for word in _words(body))


def _words(body: Mapping[str, Any]) -> Iterator[str]:
    for name in _items(body, "name"):
        for text in (name.get("text"), name.get("family"), *name.get("given", ())):
            yield from _APART.split(text or "")
    for identifier in _items(body, "identifier"):
        yield str(identifier.get("value", ""))
    for telecom in _items(body, "telecom"):
        yield str(telecom.get("value", ""))
    for address in _items(body, "address"):
        yield from (str(line) for line in address.get("line", ()) if line)
    yield str(body.get("birthDate", ""))


def _items(body: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    return (one for one in body.get(name, ()) if isinstance(one, dict))
