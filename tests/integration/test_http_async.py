"""``Prefer: respond-async`` over HTTP: accepted, asked after, done by whoever does such things, given out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from gateway import assembly
from gateway.custody.jobs import SECOND
from gateway.custody.settings import Storage
from gateway.custody.tables import errand, errand_answer
from gateway.errands import Doer
from gateway.settings import Settings
from mappers import lossless
from tests.actors import Hospital, Town, town
from tests.desk import bundle, entry, observation, patient, put

LATER = {"Prefer": "respond-async"}


class Later:
    """A gateway, a hospital of it, and whoever does what was accepted."""

    def __init__(self, storage: Storage, place: Town) -> None:
        assert place.app is not None
        self.place, self.hospital = place, place.hospital()
        self.ahead = 0
        self.vault = place.app.extensions["careloom_vault"]
        world = assembly.the_world()
        moved = replace(world, clock=lambda: world.clock() + self.ahead)
        self.doer: Doer = assembly.doer(Settings(storage, base_url=place.base_url), self.vault, moved)

    def asks(self, *entries: dict[str, Any], kind: str = "transaction", **headers: str) -> requests.Response:
        return self.hospital.asks("POST", "", bundle(*entries, kind=kind), **LATER, **headers)

    def accepted(self, *entries: dict[str, Any], kind: str = "transaction", **headers: str) -> str:
        answer = self.asks(*entries, kind=kind, **headers)
        assert answer.status_code == 202, answer.text
        return answer.headers["Content-Location"]

    def looks(self, url: str, who: Hospital | None = None) -> requests.Response:
        return (who or self.hospital).asks("GET", url)

    def does(self) -> int:
        count = 0
        while self.doer.do_next():
            count += 1
        return count

    def answer(self, url: str) -> dict[str, Any]:
        """The one entry of the answer."""
        told = self.looks(url)
        assert told.status_code == 200, told.text
        body = lossless.loads(told.content)
        assert (body["resourceType"], body["type"], len(body["entry"])) == ("Bundle", "batch-response", 1)
        one: dict[str, Any] = body["entry"][0]
        return one

    def rows(self, table: Any) -> list[Any]:
        with self.vault.database.read() as conn:
            return list(conn.execute(table.select()))

    def trail(self) -> list[tuple[str, str, str]]:
        events = self.place.officer().searches("AuditEvent?_count=200")
        return [(e["subtype"][-1]["code"], e["outcome"], e.get("outcomeDesc", "")) for e in events]


@pytest.fixture
def later(storage: Storage, here: Town) -> Later:
    return Later(storage, here)


@pytest.fixture
def small(sqlite_storage: Storage, embedded: Town) -> Later:
    return Later(sqlite_storage, embedded)


def test_a_transaction_is_accepted_done_and_given_out(later: Later) -> None:
    told = later.asks(put(patient("anna")), put(observation("o1", "Patient/anna")))
    url = told.headers["Content-Location"]
    assert told.status_code == 202
    assert url.startswith("http://careloom.test/fhir/_async/")
    assert told.headers["Preference-Applied"] == "respond-async"
    assert lossless.loads(told.content)["resourceType"] == "OperationOutcome"
    assert later.hospital.asks("GET", "Patient/anna").status_code == 404, "nothing is done yet"
    waiting = later.looks(url)
    assert (waiting.status_code, waiting.headers["X-Progress"]) == (202, "waiting")
    assert waiting.headers["Retry-After"] == "1"
    assert later.does() == 1
    done = later.answer(url)
    assert done["response"] == {"status": "200 OK"}
    inner = done["resource"]
    assert inner["type"] == "transaction-response"
    locations = [one["response"]["location"] for one in inner["entry"]]
    assert locations == ["Patient/anna/_history/1", "Observation/o1/_history/1"]
    assert "Expires" in later.looks(url).headers
    assert later.hospital.reads("Patient/anna")["birthDate"] == "1961-04-17"


def test_the_answer_is_the_one_that_a_patient_client_gets(later: Later) -> None:
    """The same bundle, at once and later: the same responses but for versions and times."""
    entries = [
        entry("POST", "Patient", {"resourceType": "Patient", "gender": "female"}),
        put(patient("anna")),
    ]
    at_once = lossless.loads(later.hospital.submits(bundle(*entries)).content)
    url = later.accepted(put(patient("berta")), entry("GET", "Patient/anna"))
    later.does()
    inner = later.answer(url)["resource"]
    assert inner["type"] == at_once["type"]
    assert inner["entry"][0]["response"].keys() == at_once["entry"][1]["response"].keys()
    assert inner["entry"][1]["resource"]["id"] == "anna"


def test_a_batch_is_done_entry_by_entry_and_each_has_its_answer(later: Later) -> None:
    wrong = {"request": {"method": "PUT", "url": "Patient/x"}, "resource": {**patient("x"), "gender": "m"}}
    url = later.accepted(
        put(patient("anna")),
        wrong,
        entry("GET", "Patient/anna"),
        entry("GET", "Patient/nobody"),
        kind="batch",
    )
    assert later.does() == 1
    inner = later.answer(url)["resource"]
    statuses = [one["response"]["status"][:3] for one in inner["entry"]]
    assert (inner["type"], statuses) == ("batch-response", ["201", "400", "200", "404"])
    assert inner["entry"][1]["response"]["outcome"]["issue"][0]["expression"] == [
        "Bundle.entry[1].resource.gender"
    ]
    assert inner["entry"][2]["resource"]["id"] == "anna"


def test_an_empty_batch_is_answered_by_an_empty_response(small: Later) -> None:
    sent = {"resourceType": "Bundle", "type": "batch"}
    url = small.hospital.asks("POST", "", sent, **LATER).headers["Content-Location"]
    small.does()
    assert small.answer(url)["resource"] == {"resourceType": "Bundle", "type": "batch-response"}


def test_what_its_form_refuses_is_refused_at_once(small: Later) -> None:
    invalid = put({**patient("anna"), "gender": "m"})
    answers = [
        small.asks(invalid),
        small.asks({"request": {"method": "PUT", "url": "Nonsense/1"}, "resource": patient("anna")}),
        small.asks(put(patient("anna")), kind="collection"),
        small.asks(put(patient("anna")), entry("GET", "Patient?name=x")),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 422]
    assert lossless.loads(answers[0].content)["issue"][0]["expression"] == ["Bundle.entry[0].resource.gender"]
    assert small.rows(errand) == []


def test_what_cannot_be_done_then_is_answered_with_its_outcome(later: Later) -> None:
    url = later.accepted(put(patient("anna"), ifMatch='W/"7"'))
    nowhere = later.accepted(put(observation("o1", "urn:uuid:5f1d6b0e-0000-4000-8000-000000000000")))
    assert later.does() == 2
    told = later.answer(url)
    assert "resource" not in told
    assert told["response"]["status"] == "412 Precondition Failed"
    assert told["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert later.answer(nowhere)["response"]["status"] == "422 Unprocessable Content"
    assert later.hospital.asks("GET", "Patient/anna").status_code == 404


def test_the_url_serves_the_client_that_it_was_given_to_and_nobody_else(later: Later) -> None:
    url = later.accepted(put(patient("anna")))
    later.does()
    others = [later.place.hospital(), later.place.hospital("st-berta"), later.place.partner("app", "st-anna")]
    unknown = later.looks(f"{url[:-26]}{'a' * 26}")
    for answer in [unknown, later.looks(f"{url}x"), *(later.looks(url, Hospital(o.client)) for o in others)]:
        assert answer.status_code == 404
        assert lossless.loads(answer.content) == lossless.loads(unknown.content)
    for one in others:
        assert one.asks("DELETE", url).status_code == 404
    assert later.looks(url).status_code == 200
    assert requests.Request("GET", url).url
    bare = later.place.session().get(url)
    assert bare.status_code == 401


def test_a_partner_cannot_have_anything_done(small: Later) -> None:
    partner = small.place.partner("app", "st-anna", scope="system/*.rs")
    sent = bundle(entry("GET", "Patient/anna"), kind="batch")
    assert partner.asks("POST", "", sent, **LATER).status_code == 403


def test_scopes_are_asked_at_the_door(small: Later) -> None:
    reader = small.place.hospital(scope="system/*.rs")
    assert reader.asks("POST", "", bundle(put(patient("anna"))), **LATER).status_code == 403
    allowed = reader.asks("POST", "", bundle(put(patient("anna")), kind="batch"), **LATER)
    small.does()
    inner = small.looks(allowed.headers["Content-Location"], reader)
    assert (
        lossless.loads(inner.content)["entry"][0]["resource"]["entry"][0]["response"]["status"][:3] == "403"
    )


def test_what_waits_can_be_withdrawn(later: Later) -> None:
    url = later.accepted(put(patient("anna")))
    assert later.hospital.asks("DELETE", url).status_code == 202
    assert later.looks(url).status_code == 404
    assert later.hospital.asks("DELETE", url).status_code == 404
    assert later.does() == 0
    assert later.hospital.asks("GET", "Patient/anna").status_code == 404
    assert [bytes(row.body) for row in later.rows(errand)] == [b""]


def test_what_is_being_done_cannot_and_what_is_done_takes_its_answer_along(later: Later) -> None:
    url = later.accepted(put(patient("anna")))
    with later.vault.database.write() as conn:
        conn.execute(errand.update().values(state="running", lease_until=2**60))
    assert later.hospital.asks("DELETE", url).status_code == 409
    assert later.looks(url).headers["X-Progress"] == "at work"
    with later.vault.database.write() as conn:
        conn.execute(errand.update().values(state="waiting", lease_until=None))
    later.does()
    assert later.hospital.asks("DELETE", url).status_code == 202
    assert (later.looks(url).status_code, later.rows(errand_answer)) == (404, [])
    assert later.hospital.reads("Patient/anna"), "what was done stays"


def test_only_so_many_may_wait(sqlite_storage: Storage) -> None:
    place = town(Settings(sqlite_storage, base_url="http://careloom.test", async_waiting=2))
    later = Later(sqlite_storage, place)
    for id_ in ("a", "b"):
        later.accepted(put(patient(id_)))
    refused = later.asks(put(patient("c")))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    other = place.hospital().asks("POST", "", bundle(put(patient("d"))), **LATER)
    assert other.status_code == 202, "it is counted by client"
    later.does()
    assert later.asks(put(patient("c"))).status_code == 202
    later.vault.close()


def test_the_same_key_is_the_same_request(later: Later) -> None:
    first = later.accepted(put(patient("anna")), Idempotency_Key="k-1")
    assert later.accepted(put(patient("anna")), Idempotency_Key="k-1") == first
    assert later.asks(put(patient("berta")), Idempotency_Key="k-1").status_code == 422
    at_once = later.hospital.submits(bundle(put(patient("anna"))), key="k-1")
    assert at_once.status_code == 409, "it must not be done twice"
    later.does()
    assert later.accepted(put(patient("anna")), Idempotency_Key="k-1") == first
    assert later.hospital.submits(bundle(put(patient("anna"))), key="k-1").status_code == 409
    assert later.does() == 0


def test_what_was_done_at_once_is_not_done_later(small: Later) -> None:
    sent = bundle(put(patient("anna")))
    first = small.hospital.submits(sent, key="k-1")
    again = small.hospital.asks("POST", "", sent, Idempotency_Key="k-1", **LATER)
    assert (again.status_code, again.content) == (200, first.content)


def test_law_4_the_trail_tells_of_the_acceptance_the_deeds_and_the_giving_out(later: Later) -> None:
    url = later.accepted(put(patient("anna")), put(observation("o1", "Patient/anna")))
    withdrawn = later.accepted(put(patient("berta")))
    later.hospital.asks("DELETE", withdrawn)
    refused = later.accepted(put(patient("carla"), ifMatch='W/"7"'))
    later.does()
    later.looks(url)
    later.looks(f"{refused[:-26]}{'a' * 26}")
    told = [(kind, outcome) for kind, outcome, _ in later.trail()]
    assert told.count(("rest:create", "0")) == 2
    # Three were accepted, one withdrawn, one given out.
    assert told.count(("rest:transaction", "0")) == 5
    # One was refused when it was done, one was asked for and is nobody's.
    assert told.count(("rest:transaction", "4")) == 2


def test_a_client_that_was_revoked_meanwhile_has_nothing_done(later: Later) -> None:
    other = later.place.hospital()
    assert other.asks("POST", "", bundle(put(patient("anna"))), **LATER).status_code == 202
    later.place.registration.revoke_client(other.client_id)
    assert later.does() == 1
    assert later.hospital.asks("GET", "Patient/anna").status_code == 404
    assert [(row.state, bytes(row.body)) for row in later.rows(errand)] == [("withdrawn", b"")]
    assert ("rest:transaction", "4") in [(kind, outcome) for kind, outcome, _ in later.trail()]


def test_the_body_is_nowhere_in_the_clear_and_its_key_ends_with_it(later: Later) -> None:
    url = later.accepted(put(patient("anna")))
    row = later.rows(errand)[0]
    kept = bytes(row.body)
    assert b"Hopkins" not in kept
    assert b"anna" not in kept
    assert later.vault.identity.fetch(row.tenant, [row.id]), "it has a key of its own while it waits"
    later.does()
    assert later.vault.identity.fetch(row.tenant, [row.id]) == {}
    assert [bytes(one.body) for one in later.rows(errand)] == [b""]
    assert b"anna" not in b"".join(bytes(one.sealed) for one in later.rows(errand_answer))
    assert later.looks(url).status_code == 200


def test_the_statement_says_that_it_is_honoured(small: Later) -> None:
    statement = small.hospital.asks("GET", "metadata").json()
    whole = {one["code"]: one.get("documentation", "") for one in statement["rest"][0]["interaction"]}
    assert "respond-async" in whole["transaction"]
    assert "respond-async" in whole["batch"]


def test_one_that_takes_its_turn_again_is_given_the_time(small: Later) -> None:
    """A lease that ran out is another's to take: what was begun is done once all the same."""
    url = small.accepted(put(patient("anna")))
    with small.vault.database.write() as conn:
        conn.execute(errand.update().values(state="running", fence=3, attempts=1, lease_until=1))
    small.ahead = 60 * SECOND
    assert small.does() == 1
    assert small.answer(url)["response"]["status"] == "200 OK"


def preferring(later: Later, *entries: dict[str, Any], kind: str, prefer: str) -> list[dict[str, Any]]:
    sent = bundle(*entries, kind=kind)
    told = later.hospital.asks("POST", "", sent, Prefer=f"respond-async, {prefer}")
    assert told.status_code == 202, told.text
    assert later.does() == 1
    found: list[dict[str, Any]] = later.answer(told.headers["Content-Location"])["resource"]["entry"]
    return found


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_what_is_done_later_is_answered_as_its_sender_prefers(later: Later, kind: str) -> None:
    writes = put(patient("anna")), put(patient("berta"))
    whole = preferring(later, *writes, kind=kind, prefer="return=representation")
    assert [one["resource"] for one in whole] == [
        later.hospital.reads("Patient/anna"),
        later.hospital.reads("Patient/berta"),
    ]
    said = preferring(later, put(patient("carl")), kind=kind, prefer="return=OperationOutcome")
    assert said[0]["response"]["outcome"]["issue"][0]["severity"] == "information"
    for prefer in ("return=minimal", "wait=10"):
        (bare,) = preferring(later, put(patient("anna")), kind=kind, prefer=prefer)
        assert list(bare) == ["response"]
        assert "outcome" not in bare["response"]


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_its_searches_are_as_lenient_as_its_sender_prefers(small: Later, kind: str) -> None:
    query = entry("GET", "Patient?shoe-size=42")
    (lenient,) = preferring(small, query, kind=kind, prefer="handling=lenient")
    assert "shoe-size" in lenient["resource"]["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    url = small.accepted(query, kind=kind)
    small.does()
    told = small.answer(url)
    strict = told["resource"]["entry"][0] if kind == "batch" else told
    assert strict["response"]["status"] == "400 Bad Request"
    refused = small.hospital.asks(
        "POST", "", bundle(query, kind=kind), Prefer="respond-async, handling=loose"
    )
    assert refused.status_code == 400


def test_an_erased_patient_takes_the_whole_answer_along(small: Later) -> None:
    """What is shown beyond what is asked for is sealed under the keys of whom it shows."""
    told = small.hospital.asks(
        "POST", "", bundle(put(patient("anna"))), Prefer="respond-async, return=representation"
    )
    small.does()
    (row,) = small.rows(errand_answer)
    assert row.patients, "the answer is bound to whom it is about"
    assert small.answer(told.headers["Content-Location"])["resource"]["entry"][0]["resource"]["id"] == "anna"
