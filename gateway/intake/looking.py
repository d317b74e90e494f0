"""How intake looks at what is stored: the release side's own reads, handed in by whoever joins the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gateway.auth.actor import Actor
from gateway.custody.ids import StoredId, Tenant
from gateway.refusal import Kind, refused
from gateway.stored import Resource, Stored

Ref = tuple[str, StoredId]


def _unserved(*_: object) -> Resource:
    raise refused(Kind.UNPROCESSABLE, "not-supported", "No search is served here.")


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Looking:
    """``find``: ids, as the tenant writes them, of what matches some criteria. ``read``: one resource for
    an answer, audited. ``originals``: current versions as their tenant sees them, for comparison only.
    ``search``: a searchset for an answer, audited too, with ``lenient=True`` as such a one. ``beside``: opens
    a neighbour of an id that is nobody's, so that to refuse it takes as long as one that is hidden."""

    find: Callable[[Actor, str, list[tuple[str, str]]], list[str]]
    read: Callable[[Actor, str, str], Stored]
    originals: Callable[[Tenant, Sequence[Ref]], Mapping[Ref, Stored]]
    search: Callable[..., Resource] = _unserved
    beside: Callable[[Tenant, str, StoredId], None] = _nothing

    def leniently(self) -> Looking:
        """The same, where a search leaves out what it does not know and says so."""
        return replace(self, search=partial(self.search, lenient=True))
