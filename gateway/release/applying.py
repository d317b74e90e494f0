"""Use case: a definition applied to one patient, for the hospital whose patient and definition they are.

1. Find the definition and the patient. 2. See what the definition looks at; a token that may not read all
of it is refused, because a rule that does not see a diagnosis says that there is none. 3. Gather that, apply,
and record that it was done. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.custody import records
from gateway.custody.errors import KeyGone
from gateway.custody.records import StoredVersion
from gateway.instants import day
from gateway.refusal import Issue, Kind, Recorded, recorded, refused
from gateway.release.bounds import READ
from gateway.release.definitions import Shelf, resource_of
from gateway.release.patient_walk import PATIENT, Walk, Wanted
from gateway.release.service import DELETED, ERASED, UNKNOWN, Release, logs
from gateway.release.tenants import TenantView
from gateway.stored import Resource
from mappers.fhir_to_facts import Opened, facts
from mappers.fhir_to_facts.read import READERS
from mappers.r4 import references
from workers.engine.applying import applied
from workers.engine.applying.launch import NOT_STORED, Launch
from workers.engine.applying.reads import Reads, reads
from workers.engine.applying.record import Record, plain
from workers.engine.applying.world import Variable, World, names_of

EVERYTHING = 1_000_000_000
PLAN = "PlanDefinition"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be applied, to whom, and in which context; references as ``Type/id``."""

    type: str
    subject: str
    id: str = ""
    canonical: str | None = None
    definition: Resource | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    concepts: Mapping[str, Resource] = field(default_factory=dict)
    data: Sequence[Resource] = ()
    stored: bool = True
    """Whether the patient's stored resources are looked at, and not ``data`` alone."""


@dataclass(frozen=True, slots=True)
class Applying:
    """Answers ``$apply`` of PlanDefinition and ActivityDefinition."""

    release: Release

    def apply(self, actor: Actor, order: Order) -> Resource:
        """The CarePlan or the request. Raises ``Refused``."""
        if actor.role is not Role.EHR:
            raise refused(Kind.FORBIDDEN, "forbidden", "Only an EHR may apply definitions to its patients.")
        view = TenantView(self.release.vault, actor.organization)
        shelf = Shelf(self.release, actor)
        definition, row = self._definition(actor, shelf, order)  # 1
        patient = self._patient(actor, view, order)
        looked_at = reads(definition, shelf.find)  # 2
        needed = _types(looked_at, order)
        _check_rights(actor, needed)
        world = self._world(actor, (patient, order), looked_at, needed)  # 3
        launch = _launch(order, world, shelf)
        make = applied.plan if order.type == PLAN else applied.request
        answer = make(definition, launch, world)
        self._record(actor, order, (row, patient), 200)
        if answer.get("resourceType") == "OperationOutcome":
            issues = [Issue(one["code"], one["diagnostics"], *one["expression"]) for one in answer["issue"]]
            raise Recorded(Kind.UNPROCESSABLE, issues)
        return answer

    # --- steps -------------------------------------------------------------------------------------------

    def _definition(self, actor: Actor, shelf: Shelf, order: Order) -> tuple[Resource, StoredVersion | None]:
        if order.definition is not None:
            return order.definition, None
        row = shelf.row(order.type, order.id, order.canonical)
        if row is None or row.deleted:
            gone = row is not None
            self._record(actor, order, (row, None), 410 if gone else 404)
            if gone:
                raise recorded(Kind.GONE, "deleted", DELETED)
            raise recorded(Kind.NOT_FOUND, "not-found", UNKNOWN)
        return shelf.body(row), row

    def _patient(self, actor: Actor, view: TenantView, order: Order) -> StoredVersion:
        found = references.parse(order.subject)
        if not isinstance(found, references.Literal) or found.type != PATIENT:
            raise refused(Kind.INVALID, "value", "subject must be a reference to one Patient: Patient/ID.")
        row = view.locate(PATIENT, found.id, None)
        passing = [] if row is None else self.release.sieve(actor, view, READ).passing([row])
        if not passing:
            self._record(actor, order, (None, None), 404)
            raise recorded(Kind.NOT_FOUND, "not-found", UNKNOWN)
        if passing[0].deleted:
            self._record(actor, order, (None, passing[0]), 410)
            raise recorded(Kind.GONE, "deleted", DELETED)
        return passing[0]

    def _world(
        self, actor: Actor, whom: tuple[StoredVersion, Order], looked_at: Reads, needed: frozenset[str]
    ) -> World:
        patient, order = whom
        view = TenantView(self.release.vault, actor.organization)
        given = [_opened(number, one) for number, one in enumerate(order.data, 1)]
        held = self._stored(actor, view, patient, needed if order.stored else frozenset({PATIENT}))
        replaced = {one.local for one in given}
        record = [*(one for one in held if one.local not in replaced), *given]
        today = day(self.release.clock())
        known = facts(record if looked_at.facts else [one for one in record if one.type == PATIENT], today)
        variables = {name: Variable(plain(concept)) for name, concept in order.concepts.items()}
        return World(Record(record), names_of(known), today, variables | _context(view, order, record))

    def _stored(
        self, actor: Actor, view: TenantView, patient: StoredVersion, types: frozenset[str]
    ) -> list[Opened]:
        with self.release.vault.database.read() as conn:
            ceiling = records.latest(conn, patient.tenant)
        sieve = self.release.sieve(actor, view, READ)
        walk = Walk(self.release.vault, view, patient, Wanted(types), ceiling, sieve)
        try:
            found, _ = walk.page(-1, EVERYTHING)
        except KeyGone:
            raise refused(Kind.GONE, "deleted", ERASED) from None
        return [Opened(f"{one.type}/{one.id}/_history/{one.version}", one.body or {}) for _, one in found]

    def _record(
        self,
        actor: Actor,
        order: Order,
        rows: tuple[StoredVersion | None, StoredVersion | None],
        status: int,
    ) -> None:
        """One event: the definition, and the patient to whom it was applied."""
        definition, patient = rows
        deed = trace.Deed(
            "apply",
            order.type,
            definition.id if definition else None,
            definition.version if definition else None,
            patient.id if patient else None,
            status=status,
            outcome=trace.SUCCESS if status == 200 else trace.MINOR,
        )
        view = self.release.view(actor)
        self.release.append({log: [deed] for log in logs(actor)}, actor, view)


def _opened(number: int, resource: Resource) -> Opened:
    """A resource that came with the question: no version of it is stored, which ``NOT_STORED`` says."""
    return Opened(f"{resource['resourceType']}/{resource.get('id', f'data-{number}')}{NOT_STORED}", resource)


def _types(looked_at: Reads, order: Order) -> frozenset[str]:
    """What has to be read: of facts, every type that gives one."""
    named = frozenset(one.partition("/")[0] for one in order.references.values())
    of_facts = frozenset(READERS) if looked_at.facts else frozenset()
    return looked_at.types | of_facts | named | {PATIENT}


def _check_rights(actor: Actor, needed: frozenset[str]) -> None:
    """Refuse who would see less than the definition looks at."""
    scopes = actor.scopes
    lacking = [one for one in sorted(needed) if not scopes.allows(one, READ) or scopes.filters(one, READ)]
    if lacking:
        told = ", ".join(lacking)
        text = f"What this definition looks at, the token may not read, or not all of it: {told}."
        raise refused(Kind.FORBIDDEN, "forbidden", text)


def _context(view: TenantView, order: Order, record: Sequence[Opened]) -> dict[str, Variable]:
    """The resources that were named, under the names by which expressions know them."""
    told: dict[str, Variable] = {}
    for one in record:
        if one.type == PATIENT and one.local == order.subject:
            told["patient"] = told["subject"] = Variable(plain(one.body), (one.evidence,))
    for name, reference in order.references.items():
        found = resource_of(view, reference)
        if found is not None:
            row, body = found
            evidence = Opened(f"{row.type}/{body['id']}/_history/{row.version}", body).evidence
            told[name] = Variable(plain(body), (evidence,))
    return told


def _launch(order: Order, world: World, shelf: Shelf) -> Launch:
    language = order.concepts.get("userLanguage", {})
    codes = [one["code"] for one in language.get("coding", ()) if "code" in one]
    return Launch(
        order.subject,
        world.today,
        shelf.find,
        order.references.get("encounter"),
        order.references.get("practitioner"),
        order.references.get("organization"),
        codes[0] if codes else None,
    )
