"""Law 11 by syntax: what is pure calls no clock and draws nothing, under whatever name it was imported.

A search for words is led astray by ``from time import time as t``; here each name is followed to what it
was imported from, and every use of it is looked at, not only calls.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PURE = (
    "mappers",
    "workers/engine",
    "gateway/privacy",
    "gateway/custody/merkle.py",
    "gateway/custody/note.py",
    "gateway/custody/cipher.py",
    "gateway/custody/index.py",
    "gateway/custody/ids.py",
    "gateway/custody/audit.py",
    "gateway/custody/records.py",
    "gateway/disclosures/accounting.py",
    "gateway/disclosures/purposes.py",
    "gateway/demo/chart.py",
    "gateway/demo/people.py",
    "gateway/demo/stories.py",
    "gateway/demo/patients.py",
    "gateway/instants.py",
    "gateway/trace.py",
)
WHOLE_MODULES = ("time", "secrets", "socket", "requests", "urllib.request", "subprocess", "tempfile")
NAMES = (
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "os.urandom",
    "os.environ",
    "os.getenv",
    "os.getrandom",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.getnode",
    "random.random",
    "random.randrange",
    "random.randint",
    "random.choice",
    "random.shuffle",
    "random.SystemRandom",
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM.generate_key",
    "hashlib.file_digest",
)


@cache
def pure() -> tuple[Path, ...]:
    found = [path for name in PURE for path in _modules(ROOT / name)]
    assert len(found) > len(PURE)
    return tuple(found)


def _modules(place: Path) -> list[Path]:
    assert place.exists(), place
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def imported(tree: ast.AST) -> dict[str, str]:
    """What each imported name of a module stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                names[one.asname or one.name.partition(".")[0]] = (
                    one.name if one.asname else one.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return names


def dotted(node: ast.AST, names: dict[str, str]) -> str | None:
    """The full name of what an expression names, if it begins with something imported."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        before = dotted(node.value, names)
        return None if before is None else f"{before}.{node.attr}"
    return None


def impure(source: str) -> Iterator[str]:
    """Each use of a clock, of randomness or of the world in a module's text."""
    tree = ast.parse(source)
    names = imported(tree)
    used = {found for node in ast.walk(tree) if (found := dotted(node, names))} | set(names.values())
    for name in sorted(used):
        if name in NAMES or any(name == module or name.startswith(f"{module}.") for module in WHOLE_MODULES):
            yield name


@pytest.mark.parametrize("path", pure(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_law_11_nothing_pure_reads_a_clock_or_draws_randomness(path: Path) -> None:
    assert list(impure(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", pure(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_law_11_a_generator_in_pure_code_has_a_seed(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    names = imported(tree)
    made = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func, names) == "random.Random"
    ]
    assert all(node.args or node.keywords for node in made)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from time import time as t\nt()", ["time.time"]),
        ("import time as clock\nclock.monotonic()", ["time", "time.monotonic"]),
        ("import datetime\ndatetime.datetime.now()", ["datetime.datetime.now"]),
        ("from datetime import date as d\nlater = d.today", ["datetime.date.today"]),
        ("from datetime import datetime\nnow = datetime.now\nnow()", ["datetime.datetime.now"]),
        ("def f():\n    from os import urandom\n    return urandom(16)", ["os.urandom"]),
        ("import uuid\nclass A:\n    id = uuid.uuid4()", ["uuid.uuid4"]),
        ("import os\nos.environ['X']", ["os.environ"]),
        ("import urllib.request as r\nr.urlopen('x')", ["urllib.request", "urllib.request.urlopen"]),
        ("from datetime import datetime\ndatetime.fromisoformat('x')", []),
        ("import uuid\nuuid.UUID(int=1, version=4)", []),
        ("import os\nos.fspath('x')", []),
        ("time = 1\ntime", []),
    ],
)
def test_the_search_follows_every_name(source: str, found: list[str]) -> None:
    assert list(impure(source)) == found


@pytest.mark.parametrize(
    "place", ["gateway/erasure", "gateway/intake", "gateway/release", "gateway/fhir", "gateway/auth"]
)
def test_law_11_the_edges_and_use_cases_are_handed_their_clock(place: str) -> None:
    """They are not pure, but whose time it is must be the caller's to say: only a lock may wait by itself."""
    clocks = {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
    }
    draws = {"os.urandom", "uuid.uuid4", "uuid.uuid1"}
    for path in _modules(ROOT / place):
        assert not set(impure(path.read_text("utf-8"))) & (clocks | draws), path
