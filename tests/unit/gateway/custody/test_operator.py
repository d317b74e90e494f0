"""Who typed a command, as an event bears it."""

from __future__ import annotations

import pytest

from gateway.custody.operator import COMMAND_LINE, LOGIN, By, login_of, typed_by


@pytest.mark.parametrize(
    ("login", "kept"),
    [("alice", "alice"), ("a|b", "ab"), ("a\nb\x1b", "ab"), ("", "unknown"), ("x" * 99, "x" * 64)],
)
def test_a_login_stands_behind_a_system_of_its_own(login: str, kept: str):
    by = typed_by(login)
    assert (str(by), by.user) == ("command line", f"{LOGIN}|{kept}")
    assert login_of(by.user) == kept


@pytest.mark.parametrize("user", [None, "", "npi-12", "https://st-anna.example|alice", LOGIN])
def test_whom_a_client_named_is_no_login(user: str | None):
    assert login_of(user) is None


def test_a_tool_is_written_by_its_name():
    assert f"{By('careloom-courier')}; {COMMAND_LINE}" == "careloom-courier; command line"
