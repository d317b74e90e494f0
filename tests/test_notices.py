"""Whose facts are carried is said where the law asks for it, and it travels with the wheel."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gateway", "mappers", "workers")
CARRIED = {
    "http://loinc.org": "LOINC",
    "http://unitsofmeasure.org": "UCUM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://snomed.info/sct": "SNOMED CT",
    "http://hl7.org/fhir": "HL7 FHIR",
    "cpicpgx.org": "CPIC",
}


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def carried_systems() -> set[str]:
    """The code systems that some file of the packages names."""
    files = [
        p
        for package in PACKAGES
        for p in (ROOT / package).rglob("*")
        if p.suffix in {".py", ".json", ".toml"}
    ]
    texts = [path.read_text("utf-8") for path in files]
    return {system for system in CARRIED if any(system in text for text in texts)}


def test_every_code_system_that_is_carried_has_its_notice():
    notice = (ROOT / "NOTICE").read_text("utf-8")
    carried = carried_systems()
    assert "http://loinc.org" in carried
    assert not [CARRIED[system] for system in carried if CARRIED[system] not in notice]


def test_the_notice_for_loinc_is_the_one_that_its_licence_asks_for():
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    assert "This material contains content from LOINC (http://loinc.org)" in notice
    assert "available at no cost under the license at http://loinc.org/license" in notice


def test_the_project_is_under_apache_2(project):
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")[:200]


def test_licence_and_notice_travel_with_the_wheel(project):
    assert set(project["license-files"]) == {"LICENSE", "NOTICE"}


def test_every_locked_dependency_is_pinned_with_a_hash():
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8").strip())
    entries = [entry for entry in entries if not entry.startswith("#")]
    assert entries
    assert not [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_every_direct_dependency_is_locked(project):
    locked = (ROOT / "requirements.lock").read_text("utf-8").lower()
    names = [re.split(r"[^A-Za-z0-9._-]", need)[0].lower() for need in project["dependencies"]]
    assert not [name for name in names if f"{re.sub(r'[._]', '-', name)}==" not in locked]
