"""The picture of one machine, with its legend and its numbered moves, as one SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from attrs import frozen

from escrowkit.drawing.canvas import FRAME, INDIGO, INK, MUTED, Canvas
from escrowkit.drawing.frames import Arrow, Frame, arrows, choices
from escrowkit.drawing.labels import Label, Said, draw_arrow, label, place
from escrowkit.drawing.layout import Box, Layout, Link, Place, first_that_fits, lay_out
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES, Diagram, Line
from escrowkit.drawing.rows import MOVES, STEPS, WAITS, Notes, also, always, led, move_rows, step_rows, wait_rows
from escrowkit.drawing.sheet import COLOURS, LEAST, MARGIN, MOST, ROOMS, heading, legend, table
from escrowkit.drawing.words import capital, pack, plain, width, wrap


@frozen
class Card:
    """A box: a state or the title of a frame, with the moves that leave it as it is, its steps and its size."""

    name: str
    also: tuple[str, ...]
    steps: tuple[int, ...]
    width: float
    height: float


@frozen
class Picture:
    """All parts of a picture, measured and placed."""

    layout: Layout
    cards: Mapping[StrEnum, Card]
    titles: Mapping[Frame, Card]
    labels: Mapping[str, Label]
    arrows: Mapping[str, Arrow]
    every: Notes


def svg(diagram: Diagram) -> str:
    """The picture. Raises `MissingExtra` without pygraphviz."""
    picture = placed(diagram)
    wide = max(picture.layout.width + 2 * MARGIN, LEAST)
    canvas = Canvas()
    y = heading(canvas, wide, capital(diagram.title), diagram.subtitle, led(picture.every, ":"))
    _draw(canvas, diagram, picture, (wide - picture.layout.width) / 2, y)
    y = legend(canvas, wide, y + picture.layout.height + 28, _kinds(diagram, picture))
    y = _tables(canvas, diagram, wide, y)
    return canvas.page(wide, y + MARGIN, diagram.table.name, capital(diagram.title), diagram.description)


def placed(diagram: Diagram) -> Picture:
    """The first picture that fits the width of a page, or the narrowest."""
    made = (_picture(diagram, chosen, room) for room in ROOMS for chosen in choices(diagram)[:3])
    return first_that_fits(((picture, picture.layout) for picture in made), MOST)[0]


def _picture(diagram: Diagram, chosen: tuple[Frame, ...], room: float) -> Picture:
    every, shared, own = also(diagram, chosen)
    cards = {state: _card(diagram, state, own[state], 1.7 * room) for state in diagram.states}
    titles = {frame: _title(frame, notes) for frame, notes in shared.items() if notes}
    drawn = {f"arrow {n}": arrow for n, arrow in enumerate(arrows(diagram, chosen), 1)}
    labels = {name: _label(diagram, arrow, room) for name, arrow in drawn.items()}
    boxes = [Box(s.value, card.width, card.height, _around(chosen, s)) for s, card in cards.items()]
    links = []
    if any(arrow.tail is None for arrow in drawn.values()):
        boxes.insert(0, Box("start", 16, 16))
    for frame, title in titles.items():
        boxes.append(Box(title.name, title.width, title.height, (*_around(chosen, frame), _name(frame))))
        links.append(Link(f"under {title.name}", title.name, _stand_in(diagram, frame), seen=False))
    for name, arrow in drawn.items():
        ends = (_stand_in(diagram, arrow.tail, last=True), _stand_in(diagram, arrow.head))
        cut = tuple(_name(end) if isinstance(end, frozenset) else "" for end in (arrow.tail, arrow.head))
        inside = tuple(f for f in _around(chosen, arrow.tail) if f in _around(chosen, arrow.head))
        parts = place(name, labels[name], ends, cut=(cut[0], cut[1]), inside=inside, weight=_weight(diagram, arrow))
        boxes.append(parts[0])
        links.extend(parts[1:])
    return Picture(lay_out(boxes, links, apart=max(10, room / 9)), cards, titles, labels, drawn, every)


# -- the parts, measured ---------------------------------------------------------------------------------------------


def _card(diagram: Diagram, state: StrEnum, stays: Sequence[str], room: float) -> Card:
    steps = tuple(diagram.steps(state, state, diagram.stays(state)))
    text = pack(stays, 12, room)
    wide = max(width(plain(state), 15, bold=True), *(width(line, 12) for line in text), 56, 22 * len(steps)) + 24
    return Card(state, tuple(text), steps, wide, 34 + (len(text) * 15 + 3 if text else 0) + (22 if steps else 0))


def _title(frame: Frame, notes: Sequence[str]) -> Card:
    text = ("in each of these:", *pack(notes, 12, 300))
    return Card("title of " + _name(frame), text, (), max(width(line, 12) for line in text), len(text) * 15)


def _label(diagram: Diagram, arrow: Arrow, room: float) -> Label:
    taken: dict[int, Line] = {}
    for tail, head in arrow.ends():
        taken |= diagram.steps(tail, head, [line for line, _ in arrow.lines])
    made = {line.number for line in taken.values()}
    merged: dict[tuple[str, str], list[int]] = {}
    for line, but in arrow.lines:
        words = line.label + (f" (not from {', '.join(map(plain, but))})" if but else "")
        merged.setdefault((words, line.kind), []).append(line.number)
    said = [Said(tuple(ns), words, kind, bool(made & set(ns))) for (words, kind), ns in merged.items()]
    return label(said, tuple(sorted(taken)), room)


def _name(frame: Frame) -> str:
    return "frame " + " ".join(sorted(frame))


def _around(chosen: Sequence[Frame], end: StrEnum | Frame | None) -> tuple[str, ...]:
    """The frames round a state, or round a frame, from the outside in."""
    if end is None:
        return ()
    return tuple(_name(f) for f in chosen if (end < f if isinstance(end, frozenset) else end in f))


def _stand_in(diagram: Diagram, end: StrEnum | Frame | None, *, last: bool = False) -> str:
    """The box at which a line really ends: of a frame the first or the last state."""
    if isinstance(end, frozenset):
        members = [s for s in diagram.states if s in end]
        return members[-1 if last else 0].value
    return "start" if end is None else end.value


def _weight(diagram: Diagram, arrow: Arrow) -> int:
    """The way from one state to the next runs straight down; ways to an end and round a frame give way to it."""
    framed = isinstance(arrow.tail, frozenset) or isinstance(arrow.head, frozenset)
    return 1 if framed or arrow.head in diagram.table.final else 2


# -- the parts, drawn ------------------------------------------------------------------------------------------------


def _draw(canvas: Canvas, diagram: Diagram, picture: Picture, dx: float, dy: float) -> None:
    layout = picture.layout
    for spot in layout.frames.values():
        where = (spot.left + dx, spot.top + dy, spot.width, spot.height)
        canvas.rect(*where, fill=FRAME, stroke="#94A3B8", dash="2 3", corner=14)
    for title in picture.titles.values():
        spot = layout.boxes[title.name]
        canvas.lines(spot.left + dx, spot.top + dy + 12, title.also, 12, 15)
    for name, arrow in picture.arrows.items():
        pairs = "; ".join(f"{plain(tail or 'start')} → {plain(head)}" for tail, head in arrow.ends())
        canvas.open(pairs, faded=diagram.fades and not picture.labels[name].steps)
        draw_arrow(canvas, layout, name, picture.labels[name], dx, dy)
        canvas.close()
    for state, card in picture.cards.items():
        _state(canvas, diagram, state, card, layout.boxes[state.value], dx, dy)
    if "start" in layout.boxes:
        canvas.disc(layout.boxes["start"].x + dx, layout.boxes["start"].y + dy, 8, INK)


def _state(canvas: Canvas, diagram: Diagram, state: StrEnum, card: Card, spot: Place, dx: float, dy: float) -> None:
    stroke, fill, words = COLOURS[diagram.kind(state)]
    left, top, now = spot.left + dx, spot.top + dy, state == diagram.now
    canvas.open(f"{plain(state)}: {words}", faded=diagram.fades and not diagram.taken(state))
    thick = 2.5 if diagram.fades and diagram.taken(state) else 1.5
    ground = INDIGO if now else fill
    canvas.rect(left, top, card.width, card.height, fill=ground, stroke=stroke, thick=thick, corner=9)
    if state in diagram.table.final:
        inner = "#FFFFFF" if now else stroke
        canvas.rect(left + 3.5, top + 3.5, card.width - 7, card.height - 7, stroke=inner, corner=6)
    ink = "#FFFFFF" if now else INK
    canvas.text(left + card.width / 2, top + 22, plain(state), 15, fill=ink, bold=True, middle=True)
    canvas.lines(left + 12, top + 40, card.also, 12, 15, fill="#EEF2FF" if now else MUTED)
    for n, step in enumerate(card.steps):
        canvas.badge(left + 21 + 22 * n, top + card.height - 16, str(step), dark=now)
    canvas.close()


def _kinds(diagram: Diagram, picture: Picture) -> list[str]:
    """What the legend explains: only what the picture has."""
    kinds = [kind for kind in COLOURS if any(diagram.kind(s) == kind for s in diagram.states)]
    kinds += [kind for kind in (PEOPLE, CLOCK, RULES) if any(line.kind == kind for line in diagram.lines)]
    return (
        kinds
        + ["number"] * bool(diagram.lines)
        + ["frame"] * bool(picture.layout.frames)
        + ["step"] * bool(diagram.path)
        + ["now"] * bool(diagram.now)
    )


def _tables(canvas: Canvas, diagram: Diagram, wide: float, y: float) -> float:
    room = wide - 2 * MARGIN
    if diagram.path:
        y = table(canvas, y, "The path taken", STEPS, step_rows(diagram), (44, 200, 320, 60))
    if diagram.lines:
        y = table(canvas, y, "The moves", MOVES, move_rows(diagram), (38, 112, 138, 190, room - 478))
    if diagram.waits:
        y = table(canvas, y, "What must wait", WAITS, wait_rows(diagram), (150, 250, 150, room - 550))
    text = wrap(always(diagram), 12, room) if diagram.lines else []
    canvas.lines(MARGIN, y, text, 12, 16)
    return y + 16 * len(text)
