"""The house is a test: who may import whom, how long things may be, and that every law has a keeper.

The contracts stand in ``pyproject.toml``; here they are run, and what import-linter cannot say is said.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gateway", "mappers", "workers")
LAWS = range(1, 13)
GRAB_BAGS = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "manager",
    "managers",
    "base",
    "misc",
    "lib",
    "shared",
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def modules() -> dict[Path, ast.Module]:
    """Every module of the three packages with its syntax tree."""
    return {
        path.relative_to(ROOT): ast.parse(path.read_text("utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, "bench", include_external_packages=True, cache_dir=None)


@cache
def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return settings["tool"]["importlinter"]["contracts"]


def lines(path: Path) -> int:
    return len((ROOT / path).read_text("utf-8").splitlines())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return whole
    docstring = function.body[0]
    return whole - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def percentile(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


# --- directions ------------------------------------------------------------------------------------------


def test_every_import_contract_is_kept():
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_layers_are_exhaustive_and_name_only_what_exists():
    layered = [contract for contract in contracts() if contract["type"] == "layers"]
    assert {container for contract in layered for container in contract["containers"]} >= set(PACKAGES)
    for contract in layered:
        assert contract["exhaustive"] is True
        assert "exhaustive_ignores" not in contract
        assert not [layer for layer in contract["layers"] if "(" in layer], "an optional layer is no place"


def test_workers_reach_nothing_of_the_gateway_but_custody():
    reached = {
        imported
        for module in graph().modules
        if module.partition(".")[0] == "workers"
        for imported in graph().find_modules_directly_imported_by(module)
        if imported.partition(".")[0] == "gateway"
    }
    assert reached
    strangers = {name for name in reached if not name.startswith("gateway.custody")}
    assert not strangers
    assert not {name for name in reached if name.startswith("gateway.custody.identity")}


def test_law_3_no_chain_of_imports_leads_from_workers_to_the_identity_side():
    chain = graph().find_shortest_chain(
        importer="workers", imported="gateway.custody.identity", as_packages=True
    )
    assert chain is None


def test_the_contract_on_workers_forbids_every_other_part_of_the_gateway():
    contract = next(c for c in contracts() if c.get("source_modules") == ["workers"])
    parts = graph().find_children("gateway") - {"gateway.custody"}
    assert parts | {"gateway.custody.identity"} <= set(contract["forbidden_modules"])


def test_the_gateway_imports_of_workers_only_the_engine():
    reached = {
        imported
        for module in graph().modules
        if module.partition(".")[0] == "gateway"
        for imported in graph().find_modules_directly_imported_by(module)
        if imported.partition(".")[0] == "workers"
    }
    assert not {name for name in reached if not name.startswith("workers.engine")}


PROBE = """
import importlib, pkgutil, sys
for root in sys.argv[1].split():
    package = importlib.import_module(root)
    for found in pkgutil.walk_packages(package.__path__, root + "."):
        if not found.name.startswith(tuple(sys.argv[2].split()) or ("-",)):
            importlib.import_module(found.name)
print(" ".join(sorted(sys.modules)))
"""

SEALED_PROBE = (
    """
import flask, redis, sqlalchemy, sqlalchemy.engine
def built(*arguments, **named):
    raise AssertionError("built at import")
sqlalchemy.create_engine = sqlalchemy.engine.create_engine = built
flask.Flask.__init__ = redis.Redis.__init__ = built
"""
    + PROBE
)


def imported_by(roots: str, but: str = "", probe: str = PROBE) -> set[str]:
    """What a fresh interpreter holds after it imported every module below ``roots``."""
    ran = subprocess.run(
        [sys.executable, "-c", probe, roots, but], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


MIGRATIONS = "gateway.custody.migrations gateway.custody.identity"


def test_custody_loads_neither_the_web_nor_the_queue():
    assert not imported_by("gateway.custody", MIGRATIONS) & {"flask", "celery", "waitress"}


def test_law_3_a_worker_process_never_loads_the_identity_side():
    loaded = imported_by("workers")
    assert "flask" not in loaded
    assert not {name for name in loaded if name.startswith("gateway.custody.identity")}


def test_nothing_is_built_at_import():
    imported_by("gateway mappers workers bench", "gateway.custody.migrations", SEALED_PROBE)


# --- pure code ---------------------------------------------------------------------------------------------

IMPURE = re.compile(
    r"\b(datetime\.now|date\.today|datetime\.utcnow|time\.time|time_ns|time\.monotonic|uuid[14]\(|os\.urandom|"
    r"random\.|secrets\.|os\.environ|requests\.|socket\.)"
)


def test_law_11_pure_code_reads_no_clock_and_draws_no_id():
    pure = [
        path for path in modules() if path.parts[0] == "mappers" or path.parts[:2] == ("workers", "engine")
    ]
    assert pure
    guilty = {str(path) for path in pure if IMPURE.search((ROOT / path).read_text("utf-8"))}
    assert not guilty


# --- budgets -----------------------------------------------------------------------------------------------


def test_modules_keep_their_budget():
    sizes = {path: lines(path) for path in modules() if path.name != "__init__.py"}
    assert statistics.median(sizes.values()) <= 100
    assert percentile(list(sizes.values()), 0.9) <= 250
    assert not {str(path): size for path, size in sizes.items() if size > 400}


def test_functions_keep_their_budget():
    sizes = {
        f"{path}:{function.lineno} {function.name}": body_lines(function)
        for path, tree in modules().items()
        for function in functions(tree)
    }
    assert statistics.median(sizes.values()) <= 8
    assert percentile(list(sizes.values()), 0.9) <= 25
    assert not {name: size for name, size in sizes.items() if size > 50}


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = function.args
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in named if name not in {"self", "cls"}])


def test_no_function_takes_more_than_five_parameters():
    wide = {
        f"{path}:{function.lineno} {function.name}": parameters(function)
        for path, tree in modules().items()
        for function in functions(tree)
        if parameters(function) > 5
    }
    assert not wide


def test_every_module_says_once_why_it_exists():
    assert not [str(path) for path, tree in modules().items() if not (ast.get_docstring(tree) or "").strip()]


def test_no_module_is_a_grab_bag():
    names = {part for path in modules() for part in (*path.parts[:-1], path.stem)}
    assert not names & GRAB_BAGS


UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def test_nothing_is_left_for_later():
    assert not [str(path) for path in modules() if UNFINISHED.search((ROOT / path).read_text("utf-8"))]


# --- tests -------------------------------------------------------------------------------------------------


def files_of_tests() -> list[Path]:
    return sorted((ROOT / "tests").rglob("test_*.py"))


@cache
def names_of_tests() -> tuple[str, ...]:
    trees = (ast.parse(path.read_text("utf-8")) for path in files_of_tests())
    return tuple(function.name for tree in trees for function in functions(tree))


@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_kept_by_a_test_that_bears_its_number(law):
    assert [name for name in names_of_tests() if re.match(rf"test_law_{law}(_|$)", name)]


def mirrored(test: Path) -> bool:
    """Whether a unit test stands where the module (or package) that it tests stands."""
    folder = ROOT / test.relative_to(ROOT / "tests" / "unit").parent
    subject = test.stem.removeprefix("test_")
    parts = subject.split("_")
    names = ["_".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return any((folder / f"{name}.py").is_file() or (folder / name).is_dir() for name in names)


def test_unit_tests_mirror_the_tree():
    unit = [path for path in files_of_tests() if path.is_relative_to(ROOT / "tests" / "unit")]
    assert unit
    assert not [str(path.relative_to(ROOT)) for path in unit if not mirrored(path)]


def test_every_folder_of_tests_is_a_package():
    folders = {path.parent for path in files_of_tests()}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").is_file()]


def test_there_are_as_many_lines_of_tests_as_of_code():
    tests = sum(lines(path) for path in (ROOT / "tests").rglob("*.py"))
    assert tests >= sum(lines(path) for path in modules())


# --- and the tests test -----------------------------------------------------------------------------------


def test_a_long_function_and_its_docstring_are_told_apart():
    tree = ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n')
    assert body_lines(next(functions(tree))) == 2


def test_a_stray_unit_test_is_found():
    assert not mirrored(ROOT / "tests" / "unit" / "mappers" / "test_nowhere.py")
    assert mirrored(ROOT / "tests" / "unit" / "mappers" / "test_facts.py")
