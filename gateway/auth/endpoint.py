"""``POST /auth/token``: the form in, RFC 6749's JSON out. Both answers leave their trace."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response, jsonify, request

from gateway.auth.caller import REQUEST_ID, Caller, caller_of
from gateway.auth.oauth import TokenRefused
from gateway.auth.tokens import Granted, Issuer, Request
from gateway.stored import Entropy

LARGEST_FORM = 64 * 1024


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The web side of ``Issuer``."""

    issuer: Issuer
    entropy: Entropy

    def mount(self, app: Flask) -> None:
        app.add_url_rule(
            "/auth/token", "token", self.token, methods=["POST"], provide_automatic_options=False
        )

    def token(self) -> Response:
        request.max_content_length = LARGEST_FORM
        caller = caller_of(request, self.entropy)
        try:
            answer = _granted(self.issuer.issue(_asked(caller)))
        except TokenRefused as refusal:
            answer = jsonify({"error": refusal.error, "error_description": refusal.text})
            answer.status_code = refusal.status
        answer.headers.update(
            {REQUEST_ID: caller.request_id, "Cache-Control": "no-store", "Pragma": "no-cache"}
        )
        return answer


def _asked(caller: Caller) -> Request:
    form = request.form
    if any(len(form.getlist(name)) > 1 for name in form):
        raise TokenRefused("invalid_request", "each parameter may be given once")
    return Request(
        grant_type=form.get("grant_type", ""),
        assertion_type=form.get("client_assertion_type", ""),
        assertion=form.get("client_assertion", ""),
        scope=form.get("scope", ""),
        client_id=form.get("client_id"),
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
