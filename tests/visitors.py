"""People who use the console in tests, over Flask's own test door: they log in, look and send forms.

``Counter`` is a clock that tests may put on; codes are those of an app that has the secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.app import World, create_app
from gateway.console import passwords
from gateway.console.people import Role
from gateway.console.sealing import to_text
from gateway.console.staff import Staff
from gateway.custody.identity.vault import Vault
from gateway.custody.settings import Storage
from gateway.settings import Settings

PASSWORD = "three quiet herons"
BASE = "https://careloom.test"
HOSPITAL = "st-anna"
START = 1_772_443_800_000_000
"""2026-03-02, half past nine in the morning, UTC."""

_TOKEN = re.compile(r'name="form" value="([^"]+)"')
_SECRET = re.compile(r'<code class="key">([^<]+)</code>')


@dataclass
class Counter:
    """A clock that stands still but for what a test puts it on."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


@dataclass
class House:
    """A gateway with a console, and its clock."""

    app: Flask
    clock: Counter
    settings: Settings

    @property
    def vault(self) -> Vault:
        vault: Vault = self.app.extensions["careloom_vault"]
        return vault

    @property
    def staff(self) -> Staff:
        return Staff(self.vault.database, self.clock, os.urandom)

    def link(self, name: str = "Officer", role: Role = Role.OFFICER, organization: str = HOSPITAL) -> str:
        """The path of a new person's one-time link."""
        return f"/console/welcome/{to_text(self.staff.add(name, organization, role).token)}"

    def browser(self, agent: str = "Browser/1") -> Visitor:
        """Somebody at a browser, who has not logged in."""
        return Visitor(self, self.app.test_client(), agent)

    def visitor(
        self, name: str = "Officer", role: Role = Role.OFFICER, organization: str = HOSPITAL
    ) -> Visitor:
        """Somebody who has logged in."""
        visitor = self.browser()
        answer = visitor.settles(self.link(name, role, organization))
        assert answer.status_code == 303, answer.text
        return visitor


@dataclass
class Visitor:
    """A browser, and who sits at it."""

    house: House
    client: FlaskClient
    agent: str
    login: str = ""
    secret: str = ""
    last: str = field(default="", repr=False)

    def gets(self, path: str, **headers: str) -> TestResponse:
        return self._asks("GET", path, headers=headers)

    def reads(self, path: str) -> str:
        """The text of a page, which must be there."""
        answer = self.gets(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-600:])
        return answer.text

    def sends(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """A form with the token of the page that was read last."""
        found = _TOKEN.search(self.last)
        fields = {"form": unescape(found[1]) if found else "", **(form or {})}
        return self._asks("POST", path, data=fields, headers={"Origin": BASE, **headers})

    def settles(self, link: str, password: str = PASSWORD) -> TestResponse:
        """Follow a one-time link to the end."""
        text = self.gets(link).text
        found = _SECRET.search(text)
        assert found, text
        self.secret = found[1].replace(" ", "")
        return self.sends(link, {"password": password, "again": password, "code": self.code()})

    def logs_in(self, login: str, password: str = PASSWORD, code: str | None = None) -> TestResponse:
        self.gets("/console/login")
        return self.sends(
            "/console/login",
            {"login": login, "password": password, "code": self.code() if code is None else code},
        )

    def leaves(self) -> TestResponse:
        self.reads("/console/account")
        return self.sends("/console/logout")

    def code(self) -> str:
        """What the app shows now."""
        return pyotp.TOTP(self.secret).at(self.house.clock.now // 1_000_000)

    def _asks(self, method: str, path: str, headers: dict[str, str], **more: Any) -> TestResponse:
        sent = {"User-Agent": self.agent, **{name.replace("_", "-"): v for name, v in headers.items()}}
        answer = self.client.open(path, method=method, headers=sent, base_url=BASE, **more)
        if answer.content_type.startswith("text/html"):
            self.last = answer.text
        return answer


def house(storage: Storage, **settings: Any) -> House:
    """A gateway with a console whose clock stands still, and that hashes passwords in no time."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    clock = Counter()
    made = Settings(storage, base_url=BASE, **settings)
    return House(create_app(made, World(clock, os.urandom)), clock, made)


@pytest.fixture
def console(sqlite_copy: Storage) -> Iterator[House]:
    """A console on the embedded database."""
    made = house(sqlite_copy)
    yield made
    made.vault.close()


@pytest.fixture
def console_here(storage: Storage) -> Iterator[House]:
    """A console, once on each database."""
    made = house(storage)
    yield made
    made.vault.close()
