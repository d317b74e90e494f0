"""Synthetic patients by number: the same seed and the same day give the same bundle, byte for byte.

``bundle`` tells one story as a transaction. ``load_bundle`` fills the story up to a number of entries with
years of unremarkable check-ups, for the demo and the bench. Nobody in it has ever lived.
"""

from __future__ import annotations

from datetime import date
from random import Random

from gateway.demo.chart import Analyte, Chart, Resource
from gateway.demo.people import invent, patient
from gateway.demo.stories import STORIES, Story

CHECKS = (
    (Analyte("8867-4", "Heart rate", "/min", vital=True), 58, 86),
    (Analyte("9279-1", "Respiratory rate", "/min", vital=True), 12, 18),
    (Analyte("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L"), 137, 143),
    (Analyte("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L"), 99, 106),
    (Analyte("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL"), 180, 330),
    (Analyte("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL"), 5, 9),
    (Analyte("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL"), 13, 16),
)
FIRST_CHECK, CHECK_EVERY = 480, 170


def story(seed: int) -> Story:
    """The story that a seed tells: seeds that follow one another go through all of them."""
    return STORIES[seed % len(STORIES)]


def bundle(seed: int, today: date) -> Resource:
    """One patient's story as a FHIR R4 transaction."""
    return _transaction(_told(seed, today))


def load_bundle(seed: int, entries: int, today: date) -> Resource:
    """A story with so many entries exactly; a story that is longer is cut at its end."""
    chart = _told(seed, today)
    ago = FIRST_CHECK
    while len(chart.entries) < entries:
        _check_up(chart, ago)
        ago += CHECK_EVERY
    del chart.entries[entries:]
    return _transaction(chart)


def _told(seed: int, today: date) -> Chart:
    draw = Random(f"careloom patient {seed}")  # noqa: S311 - nobody's secret hangs on it
    telling = story(seed)
    person = invent(draw, telling.gender, draw.randint(*telling.ages), today)
    chart = Chart(draw, person, today)
    chart.subject = chart.add(patient(draw, person))
    telling.tell(chart)
    return chart


def _check_up(chart: Chart, ago: int) -> None:
    """A visit long ago at which nothing was found."""
    visit = chart.visit(ago)
    results = [chart.measure(what, chart.draw.randint(low, high), ago, visit) for what, low, high in CHECKS]
    chart.report(results[2:], ago, visit)
    if ago % 2 == 0:
        chart.vaccinate("140", "Influenza, seasonal, injectable, preservative free", ago, visit)
    chart.perform("430193006", "Medication reconciliation", ago, visit)


def _transaction(chart: Chart) -> Resource:
    return {"resourceType": "Bundle", "type": "transaction", "entry": chart.entries}
