"""``careloom broker``: the embedded broker alone, for parts that are started one by one."""

from __future__ import annotations

import os

import click

from gateway.cli.options import data_dir, storage
from gateway.custody import logs


@click.command()
@data_dir
def broker() -> None:
    """Run the embedded broker; the other commands on the same data directory find it."""
    from gateway.run import valkey

    logs.configure("broker")
    valkey.serve(storage().data_dir, os.environ, click.echo)
