"""Every reference between the entries of a bundle turned to what it stands for: ``urn:`` and conditional.

What stands for nothing is named by the element that it stands in. Links within narratives are turned too;
they are for people, and one that leads nowhere is no fault. A relative reference is looked for first where
its own entry says that it lies, as R4 has it (bundle.html, resolving references): beside its ``fullUrl``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from gateway.intake.entries import Entry
from gateway.refusal import Issue, Kind, Refused
from gateway.stored import Resource
from mappers.r4 import expressions, references
from mappers.r4.narrative_links import relinking

LookUp = Callable[[str, str], str]
_PATIENT = "Patient/"


_RESTFUL = re.compile(r"(https?://.+)/[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


def resolve(entries: Sequence[Entry], look_up: LookUp, base: str = "") -> list[Entry]:
    """Every ``urn:`` and conditional reference replaced by the literal one that it stands for.

    ``look_up`` answers what a conditional reference (its text, its place) stands for; ``base`` is the url of
    this server, relative to which its own are told. All ``urn:`` references that name no entry are said at
    once.
    """
    known = {e.full_url: e.literal for e in entries if e.full_url and e.id}
    narrative = relinking(known)
    resolving = _Resolving(known, look_up, _moved(entries), base)
    resolved = [
        entry if entry.resource is None else resolving.entry(entry, entry.resource, narrative)
        for entry in entries
    ]
    if resolving.faults:
        raise Refused(Kind.UNPROCESSABLE, resolving.faults)
    return resolved


@dataclass(frozen=True, slots=True)
class _Resolving:
    known: Mapping[str, str]
    look_up: LookUp
    moved: bool
    """Whether an entry is known by one id to its sender and by another here."""
    base: str
    faults: list[Issue] = field(default_factory=list)

    def entry(self, entry: Entry, given: Resource, narrative: Callable[[str], str] | None) -> Entry:
        at = f"{entry.at}.resource" if entry.at else entry.type
        nowhere: set[str] = set()
        names: set[str] = set()
        roots = self._roots(entry)

        def change(text: str) -> str:
            literal = self.known.get(text)
            for root in roots if literal is None else ():
                literal = self.known.get(f"{root}/{text}", literal)
            if literal is None:
                literal = self._settled(text, given, at)
            if literal is None:
                nowhere.add(text)
                return text
            if literal.startswith(_PATIENT):
                names.add(literal)
            return literal

        resource = references.rewrite(given, change, narrative)
        if nowhere:
            # Other URIs than references may name what lies nowhere near.
            text = "A urn: reference names no entry of this bundle."
            places = expressions.references(given, at)
            self.faults.extend(Issue("not-found", text, place) for place, name in places if name in nowhere)
        return replace(entry, resource=resource, names=frozenset(names))

    def _roots(self, entry: Entry) -> list[str]:
        """Where relative references of an entry may lie; nowhere, where all are known by what they are."""
        if not self.moved:
            return []
        beside = _RESTFUL.fullmatch(entry.full_url or "")
        return [root for root in (self.base, beside[1] if beside else "") if root]

    def _settled(self, text: str, given: Resource, at: str) -> str | None:
        """What a reference stands for that is no entry's name; None where it should have been one's."""
        if not text.startswith("urn:") and "?" not in text:
            return text
        match references.parse(text):
            case references.Urn():
                return None
            case references.Conditional():
                return self._found(text, given, at)
        return text

    def _found(self, text: str, given: Resource, at: str) -> str:
        try:
            return self.look_up(text, at)
        except Refused as refusal:
            place = next((place for place, name in expressions.references(given, at) if name == text), at)
            issues = [Issue(i.code, i.text, place) for i in refusal.issues]
            raise type(refusal)(refusal.kind, issues, refusal.retry_after) from None


def _moved(entries: Sequence[Entry]) -> bool:
    named = ((e.full_url, e.literal) for e in entries if e.full_url and e.id)
    return any(_RESTFUL.fullmatch(url) and not url.endswith(f"/{literal}") for url, literal in named)
