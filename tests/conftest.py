"""Fixtures that every level of test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.scheduling", "tests.servers"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data beside the checkout, where there are any (``CARELOOM_TEST_SHARED_DATA``)."""
    folder = Path(os.environ.get("CARELOOM_TEST_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("reference data are not beside this checkout")
    return folder
