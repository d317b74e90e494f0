"""``careloom jobs``: what is to be done, what failed, and another chance for it."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from gateway.cli.options import as_json, data_dir, instant, show, storage
from gateway.custody import backlog
from gateway.custody.backlog import Listed
from gateway.custody.database import Database, Side
from gateway.custody.founding import check_whole
from gateway.custody.jobs import State
from gateway.run.trouble import Trouble


@click.group()
def jobs() -> None:
    """See and retry jobs."""


def _database() -> Database:
    where = storage()
    check_whole(where)
    return Database.open(where.database_url, Side.TRUSTED)


@jobs.command("list")
@data_dir
@as_json
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only jobs that stand so.")
@click.option("--limit", default=100, show_default=True, help="How many, newest first.")
def list_(as_json: bool, state: str | None, limit: int) -> None:
    """List jobs, newest first."""
    database = _database()
    try:
        with database.read() as conn:
            found = backlog.listing(conn, State(state) if state else None, limit)
            counted = backlog.counts(conn)
    finally:
        database.close()
    if as_json:
        numbers = {kind.value: number for kind, number in counted.items()}
        show({"counts": numbers, "jobs": [_plain(job) for job in found]})
        return
    for job in found:
        click.echo(_line(job))
    click.echo(", ".join(f"{number} {kind.value}" for kind, number in counted.items()))


def _plain(job: Listed) -> dict[str, object]:
    times = {name: instant(getattr(job, name)) for name in ("created", "not_before", "finished")}
    return {**asdict(job), **times, "id": job.id.hex(), "state": job.state.value}


def _line(job: Listed) -> str:
    error = f"  {job.error}" if job.error else ""
    due = instant(job.not_before)
    return (
        f"{job.id.hex()}  {job.state.value:7}  {job.kind:5}  tenant {job.tenant}  {due}  {job.reason}{error}"
    )


@jobs.command("retry")
@data_dir
@as_json
@click.argument("job_id", required=False)
def retry(as_json: bool, job_id: str | None) -> None:
    """Give dead jobs (or the one named) their attempts back."""
    database = _database()
    try:
        with database.write() as conn:
            revived = backlog.retry(conn, time.time_ns() // 1000, _id(job_id))
    finally:
        database.close()
    if as_json:
        show({"retried": revived})
    else:
        click.echo(f"{revived} job(s) wait again.")


def _id(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Trouble("A job's id is 32 hexadecimal digits; `careloom jobs list` shows them.") from None
