"""The Celery app of the clinical side, and what its processes do when they start.

The parent checks knowledge and key, and leaves nothing open: a database connection must not be carried over a
fork. Each child opens its own station. Logs are ours, because Celery's would format whatever it is handed.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery, signals
from celery.apps import worker as bare
from celery.bootsteps import StartStopStep

from gateway.custody import fitting, logs
from gateway.custody.errors import KeysAway, KeysUnreadable, Misconfigured, StoreUnavailable
from gateway.custody.settings import Storage
from workers import adopting, shelf, station
from workers.engine.knowledge import KnowledgeRefused
from workers.orphans import die_with_parent
from workers.stall import StallWatch

app = Celery("careloom", include=["workers.plan"])
app.config_from_object("celeryconfig")
steps: set[type[StartStopStep]] = app.steps["worker"]
steps.add(StallWatch)


def _log(**_: Any) -> None:
    logs.configure("worker")
    # What Celery prints at a signal, past all logs.
    bare.safe_say = logs.unsaid


def _check(**_: Any) -> None:
    """A pack or a key that is refused stops the worker here, before it takes a job."""
    try:
        known, where = station.load_knowledge(), Storage.from_environ(os.environ)
        station.load_maps(os.environ)
        fitting.check_clinical(where)
        shelf.check(where, known)
    except (StoreUnavailable, KeysAway):
        # It may come back; until then the jobs wait.
        return
    except (KeysUnreadable, KnowledgeRefused, Misconfigured) as error:
        # Only this passes: what else a signal's receiver raises, Celery logs and goes on.
        sys.exit(f"careloom: {error}")


def _open(**_: Any) -> None:
    die_with_parent()
    adopting.adopt_once(station.open_here(os.environ))


signals.setup_logging.connect(_log)
signals.worker_init.connect(_check)
signals.worker_process_init.connect(_open)
