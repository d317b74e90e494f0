"""Does what was accepted: one after the other, each as if it came now, with the rights that it came with.

1. Claim the oldest that is free. The lease is renewed for as long as this process lives, and no longer.
2. Its client must still be in use; the rights are those of its token then, within what the client has now.
3. A transaction is done whole, and its answer commits with it; a batch entry by entry, each with its answer,
   so that whoever takes over from a process that was killed goes on where it stopped.
4. What is refused is answered as it would have been at once, and stands in the trail. What may go better
   later is tried again a few times; while the store or the keys are away, for as long as they are.
5. The body is shredded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from gateway import trace
from gateway.auth import registry
from gateway.auth.actor import CEILING, Actor, Role
from gateway.custody import audit
from gateway.custody.errors import CustodyError, LostLease
from gateway.custody.identity import errand_cells, errands
from gateway.custody.identity.errand_cells import Part
from gateway.custody.identity.errands import Claim
from gateway.custody.identity.vault import Vault
from gateway.custody.jobs import SECOND, pause
from gateway.errands.answers import BATCH, DONE
from gateway.errands.keeping import Keeping
from gateway.intake import Intake
from gateway.intake.local import localised
from gateway.intake.returning import Preferences
from gateway.refusal import Kind, Recorded, Refused, refused
from gateway.stored import Clock
from mappers import lossless

LEASE = 20 * SECOND
RENEW_SECONDS = 5.0
ATTEMPTS = 5
REVOKED = "client revoked"
_AWAY = (Kind.UNAVAILABLE,)
_PERHAPS_LATER = (*_AWAY, Kind.BUSY, Kind.BROKEN)
_OUTCOMES = {Kind.UNAVAILABLE: trace.SERIOUS, Kind.BROKEN: trace.MAJOR}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Doer:
    """``refusal_of`` says what an error means to whoever asked; ``depth`` is how deep JSON may nest."""

    vault: Vault
    intake: Intake
    clock: Clock
    refusal_of: Callable[[Exception], Refused]
    depth: int

    def do_next(self) -> bool:
        """Do one, to its end or until it has to wait; False where there is nothing to do."""
        with self.vault.database.write() as conn:  # 1
            claimed = errands.claim(conn, self.clock(), LEASE)
        if claimed is None:
            return False
        with self._renewed(claimed):
            over = self._seen_through(claimed)
        if over:
            errand_cells.shred(self.vault, claimed.errand.asker.tenant, claimed.errand.id)  # 5
        return True

    # --- steps -------------------------------------------------------------------------------------------

    def _seen_through(self, claimed: Claim) -> bool:
        """Whether it is over, so that its body is needed no more."""
        try:
            actor = self._actor(claimed)  # 2
            if actor is None:
                self._end_revoked(claimed)
                return True
            return self._tried(claimed, actor)
        except LostLease:
            # Withdrawn, erased, or another's by now: whoever ended it shreds it.
            log.info("errand lost", errand=claimed.errand.id.hex())
            return False

    def _tried(self, claimed: Claim, actor: Actor) -> bool:
        try:
            if claimed.attempts > ATTEMPTS:
                # Whoever was at it died each time.
                raise refused(Kind.BROKEN, "exception", "The server failed at this request again and again.")
            self._do(claimed, actor)
        except LostLease:
            raise
        except Exception as error:
            refusal = self.refusal_of(error)
            if self._may_go_better(claimed, refusal):
                log.warning("errand put off", errand=claimed.errand.id.hex(), exc_info=error)
                self._put_off(claimed, refusal)
                return False
            self._end_refused(claimed, actor, refusal)
        return True

    def _do(self, claimed: Claim, actor: Actor) -> None:
        with self.vault.database.read() as conn:
            body = errand_cells.body(conn, self.vault, claimed.errand)
        bundle = localised(lossless.loads(body, self.depth), self.intake.base)
        assert isinstance(bundle, dict)
        intake = self.intake.preferring(Preferences.kept(claimed.errand.prefer))
        if claimed.errand.way == BATCH:
            self._do_batch(intake, claimed, actor, bundle)
            return
        intake = replace(intake, beside=Keeping(self.vault, claimed, self.clock))
        intake.transaction(actor, bundle)

    def _do_batch(self, intake: Intake, claimed: Claim, actor: Actor, bundle: Mapping[str, Any]) -> None:
        with self.vault.database.read() as conn:
            done = errand_cells.done(conn, claimed.errand.id)
        for place, raw in enumerate(bundle.get("entry", ())):
            if place not in done:
                keeping = Keeping(self.vault, claimed, self.clock, place)
                replace(intake, beside=keeping).served(actor, place, raw)
        with self.vault.database.write() as conn:
            errands.finish(conn, claimed, DONE, self.clock())

    def _actor(self, claimed: Claim) -> Actor | None:
        """Who asked, with what is left of their rights; None where the client has ended."""
        asker = claimed.errand.asker
        with self.vault.database.read() as conn:
            client = registry.find_client(conn, asker.client_id)
        if client is None or client.revoked is not None or client.organization != asker.tenant:
            return None
        scopes = registry.parse_stored(asker.scope).within(client.scopes.within(CEILING[client.role]))
        return Actor(
            client_id=asker.client_id,
            role=Role(client.role),
            organization=asker.tenant,
            scopes=scopes,
            address=asker.address,
            request_id=asker.request_id,
            user=asker.user,
            purpose=asker.purpose,
        )

    def _may_go_better(self, claimed: Claim, refusal: Refused) -> bool:
        if refusal.kind in _AWAY:
            return True
        later = refusal.kind in _PERHAPS_LATER or refusal.retry_after is not None
        return later and claimed.attempts < ATTEMPTS

    def _put_off(self, claimed: Claim, refusal: Refused) -> None:
        # That the store was away is no fault of the request.
        counted = claimed.attempts - (refusal.kind in _AWAY)
        with self.vault.database.write() as conn:
            errands.give_back(conn, claimed, self.clock() + pause(claimed.attempts), counted)

    def _end_refused(self, claimed: Claim, actor: Actor, refusal: Refused) -> None:
        """Answer with the refusal: a transaction whole, of a batch what was not answered yet."""
        response = self.intake.explain(refusal)
        status, now = int(response["status"][:3]), self.clock()
        batch = claimed.errand.way == BATCH
        deed = trace.Deed(
            claimed.errand.way,
            status=status,
            outcome=_OUTCOMES.get(refusal.kind, trace.MINOR),
            detail=refusal.issues[0].code,
        )
        with self.vault.database.write() as conn:
            done = errand_cells.done(conn, claimed.errand.id)
            answer = lossless.dumps({"response": response})
            for place in range(claimed.errand.entries if batch else 1):
                if place not in done:
                    errand_cells.put(conn, self.vault, claimed, Part(answer, (), place))
            errands.finish(conn, claimed, DONE if batch else status, now)
            if not isinstance(refusal, Recorded):
                audit.append(conn, actor.organization, [trace.event(actor, deed, now)])

    def _end_revoked(self, claimed: Claim) -> None:
        asker, now = claimed.errand.asker, self.clock()
        event = audit.Event(
            time=now,
            kind=f"rest:{claimed.errand.way}",
            action="E",
            outcome=trace.MINOR,
            status=403,
            client_id=asker.client_id,
            organization=asker.tenant,
            user=asker.user,
            purpose=asker.purpose,
            address=asker.address,
            request_id=asker.request_id,
            detail=REVOKED,
        )
        with self.vault.database.write() as conn:
            errands.drop(conn, claimed, now)
            audit.append(conn, asker.tenant, [event])

    @contextmanager
    def _renewed(self, claimed: Claim) -> Iterator[None]:
        """Keep the lease for as long as the block runs."""
        over = threading.Event()
        thread = threading.Thread(target=self._renew, args=(claimed, over), name="errand", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _renew(self, claimed: Claim, over: threading.Event) -> None:
        while not over.wait(RENEW_SECONDS):
            try:
                with self.vault.database.write() as conn:
                    errands.renew(conn, claimed, self.clock(), LEASE)
            except LostLease:
                return
            except CustodyError:
                # The store is away; there is time for another try before the lease runs out.
                continue
