"""The folder of maps: read whole or refused, and part of the knowledge by which plans are made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.mappers.concept_maps.drawn import mapped
from workers.engine import own_maps
from workers.engine.definitions import Knowledge
from workers.engine.own_maps import MapsRefused

ONE = mapped(("DM2", "equivalent", "44054006"))


def written(folder: Path, **resources: Any) -> Path:
    for name, resource in resources.items():
        text = resource if isinstance(resource, str) else json.dumps(resource)
        (folder / f"{name}.json").write_text(text, "utf-8")
    return folder


def test_no_folder_is_no_map_unless_the_setting_names_it(tmp_path: Path):
    assert own_maps.maps(tmp_path / "none").decided == {}
    with pytest.raises(MapsRefused, match="CARELOOM_CONCEPT_MAPS names no folder"):
        own_maps.maps(tmp_path / "none", needed=True)


def test_a_file_holds_a_map_or_a_bundle_of_them(tmp_path: Path):
    two = mapped(("HT", "equal", "38341003"), url="http://clinic.example/maps/two")
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": ONE}, {"resource": two}]}
    assert len(own_maps.maps(written(tmp_path, all=bundle)).described) == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"resourceType": "Patient"}'])
def test_one_faulty_file_refuses_all_and_is_named(tmp_path: Path, text: str):
    with pytest.raises(MapsRefused, match=r"bad\.json"):
        own_maps.maps(written(tmp_path, good=ONE, bad=text))


def test_law_7_a_change_of_a_map_is_a_change_of_knowledge(tmp_path: Path, knowledge: Knowledge):
    assert own_maps.joined(knowledge, own_maps.maps(tmp_path)) is knowledge
    first = own_maps.joined(knowledge, own_maps.maps(written(tmp_path, one=ONE)))
    assert first.digest != knowledge.digest
    assert first.maps.decided
    second = own_maps.joined(knowledge, own_maps.maps(written(tmp_path, one={**ONE, "version": "2"})))
    assert second.digest not in {first.digest, knowledge.digest}
