"""What of the trail may be archived: nothing that the law, a hold or a rule still wants in the database.

Six years are HIPAA's (45 CFR 164.316(b)(2)(i)); an accounting of disclosures reaches as far (164.528). While
a legal hold stands, nothing goes at all: the events of those whom it holds lie among the others' everywhere.
Retention by when a chart was last touched reads that off the trail, so the longest such period counts too.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from gateway.custody import holds, keeping, receivers
from gateway.custody.errors import CustodyError
from gateway.custody.ids import Tenant
from gateway.custody.keeping import Counted
from gateway.custody.months import Month
from gateway.custody.periods import Period
from gateway.custody.receivers import Logs

SIX_YEARS = Period(6, "y")


class ArchiveRefused(CustodyError):  # noqa: N818 - it reads as what happened
    """This part of the trail may not be archived."""


def check(conn: Connection, before: Month, keep: Period, now: int) -> None:
    """Refuse what has to stay: raises ``ArchiveRefused``."""
    needed = [("the trail (CARELOOM_AUDIT_KEEP)", keep), *_last_touched(conn)]
    for what, period in needed:
        latest = Month.of(period.before(now))
        if before > latest:
            raise ArchiveRefused(f"Events are kept for {period} by {what}: --before {latest} at the latest.")
    standing = holds.standing(conn)
    if standing:
        reasons = ", ".join(sorted({one.reason for one in standing}))
        raise ArchiveRefused(
            f"Legal holds stand ({reasons}), and events of whom they hold lie in every month; "
            "see `careloom retention list`."
        )


def check_taken(conn: Connection, ends: Mapping[Tenant, int], waiting: Mapping[str, Logs | None]) -> None:
    """Refuse events below these ends that somebody who is handed the trail has not got; ``waiting`` says who
    that is, and of which logs (all, where it says none)."""
    for name, logs in waiting.items():
        taken = receivers.cursors(conn, name)
        for log, end in ends.items():
            got = taken[log].taken if log in taken else 0
            if got < end and (logs is None or log in logs):
                raise ArchiveRefused(
                    f"{name} has not got {end - got} of these events of log {log}; "
                    "see `careloom audit receivers`."
                )


def _last_touched(conn: Connection) -> list[tuple[str, Period]]:
    """The rules that ask the trail when a chart was last touched."""
    return [
        (f"the retention of {rule.type}, counted from when a chart was last touched", rule.keep)
        for tenant in keeping.tenants(conn)
        for rule in keeping.rules(conn, tenant).values()
        if rule.counted is Counted.LAST_TOUCHED
    ]
