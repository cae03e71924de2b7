"""How a fault is planted: changes of the running library, behind the proof of its tables."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from typing import Any

from attrs import evolve

from escrowkit import books, clocks, reactions
from escrowkit.clocks import Clock
from escrowkit.ledger import lines
from escrowkit.money import Money
from escrowkit.rulebook import Rulebook
from escrowkit.table import Context, Event, Guard, Row, Table


def never(ctx: Context[Any]) -> bool:
    """A guard that lets nobody pass."""
    return False


def always(ctx: Context[Any]) -> bool:
    """A guard that lets everybody pass."""
    return True


def put(owner: Any, name: str, value: Any) -> None:
    """Put something in the place of an attribute that is there. Raises `LookupError` if it is not."""
    if not hasattr(owner, name):
        raise LookupError(f"{owner} has no {name}")
    setattr(owner, name, value)


def everywhere(old: Any, new: Any) -> None:
    """Put something in the place of what modules of the library import from one another by name."""
    for module in [one for name, one in sys.modules.items() if name.partition(".")[0] == "escrowkit"]:
        for name in [name for name, value in vars(module).items() if value is old]:
            setattr(module, name, new)


def retable(table: Table[Any], rows: Iterable[Row], over: Iterable[Guard] | None = None) -> None:
    """Give a table other rows (and guards of every move by a person), for both engines; its words stay known."""
    table.rows = tuple(rows)
    table.always = table.always if over is None else tuple(over)
    table.machine = table._machine()
    table._dispatch = table._compiled()


def edit_rows(table: Table[Any], edit: Callable[[Row], Row | None], count: int | None = None) -> None:
    """Put each row through an edit; None takes it out. Raises `LookupError` if not so many changed (or none)."""
    rows = [(row, edit(row)) for row in table.rows]
    changed = sum(before is not after for before, after in rows)
    if changed != count if count else not changed:
        raise LookupError(f"{changed} rows of {table.name} changed")
    retable(table, (after for _, after in rows if after is not None))


def unguard(table: Table[Any], *names: str, event: type[Event] | None = None) -> None:
    """Take guards off every row of a table, or off those of one event."""

    def edit(row: Row) -> Row:
        mine = event is None or row.event is event
        left = tuple(check for check in row.when if check.__name__ not in names)
        return evolve(row, when=left) if mine and left != row.when else row

    edit_rows(table, edit)


def rebook(event: type[Event], lines: Callable[[Any, Any], Any]) -> None:
    """Book an event otherwise."""
    books._BY_EVENT[event] = evolve(books._BY_EVENT[event], lines=lines)  # type: ignore[index]


def unbook(event: type[Event]) -> None:
    """Book an event no more."""
    del books._BY_EVENT[event]  # type: ignore[attr-defined]


def also(event: type[Event], moves: Callable[[Any, Any], tuple[tuple[str, str, Money], ...]]) -> None:
    """Book an event that moves nothing."""
    booking = books.Booking(event, lambda pot, e: lines(*moves(pot, e)), None, "")
    books._BY_EVENT[event] = booking  # type: ignore[index]


def rereact(old: reactions.Make, new: reactions.Make) -> None:
    """Let every line of REACTIONS that makes its commands so make them otherwise."""
    for event, many in reactions._BY_EVENT.items():
        reactions._BY_EVENT[event] = tuple(evolve(one, make=new) if one.make is old else one for one in many)


def unreact(event: type[Event], number: int) -> None:
    """Take one line of REACTIONS away from an event."""
    gone = reactions.REACTIONS[number]
    reactions._BY_EVENT[event] = tuple(one for one in reactions._BY_EVENT[event] if one is not gone)


def reclock(edit: Callable[[Clock], Clock | None]) -> None:
    """Put each line of CLOCKS through an edit; None takes it out. What was remembered of them is forgotten."""
    edited = tuple(after for clock in clocks.CLOCKS if (after := edit(clock)) is not None)
    everywhere(clocks.CLOCKS, edited)
    for thing in gc.get_objects():
        if isinstance(thing, Rulebook):
            thing.memory.clear()
