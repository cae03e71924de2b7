"""What a drawing shows, taken from a table: states, numbered moves, and what a rulebook or a story makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from escrowkit.drawing.words import capital, listed, plain, who
from escrowkit.rulebook import Rulebook
from escrowkit.table import Move, Row, Table

Step = tuple[str | None, str, str]
Ends = tuple[StrEnum | None, StrEnum]

#: How a line is drawn: by people solid, by the clock dashed, by the rules dotted.
PEOPLE, CLOCK, RULES = "people", "clock", "rules"

#: Ends that a decision or an agreement of the parties makes; every other end is one that nobody set out for.
_GOOD: Final = frozenset({"completed", "settled", "awarded", "agreed", "decided", "final", "paid", "published"})
_MONEY: Final = frozenset({"escrow", "obligation"})
_DISPUTE: Final = frozenset({"dispute", "mediation", "arbitration"})
_CONTESTED: Final = frozenset({"disputed", "cancelling", "frozen", "impounded"})


@frozen
class Line:
    """One numbered move: a row of the table, with the states that it leaves and what a rulebook says of its clocks."""

    number: int
    row: Row
    moves: tuple[Move, ...]
    kind: str
    clocks: tuple[tuple[str, str], ...]
    causes: tuple[tuple[str, str], ...]

    @property
    def sources(self) -> tuple[StrEnum | None, ...]:
        """The states in which it can be made."""
        return tuple(dict.fromkeys(move.source for move in self.moves))

    @property
    def targets(self) -> tuple[StrEnum, ...]:
        """The states to which it leads."""
        return tuple(dict.fromkeys(move.target for move in self.moves))

    @property
    def goes(self) -> bool:
        """Whether it ever leads to another state."""
        return any(move.source is not move.target for move in self.moves)

    @property
    def said(self) -> str:
        """The command in plain words; for the clock, what was over."""
        if self.kind == CLOCK:
            return listed([f"‘{plain(name)}’" for name, _ in self.clocks], "or") + " over"
        return plain(self.row.command.word)

    @property
    def by(self) -> str:
        """Who makes it, in words."""
        return self.kind if self.kind == CLOCK else who(self.row.by) or "rules"

    @property
    def after(self) -> str:
        """After how long, if the clock makes it: "after 14 days (‘review’)", or "when ‘review’ is over"."""
        timed = [f"{period} (‘{plain(name)}’)" for name, period in self.clocks if period]
        open_ = [f"‘{plain(name)}’" for name, period in self.clocks if not period]
        return listed(timed + ([f"when {listed(open_, 'or')} is over"] if open_ else []), "or")

    @property
    def label(self) -> str:
        """What stands at its arrow: what, and who or why; for the clock, after how long."""
        if self.kind == CLOCK:
            return self.after
        if self.kind == PEOPLE:
            return f"{self.said} ({self.by})"
        return f"{self.cause} → {self.said}" if self.cause else f"{self.said} (rules)"

    @property
    def cause(self) -> str:
        """The event that makes the rules act, if it is one; else the machines whose events do."""
        if len(self.causes) == 1:
            machine, event = self.causes[0]
            return f"{machine} {plain(event)}"
        return listed(tuple(dict.fromkeys(machine for machine, _ in self.causes)), "or")

    @property
    def conditions(self) -> tuple[str, ...]:
        """Its guards in words."""
        return tuple(dict.fromkeys(check.words for check in self.row.when))


@frozen
class Wait:
    """A command that exists in a state, but must wait, and for what."""

    row: Row
    sources: tuple[StrEnum, ...]


@frozen
class Diagram:
    """All that a picture or a page of one machine shows."""

    table: Table[Any]
    rulebook: Rulebook | None
    states: tuple[StrEnum, ...]
    lines: tuple[Line, ...]
    waits: tuple[Wait, ...]
    path: tuple[Step, ...]
    now: str | None

    @property
    def title(self) -> str:
        """Its title: the machine, and the rulebook if there is one."""
        return f"the {self.table.name}" + (f" under {self.rulebook.name}" if self.rulebook else "")

    @property
    def subtitle(self) -> str:
        """The rulebook's own title, and whether it has this stage at all."""
        if self.rulebook is None:
            return ""
        lacking = "" if self.lines else f" It has no {self.table.name}."
        return f"{capital(self.rulebook.title)}.{lacking}"

    @property
    def fades(self) -> bool:
        """Whether what was not taken steps back."""
        return bool(self.path) or self.now is not None

    @property
    def description(self) -> str:
        """The picture in words."""
        ends = [plain(s) for s in self.states if s in self.table.final]
        ways = [plain(s) for s in self.states if s not in self.table.final]
        ends = [plain(s) for s in self.states if s in self.table.final]
        ways = [plain(s) for s in self.states if s not in self.table.final]
        parts = [f"State diagram of {self.title}, made from its table of moves.", self.subtitle]
        if self.lines:
            parts.append(f"It is {listed(ways, 'or')}, and it ends {listed(ends, 'or')}.")
            parts.append(f"{len(self.lines)} kinds of moves, each with who may make it and when.")
        if self.path:
            parts.append(f"The path taken has {len(self.path)} steps.")
        if self.now:
            parts.append(f"It is now {plain(self.now)}.")
        return " ".join(filter(None, parts))

    @property
    def edges(self) -> dict[Ends, tuple[Line, ...]]:
        """The lines of every arrow between two different states, in the order of the table."""
        found: dict[Ends, list[Line]] = {}
        for line in self.lines:
            for move in line.moves:
                if move.source is not move.target:
                    found.setdefault((move.source, move.target), []).append(line)
        return {ends: tuple(dict.fromkeys(lines)) for ends, lines in sorted(found.items(), key=self._order)}

    def _order(self, item: tuple[Ends, Any]) -> tuple[int, int]:
        (source, target), _ = item
        return (self.states.index(source) if source is not None else -1, self.states.index(target))

    def stays(self, state: StrEnum) -> tuple[Line, ...]:
        """The moves that leave a state as it is."""
        return tuple(
            line for line in self.lines if any(move.source is state and move.target is state for move in line.moves)
        )

    def between(self, source: str | None, target: str) -> tuple[Line, ...]:
        """The moves from one state to one state."""
        return tuple(x for x in self.lines if any((m.source, m.target) == (source, target) for m in x.moves))

    def steps(self, source: str | None, target: str, lines: Iterable[Line]) -> dict[int, Line]:
        """The steps of the path that went this way, by one of these moves."""
        by_event = {line.row.event.word: line for line in reversed(tuple(lines)) if line.row.event}
        return {
            number: by_event[event]
            for number, (before, event, after) in enumerate(self.path, 1)
            if (before, after) == (source, target) and event in by_event
        }

    def taken(self, state: StrEnum) -> bool:
        """Whether the path touched this state, or it is the state now."""
        return state == self.now or any(state in (before, after) for before, _, after in self.path)

    def kind(self, state: StrEnum) -> str:
        """Of which kind a state is: start, work, money, dispute, good or bad (an end)."""
        if state in self.table.final:
            return "good" if state in _GOOD else "bad"
        if state in self.table.initial:
            return "start"
        if self.table.name in _DISPUTE or state in _CONTESTED:
            return "dispute"
        return "money" if self.table.name in _MONEY else "work"
