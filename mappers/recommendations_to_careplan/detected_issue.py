"""A DetectedIssue for each danger in what the patient has already been given."""

from __future__ import annotations

from mappers.fhir_building import built, concept, reference, references
from mappers.lossless import Json
from mappers.recommendations import Issue
from mappers.recommendations_to_careplan.writer import Writer, cited, of, security


def detected_issue(writer: Writer, issue: Issue) -> dict[str, Json]:
    """One danger; preliminary, since a clinician decides."""
    source = next((reason.rule.source.url for reason in issue.reasons if reason.rule.source.url), None)
    return built(
        {
            **writer.named("DetectedIssue", issue.key),
            "meta": security(of(issue.reasons)),
            "status": "preliminary",
            "code": concept(issue.title, *issue.codings),
            "severity": issue.severity,
            "patient": reference(writer.patient),
            "implicated": references(issue.implicated),
            "evidence": [
                {"code": [concept(reason.sentence)], "detail": references(reason.evidence)}
                for reason in issue.reasons
            ],
            "detail": "\n".join(f"{one.sentence} Source: {cited(one.rule)}." for one in issue.reasons),
            "reference": source,
        }
    )
