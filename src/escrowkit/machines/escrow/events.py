"""What can happen to an escrow: each event says what its command said, who, when, and what follows in figures."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field

from escrowkit.fees import Levies, Sums
from escrowkit.ledger import Kind
from escrowkit.machines.escrow.sums import (
    charge_back,
    charge_back_of,
    cut_back,
    disposal,
    payout,
    take_back,
    unnamed,
)
from escrowkit.money import Money
from escrowkit.table import Context, Event, said


@said
class Opened(Event):
    """The pot is open."""


@said
class Deposited(Event):
    """Money arrived and is held."""

    amount: Money
    reference: str
    processing_fee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Under which reference, and what the payer pays on top."""
        reference = ctx.command.reference or unnamed(ctx.it)
        return {"reference": reference, "processing_fee": ctx.pot.processing_fee(ctx.command.amount)}


@said
class Repeated(Event):
    """A reference was told twice: nothing moves."""

    says_all: ClassVar[bool] = False
    reference: str | None


@said
class DepositRequested(Event):
    """A payment was started; the provider has not confirmed it."""

    amount: Money


@said
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


@said
class DepositReturned(Event):
    """Money arrived too late or fits nowhere: it is payable to the payer."""

    amount: Money
    reference: str


@said
class DepositFailed(Event):
    """A payment failed."""

    reason: str


@said
class FundingLapsed(Event):
    """A requested deposit was never confirmed."""

    clock: str


@said
class Disposed(Event):
    """Money left this pot: `paid` (gross, of which `fee`) to the payee, `to_payer` out of the escrow to the payer,
    and `back` (gross, of which `back_fee`) of what was clearing. `clears`: what was paid has a security hold ahead."""

    paid: Money
    fee: Money
    to_payer: Money
    back: Money
    back_fee: Money
    clears: bool
    #: What the fees of the list do to it, where the rulebook has one.
    levies: Levies | None = field(kw_only=True, default=None)


@said
class Released(Disposed):
    """The payer released money to the payee."""

    amount: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What the payee gets of it."""
        return disposal(ctx, ctx.command.amount, to_payer=ctx.pot.zero)


@said
class Refunded(Disposed):
    """The payee gave money back to the payer."""

    amount: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What goes back."""
        return disposal(ctx, ctx.pot.zero, to_payer=ctx.command.amount)


@said
class Disbursed(Disposed):
    """All that was held was paid out, as another machine decided."""

    to_payee: Money
    code: str
    kind: Kind

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Who gets what."""
        return disposal(ctx, ctx.command.to_payee)


@said
class Divided(Disposed):
    """The stake was divided; `owed` is what the payee owes beyond what was still here, `advanced` what the platform pays
    the payer of it at once, and `owed_fee` the service fee that it gives back with that."""

    to_payee: Money
    code: str
    kind: Kind
    cost: Money
    owed: Money
    advanced: Money
    owed_fee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What was already paid counts first: from what is here, the payee gets the rest."""
        gives = ctx.command.to_payee - ctx.pot.stake_released
        owed = max(-gives, ctx.pot.zero)
        advanced = owed if ctx.rules["dispute.advance"] == "platform" else ctx.pot.zero
        owed_fee = ctx.pot.fee_of_paid_out(advanced) if ctx.pot.fees_reversed else ctx.pot.zero
        of_owed = {"owed": owed, "advanced": advanced, "owed_fee": owed_fee}
        return disposal(ctx, max(gives, ctx.pot.zero), clearing=True, cost=ctx.command.cost) | of_owed


@said
class Seized(Disposed):
    """The platform took all for fraud or illegality: an override, not a judgment on the merits."""

    to: str
    reason: str
    evidence: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """All to one."""
        everything = ctx.pot.inside
        gives = everything if ctx.command.to == "payee" else ctx.pot.zero
        return disposal(ctx, gives, clearing=True, seized=True) | {"clears": False}


@said
class OrderObeyed(Disposed):
    """A court's order was obeyed; `costs` go to a third party that it names, before the rest is divided."""

    to_payee: Money
    reference: str
    costs: Money | None
    costs_to: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As ordered."""
        return disposal(ctx, ctx.command.to_payee, clearing=True, cost=ctx.command.costs) | {"clears": False}


@said
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


@said
class Conceded(Event):
    """One side released or refunded all in a dispute: a concession."""

    amount: Money
    to: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """To whom."""
        return {"to": ctx.by.other.value}


@said
class RolledOver(Event):
    """A rest went to the next milestone's pot."""

    amount: Money
    to: str


@said
class Received(Event):
    """A rest of another milestone was taken in."""

    amount: Money
    origin: str


@said
class Held(Event):
    """The platform impounded the money."""

    reason: str


@said
class Lifted(Event):
    """The platform's hold ended."""


@said
class ImpoundLapsed(Event):
    """The platform's hold lasted as long as it may; it lifts and pays nobody."""

    clock: str


@said
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
    #: What of an award over the released money the payee no longer owes the payer, who has it from the bank.
    excused: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Out of which accounts, and who owes the platform what it had to advance."""
        return charge_back(ctx)


@said
class ChargeBackReversed(Event):
    """A chargeback was reversed: its money comes back to where it was, or to whom it belongs."""

    reference: str
    charged: ChargedBack
    to_escrow: bool

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What it had taken."""
        charged: Any = charge_back_of(ctx)
        return {"charged": charged, "to_escrow": bool(charged.from_escrow) and not ctx.pot.over}


@said
class RefundReleasedRequested(Event):
    """The payer asked for released money back."""

    amount: Money


@said
class RefundReleasedPromised(Event):
    """The payee gives released money back; it is booked when the provider confirms."""

    amount: Money


@said
class ReleasedRefunded(Event):
    """The payee gave released money back."""

    amount: Money
    back: Money
    back_fee: Money
    from_clearing: Money
    reference: str | None = None
    #: What comes back of what the payer had paid in for fees of the list, where the rulebook has one.
    fees: Sums | None = field(kw_only=True, default=None)

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Out of what is still clearing first; the service fee as the rulebook says."""
        before, clearing = ctx.it.releases, min(ctx.command.amount, ctx.pot.clearing_gross)
        back = min(ctx.command.amount, ctx.pot.released)
        after, fee = take_back(before, clearing)
        _, fees = take_back(before, back)
        return {
            "back": back,
            "back_fee": fees,
            "from_clearing": clearing - fee - cut_back(before, after, ctx.pot.zero),
            "fees": ctx.pot.fees_back(ctx.pot.zero, given_back=back) if ctx.pot.has_fees else None,
        }


@said
class Reclaimed(Event):
    """The payee paid back what an outcome had made it owe: so much of what was released has gone back."""

    amount: Money
    back_fee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """With the service fee that was on it."""
        back = min(ctx.command.amount, ctx.pot.released)
        return {"amount": back, "back_fee": take_back(ctx.it.releases, back)[1]}


@said
class PaidOut(Event):
    """What was payable left for the world."""

    to: str
    amount: Money
    reference: str
    #: What chargebacks had taken of it, each by its reference, though it had left before them: the platform's own money.
    advanced: Sums | None = field(kw_only=True, default=None)
    owed: Sums | None = field(kw_only=True, default=None)

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What the platform advanced, where a chargeback came while the payout was on its way, and what is owed of it."""
        return payout(ctx)


@said
class PayoutFailed(Event):
    """A payout failed; the money stays claimable."""

    to: str
    amount: Money
    reference: str
    reason: str


@said
class Cleared(Event):
    """A release passed its security hold."""

    clock: str
    amount: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The net of the oldest release that still clears."""
        return {"amount": next(r.net for r in ctx.it.releases if r.clearing)}


@said
class Frozen(Event):
    """A dispute froze the money."""


@said
class Thawed(Event):
    """The dispute was withdrawn: the money is as it was."""


@said
class Drained(Event):
    """Nothing is held any more."""


@said
class Closed(Event):
    """The pot is settled."""
