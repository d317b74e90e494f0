"""The same bundles through the same gateway in this process, to see which stage takes how long.

The application is put together as ``careloom gateway`` does it, on an installation of its own; requests go in
where the WSGI server would hand them over.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from flask.testing import FlaskClient
from joserfc.jwk import ECKey

from bench.bundles import Bundle
from bench.pusher import NotAccepted
from bench.stages import per_resource, sampled
from gateway.app import create_app, the_world
from gateway.auth.actor import Role
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft
from gateway.auth.scopes import parse
from gateway.custody.database import Database, Side
from gateway.custody.founding import found
from gateway.demo.client import ASSERTION_TYPE, SmartClient
from gateway.settings import Settings

SCOPE = "system/*.cruds"


def stages(bundles: Sequence[Bundle], folder: Path) -> dict[str, float]:
    """CPU seconds per resource, by stage."""
    settings = Settings.from_environ({"CARELOOM_DATA_DIR": str(folder), "CARELOOM_RATE": "1000000"})
    gateway, headers = founded(settings)
    post(gateway, headers, bundles[0])
    with sampled() as spent:
        for bundle in bundles:
            post(gateway, headers, bundle)
    return per_resource(spent, sum(bundle.resources for bundle in bundles))


def founded(settings: Settings) -> tuple[FlaskClient, dict[str, str]]:
    """A new installation, a gateway on it in this process, and the headers of an EHR that may do all."""
    found(settings.storage)
    key = ECKey.generate_key("P-384", parameters={"kid": "bench", "alg": "ES384"})
    client_id = _register(settings, key)
    gateway = create_app(settings).test_client()
    token = token_of(gateway, settings.base_url, client_id, key, SCOPE)
    return gateway, {"Authorization": f"Bearer {token}"}


def post(gateway: FlaskClient, headers: dict[str, str], bundle: Bundle) -> bytes:
    """Push a bundle; what it was answered. Raises ``NotAccepted`` when it was not taken."""
    answer = gateway.post("/fhir", data=bundle.body, content_type="application/fhir+json", headers=headers)
    if answer.status_code != 200:
        raise NotAccepted(f"a bundle was answered {answer.status_code}: {answer.text[:400]}")
    return bytes(answer.data)


def _register(settings: Settings, key: ECKey) -> str:
    world = the_world()
    database = Database.open(settings.storage.database_url, Side.TRUSTED)
    try:
        jwks = json.dumps({"keys": [key.as_dict(private=False)]})
        draft = Draft("bench", Role.EHR, parse(SCOPE), jwks=jwks)
        return Registration(database, world.clock, world.entropy).add_client(draft, "bench").client_id
    finally:
        database.close()


def token_of(gateway: FlaskClient, base_url: str, client_id: str, key: ECKey, scope: str) -> str:
    """The token that a registered client gets of a gateway in this process."""
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": SmartClient(base_url, client_id, key, scope).assertion(),
    }
    return str(gateway.post("/auth/token", data=form).get_json()["access_token"])
