"""What an officer asked of the trail stays in it as codes, days and pseudonyms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.ids import StoredId, parse_pseudonym, pseudonym
from gateway.fhir.trail_masked import masked
from gateway.fhir.trail_query import NAMES
from gateway.release.masked import CUT, LONGEST, MASK

ANNA = StoredId(b"a" * 16)
CLIENT = "ab2cd3ef4gh5ij6kl7mnopqr"


def told(name: str, value: str) -> str:
    return masked([(name, value)], lambda _type, _id: ANNA, 20).removesuffix("&_count=20")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("patient", "Patient/mrn-1", f"Patient/{pseudonym(ANNA)}"),
        ("patient", "mrn-1", f"Patient/{pseudonym(ANNA)}"),
        ("entity", "CarePlan/plan", f"CarePlan/{pseudonym(ANNA)}"),
        ("entity", "Muster/plan", MASK),
        ("date", "ge2026-03-01,lt2027", "ge2026-03-01,lt2027"),
        ("date", "Muster", MASK),
        ("agent", CLIENT, CLIENT),
        ("agent", f"urn:careloom:client|{CLIENT}", f"urn:careloom:client|{CLIENT}"),
        ("agent", f"Device/{CLIENT}", f"Device/{CLIENT}"),
        ("agent", "careloom-worker", "careloom-worker"),
        ("agent", "Änne.Muster", MASK),
        ("type", "rest", "rest"),
        ("type", "110114,Muster", f"110114,{MASK}"),
        ("subtype", "http://hl7.org/fhir/restful-interaction|read", None),
        ("subtype", "urn:careloom:audit-kind|consent:deny", None),
        ("subtype", "disclose", "disclose"),
        ("action", "R,E", "R,E"),
        ("outcome", "http://hl7.org/fhir/audit-event-outcome|4", None),
        ("purpose", "ETREAT", "ETREAT"),
        ("address", "192.0.2.", "192.0.2."),
        ("address", "2001:db8::1", "2001:db8::1"),
        ("address", "77310042", MASK),
    ],
)
def test_what_stays_of_a_value(name: str, value: str, kept: str | None):
    assert told(name, value) == f"{name}={value if kept is None else kept}"


def test_who_cannot_be_resolved_is_not_told():
    assert masked([("patient", "mrn-1")], lambda *_: None, 20) == f"patient={MASK}&_count=20"


def test_a_long_question_is_cut():
    asked = masked([("date", "ge2026-03-01")] * 100, lambda *_: None, 20)
    assert len(asked) <= LONGEST + len(CUT)
    assert asked.endswith(CUT)


@given(st.sampled_from(NAMES), st.text(st.characters(min_codepoint=0x100), min_size=1, max_size=20))
def test_law_2_no_word_that_is_not_ours_stays(name, word):
    asked = told(name, word)
    assert word not in asked
    for one in asked.removeprefix(f"{name}=").split(","):
        assert one == MASK or parse_pseudonym(one.partition("/")[2]) is not None
