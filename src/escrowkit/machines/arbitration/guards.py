"""The rules of an arbitration in words: a guard's docstring is what refusals, drawings and pages say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from escrowkit.errors import BadAmount, BadArgument, NotYourMove
from escrowkit.machines.arbitration.commands import S
from escrowkit.money import Money
from escrowkit.table import Context, guard

if TYPE_CHECKING:
    from escrowkit.machines.arbitration.record import Arbitration

_PAID_IN = ("shares", "rate", "external")


def _may_be_paid_in(rules: Any) -> bool:
    return not rules.settled("arbitration.fee.model") or rules.values["arbitration.fee.model"] in _PAID_IN


@guard(reads=("arbitration.fee.model",), offered=_may_be_paid_in)
def fee_is_paid_in(ctx: Context[Arbitration]) -> bool:
    """The rulebook has the parties pay the fee in."""
    return ctx.rules["arbitration.fee.model"] in _PAID_IN


@guard(BadAmount, most=lambda ctx: _expected(ctx))
def exact_share(ctx: Context[Arbitration]) -> bool:
    """The fee paid is exactly the share that is due."""
    expected = _expected(ctx)
    return expected is None or bool(ctx.command.amount == expected)


@guard(reads=("arbitration.pay.all_by_one",), offered=lambda rules: bool(rules.values["arbitration.pay.all_by_one"]))
def all_by_one(ctx: Context[Arbitration]) -> bool:
    """One side pays all of the fee, and the rulebook lets it."""
    return ctx.command.share == "all" and bool(ctx.rules["arbitration.pay.all_by_one"])


@guard()
def own_share(ctx: Context[Arbitration]) -> bool:
    """A side pays its own share (paying all of it is another matter, where the rulebook has it)."""
    return bool(ctx.command.share == "own")


@guard()
def claimant_goes_first(ctx: Context[Arbitration]) -> bool:
    """The claimant pays first, where the rulebook says so."""
    return ctx.it.order != "claimant_first" or ctx.it.claimant in (None, ctx.name)


@guard()
def not_paid_yet(ctx: Context[Arbitration]) -> bool:
    """This side's share has not been paid before."""
    return ctx.name not in ctx.it.paid


@guard()
def other_paid(ctx: Context[Arbitration]) -> bool:
    """The other side has paid."""
    return ctx.by.other.value in ctx.it.paid


@guard()
def window_is_over(ctx: Context[Arbitration]) -> bool:
    """The window in which the fee can be paid has closed, and both sides have paid."""
    return ctx.state == S.FUNDED and (ctx.it.order != "sealed" or ctx.it.unsealed)


@guard(BadArgument)
def arbitrator_is_no_party(ctx: Context[Arbitration]) -> bool:
    """The arbitrator is neither the payer nor the payee."""
    return ctx.command.arbitrator not in ctx.pot.party_ids


@guard(NotYourMove, reads=("arbitration.appoint.by",), people=lambda rules: rules.values["arbitration.appoint.by"])
def may_appoint(ctx: Context[Arbitration]) -> bool:
    """The rulebook lets this role appoint."""
    return ctx.by in ctx.rules["arbitration.appoint.by"]


@guard(BadAmount, reads=("arbitration.award.menu",), most=lambda ctx: ctx.pot.stake - ctx.pot.pot_fee)
def on_the_menu(ctx: Context[Arbitration]) -> bool:
    """The award is one that the rulebook allows: at most the stake (less a fee out of the pot), or one of its menu."""
    menu = ctx.pot.award_menu
    return bool(ctx.command.to_payee <= ctx.pot.stake - ctx.pot.pot_fee) and (
        menu is None or ctx.command.to_payee in menu
    )


@guard(offered=lambda rules: rules.has("arbitration.appeal.within"), reads=("arbitration.appeal.within",))
def can_be_appealed(ctx: Context[Arbitration]) -> bool:
    """The rulebook has appeals, and this is the first award."""
    return ctx.rules["arbitration.appeal.within"] is not None and ctx.it.round == 1


@guard()
def appeal_not_paid(ctx: Context[Arbitration]) -> bool:
    """The side that appealed did not pay for it."""
    return ctx.it.appellant not in ctx.it.paid


def _expected(ctx: Context[Arbitration]) -> Money | None:
    """What is due: one's own share, or both."""
    shares = ctx.it.shares
    if ctx.name not in shares:
        return None
    own: Money = shares[ctx.name]
    return own if ctx.command.share == "own" else own + shares.get(ctx.by.other.value, ctx.pot.zero)


def settle(ctx: Context[Arbitration]) -> dict[str, Any]:
    """Who bears what is earned, and who gets how much back.

    Nothing is earned where time ran out before there was an award; nor before an arbitrator was appointed, unless the
    rulebook has less and less come back by then.
    """
    paid = {name: ctx.pot.deposited_fee(name) for name in ("payer", "payee", "platform")}
    borne = _consumed(ctx, paid)
    returned = {name: paid[name] - borne[name] for name in paid}
    return {"earned": sum(borne.values(), ctx.pot.zero), "borne": borne, "returned": returned}


def _consumed(ctx: Context[Arbitration], paid: Mapping[str, Money]) -> dict[str, Money]:
    """What does not come back of what each paid in, as the rulebook says."""
    it, refund = ctx.it, ctx.rules["arbitration.fee.refund"]
    if refund == "decaying" and not it.hearings and not it.lapsed:
        return {name: _decayed(ctx, sum_) for name, sum_ in paid.items()}
    if it.lapsed or (not it.ruled and ctx.pot.ended_by_time):
        return dict.fromkeys(paid, ctx.pot.zero)
    if refund == "winner" and it.ruled:
        return {name: sum_ - _won_back(ctx, name, sum_) for name, sum_ in paid.items()}
    return _borne(ctx, paid, min(_cost(ctx), sum(paid.values(), ctx.pot.zero)))


def _won_back(ctx: Context[Arbitration], name: str, paid: Money) -> Money:
    """The winner's own share; half of each party's, if nobody won. The platform's never."""
    if name == "platform":
        return paid - paid
    share: Money = ctx.it.shares.get(name, ctx.pot.zero)
    own = min(sum([share] * ctx.it.hearings, ctx.pot.zero), paid)
    winner: str | None = ctx.pot.winner
    if winner is None:
        return own.allocate((1, 1))[1]
    return own if name == winner else paid - paid


def _decayed(ctx: Context[Arbitration], paid: Money) -> Money:
    """What is kept of a fee so long after the first payment, and at least."""
    since, zero = ctx.it.half_at or ctx.it.funded_at, paid - paid
    if since is None:
        return zero
    steps, calendar = ctx.rules["arbitration.fee.decay"], ctx.rules.calendar
    back: Money = next((paid.portion(rate) for within, rate in steps if ctx.at < calendar.add(since, within)), zero)
    least: Money = ctx.rules.amount("arbitration.fee.kept", paid.currency) or zero
    return min(max(paid - back, least), paid)


def _cost(ctx: Context[Arbitration]) -> Money:
    """What the arbitrator earns: once for each hearing that was held."""
    shares: Mapping[str, Money] = ctx.it.shares
    if ctx.rules["arbitration.fee.cost"] == "all" or not shares:
        one = sum(shares.values(), ctx.pot.zero)
    else:
        one = max(shares.get(name, ctx.pot.zero) for name in ("payer", "payee"))
    return sum([one] * ctx.it.hearings, ctx.pot.zero)


def _borne(ctx: Context[Arbitration], paid: Mapping[str, Money], earned: Money) -> dict[str, Money]:
    """By the rulebook's weights, but nobody bears more than was paid in for it; the other then bears the rest."""
    weights = ctx.pot.fee_weights if ctx.it.ruled else share_weights(ctx.it)
    names = [name for name in paid if weights.get(name)]
    if not earned:
        return dict.fromkeys(paid, ctx.pot.zero)
    parts = dict(zip(names, earned.allocate([weights[name] for name in names]), strict=True))
    borne = {name: min(parts.get(name, ctx.pot.zero), paid[name]) for name in paid}
    for name in paid:
        short = earned - sum(borne.values(), ctx.pot.zero)
        borne[name] = borne[name] + min(short, paid[name] - borne[name])
    return borne


def share_weights(it: Arbitration) -> dict[str, int]:
    """Each in proportion to its share, whoever paid it in."""
    return {name: money.minor for name, money in it.shares.items()}
