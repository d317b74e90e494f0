"""Who asks further back than the trail reaches is told so: an officer's search, a patient's accounting."""

from __future__ import annotations

import pytest

from gateway.custody.archive.tables import audit_archive
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.months import Month
from gateway.disclosures import Asked, Disclosures
from gateway.fhir import trail_archived, trail_query
from gateway.fhir.asked import Parameters
from tests.desk import NOW, ST_ANNA, ST_BERTA, Desk, diabetic
from tests.desk import desk as desk

ARCHIVED = Month(2020, 2)
TOLD = ("Events from before 2020-02 are archived, and are not found here.",)


@pytest.fixture
def archived(desk: Desk) -> Desk:
    """An installation of which the log of one hospital is archived up to February 2020."""
    with desk.vault.database.write() as conn:
        conn.execute(audit_archive.insert().values(log=ST_ANNA, size=9, before=ARCHIVED.start))
    return desk


def notes(desk: Desk, parameters: Parameters, *logs: Tenant) -> tuple[str, ...]:
    with desk.vault.database.read() as conn:
        return trail_archived.notes(conn, logs or (SYSTEM, ST_ANNA), parameters)


@pytest.mark.parametrize(
    "dates",
    [
        [],
        ["2020-01-31"],
        ["ge2020-01"],
        ["gt2019"],
        ["le2026-01-01"],
        ["lt2026"],
        ["ne2025"],
        ["ap2020-02-01"],
        ["2026-01-01,2019-01-01"],
        ["ge2019-01-01", "lt2026"],
    ],
)
def test_a_search_that_reaches_into_an_archive_says_so(archived: Desk, dates: list[str]) -> None:
    parameters = [("agent", "c1"), *(("date", value) for value in dates)]
    assert notes(archived, parameters) == TOLD
    assert notes(archived, parameters, SYSTEM, ST_BERTA) == ()


@pytest.mark.parametrize(
    "dates",
    [
        ["2020-02-01"],
        ["ge2020-02"],
        ["gt2020-01"],
        ["sa2020-01"],
        ["ap2020-02-02"],
        ["2020-02-01,2021"],
        ["le2026", "ge2020-02-01"],
        ["2019", "ge2020-02"],
    ],
)
def test_a_search_of_what_is_here_says_nothing(archived: Desk, dates: list[str]) -> None:
    assert notes(archived, [("date", value) for value in dates]) == ()


def test_where_nothing_is_archived_nothing_is_said(desk: Desk) -> None:
    assert notes(desk, []) == ()
    assert trail_query.earliest([("agent", "x")]) == 0


@pytest.mark.parametrize(("since", "told"), [(0, ARCHIVED.start), (ARCHIVED.start, None), (NOW, None)])
def test_an_accounting_says_from_when_it_has_no_events(archived: Desk, since: int, told: int | None) -> None:
    archived.puts(*diabetic("p"))
    found = Disclosures(archived.vault, archived.clock).account(Asked(ST_ANNA, "p", since, NOW + 1))
    assert found.archived == told
