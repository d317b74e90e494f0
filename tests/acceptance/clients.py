"""Clients as hospitals, partners and officers write them: SMART Backend Services, and none of our code."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.acceptance.bundles import parsed
from tests.acceptance.careloom import Careloom

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FHIR_JSON = "application/fhir+json"
SCOPES = {"ehr": "system/*.cruds", "partner": "system/*.rs", "officer": "system/AuditEvent.rs"}
PLAN = "urn:careloom:plan|"


class Client:
    """One registered client with its key, its token and a connection that is kept."""

    def __init__(self, careloom: Careloom, role: str, organization: str, scope: str | None = None) -> None:
        self.careloom = careloom
        self.key = ECKey.generate_key("P-384", parameters={"kid": uuid.uuid4().hex, "alg": "ES384"})
        self.scope = scope or SCOPES[role]
        self.client_id: str = self._register(role, organization)["client_id"]
        self.session = requests.Session()
        self._token, self._until = "", 0.0

    def _register(self, role: str, organization: str) -> dict[str, Any]:
        jwks = Path(f"{self.careloom.folder}-{uuid.uuid4().hex}.jwks")
        jwks.write_text(json.dumps({"keys": [self.key.as_dict(private=False)]}))
        who = ("--name", f"{role} of {organization}", "--role", role, "--organization", organization)
        return self.careloom.json("client", "add", *who, "--scope", self.scope, "--jwks", str(jwks))

    def token_answer(self, **changes: Any) -> requests.Response:
        """What the token endpoint says to this client's assertion."""
        now = int(time.time())
        audience = f"{self.careloom.base}/auth/token"
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": audience, "exp": now + 120, "iat": now}
        claims = {**claims, "jti": uuid.uuid4().hex, **changes}
        header = {"alg": "ES384", "typ": "JWT", "kid": self.key.kid}
        form = {
            "grant_type": "client_credentials",
            "scope": self.scope,
            "client_assertion_type": ASSERTION,
            "client_assertion": jwt.encode(header, claims, self.key, algorithms=["ES384"]),
        }
        return requests.post(audience, data=form, timeout=30)

    @property
    def token(self) -> str:
        if time.monotonic() > self._until:
            answer = self.token_answer()
            assert answer.status_code == 200, answer.text
            self._token = answer.json()["access_token"]
            self._until = time.monotonic() + answer.json()["expires_in"] / 2
        return self._token

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": FHIR_JSON, **more.pop("headers", {})}
        url = path if path.startswith("http") else f"{self.careloom.fhir}/{path}".rstrip("/")
        return self.session.request(method, url, headers=headers, timeout=60, **more)

    def submits(self, bundle: Any, key: str | None = None) -> requests.Response:
        body = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
        headers = {"Content-Type": FHIR_JSON, **({"Idempotency-Key": key} if key else {})}
        return self.request("POST", "", data=body, headers=headers)

    def puts(self, resource: dict[str, Any]) -> requests.Response:
        path = f"{resource['resourceType']}/{resource['id']}"
        return self.request("PUT", path, data=json.dumps(resource), headers={"Content-Type": FHIR_JSON})

    def reads(self, reference: str) -> dict[str, Any]:
        answer = self.request("GET", reference)
        assert answer.status_code == 200, answer.text
        return parsed(answer.content)

    def reads_all(self, references: Sequence[str], at_once: int = 150) -> dict[str, dict[str, Any]]:
        """Many at once, as a batch of GETs."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(references), at_once):
            part = references[start : start + at_once]
            entries = [{"request": {"method": "GET", "url": reference}} for reference in part]
            answer = self.submits({"resourceType": "Bundle", "type": "batch", "entry": entries})
            assert answer.status_code == 200, answer.text
            read = [entry["resource"] for entry in parsed(answer.content)["entry"]]
            found |= dict(zip(part, read, strict=True))
        return found

    def searches(self, type_: str, **parameters: Any) -> list[dict[str, Any]]:
        """Every match on every page."""
        answer = self.request("GET", type_, params=parameters)
        found: list[dict[str, Any]] = []
        while True:
            assert answer.status_code == 200, answer.text
            page = parsed(answer.content)
            found += [e["resource"] for e in page.get("entry", []) if e["search"]["mode"] == "match"]
            following = [link["url"] for link in page.get("link", []) if link["relation"] == "next"]
            if not following:
                return found
            answer = self.request("GET", following[0])

    def plans(self, patient: str | None = None) -> list[dict[str, Any]]:
        """Careloom's plans, of one patient or of all."""
        subject = {"subject": patient} if patient else {}
        return self.searches("CarePlan", identifier=PLAN, **subject)

    def current_plans(self, patient: str) -> list[dict[str, Any]]:
        return [plan for plan in self.plans(patient) if plan["status"] in ("draft", "active")]
