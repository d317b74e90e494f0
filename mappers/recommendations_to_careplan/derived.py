"""An Observation for each computed value, with the equation as its method."""

from __future__ import annotations

from mappers.facts_to_fhir import observation
from mappers.lossless import Json
from mappers.recommendations import Derived
from mappers.recommendations_to_careplan.writer import Writer, cited, security


def derived_observation(writer: Writer, derived: Derived) -> dict[str, Json]:
    """One computed value."""
    rule = derived.rule
    said = {
        **writer.named("Observation", derived.key),
        "meta": security(iter([rule])),
        "method": {"text": f"{rule.title}, version {rule.version}"},
        "interpretation": [{"text": derived.interpretation}] if derived.interpretation else None,
        "note": [{"text": text} for text in _notes(derived)],
    }
    return observation(derived.measurement, writer.patient, derived.inputs, said)


def _notes(derived: Derived) -> list[str]:
    notes = [f"Computed by Careloom. Source: {cited(derived.rule)}."]
    if derived.bounds:
        low, high = (f"{bound:f}" for bound in derived.bounds)
        notes.append(f"An input is known as a range only: the value lies between {low} and {high}.")
    return notes
