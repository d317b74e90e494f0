"""What a sender prefers, as it is kept for later."""

from __future__ import annotations

import pytest

from gateway.intake.returning import Preferences, Returning, returning


@pytest.mark.parametrize("form", Returning)
@pytest.mark.parametrize("lenient", [False, True])
def test_preferences_come_back_from_their_text(form: Returning, lenient: bool):
    kept = Preferences(form, lenient)
    assert Preferences.kept(str(kept)) == kept


@pytest.mark.parametrize("text", [None, "", "nonsense", "return=everything; handling=loose"])
def test_what_nobody_preferred_is_minimal_and_strict(text: str | None):
    assert Preferences.kept(text) == Preferences(Returning.MINIMAL, False)


def test_a_form_that_fhir_does_not_have_is_as_if_it_were_not_there():
    assert returning("everything") is Returning.MINIMAL
