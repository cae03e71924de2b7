"""Which test reaches what: every row made or refused, every guard that said no, every line that gave something.

A test that never meets a row cannot miss it; the cheapest of those that do is asked first.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Final

from attrs import evolve, frozen

from escrowkit import books, clocks, reactions
from escrowkit.errors import Refused
from escrowkit.pot import MACHINES
from escrowkit.table import Context, Guard, Move, Row, Table
from planted.edits import retable
from planted.running import WORKERS, Warm, forked

Note = Callable[[Hashable], None]


@frozen
class Reached:
    """What one test reached, and how long it took; not a candidate if it did not pass."""

    test: str
    keys: frozenset[Hashable]
    seconds: float
    passed: bool


def reached(warm: Warm, tests: tuple[str, ...]) -> Iterator[Reached]:
    """Run each test once, recorded."""
    parts = [tests[n::WORKERS] for n in range(WORKERS)]
    for part in forked(parts, lambda part: _recorded(warm, part), _lost, WORKERS, patience=3600):
        yield from part


def _lost(part: tuple[str, ...], wrong: str) -> list[Reached]:
    raise RuntimeError(f"the tests could not be recorded: {wrong}")


def _recorded(warm: Warm, tests: tuple[str, ...]) -> list[Reached]:
    now: set[Hashable] = set()
    record(now.add)
    found = []
    for name in tests:
        now.clear()
        start = time.perf_counter()
        passed = _passes(warm, name)
        found.append(Reached(name, frozenset(now), time.perf_counter() - start, passed))
    return found


def _passes(warm: Warm, name: str) -> bool:
    try:
        return warm.run(name) is None
    except RuntimeError:  # skipped
        return False


# -- what is noted -----------------------------------------------------------------------------------------------------


def record(note: Note) -> None:
    """Have the running library tell what it reaches."""
    for table in MACHINES.values():
        _record_table(table, note)
    for event, booking in list(books._BY_EVENT.items()):
        lines = _telling(booking.lines, note, ("book", event.machine, event.word))
        books._BY_EVENT[event] = evolve(booking, lines=lines)  # type: ignore[index]
    numbers = {id(one): n for n, one in enumerate(reactions.REACTIONS)}
    for event, many in list(reactions._BY_EVENT.items()):
        reactions._BY_EVENT[event] = tuple(
            evolve(one, make=_telling(one.make, note, ("reaction", numbers[id(one)], event.machine, event.word)))
            for one in many
        )
    _record_clocks(note)


def _telling(make: Callable[[Any, Any], Any], note: Note, key: Hashable) -> Callable[[Any, Any], tuple[Any, ...]]:
    def told(pot: Any, event: Any) -> tuple[Any, ...]:
        made = tuple(make(pot, event))
        if made:
            note(key)
        return made

    return told


def _record_table(table: Table[Any], note: Note) -> None:
    over = tuple(_telling_guard(check, note, ("guard", table.name, None, check.__name__)) for check in table.always)
    rows = [
        evolve(row, when=tuple(_telling_guard(g, note, ("guard", table.name, n, g.__name__)) for g in row.when))
        for n, row in enumerate(table.rows)
    ]
    retable(table, rows, over)
    numbers = {id(row): n for n, row in enumerate(rows)}
    _record_choice(table, numbers, note)


def _telling_guard(check: Guard, note: Note, key: Hashable) -> Guard:
    telling = copy.copy(check)

    def test(ctx: Context[Any]) -> bool:
        holds = check.test(ctx)
        if not holds:
            note(key)
        return holds

    telling.test = test
    return telling


def _record_choice(table: Table[Any], numbers: dict[int, int], note: Note) -> None:
    choose, may = table.choose, table.may

    def met(ctx: Context[Any]) -> None:
        for row in table.rows:
            if isinstance(ctx.command, row.command) and ctx.state in row.on:
                note(("met", table.name, numbers[id(row)]))

    def telling_choose(ctx: Context[Any], engine: str = "compiled", *, wrong: Refused | None = None) -> Move:
        try:
            move = choose(ctx, engine, wrong=wrong)
        except Refused:
            met(ctx)
            raise
        note(("row", table.name, numbers[id(move.row)]))
        return move

    def telling_may(ctx: Context[Any]) -> bool:
        met(ctx)
        return may(ctx)

    table.choose = telling_choose  # type: ignore[method-assign]
    table.may = telling_may  # type: ignore[method-assign]


def _record_clocks(note: Note) -> None:
    due = clocks._due
    numbers: Final = {id(clock): n for n, clock in enumerate(clocks.CLOCKS)}

    def telling(pot: Any, clock: Any) -> Any:
        at = due(pot, clock)
        if at is not None:
            note(("clock", numbers[id(clock)]))
            note(("clock", numbers[id(clock)], str(getattr(pot, clock.machine).state)))
        return at

    clocks._due = telling


def row_key(table: Table[Any], number: int) -> Hashable:
    """The key under which a row that was made is noted."""
    return ("row", table.name, number)


def checks(row: Row) -> tuple[str, ...]:
    """The guards of a row by name."""
    return tuple(check.__name__ for check in row.when)
