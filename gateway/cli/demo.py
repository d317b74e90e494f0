"""``careloom demo``: the whole way with patients who never lived, for whoever wants to see it."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.demo import session, table
from gateway.demo.client import Declined
from gateway.demo.scratch import scratch
from gateway.demo.server import Server, careloom_up
from gateway.demo.session import Arrival, Cast

MOST_PATIENTS = 500
LOOK_SECONDS = 1.0

_patients = click.option(
    "--patients", default=25, show_default=True, type=click.IntRange(1, MOST_PATIENTS), help="How many come."
)
_seed = click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(0, 9_000),
    help="Another seed, other patients.",
)
_port = click.option(
    "--port", default=0, type=click.IntRange(0, 65_535), help="Where to listen; a free port if not given."
)
_leave = click.option(
    "--exit", "leave", is_flag=True, help="End when all has been shown, instead of serving on."
)


@click.command()
@_patients
@_seed
@_port
@_leave
def demo(patients: int, seed: int, port: int, leave: bool) -> None:
    """Run everything in a temporary directory, send synthetic patients, and show their plans."""
    console = Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with _stage(console, port) as server:
            cast = _play(console, server, Wanted(patients, seed))
            if not leave:
                table.invitation(console, server.base_url, cast)
                table.desk(console, session.desk(server))
                _serve(console, server)
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left behind.")
    except Declined as error:
        raise click.ClickException(f"the gateway declined a request of the demo: {error}") from None
    except requests.RequestException:
        raise click.ClickException("the gateway of the demo stopped answering; run it again.") from None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to come."""

    patients: int
    seed: int


@contextmanager
def _stage(console: Console, port: int) -> Iterator[Server]:
    """A running Careloom, and everything that has to be gone at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="careloom-demo-")))
        settings = stack.enter_context(scratch(os.environ))
        with console.status("starting gateway, relay and workers"):
            server = stack.enter_context(careloom_up(folder, port, settings))
        console.print(
            f"Careloom runs at {server.base_url}, its data in {folder}", highlight=False, soft_wrap=True
        )
        yield server


def _play(console: Console, server: Server, wanted: Wanted) -> Cast:
    with console.status("registering a hospital, a partner app and a compliance officer"):
        cast = session.cast(server)
    arrivals = _come_and_be_planned(console, server, cast, wanted)
    with console.status("reading as the hospital, the app and the officer"):
        shown = session.look(cast.hospital, arrivals, session.plans(cast.hospital))
        polled, events = session.partner_view(cast.partner), session.trail(cast.officer)
        verdict = server.command("audit", "verify")
    console.print(table.patients(shown))
    console.print(table.partner(polled))
    console.print(table.trail(events, verdict))
    return cast


def _come_and_be_planned(console: Console, server: Server, cast: Cast, wanted: Wanted) -> list[Arrival]:
    """Patients arrive, and in the end each who lives has a plan."""
    columns = (TextColumn("{task.description:<13}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    today = date.today()  # noqa: DTZ011 - a local day
    with Progress(*columns, console=console) as progress:
        sent = progress.add_task("patients sent", total=wanted.patients)
        arrivals = []
        for arrival in session.admit(cast.hospital, wanted.patients, wanted.seed, today):
            arrivals.append(arrival)
            progress.advance(sent)
        woven = progress.add_task("plans woven", total=sum(arrival.living for arrival in arrivals))
        session.wait_for_plans(
            cast.hospital, arrivals, lambda count: progress.update(woven, completed=count), server.check
        )
    return arrivals


def _serve(console: Console, server: Server) -> None:
    console.print("It goes on serving; Ctrl-C ends it and removes everything.")
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        server.check()
