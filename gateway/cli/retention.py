"""``careloom retention``: how long what is kept, what is held, and what a run would delete."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from gateway.auth.registry import find_organization, organization_names
from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, show, storage
from gateway.custody import holds, keeping, periods
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import Tenant
from gateway.custody.keeping import EVERY_TYPE, Counted, Rule
from gateway.custody.periods import Period
from gateway.retention import Counts, Keeper, Sweep
from gateway.run.trouble import Trouble
from mappers.r4.model import MODEL

_STDIN = "-"

_organization = click.option("--organization", required=True, help="The organization whose data it concerns.")
_type = click.option(
    "--type", "type_", required=True, help="A FHIR type, or * for all without their own rule."
)
_patient = click.option(
    "--patient", help="The hospital's id of one patient; - reads it from standard input. Else everybody."
)
_reason = click.option("--reason", required=True, help="A code, such as LIT-2026-014.")


@click.group()
def retention() -> None:
    """Say how long what is kept, and hold what must stay."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """The use case over this installation."""

    vault: Vault
    keeper: Keeper
    sweep: Sweep

    def tenant(self, organization: str) -> Tenant:
        with self.vault.database.read() as conn:
            found = find_organization(conn, organization)
        if found is None:
            raise Trouble("No organization has this name; `careloom client list` shows those that there are.")
        return found

    def names(self) -> dict[Tenant, str]:
        with self.vault.database.read() as conn:
            return organization_names(conn)


def _now() -> int:
    return time.time_ns() // 1000


@contextmanager
def _desk() -> Iterator[_Desk]:
    vault = open_vault(storage())
    try:
        by = operator()
        yield _Desk(vault, Keeper(vault, _now, by), Sweep(vault, _now, secrets.token_bytes, by))
    finally:
        vault.close()


@retention.command("set")
@data_dir
@_organization
@_type
@click.option("--keep", required=True, help="How long: 10y, 18m, 90d.")
@click.option("--superseded", help="How long a version stays after a newer one replaced it [as --keep].")
@click.option(
    "--counted",
    type=click.Choice([way.value for way in Counted]),
    default=Counted.WRITTEN.value,
    show_default=True,
    help="From the resource's newest version, or from the last write of anything of its patient.",
)
@as_json
def set_(organization: str, type_: str, as_json: bool, **asked: Any) -> None:
    """Keep a type so long; what is older goes at the next run."""
    if type_ != EVERY_TYPE and type_ not in MODEL.resources:
        raise Trouble("--type must be a resource type of FHIR R4, or *.")
    shorter = None if asked["superseded"] is None else _period("--superseded", asked["superseded"])
    rule = Rule(type_, _period("--keep", asked["keep"]), shorter, Counted(asked["counted"]))
    with _desk() as desk:
        desk.keeper.keep(desk.tenant(organization), rule)
    _tell(as_json, f"{organization}: {rule}", {"organization": organization, **_plain(rule)})


def _tell(as_json: bool, line: str, told: Mapping[str, object]) -> None:
    if as_json:
        show(dict(told))
    else:
        click.echo(line)


def _period(option: str, text: str) -> Period:
    found = periods.parse(text)
    if found is None:
        raise Trouble(f"{option} must be a number of years, months or days, such as 10y, 18m or 90d.")
    return found


@retention.command("list")
@data_dir
@as_json
def list_(as_json: bool) -> None:
    """List rules, and holds without whom they hold."""
    with _desk() as desk:
        names = desk.names()
        with desk.vault.database.read() as conn:
            rules = [(t, rule) for t in keeping.tenants(conn) for rule in keeping.rules(conn, t).values()]
            standing = holds.standing(conn)
    if as_json:
        show(
            {
                "rules": [{"organization": names[t], **_plain(rule)} for t, rule in rules],
                "holds": [
                    {
                        "organization": names[one.tenant],
                        "reason": one.reason,
                        "patients": one.patients,
                        "everybody": one.whole,
                    }
                    for one in standing
                ],
            }
        )
        return
    for tenant, rule in rules:
        click.echo(f"{names[tenant]}: {rule}")
    for one in standing:
        whom = "everybody" if one.whole else f"{one.patients} patient(s)"
        click.echo(f"{names[one.tenant]}: held for {one.reason}: {whom}")
    if not rules:
        click.echo("There is no rule: everything is kept for ever.")


def _plain(rule: Rule) -> dict[str, str | None]:
    shorter = str(rule.superseded) if rule.superseded else None
    return {
        "type": rule.type,
        "keep": str(rule.keep),
        "superseded": shorter,
        "counted": rule.counted.value,
    }


@retention.command("remove")
@data_dir
@_organization
@_type
@as_json
def remove(organization: str, type_: str, as_json: bool) -> None:
    """Remove the rule of a type: it is kept for ever, or as * says."""
    with _desk() as desk:
        if not desk.keeper.remove(desk.tenant(organization), type_):
            raise Trouble("This type has no rule of its own; `careloom retention list` shows those that are.")
    line = f"{organization}: {type_} has no rule of its own any more"
    _tell(as_json, line, {"organization": organization, "type": type_, "removed": True})


@retention.command("hold")
@data_dir
@_organization
@_patient
@_reason
@as_json
def hold(organization: str, patient: str | None, reason: str, as_json: bool) -> None:
    """Keep a patient's data, or an organization's, whatever rules and requests say."""
    if not holds.is_reason(reason):
        raise Trouble(
            f"--reason must be a code, for it stands in the trail: one of {', '.join(holds.KINDS)}, "
            "and the case if you like, such as LIT-2026-014."
        )
    with _desk() as desk:
        kept = desk.keeper.hold(desk.tenant(organization), _id(patient), reason)
    line = f"{organization}: held for {reason}; {kept} resource(s) are there now"
    _tell(as_json, line, {"organization": organization, "reason": reason, "held": True, "resources": kept})
    if not kept:
        click.echo(
            "Nothing is known of whom this holds: check the id. The hold stands all the same.", err=True
        )


@retention.command("release")
@data_dir
@_organization
@_patient
@_reason
@as_json
def release(organization: str, patient: str | None, reason: str, as_json: bool) -> None:
    """End a hold."""
    with _desk() as desk:
        if not desk.keeper.release(desk.tenant(organization), _id(patient), reason):
            raise Trouble(
                "No hold of this reason stands there; `careloom retention list` shows those that do."
            )
    line = f"{organization}: no longer held for {reason}"
    _tell(as_json, line, {"organization": organization, "reason": reason, "held": False})


def _id(patient: str | None) -> str | None:
    text = sys.stdin.readline().strip() if patient == _STDIN else patient
    if text == "":
        raise Trouble("--patient is empty: leave it out to mean everybody.")
    return text


@retention.command("run")
@data_dir
@as_json
@click.option("--dry-run", is_flag=True, help="Only count what would go.")
def run(as_json: bool, dry_run: bool) -> None:
    """Delete what no rule keeps any longer, as the courier does each hour; or only count it."""
    with _desk() as desk:
        names = desk.names()
        counts = desk.sweep.run(dry_run, sys.maxsize)
    rows = _rows(counts, names)
    if as_json:
        show({"dry_run": dry_run, "deleted": rows})
        return
    for row in rows:
        click.echo(f"{row['organization']}: {row['type']}: {row['resources']}, shortened {row['superseded']}")
    total = sum(counts.values())
    click.echo(f"{total} resource(s) {'would be' if dry_run else 'were'} deleted or shortened.")


def _rows(counts: Counts, names: dict[Tenant, str]) -> list[dict[str, object]]:
    keys = sorted({(tenant, type_) for tenant, type_, _ in counts})
    return [
        {
            "organization": names[tenant],
            "type": type_,
            "resources": counts[tenant, type_, False],
            "superseded": counts[tenant, type_, True],
        }
        for tenant, type_ in keys
    ]
