"""The money of one milestone: deposited, held, released or refunded; frozen by a dispute, impounded by the platform."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from attrs import evolve as changed
from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.errors import BadAmount, BadArgument, NotYourMove, OverHeld
from escrowkit.ledger import Kind
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import BACK, SAME, Command, Context, Event, Row, Table, Waits, guard, not_impounded, restack

R = Role


class S(StrEnum):
    """The states of an escrow."""

    EMPTY = "empty"
    FUNDING = "funding"
    HELD = "held"
    FROZEN = "frozen"
    IMPOUNDED = "impounded"
    CLEARING = "clearing"
    SETTLED = "settled"


# -- what is said ----------------------------------------------------------------------------------------------------


@frozen
class Open(Command):
    """A pot for an agreed milestone."""


@frozen
class Deposit(Command):
    """Pay money in; it arrived and is held."""

    amount: Amount = arg.amount()
    reference: str | None = arg.text(optional=True)


@frozen
class RequestDeposit(Command):
    """Start a payment that the provider confirms later."""

    amount: Amount = arg.amount()


@frozen
class ConfirmDeposit(Command):
    """The provider reports that money arrived."""

    amount: Amount = arg.amount()
    reference: str = arg.text()


@frozen
class FailDeposit(Command):
    """The provider reports that a payment failed."""

    reason: str = arg.text()


@frozen
class Release(Command):
    """Release all or part of what is held to the payee."""

    amount: Amount = arg.amount()


@frozen
class Refund(Command):
    """Give all or part of what is held back to the payer."""

    amount: Amount = arg.amount()


@frozen
class RollOver(Command):
    """Move what a partial release left to the next milestone's pot."""

    amount: Amount = arg.amount()
    to: str = arg.text()


@frozen
class Receive(Command):
    """Take in what was rolled over from another pot."""

    amount: Money = arg.internal()
    origin: str = arg.internal()


@frozen
class Hold(Command):
    """Impound the money, apart from any dispute."""

    reason: str = arg.text()


@frozen
class Lift(Command):
    """End the platform's hold."""


@frozen
class Seize(Command):
    """Take all for fraud or illegality: to the payer's source, the payee or an authority, never to the platform."""

    to: str = arg.one_of("payer", "payee", "authority")
    reason: str = arg.text()
    evidence: str | None = arg.text(optional=True)


@frozen
class ObeyOrder(Command):
    """Do what a court ordered."""

    to_payee: Amount = arg.amount(zero=True)
    reference: str = arg.text()


@frozen
class ChargeBack(Command):
    """The provider reports that the payer's bank took a deposit back."""

    amount: Amount = arg.amount()
    reference: str = arg.text()
    fee: Amount | None = arg.amount(zero=True, optional=True)
    deposit: str | None = arg.text(optional=True)


@frozen
class ReverseChargeBack(Command):
    """The provider reports that a chargeback was reversed."""

    reference: str = arg.text()


@frozen
class RequestRefundReleased(Command):
    """Ask the payee to give released money back; moves nothing."""

    amount: Amount = arg.amount()


@frozen
class RefundReleased(Command):
    """Give released money back of one's own accord."""

    amount: Amount = arg.amount()


@frozen
class ConfirmRefundReleased(Command):
    """The provider reports that a voluntary refund went through."""

    amount: Amount = arg.amount()
    reference: str = arg.text()


@frozen
class ConfirmPayout(Command):
    """The provider reports that what was payable left for the world."""

    to: str = arg.one_of("payer", "payee", "platform", "arbitrator")
    amount: Amount = arg.amount()
    reference: str = arg.text()


@frozen
class FailPayout(Command):
    """The provider reports that a payout failed; the money stays claimable."""

    to: str = arg.one_of("payer", "payee", "platform", "arbitrator")
    amount: Amount = arg.amount()
    reference: str = arg.text()
    reason: str = arg.text()


@frozen
class Disburse(Command):
    """Pay out all that is held, as another machine decided."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()


@frozen
class Divide(Command):
    """Divide the stake as the dispute ended; `cost` is a fee out of the pot."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()
    cost: Money = arg.internal()


@frozen
class Freeze(Command):
    """A dispute opened over this pot."""


@frozen
class Thaw(Command):
    """The dispute was withdrawn."""


@frozen
class Drain(Command):
    """Nothing is held any more."""


@frozen
class Reclaim(Command):
    """The payee paid back what an outcome had made it owe."""

    amount: Money = arg.internal()


@frozen
class Close(Command):
    """The milestone is over and its pot is empty."""


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()


# -- what happened ---------------------------------------------------------------------------------------------------


@frozen
class Opened(Event):
    """The pot is open."""


@frozen
class Deposited(Event):
    """Money arrived and is held."""

    amount: Money
    reference: str
    processing_fee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Under which reference, and what the payer pays on top."""
        reference = ctx.command.reference or _unnamed(ctx.it)
        return {"reference": reference, "processing_fee": ctx.pot.processing_fee(ctx.command.amount)}


@frozen
class Repeated(Event):
    """A reference was told twice: nothing moves."""

    says_all: ClassVar[bool] = False
    reference: str | None


@frozen
class DepositRequested(Event):
    """A payment was started; the provider has not confirmed it."""

    amount: Money


@frozen
class DepositConfirmed(Event):
    """The provider confirmed a deposit; what is over the price is payable to the payer."""

    amount: Money
    reference: str
    kept: Money
    processing_fee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """How much of it fits."""
        kept = min(ctx.command.amount, ctx.pot.lacks)
        return {"kept": kept, "processing_fee": ctx.pot.processing_fee(kept)}


@frozen
class DepositReturned(Event):
    """Money arrived too late or fits nowhere: it is payable to the payer."""

    amount: Money
    reference: str


@frozen
class DepositFailed(Event):
    """A payment failed."""

    reason: str


@frozen
class FundingLapsed(Event):
    """A requested deposit was never confirmed."""

    clock: str


@frozen
class Disposed(Event):
    """Money left this pot: `paid` (gross, of which `fee`) to the payee, `to_payer` out of the escrow to the payer,
    and `back` (gross, of which `back_fee`) of what was clearing. `clears`: what was paid has a security hold ahead."""

    paid: Money
    fee: Money
    to_payer: Money
    back: Money
    back_fee: Money
    clears: bool


@frozen
class Released(Disposed):
    """The payer released money to the payee."""

    amount: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What the payee gets of it."""
        return disposal(ctx, ctx.command.amount) | {"to_payer": ctx.pot.zero}


@frozen
class Refunded(Disposed):
    """The payee gave money back to the payer."""

    amount: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What goes back."""
        return disposal(ctx, ctx.pot.zero) | {"to_payer": ctx.command.amount}


@frozen
class Disbursed(Disposed):
    """All that was held was paid out, as another machine decided."""

    to_payee: Money
    code: str
    kind: Kind

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Who gets what."""
        return disposal(ctx, ctx.command.to_payee)


@frozen
class Divided(Disposed):
    """The stake was divided; `owed` is what the payee owes beyond what was still here."""

    to_payee: Money
    code: str
    kind: Kind
    cost: Money
    owed: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What was already paid counts first: from what is here, the payee gets the rest."""
        gives = ctx.command.to_payee - ctx.pot.stake_released
        owed = max(-gives, ctx.pot.zero)
        return disposal(ctx, max(gives, ctx.pot.zero), clearing=True, cost=ctx.command.cost) | {"owed": owed}


@frozen
class Seized(Disposed):
    """The platform took all for fraud or illegality: an override, not a judgment on the merits."""

    to: str
    reason: str
    evidence: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """All to one."""
        everything = ctx.pot.held + ctx.pot.clearing_gross
        gives = everything if ctx.command.to == "payee" else ctx.pot.zero
        return disposal(ctx, gives, clearing=True) | {"clears": False}


@frozen
class OrderObeyed(Disposed):
    """A court's order was obeyed."""

    to_payee: Money
    reference: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As ordered."""
        return disposal(ctx, ctx.command.to_payee, clearing=True) | {"clears": False}


@frozen
class HoldEnded(Disposed):
    """The longest time that money may be held was over, or nobody did anything for too long."""

    clock: str
    code: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """By the rulebook's answer."""
        limit = ctx.command.clock == "hold_limit"
        key = "escrow.hold_limit.on_expiry" if limit else "escrow.dormancy.on_silence"
        clearing = limit and ctx.pot.disputed
        whole = ctx.pot.held + (ctx.pot.clearing_gross if clearing else ctx.pot.zero)
        gives = ctx.pot.answer(ctx.rules[key], whole) or ctx.pot.zero
        code = "hold_limit_reached" if limit else "dormant"
        return disposal(ctx, gives, clearing=clearing) | {"code": code, "clears": False}


@frozen
class Conceded(Event):
    """One side released or refunded all in a dispute: a concession."""

    amount: Money
    to: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """To whom."""
        return {"to": ctx.by.other.value}


@frozen
class RolledOver(Event):
    """A rest went to the next milestone's pot."""

    amount: Money
    to: str


@frozen
class Received(Event):
    """A rest of another milestone was taken in."""

    amount: Money
    origin: str


@frozen
class Held(Event):
    """The platform impounded the money."""

    reason: str


@frozen
class Lifted(Event):
    """The platform's hold ended."""


@frozen
class ImpoundLapsed(Event):
    """The platform's hold lasted as long as it may; it lifts and pays nobody."""

    clock: str


@frozen
class ChargedBack(Event):
    """The payer's bank took money back: from the escrow, then what clears, then what is payable, then the platform."""

    amount: Money
    reference: str
    fee: Money
    deposit: str
    from_escrow: Money
    from_clearing: Money
    from_payable: Money
    from_platform: Money
    back: Money
    back_fee: Money
    owed_by_payee: Money
    owed_by_payer: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Out of which accounts, and who owes the platform what it had to advance."""
        return charge_back(ctx)


@frozen
class ChargeBackReversed(Event):
    """A chargeback was reversed: its money comes back to where it was, or to whom it belongs."""

    reference: str
    charged: ChargedBack
    to_escrow: bool

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What it had taken."""
        charged = _charged(ctx)
        held = charged is not None and bool(charged.from_escrow)
        return {"charged": charged, "to_escrow": held and not ctx.pot.over}


@frozen
class RefundReleasedRequested(Event):
    """The payer asked for released money back."""

    amount: Money


@frozen
class RefundReleasedPromised(Event):
    """The payee gives released money back; it is booked when the provider confirms."""

    amount: Money


@frozen
class ReleasedRefunded(Event):
    """The payee gave released money back."""

    amount: Money
    back: Money
    back_fee: Money
    from_clearing: Money
    reference: str | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Out of what is still clearing first; the service fee as the rulebook says."""
        _, gross, fee = take_back(ctx.it.releases, min(ctx.command.amount, ctx.pot.clearing_gross), clearing=True)
        _, back, fees = take_back(ctx.it.releases, min(ctx.command.amount, ctx.pot.released))
        return {"back": back, "back_fee": fees, "from_clearing": gross - fee}


@frozen
class Reclaimed(Event):
    """The payee paid back what an outcome had made it owe: so much of what was released has gone back."""

    amount: Money
    back_fee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """With the service fee that was on it."""
        _, back, fee = take_back(ctx.it.releases, min(ctx.command.amount, ctx.pot.released))
        return {"amount": back, "back_fee": fee}


@frozen
class PaidOut(Event):
    """What was payable left for the world."""

    to: str
    amount: Money
    reference: str


@frozen
class PayoutFailed(Event):
    """A payout failed; the money stays claimable."""

    to: str
    amount: Money
    reference: str
    reason: str


@frozen
class Cleared(Event):
    """A release passed its security hold."""

    clock: str
    amount: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The net of the oldest release that still clears."""
        return {"amount": next(r.net for r in ctx.it.releases if r.clearing)}


@frozen
class Frozen(Event):
    """A dispute froze the money."""


@frozen
class Thawed(Event):
    """The dispute was withdrawn: the money is as it was."""


@frozen
class Drained(Event):
    """Nothing is held any more."""


@frozen
class Closed(Event):
    """The pot is settled."""


# -- the rules in words ----------------------------------------------------------------------------------------------


@guard()
def told_before(ctx: Context[Escrow]) -> bool:
    """This reference was told before, so nothing moves."""
    told = (_family(ctx.command.word), ctx.command.reference)
    return told in ctx.it.told or (told[0] == "deposit" and bool(ctx.pot.told_elsewhere(told)))


def _family(word: str) -> str:
    """A deposit counts once, whether it was told as arrived or as confirmed."""
    return "deposit" if word == "confirm_deposit" else word


@guard(BadAmount, most=lambda ctx: ctx.pot.lacks)
def within_price(ctx: Context[Escrow]) -> bool:
    """The deposit is at most what the price still lacks."""
    return bool(ctx.command.amount <= ctx.pot.lacks)


@guard()
def takes_money(ctx: Context[Escrow]) -> bool:
    """The milestone is not over."""
    return not ctx.pot.over


@guard()
def no_request_pending(ctx: Context[Escrow]) -> bool:
    """No other payment waits for the provider."""
    return ctx.it.pending is None


@guard()
def deposit_fits(ctx: Context[Escrow]) -> bool:
    """The payment was asked for, and the price still lacks money."""
    return ctx.it.pending is not None and bool(ctx.pot.lacks) and not ctx.pot.over


@guard(NotYourMove, reads=("escrow.release.by",), people=lambda rules: rules.values["escrow.release.by"])
def may_release(ctx: Context[Escrow]) -> bool:
    """The rulebook lets this role release."""
    return _named(ctx, "escrow.release.by")


@guard(NotYourMove, reads=("escrow.refund.by",), people=lambda rules: rules.values["escrow.refund.by"])
def may_refund(ctx: Context[Escrow]) -> bool:
    """The rulebook lets this role refund."""
    return _named(ctx, "escrow.refund.by")


@guard(OverHeld, most=lambda ctx: ctx.pot.held)
def within_held(ctx: Context[Escrow]) -> bool:
    """The sum is at most what is held."""
    return bool(ctx.command.amount <= ctx.pot.held)


@guard(reads=("escrow.release.partial",))
def part_possible(ctx: Context[Escrow]) -> bool:
    """The rulebook lets a part be released, or it is all."""
    return bool(ctx.command.amount == ctx.pot.held) or bool(ctx.rules["escrow.release.partial"])


@guard(OverHeld, most=lambda ctx: ctx.pot.held)
def release_within_stake(ctx: Context[Escrow]) -> bool:
    """The sum is at most what is held."""
    return bool(ctx.command.amount <= ctx.pot.held)


@guard()
def whole_release(ctx: Context[Escrow]) -> bool:
    """In a dispute only all that is held can be released, as a concession; parts wait for its end."""
    return bool(ctx.command.amount == ctx.pot.held)


@guard(OverHeld, most=lambda ctx: ctx.pot.held + ctx.pot.clearing_gross)
def refund_within_stake(ctx: Context[Escrow]) -> bool:
    """The sum is at most what is held, clearing included."""
    return bool(ctx.command.amount <= ctx.pot.held + ctx.pot.clearing_gross)


@guard()
def whole_refund(ctx: Context[Escrow]) -> bool:
    """In a dispute only all that is held can be refunded, as a concession; parts wait for its end."""
    return bool(ctx.command.amount == ctx.pot.held + ctx.pot.clearing_gross)


@guard()
def dispute_is_over(ctx: Context[Escrow]) -> bool:
    """The dispute over this money has ended."""
    return ctx.state != S.FROZEN


@guard(BadArgument)
def target_exists(ctx: Context[Escrow]) -> bool:
    """The rest goes to another milestone of this agreement, in the same currency, that is not over."""
    return bool(ctx.pot.can_receive(ctx.command.to))


@guard(BadAmount, most=lambda ctx: ctx.pot.lacks_of(ctx.command.to))
def within_target_price(ctx: Context[Escrow]) -> bool:
    """The rest is at most what the other milestone's price still lacks."""
    return bool(ctx.command.amount <= ctx.pot.lacks_of(ctx.command.to))


@guard(reads=("escrow.roll_over",), offered=lambda rules: bool(rules.values["escrow.roll_over"]))
def roll_over_possible(ctx: Context[Escrow]) -> bool:
    """The rulebook lets a rest roll over."""
    return bool(ctx.rules["escrow.roll_over"])


@guard(OverHeld, most=lambda ctx: ctx.pot.held + ctx.pot.clearing_gross)
def order_within_held(ctx: Context[Escrow]) -> bool:
    """The order gives the payee at most what is held."""
    return bool(ctx.command.to_payee <= ctx.pot.held + ctx.pot.clearing_gross)


@guard(BadArgument)
def known_deposit(ctx: Context[Escrow]) -> bool:
    """The chargeback names a deposit of this milestone (it need not, if there is only one)."""
    return _deposit(ctx) is not None


@guard(BadAmount, most=lambda ctx: _chargeable(ctx))
def within_deposit(ctx: Context[Escrow]) -> bool:
    """The chargeback is at most that deposit, less what was charged back before."""
    most = _chargeable(ctx)
    return most is not None and bool(ctx.command.amount <= most)


@guard(BadArgument)
def known_charge_back(ctx: Context[Escrow]) -> bool:
    """The reference is that of a chargeback of this milestone."""
    return _charged(ctx) is not None


@guard()
def was_held(ctx: Context[Escrow]) -> bool:
    """What the chargeback had taken was held here."""
    charged = _charged(ctx)
    return charged is not None and bool(charged.from_escrow)


@guard()
def something_released(ctx: Context[Escrow]) -> bool:
    """Something was released that can be asked for."""
    return bool(ctx.pot.released)


@guard(
    NotYourMove, reads=("escrow.refund_released.by",), people=lambda rules: rules.values["escrow.refund_released.by"]
)
def may_refund_released(ctx: Context[Escrow]) -> bool:
    """The rulebook lets this role give released money back."""
    return _named(ctx, "escrow.refund_released.by")


@guard(OverHeld, most=lambda ctx: ctx.pot.refundable)
def within_refundable(ctx: Context[Escrow]) -> bool:
    """The sum is at most what was released within the rulebook's window."""
    return bool(ctx.command.amount <= ctx.pot.refundable)


@guard()
def instant_rail(ctx: Context[Escrow]) -> bool:
    """Money travels at once."""
    return bool(ctx.pot.instant)


@guard()
def refund_promised(ctx: Context[Escrow]) -> bool:
    """The payee promised this refund."""
    return ctx.command.amount in ctx.it.promised


@guard(OverHeld, most=lambda ctx: ctx.pot.payable(ctx.command.to))
def within_payable(ctx: Context[Escrow]) -> bool:
    """The payout is at most what is payable to this one."""
    return bool(ctx.command.amount <= ctx.pot.payable(ctx.command.to))


@guard()
def still_clearing(ctx: Context[Escrow]) -> bool:
    """Releases are still in their security hold."""
    return bool(ctx.pot.clearing_gross)


def _named(ctx: Context[Escrow], key: str) -> bool:
    named = ctx.rules[key]
    return ctx.by in named or ctx.name in named


# -- the law ---------------------------------------------------------------------------------------------------------

#: A fact is told in every state; under the platform's hold it meets what lies below.
_EVERY = tuple(s for s in S if s is not S.IMPOUNDED)
_OPEN = (S.EMPTY, S.FUNDING, S.HELD, S.CLEARING)
_BUT_FUNDING = tuple(s for s in _EVERY if s is not S.FUNDING)
_FULL = (S.HELD, S.FROZEN, S.IMPOUNDED, S.CLEARING)
_RELEASING = {R.PAYER, R.PAYEE, R.PLATFORM, R.WITNESS}

TABLE: Table[Escrow] = Table(
    "escrow",
    S,
    initial=S.EMPTY,
    final={S.SETTLED},
    always=(not_impounded,),
    rows=(
        # in                  on               by           then        event              when
        Row(None, Open, R.RULES, S.EMPTY, Opened),
        Row(_OPEN, Deposit, R.PAYER, SAME, Repeated, told_before),
        Row(_OPEN, Deposit, R.PAYER, S.HELD, Deposited, (within_price, takes_money)),
        Waits(S.FROZEN, (Deposit, RequestDeposit), R.PAYER, dispute_is_over),
        Row(S.EMPTY, RequestDeposit, R.PAYER, S.FUNDING, DepositRequested, (within_price, takes_money, no_request_pending)),
        Row((S.FUNDING, S.HELD, S.CLEARING), RequestDeposit, R.PAYER, SAME, DepositRequested,
            (within_price, takes_money, no_request_pending)),
        Row(_EVERY, ConfirmDeposit, R.PROVIDER, SAME, Repeated, told_before),
        Row(_OPEN, ConfirmDeposit, R.PROVIDER, S.HELD, DepositConfirmed, deposit_fits),
        Row(S.FUNDING, ConfirmDeposit, R.PROVIDER, S.EMPTY, DepositReturned),
        Row(_BUT_FUNDING, ConfirmDeposit, R.PROVIDER, SAME, DepositReturned),
        Row(S.FUNDING, FailDeposit, R.PROVIDER, S.EMPTY, DepositFailed),
        Row(_BUT_FUNDING, FailDeposit, R.PROVIDER, SAME, DepositFailed),
        Row(S.FUNDING, Lapse, R.CLOCK, S.EMPTY, FundingLapsed, (), "funding"),
        Row((S.EMPTY, S.HELD, S.CLEARING, S.FROZEN), Lapse, R.CLOCK, SAME, FundingLapsed, (), "funding"),
        Row(S.HELD, Release, _RELEASING, S.HELD, Released, (may_release, within_held, part_possible)),
        Row(S.FROZEN, Release, R.PAYER, SAME, Conceded, (release_within_stake, whole_release)),
        Row(S.HELD, Refund, _RELEASING, S.HELD, Refunded, (may_refund, within_held)),
        Row(S.FROZEN, Refund, R.PAYEE, SAME, Conceded, (refund_within_stake, whole_refund)),
        Row(S.HELD, RollOver, R.PAYER, S.HELD, RolledOver,
            (target_exists, within_target_price, within_held, roll_over_possible)),
        Waits(S.FROZEN, RollOver, R.PAYER, dispute_is_over),
        Row(_OPEN, Receive, R.RULES, S.HELD, Received),
        Row(S.HELD, Disburse, R.RULES, S.HELD, Disbursed),
        Row(_OPEN, Freeze, R.RULES, S.FROZEN, Frozen),
        Row(S.FROZEN, Thaw, R.RULES, BACK, Thawed),
        Row((S.FROZEN, S.EMPTY, S.SETTLED), Divide, R.RULES, SAME, Divided),
        Row((S.HELD, S.FROZEN), Drain, R.RULES, S.CLEARING, Drained, still_clearing),
        Row(_FULL, Drain, R.RULES, S.EMPTY, Drained),
        Row(_EVERY, Reclaim, R.RULES, SAME, Reclaimed),
        Row(S.EMPTY, Close, R.RULES, S.SETTLED, Closed),
        Row((S.HELD, S.CLEARING), Lapse, R.CLOCK, SAME, Cleared, (), "clearing"),
        Row((S.HELD, S.FROZEN, S.CLEARING), Hold, R.PLATFORM, S.IMPOUNDED, Held),
        Row(S.IMPOUNDED, Lift, R.PLATFORM, BACK, Lifted),
        Row(S.IMPOUNDED, Lapse, R.CLOCK, BACK, ImpoundLapsed, (), "impound"),
        Row(_FULL, Seize, R.PLATFORM, SAME, Seized),
        Row(_FULL, ObeyOrder, R.PLATFORM, SAME, OrderObeyed, order_within_held),
        Row((S.HELD, S.FROZEN, S.IMPOUNDED), Lapse, R.CLOCK, SAME, HoldEnded, (), "hold_limit"),
        Row(S.HELD, Lapse, R.CLOCK, SAME, HoldEnded, (), "dormancy"),
        Row(_EVERY, ChargeBack, R.PROVIDER, SAME, Repeated, told_before),
        Row(_EVERY, ChargeBack, R.PROVIDER, SAME, ChargedBack, (known_deposit, within_deposit)),
        Row(_EVERY, ReverseChargeBack, R.PROVIDER, SAME, Repeated, told_before),
        Row(_OPEN, ReverseChargeBack, R.PROVIDER, S.HELD, ChargeBackReversed, (known_charge_back, takes_money, was_held)),
        Row(_EVERY, ReverseChargeBack, R.PROVIDER, SAME, ChargeBackReversed, known_charge_back),
        Row((S.HELD, S.CLEARING, S.EMPTY, S.SETTLED), RequestRefundReleased, R.PAYER, SAME, RefundReleasedRequested, something_released),
        Row((S.HELD, S.CLEARING, S.EMPTY, S.SETTLED), RefundReleased, {R.PAYEE, R.PLATFORM}, SAME, ReleasedRefunded,
            (may_refund_released, within_refundable, instant_rail)),
        Row((S.HELD, S.CLEARING, S.EMPTY, S.SETTLED), RefundReleased, {R.PAYEE, R.PLATFORM}, SAME, RefundReleasedPromised,
            (may_refund_released, within_refundable)),
        Waits(S.FROZEN, RefundReleased, {R.PAYEE, R.PLATFORM}, (may_refund_released, dispute_is_over)),
        Row(_EVERY, ConfirmRefundReleased, R.PROVIDER, SAME, Repeated, told_before),
        Row(_EVERY, ConfirmRefundReleased, R.PROVIDER, SAME, ReleasedRefunded, refund_promised),
        Row(_EVERY, ConfirmPayout, R.PROVIDER, SAME, Repeated, told_before),
        Row(_EVERY, ConfirmPayout, R.PROVIDER, SAME, PaidOut, within_payable),
        Row(_EVERY, FailPayout, R.PROVIDER, SAME, PayoutFailed),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


@frozen
class Paid:
    """A deposit of the payer: the provider's reference, the sum, and how much of it was charged back."""

    reference: str
    amount: Money
    charged: Money


@frozen
class Freed:
    """A release to the payee: gross, the service fee in it, and what of both went back since."""

    gross: Money
    fee: Money
    at: datetime
    clearing: bool
    back: Money
    back_fee: Money

    @property
    def left(self) -> Money:
        """Gross that has not gone back."""
        return self.gross - self.back

    @property
    def net(self) -> Money:
        """What of it is the payee's."""
        return self.left - (self.fee - self.back_fee)


@frozen
class Span:
    """A time in which the platform held the money and clocks waited."""

    start: datetime
    end: datetime | None = None


@frozen
class Escrow:
    """The record of one pot; how much it holds stands in the ledger alone."""

    stack: tuple[S, ...]
    deposits: tuple[Paid, ...] = ()
    pending: Money | None = None
    pending_at: datetime | None = None
    releases: tuple[Freed, ...] = ()
    #: Since when something is held without a gap.
    held_since: datetime | None = None
    spans: tuple[Span, ...] = ()
    told: frozenset[tuple[str, str]] = frozenset()
    charged: tuple[ChargedBack, ...] = ()
    #: Refunds of released money that the payee promised and the provider has not confirmed.
    promised: tuple[Money, ...] = ()
    #: All processing fees that were charged.
    processing: Money | None = None
    #: What came from other milestones, what went to them, and what was paid out to the payee.
    received: Money | None = None
    rolled: Money | None = None
    paid_out: Money | None = None

    @property
    def state(self) -> S:
        """Its state."""
        return self.stack[0]


def evolve(it: Escrow | None, event: Event) -> Escrow:
    """The record after an event."""
    if it is None:
        return Escrow((S(event.after),))
    stack = restack(it.stack, event.before, S(event.after), TABLE.covering)
    changes = _changes(it, event)
    if isinstance(event, (DepositReturned, DepositFailed, FundingLapsed)):
        # Under a dispute nothing waits for the provider any more: what lies below is not `funding`.
        stack = (stack[0], *(S.EMPTY if below is S.FUNDING else below for below in stack[1:]))
    return changed(it, stack=stack, **changes)


def _changes(it: Escrow, event: Any) -> dict[str, Any]:
    """What an event changes beside the state."""
    match event:
        case Deposited():
            return _deposited(it, event.reference, event.amount, event) | _told(it, "deposit", event.reference)
        case DepositConfirmed():
            settled = {"pending": None, "pending_at": None}
            told = _told(it, "confirm_deposit", event.reference)
            return _deposited(it, event.reference, event.kept, event) | settled | told
        case DepositReturned():
            return _told(it, "confirm_deposit", event.reference) | {"pending": None, "pending_at": None}
        case DepositRequested():
            return {"pending": event.amount, "pending_at": event.at}
        case DepositFailed() | FundingLapsed():
            return {"pending": None, "pending_at": None}
        case Received():
            return {"held_since": it.held_since or event.at, "received": _more(it.received, event.amount)}
        case RolledOver():
            return {"rolled": _more(it.rolled, event.amount)}
        case Disposed():
            return _disposed(it, event)
        case Cleared():
            oldest = next(i for i, r in enumerate(it.releases) if r.clearing)
            cleared = changed(it.releases[oldest], clearing=False)
            return {"releases": (*it.releases[:oldest], cleared, *it.releases[oldest + 1 :])}
        case ChargedBack():
            return _charge(it, event)
        case ChargeBackReversed():
            held = {"held_since": it.held_since or event.at} if event.to_escrow else {}
            return {"releases": _restored(it, event)} | held | _told(it, "reverse_charge_back", event.reference)
        case RefundReleasedPromised():
            return {"promised": (*it.promised, event.amount)}
        case ReleasedRefunded():
            releases, _, _ = take_back(it.releases, event.back)
            told = _told(it, "confirm_refund_released", event.reference) if event.reference else {}
            return {"releases": releases, "promised": _without(it.promised, event)} | told
        case Reclaimed():
            return {"releases": take_back(it.releases, event.amount)[0]}
        case PaidOut():
            out = {"paid_out": _more(it.paid_out, event.amount)} if event.to == R.PAYEE else {}
            return out | _told(it, "confirm_payout", event.reference)
        case Held():
            return {"spans": (*it.spans, Span(event.at))}
        case Drained():
            return {"held_since": None, "spans": _ended(it, event)}
        case Lifted() | ImpoundLapsed():
            return {"spans": _ended(it, event)}
        case _:
            return {}


def _ended(it: Escrow, event: Event) -> tuple[Span, ...]:
    return tuple(changed(span, end=span.end or event.at) for span in it.spans)


def _more(before: Money | None, amount: Money) -> Money:
    return amount if before is None else before + amount


def _without(promised: tuple[Money, ...], event: ReleasedRefunded) -> tuple[Money, ...]:
    """The promises that are still to be kept; a refund at once keeps none."""
    if event.reference is None:
        return promised
    kept = promised.index(event.amount)
    return promised[:kept] + promised[kept + 1 :]


def _unnamed(it: Escrow) -> str:
    """A name for a deposit without a reference: the first that is free."""
    taken = {deposit.reference for deposit in it.deposits}
    return next(name for n in range(1, len(taken) + 2) if (name := f"deposit {n}") not in taken)


def _told(it: Escrow, word: str, reference: str) -> dict[str, Any]:
    return {"told": it.told | {(_family(word), reference)}}


def _deposited(it: Escrow, reference: str, sum_: Money, event: Any) -> dict[str, Any]:
    paid = Paid(reference, sum_, Money.zero(sum_.currency))
    fees = it.processing + event.processing_fee if it.processing else event.processing_fee
    return {"deposits": (*it.deposits, paid), "held_since": it.held_since or event.at, "processing": fees}


def _disposed(it: Escrow, event: Disposed) -> dict[str, Any]:
    releases, _, _ = take_back(it.releases, event.back, clearing=True)
    if event.paid:
        zero = Money.zero(event.paid.currency)
        releases = (*releases, Freed(event.paid, event.fee, event.at, event.clears, zero, zero))
    return {"releases": releases}


def _charge(it: Escrow, event: ChargedBack) -> dict[str, Any]:
    releases, _, _ = take_back(it.releases, event.back)
    deposits = tuple(
        changed(d, charged=d.charged + event.amount) if d.reference == event.deposit else d for d in it.deposits
    )
    told = _told(it, "charge_back", event.reference)
    return {"releases": releases, "deposits": deposits, "charged": (*it.charged, event)} | told


# -- sums ------------------------------------------------------------------------------------------------------------


def disposal(
    ctx: Context[Escrow], gives: Money, *, clearing: bool = False, cost: Money | None = None
) -> dict[str, Any]:
    """How a sum for the payee (gross) comes out of this pot: what clears is already the payee's, so it counts first."""
    zero = ctx.pot.zero
    there = ctx.pot.clearing_gross if clearing else zero
    kept = min(gives, there)
    paid = gives - kept
    _, back, back_fee = take_back(ctx.it.releases, there - kept, clearing=True)
    fee = ctx.pot.service_fee(paid, back, back_fee)
    to_payer = ctx.pot.held - paid - (cost or zero)
    clears = ctx.rules["escrow.clearing"] is not None
    return {"paid": paid, "fee": fee, "to_payer": to_payer, "back": back, "back_fee": back_fee, "clears": clears}


def take_back(
    releases: tuple[Freed, ...], sum_: Money, *, clearing: bool = False
) -> tuple[tuple[Freed, ...], Money, Money]:
    """Take a gross sum back from releases: what clears first, the newest first. The releases after, the sum, its fee.

    The fee of a part is its share of the release's fee; the fee of all parts is the whole fee.
    """
    left, fees = sum_, Money.zero(sum_.currency)
    after = list(releases)
    order = sorted(range(len(after)), key=lambda i: (after[i].clearing, i), reverse=True)
    for i in order:
        release = after[i]
        if not left or (clearing and not release.clearing):
            continue
        part = min(left, release.left)
        back = release.back + part
        back_fee = release.fee.allocate((back.minor, (release.gross - back).minor))[0]
        fees, left = fees + back_fee - release.back_fee, left - part
        after[i] = changed(release, back=back, back_fee=back_fee, clearing=release.clearing and back < release.gross)
    return tuple(after), sum_ - left, fees


def _restored(it: Escrow, event: ChargeBackReversed) -> tuple[Freed, ...]:
    """What a chargeback had taken of releases is released again; it is past its security hold."""
    charged = event.charged
    if not charged.back:
        return it.releases
    zero = Money.zero(charged.back.currency)
    return (*it.releases, Freed(charged.back, charged.back_fee, charged.at, False, zero, zero))


def _deposit(ctx: Context[Escrow]) -> Paid | None:
    """The deposit that a chargeback names, or the only one."""
    named = ctx.command.deposit
    if named is None:
        return ctx.it.deposits[0] if len(ctx.it.deposits) == 1 else None
    return next((d for d in ctx.it.deposits if d.reference == named), None)


def _chargeable(ctx: Context[Escrow]) -> Money | None:
    deposit = _deposit(ctx)
    return deposit.amount - deposit.charged if deposit else None


def _charged(ctx: Context[Escrow]) -> ChargedBack | None:
    return next((c for c in ctx.it.charged if c.reference == ctx.command.reference), None)


def charge_back(ctx: Context[Escrow]) -> dict[str, Any]:
    """Out of which accounts a chargeback is taken: escrow, clearing, payable, and at last the platform's own money."""
    pot, sum_ = ctx.pot, ctx.command.amount
    deposit = _deposit(ctx)
    from_escrow = min(sum_, pot.held)
    freed = min(sum_ - from_escrow, pot.released)
    _, in_clearing, clearing_fee = take_back(ctx.it.releases, min(freed, pot.clearing_gross), clearing=True)
    _, back, back_fee = take_back(ctx.it.releases, freed)
    reversed_fee = back_fee if pot.fees_reversed else pot.zero
    from_clearing = in_clearing - clearing_fee
    net_paid = (back - in_clearing) - (reversed_fee - (clearing_fee if pot.fees_reversed else pot.zero))
    from_payable = min(net_paid, pot.unpaid)
    advanced = net_paid - from_payable
    return {
        "fee": ctx.command.fee or pot.zero,
        "deposit": deposit.reference if deposit else "",
        "from_escrow": from_escrow,
        "from_clearing": from_clearing,
        "from_payable": from_payable,
        "from_platform": sum_ - from_escrow - from_clearing - from_payable,
        "back": back,
        "back_fee": back_fee,
        "owed_by_payee": advanced if ctx.rules["escrow.chargeback.borne_by"] == "payee" else pot.zero,
        "owed_by_payer": sum_ - from_escrow - freed,
    }
