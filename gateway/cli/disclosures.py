"""``careloom patient disclosures``: the accounting that 45 CFR §164.528 gives a patient a right to.

The patient's id is never printed: whoever typed it knows it, and whoever finds the list must not learn it.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from gateway.auth.registry import find_organization
from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, instant, storage
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.jobs import SECOND
from gateway.custody.months import Month
from gateway.disclosures import Accounting, Asked, Disclosures
from gateway.disclosures.accounting import Disclosure, Repeated, accounted, summary
from gateway.refusal import Refused

Line = Mapping[str, object]
YEARS = 6
COLUMNS = ("date", "recipient", "client", "address", "what", "purpose", "accounted", "exempt")
REPEATED = ("count", "last")
_ARCHIVED = "What was disclosed before {} is in the archives of the trail, and not in this list."
_DAY = click.DateTime(["%Y-%m-%d"])
_OWNER_ONLY = 0o600


@click.command("disclosures")
@click.option("--organization", required=True, help="The organization that keeps the record.")
@click.option("--from", "since", type=_DAY, help="The first day, in UTC [six years ago].")
@click.option("--to", "until", type=_DAY, help="The last day, in UTC [today].")
@click.option("--summary", "brief", is_flag=True, help="One line for each recipient and purpose.")
@click.option("--all", "everything", is_flag=True, help="Also what need not be accounted for, and why.")
@click.option(
    "--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write CSV to this new file."
)
@as_json
@data_dir
@click.argument("id_", metavar="ID")
def disclosures(organization: str, id_: str, file: Path | None, as_json: bool, **how: object) -> None:
    """List to whom a patient's record was disclosed, as 45 CFR §164.528 asks.

    ID is the patient's id as the organization writes it; - reads it from standard input.
    """
    if file is not None and as_json:
        raise click.ClickException("give either --csv or --json")
    text = sys.stdin.readline().strip() if id_ == "-" else id_
    with closing(open_vault(storage())) as vault:
        asked = _asked(vault, organization, text, how)
        accounting = _account(vault, asked)
        if accounting.archived is not None:
            # Beside the list: programs read the list alone.
            click.echo(_ARCHIVED.format(Month.of(accounting.archived)), err=True)
        lines = _lines(accounting, bool(how["everything"]), bool(how["brief"]))
        if file is not None:
            _write_csv(file, lines, COLUMNS + (REPEATED if how["brief"] else ()))
        elif as_json:
            _write_json(lines)
        else:
            _tell(lines)


def _asked(vault: Vault, organization: str, text: str, how: Mapping[str, object]) -> Asked:
    with vault.database.read() as conn:
        tenant = find_organization(conn, organization)
    if tenant is None:
        raise click.ClickException("no organization has this name; see `careloom client list`")
    if not text:
        raise click.ClickException("the patient's id is empty")
    now = datetime.fromtimestamp(time.time_ns() // (1000 * SECOND), UTC)
    since, until = how["since"], how["until"]
    first = since if isinstance(since, datetime) else _years_before(now)
    last = until if isinstance(until, datetime) else now
    if since is not None and first.replace(tzinfo=UTC) > now:
        raise click.ClickException("--from lies ahead")
    if last.replace(tzinfo=UTC) < first.replace(tzinfo=UTC):
        raise click.ClickException("--to lies before --from")
    return Asked(tenant, text, _micros(first), _micros(last) + _micros_of(timedelta(days=1)))


def _account(vault: Vault, asked: Asked) -> Accounting:
    try:
        return Disclosures(vault, lambda: time.time_ns() // 1000, operator()).account(asked)
    except Refused as refusal:
        raise click.ClickException(refusal.issues[0].text) from None


def _years_before(now: datetime) -> datetime:
    # Whoever asks on 29 February gets the 28th: a day more, never one less.
    day = min(now.day, 28) if now.month == 2 else now.day
    return now.replace(year=now.year - YEARS, day=day)


def _micros(moment: datetime) -> int:
    """The beginning of the day, in microseconds since 1970."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    return _micros_of(midnight - datetime.fromtimestamp(0, UTC))


def _micros_of(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


# --- lines -----------------------------------------------------------------------------------------------


def _lines(accounting: Accounting, everything: bool, brief: bool) -> Iterator[Line]:
    found = accounting.found if everything else accounted(accounting.found)
    if brief:
        return (_repeated(accounting, row) for row in summary(found))
    return (_line(accounting, one) for one in found)


def _line(accounting: Accounting, one: Disclosure) -> dict[str, object]:
    client = accounting.clients.get(one.client_id or "")
    name = accounting.organizations.get(one.organization) if one.organization is not None else None
    values = (
        instant(one.time),
        name or "not known",
        client.name if client else one.client_id,
        None,
        one.what,
        one.purpose,
        one.exempt is None,
        one.exempt,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _repeated(accounting: Accounting, row: Repeated) -> Line:
    return {**_line(accounting, row.first), "count": row.count, "last": instant(row.last)}


def _write_json(lines: Iterable[Line]) -> None:
    """One JSON array, written line by line: it may be longer than memory is wide."""
    lead = "["
    for line in lines:
        click.echo(f"{lead}{json.dumps(line, ensure_ascii=False)}", nl=False)
        lead = ",\n "
    click.echo("[]" if lead == "[" else "]")


def _write_csv(file: Path, lines: Iterable[Line], columns: Sequence[str]) -> None:
    """A new file that its owner alone can read: a list of who got a patient's data is about the patient."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise click.ClickException(f"--csv: the file cannot be made ({error.strerror})") from None
    count = 0
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns)
        writer.writeheader()
        for line in lines:
            count += 1
            writer.writerow({name: _cell(value) for name, value in line.items()})
    click.echo(f"{count} line(s) written.")


def _cell(value: object) -> object:
    """A name that a spreadsheet would take for a formula is given as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _tell(lines: Iterable[Line]) -> None:
    count = 0
    for line in lines:
        count += 1
        times = f", {line['count']} times, last on {line['last']}" if "count" in line else ""
        why = "" if line["accounted"] else f" (not accounted: {line['exempt']})"
        who = f"{line['recipient']} ({line['client']})"
        click.echo(f"{line['date']}  {who}  {line['what']}  purpose: {line['purpose']}{why}{times}")
    if not count:
        click.echo("none")
