"""Tests that share an installation share a worker."""

from __future__ import annotations

import pytest

from tests.scheduling import group


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("tests/acceptance/test_kills.py::test_a[embedded]", "acceptance-embedded"),
        ("tests/acceptance/test_bad_input.py::test_b[embedded-cut]", "acceptance-embedded"),
        ("tests/acceptance/test_kills.py::test_a[servers]", "acceptance-servers"),
        ("tests/acceptance/test_readme.py::test_every_example[curl x]", "demo"),
        ("tests/integration/test_runtime_up.py::test_d", "processes"),
    ],
)
def test_what_shares_an_installation_is_one_group(nodeid: str, expected: str):
    assert group(nodeid) == expected


@pytest.mark.parametrize(
    "nodeid",
    ["tests/unit/test_x.py::test_y[embedded]", "tests/acceptance/test_bad_input.py::test_a_port_in_use"],
)
def test_all_others_are_free(nodeid: str):
    assert group(nodeid) == nodeid
