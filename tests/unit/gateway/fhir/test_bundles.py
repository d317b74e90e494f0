"""What answers are made of."""

from __future__ import annotations

import pytest

from gateway.fhir.bundles import dropped


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gender:zz", "gender:zz"),
        ("shoe-size", "shoe-size"),
        ("subject:Patient.name:zz", "subject:Patient.name:zz"),
        ("_has:Observation:patient:zz", "_has:Observation:patient:zz"),
        ("<script>", "(unreadable)"),
        ("Anne Hopkins 1961", "(unreadable)"),
        ("gender:", "(unreadable)"),
        ("x" * 41, "(unreadable)"),
    ],
)
def test_what_was_left_out_is_named_with_its_modifier_and_nothing_else_is_repeated(name: str, shown: str):
    assert f" {shown}." in dropped([name])
