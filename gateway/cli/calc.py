"""``careloom calc``: scores, risks and phenotypes, one by one or as NDJSON, for a clinician who checks us."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import click
import msgspec
from rich.console import Console
from rich.table import Table

from gateway.cli.options import as_json, show
from workers.engine.calc import IDS, PHENOTYPE, calculate
from workers.engine.genes.phenotype import edition
from workers.engine.scores.score import Score
from workers.engine.scores.table import SCORES

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_NO_JSON: dict[str, Any] = {
    "id": None,
    "result": {},
    "band": None,
    "missing": [],
    "refused": "this line is not JSON",
}
SHARES = frozenset({"kfre_4var", "pce_2013", "pdc", "prevent"})
"""Scores whose results are shares of one, which people read as percent."""
_CHUNK = 500
"""Lines that are written at once: a pipe is fed steadily, and its reader waits for no end."""


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.argument("inputs", metavar="[KEY=VALUE]...", nargs=-1)
@click.option(
    "--stdin", "how", flag_value="stdin", help="One question of JSON per line in, one answer per line out."
)
@click.option("--list", "how", flag_value="list", help="List what can be computed, and what each asks for.")
@as_json
@click.pass_context
def calc(
    context: click.Context, id_: str | None, inputs: Sequence[str], how: str | None, as_json: bool
) -> None:
    """Compute one score, risk or phenotype, with its formula, its source and what was missing.

    \b
    careloom calc ckd_epi_2021 age=60 sex=female creatinine=1.0
    careloom calc phenotype gene=CYP2C19 'alleles=*1/*2'
    careloom calc phq_9 responses=1,1,2,0,0,1,1,0,0
    careloom calc --stdin < questions.ndjson

    Units are those that --list names. It ends with 1 where nothing could be computed.
    """
    if how is not None and id_ is not None:
        raise click.UsageError(f"With --{how} no score is named beside it.")
    if how == "stdin":
        context.exit(_stream(sys.stdin.buffer, sys.stdout.buffer))
    if how == "list" or id_ is None:
        _list(as_json)
        return
    context.exit(_one(id_, inputs, as_json))


def _one(id_: str, inputs: Sequence[str], as_json: bool) -> int:
    if id_ not in IDS:
        raise click.UsageError("There is no score of this id; careloom calc --list shows all.")
    pairs = [_pair(text) for text in inputs]
    values = dict(pairs)
    if len(values) < len(pairs):
        raise click.UsageError("An input is given twice.")
    question = {"id": id_, **values} if id_ == PHENOTYPE else {"id": id_, "input": values}
    found = calculate(question)
    if as_json:
        show(found)
    else:
        _tell(found, SCORES.get(id_), str(values.get("gene", "")))
    return 0 if found["result"] else 1


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError("Inputs are given as KEY=VALUE.")
    try:
        return name, _decode(value)
    except msgspec.DecodeError:
        return name, value


def _stream(source: Iterable[bytes], target: BinaryIO) -> int:
    """Answer every line; 1 where one was no JSON."""
    status, waiting = 0, []
    for line in source:
        if not line.strip():
            continue
        found = _answered(line)
        status = status or int(found is _NO_JSON)
        waiting.append(_encode(found))
        if len(waiting) == _CHUNK:
            _write(target, waiting)
    _write(target, waiting)
    return status


def _answered(line: bytes) -> dict[str, Any]:
    try:
        return calculate(_decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NO_JSON


def _write(target: BinaryIO, waiting: list[bytes]) -> None:
    if waiting:
        target.write(b"\n".join(waiting) + b"\n")
        target.flush()
        waiting.clear()


def _tell(found: dict[str, Any], score: Score | None, gene: str) -> None:
    table = Table(show_header=False, title=score.title if score else "Phenotype by CPIC's tables")
    about = _of_score(score) if score else _of_genes(gene)
    for name, value in (*_said(found, score), *about):
        table.add_row(name, value)
    Console().print(table)


def _said(found: dict[str, Any], score: Score | None) -> Iterator[tuple[str, str]]:
    for name, value in found["result"].items():
        share = score is not None and score.id in SHARES and isinstance(value, float)
        yield name, f"{_shown(value)} ({value:.1%})" if share else _shown(value)
    if found["band"]:
        yield "band", found["band"]
    if found["missing"]:
        asked = {one.name: one.kind.says() for one in score.inputs} if score else {}
        yield "missing", "\n".join(f"{name}: {asked.get(name, 'needed')}" for name in found["missing"])
    if found["refused"]:
        yield "refused", found["refused"]
    yield from (("note", note) for note in found.get("notes", ()))


def _of_score(score: Score) -> Iterator[tuple[str, str]]:
    """How a score is computed and where that is published."""
    yield "formula", score.formula
    yield from (("note", line) for line in score.meaning)
    yield "source", score.source
    if score.unverified:
        yield "unverified", f"{score.unverified}: for a clinician to check"


def _of_genes(gene: str) -> Iterator[tuple[str, str]]:
    yield (
        "formula",
        "each allele's function or activity, then CPIC's row of both or the interval of their sum",
    )
    known = edition(gene.strip().upper())
    tables = "CPIC allele functions and diplotype tables (CC0), https://cpicpgx.org"
    yield "source", f"{tables} ({known})" if known else tables


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _list(as_json: bool) -> None:
    if as_json:
        show([_row(score) for score in SCORES.values()])
        return
    table = Table("Id", "What", "Asks for", show_lines=True)
    for score in SCORES.values():
        asked = "\n".join(f"{one.name}: {one.kind.says()}" for one in score.inputs)
        table.add_row(score.id, score.title, asked)
    table.add_row(PHENOTYPE, "Phenotype of a gene by CPIC's tables", "gene\nalleles: their names")
    Console().print(table)


def _row(score: Score) -> dict[str, Any]:
    inputs = [{"name": one.name, "takes": one.kind.says(), "optional": one.optional} for one in score.inputs]
    return {
        "id": score.id,
        "title": score.title,
        "formula": score.formula,
        "source": score.source,
        "inputs": inputs,
    }
