"""The use case itself: the steps of taking in, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.custody import audit
from gateway.custody.errors import Conflict, Erased, KeyGone
from gateway.custody.identity.vault import Vault
from gateway.intake import answers, batches, checks, claims, merges, patches, reads, repeats
from gateway.intake.beside import Beside, Write
from gateway.intake.commit import Batch, commit
from gateway.intake.entries import Condition, Entry, read_entries, read_entry
from gateway.intake.looking import Looking
from gateway.intake.readying import Ready, Readying
from gateway.intake.returning import Preferences, Returning
from gateway.intake.running import Running, concern
from gateway.intake.versions import Outcome, Versions
from gateway.privacy.policy import Policy
from gateway.profiles import Enforced
from gateway.refusal import Issue, Kind, Recorded, Refused, recorded, refused
from gateway.stored import Answer, Clock, Entropy, Repeat, Resource, Stored
from mappers.r4.expressions import root_of

INTERACTIONS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "read"}
IN_VAIN = {Kind.NOT_FOUND: 404, Kind.GONE: 410}
"""What names something that is not there: each entry leaves an event of its own, also in a transaction."""
TRIES = 6
"""How often a write starts again when others move the same heads."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The key under which the answer to a request is kept, and how what was done becomes that answer."""

    repeat: Repeat
    form: Callable[[Sequence[Outcome]], Answer]


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in single resources, transactions and batches for the actor's own tenant."""

    vault: Vault
    policy: Policy
    clock: Clock
    entropy: Entropy
    looking: Looking
    explain: Callable[[Refused], dict[str, Any]]
    """The response of a batch entry that is refused: status and OperationOutcome."""
    enforced: Enforced | None = None
    """Profiles that what is written must conform to, where this deployment asks for any."""
    returning: Returning = Returning.MINIMAL
    """How much of what a bundle writes its answer shows."""
    beside: Beside | None = None
    """Who keeps the answers, where nobody waits for them."""
    base: str = ""
    """The url under which FHIR is served here."""

    def preferring(self, preferences: Preferences) -> Intake:
        """The same, answering a bundle as its sender prefers."""
        looking = self.looking.leniently() if preferences.lenient else self.looking
        return replace(self, returning=preferences.returning, looking=looking)

    def create(self, actor: Actor, type_: str, body: Resource, if_none_exist: str | None = None) -> Stored:
        """Store a new resource under an id that the server gives, or find the one that is there already."""
        entry = Entry("", "POST", type_, resource=body, if_none_exist=if_none_exist)
        return self._single(actor, entry)

    def update(
        self, actor: Actor, type_: str, id_: str, body: Resource, if_match: Condition | None = None
    ) -> Stored:
        """Store the next version of a resource, or its first under the tenant's own id."""
        if body.get("resourceType") != type_:
            raise refused(
                Kind.INVALID, "value", "The resource's type is not the one in the url.", root_of(body)
            )
        if body.get("id") != id_:
            raise refused(
                Kind.INVALID, "value", "The resource's id is not the one in the url.", f"{type_}.id"
            )
        return self._single(actor, Entry("", "PUT", type_, id_, resource=body, if_match=if_match))

    def create_once(
        self, actor: Actor, entry: Entry, repeat: Repeat, form: Callable[[Stored], Answer]
    ) -> Answer:
        """The same under a key: the same request again gives the same answer, which ``form`` makes."""
        again = repeats.again(self.vault, actor, repeat, self.clock)
        if again is not None:
            return again
        kept = Kept(repeat, lambda outcomes: form(outcomes[0].stored))
        return kept.form(self._apply(actor, [entry], kept))

    def delete(self, actor: Actor, type_: str, id_: str, if_match: Condition | None = None) -> Stored:
        """Mark a resource as deleted; deleting what is not there changes nothing."""
        return self._single(actor, Entry("", "DELETE", type_, id_, if_match=if_match))

    def single(self, actor: Actor, entry: Entry) -> Stored:
        """One interaction by itself: a patch, or a write by criteria."""
        return self._single(actor, entry)

    def transaction(self, actor: Actor, bundle: Resource, repeat: Repeat | None = None) -> Answer:
        """All of a bundle or nothing of it; the same request again gives the same answer, byte for byte."""
        return self._bundle(actor, bundle, repeat, self._transaction)

    def batch(self, actor: Actor, bundle: Resource, repeat: Repeat | None = None) -> Answer:
        """Each entry on its own; one that is refused leaves the others alone."""
        return self._bundle(actor, bundle, repeat, self._batch)

    # --- steps -------------------------------------------------------------------------------------------

    def _bundle(
        self,
        actor: Actor,
        bundle: Resource,
        repeat: Repeat | None,
        run: Callable[[Actor, Resource, Repeat | None], Answer],
    ) -> Answer:
        again = None if repeat is None else repeats.again(self.vault, actor, repeat, self.clock)
        return again or run(actor, bundle, repeat)

    def _transaction(self, actor: Actor, bundle: Resource, repeat: Repeat | None) -> Answer:
        checks.envelope(bundle)
        kept = None if repeat is None else Kept(repeat, answers.transaction)
        return answers.transaction(self._apply(actor, read_entries(bundle), kept))

    def _batch(self, actor: Actor, bundle: Resource, repeat: Repeat | None) -> Answer:
        checks.batch(bundle)
        entries = bundle.get("entry", ())
        if repeat is None:
            return answers.batch([self.served(actor, index, raw) for index, raw in enumerate(entries)])

        def serve(index: int, raw: Mapping[str, Any], beside: Beside) -> None:
            replace(self, beside=beside).served(actor, index, raw)

        try:
            return batches.Batch(self.vault, actor, repeat, self.clock).answered(entries, serve)
        except Conflict:
            raise repeats.busy() from None

    def served(self, actor: Actor, index: int, raw: Mapping[str, Any]) -> Outcome | dict[str, Any]:
        """What became of one entry of a batch; a refusal is told its sender, and the trail."""
        entry = None
        try:
            checks.batch_entry(index, raw)
            entry = read_entry(index, raw)
            return self._apply(actor, [entry], None)[0]
        except Refused as refusal:
            response = self.explain(refusal)
            kept = None if self.beside is None else self.beside.refused(response)
            told = [] if isinstance(refusal, Recorded) else [entry]
            if told or kept is not None:
                self._record(actor, told, int(response["status"][:3]), refusal.issues[0].code, kept)
            return response

    def _single(self, actor: Actor, entry: Entry) -> Stored:
        return self._apply(actor, [entry], None)[0].stored

    def _apply(self, actor: Actor, entries: Sequence[Entry], kept: Kept | None) -> list[Outcome]:
        """Steps 1 to 4 for entries that stand or fall together; outcomes in the entries' order."""
        checks.allowed(actor, entries)
        if actor.role is not Role.EHR:
            raise refused(Kind.FORBIDDEN, "forbidden", "Only an EHR may write.")
        entries = patches.opened(entries, self.base)
        checks.searches(entries)
        checks.resources(entries)
        checks.conforming(entries, self.enforced)
        try:
            return self._written(actor, entries, kept)
        except (Erased, KeyGone):
            self._record(actor, entries, 410, "deleted")
            raise recorded(
                Kind.GONE, "deleted", "A resource that was erased cannot be written again."
            ) from None

    def _written(self, actor: Actor, entries: Sequence[Entry], kept: Kept | None) -> list[Outcome]:
        """Steps 3 and 4, again where another writer was faster."""
        readying = Readying(self.vault, self.looking, self.entropy, self.enforced, self.base)
        ready = self._ready(actor, readying, entries)
        shown = reads.Shown(self.looking)
        for attempt in range(TRIES):
            try:
                if attempt and ready.fluid:
                    ready = self._ready(actor, readying, entries)
                return self._write(actor, ready, kept, shown)
            except Conflict:
                if kept is not None and repeats.earlier(self.vault, actor, kept.repeat) is not None:
                    raise repeats.busy() from None
        busy = Issue("conflict", "Others write the same resources; try again.")
        raise Refused(Kind.CONFLICT, [busy], retry_after=1)

    def _ready(self, actor: Actor, readying: Readying, entries: Sequence[Entry]) -> Ready:
        try:
            ready = readying.ready(actor, entries)
        except Refused as refusal:
            if refusal.kind not in IN_VAIN:
                raise
            self._record(actor, entries, IN_VAIN[refusal.kind], refusal.issues[0].code)
            raise Recorded(refusal.kind, refusal.issues) from None
        Running(self.vault, self.policy, self.looking).check(actor, ready.entries)
        return ready

    def _write(self, actor: Actor, ready: Ready, kept: Kept | None, shown: reads.Shown) -> list[Outcome]:
        now = self.clock()
        tenant = actor.organization
        versions = Versions(self.vault, self.policy, self.looking, self.entropy)
        # Before the commit: a read that is refused leaves nothing behind, and a repeat gets the same answer.
        outcomes = reads.answered(actor, versions.following(actor, ready.entries, now), shown)
        if self.returning is not Returning.MINIMAL:
            outcomes = answers.in_form(actor, outcomes, self.returning)
        outcomes, claimed = claims.claimed(self.vault, tenant, outcomes, ready.since)
        sealed = [o.sealed for o in outcomes if o.sealed is not None]
        answer = None
        if kept is not None:
            patients = repeats.concerned(self.vault, tenant, outcomes)
            answer = repeats.record(actor, kept.repeat, kept.form(outcomes), now, patients)
        events = [trace.event(actor, _deed(o), now) for o in outcomes if not o.recorded]
        said = merges.told(self.vault, tenant, outcomes)
        settlement = merges.settle(self.vault, self.looking, tenant, said, now)
        if settlement is not None:
            events += settlement.events(trace.event(actor, trace.Deed("update"), now))
        more = None if self.beside is None else self.beside.done(outcomes)
        batch = Batch(tenant, sealed, events, answer, now, settlement, claimed, more, concern(outcomes))
        commit(self.vault, batch, self.entropy)
        return outcomes

    def _record(
        self,
        actor: Actor,
        entries: Sequence[Entry | None],
        status: int,
        detail: str,
        kept: Write | None = None,
    ) -> None:
        """One event per entry that was not done; of one that cannot be read, that it came."""
        now = self.clock()
        events = []
        for entry in entries:
            name, type_ = ("batch", None) if entry is None else (_interaction(entry), entry.type)
            deed = trace.Deed(name, type_, status=status, outcome=trace.MINOR, detail=detail)
            events.append(trace.event(actor, deed, now))
        with self.vault.database.write() as conn:
            if kept is not None:
                kept(conn)
            audit.append(conn, actor.organization, events)


def _interaction(entry: Entry) -> str:
    return "search" if entry.is_search else INTERACTIONS[entry.method]


def _deed(outcome: Outcome) -> trace.Deed:
    return trace.Deed(
        outcome.interaction,
        outcome.entry.type,
        # Criteria that match nothing to delete name nothing.
        outcome.target.id if outcome.entry.id else None,
        outcome.target.version,
        outcome.patient,
        outcome.sealed.write.digest if outcome.sealed else None,
        outcome.status,
    )
