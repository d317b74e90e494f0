"""Who the synthetic patients are: names, addresses and numbers of people who never lived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

# fmt: off
WOMEN = (
    "Ada", "Beatriz", "Chiara", "Divya", "Elif", "Freya", "Grace", "Hana",
    "Ines", "Jana", "Keiko", "Leila", "Mona", "Nadia", "Olga", "Priya",
)
MEN = (
    "Adam", "Boris", "Carlos", "Dmitri", "Emeka", "Felix", "Goran", "Hugo",
    "Ivan", "Jonas", "Karim", "Luis", "Mateo", "Noah", "Omar", "Pavel",
)
FAMILIES = (
    "Abernathy", "Brannigan", "Castellano", "Dvorak", "Eberhardt", "Fitzwilliam", "Grunwald", "Haverford",
    "Iturbide", "Jankowski", "Kowalczyk", "Lindqvist", "Marchetti", "Nakamura", "Okonkwo", "Papadakis",
    "Quintero", "Rosenthal", "Svensson", "Thackeray",
)
STREETS = (
    "Willow Lane", "Harbour Road", "Cobbler Street", "Mill Race", "Orchard Way", "Lantern Square",
)
# fmt: on
TOWNS = (
    ("Boston", "MA", "02115"),
    ("Portland", "ME", "04101"),
    ("Columbus", "OH", "43215"),
    ("Tucson", "AZ", "85701"),
    ("Keene", "NH", "03601"),
)
RACES = (("2106-3", "White"), ("2054-5", "Black or African American"), ("2028-9", "Asian"))
MRN_SYSTEM = "urn:oid:1.3.6.1.4.1.99999.1.1"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
CDC_RACE = "urn:oid:2.16.840.1.113883.6.238"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person."""

    number: str
    given: str
    family: str
    gender: str
    born: date
    age: int
    phone: str

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


def invent(draw: Random, gender: str, age: int, today: date) -> Person:
    """A person of a sex and an age in whole years."""
    born = years_before(today, age) - timedelta(days=draw.randrange(30, 330))
    return Person(
        number=f"{draw.randrange(10**9, 10**10)}",
        given=draw.choice(WOMEN if gender == "female" else MEN),
        family=draw.choice(FAMILIES),
        gender=gender,
        born=born,
        age=age,
        phone=f"+1 555 01{draw.randrange(100):02} {draw.randrange(1000):03}",
    )


def years_before(day: date, years: int) -> date:
    """The same day so many years earlier; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def patient(draw: Random, person: Person) -> dict[str, Any]:
    """The Patient resource, with everything about a person that must not reach a worker."""
    town, state, code = draw.choice(TOWNS)
    race, race_name = draw.choice(RACES)
    coding = {"system": CDC_RACE, "code": race, "display": race_name}
    mrn = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}
    line = f"{draw.randrange(1, 200)} {draw.choice(STREETS)}"
    return {
        "resourceType": "Patient",
        "id": f"mrn-{person.number}",
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{person.name}, {line}, {town}</div>',
        },
        "extension": [
            {
                "url": f"{US_CORE}/us-core-race",
                "extension": [
                    {"url": "ombCategory", "valueCoding": coding},
                    {"url": "text", "valueString": race_name},
                ],
            },
            {"url": f"{US_CORE}/us-core-birthsex", "valueCode": person.gender[0].upper()},
        ],
        "identifier": [
            {"use": "usual", "type": {"coding": [mrn]}, "system": MRN_SYSTEM, "value": person.number}
        ],
        "active": True,
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": person.phone, "use": "home"}],
        "gender": person.gender,
        "birthDate": str(person.born),
        "address": [{"line": [line], "city": town, "state": state, "postalCode": code, "country": "US"}],
    }
