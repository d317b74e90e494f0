"""What else is written in the transaction of a deed: for whoever keeps the answer and gives it later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from gateway.intake.versions import Outcome

Write = Callable[[Connection], None]


class Beside(Protocol):
    """Makes such a write before the transaction begins, so that only the writing is done in it."""

    def done(self, outcomes: Sequence[Outcome]) -> Write:
        """For entries that stand or fall together, when they stand."""

    def refused(self, response: dict[str, Any]) -> Write:
        """For an entry of a batch that was refused: the response that says so."""
