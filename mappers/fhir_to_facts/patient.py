"""Patient: sex, birth date as an interval, death, and the US Core extensions that are clinical."""

from __future__ import annotations

from collections.abc import Iterator

from mappers.facts import Person, Sex
from mappers.fhir_to_facts.dates import days
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
SEXES = {"female": Sex.FEMALE, "male": Sex.MALE, "other": Sex.OTHER}
BIRTH_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "OTH": Sex.OTHER, "UNK": Sex.UNKNOWN}


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    found.persons.append(
        Person(
            evidence=opened.evidence,
            sex=SEXES.get(body.get("gender", ""), Sex.UNKNOWN),
            born=days(body.get("birthDate")),
            deceased=deceased(body),
            race=tuple(sorted(set(_categories(body, "race")))),
            ethnicity=next(_categories(body, "ethnicity"), None),
            birth_sex=BIRTH_SEXES.get(birth_sex(body) or ""),
        )
    )


def birth_sex(body: dict[str, Json]) -> str | None:
    """The code of US Core's birth sex, where there is one."""
    return next(_values(body, "birthsex", "valueCode"), None)


def deceased(body: dict[str, Json]) -> bool:
    """Any date of death counts, a withheld one too."""
    if "deceasedBoolean" in body:
        return body["deceasedBoolean"] is True
    return "deceasedDateTime" in body or "_deceasedDateTime" in body


def _categories(body: dict[str, Json], name: str) -> Iterator[str]:
    """The OMB categories of race or ethnicity, by code."""
    for extension in _extensions(body, US_CORE + name):
        for category in _extensions(extension, "ombCategory"):
            code = (category.get("valueCoding") or {}).get("code")
            if code:
                yield code


def _values(body: dict[str, Json], name: str, kind: str) -> Iterator[str]:
    return (extension[kind] for extension in _extensions(body, US_CORE + name) if kind in extension)


def _extensions(body: dict[str, Json], url: str) -> Iterator[dict[str, Json]]:
    return (extension for extension in body.get("extension", ()) if extension.get("url") == url)
