"""The library and the oracle, driven side by side: what one says, the other must say."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import escrowkit as ek
from escrowkit import Refused, story
from escrowkit.story.consents import command_of
from escrowkit.testing import oracle
from escrowkit.testing.compare import Disagreement, Twin
from strategies import MICRO, Chooser, Dice, agreement, command, moment, opening_moves, rulebook

FILES = sorted(Path(oracle.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_oracle_sees_nothing_of_the_library(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            assert module.startswith("escrowkit.testing.oracle") or module.split(".")[0] in sys.stdlib_module_names


# -- stories ---------------------------------------------------------------------------------------------------------


def drive(told: story.Story, twin: Twin) -> None:
    """Play a story step by step, let time pass to each deadline on the way, and two years more."""
    for step in told.steps:
        pass_time(twin, lambda at, last=step.at: at <= last)
        try:
            twin.decide(
                command_of(step, twin.agreement), by=step.by, at=step.at, key=step.key, actor=step.actor
            )
        except Refused:
            pass
    twin.advance(twin.agreement.at + timedelta(days=730))


def pass_time(twin: Twin, still: Callable[[Any], bool]) -> None:
    while (due := next(iter(twin.agreement.deadlines()), None)) and still(due[0]):
        twin.advance(due[0])


@pytest.mark.parametrize("name", story.shipped())
def test_every_shipped_story_goes_as_the_oracle_says(name: str) -> None:
    told = story.read(name)
    if told.refused is not None:
        pytest.skip("its opening is refused")
    twin = Twin(told.open())
    drive(told, twin)
    assert not twin.unpredicted
    assert twin.compared > len(told.steps)


# -- random lives ----------------------------------------------------------------------------------------------------


def live(seed: int, steps: int = 25, *, unknown: bool = False) -> Twin | None:
    """A life by dice under a rulebook by dice, both compared at each step, and then let alone until its end."""
    choose = Dice(seed)
    rules = rulebook(choose, ends=seed % 2 == 0, unknown=unknown)
    try:
        twin = Twin(agreement(choose, rules))
    except Refused:
        return None
    keys: list[Any] = []
    moves = list(opening_moves(choose, twin.agreement))
    for _ in range(steps):
        at = twin.agreement.at if moves else moment(choose, twin.agreement)
        said = moves.pop(0) if moves else command(choose, twin.agreement, at)
        act(choose, twin, said, at, keys)
    let_alone(choose, twin)
    return twin


def act(choose: Chooser, twin: Twin, said: Any, at: Any, keys: list[Any]) -> None:
    """One command, sometimes under a key, sometimes one that was said before, sometimes after time has passed."""
    key = choose.pick([None, None, None, None, "k1", "k2"])
    if keys and choose.whole(0, 19) == 0:
        key, said = choose.pick(keys)
    if choose.whole(0, 19) == 0:
        twin.advance(at)
    try:
        twin.decide(said[1], by=said[0], at=at, key=key)
    except Refused:
        return
    keys += [(key, said)] if key else []


def let_alone(choose: Chooser, twin: Twin) -> None:
    """Nobody acts any more: time passes, to each deadline or just before or after it."""
    for _ in range(30):
        due = next(iter(twin.agreement.deadlines()), None)
        if due is None:
            return
        twin.advance(max(twin.agreement.at, due[0] + choose.pick([-MICRO, timedelta(0), MICRO])))


def lives(seeds: range, **how: Any) -> Counter[str]:
    """Many lives; what was compared and what was not predicted."""
    found: Counter[str] = Counter()
    for seed in seeds:
        twin = live(seed, **how)
        if twin is not None:
            found.update(twin.unpredicted)
            found["lives"] += 1
            found["steps"] += twin.compared
    return found


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_random_lives_go_as_the_oracle_says(first: int) -> None:
    found = lives(range(first, first + 50))
    assert set(found) == {"lives", "steps"}, "something is not predicted"
    assert found["steps"] > 500


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 20_000, 500))
def test_many_random_lives_go_as_the_oracle_says(first: int) -> None:
    assert set(lives(range(first, first + 500))) == {"lives", "steps"}
