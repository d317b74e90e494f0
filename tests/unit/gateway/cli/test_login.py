"""Which login typed a command is what the machine says, whatever the environment claims."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from gateway.cli.login import operator
from gateway.custody.operator import login_of

MINE = pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("kept", ["4294967295", "", "nonsense", None])
def test_where_no_session_began_it_is_who_runs_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None
):
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    if kept is not None:
        (tmp_path / "loginuid").write_text(kept)
    assert login_of(operator(tmp_path / "loginuid").user) == MINE


def test_the_login_of_the_session_counts_through_sudo(tmp_path: Path):
    other = next(one for one in pwd.getpwall() if one.pw_uid != os.getuid())
    (tmp_path / "loginuid").write_text(str(other.pw_uid))
    assert login_of(operator(tmp_path / "loginuid").user) == pwd.getpwuid(other.pw_uid).pw_name


def test_a_login_without_a_name_is_told_by_its_number(tmp_path: Path):
    (tmp_path / "loginuid").write_text("4000000001")
    assert login_of(operator(tmp_path / "loginuid").user) == "uid-4000000001"
