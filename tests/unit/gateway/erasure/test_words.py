"""The words of a record, found as words and not as parts of others."""

from __future__ import annotations

import pytest

from gateway.erasure.words import Words, of_patients
from tests.desk import patient

RECORD = patient(
    "mrn-1",
    identifier=[{"system": "urn:mrn", "value": "00-4711"}],
    telecom=[{"system": "phone", "value": "+43 1 5550"}],
    address=[{"line": ["Rosenweg 4"], "city": "Wien"}],
)
WORDS = of_patients([RECORD, patient("mrn-1", name=[{"text": "Anna-Maria  Curie, MD"}])])


@pytest.mark.parametrize(
    "text",
    [
        "Hopkins",
        "HOPKINS",
        "asked by Änne.",
        "(hopkins)",
        "no 00-4711!",
        "call +43 1 5550",
        "Rosenweg 4, 2nd floor",
        "Curie",
        "anna-maria",
        "born 1961-04-17",
    ],
)
def test_they_are_found_however_they_stand(text: str):
    assert WORDS.within(text)


@pytest.mark.parametrize("text", ["Hopkinson", "shopkins", "4711", "Rosenweg 42", "Wien", "", "female"])
def test_parts_of_other_words_are_not_theirs(text: str):
    assert not WORDS.within(text)


def test_who_has_no_words_is_found_nowhere():
    for none in (Words.of(()), Words.of(["", " ", "x"]), of_patients([])):
        assert not none.within("x anything")
        assert not none.anywhere({"a": ["x"]})


def test_they_are_found_at_any_depth():
    assert WORDS.anywhere([{"a": {"b": ["-", "Hopkins"]}}])
    assert not WORDS.anywhere([{"hopkins": {"b": [1, None, True]}}]), "a key is no text"
