"""A console that is served, with a trail of 50,000 events of 100 patients, and Chromium in front of it.

Chromium is the one of the machine (``CARELOOM_TEST_CHROMIUM``, else ``chromium`` on the path); where there is
none, the tests skip. With ``CARELOOM_TEST_SCREENSHOTS`` set, the pictures of ``docs/console.md`` are
made anew.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from waitress.server import create_server

from gateway.app import World, create_app
from gateway.console.doing import Doer
from gateway.console.people import Role
from gateway.custody.founding import found
from gateway.custody.settings import Storage
from gateway.settings import Settings
from tests import seeds
from tests.visitors import HOSPITAL, PASSWORD, Counter, House

EVENTS, PATIENTS = 50_000, 100
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "console"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Now(Counter):
    """The clock of the machine, which a test may put on."""

    ahead = 0

    def __call__(self) -> int:
        self.now = time.time_ns() // 1000 + self.ahead
        return self.now


@dataclass
class Served:
    """A console at an address."""

    house: House
    url: str
    secret: str = ""

    @property
    def doer(self) -> Doer:
        """Who does what pages order, as the courier does."""
        settings = self.house.settings
        return Doer(self.house.vault.database, settings.storage, settings.copies, self.house.clock, "test")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("console")
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(folder / "data")})
    found(storage)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = Settings(storage, base_url=url)
    clock = Now()
    clock()
    app = create_app(settings, World(clock, os.urandom))
    house = House(app, clock, settings)
    seeds.fill(house, EVENTS, PATIENTS)
    seeds.sign(house)
    server = create_server(app, host="127.0.0.1", port=port, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Served(house, url)
    server.close()
    thread.join(0.1)
    house.vault.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = os.environ.get("CARELOOM_TEST_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("no Chromium on this machine: install chromium, or name one in CARELOOM_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield launched
        launched.close()


def new_page(browser: Browser, served: Served, **options: Any) -> Page:
    given = {"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce", **options}
    context = browser.new_context(base_url=served.url, **given)
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


def settle(page: Page, served: Served, name: str, role: Role = Role.OFFICER) -> str:
    """Follow a new person's link; answers the secret of their app."""
    page.goto(served.house.link(name, role, HOSPITAL))
    secret = page.locator("code.key").inner_text().replace(" ", "")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_label("The code that the app shows now").fill(
        pyotp.TOTP(secret).at(served.house.clock() // 1_000_000)
    )
    page.get_by_role("button", name="Set both and log in").click()
    page.wait_for_url("**/console")
    return secret


def picture(page: Page, name: str, whole: bool = False) -> None:
    """A picture for the docs, in few colours, where they are to be made."""
    if not os.environ.get("CARELOOM_TEST_SCREENSHOTS"):
        return
    PICTURES.mkdir(exist_ok=True)
    taken = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
    taken.quantize(96, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)
