"""A worker without a broker: does every plan that is due, in this process, and prints what each took."""

from __future__ import annotations

import json
import os
import sys
import time

from bench.process import usage
from gateway.custody import jobs
from gateway.custody.database import Database
from gateway.custody.logs import configure
from workers import adopting, plan, station

MOST = 1_000


def main() -> int:
    """Exit status 1 when a job was left undone."""
    configure("worker")
    at = station.open_here(os.environ)
    adopting.adopt_once(at)
    due = _due(at.clinic.database, at.clock())
    seconds = []
    for job_id in due:
        began = time.process_time()
        plan.do(at, job_id)
        seconds.append(time.process_time() - began)
    left = _due(at.clinic.database, at.clock())
    print(json.dumps({"seconds": seconds, "peak_bytes": usage(os.getpid()).peak_bytes}))
    return 1 if set(left) & set(due) else 0


def _due(database: Database, now: int) -> list[bytes]:
    with database.read() as conn:
        return [job.id for job in jobs.due(conn, now, MOST) if job.kind == "plan"]


if __name__ == "__main__":
    sys.exit(main())
