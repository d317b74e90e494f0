"""Policies that cannot be used are refused, every fault named at once."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from gateway.privacy.policy import (
    PROFILES,
    SHIPPED,
    Action,
    Kind,
    Policy,
    PolicyRefused,
    Verb,
    load,
    load_as,
    parse,
)

HEAD = 'name = "mine"\nkind = "split"\n'


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_load(name: str) -> None:
    assert load(name).name == name


@pytest.mark.parametrize("text", ["", HEAD, HEAD + "[types]\n[elements]\n"])
def test_law_12_an_empty_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyRefused, match="empty policy"):
        parse(text, "mine.toml")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("not toml", "is not TOML"),
        (HEAD + '[types]\nstring = "kepp"', "unknown action"),
        (HEAD + "[types]\nstring = 1", "unknown action"),
        (HEAD + '[types]\nstring = "keep-matching anything"', "does not know 'anything'"),
        (HEAD + '[types]\nstring = "keep-matching"', "does not know ''"),
        (HEAD + '[types]\ndate = "generalise day"', "does not know 'day'"),
        (HEAD + '[types]\nstring = "keep drug"', "does not know 'drug'"),
        (HEAD + '[types]\n"Patient.name" = "keep"', "does not belong in"),
        (HEAD + '[elements]\nHumanName = "keep"', "does not belong in"),
        (HEAD + '[tpyes]\nstring = "keep"', "unknown table or key 'tpyes'"),
        ('kind = "split"\n[types]\nstring = "keep"', "no name"),
        ('name = "x"\nkind = "both"\n[types]\nstring = "keep"', "kind must be"),
        (HEAD + 'types = "all"', "must be a table"),
        (HEAD + '[types]\nstring = "keep"\n[extensions]\n"urn:x" = "keep"', "urn:x"),
        (HEAD + '[types]\nstring = "keep"\n[extensions]\n"urn:x" = { code = [] }', "urn:x"),
    ],
)
def test_faults_are_named(text: str, fault: str) -> None:
    with pytest.raises(PolicyRefused, match=fault):
        parse(text, "mine.toml")


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(PolicyRefused) as refused:
        parse('kind = "x"\n[types]\nstring = "y"', "mine.toml")
    assert len(refused.value.faults) == 4


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + '[types]\nboolean = "keep"', "utf-8")
    assert load(path).lines == {"boolean": Action(Verb.KEEP)}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_an_action_reads_as_it_is_written() -> None:
    assert str(Action(Verb.MATCHING, "drug")) == "keep-matching drug"
    assert str(Action(Verb.KEEP)) == "keep"


def test_policies_are_told_apart_by_identity(clinical: Policy) -> None:
    assert clinical != load("clinical")
    assert len({clinical, clinical, load("clinical")}) == 2


@pytest.mark.parametrize("name", PROFILES)
def test_a_policy_is_loaded_for_its_use_alone(name: str) -> None:
    assert load_as(Kind.RELEASE, name).name == name
    with pytest.raises(PolicyRefused, match="here it must be split"):
        load_as(Kind.SPLIT, name)


@pytest.mark.parametrize("line", ['"Patient.birthdate" = "withhold"', '"Pateint.name" = "withhold"'])
def test_law_12_a_policy_with_a_line_that_never_fires_is_not_used(tmp_path: Path, line: str) -> None:
    """In a release what the line meant to take away would stay."""
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "mine"\nkind = "release"\n[elements]\n{line}\n', "utf-8")
    with pytest.raises(PolicyRefused, match="R4 has no"):
        load_as(Kind.RELEASE, path)


@pytest.mark.parametrize(
    "action",
    [
        "shift",
        "shift-day",
        "year",
        "generalise age",
        "generalise years",
        "generalise ages-in-text",
        "generalise dates-in-text",
        "generalise undated",
    ],
)
def test_law_2_what_would_keep_words_or_lose_values_is_for_releases_alone(action: str) -> None:
    text = f'[types]\nboolean = "keep"\n[elements]\n"Patient.birthDate" = "{action}"\n'
    with pytest.raises(PolicyRefused, match="only a release can"):
        parse(HEAD + text, "mine.toml")
    assert parse(HEAD.replace("split", "release") + text, "mine.toml").lines


@pytest.mark.parametrize("ages", ['"http://loinc.org" = "30525-0"', '"http://loinc.org" = [1]'])
def test_codes_of_ages_are_a_list(ages: str) -> None:
    with pytest.raises(PolicyRefused, match="write a list of codes"):
        parse(f'name = "x"\nkind = "release"\n[types]\nboolean = "keep"\n[ages]\n{ages}\n', "mine.toml")


def test_a_policy_is_known_by_the_digest_of_its_text() -> None:
    text = HEAD + 'version = "7"\n[types]\nboolean = "keep"\n'
    policy = parse(text, "mine.toml")
    assert (policy.version, policy.digest) == ("7", sha256(text.encode()).hexdigest())
    assert parse(text + "\n", "mine.toml").digest != policy.digest
