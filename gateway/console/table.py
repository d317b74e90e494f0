"""Every page of the console, one row each: where, who may, what it leaves in the trail, and the menu.

A page is a row here, a view in ``views/`` and a template. What is in no row is not served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.console.asked import Page, Told
from gateway.console.people import EVERYBODY, Role
from gateway.console.views import account

PAGES: Sequence[Page] = (
    Page("/account", "account", account.show, EVERYBODY, Told.READ, under="Account"),
    Page("/account/end", "account", account.end, EVERYBODY, Told.ITSELF, "POST"),
    Page("/account/password", "account", account.change, EVERYBODY, Told.ITSELF, "POST"),
)

SAID: Mapping[str, str] = {
    "ended": "The session has ended.",
    "password": "Your password is changed. Your other sessions have ended.",
}
"""What a page says when a form was done, by the word that stands in its address."""


def menu(role: Role) -> tuple[tuple[str, str], ...]:
    """The pages that a role finds in the menu: name and address."""
    return tuple((page.menu, f"/console{page.path}") for page in PAGES if page.menu and role in page.roles)
