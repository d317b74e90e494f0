"""``careloom up``: everything, with one command."""

from __future__ import annotations

import os

import click

from gateway.cli.options import data_dir, gateways
from gateway.custody import logs


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve.")
@click.option("--port", default=8080, show_default=True, help="Port to serve.")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes [half the cores].")
@gateways
@data_dir
def up(host: str, port: int, workers: int | None) -> None:
    """Run gateways, relay, workers, courier, with an embedded database and broker unless others are set."""
    from gateway.run import everything

    logs.configure("up")
    count = workers or everything.workers_by_default()
    everything.run(everything.Plan(host, port, count, dict(os.environ)), click.echo)
