"""Root key files: how they come to be, and every way of lying there wrongly."""

from __future__ import annotations

import base64
import json
import os
import threading
from pathlib import Path

import pytest

from gateway.custody.errors import KeysUnreadable, Tampered
from gateway.custody.providers import keyfile
from gateway.custody.providers.keyfile import KeyFile
from gateway.custody.roots import Wrapped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "clinical.key"
    assert keyfile.create(path)
    return path


def test_a_key_file_is_its_owners_alone(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["clinical.key"]


def test_a_key_file_that_exists_is_left_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    assert not keyfile.create(path)
    assert path.read_bytes() == before


def test_of_many_that_create_at_once_one_wins(tmp_path: Path) -> None:
    path, won, ready = tmp_path / "keys" / "identity.key", [], threading.Barrier(8)

    def start() -> None:
        ready.wait(10)
        won.append(keyfile.create(path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert len(list(path.parent.iterdir())) == 1


def test_a_wrapped_key_unwraps_in_its_context_only(path: Path) -> None:
    file = KeyFile(path)
    wrapped = file.wrap(b"k" * 32, b"whose")
    assert file.unwrap(wrapped, b"whose") == b"k" * 32
    assert b"k" * 8 not in wrapped.blob
    for other in (Wrapped(1, wrapped.blob[:-1] + b"?"), Wrapped(1, b""), Wrapped(1, wrapped.blob[:12])):
        with pytest.raises(Tampered):
            file.unwrap(other, b"whose")
    with pytest.raises(Tampered):
        file.unwrap(wrapped, b"another's")


def test_another_root_does_not_unwrap(path: Path) -> None:
    other = path.with_name("identity.key")
    keyfile.create(other)
    with pytest.raises(Tampered):
        KeyFile(other).unwrap(KeyFile(path).wrap(b"k" * 32, b""), b"")


def test_rotation_wraps_anew_and_goes_on_unwrapping(path: Path) -> None:
    here, elsewhere = KeyFile(path), KeyFile(path)
    old = here.wrap(b"k" * 32, b"")
    assert here.rotate() == 2
    new = here.wrap(b"k" * 32, b"")
    assert (old.version, new.version) == (1, 2)
    assert here.unwrap(old, b"") == here.unwrap(new, b"") == b"k" * 32
    status = here.status()
    assert (status.current, status.versions) == (2, (1, 2))
    assert path.stat().st_mode & 0o777 == 0o600
    # A process that read the file before has to follow, or its keys would hang on a version about to go.
    assert elsewhere.wrap(b"k" * 32, b"").version == 2
    assert elsewhere.unwrap(new, b"") == b"k" * 32


def test_rotations_at_once_lose_no_version(path: Path) -> None:
    threads = [threading.Thread(target=KeyFile(path).rotate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = KeyFile(path).status()
    assert (status.current, status.versions) == (9, tuple(range(1, 10)))


def test_a_version_that_the_file_does_not_have_says_so(path: Path) -> None:
    with pytest.raises(KeysUnreadable, match="has no version 7"):
        KeyFile(path).unwrap(Wrapped(7, b"x" * 60), b"")


def _loosen(path: Path) -> None:
    path.chmod(0o640)


def _open_folder(path: Path) -> None:
    path.parent.chmod(0o755)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def _remove(path: Path) -> None:
    path.unlink()


def _write(told: object):
    def act(path: Path) -> None:
        path.write_text(json.dumps(told))

    return act


GOOD = base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    ("harm", "advice"),
    [
        (_loosen, "chmod 600"),
        (_open_folder, "chmod 700"),
        (_link, "not a link"),
        (_cut, "restore it from its backup"),
        (_remove, "is missing"),
        (_write([]), "damaged"),
        (_write({"current": 1, "keys": {}}), "damaged"),
        (_write({"current": 2, "keys": {"1": GOOD}}), "damaged"),
        (_write({"current": 1, "keys": {"1": "c2hvcnQ="}}), "damaged"),
        (_write({"current": 1, "keys": {"1": GOOD + "!"}}), "damaged"),
        (_write({"current": 1, "keys": {"one": GOOD}}), "damaged"),
        (_write({"current": 1, "keys": [GOOD]}), "damaged"),
    ],
)
def test_every_way_of_lying_there_wrongly_is_refused_with_advice(path: Path, harm, advice: str) -> None:
    harm(path)
    with pytest.raises(KeysUnreadable, match=advice) as refusal:
        KeyFile(path)
    assert GOOD not in str(refusal.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    os.chown(path, 12345, -1)
    with pytest.raises(KeysUnreadable, match="belongs to another user"):
        KeyFile(path)


def test_a_place_where_nothing_can_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("in the way")
    with pytest.raises(KeysUnreadable, match="cannot be made"):
        keyfile.create(tmp_path / "keys" / "clinical.key")


# --- a file that is changed under a running process --------------------------------------------------------


def swapped(path: Path, change) -> None:
    """Another file in its place, as an editor or a restore would put it there."""
    told = json.loads(path.read_text())
    change(told)
    draft = path.with_name("draft")
    draft.write_text(json.dumps(told))
    draft.chmod(0o600)
    draft.rename(path)


def other_key(told: dict) -> None:
    told["keys"]["1"] = base64.b64encode(b"other" + bytes(27)).decode()


def other_versions(told: dict) -> None:
    told["keys"] = {"7": told["keys"]["1"]}
    told["current"] = 7


@pytest.mark.parametrize("change", [other_key, other_versions])
def test_a_file_with_other_keys_wraps_nothing_and_what_is_there_still_opens(path: Path, change) -> None:
    here = KeyFile(path)
    wrapped, kept = here.wrap(b"k" * 32, b""), path.read_bytes()
    swapped(path, change)
    for refused in (lambda: here.wrap(b"k" * 32, b""), here.rotate, here.status):
        with pytest.raises(KeysUnreadable, match="restore the one that was there"):
            refused()
    assert here.unwrap(wrapped, b"") == b"k" * 32
    path.write_bytes(kept)
    assert here.unwrap(here.wrap(b"k" * 32, b""), b"") == b"k" * 32


def test_a_file_that_was_opened_to_others_wraps_nothing(path: Path) -> None:
    here = KeyFile(path)
    path.chmod(0o644)
    with pytest.raises(KeysUnreadable, match="chmod 600"):
        here.wrap(b"k" * 32, b"")
    path.chmod(0o600)
    assert here.wrap(b"k" * 32, b"").version == 1
