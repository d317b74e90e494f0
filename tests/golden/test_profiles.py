"""Careloom's own plans conform to US Core's CarePlan, whatever the engine had to say."""

from __future__ import annotations

import msgspec
import pytest

from mappers import lossless
from mappers.lossless import Json
from mappers.recommendations import Plan
from mappers.recommendations_to_careplan import completed, resources
from tests.golden.test_golden import cases, ident
from tests.golden.test_stories import TOLD, sent
from tests.unit.mappers.profiles.conforming import CAREPLAN, errors, shipped
from tests.way import Way


def held(plan: Json) -> list[str]:
    """The faults of a plan as it is sent: through bytes, as whoever receives it sees it."""
    told = lossless.loads(lossless.dumps(plan))
    return [f"{one.expression}: {one.text}" for one in errors(shipped().check(told, CAREPLAN))]


@pytest.mark.parametrize("case", cases("careplan"), ids=lambda path: path.name)
def test_what_the_writer_writes_conforms(case):
    plan = msgspec.json.decode((case / "input.json").read_bytes(), type=Plan)
    written = resources(plan, "p" * 26, ident)[0]
    assert held(written) == []
    assert held(completed(written)) == []
    broken = {**written, "text": {**written["text"], "status": "empty"}}
    assert [fault.partition(":")[0] for fault in held(broken)] == ["CarePlan.text.status"]


@pytest.mark.parametrize("name", sorted(TOLD.keys() - {"has_died"}))
def test_the_plan_of_each_story_conforms(way: Way, name: str):
    plans = [one for one in way.go(sent(name)).written if one["resourceType"] == "CarePlan"]
    assert plans
    assert [fault for plan in plans for fault in held(plan)] == []
