"""``careloom patient merges``: which records of an organization are one person, and which links are blocked.

Records are named as the organization's officer sees them in the trail; what contradicts is named, not told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import click

from gateway.auth.registry import find_organization
from gateway.cli.options import as_json, data_dir, instant, show, storage
from gateway.custody import merges as kept
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import StoredId
from gateway.custody.merges import Merge

Line = dict[str, str | None]


@click.command("merges")
@click.option("--organization", required=True, help="The organization whose records they are.")
@as_json
@data_dir
def merges(organization: str, as_json: bool) -> None:
    """List which records an EHR said are one person, and what became of each link, newest first."""
    with closing(open_vault(storage())) as vault:
        lines = _lines(vault, organization)
    if as_json:
        show(lines)
        return
    for line in lines:
        why = f" ({line['reason']})" if line["reason"] else ""
        click.echo(f"{line['since']}  {line['state']}{why}  {line['patient']} -> {line['successor']}")
    if not lines:
        click.echo("none")


def _lines(vault: Vault, organization: str) -> list[Line]:
    with vault.database.read() as conn:
        tenant = find_organization(conn, organization)
        if tenant is None:
            raise click.ClickException("no organization has this name; see `careloom client list`")
        found = kept.listing(conn, tenant)
    outside = vault.outside(tenant)
    return [_line(merge, lambda one: f"Patient/{outside.show('Patient', one)}") for merge in found]


def _line(merge: Merge, name: Callable[[StoredId], str]) -> Line:
    return {
        "patient": name(merge.patient),
        "successor": name(merge.successor),
        "survivor": None if merge.survivor is None else name(merge.survivor),
        "state": merge.state,
        "reason": merge.reason,
        "since": instant(merge.since),
    }
