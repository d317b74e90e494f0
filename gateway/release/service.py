"""The use case itself: reads and searches, each decided, opened, dressed for its reader and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from msgspec import structs

from gateway import trace
from gateway.auth import registry
from gateway.auth.actor import Actor, Role
from gateway.custody import neighbours
from gateway.custody.errors import KeyGone, Tampered
from gateway.custody.identity.search_lists import Owner, SearchLists
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.records import StoredVersion
from gateway.identities import resolve
from gateway.instants import day
from gateway.privacy.policy import Policy, shipped
from gateway.refusal import Kind, Refused, recorded, refused
from gateway.release import erased, partners, tenants
from gateway.release.asking import May, Parameters
from gateway.release.bounds import READ, Bounds, for_criteria
from gateway.release.chaining import Grammar
from gateway.release.consenting import Consents
from gateway.release.finding import LIMITS, Finder, Limits
from gateway.release.masked import masked
from gateway.release.own_urls import both_forms
from gateway.release.paging import Keeping, Paging
from gateway.release.sieve import Sieve
from gateway.release.unchanged import Marking, proposed
from gateway.release.wanted import Wanted, is_wish, wanted
from gateway.stored import Clock, Entropy, Page, Position, Resource, Stored

Ref = tuple[str, StoredId]
UNKNOWN = "There is no such resource, or none that you may see."
DELETED = "This resource was deleted."
ERASED = "This resource was erased."
Place = tuple[Position | None, int]
"""Where a page of a search starts, and how many hits it has at most."""
View = tenants.TenantView | partners.PartnerView
Has = Callable[[str, int | None], bool]
"""Whether a reader has something already, by the mark of a version or page and the time of the version."""
SUCCEEDED = (200, 304)


def _has_nothing(_mark: str, _updated: int | None) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Release:
    """Gives out what a tenant sent or Careloom derived; a grant that names no profile has ``policy``."""

    vault: Vault
    policy: Policy
    clock: Clock
    entropy: Entropy
    limits: Limits = LIMITS
    base: str = ""
    """The url under which FHIR is served here."""
    has: Has = _has_nothing
    """What the reader has is not given again: the trail tells of such a look as 304."""

    def holding(self, has: Has) -> Release:
        """The same for a reader that has something already."""
        return replace(self, has=has)

    @property
    def lists(self) -> SearchLists:
        """Where sorted searches keep what they found."""
        return SearchLists(self.vault.identity.index_key, self.entropy)

    def read(self, actor: Actor, type_: str, id_: str, version: int | None = None) -> Stored:
        """One resource, or one version of it, as this actor may see it. Raises ``Refused``."""
        self._allow(actor, type_, "r")
        interaction = "read" if version is None else "vread"
        view = self.view(actor)
        self._refuse_erased(actor, (view, interaction), type_, id_)
        row = view.locate(type_, id_, version)
        if row is None or not self.sieve(actor, view, READ).passing([row]):
            self._as_long(actor, view, type_, id_, row)
            self._record(actor, (view, interaction), type_, row, 404)
            raise recorded(Kind.NOT_FOUND, "not-found", UNKNOWN)
        if row.deleted:
            self._record(actor, (view, interaction), type_, row, 410)
            raise recorded(Kind.GONE, "deleted", DELETED)
        (body,) = self._presented(actor, interaction, view, [row])
        stored = _stored(body, row)
        self._record(actor, (view, interaction), type_, row, self._status(str(row.version), row.written))
        return stored

    def history(self, actor: Actor, type_: str, id_: str) -> tuple[Stored, ...]:
        """Every version that there is, newest first; a deletion has no body."""
        self._allow(actor, type_, "r")
        view = self.view(actor)
        self._refuse_erased(actor, (view, "history"), type_, id_)
        there = view.versions(type_, id_)
        rows = self.sieve(actor, view, READ).told(there)
        if not rows:
            self._as_long(actor, view, type_, id_, there[0] if there else None)
            self._record(actor, (view, "history"), type_, None, 404)
            raise recorded(Kind.NOT_FOUND, "not-found", UNKNOWN)
        living = [row for row in rows if not row.deleted]
        shown = self._presented(actor, "history", view, living)
        bodies = dict(zip((row.write_no for row in living), shown, strict=True))
        self._record(actor, (view, "history"), type_, rows[0], 200)
        return tuple(_version(row, id_, bodies.get(row.write_no)) for row in rows)

    def search(
        self, actor: Actor, type_: str, parameters: Parameters, position: Position | None, count: int
    ) -> Page:
        """One page of what matches, newest write first unless asked. Refuses what it cannot honour."""
        self._allow(actor, type_, "s")
        view = self.view(actor)
        paging = self._paging(actor, view, type_, parameters)
        found = paging.page(position, count)
        hits, included = (self._shown(view, rows) for rows in (found.rows, found.included))
        mark = Marking(self.vault, actor, view).of(parameters, position, count, found)
        query = _query(paging, parameters, count)
        look = trace.Deed("search", type_, status=self._status(mark), detail=trace.asked(query))
        self._record_search(actor, view, look, (*found.rows, *found.included))
        return Page(hits, found.total, found.following, included, found.notes, mark)

    def unchanged(
        self, actor: Actor, type_: str, parameters: Parameters, place: Place, has: Callable[[str], bool]
    ) -> str | None:
        """The mark of the page at this place if the client has it; recorded then as the search that it is."""
        self._allow(actor, type_, "s")
        view = self.view(actor)
        paging = self._paging(actor, view, type_, parameters)
        found = proposed(paging, *place)
        if found is None:
            return None
        mark = Marking(self.vault, actor, view).of(parameters, *place, found)
        if not has(mark):
            return None
        query = _query(paging, parameters, place[1])
        look = trace.Deed("search", type_, status=304, detail=trace.asked(query))
        self._record_search(actor, view, look, found.rows)
        return mark

    def honours(self, actor: Actor, type_: str, name: str, value: str) -> bool:
        """Whether a search of this type has such a parameter at all; a wrong value is another matter."""
        try:
            self._paging(actor, self.view(actor), type_, [(name, value)])
        except Refused as refusal:
            return refusal.issues[0].code != "not-supported"
        return True

    def find(self, actor: Actor, type_: str, parameters: Parameters) -> list[str]:
        """Ids of at most two resources of the actor's own tenant that match: for conditional writes."""
        if not parameters:
            raise refused(Kind.PRECONDITION, "required", "A conditional request needs criteria.")
        self.limits.extent.check(parameters)
        view = tenants.TenantView(self.vault, actor.organization)
        reader = replace(view.reader(actor.scopes.allows), bounds=for_criteria(actor.scopes, type_))
        finder = Finder(self.vault, reader, self.limits)
        asked = both_forms(type_, parameters, self.base)
        criteria = tuple(_grammar(finder).criterion(type_, *pair) for pair in asked)
        found = Paging(finder, type_, criteria, Wanted(total="none")).page(None, 2)
        return [str(body["id"]) for body in view.present(found.rows)]

    def originals(self, tenant: Tenant, refs: Sequence[Ref]) -> Mapping[Ref, Stored]:
        """Current versions as their tenant sees them. Not an answer to anybody, so not an access."""
        view = tenants.TenantView(self.vault, tenant)
        rows = view.current(refs)
        bodies = zip(rows, view.present(rows), strict=True)
        return {(row.type, row.id): _stored(body, row) for row, body in bodies}

    def beside(self, tenant: Tenant, type_: str, id_: StoredId) -> None:
        """Open what lies beside an id, for nothing but the time that it takes."""
        with suppress(KeyGone, Tampered):
            tenants.TenantView(self.vault, tenant).present(self._neighbour(tenant, type_, id_))

    def _paging(self, actor: Actor, view: View, type_: str, parameters: Parameters) -> Paging:
        """The search that the parameters ask for, each of them understood. Raises ``Refused``."""
        self.limits.extent.check(parameters)
        reader = replace(view.reader(actor.scopes.allows), bounds=Bounds(actor.scopes))
        finder = Finder(self.vault, reader, self.limits)
        grammar = _grammar(finder)
        asked = both_forms(type_, parameters, self.base)
        criteria = tuple(grammar.criterion(type_, *pair) for pair in asked if not is_wish(pair[0]))
        keeping = Keeping(self.lists, Owner(actor.organization, actor.client_id, type_), self.clock)
        return Paging(finder, type_, criteria, wanted(type_, parameters, grammar.may), keeping)

    def _shown(self, view: View, rows: Sequence[StoredVersion]) -> tuple[Stored, ...]:
        pairs = zip(view.present(rows), view.timed(rows), strict=True)
        return tuple(_stored(body, row) for body, row in pairs)

    # --- steps -------------------------------------------------------------------------------------------

    def sieve(self, actor: Actor, view: View, letter: str) -> Sieve:
        """What the filters of the actor's scopes leave of a view."""
        return Sieve(self.vault, actor.scopes, letter, view.seen)

    def _as_long(self, actor: Actor, view: View, type_: str, id_: str, hidden: StoredVersion | None) -> None:
        """To whoever sees a part of a type, an id that is nobody's is refused after the work that one takes
        which is hidden: that had to be opened to find it out."""
        if not isinstance(view, tenants.TenantView) or not self.sieve(actor, view, READ).stands_before(type_):
            return
        if hidden is None or hidden.deleted:
            stored = resolve(self.vault, view.tenant, type_, id_)
            with suppress(KeyGone, Tampered):
                self.sieve(actor, view, READ).passing(self._neighbour(view.tenant, type_, stored))

    def _neighbour(self, tenant: Tenant, type_: str, id_: StoredId) -> list[StoredVersion]:
        with self.vault.database.glance() as at:
            found = neighbours.beside(at, tenant, type_, id_)
        return [] if found is None else [found]

    def _refuse_erased(self, actor: Actor, what: tuple[View, str], type_: str, id_: str) -> None:
        """What was erased is no more, for whoever was shown its id; that somebody asked is recorded."""
        if self.sieve(actor, what[0], READ).stands_before(type_):
            return
        there = erased.found(self.vault, actor, type_, id_)
        if there is not None:
            tenant, stored = there
            deed = trace.Deed(what[1], type_, stored, status=410, outcome=trace.MINOR)
            self.append({tenant: [deed]}, actor, what[0])
            raise recorded(Kind.GONE, "deleted", ERASED)

    def _allow(self, actor: Actor, type_: str, letter: str) -> None:
        if not actor.scopes.allows(type_, letter):
            raise refused(Kind.FORBIDDEN, "forbidden", "The token's scopes do not allow this.")

    def view(self, actor: Actor) -> View:
        """The store as this actor sees it. Raises ``Refused`` for who reads nothing but the trail."""
        if actor.role is Role.EHR:
            return tenants.TenantView(self.vault, actor.organization)
        if actor.role is Role.PARTNER:
            now = self.clock()
            profiles, consents = self._profiles(actor), Consents(self.vault, actor, now)
            own = actor.organization
            return partners.PartnerView(self.vault, profiles, own, actor.grants, day(now), consents)
        raise refused(Kind.FORBIDDEN, "forbidden", "This role reads the audit trail only.")

    def _profiles(self, actor: Actor) -> Mapping[Tenant, Policy]:
        """The release profile of each grant; the installation's where the grant names none."""
        with self.vault.database.glance() as at:
            named = registry.profiles(at, actor.client_id)
        return {
            tenant: shipped(name) if (name := named.get(tenant)) else self.policy for tenant in actor.grants
        }

    def _presented(
        self, actor: Actor, interaction: str, view: View, rows: Sequence[StoredVersion]
    ) -> list[Resource]:
        """The bodies; that a patient's keys are gone is an answer too, and recorded."""
        try:
            return view.present(rows)
        except KeyGone:
            self._record(actor, (view, interaction), rows[0].type, rows[0], 410)
            raise recorded(Kind.GONE, "deleted", ERASED) from None

    def _record(
        self, actor: Actor, what: tuple[View, str], type_: str, row: StoredVersion | None, status: int
    ) -> None:
        view, interaction = what
        outcome = trace.SUCCESS if status in SUCCEEDED else trace.MINOR
        if row is None:
            deed = trace.Deed(interaction, type_, status=status, outcome=outcome)
            self.append({log: [deed] for log in logs(actor)}, actor, view)
        else:
            self.append({row.tenant: [trace.of_row(interaction, row, status, outcome)]}, actor, view)

    def _status(self, mark: str, updated: int | None = None) -> int:
        """How a look that found something ends."""
        return 304 if self.has(mark, updated) else 200

    def _record_search(
        self, actor: Actor, view: View, look: trace.Deed, rows: Sequence[StoredVersion]
    ) -> None:
        """In every log concerned: one event for each patient whose data were in the answer, at least one."""
        deeds: dict[Tenant, list[trace.Deed]] = {log: [] for log in logs(actor)}
        for log, patient in sorted({(row.tenant, trace.patient_of(row) or b"") for row in rows}):
            known = StoredId(patient) if patient else None
            deeds[log].append(structs.replace(look, patient=known))
        self.append({log: found or [look] for log, found in deeds.items()}, actor, view)

    def append(self, deeds: Mapping[Tenant, Sequence[trace.Deed]], actor: Actor, view: View) -> None:
        """Record what this actor did and what was decided for it, each in its log, lowest log first."""
        now = self.clock()
        decided = view.decisions(now)
        self.vault.appender.append(
            {
                log: [*(trace.event(actor, deed, now) for deed in deeds.get(log, ())), *decided.get(log, ())]
                for log in {*deeds, *decided}
            }
        )


def logs(actor: Actor) -> tuple[Tenant, ...]:
    """Where an access stands: the tenant's log; for a partner, the log of each tenant that granted it."""
    if actor.role is Role.PARTNER:
        return actor.grants or (SYSTEM,)
    return (actor.organization,)


def _grammar(finder: Finder) -> Grammar:
    reader = finder.reader
    return Grammar(May(reader.source, lambda type_: reader.allows(type_, "s"), reader.hides))


def _query(paging: Paging, parameters: Parameters, count: int) -> str:
    """The query as the trail keeps it: whoever is named in it, by pseudonym or not at all."""
    understood = iter(paging.criteria)
    given = [(text, value, None if is_wish(text) else next(understood)) for text, value in parameters]
    # All scopes of a reader know an id by the same pseudonym: it is the reader whose ids are spelt so.
    scopes = paging.finder.reader.scopes
    return masked(given, scopes[0].name if scopes else lambda _type, _id: None, count)


def _stored(body: Resource, row: StoredVersion) -> Stored:
    return Stored(row.type, str(body["id"]), row.version, row.written, body)


def _version(row: StoredVersion, id_: str, body: Resource | None) -> Stored:
    return Stored(row.type, id_, row.version, row.written, body)
