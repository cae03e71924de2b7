"""Writes `docs/reference/cells/<machine>.txt`, every cell of every table: a rule change shows as a changed line.

    python tools/golden.py            # write
    python tools/golden.py --check    # compare; exit 1 with the lines that differ

A cell is (state, command, role), with the clock beside a lapse; a line is a state, a command, the roles to whom the
same applies, and the answer. `tests/test_golden.py` reads the pages without this file.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from escrowkit.pot import MACHINES
from escrowkit.roles import PEOPLE, Role
from escrowkit.table import BACK, SAME, Guard, Row, Table

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "cells"

#: Anybody without a role in the agreement.
STRANGER = "stranger"
WHO = (*(role.value for role in Role), STRANGER)

#: The commands of a state that knows none.
EVERY = "(every command)"

HEAD = """\
# {name}: every state, command and role. Made by tools/golden.py; do not edit.
#
# state | command | roles | answer
#
#   if a and b → next state, event    a move, when the guards a and b hold; of several moves the first that can be made
#   → back (x, y), event              to where it came from
#   else code, code                   refused, as the first guard of the last move that does not hold says (below)
#   waits for a                       the move exists here, but must wait: refused by the guard a
#   no-such-move, not-your-move       refused, whatever the guards say
#
"""


def who(roles: tuple[str, ...]) -> str:
    """A set of roles in the fewest words."""
    others = [role for role in WHO if role not in roles]
    if not others:
        return "everybody"
    return f"everybody but {', '.join(others)}" if len(roles) > len(others) else ", ".join(roles)


def commands(table: Table[Any]) -> Iterator[tuple[str, str, str | None]]:
    """Every command of a machine: the cell's name, the command's word, and the clock of a lapse."""
    for word in table.commands:
        clocks = dict.fromkeys(clock for row in table.rows if row.command.word == word for clock in row.clock)
        for clock in clocks or (None,):
            yield (f"{word} {clock}" if clock else word), word, clock


def answer(table: Table[Any], state: StrEnum | None, word: str, clock: str | None, role: str) -> str:
    """What one cell says."""
    here = [row for row in table.rows if state in row.on and row.command.word == word]
    mine = [row for row in here if role in row.by and clock in (row.clock or (None,))]
    if not mine:
        return "not-your-move" if here else "no-such-move"
    told = [move(table, row, state) for row in mine]
    last = () if all(row.waits for row in mine) else mine[-1].when
    return "; ".join((*told, f"else {codes(last)}") if last else told)


def move(table: Table[Any], row: Row, state: StrEnum | None) -> str:
    """What one row says of one state."""
    checks = " and ".join(check.__name__ for check in row.when)
    if row.event is None:
        return f"waits for {checks}"
    then = f"back ({', '.join(table.origins(state))})" if row.then is BACK else state if row.then is SAME else row.then
    return f"{f'if {checks} ' if checks else ''}→ {then}, {row.event.word}"


def codes(checks: tuple[Guard, ...]) -> str:
    """The refusals of guards, in their order."""
    return ", ".join(dict.fromkeys(check.refusal.code for check in checks))


def lines(table: Table[Any]) -> Iterator[str]:
    """The cells of one machine, roles with the same answer on one line."""
    for state in (None, *table.states):
        yield ""
        if not any(state in row.on for row in table.rows):
            yield line(state, EVERY, WHO, "no-such-move")
            continue
        for name, word, clock in commands(table):
            answers = {role: answer(table, state, word, clock, role) for role in WHO}
            for told in dict.fromkeys(answers.values()):
                yield line(state, name, tuple(role for role in WHO if answers[role] == told), told)


def line(state: StrEnum | None, command: str, roles: tuple[str, ...], told: str) -> str:
    """One line of a page."""
    return f"{state or '(start)':<12} | {command:<24} | {who(roles)} | {told}"


def guards(table: Table[Any]) -> Iterator[str]:
    """The guards that the cells name: the refusal that each causes, and its rule in words."""
    checks = dict.fromkeys((*(check for row in table.rows for check in row.when), *table.always))
    for check in sorted(checks, key=lambda check: check.__name__):
        yield f"# {check.__name__} ({check.refusal.code}): {check.words}"
    people = ", ".join(role.value for role in Role if role in PEOPLE)
    for check in table.always:
        yield f"# Every move by {people} wants {check.__name__} too, after its own guards."


def page(table: Table[Any]) -> str:
    """The whole page of one machine."""
    return HEAD.format(name=table.name) + "\n".join((*guards(table), *lines(table))) + "\n"


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    stale = {path for path in TARGET.glob("*.txt") if path.stem not in MACHINES}
    differences: list[str] = [f"{path}: no machine has this page" for path in sorted(stale)]
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, table in MACHINES.items():
        path, new = TARGET / f"{name}.txt", page(table)
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if check:
            differences += difflib.unified_diff(
                old.splitlines(), new.splitlines(), str(path), "as the tables say", n=0, lineterm=""
            )
        elif old != new:
            path.write_text(new, encoding="utf-8", newline="\n")
    if not check:
        for path in stale:
            path.unlink()
        return 0
    sys.stdout.write("\n".join((*differences, "")) if differences else "")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
