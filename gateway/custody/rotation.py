"""Changing a root key while everything runs: a new version wraps, the old ones go on unwrapping.

No record is touched. Each batch of data keys is rewrapped by a compare-and-swap on its rows, so that it may
run beside traffic and erasures, be killed at any step, and be run again: what hangs on an old version is
simply what is still to be done.

The key store and the trail are two databases, so the deed and its event cannot be one transaction. What is
about to be done is written down first: an event without its deed tells of a rotation that was killed, and a
deed without an event there cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.custody import audit
from gateway.custody.database import Database
from gateway.custody.errors import Tampered
from gateway.custody.ids import SYSTEM
from gateway.custody.keystore import KeyName, KeyStore
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.roots import RootKeys, Wrapped

_BATCH = 1000

Progress = Callable[[int], None]
Old = tuple[KeyName, Wrapped]


class Rewrapped(NamedTuple):
    """How many data keys hang on the current version now, and how many do not unwrap and were left."""

    keys: int
    damaged: int


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """One version of a root, and how many data keys hang on it. Times are microseconds since 1970."""

    version: int
    current: bool
    data_keys: int
    made: int | None = None
    followed: int | None = None
    """When the next version was made: backups of the key store from before may still hang on this one."""

    @property
    def may_be_destroyed(self) -> bool:
        """Whether nothing that lies in the key store would be lost with it."""
        return not self.current and self.data_keys == 0


@dataclass(frozen=True, slots=True)
class Rotation:
    """One side's root under its name, and the trail that tells of it."""

    side: str
    store: KeyStore
    roots: RootKeys
    trail: Database
    clock: Callable[[], int]
    by: By = COMMAND_LINE

    def run(self, progress: Progress) -> Rewrapped:
        """Make a new version of the root and hang every data key on it."""
        self._record("keys:rotate", "a new version")
        version = self.roots.rotate()
        done = rewrap(self.store, self.roots, progress)
        self._record("keys:rewrap", f"version {version}, {done.keys} data keys, {done.damaged} damaged")
        return done

    def _record(self, kind: str, what: str) -> None:
        detail = f"{self.by}; {self.side} root, {what}"
        event = audit.Event(
            self.clock(), kind, action="U", outcome="0", status=200, user=self.by.user, detail=detail
        )
        with self.trail.write() as conn:
            audit.append(conn, SYSTEM, [event])


def rewrap(store: KeyStore, roots: RootKeys, progress: Progress) -> Rewrapped:
    """Hang on the current version whatever hangs on another: also what a killed rotation left."""
    done = 0
    while True:
        swept = 0
        damaged = 0
        for batch in _batches(store, roots):
            renewed = [one for one in (_renewed(roots, *old) for old in batch) if one is not None]
            store.rewrap(renewed)
            swept += len(renewed)
            damaged += len(batch) - len(renewed)
            progress(done + swept)
        done += swept
        # Keys that were made meanwhile may hang on the old version still: so until a sweep finds none.
        if not swept:
            return Rewrapped(done, damaged)


def _batches(store: KeyStore, roots: RootKeys) -> Iterator[list[Old]]:
    after = None
    while batch := store.under_other_roots(roots.status().current, _BATCH, after):
        yield batch
        after = batch[-1][0]


def _renewed(roots: RootKeys, name: KeyName, old: Wrapped) -> tuple[KeyName, Wrapped, Wrapped] | None:
    try:
        secret = roots.unwrap(old, name.context())
    except Tampered:
        # It opened nothing before either; the others must not wait for it.
        return None
    return name, old, roots.wrap(secret, name.context())


def status(store: KeyStore, roots: RootKeys) -> list[VersionStatus]:
    """Every version of the root, oldest first."""
    known, hanging = roots.status(), store.by_root()
    versions = sorted({*known.versions, *hanging})
    return [
        VersionStatus(
            version,
            version == known.current,
            hanging.get(version, 0),
            known.made.get(version),
            known.made.get(following),
        )
        for version, following in zip(versions, [*versions[1:], 0], strict=True)
    ]
