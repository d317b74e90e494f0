"""A database that somebody changed: who asks gets a 500 without detail, never other data; the trail knows.

Each attack changes rows as an intruder with the whole database could, is asked about over HTTP in every way
that a resource can be asked for, and is undone again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import structlog
from sqlalchemy import Table, delete, insert, select, update

from gateway.custody import jobs, records
from gateway.custody.errors import KeyGone, Tampered
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, clinical_key, identity_key, job, link, version, withheld
from gateway.release import opened
from tests.actors import Hospital, Partner, Town
from tests.desk import bundle, diabetic, patient, put
from workers import plan
from workers.station import Station, load_knowledge, microseconds

NAMES = ("Hopkins", "Lovelace", "Curie", "Noether", "1961-04-17", "mrn-")
Row = Mapping[str, Any]


@dataclass
class Scene:
    """Two hospitals with two patients each, a plan, and a partner of the first."""

    vault: Vault
    storage: Storage
    hospital: Hospital
    partner: Partner

    def id_of(self, reference: str, tenant: int = 1) -> StoredId:
        type_, _, id_ = reference.partition("/")
        return self.vault.stored_id(Tenant(tenant), type_, id_)

    def row(self, reference: str, number: int = 1, tenant: int = 1) -> Row:
        """One version, by the id that its hospital gave it."""
        named = version.c.id == self.id_of(reference, tenant)
        (found,) = self._versions(named, version.c.tenant == tenant, version.c.version == number)
        return found

    def plans(self) -> list[Row]:
        """Both plans of the first hospital."""
        return self._versions(version.c.type == "CarePlan", version.c.tenant == 1)

    def _versions(self, *which: Any) -> list[Row]:
        with self.vault.database.read() as conn:
            return list(conn.execute(select(version).where(*which)).mappings())

    def half(self, row: Row) -> bytes:
        """The sealed withheld half of a version."""
        with self.vault.database.read() as conn:
            query = select(withheld.c.sealed).where(withheld.c.write_no == row["write_no"])
            return bytes(conn.scalar(query) or b"")

    @contextmanager
    def changed(self, table: Table, where: Any, **values: Any) -> Iterator[None]:
        """The rows as an intruder leaves them, for the length of the block."""
        home = self.vault.keys if table in (clinical_key, identity_key) else self.vault.database
        with home.write() as conn:
            names = [table.c[name] for name in values]
            before = dict(conn.execute(select(*names).where(where)).mappings().one())
            assert before != values
            conn.execute(update(table).where(where).values(values))
        try:
            yield
        finally:
            with home.write() as conn:
                conn.execute(update(table).where(where).values(before))

    @contextmanager
    def without(self, table: Table, where: Any) -> Iterator[None]:
        """The rows gone, for the length of the block."""
        with self.vault.database.write() as conn:
            before = list(conn.execute(select(table).where(where)).mappings())
            assert before
            conn.execute(delete(table).where(where))
        try:
            yield
        finally:
            with self.vault.database.write() as conn:
                conn.execute(insert(table), [dict(row) for row in before])

    def clinical(self, row: Row, cell: bytes) -> Any:
        return self.changed(version, version.c.write_no == row["write_no"], clinical=cell)

    def withheld(self, row: Row, cell: bytes) -> Any:
        return self.changed(withheld, withheld.c.write_no == row["write_no"], sealed=cell)


@pytest.fixture
def scene(here: Town, storage: Storage) -> Scene:
    assert here.app is not None
    vault: Vault = here.app.extensions["careloom_vault"]
    hospital = here.hospital("st-anna")
    hospital.submits(bundle(*map(put, (*diabetic("mrn-1"), *diabetic("mrn-2")))))
    hospital.puts(patient("mrn-1", name=[{"family": "Noether"}]))
    here.hospital("st-berta").submits(
        bundle(put(patient("mrn-1", name=[{"family": "Curie"}])), *map(put, diabetic("mrn-1")[1:]))
    )
    made = Scene(vault, storage, hospital, here.partner("app-gmbh", "st-anna"))
    assert work(made)
    return made


def work(scene: Scene) -> list[tuple[str, str | None]]:
    """Do the plans that are due; in which state each job of the first hospital is, and its error."""
    clinic = open_clinic(scene.storage)
    station = Station(clinic, load_knowledge(), microseconds, os.urandom)
    try:
        with clinic.database.read() as conn:
            due = [one.id for one in jobs.due(conn, microseconds(), 100) if one.kind == "plan"]
        for one in due:
            plan.do(station, one)
    finally:
        clinic.close()
    with scene.vault.database.read() as conn:
        rows = conn.execute(select(job).where(job.c.id.in_(due))).all()
    return [(row.state, row.error) for row in rows]


def flipped(cell: bytes, at: int = -1) -> bytes:
    changed = bytearray(cell)
    changed[at] ^= 1
    return bytes(changed)


# What is done, and to which patient; each leaves "mrn-1" of the first hospital so that it must not open.
A1C, CREATININE = "Observation/mrn-1-a1c", "Observation/mrn-1-crea"
HALVES: dict[str, Callable[[Scene], Any]] = {
    "a clinical half with a flipped bit": lambda s: s.clinical(s.row(A1C), flipped(s.row(A1C)["clinical"])),
    "a clinical half with a flipped header": lambda s: s.clinical(
        s.row(A1C), flipped(s.row(A1C)["clinical"], 1)
    ),
    "a clinical half cut short": lambda s: s.clinical(s.row(A1C), s.row(A1C)["clinical"][:-1]),
    "a clinical half of another row": lambda s: s.clinical(s.row(A1C), s.row(CREATININE)["clinical"]),
    "a clinical half of another patient": lambda s: s.clinical(
        s.row(A1C), s.row("Observation/mrn-2-a1c")["clinical"]
    ),
    "a clinical half of another tenant": lambda s: s.clinical(s.row(A1C), s.row(A1C, tenant=2)["clinical"]),
    "a withheld half in the place of a clinical one": lambda s: s.clinical(s.row(A1C), s.half(s.row(A1C))),
    "a row that says it is of another patient": lambda s: s.changed(
        version,
        version.c.write_no == s.row(A1C)["write_no"],
        compartment=s.id_of("Patient/mrn-2"),
    ),
}
WITHHELD: dict[str, Callable[[Scene], Any]] = {
    "a withheld half with a flipped bit": lambda s: s.withheld(s.row(A1C), flipped(s.half(s.row(A1C)))),
    "a withheld half of another row": lambda s: s.withheld(s.row(A1C), s.half(s.row(CREATININE))),
    "a withheld half of another patient": lambda s: s.withheld(
        s.row(A1C), s.half(s.row("Observation/mrn-2-a1c"))
    ),
    "a withheld half of another tenant": lambda s: s.withheld(s.row(A1C), s.half(s.row(A1C, tenant=2))),
    "a clinical half in the place of a withheld one": lambda s: s.withheld(
        s.row(A1C), s.row(A1C)["clinical"]
    ),
    "a withheld half that is gone": lambda s: s.without(
        withheld, withheld.c.write_no == s.row(A1C)["write_no"]
    ),
}
VERSIONS: dict[str, Callable[[Scene], Any]] = {
    "an earlier clinical half": lambda s: s.clinical(
        s.row("Patient/mrn-1", 2), s.row("Patient/mrn-1")["clinical"]
    ),
    "an earlier withheld half": lambda s: s.withheld(
        s.row("Patient/mrn-1", 2), s.half(s.row("Patient/mrn-1"))
    ),
}


def key_of(scene: Scene, table: Table, reference: str, tenant: int = 1) -> tuple[Any, bytes]:
    """Where a patient's data key lies, and what lies there."""
    where = (table.c.tenant == tenant) & (table.c.subject == scene.id_of(reference, tenant))
    with scene.vault.keys.read() as conn:
        return where, bytes(conn.scalar(select(table.c.wrapped).where(where)) or b"")


def another_key(table: Table, reference: str, tenant: int = 1) -> Callable[[Scene], Any]:
    def attack(scene: Scene) -> Any:
        where, _ = key_of(scene, table, "Patient/mrn-1")
        _, other = key_of(scene, table, reference, tenant)
        return scene.changed(table, where, wrapped=other)

    return attack


KEYS: dict[str, Callable[[Scene], Any]] = {
    "a clinical key of another patient": another_key(clinical_key, "Patient/mrn-2"),
    "a clinical key of another tenant": another_key(clinical_key, "Patient/mrn-1", 2),
    "an identity key of another patient": another_key(identity_key, "Patient/mrn-2"),
}

MRN = "Patient/mrn-1"
READS = ("Observation/mrn-1-a1c", "Observation/mrn-1-a1c/_history/1", "Observation/mrn-1-a1c/_history")
SEARCHES = ("Observation?code=4548-4", "Observation?subject=Patient/mrn-1", "Observation")
OF_PATIENT = ("Patient/mrn-1", "Patient/mrn-1/_history", "Patient?_id=mrn-1", "Patient?gender=female")
WAYS = {
    **dict.fromkeys(HALVES, (*READS, *SEARCHES)),
    **dict.fromkeys(WITHHELD, (*READS, *SEARCHES)),
    **dict.fromkeys(VERSIONS, OF_PATIENT),
    **dict.fromkeys(KEYS, (*READS, *OF_PATIENT)),
}
ATTACKS = {**HALVES, **WITHHELD, **VERSIONS, **KEYS}


@contextmanager
def fails(scene: Scene, what: str, path: str, log: int = 1) -> Iterator[list[requests.Response]]:
    """The answer given inside tells nothing, the log has one line of it, the trail one for each row."""
    before = events(scene, log)
    answers: list[requests.Response] = []
    with structlog.testing.capture_logs() as lines:
        yield answers
    (answer,) = answers
    about = (what, path)
    assert answer.status_code == 500, (*about, answer.status_code)
    (issue,) = answer.json()["issue"]
    assert issue["code"] == "exception", about
    assert "X-Request-Id" in issue["details"]["text"], about
    told = answer.text + json.dumps(lines)
    assert not [name for name in NAMES if name in told], about
    assert [line["error"] for line in lines] == ["Tampered"], about
    found = events(scene, log)[len(before) :]
    assert found, about
    assert len({(event.type, event.id, event.version) for event in found}) == len(found), about
    for event in found:
        assert (event.status, event.outcome, event.detail) == (500, "12", "tampered"), about
        assert event.request_id == answer.headers["X-Request-Id"], about


def events(scene: Scene, log: int) -> list[Any]:
    with scene.vault.database.read() as conn:
        query = select(audit_event).where(audit_event.c.log == log).order_by(audit_event.c.seq)
        return list(conn.execute(query))


def test_law_3_what_somebody_changed_or_moved_is_never_given_out(scene: Scene) -> None:
    """By the hospital that sent it, in each way of asking: read, version, history, search."""
    ways = sorted({path for paths in WAYS.values() for path in paths})
    honest = {path: scene.hospital.asks("GET", path).content for path in ways}
    for what, attack in ATTACKS.items():
        with attack(scene):
            for path in WAYS[what]:
                with fails(scene, what, path) as answers:
                    answers.append(scene.hospital.asks("GET", path))
    # What was asked for is there again when the intruder has put it back.
    for path in READS:
        assert scene.hospital.asks("GET", path).content == honest[path]


def names(event: Any) -> tuple[Any, ...]:
    return event.kind, event.type, event.id, event.version, event.patient


@pytest.mark.parametrize("attack", [*HALVES, *WITHHELD])
def test_the_trail_names_each_row_that_does_not_open(scene: Scene, attack: str) -> None:
    """Once, whoever asked for it how: by its id, or with others that do open."""
    row, kinds = scene.row(A1C), ("read", "vread", "history", "search", "search", "search")
    patient = scene.id_of("Patient/mrn-2" if attack == "a row that says it is of another patient" else MRN)
    for kind, path in zip(kinds, (*READS, *SEARCHES), strict=True):
        start = len(events(scene, 1))
        with ATTACKS[attack](scene), fails(scene, attack, path) as answers:
            answers.append(scene.hospital.asks("GET", path))
        (event,) = events(scene, 1)[start:]
        assert names(event) == (f"rest:{kind}", "Observation", row["id"], 1, patient), (attack, path)


def test_every_version_that_does_not_open_is_named(scene: Scene) -> None:
    """With a key of another patient none of them does."""
    start, id_ = len(events(scene, 1)), scene.id_of(MRN)
    what = "a clinical key of another patient"
    with ATTACKS[what](scene), fails(scene, what, MRN) as answers:
        answers.append(scene.hospital.asks("GET", f"{MRN}/_history"))
    told = sorted(map(names, events(scene, 1)[start:]))
    assert told == [("rest:history", "Patient", id_, version, id_) for version in (1, 2)]


def test_law_3_what_was_moved_is_never_given_to_a_partner(scene: Scene) -> None:
    one, two = scene.plans()
    path = f"CarePlan/{json.loads(scene.partner.polls().content)['entry'][0]['resource']['id']}"
    ways: dict[str, Callable[[], requests.Response]] = {
        "poll": scene.partner.polls,
        "read": lambda: scene.partner.asks("GET", path),
        "history": lambda: scene.partner.asks("GET", f"{path}/_history"),
        "search": lambda: scene.partner.asks("GET", "CarePlan"),
    }
    assert {name: ask().status_code for name, ask in ways.items()} == dict.fromkeys(ways, 200)
    swapped = (two["clinical"], one["clinical"])
    for what, cells in (("flipped", tuple(map(flipped, swapped[::-1]))), ("swapped", swapped)):
        for name, ask in ways.items():
            attacked = scene.clinical(one, cells[0]), scene.clinical(two, cells[1])
            with attacked[0], attacked[1], fails(scene, what, name) as answers:
                answers.append(ask())


def test_the_way_back_to_an_id_that_was_changed_is_not_guessed(scene: Scene) -> None:
    """A plan speaks of its patient in the hospital's own id, which a link holds."""
    plans = "CarePlan?identifier=urn:careloom:plan|&subject=Patient/mrn-1"
    assert scene.hospital.asks("GET", plans).status_code == 200
    mine = link.c.id == scene.id_of("Patient/mrn-1")
    theirs = link.c.id == scene.id_of("Patient/mrn-2")
    with scene.vault.database.read() as conn:
        sealed, other = (
            bytes(conn.scalar(select(link.c.sealed).where(which)) or b"") for which in (mine, theirs)
        )
    for what, cell in (("flipped", flipped(sealed)), ("of another patient", other)):
        with scene.changed(link, mine, sealed=cell), fails(scene, what, plans) as answers:
            answers.append(scene.hospital.asks("GET", plans))


def test_a_job_that_meets_a_changed_half_fails_visibly_and_writes_nothing(scene: Scene) -> None:
    written = len(rows_of(scene, version))
    for what in ("a clinical half with a flipped bit", "a clinical half of another patient"):
        # A new value for which the plan has to be looked at again.
        scene.hospital.puts({**diabetic("mrn-1")[3], "note": [{"text": what}]})
        written += 1
        with ATTACKS[what](scene), structlog.testing.capture_logs() as lines:
            (found,) = work(scene)
        assert found == ("queued", "Tampered")
        assert len(rows_of(scene, version)) == written
        assert not [name for name in NAMES if name in json.dumps(lines, default=str)]


def test_what_was_deleted_with_its_version_while_it_was_read_is_no_tampering(scene: Scene) -> None:
    """Retention takes both at once; who has found the version a moment before finds nothing to open."""
    row = scene.row(A1C)
    with scene.vault.database.read() as conn:
        (found,) = records.by_number(conn, [row["write_no"]]).values()
    gone = scene.without(withheld, withheld.c.write_no == row["write_no"])
    with gone, pytest.raises(Tampered) as caught:
        opened.originals(scene.vault, Tenant(1), [found])
    assert [(one.type, one.id, one.version) for one in caught.value.rows] == [("Observation", row["id"], 1)]
    version_too = scene.without(version, version.c.write_no == row["write_no"])
    with scene.without(withheld, withheld.c.write_no == row["write_no"]), version_too, pytest.raises(KeyGone):
        opened.originals(scene.vault, Tenant(1), [found])


def rows_of(scene: Scene, table: Table) -> list[Any]:
    with scene.vault.database.read() as conn:
        return list(conn.execute(select(table)))
