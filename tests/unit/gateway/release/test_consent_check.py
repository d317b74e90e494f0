"""What a data protection officer is told of a patient's Consents, and that asking leaves a trace."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gateway.auth import registry
from gateway.auth.actor import Actor, Role
from gateway.auth.registry import Draft, Terms
from gateway.auth.scopes import parse
from gateway.custody.ids import Tenant
from gateway.refusal import Kind
from gateway.release.consent_check import Answer, Checked, ConsentCheck
from mappers.consent import Default
from tests.consents import ENGINE, classes, client, consent, deny, permit
from tests.desk import Desk, diabetic, ehr, refusal, unknown_meaning

APP, STRANGER, ME = "app", "stranger", "Patient/mrn-1"
SILENCE = "no Consent speaks of this; the default is opt-out"


@dataclass
class Office:
    """A hospital, a partner that it grants something, and the officer's question."""

    desk: Desk
    hospital: Actor

    @property
    def tenant(self) -> Tenant:
        return self.hospital.organization

    def says(self, body: dict[str, object]) -> None:
        self.desk.puts(body, actor=self.hospital)

    def asks(self, who: str = APP, id_: str = "mrn-1", organization: str = "st-anna") -> Checked:
        return ConsentCheck(self.desk.vault, self.desk.clock).ask(who, organization, id_)

    def shown(self, version: int, id_: str = "c1") -> str:
        stored = self.desk.id_of(f"Consent/{id_}", self.tenant)
        return f"Consent/{self.desk.vault.outside(self.tenant).show('Consent', stored)}/_history/{version}"


@pytest.fixture
def office(small_desk: Desk) -> Office:
    with small_desk.vault.database.write() as conn:
        tenant = registry.add_organization(conn, "st-anna", 1)
        own = registry.add_organization(conn, "app-gmbh", 1)
        for client_id in (APP, STRANGER):
            draft = Draft(client_id, Role.PARTNER, parse("system/*.rs"), jwks='{"keys": []}')
            registry.add_client(conn, client_id, own, draft, 1)
        registry.add_grant(conn, APP, "st-anna", 1)
    made = Office(small_desk, ehr(tenant))
    small_desk.puts(*diabetic("mrn-1"), actor=made.hospital)
    return made


def test_silence_is_told_with_its_default(office: Office):
    silent = Answer("permit", "opt-out", SILENCE, ())
    assert office.asks() == Checked(silent, silent)
    with office.desk.vault.database.write() as conn:
        registry.add_grant(conn, APP, "st-anna", 2, Terms(consent=Default.OPT_IN))
    assert office.asks().partner == Answer("deny", "opt-in", SILENCE.replace("opt-out", "opt-in"), ())
    assert office.asks().engine == silent


def test_each_answer_names_the_consent_that_it_rests_on(office: Office):
    office.says(consent("c1", ME, permit(client(APP), nested=[deny(ENGINE)])))
    office.says(consent("c1", ME, permit(client(APP), ENGINE, nested=[deny(ENGINE)])))
    found = office.asks()
    assert (found.partner.effect, found.partner.rested_on) == ("permit", (office.shown(2),))
    assert (found.engine.effect, found.engine.rested_on) == ("deny", (office.shown(2),))


def test_the_answer_of_a_plan_that_is_there_counts_what_it_rests_on(office: Office):
    office.says(consent("c1", ME, deny(client(APP), **{"class": classes("Observation")})))
    assert office.asks().partner.effect == "permit", "there is no plan yet"
    office.desk.works()
    assert office.asks().partner.effect == "deny"


def test_the_engine_is_told_of_as_workers_decide(office: Office):
    office.says(unknown_meaning(consent("c1", ME, permit())))
    found = office.asks()
    assert (found.partner.effect, found.engine.effect) == ("deny", "deny")
    assert found.engine.why.startswith("a Consent cannot be read")


UNKNOWN = [
    ("nobody", "mrn-1", "st-anna"),
    (STRANGER, "mrn-1", "st-anna"),
    (APP, "mrn-1", "elsewhere"),
    (APP, "x", "st-anna"),
]


@pytest.mark.parametrize(("who", "id_", "organization"), UNKNOWN)
def test_who_is_not_known_is_refused(office: Office, who: str, id_: str, organization: str):
    with refusal(Kind.NOT_FOUND):
        office.asks(who, id_, organization)


def test_law_4_to_ask_is_recorded_also_where_nobody_is_found(office: Office):
    with office.desk.leaves(office.tenant) as events:
        office.asks()
        with refusal(Kind.NOT_FOUND):
            office.asks(id_="x")
    assert [(e.kind, e.status, e.client_id, e.detail) for e in events] == [
        ("consent:check", 200, APP, "command line; partner=permit; engine=permit"),
        ("consent:check", 404, APP, "command line; no such patient"),
    ]
    assert [event.patient for event in events] == [office.desk.id_of(ME, office.tenant), None]
