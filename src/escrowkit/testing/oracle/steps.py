"""What many moves share: coming into a state and out of it, and what every move needs at last."""

from __future__ import annotations

from escrowkit.testing.oracle.leaving import released
from escrowkit.testing.oracle.world import Work, World, need


def enter(world: World, work: Work, state: str, keep: bool = False) -> None:
    """Come into a state; with `keep` the state before lies below it."""
    work.below = [*work.below, work.state] if keep else []
    work.state = state
    work.facts.setdefault("entered", {})[state] = world.now


def back(work: Work) -> None:
    """Go back to where it was."""
    work.state = work.below.pop()


def free(work: Work) -> None:
    """The platform does not hold this milestone's money."""
    need(not work.facts.get("impounded"), "not-now")


def may_move(work: Work, by: str) -> None:
    """What every move by a party, a neutral or a witness needs at last."""
    if by not in ("platform", "provider"):
        free(work)


def nobody_suspended(world: World) -> None:
    """Neither side is suspended."""
    need(not any(one.state in ("suspended", "excluded") for one in world.conduct.values()), "not-now")


def may_say(world: World, by: str, words: str | None) -> None:
    """Who may not write says nothing beyond what the move needs."""
    conduct = world.conduct.get(by)
    need(words is None or conduct is None or not conduct.lacks("writing", world.now), "not-now")


def suspended_by_dispute(world: World, work: Work) -> None:
    """A dispute opened: the milestone waits for it."""
    enter(world, work, "disputed", keep=True)
    world.happen("milestone.suspended", work, "rules")


def conclude(world: World, work: Work, code: str | None = None, paid: bool | None = None) -> None:
    """The milestone ends because its money was disposed of."""
    idle = code in ("hold_limit_reached", "dormant")
    got = bool(released(work)) if paid is None else paid
    enter(world, work, "completed" if got and not idle else "cancelled")
    world.happen("milestone.concluded", work, "rules")


def undisputed(work: Work) -> None:
    need(work.state != "disputed", "not-now")
