"""Who types a command on the machine itself, as the trail keeps it. Pure: the command looks, and says so.

A login is an account of the machine's, so it names a member of the staff and no patient. It stands in the
``user`` of an event behind a system of its own, as a user whom a client names stands behind an organization:
so ``agent=alice`` finds both, and neither passes for the other.
"""

from __future__ import annotations

from typing import NamedTuple

LOGIN = "urn:careloom:login"
_BAR = "|"
_LONGEST = 64


class By(NamedTuple):
    """What does something, and who set it to work where somebody did. Its text is the tool's name."""

    tool: str
    user: str | None = None
    """As an event bears it."""

    def __str__(self) -> str:
        return self.tool


COMMAND_LINE = By("command line")
"""A command of which nobody says who typed it."""


def typed_by(login: str) -> By:
    """A command, and the login that typed it."""
    plain = "".join(one for one in login if one.isprintable() and one != _BAR)[:_LONGEST]
    return By(COMMAND_LINE.tool, f"{LOGIN}{_BAR}{plain or 'unknown'}")


def login_of(user: str | None) -> str | None:
    """The login in an event's user; None where it is somebody whom a client named."""
    system, bar, login = (user or "").partition(_BAR)
    return login if bar and system == LOGIN else None
