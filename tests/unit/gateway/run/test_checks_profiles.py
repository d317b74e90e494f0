"""A profile that cannot be honoured stops everything before any part of it starts, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.profiles import ProfilesRefused
from gateway.run import checks


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"CARELOOM_DATA_DIR": str(tmp_path)}


def test_what_ships_can_be_honoured(environ: dict[str, str]):
    checks.profiles(environ)


def test_a_file_that_cannot_be_read_is_named(environ: dict[str, str], tmp_path: Path):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "torn.json").write_text("{")
    with pytest.raises(ProfilesRefused, match=r"torn\.json"):
        checks.profiles(environ)


def test_law_12_one_that_is_asked_of_writes_must_be_known(environ: dict[str, str]):
    with pytest.raises(ProfilesRefused, match="CARELOOM_PROFILES_ENFORCED"):
        checks.profiles({**environ, "CARELOOM_PROFILES_ENFORCED": "urn:x"})


def test_law_12_a_folder_that_is_named_must_be_there(environ: dict[str, str], tmp_path: Path):
    with pytest.raises(ProfilesRefused, match="CARELOOM_PROFILES"):
        checks.profiles({**environ, "CARELOOM_PROFILES": str(tmp_path / "none")})
