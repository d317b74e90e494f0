"""Immunization: a deed by vaccine code."""

from __future__ import annotations

from mappers import codes
from mappers.facts import Deed
from mappers.fhir_to_facts.dates import first_day
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") != "completed":
        found.set_aside(opened, "has a status that makes it no evidence")
        return
    coded = next(codes.codes(body.get("vaccineCode")), None)
    when = first_day(body.get("occurrenceDateTime"))
    if coded is None:
        found.cannot_read(opened, "An immunization", "is known only as text")
    elif not found.in_future(opened, "An immunization", when):
        found.deeds.append(Deed("immunization", coded.system, coded.code, when, opened.evidence))
