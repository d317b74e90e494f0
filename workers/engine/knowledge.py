"""Loads what the engine knows from folders of FHIR, and refuses a pack that has any fault.

A folder of knowledge holds packs; a pack is a folder with a ``Library.json`` that names and versions it, and
``plan-definitions``, ``activity-definitions``, ``medicines`` and ``cases`` beside it. Nothing is loaded by
halves: one fault anywhere refuses all, with every fault listed, since a rule that is silently left out looks
like a patient who needs nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mappers import tables
from mappers.lossless import NotJson, loads
from mappers.r4.validate import problems
from workers.engine.acts import medicine, offer
from workers.engine.definitions import Guideline, Knowledge, MedicineClass, Offer, Pack, State
from workers.engine.rules import guideline
from workers.engine.sheet import Sheet

ENGINE = Path(__file__).resolve().parent
SHIPPED = ENGINE.parent / "knowledge"
TABLES = (
    *sorted({file.parent for file in SHIPPED.glob("*/*.csv")}),
    SHIPPED / "prevent",
    Path(tables.__file__).resolve().parent / "data",
)
"""Folders of tables that plans rest on, beside the packs."""
CASE_KINDS = ("fires", "does-not-fire", "unknown", "near-threshold")


class KnowledgeRefused(Exception):  # noqa: N818 - it reads as what happened
    """The knowledge has faults and was not loaded."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def load(folder: Path = SHIPPED, added: Path | None = None) -> Knowledge:
    """All packs in a folder, and those in the folder of what was ``added``, each in the place of one of the
    same name; raises ``KnowledgeRefused``."""
    faults: list[str] = []
    packs = found_packs(folder, added)
    if not packs:
        raise KnowledgeRefused([f"{folder.name}: there is no pack in it, and no rules is no safe answer"])
    loaded = [_pack(path, faults) for path in packs]
    table = {one.key: one for path in packs for one in _medicines(path, faults)}
    offers = {key: one for path in packs for key, one in _offers(path, table, faults).items()}
    rules = [one for path in packs for one in _rules(path, offers, table, faults)]
    _twice(rules, faults)
    if faults:
        raise KnowledgeRefused(faults)
    rules.sort(key=lambda one: one.rule.id)
    return Knowledge(
        tuple(loaded),
        tuple(one for one in rules if one.state is State.ON),
        table,
        _digest(packs),
        shelved=tuple(one for one in rules if one.state is not State.ON),
        offers=offers,
    )


def found_packs(folder: Path, added: Path | None = None) -> list[Path]:
    """The folders of the packs that count, by their names."""
    found = {one.parent.name: one.parent for one in folder.glob("*/Library.json")}
    if added is not None:
        found |= {one.parent.name: one.parent for one in added.glob("*/Library.json")}
    return [found[name] for name in sorted(found)]


def _pack(path: Path, faults: list[str]) -> Pack:
    sheet = _sheet(path / "Library.json", faults)
    if sheet.text("id") != path.name:
        sheet.fault(f"id must be the name of the pack's folder, {path.name}")
    return Pack(sheet.text("id"), sheet.text("version"), sheet.text("title"), sheet.text("date"))


def _medicines(path: Path, faults: list[str]) -> Iterator[MedicineClass]:
    return (medicine(sheet) for sheet in _sheets(path / "medicines", faults))


def _offers(path: Path, table: Mapping[str, MedicineClass], faults: list[str]) -> dict[str, Offer]:
    found = [offer(sheet, table) for sheet in _sheets(path / "activity-definitions", faults)]
    return {one.key: one for one in found}


def _rules(
    path: Path, offers: Mapping[str, Offer], table: Mapping[str, MedicineClass], faults: list[str]
) -> list[Guideline]:
    sheets = list(_sheets(path / "plan-definitions", faults))
    if not sheets:
        faults.append(f"{path.name}: a pack without rules is no pack")
    for sheet in sheets:
        _tested(path, sheet, faults)
    return [guideline(sheet, path.name, offers, table) for sheet in sheets]


def _tested(path: Path, sheet: Sheet, faults: list[str]) -> None:
    """Each rule lies beside cases in which it fires, does not, cannot tell, and stands near its threshold."""
    file = path / "cases" / f"{sheet.node.get('id')}.json"
    kinds = {case.get("kind") for case in _json(file, faults).get("cases", ())} if file.exists() else set()
    lacking = [kind for kind in CASE_KINDS if kind not in kinds]
    if lacking:
        sheet.fault(f"has no case of kind {', '.join(lacking)}")


def _twice(rules: list[Guideline], faults: list[str]) -> None:
    ids = Counter(rule.rule.id for rule in rules)
    goals = Counter(key for rule in rules for key in rule.targets)
    faults += [f"{key}: two rules bear this id" for key, count in ids.items() if count > 1]
    faults += [f"{key}: two rules set this goal" for key, count in goals.items() if count > 1]


def _sheets(folder: Path, faults: list[str]) -> Iterator[Sheet]:
    return (_sheet(path, faults) for path in sorted(folder.glob("*.json")))


def _sheet(path: Path, faults: list[str]) -> Sheet:
    found, where = _json(path, faults), f"{path.parent.name}/{path.name}"
    if "resourceType" in found:
        faults += [f"{where}: {one.expression} {one.text}" for one in problems(dict(found))]
    return Sheet(found, where, faults)


def _json(path: Path, faults: list[str]) -> Mapping[str, Any]:
    try:
        found = loads(path.read_bytes())
    except (NotJson, OSError) as error:
        faults.append(f"{path.parent.name}/{path.name}: cannot be read as JSON ({type(error).__name__})")
        return {}
    return found if isinstance(found, Mapping) else {}


def _digest(packs: list[Path]) -> str:
    """SHA-256 over packs, tables and the engine itself, so that a change of either can be seen."""
    ours = [(pack, file) for pack in packs for file in pack.rglob("*.json")]
    files = {file.relative_to(pack.parent).as_posix(): file for pack, file in ours}
    files |= {f"tables/{root.name}/{file.name}": file for root in TABLES for file in root.glob("*.[cj]s*")}
    files |= {f"engine/{file.relative_to(ENGINE).as_posix()}": file for file in ENGINE.rglob("*.py")}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].read_bytes() + b"\0")
    return digest.hexdigest()
