"""When two states are the same: what of an agreement matters for all that can still happen, and nothing else.

Left out, because no rule can tell the difference from here on:

- instants: of all clocks that run, or go on after a pause, and of all rights that time gives or takes (`windows`), the
  order in which they come is kept (`exact`: how long each still is). Nothing that is over is kept. The explored
  calendar has no weekends, so nothing depends on the day.
- the history, the references that were told, the texts, the names of neutrals: no rule asks which one it was.
- what lies behind: the record of the work once the milestone is over; notices and delays of a review that has ended;
  disputes that have ended, but for whether this submission was disputed before; debts that were paid or waived, but for
  those of a chargeback that can be reversed; releases that have gone back whole; evidence.
- what the rulebook never asks for: requirements, revisions, answered offers, where it has no such rule.
- balances outside (`world:*`): what somebody gained so far opens and closes no move.
- while a dispute is open, what lies below it on the side of the work: no rule of a dispute reads it. It comes back with
  a withdrawal, so of two lives with another work below, only the one that was reached first is followed through that.

With `exact`, and but for the last of these, two states with the same key have the same moves, which lead to the same
keys again. With the order alone this holds until a clock is started that falls between two that run: then the life that
was reached first stands for the other. Whatever is walked is real, so a counterexample always plays; what an
abstraction may cost is a life that is not walked, never a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from escrowkit.clocks import CLOCKS, Clock, plain_due
from escrowkit.errors import UnknownRulebookValue
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone, obligation
from escrowkit.periods import Period
from escrowkit.pot import TABLES, Case, Lane, Pot

Key = tuple[Any, ...]
Instants = Iterator[tuple[str, datetime]]
_OF: Final = {name: tuple(clock for clock in CLOCKS if clock.machine == name) for name in TABLES}
_NAMED: Final = {clock.name: clock for clock in CLOCKS}


# -- time ------------------------------------------------------------------------------------------------------------


def windows(pot: Pot) -> Instants:
    """Instants that no clock tells but guards ask for: from when there is a right, and until when."""
    yield from _released_windows(pot)
    if pot.over:
        return
    if pot.rules.values["milestone.late.right"] and not any(map(pot.is_paused, _NAMED["late"].pauses)):
        yield from _at("late", lambda: pot.late_at)
    yield from _at("early", lambda: pot.early_until)
    if pot.disputed:
        yield from _at("escalable", lambda: pot.escalable_from)
        yield from _at("negotiable", lambda: pot.negotiable_until)
        yield from _decays(pot)
    else:
        yield from _at("disputable", lambda: pot.disputable_from)


def _released_windows(pot: Pot) -> Instants:
    """Until when each release can be given back, or claimed back."""
    add = pot.rules.calendar.add
    for name, path in (("refundable", "escrow.refund_released.within"), ("claimable", "dispute.lookback")):
        within = pot.rules.values[path]
        if isinstance(within, Period):
            yield from ((f"{name} {i}", add(one.at, within)) for i, one in _left(pot.escrow))


def _decays(pot: Pot) -> Instants:
    """Until when so much of an arbitration fee comes back, where that becomes less and less."""
    it, steps = pot.arbitration, pot.rules.values["arbitration.fee.decay"]
    if it is not None and it.half_at is not None and isinstance(steps, tuple):
        add = pot.rules.calendar.add
        yield from ((f"decay {i}", add(it.half_at, within)) for i, (within, _) in enumerate(steps))


def _left(it: escrow.Escrow | None) -> Iterator[tuple[int, escrow.Freed]]:
    return ((i, one) for i, one in enumerate(it.releases if it else ()) if one.left)


def _at(name: str, ask: Callable[[], datetime | None]) -> Instants:
    """An instant, if there is one and the sources settle it."""
    try:
        at = ask()
    except UnknownRulebookValue:
        return
    if at is not None:
        yield name, at


def _latent(pot: Pot) -> Instants:
    """When each clock is due that runs or will go on, paused or not."""
    for machine, clocks in _OF.items():
        record = getattr(pot, machine) if clocks else None
        if record is None or record.stack[0] in TABLES[machine].final:
            continue
        if machine == "milestone" and pot.disputed:
            continue
        for clock in clocks:
            if _can_run(pot, clock, record.stack):
                yield from _at(clock.name, lambda clock=clock: _due(pot, clock))  # type: ignore[misc]


def _can_run(pot: Pot, clock: Clock, stack: tuple[Any, ...]) -> bool:
    """Whether a clock runs in this state or in one below it. Withdrawing a dispute is a touch: dormancy starts anew."""
    named = (clock.period, clock.answer)
    dormant = clock.name == "dormancy" and pot.disputed
    return not dormant and any(s in clock.states for s in stack) and all(pot.rules.has(n) for n in named if n)


def _due(pot: Pot, clock: Clock) -> datetime | None:
    return clock.due(pot, clock) if clock.due else plain_due(pot, clock, clock.anchor(pot), clock.period)


def _each(pot: Pot) -> Instants:
    """Deadlines of which a clock tells the first alone: of each release, each offer, each side that must answer."""
    for i, one in _left(pot.escrow):
        if one.clearing:
            yield from _at(f"clears {i}", lambda at=one.at: plain_due(pot, _NAMED["clearing"], at, "escrow.clearing"))  # type: ignore[misc]
    it = pot.dispute
    if it is None or it.is_over:
        return
    for i, offer in enumerate(o for o in it.offers if o.open):
        yield from _at(f"offer {i}", lambda at=offer.at: plain_due(pot, _NAMED["offer"], at, "dispute.offers.within"))  # type: ignore[misc]
    if it.state is dispute.S.OPENED:
        yield from pot.answer_dues(_NAMED["answer"]).items()


def _times(pot: Pot, exact: bool) -> Key:
    """Which of them are still to come, in their order; `exact`: and how long each still is, in seconds."""
    at = pot.at
    ahead = sorted((due, name) for name, due in {*_latent(pot), *_each(pot), *windows(pot)} if due > at)
    if exact:
        return tuple((round((due - at).total_seconds()), name) for due, name in ahead)
    return tuple(tuple(name for _, name in group) for _, group in groupby(ahead, key=lambda one: one[0]))


# -- the records -----------------------------------------------------------------------------------------------------


def key(whole: Any, at: datetime, *, exact: bool = False) -> Key:
    """What matters of an agreement at an instant: equal for two that can only become the same."""
    fees = any(lane.rules.values["escrow.service_fee.model"] != "none" for lane in whole.lanes.values())
    inside = tuple((account, sum_.minor) for account, sum_ in whole.ledger.accounts() if account[:6] != "world:")
    billed = tuple((gross.minor, fee.minor) for gross, fee in whole.billed.values()) if fees else ()
    return (inside, billed, *[_lane(Pot(whole, lane, at), lane, exact) for lane in whole.lanes.values()])


def _lane(pot: Pot, lane: Lane, exact: bool) -> Key:
    work = _work(pot, lane.milestone) if lane.milestone else ()
    told = lane.feedback.stack if lane.feedback else ()
    return (work, _pot(pot, lane.escrow) if lane.escrow else (), _cases(pot), _debts(pot), told, _times(pot, exact))


def _work(pot: Pot, it: milestone.Milestone) -> Key:
    again = pot.submission in pot.disputed_submissions
    if pot.over:
        return (it.stack, again, bool(pot.lane.cases))
    if pot.disputed:
        return (it.stack[:1], again)
    rules = pot.rules.values
    reviewed = milestone.S.SUBMITTED in it.stack
    return (
        it.stack,
        again,
        bool(it.submission),
        it.deliverable,
        it.signed_payer,
        it.by_clock,
        it.revisions if rules["milestone.max_revisions"] is not None else 0,
        it.asked and (it.asked.minor, it.asked_by),
        it.asked_in == it.submission,
        it.proposal and (it.proposal.minor, it.proposal_by),
        (it.delays, it.delay_locked, len(it.notices)) if reviewed else (),
        it.requirements_at is None and rules["milestone.requirements.within"] is not None,
        frozenset((fact.name, fact.by) for fact in it.facts),
        it.proposer,
    )


def _pot(pot: Pot, it: escrow.Escrow) -> Key:
    return (
        it.stack,
        tuple((d.amount.minor, d.charged.minor) for d in it.deposits),
        it.pending and it.pending.minor,
        tuple((r.left.minor, r.gross.minor, r.fee.minor, r.back_fee.minor, r.clearing) for _, r in _left(it)),
        tuple(_charged(one) for one in escrow.standing(it)),
        tuple(sorted(sum_.minor for sum_ in it.promised)),
        tuple(sum_ and sum_.minor for sum_ in (it.processing, it.received, it.rolled)),
        pot.lane.unpaid,
        _fees(it) if pot.has_fees else (),
    )


def _fees(it: escrow.Escrow) -> Key:
    """What the fees of the list are counted on, and what they took."""
    sums = (it.paid, it.refunded, it.undone, it.given_back)
    by_name = tuple(
        tuple(sorted((name, sum_.minor) for name, sum_ in of.items())) for of in (it.levied, it.prepaid_back)
    )
    return (
        tuple(sum_ and sum_.minor for sum_ in sums),
        by_name,
        tuple((r.cut.minor, r.back_cut.minor) for r in it.releases),
    )


def _charged(it: escrow.ChargedBack) -> Key:
    taken = (it.from_escrow, it.from_clearing, it.from_payable, it.from_platform, it.back, it.back_fee)
    return tuple(part.minor for part in (*taken, it.excused, it.owed_by_payee))


def _debts(pot: Pot) -> Key:
    """What is owed, and what was paid for a chargeback that can still be reversed."""
    kept = (o for o in pot.lane.obligations if o.state is obligation.S.OPEN or _matters(o))
    return tuple(sorted((o.state.value, o.debtor, o.creditor, o.amount.minor, o.cause) for o in kept))


def _matters(it: obligation.Obligation) -> bool:
    return it.state is obligation.S.PAID and it.cause.startswith("chargeback")


def _cases(pot: Pot) -> Key:
    cases = pot.lane.cases
    return (bool(cases), _case(cases[-1], pot) if cases and not cases[-1].dispute.is_over else ())


def _case(case: Case, pot: Pot) -> Key:
    it, neutral, judge = case.dispute, case.mediation, case.arbitration
    return (
        it.stack,
        it.opener,
        it.opened_by,
        it.stake.minor,
        it.released.minor,
        it.must_answer,
        it.stages[it.stage :],
        it.power,
        it.claim_payer and it.claim_payer.minor,
        it.claim_payee and it.claim_payee.minor,
        it.escalated_at is None,
        tuple((offer.by, offer.to_payee.minor, offer.open) for offer in it.offers if offer.open or _counts_offers(pot)),
        tuple(clock for clock, _ in it.extensions),
        neutral and _neutral(neutral, pot),
        judge and _judge(judge),
    )


def _counts_offers(pot: Pot) -> bool:
    """Whether offers matter that were answered: as a number, as whose turn it is, or as the last word of a side."""
    rules = pot.rules.values
    last = rules["arbitration.award.menu"] == "last_offers" and "arbitration" in (rules["dispute.stages"] or ())
    return rules["dispute.offers.rounds"] is not None or rules["dispute.offers.turns"] != "free" or last


def _neutral(it: mediation.Mediation, pot: Pot) -> Key:
    """A mediation that is over matters by how it ended, and by its recommendation where an answer may name it."""
    if it.state not in TABLES["mediation"].final:
        return (it.stack, bool(it.mediator), it.recommendation and it.recommendation.minor, frozenset(it.accepted))
    return (it.stack, it.recommendation and it.recommendation.minor if _names_recommendation(pot) else None)


def _names_recommendation(pot: Pot) -> bool:
    return any(isinstance(said, tuple) and "recommendation" in said for said in pot.rules.values.values())


def _judge(it: arbitration.Arbitration) -> Key:
    return (
        *(it.stack, it.claimant, it.order, it.half_at is None, frozenset(it.paid), it.unsealed, bool(it.arbitrator)),
        *(it.award and it.award.minor, it.round, it.hearings, it.appellant, it.ruled, it.lapsed),
    )
