"""The whole way of a bundle without keys or tables, and its plan as a clinician would read it.

References are settled, each resource is split under the clinical policy, and what workers may see becomes
facts, an answer and FHIR. Pseudonyms are hashes of the sender's ids, so the same bundle always gives the
same resources. ``page`` puts names in the place of references: two ways to one plan can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from gateway.privacy.policy import CLINICAL, Policy, load
from gateway.privacy.split import split
from mappers import fhir_to_facts, lossless, recommendations_to_careplan
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened
from mappers.r4 import references
from mappers.recommendations import Plan
from workers.engine import apply
from workers.engine import knowledge as packs
from workers.engine.definitions import Knowledge

DAY = date(2026, 3, 2)
Resource = dict[str, Any]
Named = Callable[[Resource], str]


@dataclass(frozen=True, slots=True)
class Woven:
    """What became of a bundle, step by step."""

    opened: tuple[Opened, ...]
    facts: Facts
    plan: Plan
    written: tuple[Resource, ...]

    @property
    def careplan(self) -> Resource:
        return self.written[0]


class Way:
    """The steps, with the policy and the knowledge that are shipped."""

    def __init__(self) -> None:
        self.policy: Policy = load(CLINICAL)
        self.knowledge: Knowledge = packs.load()

    def go(self, bundle: Resource, as_of: date = DAY) -> Woven:
        """From a transaction to what workers write for the patient in it."""
        opened = tuple(self.halves(bundle))
        facts = fhir_to_facts.facts(opened, as_of)
        plan = apply.plan(facts, self.knowledge)
        patient = facts.person.evidence.reference.split("/")[1]
        # As workers do: the deceased have no plan.
        living = not facts.person.deceased
        written = recommendations_to_careplan.resources(plan, patient, pseudonym) if living else ()
        return Woven(opened, facts, plan, written)

    def halves(self, bundle: Resource) -> Iterator[Opened]:
        """Each entry as a worker opens it."""
        settled = lossless.loads(lossless.dumps(bundle))
        ids = {entry["fullUrl"]: _own(entry) for entry in settled["entry"]}
        for entry in settled["entry"]:
            named = {**entry["resource"], "id": ids[entry["fullUrl"]].partition("/")[2]}
            body = references.rewrite(named, lambda text: ids.get(text, text))
            clinical = split(body, self.policy, pseudonym).clinical
            if clinical is not None:
                yield Opened(f"{clinical['resourceType']}/{clinical['id']}/_history/1", clinical)


def pseudonym(kind: str, text: str) -> str:
    """26 characters that follow from a kind and a text."""
    return sha256(f"{kind} {text}".encode()).hexdigest()[:26]


def _own(entry: Resource) -> str:
    resource = entry["resource"]
    given = resource.get("id") or entry["fullUrl"].rpartition(":")[2]
    return f"{resource['resourceType']}/{given}"


def labels(bundle: Resource) -> dict[str, str]:
    """What a clinician would call each entry, by the reference that a plan bears."""
    found = {}
    for entry in bundle["entry"]:
        kind, _, own = _own(entry).partition("/")
        found[f"{kind}/{pseudonym(kind, own)}"] = label(entry["resource"])
    return found


def label(resource: Resource) -> str:
    """A resource in a line: what it is, its value and its day."""
    kind = resource["resourceType"]
    concept = resource.get("code") or resource.get("medicationCodeableConcept") or {}
    name = (concept.get("coding") or [{}])[0].get("display") or concept.get("text", "")
    return " ".join(part for part in (kind, name, *_values(resource), _day(resource)) if part)


def _values(resource: Resource) -> Iterator[str]:
    for holder in (resource, *resource.get("component", ())):
        quantity = holder.get("valueQuantity")
        if quantity:
            yield f"{_number(quantity['value'])} {quantity['unit']}"


def _number(value: Any) -> str:
    return lossless.dumps(value).decode()


def _day(resource: Resource) -> str:
    names = ("effectiveDateTime", "authoredOn", "onsetDateTime", "recordedDate")
    return next((resource[name][:10] for name in names if name in resource), "")


def page(written: Iterable[Resource], names: Mapping[str, str]) -> dict[str, Any]:
    """The plan as a clinician would read it: no ids, every reference by what it points at."""
    kinds: dict[str, list[Resource]] = {}
    for one in written:
        kinds.setdefault(one["resourceType"], []).append(one)
    if not kinds:
        return {"status": "no plan"}
    (careplan,) = kinds["CarePlan"]
    goals = {f"Goal/{one['id']}": one["description"]["text"] for one in kinds.get("Goal", ())}

    def named(found: Resource) -> str:
        text = found["reference"].partition("/_history/")[0]
        return goals.get(text) or names[text]

    return {
        "status": careplan["status"],
        "created": careplan["created"],
        "addresses": sorted(named(one) for one in careplan.get("addresses", ())),
        "activities": [_activity(one["detail"], named) for one in careplan.get("activity", ())],
        "goals": [_goal(one) for one in kinds.get("Goal", ())],
        "computed": sorted(
            [
                *(_computed(one, named) for one in kinds.get("Observation", ())),
                *(_risk(one, named) for one in kinds.get("RiskAssessment", ())),
            ]
        ),
        "dangers": [_danger(one, named) for one in kinds.get("DetectedIssue", ())],
        "notes": [one["text"] for one in careplan.get("note", ())],
    }


def _activity(detail: Resource, named: Named) -> dict[str, Any]:
    return {
        "kind": detail["kind"],
        "what": detail["code"]["text"],
        "by": detail.get("scheduledPeriod", {}).get("end"),
        "rests on": sorted(named(one) for one in detail.get("reasonReference", ())),
        "serves": [named(one) for one in detail.get("goal", ())],
        "said": detail["description"].split("\n"),
    }


def _goal(goal: Resource) -> str:
    (target,) = goal["target"]
    number = target["detailQuantity"]
    unit = f"{number['comparator']} {_number(number['value'])} {number['unit']}"
    return f"{goal['description']['text']}: {unit}, by {target.get('dueDate', 'no day')}"


def _computed(one: Resource, named: Named) -> str:
    if "component" in one:
        return _trend(one, named)
    ends = [one["valueQuantity"]] if "valueQuantity" in one else list(one["valueRange"].values())
    value = f"{' to '.join(_number(end['value']) for end in ends)} {ends[0]['unit']}"
    inputs = ", ".join(sorted(named(found) for found in one["derivedFrom"]))
    meaning = f" ({one['interpretation'][0]['text']})" if "interpretation" in one else ""
    return f"{one['code']['text']} {value}{meaning} on {one['effectiveDateTime']} from {inputs}"


def _trend(one: Resource, named: Named) -> str:
    parts = [
        found.get("valueQuantity", {}).get("value", found.get("valueInteger")) for found in one["component"]
    ]
    numbers = ", ".join(_number(part) for part in parts)
    inputs = ", ".join(sorted(named(found) for found in one["derivedFrom"]))
    return f"{one['code']['text']} {numbers} ({one['interpretation'][0]['text']}) from {inputs}"


def _risk(one: Resource, named: Named) -> str:
    inputs = ", ".join(sorted(named(found) for found in one["basis"]))
    chances = "; ".join(f"{found['outcome']['text']} {_chance(found)}" for found in one["prediction"])
    return f"{one['code']['text']}: {chances} from {inputs}"


def _chance(found: Resource) -> str:
    if "qualitativeRisk" in found:
        text: str = found["qualitativeRisk"]["text"]
        return text
    told = found.get("probabilityRange", {}).values()
    ends = [end["value"] for end in told] or [found["probabilityDecimal"]]
    return f"{' to '.join(_number(end) for end in ends)} % in {found['whenRange']['high']['value']} years"


def _danger(issue: Resource, named: Named) -> dict[str, Any]:
    return {
        "what": issue["code"]["text"],
        "severity": issue["severity"],
        "implicated": sorted(named(one) for one in issue["implicated"]),
        "said": issue["detail"].split("\n"),
    }
