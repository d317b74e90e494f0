"""Law 7 for merges: whatever was sent, in whatever order, the plans are those of what stands at the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.auth.actor import Actor
from gateway.custody import merges
from gateway.custody.founding import found
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from gateway.custody.tables import data
from gateway.refusal import Refused
from mappers.recommendations_to_careplan import act_of
from tests.desk import Desk, condition, ehr, observation, patient, put

Body = dict[str, Any]
NAMES = "abcd"
FACTS = {
    "a": lambda about: condition("dm", about),
    "b": lambda about: observation("a1c", about),
    "c": lambda about: observation("crea", about, "2160-0", "1.0"),
    "d": lambda about: observation("a1c-2", about, value="6.1", effectiveDateTime="2026-02-20"),
}
_tenants = (Tenant(number) for number in count(1000))


@dataclass(frozen=True)
class Said:
    """One version of a Patient; None for ``other`` links nobody. ``gone`` deletes the record."""

    name: str
    other: str | None = None
    kind: str = "replaced-by"
    more: tuple[tuple[str, str], ...] = ()
    gone: bool = False

    def body(self) -> Body:
        found = patient(self.name, **dict(self.more))
        if self.other is not None:
            found["link"] = [{"other": {"reference": f"Patient/{self.other}"}, "type": self.kind}]
        return found


names = st.sampled_from(NAMES)
says = st.builds(
    Said,
    names,
    names | st.none(),
    st.sampled_from(["replaced-by", "replaced-by", "replaces"]),
    st.sampled_from(
        [(), (), (("birthDate", "1961"),), (("birthDate", "1961-04-18"),), (("gender", "male"),)]
    ),
    st.sampled_from([False, False, False, True]),
)
histories = st.lists(st.tuples(says, st.booleans()), min_size=2, max_size=8)


@dataclass
class Clinic:
    """One tenant of its own for one history."""

    desk: Desk
    actor: Actor = field(default_factory=lambda: ehr(next(_tenants)))

    def hears(self, said: Said) -> None:
        if said.gone:
            self.desk.intake.delete(self.actor, "Patient", said.name)
        else:
            self.desk.puts(said.body(), actor=self.actor)

    def hears_at_last(self, said: Said) -> None:
        """Again, as whoever is told to come again does."""
        for _ in range(40):
            with suppress(Refused):
                return self.hears(said)
        raise AssertionError(said)

    def has_facts(self) -> None:
        self.desk.submits(*(put(make(f"Patient/{name}")) for name, make in FACTS.items()), actor=self.actor)

    def works(self) -> None:
        while self.desk.works():
            pass

    def plans(self) -> dict[str, Any]:
        """The living plans, each with its acts and what they rest on, without versions and derived ids."""
        found = self.desk.searches("CarePlan?status=draft&identifier=urn:careloom:plan|", self.actor)
        return {
            one["subject"]["reference"]: [_line(line) for line in one.get("activity", [])] for one in found
        }

    def links(self) -> dict[Any, Any]:
        with self.desk.vault.database.read() as conn:
            found = merges.listing(conn, self.actor.organization)
        names = {self.desk.id_of(f"Patient/{n}", self.actor.organization): n for n in NAMES}
        return {
            (names[one.patient], names[one.successor]): (one.state, one.reason)
            for one in found
            if one.state != "undone"
        }


def _line(line: Body) -> Any:
    detail = line["detail"]
    rests_on = (one["reference"].partition("/_history/")[0] for one in detail.get("reasonReference", []))
    return act_of(line), detail["status"], sorted(one for one in rests_on if len(one) < 40)


@pytest.fixture(scope="module")
def one_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path_factory.mktemp("merges"))})
    found(storage)
    made = Desk(storage)
    yield made
    made.close()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories, st.integers(0, 8))
def test_law_7_the_plans_follow_from_what_stands_and_not_from_what_was(
    one_desk: Desk, history: list[tuple[Said, bool]], turn: int
):
    lived = Clinic(one_desk)
    for number, (said, pause) in enumerate(history):
        if number == turn:
            lived.has_facts()
        lived.hears(said)
        if pause:
            lived.works()
    lived.has_facts()
    lived.works()
    standing = {said.name: said for said, _ in history}
    direct = Clinic(one_desk)
    direct.has_facts()
    there = [said for said in standing.values() if not said.gone]
    if there:
        one_desk.submits(*(put(said.body()) for said in reversed(there)), actor=direct.actor)
    direct.works()
    assert lived.plans() == direct.plans()
    assert lived.links() == direct.links()


def test_law_7_writers_side_by_side_leave_what_one_after_the_other_would(desk: Desk):
    """Four at once say who goes into whom, of records that others change."""
    histories = [
        [Said("a", "b"), Said("a"), Said("a", "b")],
        [Said("b", "c"), Said("b", more=(("gender", "male"),)), Said("b", "c")],
        [Said("c", gone=True), Said("c"), Said("c", "a", "replaces"), Said("c")],
        [Said("d", "c", more=(("birthDate", "1961"),)), Said("d"), Said("d", "b")],
    ]
    lived = Clinic(desk)

    def says_all(history: list[Said]) -> None:
        for said in history:
            lived.hears_at_last(said)

    with ThreadPoolExecutor(len(histories)) as hands:
        list(hands.map(says_all, histories))
    lived.has_facts()
    lived.works()
    direct = Clinic(desk)
    desk.submits(*(put(history[-1].body()) for history in histories), actor=direct.actor)
    direct.has_facts()
    direct.works()
    assert (
        lived.links()
        == direct.links()
        == dict.fromkeys([("a", "b"), ("b", "c"), ("d", "b")], ("united", None))
    )
    assert lived.plans() == direct.plans()
    assert lived.plans().keys() == {"Patient/c"}
    mine = lived.actor.organization
    open_jobs = [row for row in desk.rows(data.tables["job"]) if row.tenant == mine and row.kind == "plan"]
    assert {row.state for row in open_jobs} <= {"done", "queued"}
