"""The grammar that R4's own expressions are written in."""

from __future__ import annotations

import pytest

from mappers.r4.fhirpath import NotFhirPath, parse


def name(identifier: str, base: object = None) -> list[object]:
    return ["name", base, identifier]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("Patient.name", name("name", name("Patient"))),
        ("a or b and c", ["or", name("a"), ["and", name("b"), name("c")]]),
        ("a implies b or c", ["implies", name("a"), ["or", name("b"), name("c")]]),
        ("(a or b) and c", ["and", ["or", name("a"), name("b")], name("c")]),
        ("a | b = c", ["=", ["|", name("a"), name("b")], name("c")]),
        ("a.count() > 1", [">", ["call", name("a"), "count", []], ["literal", 1]]),
        ("(A.b as Quantity)", ["as", name("b", name("A")), "Quantity"]),
        ("a.where(b = 'it''s')", None),
        (r"a = 'it\'s'", ["=", name("a"), ["literal", "it's"]]),
        ("entry[0].resource", name("resource", ["index", name("entry"), 0])),
        ("$this = true", ["=", ["variable", "$this"], ["literal", True]]),
        ("%ucum", ["variable", "%ucum"]),
        ("iif(a, 1, 2.5)", ["call", None, "iif", [name("a"), ["literal", 1], ["literal", "2.5"]]]),
        ("status in ('x' | 'y')", ["in", name("status"), ["|", ["literal", "x"], ["literal", "y"]]]),
    ],
)
def test_expressions_become_trees(text: str, tree: object) -> None:
    if tree is None:
        with pytest.raises(NotFhirPath):
            parse(text)
    else:
        assert parse(text) == tree


@pytest.mark.parametrize("text", ["", "a.", "a b", "a = ", "(a", "a[", "a ? b", "a.b(", "]"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(NotFhirPath):
        parse(text)
