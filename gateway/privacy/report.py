"""The report that an officer reads and signs: a policy as one page that needs nothing else, and no script.

It says which file it is about by its digest, so that a signature holds for that text alone. Every colour has
a word beside it; the page reads in light and dark, by keyboard, and on paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from importlib.resources import files
from itertools import groupby

from gateway.privacy.check import Report, Row
from gateway.privacy.differences import Difference, Differences, Way
from gateway.privacy.policy import Extension, Kind, Policy

MEANINGS = {
    "keep": "Stays. Where data come in only if well formed, a code only if its required binding lists it.",
    "keep-matching": "Stays when the whole of it belongs to the named closed grammar; else it is withheld.",
    "coded": "System and code stay together when the system is listed and has the code.",
    "decided with its system": "The code stays when its system is listed and has it.",
    "parts": "Each of its parts has a row of its own.",
    "pseudonym": "An id, reference or identifier becomes a keyed pseudonym; any other value is withheld.",
    "pseudonym-url": "A url of a definition becomes a keyed pseudonym; its version stays when it is numbers.",
    "generalise": "Less of it stays, as the word behind it says.",
    "shift": "A date stays, moved by the number of days of this patient before this reader.",
    "shift-day": "As shift, at 00:00:00: a clock is the same before every reader.",
    "year": "Of a date the year stays, and none that tells an age over 89.",
    "mask": "Withheld, and marked as withheld (data-absent-reason masked).",
    "withhold": "Withheld. “Marked” says that a mark stands in its place, so that nothing reads as none.",
    "refuse": "A resource that bears it has no half for this reader at all.",
}
"""What each action means, in the words of the report."""

FATES = (
    ("stays as it is", ("keep",)),
    (
        "stays in part, or as less",
        (
            "keep-matching",
            "coded",
            "decided",
            "pseudonym",
            "pseudonym-url",
            "generalise",
            "shift",
            "shift-day",
            "year",
        ),
    ),
    ("is withheld", ("withhold", "withhold,", "withhold:", "mask")),
    ("keeps its resource back", ("refuse",)),
    ("is decided part by part", ("parts",)),
)

_LOOSER = Way.LOOSER.value

FAULTS = (
    ("dead", "Dead lines: they name what R4 does not have, or say what cannot be done to it"),
    ("shadowed", "Shadowed lines: a more exact line or an enclosing element decides"),
    ("gaps", "Gaps: elements that no line decides"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is made of besides the policy: when, by which release, the profiles laid over it, and what
    differs from the policy that ships."""

    day: date
    release: str
    profiles: Sequence[Policy]
    differences: Differences


def html(policy: Policy, report: Report, page: Page) -> str:
    """The whole page, as one text."""
    style = files("gateway.privacy").joinpath("report.css").read_text("utf-8")
    title = f"Privacy policy {escape(policy.name)}"
    parts = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{style}</style></head><body>",
        '<a class="skip" href="#elements">Skip to the elements</a>',
        f"<header><h1>{title}</h1><p>{escape(policy.purpose)}</p></header><main>",
        *_identity(policy, report, page),
        *_faults(report),
        *_differences(page.differences),
        *_actions(report),
        *_extensions(policy),
        *_profiles(page.profiles),
        *_elements(report),
        *_signature(policy),
        "</main></body></html>",
    )
    return "\n".join(parts) + "\n"


def _identity(policy: Policy, report: Report, page: Page) -> Iterator[str]:
    what = "splits what comes in" if policy.kind is Kind.SPLIT else "narrows what goes out"
    form = (
        '<span class="good">well-formed</span>' if report.ok else '<span class="bad">not well-formed</span>'
    )
    facts = (
        ("Policy", f"{escape(policy.name)}, which {what}"),
        ("Version", escape(policy.version) or "none given"),
        ("SHA-256 of the file", f"<code>{policy.digest}</code>"),
        ("Date of this report", page.day.isoformat()),
        ("Made by", f"Careloom {escape(page.release)}, over HL7 FHIR R4 (4.0.1)"),
        ("Elements decided", f"{len(report.rows):,} of {len({row.type for row in report.rows}):,} types"),
        ("Form", form),
        ("Against what ships", _marked(str(page.differences), page.differences.count(Way.LOOSER))),
    )
    yield '<h2 id="identity">What this is</h2><div class="wide"><table><tbody>'
    yield from (f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in facts)
    yield "</tbody></table></div>"


def _faults(report: Report) -> Iterator[str]:
    yield '<h2 id="faults">Faults</h2>'
    for name, heading in FAULTS:
        found: tuple[str, ...] = getattr(report, name)
        yield f"<h3>{heading}</h3>"
        yield _list(found) if found else '<p class="good">None.</p>'


def _differences(found: Differences) -> Iterator[str]:
    yield '<h2 id="differences">Differences from the shipped policy</h2>'
    yield f"<p>{_marked(str(found), found.count(Way.LOOSER))}</p>"
    yield "<p>Looser: it may tell more than what ships. A well-formed policy may be looser.</p>"
    if found.rows:
        heads = ("element", "this policy", "the shipped policy", "difference")
        yield from _table(f"What differs from {found.shipped}", heads, map(_change, found.rows), _LOOSER)


def _change(row: Difference) -> tuple[str, ...]:
    return row.path, row.action, row.shipped, row.way.value


def _marked(text: str, bad: int) -> str:
    return f'<span class="{"bad" if bad else "good"}">{escape(text)}</span>'


def _actions(report: Report) -> Iterator[str]:
    count = Counter(row.action.split(" ")[0] for row in report.rows)
    yield '<h2 id="actions">What becomes of elements</h2>'
    fates = ((name, f"{sum(count[word] for word in words):,}") for name, words in FATES)
    yield from _table("How many elements", ("fate", "elements"), fates)
    used = {word.rstrip(",:") for word in count}
    told = ((name, text) for name, text in MEANINGS.items() if name.split(" ")[0] in used)
    yield from _table("What each action means", ("action", "meaning"), told)


def _extensions(policy: Policy) -> Iterator[str]:
    if policy.kind is Kind.RELEASE:
        return
    yield '<h2 id="extensions">Extensions that may stay</h2>'
    rows = ((url, _allowed(one)) for url, one in sorted(policy.extensions.items()))
    yield from _table("All others are withheld", ("url", "what of it"), rows)
    known = sorted(policy.modifiers)
    yield "<h3>Modifier extensions that are understood</h3>"
    yield _list(known) if known else "<p>None: a resource that bears any has no clinical half.</p>"


def _allowed(extension: Extension) -> str:
    codes = f"codes {', '.join(sorted(extension.codes))}" if extension.codes else ""
    parts = f"parts {', '.join(extension.parts)}" if extension.parts else ""
    return "; ".join(text for text in (codes, parts) if text) or "its value, by the lines for its type"


def _profiles(profiles: Sequence[Policy]) -> Iterator[str]:
    if not profiles:
        return
    yield '<h2 id="profiles">Profiles: what partners see of it</h2>'
    yield "<p>A profile only takes away from what stays. What none of its lines names is shown.</p>"
    for one in profiles:
        yield f"<h3>{escape(one.name)}</h3><p>{escape(one.purpose)}</p>"
        yield f"<p>Version {escape(one.version) or 'none given'}, SHA-256 <code>{one.digest}</code></p>"
        rows = ((line, str(action)) for line, action in one.lines.items())
        yield from _table(f"Lines of {one.name}", ("line", "action"), rows)


def _elements(report: Report) -> Iterator[str]:
    grouped = [(owner, list(rows)) for owner, rows in groupby(report.rows, key=lambda row: row.type)]
    yield '<h2 id="elements">Every element</h2><nav aria-label="Types"><ul class="types">'
    yield from (f'<li><a href="#t-{escape(owner)}">{escape(owner)}</a></li>' for owner, _ in grouped)
    yield "</ul></nav>"
    for owner, rows in grouped:
        yield f'<h3 id="t-{escape(owner)}">{escape(owner)}</h3>'
        yield from _table(
            f"Elements of {owner}", ("element", "type", "what becomes of it", "by line"), map(_cells, rows)
        )


def _cells(row: Row) -> tuple[str, ...]:
    return row.path, row.kind, row.action, row.line or "no line"


def _signature(policy: Policy) -> Iterator[str]:
    yield '<section class="sign"><h2 id="signature">Signature</h2>'
    yield "<p>I have read this report. The policy with this SHA-256 may be used for its stated purpose.</p>"
    yield f"<p><code>{policy.digest}</code></p><table><tbody>"
    yield from (
        f'<tr><th scope="row">{name}</th><td></td></tr>'
        for name in ("Name", "Function", "Organization", "Place and date", "Signature")
    )
    yield "</tbody></table></section>"


def _table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], bad: str | None = None
) -> Iterator[str]:
    """A table; a cell that says ``bad`` and nothing else stands out."""
    yield f'<div class="wide"><table><caption>{escape(caption)}</caption><thead><tr>'
    yield from (f'<th scope="col">{head}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for first, *others in rows:
        cells = "".join(
            f'<td class="bad">{bad}</td>' if cell == bad else f"<td>{escape(cell)}</td>" for cell in others
        )
        yield f'<tr><th scope="row"><code>{escape(first)}</code></th>{cells}</tr>'
    yield "</tbody></table></div>"


def _list(entries: Iterable[str]) -> str:
    items = (f'<li class="bad">{escape(entry)}</li>' for entry in entries)
    return f"<ul>{''.join(items)}</ul>"
