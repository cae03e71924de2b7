"""What follows from what: an event of one machine, and the commands that the rules then give to others.

Reactions run first in, first out, until none is left, within one all-or-nothing decision. A reaction that is refused is
`BrokenBooks`: a fault of these tables, never of a user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

from attrs import frozen

from escrowkit.conditions import holds
from escrowkit.ledger import CONDITIONS, Kind
from escrowkit.machines import arbitration, conduct, dispute, escrow, feedback, mediation, milestone, obligation
from escrowkit.machines.arbitration import S as A
from escrowkit.machines.escrow import S as E
from escrowkit.machines.mediation import S as M
from escrowkit.machines.milestone import S as W
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import Command, Event

Make = Callable[[Any, Any], Iterable[Command]]


@frozen
class Reaction:
    """On one of these events, these commands (if `make` gives them for the pot as it is after the event)."""

    on: tuple[type[Event], ...]
    then: tuple[type[Command], ...]
    make: Make
    words: str


# -- the milestone and its pot ---------------------------------------------------------------------------------------


def _start(pot: Any, event: Event) -> Iterator[Command]:
    if pot.milestone.state is W.AGREED and pot.funded_enough:
        yield milestone.Start(pot.id)


def _pass_through(pot: Any, event: Event) -> Iterator[Command]:
    """Money for a milestone that is approved is released at once, under what approved it; not what a suspension freezes."""
    if isinstance(event, _FUNDED) and pot.agreement.is_frozen:
        return
    if (
        pot.milestone.state is W.APPROVED
        and pot.held
        and not pot.impounded
        and holds(pot.release_condition, pot.facts, event.at)
    ):
        code, kind = pot.release_code
        yield escrow.Disburse(pot.id, pot.held, code, kind)


def _fulfil(pot: Any, event: Event) -> Iterator[Command]:
    own = pot.milestone.release_when
    active = pot.milestone.state in (W.ACTIVE, W.SUBMITTED, W.APPROVED)
    if own is not None and active and holds(own, pot.facts, event.at):
        yield milestone.Fulfil(pot.id)


def _refund_rest(pot: Any, event: milestone.CancelAgreed) -> Iterator[Command]:
    yield from _disburse(pot, pot.held - min(event.refund, pot.held), "cancel_agreed")


def _release_split(pot: Any, event: milestone.ReleaseAgreed) -> Iterator[Command]:
    yield from _disburse(pot, event.to_payee, "settlement_agreed")


def _divide_by_silence(pot: Any, event: milestone.SilenceDivided) -> Iterator[Command]:
    yield from _disburse(pot, min(event.to_payee, pot.held), event.code)


def _refund_all(pot: Any, event: milestone.Cancelled) -> Iterator[Command]:
    yield from _disburse(pot, pot.zero, cast(str, event.code))  # there is one wherever money is held


def _disburse(pot: Any, to_payee: Money, code: str) -> Iterator[Command]:
    if pot.held:
        yield escrow.Disburse(pot.id, to_payee, code, CONDITIONS[code][0])


def _void_requests(pot: Any, event: Event) -> Iterator[Command]:
    work = pot.milestone
    if not pot.over and (W.CANCELLING in work.stack or work.proposal is not None):
        yield milestone.Void(pot.id)


def _drain(pot: Any, event: Event) -> Iterator[Command]:
    """The pot leaves its state when nothing is held in it any more; a dispute over it ends first."""
    state = pot.escrow.state
    full = (E.HELD, E.FROZEN) if pot.clearing_gross else (E.HELD, E.FROZEN, E.IMPOUNDED, E.CLEARING)
    if not pot.disputed and not pot.held and state in full:
        yield escrow.Drain(pot.id)


def _complete(pot: Any, event: Event) -> Iterator[Command]:
    """All of the price was released, or what was not went to the next milestone."""
    rolled = isinstance(event, escrow.RolledOver) and not pot.held
    if not pot.over and not pot.disputed and (pot.released >= pot.price or (rolled and pot.released)):
        yield milestone.Complete(pot.id)


def _all_refunded(pot: Any, event: Event) -> Iterator[Command]:
    rolled = isinstance(event, escrow.RolledOver) and pot.released
    if not pot.over and not pot.held and not rolled:
        yield milestone.Conclude(pot.id, bool(pot.released))


def _close(pot: Any, event: Event) -> Iterator[Command]:
    if pot.over and pot.escrow is not None and pot.escrow.state is E.EMPTY and pot.ever_held:
        yield escrow.Close(pot.id)


# -- the dispute -----------------------------------------------------------------------------------------------------


def _dispute_by_clock(pot: Any, event: Event) -> Iterator[Command]:
    yield dispute.Open(pot.id)  # the clock runs only while something is held


def _freeze(pot: Any, event: dispute.Opened) -> Iterator[Command]:
    if not pot.over or pot.clearing_gross:
        yield escrow.Freeze(pot.id)
    if not pot.over:
        yield milestone.Suspend(pot.id)
    if not event.must_answer:
        yield dispute.Proceed(pot.id)


def _escalate(pot: Any, event: Event) -> Iterator[Command]:
    at_once = pot.rules["dispute.escalate.when"] == "at once"
    if at_once and pot.dispute.state is dispute.S.CONTESTED and pot.next_stage:
        yield dispute.Escalate(pot.id)


def _open_stage(pot: Any, event: dispute.Escalated) -> Iterator[Command]:
    if event.stage == "mediation":
        yield mediation.Open(pot.id)
    if event.stage == "arbitration":
        yield arbitration.Open(pot.id)


def _conclude(pot: Any, to_payee: Money, code: str, kind: Kind | None = None, cost: Money | None = None) -> Command:
    return dispute.Conclude(pot.id, to_payee, code, kind or CONDITIONS[code][0], cost)


def _mediation_agreed(pot: Any, event: Any) -> Iterator[Command]:
    if pot.mediation.state is M.AGREED:
        silent = isinstance(event, mediation.DeemedAccepted)
        yield _conclude(pot, event.to_payee, "recommendation_accepted", Kind.PROCEDURE if silent else None)


def _mediator_decided(pot: Any, event: mediation.Decided) -> Iterator[Command]:
    yield _conclude(pot, event.to_payee, "mediator_decided")


def _mediation_failed(pot: Any, event: Event) -> Iterator[Command]:
    """The rulebook's answers in order: the next stage, if there is one; a division; or it stays as it is."""
    code = "award_lapsed" if isinstance(event, mediation.Lapsed) else "refused_to_rule"
    for answer in pot.rules["mediation.on_failure"]:
        if answer == "next_stage" and pot.next_stage:
            if pot.rules["dispute.escalate.when"] == "at once":
                yield dispute.Escalate(pot.id)
            return
        gives = pot.answer((answer,), pot.stake)
        if gives is not None:
            yield _conclude(pot, gives, code)
            return


def _award(pot: Any, event: Any) -> Iterator[Command]:
    if pot.arbitration.state is A.FINAL:
        yield _conclude(pot, event.to_payee, "awarded", cost=event.cost)
        yield arbitration.SettleFees(pot.id)


def _nobody_paid(pot: Any, event: Event) -> Iterator[Command]:
    gives = _unpaid(pot, "none_paid")
    yield dispute.Drop(pot.id) if gives is None else _conclude(pot, gives, "nobody_paid_fee")
    yield arbitration.SettleFees(pot.id)


def _only_one_paid(pot: Any, event: arbitration.OnlyOnePaid) -> Iterator[Command]:
    yield _conclude(pot, _unpaid(pot, "one_paid", pot.gives_claim(Role(event.paid))), "only_one_paid_fee")
    yield arbitration.SettleFees(pot.id)


def _unpaid(pot: Any, who: str, claim: Money | None = None) -> Any:
    """What the payee gets where a fee was not paid; out of what is held, it keeps what it was paid before.

    Nothing, if all stays as it was.
    """
    gives: Money | None = pot.answer(pot.rules[f"arbitration.{who}.gets"], pot.stake, claim=claim)
    held = pot.rules[f"arbitration.{who}.out_of"] == "held"
    return max(gives, pot.stake_released) if gives is not None and held else gives


def _no_ruling(pot: Any, event: Event) -> Iterator[Command]:
    refused = isinstance(event, arbitration.Refused)
    answers = pot.rules["arbitration.refusal.divide" if refused else "arbitration.award.on_silence"]
    yield _conclude(pot, pot.answer(answers, pot.stake), "refused_to_rule" if refused else "award_lapsed")
    yield arbitration.SettleFees(pot.id)


def _settle_fees(pot: Any, event: Event) -> Iterator[Command]:
    yield arbitration.SettleFees(pot.id)


def _divide(pot: Any, event: dispute.Concluded) -> Iterator[Command]:
    yield escrow.Divide(pot.id, event.to_payee, event.code, event.kind, event.cost or pot.zero)
    yield from _close_stages(pot, event)


def _reclaim(pot: Any, event: obligation.Paid) -> Iterator[Command]:
    if event.cause == "outcome":
        yield escrow.Reclaim(pot.id, event.amount)


def _divided(pot: Any, event: escrow.Divided) -> Iterator[Command]:
    if event.advanced:
        yield escrow.Reclaim(pot.id, event.owed)
        yield obligation.Open(pot.id, "payee", "platform", event.owed - event.owed_fee, "advance")
    elif event.owed:
        yield obligation.Open(pot.id, "payee", "payer", event.owed, "outcome")
    if not pot.over:
        yield milestone.Conclude(pot.id, bool(pot.released - event.owed))


def _thaw(pot: Any, event: Event) -> Iterator[Command]:
    if E.FROZEN in pot.escrow.stack:  # under a hold of the platform too
        yield escrow.Thaw(pot.id)
    if pot.milestone.state is W.DISPUTED:
        yield milestone.Resume(pot.id)
    yield from _close_stages(pot, event)


def _close_stages(pot: Any, event: Event) -> Iterator[Command]:
    if pot.mediation is not None and pot.mediation.state not in mediation.TABLE.final:
        yield mediation.Close(pot.id)
    if pot.arbitration is not None and pot.arbitration.state not in arbitration.TABLE.final:
        yield arbitration.Close(pot.id)


def _conceded(pot: Any, event: escrow.Conceded) -> Iterator[Command]:
    """Releasing all gives the payee the whole stake; refunding all leaves it what was paid before."""
    yield _conclude(pot, pot.stake if event.to == "payee" else pot.stake_released, "claim_conceded")


# -- from outside ----------------------------------------------------------------------------------------------------


_OVERRIDES: Final[dict[type[Event], str]] = {escrow.Seized: "platform_seized", escrow.OrderObeyed: "court_ordered"}


def _overridden(pot: Any, event: Event) -> Iterator[Command]:
    if pot.disputed:
        code = _OVERRIDES.get(type(event), "charged_back")
        yield dispute.Override(pot.id, event.code if isinstance(event, escrow.HoldEnded) else code)
    if not pot.over:
        ended = isinstance(event, escrow.HoldEnded)
        yield milestone.Conclude(pot.id, bool(pot.released) and not ended)


def _restake(pot: Any, event: Event) -> Iterator[Command]:
    """A stake that a chargeback emptied ends the dispute; one that it only changed stays in dispute."""
    if not pot.disputed:
        return
    stake = pot.inside + min(pot.stake_released, pot.cleared)
    if not stake:
        yield from _overridden(pot, event)
    elif stake != pot.stake:
        yield dispute.Restake(pot.id, stake)
        if pot.mediation is not None and pot.mediation.state is M.RECOMMENDED:
            yield mediation.Void(pot.id)


def _advanced(pot: Any, event: escrow.ChargedBack) -> Iterator[Command]:
    """What the platform had to advance for a chargeback is owed to it."""
    cause = f"chargeback {event.reference}"
    for debtor, owed in (("payee", event.owed_by_payee), ("payer", event.owed_by_payer)):
        if owed:
            yield obligation.Open(pot.id, debtor, "platform", owed, cause)


def _paid_late(pot: Any, event: escrow.PaidOut) -> Iterator[Command]:
    """A chargeback took what had left already: what the platform put in for it is owed to it."""
    for reference, owed in (event.owed or {}).items():
        if owed:
            yield obligation.Open(pot.id, "payee", "platform", owed, f"chargeback {reference}")


def _excused(pot: Any, event: escrow.ChargedBack) -> Iterator[Command]:
    """The payer has it from the bank: nobody is paid the same money by an award once more."""
    left = event.excused
    for number in pot.obligations_for("outcome") if left else ():
        owed = pot.lane.obligations[number - 1].amount
        yield obligation.Cancel(pot.id, number)
        if owed > left:
            yield obligation.Open(pot.id, "payee", "payer", owed - left, "outcome")
        left = max(left - owed, pot.zero)


def _cause_gone(pot: Any, event: escrow.ChargeBackReversed) -> Iterator[Command]:
    for number in pot.obligations_for(f"chargeback {event.reference}"):
        yield obligation.Cancel(pot.id, number)
    if event.charged.excused:
        yield obligation.Open(pot.id, "payee", "payer", event.charged.excused, "outcome")


def _fee_owed(pot: Any, event: escrow.Disposed) -> Iterator[Command]:
    """A fee that was taken of money that now goes back, where it is the payee who bears it."""
    owed = event.back_fee if pot.fee_on_refund == "payee" else pot.zero
    if event.levies and event.levies.back:
        owed += event.levies.back
    if owed:
        yield obligation.Open(pot.id, "payee", "payer", owed, "fee")


def _receive(pot: Any, event: escrow.RolledOver) -> Iterator[Command]:
    yield escrow.Receive(event.to, event.amount, pot.id)


# -- standing: it moves no money -------------------------------------------------------------------------------------


def _feedback(pot: Any, event: Event) -> Iterator[Command]:
    """Once there was money and the milestone is over, the sides may rate one another; a later dispute may change who."""
    told = pot.feedback
    if not pot.over or not pot.ever_held or not pot.rules.has("conduct.feedback.within"):
        return
    if told is None:
        yield feedback.Open(pot.id)
    elif not told.is_over and told.withheld != pot.feedback_withheld:
        yield feedback.Revise(pot.id)


def _suspend(pot: Any, event: Event) -> Iterator[Command]:
    """Who lost a case by its own silence, where the rulebook says so; once."""
    if pot.rules.values["conduct.default_suspends"] is True:
        for side in pot.lane.cases[-1].defaulted:
            if not pot.agreement.conduct_of(side).is_suspended:
                yield conduct.Suspend(side, _SILENT)


_SILENT: Final = "it lost a dispute by its own silence"


def _hold(whole: Any, event: Any) -> Iterator[Command]:
    yield from (escrow.Hold(id_, event.reason) for id_ in event.holds)


def _hold_arrival(pot: Any, event: Event) -> Iterator[Command]:
    if pot.agreement.is_frozen and pot.escrow.state is E.HELD:
        yield escrow.Hold(pot.id, _ARRIVED)


_ARRIVED: Final = "it arrived while a side was suspended"


def _lift(whole: Any, event: conduct.Reinstated) -> Iterator[Command]:
    yield from (escrow.Lift(id_) for id_ in event.lifts)


_FUNDED = (escrow.Deposited, escrow.DepositConfirmed, escrow.Received)
_DISPOSED = (
    escrow.Released,
    escrow.Refunded,
    escrow.Disbursed,
    escrow.Divided,
    escrow.Seized,
    escrow.OrderObeyed,
    escrow.HoldEnded,
)
_MOVED = (*_DISPOSED, escrow.RolledOver, escrow.ChargedBack, escrow.Cleared, escrow.ReleasedRefunded)
_BACK = (
    milestone.Voided,
    milestone.CancelDeclined,
    milestone.CancelWithdrawn,
    milestone.SilenceIgnored,
    milestone.Resumed,
    escrow.ChargeBackReversed,
)
_ENDED = (
    dispute.Concluded,
    dispute.Conceded,
    dispute.OfferAccepted,
    dispute.OfferStands,
    dispute.Defaulted,
    dispute.SmallPotDivided,
)
_OVER = (
    milestone.Completed,
    milestone.Cancelled,
    milestone.CancelAgreed,
    milestone.ReleaseAgreed,
    milestone.SilenceDivided,
    milestone.Concluded,
)

#: What ends a milestone also when its pot is empty: who agrees on money has some.
_OVER_WITHOUT_MONEY = (milestone.Completed, milestone.Cancelled, milestone.SilenceDivided, milestone.Concluded)

REACTIONS: Final[tuple[Reaction, ...]] = (
    Reaction((milestone.Included, milestone.Accepted), (escrow.Open,), lambda pot, e: (escrow.Open(pot.id),),
             "an agreed milestone has a pot"),
    Reaction((escrow.Opened, *_FUNDED, milestone.Voided, milestone.Resumed, escrow.ChargeBackReversed), (milestone.Start,), _start,
             "funded as far as the rulebook asks, the work starts"),
    Reaction((milestone.Submitted, milestone.Attested), (milestone.Fulfil,), _fulfil,
             "a signature or an attestation may meet the milestone's own release condition"),
    Reaction((milestone.Approved, milestone.DeemedApproved, milestone.ConditionMet, *_FUNDED, *_BACK, escrow.Lifted, escrow.ImpoundLapsed),
             (escrow.Disburse,), _pass_through,
             "an approved milestone's money is released when its release condition holds"),
    Reaction((milestone.CancelAgreed,), (escrow.Disburse,), _refund_rest, "the agreed refund, the rest to the payee"),
    Reaction((milestone.ReleaseAgreed,), (escrow.Disburse,), _release_split, "an agreed split divides what is held"),
    Reaction((milestone.SilenceDivided,), (escrow.Disburse,), _divide_by_silence, "a silence divides what is held"),
    Reaction((milestone.Cancelled,), (escrow.Disburse,), _refund_all, "a cancelled milestone gives back what is held"),
    Reaction((*_FUNDED, escrow.Released, escrow.Refunded, escrow.RolledOver, escrow.ChargedBack, escrow.ChargeBackReversed),
             (milestone.Void,), _void_requests,
             "money that moves voids a pending request over the old sum"),
    Reaction((*_MOVED, dispute.Overridden, escrow.Thawed, escrow.Lifted, escrow.ImpoundLapsed), (escrow.Drain,), _drain,
             "a pot with nothing left in it is no longer held"),
    Reaction((escrow.Released, escrow.Disbursed, escrow.RolledOver), (milestone.Complete,), _complete,
             "all of the price released completes the milestone"),
    Reaction((escrow.Refunded, escrow.RolledOver), (milestone.Conclude,), _all_refunded, "all given back ends the milestone"),
    Reaction((escrow.RolledOver,), (escrow.Receive,), _receive, "the other pot takes the rest in"),
    Reaction((escrow.Seized, escrow.OrderObeyed, escrow.HoldEnded), (dispute.Override, milestone.Conclude), _overridden,
             "money disposed of from outside ends dispute and milestone"),
    Reaction((milestone.ReviewEscalated,), (dispute.Open,), _dispute_by_clock, "a review that passed opens a dispute, where the rulebook says so"),
    Reaction((dispute.Opened,), (escrow.Freeze, milestone.Suspend, dispute.Proceed), _freeze,
             "a dispute freezes this pot and no other, and pauses this milestone"),
    Reaction((dispute.Contested, dispute.Proceeded, dispute.SilenceContests), (dispute.Escalate,), _escalate,
             "a contested dispute goes on to its first stage, where the rulebook says at once"),
    Reaction((dispute.Escalated,), (mediation.Open, arbitration.Open), _open_stage, "a stage opens"),
    Reaction((mediation.Accepted, mediation.DeemedAccepted), (dispute.Conclude,), _mediation_agreed, "a recommendation that both accepted settles the dispute"),
    Reaction((mediation.Decided,), (dispute.Conclude,), _mediator_decided, "a mediator with the power to decide ends the dispute"),
    Reaction((mediation.Rejected, mediation.Failed, mediation.Lapsed), (dispute.Escalate, dispute.Conclude), _mediation_failed,
             "a failed mediation leads to the next stage, or to the rulebook's answer"),
    Reaction((arbitration.Awarded, arbitration.AwardStands), (dispute.Conclude, arbitration.SettleFees), _award, "a final award ends the dispute"),
    Reaction((arbitration.NobodyPaid,), (dispute.Conclude, dispute.Drop, arbitration.SettleFees), _nobody_paid, "nobody paid the fee: the rulebook's answer"),
    Reaction((arbitration.OnlyOnePaid,), (dispute.Conclude, arbitration.SettleFees), _only_one_paid, "only one side paid the fee: the rulebook's answer"),
    Reaction((arbitration.Refused, arbitration.AwardLapsed), (dispute.Conclude, arbitration.SettleFees), _no_ruling, "no ruling: the rulebook's division"),
    Reaction((arbitration.Closed,), (arbitration.SettleFees,), _settle_fees, "a closed arbitration gives its fees back or earns them"),
    Reaction(_ENDED, (escrow.Divide, mediation.Close, arbitration.Close), _divide, "an ended dispute divides its stake"),
    Reaction((escrow.Divided,), (escrow.Reclaim, obligation.Open, milestone.Conclude), _divided,
             "the milestone ends with its money; what was paid before is owed, to the payer or to who advanced it"),
    Reaction((dispute.Withdrawn, dispute.Dropped), (escrow.Thaw, milestone.Resume, mediation.Close, arbitration.Close), _thaw,
             "a dispute that was withdrawn, or that nobody took further, leaves everything as it was"),
    Reaction((dispute.Overridden,), (mediation.Close, arbitration.Close), _close_stages, "an overridden dispute closes its stages"),
    Reaction((escrow.Conceded,), (dispute.Conclude,), _conceded, "releasing or refunding all in a dispute concedes it"),
    Reaction((escrow.ChargedBack, escrow.ChargeBackReversed, escrow.ReleasedRefunded), (dispute.Restake, dispute.Override, mediation.Void, milestone.Conclude), _restake,
             "money that a fact moves in a dispute changes the stake, or ends it"),
    Reaction((obligation.Paid,), (escrow.Reclaim,), _reclaim, "what the payee paid back was released no longer"),
    Reaction((escrow.ChargedBack,), (obligation.Open,), _advanced, "what the platform advanced for a chargeback is owed to it"),
    Reaction((escrow.PaidOut,), (obligation.Open,), _paid_late, "so is what it put in for a payout that had left before the chargeback was told"),
    Reaction((escrow.ChargedBack,), (obligation.Cancel, obligation.Open), _excused, "what the bank took back is not owed by an award once more"),
    Reaction((escrow.ChargeBackReversed,), (obligation.Cancel, obligation.Open), _cause_gone,
             "a reversed chargeback ends what was owed for it, and what an award gave is owed again"),
    Reaction((escrow.Divided, escrow.Seized, escrow.OrderObeyed, escrow.HoldEnded), (obligation.Open,), _fee_owed,
             "a fee on money that went back, where the payee bears it"),
    Reaction((escrow.Drained, escrow.DepositReturned, escrow.DepositFailed, escrow.FundingLapsed, *_OVER_WITHOUT_MONEY),
             (escrow.Close,), _close, "an empty pot of a milestone that is over is settled"),
    Reaction((*_OVER, escrow.Divided), (feedback.Open, feedback.Revise), _feedback, "the outcome says who may give feedback"),
    Reaction((dispute.Concluded, dispute.Defaulted), (conduct.Suspend,), _suspend, "a default suspends, where the rulebook says so"),
    Reaction((conduct.Suspended, conduct.StruckOut, conduct.Excluded), (escrow.Hold,), _hold,
             "the platform's suspension freezes what is held: it never pays and never refunds"),
    Reaction((escrow.DepositConfirmed, escrow.Received), (escrow.Hold,), _hold_arrival, "what arrives while the platform has a side suspended is frozen too"),
    Reaction((conduct.Reinstated,), (escrow.Lift,), _lift, "a suspension that ends gives free what it froze"),
)  # fmt: skip

_BY_EVENT: Final[dict[type[Event], tuple[Reaction, ...]]] = {
    event: tuple(r for r in REACTIONS if event in r.on) for event in {e for r in REACTIONS for e in r.on}
}


def reactions(whole: Any, event: Event) -> list[Command]:
    """The commands that follow from an event, in the order of the table; the pot is as it is after the event.

    What is said of a side is about the agreement as a whole, and of no pot.
    """
    follow = _BY_EVENT.get(type(event))
    if follow is None:
        return []
    about = whole.pot(event.milestone) if event.milestone else whole
    return [command for reaction in follow for command in reaction.make(about, event)]
