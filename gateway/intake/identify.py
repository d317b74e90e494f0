"""Which resource each entry means: an id given by the server, named by the sender, or found by criteria."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from gateway.auth.actor import Actor
from gateway.intake.entries import Entry, canonical, criteria
from gateway.intake.looking import Looking
from gateway.refusal import Kind, refused
from gateway.stored import Entropy


def identified(actor: Actor, entries: Sequence[Entry], looking: Looking, entropy: Entropy) -> list[Entry]:
    """The entries, each with an id. A POST whose criteria match becomes a GET of what is there.

    Deletions come first, as FHIR orders them: what they take away matches nothing any more.
    """
    deleted = [e if e.method != "DELETE" else _deletion(actor, e, looking) for e in entries]
    going = {entry.literal for entry in deleted if entry.method == "DELETE"}
    found = [e if e.method == "DELETE" else _one(actor, e, looking, entropy, going) for e in deleted]
    _refuse_same_criteria(found)
    return found


def _deletion(actor: Actor, entry: Entry, looking: Looking) -> Entry:
    if not entry.query:
        return entry
    found = _found(actor, entry, entry.query, looking)
    return _named(entry, found[0]) if found else entry


def _one(actor: Actor, entry: Entry, looking: Looking, entropy: Entropy, going: Collection[str]) -> Entry:
    if entry.is_search:
        return entry
    question = entry.if_none_exist if entry.method == "POST" else entry.query
    if question:
        entry = replace(entry, criteria=canonical(question))
        found = _found(actor, entry, question, looking)
        if found and f"{entry.type}/{found[0]}" not in going:
            return _matched(entry, found[0])
        if entry.method == "PATCH":
            raise refused(Kind.NOT_FOUND, "not-found", "The criteria match nothing.", entry.at)
    if entry.method == "PUT" and not entry.id and (own := (entry.resource or {}).get("id")):
        return replace(_named(entry, own), free=True)
    if entry.method == "POST" or (entry.method == "PUT" and not entry.id):
        return _named(entry, str(uuid.UUID(bytes=entropy(16), version=4)))
    return entry


def _found(actor: Actor, entry: Entry, question: str, looking: Looking) -> list[str]:
    found = looking.find(actor, entry.type, criteria(question))
    if len(found) > 1:
        raise refused(
            Kind.PRECONDITION, "multiple-matches", "The criteria match several resources.", entry.at
        )
    return found


def _matched(entry: Entry, id_: str) -> Entry:
    if entry.method == "POST":
        return replace(entry, method="GET", id=id_, resource=None)
    if entry.resource is not None and entry.resource.get("id", id_) != id_:
        text = "The resource's id is not that of the one that matches."
        raise refused(
            Kind.INVALID, "value", text, f"{entry.at}.resource.id" if entry.at else f"{entry.type}.id"
        )
    return _named(entry, id_)


def _named(entry: Entry, id_: str) -> Entry:
    body = None if entry.resource is None else {**entry.resource, "id": id_}
    return replace(entry, id=id_, resource=body, query=None)


def _refuse_same_criteria(entries: Sequence[Entry]) -> None:
    """Two entries that nothing matched yet would each make what the other should have found."""
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.criteria and entry.method != "GET":
            if (entry.type, entry.criteria) in seen:
                raise refused(Kind.INVALID, "duplicate", "Two entries have the same criteria.", entry.at)
            seen.add((entry.type, entry.criteria))


def looked_up(actor: Actor, looking: Looking) -> Callable[[str, str], str]:
    """What a conditional reference stands for: it must match exactly one resource. Each is searched once."""
    found: dict[str, str] = {}

    def look_up(text: str, at: str) -> str:
        literal = found.get(text)
        if literal is None:
            literal = found[text] = _literal(actor, text, at, looking)
        return literal

    return look_up


def _literal(actor: Actor, text: str, at: str, looking: Looking) -> str:
    type_, _, query = text.partition("?")
    found = looking.find(actor, type_, criteria(query))
    if len(found) != 1:
        code = "multiple-matches" if found else "not-found"
        raise refused(
            Kind.UNPROCESSABLE, code, "A conditional reference must match exactly one resource.", at
        )
    return f"{type_}/{found[0]}"
