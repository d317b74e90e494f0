"""What is refused before anything is looked up: each entry by its own right, and every fault at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake import checks
from gateway.intake.entries import Entry
from gateway.refusal import Kind, Refused
from tests.desk import bundle, ehr, entry, patient, refusal


def asked(method: str, type_: str = "Patient", at: str = "Bundle.entry[0]", body: Any = None) -> Entry:
    return Entry(at, method, type_, "p1", body)


@pytest.mark.parametrize(("method", "letter"), sorted(checks.LETTERS.items()))
def test_law_12_each_method_needs_its_own_letter(method: str, letter: str):
    checks.allowed(ehr(scope=f"system/Patient.{letter}"), [asked(method)])
    others = "".join(x for x in "cruds" if x != letter)
    with refusal(Kind.FORBIDDEN, "forbidden"):
        checks.allowed(ehr(scope=f"system/Patient.{others}"), [asked(method)])


def test_the_first_entry_that_lacks_its_right_is_named():
    entries = [
        asked("PUT", "Patient", "Bundle.entry[0]"),
        asked("PUT", "Observation", "Bundle.entry[1]"),
        asked("DELETE", "Condition", "Bundle.entry[2]"),
    ]
    with pytest.raises(Refused) as caught:
        checks.allowed(ehr(scope="system/Patient.u system/Condition.r"), entries)
    assert [issue.expression for issue in caught.value.issues] == ["Bundle.entry[1]"]


@given(st.lists(st.sampled_from(["gender", "birthDate", "active"]), min_size=1, unique=True))
def test_every_fault_of_every_resource_is_told_at_once_with_its_place(wrong: list[str]):
    body = {**patient("p1"), **dict.fromkeys(wrong, "Ms. Hopkins")}
    entries = [asked("PUT", at=f"Bundle.entry[{n}]", body=body) for n in (0, 1)]
    with pytest.raises(Refused) as caught:
        checks.resources(entries)
    places = {issue.expression for issue in caught.value.issues}
    assert places == {f"Bundle.entry[{n}].resource.{name}" for n in (0, 1) for name in wrong}
    assert not any("Hopkins" in issue.text for issue in caught.value.issues), "a fault quotes nobody"


def test_a_resource_that_came_alone_is_named_by_its_type():
    with pytest.raises(Refused) as caught:
        checks.resources([asked("PUT", at="", body={**patient("p1"), "gender": "x"})])
    assert caught.value.issues[0].expression == "Patient.gender"


def test_what_brings_no_resource_has_nothing_to_be_checked():
    checks.resources([asked("DELETE"), asked("GET")])


def test_the_envelope_is_checked_without_what_it_holds():
    checks.envelope(bundle(entry("PUT", "Patient/p1", {**patient("p1"), "gender": "x"})))
    with pytest.raises(Refused) as caught:
        checks.envelope(bundle(entry("PUT", "Patient/p1", patient("p1"), fullUrl=["two"])))
    assert caught.value.kind is Kind.INVALID
