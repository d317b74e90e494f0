"""A search's criteria: each understood or refused, never dropped, and put into the words that rows use.

Stored resources name each other by pseudonyms, so an id in a question becomes one before it is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.custody import index
from gateway.custody.identity.vault import TenantKeys
from gateway.instants import instant
from gateway.refusal import Kind, Refused, refused
from gateway.stored import Resource
from mappers.plan_identity import PLAN_SYSTEM
from mappers.r4 import search
from mappers.r4.model import MODEL
from mappers.r4.search import Side
from mappers.r4.search_terms import Asked as Term
from mappers.r4.search_terms import found, split

Parameters = Sequence[tuple[str, str]]
Name = Callable[[str, str], str | None]
"""From type and id, as the asker writes it, to the pseudonym; None for an id that is nobody's."""

ID, LAST_UPDATED = "_id", "_lastUpdated"
PLAN = f"{PLAN_SYSTEM}|"
MOST_TOKENS = 15_000
MOST_SPANS = 50
HIDDEN = "A search parameter asks about something that is hidden from this client."


class Settled(Protocol):
    """A criterion in one tenant's pseudonyms, ready to be asked of rows and of resources."""

    def queries(self) -> Sequence[search.Query]:
        """The rows that a hit must have, all of them."""

    def holds(self, resource: Resource, written: int) -> bool:
        """Whether an opened resource answers; ``written`` is when its version was, in microseconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One parameter of a search and its value."""

    type: str
    name: str
    modifier: str | None
    value: str

    def queries(self) -> Sequence[search.Query]:
        return search.queries(self.type, self.name, self.modifier, self.value)

    def holds(self, resource: Resource, written: int) -> bool:
        if self.name == LAST_UPDATED:
            resource = {"resourceType": self.type, "meta": {"lastUpdated": instant(written)}}
        return search.matches(resource, self.type, self.name, self.modifier, self.value)


@dataclass(frozen=True, slots=True)
class Being:
    """Being one of these resources, by their pseudonyms."""

    type: str
    ids: frozenset[str]

    def queries(self) -> Sequence[search.Query]:
        return ()

    def holds(self, resource: Resource, written: int) -> bool:
        return resource["id"] in self.ids


@dataclass(frozen=True, slots=True)
class Pointing:
    """Pointing at one of these resources (``Type/pseudonym``) by a parameter."""

    type: str
    name: str
    targets: frozenset[str]

    def queries(self) -> Sequence[search.Query]:
        names = Term(self.type, search.parameters(self.type)[self.name]).row_names()
        tokens = tuple((name, target) for name in names for target in sorted(self.targets))
        return (search.Query(Side.CLINICAL, tokens),)

    def holds(self, resource: Resource, written: int) -> bool:
        return any(text in self.targets for text in pointed_at(resource, self.type, self.name))


def pointed_at(resource: Resource, type_: str, name: str) -> Iterator[str]:
    """What a reference parameter finds in a resource, without versions."""
    for path in search.parameters(type_)[name].paths:
        for value in found(resource, path):
            text = value.get("reference") if isinstance(value, dict) else None
            if isinstance(text, str) and path.target in (None, text.partition("/")[0]):
                yield text.partition("/_history/")[0]


# --- understanding ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class May:
    """What an asker may say: who somebody is (``whole``), and of which types; ``hides`` says what not."""

    whole: bool
    allows: Callable[[str], bool]
    hides: Callable[[str, str], bool]

    def refuse_hidden(self, type_: str, name: str) -> None:
        """To look for what one is not shown would be to see it."""
        if self.hides(type_, name):
            raise refusal("not-supported", HIDDEN)


def understood(type_: str, text: str, value: str, may: May) -> Asked:
    """One plain parameter, checked."""
    name, colon, modifier = text.partition(":")
    asked = Asked(type_, name, modifier if colon else None, value)
    try:
        sides = _sides(asked)
    except search.UnknownParameter:
        raise refusal("not-supported", "This type has no such search parameter.") from None
    except search.UnsupportedModifier:
        raise refusal(
            "not-supported", "A search parameter was given a modifier that it does not take."
        ) from None
    except search.MalformedValue:
        raise refusal(
            "value", "The value of a search parameter does not have the form that it takes."
        ) from None
    if Side.IDENTITY in sides and not may.whole:
        raise refusal("forbidden", "Only who sent the data may search by what identifies a person.")
    may.refuse_hidden(type_, name)
    return asked


def _sides(asked: Asked) -> set[Side]:
    """Where it is looked for. No rows tell when something was written, so such values are tried here."""
    if asked.name == LAST_UPDATED:
        for text in asked.value.split(","):
            replace(asked, value=text).holds({}, 0)
    return {query.side for query in asked.queries()}


def refusal(code: str, text: str) -> Refused:
    """A search that cannot be honoured."""
    return refused(Kind.INVALID, code, text)


# --- translating -----------------------------------------------------------------------------------------


def translated(asked: Asked, name: Name) -> Settled | None:
    """The same question in one tenant's pseudonyms; None where it names somebody who cannot be there."""
    if asked.name == ID and asked.modifier is None:
        ids = (name(asked.type, text) for text in asked.value.split(","))
        known = frozenset(id_ for id_ in ids if id_ is not None)
        return Being(asked.type, known) if known else None
    texts = _translations(asked, name)
    if texts is None:
        return asked
    there = [text for text in texts if text is not None]
    if not there and asked.modifier == "not":
        there = [NOBODY]
    return replace(asked, value=",".join(there)) if there else None


NOBODY = "-"
"""What is no pseudonym."""


def _translations(asked: Asked, name: Name) -> list[str | None] | None:
    """Each alternative in pseudonyms; None where the parameter names no ids."""
    alternatives = split(asked.value, ",")
    if asked.name == ID and asked.modifier == "not":
        return [name(asked.type, text) for text in alternatives]
    if _names_plans(asked):
        plans = [name(asked.type, text.removeprefix(PLAN)) for text in alternatives]
        return [None if plan is None else f"{PLAN}{plan}" for plan in plans]
    if asked.name not in search.parameters(asked.type):
        return _composites(asked, alternatives, name)
    if _is_reference(asked):
        return [found for text in alternatives for found in _references(text, targets(asked), name)]
    return None


def _composites(asked: Asked, alternatives: Sequence[str], name: Name) -> list[str | None] | None:
    """Parts that are references; an id alone would stand for many, so these name their type."""
    kinds = [part.type for part in MODEL.composites[asked.type][asked.name].parts]
    if "reference" not in kinds:
        return None
    made: list[str | None] = []
    for alternative in alternatives:
        texts = [
            next(_references(text, (), name), None) if kind == "reference" else text
            for kind, text in zip(kinds, split(alternative, "$"), strict=True)
        ]
        known = [text for text in texts if text is not None]
        made.append("$".join(known) if len(known) == len(texts) else None)
    return made


def _names_plans(asked: Asked) -> bool:
    """Whether each value is a plan's own identifier, which says the plan's id as its reader sees it."""
    named = (asked.type, asked.name) == ("CarePlan", "identifier") and asked.modifier in (None, "not")
    return named and all(text.startswith(PLAN) and text != PLAN for text in asked.value.split(","))


def _is_reference(asked: Asked) -> bool:
    kind = search.parameters(asked.type)[asked.name].type
    return kind == "reference" and asked.modifier not in ("identifier", "missing")


def _references(text: str, types: Sequence[str], name: Name) -> Iterator[str | None]:
    """``Type/id`` as it is stored; an id alone may be of any of these types."""
    type_, slash, id_ = text.partition("/_history/")[0].partition("/")
    if ":" in text or "?" in text:
        yield text
    elif slash:
        found_id = name(type_, id_)
        yield None if found_id is None else f"{type_}/{found_id}"
    else:
        for target in types:
            found_id = name(target, text)
            yield None if found_id is None else f"{target}/{found_id}"


def targets(asked: Asked) -> list[str]:
    """The types that a reference parameter may point at."""
    if asked.modifier is not None:
        return [asked.modifier]
    return sorted(limited_targets(asked.type, asked.name)) or sorted(MODEL.resources)


def limited_targets(type_: str, name: str) -> frozenset[str]:
    """The types that a reference parameter may point at; empty where it may point at any."""
    parameter = search.parameters(type_)[name]
    term = Term(type_, parameter, None)
    known: set[str] = set()
    for path in parameter.paths:
        element = term.element(path)
        named = {path.target} if path.target else set(element.targets if element else ())
        if not named:
            return frozenset()
        known |= named
    return frozenset(known & set(MODEL.resources))


# --- asking rows -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows may answer: those of what the split withheld only where the source of the data asks."""

    keys: TenantKeys
    source: bool

    def clauses(self, criteria: Sequence[Settled], type_: str) -> list[index.Clause]:
        """The conditions that the criteria make; what rows cannot narrow makes none."""
        queries = [query for one in criteria for query in one.queries() if not query.everything]
        # A statement takes so many values and no more.
        if sum(len(query.tokens) for query in queries) > MOST_TOKENS:
            raise refusal("too-costly", "This search asks for too many alternatives at once: divide it.")
        return [self._clause(type_, query) for query in queries]

    def _clause(self, type_: str, query: search.Query) -> index.Clause:
        """Rows of the half, and for the source of the data rows of what the split withheld."""
        mine = self.keys.identity_index if self.source else None
        half = None if query.side is Side.IDENTITY else self.keys.clinical_index
        return index.Clause(
            tokens=_tokens(half, type_, query),
            ranges=_ranges(half, type_, query),
            names=_tokens(mine, type_, query),
            spans=_ranges(mine, type_, query),
        )


def _tokens(key: bytes | None, type_: str, query: search.Query) -> tuple[bytes, ...]:
    return () if key is None else tuple(index.token_key(key, type_, *token) for token in query.tokens)


def _ranges(key: bytes | None, type_: str, query: search.Query) -> tuple[index.Range, ...]:
    if key is None:
        return ()
    by_name: dict[str, list[tuple[int, int]]] = {}
    for name, low, high in query.ranges:
        by_name.setdefault(name, []).append((low, high))
    return tuple(
        index.Range(index.range_key(key, type_, name), low, high)
        for name, spans in by_name.items()
        for low, high in _joined(spans)
    )


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, overlapping ones as one; of very many their whole extent, which narrows less, loses none."""
    made: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if made and low <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], high))
        else:
            made.append((low, high))
    return made if len(made) <= MOST_SPANS else [(made[0][0], max(high for _, high in made))]


def told_by_rows(criterion: Settled) -> bool:
    """Whether a row says all: a token does, a day or a bucket only that it may be."""
    if isinstance(criterion, Pointing):
        return True
    return isinstance(criterion, Asked) and _plain_token(criterion)


def _plain_token(asked: Asked) -> bool:
    known = search.parameters(asked.type).get(asked.name)
    if known is None or known.type not in ("token", "reference") or "|" in asked.value:
        return False
    exact = all(isinstance(step, str) for path in known.paths for step in path.steps)
    (query,) = asked.queries()
    return exact and not (query.everything or query.side is Side.IDENTITY)
