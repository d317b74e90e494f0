"""From what is asked for to what is to be written: identities, patches, references.

What hangs on the state of the store (criteria, patches) is done again when another writer was faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.auth.actor import Actor
from gateway.custody import records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import WriteNo
from gateway.intake import checks, identify, patches
from gateway.intake.entries import Entry, refuse_twins
from gateway.intake.looking import Looking
from gateway.intake.resolving import resolve
from gateway.intake.rights import Rights
from gateway.profiles import Enforced
from gateway.stored import Entropy


@dataclass(frozen=True, slots=True)
class Ready:
    """Entries whose versions can be made. ``since`` is the last write before criteria were searched for."""

    entries: Sequence[Entry]
    since: WriteNo | None = None

    @property
    def fluid(self) -> bool:
        """Whether another state of the store could make other entries of the same request."""
        return self.since is not None or any(entry.change for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Readying:
    """Makes entries ready, from the store as it is now."""

    vault: Vault
    looking: Looking
    entropy: Entropy
    enforced: Enforced | None = None
    base: str = ""

    def ready(self, actor: Actor, entries: Sequence[Entry]) -> Ready:
        """Raises ``Refused`` for what cannot be done as it is asked."""
        since = self._last(actor) if any(map(_conditional, entries)) else None
        identified = identify.identified(actor, entries, self.looking, self.entropy)
        refuse_twins(identified)
        changed = patches.applied(
            self.vault, self.looking, actor.organization, Rights(actor.scopes), identified
        )
        checks.conforming([entry for entry in changed if entry.change], self.enforced)
        return Ready(resolve(changed, identify.looked_up(actor, self.looking), self.base), since)

    def _last(self, actor: Actor) -> WriteNo:
        with self.vault.database.glance() as at:
            return records.latest(at, actor.organization)


def _conditional(entry: Entry) -> bool:
    """Whether what is written hangs on what a search finds."""
    return bool(entry.if_none_exist or (entry.query and not entry.is_search))
