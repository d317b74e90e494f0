"""What may stand in the trail for ever, and what may not."""

from __future__ import annotations

import pytest

from gateway.erasure.reasons import LONGEST, ReasonRefused, checked
from gateway.erasure.words import Words

WORDS = Words.of(["Hopkins", "A-17"])


@pytest.mark.parametrize(
    "reason",
    [
        "Art. 17 GDPR, request 2026-114",
        "DSR #88",
        "sent in error (ticket IT_12-3)",
        "a" * LONGEST,
        "  two   words ",
    ],
)
def test_tickets_and_laws_are_kept(reason: str):
    assert checked(reason, "mrn-1", WORDS) == " ".join(reason.split())


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("", "3 to 80"),
        ("17", "3 to 80"),
        ("123 45", "3 to 80"),
        ("x" * (LONGEST + 1), "3 to 80"),
        ("asked by Änne", "3 to 80"),
        ("a@b.org asks", "3 to 80"),
        ("two\x00words", "3 to 80"),
        ("case 1234567", "number or a date"),
        ("born 17.04.1961", "number or a date"),
        ("born 1961-04-17", "number or a date"),
        ("tel 617 555 0199", "number or a date"),
        ("555-0199 phone", "number or a date"),
        ("born 2 January 1965", "number or a date"),
        ("dob 1965 01 02", "number or a date"),
        ("no 12,34,56,78", "number or a date"),
        ("request of mrn-1", "id or a word"),
        ("request of MRN-1.", "id or a word"),
        ("hopkins asked", "id or a word"),
        ("ticket A-17", "id or a word"),
    ],
)
def test_what_names_somebody_is_not_and_the_message_says_why_and_nobody(reason: str, why: str):
    with pytest.raises(ReasonRefused) as refusal:
        checked(reason, "mrn-1", WORDS)
    assert why in str(refusal.value)
    assert not any(word in str(refusal.value).casefold() for word in ("hopkins", "mrn-1", "a-17", "1961"))


def test_an_id_is_looked_for_as_a_word():
    assert checked("Art. 17 GDPR", "1", Words.of(())) == "Art. 17 GDPR"
    with pytest.raises(ReasonRefused):
        checked("Patient 22", "22", Words.of(()))
