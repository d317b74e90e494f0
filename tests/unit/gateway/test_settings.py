"""Settings are read once, checked, and told apart from misspelt ones."""

from __future__ import annotations

import os
import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from gateway.settings import VARIABLES, SettingRefused, Settings

DOCS = Path(__file__).resolve().parents[3] / "docs" / "settings.md"


def refusal(**environ: str) -> str:
    with pytest.raises(SettingRefused) as error:
        Settings.from_environ(environ)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_nothing_set_is_the_embedded_default(tmp_path: Path):
    settings = Settings.from_environ({"CARELOOM_DATA_DIR": str(tmp_path)})
    assert settings.storage.database_url == f"sqlite:///{tmp_path / 'careloom.db'}"
    assert settings.token_seconds == 300
    assert settings.fhir_base == "http://127.0.0.1:8080/fhir"
    assert settings.token_url == "http://127.0.0.1:8080/auth/token"


@pytest.mark.parametrize(("cores", "gateways"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_there_are_as_many_gateways_as_cores_and_at_most_four(
    monkeypatch: pytest.MonkeyPatch, cores: int, gateways: int
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert Settings.from_environ({}).gateways == gateways


def test_an_empty_variable_is_no_variable():
    assert Settings.from_environ({"CARELOOM_RATE": ""}).rate == Settings.from_environ({}).rate


@pytest.mark.parametrize("variable", [v for v in VARIABLES if v.read], ids=lambda v: v.name)
def test_every_variable_that_is_read_here_has_a_field_with_a_default(variable):
    names = {field.name for field in fields(Settings)}
    assert variable.field in names
    assert getattr(Settings.from_environ({}), variable.field) is not None


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("CARELOOM_BASE_URL", "https://careloom.example.org/", "base_url", "https://careloom.example.org"),
        ("CARELOOM_BODY_LIMIT", "1048576", "body_limit", 1_048_576),
        ("CARELOOM_JSON_DEPTH", "20", "json_depth", 20),
        ("CARELOOM_ENTRY_LIMIT", "100", "entry_limit", 100),
        ("CARELOOM_TOKEN_SECONDS", "60", "token_seconds", 60),
        ("CARELOOM_THREADS", "8", "threads", 8),
        ("CARELOOM_GATEWAYS", "3", "gateways", 3),
        ("CARELOOM_HANG_SECONDS", "5", "hang_seconds", 5),
        ("CARELOOM_RATE", "50", "rate", 50),
        ("CARELOOM_JWKS_SECONDS", "2", "jwks_seconds", 2),
        ("CARELOOM_POLICY", "/etc/careloom/mine.toml", "policy", "/etc/careloom/mine.toml"),
        ("CARELOOM_RELEASE_POLICY", "mine.toml", "release_policy", "mine.toml"),
    ],
)
def test_a_setting_is_read(name: str, value: str, field: str, read: object):
    assert getattr(Settings.from_environ({name: value}), field) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARELOOM_BASE_URL", "careloom.example.org"),
        ("CARELOOM_BASE_URL", "ftp://careloom.example.org"),
        ("CARELOOM_BASE_URL", "https://"),
        ("CARELOOM_BASE_URL", "https://careloom.example.org/?x=y"),
        ("CARELOOM_BODY_LIMIT", "0"),
        ("CARELOOM_BODY_LIMIT", "32MB"),
        ("CARELOOM_BODY_LIMIT", "-1"),
        ("CARELOOM_TOKEN_SECONDS", "301"),
        ("CARELOOM_TOKEN_SECONDS", "3e2"),
        ("CARELOOM_THREADS", "0"),
        ("CARELOOM_RATE", "none"),
        ("CARELOOM_JSON_DEPTH", "1000000"),
        ("CARELOOM_ENTRY_LIMIT", "0"),
        ("CARELOOM_KEY_PROVIDER", "drawer"),
        ("CARELOOM_DATABASE_URL", "mysql://x"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(name: str, value: str):
    assert refusal(**{name: value}).startswith(name)


def test_one_database_cannot_hold_the_keys_too():
    assert "CARELOOM_KEYS_URL" in refusal(
        CARELOOM_DATABASE_URL="sqlite:////tmp/x.db", CARELOOM_KEYS_URL="sqlite:////tmp/x.db"
    )


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("CARELOOM_BODYLIMIT", "CARELOOM_BODY_LIMIT"),
        ("CARELOOM_DATBASE_URL", "CARELOOM_DATABASE_URL"),
        ("CARELOOM_TOKEN_SECOND", "CARELOOM_TOKEN_SECONDS"),
        ("CARELOOM_BASEURL", "CARELOOM_BASE_URL"),
    ],
)
def test_law_12_a_misspelt_setting_stops_the_start(wrong: str, right: str):
    assert f"did you mean {right}?" in refusal(**{wrong: "1"})


def test_what_is_for_tests_or_for_others_is_left_alone():
    Settings.from_environ({"CARELOOM_TEST_DATABASE_URL": "x", "PATH": "/bin", "CARELOOMISH": "y"})


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Settings.from_environ({}).rate = 1  # type: ignore[misc]


def test_profiles_are_looked_for_in_the_data_directory_unless_a_folder_is_named(tmp_path: Path):
    here = Settings.from_environ({"CARELOOM_DATA_DIR": str(tmp_path)})
    assert here.profiles_folder == tmp_path / "profiles"
    assert (here.profiles, here.profiles_enforced) == (None, ())
    named = {"CARELOOM_PROFILES": str(tmp_path / "a"), "CARELOOM_PROFILES_ENFORCED": "urn:a|1, urn:b,"}
    assert Settings.from_environ(named).profiles_folder == tmp_path / "a"
    assert Settings.from_environ(named).profiles_enforced == ("urn:a|1", "urn:b")


def test_the_page_tells_every_variable_with_the_default_that_it_has():
    told = dict(
        re.findall(r"^\| `(CARELOOM_[A-Z_]+)` \| `([^`]*)` \|", DOCS.read_text("utf-8"), re.MULTILINE)
    )
    assert set(told) == {variable.name for variable in VARIABLES}
    settings = Settings.from_environ({})
    for variable in VARIABLES:
        # How many gateways there are depends on the machine, and is said in words.
        if variable.read and variable.name != "CARELOOM_GATEWAYS":
            assert told[variable.name] == str(getattr(settings, variable.field)), variable.name
    assert told["CARELOOM_GATEWAYS"] == "as many as cores, at most 4"
