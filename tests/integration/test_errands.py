"""Doing what was accepted: once, in order, with the rights of then, whoever dies on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, update

from gateway.custody.errors import StoreUnavailable
from gateway.custody.identity import errand_cells, errands
from gateway.custody.identity.errands import Claim, State
from gateway.custody.ids import Tenant, pseudonym
from gateway.custody.operator import By
from gateway.custody.tables import client, errand, errand_answer, version
from gateway.erasure import Request
from gateway.errands import Doer, ErrandDesk, Sent, doing
from gateway.errands.doing import ATTEMPTS, LEASE
from gateway.fhir import outcome
from gateway.refusal import Kind
from mappers import lossless
from tests.desk import ST_ANNA, ST_BERTA, Desk, bundle, ehr, entry, observation, patient, put, refusal


class KilledError(BaseException):
    """The process ends here, without a word."""


class House:
    """A desk where requests are accepted, and whoever does them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.at = ErrandDesk(desk.vault, desk.clock, os.urandom, most=5, seconds=60)
        self.doer = Doer(desk.vault, desk.intake, desk.clock, outcome.refusal_of, 100)
        for tenant in (ST_ANNA, ST_BERTA):
            self.registers(f"ehr-{tenant}", tenant)

    def registers(self, client_id: str, tenant: Tenant) -> None:
        row = {"client_id": client_id, "name": "n", "role": "ehr", "organization": tenant, "jwks": "{}"}
        with self.desk.vault.database.write() as conn:
            conn.execute(insert(client).values(**row, scope="system/*.cruds", created=0))

    def accepts(self, *entries: dict[str, Any], way: str = "transaction", **who: Any) -> Any:
        sent = bundle(*entries, kind=way)
        return self.at.accept(ehr(**who), Sent(way, sent, lossless.dumps(sent)))

    def does(self) -> int:
        count = 0
        while self.doer.do_next():
            count += 1
        return count

    def answer(self, found: Any, **who: Any) -> dict[str, Any]:
        with self.desk.vault.database.read() as conn:
            now = errands.get(conn, ehr(**who).client_id, found.id)
        assert now is not None
        body = lossless.loads(self.at.give(ehr(**who), now))
        one: dict[str, Any] = body["entry"][0]
        return one

    def row(self) -> Any:
        (row,) = self.desk.rows(errand)
        return row


@pytest.fixture
def house(desk: Desk) -> House:
    return House(desk)


@pytest.fixture
def small(small_desk: Desk) -> Iterator[House]:
    return House(small_desk)


def test_those_of_one_client_are_done_in_the_order_of_their_acceptance(house: House) -> None:
    for number in range(4):
        house.desk.now += 1
        house.accepts(put(patient("anna", gender=("female", "male")[number % 2])))
    assert house.does() == 4
    history = [row.version for row in house.desk.rows(version)]
    assert sorted(history) == [1, 2, 3, 4]
    assert house.desk.reads("Patient/anna")["gender"] == "male"


def test_one_that_waits_for_its_time_holds_up_its_client_and_nobody_else(small: House) -> None:
    small.accepts(put(patient("anna")))
    with small.desk.vault.database.write() as conn:
        conn.execute(update(errand).values(not_before=small.desk.now + 1_000))
    small.desk.now += 1
    small.accepts(put(patient("anna", gender="male")))
    small.accepts(put(patient("berta")), tenant=ST_BERTA)
    assert small.does() == 1
    small.desk.now += 1_000
    assert small.does() == 2
    assert small.desk.reads("Patient/anna")["gender"] == "male"


def test_two_that_claim_at_once_have_one_of_it(house: House) -> None:
    house.accepts(put(patient("anna")))
    with house.desk.vault.database.write() as conn:
        first = errands.claim(conn, house.desk.now, LEASE)
    with house.desk.vault.database.write() as conn:
        assert errands.claim(conn, house.desk.now, LEASE) is None
    assert first is not None
    assert (first.fence, first.attempts) == (1, 1)


@pytest.mark.parametrize("step", ["put", "finish"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_law_6_a_transaction_that_was_killed_on_its_way_is_done_once(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    found = house.accepts(put(patient("anna")), entry("POST", "Patient", patient("x")))
    module = errand_cells if step == "put" else errands
    real = getattr(module, step)

    def dies(*given: Any) -> None:
        if after:
            real(*given)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(module, step, dies)
        with pytest.raises(KilledError):
            house.doer.do_next()
    assert house.desk.rows(version) == []
    assert house.does() == 0, "its lease holds"
    house.desk.now += LEASE
    assert house.does() == 1
    assert len(house.desk.rows(version)) == 2
    assert house.answer(found)["response"]["status"] == "200 OK"


def test_law_6_a_batch_that_was_killed_goes_on_where_it_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [entry("POST", "Patient", patient("x")) for _ in range(5)]
    found = house.accepts(*entries, way="batch")
    real, calls = errand_cells.put, []

    def dies(*given: Any) -> None:
        calls.append(given)
        real(*given)
        if len(calls) == 3:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(errand_cells, "put", dies)
        with pytest.raises(KilledError):
            house.doer.do_next()
    assert len(house.desk.rows(version)) == len(house.desk.rows(errand_answer)) == 2
    house.desk.now += LEASE
    assert house.does() == 1
    inner = house.answer(found)["resource"]
    assert len({one["response"]["location"] for one in inner["entry"]}) == 5
    assert len(house.desk.rows(version)) == 5


def test_law_6_who_was_thought_dead_writes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    found = house.accepts(put(patient("anna")))
    real = errand_cells.put

    def slow(*given: Any) -> None:
        monkeypatch.setattr(errand_cells, "put", real)
        # Meanwhile the lease ran out and another took it; only its fence tells the two apart.
        given[0].execute(update(errand).values(fence=errand.c.fence + 1))
        real(*given)

    monkeypatch.setattr(errand_cells, "put", slow)
    assert house.doer.do_next()
    assert house.desk.rows(version) == []
    house.desk.now += LEASE
    assert house.does() == 1
    assert house.answer(found)["response"]["status"] == "200 OK"


def test_what_the_server_failed_at_is_tried_again_and_then_answered(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = small.accepts(put(patient("anna")))
    tries = []

    def fails(*_: Any) -> None:
        tries.append(small.desk.now)
        raise ValueError

    monkeypatch.setattr(doing.Doer, "_do", fails)
    for _ in range(ATTEMPTS + 2):
        small.does()
        small.desk.now += 3_600_000_000
    assert len(tries) == ATTEMPTS
    response = small.answer(found)["response"]
    assert response["status"] == "500 Internal Server Error"
    assert response["outcome"]["issue"][0]["code"] == "exception"


def test_one_at_which_whoever_did_it_died_each_time_is_given_up(small: House) -> None:
    found = small.accepts(put(patient("anna")))
    with small.desk.vault.database.write() as conn:
        conn.execute(update(errand).values(attempts=ATTEMPTS))
    assert small.does() == 1
    assert small.answer(found)["response"]["status"] == "500 Internal Server Error"
    assert small.desk.rows(version) == []


def test_while_the_store_is_away_it_waits_for_as_long_as_that(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = small.accepts(put(patient("anna")))

    def away(*_: Any) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(doing.Doer, "_do", away)
        for _ in range(ATTEMPTS * 2):
            small.does()
            small.desk.now += 3_600_000_000
    assert small.does() == 1
    assert small.answer(found)["response"]["status"] == "200 OK"


def test_a_batch_that_is_given_up_tells_what_was_done(small: House) -> None:
    found = small.accepts(put(patient("anna")), put(patient("berta")), way="batch")
    with small.desk.vault.database.write() as conn:
        claimed = errands.claim(conn, small.desk.now, LEASE)
        assert claimed is not None
        errand_cells.put(conn, small.desk.vault, claimed, errand_cells.Part(b'{"response":{"status":"201"}}'))
        conn.execute(update(errand).values(attempts=ATTEMPTS, state="waiting"))
    assert small.does() == 1
    statuses = [one["response"]["status"][:3] for one in small.answer(found)["resource"]["entry"]]
    assert statuses == ["201", "500"]


def test_rights_that_were_taken_since_count(small: House) -> None:
    found = small.accepts(put(patient("anna")))
    with small.desk.vault.database.write() as conn:
        conn.execute(update(client).values(scope="system/Observation.cruds"))
    small.does()
    assert small.answer(found)["response"]["status"] == "403 Forbidden"


def test_rights_that_were_not_asked_for_then_do_not(small: House) -> None:
    found = small.accepts(put(patient("anna")), way="batch", scope="system/Observation.cruds")
    small.does()
    assert small.answer(found)["resource"]["entry"][0]["response"]["status"] == "403 Forbidden"


# --- erased ----------------------------------------------------------------------------------------------


@pytest.fixture
def erasing(desk: Desk) -> House:
    house = House(desk)
    desk.puts(patient("anna"), patient("berta"))
    return house


def erase(house: House, id_: str) -> None:
    house.desk.erasure.erase(Request(ST_ANNA, id_, "DSR 114", By("test")))


def test_erasing_a_patient_ends_what_waits_and_names_them(erasing: House) -> None:
    hers = erasing.accepts(put(observation("o1", "Patient/anna")))
    erasing.desk.now += 1
    others = erasing.accepts(put(observation("o2", "Patient/berta")))
    erase(erasing, "anna")
    assert erasing.does() == 1
    with refusal(Kind.GONE):
        erasing.answer(hers)
    assert erasing.answer(others)["response"]["status"] == "200 OK"
    assert {row.state for row in erasing.desk.rows(errand)} == {State.ERASED, State.DONE}


def test_erasing_a_patient_ends_answers_that_concern_them(erasing: House) -> None:
    """Of the first the body names nobody by an id: that it concerned her came out when it was done."""
    numbered = {"identifier": [{"system": "urn:mrn", "value": "1"}]}
    erasing.desk.puts(patient("anna", **numbered))
    by_number = erasing.accepts(put(observation("o1", "Patient?identifier=urn:mrn|1")))
    erasing.desk.now += 1
    by_url = erasing.accepts(entry("GET", "Patient/anna"))
    erasing.desk.now += 1
    others = erasing.accepts(entry("GET", "Patient/berta"))
    assert erasing.does() == 3
    assert erasing.answer(by_number)["response"]["status"] == "200 OK"
    erase(erasing, "anna")
    for found in (by_number, by_url):
        with refusal(Kind.GONE):
            erasing.answer(found)
    assert erasing.answer(others)["resource"]["entry"][0]["resource"]["id"] == "berta"


def test_erasing_a_patient_ends_what_waits_and_names_them_in_a_url(erasing: House) -> None:
    found = erasing.accepts(entry("DELETE", "Patient/anna"))
    erase(erasing, "anna")
    assert erasing.does() == 0
    with refusal(Kind.GONE):
        erasing.answer(found)


def test_what_is_asked_of_the_erased_is_answered_that_they_are_gone(erasing: House) -> None:
    erase(erasing, "anna")
    found = erasing.accepts(put(observation("o1", "Patient/anna")))
    tenant = erasing.row().tenant
    assert erasing.desk.vault.identity.fetch(tenant, [erasing.desk.id_of("Patient/anna")]) == {}
    erasing.does()
    assert erasing.answer(found)["response"]["status"] == "410 Gone"
    assert erasing.desk.vault.identity.fetch(tenant, [erasing.desk.id_of("Patient/anna")]) == {}


def test_law_6_who_works_at_it_while_a_patient_is_erased_stores_nothing(
    erasing: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = erasing.accepts(put(observation("o1", "Patient/anna")))
    real = doing.Doer._do

    def late(doer: Doer, claimed: Claim, actor: Any) -> None:
        erase(erasing, "anna")
        real(doer, claimed, actor)

    monkeypatch.setattr(doing.Doer, "_do", late)
    erasing.does()
    assert erasing.desk.head("Observation/o1") is None
    assert erasing.row().state == State.ERASED
    with refusal(Kind.GONE):
        erasing.answer(found)


def test_the_accepting_client_is_asked_for_by_its_tenant_too(small: House) -> None:
    found = small.accepts(put(patient("anna")))
    name = found.id
    assert small.at.found(ehr(), pseudonym(name)) is not None
    moved = replace(ehr(), organization=ST_BERTA)
    assert small.at.found(moved, pseudonym(name)) is None
    assert small.at.found(ehr(ST_BERTA), pseudonym(name)) is None
    assert small.at.found(ehr(), "nonsense") is None
