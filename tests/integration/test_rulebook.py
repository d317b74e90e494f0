"""What hospitals and operators decide about rules holds from the next job of every worker on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.custody import audit, jobs, rulebook
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.opening import open_clinic
from gateway.custody.operator import typed_by
from gateway.custody.rulebook import Pack
from gateway.custody.tables import organization
from gateway.rulebook import Desk as RuleDesk
from gateway.rulebook import flagged, signature, trust
from gateway.rulebook.desk import Wish
from gateway.rulebook.refused import Refused
from mappers import lossless
from tests.desk import ST_ANNA, ST_BERTA, Desk, ehr
from workers import plan
from workers.engine import packing
from workers.engine.definitions import State
from workers.engine.knowledge import SHIPPED, KnowledgeRefused
from workers.station import Station, load_knowledge

PLANS = "CarePlan?identifier=urn:careloom:plan|"
STATIN, VERSION = "statin-diabetes", "1.0.0"
WHY = "the source was withdrawn"
BMI = {"system": "http://loinc.org", "code": "39156-5"}


def man(id_: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "gender": "male", "birthDate": "1966-04-17"}


def diabetes(id_: str) -> dict[str, Any]:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {
        "resourceType": "Condition",
        "id": f"{id_}-dm",
        "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
        "subject": {"reference": f"Patient/{id_}"},
    }


def bmi(id_: str, value: str) -> dict[str, Any]:
    unit = {"unit": "kg/m2", "system": "http://unitsofmeasure.org", "code": "kg/m2"}
    return {
        "resourceType": "Observation",
        "id": f"{id_}-bmi",
        "status": "final",
        "code": {"coding": [BMI]},
        "subject": {"reference": f"Patient/{id_}"},
        "effectiveDateTime": "2026-02-01",
        "valueQuantity": {"value": lossless.loads(value.encode()), **unit},
    }


class Town:
    """Two hospitals, who decides about rules, and one worker that runs all the while."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.clinic = open_clinic(desk.storage)
        self.worker = Station(self.clinic, load_knowledge(), desk.clock, os.urandom)
        self.rules = RuleDesk(desk.vault, desk.clock, desk.storage.data_dir, typed_by("olga"))

    def works(self) -> int:
        """Everything that is due within the next minute."""
        self.desk.now += 60 * jobs.SECOND
        with self.clinic.database.read() as conn:
            due = [job.id for job in jobs.due(conn, self.desk.now, 1000) if job.kind == "plan"]
        for job_id in due:
            plan.do(self.worker, job_id)
        return len(due)

    def plan(self, id_: str, tenant: Tenant = ST_ANNA) -> dict[str, Any]:
        (found,) = self.desk.searches(f"{PLANS}&subject=Patient/{id_}", actor=ehr(tenant))
        return found

    def acts(self, id_: str, tenant: Tenant = ST_ANNA) -> dict[str, dict[str, Any]]:
        """The lines of a plan by what they propose."""
        found = {}
        for line in self.plan(id_, tenant).get("activity", ()):
            uris = line["detail"]["instantiatesUri"]
            act = next(uri for uri in uris if uri.startswith("urn:careloom:act:"))
            found[act.rpartition(":")[2]] = line["detail"]
        return found

    def accepts(self, id_: str, act: str) -> None:
        body = self.plan(id_)
        for line in body["activity"]:
            if f"urn:careloom:act:{act}" in line["detail"]["instantiatesUri"]:
                line["detail"]["status"] = "in-progress"
        self.desk.puts(body)

    def switches(self, rule: str, state: State | None, tenant: Tenant = ST_ANNA, **numbers: str) -> None:
        values = {name: Decimal(value) for name, value in numbers.items()}
        self.rules.switch(tenant, Wish(rule, state, values, "tried on a ward"))


@contextmanager
def opened(desk: Desk) -> Iterator[Town]:
    town = Town(desk)
    with desk.vault.database.write() as conn:
        conn.execute(organization.insert().values(number=ST_ANNA, name="St Anna", created=1, sandbox=0))
        conn.execute(organization.insert().values(number=ST_BERTA, name="St Berta", created=1, sandbox=0))
    yield town
    town.clinic.close()


@pytest.fixture
def town(desk: Desk) -> Iterator[Town]:
    """On both databases."""
    with opened(desk) as found:
        yield found


@pytest.fixture
def village(small_desk: Desk) -> Iterator[Town]:
    """On the embedded one."""
    with opened(small_desk) as found:
        yield found


def came(town: Town, *ids: str, tenant: Tenant = ST_ANNA) -> None:
    for id_ in ids:
        town.desk.puts(man(id_), diabetes(id_), bmi(id_, "33.0"), actor=ehr(tenant))
    town.works()


def test_a_recall_withdraws_what_nobody_accepted_and_flags_what_somebody_did(town: Town) -> None:
    came(town, "ann", "bob")
    came(town, "cyd", tenant=ST_BERTA)
    assert "start-statin-moderate" in town.acts("ann")
    town.accepts("ann", "start-statin-moderate")
    town.works()
    assert town.rules.recall(STATIN, VERSION, WHY)
    town.works()
    assert "start-statin-moderate" not in town.acts("bob")
    assert "start-statin-moderate" not in town.acts("cyd", ST_BERTA)
    assert town.acts("ann")["start-statin-moderate"]["status"] == "in-progress"
    notes = [one["text"] for one in town.plan("ann").get("note", ())]
    assert any(f"Rule {STATIN} {VERSION} was recalled: {WHY}" in text for text in notes)
    # The hospital finds it by itself, and the operator by the command.
    (issue,) = town.desk.searches(f"DetectedIssue?code=urn:careloom:recalled-rule|{STATIN}@{VERSION}")
    assert issue["severity"] == "high"
    assert WHY in issue["detail"]
    with town.desk.leaves() as told:
        (flag,) = flagged.flags(town.desk.vault, f"{STATIN}@{VERSION}", town.desk.clock, town.rules.by)
    assert (flag.organization, flag.issue) == ("St Anna", f"DetectedIssue/{issue['id']}")
    assert [(one.kind, one.user) for one in told] == [("knowledge:flagged", "urn:careloom:login|olga")]
    assert "statin" in flag.title


def test_what_was_accepted_by_signing_its_draft_is_flagged_too(village: Town) -> None:
    came(village, "ann")
    line = village.acts("ann")["start-statin-moderate"]
    (named,) = (one for one in line["extension"] if one["url"] == "urn:careloom:draft")
    draft = village.desk.reads(named["valueReference"]["reference"])
    # Signed and recalled before any worker looked at either.
    village.desk.puts({**draft, "status": "active"})
    village.rules.recall(STATIN, VERSION, WHY)
    village.works()
    assert village.acts("ann")["start-statin-moderate"]["status"] in ("scheduled", "in-progress")
    assert village.desk.searches(f"DetectedIssue?code=urn:careloom:recalled-rule|{STATIN}@{VERSION}")


def test_a_recall_that_is_repeated_changes_nothing(village: Town) -> None:
    came(village, "ann")
    village.accepts("ann", "start-statin-moderate")
    village.works()
    village.rules.recall(STATIN, VERSION, WHY)
    village.works()
    with village.desk.leaves(SYSTEM) as told:
        assert not village.rules.recall(STATIN, VERSION, "another reason")
    assert told == []
    assert village.works() == 0
    # Law 7: made anew on the same evidence, nothing is written.
    village.desk.forgets_jobs()
    with village.clinic.database.write() as conn:
        again = jobs.Order(ST_ANNA, "plan", "again", village.desk.now, village.desk.now)
        jobs.enqueue(conn, again, [village.desk.id_of("Patient/ann")])
    with village.desk.leaves() as told:
        assert village.works() == 1
    assert {one.kind for one in told if one.kind.startswith("worker:")} == {"worker:read"}
    with village.desk.vault.database.read() as conn:
        (kept,) = rulebook.recalls(conn)
    assert kept.reason == WHY


def test_a_recall_is_an_event_of_the_system_with_who_typed_it(village: Town) -> None:
    with village.desk.leaves(SYSTEM) as told:
        village.rules.recall(STATIN, VERSION, WHY)
    assert [(one.kind, one.user, one.detail) for one in told] == [
        ("knowledge:recall", "urn:careloom:login|olga", f"{STATIN}@{VERSION}: {WHY}")
    ]


def test_no_switch_undoes_a_recall(village: Town) -> None:
    came(village, "ann")
    village.switches(STATIN, State.ON)
    village.rules.recall(STATIN, VERSION, WHY)
    village.works()
    assert "start-statin-moderate" not in village.acts("ann")
    with pytest.raises(Refused, match="no switch undoes that"):
        village.switches(STATIN, State.ON)


def test_a_hospital_switches_for_itself_alone(town: Town) -> None:
    came(town, "ann")
    came(town, "cyd", tenant=ST_BERTA)
    with town.desk.leaves() as told:
        town.switches(STATIN, State.OFF)
    assert [(one.kind, one.user) for one in told] == [("knowledge:switch", "urn:careloom:login|olga")]
    assert told[0].detail == f"{STATIN}@{VERSION}: off; tried on a ward"
    assert town.works() == 1
    assert "start-statin-moderate" not in town.acts("ann")
    assert "start-statin-moderate" in town.acts("cyd", ST_BERTA)
    town.switches(STATIN, None)
    town.works()
    assert "start-statin-moderate" in town.acts("ann")
    with town.desk.vault.database.read() as conn:
        assert rulebook.switches(conn, ST_ANNA) == []


def test_a_switch_that_stands_already_makes_no_job_and_no_event(village: Town) -> None:
    village.switches(STATIN, State.OFF)
    with village.desk.leaves() as told:
        village.switches(STATIN, State.OFF)
    assert told == []


def test_what_is_off_until_reviewed_can_be_switched_on_with_a_threshold_of_ones_own(town: Town) -> None:
    came(town, "ann")
    assert "refer-weight" not in town.acts("ann")
    town.switches("obesity-help", State.ON, bmi="32.5")
    town.works()
    line = town.acts("ann")["refer-weight"]
    assert "urn:careloom:rule:obesity-help|1.0.0+bmi-32.5" in line["instantiatesCanonical"]
    assert "from 32.5 on" in line["description"]
    town.switches("obesity-help", State.ON, bmi="33.5")
    town.works()
    assert "refer-weight" not in town.acts("ann")


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ({"bmi": "20"}, "from 27.5 to 35"),
        ({"bmi": "36"}, "from 27.5 to 35"),
        ({"weight": "90"}, "has no threshold"),
    ],
)
def test_a_threshold_outside_of_its_bounds_is_refused(
    village: Town, numbers: dict[str, str], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        village.switches("obesity-help", State.ON, **numbers)
    with village.desk.vault.database.read() as conn:
        assert rulebook.switches(conn, ST_ANNA) == []


def test_a_rule_in_shadow_is_counted_and_shown_to_nobody(town: Town) -> None:
    came(town, "ann", "bob")
    before = town.plan("ann")
    town.switches("obesity-help", State.SHADOW)
    town.works()
    assert town.plan("ann") == before
    counted = town.rules.counted(ST_ANNA, "obesity-help")
    assert counted == {"version": "1.0.0", "true": 2, "false": 0, "unknown": 0}
    town.desk.puts(bmi("bob", "24.0"))
    town.works()
    assert town.rules.counted(ST_ANNA, "obesity-help")["false"] == 1
    # What it answers for whom cannot be read from the rows.
    rows = town.desk.rows(rulebook.shadow_answer)
    assert len({bytes(row.answer) for row in rows}) == 2
    assert not any(word in bytes(row.answer) for row in rows for word in (b"true", b"false"))
    town.switches("obesity-help", State.OFF)
    assert town.desk.rows(rulebook.shadow_answer) == []


def test_an_erasure_takes_the_answers_in_shadow_with_it(village: Town) -> None:
    from gateway.custody import erasing

    village.switches("obesity-help", State.SHADOW)
    came(village, "ann")
    assert len(village.desk.rows(rulebook.shadow_answer)) == 1
    with village.desk.vault.database.write() as conn:
        erasing.forget_jobs(conn, ST_ANNA, village.desk.id_of("Patient/ann"))
    assert village.desk.rows(rulebook.shadow_answer) == []


# --- packs -----------------------------------------------------------------------------------------------


def pack_in(folder: Path, version: str = "2.0.0", status: str = "active") -> Path:
    """The shipped pack of lifestyle rules, in another version and switched on by its publisher."""
    pack = folder / "lifestyle"
    shutil.copytree(SHIPPED / "lifestyle", pack)
    library = json.loads((pack / "Library.json").read_text())
    (pack / "Library.json").write_text(json.dumps({**library, "version": version}))
    for path in pack.glob("plan-definitions/obesity-help.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "status": status, "version": version}))
    return pack


def packed(pack: Path, publisher: str | None = "example.org", reason: str | None = None) -> Pack:
    files = packing.read(pack)
    version = json.loads(files["Library.json"])["version"]
    return Pack("lifestyle", version, packing.packed(files), publisher, reason)


def test_a_pack_that_was_added_counts_at_the_next_job_of_a_worker_that_runs(
    village: Town, tmp_path: Path
) -> None:
    town = village
    came(town, "ann")
    assert "refer-weight" not in town.acts("ann")
    with town.desk.leaves(SYSTEM) as told:
        assert town.rules.add(packed(pack_in(tmp_path))) == 1
    assert [(one.kind, one.detail) for one in told] == [
        ("knowledge:add", "lifestyle 2.0.0, signed by example.org")
    ]
    town.works()
    assert "urn:careloom:rule:obesity-help|2.0.0" in town.acts("ann")["refer-weight"]["instantiatesCanonical"]
    assert town.rules.add(packed(tmp_path / "lifestyle")) == 0
    assert town.rules.remove("lifestyle") == 1
    town.works()
    assert "refer-weight" not in town.acts("ann")
    with pytest.raises(Refused, match="No pack of this id"):
        town.rules.remove("lifestyle")


def test_an_older_pack_or_other_content_under_one_version_is_refused(village: Town, tmp_path: Path) -> None:
    with village.desk.vault.database.write() as conn:
        rulebook.put_pack(conn, packed(pack_in(tmp_path)), village.desk.now)
    with pytest.raises(Refused, match="newer"):
        village.rules.add(packed(pack_in(tmp_path / "old", "1.9.0")))
    with pytest.raises(Refused, match="other content"):
        village.rules.add(packed(pack_in(tmp_path / "same", status="draft")))


def test_a_pack_whose_cases_fail_is_refused_whole(village: Town, tmp_path: Path) -> None:
    pack = pack_in(tmp_path)
    path = pack / "plan-definitions/obesity-help.json"
    path.write_text(path.read_text().replace("%bmi.value >= %threshold.bmi", "%bmi.value > %threshold.bmi"))
    with pytest.raises(KnowledgeRefused, match=r"30\.0"):
        village.rules.add(packed(pack))
    with village.desk.vault.database.read() as conn:
        assert rulebook.packs(conn) == []
        assert rulebook.number(conn) == 0


def test_only_who_is_trusted_can_sign_and_nothing_can_be_changed_after(village: Town, tmp_path: Path) -> None:
    pack, key = pack_in(tmp_path), Ed25519PrivateKey.generate()
    files = packing.read(pack)
    signed = signature.signed(files, "example.org", key)
    with pytest.raises(Refused, match="Nobody whom this installation trusts"):
        signature.publisher_of(files, signed, trust.publishers(village.rules.folder))
    with village.desk.leaves(SYSTEM) as told:
        village.rules.trust(trust.Publisher("example.org", key.public_key()))
    assert [one.kind for one in told] == ["knowledge:trust"]
    trusted = trust.publishers(village.rules.folder)
    assert signature.publisher_of(files, signed, trusted) == "example.org"
    name = "plan-definitions/obesity-help.json"
    for changed in ({**files, name: files[name] + " "}, {n: t for n, t in files.items() if n != name}):
        with pytest.raises(Refused, match="changed, added or left out"):
            signature.publisher_of(changed, signed, trusted)
    other = signature.signed(files, "example.org", Ed25519PrivateKey.generate())
    with pytest.raises(Refused, match="Nobody"):
        signature.publisher_of(files, other, trusted)
    village.rules.distrust("example.org")
    assert trust.publishers(village.rules.folder) == []


def test_decisions_verify_with_the_rest_of_the_trail(village: Town) -> None:
    from gateway.custody import verify

    village.switches(STATIN, State.OFF)
    village.rules.recall(STATIN, VERSION, WHY)
    with village.desk.vault.database.read() as conn:
        assert verify.verify(conn, {}).ok
        assert audit.head_of(conn, SYSTEM).size == 1
