"""What references between entries become, and how those that lead nowhere are named."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake.entries import Entry
from gateway.intake.resolving import resolve
from gateway.refusal import Kind, Recorded, Refused, recorded, refused

PATIENT = {"resourceType": "Patient", "id": "p1"}
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def never(text: str, at: str) -> str:
    raise AssertionError("nothing conditional was asked")


def observation(reference: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": "o1", "subject": {"reference": reference}}


def test_urn_and_conditional_references_become_literal() -> None:
    entries = [
        Entry("Bundle.entry[0]", "POST", "Patient", "given", dict(PATIENT), "urn:uuid:a"),
        Entry("Bundle.entry[1]", "POST", "Observation", "o1", observation("urn:uuid:a")),
        Entry("Bundle.entry[2]", "POST", "Observation", "o2", observation("Patient?identifier=s|1")),
    ]
    asked: list[tuple[str, str]] = []

    def look_up(text: str, at: str) -> str:
        asked.append((text, at))
        return "Patient/found"

    made = resolve(entries, look_up)
    assert asked == [("Patient?identifier=s|1", "Bundle.entry[2].resource")]
    assert [e.resource and e.resource.get("subject") for e in made] == [
        None,
        {"reference": "Patient/given"},
        {"reference": "Patient/found"},
    ]
    assert entries[1].resource == observation("urn:uuid:a"), "the input is left alone"


def test_every_urn_that_names_nothing_is_said_at_once() -> None:
    entries = [
        Entry(f"Bundle.entry[{i}]", "POST", "Observation", "x", observation("urn:uuid:b")) for i in (0, 1)
    ]
    with pytest.raises(Refused) as caught:
        resolve(entries, never)
    assert caught.value.kind is Kind.UNPROCESSABLE
    assert [i.expression for i in caught.value.issues] == [
        "Bundle.entry[0].resource.subject.reference",
        "Bundle.entry[1].resource.subject.reference",
    ]
    assert all("urn:uuid:b" not in i.text for i in caught.value.issues), "a text never repeats what was asked"


def test_a_uri_that_names_no_entry_is_a_name_of_something_else() -> None:
    told = {"url": "urn:device", "valueUri": "urn:uuid:c"}
    body = {**observation("Patient/p1"), "extension": [told]}
    (made,) = resolve([Entry("Bundle.entry[0]", "POST", "Observation", "o1", body)], never)
    assert made.resource == body


def test_a_uri_that_names_an_entry_is_rewritten_with_it() -> None:
    body = {**observation("urn:uuid:a"), "meta": {"source": "urn:uuid:a", "profile": ["urn:uuid:a"]}}
    entries = [
        Entry("Bundle.entry[0]", "POST", "Patient", "given", dict(PATIENT), "urn:uuid:a"),
        Entry("Bundle.entry[1]", "POST", "Observation", "o1", body),
    ]
    made = resolve(entries, never)[1].resource
    assert made is not None
    assert made["meta"] == {"source": "Patient/given", "profile": ["urn:uuid:a"]}, "no canonical is a link"
    assert made["subject"] == {"reference": "Patient/given"}


def test_texts_that_only_look_like_a_reference_are_left_alone() -> None:
    body = {**observation("Patient/p1"), "note": [{"text": "urn:uuid:a Patient?name=x"}]}
    (made,) = resolve([Entry("Bundle.entry[0]", "POST", "Observation", "o1", body)], never)
    assert made.resource == body


@pytest.mark.parametrize("text", ["urn:hospital:42", "foo?bar=1", "https://elsewhere/Patient?name=x", "#c"])
def test_a_reference_that_no_entry_can_be_named_by_is_left_alone(text: str) -> None:
    (made,) = resolve([Entry("Bundle.entry[0]", "POST", "Observation", "o1", observation(text))], never)
    assert made.resource == observation(text)


def test_an_entry_may_be_named_by_any_url() -> None:
    entries = [
        Entry("Bundle.entry[0]", "POST", "Patient", "given", dict(PATIENT), "http://ehr/Patient/p1"),
        Entry("Bundle.entry[1]", "POST", "Observation", "o1", observation("http://ehr/Patient/p1")),
    ]
    assert resolve(entries, never)[1].resource == observation("Patient/given")


def beside(body: dict[str, Any], full_url: str = "urn:uuid:a") -> dict[str, Any]:
    """What becomes of a resource whose bundle makes ``Patient/given`` under this name."""
    entries = [
        Entry("Bundle.entry[0]", "POST", "Patient", "given", dict(PATIENT), full_url),
        Entry("Bundle.entry[1]", "POST", "Observation", "o1", body),
    ]
    made = resolve(entries, never)[1].resource
    assert made is not None
    return made


def test_links_of_narratives_follow_the_entry_also_in_what_is_contained() -> None:
    linked, turned = (DIV.format(f'<a href="{to}">x</a>') for to in ("urn:uuid:a", "Patient/given"))
    inner = {"resourceType": "Basic", "id": "b", "text": {"status": "generated", "div": linked}}
    body = {**observation("#b"), "text": {"status": "generated", "div": linked}, "contained": [inner]}
    made = beside(body)
    assert (made["text"]["div"], made["contained"][0]["text"]["div"]) == (turned, turned)
    assert body["text"]["div"] == linked, "the input is left alone"


def test_a_link_that_leads_nowhere_is_no_fault() -> None:
    body = {**observation("Patient/p1"), "text": {"div": DIV.format('<a href="urn:uuid:z">x</a>')}}
    assert beside(body) == body


@pytest.mark.parametrize("name", ["urn:uuid:a", "urn:oid:1.2.3"])
def test_an_entry_named_by_either_kind_of_urn_is_followed_in_urls_and_not_in_what_holds_only_names(
    name: str,
) -> None:
    told = [{"url": "x", "valueUri": name}, {"url": "x", "valueUrl": name}]
    kept = [{"url": "x", "valueUuid": name}, {"url": "x", "valueOid": name}]
    made = beside({**observation(name), "extension": told + kept}, name)
    assert made["subject"] == {"reference": "Patient/given"}
    assert [list(one.values())[1] for one in made["extension"]] == ["Patient/given"] * 2 + [name] * 2


def test_each_element_that_leads_nowhere_is_named() -> None:
    body = {
        **observation("urn:uuid:z"),
        "performer": [{"reference": "Patient/p1"}, {"reference": "urn:oid:9"}],
    }
    with pytest.raises(Refused) as caught:
        resolve([Entry("Bundle.entry[3]", "POST", "Observation", "o1", body)], never)
    at = "Bundle.entry[3].resource"
    assert [i.expression for i in caught.value.issues] == [
        f"{at}.subject.reference",
        f"{at}.performer[1].reference",
    ]


@pytest.mark.parametrize(
    ("at", "root"), [("Bundle.entry[3]", "Bundle.entry[3].resource"), ("", "Observation")]
)
def test_a_conditional_reference_that_finds_nothing_is_named_by_its_element(at: str, root: str) -> None:
    def look_up(text: str, place: str) -> str:
        raise refused(Kind.UNPROCESSABLE, "not-found", "none", place)

    with pytest.raises(Refused) as caught:
        resolve([Entry(at, "POST", "Observation", "o1", observation("Patient?name=x"))], look_up)
    assert caught.value.issues[0].expression == f"{root}.subject.reference"


def test_a_refusal_that_stands_in_the_trail_already_says_so_still() -> None:
    def look_up(text: str, place: str) -> str:
        raise recorded(Kind.GONE, "deleted", "gone")

    with pytest.raises(Recorded):
        resolve([Entry("", "POST", "Observation", "o1", observation("Patient?name=x"))], look_up)
