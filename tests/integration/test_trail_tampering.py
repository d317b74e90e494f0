"""Each kind of tampering is found and its place named, on both databases, by the command and by an export.

Who tampers here rules the database and the folder of checkpoints, and computes whatever trees he needs; what
he has not is the signing key. What that leaves him is written down too, and tried.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, text, update

from gateway.cli.main import main
from gateway.custody import audit, checkpoint, merkle, signing
from gateway.custody.checkpoint import Pace
from gateway.custody.database import Database, Side
from gateway.custody.errors import Tampered
from gateway.custody.founding import found
from gateway.custody.ids import Tenant
from gateway.custody.migrations import Store
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, audit_head, trail_cursor
from tests.unit.gateway.custody.trails import START, event, owned

LOG, OTHER = Tenant(7), Tenant(8)
SIGNED, SIZE, OTHERS = 9, 13, 6
"""Events of the log that a checkpoint covers, and all of them; those of another log, all signed."""
ALL = range(SIGNED)
FAR = 1_000_000
_c, _head = audit_event.c, audit_head.c


@dataclass
class Scene:
    """An installation with a trail in it, its honest state, and what somebody may do to it."""

    storage: Storage
    database: Database
    honest: dict[Table, list[Any]] = field(default_factory=dict)

    @property
    def notes(self) -> Path:
        return self.storage.data_dir / checkpoint.FOLDER

    @property
    def copy(self) -> Path:
        return self.storage.data_dir / "copy-elsewhere"

    def remember(self) -> None:
        shutil.copytree(self.notes, self.copy)
        with self.database.read() as conn:
            self.honest = {one: list(conn.execute(select(one))) for one in (audit_event, audit_head)}

    def put_back(self) -> None:
        """The honest state again."""
        self.put_back_notes()
        with self.database.write() as conn:
            conn.execute(delete(trail_cursor))
            for table, rows in self.honest.items():
                conn.execute(delete(table))
                conn.execute(insert(table), [row._asdict() for row in rows])

    def put_back_notes(self) -> None:
        shutil.rmtree(self.notes)
        shutil.copytree(self.copy, self.notes)

    # --- what he does ------------------------------------------------------------------------------------

    def edits(self, event: int, /, **columns: Any) -> None:
        with self.database.write() as conn:
            conn.execute(update(audit_event).where(_c.log == LOG, _c.seq == event).values(columns))

    def deletes(self, *seqs: int) -> None:
        with self.database.write() as conn:
            conn.execute(delete(audit_event).where(_c.log == LOG, _c.seq.in_(seqs)))

    def moves(self, first: int, by: int) -> None:
        """Number events anew from one on: over a place far away, because no two may bear one number."""
        with self.database.write() as conn:
            own = update(audit_event).where(_c.log == LOG)
            conn.execute(own.where(_c.seq >= first).values(seq=_c.seq + FAR))
            conn.execute(own.where(_c.seq >= FAR).values(seq=_c.seq - FAR + by))

    def inserts(self, seq: int, **columns: Any) -> None:
        row = dict(zip(audit.COLUMNS, (LOG, seq, *_cells(event(seq))), strict=True)) | columns
        with self.database.write() as conn:
            conn.execute(insert(audit_event).values(row))

    def heads(self, **columns: Any) -> None:
        with self.database.write() as conn:
            conn.execute(update(audit_head).where(_head.log == LOG).values(columns))

    def forges_head(self) -> None:
        """The head that a log of the rows as they stand would have."""
        with self.database.read() as conn:
            rows = conn.execute(select(audit_event).where(_c.log == LOG).order_by(_c.seq)).all()
        frontier, size = merkle.grow((), 0, [audit.leaf(tuple(row)) for row in rows])
        latest = max((row.time for row in rows), default=0)
        self.heads(size=size, frontier=merkle.pack(frontier), last_time=latest)

    def puts(self, what: str, seq: int) -> None:
        """SQLite keeps whatever it is given."""
        with self.database.write() as conn:
            conn.exec_driver_sql(f"UPDATE audit_event SET {what} WHERE log = {LOG} AND seq = {seq}")

    def puts_head(self, what: str) -> None:
        with self.database.write() as conn:
            conn.exec_driver_sql(f"UPDATE audit_head SET {what} WHERE log = {LOG}")

    def loses_everything(self) -> None:
        with self.database.write() as conn:
            conn.execute(delete(audit_event).where(_c.log == LOG))
            conn.execute(delete(audit_head).where(_head.log == LOG))

    # --- what is said of it ------------------------------------------------------------------------------

    def verified(self, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
        """The status of ``careloom audit verify --json``, and what it prints."""
        capsys.readouterr()
        status = main(["audit", "verify", "--json", "--data-dir", str(self.storage.data_dir), *more])
        return status, json.loads(capsys.readouterr().out)

    def exported(
        self, folder: Path, capsys: pytest.CaptureFixture[str], *more: str, form: str = "ndjson"
    ) -> tuple[int, dict[str, Any]]:
        """The same of the single file in an export that is made now, by Python alone."""
        capsys.readouterr()
        where = ["--data-dir", str(self.storage.data_dir)]
        assert main(["audit", "export", str(folder), "--format", form, "--json", *where]) == 0
        key = json.loads(capsys.readouterr().out)["key"]
        command = [sys.executable, "-I", "-S", "verify.py", "--json", "--key", key, *more]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)


def _cells(one: audit.Event) -> Iterator[Any]:
    return (getattr(one, name) for name in audit.COLUMNS[2:])


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A trail of three logs: signed twice, and grown since."""
    environ = {"CARELOOM_DATA_DIR": str(tmp_path_factory.mktemp("tampering") / "careloom")}
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sqlite":
            yield from _founded(environ, patch)
            return
        with request.getfixturevalue("postgres_databases").lent() as urls:
            servers = {"CARELOOM_DATABASE_URL": urls[Store.DATA], "CARELOOM_KEYS_URL": urls[Store.KEYS]}
            yield from _founded(environ | servers, patch)


def _founded(environ: dict[str, str], patch: pytest.MonkeyPatch) -> Iterator[Scene]:
    for name, value in environ.items():
        patch.setenv(name, value)
    storage = Storage.from_environ(environ)
    found(storage)
    made = Scene(storage, Database.open(storage.database_url, Side.TRUSTED))
    with made.database.write() as conn:
        owned(conn, LOG, OTHER)
    for log, first, end in ((LOG, 0, 5), (OTHER, 0, OTHERS), (LOG, 5, SIGNED), (LOG, SIGNED, SIZE)):
        with made.database.write() as conn:
            audit.append(conn, log, [event(number) for number in range(first, end)])
        if end < SIZE:
            assert main(["audit", "checkpoint", "--data-dir", environ["CARELOOM_DATA_DIR"]]) == 0
    if made.database.dialect == "postgresql":
        with made.database.write() as conn:
            # Who rules the database takes what rights there are.
            conn.execute(text("GRANT ALL ON audit_event, audit_head TO CURRENT_USER"))
    made.remember()
    yield made
    made.database.close()


@pytest.fixture(autouse=True)
def honest(scene: Scene) -> Iterator[None]:
    yield
    scene.put_back()


# --- the kinds ---------------------------------------------------------------------------------------------

EDITS: dict[str, Any] = {
    "time": START + 7,
    "kind": "rest:delete",
    "action": "D",
    "outcome": "8",
    "status": 500,
    "client_id": None,
    "organization": 99,
    "user": "somebody",
    "purpose": "TREAT",
    "type": "Group",
    "id": bytes(16),
    "version": 9,
    "patient": bytes(16),
    "digest": bytes(32),
    "address": "10.9.9.9",
    "request_id": "other",
    "detail": "",
}


def _edits(first: int, end: int) -> Callable[[Scene], None]:
    """Some of the columns, each in an event of its own."""

    def attack(scene: Scene) -> None:
        for seq, name in enumerate([*EDITS][first:end]):
            scene.edits(seq, **{name: EDITS[name]})

    return attack


def _swaps(scene: Scene) -> None:
    for old, new in ((2, FAR), (3, 2), (FAR, 3)):
        scene.edits(old, seq=new)


def _closes_a_gap(scene: Scene) -> None:
    scene.deletes(3)
    scene.moves(4, -1)


def _pushes_in(scene: Scene) -> None:
    scene.moves(4, 1)
    scene.inserts(4, status=403)


def _cuts(first: int, head: bool = False) -> Callable[[Scene], None]:
    def attack(scene: Scene) -> None:
        scene.deletes(*range(first, SIZE))
        if head:
            scene.forges_head()

    return attack


def _rewrites(seq: int) -> Callable[[Scene], None]:
    def attack(scene: Scene) -> None:
        scene.edits(seq, status=500)
        scene.forges_head()

    return attack


def _writes_another_history(scene: Scene) -> None:
    for seq in range(3, SIZE):
        scene.edits(seq, client_id="somebody-else")
    scene.forges_head()


def _closes_a_gap_and_forges(scene: Scene) -> None:
    _closes_a_gap(scene)
    scene.forges_head()


def _puts_the_clock_back(scene: Scene) -> None:
    with scene.database.write() as conn:
        audit.append(conn, LOG, [event(SIZE, START - 3_600_000_000)])


def _edits_a_note(scene: Scene) -> None:
    file = scene.notes / f"{LOG}.log"
    file.write_text(file.read_text("utf-8").replace("\n5\n", "\n4\n"), "utf-8")


def _takes_another_logs_notes(scene: Scene) -> None:
    shutil.copy(scene.notes / f"{OTHER}.log", scene.notes / f"{LOG}.log")


def _edits_leaves(scene: Scene) -> None:
    file = scene.notes / f"{LOG}.leaves"
    file.write_bytes(bytes(merkle.HASH_BYTES) + file.read_bytes()[merkle.HASH_BYTES :])


def _without_notes(scene: Scene) -> None:
    for file in scene.notes.glob(f"{LOG}.*"):
        file.unlink()


def _empties_notes(scene: Scene) -> None:
    (scene.notes / f"{LOG}.log").write_bytes(b"")


def _without_the_last_note(scene: Scene) -> None:
    file = scene.notes / f"{LOG}.log"
    first, _, _ = file.read_text("utf-8").partition("\n\ncareloom.log/")
    file.write_text(first + "\n\n", "utf-8")


def _brought(scene: Scene) -> None:
    """A witness has what is signed; of the leaves nothing is left that says so."""
    with scene.database.write() as conn:
        row = {"receiver": "checkpoints:syslog", "log": LOG, "taken": SIGNED, "time": START, "position": 0}
        conn.execute(insert(trail_cursor).values(row))
    file = scene.notes / f"{LOG}.leaves"
    file.write_bytes(file.read_bytes()[: 5 * merkle.HASH_BYTES])


def _moves_another_logs_rows(scene: Scene) -> None:
    with scene.database.write() as conn:
        conn.execute(update(audit_event).where(_c.log == OTHER).values(log=LOG, seq=_c.seq + SIZE))


CLOCK_ALONE = "a clock put back"
MOVED = "another log's rows moved here"


@dataclass(frozen=True)
class Kind:
    """What is done, and which events of the log are named for it: by the command, then by the export.

    ``twins`` are named as well in an export from a server, which lets in a second event of one number when it
    is of another month: here the export's own.
    """

    attack: Callable[[Scene], object]
    named: frozenset[int]
    exported: frozenset[int]
    twins: frozenset[int] = frozenset()


def kind(
    attack: Callable[[Scene], object], *named: int, exported: Iterable[int] = (), twins: Iterable[int] = ()
) -> Kind:
    return Kind(attack, frozenset(named), frozenset(exported) or frozenset(named), frozenset(twins))


KINDS: dict[str, Kind] = {
    "each column from time to purpose edited": kind(_edits(0, SIGNED), *ALL),
    "each column from type to detail edited": kind(_edits(SIGNED, len(EDITS)), *range(len(EDITS) - SIGNED)),
    "an event edited that nobody had signed": kind(lambda s: s.edits(10, status=500), 9, 10, 11),
    "an event deleted": kind(lambda s: s.deletes(6), 6),
    "an event deleted that nobody had signed": kind(lambda s: s.deletes(10), 10),
    "the end cut off": kind(_cuts(11), 11, 12),
    "the end cut off, and the head put back": kind(_cuts(6, head=True), 6, 7, 8),
    "order changed": kind(_swaps, 2, 3),
    "a gap closed": kind(_closes_a_gap, *range(3, SIGNED), 12),
    # The last event is a tree of its own at the end of this head, and so fits it.
    "a gap closed, and the head put back": kind(_closes_a_gap_and_forges, *range(3, SIZE - 1)),
    "an event inserted": kind(_pushes_in, *range(4, SIGNED), SIZE, twins=range(SIGNED, SIZE)),
    "an event added behind the head": kind(lambda s: s.inserts(SIZE), SIZE, twins=(SIZE - 1,)),
    "an event back-dated": kind(lambda s: s.edits(6, time=START - 86_400_000_000), 6),
    "an event back-dated that nobody had signed": kind(
        lambda s: s.edits(10, time=START - 86_400_000_000), 9, 10, 11
    ),
    CLOCK_ALONE: kind(_puts_the_clock_back, SIZE),
    "an event rewritten with rows and head": kind(_rewrites(6), 6),
    "another history": kind(_writes_another_history, *range(3, SIZE - 1)),
    "a head that counts one more": kind(lambda s: s.heads(size=SIZE + 1), SIZE),
    "a head that counts one less": kind(lambda s: s.heads(size=SIZE - 1), SIZE - 1, exported=range(SIZE)),
    # To an export its own event is added, under the head as it is found.
    "a head with another tree": kind(
        lambda s: s.heads(frontier=bytes(3 * 32)),
        7,
        *range(SIGNED, SIZE),
        exported=[7, *range(SIGNED, SIZE + 1)],
    ),
    "a head that says another time": kind(lambda s: s.heads(last_time=START + 10**15), SIZE),
    "a head without a tree": kind(lambda s: s.heads(frontier=b""), *range(SIZE + 1), exported=range(SIZE)),
    "a whole log deleted": kind(lambda s: s.loses_everything(), *ALL),
    MOVED: kind(_moves_another_logs_rows, *range(SIZE, SIZE + OTHERS)),
    "a checkpoint edited": kind(_edits_a_note, 0),
    "another log's checkpoints": kind(_takes_another_logs_notes, 0),
    # The proofs of an export are made from the leaves, so each of them fails.
    "leaves edited": kind(_edits_leaves, *range(5), exported=range(SIZE + 1)),
    "the checkpoints removed": kind(_without_notes, *range(SIZE)),
    "the notes emptied": kind(_empties_notes, *range(SIZE)),
    "the end cut off, with the head put back and the notes emptied": kind(
        lambda s: (_cuts(6, head=True)(s), _empties_notes(s)), *range(SIGNED)
    ),
    "an event rewritten with rows and head, and its note removed": kind(
        lambda s: (_rewrites(7)(s), _without_the_last_note(s)), 7
    ),
    "a note removed that was brought outside": kind(
        lambda s: (_brought(s), _without_the_last_note(s)), *range(5, SIGNED)
    ),
}

SQLITE_ALONE: dict[str, Kind] = {
    "a text that is no UTF-8": kind(lambda s: s.puts("detail = cast(x'ff' AS TEXT)", 6), 6),
    "a text that is no UTF-8, and another event deleted": kind(
        lambda s: (s.puts("detail = cast(x'ff' AS TEXT)", 6), s.deletes(3)), 3, 6
    ),
    "bytes where a text belongs": kind(lambda s: s.puts("kind = cast(kind AS BLOB)", 6), 6),
    "a text where bytes belong": kind(lambda s: s.puts("id = lower(hex(id))", 6), 6),
    "a head of text": kind(
        lambda s: s.puts_head("frontier = cast(x'ff' AS TEXT)"), *range(SIZE + 1), exported=range(SIZE)
    ),
}
"""What only a database without types keeps."""
KINDS |= SQLITE_ALONE


def named(told: dict[str, Any]) -> dict[int, set[int]]:
    """Every event that some fault names, by its log."""
    found: dict[int, set[int]] = {}
    for fault in told["faults"]:
        found.setdefault(fault["log"], set()).update(range(fault["first"], fault["last"] + 1))
    return found


def attacked(scene: Scene, name: str) -> None:
    if name in SQLITE_ALONE and scene.database.dialect != "sqlite":
        pytest.skip("a server's columns have types")
    KINDS[name].attack(scene)


def accused(name: str, seqs: frozenset[int]) -> dict[int, set[int]]:
    """What has to be named, and nothing beside it: no honest log, and of this log no other event."""
    return {LOG: set(seqs)} | ({OTHER: set(range(OTHERS))} if name == MOVED else {})


@pytest.mark.parametrize("name", KINDS)
def test_the_command_finds_it_and_names_the_place(
    scene: Scene, name: str, capsys: pytest.CaptureFixture[str]
):
    attacked(scene, name)
    status, told = scene.verified(capsys)
    assert (status, told["ok"]) == (3 if name == CLOCK_ALONE else 1, False)
    assert named(told) == accused(name, KINDS[name].named)


@pytest.mark.parametrize("name", KINDS)
def test_an_export_finds_it_and_names_the_place(
    scene: Scene, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    attacked(scene, name)
    status, told = scene.exported(tmp_path / "out", capsys)
    assert (status, told["ok"]) == (1, False)
    twins = KINDS[name].twins if scene.database.dialect == "postgresql" else frozenset()
    assert named(told) == accused(name, KINDS[name].exported | twins)


def test_every_column_but_the_place_is_edited_and_the_honest_trail_is_whole(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert set(EDITS) == set(audit.COLUMNS) - {"log", "seq"}
    assert scene.verified(capsys)[1]["ok"]
    status, told = scene.exported(tmp_path / "out", capsys)
    assert (status, told["ok"], told["events"]) == (0, True, SIZE + OTHERS + 2)


# --- what is not found, and what finds it -------------------------------------------------------------------


@pytest.mark.parametrize(
    "attack", [_rewrites(10), _cuts(11, head=True)], ids=["an event rewritten", "the end cut off"]
)
def test_what_no_checkpoint_covers_can_be_rewritten_with_its_head(
    scene: Scene, attack: Callable[[Scene], None], capsys: pytest.CaptureFixture[str]
):
    """At most a minute's events; after the next checkpoint the same is found."""
    attack(scene)
    assert scene.verified(capsys)[1]["ok"]
    scene.put_back()
    assert main(["audit", "checkpoint", "--data-dir", str(scene.storage.data_dir)]) == 0
    attack(scene)
    assert scene.verified(capsys)[0] == 1


def _without_the_last_note_and_leaf(scene: Scene) -> None:
    _without_the_last_note(scene)
    file = scene.notes / f"{LOG}.leaves"
    file.write_bytes(file.read_bytes()[: 5 * merkle.HASH_BYTES])


def test_the_last_checkpoint_with_its_leaves_is_missed_with_a_copy_of_it(
    scene: Scene, capsys: pytest.CaptureFixture[str]
):
    """So the notes belong copied to where nobody here can write: of a minute's events nothing else speaks."""
    _rewrites(7)(scene)
    _without_the_last_note_and_leaf(scene)
    assert scene.verified(capsys)[1]["ok"]
    copied = ("--witness", str(scene.copy))
    status, told = scene.verified(capsys, *copied)
    assert (status, {fault["first"] for fault in told["faults"]}) == (1, {0})
    scene.put_back_notes()
    status, told = scene.verified(capsys)
    assert (status, named(told)) == (1, {LOG: {7}})


def test_nothing_is_signed_over_notes_that_were_taken_away(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _cuts(6, head=True)(scene)
    _empties_notes(scene)
    scene.exported(tmp_path / "out", capsys)
    assert (scene.notes / f"{LOG}.log").read_bytes() == b""
    assert main(["audit", "checkpoint", "--data-dir", str(scene.storage.data_dir)]) == 1
    assert (scene.notes / f"{LOG}.log").read_bytes() == b""


def test_a_clock_that_was_put_back_is_of_its_own_kind_and_status(
    scene: Scene, capsys: pytest.CaptureFixture[str]
):
    _puts_the_clock_back(scene)
    status, told = scene.verified(capsys)
    assert (status, [fault["kind"] for fault in told["faults"]]) == (3, ["clock"])
    scene.edits(3, status=500)
    status, told = scene.verified(capsys)
    assert (status, {fault["kind"] for fault in told["faults"]}) == (1, {"clock", "altered"})


def test_a_clock_that_somebody_acknowledged_is_told_and_no_fault_any_more(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _puts_the_clock_back(scene)
    where = ["--data-dir", str(scene.storage.data_dir)]
    says = ["audit", "acknowledge", "--log", str(LOG), "--reason", "clock-set-back"]
    assert main([*says, "--event", "3", *where]) == 1, "an event whose clock was right"
    assert main([*says, "--event", str(SIZE), "--ticket", "Anne Hopkins", *where]) != 0, "a name is no ticket"
    assert scene.verified(capsys)[0] == 3
    assert main([*says, "--event", str(SIZE), "--ticket", "OPS-114", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out) == {"log": LOG, "acknowledged": [SIZE]}
    status, told = scene.verified(capsys)
    assert (status, told["ok"], told["faults"]) == (0, True, [])
    assert [(one["first"], one["kind"]) for one in told["acknowledged"]] == [(SIZE, "clock")]
    for form in ("ndjson", "csv"):
        status, told = scene.exported(tmp_path / form, capsys, form=form)
        assert (status, told["ok"]) == (0, True)
    assert main([*says, "--event", str(SIZE), "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["acknowledged"] == [], "once is enough"
    scene.edits(3, status=500)
    assert scene.verified(capsys)[0] == 1, "what was altered is no clock's fault"


def test_what_acknowledges_must_be_as_it_was_written(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """An event that somebody makes one of these excuses nothing, and is a fault itself."""
    _puts_the_clock_back(scene)
    with scene.database.write() as conn:
        audit.append(conn, LOG, [event(SIZE + 1)])
    assert main(["audit", "checkpoint", "--data-dir", str(scene.storage.data_dir)]) == 0
    said = f"command line: clock at {SIZE}, accepted"
    scene.edits(SIZE + 1, kind="audit:acknowledge", detail=said)
    status, told = scene.verified(capsys)
    assert (status, {fault["kind"] for fault in told["faults"]}) == (1, {"clock", "altered"})
    status, told = scene.exported(tmp_path / "out", capsys)
    assert (status, {fault["kind"] for fault in told["faults"]}) == (1, {"clock", "altered"})


def test_a_log_of_nobodys_is_found(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Whole in itself and signed by who signs all there is: that it should not be there is its fault."""
    with scene.database.write() as conn:
        audit.append(conn, Tenant(99), [event(number) for number in range(3)])
    assert main(["audit", "checkpoint", "--data-dir", str(scene.storage.data_dir)]) == 0
    status, told = scene.verified(capsys)
    assert (status, named(told)) == (1, {99: {0, 1, 2}})
    status, told = scene.exported(tmp_path / "out", capsys)
    assert (status, named(told)) == (1, {99: {0, 1, 2}})


def test_a_courier_that_runs_signs_no_log_anew(scene: Scene, capsys: pytest.CaptureFixture[str]):
    """It remembers how far it signed, and what it found signed. One that starts afterwards knows nothing, and
    then only a place outside tells."""
    signer = signing.load(scene.storage.key_paths.audit)
    now = START + 86_400_000_000
    checkpoint.take(scene.database, scene.notes, signer, now, Pace(1_000_000, 10**18))
    _rewrites(7)(scene)
    for path in scene.notes.glob(f"{LOG}.*"):
        path.unlink()
    with pytest.raises(Tampered):
        checkpoint.take(scene.database, scene.notes, signer, now)
    assert not (scene.notes / f"{LOG}.log").exists()
    status, told = scene.verified(capsys)
    assert (status, {fault["kind"] for fault in told["faults"]}) == (1, {"unsigned"})
    checkpoint.take(scene.database, scene.notes, signing.load(scene.storage.key_paths.audit), now)
    assert scene.verified(capsys)[1]["ok"], "a new process has nothing to compare with"
    status, told = scene.verified(capsys, "--witness", str(scene.copy))
    assert (status, told["ok"]) == (1, False)


def test_an_export_is_compared_with_checkpoints_that_were_kept_elsewhere(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    _rewrites(7)(scene)
    _without_the_last_note_and_leaf(scene)
    assert scene.exported(tmp_path / "out", capsys)[1]["ok"]
    status, told = scene.exported(tmp_path / "again", capsys, "--checkpoints", str(scene.copy / f"{LOG}.log"))
    assert (status, {fault["log"] for fault in told["faults"]}) == (1, {LOG})
