"""A search's parameters: each understood or refused, never dropped, and put into the words that rows use.

Clinical halves name everything by pseudonyms, so an id in a question becomes one before it is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.custody import index
from gateway.custody.identity import names
from gateway.custody.identity.vault import TenantKeys
from gateway.instants import instant
from gateway.refusal import Kind, Refused, refused
from gateway.stored import Resource
from mappers.plan_identity import PLAN_SYSTEM
from mappers.r4 import search
from mappers.r4.model import MODEL
from mappers.r4.search import Side
from mappers.r4.search_terms import Asked as Term

Parameters = Sequence[tuple[str, str]]
Name = Callable[[str, str], str | None]
"""From type and id, as the asker writes it, to the pseudonym; None for an id that is nobody's."""

ID, LAST_UPDATED = "_id", "_lastUpdated"
PLAN = f"{PLAN_SYSTEM}|"


@dataclass(frozen=True, slots=True)
class Asked:
    """One parameter of a search. With ``on_whole`` the resource as it was sent decides, not its half."""

    type: str
    name: str
    modifier: str | None
    value: str
    on_whole: bool

    def query(self) -> search.Query:
        return search.query(self.type, self.name, self.modifier, self.value)

    def holds(self, resource: Resource | None, written: int) -> bool:
        """Whether an opened resource answers; ``written`` is when its version was, in microseconds."""
        if resource is None:
            return False
        if self.name == LAST_UPDATED:
            resource = {"resourceType": self.type, "meta": {"lastUpdated": instant(written)}}
        return search.matches(resource, self.type, self.name, self.modifier, self.value)


def understood(type_: str, parameters: Parameters, whole: bool) -> list[Asked]:
    """The parameters, each checked. ``whole`` says whether the asker may ask who somebody is."""
    return [_understood(type_, name, value, whole) for name, value in parameters]


def _understood(type_: str, text: str, value: str, whole: bool) -> Asked:
    name, _, modifier = text.partition(":")
    asked = Asked(type_, name, modifier or None, value, False)
    try:
        side = _side(asked)
    except search.UnknownParameter:
        raise _refusal("not-supported", "This type has no such search parameter.") from None
    except search.UnsupportedModifier:
        raise _refusal(
            "not-supported", "A search parameter was given a modifier that it does not take."
        ) from None
    except search.MalformedValue:
        raise _refusal(
            "value", "The value of a search parameter does not have the form that it takes."
        ) from None
    if side is Side.IDENTITY and not whole:
        raise _refusal("forbidden", "Only who sent the data may search by what identifies a person.")
    # Ids are decided in pseudonyms, which only the half has; all else, for its source, on the whole.
    by_pseudonym = name == ID or _is_reference(asked) or _names_plans(asked)
    return replace(asked, on_whole=whole and not by_pseudonym)


def _side(asked: Asked) -> Side:
    """Where it is looked for. No rows tell when something was written, so such values are tried here."""
    if asked.name == LAST_UPDATED:
        for text in asked.value.split(","):
            replace(asked, value=text).holds({}, 0)
    return asked.query().side


def _refusal(code: str, text: str) -> Refused:
    return refused(Kind.INVALID, code, text)


def translated(asked: Sequence[Asked], name: Name) -> list[Asked] | None:
    """The same question in one tenant's pseudonyms; None where it names somebody who cannot be there."""
    found = [_translated(one, name) for one in asked]
    return None if any(one is None for one in found) else [one for one in found if one is not None]


def _translated(asked: Asked, name: Name) -> Asked | None:
    if asked.name == ID:
        texts = [name(asked.type, text) for text in asked.value.split(",")]
    elif _names_plans(asked):
        known_plans = [name(asked.type, text.removeprefix(PLAN)) for text in asked.value.split(",")]
        texts = [None if plan is None else f"{PLAN}{plan}" for plan in known_plans]
    elif _is_reference(asked):
        texts = [found for text in asked.value.split(",") for found in _references(asked, text, name)]
    else:
        return asked
    known = [text for text in texts if text is not None]
    return replace(asked, value=",".join(known)) if known else None


def _names_plans(asked: Asked) -> bool:
    """Whether each value is a plan's own identifier, which says the plan's id as its reader sees it."""
    plain = (asked.type, asked.name, asked.modifier) == ("CarePlan", "identifier", None)
    return plain and all(text.startswith(PLAN) and text != PLAN for text in asked.value.split(","))


def _is_reference(asked: Asked) -> bool:
    kind = search.parameters(asked.type)[asked.name].type
    return kind == "reference" and asked.modifier not in ("identifier", "missing")


def _references(asked: Asked, text: str, name: Name) -> Iterator[str | None]:
    """``Type/id`` as it stands in the half; an id alone may be of any type that the parameter points at."""
    type_, slash, id_ = text.partition("/")
    if ":" in text or "?" in text:
        yield text
    elif slash:
        found = name(type_, id_)
        yield None if found is None else f"{type_}/{found}"
    else:
        for target in _targets(asked):
            found = name(target, text)
            yield None if found is None else f"{target}/{found}"


def _targets(asked: Asked) -> list[str]:
    if asked.modifier is not None:
        return [asked.modifier]
    parameter = search.parameters(asked.type)[asked.name]
    term = Term(asked.type, parameter, None)
    found: set[str] = set()
    for path in parameter.paths:
        element = term.element(path)
        found |= {path.target} if path.target else set(element.targets if element else ())
    return sorted(found & set(MODEL.resources)) or sorted(MODEL.resources)


def clauses(asked: Sequence[Asked], keys: TenantKeys) -> list[index.Clause]:
    """The conditions on search rows that the parameters make; what rows cannot narrow makes none."""
    queries = [(one, one.query()) for one in asked]
    return [_clause(one, query, keys) for one, query in queries if not query.everything]


def told_by_rows(asked: Asked) -> bool:
    """Whether a row says all: a token does, a day or a bucket only that it may be."""
    query = asked.query()
    return not (query.everything or query.ranges or query.side is Side.IDENTITY)


def _clause(asked: Asked, query: search.Query, keys: TenantKeys) -> index.Clause:
    """Rows of the half, and for the source of the data rows of what the split withheld."""

    def tokens(key: bytes) -> tuple[bytes, ...]:
        return tuple(index.token_key(key, asked.type, *token) for token in query.tokens)

    if query.side is Side.IDENTITY:
        return names.clause(tokens(keys.identity_index))
    key = keys.clinical_index
    return index.Clause(
        tokens=tokens(key),
        ranges=tuple(
            index.Range(index.range_key(key, asked.type, n), low, high) for n, low, high in query.ranges
        ),
        names=tokens(keys.identity_index) if asked.on_whole else (),
    )
