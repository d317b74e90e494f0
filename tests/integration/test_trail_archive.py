"""The oldest months leave the database for a folder: no event is ever in neither, and all are provable."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.custody import audit, checkpoint, holds, keeping, partitions, receivers, signing, verify
from gateway.custody.archive import checking, folder, notes, service, taking
from gateway.custody.archive.checking import Against
from gateway.custody.archive.limits import SIX_YEARS, ArchiveRefused
from gateway.custody.archive.service import Made, Wish
from gateway.custody.checkpoint import FOLDER
from gateway.custody.coverage import Due
from gateway.custody.database import Database, Side
from gateway.custody.errors import Tampered
from gateway.custody.export import writing
from gateway.custody.export.writing import Source
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keeping import Counted, Rule
from gateway.custody.months import Month
from gateway.custody.periods import Period
from gateway.custody.settings import Storage
from tests.unit.gateway.custody.export.folders import check
from tests.unit.gateway.custody.trails import event, owned

MAY, JUNE, JULY = Month(2019, 5), Month(2019, 6), Month(2019, 7)
NOW = Month(2026, 11).start + 12 * 86_400_000_000
DAY = 86_400_000_000
ONE, TWO, SYSTEM = Tenant(1), Tenant(2), Tenant(0)


def against(archives: Path | None = None) -> Against:
    """No head is due yet: when it is signed is for each test to say."""
    return Against(Due(0, checkpoint.Pace()), archives)


@dataclass
class Scene:
    """Two logs with an event every five days from May to July 2019, and some of today."""

    database: Database
    folder: Path
    to: Path
    storage: Storage

    @property
    def source(self) -> Source:
        return Source(self.database, self.folder, signing.load(self.storage.key_paths.audit))

    def append(self, log: Tenant, *times: int) -> None:
        with self.database.write() as conn:
            audit.append(conn, log, [event(number, moment) for number, moment in enumerate(times)])

    def archive(self, before: Month = JUNE, keep: Period = SIX_YEARS) -> Made:
        return service.archive(self.source, Wish(before, self.to, keep), NOW, lambda _: None)

    def here(self) -> dict[int, list[int]]:
        """The sequence numbers that are in the database, by log."""
        found: dict[int, list[int]] = {1: [], 2: []}
        with self.database.read() as conn:
            for log, seq in conn.execute(text("SELECT log, seq FROM audit_event ORDER BY log, seq")):
                found.setdefault(log, []).append(seq)
        return found

    def away(self) -> dict[int, list[int]]:
        """Those that are in archives which have their names."""
        found: dict[int, list[int]] = {1: [], 2: []}
        for path in sorted(self.to.glob("before-*/*/events.ndjson")):
            rows = map(json.loads, path.read_text("utf-8").splitlines())
            found[int(path.parent.name)] += [row["seq"] for row in rows]
        return found

    def faults(self, archives: bool = True) -> list[tuple[int, int, int, str]]:
        signer = self.source.signer
        report = checking.verified(self.database, self.folder, signer, against(self.to if archives else None))
        return [(fault.log, fault.first, fault.last, fault.what) for fault in report.faults]

    def does(self, statement: str) -> None:
        with self.database.write() as conn:
            conn.execute(text(statement))


@pytest.fixture
def scene(storage: Storage, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    database = Database.open(storage.database_url, Side.TRUSTED)
    made = Scene(database, storage.data_dir / FOLDER, tmp_path / "archives", storage)
    with database.write() as conn:
        owned(conn, ONE, TWO, Tenant(3))
        # As an installation that has been there since then has them.
        if database.dialect == "postgresql":
            for month in (MAY, JUNE, JULY):
                partitions.make(conn, month)
    for log in (ONE, TWO):
        made.append(log, *(MAY.start + 5 * day * DAY for day in range(18)))
        if "killed" not in request.node.name:
            made.append(log, NOW - 2, NOW - 1)
    yield made
    database.close()


OLD = {1: list(range(7)), 2: list(range(7))}
LEFT = list(range(7, 20))


def test_what_is_older_goes_into_a_folder_that_proves_itself(scene: Scene) -> None:
    made = scene.archive()
    assert (made.place, made.events, made.finished) == (scene.to / "before-2019-06", 14, 0)
    assert scene.away() == OLD
    # The deed is in each log that it was done to.
    assert {log: seqs for log, seqs in scene.here().items() if seqs} == {1: [*LEFT, 20], 2: [*LEFT, 20]}
    with scene.database.read() as conn:
        rows = conn.execute(text("SELECT kind, action, detail FROM audit_event WHERE seq = 20")).all()
    assert rows == [("audit:archive", "D", "command line: events 0 to 6, from before 2019-06")] * 2
    key = scene.source.signer.key.public_key().public_bytes_raw().hex()
    found = check(made.place, "--key", key)
    assert (found["ok"], found["events"], found["logs"]) == (True, 14, 2)
    assert scene.faults() == scene.faults(archives=False) == []
    report = checking.verified(scene.database, scene.folder, scene.source.signer, against())
    assert (report.events, report.archived) == (28, 14)


def test_a_log_goes_on_behind_its_archive(scene: Scene) -> None:
    scene.archive()
    scene.append(ONE, NOW)
    checkpoint.take(scene.database, scene.folder, scene.source.signer, NOW)
    assert scene.faults() == []
    scene.does("UPDATE audit_event SET status = 500 WHERE log = 1 AND seq = 9")
    assert [fault[:3] for fault in scene.faults()] == [(1, 9, 9)]


def test_a_second_archive_goes_on_where_the_first_ends(scene: Scene) -> None:
    scene.archive()
    assert scene.archive(JULY).events == 12
    assert scene.away() == {1: list(range(13)), 2: list(range(13))}
    assert scene.faults() == []
    assert scene.archive(JULY).parts == ()
    assert scene.archive(MAY).parts == ()
    shutil.rmtree(scene.to / "before-2019-06")
    nowhere = "no archive here holds these events"
    assert scene.faults() == [(1, 0, 6, nowhere), (2, 0, 6, nowhere)]
    assert scene.faults(archives=False) == []


def test_the_oldest_months_are_dropped_on_a_server(scene: Scene) -> None:
    if scene.database.dialect != "postgresql":
        pytest.skip("embedded there are no months")
    scene.archive(JULY)
    with scene.database.read() as conn:
        assert partitions.existing(conn)[0] == JULY
        name = partitions.table(conn, MAY).rpartition(".")[2]
        assert conn.scalar(text("SELECT count(*) FROM pg_class WHERE relname = :name"), {"name": name}) == 0


# --- what stays -------------------------------------------------------------------------------------------


def refused(scene: Scene, why: str, before: Month = JUNE, keep: Period = SIX_YEARS) -> None:
    rows = scene.here()
    with pytest.raises(ArchiveRefused, match=why):
        scene.archive(before, keep)
    assert scene.here() == rows
    assert not scene.to.exists()


def test_what_is_younger_than_six_years_stays_unless_it_is_said_otherwise(scene: Scene) -> None:
    refused(
        scene,
        "kept for 6y by the trail .CARELOOM_AUDIT_KEEP.: --before 2020-11 at the latest",
        Month(2020, 12),
    )
    refused(scene, "kept for 8y", JUNE, Period(8, "y"))
    assert scene.archive(Month(2020, 11)).events == 36
    scene.append(ONE, NOW)
    assert scene.archive(Month(2026, 11), Period(1, "d")).parts == ()


def test_a_legal_hold_keeps_everything(scene: Scene) -> None:
    with scene.database.write() as conn:
        holds.place(conn, TWO, StoredId(b"p" * 16), "LIT-2019", NOW)
    refused(scene, "Legal holds stand .LIT-2019.")
    with scene.database.write() as conn:
        holds.release(conn, TWO, StoredId(b"p" * 16), "LIT-2019", NOW)
    assert scene.archive().events == 14


def test_retention_that_reads_the_trail_keeps_what_it_reads(scene: Scene) -> None:
    """A rule that counts from the last write of a patient's chart would count from an earlier one."""
    with scene.database.write() as conn:
        keeping.put(conn, ONE, Rule("Observation", Period(7, "y")), NOW)
        keeping.put(conn, ONE, Rule("*", Period(10, "y"), counted=Counted.LAST_TOUCHED), NOW)
    refused(scene, "kept for 10y by the retention of .*last touched: --before 2016-11 at the latest")
    with scene.database.write() as conn:
        keeping.put(conn, ONE, Rule("*", Period(7, "y"), counted=Counted.LAST_TOUCHED), NOW)
    assert scene.archive().events == 14


def test_what_a_siem_has_not_got_stays(scene: Scene) -> None:
    def archive(logs: frozenset[Tenant] | None) -> Made:
        wish = Wish(JUNE, scene.to, SIX_YEARS, waiting={"siem": logs})
        return service.archive(scene.source, wish, NOW, lambda _: None)

    with pytest.raises(ArchiveRefused, match=r"siem has not got 7 .* log 1; see .*receivers"):
        archive(None)
    with scene.database.write() as conn:
        held = receivers.hold(conn, "siem", "me", NOW, 1)
        assert held is not None
        receivers.took(conn, held, [receivers.Cursor(ONE, 7), receivers.Cursor(TWO, 6)], NOW)
    with pytest.raises(ArchiveRefused, match="siem has not got 1 of these events of log 2"):
        archive(None)
    assert not scene.to.exists()
    assert archive(frozenset({ONE})).events == 14


def test_a_log_that_was_altered_is_not_archived(scene: Scene) -> None:
    checkpoint.take(scene.database, scene.folder, scene.source.signer, NOW)
    scene.does("UPDATE audit_event SET status = 500 WHERE log = 2 AND seq = 3")
    rows = scene.here()
    with pytest.raises(
        ArchiveRefused, match="log 2, events 3 to 3: the event was changed after it was signed"
    ):
        scene.archive()
    assert scene.here() == rows
    assert not (scene.to / "before-2019-06").exists()
    scene.append(ONE, NOW)
    scene.does("UPDATE audit_event SET status = 500 WHERE log = 1 AND seq = 20")
    with pytest.raises(Tampered):
        scene.archive()


def test_a_clock_that_was_wrong_keeps_its_log_and_no_other(scene: Scene) -> None:
    """Events before it go; it and those behind it stay, for nobody can tell when it was."""
    scene.append(Tenant(3), MAY.start, MAY.start + 1, NOW + DAY, MAY.start + 2, JUNE.start)
    assert {part.log: part.end for part in scene.archive().parts} == {1: 7, 2: 7, 3: 2}
    assert scene.here()[3] == [2, 3, 4, 5]
    report = checking.verified(scene.database, scene.folder, scene.source.signer, against())
    # The time that steps back is what is wrong, as it was before.
    assert {(fault.log, fault.first) for fault in report.faults} == {(3, 3)}


def test_late_events_of_an_archived_month_stay_in_the_log(scene: Scene) -> None:
    """Writers side by side commit a little out of the order of their times."""
    scene.append(Tenant(3), JUNE.start - 3, JUNE.start, JUNE.start - 1, JUNE.start + 1)
    scene.archive()
    assert scene.here()[3] == [1, 2, 3, 4]
    assert scene.faults(archives=False) == []


# --- tampering --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("DELETE FROM audit_event WHERE log = 1 AND seq = 7", (1, 7, 7)),
        ("DELETE FROM audit_event WHERE log = 1 AND seq >= 18", (1, 18, 20)),
        ("UPDATE audit_event SET seq = 3 WHERE log = 1 AND seq = 8", (1, 3, 3)),
        ("UPDATE audit_archive SET size = 9 WHERE log = 2", (2, 7, 8)),
    ],
)
def test_what_is_taken_away_or_put_in_is_no_archive(
    scene: Scene, change: str, place: tuple[int, int, int]
) -> None:
    scene.archive()
    scene.does(change)
    assert place in [fault[:3] for fault in scene.faults(archives=False)]


def test_a_truncation_is_not_excused_by_a_note_of_another_key_or_kind(scene: Scene) -> None:
    checkpoint.take(scene.database, scene.folder, scene.source.signer, NOW)
    # A checkpoint is no note of an archive, though the same key signed it.
    shutil.copyfile(scene.folder / "1.log", scene.folder / "1.archive")
    scene.does("DELETE FROM audit_event WHERE log = 1 AND seq < 7")
    assert scene.faults(archives=False) == [(1, 0, 6, "events are missing")]


@pytest.mark.parametrize("spoilt", ["1.leaves", "1.log"])
def test_the_witness_of_what_was_archived_is_looked_at(scene: Scene, spoilt: str) -> None:
    scene.archive()
    path = scene.folder / spoilt
    raw = bytearray(path.read_bytes())
    raw[40] ^= 1
    path.write_bytes(raw)
    assert {log for log, *_ in scene.faults(archives=False)} == {1}
    path.unlink()
    if spoilt == "1.leaves":
        assert scene.faults(archives=False)[0][3] == "the leaves of archived events are missing"


@pytest.mark.parametrize("name", ["2/events.ndjson", "2/leaves", "manifest"])
def test_an_archive_that_was_altered_is_found(scene: Scene, name: str) -> None:
    place = scene.archive().place
    path = place / name
    path.write_bytes(
        path.read_bytes().replace(b'"status": 200', b'"status": 201', 1)
        if "events" in name
        else path.read_bytes()[:50] + b"!" + path.read_bytes()[51:]
    )
    assert scene.faults(archives=False) == []
    assert scene.faults()
    assert not check(place)["ok"]


def test_an_archive_of_another_history_is_found(scene: Scene) -> None:
    """One that is signed and whole in itself, and not what the note of this log says."""
    place = scene.archive().place
    other = json.loads((place / "manifest").read_text("utf-8").split("\n")[1])
    part = next(one for one in other["logs"] if one["log"] == 1)
    part["head"]["frontier"][0] = "00" * 32
    note = notes.every(scene.folder, scene.source.signer)[ONE]
    found = checking._chain(ONE, [checking._Part(0, 7, [], part["head"]["frontier"])], note)
    assert [fault.what for fault in found] == ["the archives do not lead to the tree that was signed"]


# --- killed -----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """What no handler catches, as a kill."""


Step = tuple[Any, str, int]
ANYTHING = Period(1, "d")
STEPS: list[Step] = [
    (checkpoint, "take", 0),
    (writing, "write_log", 0),
    (writing, "write_log", 1),
    (writing, "close", 0),
    (folder, "read_back", 0),
    (folder, "_forced", 0),
    (folder, "write", 0),
    (notes, "add", 0),
    (notes, "add", 1),
    (taking, "take_out", 1),
    (taking, "_mark", 0),
    (taking, "_mark", 1),
    (taking, "_drop_months", 0),
    (taking, "_delete", 0),
    (taking, "_delete", 1),
]


def killing(patch: pytest.MonkeyPatch, step: Step, after: bool) -> None:
    module, name, at = step
    real: Callable[..., Any] = getattr(module, name)
    calls = Counter[str]()

    def struck(*arguments: Any, **named: Any) -> Any:
        calls[name] += 1
        if calls[name] <= at:
            return real(*arguments, **named)
        if after:
            real(*arguments, **named)
        raise Killed

    patch.setattr(module, name, struck)


KILLS = [(step, after) for step in STEPS for after in (False, True)]


def test_law_6_killed_anywhere_no_event_is_lost_and_the_next_run_finishes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of an archive is the last one of a run: before it, and behind it; month after month."""
    for log in (ONE, TWO):
        scene.append(log, *(MAY.later(months).start + 1 for months in range(3, len(KILLS) + 1)))
    if scene.database.dialect == "postgresql":
        with scene.database.write() as conn:
            for months in range(3, len(KILLS), 9):
                partitions.make(conn, MAY.later(months))
    for months, (step, after) in enumerate(KILLS, 1):
        before, told = MAY.later(months), (step[1:], after)
        everything = {log: {*scene.here()[log], *scene.away()[log]} for log in (1, 2)}
        with monkeypatch.context() as patch:
            killing(patch, step, after)
            struck = _is_struck(scene, before)
        # The steps of the other form of the database are not on the way.
        assert struck or step[1] == ("_drop_months" if scene.database.dialect == "sqlite" else "_delete"), (
            told
        )
        here, away = scene.here(), scene.away()
        assert all({*here[log], *away[log]} >= everything[log] for log in (1, 2)), told
        assert scene.faults(archives=False) == [], told
        scene.archive(before, ANYTHING)
        here, away = scene.here(), scene.away()
        first = min(here[1])
        assert (away[1], away[2]) == (list(range(first)), list(range(first))), told
        assert here[1] == here[2] == list(range(first, here[1][-1] + 1)), told
        assert not list(scene.to.glob(".*")), told
    assert scene.faults() == []
    assert first == 18 + len(KILLS) - 3


def _is_struck(scene: Scene, before: Month) -> bool:
    try:
        scene.archive(before, ANYTHING)
    except Killed:
        return True
    return False


def test_a_folder_of_that_name_that_holds_something_else_is_left_alone(scene: Scene) -> None:
    place = scene.to / "before-2019-06"
    place.mkdir(parents=True)
    (place / "manifest").write_text("mine")
    with pytest.raises(ArchiveRefused, match="cannot be read back"):
        scene.archive()
    assert (place / "manifest").read_text() == "mine"
    shutil.rmtree(place)
    scene.archive()
    scene.append(Tenant(3), MAY.start, NOW)
    with pytest.raises(ArchiveRefused, match="is there already and holds other events"):
        scene.archive()


def test_a_torn_note_spoils_no_other(scene: Scene) -> None:
    scene.archive()
    path = scene.folder / "1.archive"
    first = path.read_text("utf-8")
    path.write_text(first[: len(first) // 2], "utf-8")
    said = notes.Checkpoint
    assert notes.newest(scene.folder, ONE, scene.source.signer) is None
    with scene.database.read() as conn:
        head = audit.head_of(conn, ONE)
    archived = said(notes.origin(scene.source.signer, ONE), head.size, head.frontier, JUNE.start)
    notes.add(scene.folder, ONE, archived, scene.source.signer)
    assert notes.newest(scene.folder, ONE, scene.source.signer) == archived


# --- beside others ----------------------------------------------------------------------------------------


def test_who_writes_while_an_archive_is_made_is_neither_stopped_nor_lost(scene: Scene) -> None:
    over, written, failures = threading.Event(), Counter[int](), list[BaseException]()

    def write(log: Tenant) -> None:
        try:
            while not over.is_set():
                scene.append(log, NOW, NOW)
                written[log] += 2
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(log,)) for log in (ONE, TWO)]
    for thread in threads:
        thread.start()
    scene.archive()
    scene.archive(JULY)
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {log: len(scene.here()[log]) for log in (1, 2)} == {log: 7 + written[log] + 2 for log in (1, 2)}
    assert scene.faults() == []


def test_an_export_of_a_log_that_has_an_archive_begins_behind_it(scene: Scene, tmp_path: Path) -> None:
    scene.archive()
    target = tmp_path / "export"
    written = writing.export(scene.source, target, writing.Wish(), NOW, lambda _: None)
    assert [(one.first, one.end) for one in written] == [(7, 22), (7, 22)]
    found = check(target)
    assert (found["ok"], found["events"]) == (True, 30)
    scene.does("UPDATE audit_event SET status = 500 WHERE log = 1 AND seq = 9")
    again = tmp_path / "again"
    writing.export(scene.source, again, writing.Wish(), NOW, lambda _: None)
    assert (1, 9) in [(fault["log"], fault["first"]) for fault in check(again)["faults"]]


def test_verification_of_what_is_here_is_as_strict_as_before(scene: Scene) -> None:
    """Without its notes an archived log is one whose beginning was cut off."""
    scene.archive()
    for path in scene.folder.glob("*.archive"):
        path.unlink()
    with scene.database.read() as conn:
        found = verify.verify(conn, checkpoint.witnesses(scene.folder, scene.source.signer))
    assert [(fault.log, fault.first, fault.last) for fault in found.faults] == [(1, 0, 6), (2, 0, 6)]
