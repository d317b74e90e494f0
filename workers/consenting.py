"""What a patient said about the engine's own use of the data, by the clinical halves of the Consents.

Heard in the snapshot in which the data are read, and again behind the tenant's counter when a result is
written: a Consent that came between makes the job start again. A Consent without a clinical half is one that
cannot be read, and denies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from gateway.custody import consents, records
from gateway.custody.consents import Standing
from gateway.custody.errors import Conflict
from gateway.custody.ids import StoredId, Tenant, parse_pseudonym, pseudonym
from gateway.custody.jobs import SECOND
from gateway.custody.records import StoredVersion
from mappers import consent
from mappers.consent import Consent, Decision, Effect, Subject, Surroundings, asking
from mappers.fhir_to_facts import Opened
from mappers.fhir_to_facts.kept_back import kept_back

Body = dict[str, Any]
Opener = Callable[[StoredVersion], Body | None]
"""The clinical half of a version; None where there is none, or no key to it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, in which versions, and when it was heard (microseconds since 1970)."""

    patients: tuple[StoredId, ...]
    said: tuple[Consent, ...]
    standing: Standing
    now: int

    def decide(self, subject: Subject) -> Decision:
        """What was said of one resource, or of the plan that there might be."""
        return consent.decide(self.said, asking.engine(self._moment), subject, asking.SILENCE)

    def turns(self) -> int | None:
        """The next moment at which time alone changes what was said."""
        ahead = [edge for edge in consent.bounds(self.said) if edge > self._moment]
        return int(min(ahead).replace(tzinfo=UTC).timestamp()) * SECOND if ahead else None

    @property
    def references(self) -> list[str]:
        """The versions that were read for this."""
        return [f"{consents.CONSENT}/{pseudonym(id_)}/_history/{version}" for id_, version in self.standing]

    @property
    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.now / SECOND, UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Said:
    """What follows for one plan: the decisions and how many resources each is about, for the trail."""

    heard: Heard
    taken: tuple[tuple[Decision, int], ...]

    @property
    def declined(self) -> Decision | None:
        """The decision by which there is no plan; None where there is one."""
        plan = self.taken[0][0]
        return None if plan.permits else plan


def of_plan(heard: Heard, reference: str) -> Said:
    """Whether there may be a plan at all, by its local reference."""
    return Said(heard, ((heard.decide(Subject("CarePlan", reference)), 1),))


def sifted(said: Said, sent: Iterable[Opened]) -> tuple[Said, tuple[Opened, ...]]:
    """What may be used, and what is left of the rest. Who keeps back the Patient itself declines."""
    opened = tuple(sent)
    if not any(one.tells_resources_apart for one in said.heard.said):
        return said, opened
    decided = [(one, _decision(said.heard, one)) for one in opened]
    denied = Counter(decision for _, decision in decided if not decision.permits)
    person = [decision for one, decision in decided if one.type == "Patient" and not decision.permits]
    first = (person[0], 1) if person else said.taken[0]
    used = tuple(one if decision.permits else kept_back(one) for one, decision in decided)
    return Said(said.heard, (first, *denied.items())), used


def _decision(heard: Heard, one: Opened) -> Decision:
    if one.type == consents.CONSENT:  # it names what it denies, and no rule reads it
        return Decision(Effect.PERMIT, (), "")
    return heard.decide(consent.subject(one.body, one.local))


def hear(conn: Connection, tenant: Tenant, patients: Collection[StoredId], opener: Opener, now: int) -> Heard:
    """What these records of one patient said."""
    rows = consents.standing(conn, tenant, patients)
    bodies = {reference(row): opener(row) for row in rows}
    around = _surroundings(conn, tenant, [body for body in bodies.values() if body is not None], opener)
    said = [
        consent.unread(name) if body is None else consent.read(body, name, around)
        for name, body in bodies.items()
    ]
    standing = frozenset((row.id, row.version) for row in rows)
    return Heard(tuple(patients), tuple(one for one in said if one is not None), standing, now)


def check(conn: Connection, tenant: Tenant, heard: Heard) -> None:
    """Whether the same is said still; raises ``Conflict``. Belongs behind the tenant's counter."""
    if consents.which(conn, tenant, heard.patients) != heard.standing:
        raise Conflict


def reference(stored: StoredVersion) -> str:
    """A version as evidence names it."""
    return f"{stored.type}/{pseudonym(stored.id)}/_history/{stored.version}"


def _surroundings(conn: Connection, tenant: Tenant, bodies: Iterable[Body], opener: Opener) -> Surroundings:
    looked = [consent.lookups(body) for body in bodies]
    # Only a Device can be the engine.
    devices = {text for named, _ in looked for text in named if text.startswith("Device/")}
    instances = {text for _, named in looked for text in named}
    found = _named(conn, tenant, devices | instances, opener) if devices | instances else {}
    return Surroundings(
        parties={text: consent.known_to(body) for text, body in found.items() if text in devices},
        reaches={text: consent.reached(body) for text, body in found.items() if text in instances},
    )


def _named(conn: Connection, tenant: Tenant, texts: Iterable[str], opener: Opener) -> Mapping[str, Body]:
    pairs = [text.partition("/") for text in texts]
    refs = [(kind, stored) for kind, _, text in pairs if (stored := parse_pseudonym(text)) is not None]
    rows = [row for row in records.load_all(conn, tenant, refs).values() if not row.deleted]
    opened = {f"{row.type}/{pseudonym(row.id)}": opener(row) for row in rows}
    return {text: body for text, body in opened.items() if body is not None}
