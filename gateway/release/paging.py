"""One page of a search, with its total, what comes along, and where the next one starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.custody import index, records
from gateway.custody.identity.search_lists import Owner, SearchLists
from gateway.custody.ids import Tenant, WriteNo, tenant_of
from gateway.custody.records import StoredVersion
from gateway.refusal import Kind, refused
from gateway.release.asking import LAST_UPDATED, Asked, told_by_rows
from gateway.release.bounds import SEARCH
from gateway.release.chaining import Chained, Criterion, Having
from gateway.release.finding import Budget, Finder, Hit, Question, Spent, Window, too_costly
from gateway.release.including import Including
from gateway.release.ordering import ordered
from gateway.release.wanted import NEWEST_FIRST, Wanted
from gateway.stored import Position

PLAIN = Wanted()
MOST_COUNTED = 1_000
"""Up to here hits are counted unasked."""
OLDEST_FIRST = ((LAST_UPDATED, False),)
_OPENS_ALL = frozenset({"contains", "text"})


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one page in their order; ``total`` is known only where it was asked for or costs nothing."""

    rows: tuple[StoredVersion, ...]
    total: int | None
    following: Position | None
    included: tuple[StoredVersion, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the lists of sorted searches are kept, and for whom."""

    lists: SearchLists
    owner: Owner
    clock: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Paging:
    """Answers one search. Without ``keeping`` there is no sorting, as for the criteria of a write."""

    finder: Finder
    type: str
    criteria: tuple[Criterion, ...]
    wanted: Wanted = PLAIN
    keeping: Keeping | None = None

    def page(self, position: Position | None, count: int) -> Found:
        """A page of at most ``count`` hits; with a count of 0 the total alone."""
        ceilings = self._ceilings(position)
        if count == 0:
            return Found((), self._accurate(Window(ceilings)), None)
        if self._by_writing(ceilings):
            found = self._in_order_of_writing(ceilings, position, count)
        else:
            found = self._sorted(ceilings, position, count)
        total = self._total(found, ceilings, position)
        found = replace(found, total=total, following=_with_total(found.following, total))
        return self._with_inclusions(found, Window(ceilings))

    def _ceilings(self, position: Position | None) -> Mapping[Tenant, WriteNo]:
        if position is None:
            return self.finder.ceilings()
        return {tenant_of(WriteNo(n)): WriteNo(n) for n in (position.ceiling, *position.more)}

    def told_by_writing(self, position: Position | None) -> bool:
        """Whether the page comes in the order of writing, for which nothing has to be opened."""
        return self._by_writing(self._ceilings(position))

    def counts_by_rows(self) -> bool:
        """Whether its total, where one is wanted, is what rows tell."""
        return self.wanted.total != "accurate" or all(map(_exact, self.criteria))

    def _by_writing(self, ceilings: Mapping[Tenant, WriteNo]) -> bool:
        """Whether write numbers are the order. Those of two tenants say nothing of each other."""
        order = self.wanted.order
        return order == NEWEST_FIRST or (order == OLDEST_FIRST and len(ceilings) <= 1)

    # --- in the order of writing -------------------------------------------------------------------------

    def _in_order_of_writing(
        self, ceilings: Mapping[Tenant, WriteNo], position: Position | None, count: int
    ) -> Found:
        after = None if position is None else WriteNo(position.after)
        window = Window(ceilings, after, self.wanted.order == OLDEST_FIRST)
        rows: list[StoredVersion] = []
        last: int = 0
        try:
            for hit in self._hits(window, count):
                if len(rows) == count:
                    return Found(tuple(rows), None, _position(ceilings, last))
                rows.append(hit.row)
                last = hit.place
        except Spent as spent:
            if any(_opens_all(one) for one in self.criteria):
                raise too_costly() from None
            # A short page: what follows begins where this one stopped to look.
            return Found(tuple(rows), None, _position(ceilings, spent.place))
        return Found(tuple(rows), len(rows) if position is None else None, None)

    def _hits(self, window: Window, first: int) -> Iterator[Hit]:
        budget = Budget(self.finder.limits.opened)
        return self.finder.hits(self.type, self.criteria, window, first, budget)

    # --- sorted ------------------------------------------------------------------------------------------

    def _sorted(self, ceilings: Mapping[Tenant, WriteNo], position: Position | None, count: int) -> Found:
        if position is not None and position.kept:
            return self._from_list(ceilings, position, count)
        hits = self._all(Window(ceilings))
        bodies = self.finder.reader.present([hit.row for hit in hits])
        hits = ordered(self.type, hits, bodies, self.wanted.order)
        following = None
        if len(hits) > count:
            following = replace(_position(ceilings, count), kept=self._kept(hits))
        return Found(tuple(hit.row for hit in hits[:count]), len(hits), following)

    def _all(self, window: Window) -> list[Hit]:
        """Every hit, opened; refused where that is too many."""
        hits: list[Hit] = []
        try:
            for hit in self._hits(window, self.finder.limits.opened):
                hits.append(hit)
                if len(hits) > self.finder.limits.opened:
                    raise too_costly()
        except Spent:
            raise too_costly() from None
        return hits

    def _kept(self, hits: Sequence[Hit]) -> str:
        keeping = self._keeping()
        numbers = [hit.row.write_no for hit in hits]
        with self.finder.vault.database.write() as conn:
            return keeping.lists.keep(conn, keeping.owner, numbers, keeping.clock())

    def _keeping(self) -> Keeping:
        assert self.keeping is not None, "only what a client asks for is sorted"
        return self.keeping

    def _from_list(self, ceilings: Mapping[Tenant, WriteNo], position: Position, count: int) -> Found:
        keeping = self._keeping()
        with self.finder.vault.database.read() as conn:
            numbers = keeping.lists.get(conn, keeping.owner, position.kept, keeping.clock())
        if numbers is None:
            raise refused(Kind.GONE, "deleted", "This page link has run out: begin the search again.")
        end = position.after + count
        rows = self._still(ceilings, numbers[position.after : end])
        following = replace(position, after=end) if end < len(numbers) else None
        return Found(tuple(rows), None, following)

    def _still(self, ceilings: Mapping[Tenant, WriteNo], numbers: Sequence[WriteNo]) -> list[StoredVersion]:
        """What these writes wrote, as it is now, so far as it still matches and may be seen."""
        window = Window(ceilings)
        kept: dict[tuple[Tenant, str, bytes], StoredVersion] = {}
        with self.finder.vault.database.read() as conn:
            old = records.by_number(conn, numbers)
        for scope in self.finder.reader.scopes:
            refs = [(row.type, row.id) for row in old.values() if row.tenant == scope.tenant]
            criteria = self.finder.settle(scope, self.criteria, window) if refs else None
            if criteria is None:
                continue
            with self.finder.vault.database.read() as conn:
                heads = records.load_all(conn, scope.tenant, refs).values()
            living = [Hit(row.write_no, row) for row in heads if not row.deleted]
            for hit in self.finder.tried(scope, Question(self.type, tuple(criteria)), living):
                kept[hit.row.tenant, hit.row.type, hit.row.id] = hit.row
        places = [(old[n].tenant, old[n].type, old[n].id) for n in numbers if n in old]
        return [kept[place] for place in places if place in kept]

    # --- totals ------------------------------------------------------------------------------------------

    def _total(
        self, found: Found, ceilings: Mapping[Tenant, WriteNo], position: Position | None
    ) -> int | None:
        asked = self.wanted.total
        if asked == "none":
            return None
        if position is not None:
            return position.total
        if found.total is not None:
            return found.total
        if asked == "accurate":
            return self._accurate(Window(ceilings))
        if asked == "estimate":
            return self._by_rows(Window(ceilings))
        if not all(map(_exact, self.criteria)):
            return None
        told = self._by_rows(Window(ceilings), MOST_COUNTED + 1)
        # To count what nobody asked the number of must not take longer, the more there is.
        return None if told is None or told > MOST_COUNTED else told

    def _accurate(self, window: Window) -> int:
        if all(map(_exact, self.criteria)) and (told := self._by_rows(window)) is not None:
            return told
        return len(self._all(window))

    def _by_rows(self, window: Window, most: int = 0) -> int | None:
        """How many rows propose, no more than ``most`` for each tenant; None for whoever may not see all that
        they count."""
        if any(scope.visible is not None for scope in self.finder.reader.scopes):
            return None
        if self.finder.reader.bounds.passing(self.type, SEARCH):
            return None
        total = 0
        for scope in self.finder.reader.scopes:
            criteria = self.finder.settle(scope, self.criteria, window)
            if criteria is not None:
                question = Question(self.type, tuple(criteria))
                clauses = question.clauses(self.finder.vault, scope.tenant, self.finder.reader.source)
                page = index.Page(most, window.ceilings[scope.tenant], written=question.written())
                with self.finder.vault.database.glance() as at:
                    total += index.count(at, scope.tenant, self.type, clauses, page)
        return total

    # --- what comes along --------------------------------------------------------------------------------

    def _with_inclusions(self, found: Found, window: Window) -> Found:
        if not self.wanted.includes:
            return found
        rows, notes = Including(self.finder, self.wanted.includes, window).along(found.rows)
        return replace(found, included=tuple(rows), notes=tuple(notes))


def _exact(criterion: Criterion) -> bool:
    """Whether rows tell the number of hits."""
    return isinstance(criterion, Chained) or (isinstance(criterion, Asked) and told_by_rows(criterion))


def _opens_all(criterion: Criterion) -> bool:
    """Whether it asks for what no row tells at all."""
    if isinstance(criterion, Chained | Having):
        return False
    return criterion.modifier in _OPENS_ALL


def _position(ceilings: Mapping[Tenant, WriteNo], after: int) -> Position:
    """The highest tenant's ceiling first, then the others'."""
    first, *more = sorted(ceilings.values(), reverse=True)
    return Position(first, after, tuple(more))


def _with_total(position: Position | None, total: int | None) -> Position | None:
    return None if position is None else replace(position, total=total)
