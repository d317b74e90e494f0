"""The stories of the console, walked in Chromium on a trail of 50,000 events of 100 patients."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from gateway.console.people import Role
from tests import seeds
from tests.acceptance.browsing import Served, browser, new_page, picture, served, settle
from tests.visitors import PASSWORD

__all__ = ["browser", "served"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("console")]

LEVELS = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What another theme may break."""


@pytest.fixture(scope="module")
def desk(browser: Browser, served: Served) -> Page:
    """An officer who has logged in."""
    page = new_page(browser, served)
    served.secret = settle(page, served, "Olga Sample")
    return page


def pages(served: Served) -> dict[str, str]:
    """Every page with a name for its picture."""
    tenant = seeds.tenant(served.house)
    patient = served.house.vault.outside(tenant).show("Patient", seeds.patient(served.house, "mrn-42"))
    return {
        "overview": "/console",
        "search": "/console/search?outcome=4%2C8%2C12",
        "nothing-found": "/console/search?user=nobody-at-all",
        "patient": f"/console/patients/{patient}",
        "disclosures": f"/console/patients/{patient}/disclosures",
        "event": f"/console/events/{tenant}-12345",
        "verify": "/console/verify",
        "account": "/console/account",
        "not-there": "/console/events/0-99999999",
    }


def test_an_officer_logs_in_by_link_and_then_by_password_and_code(browser: Browser, served: Served):
    page = new_page(browser, served)
    page.goto("/console/login")
    picture(page, "log-in")
    page.goto(served.house.link("First Timer"))
    picture(page, "welcome", whole=True)
    secret = settle(page, served, "Second Timer")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You have logged out.")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Overview")).not_to_be_visible()
    served.house.clock.ahead += 60_000_000  # type: ignore[attr-defined]
    import pyotp

    page.goto("/console/verify")
    page.get_by_label("Log-in name").fill("second.timer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code of your app").fill(pyotp.TOTP(secret).at(served.house.clock() // 1_000_000))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/console/verify")


def test_who_saw_this_patient_out_of_a_hundred(desk: Page):
    desk.goto("/console")
    desk.get_by_label("Who saw this patient?").fill("mrn-42")
    desk.get_by_role("button", name="Look").click()
    expect(desk.get_by_role("heading", name="Patient")).to_be_visible()
    assert "mrn-42" not in desk.url
    assert "mrn-42" not in desk.content()
    expect(desk.get_by_text("Counted over all 501 events.")).to_be_visible()
    expect(
        desk.get_by_text(re.compile("Weave App \\(Weave Inc\\.\\) read a CarePlan|Weave App read a CarePlan"))
    ).to_be_visible()


def test_one_event_is_explained_and_proven(desk: Page, served: Served):
    desk.goto(f"/console/events/{seeds.tenant(served.house)}-12345")
    expect(desk.get_by_text("Proven.")).to_be_visible()
    desk.get_by_text("As a FHIR AuditEvent").click()
    expect(desk.get_by_text('"resourceType": "AuditEvent"')).to_be_visible()


def test_a_search_is_kept_and_saved_as_a_sheet(desk: Page):
    desk.goto("/console/search")
    desk.get_by_label("User").fill("npi-31")
    desk.get_by_label("Outcome").select_option("4")
    desk.get_by_role("button", name="Search", exact=True).click()
    expect(desk.get_by_text(re.compile(r"\d+ events?, the newest first"))).to_be_visible()
    rows = desk.locator("tbody tr").count()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Save as CSV").click()
    sheet = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert len(sheet) == rows + 1
    assert all("npi-31" in line for line in sheet[1:])
    desk.get_by_label("Name of this search").fill("Refusals of npi-31")
    desk.get_by_role("button", name="Keep it").click()
    expect(desk.get_by_role("link", name="Refusals of npi-31")).to_be_visible()


def test_disclosures_are_accounted_for_on_a_page_and_on_paper(desk: Page, served: Served):
    desk.goto(pages(served)["disclosures"])
    expect(desk.get_by_role("cell", name="Weave Inc. (Weave App)")).to_be_visible()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Save as PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-1.")


def test_pages_break_no_rule_of_wcag_in_light_and_dark(browser: Browser, served: Served, desk: Page):
    state = desk.context.storage_state()
    wrong: list[str] = []
    for theme, asked in (("light", LEVELS), ("dark", COLOURS)):
        page = new_page(browser, served, storage_state=state, color_scheme=theme)
        for name, path in {**pages(served), "log-in": "/console/login"}.items():
            page.goto(path)
            found = Axe().run(page, options=asked).response["violations"]
            wrong += [
                f"{theme} {name}: {one['id']} {[n['html'][:90] for n in one['nodes']][:3]}" for one in found
            ]
        if theme == "dark":
            page.goto("/console")
            picture(page, "overview-dark")
        page.context.close()
    stranger = new_page(browser, served)
    for path in ("/console/login", served.house.link("Third Timer")):
        stranger.goto(path)
        found = Axe().run(stranger, options=LEVELS).response["violations"]
        wrong += [f"{path[:16]}: {one['id']} {[n['html'][:90] for n in one['nodes']][:3]}" for one in found]
    stranger.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", [360, 1920])
def test_pages_fit_narrow_and_wide_windows(browser: Browser, served: Served, desk: Page, width: int):
    page = new_page(
        browser, served, storage_state=desk.context.storage_state(), viewport={"width": width, "height": 800}
    )
    for name, path in pages(served).items():
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} wide"
        if width == 360 and name == "overview":
            picture(page, "overview-narrow")
    page.context.close()


def test_the_keyboard_reaches_everything(desk: Page, served: Served):
    for path in (pages(served)["overview"], pages(served)["search"], pages(served)["verify"]):
        desk.goto(path)
        wanted = desk.evaluate(
            "[...document.querySelectorAll("
            "'a[href], button, input:not([type=hidden]), select, summary, [tabindex=\"0\"]')]"
            ".filter(e => e.checkVisibility()).map((e, i) => (e.dataset.n = i, i)).length"
        )
        reached: set[str] = set()
        for _ in range(wanted * 3 + 10):
            desk.keyboard.press("Tab")
            number = desk.evaluate("document.activeElement?.dataset?.n ?? ''")
            if number:
                reached.add(number)
            if len(reached) == wanted:
                break
        assert len(reached) == wanted, path


def test_pages_are_light_and_run_nothing_of_others(desk: Page, served: Served):
    for name, path in pages(served).items():
        sizes: list[int] = []
        hosts: set[str] = set()
        desk.on(
            "requestfinished",
            lambda r, s=sizes, h=hosts: (s.append(r.sizes()["responseBodySize"]), h.add(r.url)),
        )
        answer = desk.goto(path)
        assert answer is not None
        desk.wait_for_load_state("networkidle")
        assert sum(sizes) < 150_000, name
        assert all(url.startswith(served.url) for url in hosts)


def test_pages_are_read_without_script(browser: Browser, served: Served, desk: Page):
    page = new_page(browser, served, storage_state=desk.context.storage_state(), java_script_enabled=False)
    for path in pages(served).values():
        page.goto(path)
        assert page.locator("h1").count() == 1
    page.context.close()


def test_pictures_of_every_page(desk: Page, served: Served):
    for name, path in pages(served).items():
        desk.goto(path)
        expect(desk.locator("h1")).to_be_visible()
        picture(desk, name)


def test_an_auditor_reads_and_orders_no_export(browser: Browser, served: Served):
    page = new_page(browser, served)
    settle(page, served, "Audi Tor", Role.AUDITOR)
    page.goto("/console/verify")
    expect(page.get_by_role("button", name="Verify now")).to_be_visible()
    expect(page.get_by_role("button", name="Make an export")).not_to_be_visible()
    page.context.close()


def test_the_trail_is_verified_exported_and_tampering_is_named(desk: Page, served: Served, tmp_path: Path):
    desk.goto("/console/verify")
    desk.get_by_role("button", name="Verify now").click()
    expect(desk.get_by_role("heading", name="Waiting")).to_be_visible()
    seeds.sign(served.house)
    assert served.doer.do_next()
    expect(desk.get_by_text("The trail is whole.")).to_be_visible()
    picture(desk, "verified")

    desk.get_by_role("button", name="Make an export").click()
    assert served.doer.do_next()
    desk.goto("/console/verify")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Save the export").click()
    key = desk.locator("table code").first.inner_text()
    with zipfile.ZipFile(download.value.path()) as packed:
        packed.extractall(tmp_path)
    ran = subprocess.run(
        [sys.executable, "verify.py", "--key", key],
        cwd=tmp_path / "careloom-trail",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr

    log = seeds.tenant(served.house)
    with served.house.vault.database.write() as conn:
        conn.execute(
            text("UPDATE audit_event SET \"user\" = 'nobody' WHERE log = :log AND seq = 777"), {"log": log}
        )
    desk.goto(f"/console/events/{log}-777")
    expect(desk.get_by_text("Altered.")).to_be_visible()
    desk.goto("/console/verify")
    desk.get_by_role("button", name="Verify now").click()
    assert served.doer.do_next()
    expect(desk.get_by_text("The trail is not whole.")).to_be_visible()
    expect(desk.get_by_role("cell", name="The event was changed after it was signed")).to_be_visible()
    expect(desk.get_by_role("link", name="777", exact=True)).to_be_visible()
    picture(desk, "not-whole")
    desk.goto("/console")
    expect(desk.get_by_text("The last verification found something wrong.")).to_be_visible()
