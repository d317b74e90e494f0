"""Signed notes: what is parsed was signed, and nothing else parses."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody import merkle, note

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
ORIGIN = "careloom.log/0123/7"


def checkpoint(size: int) -> note.Checkpoint:
    frontier, _ = merkle.grow((), 0, [merkle.leaf_hash(bytes([n])) for n in range(size)])
    return note.Checkpoint(ORIGIN, size, frontier, 1_700_000_000_000_000)


@given(st.integers(0, 40))
def test_a_note_opens_to_what_was_signed(size: int) -> None:
    signed = note.sign(checkpoint(size), KEY)
    assert note.open_note(signed, ORIGIN, [OTHER.public_key(), KEY.public_key()]) == checkpoint(size)


def test_a_note_has_the_form_of_a_tlog_checkpoint() -> None:
    origin, size, root, *extensions, empty, signature = note.sign(checkpoint(3), KEY).splitlines()
    assert (origin, size, empty) == (ORIGIN, "3", "")
    assert len(extensions) == 3
    assert len(root) == 44
    assert signature.startswith(f"— {ORIGIN} ")


@given(st.data())
def test_a_note_that_was_changed_anywhere_does_not_open(data: st.DataObject) -> None:
    signed = note.sign(checkpoint(5), KEY)
    place = data.draw(st.integers(0, len(signed) - 2))
    letter = data.draw(st.characters(codec="ascii").filter(lambda c: c != signed[place]))
    changed = signed[:place] + letter + signed[place + 1 :]
    try:
        assert note.open_note(changed, ORIGIN, [KEY.public_key()]) == checkpoint(5)
    except note.BadNote:
        return
    # Only what is outside the signed text may differ: another spelling of the same signature line.
    assert changed.partition("\n\n")[0] == signed.partition("\n\n")[0]


@pytest.mark.parametrize("text", ["", "\n\n", "a\n\nb", "a\n1\n\n— a AAAA\n", "— \n\n— \n"])
def test_what_is_no_note_does_not_open(text: str) -> None:
    with pytest.raises(note.BadNote):
        note.open_note(text, ORIGIN, [KEY.public_key()])


def test_another_key_or_another_log_does_not_open() -> None:
    signed = note.sign(checkpoint(2), KEY)
    with pytest.raises(note.BadNote):
        note.open_note(signed, ORIGIN, [OTHER.public_key()])
    with pytest.raises(note.BadNote):
        note.open_note(signed, "careloom.log/0123/8", [KEY.public_key()])


def test_a_signed_text_that_is_no_tree_head_does_not_open() -> None:
    text = f"{ORIGIN}\nmany\nroot\n"
    raw = note.key_id(ORIGIN, KEY.public_key()) + KEY.sign(text.encode())
    with pytest.raises(note.BadNote):
        note.open_note(f"{text}\n— {ORIGIN} {base64.b64encode(raw).decode()}\n", ORIGIN, [KEY.public_key()])


def test_the_public_key_is_written_as_verifiers_of_notes_read_it() -> None:
    name, number, encoded = note.verifier_key(ORIGIN, KEY.public_key()).split("+", 2)
    assert name == ORIGIN
    assert number == note.key_id(ORIGIN, KEY.public_key()).hex()
    assert len(encoded) == 44
