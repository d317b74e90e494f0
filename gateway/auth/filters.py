"""What stands after the ``?`` of a scope: what must hold of a resource, in the words of search.

``category=http://…|laboratory&status=final``: every term must hold, of values between commas one. A term is a
search parameter of the type that is of kind token or uri, tells not who somebody is and takes no modifier.
Such a term can be tried on any opened resource, and holds of no resource that shows less of itself: a profile
that hides the category hides the laboratory values, too. Dates and numbers are no terms, because partners are
shown other ones; nor are ids, which each reader spells differently. What is no such term is refused.

The text is kept within what RFC 6749 lets stand in a scope: all else is percent-encoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from mappers.lossless import Json
from mappers.r4 import search
from mappers.r4.search import Query, Side
from mappers.r4.search_parts import united
from mappers.r4.search_terms import IN_THE_STORE, split

KINDS = ("token", "uri")
MOST_TERMS = 8
LONGEST = 1_000
"""Characters of a filter in its canonical form."""

# Of RFC 6749's scope characters, those that mean nothing to the filter itself.
_PLAIN = "!$()*,-./:;?@_|~'"

Term = tuple[str, str]
"""A search parameter and its value, without escapes of the url."""


class FilterRefused(ValueError):  # noqa: N818 - it reads as what happened
    """The filter cannot be honoured."""


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """Terms that must all hold, in canonical order. Without any, everything passes."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def holds(self, type_: str, resource: dict[str, Json]) -> bool:
        """Whether a resource of this type passes."""
        return all(search.matches(resource, type_, name, None, value) for name, value in self.terms)

    def queries(self, type_: str) -> tuple[Query, ...]:
        """The rows that whatever passes must have, all of them."""
        return tuple(
            query for name, value in self.terms for query in search.queries(type_, name, None, value)
        )

    def __and__(self, other: Filter) -> Filter:
        """What passes both."""
        return Filter(tuple(sorted({*self.terms, *other.terms})))

    def is_wider_than(self, other: Filter) -> bool:
        """Whether it lets pass all that the other does, as far as the words show it, and is not the same."""
        return set(self.terms) < set(other.terms)

    def __str__(self) -> str:
        return "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in self.terms)


EVERYTHING = Filter()


def parse(type_: str, text: str) -> Filter:
    """The filter that a text such as ``category=laboratory`` means for a type. Raises ``FilterRefused``."""
    terms = {_term(type_, part) for part in text.split("&")}
    made = Filter(tuple(sorted(terms)))
    if len(made.terms) > MOST_TERMS or len(str(made)) > LONGEST:
        raise FilterRefused(f"the filter of a scope has at most {MOST_TERMS} terms and {LONGEST} characters")
    return made


def any_of(type_: str, filters: Sequence[Filter]) -> tuple[Query, ...]:
    """The rows that whatever passes one of these must have: of several one term each, joined."""
    if len(filters) == 1:
        return filters[0].queries(type_)
    return (united([one.queries(type_)[0] for one in filters]),)


def _term(type_: str, part: str) -> Term:
    name, equals, encoded = part.partition("=")
    parameter = search.parameters(type_).get(name)
    if parameter is None or not equals:
        raise FilterRefused(
            "a filter reads parameter=value, with a search parameter of the type and no modifier"
        )
    if parameter.type not in KINDS or name in IN_THE_STORE:
        raise FilterRefused(f"a filter takes search parameters of the kinds {' and '.join(KINDS)}")
    try:
        value = unquote(encoded, errors="strict")
        (query,) = search.queries(type_, name, None, value)
    except (UnicodeDecodeError, search.MalformedValue):
        raise FilterRefused("a value in a filter does not have the form that its parameter takes") from None
    if query.side is not Side.CLINICAL:
        raise FilterRefused("a filter cannot go by what tells who somebody is")
    return name, ",".join(sorted(set(split(value, ","))))
