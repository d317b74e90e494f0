"""A resource without somebody: what refers to them goes, what is left is valid, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.erasure.masking import ABOUT, MASKED, Mask
from gateway.erasure.words import Words
from mappers import lossless
from mappers.r4 import validate
from mappers.r4.references import pointers
from tests.desk import observation, patient

GONE = "Patient/gone"
HERS = "Observation/hers"
WORDS = Words.of(["Hopkins", "4711-22"])
SHARED = Mask(lambda text: text.startswith((GONE, HERS)), WORDS)
OTHERS = Mask(SHARED.gone)


def reference(text: str, **more: Any) -> dict[str, Any]:
    return {"reference": text, **more}


def listed(*items: str, **more: Any) -> dict[str, Any]:
    entries = [{"item": reference(item), "date": "2026-01-01"} for item in items]
    return {"resourceType": "List", "status": "current", "mode": "working", "entry": entries, **more}


def without(resource: dict[str, Any], mask: Mask = SHARED) -> dict[str, Any]:
    assert validate.problems(resource) == [], "the example is sound"
    made = mask.without(resource)
    assert made is not None
    assert validate.problems(made) == []
    assert not any(mask.gone(text) for text in pointers(made))
    return made


def test_an_entry_goes_with_all_that_was_said_of_it():
    assert without(listed(GONE, "Patient/here", HERS)) == listed("Patient/here")


def test_who_is_not_named_is_left_as_it_was_sent():
    sent = listed("Patient/here", title="Ward 7", note=[{"text": "quiet night"}])
    assert SHARED.without(sent) is sent
    assert OTHERS.without(patient("other")) == patient("other")


def test_a_single_reference_is_masked_and_not_dropped():
    made = without(listed("Patient/here", source=reference(GONE, display="Änne Hopkins")))
    assert made == listed("Patient/here", source=MASKED)


@pytest.mark.parametrize("name", ["subject", "patient"])
def test_what_is_about_them_goes_whole(name: str):
    assert name in ABOUT
    sent = {
        "subject": observation("o", GONE),
        "patient": {"resourceType": "Device", "patient": reference(GONE)},
    }
    assert SHARED.without(sent[name]) is None


def test_a_required_list_that_nobody_is_left_in_takes_the_resource_with_it():
    seat = {"actor": reference(GONE), "status": "accepted"}
    alone = {"resourceType": "Appointment", "status": "booked", "participant": [seat]}
    alone |= {"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T10:30:00Z"}
    assert SHARED.without(alone) is None
    both = {**alone, "participant": [seat, {**seat, "actor": reference("Patient/here")}]}
    assert len(without(both)["participant"]) == 1


def test_links_and_notes_and_extensions_of_theirs_go_whole():
    url = "urn:hospital:kin"
    sent = patient(
        "here",
        link=[{"other": reference(GONE), "type": "seealso"}],
        extension=[{"url": url, "valueReference": reference(GONE)}, {"url": url, "valueString": "kept"}],
    )
    assert without(sent, OTHERS) == patient("here", extension=[{"url": url, "valueString": "kept"}])
    noted = listed("Patient/here", note=[{"authorReference": reference(GONE), "text": "it hurts"}])
    assert without(noted) == listed("Patient/here")


def test_a_text_with_a_word_of_theirs_is_masked_where_everybodys_texts_meet():
    sent = listed(
        "Patient/here", title="Hopkins and others", note=[{"text": "see 4711-22"}, {"text": "calm"}]
    )
    made = without(sent)
    assert made["_title"] == MASKED
    assert made["note"] == [{"_text": MASKED}, {"text": "calm"}]
    assert "Hopkins" not in str(made)
    assert "4711" not in str(made)


def test_a_namesakes_own_record_keeps_its_name():
    sent = patient("here")
    assert OTHERS.without(sent) is sent


def test_a_narrative_goes_because_nobody_can_tell_whom_it_names():
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">all of them</div>'}
    assert without(listed("Patient/here", GONE, text=text)) == listed("Patient/here")


def test_a_contained_copy_of_theirs_goes_and_what_points_at_it():
    inner = {"resourceType": "Patient", "id": "p", "name": [{"family": "Hopkins"}]}
    other = {"resourceType": "Patient", "id": "q", "name": [{"family": "Curie"}]}
    sent = listed("#p", "#q", contained=[inner, other])
    assert without(sent) == listed("#q", contained=[other])


def test_a_logical_reference_by_their_number_goes():
    entry = {"item": {"identifier": {"system": "urn:mrn", "value": "4711-22"}}}
    sent = listed("Patient/here")
    assert without({**sent, "entry": [*sent["entry"], entry]}) == sent


def test_a_uri_that_became_a_reference_is_masked():
    url = "urn:hospital:same-as"
    sent = patient("here", extension=[{"url": url, "valueUri": GONE}, {"url": url, "valueUri": "urn:x"}])
    made = OTHERS.without(sent)
    assert made is not None
    assert made["extension"] == [{"url": url, "_valueUri": MASKED}, {"url": url, "valueUri": "urn:x"}]
    assert validate.problems(made) == []


def test_a_bundle_loses_their_entries():
    inside = [{"resource": one} for one in (patient("gone"), observation("o", GONE), patient("here"))]
    sent = {"resourceType": "Bundle", "type": "collection", "entry": inside}
    made = without(sent)
    assert [entry["resource"]["id"] for entry in made["entry"]] == ["here"]


def test_a_document_that_was_theirs_goes_whole():
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "letter"},
        "subject": reference(GONE),
        "date": "2026-01-01",
        "author": [reference("Practitioner/dr")],
        "title": "Letter",
    }
    named = [
        {"fullUrl": f"urn:uuid:{n}", "resource": one} for n, one in enumerate((composition, patient("here")))
    ]
    sent = {"resourceType": "Bundle", "type": "document", "entry": named, "timestamp": "2026-01-01T10:00:00Z"}
    sent["identifier"] = {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}
    assert SHARED.without(sent) is None


def test_what_was_not_valid_before_need_not_be_afterwards():
    """Rows from before a check was stricter: their patients are forgotten all the same."""
    sent = {**listed(GONE, "Patient/here"), "mode": "nonsense"}
    made = SHARED.without(sent)
    assert made is not None
    assert GONE not in str(made)


PEOPLE = st.sampled_from([GONE, HERS, "Patient/here", "Patient/there", "#p"])
TEXTS = st.sampled_from(["Hopkins", "of hopkins and son", "quiet", "No. 4711-22."])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(PEOPLE, max_size=5),
    st.lists(TEXTS, max_size=3),
    st.one_of(st.none(), PEOPLE.filter(lambda one: one != HERS)),
    TEXTS,
)
def test_law_2_whatever_stands_beside_them_nothing_of_theirs_is_left(items, notes, source, title):
    contained = (
        [{"resourceType": "Patient", "id": "p", "name": [{"text": title}]}]
        if "#p" in [*items, source]
        else []
    )
    sent = listed(*items, title=title, note=[{"text": text} for text in notes])
    sent |= {"source": reference(source)} if source else {}
    sent |= {"contained": contained} if contained else {}
    sent = {key: value for key, value in sent.items() if value != []}
    made = without(sent)
    told = lossless.dumps(made).decode().casefold()
    assert not any(one.casefold() in told for one in (GONE, HERS, "hopkins", "4711"))
    assert SHARED.without(made) == made, "once is enough"
    kept = [i["item"]["reference"] for i in made.get("entry", ()) if "reference" in i["item"]]
    assert [i for i in items if i.startswith("Patient/") and i != GONE] == [i for i in kept if i != "#p"]
