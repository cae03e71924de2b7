"""Mermaid text of one machine: for pages that draw Mermaid themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from escrowkit.drawing.model import CLOCK, PEOPLE, RULES, Diagram, Line
from escrowkit.drawing.rows import also, led
from escrowkit.drawing.sheet import COLOURS
from escrowkit.drawing.words import capital, keep, pack, plain, wrap

_INK: Final = "#1E293B"
#: Narrow labels keep the picture narrow; Mermaid's text is 14 px.
_ROOM: Final = 130
#: From this many arrows on a move is only named at them.
_MANY: Final = 3
#: Mermaid draws every line alike, so the words say who acts.
_FIRST: Final = {PEOPLE: "", CLOCK: "clock ", RULES: "rules "}


def mermaid(diagram: Diagram) -> str:
    """A `stateDiagram-v2`."""
    return "\n".join(
        (
            *head(capital(diagram.title)),
            "stateDiagram-v2",
            "    direction TB",
            f"    accTitle: {safe(capital(diagram.title))}",
            f"    accDescr: {safe(diagram.description)}",
            *_states(diagram),
            *_arrows(diagram),
            *_note(diagram),
            *_classes(diagram),
            "",
        )
    )


def head(title: str) -> tuple[str, ...]:
    """The front matter."""
    return ("---", f"title: {json.dumps(title, ensure_ascii=False)}", "---")


def safe(text: str) -> str:
    """Words without what Mermaid would take for its own: colons, semicolons, hashes, quotes, brackets of HTML."""
    for bad, good in ((":", " –"), (";", ","), ("#", "no. "), ('"', "'"), ("<", "‹"), (">", "›"), ("%%", "%")):
        text = text.replace(bad, good)
    return text


def _states(diagram: Diagram) -> Iterable[str]:
    _, _, own = also(diagram, ())
    for state in diagram.states:
        yield f'    state "{safe(plain(state))}" as {state.value}'
        steps = sorted(diagram.steps(state, state, diagram.stays(state)))
        lines = [f"({told(steps)})"] * bool(steps) + pack(own[state], 12, 240)
        if lines:
            yield f"    {state.value}: {'<br/>'.join(map(safe, lines))}"


def told(steps: Iterable[int]) -> str:
    """Steps of the path in words: "step 3, step 5"."""
    return ", ".join(f"step {n}" for n in steps)


def _arrows(diagram: Diagram) -> Iterable[str]:
    for (source, target), lines in diagram.edges.items():
        steps = diagram.steps(source, target, lines)
        taken = [f"({told(steps)})"] if steps else []
        words = "<br/>".join((*taken, *labels(lines)))
        yield f"    {source.value if source else '[*]'} --> {target.value}: {words}"
    for state in diagram.states:
        if state in diagram.table.final:
            yield f"    {state.value} --> [*]"


def labels(lines: Iterable[Line]) -> list[str]:
    """The lines at an arrow, those of the same words together."""
    merged: dict[str, list[int]] = {}
    for line in lines:
        merged.setdefault(_words(line), []).append(line.number)
    said = (f"{', '.join(map(str, numbers))}\u00a0{keep(words, 14, _ROOM)}" for words, numbers in merged.items())
    return [safe(line).strip() for one in said for line in wrap(one, 14, _ROOM)]


def _words(line: Line) -> str:
    """What a line says; a move that stands at many arrows is named only, and told in full in the note."""
    if len(line.moves) >= _MANY:
        return line.after if any(period for _, period in line.clocks) else line.said
    return _full(line)


def _full(line: Line) -> str:
    return _FIRST[line.kind] + line.label.replace(" (rules)", "")


def _note(diagram: Diagram) -> Iterable[str]:
    """The legend, beside the first state: what the words mean, and the moves that stand at many arrows in full."""
    if not diagram.states:
        return
    every, _, _ = also(diagram, ())
    text = ["The number is that of the move.", "In brackets – who may make it."]
    text += ["clock – nobody acted in time.", "rules – what happened → what follows."]
    text += [f"{line.number} {_full(line)}" for line in diagram.lines if len(line.moves) >= _MANY and line.goes]
    text += [line for part in led(every, " –") for line in pack(part, 14, 180)]
    yield f"    note right of {diagram.states[0].value}"
    yield from (f"        {safe(line)}" for line in text)
    yield "    end note"


def _classes(diagram: Diagram) -> Iterable[str]:
    for kind, (stroke, fill, _) in COLOURS.items():
        wide = "3px" if kind in ("good", "bad") else "1.5px"
        yield f"    classDef {kind} fill:{fill},stroke:{stroke},stroke-width:{wide},color:{_INK}"
    yield "    classDef now fill:#4F46E5,stroke:#312E81,stroke-width:3px,color:#FFFFFF,font-weight:bold"
    yield "    classDef taken stroke-width:4px"
    yield "    classDef faded opacity:0.6"
    for kind in COLOURS:
        mine = [s.value for s in diagram.states if diagram.kind(s) == kind and s != diagram.now]
        if mine:
            yield f"    class {','.join(mine)} {kind}"
    if diagram.now:
        yield f"    class {diagram.now} now"
    if diagram.fades:
        for name, touched in (("taken", True), ("faded", False)):
            mine = [s.value for s in diagram.states if diagram.taken(s) is touched and s != diagram.now]
            if mine:
                yield f"    class {','.join(mine)} {name}"
