"""What went wrong in one action, told without losing the rest: issues that become one OperationOutcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MESSAGES = "http://hl7.org/fhir/StructureDefinition/cqf-messages"
ERROR, WARNING, INFORMATION = "error", "warning", "information"


@dataclass(frozen=True, slots=True)
class Message:
    """One issue: FHIR's severity and code, a sentence without data of the patient, and where it lies."""

    severity: str
    code: str
    text: str
    where: str


@dataclass(slots=True)
class Messages:
    """The issues of one application, in the order in which they came."""

    found: list[Message] = field(default_factory=list)

    def error(self, code: str, text: str, where: str) -> None:
        """Something that is not done."""
        self.found.append(Message(ERROR, code, text, where))

    def warn(self, code: str, text: str, where: str) -> None:
        """Something that is done in part."""
        self.found.append(Message(WARNING, code, text, where))

    def tell(self, code: str, text: str, where: str) -> None:
        """Something to know."""
        self.found.append(Message(INFORMATION, code, text, where))

    def outcome(self) -> dict[str, Any] | None:
        """The OperationOutcome, where there is anything to say."""
        if not self.found:
            return None
        return {"resourceType": "OperationOutcome", "issue": [_issue(one) for one in self.found]}


def _issue(one: Message) -> dict[str, Any]:
    return {
        "severity": one.severity,
        "code": one.code,
        "diagnostics": one.text,
        "expression": [one.where],
    }
