"""Erasing a patient: nothing of theirs is left, nothing of others is lost, whenever it was killed."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody import verify
from gateway.custody.ids import StoredId
from gateway.erasure import Request
from gateway.refusal import Kind
from tests.desk import ST_ANNA, Desk, diabetic, observation, patient, refusal
from tests.desk import desk as desk

REASON = "Art. 17 GDPR, request 2026-114"


def group(*names: str, **more: Any) -> dict[str, Any]:
    members = [{"entity": {"reference": f"Patient/{name}"}} for name in names]
    return {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members, **more}


def erase(desk: Desk, id_: str, **more: Any):
    return desk.erasure.erase(Request(ST_ANNA, id_, REASON, "test", **more))


def ok(desk: Desk) -> bool:
    with desk.vault.database.read() as conn:
        return verify.verify(conn, {}).ok


def test_law_4_what_was_erased_is_gone_and_its_trace_stays(desk: Desk):
    desk.puts(*diabetic("anna"), *diabetic("berta"), group("anna", "berta"))
    desk.works()
    done = erase(desk, "anna")
    assert (done.before, done.rewritten, done.keys) == (False, 1, 2)
    for name in ("Patient/anna", "Condition/anna-dm", "Observation/anna-a1c"):
        with refusal(Kind.GONE):
            desk.reads(name)
    assert desk.reads("Group/g") == group("berta")
    assert desk.reads("Patient/berta") == patient("berta")
    assert ok(desk)
    begun, *rest = [e for e in desk.events() if e.kind.startswith("erasure:")]
    assert [begun.kind, *(e.kind for e in rest)] == ["erasure:begin", "erasure:rewrite", "erasure:end"]
    assert begun.detail == f"test: {REASON}"
