"""``careloom facts report``: each resource counted once, as workers would see it, and nothing told of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import facts_folder
from gateway.cli.main import main
from mappers import lossless
from mappers.codes import LOINC, RXNORM
from mappers.fhir_to_facts.account import Account
from tests.unit.mappers.fhir_to_facts.chart import code, diagnosis, lab, patient, resource

SECRET = "Hopkins"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARELOOM_DATA_DIR", raising=False)


def of(body: dict[str, Any], whose: str = "pat") -> dict[str, Any]:
    return body | {"subject": {"reference": f"Patient/{whose}"}}


def bundle(*bodies: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    """A transaction whose entries point at one another by ``urn:uuid``."""
    text = lossless.dumps(
        {
            "resourceType": "Bundle",
            "type": kind,
            "entry": [{"fullUrl": f"urn:uuid:{body['id']}", "resource": body} for body in bodies],
        }
    )
    told: dict[str, Any] = lossless.loads(text.replace(b'"Patient/pat"', b'"urn:uuid:pat"'))
    return told


def report(
    folder: Path, capsys: pytest.CaptureFixture[str], files: dict[str, Any], *words: str
) -> tuple[int, dict[str, Any]]:
    """What the command answers for these files; ``types`` by their name."""
    for name, content in files.items():
        body = content if isinstance(content, bytes) else lossless.dumps(content)
        (folder / name).write_bytes(body)
    status = main(["facts", "report", str(folder), "--as-of", "2026-05-20", "--json", *words])
    said = json.loads(capsys.readouterr().out)
    return status, said | {"types": {one["type"]: one for one in said["types"]}}


def test_bundles_and_single_resources_are_counted_by_type(tmp_path, capsys):
    files = {
        "one.json": bundle(patient(), of(lab("4548-4", "7.2", "%", on="2026-05-01"))),
        "two.json": bundle(patient(), of(diagnosis("44054006")), kind="collection"),
        "three.json": patient(id="other"),
        "four.json": of(lab("4548-4", "7.2", None, on="2026-05-01"), "other"),
    }
    status, said = report(tmp_path, capsys, files)
    assert status == 0
    assert said["patients"] == 3
    assert said["types"]["Patient"]["facts"] == 3
    assert said["types"]["Condition"]["facts"] == 1
    seen = said["types"]["Observation"]
    assert (seen["resources"], seen["facts"], seen["unreadable"], seen["share"]) == (2, 1, 1, 0.5)
    assert seen["why_unreadable"] == {"has no unit": 1}


def test_each_patients_own_is_read_apart(tmp_path, capsys):
    """The same value of two patients is two facts; of one patient it is one, and a second word for it."""
    value = lab("4548-4", "7.2", "%", on="2026-05-01")
    files = {
        "a.json": patient(id="a"),
        "b.json": patient(id="b"),
        "1.json": of(value | {"id": "v1"}, "a"),
        "2.json": of(value | {"id": "v2"}, "a"),
        "3.json": of(value | {"id": "v3"}, "b"),
    }
    _, said = report(tmp_path, capsys, files)
    seen = said["types"]["Observation"]
    assert (seen["facts"], seen["set_aside"]) == (2, 1)
    assert seen["why_set_aside"] == {"says the same as another resource": 1}


def test_it_is_the_clinical_half_that_is_read(tmp_path, capsys):
    """A smoking status in words alone is withheld, and an unknown modifier keeps a resource back."""
    words = of(resource("Observation", status="final", code=code(LOINC, "72166-2"), valueString=SECRET))
    words["effectiveDateTime"] = "2026-05-01"
    changed = of(lab("4548-4", "7.2", "%", on="2026-05-01"))
    changed["modifierExtension"] = [{"url": "http://ehr.example/not", "valueBoolean": True}]
    _, said = report(tmp_path, capsys, {"1.json": bundle(patient(), words, changed)})
    seen = said["types"]["Observation"]
    assert seen["why_unreadable"] == {"has an answer that is not known": 1}
    assert seen["why_set_aside"] == {"has no clinical half": 1}


def test_an_answered_form_is_read_through_the_split(tmp_path, capsys):
    answer = {"valueCoding": {"system": LOINC, "code": "LA6570-1"}}
    form = of(resource("QuestionnaireResponse", status="completed", authored="2026-05-01"))
    form["item"] = [{"linkId": "/44250-9", "text": SECRET, "answer": [answer]}]
    _, said = report(tmp_path, capsys, {"1.json": bundle(patient(), form)})
    assert said["types"]["QuestionnaireResponse"]["facts"] == 1


def test_a_drug_that_lies_beside_is_found_and_counted_once(tmp_path, capsys):
    tablet = resource("Medication", id="tablet", code=code(RXNORM, "314076"))
    unused = resource("Medication", id="unused", code=code(RXNORM, "314076"))
    order = {"status": "active", "intent": "order", "medicationReference": {"reference": "Medication/tablet"}}
    files = {
        "m.json": tablet,
        "u.json": unused,
        **{f"{one}.json": patient(id=one) for one in "ab"},
        **{f"{one}-order.json": of(resource("MedicationRequest", **order), one) for one in "ab"},
    }
    _, said = report(tmp_path, capsys, files)
    assert (
        said["types"]["MedicationRequest"]["facts"],
        said["types"]["MedicationRequest"]["unreadable"],
    ) == (2, 0)
    seen = said["types"]["Medication"]
    assert seen["resources"] == 2
    assert seen["why_set_aside"] == {"belongs to no patient": 1, "describes a drug that others name": 1}


def test_what_is_nobodys_or_no_fhir_is_told(tmp_path, capsys):
    files = {
        "1.json": patient(),
        "2.json": resource("Organization", name=SECRET),
        "3.json": resource("Hopkins"),
        "4.json": [1, 2],
        "5.json": b"{",
        "6.json": {"name": SECRET},
    }
    status, said = report(tmp_path, capsys, files)
    assert status == 0
    assert said["files_without_fhir"] == 3
    assert said["types"]["Organization"]["why_set_aside"] == {"belongs to no patient": 1}
    assert said["types"]["(no type of R4)"]["resources"] == 1


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_law_2_nothing_of_what_was_read_is_printed(tmp_path, capsys, words):
    named = patient(name=[{"family": SECRET}], identifier=[{"value": SECRET}])
    files = {
        f"{SECRET}.json": bundle(named, of(diagnosis("44054006", note=[{"text": SECRET}]), "pat")),
        "2.json": resource(SECRET),
        "3.json": f"{{{SECRET}".encode(),
        "4.json": of(resource("Observation", id=SECRET, status=SECRET, code={"text": SECRET}), SECRET),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else lossless.dumps(content))
    assert main(["facts", "report", str(tmp_path), *words]) == 0
    said = capsys.readouterr()
    assert SECRET.lower() not in (said.out + said.err).lower()
    assert "44054006" not in said.out


def test_people_read_shares_and_reasons(tmp_path, capsys):
    body = bundle(patient(), of(lab("4548-4", "7.2", None, on="2026-05-01")), of(diagnosis("44054006")))
    (tmp_path / "1.json").write_bytes(lossless.dumps(body))
    assert main(["facts", "report", str(tmp_path), "--as-of", "2026-05-20"]) == 0
    said = capsys.readouterr().out
    assert "Observation, unreadable: has no unit (1)" in said
    assert "100.0%" in said
    assert "3 resources of 1 patients" in said


def test_an_empty_folder_is_said(tmp_path, capsys):
    assert main(["facts", "report", str(tmp_path)]) == 1
    assert "no FHIR resource" in capsys.readouterr().err


def test_a_resource_that_became_nothing_fails_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        facts_folder, "account", lambda resources, known: (Account("Observation", 2, facts=1),)
    )
    status, said = report(tmp_path, capsys, {"1.json": patient()})
    assert status == 1
    assert said["types"]["Observation"]["dropped"] == 1
