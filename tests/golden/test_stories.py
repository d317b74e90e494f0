"""Each story of the demo, from the bundle that an EHR sends to the plan that a clinician reads.

``tests/golden/stories/STORY``: ``input.json`` is the transaction, ``expected.json`` the page that it leads
to on 2 March 2026. ``CARELOOM_TEST_REWRITE_GOLDEN=1`` writes both. What is expected is read by people before
it is kept: a change in it is a change in what patients are proposed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.patients import bundle
from gateway.demo.stories import STORIES
from mappers import lossless
from tests.golden.test_golden import GOLDEN, REWRITE, agree, shown
from tests.way import DAY, Way, Woven, labels, page

FOLDER = GOLDEN / "stories"


def slug(title: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", title.lower()))


TOLD = {slug(story.title): seed for seed, story in enumerate(STORIES)}


def sent(name: str) -> dict[str, Any]:
    path = FOLDER / name / "input.json"
    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown(bundle(TOLD[name], DAY)), "utf-8")
    body: dict[str, Any] = lossless.loads(path.read_bytes())
    return body


@pytest.mark.parametrize("name", TOLD)
def test_a_story_leads_to_its_plan(way: Way, name: str) -> None:
    body = sent(name)
    woven: Woven = way.go(body)
    agree(page(woven.written, labels(body)), FOLDER / name / "expected.json")


def test_every_story_has_its_folder_and_no_folder_is_left_over() -> None:
    assert {path.name for path in Path(FOLDER).iterdir()} == set(TOLD)
