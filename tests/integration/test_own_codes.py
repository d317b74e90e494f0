"""A hospital's own codes, from the door to the plan, by its own ConceptMaps."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from gateway.custody import jobs
from gateway.custody.opening import open_clinic
from gateway.privacy.policy import CLINICAL, Kind, load_as
from mappers.concept_maps import ConceptMaps, compiled
from tests.desk import PLAN_QUERY, Desk
from tests.unit.mappers.concept_maps.drawn import OWN, mapped
from workers import adopting, plan
from workers.engine import own_maps
from workers.station import Station, load_knowledge

MAPS = compiled([mapped(("DM2", "wider", "44054006"))]).maps
PATIENT = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1966-03-01"}
CONDITION = {
    "resourceType": "Condition",
    "id": "c",
    "subject": {"reference": "Patient/p"},
    "code": {"coding": [{"system": OWN, "code": "DM2", "display": "Zuckerkrankheit"}]},
    "onsetDateTime": "2020-05-01",
}


def works(desk: Desk, maps: ConceptMaps) -> None:
    """Every plan that is due, by a worker that started with these maps."""
    clinic = open_clinic(desk.storage)
    station = Station(clinic, own_maps.joined(load_knowledge(), maps), desk.clock, os.urandom)
    try:
        adopting.adopt(station)
        desk.now += 60 * jobs.SECOND
        with clinic.database.read() as conn:
            due = [job.id for job in jobs.due(conn, desk.now, 100) if job.kind == "plan"]
        for job_id in due:
            plan.do(station, job_id)
    finally:
        clinic.close()


def reasons(desk: Desk) -> list[dict[str, Any]]:
    """What the lines of the plan rest on, as the hospital sees it."""
    (found,) = desk.searches("CarePlan?" + "&".join(f"{name}={value}" for name, value in PLAN_QUERY))
    lines = found.get("activity", ())
    return [one for line in lines for one in line.get("detail", {}).get("reasonReference", ())]


def test_an_own_code_is_read_named_in_the_plan_and_given_back_as_it_was_sent(small_desk: Desk):
    desk = small_desk
    desk.intake = replace(desk.intake, policy=load_as(Kind.SPLIT, CLINICAL, MAPS.own_codes))
    desk.puts(PATIENT, CONDITION)
    assert desk.reads("Condition/c")["code"] == CONDITION["code"]
    works(desk, ConceptMaps())
    assert not [one for one in reasons(desk) if one["reference"].startswith("Condition/c")]
    works(desk, MAPS)
    told = {one["reference"]: one.get("display") for one in reasons(desk)}
    assert told["Condition/c/_history/1"] == "Read by http://clinic.example/maps/one|1"
