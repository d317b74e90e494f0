"""The accounting of a patient's disclosures (45 CFR §164.528): as a page, as a sheet and as a document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TypeAlias

from gateway.auth.registry import organization_names
from gateway.console import sheets
from gateway.console.asked import Answer, Denied, Desk, Sent, Shown, Visit
from gateway.console.papers import Paper, pdf
from gateway.console.reading import Reading
from gateway.console.rendering import plain_moment, said_moment
from gateway.console.views.patient import patient_of
from gateway.console.words import PURPOSES
from gateway.custody.jobs import SECOND
from gateway.custody.months import Month
from gateway.custody.operator import By
from gateway.disclosures import Accounting, Asked, Disclosures
from gateway.disclosures.accounting import Disclosure, Repeated, accounted, summary

YEARS = 6
When: TypeAlias = Callable[[int], str]
"""How a time is written."""

ON_A_PAGE, ON_PAPER = 500, 5_000
SUMMARY_COLUMNS = ("First", "Recipient", "What", "Purpose", "Times", "Last")
COLUMNS = ("When", "Recipient", "What", "Purpose")
_TITLE = "Accounting of disclosures"


@dataclass(frozen=True, slots=True)
class Made:
    """An accounting that was made, and how it was asked for."""

    accounting: Accounting
    since: date
    until: date
    brief: bool
    patient: str
    organization: str


def show(desk: Desk, visit: Visit) -> Answer:
    """As a page."""
    made, zone = _made(desk, visit), desk.settings.sign_in.zone
    rows = list(islice(_rows(made, lambda micros: said_moment(micros, zone)), ON_A_PAGE + 1))
    values = {
        "id": made.patient,
        "since": made.since.isoformat(),
        "until": made.until.isoformat(),
        "brief": made.brief,
        "columns": SUMMARY_COLUMNS if made.brief else COLUMNS,
        "rows": rows[:ON_A_PAGE],
        "cut": len(rows) > ON_A_PAGE,
        "on_a_page": ON_A_PAGE,
        "archived": _archived(made),
        "query": f"since={made.since}&until={made.until}&form={'summary' if made.brief else 'full'}",
    }
    return Shown("disclosures.html", values)


def sheet(desk: Desk, visit: Visit) -> Answer:
    """As CSV: all of it, however long."""
    made, zone = _made(desk, visit), desk.settings.sign_in.zone
    rows = _rows(made, lambda micros: plain_moment(micros, zone))
    body = b"".join(sheets.sheet(SUMMARY_COLUMNS if made.brief else COLUMNS, rows))
    return Sent(body, "disclosures.csv", "text/csv; charset=utf-8")


def paper(desk: Desk, visit: Visit) -> Answer:
    """As PDF, to be handed to the patient."""
    made, zone = _made(desk, visit), desk.settings.sign_in.zone
    rows = list(islice(_rows(made, lambda micros: said_moment(micros, zone)), ON_PAPER + 1))
    if len(rows) > ON_PAPER:
        raise Denied(422, f"More than {ON_PAPER:,} lines; ask for the summary, or a shorter time.")
    lines = [
        f"Record kept by {made.organization}. Patient: pseudonym {made.patient}.",
        f"Disclosures from {made.since} to {made.until}, both days included (UTC), as 45 CFR 164.528 asks.",
    ]
    late = _archived(made)
    document = Paper(
        title=_TITLE,
        lines=[*lines, late] if late else lines,
        columns=SUMMARY_COLUMNS if made.brief else COLUMNS,
        widths=(22, 26, 26, 18, 9, 22) if made.brief else (24, 34, 34, 22),
        rows=rows,
        none="No disclosure in this time has to be accounted for.",
        made=f"Made {said_moment(visit.now, zone)} by {visit.person.name}, from the trail of Careloom",
    )
    return Sent(pdf(document), "disclosures.pdf", "application/pdf")


def _made(desk: Desk, visit: Visit) -> Made:
    organization = visit.person.organization
    patient_of(Reading(desk, organization), visit)
    today = datetime.fromtimestamp(visit.now // SECOND, UTC).date()
    until = _day(visit.argument("until"), today)
    since = _day(visit.argument("since"), _years_before(today))
    if since > until:
        raise Denied(400, "The first day lies behind the last one.")
    asked = Asked(organization, visit.place["id"], _micros(since), _micros(until + timedelta(days=1)))
    by = By("console", visit.person.user)
    accounting = Disclosures(desk.vault, desk.clock, by).account(asked)
    with desk.vault.database.read() as conn:
        name = organization_names(conn).get(organization, "this organization")
    brief = visit.argument("form") != "full"
    return Made(accounting, since, until, brief, visit.place["id"], name)


def _rows(made: Made, when: When) -> Iterator[tuple[str, ...]]:
    found = accounted(made.accounting.found)
    if made.brief:
        return (_repeated(made, row, when) for row in summary(found))
    return (_row(made, one, when) for one in found)


def _row(made: Made, one: Disclosure, when: When) -> tuple[str, ...]:
    purpose = PURPOSES.get(one.purpose, one.purpose)
    return when(one.time), _recipient(made.accounting, one), one.what, purpose


def _repeated(made: Made, row: Repeated, when: When) -> tuple[str, ...]:
    return (*_row(made, row.first, when), str(row.count), when(row.last))


def _recipient(accounting: Accounting, one: Disclosure) -> str:
    name = accounting.organizations.get(one.organization) if one.organization is not None else None
    client = accounting.clients.get(one.client_id or "")
    through = client.name if client else one.client_id
    return f"{name or 'not known'} ({through})" if through else name or "not known"


def _archived(made: Made) -> str:
    before = made.accounting.archived
    if before is None:
        return ""
    return (
        f"What was disclosed before {Month.of(before)} is in the archives of the trail, and not in this list."
    )


def _day(text: str, default: date) -> date:
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise Denied(400, "A day is written as 2026-03-02.") from None


def _years_before(day: date) -> date:
    # Whoever asks on 29 February gets the 28th: a day more, never one less.
    return day.replace(year=day.year - YEARS, day=min(day.day, 28) if day.month == 2 else day.day)


def _micros(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * SECOND
