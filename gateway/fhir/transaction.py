"""``POST /fhir``: a bundle as a transaction (all or nothing) or as a batch (each entry on its own)."""

from __future__ import annotations

from hashlib import sha256

from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.body import resource
from gateway.fhir.outcome import turned_away
from gateway.fhir.parameters import refuse_any
from gateway.refusal import Kind
from gateway.stored import Repeat

_LONGEST_KEY = 255


def transaction(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    repeat = _repeat(asked)
    bundle = resource(services, asked)
    if bundle.get("resourceType") != "Bundle":
        raise turned_away(Kind.INVALID, "value", "Only a Bundle is taken at this address.", "resourceType")
    entries = bundle.get("entry", ())
    if isinstance(entries, list) and len(entries) > services.settings.entry_limit:
        raise turned_away(
            Kind.TOO_LARGE,
            "too-costly",
            "The bundle has more entries than this server accepts.",
            "Bundle.entry",
        )
    ways = {"transaction": services.intake.transaction, "batch": services.intake.batch}
    way = ways.get(str(bundle.get("type")))
    if way is None:
        raise turned_away(Kind.INVALID, "value", "Bundle.type must be transaction or batch.", "Bundle.type")
    answer = way(asked.actor, bundle, repeat)
    return Reply(answer.status, answer.body)


def _repeat(asked: Asked) -> Repeat | None:
    key = asked.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (1 <= len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise turned_away(
            Kind.MALFORMED,
            "value",
            f"Idempotency-Key must be 1 to {_LONGEST_KEY} printable ASCII characters.",
        )
    return Repeat(key, sha256(asked.body).digest())
