"""Use case: what became of cards. An answer decides about the plan's line, as if the EHR had patched it.

Standard: https://cds-hooks.hl7.org/2.0/#feedback. Comments are free text and are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.auth.actor import Actor
from gateway.cds_hooks.callers import PLAN, entitled
from gateway.cds_hooks.service import ANSWERED, event, service_named
from gateway.cds_hooks.standing import standing_plan
from gateway.custody import audit, cds_cards
from gateway.custody.cds_cards import Card
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import Tenant
from gateway.intake import Intake, patches
from gateway.intake.entries import Entry
from gateway.refusal import Issue, Kind, Refused
from gateway.release import Release
from gateway.stored import Clock
from mappers.recommendations_to_careplan import ACT

ACCEPTED, OVERRIDDEN = "accepted", "overridden"
STATUS = {ACCEPTED: "scheduled", OVERRIDDEN: "cancelled"}
# Without blanks: where a code stands, no sentence about anybody may.
_CODED = re.compile(r"\S{1,255}")
_TRIES = 3
_CHANGED = (Kind.CONFLICT, Kind.PRECONDITION)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the card, what became of it, and the coded reason."""

    card: Card
    outcome: str
    reason: Mapping[str, str]

    @property
    def code(self) -> str | None:
        return "|".join(self.reason.values()) if self.reason else None


@dataclass(frozen=True, slots=True)
class Feedback:
    """Takes answers."""

    vault: Vault
    intake: Intake
    release: Release
    clock: Clock

    def take(self, actor: Actor, name: str, body: object) -> None:
        """Keep what became of each card; nothing of it where one answer is faulty. Raises ``Refused``."""
        entitled(actor)
        service = service_named(name)
        answers = self._answers(actor.organization, service.id, body)
        for one in answers:
            if actor.scopes.allows(PLAN, "u"):
                self._decide(actor, one)
            now = self.clock()
            with self.vault.database.write() as conn:
                cds_cards.answered(conn, one.card, one.outcome, one.code, now)
                told = event(actor, ANSWERED, one.card.patient, f"{service.id} {one.outcome}", now)
                audit.append(conn, actor.organization, [told])

    def _answers(self, tenant: Tenant, service: str, body: object) -> list[Answer]:
        told = body.get("feedback") if isinstance(body, dict) else None
        if not isinstance(told, list) or not told:
            raise Refused(Kind.INVALID, [Issue("required", "feedback must list answers.", "feedback")])
        faults: list[Issue] = []
        with self.vault.database.read() as conn:
            read = [_read(one, f"feedback[{n}]", faults) for n, one in enumerate(told)]
            cards = [cds_cards.find(conn, tenant, uuid) for uuid, _, _ in read]
        if faults:
            raise Refused(Kind.INVALID, faults)
        lost = [
            Issue("not-found", "No such card was given, or it is too old to answer.", f"feedback[{n}].card")
            for n, card in enumerate(cards)
            if card is None or card.service != service
        ]
        if lost:
            raise Refused(Kind.NOT_FOUND, lost)
        return [
            Answer(card, outcome, reason)
            for card, (_, outcome, reason) in zip(cards, read, strict=True)
            if card is not None
        ]

    def _decide(self, actor: Actor, answer: Answer) -> None:
        """Write the decision into the plan's line, unless it stands there or there is no such line."""
        for attempt in range(_TRIES):
            standing = standing_plan(self.vault, self.release, actor, answer.card.patient)
            line = standing.lines.get(answer.card.act) if standing else None
            if standing is None or standing.stored is None or line is None:
                return
            number, status = line
            if status == STATUS[answer.outcome]:
                return
            change = patches.of_json(_patch(number, answer))
            stored = standing.stored
            entry = Entry("", "PATCH", PLAN, stored.id, if_match=stored.version, change=change)
            try:
                self.intake.single(actor, entry)
                return
            except Refused as refusal:
                # A worker or the EHR itself wrote meanwhile: what it wrote is looked at anew.
                if refusal.kind not in _CHANGED or attempt == _TRIES - 1:
                    raise


def _patch(number: int, answer: Answer) -> list[dict[str, Any]]:
    at = f"/activity/{number}/detail"
    patch: list[dict[str, Any]] = [
        {"op": "test", "path": f"{at}/instantiatesUri/0", "value": f"{ACT}{answer.card.act}"},
        {"op": "replace", "path": f"{at}/status", "value": STATUS[answer.outcome]},
    ]
    if answer.reason:
        coding = [dict(answer.reason)]
        patch.append({"op": "add", "path": f"{at}/statusReason", "value": {"coding": coding}})
    return patch


def _read(one: object, at: str, faults: list[Issue]) -> tuple[str, str, Mapping[str, str]]:
    told: Mapping[str, Any] = one if isinstance(one, dict) else {}
    card, outcome = told.get("card"), told.get("outcome")
    if not isinstance(card, str):
        faults.append(Issue("required", "card must be the uuid of a card.", f"{at}.card"))
    if outcome not in STATUS:
        faults.append(Issue("value", "outcome must be accepted or overridden.", f"{at}.outcome"))
    if not _is_instant(told.get("outcomeTimestamp")):
        text = "outcomeTimestamp must be a time with its zone."
        faults.append(Issue("required", text, f"{at}.outcomeTimestamp"))
    chosen = told.get("acceptedSuggestions", [])
    if not isinstance(chosen, Sequence) or not all(isinstance(s, dict) and "id" in s for s in chosen):
        text = "acceptedSuggestions must list objects with an id."
        faults.append(Issue("structure", text, f"{at}.acceptedSuggestions"))
    return str(card), str(outcome), _reason(told.get("overrideReason"), at, faults)


def _reason(told: object, at: str, faults: list[Issue]) -> Mapping[str, str]:
    """The coding of a reason; its comment is left where it is."""
    if told is None:
        return {}
    coding = told.get("reason") if isinstance(told, dict) else None
    if coding is None and isinstance(told, dict):
        return {}
    names = ("system", "code")
    if not isinstance(coding, dict) or not all(_CODED.fullmatch(str(coding.get(name, ""))) for name in names):
        text = "overrideReason.reason needs a system and a code."
        faults.append(Issue("structure", text, f"{at}.overrideReason.reason"))
        return {}
    return {name: str(coding[name]) for name in names}


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
