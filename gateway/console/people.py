"""Who may use the console, as rows. ``staff`` changes them, each change with its event."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from gateway.custody.console_tables import console_person
from gateway.custody.ids import Tenant

_c = console_person.c
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
CLIENT = "careloom-console"
"""The console, as the client of the events that people leave through it."""


class Role(StrEnum):
    """What somebody may do: officers work, auditors read, administrators let systems and people in."""

    OFFICER = "officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


EVERYBODY = frozenset(Role)
OFFICERS = frozenset({Role.OFFICER, Role.ADMINISTRATOR})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may log in."""

    id: str
    login: str
    name: str
    organization: Tenant
    role: Role
    created: int
    revoked: int | None
    subject: str | None
    seen: int | None

    @property
    def user(self) -> str:
        """The name under which the trail knows them, told from users of the EHRs."""
        return f"console|{self.login}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody proves themself with. ``step``: that of the last one-time code."""

    password: str
    seed: bytes
    step: int


def find(conn: Connection, **by: str) -> Person | None:
    """The person of a ``login``, an ``id`` or a ``subject``; revoked ones too."""
    conditions = [_c[name] == value for name, value in by.items()]
    row = conn.execute(select(console_person).where(*conditions)).one_or_none()
    return None if row is None else of_row(row)


def of(conn: Connection, organization: Tenant | None = None) -> list[Person]:
    """Everybody, or everybody of an organization, by their log-in."""
    mine: list[ColumnElement[bool]] = [] if organization is None else [_c.organization == organization]
    return [of_row(row) for row in conn.execute(select(console_person).where(*mine).order_by(_c.login))]


def secrets_of(conn: Connection, id_: str) -> Secrets | None:
    """What somebody proves themself with; None for who never logged in here, or does so elsewhere."""
    row = conn.execute(select(_c.password, _c.seed, _c.step).where(_c.id == id_)).one_or_none()
    if row is None or row.password is None or row.seed is None:
        return None
    return Secrets(row.password, bytes(row.seed), row.step)


def add(conn: Connection, person: Person) -> None:
    """Write somebody down, who cannot log in yet."""
    conn.execute(
        insert(console_person).values(
            id=person.id,
            login=person.login,
            name=person.name,
            organization=person.organization,
            role=person.role.value,
            created=person.created,
            subject=person.subject,
            step=0,
        )
    )


def change(conn: Connection, id_: str, **values: Any) -> None:
    """Set columns of somebody."""
    conn.execute(update(console_person).where(_c.id == id_).values(**values))


def spend_step(conn: Connection, id_: str, step: int) -> bool:
    """Take a one-time code's time step; False where it, or a later one, was taken already."""
    taken = update(console_person).where(_c.id == id_, _c.step < step).values(step=step)
    return conn.execute(taken).rowcount == 1


def of_row(row: Row[Any]) -> Person:
    """A row of ``console_person``, or one that is joined to it."""
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        organization=Tenant(row.organization),
        role=Role(row.role),
        created=row.created,
        revoked=row.revoked,
        subject=row.subject,
        seen=row.seen,
    )
