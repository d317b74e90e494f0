"""``careloom courier``: becomes the Celery worker of the trusted zone."""

from __future__ import annotations

import os

import click

from gateway.cli.options import data_dir
from gateway.run import checks, processes


@click.command()
@data_dir
def courier() -> None:
    """Push plans to the EHRs, sign the trail, delete what has expired."""
    command, environ = processes.courier(os.environ)
    checks.courier(environ)
    os.execve(command[0], command, environ)  # noqa: S606 - our own command line
