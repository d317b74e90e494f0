"""Two real gateway processes at one address: whichever is asked, what was changed counts at the next request.

Connections that stay open are shared out between them, so a handful of connections asks both.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from gateway.auth.registration import Registration
from gateway.custody import backlog
from gateway.custody.founding import found
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, clinical_key, organization
from gateway.demo.client import SmartClient
from tests.actors import PLAN_QUERY, Hospital, Partner, Somebody, Town
from tests.consents import client, consent, deny
from tests.integration.test_runtime_processes import now, until
from workers import plan
from workers.station import Station, load_knowledge

pytestmark = pytest.mark.xdist_group("processes")
ANNA = {"resourceType": "Patient", "id": "mrn-1", "gender": "female"}
HANDS = 4


class Gateways:
    """``careloom gateway --gateways 2``, and connections to it."""

    def __init__(self, storage: Storage, folder: Path) -> None:
        self.storage, self.log, self.lost = storage, folder / "gateways.log", 0
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        own = {name: value for name, value in os.environ.items() if not name.startswith("CARELOOM_")}
        self.environ = own | {
            "CARELOOM_DATA_DIR": str(storage.data_dir),
            "CARELOOM_DATABASE_URL": storage.database_url,
            "CARELOOM_KEYS_URL": storage.keys_url,
            "CARELOOM_BASE_URL": self.base_url,
            "CARELOOM_HANG_SECONDS": "2",
            "CARELOOM_RATE": "100000",
        }
        self.vault: Vault = open_vault(storage)
        registration = Registration(self.vault.database, now, os.urandom)
        self.town = Town(self.base_url, registration)

    def start(self) -> None:
        with self.log.open("ab") as log:
            line = [*self.command("gateway", "--gateways", "2"), "--port", str(self.port)]
            self.process = subprocess.Popen(line, env=self.environ, stdout=log, stderr=log)
        until(lambda: self.serving() == 2, 60, "two processes that serve")

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "gateway.cli.main", *words]

    def runs(self, *words: str) -> None:
        subprocess.run(self.command(*words), env=self.environ, check=True, capture_output=True, timeout=60)

    def members(self) -> list[int]:
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def metric(self, name: str, labels: str = "") -> int:
        """The sum of all series of a name that bear these labels."""
        with urllib.request.urlopen(f"{self.base_url}/metrics", timeout=20) as answer:
            text = answer.read().decode()
        found = re.findall(rf"^{name}{{(.*)}} (\d+)$", text, re.MULTILINE)
        return sum(int(value) for told, value in found if labels in told)

    def serving(self) -> int:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.metric("careloom_gateway_serving")
        except OSError:
            return 0

    def hands(self, who: Somebody) -> list[Somebody]:
        """The same client over several connections, which lead to both processes."""
        made = []
        for _ in range(HANDS):
            one = SmartClient(self.base_url, who.client_id, who.client._key, who.client.scope)
            one._token, one._renew_at = who.client.token(), float("inf")
            made.append(type(who)(one))
            made[-1].asks("GET", "metadata")
        for number in (1, 2):
            assert self.metric("careloom_gateway_connections", f'"{number}"') > 0, "both are asked"
        return made

    def kills(self, pid: int) -> None:
        """Kill one of them; ``is_whole`` from then on says when its successor serves."""
        self.lost += 1
        os.kill(pid, signal.SIGKILL)

    def is_whole(self) -> bool:
        # In this order: the loss is counted when it is known that one serves no more.
        return self.metric("careloom_gateway_restarts_total") == self.lost and self.serving() == 2

    def plans(self) -> None:
        """What a worker does, in this process."""
        clinic = open_clinic(self.storage)
        station = Station(clinic, load_knowledge(), now, os.urandom)
        with clinic.database.read() as conn:
            due = [job.id for job in backlog.listing(conn)]
        for job_id in due:
            plan.do(station, job_id)
        clinic.close()

    def events(self, kind: str) -> list[str]:
        with self.vault.database.read() as conn:
            return list(conn.scalars(select(audit_event.c.detail).where(audit_event.c.kind == kind)))

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    folder = tmp_path_factory.mktemp("gateways")
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(folder / "data")})
    found(storage)
    made = Gateways(storage, folder)
    made.start()
    yield made
    assert made.stop() == 0
    made.vault.close()
    assert "Traceback" not in made.log.read_text()


@pytest.fixture(scope="module")
def hospital(gateways: Gateways) -> Hospital:
    made = gateways.town.hospital("st-anna")
    assert made.puts(ANNA).status_code == 201
    return made


def statuses(answers: Sequence[requests.Response]) -> set[int]:
    return {answer.status_code for answer in answers}


def side_by_side(deeds: Sequence[Callable[[], requests.Response]]) -> list[requests.Response]:
    ready = threading.Barrier(len(deeds))

    def done(deed: Callable[[], requests.Response]) -> requests.Response:
        ready.wait(20)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(done, deeds))


def test_what_one_has_written_the_other_reads_at_once(gateways: Gateways, hospital: Hospital):
    hands = gateways.hands(hospital)
    for number, writer in enumerate(hands):
        for gender in ("male", "female"):
            assert writer.asks("PUT", "Patient/mrn-1", {**ANNA, "gender": gender}).status_code == 200
            read = [one.asks("GET", "Patient/mrn-1").json()["gender"] for one in hands]
            assert read == [gender] * HANDS, number


def test_a_client_that_is_revoked_is_out_everywhere(gateways: Gateways):
    other = gateways.town.hospital("st-berta")
    hands = gateways.hands(other)
    assert statuses([one.asks("GET", "Patient") for one in hands]) == {200}
    gateways.town.registration.revoke_client(other.client_id)
    assert statuses([one.asks("GET", "Patient") for one in hands]) == {401}


def test_a_grant_and_a_consent_count_in_both_at_once(gateways: Gateways, hospital: Hospital):
    gateways.plans()
    partner: Partner = gateways.town.partner("app-gmbh")
    hands = gateways.hands(partner)

    def seen() -> set[int]:
        return {len(one.asks("GET", PLAN_QUERY).json().get("entry", ())) for one in hands}

    assert seen() == {0}
    gateways.town.registration.add_grant(partner.client_id, "st-anna")
    assert seen() == {1}
    against = consent("no", "Patient/mrn-1", deny(client(partner.client_id)))
    assert hospital.puts(against).status_code == 201
    assert seen() == {0}
    assert hospital.asks("DELETE", "Consent/no").status_code in (200, 204)
    assert seen() == {1}
    gateways.town.registration.revoke_grant(partner.client_id, "st-anna")
    assert seen() == {0}


def test_a_key_that_is_destroyed_opens_nothing_in_either(gateways: Gateways, hospital: Hospital):
    assert hospital.puts({**ANNA, "id": "mrn-gone"}).status_code == 201
    hands = gateways.hands(hospital)
    assert statuses([one.asks("GET", "Patient/mrn-gone") for one in hands]) == {200}
    with gateways.vault.database.read() as conn:
        tenant = conn.scalar(select(organization.c.number).where(organization.c.name == "st-anna"))
    patient = gateways.vault.stored_id(tenant, "Patient", "mrn-gone")
    for ring in (gateways.vault.clinical, gateways.vault.identity):
        assert ring.destroy(tenant, patient)
    assert statuses([one.asks("GET", "Patient/mrn-gone") for one in hands]) == {410}


def test_root_keys_that_are_rotated_wrap_what_either_makes_next(gateways: Gateways, hospital: Hospital):
    hands = gateways.hands(hospital)
    gateways.runs("keys", "rotate")
    before = _versions(gateways)
    for number, one in enumerate(hands):
        assert one.asks("PUT", f"Patient/new-{number}", {**ANNA, "id": f"new-{number}"}).status_code == 201
    made = _versions(gateways) - before
    assert set(made) == {2}, "no new key hangs on the old version"
    assert made[2] >= HANDS
    for number in range(HANDS):
        assert statuses([one.asks("GET", f"Patient/new-{number}") for one in hands]) == {200}


def _versions(gateways: Gateways) -> Counter[int]:
    """How many data keys of the clinical side hang on each version of the root."""
    with gateways.vault.keys.read() as conn:
        return Counter(conn.scalars(select(clinical_key.c.root_version)))


def test_what_may_happen_once_happens_once(gateways: Gateways, hospital: Hospital):
    hands = gateways.hands(hospital) + gateways.hands(hospital)
    body = {"resourceType": "Patient", "identifier": [{"system": "urn:x", "value": "one"}]}

    made = side_by_side(
        [
            lambda one=one: one.asks("POST", "Patient", body, If_None_Exist="identifier=urn:x|one")
            for one in hands
        ]
    )
    assert sorted(answer.status_code for answer in made) == [200] * (len(hands) - 1) + [201]
    again = side_by_side(
        [lambda one=one: one.asks("POST", "Patient", ANNA, Idempotency_Key="the-same") for one in hands]
    )
    assert statuses(again) <= {201, 409}
    assert len({answer.headers["Location"] for answer in again if answer.status_code == 201}) == 1
    assertion = hospital.client.assertion()
    tokens = side_by_side([lambda one=one: one.client.ask_for_token(assertion) for one in hands])
    assert sorted(answer.status_code for answer in tokens) == [200] + [401] * (len(hands) - 1)


def test_counts_are_of_all_and_never_go_down(gateways: Gateways, hospital: Hospital):
    hands = gateways.hands(hospital)
    reads = gateways.metric("careloom_requests_total", 'interaction="read",status="200"')
    for one in hands * 5:
        assert one.asks("GET", "Patient/mrn-1").status_code == 200
    counted = gateways.metric("careloom_requests_total", 'interaction="read",status="200"')
    assert counted == reads + 5 * HANDS
    gateways.kills(gateways.members()[0])
    until(gateways.is_whole, 30, "both again")
    assert gateways.metric("careloom_requests_total", 'interaction="read",status="200"') == counted
    assert gateways.metric("careloom_gateway_restarts_total", 'reason="ended"') == gateways.lost


def test_law_6_what_was_acknowledged_by_one_that_is_killed_is_there(gateways: Gateways, hospital: Hospital):
    hands, over = gateways.hands(hospital), threading.Event()
    told: list[str] = []

    def writes(hand: Somebody, name: str) -> None:
        number = 0
        while not over.is_set():
            number += 1
            id_ = f"{name}-{number}"
            try:
                answer = hand.asks("PUT", f"Patient/{id_}", {**ANNA, "id": id_})
            except requests.RequestException:
                continue
            assert answer.status_code == 201
            told.append(id_)

    threads = [threading.Thread(target=writes, args=(one, f"k{n}")) for n, one in enumerate(hands)]
    for thread in threads:
        thread.start()
    until(lambda: len(told) > 20, 20, "writes")
    victim, other = gateways.members()
    gateways.kills(victim)
    before = len(told)
    until(lambda: len(told) > before + 20, 20, "writes that go on")
    assert other in gateways.members()
    over.set()
    for thread in threads:
        thread.join(20)
    found = {one["id"] for one in hospital.searches("Patient?_count=500")}
    assert set(told) <= found


def test_one_that_hangs_is_ended_while_the_other_serves(gateways: Gateways):
    until(gateways.is_whole, 30, "both")
    stopped, other = gateways.members()
    gateways.lost += 1
    os.kill(stopped, signal.SIGSTOP)
    answered = 0
    while Path(f"/proc/{stopped}").exists():
        with urllib.request.urlopen(f"{gateways.base_url}/healthz", timeout=20) as answer:
            answered += answer.status == 200
    assert answered > 20
    until(gateways.is_whole, 30, "both again")
    assert other in gateways.members()
    assert gateways.metric("careloom_gateway_restarts_total", 'reason="hung"') == 1
    assert "a part that answered nothing was ended" in gateways.log.read_text()
    (detail,) = gateways.events("system:hang")
    assert re.fullmatch(r"gateway [12] of 2 had answered nothing for 2 s", detail)
