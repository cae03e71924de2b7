"""What silence decides, and when: every deadline that runs, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from escrowkit.testing.oracle import cancelling, casetime, conditions, follows, overrides, pots, standing, steps
from escrowkit.testing.oracle.conditions import entered
from escrowkit.testing.oracle.leaving import clearing, released
from escrowkit.testing.oracle.pauses import later
from escrowkit.testing.oracle.sums import for_payee
from escrowkit.testing.oracle.world import ARRIVALS, Work, World

RANKS = ("arbitration", "mediation", "dispute", "milestone", "escrow", "feedback")

#: A deadline: when, of which machine, of which milestone, its name, and what it does.
Deadline = tuple[datetime, int, int, str, Callable[[], None]]
MOVING = ("payer", "payee", "halves")


def deadlines(world: World) -> list[Deadline]:
    """Every deadline that runs, in the order in which they pass."""
    found: list[Deadline] = []
    for number, work in enumerate(world.each()):
        for machine, name, at, what in _of(world, work):
            if at is not None:
                found.append((at, RANKS.index(machine), number, name, what))
    return sorted(found, key=lambda one: one[:4])


Clock = tuple[str, str, datetime | None, Callable[[], None]]


def _of(world: World, work: Work) -> Iterator[Clock]:
    for case in work.cases[-1:]:
        yield from casetime.clocks(world, case)
    feedback = work.facts.get("feedback")
    if (
        feedback is not None
        and feedback.state in ("open", "half_written")
        and work.rules.settled("conduct.feedback.within")
    ):
        at = later(work, feedback.opened, work.rules.raw("conduct.feedback.within"), impound=False)
        yield "feedback", "write", at, lambda: standing.window_over(world, work)
    yield from _work_clocks(world, work)
    yield from _money_clocks(world, work)


def answer(work: Work, key: str) -> Any:
    """An answer to silence as it stands; None where there is none, or where it is not settled."""
    return None if not work.rules.settled(key) else work.rules.raw(key)


def first(value: Any) -> Any:
    """The first of a list of answers, or the answer."""
    return value[0] if isinstance(value, list) else value


def over(work: Work, start: datetime | None, key: str, **pauses: bool) -> datetime | None:
    """When a period of the rulebook after an anchor is over; None if it never is."""
    if start is None or not work.rules.settled(key):
        return None
    return later(work, start, work.rules.raw(key), **pauses)


# -- work ------------------------------------------------------------------------------------------------------------


def _work_clocks(world: World, work: Work) -> Iterator[Clock]:
    def clock(name: str, at: datetime | None, what: Callable[[], None]) -> Clock:
        return "milestone", name, at, what

    if work.state == "cancelling" and answer(work, "milestone.cancel.on_silence"):
        yield clock(
            "cancel", over(work, entered(work, "cancelling"), "milestone.cancel.within"), lambda: _cancel(world, work)
        )
    waits = work.state in ("active", "submitted") or (work.state == "approved" and world.held(work))
    if work.condition is not None and waits:
        at = conditions.met_at(work.condition, work)
        if at == conditions.EVER:
            at = None if later(work, world.now, "1 second", request=True) is None else world.now
        yield clock("condition", at, lambda: follows.condition_met(world, work, "clock"))
    if (
        work.state in ("active", "submitted")
        and work.facts.get("proposal")
        and answer(work, "milestone.proposal.on_silence")
    ):
        start = work.facts["proposal"][2]
        yield clock(
            "proposal", over(work, start, "milestone.proposal.within", request=True), lambda: _proposal(world, work)
        )
    if work.state == "active":
        yield from _waiting(world, work, clock)
    if work.condition is None:
        at = review_due(world, work)
        yield clock("review", at, lambda: _review(world, work))


def _waiting(world: World, work: Work, clock: Callable[..., Clock]) -> Iterator[Clock]:
    if answer(work, "milestone.late.on_silence"):
        at = over(work, cancelling.late_from(work), "milestone.late.after", request=True)
        yield clock("late", at, lambda: _divide(world, work, "milestone.late.on_silence", "late_cancelled"))
    if answer(work, "milestone.requirements.on_silence") and not work.all(
        "milestone.requirements_given", "milestone.submitted"
    ):
        at = over(work, entered(work, "active"), "milestone.requirements.within", request=True)
        yield clock(
            "requirements", at, lambda: _divide(world, work, "milestone.requirements.on_silence", "requirements_lapsed")
        )


def _first_active(work: Work) -> datetime:
    return work.all("milestone.started")[0].at


def review_due(world: World, work: Work) -> datetime | None:
    """When the review of a submission is over."""
    if not answer(work, "milestone.review.on_silence"):
        return None
    since = work.rules.raw("milestone.review.since")
    if since == "unknown" or work.state not in (("active", "submitted") if since == "active" else ("submitted",)):
        return None
    start = _review_start(work, since)
    due = over(work, start, "milestone.review.within", request=True)
    if first(work.rules.raw("milestone.review.on_silence")) == "dispute" and not world.held(work):
        return None
    if due is None or start is None:
        return None
    for _ in work.since("milestone.submitted", "milestone.delayed"):
        due = work.rules.days.after(due, work.rules.raw("milestone.review.delay_step"))
    return _after_notices(work, due)


def _review_start(work: Work, since: str) -> datetime | None:
    return _first_active(work) if since == "active" else entered(work, since)


def _after_notices(work: Work, due: datetime) -> datetime | None:
    wanted = work.rules.raw("milestone.review.notices")
    if wanted == "unknown":
        return None
    told = work.since("milestone.submitted", "milestone.notice_recorded")
    if not wanted:
        return due
    return max(due, told[wanted - 1].at + timedelta(days=3)) if len(told) >= wanted else due + timedelta(days=30)


def _review(world: World, work: Work) -> None:
    says = first(work.rules.raw("milestone.review.on_silence"))
    if says == "payee":
        steps.enter(world, work, "approved")
        work.facts["why"] = "review_lapsed"
        world.happen("milestone.deemed_approved", work, "clock")
    elif says == "dispute":
        world.happen("milestone.review_escalated", work, "clock")
    else:
        _divide(world, work, "milestone.review.on_silence", "review_lapsed")


def _divide(world: World, work: Work, key: str, code: str, asked: int = 0) -> None:
    says = first(work.rules.raw(key))
    held = world.held(work)
    part = asked if says == "as_asked" else for_payee(says, held, work.rules.raw("money.remainder_to"))
    steps.enter(world, work, "cancelled" if part == 0 and not released(work) else "completed")
    work.facts["divide"] = (part, code)
    world.happen("milestone.silence_divided", work, "clock")


def _ignored(world: World, work: Work) -> None:
    if work.state == "cancelling":
        steps.back(work)
    else:
        work.facts["proposal"] = None
    world.happen("milestone.silence_ignored", work, "clock")


def _cancel(world: World, work: Work) -> None:
    if first(work.rules.raw("milestone.cancel.on_silence")) in ("declined", "stays", "rejected", "contested"):
        _ignored(world, work)
    else:
        asked = world.held(work) - work.facts["asked"][1]
        _divide(world, work, "milestone.cancel.on_silence", "cancel_lapsed", asked)


def _proposal(world: World, work: Work) -> None:
    if first(work.rules.raw("milestone.proposal.on_silence")) in ("declined", "stays", "rejected", "contested"):
        _ignored(world, work)
    else:
        _divide(world, work, "milestone.proposal.on_silence", "proposal_lapsed", work.facts["proposal"][1])


# -- money -----------------------------------------------------------------------------------------------------------


def _money_clocks(world: World, work: Work) -> Iterator[Clock]:
    def clock(name: str, at: datetime | None, what: Callable[[], None]) -> Clock:
        return "escrow", name, at, what

    pot = pots.state(work)
    if pot in ("held", "clearing"):
        for flow in [one for one in work.outflows if not one.cleared and one.left][:1]:
            at = over(work, flow.at, "escrow.clearing")
            yield clock("clearing", at, partial(_cleared, world, work, flow))
    if pot == "held" and answer(work, "escrow.dormancy.on_silence"):
        yield clock(
            "dormancy",
            _dormant_at(world, work),
            lambda: overrides.end_hold(world, work, "escrow.dormancy.on_silence", "dormant"),
        )
    if pot in ("empty", "funding", "held", "clearing", "frozen") and work.facts.get("pending"):
        at = over(work, work.facts["pending"][1], "escrow.funding.within", dispute=False)
        yield clock("funding", at, lambda: _unfunded(world, work))
    if pot in ("held", "frozen", "impounded") and world.held(work) and answer(work, "escrow.hold_limit.on_expiry"):
        start = _held_since(work)
        at = over(work, start, "escrow.hold_limit.within", dispute=False, impound=False)
        yield clock(
            "hold_limit",
            at,
            lambda: overrides.end_hold(world, work, "escrow.hold_limit.on_expiry", "hold_limit_reached"),
        )
    if pot == "impounded":
        held = work.last("escrow.held")
        at = over(work, held.at if held else None, "escrow.impound.within", dispute=False, impound=False)
        yield clock("impound", at, lambda: pots.lift(world, work, "clock", "escrow.impound_lapsed"))


def _held_since(work: Work) -> datetime | None:
    """Since when money is held: the first that came in after the pot was empty last."""
    came = work.since("escrow.drained", *ARRIVALS, "escrow.charge_back_reversed")
    found = [one for one in came if one.more.get("to_pot", True)]
    return found[0].at if found else None


def _dormant_at(world: World, work: Work) -> datetime | None:
    acts = [one for one in work.happened if one.by not in ("clock", "rules") or one.name == "escrow.received"]
    at = over(work, acts[-1].at if acts else None, "escrow.dormancy.idle")
    if at is None or not work.rules.has("escrow.dormancy.notice"):
        return at
    notice = work.rules.raw("escrow.dormancy.notice")
    return None if notice == "unknown" else work.rules.days.after(at, notice)


def _cleared(world: World, work: Work, flow: Any) -> None:
    flow.cleared = True
    world.post(world.paid(f"clearing:{work.id}", "payee", flow.net_left, work.currency), of=work)
    if not clearing(work) and work.pot == "clearing":
        pass
    world.happen("escrow.cleared", work, "clock")


def _unfunded(world: World, work: Work) -> None:
    work.facts["pending"] = None
    if work.pot == "funding":
        work.pot = "empty"
    world.happen("escrow.funding_lapsed", work, "clock")
