"""What the demo prints says whom, what and why; what is not there is not made up."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.console import Console
from rich.table import Table

from gateway.demo import table
from gateway.demo.session import Arrival, Cast, Patient

ADA = Arrival("Patient/1", "Ada Lovelace", "1970-12-10", living=True)
EVE = Arrival("Patient/2", "Eve Nobody", "1920-01-01", living=False)


def plan(*proposals: tuple[str, str]) -> dict:
    details = [
        {"code": {"text": what}, "description": f"Routine: {what}.\nWhy: {why}\nSource: x."}
        for what, why in proposals
    ]
    return {
        "subject": {"reference": "Patient/pseudonym"},
        "activity": [{"detail": detail} for detail in details],
    }


def printed(shown: Table) -> str:
    out = io.StringIO()
    Console(file=out, width=200).print(shown)
    return out.getvalue()


def test_a_patient_is_shown_with_findings_recommendations_and_reasons():
    told = plan(("Measure HbA1c", "The last value is from 2024."), ("Refer to nephrology", "eGFR is 24."))
    text = printed(table.patients([Patient(ADA, told, ("eGFR: 24 mL/min",))]))
    for word in ("Ada Lovelace", "1970-12-10", "eGFR: 24 mL/min", "Measure HbA1c", "eGFR is 24."):
        assert word in text
    assert "Source" not in text
    assert text.index("Measure HbA1c") < text.index("The last value is from 2024.") < text.index("Refer to")


@pytest.mark.parametrize(
    ("patient", "word"),
    [(Patient(ADA, {"subject": {}}, ()), table.NOTHING_DUE), (Patient(EVE, None, ()), table.NO_PLAN)],
)
def test_no_recommendation_is_said_in_words(patient: Patient, word: str):
    assert word in printed(table.patients([patient]))


def test_square_brackets_in_a_text_are_no_markup():
    assert "[bold]x" in printed(table.patients([Patient(ADA, plan(("[bold]x", "y")), ())]))


def test_the_partner_sees_the_fullest_plans_first():
    plans = [
        plan(),
        plan(("Measure HbA1c", "w")),
        plan(("Weigh", "w"), ("Measure pressure", "w")),
        plan(),
        plan(),
    ]
    text = printed(table.partner(plans))
    assert "5 plans" in text
    assert text.count("Patient/pseudonym") == table.MOST_PLANS
    assert text.index("Weigh") < text.index("Measure HbA1c")


def test_the_officer_sees_how_often_what_happened():
    text = printed(table.trail(Counter({"rest:create": 70, "rest:read": 3}), {"ok": True}))
    assert "73 events; the trail is whole" in text
    assert "rest:create" in text


def test_a_broken_trail_is_not_called_whole():
    assert "NOT WHOLE" in printed(table.trail(Counter(), {"ok": False}))


class Somebody:
    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token


def test_lines_to_copy_are_not_broken():
    out = io.StringIO()
    long = "t" * 300
    cast = Cast(Somebody(long), Somebody("p"), Somebody("o"))  # type: ignore[arg-type]
    table.invitation(Console(file=out, width=40), "http://127.0.0.1:1234", cast)
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert "export FHIR=http://127.0.0.1:1234/fhir" in lines
    assert f"export EHR={long}" in lines
    assert [line for line in lines if line.startswith("curl")]


def test_the_link_to_the_console_is_on_one_line_however_narrow_the_terminal_is():
    out = io.StringIO()
    link = f"http://127.0.0.1:1234/console/welcome/{'x' * 43}"
    table.desk(Console(file=out, width=40), link)
    assert f"  {link}\n" in out.getvalue()
