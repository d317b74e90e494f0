"""Everything that a search may ask, over both databases: chains, inclusions, order, totals, hidden parts."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.refusal import Kind
from tests.desk import (
    APP,
    ST_ANNA,
    ST_BERTA,
    Desk,
    diabetic,
    ehr,
    observation,
    partner,
    patient,
    refusal,
    unknown_meaning,
)

UCUM = "http://unitsofmeasure.org"
HEART_RATE = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
"""What no plan rests on."""


def about(query: str) -> tuple[str, list[tuple[str, str]]]:
    type_, _, rest = query.partition("?")
    return type_, [(name, value) for name, _, value in (p.partition("=") for p in rest.split("&")) if name]


def page(desk: Desk, query: str, actor: Any = None, count: int = 50, position: Any = None) -> Any:
    type_, pairs = about(query)
    return desk.release.search(actor or ehr(), type_, pairs, position, count)


def ids(desk: Desk, query: str, actor: Any = None) -> list[str]:
    return [str(body["id"]) for body in desk.searches(query, actor)]


@pytest.fixture
def ward(desk: Desk) -> Desk:
    """Three patients, a doctor, measurements of two of them in two units, and what the policy withholds."""
    erika = patient("erika", generalPractitioner=[{"reference": "Practitioner/house"}])
    karl = patient("karl", name=[{"family": "Karlsson"}], gender="male", birthDate="1970-01-02")
    desk.puts(
        {"resourceType": "Practitioner", "id": "house", "name": [{"family": "House"}]},
        erika,
        karl,
        patient("nobody", name=[{"family": "Nemo"}], birthDate="1950-05-05"),
        observation("a", "Patient/erika", "2160-0", "1.0", effectiveDateTime="2026-01-05"),
        observation("b", "Patient/erika", "2160-0", "2.0", effectiveDateTime="2026-01-01"),
        observation("c", "Patient/karl", "4548-4", "7.0", effectiveDateTime="2026-01-03"),
    )
    return desk


QUESTIONS = [
    ("Observation?subject:Patient.family=Hopkins", {"a", "b"}),
    ("Observation?patient.family=karlsson", {"c"}),
    ("Observation?subject.birthdate=1970-01-02", {"c"}),
    ("Observation?subject:Patient.general-practitioner:Practitioner.family=House", {"a", "b"}),
    ("Observation?subject:Patient.family=Nemo", set()),
    ("Observation?patient.gender=male&code=4548-4", {"c"}),
    ("Patient?_has:Observation:patient:code=2160-0", {"erika"}),
    ("Patient?_has:Observation:subject:value-quantity=gt1.5", {"erika", "karl"}),
    ("Patient?_has:Observation:patient:code=nothing", set()),
    ("Practitioner?_has:Patient:general-practitioner:_has:Observation:patient:code=2160-0", {"house"}),
    ("Patient?_has:Observation:patient:code=2160-0&gender=male", set()),
    (f"Observation?value-quantity=20|{UCUM}|mg/L", {"b"}),
    (f"Observation?code-value-quantity=2160-0$lt15|{UCUM}|mg/L", {"a"}),
    ("Observation?code-value-quantity=4548-4$1", set()),
    ("Observation?_id:not=a", {"b", "c"}),
    ("Observation?subject=erika", {"a", "b"}),
    ("Observation?subject=Patient/erika/_history/1", {"a", "b"}),
    ("Patient?_lastUpdated=ge2026-03-02&family=Nemo", {"nobody"}),
    ("Patient?_lastUpdated=lt2026-03-01", set()),
]


def test_what_each_question_finds(ward: Desk):
    for query, found in QUESTIONS:
        assert set(ids(ward, query)) == found, query


ORDERS = [
    ("Observation?_sort=date", ["b", "c", "a"]),
    ("Observation?_sort=-date", ["a", "c", "b"]),
    ("Observation?_sort=_lastUpdated", ["a", "b", "c"]),
    ("Observation?_sort=-_lastUpdated", ["c", "b", "a"]),
    ("Observation?_sort=code,-date", ["a", "b", "c"]),
    ("Observation?code=2160-0&_sort=value-quantity", ["a", "b"]),
    ("Patient?_sort=family", ["erika", "karl", "nobody"]),
    ("Patient?_sort=-birthdate", ["karl", "erika", "nobody"]),
    ("Patient?_sort=general-practitioner", ["erika", "nobody", "karl"]),
    ("Observation?_sort=subject,date", ["b", "a", "c"]),
]


@pytest.mark.parametrize("count", [1, 50])
def test_the_order_is_the_one_that_was_asked_for(ward: Desk, count: int):
    for query, order in ORDERS:
        assert [body["id"] for body in ward.searches(query, count=count)] == order, query


def test_a_sorted_list_is_followed_while_writes_go_on(ward: Desk):
    first = page(ward, "Observation?_sort=date", count=1)
    assert (first.total, [one.id for one in first.entries]) == (3, ["b"])
    ward.puts(observation("d", "Patient/karl", effectiveDateTime="2026-01-02"))
    ward.puts(observation("c", "Patient/karl", effectiveDateTime="2020-01-01"))
    ward.intake.delete(ehr(), "Observation", "a")
    second = page(ward, "Observation?_sort=date", count=1, position=first.following)
    third = page(ward, "Observation?_sort=date", count=1, position=second.following)
    assert [(one.id, one.version) for one in second.entries] == [("c", 2)]
    assert (third.entries, third.following) == ((), None)


def test_a_sorted_list_serves_one_client_for_an_hour(ward: Desk):
    first = page(ward, "Observation?_sort=date", count=1)
    with refusal(Kind.GONE):
        page(ward, "Observation?_sort=date", ehr(client_id="another"), 1, first.following)
    ward.now += 3_600 * 1_000_000
    with refusal(Kind.GONE):
        page(ward, "Observation?_sort=date", count=1, position=first.following)


def test_what_is_changed_between_two_pages_is_shown_once(ward: Desk):
    for query in ("Observation?status=final", "Observation?_sort=_lastUpdated"):
        first = page(ward, query, count=1)
        left = {"a", "b", "c"} - {one.id for one in first.entries}
        for one in sorted(left):
            ward.puts(observation(one, "Patient/karl", note=[{"text": query}]))
        rest = page(ward, query, count=5, position=first.following)
        assert {one.id for one in rest.entries} == left


INCLUSIONS = [
        ("Observation?_include=Observation:subject", {"erika", "karl"}),
        ("Observation?_include=Observation:subject:Device", set()),
        ("Observation?_id=c&_include=Observation:*", {"karl"}),
        ("Observation?_id=a&_include=*", {"erika"}),
        ("Observation?_id=a&_include=Observation:subject&_include:iterate=Patient:general-practitioner",
         {"erika", "house"}),
        ("Observation?_id=a&_include:iterate=*", {"erika", "house"}),
        ("Patient?_id=erika&_revinclude=Observation:subject", {"a", "b"}),
        ("Patient?_id=erika&_revinclude=Observation:patient:Patient", {"a", "b"}),
        ("Practitioner?_revinclude=Patient:general-practitioner&_revinclude:iterate=Observation:subject",
         {"erika", "a", "b"}),
        ("Patient?_id=nobody&_revinclude=Observation:subject", set()),
    ]  # fmt: skip


def test_what_comes_along(ward: Desk):
    for query, included in INCLUSIONS:
        found = page(ward, query)
        assert {one.id for one in found.included} == included, query
        assert len(found.included) == len(included), "each once"
        assert found.total == len(found.entries), "what is included is no hit"
        assert found.notes == (), "these scopes hide nothing"


def test_a_reference_to_a_version_brings_that_version(ward: Desk):
    ward.puts(observation("v", "Patient/erika/_history/1"), patient("erika", gender="other"))
    (old,) = page(ward, "Observation?_id=v&_include=Observation:subject").included
    assert (old.version, old.body["gender"]) == (1, "female")


def test_more_than_the_limit_is_said(ward: Desk):
    ward.limit(included=1)
    found = page(ward, "Observation?_include=Observation:subject")
    assert len(found.included) == 1
    assert "first 1" in found.notes[0]


def test_scopes_decide_of_what_comes_along_and_of_each_step(ward: Desk):
    few = ehr(scope="system/Observation.rs system/Patient.r")
    found = page(
        ward,
        "Observation?_id=a&_include=Observation:subject&_include:iterate=Patient:general-practitioner",
        few,
    )
    assert {one.id for one in found.included} == {"erika"}
    assert any("scopes" in note for note in found.notes)
    for query in (
        "Observation?patient.family=Hopkins",
        "Observation?patient._has:Encounter:patient:status=planned",
    ):
        with refusal(Kind.FORBIDDEN):
            page(ward, query, few)
    assert not page(ward, "Observation?_id=a&_include=Observation:subject:Patient", few).notes


TOTALS = [
    ("Observation?code=2160-0", 2),
    ("Observation?date=ge2026-01-03", None),
    ("Observation?date=ge2026-01-03&_total=accurate", 2),
    ("Observation?date=ge2026-01-03&_total=estimate", 2),
    ("Observation?code=2160-0&_total=none", None),
]


def test_totals_are_told_as_they_were_asked_for(ward: Desk):
    for query, total in TOTALS:
        first = page(ward, query, count=1)
        assert first.total == total, query
        assert page(ward, query, count=1, position=first.following).total == total
        assert page(ward, query, count=0).entries == ()


REFUSED = [
        ("Observation?_sort=shoe-size", "not-supported"),
        ("Observation?_sort=code-value-quantity", "not-supported"),
        ("Observation?_sort=date&_sort=code", "value"),
        ("Observation?_total=many", "value"),
        ("Observation?_include=Observation", "value"),
        ("Observation?_include=Observation:code", "not-supported"),
        ("Observation?_include=Patient:link", "value"),
        ("Observation?_include:recurse=Observation:subject", "not-supported"),
        ("Observation?_revinclude=*", "value"),
        ("Observation?code.family=x", "not-supported"),
        ("Observation?subject.shoe-size=x", "not-supported"),
        ("Observation?subject:Nonsense.family=x", "not-supported"),
        ("Observation?patient.general-practitioner:Practitioner._has:Patient:general-practitioner:link.name=x",
         "too-costly"),
        ("Provenance?target.status=x", "too-costly"),
        ("Patient?_has:Observation:code:status=final", "not-supported"),
        ("Patient?_has:Observation:encounter:status=final", "value"),
        ("Patient?_has:Observation:patient=final", "not-supported"),
        ("Patient?_text=x", "not-supported"),
        ("Patient?_content=x", "not-supported"),
        ("Patient?_filter=x", "not-supported"),
        ("Patient?_list=x", "not-supported"),
        ("Patient?_query=x", "not-supported"),
        ("Location?near=1|1", "not-supported"),
    ]  # fmt: skip


def test_what_cannot_be_honoured_is_refused(ward: Desk):
    for query, code in REFUSED:
        with refusal(Kind.INVALID, code):
            page(ward, query)


def test_what_would_open_too_much_is_refused(ward: Desk):
    ward.limit(opened=2)
    for query in (
        "Observation?_sort=date",
        "Patient?family:contains=o",
        "Observation?code:text=x",
        "Observation?date=gt2020&_total=accurate",
        "Observation?patient.family:contains=o",
    ):
        with refusal(Kind.INVALID, "too-costly"):
            page(ward, query)
    ward.limit(linked=1)
    with refusal(Kind.INVALID, "too-costly"):
        page(ward, "Observation?patient.birthdate=gt1900")


def test_as_many_alternatives_as_there_may_be_are_answered(ward: Desk):
    numbers = ",".join(f"{number}|{UCUM}|mg/dL" for number in range(1, 200))
    assert ids(ward, f"Observation?value-quantity={numbers}") == ["b", "a"]
    codes = ",".join(f"c{number}" for number in range(900))
    assert ids(ward, f"Observation?code={codes},4548-4&status=final") == ["c"]
    with refusal(Kind.INVALID, "too-costly"):
        page(ward, "Observation?" + "&".join(["code=4548-4"] * 101))


def test_what_rows_do_not_narrow_comes_in_short_pages(ward: Desk):
    ward.limit(opened=2)
    first = page(ward, "Observation?code:not=4548-4")
    assert [one.id for one in first.entries] == ["b"]
    assert first.following is not None
    assert ids(ward, "Observation?code:not=4548-4") == ["b", "a"]
    assert ids(ward, "Observation?_sort=_lastUpdated&code:not=4548-4") == ["a", "b"]


def test_its_source_finds_what_has_no_clinical_half_by_everything(ward: Desk):
    strange = observation("s", "Patient/karl", "4548-4", "8.0", effectiveDateTime="2026-02-02")
    strange["performer"] = [{"reference": "https://elsewhere.example/fhir/Practitioner/1"}]
    ward.puts(unknown_meaning(strange))
    assert ward.half("Observation/s") is None
    for query in (
        "date=2026-02-02",
        "value-quantity=8",
        "subject=Patient/karl&status=final&date=gt2026-01-31",
        "performer=https://elsewhere.example/fhir/Practitioner/1",
        "patient.family=Karlsson&date=ge2026-02",
        "code-value-quantity=4548-4$gt7.5",
        "status:not=amended&_id=s",
    ):
        assert ids(ward, f"Observation?{query}") == ["s"], query
    assert set(ids(ward, "Patient?_has:Observation:patient:date=2026-02-02")) == {"karl"}


def test_an_absolute_reference_that_the_half_lacks_is_found(ward: Desk):
    ward.puts(
        observation(
            "x", "Patient/karl", performer=[{"reference": "https://elsewhere.example/Practitioner/2"}]
        )
    )
    assert ids(ward, "Observation?performer=https://elsewhere.example/Practitioner/2") == ["x"]


def test_law_4_whose_data_came_along_stands_in_the_trail(ward: Desk):
    with ward.leaves() as events:
        page(ward, "Practitioner?_id=house&_revinclude=Patient:general-practitioner")
    assert {event.patient for event in events} == {None, ward.id_of("Patient/erika")}
    assert all("House" not in str(event.detail) for event in events)


# --- partners ------------------------------------------------------------------------------------------


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """A plan in each of two hospitals; only what it points at is a partner's to see."""
    desk.puts(
        *diabetic("mrn-1"), {**observation("unseen", "Patient/mrn-1", status="amended"), "code": HEART_RATE}
    )
    desk.puts(*diabetic("mrn-9"), actor=ehr(ST_BERTA))
    desk.works()
    return desk


def test_law_2_chains_and_has_tell_a_partner_nothing_more(planned: Desk):
    app = partner(APP, ST_ANNA)
    assert len(planned.searches("CarePlan?subject:Patient.gender=female", app)) == 1
    assert len(planned.searches("Patient?_has:CarePlan:subject:status=draft", app)) == 1
    whole = planned.searches("Patient?_has:Observation:subject:status=amended")
    assert [body["id"] for body in whole] == ["mrn-1"], "the hospital sees the measurement"
    assert planned.searches("Observation?status=amended", app) == []
    assert planned.searches("Patient?_has:Observation:subject:status=amended", app) == []
    for query in (
        "CarePlan?subject:Patient.family=Hopkins",
        "Patient?_has:Observation:subject:identifier=x",
        "CarePlan?subject:Patient.birthdate=1961-04",
        "CarePlan?patient.name:contains=o",
        "Patient?_sort=family",
        "Patient?_sort=birthdate",
    ):
        with refusal(Kind.INVALID):
            planned.searches(query, app)


def test_law_2_what_comes_along_is_what_a_partner_may_read(planned: Desk):
    app = partner(APP, ST_ANNA)
    (patient_,) = planned.searches("Patient", app)
    found = page(planned, "Patient?_revinclude=Observation:subject&_revinclude=CarePlan:subject", app)
    readable = {body["id"] for body in planned.searches("Observation", app)}
    observations = {one.id for one in found.included if one.type == "Observation"}
    assert observations == readable
    assert {one.type for one in found.included} == {"CarePlan", "Observation"}
    forward = page(planned, "CarePlan?_include=CarePlan:subject&_include=CarePlan:*", app)
    assert patient_["id"] in {one.id for one in forward.included}
    shown = str([one.body for one in (*found.included, *forward.included)])
    assert "mrn-1" not in shown
    assert "Hopkins" not in shown


def test_law_2_nothing_of_another_tenant_is_chained_counted_or_included(planned: Desk):
    anna, both = partner(APP, ST_ANNA), partner(APP, ST_ANNA, ST_BERTA)
    theirs = [p for p in planned.searches("CarePlan", both) if p not in planned.searches("CarePlan", anna)]
    (subject,) = [plan["subject"]["reference"] for plan in theirs]
    for query in (f"CarePlan?subject={subject}", f"CarePlan?subject:Patient._id={subject.partition('/')[2]}",
                  f"Observation?subject={subject}"):  # fmt: skip
        assert planned.searches(query, anna) == []
        assert page(planned, f"{query}&_total=accurate", anna).total == 0
    assert page(planned, "Patient?_total=accurate", ehr(ST_ANNA), count=0).total == 1
    assert page(planned, "CarePlan?_total=estimate", anna, count=1).total in (None, 1)
    assert page(planned, "CarePlan?_total=accurate", both, count=0).total == 2


def test_pages_over_two_tenants_have_a_ceiling_each(planned: Desk):
    both = partner(APP, ST_ANNA, ST_BERTA)
    first = page(planned, "CarePlan", both, count=1)
    planned.puts(*diabetic("mrn-2"))
    planned.puts(*diabetic("mrn-3"), actor=ehr(ST_BERTA))
    planned.works()
    rest = page(planned, "CarePlan", both, count=9, position=first.following)
    assert len(first.entries) + len(rest.entries) == 2
    assert len(planned.searches("CarePlan", both)) == 4


@pytest.mark.parametrize("query", ["CarePlan?_sort=_lastUpdated", "CarePlan?_sort=status"])
def test_two_tenants_are_sorted_into_one_list(planned: Desk, query: str):
    both = partner(APP, ST_ANNA, ST_BERTA)
    one_by_one = [body["id"] for body in planned.searches(query, both, count=1)]
    assert one_by_one == [body["id"] for body in planned.searches(query, both)]
    assert len(set(one_by_one)) == 2
