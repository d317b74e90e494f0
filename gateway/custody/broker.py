"""Where the broker is: the url that was set, or the embedded one, which leaves its address beside the data.

The socket itself lies in a short run-time directory (its path may have 107 characters), so whoever runs the
embedded broker writes down where. The broker is told job ids and nothing else.
"""

from __future__ import annotations

from pathlib import Path

from gateway.custody.errors import Misconfigured
from gateway.custody.settings import Storage


def address_file(data_dir: Path) -> Path:
    """Where the embedded broker writes its url."""
    return data_dir / "broker" / "url"


def url(storage: Storage) -> str:
    """The broker's url; raises ``Misconfigured`` when there is none."""
    if storage.broker_url:
        return storage.broker_url
    try:
        return address_file(storage.data_dir).read_text("utf-8").strip()
    except OSError:
        raise Misconfigured(
            "No broker is known: set CARELOOM_BROKER_URL, or start `careloom up` or `careloom broker`."
        ) from None
