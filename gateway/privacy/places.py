"""Where somebody lives, no closer than HIPAA's safe harbour: the first three digits of a ZIP code.

Seventeen prefixes stand for areas of 20,000 people or fewer (2000 Census, 45 CFR 164.514(b)(2)(i)(B) and the
guidance of HHS); they become ``000``. A postal code of another country is withheld.
"""

from __future__ import annotations

import re

SPARSE = frozenset(
    "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split()  # noqa: SIM905
)
_ZIP = re.compile("[0-9]{5}(?:-?[0-9]{4})?")


def zip3(value: object) -> str | None:
    """The first three digits of a ZIP code, ``000`` where they would say too much."""
    if type(value) is not str or _ZIP.fullmatch(value) is None:
        return None
    return "000" if value[:3] in SPARSE else value[:3]
