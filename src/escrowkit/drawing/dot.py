"""Graphviz text of one machine, every arrow by itself: for whoever draws with Graphviz, or reads it by program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from escrowkit.drawing.canvas import INDIGO, INK
from escrowkit.drawing.labels import STROKES
from escrowkit.drawing.mermaid import told
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES, Diagram, Line
from escrowkit.drawing.rows import Notes, also, led
from escrowkit.drawing.sheet import COLOURS, WORDS
from escrowkit.drawing.words import capital, keep, pack, plain, wrap

_FONT: Final = "Helvetica,Arial,sans-serif"
STYLES: Final = {PEOPLE: "solid", CLOCK: "dashed", RULES: "dotted"}
_ROOM: Final = 130
_FADED: Final = "#CBD5E1"


def dot(diagram: Diagram) -> str:
    """A `digraph`."""
    return "\n".join((*head(diagram.table.name, capital(diagram.title)), *_states(diagram), *_arrows(diagram), "}", ""))


def head(name: str, title: str) -> tuple[str, ...]:
    """Title, fonts and the look of boxes and lines."""
    return (
        f"digraph {quoted(name)} {{",
        f"  graph [label={quoted(title)}, labelloc=t, fontname={quoted(_FONT)}, fontsize=18, rankdir=TB, "
        "nodesep=0.25, ranksep=0.35, bgcolor=white]",
        f"  node [shape=box, style={quoted('rounded,filled')}, fontname={quoted(_FONT)}, fontsize=13, "
        f"fontcolor={quoted(INK)}, margin={quoted('0.16,0.08')}]",
        f"  edge [fontname={quoted(_FONT)}, fontsize=10.5, arrowsize=0.7]",
    )


def quoted(text: str) -> str:
    r"""A string of DOT: quotes and backslashes escaped, `\n` and `\l` between lines kept."""
    return '"' + text.replace('"', '\\"') + '"'


def block(lines: Iterable[str], end: str = "\\n") -> str:
    """Several lines in one label."""
    return end.join(line.replace("\\", "\\\\") for line in lines)


def _states(diagram: Diagram) -> Iterable[str]:
    every, _, own = also(diagram, ())
    if any(None in line.sources for line in diagram.lines):
        yield f'  "(start)" [shape=circle, width=0.18, label="", fillcolor={quoted(INK)}]'
    for state in diagram.states:
        stroke, fill, words = COLOURS[diagram.kind(state)]
        steps = sorted(diagram.steps(state, state, diagram.stays(state)))
        text = block((plain(state), *([told(steps)] * bool(steps)), *pack(own[state], 12, 210)))
        look = f"color={quoted(stroke)}, fillcolor={quoted(fill)}"
        if state == diagram.now:
            look = f"color={quoted(stroke)}, fillcolor={quoted(INDIGO)}, fontcolor=white, penwidth=3"
        elif diagram.fades and not diagram.taken(state):
            look = f'color={quoted(_FADED)}, fillcolor="#FFFFFF", fontcolor="#94A3B8"'
        double = ", peripheries=2" if state in diagram.table.final else ""
        yield f"  {quoted(state.value)} [label={quoted(text)}, {look}{double}, tooltip={quoted(words)}]"
    yield from _legend(diagram, every)


def _legend(diagram: Diagram, every: Notes) -> Iterable[str]:
    kinds = [kind for kind in STYLES if any(line.kind == kind for line in diagram.lines)]
    lines = ["Legend", *(f"{STYLES[kind]}: {WORDS[kind]}" for kind in kinds), "double border: an end"]
    lines += ["In a box: the moves that leave the state as it is, by number."]
    lines += [line for part in led(every, ":") for line in pack(part, 11, 260)]
    text = quoted(block(lines, "\\l") + "\\l")
    yield f'  "(legend)" [shape=note, style=filled, fillcolor="#F8FAFC", color="#CBD5E1", fontsize=10.5, label={text}]'


def _arrows(diagram: Diagram) -> Iterable[str]:
    for (source, target), lines in diagram.edges.items():
        kind = next(kind for kind in STYLES if any(line.kind == kind for line in lines))
        steps = diagram.steps(source, target, lines)
        stroke, _, ink = STROKES[kind]
        look = f"color={quoted(stroke)}, fontcolor={quoted(ink)}, style={STYLES[kind]}"
        if steps:
            look = f"color={quoted(INDIGO)}, fontcolor={quoted(INDIGO)}, style={STYLES[kind]}, penwidth=3"
        elif diagram.fades:
            look = f'color={quoted(_FADED)}, fontcolor="#94A3B8", style={STYLES[kind]}'
        text = block(([told(steps)] if steps else []) + _labels(lines))
        tail = quoted(source.value if source else "(start)")
        yield f"  {tail} -> {quoted(target.value)} [label={quoted(text)}, {look}]"


def _labels(lines: Iterable[Line]) -> list[str]:
    merged: dict[str, list[int]] = {}
    for line in lines:
        merged.setdefault(line.label, []).append(line.number)
    said = (f"{', '.join(map(str, numbers))}\u00a0{keep(words, 14, _ROOM)}" for words, numbers in merged.items())
    return [line for one in said for line in wrap(one, 14, _ROOM)]
