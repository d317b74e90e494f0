"""``_include`` and ``_revinclude``: what hits point at, and what points at them, each checked like a read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.auth.scopes import TRAIL
from gateway.custody import records
from gateway.custody.ids import StoredId, WriteNo, parse_pseudonym, pseudonym
from gateway.custody.records import StoredVersion
from gateway.release import citing
from gateway.release.asking import Pointing, Settled
from gateway.release.bounds import READ
from gateway.release.chaining import points
from gateway.release.finding import Budget, Finder, Question, Scope, Spent, Window
from gateway.release.opened import readable
from gateway.release.wanted import Include
from gateway.stored import Resource
from mappers.r4 import canonicals, references, search
from mappers.r4.model import MODEL
from mappers.r4.search_terms import found

LEFT_OUT = "Of what was to be included only the first {} resources are here."
NOT_ALLOWED = (
    "The token's scopes do not allow to read some types that may be pointed at: these were left out."
)

Target = tuple[str, StoredId, int | None]
"""Type, stored id and, where a reference names one, version."""


@dataclass(slots=True)
class _Basket:
    """What is in the answer by now. ``most`` is how many may be included."""

    most: int
    there: set[WriteNo]
    included: list[StoredVersion] = field(default_factory=list)
    full: bool = False

    def add(self, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        """Take what is new, so far as there is room; answers what was taken."""
        new = [row for row in rows if row.write_no not in self.there]
        room = self.most - len(self.included)
        self.full = self.full or len(new) > room
        taken = new[:room]
        self.there.update(row.write_no for row in taken)
        self.included += taken
        return taken


@dataclass(frozen=True, slots=True)
class Including:
    """Brings along what the inclusions name, under the ceilings of the search."""

    finder: Finder
    includes: tuple[Include, ...]
    window: Window

    def along(self, rows: Sequence[StoredVersion]) -> tuple[list[StoredVersion], list[str]]:
        """What comes along with these hits, each once, and what is to be said of what does not."""
        basket = _Basket(self.finder.limits.included, {row.write_no for row in rows})
        for scope in self.finder.reader.scopes:
            mine = [row for row in rows if row.tenant == scope.tenant]
            self._follow(scope, mine, basket)
        notes = [LEFT_OUT.format(basket.most)] if basket.full else []
        return basket.included, notes + ([NOT_ALLOWED] if any(map(self._hides, self.includes)) else [])

    def _follow(self, scope: Scope, rows: Sequence[StoredVersion], basket: _Basket) -> None:
        again = tuple(one for one in self.includes if one.iterate)
        wave, includes = list(rows), self.includes
        while wave and includes and not basket.full:
            wave = [row for one in includes for row in self._brought(scope, one, wave, basket)]
            includes = again

    def _brought(
        self, scope: Scope, include: Include, rows: Sequence[StoredVersion], basket: _Basket
    ) -> list[StoredVersion]:
        room = basket.most - len(basket.included)
        there = (
            self._pointing(scope, include, rows, room)
            if include.reverse
            else self._pointed(scope, include, rows, room)
        )
        return basket.add(there)

    def _hides(self, include: Include) -> bool:
        """Whether it may bring a type that the scopes do not allow; said whether or not there is any."""
        # Nobody's scope for every type covers the trail, and nothing stored is in it.
        types = include.brings() or MODEL.resources - {TRAIL}
        reader = self.finder.reader
        return not all(
            reader.allows(type_, READ) and not reader.bounds.passing(type_, READ) for type_ in types
        )

    # --- forwards ----------------------------------------------------------------------------------------

    def _pointed(
        self, scope: Scope, include: Include, rows: Sequence[StoredVersion], room: int
    ) -> list[StoredVersion]:
        """What these rows point at or cite, of what their reader may see."""
        bearing = [row for row in rows if include.names(row.type)]
        bodies = scope.seen(bearing)
        targets = {
            target: None
            for row in bearing
            for target in self._targets(include, row.type, bodies[row.write_no])
        }
        pointed = self._seen(scope, self._loaded(scope, list(targets)))
        cited = [name for row in bearing for name in self._cited(include, row.type, bodies[row.write_no])]
        questions = [Question(one.type, (one,), READ) for one in citing.published(cited)]
        return pointed + self._found(scope, questions, room)

    def _targets(self, include: Include, type_: str, body: Resource) -> Iterator[Target]:
        for name in include.names(type_):
            for path in search.parameters(type_)[name].paths:
                for value in found(body, path):
                    target = _literal(value)
                    wanted = {include.target, path.target} - {None}
                    if (
                        target is not None
                        and wanted <= {target[0]}
                        and self.finder.reader.allows(target[0], READ)
                    ):
                        yield target

    def _cited(self, include: Include, type_: str, body: Resource) -> Iterator[tuple[str, citing.Name]]:
        """Each definition that may be meant: its type, and how it is named."""
        for name in include.names(type_):
            for one in canonicals.cited(body, name):
                for target in sorted(one.types):
                    if include.target in (None, target) and self.finder.reader.allows(target, READ):
                        yield target, (one.url, one.version)

    def _loaded(self, scope: Scope, targets: Sequence[Target]) -> list[StoredVersion]:
        """In the targets' order; of what has no such version, nothing."""
        current = [(type_, id_) for type_, id_, version in targets if version is None]
        with self.finder.vault.database.read() as conn:
            heads = records.load_all(conn, scope.tenant, current)
            rows = [
                heads.get((type_, id_))
                if version is None
                else records.load(conn, scope.tenant, type_, id_, version)
                for type_, id_, version in targets
            ]
        return [row for row in rows if row is not None and not row.deleted]

    def _seen(self, scope: Scope, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        found = scope.shown(readable(self.finder.vault, scope.tenant, rows))
        return self.finder.reader.bounds.within(found, READ, scope.seen)

    # --- backwards ---------------------------------------------------------------------------------------

    def _pointing(
        self, scope: Scope, include: Include, rows: Sequence[StoredVersion], room: int
    ) -> list[StoredVersion]:
        """What points at these rows or cites them; one more than there is room for, so that it is said."""
        aimed = [row for row in rows if include.target in (None, row.type)]
        if not aimed or not self.finder.reader.allows(include.source, READ):
            return []
        names = include.names(include.source)
        texts = frozenset(f"{row.type}/{pseudonym(row.id)}" for row in aimed)
        criteria: list[Settled] = [
            Pointing(include.source, name, texts) for name in names if points(include.source, name)
        ]
        citing_ = [name for name in names if canonicals.cites(include.source, name)]
        known = self._definitions(scope, aimed) if citing_ else []
        criteria += [one for name in citing_ for one in citing.citing(include.source, name, known)]
        return self._found(scope, [Question(include.source, (one,), READ) for one in criteria], room)

    def _definitions(self, scope: Scope, rows: Sequence[StoredVersion]) -> list[tuple[str, citing.Name]]:
        """By which names these rows can be cited, so far as their reader sees that."""
        rows = [row for row in rows if row.type in canonicals.definitions()]
        bodies = scope.seen(rows)
        owns = [(row.type, canonicals.own(bodies[row.write_no])) for row in rows]
        return [(type_, own) for type_, own in owns if own is not None]

    # --- both ways ---------------------------------------------------------------------------------------

    def _found(self, scope: Scope, questions: Sequence[Question], room: int) -> list[StoredVersion]:
        """What meets any of the questions, each once."""
        brought = [row for question in questions for row in self._few(scope, question, room + 1)]
        return list({row.write_no: row for row in brought}.values())

    def _few(self, scope: Scope, question: Question, most: int) -> list[StoredVersion]:
        rows: list[StoredVersion] = []
        budget = Budget(self.finder.limits.opened)
        try:
            for hit in self.finder.in_tenant(scope, question, self.window, most, budget):
                rows.append(hit.row)
                if len(rows) == most:
                    break
        except Spent:
            return rows
        return rows


def _literal(value: object) -> Target | None:
    text = value.get("reference") if isinstance(value, dict) else None
    parsed = references.parse(text) if isinstance(text, str) else None
    if not isinstance(parsed, references.Literal):
        return None
    stored = parse_pseudonym(parsed.id)
    if stored is None or parsed.version is None or not parsed.version.isdecimal():
        return None if stored is None else (parsed.type, stored, None)
    # No version has more digits, and no database takes such a number.
    return (parsed.type, stored, int(parsed.version)) if len(parsed.version) < 10 else None
