"""What the filters of a token's scopes leave of its bearer's writes.

What is written must pass as it would be stored, and what it takes the place of must pass as it stands; a
deletion needs what is deleted to pass. What may not even be read is answered like what is not there, so far
as there is such an answer: a patch or a deletion is 404, for an id that is nobody's too, and a version that
is asked for is not the current one. Only a PUT can be told no more than that it may not be.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.auth.scopes import Scopes
from gateway.intake.checks import LETTERS
from gateway.intake.entries import Entry, Standing
from gateway.refusal import Kind, Refused, refused
from gateway.stored import Resource

READ = "r"
FORBIDDEN = "The token's scopes do not allow this."
BEYOND = "What would be stored is not what the token's scopes allow to write."
UNKNOWN = "There is no such resource, or none that you may see."
_THERE = "There is such a resource already."


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of some scopes to single resources."""

    scopes: Scopes

    def are_filtered(self, entry: Entry) -> bool:
        """Whether an entry may write some resources of its type and others not."""
        return entry.method in LETTERS and bool(self.scopes.filters(entry.type, LETTERS[entry.method]))

    def check(self, entry: Entry, before: Resource | None) -> None:
        """Raise ``Refused`` where a write goes beyond; ``before`` is what stands under its id now."""
        if entry.method == "GET" or not self.are_filtered(entry):
            return
        self.check_before(entry, before)
        made = entry.resource
        if made is not None and not self.scopes.covers(entry.type, LETTERS[entry.method], made):
            raise refused(Kind.FORBIDDEN, "forbidden", BEYOND, entry.at)

    def check_before(self, entry: Entry, before: Resource | None) -> None:
        """The same of what stands alone: a patch must not even be tried on what its sender may not change."""
        if not self.are_filtered(entry):
            return
        if before is None:
            if entry.method == "DELETE" and entry.id:
                raise _unmet_or_unknown(entry)
            return
        if not self.scopes.covers(entry.type, LETTERS[entry.method], before):
            if (entry.method == "PUT" and entry.if_match is None) or self.reads(entry.type, before):
                raise refused(Kind.FORBIDDEN, "forbidden", FORBIDDEN, entry.at)
            raise _unmet_or_unknown(entry)

    def reads(self, type_: str, resource: Resource) -> bool:
        """Whether this very resource may be read."""
        return self.scopes.covers(type_, READ, resource)


def _unmet_or_unknown(entry: Entry) -> Refused:
    """What is said of an id that is nobody's."""
    if entry.if_match is not None:
        return unmet(entry)
    return refused(Kind.NOT_FOUND, "not-found", UNKNOWN, entry.at)


def unmet(entry: Entry) -> Refused:
    """What is said where something else stands than its sender's condition supposes."""
    name = "ifMatch" if entry.at else "If-Match"
    text = _THERE if entry.if_match is Standing.NOTHING else f"The current version is not the one in {name}."
    return refused(Kind.PRECONDITION, "conflict", text, entry.at)
