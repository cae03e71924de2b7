"""What follows from what happened, in the order in which the rules say it."""

from __future__ import annotations

from escrowkit.testing.oracle import charges, conditions, outcomes, overrides, pots, restaking, stakes, standing, steps
from escrowkit.testing.oracle.leaving import clearing, earned, lacks, released
from escrowkit.testing.oracle.said import Happening
from escrowkit.testing.oracle.world import ARRIVALS, Work, World

GOES_ON = (
    "milestone.voided",
    "milestone.cancel_declined",
    "milestone.cancel_withdrawn",
    "milestone.silence_ignored",
    "milestone.resumed",
    "escrow.charge_back_reversed",
)
STARTS = (
    "escrow.opened",
    *ARRIVALS,
    *GOES_ON,
)
PAYS = (
    "milestone.approved",
    "milestone.deemed_approved",
    "milestone.condition_met",
    *ARRIVALS,
    *GOES_ON,
    "escrow.lifted",
    "escrow.impound_lapsed",
)
DIVIDES = (
    "milestone.cancel_agreed",
    "milestone.release_agreed",
    "milestone.silence_divided",
    "milestone.cancelled",
)
VOIDS = (
    *ARRIVALS,
    "escrow.released",
    "escrow.refunded",
    "escrow.rolled_over",
    "escrow.charged_back",
    "escrow.charge_back_reversed",
)
DRAINS = (
    "escrow.released",
    "escrow.refunded",
    "escrow.disbursed",
    "escrow.divided",
    "escrow.seized",
    "escrow.order_obeyed",
    "escrow.hold_ended",
    "escrow.rolled_over",
    "escrow.charged_back",
    "escrow.cleared",
    "escrow.released_refunded",
    "dispute.overridden",
    "escrow.thawed",
    "escrow.lifted",
    "escrow.impound_lapsed",
)
CLOSES = ("escrow.drained", "escrow.deposit_returned", "escrow.deposit_failed", "escrow.funding_lapsed", *standing.OVER)

FEES_OWED = ("escrow.seized", "escrow.order_obeyed", "escrow.hold_ended", "escrow.divided")


def follow(world: World, what: Happening) -> None:
    """Queue what the rules say when this happened."""
    work = world.works.get(what.milestone)
    if work is None:
        standing.follow_conduct(world, what)
        return
    name = what.name
    if name in ("milestone.included", "milestone.accepted"):
        world.then(_open, work)
    if name in STARTS and work.state == "agreed" and _funded(world, work):
        world.then(_start, work)
    if name in ("milestone.submitted", "milestone.attested") and _fulfilled(world, work):
        world.then(condition_met, work, "rules")
    if name in PAYS and _payable(world, work):
        code = work.facts["why"] if work.condition is None else "condition_met"
        world.then(pots.disburse, work, world.held(work), code, work.facts.get("kind"))
    if name in DIVIDES and world.held(work):
        world.then(pots.disburse, work, *work.facts["divide"])
    if name in VOIDS and not work.is_over and (work.facts.get("proposal") or "cancelling" in (work.state, *work.below)):
        world.then(_void, work)
    if name in DRAINS and _dry(world, work):
        world.then(_drain, work)
    spent = name == "escrow.rolled_over" and not work.is_over and not world.held(work) and released(work)
    if spent or (name in ("escrow.released", "escrow.disbursed") and _complete(world, work)):
        world.then(_completed, work)
    elif name in ("escrow.refunded", "escrow.rolled_over") and not world.held(work) and not work.is_over:
        world.then(steps.conclude, work)
    if name == "escrow.rolled_over":
        world.then(pots.receive, what["to"], what["amount"])
    if name in ("escrow.seized", "escrow.order_obeyed", "escrow.hold_ended"):
        if work.open_case is not None:
            world.then(overrides.override, work, what["code"])
        if not work.is_over:
            world.then(steps.conclude, work, what["code"])
    outcomes.follow(world, work, what)
    if name in ("escrow.charged_back", "escrow.charge_back_reversed", "escrow.released_refunded"):
        restaking.follow(world, work)
    charges.follow(world, work, what)
    if name == "obligation.paid" and what["debt"].cause == "outcome" and what["debt"].creditor == "payer":
        world.then(stakes.reclaimed, work, what["debt"].minor)
    if name in FEES_OWED and what.more.get("fee_owed"):
        world.then(stakes.owe, work, "payee", "payer", what["fee_owed"], "fee")
    if name in CLOSES and _closable(world, work):
        world.then(_close, work)
    standing.follow_feedback(world, work, what)
    if name in ("dispute.concluded", "dispute.defaulted"):
        standing.suspend_defaulters(world, what["case"])
    if name in ARRIVALS:
        standing.hold_what_arrives(world, work)


def _open(world: World, work: Work) -> None:
    work.pot = "empty"
    world.happen("escrow.opened", work, "rules")


def _funded(world: World, work: Work) -> bool:
    wanted = work.rules.get("milestone.start")
    if wanted == "unfunded":
        return True
    return world.held(work) > 0 if wanted == "in_part" else lacks(world, work) == 0


def _start(world: World, work: Work) -> None:
    steps.enter(world, work, "active")
    world.happen("milestone.started", work, "rules")


def _fulfilled(world: World, work: Work) -> bool:
    if work.condition is None or work.state not in ("active", "submitted", "approved"):
        return False
    return conditions.holds(work, world.now)


def condition_met(world: World, work: Work, by: str) -> None:
    """The milestone's own release condition is met."""
    steps.enter(world, work, "approved")
    work.facts["why"] = "condition_met"
    alone = conditions.met_at(work.condition, work, alone=True)
    # Whoever makes it be asked: if time alone had fulfilled it, nobody's signature or word completed it.
    work.facts["kind"] = "procedure" if alone is not None and alone <= world.now else None
    world.happen("milestone.condition_met", work, by)


def _payable(world: World, work: Work) -> bool:
    if work.state != "approved" or not world.held(work) or pots.state(work) != "held":
        return False
    return work.condition is None or conditions.holds(work, world.now)


def _void(world: World, work: Work) -> None:
    if work.state == "cancelling":
        steps.back(work)
    elif "cancelling" in work.below:
        work.below.remove("cancelling")
    work.facts["proposal"] = None
    world.happen("milestone.voided", work, "rules")


def _dry(world: World, work: Work) -> bool:
    if world.held(work) or work.open_case:
        return False
    if clearing(work):
        return pots.state(work) in ("held", "frozen")
    return pots.state(work) in ("held", "frozen", "impounded") or work.pot == "clearing"


def _drain(world: World, work: Work) -> None:
    work.facts["frozen"] = work.facts["impounded"] = False
    work.pot = "clearing" if clearing(work) else "empty"
    world.happen("escrow.drained", work, "rules")


def _complete(world: World, work: Work) -> bool:
    return not work.is_over and not world.held(work) and released(work) >= work.price


def _completed(world: World, work: Work) -> None:
    steps.enter(world, work, "completed")
    world.happen("milestone.completed", work, "rules")


def _closable(world: World, work: Work) -> bool:
    return work.is_over and pots.state(work) == "empty" and bool(work.all(*ARRIVALS))


def _close(world: World, work: Work) -> None:
    if work.pot != "empty":
        return
    work.pot = "settled"
    world.post(earned(world, work))
    world.happen("escrow.closed", work, "rules")
