"""The trail against the clients' own lists: each access has exactly its events, and no event is without one.

Four clients work side by side at random: two hospitals, of which one comes from two places at once, a partner
that both granted access, and an officer. ``CARELOOM_TEST_REQUESTS`` says how many requests all send together;
a run of many tells more and takes longer.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from sqlalchemy import select

from gateway.custody import verify
from gateway.custody.founding import found
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.migrations import Store
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, job, version
from gateway.fhir.balp import PATTERNS
from gateway.fhir.routes import PUBLIC, ROUTES, UNRECORDED
from gateway.settings import Settings
from mappers import lossless
from tests.actors import PLAN_QUERY, Town, town
from tests.desk import Desk, diabetic
from tests.workload import BODY_LIMIT, IN_VAIN, Clerk, Told, Ward, resources, version_of, works

REQUESTS = int(os.environ.get("CARELOOM_TEST_REQUESTS", "400"))
HOSPITALS = ("st-anna", "st-berta")
SYSTEM_LOG = "system"
SEED = 20260302
OURS = frozenset({"client:add", "grant:add", "worker:read", "worker:create", "worker:update"})
"""What happens without a request: an administrator's deeds, and the workers'."""


@dataclass
class App(Clerk):
    """A partner that polls for plans, looks at one, and tries what it may not."""

    of: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By a patient's pseudonym here: in whose log that is, and what the hospital calls them."""
    shown: str = ""

    def deed(self) -> None:
        self.chance.choice((self.polls, self.polls, self.reads, self.misses, self.writes))()

    def polls(self) -> None:
        found = resources(self.asks("poll", "GET", f"{PLAN_QUERY}&_count={self.chance.randrange(1, 5)}"))
        whose = dict(self.of[one["subject"]["reference"]] for one in found)
        for log in self.logs:
            self.expects(Told(log, "rest:search", 200, "CarePlan", patient=whose.get(log)))
        self.shown = f"CarePlan/{found[0]['id']}"

    def reads(self) -> None:
        if self.shown:
            answer = self.asks("plan", "GET", self.shown)
            log, whose = self.of[lossless.loads(answer.content)["subject"]["reference"]]
            self.expects(Told(log, "rest:read", 200, "CarePlan", self.shown, version_of(answer), whose))

    def misses(self) -> None:
        self.refused("rest:read", self.asks("no plan", "GET", "CarePlan/nobodys").status_code, "CarePlan")

    def writes(self) -> None:
        answer = self.asks("a write", "DELETE", "CarePlan/x")
        self.refused("rest:delete", answer.status_code, "CarePlan")


class Inspector(Clerk):
    """An officer, who looks at the trail while it grows."""

    def deed(self) -> None:
        self.chance.choice((self.searches, self.reads, self.misses, self.is_curious))()

    def searches(self) -> None:
        query = self.chance.choice(("outcome=4&_count=3", "patient=Patient/a1&_count=3", "colour=red"))
        status = self.asks("trail", "GET", f"AuditEvent?{query}").status_code
        whose = "Patient/a1" if query.startswith("patient=") else None
        self.expects(*(Told(log, "rest:search", status, "AuditEvent", patient=whose) for log in self.logs))

    def reads(self) -> None:
        status = self.asks("event", "GET", "AuditEvent/0-0").status_code
        self.refused("rest:read", status, "AuditEvent")

    def misses(self) -> None:
        self.refused("rest:read", self.asks("no event", "GET", "AuditEvent/99-1").status_code, "AuditEvent")

    def is_curious(self) -> None:
        self.refused("rest:read", self.asks("a patient", "GET", "Patient/a1").status_code, "Patient")


# --- the day -----------------------------------------------------------------------------------------------


@dataclass
class Day:
    """What everybody did, and what stands in the trail afterwards."""

    vault: Vault
    clerks: list[Clerk]
    app: App
    tenants: Mapping[str, Tenant]
    tokens: int
    """How often a client asked for a token on its way to something else."""
    events: list[Any] = field(default_factory=list)

    @property
    def expected(self) -> dict[str, Counter[Told]]:
        return {request: told for clerk in self.clerks for request, told in clerk.expected.items()}

    def left(self) -> dict[str, Counter[Told]]:
        """The trail in the clients' words, by request; decisions and what is ours are told elsewhere."""
        words = self._words()
        found: dict[str, Counter[Told]] = {}
        for one in self.events:
            if one.kind not in OURS and not one.kind.startswith("consent:"):
                found.setdefault(one.request_id, Counter())[self._told(one, words)] += 1
        return found

    def _told(self, one: Any, words: Mapping[tuple[str, bytes], str]) -> Told:
        log = next((name for name, tenant in self.tenants.items() if tenant == one.log), SYSTEM_LOG)
        about = None if one.id is None else self._named(one, words)
        patient = None if one.patient is None else words.get(("Patient", one.patient), "?")
        told = Told(log, one.kind, one.status, one.type, about, one.version or None, patient)
        return told._replace(about=None, version=None, patient=None) if one.status in IN_VAIN else told

    def _named(self, one: Any, words: Mapping[tuple[str, bytes], str]) -> str:
        if one.client_id == self.app.who.client_id:
            return f"{one.type}/{self.vault.outside(one.organization).show(one.type, StoredId(one.id))}"
        return words.get((one.type, one.id), "?")

    def _words(self) -> dict[tuple[str, bytes], str]:
        """What the hospitals call what they wrote, by its stored id."""
        told = {one for counted in self.expected.values() for one in counted if one.log in self.tenants}
        names = {(one.log, name) for one in told for name in (one.about, one.patient) if name}
        return {
            (type_, self.vault.stored_id(self.tenants[log], type_, id_)): name
            for log, name in names
            for type_, _, id_ in [name.partition("/")]
        }


def _now() -> int:
    return time.time_ns() // 1000


def _planned(ward: Ward, storage: Storage) -> None:
    """Somebody has a plan."""
    who = f"{ward.name}1"
    for resource in diabetic(who):
        type_ = resource["resourceType"]
        about = f"{type_}/{resource['id']}"
        assert ward.asks("first", "PUT", about, resource).status_code == 201
        ward.expects(Told(ward.log, "rest:create", 201, type_, about, 1, f"Patient/{who}"))
    desk = Desk(storage)
    desk.now = _now()
    assert desk.works() == 1
    desk.close()


def _counting(clerks: Sequence[Clerk]) -> list[int]:
    """Each token that is asked for by the way is counted, in what this gives back."""
    asked: list[int] = []

    def counted(real: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
        def ask(*words: Any) -> requests.Response:
            asked.append(1)
            return real(*words)

        return ask

    for client in {id(clerk.who): clerk.who.client for clerk in clerks}.values():
        client.ask_for_token = counted(client.ask_for_token)  # type: ignore[method-assign]
    return asked


def _everybody(here: Town, storage: Storage, chance: random.Random) -> tuple[list[Ward], App, Inspector]:
    anna, berta = (here.hospital(name) for name in HOSPITALS)
    comers = (("a", anna, HOSPITALS[0]), ("b", berta, HOSPITALS[1]), ("a-too", anna, HOSPITALS[0]))
    wards = [Ward(name, who, here, random.Random(chance.random()), [log]) for name, who, log in comers]
    app = App("app", here.partner("app-gmbh", *HOSPITALS), here, random.Random(chance.random()), HOSPITALS)
    inspector = Inspector("officer", here.officer(HOSPITALS[0]), here, chance, HOSPITALS[:1])
    return wards, app, inspector


def _spent(here: Town, storage: Storage, seed: int) -> Day:
    assert here.app is not None
    vault: Vault = here.app.extensions["careloom_vault"]
    wards, app, inspector = _everybody(here, storage, random.Random(seed))
    asked = _counting([*wards, app, inspector])
    tenants = {name: tenant for tenant, name in here.registration.clients()[1].items()}
    outside = vault.outside(tenants["app-gmbh"])
    for ward in wards[:2]:
        _planned(ward, storage)
        stored = vault.stored_id(tenants[ward.log], "Patient", f"{ward.name}1")
        pseudonym = f"Patient/{outside.show('Patient', stored)}"
        app.of = {**app.of, pseudonym: (ward.log, f"Patient/{ward.name}1")}
    for ward in wards:
        ward.since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    share = REQUESTS // 4
    with ThreadPoolExecutor(len(wards) + 2) as pool:
        done = [pool.submit(works, ward, share) for ward in wards]
        done += [pool.submit(_does, clerk, share // 2) for clerk in (app, inspector)]
        for one in done:
            one.result()
    day = Day(vault, [*wards, app, inspector], app, tenants, len(asked))
    with vault.database.read() as conn:
        day.events += conn.execute(select(audit_event).order_by(audit_event.c.log, audit_event.c.seq))
    return day


def _does(clerk: App | Inspector, most: int) -> None:
    while len(clerk.expected) < most:
        clerk.deed()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """One day's work of everybody at once, on each database."""
    environ = {"CARELOOM_DATA_DIR": str(tmp_path_factory.mktemp("reconciled") / "careloom")}
    with ExitStack() as stack:
        if request.param == "postgres":
            urls = stack.enter_context(request.getfixturevalue("postgres_databases").lent())
            environ |= {"CARELOOM_DATABASE_URL": urls[Store.DATA], "CARELOOM_KEYS_URL": urls[Store.KEYS]}
        storage = Storage.from_environ(environ)
        found(storage)
        here = town(Settings(storage, base_url="http://careloom.test", body_limit=BODY_LIMIT, rate=10**6))
        spent = _spent(here, storage, SEED)
        yield spent
        spent.vault.close()


# --- what is held against each other -----------------------------------------------------------------------


def test_law_4_each_request_left_the_events_that_its_client_expects_and_no_other(day: Day):
    left = day.left()
    nothing: Counter[Told] = Counter()
    wrong = {
        request: {"missing": [*(told - there)], "too many": [*(there - told)]}
        for request, told in day.expected.items()
        if (there := left.get(request, nothing)) != told
    }
    assert wrong == {}


def test_law_4_no_event_is_without_a_request(day: Day):
    """But for tokens: a client asks for one on its way to something else."""
    unknown = [one for request, one in day.left().items() if request not in day.expected]
    assert [{told.kind for told in one} for one in unknown] == [{"token:issue"}] * day.tokens
    assert {count for one in unknown for count in one.values()} == {1}


def test_the_work_was_mixed(day: Day):
    """What was not tried is not proven."""
    kinds = {told.kind for one in day.expected.values() for told in one}
    unmet = {kind for kind in PATTERNS if kind.startswith(("rest:", "token:"))} - kinds
    assert unmet == set()
    seen = {status for clerk in day.clerks for _, status in clerk.answers}
    assert {200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 410, 412, 413, 415, 422} <= seen


def test_law_4_no_route_is_served_without_its_kind_in_the_trail(day: Day):
    kinds = {told.kind for one in day.expected.values() for told in one}
    assert {route.audit for route in ROUTES if route.scope != PUBLIC} <= kinds
    assert {route.audit for route in ROUTES if route.scope == PUBLIC} == {UNRECORDED}


def test_law_4_each_event_names_its_client(day: Day):
    whose = {request: clerk.who.client_id for clerk in day.clerks for request in clerk.expected}
    for one in day.events:
        if one.request_id in whose:
            known = one.status != 401 or one.kind.startswith("token:")
            assert one.client_id == (whose[one.request_id] if known else None), one.kind


def test_law_4_what_a_partner_was_given_was_decided_once_for_each_patient(day: Day):
    given, decided = Counter[Any](), Counter[Any]()
    for one in day.events:
        if one.client_id == day.app.who.client_id and one.patient is not None:
            counted = decided if one.kind.startswith("consent:") else given
            counted[one.log, one.request_id, one.patient] += 1
    assert given
    assert set(given) <= set(decided)
    assert set(decided.values()) == {1}


def test_law_4_each_stored_version_has_one_event_and_each_event_of_a_write_its_version(day: Day):
    with day.vault.database.read() as conn:
        rows = conn.execute(select(version.c.tenant, version.c.type, version.c.id, version.c.version)).all()
    told = Counter(
        (one.log, one.type, one.id, one.version)
        for one in day.events
        if one.digest and one.kind != "worker:read"
    )
    assert told == Counter(tuple(row) for row in rows)


def test_law_4_each_plan_was_read_for_and_written_under_its_job(day: Day):
    with day.vault.database.read() as conn:
        done = {
            row.id.hex()
            for row in conn.execute(select(job.c.id).where(job.c.kind == "plan", job.c.state == "done"))
        }
    worked = [one for one in day.events if one.kind.startswith("worker:")]
    assert Counter(one.request_id for one in worked if one.kind == "worker:read") == Counter(done)
    assert {one.request_id for one in worked if one.kind == "worker:create"} == done


def test_law_4_an_administrators_deeds_are_there_once(day: Day):
    told = Counter(one.kind for one in day.events if one.kind.partition(":")[0] in ("client", "grant"))
    assert told == {"client:add": 4, "grant:add": 2}


def test_the_trail_of_all_of_this_verifies(day: Day):
    with day.vault.database.read() as conn:
        assert verify.verify(conn, {}).ok
