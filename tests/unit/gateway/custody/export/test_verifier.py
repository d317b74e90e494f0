"""The single file finds by itself whatever was altered, in the database before or in the export since."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from gateway.custody import merkle
from gateway.custody.export import verifier
from gateway.custody.export.paths import Paths
from gateway.custody.export.writing import CSV, Wish
from gateway.custody.providers.keyfile import RootSecrets
from tests.unit.gateway.custody.export.folders import alter, check, edited, export, places
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event

SIGNED, ALL = 6, 9
"""Events when it was first signed, and when it was exported (which is event 9)."""


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    made = Trail(tmp_path)
    made.append(*map(event, range(SIGNED)))
    made.sign()
    made.append(*map(event, range(SIGNED, ALL)))
    return made


@pytest.fixture
def folder(trail: Trail, tmp_path: Path) -> Path:
    export(trail, tmp_path / "out")
    return tmp_path / "out"


def key_of(trail: Trail) -> str:
    return trail.signer.key.public_key().public_bytes_raw().hex()


def test_what_was_not_altered_is_whole(folder: Path, trail: Trail):
    found = check(folder, "--key", key_of(trail))
    assert found == {
        "ok": True,
        "logs": 1,
        "events": ALL + 1,
        "checkpoints": 2,
        "keys": [key_of(trail)],
        "faults": [],
    }


# --- the database was altered before ----------------------------------------------------------------------

UPDATE = "UPDATE audit_event SET"
IN_DATABASE: dict[str, tuple[str, list[tuple[int, int]]]] = {
    "an event edited": (f"{UPDATE} status = 500 WHERE seq = 3", [(3, 3)]),
    "its pseudonym": (f"{UPDATE} id = x'00' WHERE seq = 3", [(3, 3)]),
    "an event edited that nobody had signed": (f"{UPDATE} status = 500 WHERE seq = 7", [(6, 7)]),
    "an event deleted": ("DELETE FROM audit_event WHERE seq = 2", [(2, 2)]),
    "the end cut off": ("DELETE FROM audit_event WHERE seq >= 4", [(4, 8)]),
    "back-dated": (f"{UPDATE} time = time - 200000000 WHERE seq = 5", [(5, 5)]),
    "beyond the end": (f"{UPDATE} seq = 1000000000000 WHERE seq = 8", [(8, 999_999_999_999), (10, 10**12)]),
}


@pytest.mark.parametrize("name", IN_DATABASE)
def test_the_export_of_a_trail_that_was_altered_says_where(name: str, trail: Trail, tmp_path: Path):
    statement, expected = IN_DATABASE[name]
    trail.tamper(statement)
    export(trail, tmp_path / "out")
    found = places(check(tmp_path / "out"))
    if name == "beyond the end":
        assert found[0] == (8, 8)
        assert any(last == 10**12 for _, last in found)
    else:
        assert found[: len(expected)] == expected


def test_a_clock_that_was_put_back_is_found(trail: Trail, tmp_path: Path):
    trail.append(event(9, START - 500_000_000))
    export(trail, tmp_path / "out")
    assert places(check(tmp_path / "out")) == [(9, 9)]


def test_a_fork_is_found(trail: Trail, tmp_path: Path):
    """Another history, with a head of its own that fits it, under the old checkpoints."""
    with trail.database.write() as conn:
        conn.exec_driver_sql("DELETE FROM audit_event")
        conn.exec_driver_sql("DELETE FROM audit_head")
    trail.append(*(event(number, START + 1) for number in range(ALL)))
    export(trail, tmp_path / "out")
    assert places(check(tmp_path / "out"))[0] == (0, 0)
    assert {first for first, _ in places(check(tmp_path / "out"))} >= set(range(2, SIGNED))


# --- the export was altered since -------------------------------------------------------------------------


def swapped(lines: list[str]) -> list[str]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


IN_EXPORT: dict[str, tuple[Any, set[int]]] = {
    "edited": (lambda lines: [*lines[:4], edited(lines[4], outcome="8"), *lines[5:]], {4}),
    "a user named": (lambda lines: [edited(lines[0], user="somebody"), *lines[1:]], {0}),
    "a number as a text": (lambda lines: [*lines[:4], edited(lines[4], version="x"), *lines[5:]], {4}),
    "deleted": (lambda lines: lines[:4] + lines[5:], {4}),
    "cut off": (lambda lines: lines[:7], {7, 8, 9}),
    "all deleted": (lambda _: [], set(range(10))),
    "in another order": (swapped, {3}),
    "twice": (lambda lines: [*lines[:5], *lines[4:]], {4}),
    "inserted at the end": (lambda lines: [*lines, edited(lines[9], seq=10)], {10}),
    "another proof": (lambda lines: [edited(lines[0], proof="AAAA"), *lines[1:]], {0}),
    "no proof": (lambda lines: [edited(lines[0], proof=None), *lines[1:]], {0}),
    "not readable": (lambda lines: [*lines[:3], "{nonsense\n", *lines[4:]], set(range(3, 10))),
}


@pytest.mark.parametrize("name", IN_EXPORT)
def test_an_export_that_was_altered_says_where(name: str, folder: Path):
    change, expected = IN_EXPORT[name]
    alter(folder, change)
    found = places(check(folder))
    assert {seq for first, last in found for seq in range(first, last + 1)} == expected


@pytest.mark.parametrize(
    "name", [name for name in IN_EXPORT if name not in ("not readable", "a number as a text")]
)
def test_an_excerpt_that_was_altered_says_where(name: str, trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out", Wish(since=START, until=START + 10**12))
    change, expected = IN_EXPORT[name]
    alter(tmp_path / "out", change)
    found = places(check(tmp_path / "out"))
    assert {seq for first, last in found for seq in range(first, last + 1)} == expected


def test_an_excerpt_proves_each_event_by_itself(trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out", Wish(since=START + 3, until=START + 6))
    assert check(tmp_path / "out")["events"] == 3
    alter(tmp_path / "out", lambda lines: [lines[0], edited(lines[1], action="D"), lines[2]])
    assert places(check(tmp_path / "out")) == [(4, 4)]


def test_a_csv_that_was_altered_says_where(trail: Trail, tmp_path: Path):
    export(trail, tmp_path / "out", Wish(form=CSV))

    def change(lines: list[str]) -> list[str]:
        rows = list(csv.reader(lines))
        rows[5][rows[0].index("kind")] = "fhir:instance:delete"
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return [text.getvalue()]

    assert check(tmp_path / "out")["ok"]
    alter(tmp_path / "out", change, "events.csv")
    assert places(check(tmp_path / "out")) == [(4, 4)]


# --- what vouches for it ----------------------------------------------------------------------------------


def test_a_manifest_that_was_altered_vouches_for_nothing(folder: Path):
    manifest = folder / "manifest"
    manifest.write_text(manifest.read_text("utf-8").replace('"end": 10', '"end": 9'), "utf-8")
    assert check(folder)["faults"][0]["what"] == "the manifest bears none of the signatures"


def test_an_export_without_a_manifest_is_none(folder: Path):
    (folder / "manifest").unlink()
    assert check(folder)["faults"][0]["what"] == "the manifest cannot be read"


def test_somebody_elses_key_is_not_ours(folder: Path):
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    assert not check(folder, "--key", stranger)["ok"]


@pytest.mark.parametrize("key", ["x" * 64, "ab" * 31, "ab" * 33, "ab " * 32, "careloom.log/x/7+0a1b+AQ=="])
def test_what_is_no_key_is_told_so(folder: Path, key: str):
    (fault,) = check(folder, "--key", key)["faults"]
    assert fault["what"] == "--key takes 64 hexadecimal digits"


def test_a_key_in_capitals_is_the_same(folder: Path, trail: Trail):
    assert check(folder, "--key", key_of(trail).upper())["ok"]


def test_a_whole_forgery_is_told_by_its_key(folder: Path, trail: Trail, tmp_path: Path):
    (tmp_path / "forger").mkdir()
    forger = Trail(tmp_path / "forger")
    forger.secrets = RootSecrets(1, {1: b"f" * 32})
    forger.append(event(0))
    export(forger, tmp_path / "forged")
    assert check(tmp_path / "forged")["ok"]
    assert not check(tmp_path / "forged", "--key", key_of(trail))["ok"]


def test_a_checkpoint_that_was_altered_is_named(folder: Path):
    notes = folder / "7" / "checkpoints"
    notes.write_text(notes.read_text("utf-8").replace("\n6\n", "\n5\n", 1), "utf-8")
    (fault,) = check(folder)["faults"]
    assert fault["what"].startswith("1 checkpoint(s)")


def test_leaves_that_were_altered_do_not_hide_an_event_that_was(folder: Path):
    leaves = folder / "7" / "leaves"
    raw = bytearray(leaves.read_bytes())
    raw[4 * 32] ^= 1
    leaves.write_bytes(raw)
    assert {(4, 4)} <= set(places(check(folder)))


def test_after_a_rotation_old_checkpoints_hold_under_the_old_key(trail: Trail, tmp_path: Path):
    trail.secrets = RootSecrets(2, {1: bytes(range(32)), 2: b"2" * 32})
    export(trail, tmp_path / "out")
    found = check(tmp_path / "out", "--key", key_of(trail))
    assert (found["ok"], found["checkpoints"], len(found["keys"])) == (True, 2, 2)


def test_people_read_lines(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.argv", ["verify.py", str(folder)])
    assert verifier.main() == 0
    assert capsys.readouterr().out.startswith("The export is whole (10 events, 2 checkpoints).\nkey ")
    shutil.rmtree(folder / "7")
    assert verifier.main() == 1
    assert "log 7, events 0 to 9: the events cannot be read from here on" in capsys.readouterr().out


# --- its own arithmetic, beside ours ----------------------------------------------------------------------

cell = st.none() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=300) | st.binary(max_size=300)


@given(cell)
def test_values_are_packed_as_messagepack_packs_them(value: Any):
    assert verifier.packed(value) == msgpack.encode(value)


@pytest.mark.parametrize("length", [0, 31, 32, 255, 256, 65_535, 65_536])
def test_lengths_are_packed_as_messagepack_packs_them(length: int):
    assert verifier.packed("x" * length) == msgpack.encode("x" * length)
    assert verifier.packed(b"x" * length) == msgpack.encode(b"x" * length)


@given(st.lists(cell, max_size=40))
def test_leaves_are_hashed_as_ours_are(cells: list[Any]):
    assert verifier.leaf_of(cells) == merkle.leaf_hash(msgpack.encode([1, *cells]))


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_signatures_hold_as_the_library_says(secret: bytes, message: bytes, bit: int):
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verifier.signature_holds(public, message, signature)
    assert not verifier.signature_holds(public, message + b"x", signature)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not verifier.signature_holds(public, message, bytes(flipped))


@pytest.mark.parametrize("public", [b"", b"\xff" * 32, b"\x02" + bytes(31)])
def test_what_is_no_key_proves_nothing(public: bytes):
    assert not verifier.signature_holds(public, b"", bytes(64))


@given(st.integers(1, 64))
def test_proofs_and_roots_agree_with_ours(count: int):
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(count)]
    frontier: list[bytes] = []
    for size, leaf in enumerate(leaves):
        verifier.grow(frontier, size, leaf)
    paths = Paths(b"".join(leaves))
    assert verifier.root_of(frontier) == paths.root == merkle.tree_root(leaves)
    assert list(verifier.subtrees(count)) == merkle.subtrees(count)
    for index, leaf in enumerate(leaves):
        proof = b"".join(paths.path(index))
        assert verifier.included(leaf, index, (count, paths.root), proof)
        assert not verifier.included(leaf, index + 1, (count, paths.root), proof)


def test_the_empty_tree_has_the_root_of_nothing():
    assert verifier.root_of([]) == merkle.EMPTY_ROOT


assert HOSPITAL == 7, "the folder of the log that these tests alter"
