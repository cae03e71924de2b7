"""What silence decides in a dispute, a mediation and an arbitration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from escrowkit.testing.oracle import disputes, helping, judging
from escrowkit.testing.oracle.cases import Case, Offer
from escrowkit.testing.oracle.pauses import later
from escrowkit.testing.oracle.sums import for_payee
from escrowkit.testing.oracle.times import in_business_days
from escrowkit.testing.oracle.world import World, other

Clock = tuple[str, str, datetime | None, Callable[[], None]]
PASSIVE = ("contested", "declined", "rejected", "next_stage", "stays")


def settled(case: Case, key: str) -> bool:
    """Whether there is such an answer, and it is settled."""
    return case.rules.settled(key)


def over(case: Case, start: datetime | None, key: str, name: str) -> datetime | None:
    """When a period of a case is over, with its extensions."""
    if start is None or not case.rules.settled(key):
        return None
    due = later(case.work, start, case.rules.raw(key), dispute=False)
    for period in case.extended.get(name, []) if due else []:
        due = case.rules.days.after(due, period) if due else None
    rolls = due is not None and in_business_days(case.rules.raw(key))
    return case.rules.days.next_working(due) if rolls and due else due


def running(world: World, case: Case) -> list[tuple[str, str]]:
    """The clocks that can be extended now, by machine and name."""
    return [(machine, name) for machine, name, at, _ in clocks(world, case) if at is not None and name != "longest"]


def clocks(world: World, case: Case) -> Iterator[Clock]:
    """Every clock of a case."""
    if case.is_open:
        yield from _dispute(world, case)
    yield from _mediation(world, case)
    yield from _arbitration(world, case)


# -- dispute ---------------------------------------------------------------------------------------------------------


def _dispute(world: World, case: Case) -> Iterator[Clock]:
    if case.state == "opened":
        at = _answer_due(case)
        yield "dispute", "answer", at, partial(_answer_over, world, case, at)
    if case.state in ("opened", "contested") and not case.escalated and settled(case, "dispute.escalate.on_silence"):
        at = over(case, case.opened, "dispute.escalate.within", "escalate")
        yield "dispute", "escalate", at, partial(_escalate_over, world, case)
    if settled(case, "dispute.longest.on_expiry"):
        at = over(case, case.opened, "dispute.longest.within", "longest")
        yield "dispute", "longest", at, partial(_longest_over, world, case)
    for offer in [one for one in case.offers if one.stands][:1]:
        at = over(case, offer.at, "dispute.offers.within", "offer")
        yield "dispute", "offer", at, partial(_offer_over, world, case, offer)


def _side_due(case: Case, side: str) -> datetime | None:
    if not settled(case, f"dispute.answer.{side}.on_silence"):
        return None
    if not settled(case, f"dispute.answer.{side}.since"):
        return None
    escalated = case.rules.raw(f"dispute.answer.{side}.since") == "escalated"
    return over(case, case.demanded if escalated else case.opened, f"dispute.answer.{side}.within", "answer")


def _answer_due(case: Case) -> datetime | None:
    dues = [at for at in (_side_due(case, side) for side in case.silent) if at is not None]
    return min(dues, default=None)


def _answer_over(world: World, case: Case, due: datetime | None) -> None:
    silent = [side for side in case.silent if _side_due(case, side) == due]
    both = len(silent) == 2
    says = case.rules.raw("dispute.answer.both_silent" if both else f"dispute.answer.{silent[0]}.on_silence")
    part = share(case, says, None if both else other(silent[0]))
    if part is None:
        disputes.contested(world, case)
        world.happen("dispute.silence_contests", case.work, "clock", case=case)
        return
    disputes.end(world, case, "defaulted", "clock", part, "respondent_silent", silent=silent)


def share(case: Case, says: Any, winner: str | None, total: int | None = None) -> int | None:
    """The payee's part of the stake under an answer; None if it moves nothing. A list is tried in order."""
    if isinstance(says, list):
        return next((part for part in (share(case, one, winner, total) for one in says) if part is not None), None)
    if says in PASSIVE:
        return None
    if says in ("claim", "as_asked"):
        return case.as_claimed(winner) if winner else None
    if says == "recommendation":
        part: int | None = case.facts.get("recommended")
        return part
    return for_payee(says, case.stake if total is None else total, case.rules.raw("money.remainder_to"))


def _escalate_over(world: World, case: Case) -> None:
    says = case.rules.raw("dispute.escalate.on_silence")
    says = says[0] if isinstance(says, list) else says
    if says == "next_stage" and case.next_stage() is not None:
        disputes.escalate(world, case, "clock")
        return
    part = share(case, says, None)
    if part is not None:
        disputes.end(world, case, "defaulted", "clock", part, "dispute_lapsed", silent=[])
        return
    drop(world, case, "clock")


def drop(world: World, case: Case, by: str) -> None:
    """Nobody took the dispute further: it is closed, and all is as it was."""
    case.state = "withdrawn"
    world.happen("dispute.dropped", case.work, by, case=case)


def _longest_over(world: World, case: Case) -> None:
    case.facts["out of time"] = True
    part = share(case, case.rules.raw("dispute.longest.on_expiry"), None)
    disputes.end(world, case, "defaulted", "clock", part or 0, "dispute_lapsed", silent=[])


def _offer_over(world: World, case: Case, offer: Offer) -> None:
    if case.rules.raw("dispute.offers.on_silence") == "as_asked":
        disputes.end(world, case, "offer_stands", "clock", offer.to_payee, "offer_lapsed")
        return
    offer.stands = False
    world.happen("dispute.offer_lapsed", case.work, "clock")


# -- mediation -------------------------------------------------------------------------------------------------------


def _mediation(world: World, case: Case) -> Iterator[Clock]:
    if case.mediation == "recommended" and settled(case, "mediation.accept.on_silence"):
        at = over(case, case.facts["recommended at"], "mediation.accept.within", "accept")
        yield "mediation", "accept", at, partial(_accept_over, world, case)
    if case.mediation == "sitting" and settled(case, "mediation.on_failure"):
        at = over(case, case.facts["seated"], "mediation.recommend.within", "recommend")
        yield "mediation", "recommend", at, partial(helping.fail, world, case, "lapsed", "clock")
    if case.mediation in ("requested", "sitting", "recommended") and settled(case, "mediation.on_failure"):
        at = over(case, case.facts["mediation opened"], "mediation.longest", "longest")
        yield "mediation", "longest", at, partial(helping.fail, world, case, "lapsed", "clock")


def _accept_over(world: World, case: Case) -> None:
    if case.rules.raw("mediation.accept.on_silence") in ("recommendation", "as_asked"):
        case.mediation = "agreed"
        world.happen("mediation.deemed_accepted", case.work, "clock", case=case)
    else:
        helping.fail(world, case, "lapsed", "clock")


# -- arbitration -----------------------------------------------------------------------------------------------------


def _arbitration(world: World, case: Case) -> Iterator[Clock]:
    state = case.arbitration
    at = _pay_due(case)
    if state == "offered" and settled(case, "arbitration.none_paid.gets"):
        yield "arbitration", "pay", at, partial(_nobody_paid, world, case)
    if state == "half_funded" and settled(case, "arbitration.one_paid.gets"):
        yield "arbitration", "pay", at, partial(_one_paid, world, case)
    if state == "funded" and judging.window_open(world, case):
        yield "arbitration", "pay", at, partial(_window_closed, world, case)
    if state == "appealed":
        yield "arbitration", "pay", at, partial(_appeal_unpaid, world, case)
    sealed = state == "funded" and judging.window_open(world, case)
    if state in ("funded", "hearing") and not sealed and settled(case, "arbitration.award.on_silence"):
        start = case.facts["heard at" if state == "hearing" else "funded at"]
        at = over(case, start, "arbitration.award.within", "award")
        yield "arbitration", "award", at, partial(_award_over, world, case)
    if state == "awarded":
        at = over(case, case.facts["awarded at"], "arbitration.appeal.within", "appeal")
        yield "arbitration", "appeal", at, partial(award_stands, world, case)


def _pay_due(case: Case) -> datetime | None:
    facts = case.facts
    start = facts.get("appealed at") or facts.get("offered at")
    if case.rules.raw("arbitration.pay.since") == "first_paid" and "appealed at" not in facts:
        start = facts.get("first paid at")
    elif case.rules.raw("arbitration.pay.order") == "claimant_first" and case.arbitration == "half_funded":
        start = facts.get("half funded at")
    return over(case, start, "arbitration.pay.within", "pay")


def _ends(world: World, case: Case, state: str, word: str) -> None:
    case.arbitration = state
    world.happen(f"arbitration.{word}", case.work, "clock", case=case)


def _nobody_paid(world: World, case: Case) -> None:
    _ends(world, case, "forfeited", "nobody_paid")


def _one_paid(world: World, case: Case) -> None:
    _ends(world, case, "forfeited", "only_one_paid")


def _window_closed(world: World, case: Case) -> None:
    case.facts["window closed"] = True
    case.facts["funded at"] = world.now
    _ends(world, case, "funded", "window_closed")


def _appeal_unpaid(world: World, case: Case) -> None:
    if case.facts["appealed by"] in case.facts["paid"]:
        _ends(world, case, "forfeited", "only_one_paid")
    else:
        award_stands(world, case)


def _award_over(world: World, case: Case) -> None:
    _ends(world, case, "closed", "award_lapsed")


def award_stands(world: World, case: Case) -> None:
    """Nobody appealed in time, or the appeal was not paid for."""
    _ends(world, case, "final", "award_stands")
