"""Which version of each resource comes next, and the rows that would hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gateway.auth.actor import Actor
from gateway.custody import records
from gateway.custody.errors import Conflict, Erased
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.records import Head
from gateway.identities import Identities
from gateway.intake.entries import Condition, Entry, Standing
from gateway.intake.looking import Looking, Ref
from gateway.intake.returning import Returning
from gateway.intake.rights import Rights, unmet
from gateway.intake.sealing import Keys, Sealed, Sealer, Target, Whose
from gateway.privacy.policy import Policy
from gateway.refusal import Kind, refused
from gateway.stored import Entropy, Resource, Stored
from mappers import lossless
from mappers.plan_identity import bears_plan


class Outcome(msgspec.Struct, frozen=True):
    """What became of one entry. ``sealed`` is None where nothing has to be written."""

    entry: Entry
    target: Target
    interaction: str
    status: int
    patient: StoredId | None
    stored: Stored
    sealed: Sealed | None
    recorded: bool = False
    """Whether the trail has it already."""
    told: Returning = Returning.MINIMAL
    """How much of what was written its sender is answered with."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Makes the next versions of what a request names, from the heads as they are now."""

    vault: Vault
    policy: Policy
    looking: Looking
    entropy: Entropy

    def following(self, actor: Actor, entries: Sequence[Entry], now: int) -> list[Outcome]:
        """One outcome per entry, in their order. Raises ``Refused`` where a head is not as was asked."""
        tenant = actor.organization
        identities = Identities(self.vault, tenant)
        refs = [(e.type, identities.stored(e.type, e.id or "")) for e in entries]
        whose = [_whose(identities, entry) for entry in entries]
        everybody = {p for w in whose for p in (w.compartment, *w.named)}
        # What moves in between the transaction finds out.
        with self.vault.database.glance() as at:
            # An id that was just drawn for a POST has no head yet.
            known = [ref for entry, ref in zip(entries, refs, strict=True) if entry.method != "POST"]
            heads = records.heads(at, tenant, known)
            # Asked again by the transaction; here because who was erased must not be given new keys.
            if records.erased(at, tenant, [*known, *(("Patient", p) for p in everybody)]):
                raise Erased
        rights = Rights(actor.scopes)
        wanted = [ref for entry, ref in zip(entries, refs, strict=True) if _looks_back(entry, rights)]
        before = self._before(tenant, wanted, heads)
        for ref in self._refused_unseen(rights, entries, refs, heads):
            self.looking.beside(tenant, *ref)
        sealer = Sealer(tenant, self.policy, identities, self._keys(tenant, whose), self.entropy)
        step = _Step(sealer, rights, heads, before, now)
        return [step.outcome(e, ref, w) for e, ref, w in zip(entries, refs, whose, strict=True)]

    def _before(self, tenant: Tenant, refs: Sequence[Ref], heads: Mapping[Ref, Head]) -> Mapping[Ref, Stored]:
        known = [ref for ref in refs if ref in heads and not heads[ref].deleted]
        return self.looking.originals(tenant, known) if known else {}

    @staticmethod
    def _refused_unseen(
        rights: Rights, entries: Sequence[Entry], refs: Sequence[Ref], heads: Mapping[Ref, Head]
    ) -> Iterator[Ref]:
        """Deletions of nothing by whoever may delete a part of the type only."""
        for entry, ref in zip(entries, refs, strict=True):
            nothing = ref not in heads or heads[ref].deleted
            if entry.method == "DELETE" and entry.id and nothing and rights.are_filtered(entry):
                yield ref

    def _keys(self, tenant: Tenant, whose: Sequence[Whose]) -> Keys:
        subjects = {subject for one in whose for subject in one.subjects}
        return Keys(
            clinical=self.vault.clinical.ensure(tenant, subjects),
            identity=self.vault.identity.ensure(tenant, subjects),
            clinical_index=self.vault.of(tenant).clinical_index,
            identity_index=self.vault.of(tenant).identity_index,
        )


@dataclass(frozen=True, slots=True)
class _Step:
    sealer: Sealer
    rights: Rights
    heads: Mapping[Ref, Head]
    before: Mapping[Ref, Stored]
    now: int

    def outcome(self, entry: Entry, ref: Ref, whose: Whose) -> Outcome:
        head, stands = self.heads.get(ref), self.before.get(ref)
        self.rights.check(entry, None if stands is None else stands.body)
        if not _holds(entry.if_match, head):
            raise unmet(entry)
        if entry.base is not None and (head is None or head.deleted or head.version != entry.base):
            raise Conflict
        if entry.free and head is not None and not head.deleted:
            text = "The criteria match nothing, and the resource's id is another's."
            raise refused(Kind.CONFLICT, "duplicate", text, entry.at)
        if entry.method == "GET":
            return self._nothing(entry, ref, head, "read", 200)
        if entry.method == "DELETE":
            return self._delete(entry, ref, head)
        return self._put(entry, ref, head, whose)

    def _put(self, entry: Entry, ref: Ref, head: Head | None, whose: Whose) -> Outcome:
        resource = entry.resource
        assert resource is not None
        before = self.before.get(ref)
        known = before.body if before is not None and before.body is not None else {}
        if bears_plan(resource) and not bears_plan(known):
            raise refused(
                Kind.UNPROCESSABLE,
                "business-rule",
                "Only Careloom's own plan may bear urn:careloom:plan.",
                entry.at,
            )
        if lossless.same(content(known), content(resource)):
            return self._nothing(entry, ref, head, _changed(entry), 200)
        fresh = head is None or head.deleted
        target = self._target(entry, ref, head)
        sealed = self.sealer.seal(target, resource, whose)
        interaction, status = ("create", 201) if fresh else (_changed(entry), 200)
        return self._made(entry, target, interaction, status, sealed)

    def _delete(self, entry: Entry, ref: Ref, head: Head | None) -> Outcome:
        if head is None or head.deleted:
            return self._nothing(entry, ref, head, "delete", 204)
        target = self._target(entry, ref, head)
        return self._made(entry, target, "delete", 204, self.sealer.erase(target, head.compartment))

    def _target(self, entry: Entry, ref: Ref, head: Head | None) -> Target:
        if head is None:
            return Target(entry.type, entry.id or "", ref[1], 1)
        return Target(entry.type, entry.id or "", ref[1], head.version + 1, head.compartment)

    def _made(self, entry: Entry, target: Target, interaction: str, status: int, sealed: Sealed) -> Outcome:
        stored = Stored(
            entry.type, target.text_id, target.version, self.now, entry.resource, created=status == 201
        )
        return Outcome(entry, target, interaction, status, _patient(sealed.write.compartment), stored, sealed)

    def _nothing(self, entry: Entry, ref: Ref, head: Head | None, interaction: str, status: int) -> Outcome:
        version = head.version if head else 0
        updated = before.updated if (before := self.before.get(ref)) else self.now
        stored = Stored(entry.type, entry.id or "", version, updated, entry.resource, changed=False)
        target = Target(entry.type, entry.id or "", ref[1], version)
        patient = _patient(head.compartment) if head else None
        return Outcome(entry, target, interaction, status, patient, stored, None)


def _looks_back(entry: Entry, rights: Rights) -> bool:
    """Whether what stands must be opened: to compare it, or to know whether it may be deleted."""
    return entry.resource is not None or (entry.method == "DELETE" and rights.are_filtered(entry))


def _holds(condition: Condition | None, head: Head | None) -> bool:
    """Whether what stands is what the sender of a write supposes."""
    if condition is None:
        return True
    if head is None or head.deleted:
        return condition is Standing.NOTHING
    return condition is Standing.ANY or condition == head.version


def _whose(identities: Identities, entry: Entry) -> Whose:
    if entry.resource is None:
        return Whose(TENANT_COMPARTMENT)
    named = identities.named(entry.resource, entry.names)
    return Whose.of(identities.patients(entry.resource), named)


def _changed(entry: Entry) -> str:
    return "patch" if entry.method == "PATCH" else "update"


def _patient(compartment: StoredId) -> StoredId | None:
    return None if compartment == TENANT_COMPARTMENT else compartment


def content(resource: Resource) -> Resource:
    """A resource without what the server says of its versions."""
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    rest = {k: v for k, v in resource.items() if k != "meta"}
    return {**rest, "meta": meta} if meta else rest
