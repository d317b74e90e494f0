"""Changing a root key while everything runs: a new version wraps, the old ones go on unwrapping.

No record is touched. Each batch of data keys is rewrapped by a compare-and-swap on its row, so that it may
run beside traffic and erasures, be killed at any step, and be run again: what hangs on an old version is
simply what is still to be done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.custody.keystore import KeyStore
from gateway.custody.roots import RootKeys

_BATCH = 500


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """One version of a root, and how many data keys hang on it."""

    version: int
    current: bool
    data_keys: int

    @property
    def may_be_destroyed(self) -> bool:
        """Whether nothing would be lost with it."""
        return not self.current and self.data_keys == 0


def rotate(store: KeyStore, roots: RootKeys, progress: Callable[[int], None]) -> int:
    """Make a new version of the root and hang every data key on it; says how many there were."""
    roots.rotate()
    return rewrap(store, roots, progress)


def rewrap(store: KeyStore, roots: RootKeys, progress: Callable[[int], None]) -> int:
    """Hang on the current version whatever hangs on another: also what a killed rotation left."""
    done = 0
    while old := store.under_other_roots(roots.status().current, _BATCH):
        store.rewrap(
            [
                (name, wrapped, roots.wrap(roots.unwrap(wrapped, name.context()), name.context()))
                for name, wrapped in old
            ]
        )
        done += len(old)
        progress(done)
    return done


def status(store: KeyStore, roots: RootKeys) -> list[VersionStatus]:
    """Every version of the root, oldest first."""
    known, hanging = roots.status(), store.by_root()
    return [
        VersionStatus(version, version == known.current, hanging.get(version, 0))
        for version in sorted({*known.versions, *hanging})
    ]
