"""The page that an officer signs: whole, self-contained, readable by everybody, and about one file alone."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.privacy.check import check
from gateway.privacy.differences import differences, shipped_for
from gateway.privacy.policy import PROFILES, SHIPPED, Policy, load, parse
from gateway.privacy.report import FATES, MEANINGS, Page, html

POLICIES = Path(__file__).parents[4] / "gateway/privacy/policies"
DAY = date(2026, 3, 2)
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Outline(HTMLParser):
    """What of a page can be counted: tags, headings, ids, links, table cells, and whether all is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.levels: list[int] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3"):
            self.levels.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(policy: Policy) -> str:
    report = check(policy)
    profiles, changed = [load(name) for name in PROFILES], differences(policy, report, shipped_for(policy))
    return html(policy, report, Page(DAY, "1.2.3", profiles, changed))


@pytest.fixture(scope="module")
def outline() -> Outline:
    return Outline(page_of(load("clinical")))


def test_it_says_which_file_it_is_about() -> None:
    for name in SHIPPED:
        policy = load(name)
        digest = sha256((POLICIES / f"{name}.toml").read_bytes()).hexdigest()
        page = page_of(policy)
        assert page.count(f"<code>{digest}</code>") >= 2
        assert policy.version
        for told in (policy.name, policy.version, "2026-03-02", "Careloom 1.2.3"):
            assert told in page


def test_every_element_stands_there_with_what_becomes_of_it(outline: Outline) -> None:
    report = check(load("clinical"))
    texts = set(outline.texts)
    assert {row.path for row in report.rows} <= texts
    assert {row.type for row in report.rows} <= texts
    assert {row.action for row in report.rows} <= texts


def test_every_profile_stands_there_with_its_lines(outline: Outline) -> None:
    texts = set(outline.texts)
    for name in PROFILES:
        profile = load(name)
        assert {name, profile.purpose, profile.digest, *profile.lines} <= texts


def test_it_needs_nothing_else_and_runs_nothing(outline: Outline) -> None:
    assert {tag for tag, _ in outline.tags}.isdisjoint({"script", "img", "link", "iframe", "object", "form"})
    assert not [name for _, attributes in outline.tags for name in attributes if name.startswith("on")]
    assert all(str(link["href"]).startswith("#") for link in outline.all("a"))
    assert "url(" not in page_of(load("partner-limited"))
    assert not outline.open


def test_every_link_leads_somewhere_and_every_name_is_one(outline: Outline) -> None:
    names = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(names) == len(set(names))
    assert {str(link["href"])[1:] for link in outline.all("a")} <= set(names)


def test_wcag_language_title_headings_and_tables_are_told_to_a_reader_who_hears_the_page(
    outline: Outline,
) -> None:
    assert outline.all("html") == [{"lang": "en"}]
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))
    assert all(head.get("scope") in ("col", "row") for head in outline.all("th"))
    assert len(outline.all("table")) - 2 == len(outline.all("caption")), (
        "but what it is about, and the signature"
    )
    assert {"main", "header", "nav"} <= {tag for tag, _ in outline.tags}


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_wcag_texts_stand_out_in_light_dark_and_print() -> None:
    css = (POLICIES.parent / "report.css").read_text("utf-8")
    schemes = [part.split("}")[0] for part in css.split(":root {")[1:]]
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(
            line.strip().split(": ") for line in scheme.split(";") if line.strip().startswith("--")
        )
        for ink in ("--ink", "--link", "--bad", "--good"):
            for ground in ("--paper", "--shade"):
                lighter, darker = sorted(
                    (_luminance(colours[ink]), _luminance(colours[ground])), reverse=True
                )
                assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)


def test_faults_are_named() -> None:
    text = (POLICIES / "clinical.toml").read_text("utf-8")
    found = page_of(parse(text.replace('"Patient.birthDate"', '"Patient.birthdate"'), "mine"))
    assert "not well-formed" in found
    assert '<td class="bad">looser</td>' in found
    assert "Patient.birthdate: R4 has no such element" in found
    sound = page_of(load("clinical"))
    assert "fit for use" not in sound + found
    assert "not well-formed" not in sound
    assert "0 elements are kept that the shipped policy clinical withholds" in sound


def test_nothing_that_a_policy_says_becomes_markup() -> None:
    text = 'name = "<script>"\nkind = "split"\npurpose = "<b>&"\n[types]\nboolean = "keep"\n'
    found = page_of(parse(text, "mine"))
    assert "<script>" not in found
    assert "&lt;b&gt;&amp;" in found


def test_every_action_is_explained_and_counted() -> None:
    words = {word for _, group in FATES for word in group}
    for name in SHIPPED:
        for row in check(load(name)).rows:
            first = row.action.split(" ")[0]
            assert first in words
            assert first.rstrip(",:") in {meaning.split(" ")[0] for meaning in MEANINGS}
