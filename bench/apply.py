"""What it costs to ask 200 conditions of one patient of 1,000 resources, by one core.

Half of the conditions name facts, half are paths over resources: by code, by value, of the patient. They are
compiled beforehand, as a process does once; facts and record are made before, as for any plan.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from mappers.facts import Truth
from mappers.fhir_to_facts import Opened, facts
from workers.engine.applying.formula import Formula, condition
from workers.engine.applying.record import Record, plain
from workers.engine.applying.world import VARIABLES, Variable, World, names_of

RULES = 200
CODES = ("4548-4", "2160-0", "8480-6", "8462-4", "2093-3", "2089-1", "29463-7", "33914-3", "9318-7", "6301-6")
LOINC = "http://loinc.org"
ROUNDS = 5
_FACTS = ("hba1c", "creatinine", "systolic_bp", "egfr")


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds for all conditions, to compile one, and how many of them hold."""

    resources: int
    rules: int
    milliseconds: float
    compiling: float
    true: int


def cost(resources: int, today: date) -> Cost:
    """What the conditions cost over a record of so many resources; the best of several rounds counts."""
    record = _record(resources, today)
    known = facts(record, today)
    started = time.process_time()
    rules = [condition(text, VARIABLES) for text in _texts(today)]
    compiling = (time.process_time() - started) / len(rules)
    rounds = [_asked(rules, _world(record, names_of(known), today)) for _ in range(ROUNDS)]
    return Cost(
        resources, len(rules), min(spent for spent, _ in rounds) * 1000, compiling * 1000, rounds[0][1]
    )


def as_json(measured: Cost) -> dict[str, Any]:
    """The figures for a program."""
    return {
        "resources": measured.resources,
        "rules": measured.rules,
        "milliseconds": round(measured.milliseconds, 1),
        "compiling_milliseconds_per_rule": round(measured.compiling, 2),
        "true": measured.true,
    }


def show(measured: Cost) -> str:
    """The figures for a person."""
    return (
        f"{measured.rules} conditions over {measured.resources:,} resources: {measured.milliseconds:.0f} ms "
        f"({measured.true} hold); to compile one, once: {measured.compiling:.1f} ms."
    )


def _asked(rules: list[Formula], world: World) -> tuple[float, int]:
    started = time.process_time()
    true = sum(one.ask(world).truth is Truth.TRUE for one in rules)
    return time.process_time() - started, true


def _world(record: list[Opened], names: Any, today: date) -> World:
    return World(Record(record), names, today, {"patient": Variable(plain(record[0].body))})


def _texts(today: date) -> list[str]:
    """Each condition is another one: nothing is answered by what was asked before."""
    found = []
    for number in range(RULES // 4):
        fact, code = _FACTS[number % len(_FACTS)], CODES[number % len(CODES)]
        day = (today - timedelta(days=30 + number)).isoformat()
        coded = f"code.coding.exists(system = '{LOINC}' and code = '{code}')"
        found += [
            f"%{fact}.value >= {number} and %sex = 'female'",
            f"%{fact}.value < {number} or %has.hypertension",
            f"Observation.where({coded} and effective.ofType(dateTime) > @{day}).exists()",
            f"Patient.gender = 'female' and Observation.where({coded}).count() > {number}",
        ]
    return found


def _record(resources: int, today: date) -> list[Opened]:
    """A patient with numbers of ten kinds, week by week."""
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1958-03"}
    found = [Opened("Patient/p/_history/1", patient)]
    for number in range(resources - 1):
        day = today - timedelta(days=7 * (number // len(CODES)))
        body = {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": "final",
            "code": {"coding": [{"system": LOINC, "code": CODES[number % len(CODES)]}]},
            "subject": {"reference": "Patient/p"},
            "effectiveDateTime": day.isoformat(),
            "valueQuantity": {"value": 7, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
        }
        found.append(Opened(f"Observation/o{number}/_history/1", body))
    return found
