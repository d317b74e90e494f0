"""Provenance: which versions were written, from which versions, by which rules and models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mappers.fhir_building import built, concept, reference
from mappers.lossless import Json
from mappers.recommendations import Plan, Rule
from mappers.recommendations_to_careplan.writer import RULE_SYSTEM, security, used

AGENT_TYPES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
ASSEMBLER = (AGENT_TYPES, "assembler", "Assembler")
ENGINE = {"type": "Device", "display": "Careloom"}


def provenance(
    targets: Sequence[str],
    entities: Sequence[str],
    plan: Plan,
    recorded: str,
    ident: Callable[[str, str], str],
) -> dict[str, Json]:
    """Where what was just written comes from. Its id follows from the versions that it is about."""
    rules = {(rule.id, rule.version): rule for rule in used(plan)}
    return built(
        {
            "resourceType": "Provenance",
            "id": ident("Provenance", "|".join(sorted(targets))),
            "meta": security(iter(rules.values())),
            "target": [reference(text) for text in sorted(set(targets))],
            "recorded": recorded,
            "activity": concept("Evaluation of rules against the patient's record"),
            "agent": [_agent(ENGINE), *(_agent(_device(rules[key])) for key in sorted(rules))],
            "entity": [{"role": "source", "what": reference(text)} for text in sorted(set(entities))],
        }
    )


def _agent(who: dict[str, Json]) -> dict[str, Json]:
    return {"type": concept("Assembler", ASSEMBLER), "who": who}


def _device(rule: Rule) -> dict[str, Json]:
    """A rule or model, by the identifier under which it and its version are known."""
    return {
        "type": "Device",
        "identifier": {"system": RULE_SYSTEM, "value": f"{rule.id}|{rule.version}"},
        "display": f"{rule.title}, version {rule.version}",
    }
