"""What a recall means for one plan: accepted lines are flagged, and nothing else is touched."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.custody.rulebook import Recall
from mappers.facts import Evidence
from mappers.recommendations import RECALLED_RULE, Act, Activity, ActKind, Plan, Urgency, nothing
from workers import recalls

RECALL = Recall("statin-diabetes", "1.0.0", "the source was withdrawn")
OTHER = Recall("acr-due", "1.1.0", "another reason")
ACT = "start-statin-moderate"
CONDITION = "Condition/abc/_history/1"
OWN = ("statin-diabetes|1.0.0",)
EMPTY = nothing(date(2026, 3, 2))


def line(status: str, *rules: str, act: str | None = ACT) -> dict[str, Any]:
    uris = [f"urn:careloom:act:{act}"] if act else []
    return {
        "detail": {
            "status": status,
            "code": {"text": "Start a statin"},
            "instantiatesUri": uris,
            "instantiatesCanonical": [
                f"urn:careloom:rule:{one}" for one in rules or ("statin-diabetes|1.0.0",)
            ],
            "reasonReference": [{"reference": CONDITION}, {"reference": "Condition/own"}],
        }
    }


def told(*lines: dict[str, Any], answer: Plan = EMPTY, of: tuple[Recall, ...] = (RECALL,)) -> Plan:
    return recalls.told(answer, {"activity": list(lines)}, of)


@pytest.mark.parametrize("status", ["scheduled", "in-progress", "on-hold", "completed"])
def test_what_was_accepted_is_flagged_with_rule_version_and_reason(status: str):
    found = told(line(status))
    (issue,), (withdrawn,) = found.issues, found.withdrawn
    assert issue.codings == ((RECALLED_RULE, "statin-diabetes@1.0.0", "Recalled: statin-diabetes 1.0.0"),)
    assert (issue.severity, issue.implicated) == ("high", (Evidence(CONDITION),))
    assert "which was recalled: the source was withdrawn." in issue.reasons[0].sentence
    assert (withdrawn.act.key, withdrawn.act.title) == (ACT, "Start a statin")
    assert withdrawn.because == "Rule statin-diabetes 1.0.0 was recalled: the source was withdrawn."


@pytest.mark.parametrize("status", ["not-started", "unknown", "cancelled", "stopped", "entered-in-error"])
def test_what_nobody_accepted_goes_without_a_word(status: str):
    assert told(line(status)) == EMPTY


def test_a_line_of_the_clinicians_own_is_theirs():
    assert not told(line("in-progress", act=None)).issues


def test_a_line_of_another_rule_or_version_is_not_meant():
    assert not told(
        line("in-progress", "statin-ascvd|1.0.0"), line("in-progress", "statin-diabetes|1.1.0")
    ).issues


def test_a_rule_that_a_hospital_had_set_otherwise_is_the_recalled_one_all_the_same():
    assert told(line("in-progress", "statin-diabetes|1.0.0+age-45")).issues


def test_what_another_rule_still_proposes_is_flagged_and_stays_supported():
    act = Act(ACT, ActKind.START_MEDICINE, "Start a statin")
    still = Plan(EMPTY.as_of, (Activity(act, Urgency.ROUTINE, (), ()),), *([()] * 7), None)
    found = told(line("in-progress", "statin-diabetes|1.0.0", "statin-ascvd|1.0.0"), answer=still)
    assert len(found.issues) == 1
    assert found.withdrawn == ()


def test_two_recalls_behind_one_line_are_two_flags_and_one_note():
    found = told(line("in-progress", "statin-diabetes|1.0.0", "acr-due|1.1.0"), of=(RECALL, OTHER))
    assert len({issue.key for issue in found.issues}) == 2
    assert len(found.withdrawn) == 1


def test_without_a_plan_or_a_recall_nothing_changes():
    assert recalls.told(EMPTY, None, [RECALL]) is EMPTY
    assert recalls.told(EMPTY, {"activity": [line("in-progress")]}, []) is EMPTY
