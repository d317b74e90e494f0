"""``careloom sandbox``: a tenant with patients who never lived, for whoever builds against Careloom."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date

import click

from gateway import assembly
from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, show
from gateway.custody import fitting
from gateway.custody.identity.vault import open_vault
from gateway.custody.sandboxes import NAME
from gateway.demo.patients import bundle
from gateway.sandbox import Closed, Sandbox
from gateway.settings import Settings

MOST_PATIENTS = 500


@click.group()
def sandbox() -> None:
    """Open and close the sandbox."""


@sandbox.command(name="open")
@click.option(
    "--patients",
    default=10,
    show_default=True,
    type=click.IntRange(0, MOST_PATIENTS),
    help="How many patients who never lived are in it.",
)
@as_json
@data_dir
def open_sandbox(patients: int, as_json: bool) -> None:
    """Make the sandbox and put synthetic patients into it."""
    today = date.today()  # noqa: DTZ011 - a local day
    with _sandbox() as box:
        tenant = box.open()
        count = box.admit(tenant, (bundle(seed, today) for seed in range(patients)))
    if as_json:
        show({"organization": NAME, "patients": count})
    else:
        click.echo(
            f"The sandbox is open with {count} patients; `careloom client add --sandbox` lets clients in."
        )


@sandbox.command()
@as_json
@data_dir
def close(as_json: bool) -> None:
    """Remove the sandbox: its clients, its keys and its data."""
    with _sandbox() as box:
        gone = box.close()
    show(asdict(gone)) if as_json else click.echo(_told(gone))


def _told(gone: Closed) -> str:
    return (
        f"The sandbox is closed: {gone.clients} clients ended, {gone.keys} keys destroyed, "
        f"{gone.resources} resources deleted."
    )


@contextmanager
def _sandbox() -> Iterator[Sandbox]:
    settings = Settings.from_environ(os.environ)
    vault = open_vault(settings.storage)
    try:
        fitting.check_all(settings.storage)
        world = assembly.the_world()
        intake = assembly.services(settings, vault, world).intake
        yield Sandbox(vault, intake, world.clock, world.entropy, operator())
    finally:
        vault.close()
