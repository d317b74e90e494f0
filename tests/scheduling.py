"""Which tests share a worker of pytest-xdist: those that share an installation, because starting one is slow.

Groups are told from the tests' names. The marks that xdist has for this rename tests, which pytest no longer
allows: they are read and change nothing.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

ACCEPTANCE, PROCESSES = "tests/acceptance/", "tests/integration/test_runtime_"
FORM = re.compile(r"\[(embedded|servers)\b")


def group(nodeid: str) -> str:
    """The tests of one group run on one worker, in their order; most tests are a group of their own."""
    if nodeid.startswith(PROCESSES):
        return "processes"
    if not nodeid.startswith(ACCEPTANCE):
        return nodeid
    form = FORM.search(nodeid)
    if form is not None:
        return f"acceptance-{form[1]}"
    return "demo" if "test_readme.py" in nodeid else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Grouped(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    return Grouped(config, log)
