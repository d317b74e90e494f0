"""Every page of the console, one row each: where, who may, what it leaves in the trail, and the menu.

A page is a row here, a view in ``views/`` and a template. What is in no row is not served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.console.asked import Page, Told
from gateway.console.people import ADMINISTRATORS, EVERYBODY, OFFICERS, Role
from gateway.console.views import (
    account,
    connections,
    disclosures,
    event,
    glass,
    jobs,
    keys,
    overview,
    patient,
    plans,
    search,
    verify,
    watch,
)

PAGES: Sequence[Page] = (
    Page("", "overview", overview.show, EVERYBODY, Told.READ, menu="Overview"),
    Page("/search", "search", search.show, EVERYBODY, Told.SEARCH, menu="Search"),
    Page("/search", "search", search.ask, EVERYBODY, Told.READ, "POST"),
    Page("/search/save", "search", search.save, EVERYBODY, Told.ITSELF, "POST"),
    Page("/search/drop", "search", search.drop, EVERYBODY, Told.ITSELF, "POST"),
    Page("/search.csv", "search", search.sheet, EVERYBODY, Told.EXPORT),
    Page("/patients", "patient", patient.find, EVERYBODY, Told.READ, "POST"),
    Page("/patients/<id>", "patient", patient.show, EVERYBODY, Told.SEARCH, under="Search"),
    Page(
        "/patients/<id>/disclosures",
        "disclosures",
        disclosures.show,
        EVERYBODY,
        Told.ITSELF,
        under="Search",
    ),
    Page("/patients/<id>/disclosures.csv", "disclosures", disclosures.sheet, EVERYBODY, Told.ITSELF),
    Page("/patients/<id>/disclosures.pdf", "disclosures", disclosures.paper, EVERYBODY, Told.ITSELF),
    Page("/events/<id>", "event", event.show, EVERYBODY, Told.READ, under="Search"),
    Page("/verify", "verify", verify.show, EVERYBODY, Told.READ, menu="Verify"),
    Page("/verify", "verify", verify.begin, EVERYBODY, Told.READ, "POST"),
    Page("/verify/export", "verify", verify.export, OFFICERS, Told.READ, "POST"),
    Page("/verify/export/<id>", "verify", verify.fetch, OFFICERS, Told.EXPORT),
    Page("/watch", "watch", watch.show, EVERYBODY, Told.READ, menu="Watch"),
    Page("/watch/mark", "watch", watch.mark, OFFICERS, Told.ITSELF, "POST"),
    Page("/watch/<id>", "watch", watch.one, EVERYBODY, Told.READ, under="Watch"),
    Page("/watch/<id>/take", "watch", watch.take, OFFICERS, Told.ITSELF, "POST"),
    Page("/watch/<id>/close", "watch", watch.close, OFFICERS, Told.ITSELF, "POST"),
    Page("/glass", "glass", glass.show, EVERYBODY, Told.READ, menu="Break-glass"),
    Page("/glass/<id>", "glass", glass.one, EVERYBODY, Told.READ, under="Break-glass"),
    Page("/glass/<id>", "glass", glass.decide, OFFICERS, Told.ITSELF, "POST"),
    Page("/connections", "connections", connections.show, EVERYBODY, Told.READ, menu="Connections"),
    Page("/connections/revoke", "connections", connections.revoke, ADMINISTRATORS, Told.ITSELF, "POST"),
    Page("/jobs", "jobs", jobs.show, EVERYBODY, Told.READ, menu="Jobs"),
    Page("/jobs/retry", "jobs", jobs.retry, OFFICERS, Told.ITSELF, "POST"),
    Page("/plans", "plans", plans.show, EVERYBODY, Told.READ, menu="Plans"),
    Page("/keys", "keys", keys.show, EVERYBODY, Told.READ, menu="Keys and policy"),
    Page("/account", "account", account.show, EVERYBODY, Told.READ, under="Account"),
    Page("/account/end", "account", account.end, EVERYBODY, Told.ITSELF, "POST"),
    Page("/account/password", "account", account.change, EVERYBODY, Told.ITSELF, "POST"),
)

SAID: Mapping[str, str] = {
    "dropped": "The search is dropped.",
    "ended": "The session has ended.",
    "kept": "The search is kept; you find it at the top of the page.",
    "retried": "The failed jobs wait again.",
    "reviewed": "The review is kept.",
    "revoked": "It has ended.",
    "taken": "The case is yours.",
    "closed": "The case is closed.",
    "marked": "Every access to this patient is looked at from now on.",
    "unmarked": "This patient is looked after as any other.",
    "password": "Your password is changed. Your other sessions have ended.",
}
"""What a page says when a form was done, by the word that stands in its address."""


def menu(role: Role) -> tuple[tuple[str, str], ...]:
    """The pages that a role finds in the menu: name and address."""
    return tuple((page.menu, f"/console{page.path}") for page in PAGES if page.menu and role in page.roles)
