"""A pack as one value: its files as a JSON object, path to text, in one spelling.

Two packs that hold the same files pack to the same bytes, so a signature over the digests of the files and
what is kept speak of the same thing. A name that could leave the pack's folder is refused both ways.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from workers.engine.knowledge import KnowledgeRefused

SIGNATURE = "SIGNATURE"
"""The one file of a pack that is no part of what is signed."""
_FOLDERS = "plan-definitions|activity-definitions|medicines|cases"
_NAME = re.compile(rf"Library\.json|(?:{_FOLDERS})/[a-z0-9][a-z0-9_.-]*\.json")
_PACK = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
LARGEST = 16 * 1024 * 1024


def read(folder: Path) -> Mapping[str, str]:
    """The files of a pack; raises ``KnowledgeRefused`` for any that no pack has."""
    found: dict[str, str] = {}
    faults = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file() or one.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if name == SIGNATURE:
            continue
        if path.is_symlink() or not _NAME.fullmatch(name):
            faults.append(f"{name}: is no file that a pack has")
            continue
        try:
            found[name] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            faults.append(f"{name}: cannot be read as text in UTF-8")
    if "Library.json" not in found:
        faults.append(f"{folder.name}: there is no Library.json in it, so it is no pack")
    if sum(map(len, found.values())) > LARGEST:
        faults.append(f"{folder.name}: is larger than {LARGEST // 1024 // 1024} MB")
    if faults:
        raise KnowledgeRefused(faults)
    return found


def packed(files: Mapping[str, str]) -> bytes:
    """Files as one value."""
    return json.dumps(dict(sorted(files.items())), ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(files: bytes) -> Mapping[str, str]:
    """The files in one value; raises ``KnowledgeRefused`` where it is none that ``packed`` made."""
    try:
        found = json.loads(files)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(
        _NAME.fullmatch(name) and isinstance(text, str) for name, text in found.items()
    ):
        raise KnowledgeRefused(["a pack that was added cannot be read: remove it and add it again"])
    return found


def lay_out(files: Mapping[str, str], pack: str, folder: Path) -> None:
    """Write a pack into a folder of packs, where the loader finds it."""
    if not _PACK.fullmatch(pack):
        raise KnowledgeRefused([f"{pack!r} is no name of a pack: small letters, digits and hyphens"])
    for name, text in files.items():
        path = folder / pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
