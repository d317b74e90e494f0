"""What keeps a command from its work, as one line that says what to do."""

from __future__ import annotations


class Trouble(Exception):  # noqa: N818 - it reads as what happened
    """Something outside is in the way; the text is for the person at the terminal."""
