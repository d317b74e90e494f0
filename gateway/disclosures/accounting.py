"""From events of the trail to an accounting of disclosures. Pure; ``docs/disclosures.md`` gives the rules.

Who asks for the law: 45 CFR §164.528. An exemption is claimed only where the event itself shows it: a
purpose that nobody stated is no exemption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.custody.audit import Event
from gateway.custody.ids import Tenant
from gateway.disclosures.purposes import BREAK_GLASS, EXEMPT

NOT_STATED = "not stated"
OWN_USE = "use within the organization"

# What decides, registers or administers names a patient and gives nobody anything of the record.
_GIVES_NOTHING = frozenset(
    {"client", "consent", "erasure", "grant", "merge", "patient", "retention", "token"}
)
_LOOKS = ("R", "E")
_SUCCESS = "0"

_DEEDS: Mapping[str, str] = {
    "read": "read",
    "vread": "one version read",
    "history": "versions read",
    "search": "found in a search",
    "everything": "whole record read",
}


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure. ``time`` is in microseconds since 1970; ``exempt`` says why it need not be listed."""

    time: int
    organization: Tenant | None
    client_id: str | None
    what: str
    purpose: str
    exempt: str | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """All disclosures to one recipient for one purpose: the first in full, how many, and the last's time."""

    first: Disclosure
    count: int
    last: int


def disclosures(events: Iterable[Event], tenant: Tenant) -> Iterator[Disclosure]:
    """What these events of one patient gave to whom, in their order, exempt or not."""
    return (_disclosure(event, tenant) for event in events if gave(event))


def gave(event: Event) -> bool:
    """Whether somebody got something of the patient's record; who writes gets nothing."""
    looked = event.action in _LOOKS and event.kind.partition(":")[0] not in _GIVES_NOTHING
    return looked and event.outcome == _SUCCESS


def accounted(found: Iterable[Disclosure]) -> Iterator[Disclosure]:
    """Those that the patient has a right to be told of."""
    return (one for one in found if one.exempt is None)


def summary(found: Iterable[Disclosure]) -> list[Repeated]:
    """One row for each recipient and purpose, in the order of the first; holds no more than these rows."""
    rows: dict[tuple[Tenant | None, str | None, str, str | None], Repeated] = {}
    for one in found:
        key = (one.organization, one.client_id, one.purpose, one.exempt)
        known = rows.get(key)
        rows[key] = Repeated(one, 1, one.time) if known is None else _one_more(known, one)
    return sorted(rows.values(), key=lambda row: row.first.time)


def _one_more(known: Repeated, one: Disclosure) -> Repeated:
    # Writers side by side may commit a little out of the order of their times.
    first = one if one.time < known.first.time else known.first
    return replace(known, first=first, count=known.count + 1, last=max(known.last, one.time))


def _disclosure(event: Event, tenant: Tenant) -> Disclosure:
    return Disclosure(
        time=event.time,
        organization=event.organization,
        client_id=event.client_id,
        what=_what(event),
        purpose=event.purpose or NOT_STATED,
        exempt=_exempt(event, tenant),
    )


def _exempt(event: Event, tenant: Tenant) -> str | None:
    if event.purpose == BREAK_GLASS:
        return None
    if event.organization == tenant:
        return OWN_USE
    return EXEMPT.get(event.purpose or "")


def _what(event: Event) -> str:
    """Kind of data and how it was given; nothing of what it said."""
    deed = event.kind.rpartition(":")[2]
    version = f" (version {event.version})" if event.version else ""
    return f"{event.type or 'record'}: {_DEEDS.get(deed, deed)}{version}"
