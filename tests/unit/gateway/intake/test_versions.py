"""Which version comes next: told from the heads as they are, refused where they are not as was asked."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.errors import Erased
from gateway.custody.tables import clinical_key
from gateway.intake.entries import Condition, Entry, Standing
from gateway.intake.versions import Outcome, Versions, content
from gateway.refusal import Kind
from mappers import lossless
from tests.desk import NOW, ST_BERTA, Desk, ehr, observation, patient, refusal

PLAN = {
    "resourceType": "CarePlan",
    "id": "plan",
    "identifier": [{"system": "urn:careloom:plan", "value": "plan"}],
    "status": "active",
    "intent": "plan",
    "subject": {"reference": "Patient/mrn-1"},
}


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    small_desk.puts(patient("mrn-1"))
    return small_desk


def put(resource: dict[str, Any], if_match: Condition | None = None) -> Entry:
    return Entry("at", "PUT", resource["resourceType"], resource["id"], resource, if_match=if_match)


def following(desk: Desk, *entries: Entry) -> list[Outcome]:
    versions = Versions(desk.vault, desk.intake.policy, desk.looking, os.urandom)
    return versions.following(ehr(), entries, NOW + 1)


def test_what_is_new_begins_at_one_and_what_is_there_goes_on(desk: Desk):
    new, next_ = following(desk, put(patient("mrn-2")), put(patient("mrn-1", gender="other")))
    assert (new.interaction, new.status, new.target.version, new.stored.created) == ("create", 201, 1, True)
    assert (next_.interaction, next_.status, next_.target.version) == ("update", 200, 2)
    assert not next_.stored.created


def test_nothing_is_written_before_the_commit(desk: Desk):
    before = desk.counts()
    following(desk, put(patient("mrn-1", gender="other")), put(patient("mrn-2")))
    assert desk.counts() == before


@pytest.mark.parametrize(
    "meta", [{}, {"versionId": "77"}, {"lastUpdated": "2020-01-01T00:00:00Z"}, {"versionId": "1"}], ids=str
)
def test_what_changes_nothing_makes_no_version(desk: Desk, meta: dict[str, str]):
    (same,) = following(desk, put({**patient("mrn-1"), **({"meta": meta} if meta else {})}))
    assert same.sealed is None
    assert (same.interaction, same.status, same.target.version) == ("update", 200, 1)
    assert (same.stored.changed, same.stored.updated) == (False, NOW)


@pytest.mark.parametrize(
    "change",
    [{"gender": "other"}, {"meta": {"source": "urn:other"}}, {"name": [{"family": "Hopkins"}]}],
    ids=["clinical", "meta", "withheld"],
)
def test_what_changes_anything_makes_one(desk: Desk, change: dict[str, Any]):
    (made,) = following(desk, put({**patient("mrn-1"), **change}))
    assert made.sealed is not None
    assert made.target.version == 2


def test_law_1_a_digit_more_is_a_change(desk: Desk):
    desk.puts(observation("o1", "Patient/mrn-1", value="9.1"))
    (made,) = following(desk, put(observation("o1", "Patient/mrn-1", value="9.10")))
    assert made.sealed is not None


@pytest.mark.parametrize(
    ("if_match", "goes"), [(None, True), (1, True), (0, False), (2, False)], ids=["none", "1", "0", "2"]
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_if_match_names_the_version_that_must_be_current(
    desk: Desk, method: str, if_match: int | None, goes: bool
):
    body = patient("mrn-1", gender="other") if method == "PUT" else None
    entry = Entry("at", method, "Patient", "mrn-1", body, if_match=if_match)
    if goes:
        assert following(desk, entry)[0].target.version == 2
    else:
        with refusal(Kind.PRECONDITION, "conflict"):
            following(desk, entry)


def test_if_match_on_what_is_not_there_or_was_deleted_is_refused(desk: Desk):
    with refusal(Kind.PRECONDITION):
        following(desk, put(patient("mrn-2"), if_match=1))
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    with refusal(Kind.PRECONDITION):
        following(desk, put(patient("mrn-1"), if_match=2))


@pytest.mark.parametrize(("name", "there"), [("mrn-1", True), ("mrn-2", False)])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("standing", Standing)
def test_a_write_may_suppose_that_anything_or_nothing_is_there(
    desk: Desk, name: str, there: bool, method: str, standing: Standing
):
    body = patient(name, gender="other") if method == "PUT" else None
    entry = Entry("at", method, "Patient", name, body, if_match=standing)
    if there == (standing is Standing.ANY):
        assert following(desk, entry)
    else:
        with refusal(Kind.PRECONDITION, "conflict"):
            following(desk, entry)


def test_what_was_deleted_is_nothing(desk: Desk):
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    assert following(desk, put(patient("mrn-1"), if_match=Standing.NOTHING))[0].status == 201
    with refusal(Kind.PRECONDITION):
        following(desk, put(patient("mrn-1"), if_match=Standing.ANY))


def test_a_deletion_is_a_version_and_what_comes_after_it_is_new_again(desk: Desk):
    (gone,) = following(desk, Entry("at", "DELETE", "Patient", "mrn-1"))
    assert (gone.status, gone.target.version) == (204, 2)
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    (again,) = following(desk, Entry("at", "DELETE", "Patient", "mrn-1"))
    assert (again.status, again.sealed) == (204, None)
    (back,) = following(desk, put(patient("mrn-1")))
    assert (back.interaction, back.status, back.target.version) == ("create", 201, 3)


def test_law_12_only_what_is_carelooms_already_may_bear_its_plans_identifier(desk: Desk):
    with refusal(Kind.UNPROCESSABLE, "business-rule"):
        following(desk, put(PLAN))
    desk.puts({key: value for key, value in PLAN.items() if key != "identifier"})
    with refusal(Kind.UNPROCESSABLE, "business-rule"):
        following(desk, put(PLAN))


def test_who_was_erased_is_refused_and_gets_no_new_keys(desk: Desk):
    anna = desk.id_of("Patient/mrn-1")
    desk.erases(anna)
    for resource in (patient("mrn-1"), observation("o9", "Patient/mrn-1")):
        with pytest.raises(Erased):
            following(desk, put(resource))
    with desk.vault.keys.read() as conn:
        subjects = {row.subject for row in conn.execute(clinical_key.select())}
    assert anna not in subjects
    assert following(desk, put(patient("mrn-2")))[0].status == 201, "others are not concerned"


def test_the_patient_of_an_outcome_is_the_compartment_or_nobody(desk: Desk):
    doctor = {"resourceType": "Practitioner", "id": "dr-no"}
    one, none = following(desk, put(observation("o1", "Patient/mrn-1")), put(doctor))
    assert one.patient == desk.id_of("Patient/mrn-1")
    assert none.patient is None


META = st.fixed_dictionaries(
    {}, optional={"versionId": st.text(), "lastUpdated": st.text(), "source": st.text()}
)


@given(META, st.dictionaries(st.sampled_from(["id", "gender"]), st.text()))
def test_content_is_all_but_what_the_server_says_of_versions(meta: dict[str, str], rest: dict[str, str]):
    resource = {"resourceType": "Patient", **rest, "meta": meta}
    kept = content(resource)
    wanted = {**{k: v for k, v in resource.items() if k != "meta"}}
    if "source" in meta:
        wanted["meta"] = {"source": meta["source"]}
    assert lossless.same(kept, wanted)
    assert content(kept) == kept
    assert resource["meta"] is meta, "the input is left alone"


def test_heads_of_another_tenant_do_not_count(desk: Desk):
    versions = Versions(desk.vault, desk.intake.policy, desk.looking, os.urandom)
    (made,) = versions.following(ehr(ST_BERTA), [put(patient("mrn-1"))], NOW)
    assert (made.status, made.target.version) == (201, 1)
