"""The address that is served: bound once, by who keeps the gateway processes, and passed to each of them.

Bound before anything else begins, so an address that is taken is one line and nothing was started. It listens
at once: who connects while a process starts again waits in the queue and is served.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.run.trouble import Trouble

_WAITING = 1_024
"""Connections that may wait to be taken."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The sockets of one address: one, or several where a name such as localhost stands for more."""

    sockets: Sequence[socket.socket]

    @classmethod
    def bound(cls, host: str, port: int) -> Listening:
        """Listen on exactly this address; raises ``Trouble`` where nothing of it can be had."""
        made: list[socket.socket] = []
        try:
            for family, address in _resolved(host, port):
                if made and not port:
                    # The same port on each, though nobody named it.
                    address = (address[0], made[0].getsockname()[1], *address[2:])
                made.append(_listen(family, address))
        except (OSError, OverflowError) as error:
            for one in made:
                one.close()
            reason = getattr(error, "strerror", None) or "no such port"
            raise Trouble(
                f"{host}:{port} cannot be served ({reason}); choose another with --host and --port."
            ) from None
        return cls(made)

    @classmethod
    def passed(cls, handles: Sequence[int]) -> Listening:
        """The sockets behind handles that were passed to this process."""
        return cls([socket.socket(fileno=handle) for handle in handles])

    @property
    def handles(self) -> tuple[int, ...]:
        return tuple(one.fileno() for one in self.sockets)

    @property
    def port(self) -> int:
        """The port, also where any was asked for."""
        return int(self.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Listen no more, as far as this process is concerned."""
        for one in self.sockets:
            one.close()


def _resolved(host: str, port: int) -> list[tuple[int, Any]]:
    if not 0 <= port < 1 << 16:
        # The system would take what is left of it.
        raise OverflowError
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _listen(family: int, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # A port whose last connections are still being buried is no port that is taken.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(_WAITING)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
