"""What the GET entries of a bundle are answered with: what its writes leave, and otherwise what is stored.

They are read before the commit. One that may not be, or is not there, ends the bundle while nothing is
written yet, and the answer that a repeat will get is known in the transaction that stores it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from gateway.auth.actor import Actor
from gateway.intake.entries import criteria
from gateway.intake.looking import Looking, Ref
from gateway.intake.rights import UNKNOWN, Rights
from gateway.intake.versions import Outcome
from gateway.refusal import Issue, Kind, Refused, refused


@dataclass(frozen=True, slots=True)
class Shown:
    """What the entries of one request were shown of what is stored.

    A write that starts again because another was faster looks at nothing twice: each look is an event.
    """

    looking: Looking
    _at: dict[str, Outcome] = field(default_factory=dict)

    def outcome(self, actor: Actor, outcome: Outcome) -> Outcome:
        """The outcome of a GET entry with what it finds, in the trail once. Raises ``Refused``."""
        at = outcome.entry.at
        if at not in self._at:
            look = _searched if outcome.entry.is_search else _read
            self._at[at] = look(actor, outcome, self.looking)
        return self._at[at]


def answered(actor: Actor, outcomes: Sequence[Outcome], shown: Shown) -> list[Outcome]:
    """The outcomes, those of reads with what they read. Raises ``Refused`` as a read of its own would."""
    written = {_ref(o): o for o in outcomes if o.interaction != "read"}
    return [o if o.interaction != "read" else _answered(actor, o, shown, written) for o in outcomes]


def _answered(actor: Actor, outcome: Outcome, shown: Shown, written: Mapping[Ref, Outcome]) -> Outcome:
    beside = None if outcome.entry.is_search else written.get(_ref(outcome))
    if beside is None:
        return shown.outcome(actor, outcome)
    if not Rights(actor.scopes).reads(beside.stored.type, beside.stored.body or {}):
        raise refused(Kind.NOT_FOUND, "not-found", UNKNOWN, outcome.entry.at)
    stored = replace(beside.stored, created=False)
    return replace(outcome, stored=stored, target=beside.target, patient=beside.patient)


def _read(actor: Actor, outcome: Outcome, looking: Looking) -> Outcome:
    entry = outcome.entry
    try:
        stored = looking.read(actor, entry.type, entry.id or "")
    except Refused as refusal:
        raise _placed(refusal, entry.at) from None
    return replace(outcome, stored=stored, recorded=True)


def _searched(actor: Actor, outcome: Outcome, looking: Looking) -> Outcome:
    entry = outcome.entry
    try:
        found = looking.search(actor, entry.type, criteria(f"?{entry.query}") if entry.query else [])
    except Refused as refusal:
        raise _placed(refusal, entry.at) from None
    stored = replace(outcome.stored, body=found)
    return replace(outcome, interaction="search", stored=stored, recorded=True)


def _placed(refusal: Refused, at: str) -> Refused:
    """What is wrong with a read or a search, told with the place of its entry."""
    issues = [Issue(i.code, i.text, i.expression or at) for i in refusal.issues]
    return type(refusal)(refusal.kind, issues, refusal.retry_after)


def _ref(outcome: Outcome) -> Ref:
    return outcome.entry.type, outcome.target.id
