"""Every score against worked examples, its published steps and limits, and small changes of itself."""

from __future__ import annotations

import ast
import json
import types
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.engine.scores import points
from workers.engine import scores
from workers.engine.scores import prevent
from workers.engine.scores.inputs import Number
from workers.engine.scores.score import Score, answer
from workers.engine.scores.table import SCORES

EXAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))[
    "examples"
]
MODULES = sorted(
    path
    for path in Path(scores.__file__).parent.glob("*.py")
    if "Score(" in path.read_text("utf-8") and path.stem not in {"score", "prevent"}
)
SOME = {one["id"]: one for one in EXAMPLES}


def agrees(score: Score, given: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    return dict(answer(score, given).result) == result


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one["id"])
def test_it_agrees_with_the_worked_example(example: dict[str, Any]):
    found = answer(SCORES[example["id"]], example["input"])
    assert dict(found.result) == example["result"]
    assert (found.missing, found.refused) == ((), None)


def test_every_score_has_worked_examples():
    assert SOME.keys() == SCORES.keys()


def stepped() -> Iterator[tuple[str, str, dict[str, Any], int]]:
    for score, result, base, given, steps in points.TABLES:
        yield score, result, base, given
        for name, rows in steps.items():
            yield from ((score, result, {**base, name: value}, given + more) for value, more in rows)


@pytest.mark.parametrize(("score", "result", "inputs", "wanted"), list(stepped()))
def test_each_step_of_a_table_gives_its_points(score: str, result: str, inputs: dict[str, Any], wanted: int):
    assert answer(SCORES[score], inputs).result[result] == wanted


@pytest.mark.parametrize(("score", "inputs", "band"), points.BANDS)
def test_each_band_ends_where_it_is_published(score: str, inputs: dict[str, Any], band: str | None):
    assert answer(SCORES[score], inputs).band == band


def test_the_ninth_item_of_phq_9_is_told_whatever_the_total():
    flagged = answer(SCORES["phq_9"], {"responses": [0] * 8 + [1]})
    assert flagged.result["item9_flag"]
    assert flagged.band == "minimal"
    assert "safety" in flagged.notes[0]
    assert not answer(SCORES["phq_9"], {"responses": [3] * 8 + [0]}).notes


def numbers() -> Iterator[tuple[str, str, Number]]:
    for score in SCORES.values():
        for one in score.inputs:
            if isinstance(one.kind, Number):
                yield score.id, one.name, one.kind


@pytest.mark.parametrize(("score", "name", "kind"), list(numbers()))
def test_a_number_outside_its_limits_is_refused_and_not_repeated(score: str, name: str, kind: Number):
    for value in (kind.low - 0.0123, kind.high + 0.0123, float("nan"), float("inf"), True, [1], "much"):
        found = answer(SCORES[score], {**SOME[score]["input"], name: value})
        assert not found.result
        assert found.refused is not None
        assert found.refused.startswith(f"{name}: a number from")
        assert "0123" not in found.refused


@pytest.mark.parametrize("score", SCORES.values(), ids=lambda one: one.id)
def test_what_is_not_given_is_missing_and_never_zero(score: Score):
    for one in score.inputs:
        given = {name: value for name, value in SOME[score.id]["input"].items() if name != one.name}
        for inputs in (given, {**given, one.name: None}):
            found = answer(score, inputs)
            if not one.optional:
                assert (dict(found.result), found.band, found.missing) == ({}, None, (one.name,))
    assert answer(score, {}).missing == tuple(one.name for one in score.inputs if not one.optional)


@pytest.mark.parametrize("score", SCORES.values(), ids=lambda one: one.id)
def test_a_misspelt_input_is_no_silent_default(score: Score):
    found = answer(score, {**SOME[score.id]["input"], "agee": 60})
    assert not found.result
    assert "not one of this score's" in str(found.refused)


@pytest.mark.parametrize("score", SCORES.values(), ids=lambda one: one.id)
def test_every_score_says_where_it_is_published_and_what_it_takes(score: Score):
    assert score.formula
    assert score.title
    assert score.source.startswith("https://") or score.id == "pdc"
    assert all(one.kind.says() for one in score.inputs)


def changed(tree: ast.Module) -> Iterator[int]:
    """Change each number of a module but for the limits of its inputs, one at a time; answers its line."""
    kept = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Number", "adult", "Answers"}
        for inner in ast.walk(node)
    }
    for node in [one for one in ast.walk(tree) if isinstance(one, ast.Constant) and id(one) not in kept]:
        was = node.value
        if type(was) not in (int, float) or (isinstance(was, float) and not was):
            continue
        for value in (was * 1.003, was * 0.997) if isinstance(was, float) else (was + 1, was - 1):
            node.value = value
            yield node.lineno
        node.value = was


def notices(found: dict[str, Score]) -> bool:
    """Whether some example, step or band tells these scores from the published ones."""
    worked = (agrees(found[one["id"]], one["input"], one["result"]) for one in EXAMPLES if one["id"] in found)
    steps = (
        answer(found[score], inputs).result.get(result) == wanted
        for score, result, inputs, wanted in stepped()
        if score in found
    )
    bands = (
        answer(found[score], given).band == band for score, given, band in points.BANDS if score in found
    )
    return not (all(worked) and all(steps) and all(bands))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_number_of_a_score_can_change_a_little_unseen(path: Path):
    tree = ast.parse(path.read_text("utf-8"))
    unseen = []
    for line in changed(tree):
        module = types.ModuleType(path.stem)
        try:
            exec(compile(tree, str(path), "exec"), module.__dict__)
            found = {one.id: one for one in vars(module).values() if isinstance(one, Score)}
            seen = notices(found)
        except Exception:
            seen = True
        if not seen:
            unseen.append(line)
    assert unseen == []


def test_no_coefficient_of_prevent_can_change_a_little_unseen(monkeypatch: pytest.MonkeyPatch):
    tables = json.loads(json.dumps(prevent.document("prevent/coefficients.json")))
    monkeypatch.setattr(prevent, "document", lambda _: tables)
    for asked, terms, coefficients in drawers(tables["models"]):
        for place, was in enumerate(coefficients):
            coefficients[place] = was * 1.0001 if was else 0.0001
            same = all(agrees(SCORES["prevent"], one["input"], one["result"]) for one in asked)
            assert not same or terms[place] == f"missing_{asked[0]['input']['model']}"
            coefficients[place] = was


def drawers(models: Mapping[str, Any]) -> Iterator[tuple[list[dict[str, Any]], list[str], list[float]]]:
    """Each row of coefficients, and the examples that look at it."""
    for model, horizon, sex in product(models, ("10yr", "30yr"), ("female", "male")):
        wanted = {"model": model, "horizon": horizon, "sex": sex}
        asked = [one for one in EXAMPLES if one["id"] == "prevent" and wanted.items() <= one["input"].items()]
        table = models[model][horizon]
        for coefficients in table["coefficients"][sex].values():
            yield asked, table["terms"], coefficients
