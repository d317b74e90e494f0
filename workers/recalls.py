"""What a recall means for one plan: what nobody accepted goes with its rule, what somebody did is flagged.

A line that a clinician set going or finished stays theirs (law 10). It gets a DetectedIssue that names rule,
version and reason, and where nothing else supports the line any more, a note says the same. Both are computed
from the line, so they stand as long as it does and are written once. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.custody.rulebook import Recall
from mappers.facts import Evidence
from mappers.recommendations import (
    RECALLED_RULE,
    Act,
    ActKind,
    Issue,
    Plan,
    Reason,
    Rule,
    Source,
    Withdrawn,
)
from mappers.recommendations_to_careplan import DONE, OPEN_ENDED, act_of
from mappers.recommendations_to_careplan.writer import ACT, RULE_SYSTEM
from workers.engine.thresholds import published

Body = Mapping[str, Any]
Line = Mapping[str, Any]


def told(answer: Plan, standing: Body | None, recalls: Sequence[Recall]) -> Plan:
    """The answer with what recalls mean for the plan as a clinician left it."""
    found = [] if standing is None else list(_accepted(standing, recalls))
    if not found:
        return answer
    proposed = {one.act.key for one in answer.activities}
    left = {act: _withdrawn(act, line, recall) for act, line, recall in found if act not in proposed}
    return replace(
        answer,
        issues=(*answer.issues, *(_issue(act, line, recall) for act, line, recall in found)),
        withdrawn=(*answer.withdrawn, *left.values()),
    )


def _accepted(plan: Body, recalls: Sequence[Recall]) -> Iterator[tuple[str, Line, Recall]]:
    """Every accepted line of ours that rests on a recalled rule."""
    for line in plan.get("activity", ()):
        detail, act = line.get("detail", {}), act_of(line)
        if act is None or detail.get("status") not in OPEN_ENDED | DONE:
            continue
        rests_on = {_version(text) for text in detail.get("instantiatesCanonical", ())}
        for recall in recalls:
            if (recall.rule, recall.version) in rests_on:
                yield act.removeprefix(ACT), line, recall


def _version(canonical: str) -> tuple[str, str]:
    """Id and published version of a rule, from how a plan names it."""
    url, _, version = canonical.partition("|")
    return url.removeprefix(f"{RULE_SYSTEM}:"), published(version)


def _issue(act: str, line: Line, recall: Recall) -> Issue:
    title = line["detail"].get("code", {}).get("text", act)
    advised = f"“{title}” was accepted on the advice of rule {_named(recall)}"
    sentence = f"{advised}, which was recalled: {recall.reason}."
    evidence = _evidence(line)
    reason = Reason(_rule(recall), sentence, evidence, ("a clinician's decision about what was begun",))
    key = f"recalled-{recall.rule}-{recall.version}-{act}"
    coding = (RECALLED_RULE, f"{recall.rule}@{recall.version}", f"Recalled: {_named(recall)}")
    return Issue(key, f"Recalled rule behind: {title}", "high", (reason,), evidence, (coding,))


def _withdrawn(act: str, line: Line, recall: Recall) -> Withdrawn:
    title = line["detail"].get("code", {}).get("text", act)
    because = f"Rule {_named(recall)} was recalled: {recall.reason}."
    return Withdrawn(Act(act, ActKind.QUESTION, title), because, (), ())


def _evidence(line: Line) -> tuple[Evidence, ...]:
    found = (one.get("reference") for one in line["detail"].get("reasonReference", ()))
    return tuple(sorted({Evidence(text) for text in found if text and "/_history/" in text}))


def _rule(recall: Recall) -> Rule:
    source = Source("Recall of a rule", "Careloom", recall.version, "", "", "recall")
    return Rule(f"recall-{recall.rule}", recall.version, f"Recall of {_named(recall)}", source)


def _named(recall: Recall) -> str:
    return f"{recall.rule} {recall.version}"
