"""The pages of cells: fresh, complete in both directions, and what both engines do.

The pages are read here without the tool that writes them, so that a fault of the tool cannot hide a fault of a table.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import frozen

from escrowkit.errors import REFUSALS, Refused
from escrowkit.pot import MACHINES
from escrowkit.roles import PEOPLE, Role
from escrowkit.table import Context

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference" / "cells"
TOOL = ROOT / "tools" / "golden.py"

START = "(start)"
EVERYBODY = {*(role.value for role in Role), "stranger"}
CODES = [refusal.code for refusal in REFUSALS]

Cell = tuple[str, str, str]


@frozen
class Move:
    """One move as a page tells it; `event` is empty where the command only waits, `origin` where it leads back to."""

    guards: tuple[str, ...]
    target: str
    event: str
    origin: str = ""


def roles(text: str) -> set[str]:
    if text == "everybody":
        return EVERYBODY
    named = set(text.removeprefix("everybody but ").split(", "))
    assert named <= EVERYBODY
    return EVERYBODY - named if text.startswith("everybody but ") else named


def moves(answer: str, state: str) -> Iterator[Move]:
    for part in answer.split("; "):
        if part.startswith(("else ", "no-such-move", "not-your-move")):
            continue
        if part.startswith("waits for "):
            yield Move(tuple(part.removeprefix("waits for ").split(" and ")), state, "")
            continue
        found = re.fullmatch(r"(?:if (.+) )?→ (?:back \((.+)\)|(\w+)), (\w+)", part)
        assert found is not None, part
        guards = tuple(found[1].split(" and ")) if found[1] else ()
        for origin in found[2].split(", ") if found[2] else [""]:
            yield Move(guards, origin or str(found[3]), str(found[4]), origin)


def commands(name: str) -> dict[str, tuple[str, str | None]]:
    """Every command in the stock registry of a machine: its name on a page, its word, and the clock of a lapse."""
    found: dict[str, tuple[str, str | None]] = {}
    for word, event in MACHINES[name].machine.events.items():
        edges = [edge(t) for transitions in event.transitions.values() for t in transitions]
        for clock in {clock for one in edges for clock in one.clock} or {None}:
            found[f"{word} {clock}" if clock else word] = (word, clock)
    return found


def edge(transition: Any) -> Any:
    """The condition that a stock transition asks."""
    (condition,) = transition.conditions
    return condition.func


def cells(name: str) -> Iterator[tuple[Cell, str]]:
    """Every cell that a page names, with its answer."""
    for line in (PAGES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            state, command, who, answer = (part.strip() for part in line.split(" | "))
            for one in commands(name) if command == "(every command)" else [command]:
                for role in sorted(roles(who)):
                    yield (state, one, role), answer


def told_codes(name: str) -> dict[str, str]:
    """The refusal that each guard causes, as a page tells it."""
    page = (PAGES / f"{name}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^# (\w+) \(([a-z-]+)\): .+$", page, re.MULTILINE))


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*arguments: str, pages: Path | None = None) -> int:
        monkeypatch.setattr(sys, "argv", ["golden.py", *arguments])
        names: dict[str, Any] = runpy.run_path(str(TOOL))
        if pages is not None:
            names["main"].__globals__["TARGET"] = pages
        code: int = names["main"]()
        return code

    return run


# -- the pages -------------------------------------------------------------------------------------------------------


def test_the_committed_pages_are_what_the_tables_say(tool: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert (tool("--check"), capsys.readouterr().out) == (0, ""), "run: python tools/golden.py"


def test_a_stale_page_a_missing_one_and_one_too_many_are_found(
    tool: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert tool(pages=tmp_path) == 0
    assert tool("--check", pages=tmp_path) == 0
    (tmp_path / "obligation.txt").write_text("open | pay | everybody | → paid, paid\n", encoding="utf-8")
    (tmp_path / "mediation.txt").unlink()
    (tmp_path / "insurance.txt").write_text("", encoding="utf-8")
    assert tool("--check", pages=tmp_path) == 1
    told = capsys.readouterr().out
    assert "-open | pay | everybody | → paid, paid" in told
    assert "+# mediation: " in told
    assert "insurance.txt: no machine has this page" in told
    assert tool(pages=tmp_path) == 0
    assert tool("--check", pages=tmp_path) == 0


def test_every_machine_has_its_page() -> None:
    assert {path.stem for path in PAGES.glob("*.txt")} == set(MACHINES)


@pytest.mark.parametrize("name", MACHINES)
def test_every_cell_of_the_product_is_on_the_page_once_and_every_line_is_a_cell(name: str) -> None:
    found = [cell for cell, _ in cells(name)]
    states = [START, *MACHINES[name].machine.states]
    whole = set(product(dict.fromkeys(states), commands(name), EVERYBODY))
    assert len(found) == len(set(found))
    assert set(found) == whole


@pytest.mark.parametrize("name", MACHINES)
def test_a_page_tells_the_moves_of_the_stock_machine_and_no_others(name: str) -> None:
    events = MACHINES[name].machine.events
    for (state, command, role), answer in cells(name):
        word, clock = commands(name)[command]
        here = events[word].transitions.get(state, [])
        mine = [t for t in here if role in edge(t).by and (clock in edge(t).clock or clock is None)]
        expected = []
        for transition in mine:
            # "by payer or payee and guard and guard": what a drawing says of the transition
            _, *guards = edge(transition).__name__.split(" and ")
            kind, back = edge(transition).move.row.event, edge(transition).origin
            assert transition.source == state
            expected.append(Move(tuple(guards), str(transition.dest), kind.word if kind else "", back or ""))
        assert list(moves(answer, state)) == expected
        if not expected:
            assert answer == ("not-your-move" if here else "no-such-move")


@pytest.mark.parametrize("name", MACHINES)
def test_a_page_names_every_guard_once_with_its_refusal(name: str) -> None:
    used = {guard for (state, _, _), answer in cells(name) for move in moves(answer, state) for guard in move.guards}
    assert set(told_codes(name)) == used | {check.__name__ for check in MACHINES[name].always}
    assert set(told_codes(name).values()) <= set(CODES)
    checks = {check for row in MACHINES[name].rows for check in row.when}
    assert len({check.__name__ for check in checks}) == len(checks), "two guards under one name"


# -- the engines -----------------------------------------------------------------------------------------------------


def predicted(name: str, told: list[Move], role: str, holds: dict[str, bool]) -> tuple[str, str] | str:
    """The next state and the event, or the refusal's code, by the page alone."""
    always = tuple(check.__name__ for check in MACHINES[name].always) if role in PEOPLE else ()
    failing: list[str] = []
    for move in told:
        missing = next((guard for guard in (*move.guards, *always) if not holds[guard]), None)
        if missing is None and move.event:
            return move.target, move.event
        if missing is not None:
            failing.append(told_codes(name)[missing])
    return failing[-1]


def done(name: str, context: Context[Any], engine: str) -> tuple[str, str] | str:
    try:
        move = MACHINES[name].choose(context, engine)
    except Refused as refused:
        return refused.code
    assert move.row.event is not None
    return move.target.value, move.row.event.word


def saying(name: str, word: str, clock: str | None) -> Any:
    """A command that says nothing but its clock: guards are answered for, so nothing else is read."""
    kind = MACHINES[name].commands[word]
    command: Any = object.__new__(kind)
    object.__setattr__(command, "milestone", "m1")
    if clock:
        object.__setattr__(command, "clock", clock)
    return command


@pytest.mark.parametrize("engine", ["compiled", "stock"])
@pytest.mark.parametrize("name", MACHINES)
def test_each_engine_does_what_the_page_says_whatever_the_guards_answer(
    name: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = MACHINES[name]
    holds: dict[str, bool] = {}
    for check in {check for row in table.rows for check in row.when} | set(table.always):
        monkeypatch.setattr(check, "test", lambda context, check=check: holds[check.__name__])
        for extra in ("until", "most"):
            monkeypatch.setattr(check, extra, None)
    settled = SimpleNamespace(rules=defaultdict(str))
    for (state, command, role), answer in cells(name):
        by = None if role == "stranger" else Role(role)
        told = list(moves(answer, state))
        # The last guard of a row that only waits never holds where that row stands.
        never = {move.guards[-1] for move in told if not move.event}
        always = {check.__name__ for check in table.always} if told else set()
        asked = sorted({guard for move in told for guard in move.guards} - never | always)
        origins = sorted({move.origin for move in told}) or [""]
        for origin, answers in product(origins, product((True, False), repeat=len(asked))):
            holds |= dict.fromkeys(never, False) | dict(zip(asked, answers, strict=True))
            it = SimpleNamespace(stack=(state, origin))
            said = saying(name, *commands(name)[command])
            when = datetime(2026, 3, 2, tzinfo=UTC)
            context: Any = Context(it, None if state == START else state, said, by, role, when, settled)  # type: ignore[arg-type]
            mine = [move for move in told if move.origin in ("", origin)]
            expected = predicted(name, mine, role, holds) if mine else answer
            assert done(name, context, engine) == expected, (state, command, role, origin, holds)
