"""What stands round a picture: its heading, its legend, its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from escrowkit.drawing.canvas import FAINT, FRAME, INDIGO, INK, Canvas
from escrowkit.drawing.labels import STROKES
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES
from escrowkit.drawing.words import pack, width, wrap

MARGIN: Final = 24.0
#: The least and the most that a picture should be wide.
LEAST, MOST = 840.0, 950.0
#: How wide the words at an arrow may be: the first with which the picture is no wider than that.
ROOMS: Final = (156.0, 136.0, 120.0, 112.0, 104.0, 98.0, 92.0, 86.0)

#: Border and fill of each kind of state, and what the legend calls it.
COLOURS: Final = {
    "start": ("#6366F1", "#EEF2FF", "where it starts"),
    "work": ("#64748B", "#F8FAFC", "work"),
    "money": ("#0891B2", "#ECFEFF", "money"),
    "dispute": ("#EA580C", "#FFF7ED", "in dispute, or waiting for the other side"),
    "good": ("#16A34A", "#F0FDF4", "good end"),
    "bad": ("#DC2626", "#FEF2F2", "other end"),
}
#: What the legend says of lines and marks.
WORDS: Final = {
    PEOPLE: "a move by people",
    CLOCK: "by the clock, when nobody acted",
    RULES: "by the rules: what happened → what follows",
    "number": "number of the move, as in the table below",
    "frame": "from a frame: from each state in it; to a frame: back to the state that it came from",
    "step": "the path taken, step by step",
    "now": "the state now",
}


def heading(canvas: Canvas, wide: float, title: str, subtitle: str, notes: Sequence[Sequence[str]] = ()) -> float:
    """Title, subtitle and notes; where the picture may begin."""
    y = MARGIN + 14
    canvas.text(MARGIN, y, title, 18, fill=INK, bold=True)
    y += 24
    text = wrap(subtitle, 13, wide - 2 * MARGIN) if subtitle else []
    canvas.lines(MARGIN, y, text, 13, 17)
    y += 17 * len(text) + (4 if text else 0)
    packed = [line for part in notes for line in pack(part, 12, wide - 2 * MARGIN)]
    canvas.lines(MARGIN, y, packed, 12, 16)
    return y + 16 * len(packed) + 8


def legend(canvas: Canvas, wide: float, y: float, kinds: Iterable[str], words: dict[str, str] | None = None) -> float:
    """What colours, lines and marks mean; where the next part may begin."""
    canvas.open()
    canvas.text(MARGIN, y, "Legend", 14, fill=INK, bold=True)
    x, y = MARGIN, y + 24
    for kind in kinds:
        said = (words or {}).get(kind) or (COLOURS[kind][2] if kind in COLOURS else WORDS[kind])
        long = 36 + width(said, 12) + 22
        if x + long > wide - MARGIN and x > MARGIN:
            x, y = MARGIN, y + 22
        _sample(canvas, kind, x, y - 4)
        canvas.text(x + 36, y, said, 12)
        x += long
    canvas.close()
    return y + 36


def _sample(canvas: Canvas, kind: str, x: float, y: float) -> None:
    if kind in COLOURS:
        stroke, fill, _ = COLOURS[kind]
        canvas.rect(x, y - 7, 28, 14, fill=fill, stroke=stroke, thick=1.5, corner=4)
        if kind in ("good", "bad"):
            canvas.rect(x + 2.5, y - 4.5, 23, 9, stroke=stroke, corner=2)
    elif kind in STROKES:
        stroke, dash, _ = STROKES[kind]
        canvas.path(f"M{x:.1f},{y:.1f}h28", stroke, 1.6, dash)
    elif kind == "frame":
        canvas.rect(x, y - 7, 28, 14, fill=FRAME, stroke="#94A3B8", dash="2 3", corner=4)
    elif kind == "now":
        canvas.rect(x, y - 7, 28, 14, fill=INDIGO, corner=4)
    elif kind == "step":
        canvas.badge(x + 14, y, "1")
    else:
        canvas.text(x + 8, y + 4, "12", 11, bold=True)


def table(
    canvas: Canvas,
    y: float,
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    sizes: Sequence[float],
) -> float:
    """A table with a title, its cells wrapped; where the next part may begin."""
    canvas.open()
    canvas.text(MARGIN, y, title, 14, fill=INK, bold=True)
    y += 22
    lefts = [MARGIN + sum(sizes[:n]) for n in range(len(sizes))]
    for left, word in zip(lefts, head, strict=True):
        canvas.text(left, y, word, 12, bold=True)
    y += 8
    for row in rows:
        cells = [wrap(text, 12, size - 12) for text, size in zip(row, sizes, strict=True)]
        canvas.rect(MARGIN, y, sum(sizes), 1, fill=FAINT)
        for left, cell in zip(lefts, cells, strict=True):
            canvas.lines(left, y + 16, cell, 12, 15)
        y += 15 * max(map(len, cells)) + 8
    canvas.close()
    return y + 28
