"""The knowledge that this worker was started with becomes that by which plans are made.

Asked when a process begins, and before each job until it was answered: the database may be away at first.
"""

from __future__ import annotations

import os

import structlog

from gateway.custody import renewing
from gateway.custody.errors import CustodyError
from workers import shelf
from workers.station import Station
from workers.writing import PLAN

log = structlog.get_logger()
_asked: set[int] = set()


def adopt(at: Station) -> int:
    """Have every plan made anew where they were made by other knowledge; answers how many there are."""
    database, digest = at.clinic.database, shelf.whole(at).digest
    with database.read() as conn:
        if renewing.known(conn) == digest:
            return 0
    with database.write() as conn:
        patients = renewing.adopt(conn, PLAN, digest, at.clock())
    log.info("knowledge_adopted", digest=digest[:12], patients=patients)
    return patients


def adopt_once(at: Station) -> None:
    """Ask in this process, if it was not asked yet; where the database is away, the next job asks again."""
    if os.getpid() in _asked:
        return
    try:
        adopt(at)
    except CustodyError as error:
        log.warning("knowledge_not_adopted", error=type(error).__name__)
        return
    _asked.add(os.getpid())
