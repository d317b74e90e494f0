"""Law 10 on its own: whatever clinicians decide and whatever evidence comes, what they decided stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.ids import StoredId, pseudonym
from gateway.privacy.policy import load
from gateway.privacy.split import split
from mappers import lossless
from mappers.facts import Evidence
from mappers.r4.validate import problems
from mappers.recommendations import Act, Activity, ActKind, Plan, Reason, Rule, Source, Urgency, Withdrawn
from mappers.recommendations_to_careplan import act_of, resources
from workers.decisions import UNSUPPORTED, woven
from workers.reading import Derived

POLICY = load("clinical")
OPEN, DECLINED, DONE = ("scheduled", "in-progress", "on-hold"), ("cancelled", "stopped"), ("completed",)
STATUSES = ("not-started", *OPEN, *DECLINED, *DONE)
PLANS = ("draft", "active", "on-hold", "completed", "revoked", "entered-in-error")
LOINC = "http://loinc.org"
CODED = {"hba1c": "4548-4", "acr": "9318-7"}
ACTS = ("statin", "metformin", "review", "hba1c", "acr")
Body = dict[str, Any]

proposals = st.dictionaries(st.sampled_from(ACTS), st.integers(1, 3))


def ident(kind: str, key: str) -> str:
    return pseudonym(StoredId(f"{kind}-{key}".encode().ljust(16, b".")[:16]))


def said(evidence: dict[str, int], withdrawn: tuple[str, ...] = ()) -> Plan:
    """The engine's answer: each act with the version of the one observation that it rests on."""
    lines = tuple(activity(key, version) for key, version in sorted(evidence.items()))
    gone = tuple(Withdrawn(activity(key, 1).act, "It is forbidden.", (), ()) for key in withdrawn)
    return Plan(date(2026, 3, 2), lines, (), gone, (), (), (), (), (), None)


def activity(key: str, version: int) -> Activity:
    rule = Rule(
        f"rule-{key}", "1.0.0", key, Source(key, "Us", "1", "2026", f"https://example.org/{key}", "x")
    )
    found = (Evidence(f"Observation/{ident('o', 'shared')}/_history/{version}"),)
    codings = ((LOINC, CODED[key], key),) if key in CODED else ()
    kind = ActKind.MEASURE if key in CODED else ActKind.REVIEW_MEDICINE
    act = Act(key, kind, f"Title of {key}", codings)
    return Activity(act, Urgency.ROUTINE, (Reason(rule, "Because.", found, ()),), ())


def careplan(answer: Plan) -> Body:
    made: Body = lossless.loads(lossless.dumps(resources(answer, "p" * 26, ident)[0]))
    return made


def half(plan: Body) -> Body:
    """What workers see of a clinician's version; ids are pseudonyms already."""
    found = split(lossless.loads(lossless.dumps(plan)), POLICY, lambda _, text: text).clinical
    assert found is not None
    return found


def decided(plan: Body, status: str, statuses: dict[str, str]) -> Body:
    lines = []
    for line in plan.get("activity", ()):
        at = statuses.get(key(line), line["detail"]["status"])
        lines.append({**line, "detail": {**line["detail"], "status": at}})
    return {**plan, "status": status, "activity": lines} if lines else {**plan, "status": status}


def key(line: Body) -> str:
    return (act_of(line) or "").rpartition(":")[2]


def standing(plan: Body) -> list[tuple[str, str]]:
    return [(key(line), line["detail"]["status"]) for line in plan.get("activity", ())]


def after(ours: Body, theirs: Body, answer: Plan) -> Body:
    """The version that stands after a job: ours, woven anew, or None written."""
    return dict(woven(careplan(answer), answer, Derived(2, 1, ours, half(theirs), True), {}))


@given(
    proposals,
    proposals,
    st.sampled_from(PLANS),
    st.dictionaries(st.sampled_from(ACTS), st.sampled_from(STATUSES)),
)
def test_law_10_whatever_is_decided_stands_while_its_evidence_does(
    first: dict[str, int], then: dict[str, int], status: str, statuses: dict[str, str]
) -> None:
    ours = careplan(said(first))
    answer = said(then)
    found = after(ours, decided(ours, status, statuses), answer)
    if found == ours:  # nothing is written: the clinician's version stands as it is
        assert set(then) <= set(first)
        for act in first:
            at = statuses.get(act, "not-started")
            assert act in then if at in ("not-started", *OPEN) else True
            assert then.get(act) in (None, first[act]) if at not in OPEN else True
        return
    assert found["status"] == status
    assert not problems(found)
    now = standing(found)
    for act in first:
        at = statuses.get(act, "not-started")
        if at in (*OPEN, *DONE) or (at in DECLINED and then.get(act) in (None, first[act])):
            assert (act, at) in now
        if at in DECLINED and act in then and then[act] != first[act]:
            assert (act, "not-started") in now
            assert (act, at) not in now
        if at == "not-started":
            assert [one for one in now if one[0] == act] == [(act, at)] * (act in then)
    notes = [note["text"] for note in found.get("note", ()) if note["text"].startswith(UNSUPPORTED)]
    unsupported = [act for act in first if statuses.get(act) in OPEN and act not in then]
    assert sorted(notes) == sorted(
        f"{UNSUPPORTED}Title of {act}. The record no longer meets the rule that proposed it."
        for act in unsupported
    )
    again = woven(careplan(answer), answer, Derived(3, 3, found, None, True), {})
    assert lossless.same(dict(again), found)  # law 7


@given(proposals, st.sampled_from(PLANS), st.dictionaries(st.sampled_from(ACTS), st.sampled_from(STATUSES)))
def test_law_7_a_decision_alone_makes_no_new_version(
    first: dict[str, int], status: str, statuses: dict[str, str]
) -> None:
    ours = careplan(said(first))
    assert after(ours, decided(ours, status, statuses), said(first)) == ours


FIRST = {"statin": 1, "metformin": 1, "hba1c": 1}


def test_law_10_a_declined_act_is_not_told_as_recommended() -> None:
    ours = careplan(said(FIRST))
    found = after(ours, decided(ours, "active", {"statin": "cancelled"}), said({**FIRST, "acr": 1}))
    page = found["text"]["div"]
    assert "<b>Title of statin</b>" not in page
    assert "Title of statin: cancelled" in page
    assert "<b>Title of acr</b>" in page


def test_law_10_what_a_clinician_changed_of_a_line_and_added_stays() -> None:
    ours = careplan(said(FIRST))
    theirs = decided(ours, "active", {"hba1c": "scheduled", "statin": "cancelled"})
    lines = {key(line): line for line in theirs["activity"]}
    nurse = [{"reference": f"Practitioner/{ident('n', '1')}"}]
    lines["hba1c"]["detail"] |= {"scheduledPeriod": {"start": "2026-04-01"}, "performer": nurse}
    lines["metformin"]["detail"] |= {"performer": nurse}
    reason = {"coding": [{"system": "http://snomed.info/sct", "code": "105480006"}], "text": "does not want"}
    lines["statin"]["detail"]["statusReason"] = reason
    lines["statin"]["progress"] = [{"time": "2026-03-03", "text": "talked it over"}]
    walking = {"detail": {"kind": "Task", "status": "in-progress", "code": {"text": "walk"}}}
    theirs |= {"activity": [walking, *theirs["activity"]], "period": {"start": "2026-03-03"}}
    found = after(ours, theirs, said({**FIRST, "acr": 1}))
    assert (found["period"], found["activity"][0]["detail"]["status"]) == (
        {"start": "2026-03-03"},
        "in-progress",
    )
    now = {key(line): line for line in found["activity"]}
    assert now["hba1c"]["detail"]["scheduledPeriod"] == {"start": "2026-04-01"}
    assert now["hba1c"]["detail"]["performer"] == now["metformin"]["detail"]["performer"] == nurse
    assert now["statin"]["detail"]["statusReason"]["coding"] == reason["coding"]
    assert now["statin"]["detail"]["code"] == {"text": "Title of statin"}
    assert now["statin"]["progress"][0]["time"] == "2026-03-03"
    assert "talked it over" not in str(found)
    assert now["acr"]["detail"]["status"] == "not-started"
    assert found["identifier"] == ours["identifier"]


def test_law_10_a_line_that_was_taken_out_does_not_come_back_without_cause() -> None:
    ours = careplan(said(FIRST))
    theirs = {**ours, "activity": [line for line in ours["activity"] if key(line) != "hba1c"]}
    assert ("hba1c", "cancelled") in standing(after(ours, theirs, said({**FIRST, "acr": 1})))
    assert ("hba1c", "not-started") in standing(after(ours, theirs, said({**FIRST, "hba1c": 2})))


def test_law_10_a_new_version_of_the_rule_is_new_evidence() -> None:
    ours = careplan(said({"statin": 1}))
    answer = said({"statin": 1})
    (line,) = answer.activities
    rule = replace(line.reasons[0].rule, version="2.0.0")
    newer = replace(answer, activities=(replace(line, reasons=(replace(line.reasons[0], rule=rule),)),))
    found = after(ours, decided(ours, "active", {"statin": "cancelled"}), newer)
    assert standing(found) == [("statin", "not-started")]


def test_law_10_an_act_under_way_that_is_forbidden_now_says_why() -> None:
    ours = careplan(said({"statin": 1}))
    found = after(ours, decided(ours, "active", {"statin": "in-progress"}), said({}, withdrawn=("statin",)))
    assert standing(found) == [("statin", "in-progress")]
    assert found["note"][-1]["text"] == f"{UNSUPPORTED}Title of statin. It is forbidden."


def test_law_10_decisions_outlast_many_versions() -> None:
    ours = careplan(said(FIRST))
    second = after(ours, decided(ours, "active", {"statin": "cancelled"}), said({**FIRST, "acr": 1}))
    third = after(second, decided(second, "active", {"acr": "in-progress"}), said({"statin": 1, "acr": 2}))
    assert standing(third) == [("statin", "cancelled"), ("acr", "in-progress")]


def test_a_plan_that_nobody_decided_about_follows_the_answer() -> None:
    ours, answer = careplan(said(FIRST)), said({"acr": 1})
    assert woven(careplan(answer), answer, Derived(1, 1, ours), {}) == careplan(answer)


def test_law_10_a_goal_keeps_the_status_that_a_clinician_gave_it() -> None:
    goal = {"resourceType": "Goal", "id": ident("Goal", "x"), "lifecycleStatus": "proposed"}
    theirs = {**goal, "lifecycleStatus": "accepted"}
    found = woven({**goal, "target": [1]}, said({}), Derived(2, 1, goal, theirs, True), {})
    assert found == {**theirs, "target": [1]}
    assert woven({**goal, "target": [1]}, said({}), Derived(3, 3, found, None, True), {}) == found


# --- lines that only their act tells apart ---------------------------------------------------------------

ALIKE = ("review-statin", "review-metformin", "stop-metformin")


def alike() -> Body:
    """A plan of three lines of one kind without codes, on the same evidence: only their words differ."""
    return careplan(said(dict.fromkeys(ALIKE, 1)))


def test_law_10_a_line_is_known_by_its_act_wherever_a_client_puts_it() -> None:
    ours = alike()
    theirs = decided(ours, "active", {"review-metformin": "cancelled", "stop-metformin": "completed"})
    theirs = {**theirs, "activity": list(reversed(theirs["activity"]))}
    found = after(ours, theirs, said(dict.fromkeys((*ALIKE, "hba1c"), 1)))
    assert dict(standing(found)) == {
        "hba1c": "not-started",
        "review-statin": "not-started",
        "review-metformin": "cancelled",
        "stop-metformin": "completed",
    }


def test_law_10_the_line_that_was_taken_out_is_the_one_that_was_declined() -> None:
    ours = alike()
    left = [line for line in ours["activity"] if key(line) != "review-statin"]
    answer = said(dict.fromkeys((*ALIKE, "hba1c"), 1))
    found = after(ours, {**ours, "status": "active", "activity": left}, answer)
    assert dict(standing(found))["review-statin"] == "cancelled"
    assert dict(standing(found))["stop-metformin"] == "not-started"


def test_law_10_a_second_line_with_our_act_is_the_clinician_s_own_and_stays() -> None:
    ours = alike()
    (first, *_) = [line for line in ours["activity"] if key(line) == "stop-metformin"]
    second = {"detail": {**first["detail"], "status": "on-hold"}}
    theirs = {**decided(ours, "active", {"stop-metformin": "completed"}), "status": "active"}
    theirs["activity"] = [*theirs["activity"], second]
    found = after(ours, theirs, said({"review-statin": 1}))
    own = [line for line in found["activity"] if act_of(line) is None]
    assert [line["detail"]["status"] for line in own] == ["on-hold"]
    assert "instantiatesUri" not in own[0]["detail"]
    assert dict(standing(found))["stop-metformin"] == "completed"


def test_the_half_of_a_returned_plan_has_our_acts_and_no_other_address() -> None:
    ours = careplan(said({"stop-metformin": 1}))
    line = ours["activity"][0]["detail"]
    assert len(line["instantiatesUri"]) == 2
    line["instantiatesUri"] += ["urn:careloom:act:measure-hopkins", "https://ehr.example/hopkins"]
    (seen,) = half(ours)["activity"]
    assert seen["detail"]["instantiatesUri"] == ["urn:careloom:act:stop-metformin"]
