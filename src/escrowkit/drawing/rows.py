"""The same facts as rows of tables, for the page and for the table under a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from escrowkit.drawing.frames import Frame
from escrowkit.drawing.model import CLOCK, PEOPLE, RULES, Diagram, Line
from escrowkit.drawing.words import capital, listed, plain, who
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook
from escrowkit.schema import KEYS, UNKNOWN
from escrowkit.table import BACK, Guard

MOVES = ("no.", "who", "move", "from → to", "when")
WAITS = ("who", "must wait with", "while", "until")
STEPS = ("step", "what happened", "from → to", "move")


def move_rows(diagram: Diagram) -> Iterator[tuple[str, str, str, str, str]]:
    """Every move: number, who, what, from and to, when."""
    explained: set[str] = set()
    for line in diagram.lines:
        yield str(line.number), _actors(line), line.said, _way(line), _when(diagram, line, explained)


def _actors(line: Line) -> str:
    return f"{line.by}, or rules" if line.kind == PEOPLE and Role.RULES in line.row.by else line.by


def _way(line: Line) -> str:
    going = [move for move in line.moves if move.source is not move.target]
    staying = [move.source for move in line.moves if move.source is move.target]
    ways = []
    if line.row.then is BACK:
        ways.append(f"{_states(line.sources)} → back to where it was: {_states(line.targets)}")
    elif going:
        ways.append(f"{_states(m.source for m in going)} → {_states(m.target for m in going)}")
    if staying:
        ways.append(f"stays {_states(staying)}")
    return "; ".join(ways)


def _states(states: Iterable[str | None]) -> str:
    return listed([plain(s) if s is not None else "start" for s in dict.fromkeys(states)], "or")


def _when(diagram: Diagram, line: Line, explained: set[str]) -> str:
    """After how long, on which event of which machine, under which conditions.

    What makes the rules act beside people is said at the first move of a command.
    """
    parts = [f"{capital(line.after)}."] if line.kind == CLOCK else []
    if line.causes and (line.kind == RULES or line.said not in explained):
        parts.append(f"{'It follows from' if line.kind == RULES else 'The rules do it on'} {_causes(line)}.")
        explained.add(line.said)
    parts += [check.words + _values(diagram.rulebook, check) for check in line.row.when]
    return " ".join(dict.fromkeys(parts)) or "Always."


def _causes(line: Line) -> str:
    by_machine: dict[str, list[str]] = {}
    for machine, event in line.causes:
        by_machine.setdefault(machine, []).append(plain(event))
    return "; ".join(f"{machine} {listed(events, 'or')}" for machine, events in by_machine.items())


def _values(rules: Rulebook | None, check: Guard) -> str:
    """What the rulebook says of the values that a guard reads."""
    told = []
    for key in check.reads if rules is not None else ():
        value = rules.values[key] if rules is not None else None
        if value is not None and value != ():
            told.append(f"{key}: {'unknown' if value is UNKNOWN else KEYS[key].kind.show(value)}")
    return f" [{'; '.join(told)}]" if told else ""


def wait_rows(diagram: Diagram) -> Iterator[tuple[str, str, str, str]]:
    """Every command that must wait: who, which, in which states, for what; those of one reason together."""
    merged: dict[tuple[str, str, str], list[str]] = {}
    for wait in diagram.waits:
        until = " ".join(check.words for check in wait.row.when)
        merged.setdefault((who(wait.row.by), _states(wait.sources), until), []).append(plain(wait.row.command.word))
    for (by, states, until), commands in merged.items():
        yield by, ", ".join(commands), states, until


def step_rows(diagram: Diagram) -> Iterator[tuple[str, str, str, str]]:
    """Every step of the path: its number, what happened, from and to, by which move."""
    for number, (before, event, after) in enumerate(diagram.path, 1):
        found = diagram.steps(before, after, diagram.between(before, after))[number]
        way = f"{plain(before or 'start')} → {plain(after)}" if before != after else f"stays {plain(after)}"
        yield str(number), plain(event), way, str(found.number)


def always(diagram: Diagram) -> str:
    """The conditions of every move by a person."""
    words = " ".join(check.words for check in diagram.table.always)
    return f"For every move by a party, a neutral or a witness: {words}" if words else ""


# -- moves that leave a state as it is -------------------------------------------------------------------------------


def notes(lines: Iterable[Line]) -> tuple[str, ...]:
    """Moves by number, those of one command together: "2, 3 deposit"."""
    merged: dict[str, list[int]] = {}
    for line in lines:
        merged.setdefault(line.said, []).append(line.number)
    return tuple(f"{', '.join(map(str, numbers))} {said}" for said, numbers in merged.items())


#: For whom a list of moves holds ("in every state but impounded"), and the moves.
Notes = tuple[tuple[str, tuple[str, ...]], ...]


def also(
    diagram: Diagram, chosen: Sequence[Frame]
) -> tuple[Notes, dict[Frame, tuple[str, ...]], dict[StrEnum, tuple[str, ...]]]:
    """The moves that leave a state as it is: said once for all states, once for a frame, or in the box of the state."""
    stays = {state: diagram.stays(state) for state in diagram.states}
    every: dict[str, list[Line]] = {}
    for line in diagram.lines:
        if where := _everywhere(stays, line):
            every.setdefault(where, []).append(line)
    told_once = {line for lines in every.values() for line in lines}
    common = {
        f: tuple(x for x in diagram.lines if x not in told_once and all(x in stays[s] for s in f)) for f in chosen
    }
    told = {state: told_once.union(*(common[f] for f in chosen if state in f)) for state in stays}
    return (
        tuple((where, notes(lines)) for where, lines in every.items()),
        {frame: notes(lines) for frame, lines in common.items()},
        {state: notes(line for line in lines if line not in told[state]) for state, lines in stays.items()},
    )


def _everywhere(stays: dict[StrEnum, tuple[Line, ...]], line: Line) -> str:
    """Where a move is possible, if that is every state, or all but one of many; else nothing."""
    lacking = [state for state, lines in stays.items() if line not in lines]
    if len(stays) >= 3 and not lacking:
        return "in every state"
    return f"in every state but {plain(lacking[0])}" if len(stays) > 4 and len(lacking) == 1 else ""


def led(every: Notes, mark: str) -> list[tuple[str, ...]]:
    """Each list led by whom it holds for: "In every state also: 2 deposit", …"""
    return [(f"{capital(where)} also{mark} {items[0]}", *items[1:]) for where, items in every]
