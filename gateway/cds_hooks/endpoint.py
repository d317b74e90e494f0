"""``/cds-services``: JSON in, JSON out, and a trace of whoever asks.

Standard: https://cds-hooks.hl7.org/2.0/#calling-a-cds-service. What is refused is answered with the status
that FHIR's edge gives it and an OperationOutcome, the form of errors that an EHR's engineers know here.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, Request, Response, jsonify

from gateway.auth.actor import Actor
from gateway.auth.caller import REQUEST_ID, Caller, caller_of
from gateway.cds_hooks.callers import REFUSED, Callers
from gateway.cds_hooks.catalogue import discovery
from gateway.cds_hooks.feedback import Feedback
from gateway.cds_hooks.service import CdsHooks
from gateway.custody.audit import Event
from gateway.custody.errors import StoreUnavailable
from gateway.custody.ids import SYSTEM, Tenant
from gateway.fhir import outcome
from gateway.fhir.body import unpacked
from gateway.fhir.edge import this_request
from gateway.fhir.rate import Rate
from gateway.metrics import Metrics
from gateway.refusal import Kind, Recorded, Refused, refused
from gateway.settings import Settings
from gateway.trace import MAJOR, MINOR
from mappers import lossless

PATH = "/cds-services"
Do = Callable[[Actor, str, object], dict[str, Any] | None]

_log = structlog.get_logger("careloom.gateway")


@dataclass(frozen=True, slots=True)
class CdsEndpoint:
    """The web side of CDS Hooks."""

    hooks: CdsHooks
    feedback: Feedback
    callers: Callers
    rate: Rate
    metrics: Metrics
    settings: Settings

    def mount(self, app: Flask) -> None:
        """Make Flask know the three addresses."""
        app.add_url_rule(PATH, "cds-discovery", self._discover, methods=["GET"])
        for path, do, name in (
            ("", self.hooks.call, "cds-call"),
            ("/feedback", self.feedback.take, "cds-feedback"),
        ):
            rule = f"{PATH}/<service>{path}"
            app.add_url_rule(
                rule, name, self._view(do, name, path), methods=["POST"], provide_automatic_options=False
            )

    def _discover(self) -> Response:
        return jsonify(discovery())

    def _view(self, do: Do, name: str, path: str) -> Callable[[str], Response]:
        def view(service: str) -> Response:
            began = time.perf_counter()
            answer = self._served(do, service, path, this_request())
            self.metrics.count(name, answer.status_code, time.perf_counter() - began)
            return answer

        return view

    def _served(self, do: Do, service: str, path: str, request: Request) -> Response:
        caller = caller_of(request, self.hooks.entropy)
        actor = None
        try:
            address = f"{self.settings.base_url}{PATH}/{service}{path}"
            actor = self.callers.actor(request.headers.get("Authorization"), address, caller)
            if not self.rate.allows(actor.client_id):
                raise refused(Kind.TOO_MANY, "throttled", "Too many requests; wait as Retry-After says.")
            told = do(actor, service, self._body(request))
            answer = Response(lossless.dumps(told or {}), mimetype="application/json")
        except Exception as error:  # each becomes a status; what nobody foresaw, a 500 that is logged
            answer = self._refusal(error, actor, caller)
        answer.headers.update({REQUEST_ID: caller.request_id, "Cache-Control": "no-store"})
        return answer

    def _body(self, request: Request) -> object:
        if request.mimetype not in ("application/json", "application/fhir+json"):
            raise refused(Kind.MEDIA_TYPE, "not-supported", "Send application/json.")
        body = unpacked(request.get_data(cache=False), request.headers, self.settings.body_limit)
        return lossless.loads(body, self.settings.json_depth)

    def _refusal(self, error: Exception, actor: Actor | None, caller: Caller) -> Response:
        refusal = outcome.refusal_of(error)
        if refusal.kind in (Kind.BROKEN, Kind.UNAVAILABLE):
            # Where it happened, never its message: that may quote what was being read.
            frames = traceback.extract_tb(error.__traceback__)[-6:]
            places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
            _log.error("request failed", request_id=caller.request_id, error=type(error).__name__, at=places)
        if not isinstance(error, Recorded | StoreUnavailable) and refusal.kind is not Kind.TOO_MANY:
            self._record(refusal, actor, caller)
        answer = Response(
            lossless.dumps(outcome.outcome(refusal)), outcome.status_of(refusal), mimetype="application/json"
        )
        if (wait := outcome.retry_after(refusal)) is not None:
            answer.headers["Retry-After"] = str(wait)
        if refusal.kind is Kind.UNAUTHENTICATED:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="careloom"'
        return answer

    def _record(self, refusal: Refused, actor: Actor | None, caller: Caller) -> None:
        told = Event(
            time=self.hooks.clock(),
            kind=REFUSED,
            action="E",
            outcome=MAJOR if refusal.kind is Kind.BROKEN else MINOR,
            status=outcome.status_of(refusal),
            client_id=actor.client_id if actor else None,
            organization=actor.organization if actor else None,
            address=caller.address,
            request_id=caller.request_id,
            detail=refusal.issues[0].code if refusal.issues else None,
        )
        log = actor.organization if actor else SYSTEM
        self.hooks.vault.appender.append({Tenant(log): [told]})
