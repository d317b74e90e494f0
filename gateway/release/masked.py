"""What a search asked, as the trail keeps it: the query, without what would tell who somebody is.

The trail holds no identifier, name, birth date or text of anybody, and a query is full of them. So this is
an allow-list: a value stays where it has the form of a date of care, of a number, or is a code that is known
to be one; an id becomes the pseudonym by which stored resources know it (``Type/pseudonym``); all else
becomes ``***``. What stays never holds ``&`` or ``=``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from gateway.privacy import lexicon
from gateway.privacy.codes import codes_of
from gateway.release.asking import ID, LAST_UPDATED, PLAN, Asked, Name, targets
from gateway.release.chaining import Chained, Criterion, Having
from gateway.release.wanted import EVERY, TOTALS
from mappers.check_digits import is_loinc
from mappers.r4 import search
from mappers.r4.model import MODEL, Path
from mappers.r4.search_terms import WHO, plain, split
from mappers.r4.search_terms import Asked as Term

MASK = "***"
CUT = "&..."
"""Stands at the end of a query that is longer than is kept."""
LONGEST = 1_000
MOST_ALTERNATIVES = 20
MOST_TYPES = 4
"""An id alone is told for each type that it may be of, unless these are more."""

DATE = re.compile(
    r"(?:eq|ne|gt|lt|ge|le|sa|eb|ap)?[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_NUMBER = re.compile(r"(?:eq|ne|gt|lt|ge|le|sa|eb|ap)?-?[0-9]{1,7}(?:\.[0-9]{1,7})?(?:[eE][+-]?[0-9]{1,2})?")
_PARTS = re.compile("[&=]")
_UCUM = "http://unitsofmeasure.org"
_PEOPLE = frozenset({"Patient", "Person", "Practitioner", "RelatedPerson"})
"""Types whose dates are those of a life, not of care."""
_ASKS_FOR_TEXT = frozenset({"contains", "exact", "identifier", "of-type", "text"})

Given = Iterable[tuple[str, str, Criterion | None]]
"""Each parameter as it was asked, its value, and how it was understood; None for a wish such as ``_sort``."""


def masked(given: Given, name: Name, count: int) -> str:
    """The query of a search that was understood; ``count`` is the page's size."""
    told = ""
    for text, value, criterion in given:
        said = _wish(value) if criterion is None else _value(criterion, name)
        pair = f"{text}={MASK if _PARTS.search(said) else said}&"
        if len(told) + len(pair) > LONGEST:
            return told.removesuffix("&") + CUT
        told += pair
    return f"{told}_count={count}"


def _wish(value: str) -> str:
    words = re.split("[:,]", value)
    return value if all(word.removeprefix("-") in _words() for word in words) else MASK


@cache
def _words() -> frozenset[str]:
    """What ``_sort``, ``_include`` and ``_total`` are made of."""
    names = {name for parameters in MODEL.search.values() for name in parameters}
    return frozenset({*MODEL.resources, *names, *TOTALS, EVERY})


def _value(criterion: Criterion, name: Name) -> str:
    if isinstance(criterion, Having):
        return _value(criterion.inner, name)
    if isinstance(criterion, Chained):
        readings = {_value(inner, name) for _, inner in criterion.inner}
        return readings.pop() if len(readings) == 1 else MASK
    return _of_parameter(criterion, name)


def _of_parameter(asked: Asked, name: Name) -> str:
    if asked.modifier == "missing":
        return asked.value if asked.value in ("true", "false") else MASK
    if asked.modifier in _ASKS_FOR_TEXT:
        return MASK
    alternatives = split(asked.value, ",")
    told = [_alternative(asked, text, name) for text in alternatives[:MOST_ALTERNATIVES]]
    return ",".join([*told, "..."] if len(alternatives) > len(told) else told)


def _alternative(asked: Asked, text: str, name: Name) -> str:
    if asked.name == ID:
        return _named(asked.type, text, name)
    if asked.name == LAST_UPDATED:
        return _date(text)
    if (asked.type, asked.name) == ("CarePlan", "identifier") and text.startswith(PLAN):
        plan = text.removeprefix(PLAN)
        return PLAN + _named("CarePlan", plan, name) if plan else PLAN
    parameter = search.parameters(asked.type).get(asked.name)
    if parameter is None:
        return _composite(asked, text, name)
    if parameter.type == "reference":
        return _reference(text, targets(asked), name)
    return _plain(Term(asked.type, parameter), parameter.type, parameter.paths, text)


def _composite(asked: Asked, text: str, name: Name) -> str:
    parts = MODEL.composites[asked.type][asked.name].parts
    term = Term(asked.type, next(iter(search.parameters(asked.type).values())))
    told = [
        _reference(piece, (), name)
        if part.type == "reference"
        else _plain(term, part.type, part.paths, piece, bound=False)
        for part, piece in zip(parts, split(text, "$"), strict=False)
    ]
    return "$".join(told)


def _named(type_: str, id_: str, name: Name) -> str:
    pseudonym = name(type_, id_)
    return MASK if pseudonym is None else f"{type_}/{pseudonym}"


def _reference(text: str, types: Iterable[str], name: Name) -> str:
    head = text.partition("/_history/")[0]
    type_, slash, id_ = head.partition("/")
    if slash:
        return _named(type_, id_, name) if search.is_resource(type_) and ":" not in head else MASK
    one_of = list(types)
    if ":" in head or not 0 < len(one_of) <= MOST_TYPES:
        return MASK
    return ",".join(_named(one, head, name) for one in one_of)


def _plain(term: Term, kind: str, paths: tuple[Path, ...], text: str, bound: bool = True) -> str:
    """A value that names nobody by an id; ``bound`` where the places are those of the parameter itself."""
    if kind not in _RULES or any(path.leaf in WHO for path in paths):
        return MASK
    if kind == "date" and term.kind in _PEOPLE:
        return MASK
    if kind == "token" and bound and _is_bound(term, paths, text):
        return text
    return _RULES[kind](text)


def _is_bound(term: Term, paths: tuple[Path, ...], text: str) -> bool:
    """Whether it is a code that R4 itself lists for one of these places."""
    system, bar, code = text.rpartition("|")
    for path in paths:
        element = term.element(path)
        listed = MODEL.codes.get(element.codes or "", {}) if element is not None else {}
        if any(code in codes for known, codes in listed.items() if not bar or known == system):
            return True
    return False


def _date(text: str) -> str:
    return text if DATE.fullmatch(text) else MASK


def _quantity(text: str) -> str:
    number, bar, unit = text.partition("|")
    if not _NUMBER.fullmatch(number):
        return MASK
    system, _, code = unit.partition("|")
    known = codes_of(_UCUM)
    plain_unit = system in ("", _UCUM) and known is not None and (not code or known(code))
    return text if not bar or plain_unit else f"{number}|{MASK}"


def _token(text: str) -> str:
    if text in ("true", "false"):
        return text
    pieces = [plain(piece) for piece in split(text, "|")]
    if len(pieces) == 1:
        return text if _is_public(text) else MASK
    system, code = pieces[0], pieces[1]
    known = codes_of(system)
    if known is None:
        return MASK
    return f"{system}|{code}" if not code or known(code) else f"{system}|{MASK}"


@cache
def _vocabulary() -> frozenset[str]:
    """The codes of all systems that are listed code by code; a number without its system may be anything."""
    codes = (code for listed in lexicon.codes().values() for code in listed)
    return frozenset(code for code in codes if not code.isascii() or re.search("[A-Za-z]", code))


def _is_public(code: str) -> bool:
    return is_loinc(code) or code in _vocabulary()


_RULES: Mapping[str, Callable[[str], str]] = {
    "date": _date,
    "number": _quantity,
    "quantity": _quantity,
    "token": _token,
}
"""How a value of a kind of parameter is told; of other kinds none is."""
