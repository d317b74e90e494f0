"""Compression: what was packed comes back, by the dictionaries that were shipped and no others."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody import packing
from gateway.custody.errors import Misconfigured, Tampered
from gateway.custody.packing import DICTIONARIES, NEWEST, PLAIN, ZSTD, pack, unpack

ROOT = Path(__file__).resolve().parents[4]
OBSERVATION = json.dumps(
    {
        "resourceType": "Observation",
        "id": "t4xnqkuxx3wmxlp7jfmdzsvpqi",
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": "Patient/r2vodgdpmgx7lq5ldkcsr6fyuq"},
        "valueQuantity": {
            "value": 6.1,
            "unit": "%",
            "system": "http://unitsofmeasure.org",
            "code": "%",
        },
    },
    separators=(",", ":"),
).encode()

columns = st.sampled_from(["clinical", "withheld", "link", "answer"])
texts = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet='ab{}":,', max_size=2000).map(str.encode),
    st.just(OBSERVATION),
)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch):
    """A process that has read no dictionary yet."""
    packing.dictionary.cache_clear()
    monkeypatch.setattr(packing, "_here", packing._Here())
    yield
    packing.dictionary.cache_clear()


@given(columns, texts)
def test_what_was_packed_comes_back(column: str, text: bytes) -> None:
    code, body = pack(column, text)
    assert unpack(code, body) == text
    assert len(body) <= len(text)
    assert packing.known(code)


@pytest.mark.parametrize(("column", "code"), [("clinical", 2), ("withheld", 3), ("link", 1)])
def test_each_column_is_written_with_its_newest_dictionary(column: str, code: int) -> None:
    assert pack(column, OBSERVATION)[0] == code


def test_a_resource_takes_a_third_of_the_room_that_it_took_without_a_dictionary() -> None:
    without = len(pack("link", OBSERVATION)[1])
    assert len(pack("clinical", OBSERVATION)[1]) * 3 < without < len(OBSERVATION)


def test_what_is_short_or_does_not_shrink_stays_as_it_is() -> None:
    noise = bytes((n * n * 7919 >> 3) & 255 for n in range(200))
    assert pack("clinical", b"{}") == (PLAIN, b"{}")
    assert pack("clinical", noise) == (PLAIN, noise)
    assert unpack(PLAIN, noise) == noise


def test_a_frame_holds_no_name_of_its_dictionary_and_does_not_open_without_it() -> None:
    code, body = pack("clinical", OBSERVATION)
    assert zstandard.get_frame_parameters(body).dict_id == 0
    for other in {ZSTD, *DICTIONARIES} - {code}:
        try:
            assert unpack(other, body) != OBSERVATION
        except Tampered:
            continue


@pytest.mark.parametrize("code", [ZSTD, *DICTIONARIES])
@given(body=st.binary(max_size=200))
def test_whatever_is_no_frame_is_tampering(code: int, body: bytes) -> None:
    with suppress(Tampered):
        unpack(code, b"\x28\xb5\x2f\xfd" + body)
    with pytest.raises(Tampered):
        unpack(code, b"no frame" + body)


@pytest.mark.parametrize("code", [ZSTD, *DICTIONARIES])
def test_a_frame_that_does_not_say_how_large_it_becomes_is_not_opened(code: int) -> None:
    made = zstandard.ZstdCompressor(dict_data=packing.dictionary(code), write_content_size=False)
    with pytest.raises(Tampered):
        unpack(code, made.compress(OBSERVATION))


@pytest.mark.parametrize("code", [ZSTD, *DICTIONARIES])
def test_a_frame_that_grows_beyond_the_limit_is_not_opened(code: int, monkeypatch) -> None:
    made = zstandard.ZstdCompressor(dict_data=packing.dictionary(code))
    bomb = made.compress(bytes(100_000))
    assert len(bomb) < 100
    assert unpack(code, bomb) == bytes(100_000)
    monkeypatch.setattr(packing, "MAX_PLAIN_BYTES", 99_999)
    with pytest.raises(Tampered):
        unpack(code, bomb)
    with pytest.raises(ValueError, match="too large"):
        pack("clinical", bytes(100_000))


def test_the_dictionaries_are_the_ones_that_were_shipped() -> None:
    """One that changes makes every record unreadable that was sealed with it: give it a new code instead."""
    assert DICTIONARIES == {
        2: ("clinical-1.zdict", "ef5f4963a07a4ac17d4b8f0dc455489c342d238f8efaaa5612ae503ea988e353"),
        3: ("withheld-1.zdict", "3dc87075d3488cc84b82b7e149e267b2c95f0616c73828173195e7476cc4ee71"),
    }
    packing.check()
    assert set(NEWEST.values()) <= DICTIONARIES.keys()
    assert not {PLAIN, ZSTD} & DICTIONARIES.keys()
    for name, digest in DICTIONARIES.values():
        assert sha256((packing.FOLDER / name).read_bytes()).hexdigest() == digest


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("harm", [lambda raw: raw[:-1] + b"?", lambda _raw: None])
def test_law_12_another_dictionary_stops_the_start(harm, tmp_path: Path, monkeypatch) -> None:
    for name, _ in DICTIONARIES.values():
        (tmp_path / name).write_bytes((packing.FOLDER / name).read_bytes())
    harmed = harm((tmp_path / "withheld-1.zdict").read_bytes())
    (tmp_path / "withheld-1.zdict").unlink()
    if harmed is not None:
        (tmp_path / "withheld-1.zdict").write_bytes(harmed)
    monkeypatch.setattr(packing, "FOLDER", tmp_path)
    with pytest.raises(Misconfigured, match=r"withheld-1\.zdict .* install Careloom again"):
        packing.check()


@pytest.mark.usefixtures("fresh")
def test_threads_share_the_dictionaries_and_nothing_else() -> None:
    wrong: list[bytes] = []
    ready = threading.Barrier(6)

    def work(number: int) -> None:
        text = OBSERVATION.replace(b"6.1", str(number).encode()) * (number + 1)
        ready.wait(10)
        for _ in range(200):
            opened = (unpack(*pack(column, text)) for column in ("clinical", "withheld", "link"))
            wrong.extend(one for one in opened if one != text)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_dictionaries_say_where_they_come_from() -> None:
    told = (packing.FOLDER / "README.md").read_text("utf-8")
    for name, _ in DICTIONARIES.values():
        assert name in told
    for word in ("Synthea", "Apache-2.0", "CC0", "scripts/train_dictionary.py"):
        assert word in told
    assert "Synthea" in (ROOT / "NOTICE").read_text("utf-8")
