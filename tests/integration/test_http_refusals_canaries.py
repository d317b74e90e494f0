"""Law 2 for all that the gateway says no to: no refusal repeats an id, a value or a name that was sent.

Canaries stand in urls, criteria, headers, forms and bodies, wherever one can go wrong (``tests.attempts``).
Answers are read whole, headers too: logs and tickets copy them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from gateway.auth.registry import find_organization
from gateway.auth.users import Trust
from gateway.custody.errors import Conflict, Erased, KeyGone, KeysUnreadable, StoreUnavailable, Tampered
from gateway.custody.operator import By
from gateway.custody.settings import Storage
from gateway.demo.client import ASSERTION_TYPE
from gateway.erasure.service import Request
from gateway.fhir.outcome import STATUS
from gateway.privacy import policy
from gateway.refusal import Kind, Refused
from gateway.release import Release
from gateway.settings import Settings
from tests.actors import Town, town
from tests.attempts import (
    BUNDLES,
    CLAIMS,
    DAY,
    ERASED,
    FAULTS,
    FORMS,
    ID,
    MALE,
    NAME,
    OF,
    WORD,
    Attempt,
    attempts,
    patient,
    submitted,
)
from tests.desk import entry, erasing
from workers.station import microseconds

CANARIES = ("quill", "kitten", DAY)
"""As they would be found in any part of an answer, in small letters."""
AT_ONCE = 20
FEW = "system/Observation.rs system/Patient.u?gender=male"


class House:
    """A gateway with small limits, who comes to it, and what was said to them."""

    def __init__(self, place: Town) -> None:
        self.place = place
        self.who = {
            "hospital": place.hospital(),
            "narrow": place.hospital(scope=FEW),
            "partner": place.partner("app-gmbh", "st-anna"),
            "officer": place.officer(),
        }
        hospital = place.hospital()
        stored = [patient(gender="female"), patient(id=f"{ID}-b", gender="female"), patient(id=f"gone-{ID}")]
        stored += [patient(id=MALE, gender="male"), patient(id=ERASED)]
        assert {hospital.asks("PUT", f"Patient/{one['id']}", one).status_code for one in stored} == {201}
        assert hospital.asks("DELETE", f"Patient/gone-{ID}").status_code in (200, 204)
        self._erases()
        first = self.who["hospital"].asks(
            "POST", "Patient", {"resourceType": "Patient"}, Idempotency_Key=WORD
        )
        assert first.status_code == 201

    def _erases(self) -> None:
        assert self.place.app is not None
        vault = self.place.app.extensions["careloom_vault"]
        release = Release(vault, policy.load("partner-limited"), microseconds, os.urandom)
        with vault.database.read() as conn:
            tenant = find_organization(conn, "st-anna")
        assert tenant is not None
        erasing(vault, release, microseconds).erase(Request(tenant, ERASED, "DSR 114", By("test")))

    def asks(self, attempt: Attempt) -> requests.Response:
        method, _, path = attempt.request.partition(" ")
        return self.who[attempt.who].asks(method, path, attempt.body, **attempt.headers)


@pytest.fixture
def house(sqlite_storage: Storage) -> Iterator[House]:
    limits = {
        "body_limit": 100_000,
        "entry_limit": 30,
        "async_waiting": 1,
        "search_limit": 3,
        "chain_limit": 1,
    }
    place = town(Settings(sqlite_storage, base_url="http://careloom.test", **limits))
    yield House(place)
    assert place.app is not None
    place.app.extensions["careloom_vault"].close()


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> set[Kind]:
    """In which ways it was said no, over and above the status."""
    met: set[Kind] = set()
    say = Refused.__init__

    def noted(self: Refused, kind: Kind, *rest: Any, **more: Any) -> None:
        met.add(kind)
        say(self, kind, *rest, **more)

    monkeypatch.setattr(Refused, "__init__", noted)
    return met


def repeats(told: str) -> list[str]:
    """Which canaries stand in what was said."""
    return [canary for canary in CANARIES if canary in told.lower()]


def whole(answer: requests.Response) -> str:
    """Body and headers of a refusal."""
    assert answer.status_code >= 400, answer.text[:600]
    return f"{answer.text} {' '.join(answer.headers.values())}"


def at_the_desks(house: House) -> Iterator[requests.Response]:
    """What is said to forms that ask for tokens, and for or against them."""
    client, session = house.place.hospital(trust=Trust(users=True)).client, house.place.session()
    base = house.place.base_url
    yield from (client.ask_for_token(client.assertion(**changes)) for changes in CLAIMS)
    beyond = house.who["narrow"].client
    yield beyond.ask_for_token(beyond.assertion(jti=WORD), "system/Condition.r")
    reasonless = house.place.hospital(trust=Trust(users=True, break_glass=True)).client
    said = {
        "hl7-b2b": {"version": "1", "subject_id": ID, "purpose_of_use": ["BTG"]},
        "careloom": {"reason": WORD},
    }
    yield reasonless.ask_for_token(reasonless.assertion(extensions=said))
    for changes in FORMS:
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
        form |= {"client_assertion": client.assertion(), "scope": "system/Patient.r", **changes}
        yield session.post(f"{base}/auth/token", data=form, timeout=5)
    for desk in ("token", "introspect", "revoke"):
        yield session.post(f"{base}/auth/{desk}", data={"token": NAME, "client_assertion": WORD}, timeout=5)
        yield session.post(f"{base}/auth/{desk}", data=[("scope", NAME), ("scope", WORD)], timeout=5)
        yield session.post(f"{base}/auth/{desk}", data={"client_assertion": NAME * 10_000}, timeout=5)
    for header in (f"Bearer {NAME}", f"Basic {WORD}", NAME):
        yield session.get(f"{base}/fhir/{OF}", headers={"Authorization": header}, timeout=5)
    yield session.get(f"{base}/{NAME}/{ID}", timeout=5)
    yield session.request(WORD.upper(), f"{base}/fhir/{OF}", timeout=5)


def in_batches(house: House) -> Iterator[str]:
    """What is said to entries of batches, each refused alone."""
    sent = [entry("PUT", OF, patient(**fault)) for fault in FAULTS]
    sent += [one for _, made in BUNDLES for one in made.get("entry", ()) if isinstance(one, dict)]
    for start in range(0, len(sent), AT_ONCE):
        answer = house.who["hospital"].asks(
            "POST", "", submitted(*sent[start : start + AT_ONCE], kind="batch")
        )
        assert answer.status_code == 200, answer.text[:600]
        responses = [one["response"] for one in answer.json()["entry"]]
        yield from (str(one["outcome"]) for one in responses if one["status"] >= "4")


def to_be_done_later(house: House) -> Iterator[requests.Response]:
    """What is said to bundles under keys that were used, while as many wait as may."""
    hospital, key = house.who["hospital"], {"Idempotency_Key": f"{WORD}-later"}
    later = {"Prefer": "respond-async"}
    first, other = submitted(entry("PUT", OF, patient())), submitted(entry("GET", OF))
    told = hospital.asks("POST", "", first, **later, **key)
    assert told.status_code == 202
    yield hospital.asks("POST", "", other, **later, **key)
    yield hospital.asks("POST", "", first, **key)
    yield hospital.asks("POST", "", first, **later, Idempotency_Key=f"{WORD}-another")
    yield house.who["partner"].asks("POST", "", first, **later)
    yield house.who["partner"].asks("GET", told.headers["Content-Location"])


TROUBLES = (
    (500, ValueError(f"{NAME} cannot be read from {ID}")),
    (500, KeyError(NAME)),
    (500, Tampered(WORD)),
    (503, StoreUnavailable(f"postgresql://{WORD}@{NAME}/")),
    (503, KeysUnreadable(f"/etc/{WORD}")),
    (410, KeyGone(NAME)),
    (410, Erased(NAME)),
    (409, Conflict(f"UNIQUE constraint failed: {NAME}")),
)
"""What fails beneath, with words that were meant for somebody else."""


def refusals(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """What provoked a refusal, and what was said."""
    for attempt in attempts():
        answer = house.asks(attempt)
        assert answer.status_code == attempt.status, (attempt.name, answer.text[:600])
        yield attempt.name, whole(answer)
    yield from (("an entry of a batch", said) for said in in_batches(house))
    yield from (("a form", whole(answer)) for answer in at_the_desks(house))
    yield from (("a request for later", whole(answer)) for answer in to_be_done_later(house))
    for status, trouble in TROUBLES:
        with monkeypatch.context() as broken:
            broken.setattr(Release, "read", fails(trouble))
            answer = house.asks(Attempt(status, f"GET {OF}"))
        assert answer.status_code == status, trouble
        yield type(trouble).__name__, whole(answer)


def fails(trouble: Exception) -> Callable[..., None]:
    def fail(*_: Any, **__: Any) -> None:
        raise trouble

    return fail


def test_law_2_no_refusal_repeats_what_was_sent(
    house: House, kinds: set[Kind], monkeypatch: pytest.MonkeyPatch
):
    said: set[str] = set()
    for what, told in refusals(house, monkeypatch):
        assert repeats(told) == [], (what, told[:600])
        said.add(told)
    # Nobody says that it is busy: who would, says that there are too many.
    assert set(STATUS) - kinds == {Kind.BUSY}, "each kind of refusal was provoked"
    assert len(said) > 150, "so many that differ"


def test_a_canary_that_is_repeated_would_be_found(house: House):
    assert repeats(house.who["hospital"].asks("GET", OF).text) == ["quill", DAY]
