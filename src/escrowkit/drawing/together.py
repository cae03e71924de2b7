"""All machines in one picture: what each goes through, and which event of one makes which move in another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from escrowkit.clocks import CLOCKS
from escrowkit.drawing.canvas import INK, Canvas
from escrowkit.drawing.dot import block, quoted
from escrowkit.drawing.dot import head as dot_head
from escrowkit.drawing.labels import Label, Said, draw_arrow, label, place
from escrowkit.drawing.layout import Box, Layout, first_that_fits, lay_out
from escrowkit.drawing.markdown import fenced, sheet
from escrowkit.drawing.mermaid import head as mermaid_head
from escrowkit.drawing.mermaid import safe
from escrowkit.drawing.model import PEOPLE, Diagram
from escrowkit.drawing.reading import diagram
from escrowkit.drawing.sheet import COLOURS, LEAST, MARGIN, MOST, ROOMS, heading, legend, table
from escrowkit.drawing.words import capital, listed, pack, plain, width
from escrowkit.machines import arbitration, conduct, dispute, escrow, feedback, mediation, milestone, obligation
from escrowkit.reactions import REACTIONS
from escrowkit.rulebook import Rulebook
from escrowkit.table import Table

TABLES: Final[tuple[Table[Any], ...]] = tuple(
    machine.TABLE for machine in (milestone, escrow, dispute, mediation, arbitration, obligation, feedback, conduct)
)
_LOOK: Final = {"milestone": "work", "escrow": "money", "obligation": "money", "feedback": "work", "conduct": "work"}
_ARROW: Final = "what happened in one machine → what the rules then do in another"


@frozen
class Effect:
    """One line of the reactions, as far as a rulebook allows it: events by machine, commands by machine."""

    number: int
    events: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]
    words: str

    def between(self, source: str, target: str) -> str:
        """What of it acts from one machine on another: "opened → freeze"."""
        events = [plain(word) for machine, word in self.events if machine == source]
        commands = [plain(word) for machine, word in self.commands if machine == target]
        said = listed(events, "or") if len(events) < 3 else f"{events[0]} and {len(events) - 1}\u00a0more"
        return f"{said} → {listed(commands)}" if events and commands else ""


@frozen
class Overview:
    """What the picture of all machines shows."""

    rulebook: Rulebook | None
    machines: tuple[Diagram, ...]
    effects: tuple[Effect, ...]

    @property
    def title(self) -> str:
        """Its title."""
        return "How the machines act on one another" + (f" under {self.rulebook.name}" if self.rulebook else "")

    @property
    def subtitle(self) -> str:
        """The rulebook's own title."""
        return f"{capital(self.rulebook.title)}." if self.rulebook else ""

    @property
    def description(self) -> str:
        """The picture in words."""
        names = listed([one.table.name for one in self.machines])
        return (
            f"One box each for {names}, with its states and its ends. {len(self.effects)} numbered rules lead from "
            "an event of one machine to a move in another."
        )

    def acts(self, source: str, target: str) -> list[tuple[int, str]]:
        """The lines at the arrow between two machines."""
        found = ((effect.number, effect.between(source, target)) for effect in self.effects)
        return [(number, said) for number, said in found if said]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The machines that act on one another."""
        names = [one.table.name for one in self.machines]
        return [(a, b) for a in names for b in names if a != b and self.acts(a, b)]

    def gist(self, one: Diagram) -> list[tuple[str, ...]]:
        """What stands in the box of a machine: its states, ends and clocks, and how it acts on itself."""
        clocks = {name: period for line in one.lines for name, period in line.clocks}
        order = dict.fromkeys(c.name for c in CLOCKS if c.machine == one.table.name and c.name in clocks)
        itself: dict[str, list[int]] = {}
        for number, said in self.acts(one.table.name, one.table.name):
            itself.setdefault(said.partition("→ ")[2], []).append(number)
        parts = (
            ("states: ", [plain(s) for s in one.states if s not in one.table.final]),
            ("ends: ", [plain(s) for s in one.states if s in one.table.final]),
            ("clocks: ", [f"‘{plain(name)}’ {clocks[name]}".strip() for name in order]),
            ("on itself: ", [f"{', '.join(map(str, numbers))} {command}" for command, numbers in itself.items()]),
        )
        return [(head + items[0], *items[1:]) for head, items in parts if items]


def overview_of(rulebook: Rulebook | None = None) -> Overview:
    """All machines that a rulebook has, and how they act on one another."""
    machines = tuple(one for table in TABLES if (one := diagram(table, rulebook)).lines)
    events = {line.row.event for one in machines for line in one.lines}
    commands = {line.row.command for one in machines for line in one.lines}
    effects = (
        Effect(
            number,
            tuple((event.machine, event.word) for event in reaction.on if event in events),
            tuple((command.machine, command.word) for command in reaction.then if command in commands),
            reaction.words,
        )
        for number, reaction in enumerate(REACTIONS, 1)
    )
    return Overview(rulebook, machines, tuple(effect for effect in effects if effect.events and effect.commands))


def rows(it: Overview) -> Iterable[tuple[str, str, str, str]]:
    """Every rule: its number, the events, the commands, and why."""
    for effect in it.effects:
        yield str(effect.number), _by_machine(effect.events), _by_machine(effect.commands), f"{capital(effect.words)}."


_HEAD: Final = ("no.", "when this happened", "the rules do this", "why")


def _by_machine(words: Sequence[tuple[str, str]]) -> str:
    names = dict.fromkeys(machine for machine, _ in words)
    return "; ".join(f"{name} {listed([plain(w) for m, w in words if m == name], 'or')}" for name in names)


# -- the formats -----------------------------------------------------------------------------------------------------


def svg(it: Overview) -> str:
    """The picture. Raises `MissingExtra` without pygraphviz."""
    (cards, labels), layout = first_that_fits((_placed(it, room) for room in ROOMS), MOST)
    wide = max(layout.width + 2 * MARGIN, LEAST)
    canvas = Canvas()
    y, dx = heading(canvas, wide, it.title, it.subtitle), (wide - layout.width) / 2
    for name, one in labels.items():
        canvas.open(name)
        draw_arrow(canvas, layout, name, one, dx, y)
        canvas.close()
    for name, (text, _, _) in cards.items():
        spot = layout.boxes[name]
        _box(canvas, name, text, spot.left + dx, spot.top + y, spot.width, spot.height)
    looks = dict.fromkeys(_LOOK.get(one.table.name, "dispute") for one in it.machines)
    words = {"dispute": "dispute and its stages", PEOPLE: _ARROW, "number": "number of the rule, as in the table below"}
    y = legend(canvas, wide, y + layout.height + 28, (*looks, PEOPLE, "number"), words)
    y = table(canvas, y, "The rules", _HEAD, rows(it), (38, 270, 230, wide - 2 * MARGIN - 538))
    return canvas.page(wide, y + MARGIN, "overview", it.title, it.description)


Card = tuple[list[str], float, float]


def _placed(it: Overview, room: float) -> tuple[tuple[dict[str, Card], dict[str, Label]], Layout]:
    """The boxes and the labels, measured and placed."""
    cards = {one.table.name: _card(it, one, 1.6 * room) for one in it.machines}
    boxes = [Box(name, wide, high) for name, (_, wide, high) in cards.items()]
    labels, links = {}, []
    for ends in it.pairs:
        name = " on ".join(ends)
        labels[name] = label([Said((n,), said, PEOPLE) for n, said in it.acts(*ends)], (), room)
        box, *halves = place(name, labels[name], ends)
        boxes.append(box)
        links += halves
    return (cards, labels), lay_out(boxes, links, apart=room / 9)


def _card(it: Overview, one: Diagram, room: float) -> Card:
    text = [line for part in it.gist(one) for line in pack(part, 12, room)]
    return text, max([width(line, 12) for line in text] + [90]) + 24, 36 + 15 * len(text)


def _box(canvas: Canvas, name: str, text: Sequence[str], left: float, top: float, wide: float, high: float) -> None:
    stroke, fill, _ = COLOURS[_LOOK.get(name, "dispute")]
    canvas.rect(left, top, wide, high, fill=fill, stroke=stroke, thick=1.5, corner=9)
    canvas.text(left + wide / 2, top + 22, name, 15, fill=INK, bold=True, middle=True)
    canvas.lines(left + 12, top + 40, text, 12, 15)


def mermaid(it: Overview) -> str:
    """A flowchart."""
    lines = [*mermaid_head(it.title), "flowchart TB", f"    accTitle: {safe(it.title)}"]
    lines.append(f"    accDescr: {safe(it.description)}")
    for one in it.machines:
        text = "<br/>".join([f"<b>{one.table.name}</b>", *(safe(" · ".join(part)) for part in it.gist(one))])
        lines.append(f'    {one.table.name}["{text}"]:::{_LOOK.get(one.table.name, "dispute")}')
    for a, b in it.pairs:
        said = "<br/>".join(safe(f"{number} {words}") for number, words in it.acts(a, b))
        lines.append(f'    {a} -->|"{said}"| {b}')
    lines.append(f'    legend["{safe(f"A numbered arrow – {_ARROW}")}"]:::legend')
    for look in ("work", "money", "dispute"):
        stroke, fill, _ = COLOURS[look]
        lines.append(f"    classDef {look} fill:{fill},stroke:{stroke},color:{INK}")
    return "\n".join([*lines, f"    classDef legend fill:#FFFFFF,stroke:#CBD5E1,color:{INK}", ""])


def dot(it: Overview) -> str:
    """A `digraph`."""
    lines = [*dot_head("overview", it.title)]
    for one in it.machines:
        stroke, fill, _ = COLOURS[_LOOK.get(one.table.name, "dispute")]
        text = block([one.table.name, *(line for part in it.gist(one) for line in pack(part, 13, 220))])
        lines.append(f"  {one.table.name} [label={quoted(text)}, color={quoted(stroke)}, fillcolor={quoted(fill)}]")
    for a, b in it.pairs:
        text = block(f"{number} {words}" for number, words in it.acts(a, b))
        lines.append(f'  {a} -> {b} [label={quoted(text)}, color="#94A3B8", fontcolor="#475569"]')
    lines.append(f'  "(legend)" [shape=note, fillcolor="#F8FAFC", fontsize=10.5, label={quoted(_ARROW)}]')
    return "\n".join([*lines, "}", ""])


def markdown(it: Overview) -> str:
    """A page."""
    machines = [(one.table.name, "<br>".join(" · ".join(part) for part in it.gist(one))) for one in it.machines]
    parts = [f"# {it.title}", it.subtitle, it.description, fenced(mermaid(it))]
    parts += ["## The machines", sheet(("machine", "gist"), machines), "## The rules", sheet(_HEAD, rows(it))]
    return "\n\n".join(filter(None, parts)) + "\n"
