"""More time in a dispute."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import steps
from escrowkit.testing.oracle.cases import Case
from escrowkit.testing.oracle.casetime import running
from escrowkit.testing.oracle.said import Refusal
from escrowkit.testing.oracle.times import count
from escrowkit.testing.oracle.world import Work, World, need


def extend(world: World, work: Work, by: str, said: dict[str, Any]) -> None:
    """A mediator or the platform extends a clock that runs in a case, for both sides alike."""
    case: Case | None = work.open_case
    if case is None:
        raise Refusal("no-such-move")
    need(by in ("mediator", "platform"), "not-your-move")
    name = said["clock"].split(".")[-1]
    need(any(said["clock"] in (clock, f"{machine}.{clock}") for machine, clock in running(world, case)), "bad-argument")
    rules = case.rules
    need(rules.lets("dispute.extend.by", by), "not-your-move")
    step = rules.get("dispute.extend.step")
    need(step is None or longer(step, said["period"]), "not-now")
    need(len(case.extended.get(name, [])) < rules.get("dispute.extend.most"), "not-now")
    steps.may_move(case.work, by)
    case.extended.setdefault(name, []).append(said["period"])
    world.happen("dispute.extended", case.work, by)


def longer(step: str, period: str) -> bool:
    """Whether a period is at most a step; periods of two kinds cannot be compared."""
    (steps, in_days), (asked, asked_days) = count(step), count(period)
    return in_days == asked_days and asked <= steps
