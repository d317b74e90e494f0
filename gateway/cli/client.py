"""``careloom client``: who may come in, as what, and with which key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gateway.auth.actor import Role
from gateway.auth.registry import Client, Draft, RegistryRefused
from gateway.auth.scopes import parse
from gateway.auth.users import Trust
from gateway.cli.options import instant
from gateway.cli.registering import (
    as_json,
    checked_url,
    data_dir,
    key_options,
    read_jwks,
    registry,
    show,
)
from gateway.custody.sandboxes import NAME

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def client() -> None:
    """Register, list and revoke clients."""


@client.command()
@click.option("--name", required=True, help="What people call this client.")
@click.option(
    "--role", required=True, type=click.Choice([r.value for r in Role]), help="What it may ever be given."
)
@click.option("--organization", help="Whose client it is; made when it is new. The sandbox has its own.")
@click.option("--scope", required=True, help='What it may do, such as "system/*.cruds".')
@key_options
@click.option("--fhir-endpoint", help="Where an EHR takes its plans.")
@click.option("--sandbox", is_flag=True, help="A client that knows the sandbox alone.")
@click.option("--trust-users", is_flag=True, help="Believe whom its assertions name (hl7-b2b).")
@click.option("--break-glass", is_flag=True, help="Let it ask for purpose BTG, with a reason.")
@as_json
@data_dir
def add(data_dir: Path | None, as_json: bool, **given: Any) -> None:
    """Register a client and print its client_id as JSON."""
    with registry(data_dir) as registration:
        draft = Draft(
            name=given["name"],
            role=Role(given["role"]),
            scopes=parse(given["scope"]),
            jwks=read_jwks(given["jwks"]),
            jwks_url=checked_url("--jwks-url", given["jwks_url"]),
            fhir_endpoint=checked_url("--fhir-endpoint", given["fhir_endpoint"]),
            trust=Trust(given["trust_users"], given["break_glass"]),
        )
        organization = _organization(given)
        if given["sandbox"]:
            made = registration.add_to_sandbox(draft, organization)
        else:
            made = registration.add_client(draft, organization)
    click.echo(json.dumps(described(made, organization), ensure_ascii=False))


def _organization(given: Mapping[str, Any]) -> str:
    """Whose client it is to be: in the sandbox, all but partners are the sandbox's."""
    named: str | None = given["organization"]
    if given["sandbox"] and given["role"] != Role.PARTNER.value:
        if named not in (None, NAME):
            raise RegistryRefused("with --sandbox only a partner has an --organization of its own")
        return NAME
    if named is None:
        raise RegistryRefused("--organization is missing: whose client is it?")
    return named


@client.command(name="list")
@as_json
@data_dir
def list_clients(data_dir: Path | None, as_json: bool) -> None:
    """List all clients, revoked ones too."""
    with registry(data_dir) as registration:
        clients, names = registration.clients()
    show([described(each, names[each.organization]) for each in clients], as_json)


@client.command()
@click.argument("client_id")
@as_json
@data_dir
def revoke(client_id: str, data_dir: Path | None, as_json: bool) -> None:
    """End a client at once, its tokens too."""
    with registry(data_dir) as registration:
        ended = registration.revoke_client(client_id)
    click.echo(
        json.dumps({"client_id": client_id, "revoked": True}) if as_json else f"{ended.name} is revoked"
    )


def described(client: Client, organization: str) -> dict[str, Any]:
    """A client as it is printed."""
    return {
        "client_id": client.client_id,
        "name": client.name,
        "role": client.role.value,
        "organization": organization,
        "scope": str(client.scopes),
        "trust_users": client.trust.users,
        "break_glass": client.trust.break_glass,
        "created": instant(client.created),
        "revoked": instant(client.revoked),
    }
