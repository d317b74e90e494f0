"""Plans of ten varied patients as a clinician would read them: the last part of ``docs/plans.md``.

Each is a bundle as an EHR sends it, through the split, the engine and the mapper; what is printed is the
plan's own narrative. ``python -m tests.golden.printed`` writes them into the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from html import unescape
from random import Random
from typing import Any

from gateway.demo import people, stories
from gateway.demo.chart import Chart, Drug, Problem
from gateway.demo.patients import bundle
from mappers.recommendations import Plan
from mappers.recommendations_to_careplan import resources
from tests.conftest import ROOT
from tests.way import DAY, Way, pseudonym
from workers.engine.limit import limited

PAGE = ROOT / "docs" / "plans.md"
BEGIN = "<!-- ten plans: written by `python -m tests.golden.printed` -->"
MOST = 4
SIMVASTATIN = Drug("36567", "simvastatin", "Simvastatin 40 MG Oral Tablet")
CLARITHROMYCIN = Drug("21212", "clarithromycin", "Clarithromycin 500 MG Oral Tablet")
INFARCTION = Problem("I25.2", "1755008", "Old myocardial infarction")
ANGIOEDEMA = Problem("T78.3XXS", "41291007", "Angioedema")


@dataclass(frozen=True, slots=True)
class Person:
    """One patient of the page, in a sentence, and their chart."""

    who: str
    chart: dict[str, Any]
    most: int = 12


def everybody() -> list[Person]:
    """The ten, in the order of the page."""
    told = {story.title: seed for seed, story in enumerate(stories.STORIES)}

    def story(who: str, title: str) -> Person:
        return Person(who, bundle(told[title], DAY))

    return [
        story("A man with diabetes who missed two visits", "Diabetes, HbA1c overdue"),
        story(
            "A man with kidney disease and much albumin, on metformin",
            "Kidney disease 3b with much albumin, on metformin",
        ),
        story("A woman on metformin whose eGFR fell to 28", "eGFR 28 on metformin"),
        story("A man with heart disease and no statin", "Heart disease without a statin"),
        story(
            "A woman of 26 to 38 with diabetes and albumin; nobody wrote down whether she is pregnant",
            "Diabetes and albumin, pregnancy possible and unknown",
        ),
        story("A pregnant woman with high pressure", "Pregnant with chronic hypertension"),
        story("A man with an allergy that only a person can read", "Allergy that only a person can read"),
        Person("A man on simvastatin who was given clarithromycin", _told(_interaction, "male", 1958)),
        Person("A woman of 82 with diabetes and high pressure", _told(_old, "female", 1943)),
        Person(
            f"A man with four illnesses, where no more than {MOST} acts are asked at once",
            _told(_many, "male", 1964),
            MOST,
        ),
    ]


def page(way: Way) -> str:
    """The ten plans as Markdown."""
    parts = [f"### {number}. {one.who}\n\n{_printed(way, one)}" for number, one in enumerate(everybody(), 1)]
    return "\n\n".join(parts) + "\n"


def answered(way: Way, one: Person) -> Plan:
    """The answer that is printed."""
    return limited(way.go(one.chart).plan, one.most)


def div(way: Way, one: Person) -> str:
    """The narrative that is printed."""
    (careplan, *_) = resources(answered(way, one), "p" * 26, pseudonym)
    text: str = careplan["text"]["div"]
    return text


def _printed(way: Way, one: Person) -> str:
    text = div(way, one)
    text = re.sub(r"<p><b>([^<]*)</b>", r"\n\n**\1**", text)
    text = text.replace("<p>", "\n\n").replace("</p>", "").replace("<ul>", "\n").replace("</ul>", "")
    text = text.replace("<li>", "\n- ").replace("<b>", "**").replace("</b>", "**").replace("<br/>", "\\\n  ")
    text = re.sub(r"</?[a-z][^>]*>", "", text)
    lines = (line.rstrip() for line in unescape(text).strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(f"> {line}".rstrip() for line in lines))


# --- charts ----------------------------------------------------------------------------------------------


def _told(tell: Callable[[Chart], None], gender: str, born: int) -> dict[str, Any]:
    draw = Random(0)
    day = date(born, 5, 14)
    person = people.Person("1", "Goran", "Dvorak", gender, day, (DAY - day).days // 365, "+1 555 0100")
    made = Chart(draw, person, DAY)
    made.subject = made.add(people.patient(draw, person))
    tell(made)
    return {"resourceType": "Bundle", "type": "transaction", "entry": made.entries}


def _interaction(one: Chart) -> None:
    one.problem(INFARCTION, 1500)
    one.prescribe(SIMVASTATIN, 1400)
    one.prescribe(CLARITHROMYCIN, 3)
    one.pressure(128, 76, 90, one.visit(90))


def _old(one: Chart) -> None:
    one.problem(stories.DIABETES, 6000)
    one.problem(stories.HYPERTENSION, 6000)
    one.prescribe(stories.METFORMIN, 3000)
    one.prescribe(stories.AMLODIPINE, 3000)
    for ago in (130, 40):
        visit = one.visit(ago)
        one.measure(stories.HBA1C, 7.6, ago, visit)
        one.measure(stories.CREATININE, 0.9, ago, visit)
        one.measure(stories.ALBUMIN_CREATININE, 18, ago, visit)
        one.pressure(144, 78, ago, visit)


def _many(one: Chart) -> None:
    for problem in (stories.DIABETES, stories.HYPERTENSION, INFARCTION, ANGIOEDEMA):
        one.problem(problem, 2000)
    one.prescribe(stories.METFORMIN, 1900)
    for ago, albumin in ((420, 360), (200, 380)):
        visit = one.visit(ago)
        one.measure(stories.CREATININE, 1.8, ago, visit)
        one.measure(stories.ALBUMIN_CREATININE, albumin, ago, visit)
        one.measure(stories.POTASSIUM, 4.4, ago, visit)
        one.measure(stories.HBA1C, 8.2, ago, visit)
        one.pressure(148, 92, ago, visit)


def written() -> Iterator[str]:
    """The page up to the plans, then the plans."""
    head, _, _ = PAGE.read_text("utf-8").partition(BEGIN)
    yield from (head, BEGIN, "\n\n", page(Way()))


if __name__ == "__main__":
    PAGE.write_text("".join(list(written())), "utf-8")
