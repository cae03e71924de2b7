"""What a drawing shows, taken from a table: states, numbered moves, and what a rulebook or a story makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from escrowkit.clocks import CLOCKS, Clock
from escrowkit.drawing.words import listed, plain, who
from escrowkit.errors import UnknownRulebookValue
from escrowkit.periods import Period
from escrowkit.reactions import REACTIONS
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook
from escrowkit.schema import KEYS
from escrowkit.table import BACK, Guard, Move, Row, Table

Step = tuple[str | None, str, str]
Ends = tuple[StrEnum | None, StrEnum]

#: How a line is drawn: by people solid, by the clock dashed, by the rules dotted.
PEOPLE, CLOCK, RULES = "people", "clock", "rules"

#: Ends that a decision or an agreement of the parties makes; every other end is one that nobody set out for.
_GOOD: Final = frozenset({"completed", "settled", "awarded", "agreed", "decided", "final", "paid"})
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
        return self.after if self.kind == CLOCK else f"{self.said} ({self.by if self.kind == PEOPLE else self.cause})"

    @property
    def cause(self) -> str:
        """By which event of which machine the rules act, if it is one; else which machines they follow."""
        if len(self.causes) == 1:
            machine, event = self.causes[0]
            return f"after {machine} {plain(event)}"
        machines = tuple(dict.fromkeys(machine for machine, _ in self.causes))
        return f"follows {listed(machines)}" if machines else "rules"

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
        under = f" under {self.rulebook.title} ({self.rulebook.name})" if self.rulebook else ""
        return f"The {self.table.name}{under}"

    @property
    def description(self) -> str:
        """The picture in words."""
        ends = [plain(s) for s in self.states if s in self.table.final]
        ways = [plain(s) for s in self.states if s not in self.table.final]
        text = f"State diagram of the {self.table.name}, made from its table of moves. "
        text += f"It is {listed(ways, 'or')}, and it ends {listed(ends, 'or')}. {len(self.lines)} numbered moves."
        if self.path:
            text += f" The path taken has {len(self.path)} steps."
        return text + (f" It is now {plain(self.now)}." if self.now else "")

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

    def steps(self, source: str | None, target: str, lines: Iterable[Line]) -> dict[int, Line]:
        """The steps of the path that went this way, by one of these moves."""
        by_event = {line.row.event.word: line for line in reversed(tuple(lines)) if line.row.event}
        return {
            number: by_event[event]
            for number, (before, event, after) in enumerate(self.path, 1)
            if (before, after) == (source, target) and event in by_event
        }

    def taken(self, state: StrEnum) -> bool:
        """Whether the path touched this state; without a path, every state counts."""
        if not self.path and self.now is None:
            return True
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


def diagram(
    table: Table[Any], rulebook: Rulebook | None = None, path: Sequence[Step] = (), now: str | None = None
) -> Diagram:
    """What there is to draw of this table, under a rulebook if there is one."""
    numbers = {id(row): n for n, row in enumerate((row for row in table.rows if not row.waits), 1)}
    moves = _reached(_returning([m for m in table.moves() if _kept(table, m, rulebook, path)]))
    lines = tuple(
        _line(table, row, numbers[id(row)], mine, rulebook)
        for row in table.rows
        if (mine := tuple(move for move in moves if move.row is row))
    )
    states = tuple(s for s in table.states if any(move.target is s for move in moves))
    waits = tuple(
        Wait(row, here)
        for row in table.rows
        if row.waits and (here := tuple(s for s in row.on if s is not None and s in states))
    )
    return Diagram(table, rulebook, states, lines, waits, tuple(path), now)


def _returning(moves: list[Move]) -> list[Move]:
    """Without the ways back to where it cannot have come from any more."""
    entered = {(move.source, move.target) for move in moves if move.row.then is not BACK}
    return [m for m in moves if m.row.then is not BACK or (m.target, m.source) in entered]


def _reached(moves: list[Move]) -> list[Move]:
    """Without the moves out of states that cannot be reached."""
    reached: set[StrEnum | None] = {None}
    while more := {move.target for move in moves if move.source in reached} - reached:
        reached |= more
    return [move for move in moves if move.source in reached]


def _kept(table: Table[Any], move: Move, rules: Rulebook | None, path: Sequence[Step]) -> bool:
    """Whether a rulebook allows this move. What was done stays drawn."""
    if rules is None or any((move.source, move.target) == (b, a) and move.row.event and move.row.event.word == e for b, e, a in path):
        return True
    if not all(_offered(check, rules) for check in move.row.when):
        return False
    return not move.row.clock or any(_runs(table.name, name, move.source, rules) for name in move.row.clock)


def _offered(check: Guard, rules: Rulebook) -> bool:
    """Whether a guard can ever hold under this rulebook. A value that its sources do not settle leaves it open."""
    try:
        return check.offered is None or check.offered(rules)
    except (UnknownRulebookValue, TypeError):
        return True


def _clock(machine: str, name: str) -> Clock | None:
    return next((clock for clock in CLOCKS if clock.machine == machine and clock.name == name), None)


def _periods(machine: str, name: str) -> tuple[str, ...]:
    """The keys of a clock's periods; a clock that has one for each side names none itself."""
    clock = _clock(machine, name)
    if clock is not None and clock.period:
        return (clock.period,)
    return tuple(key for key in KEYS if key.startswith(f"{machine}.{name}.") and key.endswith(".within"))


def _runs(machine: str, name: str, state: StrEnum | None, rules: Rulebook) -> bool:
    clock, keys = _clock(machine, name), _periods(machine, name)
    if clock is not None and state not in clock.states:
        return False
    return not keys or any(rules.has(key) for key in keys)


def _period(machine: str, name: str, rules: Rulebook | None) -> str:
    """ "after 14 days"; "payer after 3 days, payee after 5 days" where they differ; "" where no rulebook says."""
    keys = [key for key in _periods(machine, name) if rules is not None and rules.has(key)]
    if rules is None or not keys:
        return ""
    said = {key: f"after {_said(rules, key)}" for key in keys}
    if len(set(said.values())) == 1:
        return said[keys[0]]
    return ", ".join(f"{key.split('.')[-2]} {words}" for key, words in said.items())


def _said(rules: Rulebook, key: str) -> str:
    value = rules.values[key]
    return str(value) if isinstance(value, Period) else "an unknown period"


def _line(table: Table[Any], row: Row, number: int, moves: tuple[Move, ...], rules: Rulebook | None) -> Line:
    kind = CLOCK if Role.CLOCK in row.by else RULES if row.by == {Role.RULES} else PEOPLE
    sources = tuple(move.source for move in moves)
    clocks = tuple(
        (name, _period(table.name, name, rules))
        for name in row.clock
        if rules is None or any(_runs(table.name, name, s, rules) for s in sources)
    )
    causes = tuple(
        dict.fromkeys(
            (event.machine, event.word)
            for reaction in REACTIONS
            if Role.RULES in row.by and row.command in reaction.then
            for event in reaction.on
        )
    )
    return Line(number, row, moves, kind, clocks, causes)
