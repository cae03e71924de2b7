"""The numbered moves in words: the same rows for the table under a picture and for a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from escrowkit.drawing.canvas import FAINT, INK, MUTED, Canvas
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES, Diagram, Line, Wait
from escrowkit.drawing.words import capital, listed, plain, who, wrap
from escrowkit.roles import Role
from escrowkit.schema import KEYS, UNKNOWN
from escrowkit.table import BACK, Guard


def notes(lines: Iterable[tuple[Line, str]]) -> list[str]:
    """ "2, 3 deposit": moves by number, those of one command together."""
    merged: dict[str, list[int]] = {}
    for line, but in lines:
        merged.setdefault(line.said + but, []).append(line.number)
    return [f"{', '.join(map(str, numbers))} {said}" for said, numbers in merged.items()]


def move_rows(diagram: Diagram) -> Iterator[tuple[str, str, str, str, str]]:
    """Every move: number, who, what, from and to, when."""
    for line in diagram.lines:
        yield str(line.number), actors(line), line.said, _way(line), when(diagram, line)


def actors(line: Line) -> str:
    """Who makes a move; a move that people and rules can make names both."""
    return f"{line.by}, or rules" if line.kind == PEOPLE and Role.RULES in line.row.by else line.by


def _way(line: Line) -> str:
    going = [m for m in line.moves if m.source is not m.target]
    staying = [m.source for m in line.moves if m.source is m.target and m.source is not None]
    ways = []
    if line.row.then is BACK:
        ways.append(f"{_states(line.sources)} → back to where it was: {_states(line.targets, 'or')}")
    elif going:
        ways.append(f"{_states([m.source for m in going])} → {_states([m.target for m in going])}")
    if staying:
        ways.append(f"stays {_states(staying)}")
    return "; ".join(ways)


def _states(states: Iterable[str | None], last: str = "or") -> str:
    return listed([plain(s) if s is not None else "start" for s in dict.fromkeys(states)], last)


def when(diagram: Diagram, line: Line) -> str:
    """After how long, on which event of which machine, under which conditions."""
    parts = []
    if line.kind == CLOCK:
        parts.append(capital(line.after) + ".")
    if Role.RULES in line.row.by and line.causes:
        by_machine: dict[str, list[str]] = {}
        for machine, event in line.causes:
            by_machine.setdefault(machine, []).append(plain(event))
        told = [f"{machine} {listed(events, 'or')}" for machine, events in by_machine.items()]
        parts.append(("It follows from: " if line.kind == RULES else "The rules: on ") + "; ".join(told) + ".")
    parts += [check + _value(diagram, guard) for guard, check in zip(line.row.when, line.conditions, strict=False)]
    return " ".join(parts) or "Always."


def _value(diagram: Diagram, check: Guard) -> str:
    """What the rulebook says of the values that a guard reads."""
    if diagram.rulebook is None:
        return ""
    told = []
    for key in check.reads:
        value = diagram.rulebook.values[key]
        if value is not None and value != () and KEYS[key].path == key:
            shown = "unknown" if value is UNKNOWN else KEYS[key].kind.show(value)
            told.append(f"{key}: {shown}")
    return f" [{'; '.join(told)}]" if told else ""


def wait_rows(diagram: Diagram) -> Iterator[tuple[str, str, str, str]]:
    """Every command that must wait: who, what, in which states, until when."""
    for wait in diagram.waits:
        yield who(wait.row.by), plain(wait.row.command.word), _states(wait.sources), _until(wait)


def _until(wait: Wait) -> str:
    return " ".join(check.words for check in wait.row.when)


def step_rows(diagram: Diagram) -> Iterator[tuple[str, str, str, str]]:
    """Every step of the path: its number, what happened, from and to, by which move."""
    for number, (before, event, after) in enumerate(diagram.path, 1):
        source = next((s for s in diagram.states if s == before), None)
        lines = [x for x in diagram.lines if x.row.event and x.row.event.word == event]
        found = diagram.steps(before, after, [x for x in lines if any((m.source, m.target) == (source, after) for m in x.moves)])
        move = str(found[number].number) if number in found else ""
        way = f"{plain(before or 'start')} → {plain(after)}" if before != after else f"stays {plain(after)}"
        yield str(number), plain(event), way, move


def tables(canvas: Canvas, diagram: Diagram, wide: float, y: float) -> float:
    """The tables under a picture."""
    room = wide - 48
    if diagram.path:
        y = _table(canvas, "The path taken", ("step", "what happened", "from → to", "move"), list(step_rows(diagram)), (44, 200, 320, 60), y)
    sizes = (38, 112, 138, 190, room - 478)
    y = _table(canvas, "The moves", ("no.", "who", "move", "from → to", "when"), list(move_rows(diagram)), sizes, y)
    waits = list(wait_rows(diagram))
    if waits:
        y = _table(canvas, "What must wait", ("who", "move", "while", "until"), waits, (174, 150, 200, room - 524), y)
    always = " ".join(check.words for check in diagram.table.always)
    if always:
        text = wrap(f"For every move by a party, a neutral or a witness: {always}", 12, room)
        canvas.lines(24, y, text, 12, 16)
        y += 16 * len(text)
    return y


def _table(
    canvas: Canvas, title: str, head: Sequence[str], rows: Sequence[Sequence[str]], sizes: Sequence[float], y: float
) -> float:
    canvas.open()
    canvas.text(24, y, title, 14, fill=INK, bold=True)
    y += 22
    x = 24.0
    for word, size in zip(head, sizes, strict=True):
        canvas.text(x, y, word, 12, bold=True)
        x += size
    y += 8
    for row in rows:
        cells = [wrap(text, 12, size - 12) for text, size in zip(row, sizes, strict=True)]
        canvas.rect(24, y, sum(sizes), 1, fill=FAINT)
        x = 24.0
        for cell, size in zip(cells, sizes, strict=True):
            canvas.lines(x, y + 16, cell, 12, 15, fill=MUTED)
            x += size
        y += 15 * max(len(cell) for cell in cells) + 8
    canvas.close()
    return y + 28
