"""Packs are loaded whole or not at all, and every rule answers its own cases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mappers.lossless import loads
from mappers.r4.validate import problems
from workers.engine.cases import RuleCase, cases, failed, failures
from workers.engine.definitions import Knowledge
from workers.engine.knowledge import CASE_KINDS, SHIPPED, KnowledgeRefused, load

PACK = "cardiorenal-metabolic"
RULE = "plan-definitions/t2d-hba1c-above-goal.json"
START = "plan-definitions/statin-diabetes.json"
ACT = "activity-definitions/measure-hba1c.json"
STATIN = "medicines/statin.json"
URL = "urn:careloom:rule:"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of one shipped pack that a test may spoil."""
    shutil.copytree(SHIPPED / PACK, tmp_path / "knowledge" / PACK)
    return tmp_path / "knowledge"


def spoil(pack: Path, file: str, change: Callable[[dict[str, Any]], None]) -> tuple[str, ...]:
    """The faults after a change of one file."""
    path = pack / PACK / file
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(KnowledgeRefused) as refused:
        load(pack)
    return refused.value.faults


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.rule}: {case.name}")
def test_every_rule_answers_as_its_cases_say(knowledge: Knowledge, case: RuleCase):
    assert not list(failed(knowledge, case))


def test_every_rule_has_cases_of_every_kind(knowledge: Knowledge):
    for rule in knowledge.every:
        assert {one.kind for one in cases() if one.rule == rule.rule.id} == set(CASE_KINDS)


def test_a_case_that_no_longer_holds_is_told(pack: Path):
    path = pack / PACK / RULE
    path.write_text(path.read_text().replace("%hba1c.value >= %", "%hba1c.value > %"))
    assert any("'7.0 %'" in text for text in failures(load(pack), pack))


def test_law_12_cases_that_ask_nothing_are_a_failure(pack: Path):
    known, path = load(pack), pack / PACK / "cases/acr-due.json"
    path.write_text(path.read_text().replace('"answers"', '"asked"'))
    assert failures(known, pack)
    path.unlink()
    assert failures(known, pack) == ("acr-due: there are no cases",)
    shutil.rmtree(pack / PACK / "cases")
    assert failures(known, pack) == ("there are no cases",)


def test_law_12_a_folder_without_a_pack_is_an_error(tmp_path: Path):
    with pytest.raises(KnowledgeRefused, match="no pack"):
        load(tmp_path)


def test_law_12_a_pack_without_rules_is_an_error(pack: Path):
    shutil.rmtree(pack / PACK / "plan-definitions")
    with pytest.raises(KnowledgeRefused, match="without rules"):
        load(pack)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*/*definitions/*.json")), ids=lambda path: path.stem)
def test_every_definition_is_valid_r4(path: Path):
    assert not problems(loads(path.read_bytes()))


@pytest.mark.parametrize(
    "declared",
    ["ages", "pregnancy", "lactation", "setting", "review", "source", "strength", "confidence", "exclusion"],
)
def test_a_rule_that_declares_too_little_is_refused(pack: Path, declared: str):
    def without(content: dict[str, Any]) -> None:
        content["extension"] = [one for one in content["extension"] if one["url"] != f"{URL}{declared}"]

    faults = spoil(pack, RULE, without)
    assert any(declared in fault and "t2d-hba1c-above-goal.json" in fault for fault in faults)


@pytest.mark.parametrize("part", ["title", "publisher", "version", "date", "url"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_part_of_a_source_is_refused(pack: Path, part: str, value: str):
    def emptied(content: dict[str, Any]) -> None:
        (source,) = [one for one in content["extension"] if one["url"] == f"{URL}source"]
        for one in source["extension"]:
            if one["url"] == part:
                one["valueString"] = value

    assert any(part in fault for fault in spoil(pack, RULE, emptied))


def test_an_input_without_a_greatest_age_is_refused(pack: Path):
    def without(content: dict[str, Any]) -> None:
        content["extension"] = [one for one in content["extension"] if one["url"] != f"{URL}input"]

    assert any("without declaring how old" in fault for fault in spoil(pack, RULE, without))


def test_an_input_that_nothing_reads_is_refused(pack: Path):
    unread = [{"url": "name", "valueString": "ldl"}, {"url": "maxAge", "valueString": "P1Y"}]
    faults = spoil(
        pack, RULE, lambda content: content["extension"].append({"url": f"{URL}input", "extension": unread})
    )
    assert any("never reads: ldl" in fault for fault in faults)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("%hba1c.valu >= 7.0", "no known fact"),
        ("%hb1ac.value >= 7.0", "no known fact"),
        ("%has.type_2_diabetis", "no known fact"),
        ("%takes.metformine", "no known fact"),
        ("%hba1c.value >= 7.0 '%'", "grammar"),
        ("%hba1c.value", "gives a number"),
        ("%hba1c.value >=", "side|parsed"),
        ("", "missing or empty"),
    ],
)
def test_a_condition_that_could_never_hold_is_refused(pack: Path, written: str, why: str):
    def change(content: dict[str, Any]) -> None:
        content["action"][1]["condition"][1]["expression"]["expression"] = written

    faults = spoil(pack, RULE, change)
    assert any(text in fault for fault in faults for text in why.split("|"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda action: action.pop("condition"), "everybody"),
        (lambda action: action.pop("extension"), "would-change"),
        (lambda action: action.pop("priority"), "priority"),
        (lambda action: action.update(priority="soon"), "priority"),
        (lambda action: action.update(textEquivalent="Is {hba1c.vaule}."), "no known fact"),
        (
            lambda action: action.update(definitionCanonical="urn:careloom:activity:nothing"),
            "no ActivityDefinition",
        ),
        (lambda action: action.update(goalId=["ldl"]), "no goal"),
        (lambda action: action["condition"][0]["expression"].update(language="text/cql"), "language"),
        (lambda action: [action.pop("goalId"), action.pop("definitionCanonical")], "proposes an act"),
    ],
)
def test_an_action_that_says_too_little_is_refused(
    pack: Path, change: Callable[[dict[str, Any]], None], why: str
):
    assert any(why in fault for fault in spoil(pack, RULE, lambda content: change(content["action"][1])))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda goal: goal["measure"]["coding"][0].update(code="4548-5"), "no code of"),
        (lambda goal: goal["detailQuantity"].update(code="mg/dL"), "not the unit"),
        (lambda goal: goal["detailQuantity"].update(comparator="~"), "comparator"),
    ],
)
def test_a_goal_with_a_wrong_code_or_unit_is_refused(
    pack: Path, change: Callable[[dict[str, Any]], None], why: str
):
    assert any(
        why in fault for fault in spoil(pack, RULE, lambda content: change(content["goal"][0]["target"][0]))
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda act: act["code"]["coding"][0].update(code="4548-5"), "no code of"),
        (lambda act: act["code"]["coding"][0].update(system="http://example.org"), "no code of"),
        (lambda act: act.update(kind="MedicationRequest"), "is a ServiceRequest"),
        (lambda act: act.update(url="urn:other"), "url must be"),
        (
            lambda act: act["extension"].append({"url": "urn:careloom:act:option", "valueCode": "statin"}),
            "option",
        ),
        (lambda act: act.update(title="Start {options}"), "options"),
    ],
)
def test_an_act_that_is_not_what_it_says_is_refused(
    pack: Path, change: Callable[[dict[str, Any]], None], why: str
):
    assert any(why in fault for fault in spoil(pack, ACT, change))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda row: row.update(pregnancy="fine"), "pregnancy"),
        (lambda row: row.pop("lactation"), "lactation"),
        (lambda row: row["source"].update(url=""), "url"),
        (
            lambda row: row["contraindications"][0]["condition"].update(expression="%has.nothing"),
            "no known fact",
        ),
        (lambda row: row.update({"class": "statine"}), "no known medicine"),
    ],
)
def test_a_medicine_that_is_not_guarded_is_refused(
    pack: Path, change: Callable[[dict[str, Any]], None], why: str
):
    assert any(why in fault for fault in spoil(pack, STATIN, change))


def declare(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        (one,) = [one for one in content["extension"] if one["url"] == f"{URL}{name}"]
        one["valueCode"] = value

    return change


def test_a_rule_that_starts_a_teratogen_must_guard_pregnancy_breastfeeding_and_setting(pack: Path):
    assert any("pregnancy forbids" in fault for fault in spoil(pack, START, declare("pregnancy", "any")))
    assert any("breastfeeding forbids" in fault for fault in spoil(pack, START, declare("lactation", "any")))
    assert any("ambulatory values only" in fault for fault in spoil(pack, START, declare("setting", "any")))


def test_a_rule_without_cases_is_refused(pack: Path):
    path = pack / PACK / "cases/acr-due.json"
    content = json.loads(path.read_text())
    content["cases"] = [one for one in content["cases"] if one["kind"] != "near-threshold"]
    path.write_text(json.dumps(content))
    with pytest.raises(KnowledgeRefused, match="near-threshold"):
        load(pack)


def test_two_rules_of_one_name_are_refused(pack: Path):
    shutil.copytree(pack / PACK, pack / "again")
    with pytest.raises(KnowledgeRefused, match="two rules bear this id") as refused:
        load(pack)
    assert any("two rules set this goal" in fault for fault in refused.value.faults)


def test_what_is_no_json_is_refused_by_name(pack: Path):
    (pack / PACK / RULE).write_text("{")
    with pytest.raises(KnowledgeRefused, match=r"t2d-hba1c-above-goal\.json: cannot be read as JSON"):
        load(pack)


def test_what_is_no_valid_r4_is_refused(pack: Path):
    assert any("PlanDefinition.status" in fault for fault in spoil(pack, RULE, lambda one: one.pop("status")))


def test_a_key_that_stands_twice_is_refused(pack: Path):
    path = pack / PACK / RULE
    path.write_text(path.read_text().replace('"status": "active"', '"status": "active", "status": "draft"'))
    with pytest.raises(KnowledgeRefused, match="cannot be read as JSON"):
        load(pack)


def test_all_faults_are_told_at_once(pack: Path):
    def change(content: dict[str, Any]) -> None:
        content["extension"] = []
        content["title"] = ""

    assert len(spoil(pack, RULE, change)) > 8


def test_law_7_a_change_of_knowledge_changes_the_digest(pack: Path):
    before = load(pack).digest
    path = pack / PACK / RULE
    path.write_text(path.read_text().replace("10.0", "10.5"))
    assert load(pack).digest != before


def test_law_9_what_nobody_has_read_at_its_source_says_so(knowledge: Knowledge):
    for rule in knowledge.every:
        assert rule.rule.source.confirmed or "clinical review needed" in rule.rule.source.strength


def test_the_page_on_knowledge_names_every_pack_and_rule_with_its_state(knowledge: Knowledge):
    page = (Path(__file__).parents[4] / "docs/knowledge.md").read_text()
    rows = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")}
    for pack in knowledge.packs:
        rules = [one for one in knowledge.every if one.pack == pack.id]
        states = {one.state.value for one in rules}
        assert f"| {' and '.join(sorted(states))} |" in rows[pack.id]
        assert all(f"`{one.rule.id}`" in rows[pack.id] for one in rules)


def test_no_adult_rule_is_asked_of_a_child(knowledge: Knowledge):
    assert all(one.ages[0] >= 18 for one in knowledge.every)


def test_every_field_that_was_promised_has_rules(knowledge: Knowledge):
    """Each with a source, a version, a date and a day of review: the loader refuses the rest."""
    wanted = {
        "prevent-statin",
        "hfref-therapy",
        "af-anticoagulation",
        "af-bleeding-risk",
        "copd-maintenance",
        "asthma-reliever-alone",
        "osteoporosis-screening",
        "phq9-safety",
        "alcohol-counselling",
        "obesity-help",
        "tobacco-help",
        "colorectal-screening",
        "influenza-vaccine-due",
        "falls-exercise",
        "frail-sedatives",
        "pregnancy-harmful-medicines",
        "need-food",
    }
    assert wanted <= {one.rule.id for one in knowledge.shelved}
