"""Who comes in to the console, who does not, and what of it stands in the trail."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.console.people import Role
from gateway.custody.console_tables import console_link, console_person, console_session
from gateway.custody.tables import audit_event
from tests.visitors import PASSWORD, House, Visitor, console, console_here

__all__ = ["console", "console_here"]


def events(house: House, kind: str) -> list[tuple[str, str | None, str | None]]:
    """Outcome, user and detail of the events of a kind."""
    c = audit_event.c
    with house.vault.database.read() as conn:
        rows = conn.execute(
            select(c.outcome, c.user, c.detail).where(c.kind == kind).order_by(c.log, c.seq)
        ).all()
    return [(row[0], row[1], row[2]) for row in rows]


def session_cookie(visitor: Visitor) -> str:
    cookie = visitor.client.get_cookie("__Host-careloom-console", domain="careloom.test")
    assert cookie is not None
    return cookie.value


def test_a_one_time_link_lets_in_once_and_the_account_lasts(console_here: House):
    visitor, link = console_here.browser(), console_here.link()
    assert visitor.settles(link).location == "/console"
    assert "Officer" in visitor.reads("/console/account")
    assert visitor.gets(link).status_code == 410
    visitor.leaves()
    console_here.clock.pass_seconds(60)
    assert visitor.logs_in("officer").location == "/console"
    visitor.reads("/console/account")


def test_law_4_each_way_in_and_each_refusal_is_an_event(console: House):
    visitor = console.visitor()
    visitor.leaves()
    console.clock.pass_seconds(60)
    visitor.logs_in("officer", "wrong password here")
    visitor.logs_in("nobody")
    visitor.logs_in("officer")
    assert events(console, "console:logout") == [("0", "console|officer", None)]
    assert sorted(events(console, "console:login"), key=str) == [
        ("0", "console|officer", "one-time link"),
        ("0", "console|officer", "password and code"),
        ("4", "console|officer", "password or code"),
        ("4", None, "password or code"),
    ]


@pytest.mark.parametrize("what", ["login", "password", "code"])
def test_what_is_wrong_is_not_said(console: House, what: str):
    visitor = console.visitor()
    visitor.leaves()
    console.clock.pass_seconds(60)
    right = {"login": "officer", "password": PASSWORD, "code": visitor.code()}
    wrong = {"login": "nobody", "password": "another password", "code": "000000"}
    answer = visitor.logs_in(**{**right, what: wrong[what]})
    assert answer.status_code == 401
    assert "do not fit together" in answer.text


def test_a_code_counts_once(console: House):
    visitor = console.visitor()
    visitor.leaves()
    assert visitor.logs_in("officer").status_code == 401, "the code that set up the app"
    console.clock.pass_seconds(30)
    code = visitor.code()
    assert visitor.logs_in("officer", code=code).status_code == 303
    assert console.browser().logs_in("officer", code=code).status_code == 401


def test_guessing_is_slower_each_time_and_ends_by_itself(console: House):
    visitor = console.visitor()
    visitor.leaves()
    console.clock.pass_seconds(60)
    statuses = [visitor.logs_in("officer", "wrong password").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    before = len(events(console, "console:login"))
    assert visitor.logs_in("officer").status_code == 429, "the right one has to wait as well"
    assert len(events(console, "console:login")) == before
    console.clock.pass_seconds(31)
    assert visitor.logs_in("officer", "wrong password").status_code == 401
    console.clock.pass_seconds(31)
    assert visitor.logs_in("officer").status_code == 429, "twice as long"
    console.clock.pass_seconds(31)
    assert visitor.logs_in("officer").status_code == 303


def test_a_name_that_nobody_has_is_braked_like_another(console: House):
    visitor = console.browser()
    visitor.secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert [visitor.logs_in("nobody").status_code for _ in range(6)] == [401] * 5 + [429]


@pytest.mark.parametrize(
    ("password", "again", "word"),
    [
        ("short", "short", "12 to 200"),
        ("aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "repeats"),
        ("officer likes tea", "officer likes tea", "log-in name"),
        ("password1234!", "password1234!", "everybody tries"),
        (PASSWORD, PASSWORD + "s", "not the same"),
    ],
)
def test_a_password_that_is_easily_guessed_is_not_taken(console: House, password: str, again: str, word: str):
    visitor, link = console.browser(), console.link()
    visitor.settles(link, "short")
    answer = visitor.sends(link, {"password": password, "again": again, "code": visitor.code()})
    assert answer.status_code == 422
    assert word in answer.text
    assert visitor.settles(link).status_code == 303, "the link was not used up"


def test_nothing_that_opens_anything_is_kept(console: House):
    visitor = console.visitor()
    invited = console.staff.add("Another", "st-anna", Role.AUDITOR)
    with console.vault.database.read() as conn:
        kept = [
            tuple(row)
            for t in (console_person, console_link, console_session)
            for row in conn.execute(select(t))
        ]
    text = repr(kept)
    assert PASSWORD not in text
    assert visitor.secret not in text
    assert session_cookie(visitor) not in text
    assert repr(invited.token) not in text
    assert "$argon2id$v=19$" in text


def test_a_session_ends_in_silence_after_hours_and_with_the_person(console: House):
    visitor = console.visitor()
    console.clock.pass_seconds(890)
    visitor.reads("/console/account")
    console.clock.pass_seconds(890)
    visitor.reads("/console/account")
    console.clock.pass_seconds(901)
    assert visitor.gets("/console/account").status_code == 303

    other = console.visitor("Second")
    for _ in range(40):
        console.clock.pass_seconds(720)
        answer = other.gets("/console/account")
    assert answer.status_code == 303, "eight hours are over"

    third = console.visitor("Third")
    console.staff.revoke("third")
    assert third.gets("/console/account").status_code == 303
    third.secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert third.logs_in("third").status_code == 401


def test_sessions_are_bound_to_the_browser_and_can_be_taken_back(console: House):
    visitor = console.visitor()
    thief = console.browser("Other/2")
    thief.client.set_cookie(
        "__Host-careloom-console", session_cookie(visitor), domain="careloom.test", secure=True
    )
    assert thief.gets("/console/account").status_code == 303

    console.clock.pass_seconds(60)
    second = console.browser()
    second.secret = visitor.secret
    assert second.logs_in("officer").status_code == 303
    visitor.reads("/console/account")
    assert visitor.sends("/console/account/end", {"session": "others"}).location.endswith("said=ended")
    assert second.gets("/console/account").status_code == 303
    visitor.reads("/console/account")


def test_a_new_link_ends_what_was_before(console: House):
    visitor = console.visitor()
    console.staff.invite("officer")
    assert visitor.gets("/console/account").status_code == 303
    console.clock.pass_seconds(60)
    assert visitor.logs_in("officer").status_code == 401


def test_a_password_is_changed_by_who_knows_it(console: House):
    visitor = console.visitor()
    visitor.reads("/console/account")
    new = "four grey herons now"
    wrong = visitor.sends("/console/account/password", {"old": "not this one", "new": new, "again": new})
    assert wrong.status_code == 422
    right = visitor.sends("/console/account/password", {"old": PASSWORD, "new": new, "again": new})
    assert right.status_code == 303
    visitor.leaves()
    console.clock.pass_seconds(60)
    assert visitor.logs_in("officer", new).status_code == 303


def test_a_session_is_never_one_that_somebody_brought_along(console: House):
    visitor, planted = console.browser(), "A" * 43
    visitor.client.set_cookie("__Host-careloom-console", planted, domain="careloom.test", secure=True)
    visitor.settles(console.link())
    first = session_cookie(visitor)
    assert first != planted
    visitor.leaves()
    console.clock.pass_seconds(60)
    visitor.logs_in("officer")
    assert session_cookie(visitor) not in (planted, first)
