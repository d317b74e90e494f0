"""A hospital, a partner and an officer who speak HTTP, over Flask's own test door or over the wire.

``gateway.demo.client`` does the speaking; here are the words that tests use. ``Town`` is a gateway with
whoever comes to it; ``town(app)`` needs no server, ``Town(base_url, …)`` speaks to one that runs.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from joserfc.jwk import ECKey
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest
from urllib3 import HTTPResponse

from gateway.app import create_app
from gateway.auth.actor import Role
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft
from gateway.auth.scopes import parse
from gateway.auth.users import NO_TRUST, Trust
from gateway.custody.database import Database
from gateway.custody.settings import Storage
from gateway.demo.client import SmartClient
from gateway.settings import Settings
from mappers import lossless

SCOPES = {Role.EHR: "system/*.cruds", Role.PARTNER: "system/*.rs", Role.OFFICER: "system/AuditEvent.rs"}
PLAN_QUERY = "CarePlan?identifier=urn:careloom:plan|"


class FlaskAdapter(BaseAdapter):
    """Lets ``requests`` speak to an application in this process."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # type: ignore[override]
        parts = urlsplit(request.url or "")
        answer = self._app.test_client().open(
            path=str(parts.path),
            query_string=str(parts.query),
            base_url=f"{parts.scheme}://{parts.netloc}",
            method=request.method,
            headers=[(name, value) for name, value in request.headers.items() if name != "Content-Length"],
            data=request.body,
        )
        body = HTTPResponse(
            io.BytesIO(answer.get_data()),
            headers=list(answer.headers.items()),
            status=answer.status_code,
            preload_content=False,
            request_method=request.method,
        )
        return requests.adapters.HTTPAdapter().build_response(request, body)

    def close(self) -> None:
        pass


class Somebody:
    """One registered client, and what it does."""

    def __init__(self, client: SmartClient) -> None:
        self.client = client

    @property
    def client_id(self) -> str:
        return self.client.client_id

    def asks(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Any request, answered whatever it is; ``If_Match`` stands for ``If-Match``."""
        return self.client.send(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def searches(self, query: str) -> list[dict[str, Any]]:
        """All pages of a search such as ``Patient?gender=female``."""
        found, url = [], query
        while url:
            page = lossless.loads(self.client.send("GET", url).content)
            found += [e["resource"] for e in page.get("entry", ()) if e["search"]["mode"] == "match"]
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        return found


class Hospital(Somebody):
    """An EHR."""

    def submits(self, bundle: dict[str, Any], key: str | None = None) -> requests.Response:
        return self.asks("POST", "", bundle, **({"Idempotency_Key": key} if key else {}))

    def puts(self, resource: dict[str, Any], **headers: str) -> requests.Response:
        return self.asks("PUT", f"{resource['resourceType']}/{resource['id']}", resource, **headers)

    def reads(self, reference: str) -> dict[str, Any]:
        answer = self.asks("GET", reference)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = lossless.loads(answer.content)
        return body


class Partner(Somebody):
    """An app that polls for plans."""

    def polls(self, etag: str | None = None) -> requests.Response:
        return self.asks("GET", PLAN_QUERY, **({"If_None_Match": etag} if etag else {}))


class Officer(Somebody):
    """Who looks at the trail."""


@dataclass
class Town:
    """A gateway, and how to register with it."""

    base_url: str
    registration: Registration
    app: Flask | None = None

    def hospital(self, name: str = "st-anna", scope: str | None = None, trust: Trust = NO_TRUST) -> Hospital:
        return Hospital(self._enters(Role.EHR, name, scope, trust))

    def partner(
        self, name: str = "app-gmbh", *granted_by: str, scope: str | None = None, **terms: Any
    ) -> Partner:
        """``terms`` of its grants are a ``profile`` and a ``consent``."""
        partner = Partner(self._enters(Role.PARTNER, name, scope))
        for tenant in granted_by:
            self.registration.add_grant(partner.client_id, tenant, **terms)
        return partner

    def officer(self, name: str = "st-anna") -> Officer:
        return Officer(self._enters(Role.OFFICER, name, None))

    def session(self) -> requests.Session:
        session = requests.Session()
        if self.app is not None:
            session.mount(self.base_url, FlaskAdapter(self.app))
        return session

    def _enters(
        self, role: Role, organization: str, scope: str | None, trust: Trust = NO_TRUST
    ) -> SmartClient:
        key = ECKey.generate_key("P-384", parameters={"kid": os.urandom(8).hex()})
        jwks = lossless.dumps({"keys": [key.as_dict(private=False)]}).decode()
        draft = Draft(
            f"{role.value} of {organization}", role, parse(scope or SCOPES[role]), jwks=jwks, trust=trust
        )
        made = self.registration.add_client(draft, organization)
        return SmartClient(self.base_url, made.client_id, key, str(made.scopes), self.session())


def town(settings: Settings) -> Town:
    """A gateway in this process."""
    app = create_app(settings)
    database: Database = app.extensions["careloom_vault"].database
    registration = Registration(database, lambda: time.time_ns() // 1000, os.urandom)
    return Town(settings.base_url, registration, app)


@pytest.fixture
def here(storage: Storage) -> Iterator[Town]:
    """A gateway in this process, once on each database."""
    yield from _open(storage)


@pytest.fixture
def embedded(sqlite_storage: Storage) -> Iterator[Town]:
    """A gateway in this process, on the embedded database."""
    yield from _open(sqlite_storage)


def _open(storage: Storage) -> Iterator[Town]:
    made = town(Settings(storage, base_url="http://careloom.test"))
    yield made
    assert made.app is not None
    made.app.extensions["careloom_vault"].close()
