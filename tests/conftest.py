"""Fixtures that every level of test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.scheduling", "tests.servers"]

ROOT = Path(__file__).resolve().parent.parent

# What decides whether a change lands draws the same examples each time; everybody else goes on exploring.
settings.register_profile("landing", derandomize=True, deadline=None, max_examples=40)
if os.environ.get("CI"):
    settings.load_profile("landing")

# Who runs the tests with the product's own two variables set means: against these servers. The tests make
# databases of their own there, so the variables must not reach the product under test as they stand.
for _name in ("DATABASE_URL", "BROKER_URL"):
    _given = os.environ.pop(f"CARELOOM_{_name}", None)
    if _given:
        os.environ.setdefault(f"CARELOOM_TEST_{_name}", _given)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data beside the checkout, where there are any (``CARELOOM_TEST_SHARED_DATA``)."""
    folder = Path(os.environ.get("CARELOOM_TEST_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("reference data are not beside this checkout")
    return folder
