"""The whole way, put together once."""

from __future__ import annotations

import pytest

from tests.way import Way


@pytest.fixture(scope="session")
def way() -> Way:
    return Way()
