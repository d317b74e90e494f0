"""Law 2 over the whole installation: every byte that it keeps or prints, searched for every patient sent."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.bundles import needles, seen_in
from tests.acceptance.careloom import Careloom
from tests.acceptance.conftest import House


@pytest.fixture(scope="module")
def wanted(full_house: House) -> set[str]:
    found = set().union(*(needles(admission.sent) for admission in full_house.admissions))
    assert len(found) > 100
    return found


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def tables(url: str) -> Iterator[tuple[str, bytes]]:
    """A dump: every row of every table as PostgreSQL writes it out."""
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        names = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (name,) in names:
            with connection.cursor().copy(f"COPY (SELECT * FROM {name}) TO STDOUT (FORMAT binary)") as copy:
                yield name, b"".join(bytes(block) for block in copy)


def dumped(careloom: Careloom) -> Iterator[tuple[str, bytes]]:
    for setting in ("CARELOOM_DATABASE_URL", "CARELOOM_KEYS_URL"):
        if url := careloom.environ.get(setting):
            yield from tables(url)


def test_law_2_no_file_of_the_installation_names_a_patient(full_house: House, wanted: set[str]):
    kept = files(full_house.careloom.folder)
    assert kept
    assert not {str(path): seen for path in kept if (seen := seen_in(path.read_bytes(), wanted))}


def test_law_2_no_table_names_a_patient(full_house: House, wanted: set[str]):
    if "CARELOOM_DATABASE_URL" not in full_house.careloom.environ:
        database = full_house.careloom.folder / "careloom.db"
        assert database.stat().st_size > 100_000, "the embedded database is one of the files searched above"
        return
    dump = dict(dumped(full_house.careloom))
    assert sum(map(len, dump.values())) > 100_000
    assert not {table: seen for table, rows in dump.items() if (seen := seen_in(rows, wanted))}


def test_law_2_the_broker_names_no_patient(full_house: House, wanted: set[str]):
    broker = full_house.careloom.broker()
    values = [broker.dump(key) or b"" for key in broker.scan_iter()]
    assert not seen_in(b"\n".join(values), wanted)
    if "CARELOOM_BROKER_URL" not in full_house.careloom.environ:
        assert files(full_house.careloom.folder / "broker"), "its append-only file is among the files above"


def test_law_2_no_log_names_a_patient(full_house: House, wanted: set[str]):
    log = full_house.careloom.log.read_bytes()
    assert log, "it says at least where it listens"
    assert not seen_in(log, wanted)


def test_law_2_no_metric_names_a_patient(full_house: House, wanted: set[str]):
    answer = full_house.hospital.session.get(f"{full_house.careloom.base}/metrics", timeout=30)
    assert not seen_in(answer.content, wanted)


def test_law_2_no_error_repeats_what_it_was_asked(full_house: House, wanted: set[str]):
    patient = full_house.admissions[0].sent.patient
    name = patient["name"][0]["family"]
    broken = {**patient, "id": "broken", "gender": name, "birthDate": name, "surprise": name}
    hospital = full_house.hospital
    answers = [
        hospital.puts(broken),
        hospital.request("GET", "Patient", params={"birthdate": name}),
        hospital.request("GET", f"Patient/{name}"),
        hospital.submits({"resourceType": "Bundle", "type": name}),
    ]
    assert all(answer.status_code >= 400 for answer in answers)
    assert not [answer.text for answer in answers if name in answer.text]


@pytest.mark.parametrize("prefix", [b"", b"a", b"ab", b"abc"])
def test_the_search_finds_a_name_in_base64(prefix: bytes):
    assert seen_in(base64.b64encode(prefix + b"Hermiston, Asa"), {"Hermiston", "Kertzmann"}) == {"Hermiston"}


def test_the_search_finds_a_name_plain_and_in_hex():
    assert seen_in(b"xx Hermiston yy", {"Hermiston"}) == {"Hermiston"}
    assert seen_in(b"Hermiston".hex().encode(), {"Hermiston"}) == {"Hermiston"}
