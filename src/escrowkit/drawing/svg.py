"""The picture of one machine, with its legend and its numbered moves, as one SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from attrs import frozen

from escrowkit.drawing.canvas import FAINT, GREY, INDIGO, INK, MUTED, ORANGE, Canvas
from escrowkit.drawing.frames import Arrow, Frame, arrows, frames
from escrowkit.drawing.layout import Box, Layout, Link, Place, lay_out
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES, Diagram, Line
from escrowkit.drawing.page import notes, tables
from escrowkit.drawing.words import pack, plain, width, wrap

#: Border and fill of each kind of state, and what the legend calls it.
COLOURS: Final = {
    "start": ("#6366F1", "#EEF2FF", "where it starts"),
    "work": ("#64748B", "#F8FAFC", "work"),
    "money": ("#0891B2", "#ECFEFF", "money"),
    "dispute": ("#EA580C", "#FFF7ED", "in dispute, or waiting for the other side"),
    "good": ("#16A34A", "#F0FDF4", "good end"),
    "bad": ("#DC2626", "#FEF2F2", "other end"),
}
#: Colour, dashes and colour of the words of each kind of line.
STROKES: Final = {
    PEOPLE: ("#94A3B8", "", MUTED),
    CLOCK: ("#EA580C", "6 4", ORANGE),
    RULES: ("#94A3B8", "1.5 3.5", GREY),
}
_EDGE, _MARGIN, _LEAST, _MOST = 13.0, 24.0, 840.0, 920.0
#: How wide the words at an arrow may be: the first with which the picture is no wider than a page.
_ROOMS: Final = (156.0, 136.0, 120.0, 104.0, 92.0)


@frozen
class Label:
    """The text at an arrow: numbers and words, line by line; its steps of the path; its size."""

    rows: tuple[tuple[str, str, str, bool], ...]
    steps: tuple[int, ...]
    column: float
    width: float
    height: float


@frozen
class Card:
    """A state's box: its name, the moves that leave it as it is, its steps of the path, its size."""

    state: StrEnum
    also: tuple[str, ...]
    steps: tuple[int, ...]
    width: float
    height: float


def svg(diagram: Diagram) -> str:
    """The picture. Raises `MissingExtra` without pygraphviz."""
    chosen = frames(diagram)
    every, shared, own = also(diagram, chosen)
    drawn = {f"a{n}": arrow for n, arrow in enumerate(arrows(diagram, chosen))}
    titles = {_name(f): _frame_title(shared[f]) for f in chosen}
    for room in _ROOMS:
        cards = {s.value: _card(diagram, s, own[s], 1.7 * room) for s in diagram.states}
        labels = {name: _label(diagram, arrow, room) for name, arrow in drawn.items()}
        layout = _layout(diagram, chosen, cards, drawn, labels, {n: (w, h) for n, (_, w, h) in titles.items()}, room)
        if layout.width <= _MOST:
            break
    wide = max(layout.width + 2 * _MARGIN, _LEAST)
    canvas = Canvas()
    y = _heading(canvas, diagram, every, wide)
    dx = (wide - layout.width) / 2
    for name, place in layout.frames.items():
        _frame(canvas, place, titles[name][0], dx, y)
    for name, arrow in drawn.items():
        _arrow(canvas, diagram, name, arrow, labels[name], layout, dx, y)
    for state, card in cards.items():
        _state(canvas, diagram, card, layout.boxes[state], dx, y)
    if "start" in layout.boxes:
        canvas.circle(layout.boxes["start"].x + dx, layout.boxes["start"].y + y, 8, INK)
    y = _legend(canvas, diagram, bool(chosen), wide, y + layout.height + 28)
    y = tables(canvas, diagram, wide, y)
    return canvas.page(wide, y + _MARGIN, diagram.table.name, diagram.title, diagram.description)


# -- what is said where ----------------------------------------------------------------------------------------------


def also(
    diagram: Diagram, chosen: Sequence[Frame]
) -> tuple[list[str], dict[Frame, list[str]], dict[StrEnum, list[str]]]:
    """The moves that leave a state as it is: said once for all states, once for a frame, or in the box of the state."""
    stays = {state: list(diagram.stays(state)) for state in diagram.states}
    every: list[tuple[Line, str]] = []
    for line in diagram.lines:
        lacking = [state for state in diagram.states if line not in stays[state]]
        if len(diagram.states) >= 3 and (not lacking or (len(diagram.states) > 4 and len(lacking) == 1)):
            every.append((line, f" (not {plain(lacking[0])})" if lacking else ""))
    told = [line for line, _ in every]
    shared: dict[Frame, list[str]] = {}
    for frame in chosen:
        common = [line for line in diagram.lines if line not in told and all(line in stays[s] for s in frame)]
        shared[frame] = notes((line, "") for line in common)
        for state in frame:
            stays[state] = [line for line in stays[state] if line not in common]
    own = {state: notes((line, "") for line in lines if line not in told) for state, lines in stays.items()}
    return notes(every), shared, own


def _name(frame: Frame) -> str:
    return "frame " + " ".join(sorted(frame))


def _card(diagram: Diagram, state: StrEnum, stays: list[str], room: float) -> Card:
    steps = tuple(diagram.steps(state, state, diagram.stays(state)))
    text = pack(stays, 12, room)
    name = width(plain(state), 15, bold=True)
    wide = max(name, *(width(line, 12) for line in text), 56) + 24
    return Card(state, tuple(text), steps, wide, 34 + (len(text) * 15 + 3 if text else 0) + (20 if steps else 0))


def _label(diagram: Diagram, arrow: Arrow, room: float) -> Label:
    merged: dict[tuple[str, str], list[int]] = {}
    taken: dict[int, Line] = {}
    for tail, head in arrow.ends():
        taken |= diagram.steps(tail, head, [line for line, _ in arrow.lines])
    for line, but in arrow.lines:
        words = line.label + (f" (not from {', '.join(map(plain, but))})" if but else "")
        merged.setdefault((words, line.kind), []).append(line.number)
    rows = []
    went = {line.number for line in taken.values()}
    for (words, kind), numbers in merged.items():
        for n, text in enumerate(wrap(words, _EDGE, room)):
            key = ", ".join(map(str, numbers)) if n == 0 else ""
            rows.append((key, text, kind, bool(went & set(numbers))))
    column = max(width(key, 11, bold=True) for key, _, _, _ in rows) + 6
    wide = column + max(width(text, _EDGE, bold=bold) for _, text, _, bold in rows) + 8
    steps = tuple(sorted(taken))
    wide = max(wide, 22.0 * len(steps))
    return Label(tuple(rows), steps, column, wide, len(rows) * 16 + 6 + (24 if steps else 0))


def _frame_title(stays: list[str]) -> tuple[tuple[str, ...], float, float]:
    text = ["in each of these:", *pack(stays, 12, 300)] if stays else []
    return tuple(text), max([width(line, 12) for line in text] or [10]), max(len(text) * 15 + 4, 6)


# -- where it stands -------------------------------------------------------------------------------------------------


def _layout(
    diagram: Diagram,
    chosen: Sequence[Frame],
    cards: dict[str, Card],
    drawn: dict[str, Arrow],
    labels: dict[str, Label],
    titles: dict[str, tuple[float, float]],
    room: float,
) -> Layout:
    boxes = [Box("start", 16, 16)] if any(arrow.tail is None for arrow in drawn.values()) else []
    boxes += [Box(card.state.value, card.width, card.height, _around(chosen, card.state)) for card in cards.values()]
    links = []
    for name, arrow in drawn.items():
        label = labels[name]
        within = tuple(f for f in _around(chosen, arrow.tail) if f in _around(chosen, arrow.head))
        boxes.append(Box(name, label.width, label.height, within))
        tail, head = _stand_in(diagram, arrow.tail, last=True), _stand_in(diagram, arrow.head, last=False)
        cut = [_name(end) if isinstance(end, frozenset) else "" for end in (arrow.tail, arrow.head)]
        links.append(Link(name + "t", tail, name, tail=cut[0], arrow=False, weight=_weight(diagram, arrow)))
        links.append(Link(name + "h", name, head, head=cut[1], weight=_weight(diagram, arrow)))
    return lay_out(boxes, links, titles, nodesep=max(10, room / 9))


def _around(chosen: Sequence[Frame], end: StrEnum | Frame | None) -> tuple[str, ...]:
    """The frames round a state, or round a frame, from the outside in."""
    if end is None:
        return ()
    return tuple(_name(f) for f in chosen if (end < f if isinstance(end, frozenset) else end in f))


def _stand_in(diagram: Diagram, end: StrEnum | Frame | None, *, last: bool) -> str:
    """The box at which a line really ends: of a frame the first or the last state."""
    if isinstance(end, frozenset):
        members = [s for s in diagram.states if s in end]
        return members[-1 if last else 0].value
    return "start" if end is None else end.value


def _weight(diagram: Diagram, arrow: Arrow) -> int:
    """What people do from one state to the next runs straight down."""
    if isinstance(arrow.tail, frozenset) or isinstance(arrow.head, frozenset) or arrow.head in diagram.table.final:
        return 1
    return 4


# -- drawing ---------------------------------------------------------------------------------------------------------


def _heading(canvas: Canvas, diagram: Diagram, every: list[str], wide: float) -> float:
    y = _MARGIN + 14
    for line in wrap(diagram.title, 18, (wide - 2 * _MARGIN) / 1.12):
        canvas.text(_MARGIN, y, line, 18, fill=INK, bold=True)
        y += 24
    if every:
        text = pack(["In every state also: " + every[0], *every[1:]], 12, wide - 2 * _MARGIN)
        canvas.lines(_MARGIN, y, text, 12, 16)
        y += 16 * len(text)
    return y + 8


def _frame(canvas: Canvas, place: Place, title: Sequence[str], dx: float, dy: float) -> None:
    left, top = place.left + dx, place.top + dy
    canvas.rect(left, top, place.width, place.height, fill="#FBFCFE", stroke="#94A3B8", dash="2 3", round_=14)
    canvas.lines(left + 14, top + 20, title, 12, 15)


def _arrow(
    canvas: Canvas, diagram: Diagram, name: str, arrow: Arrow, label: Label, layout: Layout, dx: float, dy: float
) -> None:
    kinds = {kind for _, _, kind, _ in label.rows}
    kind = next(k for k in (PEOPLE, CLOCK, RULES) if k in kinds)
    stroke, dash, _ = STROKES[kind]
    pairs = "; ".join(f"{plain(tail or 'start')} → {plain(head)}" for tail, head in arrow.ends())
    canvas.open(pairs, faded=bool(diagram.path or diagram.now) and not label.steps)
    for part in (name + "t", name + "h"):
        if label.steps:
            canvas.curve(layout.curves[part], dx, dy, INDIGO, 3, dash)
        else:
            canvas.curve(layout.curves[part], dx, dy, stroke, 1.4, dash)
    place = layout.boxes[name]
    left, top = place.left + dx, place.top + dy
    for n, step in enumerate(label.steps):
        canvas.badge(left + 11 + 22 * n, top + 13, str(step))
    y = top + 15 + (24 if label.steps else 0)
    for key, text, row_kind, bold in label.rows:
        canvas.text(left + 4, y, key, 11, fill=STROKES[row_kind][2], bold=True)
        canvas.text(left + 4 + label.column, y, text, _EDGE, fill=INDIGO if bold else STROKES[row_kind][2], bold=bold)
        y += 16
    canvas.close()


def _state(canvas: Canvas, diagram: Diagram, card: Card, place: Place, dx: float, dy: float) -> None:
    stroke, fill, words = COLOURS[diagram.kind(card.state)]
    left, top = place.left + dx, place.top + dy
    now = card.state == diagram.now
    canvas.open(f"{plain(card.state)}: {words}", faded=not diagram.taken(card.state))
    thick = 2.5 if (diagram.path and diagram.taken(card.state)) else 1.5
    canvas.rect(left, top, card.width, card.height, fill=INDIGO if now else fill, stroke=stroke, thick=thick, round_=9)
    if card.state in diagram.table.final:
        inner = "#FFFFFF" if now else stroke
        canvas.rect(left + 3.5, top + 3.5, card.width - 7, card.height - 7, stroke=inner, round_=6)
    ink = "#FFFFFF" if now else INK
    canvas.text(left + card.width / 2, top + 22, plain(card.state), 15, fill=ink, bold=True, anchor="middle")
    canvas.lines(left + 12, top + 40, card.also, 12, 15, fill="#EEF2FF" if now else MUTED)
    for n, step in enumerate(card.steps):
        canvas.badge(left + 20 + 22 * n, top + card.height - 15, str(step))
    canvas.close()


def _legend(canvas: Canvas, diagram: Diagram, framed: bool, wide: float, y: float) -> float:
    """What colours, lines and numbers mean; only what the picture has."""
    kinds = [kind for kind in COLOURS if any(diagram.kind(s) == kind for s in diagram.states)]
    entries: list[tuple[str, str]] = [(kind, COLOURS[kind][2]) for kind in kinds]
    said = {PEOPLE: "a move by people", CLOCK: "by the clock, when nobody acted", RULES: "by the rules: it follows from an event"}
    entries += [(kind, said[kind]) for kind in said if any(line.kind == kind for line in diagram.lines)]
    entries += [("number", "number of the move, as in the table below")]
    if framed:
        entries.append(("frame", "from a frame: from each state in it; to a frame: back to the state that it came from"))
    if diagram.path:
        entries.append(("step", "the path taken, step by step"))
    if diagram.now:
        entries.append(("now", "the state now"))
    canvas.open()
    canvas.text(_MARGIN, y, "Legend", 14, fill=INK, bold=True)
    x, y = _MARGIN, y + 24
    for kind, words in entries:
        long = 36 + width(words, 12) + 22
        if x + long > wide - _MARGIN and x > _MARGIN:
            x, y = _MARGIN, y + 22
        _sample(canvas, kind, x, y - 4)
        canvas.text(x + 36, y, words, 12)
        x += long
    canvas.close()
    return y + 34


def _sample(canvas: Canvas, kind: str, x: float, y: float) -> None:
    if kind in COLOURS:
        stroke, fill, _ = COLOURS[kind]
        canvas.rect(x, y - 7, 28, 14, fill=fill, stroke=stroke, thick=1.5, round_=4)
        if kind in ("good", "bad"):
            canvas.rect(x + 2.5, y - 4.5, 23, 9, stroke=stroke, round_=2)
    elif kind in STROKES:
        stroke, dash, _ = STROKES[kind]
        canvas.parts.append(
            f'<path d="M{x:.1f},{y:.1f}h28" fill="none" stroke="{stroke}" stroke-width="1.6"'
            + (f' stroke-dasharray="{dash}"/>' if dash else "/>")
        )
    elif kind == "frame":
        canvas.rect(x, y - 7, 28, 14, fill="#FBFCFE", stroke="#94A3B8", dash="2 3", round_=4)
    elif kind == "now":
        canvas.rect(x, y - 7, 28, 14, fill=INDIGO, stroke=INDIGO, round_=4)
    elif kind == "step":
        canvas.badge(x + 14, y, "1")
    else:
        canvas.text(x + 8, y + 4, "12", 11, bold=True)


_ = (FAINT, Iterable)
