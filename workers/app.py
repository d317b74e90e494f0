"""The Celery app of the clinical side, and what its processes do when they start.

The parent checks the knowledge and opens nothing: a database connection must not be carried over a fork. Each
child opens its own station. Logs are ours, because Celery's would format whatever it is handed.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals
from celery.bootsteps import StartStopStep

from gateway.custody import logs
from workers import station
from workers.orphans import die_with_parent
from workers.stall import StallWatch

app = Celery("careloom", include=["workers.plan"])
app.config_from_object("celeryconfig")
steps: set[type[StartStopStep]] = app.steps["worker"]
steps.add(StallWatch)


def _log(**_: Any) -> None:
    logs.configure("worker")


def _check(**_: Any) -> None:
    """A pack that is refused stops the worker here, before it takes a job."""
    station.load_knowledge()


def _open(**_: Any) -> None:
    die_with_parent()
    station.open_here(os.environ)


signals.setup_logging.connect(_log)
signals.worker_init.connect(_check)
signals.worker_process_init.connect(_open)
