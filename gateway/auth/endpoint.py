"""``/auth/token``, ``/auth/introspect`` and ``/auth/revoke``: a form in, JSON out, and always a trace.

What is no form that can be read has proven nobody: its refusal stands in the system log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from gateway.auth.authentication import Known, Visit
from gateway.auth.caller import REQUEST_ID, Caller, caller_of
from gateway.auth.introspection import INTROSPECT, REVOKE, About, Introspection
from gateway.auth.oauth import TokenRefused
from gateway.auth.tokens import Granted, Issuer, Request
from gateway.settings import Settings
from gateway.stored import Entropy

LARGEST_FORM = 64 * 1024
_FIELDS = (
    "grant_type",
    "scope",
    "token",
    "client_id",
    "client_assertion_type",
    "client_assertion",
)
_Form: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The web side of the token desk."""

    issuer: Issuer
    introspection: Introspection
    settings: Settings
    entropy: Entropy

    def mount(self, app: Flask) -> None:
        """Make Flask know the three addresses."""
        for name, view, refused in (
            ("token", self._token, "token:refuse"),
            ("introspect", self._introspect, INTROSPECT),
            ("revoke", self._revoke, REVOKE),
        ):
            app.add_url_rule(
                f"/auth/{name}",
                name,
                self._served(view, refused),
                methods=["POST"],
                provide_automatic_options=False,
            )

    def _served(self, view: Callable[[_Form, Caller], Response], kind: str) -> Callable[[], Response]:
        def serve() -> Response:
            request.max_content_length = LARGEST_FORM
            caller = caller_of(request, self.entropy)
            try:
                answer = view(self._form(kind, caller), caller)
            except TokenRefused as refusal:
                answer = jsonify({"error": refusal.error, "error_description": refusal.text})
                answer.status_code = refusal.status
            answer.headers.update(
                {REQUEST_ID: caller.request_id, "Cache-Control": "no-store", "Pragma": "no-cache"}
            )
            return answer

        return serve

    def _form(self, kind: str, caller: Caller) -> _Form:
        """What was sent; raises ``TokenRefused``, which is recorded, where it cannot be understood."""
        try:
            return _read_form()
        except TokenRefused as refusal:
            nothing = Visit("", "", None, caller.address, caller.request_id)
            self.issuer.desk.record(kind, nothing, Known(), refusal)
            raise

    def _token(self, form: _Form, caller: Caller) -> Response:
        asked = Request(form.get("grant_type", ""), form.get("scope", ""), _visit(form, caller))
        return _granted(self.issuer.issue(asked))

    def _introspect(self, form: _Form, caller: Caller) -> Response:
        about = About(form.get("token", ""), _visit(form, caller))
        return jsonify(self.introspection.introspect(about, self.settings.introspection_url))

    def _revoke(self, form: _Form, caller: Caller) -> Response:
        about = About(form.get("token", ""), _visit(form, caller))
        self.introspection.revoke(about, self.settings.revocation_url)
        return jsonify({})


def _read_form() -> _Form:
    try:
        fields = request.form
    except RequestEntityTooLarge:
        raise TokenRefused("too_large", f"a form may have {LARGEST_FORM} bytes") from None
    if any(len(fields.getlist(name)) > 1 for name in _FIELDS):
        raise TokenRefused("invalid_request", "each parameter may be given once")
    return {name: fields[name] for name in _FIELDS if name in fields}


def _visit(form: _Form, caller: Caller) -> Visit:
    return Visit(
        assertion_type=form.get("client_assertion_type", ""),
        assertion=form.get("client_assertion", ""),
        client_id=form.get("client_id") or None,
        address=caller.address,
        request_id=caller.request_id,
    )


def _granted(granted: Granted) -> Response:
    return jsonify(
        access_token=granted.token,
        token_type="bearer",  # noqa: S106 - its kind, no secret
        expires_in=granted.seconds,
        scope=str(granted.scopes),
    )
