"""Checks an export of an audit trail: this one file, Python's standard library, and nothing of the system's.

    python3 verify.py [FOLDER] [--key KEY] [--checkpoints FILE] [--json]

1. The manifest bears the signature of one of its keys (of KEY, where it is given): it says which logs, events
   and tables must be here. Each checkpoint bears such a signature too.
2. Of a whole log each event is hashed anew (RFC 9162; a leaf is the MessagePack array of the format's number
   and every column) and must be the leaf that was signed; all must lead to each checkpoint and to the head.
3. Each event's inclusion proof must lead to the newest checkpoint. 4. Time must not step back further than
   writers side by side explain, but where a later event of the log acknowledges it.
5. What the system's own verification found before the export is told too, where nothing here shows it.
Exits 0 when all holds; else it says what is wrong and where, and exits 1."""

from __future__ import annotations

import argparse
import base64
import contextlib
import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMAT = 1
ABSENT = "\\N"
CLOCK_STEP = 120_000_000  # microseconds
CLOCK = "time steps back: the clock was put back, or the event is back-dated"
SEEN = re.compile(r": clock at ([0-9]{1,18}), ")  # in the detail of an audit:acknowledge
HASH = 32
NOWHERE = {"log": None, "first": 0, "last": 0, "kind": "altered"}
Point = Any  # extended coordinates
Told = Any  # what the manifest says, or an event


class Broken(Exception):  # noqa: N818 - it reads as what it is
    """The export itself cannot be trusted."""


# Ed25519 (RFC 8032, 5.1), verification only
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def _x_of(y: int, sign: int) -> Any:
    """The x of a point, or None where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    bad = (x * x - square) % P or (x == 0 and sign)
    return None if bad else P - x if x & 1 != sign else x


def _point(raw: bytes) -> Point | None:
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = _x_of(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _add(one: Point, other: Point) -> Point:
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor: int, point: Point) -> Point:
    found = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = _add(found, point)
        point = _add(point, point)
        factor >>= 1
    return found


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (_x_of(BASE_Y, 0), BASE_Y, 1, _x_of(BASE_Y, 0) * BASE_Y % P)


def signature_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of 64 bytes over a message is one of this public key of 32 bytes."""
    key, commitment = _point(public), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if (len(public), len(signature)) != (32, 64) or key is None or commitment is None or scalar >= Q:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = _times(scalar, BASE)
    right = _add(commitment, _times(int.from_bytes(digest, "little") % Q, key))
    return all((left[axis] * right[2] - right[axis] * left[2]) % P == 0 for axis in (0, 1))


def note_text(note: str, name: str, keys: list[bytes]) -> str | None:
    """The text of a note (C2SP signed-note) that one of the keys signed under this name, or None."""
    text, separator, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines() if separator else ():
        encoded, raw = line[len(f"\u2014 {name} ") :], b""
        with contextlib.suppress(ValueError):
            raw = base64.b64decode(encoded, validate=True)
        for key in keys if line.startswith(f"\u2014 {name} ") else ():
            named = hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4]
            if raw[:4] == named and signature_holds(key, text.encode(), raw[4:]):
                return text
    return None


def checkpoints(path: Path, origin: str, keys: list[bytes]) -> tuple[list[tuple[int, bytes]], int]:
    """The (size, root) of each note in a file that holds, and how many do not."""
    written = path.read_text("utf-8", "replace") if path.exists() else ""
    parts = [part for part in written.split("\n\n") if part.strip()]
    found = []
    for at in range(0, len(parts), 2):
        lines = (note_text("\n\n".join(parts[at : at + 2]), origin, keys) or "").splitlines()
        if lines[:1] == [origin]:
            found.append((int(lines[1]), base64.b64decode(lines[2])))
    return sorted(found), (len(parts) + 1) // 2 - len(found)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def grow(frontier: list[bytes], size: int, leaf: bytes) -> None:
    """One leaf more on the roots of the complete subtrees, largest first."""
    while size & 1:
        leaf = node(frontier.pop(), leaf)
        size >>= 1
    frontier.append(leaf)


def root_of(frontier: list[bytes]) -> bytes:
    folded = frontier[-1] if frontier else hashlib.sha256(b"").digest()
    for subtree in reversed(frontier[:-1]):
        folded = node(subtree, folded)
    return folded


def subtrees(size: int) -> Iterator[tuple[int, int]]:
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield start, start + (1 << level)
            start += 1 << level


def included(leaf: bytes, index: int, tree: tuple[int, bytes], proof: bytes) -> bool:
    """Whether a proof leads from a leaf at an index to the root of a (size, root) (2.1.3.2)."""
    place, last = index, tree[0] - 1
    if not 0 <= place <= last:
        return False
    for at in range(0, len(proof), HASH):
        if last == 0:
            return False
        sibling = proof[at : at + HASH]
        if place & 1 or place == last:
            leaf = node(sibling, leaf)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            leaf = node(leaf, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and leaf == tree[1]


def packed(value: int | str | bytes | None) -> bytes:
    """One value as MessagePack, in its shortest form."""
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        if -32 <= value < 128:
            return value.to_bytes(1, "big", signed=value < 0)
        head, signed = (0xD0, True) if value < 0 else (0xCC, False)
        width = 1 << sum((-value - 1 if signed else value) >> 8 * size - signed > 0 for size in (1, 2, 4))
        return bytes([head + width.bit_length() - 1]) + value.to_bytes(width, "big", signed=signed)
    raw = value.encode() if isinstance(value, str) else value
    if isinstance(value, str) and len(raw) < 32:
        return bytes([0xA0 | len(raw)]) + raw
    width = 1 if len(raw) < 256 else 2 if len(raw) < 65536 else 4
    head = (0xD9 if isinstance(value, str) else 0xC4) + width.bit_length() - 1
    return bytes([head]) + len(raw).to_bytes(width, "big") + raw


def leaf_of(cells: list[Any]) -> bytes:
    """The leaf hash of an event: its columns after the number of the format."""
    count = len(cells) + 1
    head = bytes([0x90 | count]) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return hashlib.sha256(b"\x00" + head + packed(FORMAT) + b"".join(map(packed, cells))).digest()


def events(path: Path, manifest: Told) -> Iterator[Told]:
    """Each event; its leaf is None where it cannot be read."""
    absent, shield = (
        (None, "") if path.suffix == ".ndjson" else (ABSENT, "'" * manifest.get("shielded", False))
    )
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file) if absent else map(json.loads, file):
            seq, time, leaf = int(row["seq"]), int(row["time"]), None
            proof = None if row["proof"] in (None, ABSENT) else base64.b64decode(row["proof"])
            with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
                cells = manifest["columns"]
                leaf = leaf_of([_cell(row[name], kind, absent, shield) for name, kind in cells])
            seen = SEEN.search(str(row.get("detail"))) if row.get("kind") == "audit:acknowledge" else None
            yield seq, time, leaf, proof, int(seen[1]) if seen else None


def _cell(value: Any, kind: str, absent: str | None, shield: str) -> int | str | bytes | None:
    if value == absent:
        return None
    if kind == "str":
        return str(value)[1:] if shield and value[:1] == shield else str(value)
    return int(value) if kind == "int" else bytes.fromhex(value)


class Log:
    """One log: read once, from its first event to its last."""

    def __init__(self, told: Told, folder: Path, manifest: Told, keys: list[bytes]) -> None:
        self.told, self.number, self.whole = told, told["log"], told["whole"]
        place = folder / str(self.number)
        self.events = events(place / f"events.{manifest['form']}", manifest)
        self.notes, damaged = checkpoints(place / "checkpoints", told["origin"], keys)
        self.outside = checkpoints(manifest["outside"], told["origin"], keys)[0]
        self.signed = self.notes[-1][0] if self.notes else 0
        self.leaves = (place / "leaves").read_bytes() if (place / "leaves").exists() else b""
        self.faults: list[dict[str, Any]] = []
        self.acknowledged: dict[int, int] = {}  # by the event whose clock was wrong, the one that says so
        self.roots: dict[int, set[bytes]] = {}
        for size, root in (*self.notes, *self.outside):
            self.roots.setdefault(size, set()).add(root)
        self.seen, self.size = 0, told["first"]
        self.frontier = [bytes.fromhex(part) for part in told.get("before", [])]
        self.comparable = self.whole  # no event is missing that no signed leaf could replace
        if damaged:
            self.fault(0, 0, f"{damaged} checkpoint(s) of this log bear none of the signatures")

    def fault(self, first: int, last: int, what: str, kind: str = "altered") -> None:
        self.faults.append({"log": self.number, "first": first, "last": last, "what": what, "kind": kind})

    def check(self) -> Log:
        try:
            self._read()
        except (OSError, ValueError, KeyError, TypeError):
            self.fault(self.size, self.told["end"] - 1, "the events cannot be read from here on")
        self._check_end()
        said = {seq for seq, by in self.acknowledged.items() if by > seq}
        self.faults = [one for one in self.faults if one["kind"] != "clock" or one["first"] not in said]
        return self

    def _read(self) -> None:
        previous = 0
        for seq, time, leaf, proof, clock in self.events:
            self.seen += 1
            if seq < self.size:
                self.fault(seq, seq, "an event is out of its place, or here twice")
                continue
            self._skip(seq)
            told = len(self.faults)
            self._grow(self._checked(seq, leaf, proof))
            if len(self.faults) == told:
                if time < previous - CLOCK_STEP:
                    self.fault(seq, seq, CLOCK, "clock")
                previous = time
                if clock is not None:
                    self.acknowledged[clock] = seq

    def _skip(self, seq: int) -> None:
        if seq > self.size:
            self.fault(self.size, seq - 1, "events are missing")
        # What a forger numbered far beyond the end is not counted up to.
        while self.size < min(seq, max(self.signed, self.told["head"]["size"])):
            self._grow(self._leaf(self.size))
        self.comparable = self.comparable and self.size == seq
        self.size = seq

    def _leaf(self, seq: int) -> bytes | None:
        at = (seq - self.told["first"]) * HASH
        return self.leaves[at : at + HASH] or None

    def _grow(self, leaf: bytes | None) -> None:
        self.comparable = self.comparable and leaf is not None
        if self.comparable and leaf is not None:
            grow(self.frontier, self.size, leaf)
        self.size += 1
        known = self.roots.get(self.size) if self.comparable else None
        if known and known != {root_of(self.frontier)}:
            self.fault(0, self.size - 1, f"the first {self.size} events are not the ones that were signed")
            self.comparable = False

    def _checked(self, seq: int, leaf: bytes | None, proof: bytes | None) -> bytes | None:
        """The leaf that was signed; what differs from it is told once."""
        signed = self._leaf(seq)
        if leaf is None or (signed is not None and leaf != signed):
            self.fault(seq, seq, "the event was changed after it was signed")
            return signed
        if seq < self.signed and self.told.get("proven", True):
            if proof is None or not included(leaf, seq, self.notes[-1], proof):
                self.fault(seq, seq, "the event or its proof is not what was signed")
        elif not self.whole:
            self.fault(seq, seq, "no checkpoint covers the event")
        return leaf

    def _check_end(self) -> None:
        end, head = self.told["end"], self.told["head"]
        due = max(end, *self.roots, 0) if self.whole else end
        if self.size < due:
            self.fault(self.size, due - 1, "events are missing at the end")
        if self.size > end:
            self.fault(end, self.size - 1, "events stand after the end")
        if self.whole and self.size == end:
            self._check_head(head["size"], head["frontier"])

    def _check_head(self, size: int, frontier: list[str]) -> None:
        if size != self.size:
            low, high = sorted((size, self.size))
            self.fault(low, high - 1, "the head of the log says another number of events")
        elif self.comparable:
            for (first, end), mine, kept in zip(subtrees(size), self.frontier, frontier):  # noqa: B905
                if mine.hex() == kept:
                    continue
                low, placed = max(first, self.signed), [f for f in self.faults if first <= f["first"] < end]
                if low < end:
                    self.fault(low, end - 1, "an event among these was changed")
                else:
                    at = placed[0]["first"] if placed else end - 1
                    self.fault(at, at, "the head of the log does not fit what was signed")


def manifest(folder: Path, key: bytes | None) -> tuple[dict[str, Any], list[bytes]]:
    """What the folder must hold; raises ``Broken`` where nobody signed it whose key is to be trusted."""
    try:
        note = (folder / "manifest").read_text("utf-8")
        name, _, rest = note.partition("\n")
        told = json.loads(rest.split("\n", 1)[0])
        keys = [bytes.fromhex(text) for text in told["keys"]]
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise Broken("the manifest cannot be read") from why
    if key is not None and key not in keys:
        raise Broken("the export is not signed by the key that was given")
    if note_text(note, name, keys if key is None else [key]) is None:
        raise Broken("the manifest bears none of the signatures")
    return told, keys


def verify(folder: Path, key: bytes | None = None, outside: Path | None = None) -> dict[str, Any]:
    """``faults`` say what is wrong and where; ``outside``: a file of notes that were kept elsewhere."""
    told, keys = manifest(folder, key)
    told["outside"] = outside or folder / "none"
    logs = [Log(one, folder, told, keys).check() for one in told["logs"]]
    faults = [fault for log in logs for fault in log.faults]
    for table in (folder / name for name in told.get("files", {})):
        if not table.is_file() or hashlib.sha256(table.read_bytes()).hexdigest() != told["files"][table.name]:
            faults.append({**NOWHERE, "what": f"{table.name} is not the table that was exported"})  # noqa: PERF401
    shown = {(fault["log"], fault["kind"]) for fault in faults}
    faults += [one for one in told.get("found", []) if (one["log"], one["kind"]) not in shown]
    counted = {"events": sum(log.seen for log in logs), "checkpoints": sum(len(log.notes) for log in logs)}
    return {"ok": not faults, "logs": len(logs), **counted, "keys": [k.hex() for k in keys], "faults": faults}


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an export of an audit trail.")
    parser.add_argument("folder", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--key", help="the public key (64 hexadecimal digits) that must have signed")
    parser.add_argument("--checkpoints", type=Path, help="a file of checkpoints that were kept elsewhere")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    try:
        if asked.key and not (len(asked.key) == 64 and set(asked.key.lower()) <= set("0123456789abcdef")):
            raise Broken("--key takes 64 hexadecimal digits")
        if asked.checkpoints and not asked.checkpoints.is_file():
            raise Broken("there is no such file of checkpoints")
        found = verify(asked.folder, bytes.fromhex(asked.key) if asked.key else None, asked.checkpoints)
    except (Broken, ValueError) as why:
        found = {"ok": False, "logs": 0, "events": 0, "checkpoints": 0, "keys": []}
        found["faults"] = [{**NOWHERE, "what": str(why)}]
    sys.stdout.write((json.dumps(found) if asked.json else told(found)) + "\n")
    return 0 if found["ok"] else 1


def told(found: dict[str, Any]) -> str:
    faults: list[dict[str, Any]] = []
    for one in found["faults"]:
        last = faults.pop() if faults else one
        joins = (last["log"], last["what"], last["last"] + 1) == (one["log"], one["what"], one["first"])
        faults += [{**last, "last": one["last"]}] if joins else [one] if last is one else [last, one]
    lines = ["log {log}, events {first} to {last}: {what}".format(**fault) for fault in faults]
    state = "whole" if found["ok"] else f"not whole: {len(faults)} fault(s)"
    lines.append(f"The export is {state} ({found['events']} events, {found['checkpoints']} checkpoints).")
    return "\n".join([*lines, *(f"key {key}" for key in found["keys"])])


if __name__ == "__main__":
    sys.exit(main())
