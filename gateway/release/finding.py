"""Search over sealed records: blind rows propose, the resource as its reader sees it decides.

A criterion becomes a condition on search rows where there are rows for it. Each candidate is opened and every
criterion is tried on it before it counts: what does not match, or may not be seen, was never there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.custody import index, records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_SHIFT, StoredId, Tenant, WriteNo, parse_pseudonym
from gateway.custody.records import StoredVersion
from gateway.extent import EXTENT, Extent
from gateway.refusal import Refused
from gateway.release.asking import LAST_UPDATED, Asked, Being, Name, Rows, Settled, refusal
from gateway.release.bounds import OPEN, SEARCH, Bounds, Seen
from gateway.release.chaining import Criterion, settled
from gateway.release.opened import readable
from gateway.stored import Resource
from mappers.r4.search_ranges import days_asked

BATCH = 100
"""Candidates opened at a time, where the first few were not enough."""
MOST_AT_ONCE = 500

_DAY = 86_400 * 1_000_000


def _nothing(_rows: Sequence[StoredVersion]) -> None:
    return None


def _never(_type: str, _name: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Scope:
    """One tenant to search: how an id in a question becomes a pseudonym there, and what is seen of it.

    ``seen`` gives bodies as the reader sees them, but in pseudonyms. Without ``visible`` all may be seen.
    """

    tenant: Tenant
    name: Name
    seen: Seen
    visible: Callable[[StoredVersion], bool] | None = None
    expect: Callable[[Sequence[StoredVersion]], None] = _nothing
    """Told which rows ``visible`` will be asked about, so that what it needs is loaded at once."""
    of_kind: Callable[[Sequence[StoredVersion]], list[StoredVersion]] | None = None
    """Those rows that this reader may see if nothing forbids it; None where these are all."""

    def shown(self, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        """Those of the rows that may be seen."""
        if self.visible is None:
            return list(rows)
        self.expect(rows)
        return [row for row in rows if self.visible(row)]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who searches. ``source`` sent the data and may ask who somebody is; ``allows`` takes type and right.

    ``hides`` says which parameters of a type look at something that this reader is not shown, and ``bounds``
    what the filters of its scopes leave.
    """

    scopes: tuple[Scope, ...]
    source: bool
    allows: Callable[[str, str], bool]
    present: Callable[[Sequence[StoredVersion]], list[Resource]]
    hides: Callable[[str, str], bool] = _never
    bounds: Bounds = OPEN


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one search may cost: candidates opened, hits of an inner search, resources included, words."""

    opened: int = 5_000
    linked: int = 1_000
    included: int = 1_000
    extent: Extent = EXTENT


LIMITS = Limits()


@dataclass(slots=True)
class Budget:
    """How many candidates may still be opened."""

    left: int

    def take(self, wanted: int) -> int:
        """As many as there are left of these."""
        given = min(wanted, self.left)
        self.left -= given
        return given


class Spent(Exception):  # noqa: N818 - it reads as what happened
    """The budget is spent; everything up to ``place`` was looked at."""

    def __init__(self, place: WriteNo) -> None:
        super().__init__()
        self.place = place


@dataclass(frozen=True, slots=True)
class Window:
    """Which writes count: up to the ceiling of each tenant, beyond ``after`` where the last page ended."""

    ceilings: Mapping[Tenant, WriteNo]
    after: WriteNo | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A resource that matches, and the write that it stands for under the ceiling."""

    place: WriteNo
    row: StoredVersion


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds what meets some criteria, in the order of writing."""

    vault: Vault
    reader: Reader
    limits: Limits = LIMITS
    trusting: bool = False
    """Whether what rows propose counts without being opened: to compare it with what was found before."""
    _answered: dict[tuple[Tenant, tuple[Criterion, ...]], list[Settled] | None] = field(
        default_factory=dict, repr=False
    )

    def ceilings(self) -> dict[Tenant, WriteNo]:
        """The last write of each tenant now."""
        with self.vault.database.glance() as at:
            return {scope.tenant: records.latest(at, scope.tenant) for scope in self.reader.scopes}

    def hits(
        self, type_: str, criteria: Sequence[Criterion], window: Window, first: int, budget: Budget
    ) -> Iterator[Hit]:
        """Hits in the window's order, opened as they are asked for; ``first`` is how many are likely wanted.

        Raises ``Spent`` when the budget is, ``Refused`` where an inner search would open too many.
        """
        scopes = sorted(self.reader.scopes, key=lambda scope: scope.tenant, reverse=not window.ascending)
        for scope in scopes:
            if scope.tenant in window.ceilings and not _passed(scope.tenant, window):
                mine = self.settle(scope, criteria, window)
                if mine is not None:
                    yield from self.in_tenant(scope, Question(type_, tuple(mine)), window, first, budget)

    def settle(self, scope: Scope, criteria: Sequence[Criterion], window: Window) -> list[Settled] | None:
        """The criteria in the tenant's pseudonyms, inner searches answered once under the same ceiling."""
        asked = (scope.tenant, tuple(criteria))
        if asked not in self._answered:
            self._answered[asked] = self._settle(scope, criteria, Window(window.ceilings))
        return self._answered[asked]

    def _settle(self, scope: Scope, criteria: Sequence[Criterion], inner: Window) -> list[Settled] | None:
        def find(type_: str, mine: Sequence[Settled]) -> list[Resource]:
            return self._inner(scope, Question(type_, tuple(mine)), inner)

        return settled(criteria, scope.name, find)

    def _inner(self, scope: Scope, question: Question, window: Window) -> list[Resource]:
        most = self.limits.linked
        rows: list[StoredVersion] = []
        try:
            for hit in self.in_tenant(scope, question, window, most, Budget(self.limits.opened)):
                rows.append(hit.row)
                if len(rows) > most:
                    raise too_costly()
        except Spent:
            raise too_costly() from None
        bodies = scope.seen(rows)
        return [bodies[row.write_no] for row in rows]

    def in_tenant(
        self, scope: Scope, question: Question, window: Window, first: int, budget: Budget
    ) -> Iterator[Hit]:
        """Hits of settled criteria in one tenant."""
        passing = self.reader.bounds.passing(question.type, question.letter)
        narrowed = replace(question, criteria=(*question.criteria, *passing))
        clauses = narrowed.clauses(self.vault, scope.tenant, self.reader.source)
        page = index.Page(0, window.ceilings[scope.tenant], _after(scope.tenant, window), window.ascending)
        page = replace(page, written=question.written())
        size = max(first, 1) + 1
        while True:
            page = replace(page, limit=size)
            proposed = self._proposed(scope.tenant, question, clauses, page)
            mine = self._of_kind(scope, proposed, question.letter)
            # Without a criterion nothing is opened to decide.
            opened = budget.take(len(mine)) if question.criteria else len(mine)
            yield from self.decided(scope, question, mine[:opened])
            if opened < len(mine):
                before = page.after if page.after is not None else _beginning(window, scope.tenant)
                raise Spent(mine[opened - 1].place if opened else before)
            if len(proposed) < size:
                return
            page = replace(page, after=proposed[-1].place)
            size = min(max(BATCH, 2 * size), MOST_AT_ONCE)

    def _of_kind(self, scope: Scope, proposed: Sequence[Hit], letter: str) -> list[Hit]:
        """Those that can be opened, are of the kind that this reader sees at all, and pass its filters.

        What is not costs no budget: a page cut short would tell how much there is that nobody may see.
        """
        rows = readable(self.vault, scope.tenant, [hit.row for hit in proposed])
        rows = rows if scope.of_kind is None else scope.of_kind(rows)
        kept = {row.write_no for row in self.reader.bounds.within(rows, letter, scope.seen)}
        return [hit for hit in proposed if hit.row.write_no in kept]

    def _proposed(
        self, tenant: Tenant, question: Question, clauses: Sequence[index.Clause], page: index.Page
    ) -> list[Hit]:
        named = question.named()
        if named is not None:
            clauses = [*clauses, index.Clause(ids=tuple(named))]
        with self.vault.database.glance() as at:
            found = index.candidates(at, tenant, question.type, clauses, page)
            stored = records.by_number(at, [one.write_no for one in found])
        # Who is erased in between is not there.
        return [Hit(one.place, stored[one.write_no]) for one in found if one.write_no in stored]

    def tried(self, scope: Scope, question: Question, proposed: Sequence[Hit]) -> list[Hit]:
        """Those of any rows that match and may be seen."""
        return self.decided(scope, question, self._of_kind(scope, proposed, question.letter))

    def decided(self, scope: Scope, question: Question, proposed: Sequence[Hit]) -> list[Hit]:
        """Those of the candidates that match and may be seen."""
        rows = [hit.row for hit in proposed]
        if question.criteria and not self.trusting:
            bodies = scope.seen(rows)
            rows = [row for row in rows if question.holds(bodies[row.write_no], row.written)]
        kept = {row.write_no for row in scope.shown(rows)}
        return [hit for hit in proposed if hit.row.write_no in kept]


@dataclass(frozen=True, slots=True)
class Question:
    """Criteria on one type in one tenant's pseudonyms, and the right by which it is asked."""

    type: str
    criteria: tuple[Settled, ...]
    letter: str = SEARCH

    def clauses(self, vault: Vault, tenant: Tenant, source: bool) -> list[index.Clause]:
        """The conditions on rows."""
        return Rows(vault.of(tenant), source).clauses(self.criteria, self.type)

    def named(self) -> set[StoredId] | None:
        """Who is asked for by id, where anybody is."""
        named = [one.ids for one in self.criteria if isinstance(one, Being)]
        if not named:
            return None
        parsed = (parse_pseudonym(text) for text in frozenset.intersection(*named))
        return {id_ for id_ in parsed if id_ is not None}

    def written(self) -> tuple[int, int] | None:
        """When a hit can have been written, a day more to both sides, as zones may differ."""
        asked = [one for one in self.criteria if isinstance(one, Asked) and one.name == LAST_UPDATED]
        spans = [days_asked(one.value) for one in asked if one.modifier is None]
        known = [span for span in spans if span is not None]
        if not known:
            return None
        low, high = max(low for low, _ in known), min(high for _, high in known)
        return max(low - 1, _EARLIEST) * _DAY, min(high + 2, _LATEST) * _DAY

    def holds(self, body: Resource, written: int) -> bool:
        """Whether a resource meets every criterion."""
        return all(one.holds(body, written) for one in self.criteria)


_EARLIEST, _LATEST = -1_000_000, 4_000_000
"""Days that fit into the database's integers as microseconds."""


def too_costly() -> Refused:
    """What a search is told that would open too much."""
    return refusal("too-costly", "This search would have to open too many resources: narrow it further.")


def _top(tenant: Tenant) -> WriteNo:
    return WriteNo(((tenant + 1) << TENANT_SHIFT) - 1)


def _bottom(tenant: Tenant) -> WriteNo:
    return WriteNo(tenant << TENANT_SHIFT)


def _passed(tenant: Tenant, window: Window) -> bool:
    """Whether earlier pages showed all of this tenant."""
    if window.after is None:
        return False
    return _top(tenant) <= window.after if window.ascending else _bottom(tenant) >= window.after


def _after(tenant: Tenant, window: Window) -> WriteNo | None:
    """The place within this tenant where the last page ended; None where it ended before."""
    after = window.after
    return after if after is not None and _bottom(tenant) <= after <= _top(tenant) else None


def _beginning(window: Window, tenant: Tenant) -> WriteNo:
    """Where nothing of the tenant was looked at yet."""
    return _bottom(tenant) if window.ascending else WriteNo(_top(tenant))
