"""The documented shape of what is withheld, read back by hand."""

from __future__ import annotations

from gateway.privacy.merge import merge


def test_withheld_members_are_laid_over_the_clinical_half() -> None:
    assert merge({"a": 1, "b": "p"}, {"b": "original", "c": 3}) == {"a": 1, "b": "original", "c": 3}


def test_marks_are_removed() -> None:
    assert merge({"_a": {"extension": []}}, {"a": "x", "-": ["_a"]}) == {"a": "x"}


def test_inner_objects_and_arrays_are_completed() -> None:
    kept = {"code": {"coding": [{"code": "1"}, {"extension": []}]}}
    gone = {
        "/": {
            "code": {
                "text": "t",
                "/": {"coding": [["+", 0, {"x": 1}], ["/", 1, {"y": 2}], ["=", 2, {"z": 3}]]},
            }
        }
    }
    assert merge(kept, gone) == {"code": {"text": "t", "coding": [{"x": 1}, {"code": "1", "y": 2}, {"z": 3}]}}
    assert kept == {"code": {"coding": [{"code": "1"}, {"extension": []}]}}


def test_without_a_clinical_half_the_other_is_the_resource() -> None:
    assert merge(None, {"resourceType": "Patient"}) == {"resourceType": "Patient"}
