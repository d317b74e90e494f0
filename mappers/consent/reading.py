"""From a Consent resource, or its clinical half, to values. What the reader does not understand, it says.

A Consent counts while its ``status`` is ``active`` and its ``scope`` is about data. ``policyRule`` says what
holds at large where it is HL7's OPTIN or OPTOUT; the root provision is the exception to it, and each nested
one to its parent. A provision without a type turns around what it is an exception to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mappers.consent import purposes
from mappers.consent.subject import coded, local, subject
from mappers.consent.times import span
from mappers.consent.values import Code, Consent, Data, Effect, Party, Provision, Surroundings
from mappers.lossless import Json
from mappers.parties import SYSTEMS, Name

_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
_ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
_RULE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_ROLE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

_ABOUT_DATA = frozenset({"patient-privacy", "research"})
_ABOUT_CARE = frozenset({"treatment", "adr"})
_BASES = {
    "OPTIN": Effect.PERMIT,
    "OPTINR": Effect.PERMIT,
    "OPTOUT": Effect.DENY,
    "OPTOUTE": Effect.DENY,
}
_EFFECTS = {"permit": Effect.PERMIT, "deny": Effect.DENY}
_ACTIONS = frozenset({"collect", "access", "use", "disclose", "correct"})
_RECIPIENTS = frozenset({"PRCP", "IRCP"})
_PARTIES = frozenset({"Device", "Organization"})

NO_HALF = "it bears something that this reader does not know"
NO_SCOPE = "its scope cannot be read"
NO_RULE = "it has no provision, and its policy rule cannot be read"


def unread(reference: str) -> Consent:
    """A Consent of which a reader is given nothing."""
    return Consent(reference, unreadable=NO_HALF)


def read(body: dict[str, Any], reference: str, around: Surroundings) -> Consent | None:
    """An active Consent about data; None for one that says nothing about them, or says it no more."""
    if body.get("status") != "active":
        return None
    if _strange(body):
        return unread(reference)
    scope = set(_known(body.get("scope"), _SCOPE))
    if not scope & (_ABOUT_DATA | _ABOUT_CARE):
        return Consent(reference, unreadable=NO_SCOPE)
    if not scope & _ABOUT_DATA:
        return None
    base = _base(body.get("policyRule"))
    root = body.get("provision")
    if root is None:
        return Consent(reference, base) if base else Consent(reference, unreadable=NO_RULE)
    reader = _Reader(body, around)
    return Consent(reference, base, reader.provision(root, base.opposite if base else Effect.DENY))


def lookups(body: dict[str, Any]) -> tuple[set[str], set[str]]:
    """What reading leans on: parties whose identifiers, and instances whose references have to be known."""
    parties: set[str | None] = set()
    instances: set[str | None] = set()
    for provision in _provisions(body.get("provision")):
        parties |= {local(_reference(one).get("reference")) for one in provision.get("actor", ())}
        data = (one for one in provision.get("data", ()) if one.get("meaning") == "related")
        instances |= {local(_reference(one).get("reference")) for one in data}
    wanted = {text for text in parties if text is not None and text.partition("/")[0] in _PARTIES}
    return wanted, {text for text in instances if text is not None}


def known_to(resource: dict[str, Any]) -> frozenset[Name]:
    """By which of Careloom's own identifiers a resource is known."""
    given = resource.get("identifier", ())
    return frozenset(_names(given if isinstance(given, list) else [given]))


# --- one Consent -----------------------------------------------------------------------------------------


class _Reader:
    """Reads the provisions of one Consent, which may name what it contains."""

    def __init__(self, body: dict[str, Any], around: Surroundings) -> None:
        self._contained = {f"#{one.get('id')}": one for one in body.get("contained", ())}
        self._around = around

    def provision(self, node: dict[str, Any], untyped: Effect) -> Provision:
        made = Provision(
            effect=_EFFECTS.get(str(node.get("type")), untyped),
            period=span(node.get("period")),
            actors=tuple(self._party(one) for one in node.get("actor", ())),
            actions=tuple(_action(one) for one in node.get("action", ())),
            purposes=tuple(_purpose(one) for one in node.get("purpose", ())),
            labels=tuple(coded(one) for one in node.get("securityLabel", ())),
            classes=tuple(coded(one) for one in node.get("class", ())),
            codes=tuple(code for one in node.get("code", ()) for code in _codes(one)),
            data_period=span(node.get("dataPeriod")),
            data=tuple(self._data(one) for one in node.get("data", ())),
        )
        below = node.get("provision", ())
        nested = tuple(self.provision(one, made.effect.opposite) for one in below)
        if "type" not in node and not (made.constraints or made.period or nested):
            # All that it said was withheld: it must not turn a deny around.
            return Provision(Effect.DENY)
        return replace(made, nested=nested)

    def _party(self, actor: dict[str, Any]) -> Party:
        reference = _reference(actor)
        text = reference.get("reference")
        contained = self._contained.get(str(text))
        place = local(text)
        names = set(_names([reference.get("identifier")]))
        names |= known_to(contained) if contained else self._around.parties.get(place or "", frozenset())
        kind = contained.get("resourceType") if contained else place.partition("/")[0] if place else None
        role = set(_known(actor.get("role"), _ROLE))
        return Party(frozenset(names), kind or reference.get("type"), bool(role & _RECIPIENTS))

    def _data(self, data: dict[str, Any]) -> Data:
        place = local(_reference(data).get("reference"))
        return Data(str(data.get("meaning")), place, self._around.reaches.get(place or ""))


def _strange(value: Json) -> bool:
    """Whether anything in it may change its meaning unseen."""
    if isinstance(value, dict):
        return "modifierExtension" in value or "implicitRules" in value or any(map(_strange, value.values()))
    return isinstance(value, list) and any(map(_strange, value))


def _base(rule: Json) -> Effect | None:
    found = {_BASES[code] for code in _known(rule, _RULE) if code in _BASES}
    return found.pop() if len(found) == 1 else None


def _known(concept: Json, system: str) -> Iterator[str]:
    """The codes of a concept that are of one system."""
    for coding in concept.get("coding", ()) if isinstance(concept, dict) else ():
        found = coded(coding)
        if found is not None and found[0] == system:
            yield found[1]


def _action(concept: Json) -> str | None:
    return next((code for code in _known(concept, _ACTION) if code in _ACTIONS), None)


def _purpose(coding: Json) -> str | None:
    found = coded(coding)
    known = found is not None and found[0] == purposes.SYSTEM and found[1] in purposes.KNOWN
    return found[1] if known and found else None


def _codes(concept: dict[str, Any]) -> Iterator[Code | None]:
    """Each coding of a concept; one that is nothing but text, or a mark, cannot be told."""
    yield from (coded(coding) for coding in concept.get("coding", ()) or (None,))


def _reference(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node.get("reference", {})
    return found


def _names(identifiers: list[Any]) -> Iterator[Name]:
    for one in identifiers:
        if isinstance(one, dict) and one.get("system") in SYSTEMS and isinstance(one.get("value"), str):
            yield one["system"], one["value"]


def _provisions(node: Json) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for nested in node.get("provision", ()):
            yield from _provisions(nested)


def reached(body: dict[str, Any]) -> frozenset[str]:
    """What an instance refers to."""
    return subject(body, "").refers_to
