"""The stories through the real house: taken in, sealed, planned by a worker, read back by the EHR.

What the EHR reads must be the page that ``tests/golden/stories`` expects, in the EHR's own ids; and what a
partner reads of it must name none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.custody.settings import Storage
from mappers import lossless
from tests.desk import APP, OTHER_APP, PLAN_QUERY, ST_ANNA, Desk, ehr, partner
from tests.golden.test_golden import GOLDEN, shown
from tests.way import label, page

STORIES = sorted(path.name for path in (GOLDEN / "stories").iterdir())
Resource = dict[str, Any]


@pytest.fixture
def small_desk(sqlite_storage: Storage) -> Iterator[Desk]:
    made = Desk(sqlite_storage)
    yield made
    made.close()


def sent(name: str) -> Resource:
    body: Resource = lossless.loads((GOLDEN / "stories" / name / "input.json").read_bytes())
    return body


def admitted(desk: Desk, name: str) -> dict[str, str]:
    """Send a story; what a clinician calls each of its resources, by the reference that the EHR knows."""
    body = sent(name)
    answers = desk.submits(*body["entry"])
    places = ["/".join(one["response"]["location"].split("/")[-4:-2]) for one in answers]
    return {place: label(entry["resource"]) for place, entry in zip(places, body["entry"], strict=True)}


def plans(desk: Desk, patient: str) -> list[Resource]:
    return desk.searches(f"CarePlan?identifier=urn:careloom:plan|&subject={patient}")


def read_with_its_parts(desk: Desk, careplan: Resource) -> Iterator[Resource]:
    """A plan and what was derived with it, as its EHR reads them."""
    yield careplan
    parts = (*careplan.get("goal", ()), *careplan.get("supportingInfo", ()))
    for reference in dict.fromkeys(one["reference"] for one in parts):
        if "/_history/" not in reference:
            yield desk.reads(reference)


def test_each_story_is_kept_as_the_page_that_a_clinician_expects(desk: Desk) -> None:
    names = {name: admitted(desk, name) for name in STORIES}
    assert desk.works() == len(STORIES)
    for name, known in names.items():
        expected = json.loads((GOLDEN / "stories" / name / "expected.json").read_text("utf-8"))
        patient = next(iter(known))
        found = [page(read_with_its_parts(desk, one), known) for one in plans(desk, patient)]
        told = [json.loads(shown(one)) for one in found] or [{"status": "no plan"}]
        assert told == [expected], name


def test_law_6_each_living_patient_has_one_plan_and_the_dead_none(desk: Desk) -> None:
    people = {name: next(iter(admitted(desk, name))) for name in STORIES}
    desk.works()
    counted = {name: len(plans(desk, patient)) for name, patient in people.items()}
    assert counted == {name: int(name != "has_died") for name in STORIES}


def test_law_7_a_story_told_three_times_is_one_plan_with_the_same_decisions(small_desk: Desk) -> None:
    seen = []
    for _ in range(3):
        known = admitted(small_desk, "egfr_28_on_metformin")
        small_desk.works()
        (found,) = plans(small_desk, next(iter(known)))
        seen.append([one["detail"]["code"] for one in found["activity"]])
    assert seen[0] == seen[1] == seen[2] != []


@pytest.mark.parametrize("name", ["egfr_28_on_metformin", "allergy_that_only_a_person_can_read"])
def test_law_2_a_partner_reads_the_same_decisions_about_a_pseudonym(small_desk: Desk, name: str) -> None:
    known = admitted(small_desk, name)
    small_desk.works()
    (own,) = plans(small_desk, next(iter(known)))
    app = partner(APP, ST_ANNA)
    (theirs,) = small_desk.searches("CarePlan?" + "&".join("=".join(pair) for pair in PLAN_QUERY), app)
    assert [one["detail"]["code"] for one in theirs["activity"]] == [
        one["detail"]["code"] for one in own["activity"]
    ]
    text = lossless.dumps(theirs).decode()
    assert not [reference for reference in known if reference.partition("/")[2] in text]
    assert theirs["id"] != own["id"]
    assert theirs["subject"]["reference"] != own["subject"]["reference"]


def test_law_3_two_partners_cannot_join_what_they_read(small_desk: Desk) -> None:
    admitted(small_desk, "egfr_28_on_metformin")
    small_desk.works()
    query = "CarePlan?identifier=urn:careloom:plan|"
    (first,), (second,) = (small_desk.searches(query, partner(who, ST_ANNA)) for who in (APP, OTHER_APP))
    assert not _ids(first) & _ids(second)


def _ids(resource: Resource) -> set[str]:
    found = {resource["id"], *(one["value"] for one in resource["identifier"])}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("reference"), str):
                found.add(value["reference"])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(resource)
    return found


def test_a_death_that_is_reported_completes_the_plan(small_desk: Desk) -> None:
    known = admitted(small_desk, "kidney_disease_3b_with_much_albumin_on_metformin")
    small_desk.works()
    patient = next(iter(known))
    small_desk.now += 1_000_000
    person = small_desk.reads(patient, ehr())
    small_desk.puts({**person, "deceasedBoolean": True})
    small_desk.works()
    (ended,) = plans(small_desk, patient)
    assert ended["status"] == "completed"
    assert {one["detail"]["status"] for one in ended["activity"]} == {"cancelled"}
    assert "died" in ended["text"]["div"]


def test_law_7_a_value_taken_back_takes_its_proposal_with_it(small_desk: Desk) -> None:
    known = admitted(small_desk, "heart_disease_without_a_statin")
    small_desk.works()
    patient = next(iter(known))
    assert [one["detail"]["code"]["text"] for one in plans(small_desk, patient)[0]["activity"]]
    (diagnosis,) = [reference for reference in known if reference.startswith("Condition/")]
    small_desk.now += 1_000_000
    small_desk.intake.delete(ehr(), *diagnosis.split("/"))
    small_desk.works()
    (left,) = plans(small_desk, patient)
    assert "activity" not in left
