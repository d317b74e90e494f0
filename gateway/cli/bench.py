"""``careloom bench``: what ingest costs on this machine, beside a floor that does the least possible."""

from __future__ import annotations

import json
import os
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import click
import requests
from rich.console import Console

from bench import apply as apply_bench
from bench.audit import Damaged, trail
from bench.audit import Wanted as TrailWanted
from bench.audit_report import audit_as_json, show_audit
from bench.audit_share import share as run_share
from bench.bundles import Bundle, NothingToPush, from_folder, generated
from bench.cds import cds as run_cds
from bench.console import as_rows
from bench.console import console as run_console
from bench.custody import custody as run_custody
from bench.facts import speeds
from bench.facts_report import facts_as_json, show_facts
from bench.ingest import MOST_BUNDLES, MOST_CONNECTIONS, NoPlan, Wanted
from bench.ingest import ingest as run
from bench.plan import NotPlanned, plans
from bench.plan_report import plan_as_json, show_plan
from bench.profiles import profiles as run_profiles
from bench.profiles_report import profiles_as_json, show_profiles
from bench.pusher import NotAccepted
from bench.report import as_json, custody_as_json, show, show_custody
from bench.rest import DATABASES, GIVEN, NoDatabase
from bench.rest import Wanted as RestWanted
from bench.rest import rest as run_rest
from bench.rest_report import rest_as_json, show_rest
from bench.siem import Stuck
from bench.siem import siem as run_siem
from gateway.custody.errors import CustodyError
from gateway.demo.client import Declined
from gateway.demo.server import NotRunning

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_bundles = click.option(
    "--bundles",
    default=100,
    show_default=True,
    type=click.IntRange(1, MOST_BUNDLES),
    help="How many to push.",
)
_entries = click.option(
    "--entries", default=100, show_default=True, type=click.IntRange(10, 1_000), help="Entries in each."
)
_connections = click.option(
    "--connections",
    default=1,
    show_default=True,
    type=click.IntRange(1, MOST_CONNECTIONS),
    help="At the same time.",
)
_folder = click.option(
    "--folder", type=_FOLDER, help="Push the transaction bundles (*.json) of this folder instead."
)
_data_dir = click.option(
    "--data-dir", type=_FOLDER, help="Where the temporary directory is made: the disk to measure."
)
_as_json = click.option("--json", "machine", is_flag=True, help="Print the figures as JSON.")


@click.group()
def bench() -> None:
    """Measure Careloom on this machine."""


@bench.command()
@_bundles
@_entries
@_connections
@_folder
@_data_dir
@_as_json
def ingest(machine: bool, **wanted: Any) -> None:
    """Push bundles over HTTP into a Careloom of its own and print what they took."""
    console = Console(stderr=machine)
    try:
        with console.status("") as status:
            figures = run(Wanted(**wanted), date.today(), status.update)  # noqa: DTZ011 - a local day
    except (NotRunning, NotAccepted, NothingToPush, NoPlan, Declined) as error:
        raise click.ClickException(str(error)) from None
    except requests.RequestException:
        raise click.ClickException("the gateway that was measured stopped answering; run it again.") from None
    if machine:
        click.echo(json.dumps(as_json(figures)))
    else:
        show(figures, console)


@bench.command()
@_bundles
@_entries
@_folder
@_as_json
def custody(machine: bool, bundles: int, entries: int, folder: Path | None) -> None:
    """Split and seal in this process and print what a resource takes, beside plain operations."""
    try:
        taken = from_folder(folder, bundles) if folder else generated(bundles, entries, date.today())  # noqa: DTZ011
        measured = run_custody(list(taken))
    except NothingToPush as error:
        raise click.ClickException(str(error)) from None
    if machine:
        click.echo(json.dumps(custody_as_json(measured)))
    else:
        show_custody(measured, Console())


def _numbers(_context: click.Context, option: click.Parameter, text: str) -> tuple[int, ...]:
    """A list such as 1,4,16."""
    try:
        found = tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise click.BadParameter("give whole numbers, separated by commas") from None
    if any(not 1 <= number <= _LARGEST[str(option.name)] for number in found):
        raise click.BadParameter(f"give numbers from 1 to {_LARGEST[str(option.name)]:,}")
    return found


_LARGEST = {"clients": 64, "grow": 2_000_000, "events": 20_000_000, "sizes": 10_000}


@bench.command()
@click.option(
    "--sizes",
    default="1000,3000,10000",
    show_default=True,
    callback=_numbers,
    help="Resources of each patient that is made up.",
)
@_folder
@_as_json
def facts(machine: bool, sizes: tuple[int, ...], folder: Path | None) -> None:
    """Measure how fast one core turns opened records into facts, and whether that holds as records grow."""
    today = date.today()  # noqa: DTZ011 - a local day
    try:
        taken = from_folder(folder, MOST_BUNDLES) if folder else map(partial(_of_size, today=today), sizes)
        measured = speeds(list(taken), today)
    except NothingToPush as error:
        raise click.ClickException(str(error)) from None
    if machine:
        click.echo(json.dumps(facts_as_json(measured)))
    else:
        show_facts(measured, Console())


@bench.command()
@click.option(
    "--resources",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Resources of the patient that is made up.",
)
@_as_json
def apply(machine: bool, resources: int) -> None:
    """Measure what 200 conditions of definitions cost over one patient's record."""
    measured = apply_bench.cost(resources, date.today())  # noqa: DTZ011 - a local day
    click.echo(json.dumps(apply_bench.as_json(measured)) if machine else apply_bench.show(measured))


def _of_size(size: int, today: date) -> Bundle:
    return next(iter(generated(1, size, today)))


@bench.command()
@click.option(
    "--sizes",
    default="200,1000,5000",
    show_default=True,
    callback=_numbers,
    help="Resources of each patient that is made up.",
)
@_data_dir
@_as_json
def plan(machine: bool, sizes: tuple[int, ...], data_dir: Path | None) -> None:
    """Measure how many patients a second one core of workers plans, whole jobs, as records grow."""
    console = Console(stderr=machine)
    try:
        with console.status("taking in and planning"):
            measured = plans(sizes, date.today(), data_dir)  # noqa: DTZ011 - a local day
    except (NotAccepted, NotPlanned, CustodyError) as error:
        raise click.ClickException(str(error)) from None
    if machine:
        click.echo(json.dumps(plan_as_json(measured)))
    else:
        show_plan(measured, console)


@bench.command()
@_bundles
@_entries
@_folder
@_as_json
def profiles(machine: bool, bundles: int, entries: int, folder: Path | None) -> None:
    """Measure what holding a resource to each profile costs, beside R4's own check."""
    taken = from_folder(folder, bundles) if folder else generated(bundles, entries, date.today())  # noqa: DTZ011 - a local day
    try:
        measured = run_profiles(list(taken))
    except NothingToPush as error:
        raise click.ClickException(str(error)) from None
    if machine:
        click.echo(json.dumps(profiles_as_json(measured)))
    else:
        show_profiles(measured, Console())


@bench.command()
@click.option(
    "--seconds", default=3.0, show_default=True, type=click.FloatRange(0.2, 60), help="How long each."
)
@click.option("--clients", default="1,4,16", show_default=True, callback=_numbers, help="At the same time.")
@click.option("--grow", default="", callback=_numbers, help="Read and search again at these sizes.")
@click.option(
    "--database",
    default=GIVEN,
    show_default=True,
    type=click.Choice(DATABASES),
    help="The embedded one, the one that CARELOOM_DATABASE_URL names (which must be empty), or both in turn.",
)
@_data_dir
@_as_json
def rest(machine: bool, **wanted: Any) -> None:
    """Measure single interactions against a Careloom of its own."""
    console = Console(stderr=machine)
    try:
        with console.status("") as status:
            found = run_rest(RestWanted(**wanted), date.today(), status.update)  # noqa: DTZ011 - a local day
    except (NotRunning, NotAccepted, NoDatabase, Declined) as error:
        raise click.ClickException(str(error)) from None
    except requests.RequestException:
        raise click.ClickException("the gateway that was measured stopped answering; run it again.") from None
    if machine:
        click.echo(json.dumps(rest_as_json(found)))
    else:
        show_rest(found, console)


@bench.command()
@click.option(
    "--resources",
    default=500,
    show_default=True,
    type=click.IntRange(10, 5_000),
    help="Sent along each time.",
)
@click.option(
    "--calls", default=50, show_default=True, type=click.IntRange(5, 1_000), help="Of each service."
)
@_data_dir
@_as_json
def cds(machine: bool, resources: int, calls: int, data_dir: Path | None) -> None:
    """Measure how long a clinician waits for the cards of CDS Hooks."""
    found = run_cds(resources, calls, date.today(), data_dir)  # noqa: DTZ011 - a local day
    told = [
        {
            "service": one.service,
            "resources": resources,
            "cards": one.cards,
            "p50_ms": round(1e3 * one.p50, 1),
            "p95_ms": round(1e3 * one.p95, 1),
        }
        for one in found
    ]
    if machine:
        click.echo(json.dumps(told))
        return
    for line in told:
        said = f"{line['service']}: {line['cards']} cards from {resources:,} resources"
        click.echo(f"{said}, p50 {line['p50_ms']} ms, p95 {line['p95_ms']} ms")


@bench.command()
@click.option(
    "--events", default=20_000, show_default=True, type=click.IntRange(1, 10_000_000), help="How many wait."
)
@_data_dir
@_as_json
def siem(machine: bool, events: int, data_dir: Path | None) -> None:
    """Measure how fast a SIEM that was away catches up with the trail."""
    try:
        measured = run_siem(events, data_dir)
    except Stuck as error:
        raise click.ClickException(str(error) or "the receiver did not take the events.") from None
    rate, cpu = measured.events / measured.seconds, 1e6 * measured.cpu_seconds / measured.events
    told = {"events": measured.events, "seconds": round(measured.seconds, 3)}
    told |= {"events_per_second": round(rate), "cpu_microseconds_per_event": round(cpu, 1)}
    if machine:
        click.echo(json.dumps(told))
    else:
        said = f"{measured.events:,} events in {measured.seconds:.1f} s"
        click.echo(f"{said}: {rate:,.0f} a second, {cpu:.0f} µs CPU each")


@bench.command()
@click.option(
    "--events",
    default="10000,100000",
    show_default=True,
    callback=_numbers,
    help="Measure when so many events are there.",
)
@click.option(
    "--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="How often each question."
)
@click.option("--share/--no-share", default=True, help="Also run the gateway with the trail and without.")
@_data_dir
@_as_json
def audit(machine: bool, share: bool, data_dir: Path | None, **wanted: Any) -> None:
    """Measure what the trail costs, and how fast it answers as it grows.

    On the embedded database, or in a new one on the server that CARELOOM_DATABASE_URL names.
    """
    console = Console(stderr=machine)
    url = os.environ.get("CARELOOM_DATABASE_URL") or None
    try:
        with console.status("") as status:
            found = trail(TrailWanted(database_url=url, data_dir=data_dir, **wanted), status.update)
            status.update("with the trail and without")
            shared = run_share(date.today(), data_dir) if share else None  # noqa: DTZ011 - a local day
    except (NotAccepted, Damaged, CustodyError) as error:
        raise click.ClickException(str(error)) from None
    if machine:
        click.echo(json.dumps(audit_as_json(found, shared)))
    else:
        show_audit(found, shared, console)


@bench.command("console")
@click.option(
    "--events",
    default=100_000,
    show_default=True,
    type=click.IntRange(1_000, 20_000_000),
    help="In the trail.",
)
@click.option(
    "--rounds", default=20, show_default=True, type=click.IntRange(1, 1_000), help="How often each page."
)
@_data_dir
@_as_json
def console_(machine: bool, events: int, rounds: int, data_dir: Path | None) -> None:
    """Measure how fast each page of the console comes, on a trail of its own."""
    url = os.environ.get("CARELOOM_DATABASE_URL") or None
    try:
        with Console(stderr=machine).status("") as status:
            rows = as_rows(run_console(events, rounds, data_dir, url, status.update))
    except (NotAccepted, CustodyError) as error:
        raise click.ClickException(str(error)) from None
    if machine:
        click.echo(json.dumps({"events": events, "pages": rows}))
        return
    for row in rows:
        times = f"p50 {row['p50_ms']:>7} ms  p95 {row['p95_ms']:>7} ms  CPU {row['cpu_p95_ms']:>6} ms"
        click.echo(f"{row['page']:<40} {times}  {row['bytes']:>7} bytes")
