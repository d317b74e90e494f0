"""CSV for spreadsheets, in which nothing can become a formula (CWE-1236)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_PART = 500
BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheets know that it is UTF-8."""


def sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The lines of a sheet, some at a time."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    write = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    write.writerow(columns)
    for count, row in enumerate(rows, 1):
        write.writerow([cell(value) for value in row])
        if not count % _PART:
            yield _taken(out)
    yield _taken(out)


def cell(value: object) -> str:
    """A value as it stands in a cell: what a spreadsheet would work out has a ' before it."""
    text = "" if value is None else str(value)
    # What is blank before it does not keep a spreadsheet from seeing it.
    begun = text.lstrip(" \u00a0\u200b\ufeff")
    return f"'{text}" if text.startswith(_FORMULA) or begun.startswith(_FORMULA) else text


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "replace")
