"""Where a request is accepted, asked after and withdrawn by the client that sent it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection

from gateway import trace
from gateway.auth.actor import Actor, Role
from gateway.custody import audit, purging, records
from gateway.custody.errors import Conflict, KeyGone
from gateway.custody.identity import errand_cells, errands
from gateway.custody.identity.errands import Asker, Errand, Order, State
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import STORED_ID_BYTES, StoredId, Tenant, parse_pseudonym
from gateway.custody.jobs import SECOND
from gateway.errands import answers
from gateway.identities import Identities
from gateway.intake import checks, patches
from gateway.intake.entries import read_entries
from gateway.refusal import Issue, Kind, Refused, refused
from gateway.stored import Clock, Entropy, Resource
from mappers.r4 import references

ACCEPTED = "accepted"
WITHDRAWN = "withdrawn"
GIVEN = "given out"
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Sent:
    """A bundle as it came: parsed, and in its own bytes; ``key`` is its ``Idempotency-Key``, ``prefer`` how
    its answer is wanted."""

    way: str
    bundle: Resource
    body: bytes
    key: str | None = None
    prefer: str | None = None


@dataclass(frozen=True, slots=True)
class ErrandDesk:
    """``most`` requests of one client may wait; what is done is kept for ``seconds``."""

    vault: Vault
    clock: Clock
    entropy: Entropy
    most: int
    seconds: int

    def accept(self, actor: Actor, sent: Sent) -> Errand:
        """Take it to be done later; the same request under the same key is the one that was taken before.

        Raises ``Refused`` for what its form alone refuses, and where too many wait.
        """
        _check(actor, sent)
        for _ in range(_TRIES):
            known = None if sent.key is None else self._under(actor, sent.key)
            if known is not None:
                return _same(known, sent)
            try:
                return self._stored(actor, sent)
            except Conflict:
                continue
        raise Conflict

    def found(self, actor: Actor, name: str) -> Errand | None:
        """The request that this client was given this name for; None for any other."""
        id_ = parse_pseudonym(name)
        if id_ is None:
            return None
        with self.vault.database.read() as conn:
            found = errands.get(conn, actor.client_id, id_)
        return found if found is not None and found.asker.tenant == actor.organization else None

    def entries_done(self, found: Errand) -> int:
        """How many entries are done by now; of a transaction none, until all are."""
        with self.vault.database.read() as conn:
            return len(errand_cells.done(conn, found.id)) if found.way == answers.BATCH else 0

    def expires(self, found: Errand) -> int:
        """Until when (microseconds) what is done is kept."""
        return (found.finished or self.clock()) + self.seconds * SECOND

    def give(self, actor: Actor, found: Errand) -> bytes:
        """The answer to what is done; raises ``Refused`` when it concerned somebody who was erased."""
        try:
            with self.vault.database.read() as conn:
                parts = errand_cells.answers(conn, self.vault, found)
        except KeyGone:
            raise erased() from None
        if len(parts) != (found.entries if found.way == answers.BATCH else 1):
            # They went since it was looked for.
            raise erased()
        whom = sorted({patient for part in parts for patient in part.patients})
        now = self.clock()
        deeds = [
            trace.Deed(found.way, "Bundle", patient=patient, status=found.status or 0, detail=GIVEN)
            for patient in whom or (None,)
        ]
        with self.vault.database.write() as conn:
            audit.append(conn, actor.organization, [trace.event(actor, deed, now) for deed in deeds])
        return answers.framed(found, parts)

    def withdraw(self, actor: Actor, found: Errand) -> None:
        """Take it away, if it has not begun or is done; raises ``Refused`` while it is being done."""
        now = self.clock()
        deed = trace.Deed(found.way, "Bundle", status=202, detail=WITHDRAWN)
        with self.vault.database.write() as conn:
            if not errands.withdraw(conn, found.id, now):
                text = "The request is being done and cannot be withdrawn any more; ask for its answer."
                raise refused(Kind.CONFLICT, "conflict", text)
            audit.append(conn, actor.organization, [trace.event(actor, deed, now)])
        errand_cells.shred(self.vault, found.asker.tenant, found.id)

    def refuse_known(self, actor: Actor, key: str) -> None:
        """Raise ``Refused`` where a request under this key was taken to be done later, so that it is not done
        at once as well; one that was refused then may come again."""
        known = self._under(actor, key)
        if known is None or (known.state is State.DONE and known.status != answers.DONE):
            return
        if known.state is State.ERASED:
            raise erased()
        text = "A request under this Idempotency-Key was accepted to be done later; ask at its status url."
        raise Refused(Kind.CONFLICT, [Issue("duplicate", text)], retry_after=1)

    # --- steps -------------------------------------------------------------------------------------------

    def _under(self, actor: Actor, key: str) -> Errand | None:
        with self.vault.database.read() as conn:
            return errands.by_key(conn, actor.client_id, key)

    def _stored(self, actor: Actor, sent: Sent) -> Errand:
        now, tenant = self.clock(), actor.organization
        id_ = StoredId(self.entropy(STORED_ID_BYTES))
        named = Identities(self.vault, tenant).named(sent.bundle, _pointed_at(sent.bundle))
        deed = trace.Deed(sent.way, "Bundle", status=202, detail=ACCEPTED)
        with self.vault.database.write() as conn:
            # Until the commit nobody is erased, so that nobody who is gets a key again.
            purging.hold_writers(conn, tenant)
            if errands.open_of(conn, actor.client_id) >= self.most:
                text = "As many requests as may wait are waiting; ask for their answers first."
                raise Refused(Kind.TOO_MANY, [Issue("throttled", text)], retry_after=5)
            whom = _living(conn, tenant, named)
            entries = len(sent.bundle.get("entry", ()))
            order = Order(id_, _asker(actor), sent.way, entries, sent.body, whom, sent.key, now, sent.prefer)
            errands.add(conn, order, errand_cells.seal_body(self.vault, order))
            audit.append(conn, tenant, [trace.event(actor, deed, now)])
            found = errands.get(conn, actor.client_id, id_)
        assert found is not None
        return found


def erased() -> Refused:
    """What is said of a request that concerned a patient who was erased."""
    text = "The request and its answer were erased with a patient whom they concerned."
    return refused(Kind.GONE, "deleted", text)


def _check(actor: Actor, sent: Sent) -> None:
    """What can be refused before anything is looked up, as if it were done now."""
    if actor.role is not Role.EHR:
        raise refused(Kind.FORBIDDEN, "forbidden", "Only an EHR may write.")
    if sent.way == answers.BATCH:
        checks.batch(sent.bundle)
        return
    checks.envelope(sent.bundle)
    entries = read_entries(sent.bundle)
    checks.allowed(actor, entries)
    opened = patches.opened(entries)
    checks.searches(opened)
    checks.resources(opened)


def _same(known: Errand, sent: Sent) -> Errand:
    if known.body_digest != sha256(sent.body).digest():
        text = "This Idempotency-Key was used with another body; take a new one."
        raise refused(Kind.UNPROCESSABLE, "duplicate", text)
    return known


def _pointed_at(bundle: Resource) -> list[str]:
    """What the bundle points at: the references in its resources, and the urls of its requests."""
    requests = [entry.get("request") for entry in bundle.get("entry", ()) if isinstance(entry, dict)]
    urls = [request.get("url") for request in requests if isinstance(request, dict)]
    return [*references.pointers(bundle), *(url for url in urls if isinstance(url, str))]


def _living(conn: Connection, tenant: Tenant, named: Sequence[StoredId]) -> tuple[StoredId, ...]:
    gone = records.erased(conn, tenant, [("Patient", patient) for patient in named])
    return tuple(patient for patient in named if ("Patient", patient) not in gone)


def _asker(actor: Actor) -> Asker:
    return Asker(
        actor.client_id,
        actor.organization,
        str(actor.scopes),
        actor.user,
        actor.purpose,
        actor.address,
        actor.request_id,
    )
