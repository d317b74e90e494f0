"""Which resource each entry means: an id given by the server, named by the sender, or found by criteria."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from gateway.auth.actor import Actor
from gateway.intake.entries import Entry, criteria
from gateway.intake.looking import Looking
from gateway.refusal import Kind, refused
from gateway.stored import Entropy


def identified(actor: Actor, entries: Sequence[Entry], looking: Looking, entropy: Entropy) -> list[Entry]:
    """The entries, each with an id. A POST whose criteria match becomes a GET of what is there."""
    return [_one(actor, entry, looking, entropy) for entry in entries]


def _one(actor: Actor, entry: Entry, looking: Looking, entropy: Entropy) -> Entry:
    question = entry.if_none_exist if entry.method == "POST" else entry.query
    if question:
        found = looking.find(actor, entry.type, criteria(question))
        if len(found) > 1:
            raise refused(
                Kind.PRECONDITION, "multiple-matches", "The criteria match several resources.", entry.at
            )
        if found:
            return _matched(entry, found[0])
    if entry.method == "POST" or (entry.method == "PUT" and not entry.id):
        return _named(entry, str(uuid.UUID(bytes=entropy(16), version=4)))
    return entry


def _matched(entry: Entry, id_: str) -> Entry:
    if entry.method == "POST":
        return replace(entry, method="GET", id=id_, resource=None)
    return _named(entry, id_)


def _named(entry: Entry, id_: str) -> Entry:
    body = None if entry.resource is None else {**entry.resource, "id": id_}
    return replace(entry, id=id_, resource=body, query=None)


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
