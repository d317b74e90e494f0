"""The pages lead somewhere, run nothing, and are readable without colour, mouse or script."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway.fhir.openapi import document
from gateway.fhir.routes import ROUTES
from gateway.pages.site import OPENAPI, PAGES, STYLE, Site
from gateway.settings import Settings

SETTINGS = replace(Settings.from_environ({}), base_url="https://careloom.test")
ELSEWHERE = {"/fhir/metadata", "/fhir/.well-known/smart-configuration", "/healthz", "/readyz", "/metrics"}


class Outline(HTMLParser):
    """Tags and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.fixture
def browser() -> FlaskClient:
    app = Flask("gateway", static_folder=None, template_folder="pages/templates")
    Site(SETTINGS, json.dumps(document(ROUTES, SETTINGS, "1")).encode()).mount(app)
    return app.test_client()


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_to_something_that_is_served(browser: FlaskClient, path: str):
    links = Outline(browser.get(path).text).links
    assert links
    assert {link for link in links if not link.startswith("#")} <= {*PAGES, *ELSEWHERE, STYLE, OPENAPI}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_heading_a_language_and_a_way_past_the_menu(browser: FlaskClient, path: str):
    text = browser.get(path).text
    outline = Outline(text)
    assert outline.tags.count("h1") == outline.tags.count("main") == 1
    assert '<html lang="en">' in text
    assert outline.links.index("#main") < outline.links.index("/start/ehr")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_nothing(browser: FlaskClient, path: str):
    answer = browser.get(path)
    outline = Outline(answer.text)
    assert "script" not in outline.tags
    assert not [name for name in outline.attributes if name.startswith("on") or name == "style"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/start/ehr", "/start/partner"])
def test_commands_name_this_server(browser: FlaskClient, path: str):
    assert "curl https://careloom.test/auth/token" in browser.get(path).text


def test_the_style_is_for_light_and_dark(browser: FlaskClient):
    answer = browser.get(STYLE)
    assert answer.content_type.startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text


def test_the_openapi_document_is_served(browser: FlaskClient):
    assert browser.get(OPENAPI).get_json()["openapi"] == "3.0.3"


@pytest.mark.parametrize("path", [*PAGES, STYLE, OPENAPI])
def test_nothing_may_be_posted(browser: FlaskClient, path: str):
    assert browser.post(path).status_code == 405


@pytest.mark.parametrize("path", ["/start/ehr", "/start/partner"])
def test_what_a_page_asks_for_a_token_with_it_shows_how_to_make(browser: FlaskClient, path: str):
    shown = browser.get(path).get_data(as_text=True)
    made = shown.index("ASSERTION=$(python assertion.py ")
    assert made < shown.index('"$ASSERTION"')
    assert "cat &gt; assertion.py" in browser.get("/sandbox").get_data(as_text=True)
