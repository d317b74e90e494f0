"""What officers ask of the trail, each parameter alone and as they ask them together, common and rare.

Asked over the WSGI application in this process, so that an answer is one as a client gets it: parsed,
searched, told in FHIR, recorded as an event.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from flask.testing import FlaskClient
from joserfc.jwk import ECKey

from bench import trail_events
from bench.audit_store import HOSPITAL, TrailStore
from bench.figures import quantile
from bench.inside import token_of
from bench.pusher import NotAccepted
from bench.trail_events import Cast
from gateway.app import create_app, the_world
from gateway.auth.actor import CEILING, Role
from gateway.auth.registration import Registration
from gateway.auth.registry import Draft

SCOPE = "system/AuditEvent.rs"
_MICROS, _PAGES = 1_000_000, 3


@dataclass(frozen=True, slots=True)
class Answered:
    """One question: how many events it finds, and the seconds of each request for a page."""

    question: str
    total: int | None
    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        return quantile(self.seconds, 0.5)

    @property
    def p95(self) -> float:
        return quantile(self.seconds, 0.95)


def questions(cast: Cast, events: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every question with its name; the newest of so many events is the end of the last quarter."""
    end = cast.start + events * cast.step
    recent = {"date": f"ge{_day(end - (end - cast.start) // 4)}"}
    patient, agent = {"patient": "Patient/p7"}, {"agent": trail_events.EHR}
    yield "nothing", {}
    yield "date", recent
    yield "agent, common", agent
    yield "agent, rare", {"agent": trail_events.RARE_CLIENT}
    yield "agent, a user", {"agent": "bench|dr-31"}
    yield "patient", patient
    yield "entity", {"entity": "Patient/p7"}
    yield "type", {"type": "rest"}
    yield "subtype", {"subtype": "read"}
    yield "subtype=disclose", {"subtype": "disclose"}
    yield "action, common", {"action": "R"}
    yield "action, rare", {"action": trail_events.RARE_ACTION}
    yield "outcome, common", {"outcome": "0"}
    yield "outcome, some", {"outcome": "4,8"}
    yield "outcome, rare", {"outcome": trail_events.RARE_OUTCOME}
    yield "purpose, common", {"purpose": trail_events.TREATMENT}
    yield "purpose=BTG", {"purpose": trail_events.BREAK_GLASS}
    yield "purpose, rare", {"purpose": trail_events.RARE_PURPOSE}
    yield "address, common", {"address": "10.20."}
    yield "address, rare", {"address": trail_events.RARE_ADDRESS}
    yield "patient + date", patient | recent
    yield "agent + date", agent | recent
    yield "outcome + date", {"outcome": "4,8,12"} | recent
    yield "purpose=BTG + date", {"purpose": trail_events.BREAK_GLASS} | recent
    yield "type + action", {"type": "rest", "action": "R"}
    yield "patient + agent + action", patient | agent | {"action": "R"}


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment // _MICROS, UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody of the hospital who may read its trail."""

    gateway: FlaskClient
    headers: Mapping[str, str]

    @classmethod
    def enter(cls, store: TrailStore) -> Officer:
        """Register one and get it a token."""
        world, key = the_world(), ECKey.generate_key("P-384", parameters={"kid": "bench", "alg": "ES384"})
        jwks = json.dumps({"keys": [key.as_dict(private=False)]})
        draft = Draft("bench", Role.OFFICER, CEILING[Role.OFFICER], jwks=jwks)
        made = Registration(store.vault.database, world.clock, world.entropy).add_client(draft, HOSPITAL)
        gateway = create_app(store.settings).test_client()
        token = token_of(gateway, store.settings.base_url, made.client_id, key, SCOPE)
        return cls(gateway, {"Authorization": f"Bearer {token}"})

    def asks(self, question: str, parameters: Mapping[str, str], rounds: int) -> Answered:
        """Ask for the first page and those that follow, so many times."""
        seconds: list[float] = []
        total: int | None = 0
        for _ in range(rounds):
            url: str | None = f"/fhir/AuditEvent?{urlencode(parameters)}"
            for _page in range(_PAGES):
                if url is None:
                    break
                began = time.perf_counter()
                answer = self.gateway.get(url, headers=dict(self.headers))
                seconds.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    raise NotAccepted(f"{question} was answered {answer.status_code}")
                page = json.loads(answer.data)
                total, url = page.get("total"), _following(page)
        return Answered(question, total, tuple(seconds))


def _following(page: Mapping[str, list[Mapping[str, str]]]) -> str | None:
    for link in page["link"]:
        if link["relation"] == "next":
            parts = urlsplit(link["url"])
            return f"{parts.path}?{parts.query}"
    return None
