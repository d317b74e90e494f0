"""``/auth/token``, ``/auth/introspect`` and ``/auth/revoke``: a form in, JSON out, and always a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, jsonify, request

from gateway.auth.authentication import Visit
from gateway.auth.caller import REQUEST_ID, Caller, caller_of
from gateway.auth.introspection import About, Introspection
from gateway.auth.oauth import TokenRefused
from gateway.auth.tokens import Granted, Issuer, Request
from gateway.settings import Settings
from gateway.stored import Entropy

LARGEST_FORM = 64 * 1024


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The web side of the token desk."""

    issuer: Issuer
    introspection: Introspection
    settings: Settings
    entropy: Entropy

    def mount(self, app: Flask) -> None:
        """Make Flask know the three addresses."""
        for name, view in (
            ("token", self._token),
            ("introspect", self._introspect),
            ("revoke", self._revoke),
        ):
            app.add_url_rule(
                f"/auth/{name}",
                name,
                self._served(view),
                methods=["POST"],
                provide_automatic_options=False,
            )

    def _served(self, view: Callable[[Caller], Response]) -> Callable[[], Response]:
        def serve() -> Response:
            request.max_content_length = LARGEST_FORM
            caller = caller_of(request, self.entropy)
            try:
                answer = view(caller)
            except TokenRefused as refusal:
                answer = jsonify({"error": refusal.error, "error_description": refusal.text})
                answer.status_code = refusal.status
            answer.headers.update(
                {REQUEST_ID: caller.request_id, "Cache-Control": "no-store", "Pragma": "no-cache"}
            )
            return answer

        return serve

    def _token(self, caller: Caller) -> Response:
        asked = Request(_field("grant_type"), _field("scope"), _visit(caller))
        return _granted(self.issuer.issue(asked))

    def _introspect(self, caller: Caller) -> Response:
        about = About(_field("token"), _visit(caller))
        return jsonify(self.introspection.introspect(about, self.settings.introspection_url))

    def _revoke(self, caller: Caller) -> Response:
        about = About(_field("token"), _visit(caller))
        self.introspection.revoke(about, self.settings.revocation_url)
        return jsonify({})


def _field(name: str) -> str:
    values = request.form.getlist(name)
    if len(values) > 1:
        raise TokenRefused("invalid_request", "each parameter may be given once")
    return values[0] if values else ""


def _visit(caller: Caller) -> Visit:
    return Visit(
        assertion_type=_field("client_assertion_type"),
        assertion=_field("client_assertion"),
        client_id=_field("client_id") or None,
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
