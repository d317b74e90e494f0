"""ServiceRequest: what has been ordered already, so that it is not proposed again."""

from __future__ import annotations

from mappers import codes
from mappers.facts import Deed
from mappers.fhir_to_facts.dates import first_day
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened

ORDERED = frozenset({"active", "on-hold", "completed"})
ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") not in ORDERED or body.get("intent") not in ORDERS or body.get("doNotPerform"):
        found.set_aside(opened, "is not an order that stands")
        return
    coded = next(codes.codes(body.get("code")), None)
    when = first_day(body.get("authoredOn"))
    if coded is None:
        found.cannot_read(opened, "An order", "is known only as text")
    elif not found.in_future(opened, "An order", when):
        found.deeds.append(Deed("order", coded.system, coded.code, when, opened.evidence))
