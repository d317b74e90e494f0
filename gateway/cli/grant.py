"""``careloom grant``: which partner may read which organization's pseudonymous plans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import instant
from gateway.cli.registering import as_json, data_dir, registry, show
from gateway.privacy.policy import PROFILES
from mappers.consent import Default

_client = click.option("--client", "client_id", required=True, help="The partner's client_id.")
_organization = click.option("--organization", required=True, help="The organization that grants.")


@click.group()
def grant() -> None:
    """Grant, list and end what partners may read."""


@grant.command()
@_client
@_organization
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    help="How much of dates and ages the partner sees; without it the installation's release policy. "
    "partner-shifted is for exports and delayed reading: a partner that polls live learns the shift.",
)
@click.option(
    "--consent",
    type=click.Choice([default.value for default in Default]),
    default=Default.OPT_OUT.value,
    show_default=True,
    help="Patients who have said nothing: seen until they opt out, or not until they opt in.",
)
@as_json
@data_dir
def add(as_json: bool, data_dir: Path | None, consent: str, **grant: Any) -> None:
    """Let a partner read an organization's pseudonymous plans."""
    with registry(data_dir) as registration:
        registration.add_grant(**grant, consent=Default(consent))
    _say(as_json, grant["client_id"], grant["organization"], True)


@grant.command()
@_client
@_organization
@as_json
@data_dir
def revoke(client_id: str, organization: str, as_json: bool, data_dir: Path | None) -> None:
    """End a grant at once."""
    with registry(data_dir) as registration:
        registration.revoke_grant(client_id, organization)
    _say(as_json, client_id, organization, False)


@grant.command(name="list")
@as_json
@data_dir
def list_grants(as_json: bool, data_dir: Path | None) -> None:
    """List all grants, ended ones too."""
    with registry(data_dir) as registration:
        found = registration.grants()
    rows = [
        {
            "client_id": each.client_id,
            "organization": each.organization,
            "profile": each.profile,
            "consent": each.consent,
            "created": instant(each.created),
            "revoked": instant(each.revoked),
        }
        for each in found
    ]
    show(rows, as_json)


def _say(as_json: bool, client_id: str, organization: str, granted: bool) -> None:
    if as_json:
        told = {"client_id": client_id, "organization": organization, "granted": granted}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{client_id} {'may' if granted else 'may no longer'} read the plans of {organization}")
