"""What a page is given and what it gives back: values, so that a page can be tested without a web server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from gateway.auth.called import Called
from gateway.console.people import Person, Role
from gateway.console.sealing import Sealing
from gateway.console.traces import Where
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId
from gateway.settings import Settings
from gateway.stored import Clock, Entropy

Pairs: TypeAlias = Sequence[tuple[str, str]]


class Told(StrEnum):
    """The kind of event that asking for a page leaves."""

    READ = "console:read"
    SEARCH = "console:search"
    EXPORT = "console:export"
    ITSELF = ""
    """Its use case writes the event, in the transaction of the deed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page may use, put together once."""

    vault: Vault
    settings: Settings
    clock: Clock
    entropy: Entropy
    sealing: Sealing
    called: Called


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who has logged in. ``before``: when they were here before, in microseconds."""

    person: Person
    session: bytes
    before: int
    where: Where
    arguments: Pairs = ()
    form: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """When it came, in microseconds."""
        return self.where.now

    def argument(self, name: str) -> str:
        """The first value of a query parameter, without the blanks around it."""
        return next((value.strip() for key, value in self.arguments if key == name), "")


@dataclass(frozen=True, slots=True)
class Shown:
    """A page. ``about``: the patients whom it concerns; ``detail``: what is told of it in the trail."""

    template: str
    values: Mapping[str, Any]
    about: Sequence[StoredId] = ()
    detail: str | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """Go there: what a form that was sent is answered with. ``said``: a key of ``SAID``."""

    to: str
    said: str = ""
    about: Sequence[StoredId] = ()
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A file to be saved. ``body``: its bytes, or these as they come."""

    body: bytes | Any
    name: str
    type: str
    about: Sequence[StoredId] = ()
    detail: str | None = None


Answer: TypeAlias = Shown | Moved | Sent
View: TypeAlias = Callable[[Desk, Visit], Answer]


@dataclass(frozen=True, slots=True)
class Page:
    """One row of the table: where, who may, what it leaves in the trail, and how the menu calls it.

    ``path`` is below ``/console``. A page without a name of its own in the menu stands under ``under``.
    """

    path: str
    name: str
    view: View
    roles: frozenset[Role]
    told: Told
    method: str = "GET"
    menu: str = ""
    under: str = ""


class Denied(Exception):  # noqa: N818 - it reads as what happened
    """A page says no, in words for a person and without anything that was asked for."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status)
        self.status = status
        self.text = text


def nothing_there(text: str = "There is nothing here, or nothing that you may see.") -> Denied:
    """What is not there, and what is somebody else's: nobody learns which."""
    return Denied(404, text)
