"""The rules of an escrow in words: a guard's docstring is what refusals, drawings and pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escrowkit.errors import BadAmount, BadArgument, NotYourMove, OverHeld
from escrowkit.machines.escrow.commands import S
from escrowkit.machines.escrow.sums import charge_back_of, chargeable, deposits_of, in_flight
from escrowkit.table import Context, guard

if TYPE_CHECKING:
    from escrowkit.machines.escrow.record import Escrow


@guard()
def told_before(ctx: Context[Escrow]) -> bool:
    """This reference was told before, so nothing moves."""
    told = (family(ctx.command.word), ctx.command.reference)
    return told in ctx.it.told or (told[0] == "deposit" and bool(ctx.pot.told_elsewhere(told)))


def family(word: str) -> str:
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


@guard(OverHeld, most=lambda ctx: ctx.pot.inside)
def refund_within_stake(ctx: Context[Escrow]) -> bool:
    """The sum is at most what is held, clearing included."""
    return bool(ctx.command.amount <= ctx.pot.inside)


@guard()
def whole_refund(ctx: Context[Escrow]) -> bool:
    """In a dispute only all that is held can be refunded, as a concession; parts wait for its end."""
    return bool(ctx.command.amount == ctx.pot.inside)


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


@guard(BadArgument)
def costs_have_an_owner(ctx: Context[Escrow]) -> bool:
    """Costs, if there are any, go to a third party that is named, and to neither side."""
    costs, to = ctx.command.costs, ctx.command.costs_to
    named = to is not None and ":" not in to and to not in ("payer", "payee")
    return (costs is None and to is None) or (costs is not None and named)


@guard(OverHeld, most=lambda ctx: ctx.pot.inside - (ctx.command.costs or ctx.pot.zero))
def order_within_held(ctx: Context[Escrow]) -> bool:
    """The order gives the payee and for costs at most what is held."""
    costs = ctx.command.costs or ctx.pot.zero
    whole = ctx.command.to_payee + costs <= ctx.pot.inside
    return bool(whole and costs <= ctx.pot.held)


@guard(BadArgument)
def known_deposit(ctx: Context[Escrow]) -> bool:
    """The chargeback names a deposit of this milestone (it need not, if there is only one)."""
    return len(deposits_of(ctx)) == 1


@guard(BadAmount, most=chargeable)
def within_deposit(ctx: Context[Escrow]) -> bool:
    """The chargeback is at most that deposit, less what was charged back before."""
    return bool(ctx.command.amount <= chargeable(ctx))


@guard(BadArgument)
def known_charge_back(ctx: Context[Escrow]) -> bool:
    """The reference is that of a chargeback of this milestone."""
    return charge_back_of(ctx) is not None


@guard()
def was_held(ctx: Context[Escrow]) -> bool:
    """What the chargeback had taken was held here."""
    charged = charge_back_of(ctx)
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


@guard(OverHeld, most=in_flight)
def within_payable(ctx: Context[Escrow]) -> bool:
    """The payout is at most what is payable to this one, and what chargebacks took of that while it was on its way."""
    return bool(ctx.command.amount <= in_flight(ctx))


@guard()
def still_clearing(ctx: Context[Escrow]) -> bool:
    """Releases are still in their security hold."""
    return bool(ctx.pot.clearing_gross)


def _named(ctx: Context[Escrow], key: str) -> bool:
    named = ctx.rules[key]
    return ctx.by in named or ctx.name in named
