"""Search over sealed records: blind rows propose, the opened resource decides.

A parameter becomes a condition on search rows where there are rows for it. Each candidate is opened and
checked again with every parameter before it counts: what does not match, or may not be seen, was never there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from gateway.custody import index, records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_SHIFT, Tenant, WriteNo, parse_pseudonym, pseudonym
from gateway.custody.records import StoredVersion
from gateway.release.asking import ID, Asked, Name, Parameters, clauses, told_by_rows, translated, understood
from gateway.release.opened import clinical_halves, readable
from gateway.stored import Position, Resource

Whole = Callable[[Sequence[StoredVersion]], Mapping[WriteNo, Resource]]
BATCH = 100
"""Candidates opened at a time."""


def _always(_row: StoredVersion) -> bool:
    return True


def _nothing(_rows: Sequence[StoredVersion]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Scope:
    """One tenant to search, how an id in a question becomes a pseudonym there, and what may be seen of it."""

    tenant: Tenant
    name: Name
    visible: Callable[[StoredVersion], bool] = field(default=_always)
    expect: Callable[[Sequence[StoredVersion]], None] = field(default=_nothing)
    """Told which rows ``visible`` will be asked about, so that what it needs is loaded at once."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which writes a page may show: up to ``ceiling``, and below ``after`` when it is not the first."""

    ceiling: WriteNo
    after: WriteNo | None
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one page, newest write first; ``total`` is known only where one page holds everything."""

    rows: tuple[StoredVersion, ...]
    total: int | None
    following: Position | None


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds resources of one type. ``whole`` opens what an identifying parameter is checked against."""

    vault: Vault
    type: str
    parameters: Parameters
    whole: Whole | None = None

    def page(self, scopes: Sequence[Scope], position: Position | None, count: int) -> Found:
        """A page of what matches; ``scopes`` stand in falling order of their tenants' numbers."""
        window = self._window(scopes, position, count)
        rows: list[StoredVersion] = []
        for row in self._matching(scopes, window):
            if len(rows) == count:
                following = Position(window.ceiling, rows[-1].write_no if rows else window.ceiling)
                return Found(tuple(rows), self._count(scopes, window), following)
            rows.append(row)
        return Found(tuple(rows), len(rows) if position is None else None, None)

    def _window(self, scopes: Sequence[Scope], position: Position | None, count: int) -> Window:
        if position is not None:
            return Window(WriteNo(position.ceiling), WriteNo(position.after), count)
        with self.vault.database.read() as conn:
            newest = [records.latest(conn, scope.tenant) for scope in scopes]
        return Window(max(newest, default=WriteNo(0)), None, count)

    def _matching(self, scopes: Sequence[Scope], window: Window) -> Iterator[StoredVersion]:
        asked = understood(self.type, self.parameters, self.whole is not None)
        for scope in scopes:
            mine = translated(asked, scope.name)
            if mine is not None:
                yield from self._in_tenant(scope, mine, window)

    def _count(self, scopes: Sequence[Scope], window: Window) -> int | None:
        """How many there are on all pages, where search rows alone can tell; else that is not said."""
        asked = understood(self.type, self.parameters, self.whole is not None)
        if window.after is not None or not all(map(told_by_rows, asked)):
            return None
        if any(scope.visible is not _always for scope in scopes):
            return None
        total = 0
        for scope in scopes:
            mine = translated(asked, scope.name)
            if mine is not None:
                conditions = clauses(mine, self.vault.of(scope.tenant))
                with self.vault.database.read() as conn:
                    total += index.count(conn, scope.tenant, self.type, conditions, window.ceiling)
        return total

    def _in_tenant(self, scope: Scope, asked: Sequence[Asked], window: Window) -> Iterator[StoredVersion]:
        conditions = clauses(asked, self.vault.of(scope.tenant))
        top = WriteNo(((scope.tenant + 1) << TENANT_SHIFT) - 1)
        ceiling, after = min(window.ceiling, top), window.after
        if after is not None and after > top:
            after = None
        while True:
            page = index.Page(max(BATCH, window.count + 1), ceiling, after)
            proposed = self._proposed(scope.tenant, asked, conditions, page)
            yield from self._decided(scope, asked, proposed)
            if len(proposed) < page.limit:
                return
            after = proposed[-1].write_no

    def _proposed(
        self, tenant: Tenant, asked: Sequence[Asked], conditions: Sequence[index.Clause], page: index.Page
    ) -> list[StoredVersion]:
        named = [one for one in asked if one.name == ID]
        with self.vault.database.read() as conn:
            if named:
                return self._by_id(conn, tenant, named[0], page)
            numbers = [c.write_no for c in index.candidates(conn, tenant, self.type, conditions, page)]
            stored = records.by_number(conn, numbers)
        return [stored[number] for number in numbers]

    def _by_id(self, conn: Connection, tenant: Tenant, asked: Asked, page: index.Page) -> list[StoredVersion]:
        """Who is asked for by id needs no search rows."""
        ids = (parse_pseudonym(text) for text in asked.value.split(","))
        found = records.load_all(conn, tenant, [(self.type, id_) for id_ in ids if id_ is not None])
        end = page.after if page.after is not None else page.ceiling + 1
        living = [row for row in found.values() if not row.deleted and row.write_no < end]
        return sorted(living, key=lambda row: -row.write_no)[: page.limit]

    def _decided(
        self, scope: Scope, asked: Sequence[Asked], rows: Sequence[StoredVersion]
    ) -> Iterator[StoredVersion]:
        known = readable(self.vault, scope.tenant, rows)
        halves = clinical_halves(self.vault, scope.tenant, known)
        wholes = self._wholes(asked, known)
        held: list[StoredVersion] = []
        for row, half in zip(known, halves, strict=True):
            shown = half or _nothing_but(row)
            whole = wholes.get(row.write_no, shown)
            if all(one.holds(whole if one.on_whole else shown, row.written) for one in asked):
                held.append(row)
        scope.expect(held)
        yield from filter(scope.visible, held)

    def _wholes(self, asked: Sequence[Asked], rows: Sequence[StoredVersion]) -> Mapping[WriteNo, Resource]:
        """The rows as they were sent, all opened at once, where anything asked is decided on that."""
        needed = any(one.on_whole for one in asked)
        return self.whole(rows) if needed and self.whole is not None else {}


def _nothing_but(row: StoredVersion) -> Resource:
    """What is known of a resource without a clinical half, and is no part of it: which one it is."""
    return {"resourceType": row.type, "id": pseudonym(row.id)}
