"""Root keys in a file that its owner alone can read: the provider ``file``.

Each way of lying there wrongly is an error at start, and none is repaired silently: a root key that is lost
is every record lost, so a new one is only ever made where nothing was sealed before.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.custody.errors import KeysUnreadable
from gateway.custody.roots import ROOT_BYTES, RootStatus, Wrapped, unwrap_under, wrap_under


@dataclass(frozen=True, slots=True)
class RootSecrets:
    """What a key file holds. ``made`` says when (microseconds since 1970); older files do not."""

    current: int
    keys: Mapping[int, bytes]
    made: Mapping[int, int] = field(default_factory=dict)


def _now() -> int:
    return time.time_ns() // 1000


class KeyFile:
    """``{"current": 1, "keys": {"1": base64 of 32 bytes}, "made": {"1": microseconds}}``, mode 0600."""

    def __init__(self, path: Path, clock: Callable[[], int] = _now) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._secrets = load(path)

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        secrets = self._newest()
        return Wrapped(secrets.current, wrap_under(secrets.keys[secrets.current], key, context))

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        return unwrap_under(self._version(wrapped.version), wrapped.blob, context)

    def rotate(self) -> int:
        with self._lock, _folder_to_itself(self._path.parent):
            old = self._continued(load(self._path))
            version = max(old.keys) + 1
            keys = {**old.keys, version: os.urandom(ROOT_BYTES)}
            fresh = RootSecrets(version, keys, {**old.made, version: self._clock()})
            _replace(self._path, fresh)
            # Not before it is on the disk: what is wrapped under a version that no file has is lost.
            self._secrets = fresh
        return version

    def status(self) -> RootStatus:
        secrets = self._newest()
        return RootStatus(secrets.current, tuple(sorted(secrets.keys)), secrets.made)

    def current(self) -> bytes:
        """The current secret itself, for the one root that signs instead of wrapping (``audit``)."""
        secrets = self._newest()
        return secrets.keys[secrets.current]

    def _newest(self) -> RootSecrets:
        # Another process may have rotated since this one read the file. A key that still went under the
        # old version would be lost with it, were that version destroyed because nothing hangs on it.
        stamp = _stamp(self._path)
        if stamp != self._stamp:
            self._secrets, self._stamp = self._continued(load(self._path)), stamp
        return self._secrets

    def _continued(self, fresh: RootSecrets) -> RootSecrets:
        """A file that came in place of ours, if it continues it: another's would wrap what none unwraps."""
        shared = fresh.keys.keys() & self._secrets.keys.keys()
        if not shared or any(fresh.keys[version] != self._secrets.keys[version] for version in shared):
            raise KeysUnreadable(
                f"{self._path} was changed for a file with other keys: restore the one that was there. "
                "Nothing is wrapped or opened until then."
            )
        return fresh

    def _version(self, version: int) -> bytes:
        known = self._secrets if version in self._secrets.keys else self._newest()
        try:
            return known.keys[version]
        except KeyError:
            raise KeysUnreadable(
                f"{self._path} has no version {version}, which keys in the key store hang on: "
                "restore the key file that belongs to this key store."
            ) from None


def load(path: Path) -> RootSecrets:
    """The secrets of a key file, or an error that says how to mend it."""
    _check_modes(path)
    try:
        return _parse(path.read_bytes())
    except OSError as error:
        raise KeysUnreadable(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        raise KeysUnreadable(f"{path} is damaged or half-written: restore it from its backup.") from None


def create(path: Path, clock: Callable[[], int] = _now) -> bool:
    """Make a key file with a first version, unless there is one; says whether it was made."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _create(path, clock())
    except OSError as error:
        raise KeysUnreadable(f"{path} cannot be made: {error.strerror}.") from None


def _create(path: Path, now: int) -> bool:
    if path.exists() or path.is_symlink():
        return False
    draft = _draft(path, RootSecrets(1, {1: os.urandom(ROOT_BYTES)}, {1: now}))
    try:
        # A link fails where a rename would overwrite: of two processes that start at once, one wins.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return True


def _parse(raw: bytes) -> RootSecrets:
    told = json.loads(raw)
    keys = {int(version): base64.b64decode(text, validate=True) for version, text in told["keys"].items()}
    if told["current"] not in keys or any(len(key) != ROOT_BYTES for key in keys.values()):
        raise ValueError
    made = {int(version): int(when) for version, when in told.get("made", {}).items()}
    return RootSecrets(told["current"], keys, made)


def _check_modes(path: Path) -> None:
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError:
        raise KeysUnreadable(
            f"The key file {path} is missing: restore it, or name its place in CARELOOM_*_KEY_FILE."
        ) from None
    if not stat.S_ISREG(file.st_mode):
        raise KeysUnreadable(f"{path} must be a file of its own, not a link: move the real file there.")
    if file.st_mode & 0o077:
        raise KeysUnreadable(f"{path} can be read by others: run `chmod 600 {path}`.")
    if folder.st_mode & 0o027:
        raise KeysUnreadable(f"{path.parent} is open to others: run `chmod 700 {path.parent}`.")
    if file.st_uid not in (os.geteuid(), 0):
        raise KeysUnreadable(f"{path} belongs to another user: run `chown {os.geteuid()} {path}`.")


def _stamp(path: Path) -> tuple[int, ...]:
    """Which file lies there: a rotation puts another one in its place, and its mode may change."""
    try:
        there = path.stat()
    except OSError:
        return ()
    return there.st_ino, there.st_mtime_ns, there.st_ctime_ns


def _replace(path: Path, secrets: RootSecrets) -> None:
    os.replace(_draft(path, secrets), path)
    _sync_folder(path.parent)


def _draft(path: Path, secrets: RootSecrets) -> Path:
    """The file as it shall be, safely on disk under another name."""
    keys = {str(version): base64.b64encode(key).decode() for version, key in secrets.keys.items()}
    # mkstemp gives mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump({"current": secrets.current, "keys": keys, "made": dict(secrets.made)}, file)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


@contextmanager
def _folder_to_itself(folder: Path) -> Iterator[None]:
    # Two rotations at once would each write a file without the other's version.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
