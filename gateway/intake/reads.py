"""What the GET entries of a bundle are answered with: what its writes leave, and otherwise what is stored.

They are read before the commit. One that may not be, or is not there, ends the bundle while nothing is
written yet, and the answer that a repeat will get is known in the transaction that stores it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from gateway.auth.actor import Actor
from gateway.intake.entries import criteria
from gateway.intake.looking import Looking, Ref
from gateway.intake.versions import Outcome
from gateway.refusal import Issue, Refused


def answered(actor: Actor, outcomes: Sequence[Outcome], looking: Looking) -> list[Outcome]:
    """The outcomes, those of reads with what they read. Raises ``Refused`` as a read of its own would."""
    written = {_ref(o): o for o in outcomes if o.interaction != "read"}
    return [o if o.interaction != "read" else _answered(actor, o, looking, written) for o in outcomes]


def _answered(actor: Actor, outcome: Outcome, looking: Looking, written: Mapping[Ref, Outcome]) -> Outcome:
    if outcome.entry.is_search:
        return _searched(actor, outcome, looking)
    beside = written.get(_ref(outcome))
    if beside is not None:
        stored = replace(beside.stored, created=False)
        return replace(outcome, stored=stored, target=beside.target, patient=beside.patient)
    stored = looking.read(actor, outcome.entry.type, outcome.entry.id or "")
    return replace(outcome, stored=stored, recorded=True)


def _searched(actor: Actor, outcome: Outcome, looking: Looking) -> Outcome:
    entry = outcome.entry
    try:
        found = looking.search(actor, entry.type, criteria(f"?{entry.query}") if entry.query else [])
    except Refused as refusal:
        # What is wrong with a search is told with the place of its entry.
        issues = [Issue(i.code, i.text, i.expression or entry.at) for i in refusal.issues]
        raise Refused(refusal.kind, issues) from None
    stored = replace(outcome.stored, body=found)
    return replace(outcome, interaction="search", stored=stored, recorded=True)


def _ref(outcome: Outcome) -> Ref:
    return outcome.entry.type, outcome.target.id
