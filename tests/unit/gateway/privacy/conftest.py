"""The shipped policies, loaded once."""

from __future__ import annotations

import pytest

from gateway.privacy.policy import CLINICAL, PARTNER_LIMITED, Policy, load


@pytest.fixture(scope="session")
def clinical() -> Policy:
    return load(CLINICAL)


@pytest.fixture(scope="session")
def partner() -> Policy:
    return load(PARTNER_LIMITED)
