"""``careloom consent``: what a patient's Consents say, for who has to answer for it.

What is printed names no person: Consents by the ids that officers meet in the trail, and why in our words.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from dataclasses import asdict

import click

from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, storage
from gateway.custody.identity.vault import open_vault
from gateway.refusal import Refused
from gateway.release.consent_check import Answer, Checked, ConsentCheck


@click.group()
def consent() -> None:
    """See what patients consent to."""


@consent.command()
@click.option("--client", "client_id", required=True, help="The partner's client_id.")
@click.option("--organization", required=True, help="The organization that keeps the record.")
@as_json
@data_dir
@click.argument("id_", metavar="PATIENT_ID")
def check(client_id: str, organization: str, id_: str, as_json: bool) -> None:
    """Tell whether a partner may see a patient's plan, whether there may be one at all, and why.

    PATIENT_ID is the patient's id as the organization writes it; - reads it from standard input.
    """
    text = sys.stdin.readline().strip() if id_ == "-" else id_
    with closing(open_vault(storage())) as vault:
        try:
            desk = ConsentCheck(vault, lambda: time.time_ns() // 1000, operator())
            found = desk.ask(client_id, organization, text)
        except Refused as refusal:
            raise click.ClickException(refusal.issues[0].text) from None
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        _tell(found)


def _tell(found: Checked) -> None:
    for who, answer in (("partner", found.partner), ("engine", found.engine)):
        click.echo(f"{who:8} {answer.effect:7} {_because(answer)}")


def _because(answer: Answer) -> str:
    rested = f" ({', '.join(answer.rested_on)})" if answer.rested_on else ""
    return f"{answer.why}{rested}; default {answer.default}"
