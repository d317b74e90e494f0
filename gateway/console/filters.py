"""What an officer asks of the trail, as it stands in a form and in an address, and what it means in FHIR.

An address holds no id of a hospital: a patient who is looked for by it becomes the pseudonym at once, so that
histories of browsers and logs of proxies hold none either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from urllib.parse import urlencode

from gateway.console.asked import Denied, Pairs
from gateway.console.reading import Reading
from gateway.custody.ids import Tenant
from gateway.fhir.asked import Parameters
from gateway.fhir.balp import PATTERNS
from gateway.fhir.trail_pages import Place

FIELDS = ("patient", "client", "user", "group", "action", "outcome", "purpose", "since", "until")
ACTIONS: Mapping[str, str] = {
    "C": "Written first",
    "R": "Read",
    "U": "Changed",
    "D": "Deleted",
    "E": "Searched or done",
}
OUTCOMES: Mapping[str, str] = {
    "0": "Done",
    "4,8,12": "Refused or failed",
    "4": "Refused",
    "8": "Failed",
    "12": "Altered data met",
}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Records read or searched": ("rest:read", "rest:vread", "rest:history", "rest:search", "rest:everything"),
    "Records written": (
        "rest:create",
        "rest:update",
        "rest:patch",
        "rest:delete",
        "rest:transaction",
        "rest:batch",
    ),
    "Log-ins and tokens": ("token:", "console:login", "console:logout", "console:account"),
    "The engine": ("worker:",),
    "The console": ("console:",),
    "Who is let in": ("client:", "grant:", "sandbox:", "console:person"),
    "Decision support": ("cds:", "rest:apply", "rest:validate"),
    "Rules and knowledge": ("knowledge:",),
    "Consent": ("consent:",),
    "Merged records": ("merge:",),
    "Erasure and retention": ("erasure:", "retention:"),
    "The trail and disclosures": ("audit:", "patient:disclosures", "console:verify", "console:export"),
    "Keys and the system itself": ("keys:", "system:"),
}
"""Kinds of events by what people call them; one that ends in a colon stands for all of its source."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked: the fields that are not empty."""

    given: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.given.get(name, "")

    @property
    def query(self) -> str:
        """As it stands in an address."""
        return urlencode(self.given)

    def parameters(self, zone: tzinfo) -> Parameters:
        """The same as parameters of FHIR. Raises ``Denied`` where a day is none."""
        found: Parameters = []
        for name, value in self.given.items():
            found += [(parameter, text) for parameter, text in _meaning(name, value, zone)]
        return found


def from_pairs(pairs: Pairs) -> Filters:
    """Those of an address."""
    return _kept(dict(pairs))


def from_form(form: Mapping[str, str], reading: Reading) -> Filters:
    """Those of a form; the patient is named by the pseudonym from here on."""
    kept = dict(_kept(form).given)
    if "patient" in kept:
        asked = kept["patient"].removeprefix("Patient/")
        kept["patient"] = reading.show("Patient", reading.resolve("Patient", asked))
    return Filters(kept)


def place_of(text: str, logs: Collection[Tenant]) -> Place | None:
    """Where a page begins, as it stands in an address; None where it is none."""
    parts = text.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 20 for p in parts):
        return None
    place = Place(*map(int, parts))
    return place if place.log in logs else None


def text_of(place: Place) -> str:
    """A place as it stands in an address."""
    return f"{place.time}-{place.log}-{place.seq}"


def kinds_of(group: str) -> tuple[str, ...]:
    """All kinds of events of a group."""
    members = GROUPS.get(group, ())
    return tuple(
        kind for kind in PATTERNS if any(kind == m or (m[-1] == ":" and kind.startswith(m)) for m in members)
    )


def _kept(given: Mapping[str, str]) -> Filters:
    found = {name: given[name].strip()[:_LONGEST] for name in FIELDS if given.get(name, "").strip()}
    return Filters({name: value for name, value in found.items() if value.isprintable()})


def _meaning(name: str, value: str, zone: tzinfo) -> list[tuple[str, str]]:
    if name == "patient":
        return [("patient", value.replace(",", ""))]
    if name in ("client", "user"):
        return [("agent", value.replace(",", ""))]
    if name == "group":
        kinds = kinds_of(value)
        if not kinds:
            raise Denied(400, "There is no such group of events.")
        return [("subtype", ",".join(kinds))]
    if name in ("since", "until"):
        return [("date", f"{'ge' if name == 'since' else 'lt'}{_moment(name, value, zone)}")]
    return [(name, value)]


def _moment(name: str, value: str, zone: tzinfo) -> str:
    """The beginning of a day; of the last day its end."""
    try:
        day = date.fromisoformat(value)
        day = day if name == "since" else day + timedelta(days=1)
        return datetime.combine(day, time(), zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise Denied(400, "A day is written as 2026-03-02.") from None
