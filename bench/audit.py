"""What the trail costs and how fast it answers, on a store that grows: ``careloom bench audit``.

The store is filled with an invented trail (``trail_events``) by the product's own append, in large
transactions. At each size events are appended as a bundle leaves them and one by one, each beside a plain
insert of the same rows; then the whole trail is verified, some of it exported, and an officer asks, over the
same WSGI application that ``careloom gateway`` serves. On a server all of it is done in a new database, which
is dropped at the end.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from msgspec.structs import astuple

from bench.audit_questions import Answered, Officer, questions
from bench.audit_store import TrailStore, opened
from bench.trail_events import Cast, transactions
from gateway.app import the_world
from gateway.custody import audit, checkpoint, verify
from gateway.custody.audit import Event
from gateway.custody.checkpoint import FOLDER
from gateway.custody.database import bulk
from gateway.custody.export import writing
from gateway.custody.export.writing import Source, Wish
from gateway.custody.tables import audit_event

SIZES = (10_000, 100_000)
FILLING = 10_000
"""Events in one transaction while the store is filled."""
SIGNED = 200_000
"""Events between two checkpoints: the courier signs each minute."""
BUNDLE, BUNDLES, SINGLES = 100, 20, 50
AFTERWARDS = BUNDLE * BUNDLES + SINGLES
EXPORTED = 100_000
"""An export is a stretch of so many events: what each one costs does not change with their number."""
_NEVER = sys.maxsize

Tell = Callable[[str], None]


class Damaged(Exception):  # noqa: N818 - it reads as what happened
    """What was measured is not what was written: no figure of it means anything."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run: the sizes in turn, how often each question is asked, and where."""

    events: tuple[int, ...] = SIZES
    rounds: int = 5
    database_url: str | None = None
    data_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """Seconds for each event: with commit, beyond a plain insert of its row, and that insert."""

    whole: float
    beyond: float
    insert: float


@dataclass(frozen=True, slots=True)
class Sized:
    """Everything that was measured at one size of the store."""

    events: int
    filled_per_second: float
    bundles: Appended
    singles: Appended
    verified_per_second: float
    exported_per_second: float
    bytes_per_event: float
    answered: tuple[Answered, ...]


def trail(wanted: Wanted, tell: Tell) -> list[Sized]:
    """Measure it; ``tell`` hears which step is being taken."""
    return [_at(wanted, size, tell) for size in sorted(wanted.events)]


def _at(wanted: Wanted, size: int, tell: Tell) -> Sized:
    """One size, on a store of its own: whoever asks leaves events of today, and what follows is not older."""
    with (
        tempfile.TemporaryDirectory(prefix="careloom-bench-", dir=wanted.data_dir) as folder,
        opened(Path(folder) / "data", wanted.database_url) as store,
    ):
        return _measured(_Filling(store, store.cast(size + AFTERWARDS), tell), size, wanted.rounds)


@dataclass(slots=True)
class _Filling:
    """A trail that grows."""

    store: TrailStore
    cast: Cast
    tell: Tell
    events: int = 0
    _made: Iterator[Event] | None = None

    def take(self, count: int) -> list[Event]:
        """The next events that nobody has appended yet."""
        if self._made is None:
            self._made = chain.from_iterable(transactions(self.cast, _NEVER))
        self.events += count
        return list(islice(self._made, count))

    def grow(self, size: int) -> float:
        """Fill up to a size; how many events a second, checkpoints included."""
        first, began, signed = self.events, time.perf_counter(), self.events
        while self.events < size:
            self.tell(f"filling: {self.events:,} of {size:,} events")
            events = self.take(min(FILLING, size - self.events))
            with self.store.vault.database.write() as conn:
                audit.append(conn, self.cast.log, events)
            if self.events - signed >= SIGNED or self.events == size:
                signed = self.events
                self.sign()
        return (self.events - first) / (time.perf_counter() - began) if self.events > first else 0.0

    def sign(self) -> None:
        """As the courier does each minute."""
        checkpoint.take(self.store.vault.database, self.witnesses, self.store.signer, the_world().clock())

    @property
    def witnesses(self) -> Path:
        return self.store.settings.storage.data_dir / FOLDER


def _measured(filling: _Filling, size: int, rounds: int) -> Sized:
    filled = filling.grow(size)
    filling.tell(f"{size:,} events: settling")
    filling.store.settle()
    taken = filling.store.bytes()
    filling.tell(f"{size:,} events: appending")
    bundles, singles = _appended(filling, BUNDLE, BUNDLES), _appended(filling, 1, SINGLES)
    filling.sign()
    filling.tell(f"{size:,} events: verifying")
    verified = _verified(filling)
    filling.tell(f"{size:,} events: exporting")
    exported = _exported(filling)
    officer = Officer.enter(filling.store)
    answered = []
    for question, parameters in questions(filling.cast, size):
        filling.tell(f"{size:,} events: {question}")
        answered.append(officer.asks(question, parameters, rounds))
    return Sized(size, filled, bundles, singles, verified, exported, taken / size, tuple(answered))


def _appended(filling: _Filling, batch: int, times: int) -> Appended:
    """Both in turns, so that what else the machine does meets both; the median counts."""
    whole, inside, plain = [], [], []
    for _ in range(times):
        events = filling.take(batch)
        plain.append(_inserted(filling, events) / batch)
        began = time.perf_counter()
        with filling.store.vault.database.write() as conn:
            then = time.perf_counter()
            audit.append(conn, filling.cast.log, events)
            inside.append((time.perf_counter() - then) / batch)
        whole.append((time.perf_counter() - began) / batch)
    insert = statistics.median(plain)
    return Appended(statistics.median(whole), max(0.0, statistics.median(inside) - insert), insert)


class _Undone(Exception):  # noqa: N818 - it ends a transaction and is nobody's error
    pass


def _inserted(filling: _Filling, events: Sequence[Event]) -> float:
    """Seconds that the plain insert of these events takes; it is rolled back."""
    taken, log = 0.0, filling.cast.log
    with suppress(_Undone), filling.store.vault.database.write() as conn:
        size = audit.head_of(conn, log).size
        rows = [(log, size + place, *astuple(one)) for place, one in enumerate(events)]
        began = time.perf_counter()
        bulk(conn, audit_event, rows)
        taken = time.perf_counter() - began
        raise _Undone
    return taken


def _verified(filling: _Filling) -> float:
    witnesses = checkpoint.witnesses(filling.witnesses, filling.store.signer)
    began = time.perf_counter()
    with filling.store.vault.database.read() as conn:
        report = verify.verify(conn, witnesses)
    if not report.ok:
        raise Damaged(f"the trail that was just written is not whole: {report.faults[0].what}")
    return report.events / (time.perf_counter() - began)


def _exported(filling: _Filling) -> float:
    """Events a second of an export of the newest ones, signatures and proofs included."""
    source = Source(filling.store.vault.database, filling.witnesses, filling.store.signer)
    newest = filling.cast.start + filling.events * filling.cast.step
    since = newest - min(EXPORTED, filling.events) * filling.cast.step
    target = filling.store.settings.storage.data_dir / f"export-{filling.events}"
    began = time.perf_counter()
    wish = Wish(frozenset({filling.cast.log}), since)
    written = writing.export(source, target, wish, the_world().clock(), lambda _: None)
    taken = time.perf_counter() - began
    shutil.rmtree(target)
    return sum(one.end - one.first for one in written) / taken
