"""Whole random lives, told as what was said and what followed: the same for the same seed, under any rulebook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from attrs import frozen

from escrowkit.agreement import Agreement, Decision
from escrowkit.errors import Refused
from escrowkit.rulebook import Rulebook, available, load
from escrowkit.table import Command
from escrowkit.testing.chosen import Chooser, Dice, agreement, command, moment, opening_moves, rulebook

#: Longer than any deadline runs.
FOREVER = timedelta(days=5 * 365)
Outcome = Decision | Refused


@frozen
class Said:
    """What somebody said."""

    by: str
    command: Command
    at: datetime
    key: str | None = None


@frozen
class Step:
    """What was said to an agreement, what followed, and the agreement afterwards."""

    before: Agreement
    said: Said
    outcome: Outcome
    after: Agreement


def decided(now: Agreement, said: Said, engine: str = "compiled") -> tuple[Outcome, Agreement]:
    """What follows, and the agreement afterwards: what deadlines decided before a refusal stands."""
    try:
        decision = now.decide(said.command, by=said.by, at=said.at, key=said.key, engine=engine)
    except Refused as refused:
        return refused, refused.decision.agreement if refused.decision else now
    return decision, decision.agreement


def opened(choose: Chooser, rules: Rulebook | None = None, *, milestones: tuple[int, int] = (1, 4)) -> Agreement:
    """An agreement under a rulebook, or under a random one; whose terms are refused is drawn anew."""
    while True:
        try:
            drawn = rules or rulebook(choose, ends=bool(choose.whole(0, 1)), unknown=choose.whole(0, 2) == 0)
            return agreement(choose, drawn, milestones=milestones)
        except Refused:
            continue


def told(choose: Chooser, now: Agreement, steps: int) -> Iterator[Step]:
    """A life from here: what most begin with, then whatever comes, on and around deadlines, keys repeated."""
    start = [Said(by, said, now.at) for by, said in opening_moves(choose, now)]
    for number in range(steps):
        said = start[number] if number < len(start) else drawn(choose, now)
        outcome, after = decided(now, said)
        yield Step(now, said, outcome, after)
        now = after


def drawn(choose: Chooser, now: Agreement) -> Said:
    """Something to say; up to three are drawn, and the first that is accepted is taken, so that lives get somewhere."""
    for _ in range(choose.whole(1, 3)):
        at = moment(choose, now)
        by, what = command(choose, now, at)
        said = Said(by, what, at, choose.pick([*[None] * 8, "k1", "k2", "k3"]))
        if isinstance(decided(now, said)[0], Decision):
            break
    return said


def chosen(seed: int) -> Rulebook | None:
    """Every second life is under a shipped rulebook, the others under a random one."""
    return load(available()[seed // 2 % len(available())]) if seed % 2 else None


@cache
def life(seed: int, steps: int = 40) -> tuple[Step, ...]:
    """A whole life."""
    dice = Dice(seed)
    return tuple(told(dice, opened(dice, chosen(seed)), steps))
