"""What the demo prints: what was found in whom, what is recommended and why, and what each side may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.demo.client import Resource
from gateway.demo.session import PLAN_IDENTIFIER, Cast, Patient

NOTHING_DUE = "nothing is due"
NO_PLAN = "no plan: has died"
WHY = "Why: "
MOST_PLANS, MOST_EVENTS = 3, 6


def patients(shown: Sequence[Patient]) -> Table:
    """One block of lines per patient: each recommendation with its reason below it."""
    table = Table(
        "patient", "found", "recommended, because", title="What the hospital reads", show_lines=True
    )
    for patient in shown:
        name = Text(f"{patient.arrival.name}\nborn {patient.arrival.born}")
        table.add_row(name, Text("\n".join(patient.found)), _recommended(patient.plan))
    return table


def _recommended(plan: Resource | None) -> Text:
    if plan is None:
        return Text(NO_PLAN, style="dim")
    proposals = [_proposal(activity["detail"]) for activity in plan.get("activity", ())]
    if not proposals:
        return Text(NOTHING_DUE, style="dim")
    blocks = [Text.assemble((what, "bold"), "\n", (why, "dim")) for what, why in proposals]
    return Text("\n").join(blocks)


def _proposal(detail: Mapping[str, Any]) -> tuple[str, str]:
    reasons = [line for line in detail.get("description", "").splitlines() if line.startswith(WHY)]
    return detail["code"]["text"], " ".join(line.removeprefix(WHY) for line in reasons)


def partner(plans: Sequence[Resource]) -> Table:
    """The first few of the app's plans: the same advice, nobody's name."""
    title = f"What the partner app reads ({len(plans)} plans, pseudonyms only)"
    table = Table("subject", "recommended", title=title, min_width=len(title))
    for plan in sorted(plans, key=lambda each: -len(each.get("activity", ())))[:MOST_PLANS]:
        titles = [activity["detail"]["code"]["text"] for activity in plan.get("activity", ())]
        table.add_row(plan["subject"]["reference"], Text("\n".join(titles) or NOTHING_DUE))
    return table


def trail(events: Counter[str], verdict: Mapping[str, Any]) -> Table:
    """What the officer sees, and whether it can be believed."""
    state = "whole" if verdict["ok"] else "NOT WHOLE"
    title = f"What the compliance officer sees ({events.total()} events; the trail is {state})"
    table = Table("event", "times", title=title, min_width=len(title))
    for kind, times in events.most_common(MOST_EVENTS):
        table.add_row(kind, str(times))
    return table


def desk(console: Console, link: str) -> None:
    """The way to the console, on one line."""
    console.print(
        "The console, by a link that works once (an app for one-time codes is needed):\n", highlight=False
    )
    console.print(f"  {link}\n", highlight=False, soft_wrap=True, markup=False)


def invitation(console: Console, base_url: str, cast: Cast) -> None:
    """Lines for a second terminal. Not through the table: they are copied, so no line may be broken."""
    tokens = {"EHR": cast.hospital, "PARTNER": cast.partner, "OFFICER": cast.officer}
    lines = [
        f"export FHIR={base_url}/fhir",
        *(f"export {name}={who.token()}" for name, who in tokens.items()),
    ]
    console.print("\nTry it from a second terminal; the tokens live for a few minutes:\n", highlight=False)
    for line in lines:
        console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)
    plan = f'"$FHIR/CarePlan?identifier={PLAN_IDENTIFIER}&_count=1"'
    examples = {
        "EHR": ('"$FHIR/Patient?_count=2"', plan),
        "PARTNER": (plan,),
        "OFFICER": ('"$FHIR/AuditEvent?_count=5"',),
    }
    console.print()
    for who, urls in examples.items():
        for url in urls:
            asked = f'  curl -s -H "Authorization: Bearer ${who}" {url}'
            console.print(asked, highlight=False, soft_wrap=True, markup=False)
    console.print()
