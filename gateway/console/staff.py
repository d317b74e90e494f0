"""Use case: who may use the console. Each change is one transaction with its event."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from msgspec.structs import replace
from sqlalchemy import Connection

from gateway.auth import registry
from gateway.auth.registry import RegistryRefused
from gateway.console import links, people, sessions, traces
from gateway.console.people import LOGIN, Person, Role
from gateway.console.traces import Where
from gateway.custody import audit
from gateway.custody.database import Database
from gateway.custody.ids import Tenant
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.sandboxes import Side
from gateway.stored import Clock, Entropy

_ID_BYTES = 12
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody with the token of a link that is shown once. ``expires`` in microseconds."""

    person: Person
    token: bytes
    expires: int


@dataclass(frozen=True, slots=True)
class Staff:
    """Adds, invites and revokes; ``by`` names the tool, or who used it, in the trail."""

    database: Database
    clock: Clock
    entropy: Entropy
    by: By = COMMAND_LINE

    def add(self, name: str, organization: str, role: Role, login: str | None = None) -> Invited:
        """Write somebody down and make them a link. Raises ``RegistryRefused``."""
        now, chosen = self.clock(), login or _login_of(name)
        _check(name, chosen)
        with self.database.write() as conn:
            if people.find(conn, login=chosen) is not None:
                raise RegistryRefused(f"the log-in name {chosen} is taken; choose another with --login")
            owner = registry.of_side(conn, organization, now, Side.REAL)
            id_ = self.entropy(_ID_BYTES).hex()
            person = Person(id_, chosen, name.strip(), owner, role, now, None, None, None)
            people.add(conn, person)
            return self._invite(conn, person, f"added as {role.value}")

    def invite(self, login: str) -> Invited:
        """A new link for somebody who is known: password and second factor are set anew by it. What they had
        opens nothing any more, and their sessions end."""
        with self.database.write() as conn:
            person = _known(conn, login)
            if person.subject is not None:
                raise RegistryRefused("this person logs in at the identity provider and needs no link")
            people.change(conn, person.id, password=None, seed=None, step=0)
            sessions.end_all(conn, person.id)
            return self._invite(conn, person, "invited anew")

    def revoke(self, login: str) -> Person:
        """Nobody comes in under this log-in name any more; sessions end at once."""
        now = self.clock()
        with self.database.write() as conn:
            person = _known(conn, login)
            people.change(conn, person.id, revoked=now, password=None, seed=None)
            sessions.end_all(conn, person.id)
            links.withdraw(conn, person.id)
            self._tell(conn, person, "revoked", now)
        return person

    def everybody(self) -> tuple[list[Person], dict[Tenant, str]]:
        """Who there is, and the names of their organizations."""
        with self.database.read() as conn:
            return people.of(conn), registry.organization_names(conn)

    def _invite(self, conn: Connection, person: Person, deed: str) -> Invited:
        token, now = self.entropy(links.TOKEN_BYTES), self.clock()
        expires = links.write(conn, person.id, token, now)
        self._tell(conn, person, deed, now)
        return Invited(person, token, expires)

    def _tell(self, conn: Connection, person: Person, deed: str, now: int) -> None:
        detail = f"{self.by}; {person.user} {deed}"
        told = traces.event(traces.PERSON, None, Where("", "", now), detail=detail)
        # The deed is that of whoever gave the command, and not of whom it is about.
        local = replace(told, client_id=None, address=None, request_id=None, user=self.by.user)
        audit.append(conn, person.organization, [replace(local, organization=person.organization)])


def _known(conn: Connection, login: str) -> Person:
    person = people.find(conn, login=login)
    if person is None:
        raise RegistryRefused("nobody has this log-in name; see `careloom officer list`")
    if person.revoked is not None:
        raise RegistryRefused("this person was revoked; add them under another log-in name")
    return person


def _check(name: str, login: str) -> None:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise RegistryRefused(f"--name must be a name of at most {_LONGEST_NAME} characters")
    if not LOGIN.fullmatch(login):
        raise RegistryRefused(
            "--login must have 2 to 32 small letters, digits, dots, dashes or underscores, no sign first"
        )


def _login_of(name: str) -> str:
    """A log-in name from a person's name: ``Maria Keller`` is ``maria.keller``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", ".", plain).strip(".")[:32].strip(".")
