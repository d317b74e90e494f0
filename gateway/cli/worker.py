"""``careloom worker``: becomes a Celery worker of the clinical side."""

from __future__ import annotations

import os

import click

from gateway.cli.options import data_dir
from gateway.run import checks, processes


@click.command()
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@data_dir
def worker(workers: int) -> None:
    """Work out care plans: pseudonyms only, and no way to the identity key."""
    command, environ = processes.worker(os.environ, workers)
    checks.worker(environ)
    os.execve(command[0], command, environ)  # noqa: S606 - our own command line
