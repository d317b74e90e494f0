"""The order by which resources stand, whatever kind the parameter is."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.lossless import loads
from mappers.r4.model import MODEL
from mappers.r4.search_sorting import key, serves

UCUM = "http://unitsofmeasure.org"


def order(name: str, descending: bool, *resources: dict[str, Any], type_: str = "Observation") -> list[int]:
    parameter = MODEL.search[type_][name]
    keys = [key(one, parameter, descending) for one in resources]
    known = [place for place, one in enumerate(keys) if one is not None]
    return sorted(known, key=lambda place: keys[place], reverse=descending)


def dated(text: str) -> dict[str, Any]:
    return {"effectiveDateTime": text}


def measured(number: str, code: str = "mg", **more: Any) -> dict[str, Any]:
    return {"valueQuantity": {"value": loads(number.encode()), "system": UCUM, "code": code, **more}}


def test_dates_stand_by_their_beginning_or_their_end():
    days = [dated("2026-03"), dated("2026-03-02"), {"effectivePeriod": {"start": "2026-02"}}, {}]
    assert order("date", False, *days) == [2, 0, 1]
    assert order("date", True, *days) == [2, 0, 1]
    moments = [dated("2026-03-01T23:00:00-05:00"), dated("2026-03-02T03:00:00Z")]
    assert order("date", False, *moments) == [1, 0]


def test_quantities_stand_by_what_they_measure():
    values = [measured("5000"), measured("4", "g"), measured("6", "g"), measured("1", "g", comparator=">")]
    assert order("value-quantity", False, *values) == [3, 1, 0, 2]
    assert order("value-quantity", True, *values) == [3, 2, 0, 1]


def test_texts_stand_without_case_and_accents():
    names = [{"name": [{"family": one}]} for one in ("Öz", "anna", "Berta")]
    assert order("family", False, *names, type_="Patient") == [1, 2, 0]


def test_tokens_references_and_uris_stand_by_their_text():
    codes = [{"code": {"coding": [{"code": "c"}, {"code": "a"}]}}, {"code": {"coding": [{"code": "b"}]}}]
    assert order("code", False, *codes) == [0, 1]
    assert order("code", True, *codes) == [0, 1]
    pointing = [{"subject": {"reference": "Patient/2"}}, {"subject": {"reference": "Patient/1"}}]
    assert order("subject", False, *pointing) == [1, 0]
    active = [{"active": True}, {"active": False}]
    assert order("active", False, *active, type_="Patient") == [1, 0]
    cards = [{"identifier": [{"value": "9"}]}, {"identifier": [{"value": "10"}]}]
    assert order("identifier", False, *cards, type_="Patient") == [1, 0]
    sources = [{"meta": {"source": "urn:b"}}, {"meta": {"source": "urn:a"}}]
    assert order("_source", True, *sources) == [0, 1]


def test_what_has_no_value_has_no_place():
    assert key({}, MODEL.search["Observation"]["date"], False) is None


@pytest.mark.parametrize("type_", sorted(MODEL.resources))
def test_whatever_is_served_has_a_key_or_none(type_: str):
    for parameter in MODEL.search[type_].values():
        if serves(parameter):
            assert key({"resourceType": type_}, parameter, True) is None


def test_mere_presence_is_no_order():
    assert not serves(MODEL.search["Patient"]["deceased"])
