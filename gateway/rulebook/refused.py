"""Why a decision about knowledge is not taken."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - it reads as what happened
    """The text is for the person at the terminal: what is wrong, and what to do."""
