"""The page for officers names every grammar, generalisation and profile that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.privacy.generalise import GENERALISERS
from gateway.privacy.policy import SHIPPED
from gateway.privacy.text import GRAMMARS

PAGE = (Path(__file__).parents[4] / "docs/privacy.md").read_text("utf-8")


@pytest.mark.parametrize("name", [*GRAMMARS, *GENERALISERS, *SHIPPED])
def test_privacy_page_names(name: str) -> None:
    assert f"`{name}`" in PAGE
