"""The use case itself: the steps of taking in, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.custody import audit
from gateway.custody.errors import Conflict, Erased, KeyGone
from gateway.custody.identity.vault import Vault
from gateway.intake import answers, checks, claims, merges, patches, reads, repeats
from gateway.intake.commit import Batch, commit
from gateway.intake.entries import Entry, read_entries, read_entry
from gateway.intake.looking import Looking
from gateway.intake.readying import Ready, Readying
from gateway.intake.versions import Outcome, Versions
from gateway.privacy.policy import Policy
from gateway.refusal import Issue, Kind, Refused, refused
from gateway.stored import Answer, Clock, Entropy, Repeat, Resource, Stored

INTERACTIONS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "read"}
RECORDED = {Kind.NOT_FOUND: 404, Kind.GONE: 410}
"""Refusals that whoever found them has recorded already."""
TRIES = 6
"""How often a write starts again when others move the same heads."""


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

    def create(self, actor: Actor, type_: str, body: Resource, if_none_exist: str | None = None) -> Stored:
        """Store a new resource under an id that the server gives, or find the one that is there already."""
        entry = Entry("", "POST", type_, resource=body, if_none_exist=if_none_exist)
        return self._single(actor, entry)

    def update(
        self, actor: Actor, type_: str, id_: str, body: Resource, if_match: int | None = None
    ) -> Stored:
        """Store the next version of a resource, or its first under the tenant's own id."""
        if body.get("resourceType") != type_:
            raise refused(
                Kind.INVALID, "value", "The resource's type is not the one in the url.", "resourceType"
            )
        if body.get("id") != id_:
            raise refused(
                Kind.INVALID, "value", "The resource's id is not the one in the url.", f"{type_}.id"
            )
        return self._single(actor, Entry("", "PUT", type_, id_, resource=body, if_match=if_match))

    def delete(self, actor: Actor, type_: str, id_: str, if_match: int | None = None) -> Stored:
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
        if repeat is not None and (earlier := repeats.earlier(self.vault, actor, repeat)) is not None:
            return earlier
        return run(actor, bundle, repeat)

    def _transaction(self, actor: Actor, bundle: Resource, repeat: Repeat | None) -> Answer:
        checks.envelope(bundle)
        return answers.transaction(self._apply(actor, read_entries(bundle), repeat))

    def _batch(self, actor: Actor, bundle: Resource, repeat: Repeat | None) -> Answer:
        checks.batch(bundle)
        entries = enumerate(bundle.get("entry", ()))
        results = [self._served(actor, index, raw) for index, raw in entries]
        answer = answers.batch(results)
        if repeat is not None:
            served = [result for result in results if isinstance(result, Outcome)]
            patients = repeats.concerned(self.vault, actor.organization, served)
            repeats.remember(self.vault, repeats.record(actor, repeat, answer, self.clock(), patients))
        return answer

    def _served(self, actor: Actor, index: int, raw: Mapping[str, Any]) -> Outcome | dict[str, Any]:
        """What became of one entry of a batch; a refusal is told its sender, and the trail."""
        entry = None
        try:
            checks.batch_entry(index, raw)
            entry = read_entry(index, raw)
            return self._apply(actor, [entry], None)[0]
        except Refused as refusal:
            response = self.explain(refusal)
            if refusal.kind not in RECORDED:
                self._record(actor, [entry], int(response["status"][:3]), refusal.issues[0].code)
            return response

    def _single(self, actor: Actor, entry: Entry) -> Stored:
        return self._apply(actor, [entry], None)[0].stored

    def _apply(self, actor: Actor, entries: Sequence[Entry], repeat: Repeat | None) -> list[Outcome]:
        """Steps 1 to 4 for entries that stand or fall together; outcomes in the entries' order."""
        checks.allowed(actor, entries)
        if actor.role is not Role.EHR:
            raise refused(Kind.FORBIDDEN, "forbidden", "Only an EHR may write.")
        entries = patches.opened(entries)
        checks.searches(entries)
        checks.resources(entries)
        try:
            return self._written(actor, entries, repeat)
        except (Erased, KeyGone):
            self._record(actor, entries, 410, "deleted")
            raise refused(
                Kind.GONE, "deleted", "A resource that was erased cannot be written again."
            ) from None

    def _written(self, actor: Actor, entries: Sequence[Entry], repeat: Repeat | None) -> list[Outcome]:
        """Steps 3 and 4, again where another writer was faster."""
        readying = Readying(self.vault, self.looking, self.entropy)
        ready = self._ready(actor, readying, entries)
        for attempt in range(TRIES):
            try:
                if attempt and ready.fluid:
                    ready = self._ready(actor, readying, entries)
                return self._write(actor, ready, repeat)
            except Conflict:
                if repeat is not None and repeats.earlier(self.vault, actor, repeat) is not None:
                    raise refused(
                        Kind.CONFLICT, "duplicate", "The same request was being processed."
                    ) from None
        busy = Issue("conflict", "Others write the same resources; try again.")
        raise Refused(Kind.CONFLICT, [busy], retry_after=1)

    def _ready(self, actor: Actor, readying: Readying, entries: Sequence[Entry]) -> Ready:
        try:
            return readying.ready(actor, entries)
        except Refused as refusal:
            if refusal.kind in RECORDED:
                self._record(actor, entries, RECORDED[refusal.kind], refusal.issues[0].code)
            raise

    def _write(self, actor: Actor, ready: Ready, repeat: Repeat | None) -> list[Outcome]:
        now = self.clock()
        tenant = actor.organization
        versions = Versions(self.vault, self.policy, self.looking, self.entropy)
        # Before the commit: a read that is refused leaves nothing behind, and a repeat gets the same answer.
        outcomes = reads.answered(actor, versions.following(actor, ready.entries, now), self.looking)
        outcomes, claimed = claims.claimed(self.vault, tenant, outcomes, ready.since)
        sealed = [o.sealed for o in outcomes if o.sealed is not None]
        answer = None
        if repeat is not None:
            patients = repeats.concerned(self.vault, tenant, outcomes)
            answer = repeats.record(actor, repeat, answers.transaction(outcomes), now, patients)
        events = [trace.event(actor, _deed(o), now) for o in outcomes if not o.recorded]
        said = merges.told(self.vault, tenant, outcomes)
        settlement = merges.settle(self.vault, self.looking, tenant, said, now)
        if settlement is not None:
            events += settlement.events(trace.event(actor, trace.Deed("update"), now))
        commit(self.vault, Batch(tenant, sealed, events, answer, now, settlement, claimed), self.entropy)
        return outcomes

    def _record(self, actor: Actor, entries: Sequence[Entry | None], status: int, detail: str) -> None:
        """One event per entry that was not done; of one that cannot be read, that it came."""
        now = self.clock()
        events = []
        for entry in entries:
            name, type_ = ("batch", None) if entry is None else (_interaction(entry), entry.type)
            deed = trace.Deed(name, type_, status=status, outcome=trace.MINOR, detail=detail)
            events.append(trace.event(actor, deed, now))
        with self.vault.database.write() as conn:
            audit.append(conn, actor.organization, events)


def _interaction(entry: Entry) -> str:
    return "search" if entry.is_search else INTERACTIONS[entry.method]


def _deed(outcome: Outcome) -> trace.Deed:
    return trace.Deed(
        outcome.interaction,
        outcome.entry.type,
        outcome.target.id,
        outcome.target.version,
        outcome.patient,
        outcome.sealed.write.digest if outcome.sealed else None,
        outcome.status,
    )
