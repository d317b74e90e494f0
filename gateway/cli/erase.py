"""``careloom patient erase``: everything of one patient destroyed, for good."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click

from gateway.assembly import split_policy
from gateway.auth import registry
from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, show
from gateway.custody import fitting
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import Tenant
from gateway.erasure import Done, Erasure, Request
from gateway.privacy import policy
from gateway.release import Release
from gateway.run.trouble import Trouble
from gateway.settings import Settings

CONFIRMATION = "erase"
_STDIN = "-"


@click.command()
@click.option("--organization", required=True, help="The organization whose patient it is.")
@click.argument("patient_id", metavar="ID")
@click.option("--reason", required=True, help="Why; it stands in the trail for ever and must name nobody.")
@click.option("--yes", is_flag=True, help="Ask for no confirmation.")
@click.option("--unknown", is_flag=True, help="Close an id of which nothing is kept, too.")
@as_json
@data_dir
def erase(organization: str, patient_id: str, as_json: bool, **how: Any) -> None:
    """Erase a patient for good.

    ID is the patient's id as the organization writes it; - reads it from standard input.
    """
    id_ = sys.stdin.readline().strip() if patient_id == _STDIN else patient_id
    if not id_:
        raise Trouble("The patient's id is empty.")
    if not how["yes"]:
        _confirm(patient_id == _STDIN)
    with _erasure() as erasure:
        tenant = _tenant(erasure.vault, organization)
        done = erasure.erase(Request(tenant, id_, how["reason"], operator(), how["unknown"]))
    show(asdict(done)) if as_json else click.echo(_told(done))


def _confirm(stdin_taken: bool) -> None:
    """Nobody erases by accident: a person types the word, a program says so beforehand."""
    if stdin_taken or not sys.stdin.isatty():
        raise Trouble("Nobody can confirm this here: run it with --yes. What is erased never comes back.")
    click.echo("Everything of this patient will be destroyed, in backups too; it never comes back.", err=True)
    if click.prompt(f"Type {CONFIRMATION} to go on", err=True) != CONFIRMATION:
        raise Trouble("Nothing was erased.")


@contextmanager
def _erasure() -> Iterator[Erasure]:
    settings = Settings.from_environ(os.environ)
    vault = open_vault(settings.storage)
    try:
        # With another identity key every patient would look unknown.
        fitting.check_all(settings.storage)
        release = Release(
            vault, policy.load_as(policy.Kind.RELEASE, settings.release_policy), _clock, os.urandom
        )
        split = split_policy(settings)
        yield Erasure(vault, split, release, _clock, os.urandom)
    finally:
        vault.close()


def _clock() -> int:
    return time.time_ns() // 1000


def _tenant(vault: Vault, organization: str) -> Tenant:
    with vault.database.read() as conn:
        tenant = registry.find_organization(conn, organization)
    if tenant is None:
        raise Trouble("There is no such organization; `careloom client list` shows them.")
    return tenant


def _told(done: Done) -> str:
    if done.before:
        return "This patient was erased before; nothing was left to do."
    return (
        f"Erased: {done.resources} resources in {done.versions} versions deleted, {done.rewritten} versions "
        f"of what others have a part in rewritten, {done.keys} keys destroyed."
    )
