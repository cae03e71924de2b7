"""The ways in which a milestone is called off, or what it holds is divided by agreement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from escrowkit.testing.oracle import conditions
from escrowkit.testing.oracle.arguments import sums
from escrowkit.testing.oracle.leaving import released
from escrowkit.testing.oracle.steps import back, enter, free, may_move, undisputed
from escrowkit.testing.oracle.world import PARTIES, Work, World, need

Said = dict[str, Any]


def _between_parties(work: Work, by: str, said: Said) -> None:
    """It is for the parties alone, and waits while there is a dispute, in which the sums are read all the same."""
    need(by in PARTIES, "not-your-move")
    if work.state == "disputed":
        sums(said, work.currency)
    undisputed(work)


def request_cancel(world: World, work: Work, by: str, said: Said) -> None:
    """A side asks for part or all of what is held."""
    _between_parties(work, by, said)
    need(work.rules.lets("milestone.cancel.by", by), "not-your-move")
    sums(said, work.currency)
    refund = said["refund"][0]
    need(refund <= world.held(work), "over-held")
    need(work.rules.has("milestone.cancel.within"), "not-now")
    need(not work.since("milestone.submitted", "milestone.cancel_requested"), "not-now")
    free(work)
    work.facts["asked"] = (by, refund)
    enter(world, work, "cancelling", keep=True)
    world.happen("milestone.cancel_requested", work, by)


def answer_cancel(world: World, work: Work, by: str, said: Said, word: str) -> None:
    """A cancel request is agreed to, declined or taken back."""
    _between_parties(work, by, said)
    asked_by, refund = work.facts["asked"]
    need((by == asked_by) == (word == "withdraw_cancel"), "not-your-move")
    sums(said, work.currency)
    if word != "withdraw_cancel":
        need(said["refund"][0] == refund, "terms-changed")
    need(word != "decline_cancel" or work.rules.get("milestone.cancel.declinable"), "not-now")
    free(work)
    if word == "agree_cancel":
        all_back = refund == world.held(work) and not released(work)
        work.facts["divide"] = (world.held(work) - refund, "cancel_agreed")
        enter(world, work, "cancelled" if all_back else "completed")
        world.happen("milestone.cancel_agreed", work, by)
    else:
        back(work)
        world.happen(
            "milestone.cancel_declined" if word == "decline_cancel" else "milestone.cancel_withdrawn", work, by
        )


def request_release(world: World, work: Work, by: str, said: Said) -> None:
    """A side proposes a split of what is held."""
    _between_parties(work, by, said)
    need(work.rules.lets("milestone.proposal.by", by), "not-your-move")
    sums(said, work.currency)
    need(0 < world.held(work) >= said["to_payee"][0], "over-held")
    need(work.rules.has("milestone.proposal.within"), "not-now")
    free(work)
    work.facts["proposal"] = (by, said["to_payee"][0], world.now)
    world.happen("milestone.release_requested", work, by)


def agree_release(world: World, work: Work, by: str, said: Said) -> None:
    """The other side agrees to the proposed split."""
    _between_parties(work, by, said)
    proposal = work.facts.get("proposal")
    need(proposal is None or proposal[0] != by, "not-your-move")
    sums(said, work.currency)
    need(proposal is None or proposal[1] == said["to_payee"][0], "terms-changed")
    need(proposal is not None, "not-now")
    free(work)
    all_back = said["to_payee"][0] == 0 and not released(work)
    work.facts["divide"] = (said["to_payee"][0], "settlement_agreed")
    enter(world, work, "cancelled" if all_back else "completed")
    world.happen("milestone.release_agreed", work, by)


def cancel(world: World, work: Work, by: str) -> None:
    """The milestone is cancelled; what is held goes back."""
    need(by in ("payee", "payer", "platform") and (work.state != "approved" or by == "payee"), "not-your-move")
    undisputed(work)
    code: str | None = "payee_refunded"
    if by != "payee":
        code = cancel_right(world, work, by)
        need(code is not None or (by == "payer" and world.held(work) == 0), "not-now")
    may_move(work, by)
    work.facts["divide"] = (0, code)
    enter(world, work, "cancelled")
    world.happen("milestone.cancelled", work, by)


def late_from(work: Work) -> datetime | None:
    """From when lateness counts; work that the payer sent back is late anew only from then."""
    start = work.due if work.rules.get("milestone.late.since") == "due" else conditions.entered(work, "active")
    returned = work.last("milestone.changes_requested")
    return max(start, returned.at) if start is not None and returned is not None else start


def cancel_right(world: World, work: Work, by: str) -> str | None:
    """The right by which the payer or the platform may cancel while money is held: it is late, or early enough."""
    rules = work.rules
    if rules.lets("milestone.late.right", by) and rules.has("milestone.late.after"):
        start = late_from(work)
        if start is not None and rules.days.after(start, rules.get("milestone.late.after")) <= world.now:
            return "late_cancelled"
    if not (rules.lets("milestone.early.right", by) and rules.has("milestone.early.before_due") and work.due):
        return None
    soon = rules.days.after(world.now, rules.get("milestone.early.before_due"))
    return "early_cancelled" if soon <= work.due else None
