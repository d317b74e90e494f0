"""``careloom knowledge add|remove|sign|trust``: packs from outside, and whose signature counts."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gateway.cli.knowledge_desk import desk
from gateway.cli.options import as_json, data_dir, show
from gateway.custody.note import verifier_key
from gateway.custody.rulebook import Pack
from gateway.rulebook import signature, trust
from gateway.rulebook.desk import checked_reason
from gateway.rulebook.refused import Refused
from workers.engine import packing

_pack = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.command("add")
@_pack
@data_dir
@click.option("--unsigned", is_flag=True, help="Take it without a signature; needs --reason.")
@click.option("--reason", help="Why it is taken unsigned, in one line.")
@as_json
def add(folder: Path, unsigned: bool, reason: str | None, as_json: bool) -> None:
    """Check the pack in FOLDER, its signature, rules and cases, and let its rules count."""
    if unsigned is (reason is None):
        raise Refused("--unsigned and --reason go together: say why, or let the pack be signed.")
    files = packing.read(folder)
    with desk() as at:
        trusted = trust.publishers(at.folder)
        who = None if unsigned else signature.publisher_of(files, _signature(folder), trusted)
        why = checked_reason(reason) if reason is not None else None
        pack = Pack(*_named(files["Library.json"]), packing.packed(files), who, why)
        patients = at.add(pack)
    told = {"pack": pack.id, "version": pack.version, "publisher": who, "reason": why, "patients": patients}
    if as_json:
        show(told)
        return
    click.echo(f"{pack.id} {pack.version} counts now; the plans of {patients} patient(s) are made anew.")


@click.command("remove")
@click.argument("pack")
@data_dir
@as_json
def remove(pack: str, as_json: bool) -> None:
    """Take PACK away again; what ships under its name counts once more."""
    with desk() as at:
        patients = at.remove(pack)
    if as_json:
        show({"pack": pack, "removed": True, "patients": patients})
    else:
        click.echo(f"{pack} was removed; the plans of {patients} patient(s) are made anew.")


@click.command("sign")
@_pack
@click.option("--publisher", required=True, help="Who signs: a name without blanks.")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="The private key's file (PEM).")
@click.option("--new", is_flag=True, help="Make the key first; a file that is there is left alone.")
@as_json
def sign(folder: Path, publisher: str, key: Path, new: bool, as_json: bool) -> None:
    """Sign the pack in FOLDER, and print the key by which others can check it."""
    if not trust.is_name(publisher):
        raise Refused("--publisher is a name of letters, digits, dots, hyphens and slashes.")
    files = packing.read(folder)
    private = signature.new_key(key) if new else signature.read_key(key)
    (folder / packing.SIGNATURE).write_text(signature.signed(files, publisher, private), "utf-8")
    public = verifier_key(publisher, private.public_key())
    if as_json:
        show({"signed": folder.name, "files": len(files), "key": public})
        return
    click.echo(f"{folder.name}: {len(files)} files signed. Whoever is to trust you adds this key:\n{public}")


@click.command("trust")
@click.argument("key", required=False)
@click.option("--remove", "gone", help="No longer trust the publisher of this name.")
@data_dir
@as_json
def trust_(key: str | None, gone: str | None, as_json: bool) -> None:
    """Trust the publisher of KEY (NAME+HASH+KEY); without one, list who is trusted."""
    with desk() as at:
        if key is not None:
            at.trust(trust.parse(key))
        if gone is not None:
            at.distrust(gone)
        found = trust.publishers(at.folder)
    if as_json:
        show([{"publisher": one.name, "key": one.line} for one in found])
        return
    for one in found:
        click.echo(one.line)
    if not found:
        click.echo("Nobody is trusted: packs are taken with --unsigned and a --reason only.")


def _signature(folder: Path) -> str:
    try:
        return (folder / packing.SIGNATURE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _named(library: str) -> tuple[str, str]:
    """Id and version of a pack; what is wrong with them the lint says."""
    try:
        found = json.loads(library)
        return str(found["id"]), str(found["version"])
    except (ValueError, KeyError, TypeError):
        raise Refused("Library.json must be a FHIR Library with an id and a version.") from None
