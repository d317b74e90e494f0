"""A FHIR client as an integrator would write it: SMART Backend Services over ``requests``.

The demo, the bench and the tests speak to Careloom through it, so that what they show is what others get.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlencode

import requests
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from mappers import lossless

Key: TypeAlias = ECKey | RSAKey
Resource: TypeAlias = dict[str, Any]

FHIR_JSON = "application/fhir+json"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_ALGORITHMS = {"EC": "ES384", "RSA": "RS384"}
_ASSERTION_SECONDS = 240
_RENEW_SECONDS = 20
_TIMEOUT_SECONDS = 120


class Declined(Exception):  # noqa: N818 - it reads as what happened
    """The server said no: ``status`` and, where it sent one, its OperationOutcome or OAuth error."""

    def __init__(self, answer: requests.Response) -> None:
        self.status = answer.status_code
        self.body = _json(answer)
        super().__init__(f"{answer.status_code}: {_reason(self.body)}")


def reference_in(location: str) -> str:
    """``Type/id`` of the resource that a ``Location`` names, with or without its version."""
    return "/".join(location.partition("/_history/")[0].split("/")[-2:])


class SmartClient:
    """One registered client. The private key stays here; the server knows the public one."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        private_key: Key,
        scope: str,
        session: requests.Session | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.client_id = client_id
        self.scope = scope
        self._key = private_key
        self._session = session or requests.Session()
        self._token = ""
        self._renew_at = 0.0

    # --- coming in -----------------------------------------------------------------------------------------

    def assertion(self, **changes: Any) -> str:
        """A signed client assertion; ``changes`` replace claims."""
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": f"{self.base_url}/auth/token",
            "exp": now + _ASSERTION_SECONDS,
            "iat": now,
            "jti": str(uuid.uuid4()),
        } | changes
        algorithm = _ALGORITHMS[self._key.key_type]
        header = {"alg": algorithm, "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._key, registry=jws.JWSRegistry(algorithms=[algorithm]))

    def ask_for_token(self, assertion: str, scope: str | None = None) -> requests.Response:
        """The token endpoint's answer, whatever it is."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "scope": self.scope if scope is None else scope,
        }
        return self._session.post(f"{self.base_url}/auth/token", data=form, timeout=_TIMEOUT_SECONDS)

    def token(self) -> str:
        """A token that is good for a while yet."""
        if time.monotonic() >= self._renew_at:
            told = _checked(self.ask_for_token(self.assertion()))
            self._token = str(told["access_token"])
            self._renew_at = time.monotonic() + int(told["expires_in"]) - _RENEW_SECONDS
        return self._token

    # --- asking --------------------------------------------------------------------------------------------

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """One request below ``/fhir`` (or to a full url), answered whatever it is."""
        url = path if path.startswith("http") else f"{self.base_url}/fhir/{path}".rstrip("/")
        given = {"Authorization": f"Bearer {self.token()}", "Accept": FHIR_JSON}
        data = body if body is None or isinstance(body, bytes) else lossless.dumps(body)
        if data is not None:
            given["Content-Type"] = FHIR_JSON
        sent = given | dict(headers or {})
        return self._session.request(method, url, data=data, headers=sent, timeout=_TIMEOUT_SECONDS)

    def cards(self, service: str, call: Any, **claims: Any) -> requests.Response:
        """One call of a CDS service, under a JWT for its address; ``claims`` replace those of the JWT."""
        url = f"{self.base_url}/cds-services/{service}"
        token = self.assertion(**({"aud": url} | claims))
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = call if isinstance(call, bytes) else lossless.dumps(call)
        return self._session.post(url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS)

    def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Resource:
        """What lies at a path; raises ``Declined`` where the server says no, as all that follow do."""
        query = urlencode(dict(parameters or {}))
        return _checked(self.send("GET", f"{path}?{query}" if query else path))

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Resource:
        return _checked(self.send("POST", path, body, headers))

    def transaction(self, bundle: Resource, idempotency_key: str | None = None) -> Resource:
        """Send a bundle; the server's answer to it."""
        return self.post("", bundle, {"Idempotency-Key": idempotency_key} if idempotency_key else None)

    def read(self, type_: str, id_: str) -> Resource:
        return self.get(f"{type_}/{id_}")

    def update(self, resource: Resource) -> Resource:
        return _checked(self.send("PUT", f"{resource['resourceType']}/{resource['id']}", resource))

    def search(self, type_: str, parameters: Mapping[str, str] | None = None) -> Iterator[Resource]:
        """Every resource that matches, page after page."""
        query = urlencode(dict(parameters or {}))
        url: str | None = f"{type_}?{query}" if query else type_
        while url:
            page = _checked(self.send("GET", url))
            matches = (e for e in page.get("entry", ()) if e.get("search", {}).get("mode") == "match")
            yield from (entry["resource"] for entry in matches)
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)

    def poll(self, path: str, etag: str | None) -> tuple[str | None, Resource | None]:
        """What is there now and its ETag; nothing where it is still what the ETag named."""
        answer = self.send("GET", path, headers={"If-None-Match": etag} if etag else {})
        return answer.headers.get("ETag"), None if answer.status_code == 304 else _checked(answer)


def _checked(answer: requests.Response) -> Resource:
    if answer.status_code >= 400:
        raise Declined(answer)
    return _json(answer)


def _json(answer: requests.Response) -> Resource:
    try:
        body = lossless.loads(answer.content)
    except lossless.NotJson:
        return {}
    return body if isinstance(body, dict) else {}


def _reason(body: Resource) -> str:
    issues = [str(issue.get("diagnostics", issue.get("code"))) for issue in body.get("issue", ())]
    return "; ".join(issues) or str(body.get("error_description", "no reason was given"))
