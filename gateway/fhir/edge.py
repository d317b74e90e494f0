"""The one place where HTTP meets the views: let in, call one view, answer; or say no and leave a trace.

1. The request gets its id; the token says who asks. 2. The route's scope, the type and the rate are checked.
3. The forms of body and answer are checked. 4. One view is called. 5. The reply becomes bytes.
Whatever is raised on the way becomes a status and an OperationOutcome by ``outcome``'s table.
"""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, Request, Response
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from gateway.auth.actor import Actor, Role
from gateway.auth.caller import Caller, caller_of
from gateway.auth.scopes import Scopes
from gateway.custody.errors import StoreUnavailable
from gateway.custody.ids import SYSTEM
from gateway.fhir import outcome
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import unpacked
from gateway.fhir.door import Door
from gateway.fhir.negotiation import FORM, JSON, PATCHES, check_answer, check_body, is_pretty
from gateway.fhir.rendering import response
from gateway.fhir.routes import PUBLIC, ROUTES, Route
from gateway.metrics import Metrics
from gateway.refusal import Kind, Refused
from gateway.stored import Entropy

WITH_BODY = ("POST", "PUT", "PATCH")
_WRITING = (*WITH_BODY, "DELETE")
_CHALLENGE = 'Bearer realm="careloom", error="invalid_token"'

_NOBODY = Actor("", Role.PARTNER, SYSTEM, Scopes(()), "", "")
"""Who asks for what is public: somebody without any right."""

_log = structlog.get_logger("careloom.gateway")


@dataclass(frozen=True, slots=True)
class Edge:
    """Serves every route of the table in the same steps."""

    services: Services
    door: Door
    metrics: Metrics
    entropy: Entropy

    def mount(self, app: Flask) -> None:
        """Make Flask know every route, and answer for what is no route."""
        for number, route in enumerate(ROUTES):
            app.add_url_rule(
                f"/fhir{route.path}",
                endpoint=f"fhir-{number}-{route.interaction}",
                view_func=self._view(route),
                methods=[route.method],
                provide_automatic_options=False,
                strict_slashes=False,
            )
        for path in {route.path for route in ROUTES if route.scope == PUBLIC}:
            # Or what is sent there would be meant for a resource type of that name.
            app.add_url_rule(f"/fhir{path}", f"fhir-{path}-read-only", _read_only, methods=_WRITING)
        app.register_error_handler(Exception, self.failed)

    def failed(self, error: Exception) -> Response:
        """The answer to what no view was asked for: a wrong address, method or size."""
        request = this_request()
        if isinstance(error, NotFound) and "/$" in request.path:
            error = outcome.no_operation()
        answer = self._refuse(error, caller_of(request, self.entropy), request)
        self.metrics.count("none", answer.status_code, 0.0)
        return answer

    def _view(self, route: Route) -> Any:
        def view(**place: str) -> Response:
            started = time.perf_counter()
            answer = self._serve(route, place, this_request())
            self.metrics.count(route.interaction, answer.status_code, time.perf_counter() - started)
            return answer

        return view

    def _serve(self, route: Route, place: dict[str, str], request: Request) -> Response:
        caller = caller_of(request, self.entropy)
        type_ = route.type or place.get("type", "")
        who: Actor | Caller = caller
        try:
            if route.scope == PUBLIC:
                return self._public(route, caller, request)
            who = self.door.actor(request.headers.get("Authorization"), caller)
            self.door.admit(who, route, type_)
            asked = self._asked(who, route, {**place, "type": type_}, request)
            return self._answer(route.view(self.services, asked), caller, request)
        except Exception as error:  # each becomes a status; what nobody foresaw, a 500 that is logged
            refusal = outcome.refusal_of(error)
            # A store that does not answer would keep the client waiting once more.
            if route.scope != PUBLIC and not isinstance(error, StoreUnavailable):
                self._record(refusal, route, type_, who)
            return self._refuse(error, caller, request)

    def _public(self, route: Route, caller: Caller, request: Request) -> Response:
        asked = Asked(_NOBODY, request.headers, list(request.args.items(multi=True)))
        check_answer(request.headers, asked.parameters)
        return self._answer(route.view(self.services, asked), caller, request)

    def _asked(self, actor: Actor, route: Route, place: dict[str, str], request: Request) -> Asked:
        parameters = list(request.args.items(multi=True))
        check_answer(request.headers, parameters)
        body = b""
        if route.method in WITH_BODY:
            limit = self.services.settings.body_limit
            body = unpacked(request.get_data(cache=False), request.headers, limit)
            # What is asked of an operation without parameters needs no body, and so no kind of one.
            if not route.path.endswith("_search") and (body or not route.operation):
                check_body(request.headers, PATCHES if route.method == "PATCH" else JSON)
        own = [pair for pair in parameters if pair[0] not in FORM]
        return Asked(actor, request.headers, own, body=body, **place)

    def _answer(self, reply: Reply, caller: Caller, request: Request) -> Response:
        answer = response(reply, request.headers, is_pretty(list(request.args.items(multi=True))))
        answer.headers["X-Request-Id"] = caller.request_id
        return answer

    def _record(self, refusal: Refused, route: Route, type_: str, who: Actor | Caller) -> None:
        try:
            self.door.record(refusal, route, type_, who)
        except Exception as error:  # nothing was given out; the answer must still say why
            self._log_failure(error, who.request_id, "refusal not recorded")

    def _refuse(self, error: Exception, caller: Caller, request: Request) -> Response:
        refusal = outcome.refusal_of(error)
        if refusal.kind in (Kind.BROKEN, Kind.UNAVAILABLE):
            self._log_failure(error, caller.request_id, "request failed")
        headers: dict[str, str] = {}
        wait = outcome.retry_after(refusal)
        if wait is not None:
            headers["Retry-After"] = str(wait)
        if refusal.kind is Kind.UNAUTHENTICATED:
            headers["WWW-Authenticate"] = _CHALLENGE
        if isinstance(error, HTTPException) and (allowed := getattr(error, "valid_methods", None)):
            headers["Allow"] = ", ".join(sorted(allowed))
        reply = Reply(outcome.status_of(refusal), outcome.outcome(refusal), headers)
        return self._answer(reply, caller, request)

    def _log_failure(self, error: Exception, request_id: str, what: str) -> None:
        # Where it happened, never its message: that may quote what was being read.
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
        _log.error(what, request_id=request_id, error=type(error).__name__, at=places)


def _read_only() -> Response:
    raise MethodNotAllowed(valid_methods=["GET", "HEAD"])


def this_request() -> Request:
    """The request itself: through Flask's proxy each look at it would be a search for it."""
    return request_ctx.request
