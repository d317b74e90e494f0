"""``careloom patient``: what a person may ask for: to be forgotten, and to be told who was told what."""

from __future__ import annotations

import click

from gateway.cli.disclosures import disclosures
from gateway.cli.erase import erase
from gateway.cli.merges import merges


@click.group()
def patient() -> None:
    """What a person may ask for."""


patient.add_command(disclosures)
patient.add_command(erase)
patient.add_command(merges)
