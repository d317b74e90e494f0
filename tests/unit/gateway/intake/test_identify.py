"""Which resource an entry means: given by the server, named by the sender, or found; several are refused."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.auth.actor import Actor
from gateway.intake.entries import Entry
from gateway.intake.identify import identified, looked_up
from gateway.intake.looking import Looking
from gateway.refusal import Kind, Refused
from tests.desk import ehr, patient, refusal


class Shelf:
    """Something to look at that remembers what it was asked."""

    def __init__(self, *ids: str) -> None:
        self.ids, self.asked = list(ids), []

    def looking(self) -> Looking:
        def find(actor: Actor, type_: str, criteria: list[tuple[str, str]]) -> list[str]:
            self.asked.append((type_, criteria))
            return self.ids

        return Looking(find, _never, _never)


def _never(*_: Any) -> Any:
    raise AssertionError("nothing is read here")


def entropy(count: int) -> bytes:
    return bytes(range(count))


def given_ids(entries: Sequence[Entry], shelf: Shelf) -> list[Entry]:
    return identified(ehr(), entries, shelf.looking(), entropy)


def test_a_post_gets_an_id_that_the_server_draws_and_its_body_with_it():
    (made,) = given_ids([Entry("", "POST", "Patient", resource=patient("the-senders"))], Shelf())
    assert uuid.UUID(made.id or "").version == 4
    assert made.resource == {**patient("x"), "id": made.id}


def test_law_11_the_id_comes_from_the_entropy_that_was_handed_in():
    first = given_ids([Entry("", "POST", "Patient", resource=patient("x"))], Shelf())
    assert first == given_ids([Entry("", "POST", "Patient", resource=patient("x"))], Shelf())


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET"])
def test_who_names_an_id_means_it(method: str):
    shelf = Shelf("other")
    entry = Entry("", method, "Patient", "mrn-1", patient("mrn-1"))
    assert given_ids([entry], shelf) == [entry]
    assert shelf.asked == []


def test_a_conditional_create_that_finds_becomes_a_read_of_what_is_there():
    shelf = Shelf("mrn-1")
    sent = Entry("a", "POST", "Patient", resource=patient("x"), if_none_exist="identifier=urn%3Amrn%7C1")
    (made,) = given_ids([sent], shelf)
    assert (made.method, made.id, made.resource) == ("GET", "mrn-1", None)
    assert shelf.asked == [("Patient", [("identifier", "urn:mrn|1")])]


def test_a_conditional_create_that_finds_nothing_is_a_create():
    sent = Entry("a", "POST", "Patient", resource=patient("x"), if_none_exist="identifier=1")
    (made,) = given_ids([sent], Shelf())
    assert made.method == "POST"
    assert made.id not in (None, "x")


@pytest.mark.parametrize(("ids", "id_"), [(["mrn-1"], "mrn-1"), ([], None)])
def test_a_conditional_update_means_what_it_finds_or_makes_a_new_one(ids: list[str], id_: str | None):
    body = {"resourceType": "Patient"}
    (made,) = given_ids([Entry("a", "PUT", "Patient", resource=body, query="name=A")], Shelf(*ids))
    assert made.method == "PUT"
    assert made.query is None
    assert made.resource is not None
    assert made.resource["id"] == made.id
    assert made.id == (id_ or made.id)


def test_a_conditional_delete_that_finds_nothing_names_nothing():
    (made,) = given_ids([Entry("a", "DELETE", "Patient", query="name=A")], Shelf())
    assert made.id is None


@pytest.mark.parametrize(
    "entry",
    [
        Entry("Bundle.entry[4]", "POST", "Patient", resource=patient("x"), if_none_exist="name=A"),
        Entry("Bundle.entry[4]", "PUT", "Patient", resource=patient("x"), query="name=A"),
        Entry("Bundle.entry[4]", "DELETE", "Patient", query="name=A"),
    ],
    ids=lambda entry: entry.method,
)
def test_criteria_that_match_several_are_refused_with_their_place(entry: Entry):
    with pytest.raises(Refused) as caught:
        given_ids([entry], Shelf("1", "2"))
    assert caught.value.kind is Kind.PRECONDITION
    assert caught.value.issues[0].expression == "Bundle.entry[4]"


def test_a_conditional_reference_is_searched_once_however_often_it_stands():
    shelf = Shelf("mrn-1")
    look_up = looked_up(ehr(), shelf.looking())
    assert [look_up("Patient?identifier=1", "here"), look_up("Patient?identifier=1", "there")] == [
        "Patient/mrn-1"
    ] * 2
    assert len(shelf.asked) == 1


@pytest.mark.parametrize(("ids", "code"), [([], "not-found"), (["1", "2"], "multiple-matches")])
def test_a_conditional_reference_must_match_exactly_one(ids: list[str], code: str):
    with refusal(Kind.UNPROCESSABLE, code):
        looked_up(ehr(), Shelf(*ids).looking())("Patient?identifier=1", "here")
