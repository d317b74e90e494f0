"""Use case: forget a patient for good (docs/erasure.md).

1. Close. One transaction: tombstones, so that nothing of theirs is found, read or written any more; their
   jobs and stored answers go; the event that says why.
2. Rewrite whatever else names them, every version of it, without them.
3. Destroy their keys: what is left anywhere, in backups too, opens no more.
4. Delete their rows.
5. Empty the log of an embedded store, take the mark away, and say that it is done.

Each step is one or more whole transactions and finds by itself what is left to do, so that whoever comes
after one that was killed begins at the top.
"""

from __future__ import annotations

from gateway.erasure.service import Done, Erasure, Held, Request, Unknown

__all__ = ["Done", "Erasure", "Held", "Request", "Unknown"]
