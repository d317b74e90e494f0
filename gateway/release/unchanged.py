"""Whether a page of a search is still the one that its reader has, told without opening what is on it.

A page's mark is a keyed hash of what was asked, of the profiles that it was shown under and of the versions
on it. A version never changes, so a page with the mark of one whose hits were opened and tried holds the same
hits. Rows only propose: where what they propose has another mark, the search is made as if nobody had asked.
The key is one of the reader's organization, so that two partners who hold the same page cannot see that.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.auth.actor import Actor
from gateway.custody.identity.vault import Vault
from gateway.custody.keyring import derive
from gateway.custody.records import StoredVersion
from gateway.release.asking import Parameters
from gateway.release.chaining import Chained, Having
from gateway.release.paging import Found, Paging
from gateway.release.partners import PartnerView
from gateway.release.tenants import TenantView
from gateway.stored import Position

_LABEL = "page-mark"
_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Marking:
    """Marks what a reader is shown of its searches."""

    vault: Vault
    actor: Actor
    view: TenantView | PartnerView

    def of(self, parameters: Parameters, position: Position | None, count: int, page: Found) -> str:
        """The mark of the page that answers these parameters."""
        key = derive(self.vault.identity.index_key(self.actor.organization), _LABEL)
        asked = repr((list(parameters), position, count, page.total))
        told = [asked, *self._profiles(), *page.notes, *map(_line, page.rows), "", *map(_line, page.included)]
        return hmac.digest(key, "\n".join(told).encode(), "sha256").hex()[:_CHARACTERS]

    def _profiles(self) -> Sequence[str]:
        if not isinstance(self.view, PartnerView):
            return ()
        return [f"{tenant} {one.digest}" for tenant, one in sorted(self.view.profiles.items())]


def proposed(paging: Paging, position: Position | None, count: int) -> Found | None:
    """The page as rows propose it; None where nothing could be told from it.

    What comes along, an order that is not that of writing, a question about other resources and a total that
    rows do not know are all answered from opened resources.
    """
    criteria = paging.criteria
    if count == 0 or paging.wanted.includes or not paging.told_by_writing(position):
        return None
    if any(isinstance(one, Chained | Having) for one in criteria) or not paging.counts_by_rows():
        return None
    trusting = replace(paging.finder, trusting=True)
    return replace(paging, finder=trusting).page(position, count)


def _line(row: StoredVersion) -> str:
    return f"{row.tenant}/{row.type}/{row.id.hex()}/{row.version}"
