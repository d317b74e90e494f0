"""From a resource to rows: two halves that open to what came in, under the right keys, and blind words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.custody import cipher, index
from gateway.custody.errors import KeyGone, Tampered
from gateway.custody.identity import halves, links
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, WriteNo, pseudonym
from gateway.custody.records import CLINICAL_COLUMN, StoredVersion
from gateway.identities import Identities
from gateway.intake.sealing import Keys, Sealed, Sealer, Target, Whose, home
from gateway.privacy import policy
from gateway.privacy.merge import merge
from mappers import lossless
from tests.desk import ST_ANNA, Desk, observation, patient, unknown_meaning
from tests.unit.mappers.r4.generated import CANARY, any_resource

ANNA, BERT = StoredId(b"a" * 16), StoredId(b"b" * 16)
CLINICAL = policy.load("clinical")


class Bench:
    """A sealer with the keys of everybody, and what opens again what it sealed."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.identities = Identities(desk.vault, ST_ANNA)
        vault, everybody = desk.vault, {ANNA, BERT, TENANT_COMPARTMENT}
        self.keys = Keys(
            vault.clinical.ensure(ST_ANNA, everybody),
            vault.identity.ensure(ST_ANNA, everybody),
            vault.of(ST_ANNA).clinical_index,
            vault.of(ST_ANNA).identity_index,
        )
        self.drawn = 0
        self.sealer = Sealer(ST_ANNA, CLINICAL, self.identities, self.keys, self._entropy)

    def _entropy(self, count: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(count, "big")

    def seals(self, resource: dict[str, Any], *patients: StoredId, **target: Any) -> Sealed:
        type_, id_ = resource["resourceType"], resource["id"]
        made = Target(type_, id_, self.identities.stored(type_, id_), target.pop("version", 1), **target)
        return self.sealer.seal(made, resource, Whose.of(patients, patients))

    def opens(self, sealed: Sealed) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        write = sealed.write
        where = (ST_ANNA, write.compartment, write.type, write.id, write.version)
        clinical = None
        if write.clinical is not None:
            key = self.keys.clinical[write.compartment]
            clinical = lossless.loads(
                cipher.unseal(key, cipher.Place(*where, CLINICAL_COLUMN), write.clinical)
            )
        place = cipher.Place(*where, halves.COLUMN)
        withheld = cipher.unseal(self.keys.identity[write.compartment], place, sealed.withheld or b"")
        return clinical, lossless.loads(withheld)

    def token(self, type_: str, name: str, value: str, side: str = "clinical") -> bytes:
        key = self.keys.clinical_index if side == "clinical" else self.keys.identity_index
        return index.token_key(key, type_, name, value)


@pytest.fixture
def bench(small_desk: Desk) -> Bench:
    return Bench(small_desk)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(resource=any_resource())
def test_law_1_what_was_sealed_opens_to_what_came_in(bench: Bench, resource: dict[str, Any]):
    clinical, withheld = bench.opens(bench.seals(resource, ANNA))
    assert lossless.same(merge(clinical, withheld), resource)
    assert CANARY not in lossless.dumps(clinical).decode(), "law 2: nobody is in the clinical half"


@pytest.mark.parametrize(
    ("patients", "compartment", "linked"),
    [
        ((), TENANT_COMPARTMENT, ()),
        ((ANNA,), ANNA, ()),
        ((ANNA, BERT), TENANT_COMPARTMENT, (ANNA, BERT)),
    ],
    ids=["nobody", "one", "several"],
)
def test_a_resource_lies_with_its_one_patient_or_with_the_tenant(
    bench: Bench, patients: tuple[StoredId, ...], compartment: StoredId, linked: tuple[StoredId, ...]
):
    write = bench.seals(observation("o1", "Patient/x"), *patients).write
    assert (write.compartment, home(patients), write.patients) == (compartment, compartment, linked)


def _moved(bench: Bench, sealed: Sealed, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    write = sealed.write
    where = {
        "tenant": ST_ANNA,
        "patient": write.compartment,
        "type": write.type,
        "id": write.id,
        "version": write.version,
        "column": CLINICAL_COLUMN,
    }
    cipher.unseal(bench.keys.clinical[ANNA], cipher.Place(**change(where)), write.clinical or b"")


@pytest.mark.parametrize(
    "change",
    [{"patient": BERT}, {"type": "Patient"}, {"id": BERT}, {"version": 2}, {"column": halves.COLUMN}],
    ids=lambda change: next(iter(change)),
)
def test_a_half_opens_in_its_own_place_alone(bench: Bench, change: dict[str, Any]):
    sealed = bench.seals(observation("o1", "Patient/x"), ANNA)
    _moved(bench, sealed, lambda where: where)
    with pytest.raises(Tampered):
        _moved(bench, sealed, lambda where: {**where, **change})


def test_the_digest_is_of_both_halves_as_they_lie_there(bench: Bench):
    sealed = bench.seals(patient("mrn-1"), ANNA)
    both = (sealed.write.clinical or b"") + (sealed.withheld or b"")
    assert sealed.write.digest == hashlib.sha256(both).digest()


def test_no_salt_is_used_twice(bench: Bench):
    once, again = (bench.seals(patient("mrn-1"), ANNA) for _ in range(2))
    assert bench.drawn == 6
    assert once.write.clinical != again.write.clinical
    assert once.withheld != again.withheld


def test_the_way_back_is_made_once_and_again_under_another_patients_key(bench: Bench):
    resource = observation("o1", "Patient/x")
    first = bench.seals(resource, ANNA).link
    assert first is not None
    assert links.open_link(bench.keys.identity[ANNA], first) == "o1"
    assert bench.seals(resource, ANNA, version=2, linked=ANNA).link is None
    moved = bench.seals(resource, BERT, version=3, linked=ANNA)
    assert moved.link is not None
    assert (moved.link.compartment, moved.left) == (BERT, ANNA)
    assert links.open_link(bench.keys.identity[BERT], moved.link) == "o1"
    with pytest.raises(Tampered):
        links.open_link(bench.keys.identity[ANNA], moved.link)


def test_law_2_what_identifies_makes_rows_on_the_gateways_side_alone(bench: Bench):
    sealed = bench.seals(patient("mrn-1", identifier=[{"system": "urn:mrn", "value": "4711"}]), ANNA)
    gender = bench.token("Patient", "gender", "female")
    assert gender in sealed.write.tokens
    name = ("Patient", "family", "hopkins")
    identity = {bench.token(*name, side="identity"), bench.token("Patient", "identifier", "4711", "identity")}
    assert identity & set(sealed.names)
    assert not {bench.token(*name), bench.token("Patient", "identifier", "4711")} & set(sealed.write.tokens)


def test_references_are_rows_by_pseudonym_and_never_by_the_ehrs_id(bench: Bench):
    sealed = bench.seals(observation("o1", "Patient/mrn-1"), ANNA)
    there = pseudonym(bench.desk.id_of("Patient/mrn-1"))
    assert bench.token("Observation", "subject", f"Patient/{there}") in sealed.write.tokens
    everything = {*sealed.write.tokens, *sealed.names}
    for side in ("clinical", "identity"):
        assert bench.token("Observation", "subject", "Patient/mrn-1", side) not in everything


def test_a_code_that_the_split_withheld_is_still_found_by_its_sender(bench: Bench):
    local = {"coding": [{"system": "urn:hospital:codes", "code": "BZ"}]}
    sealed = bench.seals(observation("o1", "Patient/x", code="4548-4") | {"code": local}, ANNA)
    word = ("Observation", "code", "urn:hospital:codes|BZ")
    assert bench.token(*word, side="identity") in sealed.names
    assert bench.token(*word) not in sealed.write.tokens


def test_what_changes_its_meaning_unseen_has_no_half_and_no_clinical_row(bench: Bench):
    resource = unknown_meaning(observation("o1", "Patient/mrn-1"))
    sealed = bench.seals(resource, ANNA)
    assert sealed.write.clinical is None
    assert (tuple(sealed.write.tokens), tuple(sealed.write.ranges)) == ((), ())
    assert bench.opens(sealed) == (None, resource)


def test_a_deletion_has_no_content_and_stays_where_the_resource_was(bench: Bench):
    gone = bench.sealer.erase(Target("Patient", "mrn-1", ANNA, 4), ANNA)
    assert (gone.write.deleted, gone.write.version, gone.write.compartment) == (True, 4, ANNA)
    assert (gone.write.clinical, gone.withheld, gone.link) == (None, None, None)
    assert not [*gone.write.tokens, *gone.write.ranges, *gone.names]
    assert gone.write.digest == hashlib.sha256(b"").digest()


def test_a_key_that_is_missing_is_an_error_and_not_another_key(bench: Bench):
    with pytest.raises(KeyGone):
        bench.seals(patient("mrn-1"), StoredId(b"c" * 16))


def test_a_stored_version_opens_with_the_same_place(bench: Bench):
    """What the release side asks for is what was sealed: the two agree on the place."""
    sealed = bench.seals(patient("mrn-1"), ANNA)
    w = sealed.write
    row = StoredVersion(
        WriteNo(1), ST_ANNA, w.type, w.id, w.version, w.compartment, 0, w.origin, False, w.digest, w.clinical
    )
    opened = lossless.loads(halves.open_withheld(bench.keys.identity[ANNA], row, sealed.withheld or b""))
    assert opened == bench.opens(sealed)[1]
