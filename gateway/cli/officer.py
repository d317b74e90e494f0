"""``careloom officer``: who may read an organization's audit trail, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from gateway.auth.actor import CEILING, Role
from gateway.auth.registry import Draft
from gateway.cli.client import described
from gateway.cli.registering import as_json, checked_url, data_dir, key_options, read_jwks, registry


@click.group()
def officer() -> None:
    """Register compliance officers."""


@officer.command()
@click.option("--name", required=True, help="What people call this officer's client.")
@click.option("--organization", required=True, help="Whose trail is read; made when it is new.")
@key_options
@as_json
@data_dir
def add(data_dir: Path | None, as_json: bool, **given: Any) -> None:
    """Register a client that reads the audit trail of an organization; prints its client_id as JSON."""
    with registry(data_dir) as registration:
        draft = Draft(
            name=given["name"],
            role=Role.OFFICER,
            scopes=CEILING[Role.OFFICER],
            jwks=read_jwks(given["jwks"]),
            jwks_url=checked_url("--jwks-url", given["jwks_url"]),
        )
        made = registration.add_client(draft, given["organization"])
    click.echo(json.dumps(described(made, given["organization"]), ensure_ascii=False))
