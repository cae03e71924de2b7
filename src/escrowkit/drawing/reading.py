"""Reading a table for a drawing: its moves, numbered, as far as a rulebook allows them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from escrowkit.clocks import CLOCKS, Clock
from escrowkit.doors import every
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES, Diagram, Line, Step, Wait
from escrowkit.drawing.words import listed
from escrowkit.errors import BadArgument, UnknownRulebookValue, shown
from escrowkit.periods import Period
from escrowkit.reactions import REACTIONS
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook
from escrowkit.schema import KEYS, UNKNOWN
from escrowkit.table import BACK, Guard, Move, Row, Table

#: Machines that a rulebook may do without.
STAGES: Final = ("mediation", "arbitration")


def diagram(
    table: Table[Any], rulebook: Rulebook | None = None, path: Sequence[Step] = (), now: str | None = None
) -> Diagram:
    """What there is to draw of this table, under a rulebook if there is one.

    Raises `BadArgument` if the path, or the state now, is not of this table.
    """
    _check(table, path, now)
    numbers = {id(row): n for n, row in enumerate((row for row in table.rows if not row.waits), 1)}
    moves = _reached([m for m in table.moves() if _made(m, path) or _kept(table, m, rulebook)])
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


def _check(table: Table[Any], path: Sequence[Step], now: str | None) -> None:
    if now is not None and now not in table.states:
        raise BadArgument(f"{table.one} is never {now!r}: it is {listed(table.states, 'or')}.", key="state")
    known = {(m.source, m.row.event.word, m.target) for m in table.moves() if m.row.event}
    for before, event, after in map(_step, every("path", path, tuple)):
        if (before, event, after) not in known:
            raise BadArgument(f"{table.one} has no {event!r} from {before or 'start'} to {after}.", key="path")


def _step(said: tuple[object, ...]) -> Step:
    """A step of a path. Raises `BadArgument`."""
    if len(said) != 3 or not all(one is None or isinstance(one, str) for one in said):
        raise BadArgument(f"path: {shown(said)} is no step: (state before or None, event, state after)", key="path")
    before, event, after = said
    return before, event, after  # type: ignore[return-value]


def _made(move: Move, path: Sequence[Step]) -> bool:
    """Whether the path took this move: what was done stays drawn, whatever the rulebook says."""
    event = move.row.event
    return event is not None and (move.source, event.word, move.target) in path


def _reached(moves: list[Move]) -> list[Move]:
    """Without the moves out of states that cannot be reached; a way back reaches only what was left that way."""
    onward = [move for move in moves if move.row.then is not BACK]
    reached: set[StrEnum | None] = {None}
    while more := {move.target for move in onward if move.source in reached} - reached:
        reached |= more
    left = {(move.source, move.target) for move in onward}
    here = [move for move in moves if move.source in reached and move.target in reached]
    return [move for move in here if move.row.then is not BACK or (move.target, move.source) in left]


def _kept(table: Table[Any], move: Move, rules: Rulebook | None) -> bool:
    """Whether a rulebook allows this move."""
    if rules is None:
        return True
    if table.name in STAGES and rules.settled("dispute.stages") and table.name not in rules["dispute.stages"]:
        return False
    if not all(_offered(check, rules) for check in move.row.when) or not _allowed(move.row, rules):
        return False
    return not move.row.clock or any(_runs(table.name, name, move.source, rules) for name in move.row.clock)


def _offered(check: Guard, rules: Rulebook) -> bool:
    """Whether a guard can ever hold under this rulebook. A value that its sources do not settle leaves it open."""
    try:
        return check.offered is None or check.offered(rules)
    except (UnknownRulebookValue, TypeError):
        return True


def _allowed(row: Row, rules: Rulebook | None) -> frozenset[Role]:
    """Who may make a move under this rulebook, where a guard says whom the rulebook names."""
    allowed = row.by
    for check in row.when:
        named: Any = check.people(rules) if check.people and rules else UNKNOWN
        if named is not UNKNOWN:
            allowed = frozenset(r for r in allowed if r is Role.RULES or any(n.split(":")[0] == r for n in named))
    return allowed


def _clock(machine: str, name: str) -> Clock | None:
    return next((clock for clock in CLOCKS if clock.machine == machine and clock.name == name), None)


def _periods(machine: str, name: str) -> tuple[str, ...]:
    """The keys of a clock's periods; a clock that has one for each side names none itself."""
    clock = _clock(machine, name)
    if clock is not None and clock.period:
        return (clock.period,)
    return tuple(key for key in KEYS if key.startswith(f"{machine}.{name}.") and key.endswith(".within"))


def _runs(machine: str, name: str, state: StrEnum | None, rules: Rulebook) -> bool:
    rows, keys = [c for c in CLOCKS if (c.machine, c.name) == (machine, name)], _periods(machine, name)
    if rows and not any(state in clock.states for clock in rows):
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
    row = attrs.evolve(row, by=_allowed(row, rules))
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
