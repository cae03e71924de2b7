"""Take every row, guard and line out of the shipped tables, one at a time: does a test of behaviour miss it?

    python -m planted.removals                # all; a line of figures, and exit 1 if something is missed by none
    python -m planted.removals guards books   # some kinds only

Every test of behaviour runs once, recorded; then, for each removal, the tests that reach what is removed, until one
fails. Tests of what the tables say (their proof, the pages and pictures made of them, the schemas) do not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from attrs import evolve, frozen

from escrowkit.books import BOOKS
from escrowkit.clocks import CLOCKS
from escrowkit.pot import MACHINES
from escrowkit.reactions import REACTIONS
from escrowkit.table import Guard, Row, Table
from planted import edits
from planted.reach import Reached, reached
from planted.running import ROOT, Trial, Verdict, Warm, attempts, warm

#: Tests that read what the tables say, and not what follows from it; and those that never meet a table.
_READERS: Final = (
    "bench cli docs doctests drawing errors golden histories lint package planted schemas table wording "
    "arguments money periods roles rulebook ledger"
)
#: Long, and of random lives that the others tell shorter.
_LONG: Final = (
    "chain codec comparison everywhere foresight life oracle proof stakes "
    "testing_machine testing_providers testing_stores testing_strategies whole_lives"
)
NOT_BEHAVIOUR: Final = frozenset(f"test_{name}.py" for name in f"{_READERS} {_LONG}".split())


KINDS: Final = ("rows", "guards", "books", "reactions", "clocks")


@frozen
class Removal:
    """What is taken out, how, and what a test must reach to miss it: the nearest first."""

    kind: str
    name: str
    trial: Any
    keys: tuple[Hashable, ...]


# -- what can be taken out ---------------------------------------------------------------------------------------------


def removals() -> Iterator[Removal]:
    """Everything."""
    for table in MACHINES.values():
        for number, row in enumerate(table.rows):
            yield from _of_row(table, number, row)
        for check in table.always:
            name = f"{table.name}: {check.__name__}, of every move by a person"
            keys: tuple[Hashable, ...] = (("guard", table.name, None, check.__name__),)
            yield Removal("guards", name, partial(_without_always, table, check), keys)
    for booking in BOOKS:
        machine, word = booking.event.machine, booking.event.word
        yield Removal("books", f"{machine}.{word}", partial(edits.unbook, booking.event), (("book", machine, word),))
    for number, reaction in enumerate(REACTIONS):
        for event in reaction.on:
            name = f"{event.machine}.{event.word}: {reaction.words}"
            keys = (("reaction", number, event.machine, event.word),)
            yield Removal("reactions", name, partial(edits.unreact, event, number), keys)
    for number, clock in enumerate(CLOCKS):
        for state in clock.states:
            name = f"{clock.machine}.{clock.name} in {state}"
            keys = (("clock", number, str(state)), ("clock", number))
            yield Removal("clocks", name, partial(_without_clock, clock, state), keys)


def _of_row(table: Table[Any], number: int, row: Row) -> Iterator[Removal]:
    met = ("met", table.name, number)
    name = _line(table, row)
    yield Removal("rows", name, partial(_without_row, table, number), (("row", table.name, number), met))
    for check in row.when:
        keys = (("guard", table.name, number, check.__name__), met)
        yield Removal("guards", f"{name}: {check.__name__}", partial(_without_guard, table, number, check), keys)


def _line(table: Table[Any], row: Row) -> str:
    states = "/".join(str(state) if state else "(start)" for state in row.on)
    event = row.event.word if row.event else "waits"
    clock = f" {'/'.join(row.clock)}" if row.clock else ""
    return f"{table.name}: {states} on {row.command.word}{clock} by {'/'.join(sorted(row.by))} → {row.then}, {event}"


def _without_row(table: Table[Any], number: int) -> None:
    edits.retable(table, (row for n, row in enumerate(table.rows) if n != number))


def _without_guard(table: Table[Any], number: int, check: Guard) -> None:
    rows = list(table.rows)
    rows[number] = evolve(rows[number], when=tuple(one for one in rows[number].when if one is not check))
    edits.retable(table, rows)


def _without_always(table: Table[Any], check: Guard) -> None:
    edits.retable(table, table.rows, (one for one in table.always if one is not check))


def _without_clock(gone: Any, state: Any) -> None:
    def edit(clock: Any) -> Any:
        if clock is not gone:
            return clock
        left = tuple(one for one in clock.states if one is not state)
        return evolve(clock, states=left) if left else None

    edits.reclock(edit)


# -- who could miss it -------------------------------------------------------------------------------------------------


def candidates(removal: Removal, found: Sequence[Reached]) -> tuple[str, ...]:
    """The tests that could miss it: those that reach the nearest first, the cheapest of them first."""
    ranked = sorted(found, key=lambda one: one.seconds)
    near = [one.test for key in removal.keys for one in ranked if key in one.keys]
    return tuple(dict.fromkeys(near))


def behaviour() -> list[str]:
    """The files of tests that count."""
    files = sorted(ROOT.glob("tests/test_*.py"))
    return [str(file.relative_to(ROOT)) for file in files if file.name not in NOT_BEHAVIOUR]


# -- the command -------------------------------------------------------------------------------------------------------


def survey(warm: Warm, wanted: Sequence[Removal]) -> Iterator[tuple[Removal, Verdict]]:
    """Each removal with what became of it."""
    found = [one for one in reached(warm, warm.names) if one.passed]
    warm.limits = {one.test: 5 + 20 * one.seconds for one in found}
    trials = [Trial(str(n), one.trial, candidates(one, found)) for n, one in enumerate(wanted)]
    for verdict in attempts(warm, trials):
        yield wanted[int(verdict.name)], verdict


def told(verdicts: Sequence[tuple[Removal, Verdict]], seconds: float) -> str:
    """What was missed by none, and under it the figures in a line."""
    tried = Counter(removal.kind for removal, _ in verdicts)
    left = [(removal, verdict) for removal, verdict in verdicts if verdict.caught_by is None]
    lines = [f"{one.kind}: {one.name}{f' ({v.wrong})' if v.wrong else ''}" for one, v in left]
    sums = ", ".join(f"{tried[kind]} {kind}" for kind in KINDS if tried[kind])
    missed = f"{len(verdicts) - len(left)} missed by a test, {len(left)} by none"
    return "\n".join((*sorted(lines), f"{sums} taken out: {missed}, in {seconds:.0f} s"))


def main(said: Sequence[str] | None = None) -> int:
    """Try them."""
    parser = argparse.ArgumentParser(prog="python -m planted.removals", description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", help=f"{', '.join(KINDS)}; all, if none is named")
    parser.add_argument("--show", action="store_true", help="tell of each what missed it")
    asked = parser.parse_args(said)
    start = time.monotonic()
    wanted = [one for one in removals() if not asked.kinds or one.kind in asked.kinds]
    verdicts: list[tuple[Removal, Verdict]] = []
    code = warm(behaviour(), lambda warm: verdicts.extend(survey(warm, wanted)))
    for removal, verdict in verdicts if asked.show else ():
        sys.stdout.write(f"{removal.kind}: {removal.name}\n    {verdict.caught_by} ({verdict.tried}): {verdict.how}\n")
    sys.stdout.write(told(verdicts, time.monotonic() - start) + "\n")
    return int(code != 0 or not verdicts or any(verdict.caught_by is None for _, verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
