"""``careloom knowledge switch|recall|shadow``: which rules count for a hospital, and which for nobody."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from gateway.cli.knowledge_desk import desk, reason, tenant_of
from gateway.cli.options import as_json, data_dir, show
from gateway.rulebook import flagged
from gateway.rulebook.desk import Wish
from gateway.rulebook.refused import Refused
from workers.engine.definitions import Guideline, State

_organization = click.option("--organization", required=True, help="The hospital for which it counts.")
_rule = click.argument("rule")


def _numbers(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, Decimal]:
    """``name=value`` as numbers."""
    found = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            found[name] = Decimal(value)
        except InvalidOperation:
            raise click.BadParameter(f"{text} is not NAME=NUMBER.") from None
    return found


@click.command("switch")
@_rule
@_organization
@click.option("--on", "state", flag_value="on", help="Ask it, and show what it says.")
@click.option("--off", "state", flag_value="off", help="Do not ask it.")
@click.option("--shadow", "state", flag_value="shadow", help="Ask it and count its answers; show nobody.")
@click.option("--published", "state", flag_value="published", help="As its publisher says; drops thresholds.")
@click.option(
    "--threshold", "thresholds", multiple=True, callback=_numbers, help="NAME=NUMBER, within bounds."
)
@reason
@data_dir
@as_json
def switch(rule: str, organization: str, state: str | None, as_json: bool, **asked: Any) -> None:
    """Let RULE be on, off or in shadow for a hospital, or set its thresholds."""
    if state is None and not asked["thresholds"]:
        raise Refused("Say --on, --off, --shadow or --published, or set a --threshold.")
    wanted = State(state) if state in ("on", "off", "shadow") else None
    with desk() as at:
        tenant = tenant_of(at.vault, organization)
        found = at.switch(tenant, Wish(rule, wanted, asked["thresholds"], asked["reason"]))
    told = _told(found, organization, wanted)
    if as_json:
        show(told)
    else:
        numbers = "".join(f", {one['name']} {one['value']} {one['unit']}" for one in told["thresholds"])
        click.echo(f"{organization}: {rule} is {told['state']}{numbers}; its plans are made anew in turn.")


def _told(rule: Guideline, organization: str, state: State | None) -> dict[str, Any]:
    return {
        "organization": organization,
        "rule": rule.rule.id,
        "version": rule.rule.version,
        "state": (state or rule.state).value,
        "thresholds": thresholds(rule),
    }


def thresholds(rule: Guideline) -> list[dict[str, str]]:
    """The numbers of a rule that a hospital may set, with their bounds."""
    return [
        {
            "name": one.name,
            "value": f"{one.value:f}",
            "published": f"{one.default:f}",
            "from": f"{one.bounds[0]:f}",
            "to": f"{one.bounds[1]:f}",
            "unit": one.unit,
            "description": one.description,
        }
        for one in rule.thresholds
    ]


@click.command("recall")
@click.argument("version", metavar="RULE@VERSION")
@reason
@data_dir
@as_json
def recall(version: str, reason: str, as_json: bool) -> None:
    """Stop RULE@VERSION for everybody, and list what was accepted because of it."""
    rule, _, number = version.partition("@")
    if not rule or not number:
        raise Refused(
            "Write RULE@VERSION, such as statin-diabetes@1.0.0; `careloom knowledge list` has both."
        )
    with desk() as at:
        new = at.recall(rule, number, reason)
        with at.vault.database.read() as conn:
            waiting = flagged.still_to_look_at(conn)
        found = flagged.flags(at.vault, version, at.clock, at.by)
    told = {
        "rule": rule,
        "version": number,
        "new": new,
        "waiting": waiting,
        "accepted": list(map(asdict, found)),
    }
    if as_json:
        show(told)
        return
    click.echo(
        f"{version} {'is' if new else 'was already'} recalled: no worker asks it from its next job on."
    )
    for one in found:
        click.echo(f"accepted: {one.organization}: {one.issue}: {one.title}")
    if waiting:
        click.echo(
            f"{waiting} plan(s) are still to be looked at; the same command again lists what they show."
        )


@click.command("shadow")
@_rule
@_organization
@data_dir
@as_json
def shadow(rule: str, organization: str, as_json: bool) -> None:
    """Count what RULE answers in shadow for a hospital's patients."""
    with desk() as at:
        found = at.counted(tenant_of(at.vault, organization), rule)
    told = {"organization": organization, "rule": rule, **found}
    if as_json:
        show(told)
        return
    click.echo(f"{rule} for {organization}: it would speak for {found['true']} patient(s), not for")
    click.echo(f"{found['false']}, and cannot tell for {found['unknown']}.")
