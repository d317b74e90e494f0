"""AllergyIntolerance: what must not be given. One that cannot be read is present, never absent.

An allergy with a code that we do not know could be against any drug, unless it is coded and recorded as
of food or environment only. "No known allergy" is a statement; no statement is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from mappers import codes, drugs
from mappers.codes import RXNORM, Code
from mappers.facts import Allergy
from mappers.fhir_to_facts.displays import displays
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json
from mappers.tables import rows

NO_EVIDENCE = {"entered-in-error": "was entered in error", "refuted": "was refuted"}
NOT_DRUGS = frozenset({"food", "environment"})


class Against(NamedTuple):
    """What an allergy is against; ``substances`` None: unreadable."""

    substances: tuple[str, ...] | None
    classes: tuple[str, ...] = ()


@cache
def _table() -> Mapping[Code, tuple[str, str]]:
    return {Code(row["system"], row["code"]): (row["kind"], row["name"]) for row in rows("allergens.csv")}


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    verification = codes.status(body.get("verificationStatus"))
    if verification in NO_EVIDENCE:
        found.set_aside(opened, NO_EVIDENCE[verification])
        return
    active = codes.status(body.get("clinicalStatus")) in {"", "active"}
    if any(_table().get(code, ("", ""))[0] == "none" for code in codes.codes(body.get("code"))):
        _deny(opened, found, active)
        return
    against = _against(body)
    if against.substances is None and active:
        found.cannot_read(opened, "An allergy", _reason(body))
    found.allergies.append(
        Allergy(
            substances=against.substances,
            classes=against.classes,
            active=active,
            intolerance=body.get("type") == "intolerance",
            evidence=opened.evidence,
        )
    )


def _deny(opened: Opened, found: Gathered, active: bool) -> None:
    if active:
        found.denials.append(opened.evidence)
    found.set_aside(opened, "says that no allergy is known" if active else "said that no allergy was known")


def _against(body: dict[str, Json]) -> Against:
    for concept in (body.get("code"), *_reaction_substances(body)):
        against = _named(concept)
        if against:
            return against
    coded = any(codes.codes(body.get("code")))
    if coded and body.get("category") and NOT_DRUGS.issuperset(body["category"]):
        return Against(("food or environment",))
    return Against(None)


def _reaction_substances(body: dict[str, Json]) -> list[Json]:
    return [reaction["substance"] for reaction in body.get("reaction", ()) if "substance" in reaction]


def _named(concept: Json) -> Against | None:
    for code in codes.codes(concept):
        kind, name = _table().get(code, ("", ""))
        if kind == "class":
            return Against((name.replace("_", " "),), (name,))
        if kind:
            return Against((name,), drugs.classes(name))
    coded = [code for code in codes.codes(concept) if code.system == RXNORM]
    named = drugs.resolve(coded, displays(concept))
    return Against(named, drugs.classes_of(named)) if named else None


def _reason(body: dict[str, Json]) -> str:
    return "has a code that is not known" if any(codes.codes(body.get("code"))) else "is known only as text"
