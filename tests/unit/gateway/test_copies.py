"""Where copies of the trail go is said once, and what makes no sense is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.copies import SIX_YEARS, Copies
from gateway.custody.checkpoint import Pace
from gateway.custody.errors import Misconfigured
from gateway.custody.jobs import SECOND
from gateway.custody.periods import Period
from gateway.settings import SettingRefused, Settings
from gateway.syslog.line import Target

URL = "syslog+tls://siem.example.org"


def copies(**given: str) -> Copies:
    return Copies.from_environ({f"CARELOOM_{name}": value for name, value in given.items()})


def refusal(**given: str) -> str:
    with pytest.raises(Misconfigured) as error:
        copies(**given)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_nothing_said_is_nobody_told():
    assert copies() == Copies()
    assert copies().receivers() == {}
    assert copies().pace == Pace(10_000, 60 * SECOND)
    assert copies().keep == SIX_YEARS


def test_a_siem_is_reached_at_its_port_or_the_usual_one():
    assert copies(SIEM_URL=URL).siem == Target("siem.example.org", 6514)
    assert copies(SIEM_URL=f"{URL}:7000/").siem == Target("siem.example.org", 7000)
    assert copies(SIEM_URL="syslog+tls://[::1]:7000").siem == Target("::1", 7000)


def test_its_files_are_named(tmp_path: Path):
    ca, cert, key = (tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem"))
    found = copies(SIEM_URL=URL, SIEM_CA=str(ca), SIEM_CERT=str(cert), SIEM_KEY=str(key))
    assert found.siem == Target("siem.example.org", 6514, ca, cert, key)
    strict = copies(SIEM_URL=URL, SIEM_CONFIRM="answered").siem
    assert strict
    assert strict.answered


@pytest.mark.parametrize(
    "url",
    [
        "siem.example.org:6514",
        "syslog://siem.example.org",
        "https://siem.example.org",
        "syslog+tls://",
        "syslog+tls://x:y@siem.example.org",
        "syslog+tls://siem.example.org/path",
        "syslog+tls://siem.example.org:99999",
    ],
)
def test_only_syslog_over_tls_is_spoken(url: str):
    assert refusal(SIEM_URL=url).startswith("CARELOOM_SIEM_URL")


@pytest.mark.parametrize("name", ["SIEM_CA", "SIEM_CERT", "SIEM_KEY"])
def test_a_file_without_a_siem_is_a_mistake(name: str):
    assert "CARELOOM_SIEM_URL" in refusal(**{name: "x.pem"})


def test_a_key_without_a_certificate_is_a_mistake():
    assert "CARELOOM_SIEM_CERT" in refusal(SIEM_URL=URL, SIEM_KEY="x.pem")


@pytest.mark.parametrize(
    ("text", "logs"), [("all", None), ("0", frozenset({0})), ("0, 3,12", frozenset({0, 3, 12}))]
)
def test_logs_are_named_by_number(text: str, logs: frozenset[int] | None):
    assert copies(SIEM_URL=URL, SIEM_LOGS=text).receivers() == {"siem": logs}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIEM_LOGS", "St. Anna"),
        ("SIEM_LOGS", "1,,2"),
        ("SIEM_LOGS", "-1"),
        ("SIEM_CONFIRM", "maybe"),
        ("SIEM_LATE_SECONDS", "5"),
        ("SIEM_LATE_SECONDS", "soon"),
        ("CHECKPOINTS", "file,paper"),
        ("CHECKPOINTS", "s3://"),
        ("CHECKPOINTS", ","),
        ("AUDIT_KEEP", "six years"),
        ("CHECKPOINT_EVERY_EVENTS", "0"),
        ("CHECKPOINT_EVERY_SECONDS", "0"),
        ("CHECKPOINT_EVERY_SECONDS", "1.5"),
    ],
)
def test_what_makes_no_sense_is_named(name: str, value: str):
    assert refusal(**({"SIEM_URL": URL} | {name: value})).startswith(f"CARELOOM_{name}")


def test_places_are_each_named_once_and_the_files_are_always_there():
    assert copies(CHECKPOINTS="file").places == ()
    found = copies(SIEM_URL=URL, CHECKPOINTS="file, syslog,s3://notes/a/,s3://notes/a,s3://more")
    assert found.places == ("syslog", "s3://notes/a", "s3://more")
    assert list(found.receivers()) == [
        "siem",
        "checkpoints:syslog",
        "checkpoints:s3://notes/a",
        "checkpoints:s3://more",
    ]


def test_syslog_as_a_place_needs_a_siem():
    assert "CARELOOM_SIEM_URL" in refusal(CHECKPOINTS="file,syslog")


def test_how_often_and_for_how_long():
    found = copies(
        CHECKPOINT_EVERY_EVENTS="100",
        CHECKPOINT_EVERY_SECONDS="5",
        AUDIT_KEEP="10y",
        CHECKPOINT_ENDPOINT="http://x",
    )
    assert found.pace == Pace(100, 5 * SECOND)
    assert found.keep == Period(10, "y")
    assert found.s3_endpoint == "http://x"


def test_every_command_refuses_what_is_refused_here():
    with pytest.raises(SettingRefused, match="CARELOOM_SIEM_URL"):
        Settings.from_environ({"CARELOOM_SIEM_URL": "http://x"})
    assert Settings.from_environ({"CARELOOM_SIEM_URL": URL}).copies.siem == Target("siem.example.org")
