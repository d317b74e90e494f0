"""Root keys that AWS KMS keeps sealed: the provider ``aws-kms``.

What: two levels. A key of KMS seals one root per side and version; the root wraps data keys in this process.
Why not each data key by KMS: a bundle of a hundred patients would ask it two hundred times, a rotation of ten
thousand patients forty thousand times, and whoever reads this process's memory has the data keys anyway.
Where: sealed roots lie in the key store, where every machine finds them; an opened one is in memory for five
minutes at most, then overwritten and asked for again. So whoever disables the key in KMS stops every process
within that time. What a thief of memory gains: the roots of the sides that this process may open, as with a
key file. What a thief of the key store gains: nothing without the right to ask KMS.

KMS is told with each call which side and version a root is of (its encryption context) and opens no other.
Only the keys that the settings name are asked, so nobody can slip in a root of his own making.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway.custody.errors import Conflict, KeysUnreadable
from gateway.custody.providers.kms import Kms
from gateway.custody.providers.rootstore import RootStore, SealedRoot
from gateway.custody.roots import RootKeys, RootStatus, Wrapped, unwrap_under, wrap_under

MAX_SECONDS = 300.0
"""How long an opened root is held before KMS is asked again."""

NEWEST_SECONDS = 0.1
"""How long the newest version is taken for the newest: a thousand keys that are wrapped at once ask once.
It is no longer than a key may take from being wrapped to being committed."""

_TRIES = 10

_NONE_YET = "The key store holds no root key that AWS KMS sealed: start `careloom up` once, or restore it."
_NOT_THERE = (
    "The key store has no version {} of this root key, which data keys hang on: restore the key store, "
    "or the key file that was used before AWS KMS."
)


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    secret: bytearray
    until: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """``wall``: microseconds since 1970; ``steady``: seconds that never go back."""

    wall: Callable[[], int] = lambda: time.time_ns() // 1000
    steady: Callable[[], float] = time.monotonic


class KmsRoots:
    """The roots of one side. ``before``: the key file that an installation had until KMS took its place."""

    def __init__(
        self, store: RootStore, kms: Kms, before: RootKeys | None = None, clocks: Clocks | None = None
    ) -> None:
        self._store, self._kms, self._before, self._clocks = store, kms, before, clocks or Clocks()
        self._held: dict[int, _Held] = {}
        self._newest = 0, 0.0
        self._lock = threading.Lock()

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        newest = self._newest_now()
        return Wrapped(newest, wrap_under(self._secret(newest), key, context))

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        try:
            return unwrap_under(self._secret(wrapped.version), wrapped.blob, context)
        except _NotSealed:
            if self._before is None:
                raise KeysUnreadable(_NOT_THERE.format(wrapped.version)) from None
            return self._before.unwrap(wrapped, context)

    def rotate(self) -> int:
        # Of several that rotate at once each makes a version of its own.
        for _ in range(_TRIES):
            version = max((0, *self._versions())) + 1
            if self._add(version):
                return version
        raise Conflict

    def status(self) -> RootStatus:
        sealed = self._store.all()
        if not sealed:
            raise KeysUnreadable(_NONE_YET)
        before = self._before.status() if self._before else RootStatus(0, ())
        made = {**before.made, **{root.version: root.created for root in sealed}}
        versions = {*before.versions, *(root.version for root in sealed)}
        return RootStatus(sealed[-1].version, tuple(sorted(versions)), made)

    def found(self, in_use: bool) -> None:
        """Make the first version, unless there is one; never beside data keys that nothing here unwraps."""
        if self._store.newest() is not None:
            return
        if in_use and self._before is None:
            raise KeysUnreadable(
                "The root keys are gone from the key store although data keys hang on them: restore it. "
                "Nothing was changed."
            )
        # Another process may have been first; then its version counts.
        self._add(max((0, *self._versions())) + 1)

    def sealed_by(self) -> frozenset[str]:
        """The keys of KMS that any version hangs on, as KMS calls them."""
        return frozenset(root.sealed_by for root in self._store.all())

    def _newest_now(self) -> int:
        version, until = self._newest
        now = self._clocks.steady()
        if now < until:
            return version
        found = self._store.newest()
        if found is None:
            raise KeysUnreadable(_NONE_YET)
        self._newest = found, now + NEWEST_SECONDS
        return found

    def _versions(self) -> set[int]:
        before = self._before.status().versions if self._before else ()
        return {*before, *(root.version for root in self._store.all())}

    def _add(self, version: int) -> bool:
        fresh = self._kms.draw(version)
        added = self._store.add(SealedRoot(version, fresh.sealed_by, fresh.sealed, self._clocks.wall()))
        # Whatever is wrapped here from now on hangs on it.
        self._newest = 0, 0.0
        return added

    def _secret(self, version: int) -> bytes:
        # One thread asks KMS and the others wait for its answer.
        with self._lock:
            self._let_go()
            held = self._held.get(version)
            if held is None:
                held = self._held[version] = self._opened(version)
            return bytes(held.secret)

    def _opened(self, version: int) -> _Held:
        root = self._store.find(version)
        if root is None:
            raise _NotSealed
        secret = self._kms.open(version, root.sealed, root.sealed_by)
        return _Held(bytearray(secret), self._clocks.steady() + MAX_SECONDS)

    def _let_go(self) -> None:
        now = self._clocks.steady()
        for version in [version for version, held in self._held.items() if held.until < now]:
            held = self._held.pop(version)
            held.secret[:] = bytes(len(held.secret))


class _NotSealed(Exception):  # noqa: N818 - it reads as what happened
    """The key store has no such version."""
