"""Code systems by one name each, and the two questions asked of every CodeableConcept.

What an EHR calls SNOMED CT may be a URL or an OID; the mappers compare against one spelling. A concept
without any code is known to its author only as text, which the clinical half does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from mappers.lossless import Json
from mappers.tables import rows

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"
CVX = "http://hl7.org/fhir/sid/cvx"

OTHER_NAMES = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.90": ICD_10_CM,
    "urn:oid:2.16.840.1.113883.6.3": ICD_10,
    "urn:oid:2.16.840.1.113883.6.8": UCUM,
    "urn:oid:2.16.840.1.113883.12.292": CVX,
}


class Code(NamedTuple):
    """One code of one system, under the system's usual name."""

    system: str
    code: str


class Answer(NamedTuple):
    """A coded answer in our own words: ``smoking_status`` is ``former``."""

    question: str
    value: str


def usual(system: str) -> str:
    """The usual name of a code system."""
    return OTHER_NAMES.get(system, system)


def codes(concept: Json) -> Iterator[Code]:
    """The codes of a CodeableConcept, in its order; nothing when it is missing or only text."""
    for coding in (concept or {}).get("coding", ()):
        if "code" in coding:
            yield Code(usual(coding.get("system", "")), coding["code"])


def plain(concept: Json, system: str) -> frozenset[str]:
    """The bare codes that a CodeableConcept has in one system."""
    return frozenset(code for found, code in codes(concept) if found == system)


def status(concept: Json) -> str:
    """The code of a status that FHIR binds to one small list (clinical or verification status), or ''."""
    return next((code for _, code in codes(concept)), "")


@cache
def deed_codes() -> Mapping[Code, str]:
    """What was done by its code, for what can be due again: ``colonoscopy``."""
    return {Code(row["system"], row["code"]): row["key"] for row in rows("deed_codes.csv")}


@cache
def questions() -> Mapping[str, str]:
    """LOINC code to the question that it asks, for those that are answered with a word."""
    return {row["question_loinc"]: row["question"] for row in rows("answers.csv")}


@cache
def _answers() -> Mapping[tuple[str, Code], str]:
    return {(row["question"], Code(row["system"], row["code"])): row["value"] for row in rows("answers.csv")}


def answer(question: str, concept: Json) -> Answer | None:
    """What a coded value answers to a question, or None when none of its codes is a known answer."""
    for code in codes(concept):
        value = _answers().get((question, code))
        if value is not None:
            return Answer(question, value)
    return None
