"""``careloom gateway``: the web side alone, as several processes that serve one address."""

from __future__ import annotations

import os

import click

from gateway.cli.options import data_dir, gateways
from gateway.custody import logs


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve.")
@click.option("--port", default=8080, show_default=True, help="Port to serve.")
@gateways
@click.option("--passed", hidden=True, help="What such a process is passed by who keeps it.")
@data_dir
def gateway(host: str, port: int, passed: str | None) -> None:
    """Serve FHIR over HTTP, on exactly this address."""
    if passed is not None:
        from gateway.run import member
        from gateway.run.passed import Passed

        member.serve(Passed.read(passed))
        return
    from gateway.run import gateways

    logs.configure("gateways")
    gateways.run(dict(os.environ), host, port)
