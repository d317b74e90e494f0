"""A batch under an ``Idempotency-Key``: done once as a whole, although each entry commits by itself.

1. Begin: the key is taken, with what the request is.
2. Each entry commits with what it is answered, under the key and its place; so does an entry's refusal, with
   its event. Whoever sends the same again after a process died goes on after the last of these.
3. End: the whole answer takes the place of its parts. It is made of them, so it is the same bytes whoever
   made it.

Two who do the same batch at once meet at some entry: one of them is told 409 with ``Retry-After``, and finds
the answer then. Where a patient whom a part concerns was erased, the request is 410, and nobody is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gateway.auth.actor import Actor
from gateway.custody.errors import Conflict, KeyGone
from gateway.custody.identity import idempotency
from gateway.custody.identity.idempotency import Record
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId
from gateway.intake import answers, repeats
from gateway.intake.beside import Beside, Write
from gateway.intake.versions import Outcome
from gateway.stored import Answer, Clock, Repeat
from mappers import lossless

_DONE = 200


@dataclass(frozen=True, slots=True)
class Part:
    """Keeps what one entry is answered, in the transaction of what it does."""

    batch: Batch
    place: int

    def done(self, outcomes: Sequence[Outcome]) -> Write:
        """For an entry that stands."""
        whom = repeats.concerned(self.batch.vault, self.batch.actor.organization, outcomes)
        return self._write(lossless.dumps(answers.entry(outcomes[0])), whom)

    def refused(self, response: dict[str, Any]) -> Write:
        """For an entry that was refused."""
        return self._write(lossless.dumps({"response": response}), ())

    def _write(self, answer: bytes, whom: Sequence[StoredId]) -> Write:
        batch = self.batch
        found = batch.record(batch.key(self.place), answer, whom)

        def write(conn: Connection) -> None:
            idempotency.hold(conn, batch.actor.client_id, batch.repeat.key)
            idempotency.store(conn, batch.vault, found)

        return write


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of one client under its key."""

    vault: Vault
    actor: Actor
    repeat: Repeat
    clock: Clock

    def answered(
        self, entries: Sequence[Mapping[str, Any]], serve: Callable[[int, Mapping[str, Any], Beside], object]
    ) -> Answer:
        """Do what is not done yet, each entry by ``serve``, and answer with all of it. Raises ``Refused``."""
        keys = [self.key(place) for place in range(len(entries))]
        done = {} if self._begun() else self._parts(keys)  # 1
        for place, raw in enumerate(entries):  # 2
            if keys[place] not in done:
                serve(place, raw, Part(self, place))
        return self._ended(keys)  # 3

    def key(self, place: int) -> str:
        """The key of a part; no client's key has such a letter in it."""
        return f"{self.repeat.key}\0{place}"

    def record(self, key: str, answer: bytes, whom: Sequence[StoredId]) -> Record:
        """What is kept of this request under a key."""
        digest = self.repeat.body_digest
        return Record(self.actor.client_id, key, digest, _DONE, answer, self.clock(), tuple(whom))

    # --- steps -------------------------------------------------------------------------------------------

    def _begun(self) -> bool:
        """Whether it is begun now, and was not before."""
        with self.vault.database.write() as conn:
            return idempotency.begin(conn, self.record(self.repeat.key, b"", ()))

    def _parts(self, keys: Sequence[str]) -> dict[str, Record]:
        try:
            with self.vault.database.read() as conn:
                return idempotency.parts(conn, self.vault, self.actor.client_id, keys)
        except KeyGone:
            raise repeats.erased() from None

    def _ended(self, keys: Sequence[str]) -> Answer:
        found = self._parts(keys)
        if len(found) < len(keys):
            # Another one, who did the same at the same time, has put the whole in their place.
            raise Conflict
        whole = answers.joined([found[key].answer for key in keys])
        whom = sorted({patient for part in found.values() for patient in part.patients})
        # Of who is erased in this moment nothing is kept: a repeat is told so.
        with suppress(KeyGone), self.vault.database.write() as conn:
            idempotency.end(conn, self.vault, self.record(self.repeat.key, whole.body, whom), keys)
        return whole
