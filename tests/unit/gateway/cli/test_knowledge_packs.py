"""``careloom knowledge sign|trust|add|remove``: what a publisher and an operator type."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.knowledge import knowledge
from gateway.custody.settings import Storage
from gateway.rulebook import desk, shelf
from gateway.rulebook.refused import Refused
from workers.engine import packing
from workers.engine.knowledge import SHIPPED, KnowledgeRefused, load


@pytest.fixture
def home(sqlite_storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose knowledge is one small pack, so that each look at it is quick."""
    base = tmp_path / "base"
    shutil.copytree(SHIPPED / "immunization", base / "immunization")
    monkeypatch.setattr(shelf, "SHIPPED", base)
    monkeypatch.setattr("gateway.cli.knowledge.SHIPPED", base)
    monkeypatch.setattr(shelf, "_shipped", lambda: load(base))
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))
    return sqlite_storage.data_dir


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "packs" / "social-needs"
    shutil.copytree(SHIPPED / "social-needs", folder)
    return folder


def types(*words: object) -> Result:
    return CliRunner().invoke(knowledge, [str(word) for word in words])


def prints(*words: object) -> Any:
    told = types(*words, "--json")
    assert told.exit_code == 0, told.exception
    return json.loads(told.stdout)


def refuses(*words: object) -> str:
    told = types(*words)
    assert isinstance(told.exception, (Refused, KnowledgeRefused)), told.exception
    return str(told.exception)


def signed(pack: Path, tmp_path: Path) -> str:
    """The publisher's public key, after signing."""
    key = tmp_path / "publisher.pem"
    new = () if key.exists() else ("--new",)
    told = prints("sign", pack, "--publisher", "example.org", "--key", key, *new)
    return str(told["key"])


def test_a_signed_pack_of_a_trusted_publisher_is_added_and_removed(home: Path, pack: Path, tmp_path: Path):
    public = signed(pack, tmp_path)
    assert [one["publisher"] for one in prints("trust", public)] == ["example.org"]
    told = prints("add", pack)
    assert (told["pack"], told["publisher"], told["patients"]) == ("social-needs", "example.org", 0)
    assert "need-food" in {row["id"] for row in prints("list")}
    assert prints("remove", "social-needs")["removed"]
    assert "need-food" not in {row["id"] for row in prints("list")}


def test_the_private_key_is_its_owners_alone_and_never_written_over(pack: Path, tmp_path: Path):
    signed(pack, tmp_path)
    key = tmp_path / "publisher.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "cannot be written" in refuses("sign", pack, "--publisher", "a.org", "--key", key, "--new")
    assert "PRIVATE KEY" not in types("sign", pack, "--publisher", "a.org", "--key", key).output


def test_what_nobody_signed_or_somebody_unknown_is_refused(home: Path, pack: Path, tmp_path: Path):
    assert "Nobody whom this installation trusts" in refuses("add", pack)
    signed(pack, tmp_path)
    assert "Nobody whom this installation trusts" in refuses("add", pack)
    assert prints("list") == prints("list")


def test_a_file_that_was_changed_after_the_signature_is_refused(home: Path, pack: Path, tmp_path: Path):
    types("trust", signed(pack, tmp_path))
    path = pack / "plan-definitions/need-food.json"
    path.write_text(path.read_text().replace('"P1Y"', '"P2Y"'))
    assert "not as example.org signed it" in refuses("add", pack)


def test_unsigned_needs_a_reason_and_the_reason_needs_unsigned(home: Path, pack: Path):
    assert "go together" in refuses("add", pack, "--unsigned")
    assert "go together" in refuses("add", pack, "--reason", "our own pack")
    assert "one line" in refuses("add", pack, "--unsigned", "--reason", "x")
    told = prints("add", pack, "--unsigned", "--reason", "our own pack, reviewed on 3 March")
    assert (told["publisher"], told["reason"]) == (None, "our own pack, reviewed on 3 March")


def test_a_fault_refuses_the_pack_and_is_named(home: Path, pack: Path):
    path = pack / "plan-definitions/need-food.json"
    path.write_text(path.read_text().replace("%has.food_need", "%has.food_needs"))
    assert "has.food_needs" in refuses("add", pack, "--unsigned", "--reason", "our own pack")
    assert "need-food" not in {row["id"] for row in prints("list")}


@pytest.mark.parametrize("name", ["notes.txt", "cases/../../../evil.json", "plan-definitions/Über.json"])
def test_a_file_that_no_pack_has_is_refused(home: Path, pack: Path, name: str):
    (pack / "x.json").write_text("{}")
    target = pack / name.replace("../", "")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("{}")
    assert "is no file that a pack has" in refuses("add", pack, "--unsigned", "--reason", "our own pack")


def test_a_link_out_of_the_pack_is_refused(home: Path, pack: Path, tmp_path: Path):
    (tmp_path / "secret.json").write_text("{}")
    (pack / "cases/secret.json").symlink_to(tmp_path / "secret.json")
    assert "is no file that a pack has" in refuses("add", pack, "--unsigned", "--reason", "our own pack")


@pytest.mark.parametrize("key", ["", "example.org", "example.org+00000000+AAAA", "a b+1+2", "x+y+z+w"])
def test_what_is_no_key_is_not_trusted(home: Path, key: str):
    assert "no publisher's key" in refuses("trust", key)
    assert prints("trust") == []


def test_a_publisher_is_trusted_until_somebody_ends_it(home: Path, pack: Path, tmp_path: Path):
    types("trust", signed(pack, tmp_path))
    assert prints("trust", "--remove", "example.org") == []
    assert "No publisher of this name" in refuses("trust", "--remove", "example.org")
    assert "Nobody whom this installation trusts" in refuses("add", pack)


def test_a_trust_file_that_cannot_be_read_trusts_nobody(home: Path, pack: Path, tmp_path: Path):
    types("trust", signed(pack, tmp_path))
    path = home / "knowledge-trust"
    path.write_text(path.read_text() + "nonsense\n")
    assert "no publisher's key" in refuses("add", pack)


def test_a_pack_can_be_checked_before_it_is_signed(home: Path, pack: Path):
    told = prints("check", pack)
    assert (told["ok"], told["rules"], told["on"]) == (True, 4, 0)
    (pack / "Library.json").unlink()
    broken = types("check", pack)
    assert broken.exit_code == 1
    assert "no Library.json" in broken.output


def test_versions_are_compared_by_their_numbers():
    assert desk.order("1.10.0") > desk.order("1.9.3")


def test_a_pack_packs_to_the_same_bytes_whatever_order_its_files_are_read_in(pack: Path):
    files = packing.read(pack)
    assert packing.packed(files) == packing.packed(dict(reversed(list(files.items()))))
    assert packing.unpacked(packing.packed(files)) == files


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"../evil.json": "{}"}', b'{"Library.json": 3}'])
def test_what_was_not_packed_here_is_not_unpacked(kept: bytes):
    with pytest.raises(KnowledgeRefused, match="cannot be read"):
        packing.unpacked(kept)
