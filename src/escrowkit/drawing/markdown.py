"""A page of one machine: the picture as Mermaid, and everything in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from escrowkit.drawing.mermaid import mermaid
from escrowkit.drawing.model import Diagram
from escrowkit.drawing.rows import MOVES, STEPS, WAITS, always, move_rows, notes, step_rows, wait_rows
from escrowkit.drawing.sheet import COLOURS
from escrowkit.drawing.words import capital, plain


def markdown(diagram: Diagram) -> str:
    """The page."""
    parts = [f"# {capital(diagram.title)}", diagram.description, fenced(mermaid(diagram))]
    parts += ["## States", sheet(("state", "kind", "moves that leave it as it is"), _state_rows(diagram))]
    if diagram.path:
        parts += ["## The path taken", sheet(STEPS, step_rows(diagram))]
    moving = [row for row, line in zip(move_rows(diagram), diagram.lines, strict=True) if line.goes]
    staying = [row for row, line in zip(move_rows(diagram), diagram.lines, strict=True) if not line.goes]
    parts += ["## Moves", always(diagram), sheet(MOVES, moving)]
    if staying:
        parts += ["## Moves that leave the state as it is", sheet(MOVES, staying)]
    if diagram.waits:
        parts += ["## What must wait", sheet(WAITS, wait_rows(diagram))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _state_rows(diagram: Diagram) -> Iterable[Sequence[str]]:
    for state in diagram.states:
        kind = COLOURS[diagram.kind(state)][2] + (", and the state now" if state == diagram.now else "")
        yield plain(state), kind, " · ".join(notes(diagram.stays(state)))


def fenced(text: str) -> str:
    """A block of Mermaid."""
    return f"```mermaid\n{text}```"


def sheet(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
