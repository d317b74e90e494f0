"""Keeps what an errand is answered in the transaction that does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gateway.custody.identity import errand_cells, errands
from gateway.custody.identity.errand_cells import Part
from gateway.custody.identity.errands import Claim
from gateway.custody.identity.vault import Vault
from gateway.errands.answers import DONE, TRANSACTION
from gateway.intake import answers, repeats
from gateway.intake.beside import Write
from gateway.intake.versions import Outcome
from gateway.stored import Clock
from mappers import lossless


@dataclass(frozen=True, slots=True)
class Keeping:
    """The answer of a transaction, which ends its errand, or of the entry of a batch at ``place``."""

    vault: Vault
    claimed: Claim
    clock: Clock
    place: int = 0

    def done(self, outcomes: Sequence[Outcome]) -> Write:
        """For entries that stand."""
        tenant = self.claimed.errand.asker.tenant
        whole = self.claimed.errand.way == TRANSACTION
        answer = answers.transaction(outcomes).body if whole else lossless.dumps(answers.entry(outcomes[0]))
        part = Part(answer, repeats.concerned(self.vault, tenant, outcomes), self.place)

        def write(conn: Connection) -> None:
            errand_cells.put(conn, self.vault, self.claimed, part)
            if whole:
                errands.finish(conn, self.claimed, DONE, self.clock())

        return write

    def refused(self, response: dict[str, Any]) -> Write:
        """For an entry that was refused, with the response that says why."""
        part = Part(lossless.dumps({"response": response}), (), self.place)
        return lambda conn: errand_cells.put(conn, self.vault, self.claimed, part)
