"""Labels of arrows: measured before they are placed, drawn in the middle of their arrow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from escrowkit.drawing.canvas import GREY, INDIGO, MUTED, ORANGE, Canvas
from escrowkit.drawing.layout import Box, Layout, Link
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES
from escrowkit.drawing.words import keep, width, wrap

#: Colour, dashes and colour of the words of each kind of line.
STROKES: Final = {
    PEOPLE: ("#94A3B8", "", MUTED),
    CLOCK: ("#EA580C", "6 4", ORANGE),
    RULES: ("#94A3B8", "1.5 3.5", GREY),
}
_SIZE, _STEP, _NUMBER = 13.0, 16.0, 11.0


@frozen
class Said:
    """One move at an arrow: its numbers, its words, who makes it (people, clock, rules), and whether it was made."""

    numbers: tuple[int, ...]
    words: str
    kind: str
    made: bool = False


@frozen
class Label:
    """What stands at an arrow: lines of number, words, kind and whether it was made; the steps of a path; its size."""

    lines: tuple[tuple[str, str, str, bool], ...]
    steps: tuple[int, ...]
    column: float
    width: float
    height: float

    @property
    def kind(self) -> str:
        """How its arrow is drawn: as a move by people, if one of its moves is."""
        return next(kind for kind in STROKES if any(kind == k for _, _, k, _ in self.lines))


def label(said: Iterable[Said], steps: tuple[int, ...], room: float) -> Label:
    """The label, in lines no wider than `room`."""
    lines = []
    for one in said:
        for n, text in enumerate(wrap(keep(one.words, _SIZE, room), _SIZE, room)):
            lines.append((", ".join(map(str, one.numbers)) if n == 0 else "", text, one.kind, one.made))
    column = max(width(numbers, _NUMBER, bold=True) for numbers, _, _, _ in lines) + 6
    wide = column + max(width(text, _SIZE, bold=made) for _, text, _, made in lines) + 8
    high = len(lines) * _STEP + 6 + (24 if steps else 0)
    return Label(tuple(lines), steps, column, max(wide, 22.0 * len(steps)), high)


def place(
    name: str,
    label: Label,
    ends: tuple[str, str],
    *,
    cut: tuple[str, str] = ("", ""),
    inside: tuple[str, ...] = (),
    weight: int = 1,
) -> tuple[Box, Link, Link]:
    """The box of a label, and the two halves of its arrow."""
    return (
        Box(name, label.width, label.height, inside),
        Link(f"{name} tail", ends[0], name, tail=cut[0], arrow=False, weight=weight),
        Link(f"{name} head", name, ends[1], head=cut[1], weight=weight),
    )


def draw_arrow(canvas: Canvas, layout: Layout, name: str, label: Label, dx: float, dy: float) -> None:
    """An arrow with its label; a step of the path is thick."""
    stroke, dash, _ = STROKES[label.kind]
    for half in ("tail", "head"):
        curve = layout.curves[f"{name} {half}"]
        canvas.curve(curve, dx, dy, INDIGO if label.steps else stroke, 3 if label.steps else 1.4, dash)
    box = layout.boxes[name]
    left, y = box.left + dx + 4, box.top + dy + 15
    for n, step in enumerate(label.steps):
        canvas.badge(left + 7 + 22 * n, y - 2, str(step))
    y += 24 if label.steps else 0
    for numbers, text, kind, made in label.lines:
        ink = INDIGO if made else STROKES[kind][2]
        canvas.text(left, y, numbers, _NUMBER, fill=ink, bold=True)
        canvas.text(left + label.column, y, text, _SIZE, fill=ink, bold=made)
        y += _STEP
