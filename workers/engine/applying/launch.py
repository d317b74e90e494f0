"""For whom, by whom and when a definition is applied; and where the definitions that it names are found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

NOT_STORED = "/_history/0"
"""The version of what came with the question: it is looked at, and no version of it is kept."""
Definition = Mapping[str, Any]
Find = Callable[[str], Definition | None]
"""The definition behind a canonical, with or without a version; None where there is none."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Who and when, as the references and concepts that come out again."""

    subject: str
    today: date
    find: Find
    encounter: str | None = None
    practitioner: str | None = None
    organization: str | None = None
    language: str | None = None

    @property
    def requester(self) -> str | None:
        """Who asks: the practitioner, else the organization."""
        return self.practitioner or self.organization


def reference(text: str) -> dict[str, str]:
    """A Reference."""
    return {"reference": text}


def canonical(definition: Definition) -> str | None:
    """The url of a definition with its version."""
    url, version = definition.get("url"), definition.get("version")
    return f"{url}|{version}" if url and version else url
