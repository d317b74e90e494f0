"""Every row of every table names its source, version, date and licence, and its codes can be codes."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from mappers.codes import ICD_10, ICD_10_CM, LOINC, SNOMED
from mappers.tables import PROVENANCE, document, parts, rows

TABLES = sorted(
    path.name for path in files("mappers").joinpath("data").iterdir() if path.name.endswith(".csv")
)


def verhoeff(number: str) -> bool:
    """SNOMED CT's check digit."""
    multiply = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ]
    permute = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    for _ in range(6):
        permute.append([permute[-1][permute[1][i]] for i in range(10)])
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = multiply[check][permute[place % 8][int(digit)]]
    return check == 0


def mod10(code: str) -> bool:
    """LOINC's check digit (Luhn over what stands before the dash)."""
    body, _, check = code.rpartition("-")
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return (10 - total % 10) % 10 == int(check)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_names_source_version_date_and_licence(table):
    found = list(rows(table))
    assert found
    for row in found:
        assert all(row[name] for name in PROVENANCE), row
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["date"])


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_there_twice(table):
    found = [tuple(value for name, value in row.items() if name not in PROVENANCE) for row in rows(table)]
    assert len(found) == len(set(found))


def test_the_grammar_names_its_source():
    assert all(document("drug_grammar.json")[name] for name in PROVENANCE)


@pytest.mark.parametrize("table", ["problem_codes.csv", "allergens.csv", "answers.csv"])
def test_every_snomed_code_has_its_check_digit(table):
    wrong = [row["code"] for row in rows(table) if row["system"] == SNOMED and not verhoeff(row["code"])]
    assert not wrong


def test_every_loinc_code_has_its_check_digit():
    coded = [code for row in rows("analytes.csv") for code in parts(row["loinc"])]
    coded += [row["question_loinc"] for row in rows("answers.csv")]
    coded += [row["item_loinc"] for row in rows("survey_answers.csv")]
    assert not [code for code in coded if not mod10(code)]


def test_icd_prefixes_are_prefixes():
    icd = [row for row in rows("problem_codes.csv") if row["system"] in {ICD_10, ICD_10_CM}]
    assert icd
    for row in icd:
        assert row["match"] == "prefix"
        assert re.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?", row["code"]), row["code"]


def test_codes_name_only_problems_that_have_a_name():
    named = {row["key"] for row in rows("problems.csv")}
    assert {row["key"] for row in rows("problem_codes.csv")} <= named
    assert {key for row in rows("problems.csv") for key in parts(row["classes"])} - named <= {"ascvd"}


def test_products_and_brands_name_only_known_ingredients():
    known = {row["name"] for row in rows("ingredients.csv")}
    for table in ("drug_products.csv", "drug_brands.csv"):
        for row in rows(table):
            assert set(parts(row["ingredients"])) <= known, row


def test_one_rxnorm_code_names_one_ingredient():
    coded = [row["rxcui"] for row in rows("ingredients.csv") if row["rxcui"]]
    assert all(code.isdigit() for code in coded)
    assert len(coded) == len(set(coded))


# What the letters LA add to the check digit of an answer's code, by whether its digits are even in number.
LETTERS = {True: 5, False: 2}


def answer_digit(code: str) -> bool:
    """LOINC's check digit where letters stand before the digits."""
    body, _, check = code.removeprefix("LA").partition("-")
    plain = (int(check) - LETTERS[len(body) % 2 == 0]) % 10
    return mod10(f"{body}-{plain}")


@pytest.mark.parametrize("table", ["answers.csv", "survey_answers.csv"])
def test_every_answer_of_loinc_has_its_check_digit(table):
    answers = [row["code"] for row in rows(table) if row["system"] == LOINC]
    assert answers
    assert not [code for code in answers if not answer_digit(code)]
    assert not answer_digit("LA6586-5")


def test_every_instrument_is_an_analyte_and_every_relation_has_one_name():
    assert {row["instrument"] for row in rows("survey_answers.csv")} <= {
        row["key"] for row in rows("analytes.csv")
    }
    related = [row["code"] for row in rows("relations.csv")]
    assert len(related) == len(set(related))
    assert {row["degree"] for row in rows("relations.csv")} == {"1", "2", "3", ""}
