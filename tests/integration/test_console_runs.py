"""A verification and an export are ordered by a page and done by somebody else, on both databases."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select, text

from gateway.console import runs
from gateway.console.doing import PLACE, Doer
from gateway.custody.console_tables import console_run
from tests import seeds
from tests.visitors import House, Visitor, console, console_here

__all__ = ["console", "console_here"]


def doer(house: House, holder: str = "courier") -> Doer:
    settings = house.settings
    return Doer(house.vault.database, settings.storage, settings.copies, house.clock, holder)


def orders(visitor: Visitor, path: str = "/console/verify", **form: str) -> None:
    visitor.reads("/console/verify")
    assert visitor.sends(path, form).status_code == 303


def test_the_trail_is_verified_and_an_export_proves_itself(console_here: House, tmp_path: Path):
    seeds.fill(console_here, 300, 5, days=1)
    visitor = console_here.visitor()
    orders(visitor)
    orders(visitor, "/console/verify/export", format="csv")
    assert "Waiting" in visitor.reads("/console/verify")
    worker = doer(console_here)
    seeds.sign(console_here)
    assert worker.do_next()
    assert worker.do_next()
    assert not worker.do_next()
    page = visitor.reads("/console/verify")
    assert "The trail is whole." in page
    with console_here.vault.database.read() as conn:
        id_ = conn.scalar(select(console_run.c.id).where(console_run.c.kind == runs.EXPORT)).hex()
    answer = visitor.gets(f"/console/verify/export/{id_}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="careloom-trail.zip"'
    zipfile.ZipFile(io.BytesIO(answer.data)).extractall(tmp_path)
    ran = subprocess.run(
        [sys.executable, "verify.py"], cwd=tmp_path / "careloom-trail", capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    file = console_here.settings.storage.data_dir / PLACE / f"{id_}.zip"
    assert file.stat().st_mode & 0o077 == 0


def test_what_was_altered_is_named_and_asks_for_attention(console_here: House):
    seeds.fill(console_here, 100, 5, days=1)
    seeds.sign(console_here)
    visitor, log = console_here.visitor(), seeds.tenant(console_here)
    with console_here.vault.database.write() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("GRANT UPDATE ON audit_event TO CURRENT_USER"))
        altered = text("UPDATE audit_event SET status = 201 WHERE log = :log AND seq = 17")
        conn.execute(altered, {"log": log})
    assert "Altered." in visitor.reads(f"/console/events/{log}-17")
    assert "Proven." in visitor.reads(f"/console/events/{log}-18")
    orders(visitor)
    assert doer(console_here).do_next()
    page = visitor.reads("/console/verify")
    assert "The trail is not whole." in page
    assert "The event was changed after it was signed" in page
    assert f"/console/events/{log}-17" in page
    assert "found something wrong" in visitor.reads("/console")


def test_one_runs_at_a_time_and_one_that_fell_silent_is_begun_anew(console: House):
    visitor = console.visitor()
    orders(visitor)
    orders(visitor)
    database, now = console.vault.database, console.clock.now
    with database.write() as conn:
        assert len(conn.execute(select(console_run)).all()) == 1
        first = runs.claim(conn, "one", now)
        assert first is not None
        assert runs.claim(conn, "two", now) is None
    with database.write() as conn:
        second = runs.claim(conn, "two", now + runs.SILENT + 1)
        assert second is not None
        assert not runs.beat(conn, first, 5, 10, now)
        assert not runs.finish(conn, first, runs.WHOLE, "{}", now)
        assert runs.finish(conn, second, runs.WHOLE, "{}", now)


def test_a_verification_that_cannot_work_says_so(console: House):
    visitor = console.visitor()
    orders(visitor)
    storage = console.settings.storage
    nowhere = replace(storage, key_paths=replace(storage.key_paths, audit=storage.data_dir / "none"))
    worker = Doer(console.vault.database, nowhere, console.settings.copies, console.clock, "courier")
    assert worker.do_next()
    assert "The verification itself failed" in visitor.reads("/console/verify")


def test_an_auditor_fetches_no_export_and_nobody_anothers(console: House):
    visitor = console.visitor()
    orders(visitor, "/console/verify/export")
    doer(console).do_next()
    with console.vault.database.read() as conn:
        id_ = conn.scalar(select(console_run.c.id)).hex()
    assert visitor.gets(f"/console/verify/export/{id_}").status_code == 200
    stranger = console.visitor("Other", organization="st-berta")
    assert stranger.gets(f"/console/verify/export/{id_}").status_code == 404
    for wrong in ("zz", "00" * 12, "..%2f..%2fkeys"):
        assert visitor.gets(f"/console/verify/export/{wrong}").status_code == 404


def test_files_and_what_ended_go_in_time(console: House):
    visitor = console.visitor()
    orders(visitor, "/console/verify/export")
    worker = doer(console)
    worker.do_next()
    folder = console.settings.storage.data_dir / PLACE
    assert list(folder.iterdir())
    console.clock.now += 10**15
    worker.forget()
    assert not list(folder.iterdir())
    with console.vault.database.read() as conn:
        assert not conn.execute(select(console_run)).all()
