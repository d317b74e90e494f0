"""The shipped knowledge, loaded once."""

from __future__ import annotations

import pytest

from workers.engine.definitions import Knowledge
from workers.engine.knowledge import load


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load()
