"""The sandbox: a tenant that is none, with its own clients, and nothing left of it when it is closed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import func, select

from gateway import assembly
from gateway.auth.actor import Role
from gateway.auth.registry import Draft, RegistryRefused
from gateway.auth.scopes import parse
from gateway.cli import main as root
from gateway.custody import sandboxes
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from gateway.custody.tables import clinical_key, data, identity_key
from gateway.demo.client import Declined, SmartClient
from gateway.demo.patients import bundle
from gateway.sandbox import TEST_DATA, Sandbox, SandboxRefused, finish
from gateway.settings import Settings
from mappers import lossless
from tests.actors import SCOPES, Hospital, Partner, Town
from tests.desk import bundle as transaction
from tests.desk import patient, put

TODAY = date(2026, 3, 2)
KEPT = {
    "organization",
    "client",
    "audit_event",
    "audit_head",
    "write_counter",
    "access_token",
    "assertion_seen",
}


class Box:
    """A gateway with a sandbox that is not open yet."""

    def __init__(self, storage: Storage, town: Town) -> None:
        assert town.app is not None
        self.town = town
        self.vault = town.app.extensions["careloom_vault"]
        world = assembly.the_world()
        intake = assembly.services(Settings(storage, base_url=town.base_url), self.vault, world).intake
        self.sandbox = Sandbox(self.vault, intake, world.clock, world.entropy)

    def opens(self, patients: int = 2) -> Tenant:
        tenant = self.sandbox.open()
        assert self.sandbox.admit(tenant, (bundle(seed, TODAY) for seed in range(patients))) == patients
        return tenant

    def enters(self, role: Role, organization: str = "acme") -> SmartClient:
        key = ECKey.generate_key("P-384", parameters={"kid": f"k-{role.value}"})
        jwks = lossless.dumps({"keys": [key.as_dict(private=False)]}).decode()
        made = self.town.registration.add_to_sandbox(self.draft(role, jwks), organization)
        return SmartClient(self.town.base_url, made.client_id, key, SCOPES[role], self.town.session())

    def draft(self, role: Role, jwks: str = '{"keys": []}') -> Draft:
        return Draft(f"a {role.value}", role, parse(SCOPES[role]), jwks=jwks)

    def counts(self) -> dict[str, int]:
        with self.vault.database.read() as conn:
            return {n: conn.scalar(select(func.count()).select_from(t)) or 0 for n, t in data.tables.items()}

    def keys_of(self, tenant: Tenant) -> int:
        with self.vault.keys.read() as conn:
            counts = [
                conn.scalar(select(func.count()).select_from(t).where(t.c.tenant == tenant)) or 0
                for t in (clinical_key, identity_key)
            ]
        return sum(counts)


@pytest.fixture
def box(storage: Storage, here: Town) -> Box:
    return Box(storage, here)


@pytest.fixture
def small(sqlite_storage: Storage, embedded: Town) -> Box:
    return Box(sqlite_storage, embedded)


def test_a_client_of_the_sandbox_finds_patients_that_are_marked_as_test_data(small: Box) -> None:
    small.opens()
    vendor = Hospital(small.enters(Role.EHR))
    found = vendor.searches("Patient")
    assert len(found) == 2
    assert all(TEST_DATA in one["meta"]["security"] for one in found)
    assert vendor.submits(transaction(put(patient("mine")))).status_code == 200
    assert vendor.reads("Patient/mine").get("meta", {}).get("security") is None, (
        "what a vendor sends is as it was sent"
    )


def test_a_partner_of_the_sandbox_reads_it_at_once_and_no_hospital(small: Box) -> None:
    small.town.hospital().puts(patient("anna"))
    small.opens()
    partner = Partner(small.enters(Role.PARTNER))
    assert partner.polls().status_code == 200
    assert {g.organization for g in small.town.registration.grants()} == {sandboxes.NAME}
    with pytest.raises(RegistryRefused, match="never mix"):
        small.town.registration.add_grant(partner.client_id, "st-anna")


def test_no_real_partner_is_granted_the_sandbox(small: Box) -> None:
    small.opens(0)
    real = small.town.partner("app-gmbh")
    with pytest.raises(RegistryRefused, match="never mix"):
        small.town.registration.add_grant(real.client_id, sandboxes.NAME)
    assert small.town.registration.grants() == []


@pytest.mark.parametrize("role", list(Role))
def test_no_real_client_is_registered_in_the_sandbox_and_no_other_way_round(small: Box, role: Role) -> None:
    small.opens(0)
    small.town.partner("app-gmbh")
    with pytest.raises(RegistryRefused, match="never mix"):
        small.town.registration.add_client(small.draft(role), sandboxes.NAME)
    small.enters(Role.PARTNER, "acme")
    with pytest.raises(RegistryRefused, match="never mix"):
        small.town.registration.add_client(small.draft(role), "acme")
    if role is Role.PARTNER:
        with pytest.raises(RegistryRefused, match="never mix"):
            small.town.registration.add_to_sandbox(small.draft(role), "app-gmbh")


def test_the_sandbox_and_a_hospital_see_nothing_of_each_other(small: Box) -> None:
    hospital = small.town.hospital()
    hospital.puts(patient("anna"))
    small.opens()
    vendor = Hospital(small.enters(Role.EHR))
    assert vendor.asks("GET", "Patient/anna").status_code == 404
    assert [one["id"] for one in hospital.searches("Patient")] == ["anna"]
    assert vendor.submits(transaction(put(patient("anna", gender="male")))).status_code == 200
    assert hospital.reads("Patient/anna")["gender"] == "female"


def test_without_a_sandbox_nobody_enters_it(small: Box) -> None:
    with pytest.raises(RegistryRefused, match="no sandbox is open"):
        small.enters(Role.EHR)
    with pytest.raises(SandboxRefused):
        small.sandbox.close()
    assert small.town.registration.clients()[0] == []


def test_there_is_one(small: Box) -> None:
    small.opens(0)
    with pytest.raises(SandboxRefused):
        small.sandbox.open()


def test_nothing_is_left_of_one_that_was_closed_but_its_trail(box: Box) -> None:
    hospital = box.town.hospital()
    hospital.puts(patient("anna"))
    before, anna = box.counts(), box.keys_of(Tenant(1))
    tenant = box.opens()
    vendor, partner = Hospital(box.enters(Role.EHR)), Partner(box.enters(Role.PARTNER))
    vendor.submits(transaction(put(patient("mine"))), key="k-1")
    vendor.asks("POST", "", transaction(put(patient("later"))), Prefer="respond-async")
    assert box.keys_of(tenant) > 0
    gone = box.sandbox.close()
    assert gone.clients == 2
    assert gone.keys > 0
    assert gone.versions >= gone.resources > 20
    assert box.keys_of(tenant) == 0
    after = box.counts()
    assert {n: c for n, c in after.items() if n not in KEPT} == {
        n: c for n, c in before.items() if n not in KEPT
    } | {"access_grant": 1}
    assert box.keys_of(Tenant(1)) == anna
    assert vendor.asks("GET", "Patient").status_code == 401, "its token ended with it"
    with pytest.raises(Declined):
        partner.polls()
    assert hospital.reads("Patient/anna")["birthDate"] == "1961-04-17"
    told = data.tables["audit_event"].c
    with box.vault.database.read() as conn:
        kinds = list(conn.scalars(select(told.kind).where(told.log == tenant).order_by(told.seq)))
    assert (kinds[0], kinds[-2]) == ("sandbox:open", "sandbox:close")
    assert kinds[-1] == "token:refuse", "that of the partner, whose client was ended"


def test_the_next_one_is_another(box: Box) -> None:
    first = box.opens(1)
    box.sandbox.close()
    second = box.opens(1)
    assert second != first
    assert len(Hospital(box.enters(Role.EHR)).searches("Patient")) == 1


def test_what_a_close_that_was_killed_has_left_is_removed_by_the_clock(
    small: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = small.opens(1)

    class KilledError(BaseException):
        pass

    def dies(*_: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(sandboxes, "purge", dies)
        with pytest.raises(KilledError):
            small.sandbox.close()
    assert small.counts()["record"] > 0
    assert finish(small.vault) > 0
    assert (small.counts()["record"], small.keys_of(tenant), finish(small.vault)) == (0, 0, 0)


# --- the commands ----------------------------------------------------------------------------------------


@pytest.fixture
def careloom(
    sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))

    def run(*words: str) -> tuple[int, str]:
        status = root.main(list(words))
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_the_commands_open_let_in_and_close(careloom: Any, tmp_path: Any) -> None:
    key = ECKey.generate_key("P-384", parameters={"kid": "k"})
    (tmp_path / "v.jwks").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    status, said = careloom("sandbox", "open", "--patients", "1", "--json")
    assert (status, json.loads(said)) == (0, {"organization": "Sandbox", "patients": 1})
    who = ("--name", "v", "--role", "ehr", "--scope", "system/*.cruds", "--jwks", str(tmp_path / "v.jwks"))
    status, said = careloom("client", "add", *who, "--sandbox")
    assert (status, json.loads(said)["organization"]) == (0, "Sandbox")
    assert careloom("client", "add", *who)[0] != 0, "a real client names its organization"
    assert careloom("client", "add", *who, "--sandbox", "--organization", "st-anna")[0] != 0
    assert careloom("client", "add", *who, "--organization", "Sandbox")[0] != 0
    assert careloom("sandbox", "open")[0] == 1
    status, said = careloom("sandbox", "close", "--json")
    assert (status, json.loads(said)["clients"]) == (0, 1)
    assert careloom("sandbox", "close")[0] == 1
