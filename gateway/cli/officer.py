"""``careloom officer``: who works at the console, and which clients read an organization's audit trail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gateway.auth import actor
from gateway.auth.registry import Draft, RegistryRefused
from gateway.cli.client import described
from gateway.cli.login import operator
from gateway.cli.options import instant
from gateway.cli.registering import (
    as_json,
    checked_url,
    data_dir,
    key_options,
    read_jwks,
    registry,
    settings_of,
    show,
)
from gateway.console.links import WELCOME
from gateway.console.people import Person, Role
from gateway.console.sealing import to_text
from gateway.console.staff import Invited, Staff

_role = click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="What a person may do at the console [officer].",
)


@click.group()
def officer() -> None:
    """Let compliance officers in: people at the console, and clients that read the trail."""


@officer.command()
@click.option("--name", required=True, help="What the person, or the client, is called.")
@click.option("--organization", required=True, help="Whose trail is read; made when it is new.")
@click.option("--login", help="The person's log-in name [from the name].")
@_role
@key_options
@as_json
@data_dir
def add(data_dir: Path | None, as_json: bool, **given: Any) -> None:
    """Let a person in to the console, and print their one-time link as JSON; or, with keys, register a client
    that reads the audit trail, and print its client_id."""
    if given["jwks"] is None and given["jwks_url"] is None:
        _add_person(data_dir, given)
        return
    if given["login"] or given["role"]:
        raise click.ClickException("--login and --role are for people, who have no --jwks")
    with registry(data_dir) as registration:
        draft = Draft(
            name=given["name"],
            role=actor.Role.OFFICER,
            scopes=actor.CEILING[actor.Role.OFFICER],
            jwks=read_jwks(given["jwks"]),
            jwks_url=checked_url("--jwks-url", given["jwks_url"]),
        )
        made = registration.add_client(draft, given["organization"])
    click.echo(json.dumps(described(made, given["organization"]), ensure_ascii=False))


def _add_person(data_dir: Path | None, given: dict[str, Any]) -> None:
    role = Role(given["role"] or Role.OFFICER.value)
    with staff(data_dir) as people:
        made = people.add(given["name"], given["organization"], role, given["login"])
    _tell_link(data_dir, made, given["organization"])


@officer.command()
@click.argument("login")
@as_json
@data_dir
def invite(data_dir: Path | None, as_json: bool, login: str) -> None:
    """Print a new one-time link as JSON: password and second factor are set anew by it, and the old ones and
    every session end at once."""
    with staff(data_dir) as people:
        made = people.invite(login)
        _, names = people.everybody()
    _tell_link(data_dir, made, names[made.person.organization])


@officer.command()
@click.argument("login")
@as_json
@data_dir
def revoke(data_dir: Path | None, as_json: bool, login: str) -> None:
    """End a person's access to the console at once, their sessions too."""
    with staff(data_dir) as people:
        ended = people.revoke(login)
    click.echo(json.dumps({"login": ended.login, "revoked": True}) if as_json else f"{ended.login} is out.")


@officer.command("list")
@as_json
@data_dir
def list_(data_dir: Path | None, as_json: bool) -> None:
    """List who may use the console, and who might once."""
    with staff(data_dir) as people:
        found, names = people.everybody()
    show([_row(person, names[person.organization]) for person in found], as_json)


@contextmanager
def staff(data_dir: Path | None) -> Iterator[Staff]:
    """The people of an installation; what stands in the way becomes one line."""
    with registry(data_dir) as registration:
        made = Staff(registration.database, registration.clock, registration.entropy, operator())
        try:
            yield made
        except RegistryRefused as error:
            raise click.ClickException(str(error)) from None


def _tell_link(data_dir: Path | None, made: Invited, organization: str) -> None:
    base = settings_of(data_dir).base_url
    told = _row(made.person, organization) | {
        "link": f"{base}{WELCOME}{to_text(made.token)}",
        "expires": instant(made.expires),
    }
    click.echo(
        json.dumps({key: value for key, value in told.items() if value is not None}, ensure_ascii=False)
    )


def _row(person: Person, organization: str) -> dict[str, Any]:
    return {
        "login": person.login,
        "name": person.name,
        "role": person.role.value,
        "organization": organization,
        "seen": instant(person.seen),
        "revoked": instant(person.revoked),
    }
