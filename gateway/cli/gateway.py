"""``careloom gateway``: the web side alone."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from types import FrameType

import click

from gateway.cli.options import data_dir
from gateway.custody import logs
from gateway.run.trouble import Trouble


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve.")
@click.option("--port", default=8080, show_default=True, help="Port to serve.")
@data_dir
def gateway(host: str, port: int) -> None:
    """Serve FHIR over HTTP, on exactly this address."""
    from gateway.app import create_app
    from gateway.assembly import in_force
    from gateway.custody import fitting
    from gateway.custody.founding import check_whole
    from gateway.run import presence, serving
    from gateway.settings import Settings

    logs.configure("gateway")
    settings = Settings.from_environ(os.environ)
    check_whole(settings.storage)
    fitting.check_all(settings.storage)
    app = create_app(settings)
    _calm_collector()
    try:
        server = serving.serve_on(app, settings, host, port)
    except OSError as error:
        raise Trouble(
            f"{host}:{port} cannot be served ({error.strerror}); choose another with --host and --port."
        ) from None
    signal.signal(signal.SIGTERM, _leave)
    database = app.extensions["careloom_vault"].database
    with presence.recorded(database, _clock, in_force(settings)):
        server.run()


def _clock() -> int:
    return time.time_ns() // 1000


def _calm_collector() -> None:
    """Parsing a bundle makes ten thousands of dicts, none of them in a circle; looking for circles after
    each 700 took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # The server ends its loop on this, lets running requests finish, and returns.
    sys.exit(0)
