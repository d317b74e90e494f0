"""Our validation beside three that others wrote: what one of them rightly refuses, we refuse too.

Valid resources are broken in one place and put before the R4B models of ``fhir.resources``, HL7's own JSON
schema and ``fhirkit``. What one of them refuses and we accept has to stand in ``WRONGLY`` with its reason.
"""

from __future__ import annotations

import copy
import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import fhirkit
import jsonschema_rs
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mappers import lossless
from mappers.r4 import validate
from tests.unit.mappers.r4.generated import any_resource

Resource = dict[str, Any]
Place = tuple[str | int, ...]
Judge = Callable[[Resource], bool]

JUNK: tuple[Any, ...] = (
    *(None, "", "  ", " x", "a b", "x", "http://", "2021-02-30", "2021-13-01T00:00:00Z"),
    *([], {}, [None], {"a": 1}, 7, -1, 1.5, True),
)

WRONGLY: dict[str, tuple[str, str]] = {
    "schema": (
        r"(criteria|expression|trigger|condition|logic|.*Expression)\.language$|^Expression\.language$",
        "R4 binds Expression.language extensibly; the schema lists its codes as if no other were allowed",
    ),
    "models": (r"(?!)", "nothing"),
    "fhirkit": (r"(?!)", "nothing"),
}
"""Places where another judge refuses what R4 allows, and why."""


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    if here and here != ("resourceType",) and "div" not in here:
        yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*here, key))


def broken(resource: Resource, chance: random.Random) -> tuple[Resource, Place]:
    """The resource with one thing about it changed, and where."""
    made = copy.deepcopy(resource)
    where = chance.choice(list(places(made)))
    parent: Any = made
    for key in where[:-1]:
        parent = parent[key]
    match chance.randrange(5):
        case 0 if isinstance(parent, dict):
            del parent[where[-1]]
        case 1 if isinstance(parent, dict):
            parent["bogus"] = "x"
        case 2:
            parent[where[-1]] = [parent[where[-1]]]
        case _:
            parent[where[-1]] = copy.deepcopy(chance.choice(JUNK))
    return made, where


def ours(resource: Resource) -> bool:
    return not validate.problems(lossless.loads(json.dumps(resource).encode()))


def models(resource: Resource) -> bool:
    try:
        model = get_fhir_model_class(resource["resourceType"])
    except ValueError:
        return True  # R4B has fewer types than R4
    try:
        model.model_validate(resource)
    except (ValidationError, TypeError, AttributeError, KeyError, LookupError):
        return False
    return True


def kit(resource: Resource) -> bool:
    return not any(str(issue).startswith("error") for issue in fhirkit.validate(resource))


def schema_judge(shared_data: Path) -> Judge:
    with gzip.open(shared_data / "fhir" / "definitions" / "fhir.schema.json.gz") as file:
        schema = json.load(file)
    # The copy at hand names a type that R4 does not have, and its own root under another name.
    schema["definitions"] |= {"Resource": {"$ref": "#/definitions/ResourceList"}, "integer64": {}}
    return jsonschema_rs.validator_for(schema).is_valid


def disagreement(name: str, judge: Judge, valid: Resource, chance: random.Random) -> str | None:
    """Where a judge refuses and we do not, though it accepted the resource as it was."""
    made, where = broken(valid, chance)
    if not ours(made) or judge(made) or not judge(valid):
        return None
    path = ".".join(str(key) for key in where if isinstance(key, str))
    return None if re.search(WRONGLY[name][0], path) else f"{valid['resourceType']}.{path}"


@cache
def examples(folder: Path) -> tuple[Resource, ...]:
    files = [path for path in sorted(folder.glob("*.json")) if path.stat().st_size < 20_000]
    return tuple(json.loads(path.read_bytes()) for path in files)


@pytest.mark.parametrize("name", ["models", "schema", "fhirkit"])
def test_what_others_rightly_refuse_we_refuse(shared_data: Path, name: str):
    judge = {"models": models, "fhirkit": kit}.get(name) or schema_judge(shared_data)
    chance = random.Random(20_261_122)
    valid = examples(shared_data / "fhir" / "r4-examples")
    tries = (disagreement(name, judge, chance.choice(valid), chance) for _ in range(4_000))
    assert {found for found in tries if found} == set()


@settings(max_examples=150, deadline=None)
@given(any_resource(), st.randoms(use_true_random=False))
@pytest.mark.parametrize(("name", "judge"), [("models", models), ("fhirkit", kit)])
def test_so_we_do_with_resources_of_every_type(
    name: str, judge: Judge, resource: Resource, chance: random.Random
):
    plain: Resource = json.loads(lossless.dumps(resource))
    assert disagreement(name, judge, plain, chance) is None


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient", "gender": "m"},
        {"resourceType": "Patient", "active": "true"},
        {"resourceType": "Patient", "id": "x" * 65},
        {"resourceType": "Patient", "name": [{}]},
        {"resourceType": "Patient", "generalPractitioner": [{"reference": "Medication/1"}]},
        {
            "resourceType": "Basic",
            "code": {"text": "x"},
            "extension": [{"url": "a:b", "valueDecimal": "1.1"}],
        },
    ],
)
def test_what_a_well_known_model_lets_through_we_refuse(resource: Resource):
    assert not ours(resource)


@settings(max_examples=200, deadline=None)
@given(any_resource(), st.randoms(use_true_random=False))
def test_whatever_is_broken_is_judged_and_never_stumbled_over(resource: Resource, chance: random.Random):
    made = json.loads(lossless.dumps(resource))
    for _ in range(3):
        made, _ = broken(made, chance)
        ours(made)
        if not list(places(made)):
            return
