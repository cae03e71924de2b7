"""A fact that moves money in a dispute changes its stake, or ends it."""

from __future__ import annotations

from escrowkit.testing.oracle import helping, overrides, steps
from escrowkit.testing.oracle.cases import Case
from escrowkit.testing.oracle.leaving import clearing
from escrowkit.testing.oracle.world import Work, World


def follow(world: World, work: Work) -> None:
    """The stake is what is left of it; a stake that is gone ends the dispute."""
    case: Case | None = work.open_case
    if case is None:
        return
    cleared = sum(flow.left for flow in work.outflows if flow.cleared)
    stake = world.held(work) + clearing(work) + min(case.before, cleared)
    if not stake:
        world.then(overrides.override, work, "charged_back")
        if not work.is_over:
            world.then(steps.conclude, work)
    elif stake != case.stake:
        world.then(_restake, case, stake)
        if case.mediation == "recommended":
            world.then(_void, case)


def _restake(world: World, case: Case, stake: int) -> None:
    case.stake = stake
    case.before = min(case.before, stake)
    for offer in case.offers:
        offer.stands = False
    world.happen("dispute.restaked", case.work, "rules")


def _void(world: World, case: Case) -> None:
    helping.sit(world, case)
    world.happen("mediation.voided", case.work, "rules")
