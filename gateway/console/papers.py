"""An accounting of disclosures as a document to hand over: PDF, A4, with its numbers on each page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=9, leading=12)
_CELL = ParagraphStyle("cell", parent=_BODY, fontSize=8, leading=10)
_HEAD = ParagraphStyle("head", parent=_CELL, fontName="Helvetica-Bold")
_TITLE = ParagraphStyle("title", parent=_BODY, fontName="Helvetica-Bold", fontSize=15, leading=20)
_LINE, _SHADE = colors.HexColor("#c9d1d3"), colors.HexColor("#eef3f2")
_MARGIN = 18 * mm


@dataclass(frozen=True, slots=True)
class Paper:
    """What a document says. ``widths`` are shares of the page; ``made`` says when and by whom."""

    title: str
    lines: Sequence[str]
    columns: Sequence[str]
    widths: Sequence[float]
    rows: Sequence[Sequence[str]]
    none: str
    made: str


def pdf(paper: Paper) -> bytes:
    """The document."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=paper.title,
        author="Careloom",
        lang="en",
    )
    story = [Paragraph(escape(paper.title), _TITLE), Spacer(0, 3 * mm)]
    story += [Paragraph(escape(line), _BODY) for line in paper.lines]
    story.append(Spacer(0, 5 * mm))
    story.append(_table(paper, document.width) if paper.rows else Paragraph(escape(paper.none), _BODY))

    def foot(canvas: object, _document: object) -> None:
        _foot(canvas, paper.made)

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _table(paper: Paper, width: float) -> Table:
    whole = sum(paper.widths)
    body = [[Paragraph(escape(cell), _CELL) for cell in row] for row in paper.rows]
    table = Table(
        [[Paragraph(escape(name), _HEAD) for name in paper.columns], *body],
        colWidths=[width * share / whole for share in paper.widths],
        repeatRows=1,
    )
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _foot(canvas: object, made: str) -> None:
    canvas.saveState()  # type: ignore[attr-defined]
    canvas.setFont("Helvetica", 7.5)  # type: ignore[attr-defined]
    canvas.drawString(_MARGIN, 10 * mm, made[:140])  # type: ignore[attr-defined]
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"Page {canvas.getPageNumber()}")  # type: ignore[attr-defined]
    canvas.restoreState()  # type: ignore[attr-defined]
