"""Limit, drafts and counts through a worker: what is written, what ends, what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from gateway.custody import records
from gateway.custody.deciding import Decision, count, rates
from gateway.custody.ids import StoredId, parse_pseudonym
from gateway.custody.settings import Storage
from gateway.custody.tables import rule_decision
from mappers.recommendations_to_careplan import act_of
from tests.integration.hospital import A1C, CREATININE, HOSPITAL
from tests.integration.test_runtime_plan import DAY, Ward
from workers import writing
from workers.moved import draft_of

ACT = "urn:careloom:act:"


@pytest.fixture
def ward(sqlite_storage: Storage) -> Iterator[Ward]:
    made = Ward(sqlite_storage)
    yield made
    made.station.clinic.close()
    made.hospital.close()


def lines(plan: dict[str, Any]) -> dict[str, str]:
    return {
        (act_of(one) or "").removeprefix(ACT): one["detail"]["status"] for one in plan.get("activity", ())
    }


def drafts(ward: Ward, home: StoredId) -> dict[str, str]:
    kinds = ("ServiceRequest", "MedicationRequest", "Task", "CommunicationRequest")
    found = [body for kind in kinds for _, body in ward.hospital.derived(home, kind)]
    uris = [one.get("instantiatesUri", "") for one in found]
    keys = [uri if isinstance(uri, str) else uri[0] for uri in uris]
    return {key.removeprefix(ACT): one["status"] for key, one in zip(keys, found, strict=True)}


def signs(ward: Ward, home: StoredId, draft: dict[str, Any], **changes: Any) -> None:
    """A clinician's version of a draft, as the gateway leaves it."""
    ref = draft["resourceType"], parse_pseudonym(draft["id"])
    vault = ward.hospital.vault
    with vault.database.read() as conn:
        version = records.heads(conn, HOSPITAL, [ref])[ref].version + 1
    change = writing.Change(*ref, version, {**draft, **changes})
    claim = writing.Claim(b"", HOSPITAL, "plan", home, "", 1, 1)
    write = writing.sealed(ward.station, claim, vault.clinical.fetch_one(HOSPITAL, home), change)
    theirs = records.Write(*ref, version, home, "ehr", False, write.clinical, write.digest)
    with vault.database.write() as conn:
        records.record_writes(conn, HOSPITAL, [theirs], ward.now)


def again(ward: Ward, home: StoredId) -> None:
    """New data that concern nothing."""
    with ward.hospital.vault.database.write() as conn:
        order = writing.Order(HOSPITAL, "plan", "again", ward.now, ward.now)
        writing.jobs.enqueue(conn, order, [home])
    ward.works()


def test_no_more_is_asked_than_the_limit_and_a_decision_makes_room(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    _, whole = ward.careplan(home)
    every = lines(whole)
    routine = len(every)
    assert routine > 2
    ward.station = replace(ward.station, most=2)
    again(ward, home)
    _, plan = ward.careplan(home)
    assert len(lines(plan)) == 2
    assert f"{routine - 2} more, kept until" in plan["text"]["div"]
    assert set(drafts(ward, home)) >= set(lines(plan))
    first = plan["activity"][0]
    first["detail"]["status"] = "scheduled"
    ward.decides(home, plan)
    ward.works()
    _, plan = ward.careplan(home)
    assert len(lines(plan)) == 3
    assert list(lines(plan).values()).count("not-started") == 2


def test_each_line_has_a_draft_that_ends_with_it(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    _, plan = ward.careplan(home)
    assert drafts(ward, home) == dict.fromkeys(lines(plan), "draft")
    ward.now += DAY
    acr = {"coding": [{"system": "http://loinc.org", "code": "9318-7"}]}
    ward.sends("ann", ward.hospital.observation("ann-acr", "ann", acr, ("12", "mg/g"), "2026-03-02"))
    ward.works()
    assert drafts(ward, home)["measure-urine-acr"] == "revoked"
    line = next(one for one in plan["activity"] if (act_of(one) or "").endswith("start-statin-moderate"))
    line["detail"]["status"] = "cancelled"
    ward.decides(home, plan)
    ward.works()
    assert drafts(ward, home)["start-statin-moderate"] == "cancelled"


def test_law_10_a_draft_that_was_signed_accepts_its_line_and_is_never_written_again(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    _, plan = ward.careplan(home)
    line = next(one for one in plan["activity"] if (act_of(one) or "").endswith("measure-hba1c"))
    ref = draft_of(line)
    (draft,) = (body for s, body in ward.hospital.derived(home, "ServiceRequest") if (s.type, s.id) == ref)
    signs(ward, home, draft, status="active", intent="order")
    again(ward, home)
    assert lines(ward.careplan(home)[1])["measure-hba1c"] == "scheduled"
    ward.now += DAY
    ward.sends("ann", ward.hospital.observation("ann-new", "ann", A1C, ("6.1", "%"), "2026-03-02"))
    ward.works()
    done = next(
        one for one in ward.careplan(home)[1]["activity"] if (act_of(one) or "").endswith("measure-hba1c")
    )
    assert done["detail"]["status"] == "completed"
    assert done["outcomeReference"][0]["reference"].startswith("Observation/")
    ward.sends("ann", ward.hospital.patient("ann", deceasedBoolean=True))
    ward.works()
    with ward.hospital.vault.database.read() as conn:
        head = records.load(conn, HOSPITAL, *ref)
    assert (head.version, head.origin) == (2, "ehr")


def test_what_becomes_of_each_proposal_is_counted_with_the_plan(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.works()
    _, plan = ward.careplan(home)
    with ward.station.clinic.database.read() as conn:
        assert {one.rule: dict(one.counts) for one in rates(conn, ward.now)}["statin-diabetes"] == {"open": 1}
        before = len(list(conn.execute(select(rule_decision))))
    line = next(one for one in plan["activity"] if (act_of(one) or "").endswith("start-statin-moderate"))
    reason = {"coding": [{"system": "urn:careloom:decision-reason", "code": "patient-declines"}]}
    line["detail"] |= {"status": "cancelled", "statusReason": reason}
    with ward.station.clinic.database.write() as conn:
        others = [Decision(bytes([n]) * 16, "statin-diabetes", "1.0.0", "declined") for n in range(1, 21)]
        count(conn, HOSPITAL, others, ward.now)
    ward.decides(home, plan)
    with structlog.testing.capture_logs() as said:
        ward.works()
    with ward.station.clinic.database.read() as conn:
        rate = {one.rule: one for one in rates(conn, ward.now)}["statin-diabetes"]
        assert len(list(conn.execute(select(rule_decision)))) == before + len(others)
    assert rate.counts == {"declined": 21}
    assert rate.reasons["patient-declines"] == 1
    (warned,) = (one for one in said if one["event"] == "rule_overridden")
    assert (warned["rule"], warned["percent"]) == ("statin-diabetes", 100)
    again(ward, home)
    with ward.station.clinic.database.read() as conn:
        assert {one.rule: one for one in rates(conn, ward.now)}["statin-diabetes"].counts == {"declined": 21}


def test_law_7_counting_again_writes_nothing(ward: Ward) -> None:
    home = ward.sends("ann", *ward.hospital.diabetic("ann"))
    ward.sends("ann", ward.hospital.observation("c2", "ann", CREATININE, ("0.9", "mg/dL"), "2026-02-02"))
    ward.works()
    with ward.station.clinic.database.read() as conn:
        before = list(conn.execute(select(rule_decision).order_by(rule_decision.c.mark)))
    ward.now += 1_000_000
    again(ward, home)
    with ward.station.clinic.database.read() as conn:
        assert list(conn.execute(select(rule_decision).order_by(rule_decision.c.mark))) == before
