"""The sums of an escrow: how money comes out of a pot, and what goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from escrowkit.copying import changed
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import Context

if TYPE_CHECKING:
    from escrowkit.machines.escrow.events import ChargedBack
    from escrowkit.machines.escrow.record import Escrow, Freed, Paid


def disposal(
    ctx: Context[Escrow],
    gives: Money,
    *,
    clearing: bool = False,
    cost: Money | None = None,
    to_payer: Money | None = None,
    seized: bool = False,
) -> dict[str, Any]:
    """How a sum for the payee (gross) comes out of this pot: what clears is already the payee's, so it counts first.

    The rest of what is held goes to the payer, unless a sum for it is named.
    """
    zero = ctx.pot.zero
    there = ctx.pot.clearing_gross if clearing else zero
    kept = min(gives, there)
    paid = gives - kept
    after, back, back_fee = take_back(ctx.it.releases, there - kept, clearing=True)
    fee = ctx.pot.service_fee(paid)
    if to_payer is None:
        to_payer = ctx.pot.held - paid - (cost or zero)
    clears = ctx.rules["escrow.clearing"] is not None
    levies = None
    if ctx.pot.has_fees:
        cut = cut_back(ctx.it.releases, after, zero)
        levies = ctx.pot.levies(paid=paid, fee=fee, to_payer=to_payer, back=back, cut=cut, seized=seized)
    return {
        "paid": paid,
        "fee": fee,
        "to_payer": to_payer,
        "back": back,
        "back_fee": back_fee,
        "clears": clears,
        "levies": levies,
    }


def cut_back(before: tuple[Freed, ...], after: tuple[Freed, ...], zero: Money) -> Money:
    """What had been taken for fees of the list of releases that went back."""
    return sum((new.back_cut - old.back_cut for old, new in zip(before, after, strict=True)), zero)


def take_back(
    releases: tuple[Freed, ...], sum_: Money, *, clearing: bool = False
) -> tuple[tuple[Freed, ...], Money, Money]:
    """Take a gross sum back from releases: what clears first, the newest first. The releases after, the sum, its fee.

    The fee of a part is its share of the release's fee; the fee of all parts is the whole fee.
    """
    left, fees = sum_, Money.zero(sum_.currency)
    if not left:
        return releases, fees, fees
    after = list(releases)
    order = sorted(range(len(after)), key=lambda i: (after[i].clearing, i), reverse=True)
    for i in order:
        release = after[i]
        if not left or (clearing and not release.clearing):
            continue
        part = min(left, release.left)
        back = release.back + part
        back_fee = release.fee.allocate((back.minor, (release.gross - back).minor))[0]
        back_cut = release.cut.allocate((back.minor, (release.gross - back).minor))[0] if release.cut else release.cut
        fees, left = fees + back_fee - release.back_fee, left - part
        clears = release.clearing and back < release.gross
        after[i] = changed(release, back=back, back_fee=back_fee, back_cut=back_cut, clearing=clears)
    return tuple(after), sum_ - left, fees


def deposit_of(ctx: Context[Escrow]) -> Paid | None:
    """The deposit that a chargeback names, or the only one."""
    named = ctx.command.deposit
    if named is None:
        return ctx.it.deposits[0] if len(ctx.it.deposits) == 1 else None
    return next((d for d in ctx.it.deposits if d.reference == named), None)


def chargeable(ctx: Context[Escrow]) -> Money | None:
    deposit = deposit_of(ctx)
    return deposit.amount - deposit.charged if deposit else None


def charge_back_of(ctx: Context[Escrow]) -> ChargedBack | None:
    return next((c for c in ctx.it.charged if c.reference == ctx.command.reference), None)


def charge_back(ctx: Context[Escrow]) -> dict[str, Any]:
    """Out of which accounts a chargeback is taken: escrow, clearing, payable, and at last the platform's own money."""
    pot, sum_ = ctx.pot, ctx.command.amount
    deposit = deposit_of(ctx)
    from_escrow = min(sum_, pot.held)
    freed = min(sum_ - from_escrow, pot.released)
    after, in_clearing, clearing_fee = take_back(ctx.it.releases, min(freed, pot.clearing_gross), clearing=True)
    spent = cut_back(ctx.it.releases, after, pot.zero)
    _, back, back_fee = take_back(ctx.it.releases, freed)
    reversed_fee = back_fee if pot.fees_reversed else pot.zero
    from_clearing = in_clearing - clearing_fee - spent
    # What fees of the list took of a release is spent: the payee, who bears them, has it to give back.
    net_paid = (back - in_clearing) + spent - (reversed_fee - (clearing_fee if pot.fees_reversed else pot.zero))
    from_payable = min(net_paid, pot.unpaid)
    advanced = net_paid - from_payable
    # What the bank takes back, an award over the same released money cannot give once more: that debt is the platform's now.
    excused = min(back, pot.owed_by_outcome)
    owed = advanced if ctx.rules["escrow.chargeback.borne_by"] == "payee" else min(advanced, excused)
    return {
        "fee": ctx.command.fee or pot.zero,
        "deposit": deposit.reference if deposit else "",
        "from_escrow": from_escrow,
        "from_clearing": from_clearing,
        "from_payable": from_payable,
        "from_platform": sum_ - from_escrow - from_clearing - from_payable,
        "back": back,
        "back_fee": back_fee,
        "owed_by_payee": owed,
        "owed_by_payer": sum_ - from_escrow - freed,
        "excused": excused,
    }


def standing(it: Escrow) -> tuple[ChargedBack, ...]:
    """The chargebacks that were not reversed, the oldest first."""
    return tuple(c for c in it.charged if ("reverse_charge_back", c.reference) not in it.told)


def in_flight(ctx: Context[Escrow]) -> Money:
    """The most that may have left for a party: what is payable, and what chargebacks took while it was on its way."""
    there = ctx.pot.payable(ctx.command.to)
    return sum((c.from_payable for c in standing(ctx.it)), there) if ctx.command.to == Role.PAYEE else there


def payout(ctx: Context[Escrow]) -> dict[str, Any]:
    """What of a payout is no longer payable: the chargebacks that took it, the newest first, met money that had left."""
    if ctx.command.to != Role.PAYEE:
        return {}
    short = max(ctx.command.amount - ctx.pot.unpaid, ctx.pot.zero)
    by_payee = ctx.rules["escrow.chargeback.borne_by"] == "payee"
    advanced, owed = {}, {}
    for charged in reversed(standing(ctx.it)):
        part = min(short, charged.from_payable)
        if part:
            advanced[charged.reference] = part
            owed[charged.reference] = part if by_payee else min(part, charged.excused - charged.owed_by_payee)
            short -= part
    return {"advanced": advanced, "owed": owed} if advanced else {}


def unnamed(it: Escrow) -> str:
    """A name for a deposit without a reference: the first that is free."""
    taken = {deposit.reference for deposit in it.deposits}
    return next(name for n in range(1, len(taken) + 2) if (name := f"deposit {n}") not in taken)
