"""``careloom calc`` as a person at a terminal and a program behind a pipe use it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from gateway.cli.calc import calc
from workers.engine.scores.table import SCORES


def run(*words: str, lines: str | bytes = "") -> Result:
    return CliRunner().invoke(calc, words, input=lines)


def test_a_person_sees_the_result_the_band_the_formula_and_the_source():
    told = run("ckd_epi_2021", "age=60", "sex=female", "creatinine=1.0")
    assert told.exit_code == 0
    for word in ("64.495", "G2", "142", "10.1056/NEJMoa2102953"):
        assert word in told.output


def test_a_program_gets_one_object():
    told = run("phenotype", "gene=CYP2C19", "alleles=*1,*2", "--json")
    assert json.loads(told.output)["result"]["phenotype"] == "Intermediate Metabolizer"
    listed = run("phq_9", "responses=[1,1,1,1,1,1,1,1,1]", "--json")
    assert json.loads(listed.output)["result"]["severity"] == "mild"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bmi", "weight_kg=70"), "height_cm"),
        (("pce_2013", "age=39"), "from 40 to 79"),
        (("phenotype", "gene=CYP2C19", "alleles=*1,*888"), "unknown is not normal"),
    ],
)
def test_what_is_missing_or_refused_is_said_and_is_no_success(words: tuple[str, ...], said: str):
    told = run(*words)
    assert told.exit_code == 1
    assert said in " ".join(told.output.replace("│", " ").split())
    assert "888" not in told.output


@pytest.mark.parametrize("words", [("no_such_score",), ("bmi", "weight_kg")])
def test_a_wrong_command_says_what_is_wrong(words: tuple[str, ...]):
    told = run(*words)
    assert told.exit_code == 2
    assert "careloom calc --list" in told.output or "KEY=VALUE" in told.output


def test_a_stream_answers_each_line_in_its_order():
    questions = [
        {"id": "bmi", "input": {"weight_kg": 67, "height_cm": 166}},
        {"id": "phenotype", "gene": "CYP2D6", "alleles": ["*1", "*4"]},
        {"id": "bmi", "input": {}},
    ]
    told = run("--stdin", lines="\n".join(map(json.dumps, questions)) + "\n\n")
    assert told.exit_code == 0
    answers = [json.loads(line) for line in told.output.splitlines()]
    assert [one["id"] for one in answers] == ["bmi", "phenotype", "bmi"]
    assert answers[2]["missing"] == ["weight_kg", "height_cm"]


def test_a_line_that_is_no_json_is_answered_and_the_others_too():
    lines = (
        b'{"id": "bmi"\n\xff\xfe\n{"id": "bmi", "input": {"weight_kg": 67, "height_cm": 166}}\n'
        + b"[" * 50_000
    )
    told = run("--stdin", lines=lines)
    assert told.exit_code == 1
    answers = [json.loads(line) for line in told.output.splitlines()]
    assert [bool(one["result"]) for one in answers] == [False, False, True, False]
    assert {one["refused"] for one in answers if not one["result"]} == {"this line is not JSON"}


def test_more_lines_than_one_chunk_all_come_back():
    line = json.dumps({"id": "bmi", "input": {"weight_kg": 67, "height_cm": 166}})
    told = run("--stdin", lines=f"{line}\n" * 1_203)
    assert len(set(told.output.splitlines())) == 1
    assert len(told.output.splitlines()) == 1_203


def test_all_that_can_be_computed_is_listed_with_what_it_asks_for():
    told = json.loads(run("--list", "--json").output)
    assert [one["id"] for one in told] == list(SCORES)
    assert all(one["inputs"] and one["formula"] for one in told)
    assert "phenotype" in run("--list").output
    assert run().output == run("--list").output


@pytest.mark.parametrize("alleles", ["*1,*2", "*1/*2", "CYP2C19*1/CYP2C19*2", '["*1","*2"]'])
def test_alleles_are_taken_as_people_write_them(alleles: str):
    told = run("phenotype", "gene=cyp2c19", f"alleles={alleles}", "--json")
    assert json.loads(told.output)["result"]["phenotype"] == "Intermediate Metabolizer"


def test_an_allele_whose_name_holds_a_comma_is_one():
    name = "c.1129-5923C>G, c.1236G>A (HapB3)"
    told = run("phenotype", "gene=DPYD", f"alleles=Reference/{name}", "--json")
    assert json.loads(told.output)["result"]["activity_score"] == "1.5"


def test_a_phenotype_names_its_formula_and_the_version_of_its_table():
    told = " ".join(run("phenotype", "gene=CYP2C19", "alleles=*1,*2").output.replace("│", " ").split())
    for word in ("formula", "2025-11-05", "https://cpicpgx.org"):
        assert word in told


def test_a_risk_is_told_in_percent_too_and_what_is_missing_with_what_it_takes():
    asked = ("age=50", "sex=female", "egfr=28", "acr=420", "region=other")
    assert "%)" in run("kfre_4var", *asked).output
    assert "from 0.1 to" in run("ckd_epi_2021", "age=60", "sex=female").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stdin", "bmi"), "no score is named beside it"),
        (("--list", "bmi"), "no score is named beside it"),
        (("bmi", "weight_kg=70", "weight_kg=71", "height_cm=170"), "given twice"),
    ],
)
def test_what_would_be_ignored_is_an_error(words: tuple[str, ...], said: str):
    told = run(*words)
    assert told.exit_code == 2
    assert said in told.output
    assert "71" not in told.output
