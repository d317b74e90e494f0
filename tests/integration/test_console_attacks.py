"""What is tried against a console, and refused: each attack beside what it looks like at peace."""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import replace

import pytest

from gateway.auth.actor import CEILING
from gateway.auth.actor import Role as ClientRole
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft
from gateway.console import forms
from gateway.console.people import Role
from gateway.console.table import PAGES
from gateway.custody import audit
from gateway.custody.audit import Event
from gateway.custody.settings import Storage
from tests import seeds
from tests.visitors import BASE, PASSWORD, House, Visitor, console, house

__all__ = ["console"]

SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "\"'><img src=x onerror=alert(1)>"
COOKIE = "__Host-careloom-console"
POSTS = [page.path for page in PAGES if page.method == "POST"]


@pytest.fixture
def officer(console: House) -> Visitor:
    return console.visitor()


# --- forms of others ---------------------------------------------------------------------------------------


def test_a_form_without_its_token_is_refused(officer: Visitor):
    for path in POSTS:
        place = re.sub("<[a-z]+>", "0", path)
        assert officer.sends(f"/console{place}", {"form": ""}).status_code == 403, path


def test_a_token_of_another_session_is_refused(console: House, officer: Visitor):
    other = console.visitor("Second")
    other.reads("/console/account")
    token = re.search(r'name="form" value="([^"]+)"', other.last)
    assert token
    officer.reads("/console/account")
    assert officer.sends("/console/logout", {"form": token[1]}).status_code == 403
    officer.reads("/console/account")


def test_a_form_that_another_site_sends_is_refused(officer: Visitor):
    for name, value in (
        ("Origin", "https://evil.test"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ):
        officer.reads("/console/account")
        sent = officer.sends("/console/account/end", {"session": "others"}, **{name: value})
        assert sent.status_code == 403, value
    officer.reads("/console/account")
    assert officer.sends("/console/account/end", {"session": "others"}).status_code == 303


def test_nobody_is_logged_in_by_another_site(console: House, officer: Visitor):
    stranger = console.browser()
    stranger.gets("/console/login")
    form = {"login": "officer", "password": PASSWORD, "code": "000000", "form": "made-up"}
    assert stranger.sends("/console/login", form).status_code == 403
    assert console.browser().sends("/console/login", form).status_code == 403, "not even a cookie"


# --- script ------------------------------------------------------------------------------------------------


def everything_shown(visitor: Visitor, event: str) -> str:
    pages = ("/console", "/console/search", "/console/account", "/console/verify", f"/console/events/{event}")
    return "".join(visitor.reads(path) for path in pages)


@pytest.mark.parametrize("word", [SCRIPT, BREAKOUT])
def test_script_that_is_stored_in_any_field_runs_nowhere(console: House, word: str):
    registration = Registration(console.vault.database, console.clock, os.urandom)
    draft = Draft(word, ClientRole.EHR, CEILING[ClientRole.EHR], jwks='{"keys": []}')
    client = registration.add_client(draft, word)
    visitor = console.visitor(name=word, organization=word) if word.isprintable() else console.visitor()
    event = Event(
        time=console.clock.now,
        kind=f"rest:{word}",
        action="R",
        outcome=word,
        status=200,
        client_id=client.client_id,
        organization=client.organization,
        user=word,
        purpose=word,
        type=word,
        address=word,
        request_id=word,
        detail=word,
    )
    with console.vault.database.write() as conn:
        audit.append(conn, client.organization, [event, replace_client(event, word)])
        size = audit.head_of(conn, client.organization).size
    text = everything_shown(visitor, f"{client.organization}-{size - 2}")
    assert word not in text
    assert "&lt;" in text


def replace_client(event: Event, word: str) -> Event:
    from msgspec.structs import replace as changed

    return changed(event, client_id=word)


def test_script_in_an_address_runs_nowhere(officer: Visitor):
    for name in ("patient", "user", "client", "group", "outcome", "since", "after", "said", "upto"):
        answer = officer.client.get(
            "/console/search",
            query_string={name: SCRIPT},
            base_url=BASE,
            headers={"User-Agent": officer.agent},
        )
        assert answer.status_code in (200, 400)
        assert SCRIPT not in answer.text, name


def test_a_kept_search_runs_nothing(officer: Visitor):
    officer.reads("/console/search")
    officer.sends("/console/search/save", {"name": SCRIPT, "user": BREAKOUT})
    text = officer.reads("/console/search")
    assert SCRIPT not in text
    assert BREAKOUT not in text
    assert "&lt;script&gt;" in text


def test_pages_run_nothing_inline_and_stand_in_no_frame(console: House, officer: Visitor):
    for path in ("/console/login", "/console", "/console/nothing", "/console/account"):
        answer = officer.gets(path) if path != "/console/login" else console.browser().gets(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        for wanted in (
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ):
            assert wanted in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script(?! src)|<style|\sstyle=|\son[a-z]+=", answer.text)


# --- rights ------------------------------------------------------------------------------------------------


def test_an_auditor_may_not_what_is_an_officers(console: House):
    auditor = console.visitor("Auditor", Role.AUDITOR)
    auditor.reads("/console")
    forbidden = [page for page in PAGES if Role.AUDITOR not in page.roles]
    assert forbidden
    for page in forbidden:
        path = f"/console{re.sub('<[a-z]+>', '0', page.path)}"
        answer = (
            auditor.gets(path) if page.method == "GET" else auditor.sends(path, {"role": "administrator"})
        )
        assert answer.status_code == 403, page.path
        auditor.reads("/console")


def test_nobody_gets_a_role_by_asking(console: House):
    link = console.link("Plain", Role.AUDITOR)
    visitor = console.browser()
    visitor.gets(link)
    visitor.settles(link)
    visitor.reads("/console/account")
    visitor.sends(
        "/console/account/password", {"role": "administrator", "old": "x", "new": "y", "again": "y"}
    )
    text = visitor.reads("/console/account?role=administrator")
    assert "Auditor" in text
    assert "Administrator" not in text


def test_another_organizations_events_and_patients_are_not_there(console: House, officer: Visitor):
    seeds.fill(console, 50, 5, days=1)
    stranger = console.visitor("Other", organization="st-berta")
    log, patient = seeds.tenant(console), seeds.patient(console, "mrn-1")
    shown = console.vault.outside(log).show("Patient", patient)
    assert officer.gets(f"/console/events/{log}-3").status_code == 200
    assert officer.gets(f"/console/patients/{shown}").status_code == 200
    assert stranger.gets(f"/console/events/{log}-3").status_code == 404
    for path in ("", "/disclosures", "/disclosures.csv", "/disclosures.pdf"):
        assert stranger.gets(f"/console/patients/{shown}{path}").status_code == 404
    assert "No event fits" in stranger.reads(f"/console/search?patient={shown}")


# --- ways out and back -------------------------------------------------------------------------------------


ELSEWHERE = (
    "https://evil.test",
    "//evil.test",
    "/\\evil.test",
    "/console/../../evil",
    "/console//evil.test",
    "/console@evil.test",
    "/console\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "/consolex",
)


def test_nobody_is_sent_elsewhere_after_log_in(console: House):
    for there in ELSEWHERE:
        assert forms.onward(there) == "/console", there
    visitor, link = console.browser(), console.link()
    visitor.gets(link)
    visitor.client.set_cookie("__Host-careloom-onward", "//evil.test", domain="careloom.test", secure=True)
    assert visitor.settles(link).location == "/console"


def test_somebody_is_sent_to_the_page_that_they_asked_for(console: House):
    visitor, link = console.browser(), console.link()
    assert visitor.gets("/console/search?outcome=4").location == "/console/login"
    assert visitor.settles(link).location == "/console/search?outcome=4"


def test_no_cache_keeps_a_page_and_log_out_clears_them(console: House, officer: Visitor):
    for page in PAGES:
        if page.method == "GET":
            path = re.sub("<[a-z]+>", "0", page.path)
            assert officer.gets(f"/console{path}").headers["Cache-Control"] == "no-store", page.path
    answer = officer.leaves()
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert officer.gets("/console").status_code == 303
    assert COOKIE not in {
        c.key for c in [officer.client.get_cookie(COOKIE, domain="careloom.test")] if c and c.value
    }


def test_cookies_are_for_servers_alone(console: House):
    visitor, link = console.browser(), console.link()
    visitor.gets(link)
    answer = visitor.settles(link)
    set_ = [value for name, value in answer.headers if name == "Set-Cookie" and value.startswith(COOKIE)]
    assert set_
    for wanted in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert wanted in set_[-1]
    assert "Domain" not in set_[-1]


def test_nobody_types_a_password_on_an_unencrypted_page(sqlite_copy: Storage):
    plain = house(sqlite_copy)
    made = replace(plain.settings, base_url="http://careloom.test")
    from gateway.app import World, create_app

    app = create_app(made, World(plain.clock, os.urandom))
    answer = app.test_client().get("/console/login", base_url="http://careloom.test")
    assert answer.status_code == 503
    assert "https" in answer.text
    plain.vault.close()
    app.extensions["careloom_vault"].close()


# --- sheets ------------------------------------------------------------------------------------------------


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1")


def test_nothing_in_a_sheet_becomes_a_formula(console: House, officer: Visitor):
    made = [
        Event(console.clock.now, "rest:read", "R", "0", 200, user=one, request_id=one, detail=one)
        for one in FORMULAS
    ]
    with console.vault.database.write() as conn:
        audit.append(conn, seeds.tenant(console), made)
    answer = officer.gets("/console/search.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    cells = {cell for row in rows for cell in row}
    assert {f"'{one}" for one in FORMULAS} <= cells
    assert not [
        cell for cell in cells if cell.strip(" ")[:1] in ("=", "+", "-", "@", "\t", "\uff1d") and cell
    ]


def test_a_form_that_is_too_large_is_not_read(officer: Visitor):
    officer.reads("/console/account")
    assert officer.sends("/console/account/end", {"session": "x" * 100_000}).status_code == 413


def test_law_2_an_id_of_the_hospital_stands_nowhere(console: House, officer: Visitor):
    officer.reads("/console/search")
    moved = officer.sends("/console/search", {"patient": "mrn-quill-7731"})
    assert "quill" not in moved.location
    text = officer.reads(moved.location)
    assert "quill" not in text
    officer.sends("/console/search/save", {"name": "of mrn-quill-7731", "patient": "mrn-quill-7731"})
    found = console.settings.storage.data_dir.rglob("*")
    assert not [file for file in found if file.is_file() and b"quill" in file.read_bytes()]


def test_law_4_each_look_is_an_event_about_whom_it_was(console: House, officer: Visitor):
    seeds.fill(console, 20, 2, days=1)
    log, patient = seeds.tenant(console), seeds.patient(console, "mrn-1")
    shown = console.vault.outside(log).show("Patient", patient)

    def told() -> list[tuple[str, str, bytes | None]]:
        from sqlalchemy import select

        from gateway.custody.tables import audit_event as table

        mine = table.c.user == "console|officer"
        with console.vault.database.read() as conn:
            rows = conn.execute(
                select(table.c.kind, table.c.outcome, table.c.patient).where(mine).order_by(table.c.seq)
            ).all()
        return [(row[0], row[1], row[2]) for row in rows]

    before = len(told())
    officer.reads(f"/console/patients/{shown}")
    officer.reads(f"/console/patients/{shown}/disclosures")
    officer.gets(f"/console/search.csv?patient={shown}")
    officer.reads("/console/verify")
    officer.gets("/console/events/0-999999")
    assert told()[before:] == [
        ("console:search", "0", patient),
        ("patient:disclosures", "0", patient),
        ("console:export", "0", patient),
        ("console:read", "0", None),
        ("console:read", "4", None),
    ]


def test_every_page_has_roles_and_says_what_it_leaves_in_the_trail():
    assert PAGES
    for page in PAGES:
        assert page.roles, page.path
        assert page.told is not None
        assert page.method in ("GET", "POST")
    assert len({(page.method, page.path) for page in PAGES}) == len(PAGES)
