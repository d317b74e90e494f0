"""What operators and orchestrators ask: does the process live, can it work, how much has it done.

Ready means that the database answers and has room, and that the keys open. A broker that is down does not
count: bundles are accepted all the same and the work is done when it returns: "degraded", not "no". So it is
with a receiver of the trail that is late: what it has not waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis
from flask import Flask, Response, jsonify
from sqlalchemy import text

from gateway import overridden, standing
from gateway.custody import broker
from gateway.custody.deciding import rates
from gateway.custody.errors import CustodyError
from gateway.custody.failures import DiskFull
from gateway.custody.founding import check_room
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, TENANT_COMPARTMENT
from gateway.custody.receivers import Standing
from gateway.metrics import Metrics
from gateway.settings import Settings
from gateway.stored import Clock

_SECONDS = 1.0
_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class Health:
    """The addresses that need no token and tell nothing of anybody."""

    settings: Settings
    vault: Vault
    metrics: Metrics
    clock: Clock

    def mount(self, app: Flask) -> None:
        views: dict[str, Callable[[], Response]] = {
            "/healthz": self.healthz,
            "/readyz": self.readyz,
            "/metrics": self.count,
        }
        for path, view in views.items():
            app.add_url_rule(path, endpoint=path, view_func=view, methods=["GET"])

    def healthz(self) -> Response:
        """The process lives."""
        return jsonify({"status": "ok"})

    def readyz(self) -> Response:
        """It can work."""
        told = {
            "database": _state(self._database),
            "keys": _state(self._keys),
            "broker": _state(self._broker),
        }
        ready = told["database"] == told["keys"] == "ok"
        told |= self._receivers() | self._gateways()
        whole = all(state == "ok" for state in told.values())
        status = "unavailable" if not ready else "ready" if whole else "degraded"
        answer = jsonify({"status": status, **told})
        answer.status_code = 200 if ready else 503
        return answer

    def count(self) -> Response:
        try:
            more = [*standing.lines(self._standings()), *self._proposals(), ""]
        except CustodyError:
            # Without its database it still tells what it has counted itself.
            more = [""]
        text = self.metrics.text() + "\n".join(more)
        return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")

    def _proposals(self) -> Iterator[str]:
        with self.vault.database.read() as conn:
            return overridden.lines(rates(conn, self.clock()))

    def _receivers(self) -> dict[str, str]:
        try:
            return standing.states(self._standings(), self.settings.copies)
        except CustodyError:
            return {}

    def _gateways(self) -> dict[str, str]:
        """Of several processes, whether all serve. Any of them may be asked."""
        board = self.metrics.board
        count, serving = len(board.gateways), board.serving()
        return {"gateways": "ok" if serving == count else f"{serving} of {count}"} if count > 1 else {}

    def _standings(self) -> list[Standing]:
        return standing.standings(self.vault.database, self.settings.copies, self.clock())

    def _database(self) -> None:
        with self.vault.database.read() as conn:
            conn.execute(text("SELECT 1 FROM client LIMIT 1"))
        # Reading would go on for a while, but each reading is recorded, and that is writing.
        check_room(self.settings.storage)

    def _keys(self) -> None:
        for ring in (self.vault.clinical, self.vault.identity):
            ring.fetch(SYSTEM, (TENANT_COMPARTMENT,))
            # Of the root as it lies there now: a key that is cached would answer for a file that is gone.
            ring.roots.wrap(_NOTHING, b"ready")

    def _broker(self) -> None:
        # Celery and redis-py name a unix socket differently.
        url = broker.url(self.settings.storage).replace("redis+socket://", "unix://", 1)
        with redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS) as client:
            client.ping()


def _state(ask: Callable[[], None]) -> str:
    try:
        ask()
    except DiskFull:
        return "full"
    except (CustodyError, redis.RedisError, OSError, ValueError):
        return "down"
    return "ok"
