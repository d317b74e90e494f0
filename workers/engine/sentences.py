"""Sentences with named facts in them: ``HbA1c was {hba1c.value} % on {hba1c.date}``.

The names are checked when the sentence is loaded, like those of a condition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workers.engine.expression import Lookup
from workers.engine.known import Known

PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text and the names that it shows."""

    text: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Sentence:
        """Find the names in a text."""
        return cls(text, tuple(dict.fromkeys(PLACE.findall(text))))

    def known(self, lookup: Lookup) -> tuple[Known, ...]:
        """What its names stand for."""
        return tuple(lookup(name) for name in self.names)

    def say(self, lookup: Lookup) -> str:
        """The sentence about one patient. It names days and no span up to today, so it holds tomorrow."""
        return PLACE.sub(lambda place: str(lookup(place.group(1))), self.text)
