"""The sums of an escrow: how money comes out of a pot, and what goes back."""

from __future__ import annotations

from itertools import count
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
    paid, back = gives - kept, there - kept
    after, back_fee = take_back(ctx.it.releases, back)
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


def take_back(releases: tuple[Freed, ...], sum_: Money) -> tuple[tuple[Freed, ...], Money]:
    """Take a gross sum back from releases, of which so much is left: what clears first, the newest first.

    The releases after, and the fee in the sum. That of a part is its share of the release's fee; that of all parts is
    the whole fee.
    """
    left, fees = sum_, Money.zero(sum_.currency)
    if not left:
        return releases, fees
    after = list(releases)
    for i in sorted(range(len(after)), key=lambda i: (after[i].clearing, i), reverse=True):
        if not left:
            break
        release = after[i]
        part = min(left, release.left)
        back = release.back + part
        shares = (back.minor, (release.gross - back).minor)
        back_fee, back_cut = release.fee.allocate(shares)[0], release.cut.allocate(shares)[0]
        fees, left = fees + back_fee - release.back_fee, left - part
        clears = release.clearing and back < release.gross
        after[i] = changed(release, back=back, back_fee=back_fee, back_cut=back_cut, clearing=clears)
    return tuple(after), fees


def deposits_of(ctx: Context[Escrow]) -> tuple[Paid, ...]:
    """The deposit that a chargeback names; all, if it names none."""
    return tuple(d for d in ctx.it.deposits if ctx.command.deposit in (None, d.reference))


def chargeable(ctx: Context[Escrow]) -> Money:
    """What of its deposit was not charged back yet."""
    deposit = deposits_of(ctx)[0]
    return deposit.amount - deposit.charged


def charge_back_of(ctx: Context[Escrow]) -> ChargedBack | None:
    return next((c for c in ctx.it.charged if c.reference == ctx.command.reference), None)


def charge_back(ctx: Context[Escrow]) -> dict[str, Any]:
    """Out of which accounts a chargeback is taken: escrow, clearing, payable, and at last the platform's own money."""
    pot, sum_ = ctx.pot, ctx.command.amount
    from_escrow = min(sum_, pot.held)
    freed = min(sum_ - from_escrow, pot.released)
    in_clearing = min(freed, pot.clearing_gross)
    after, clearing_fee = take_back(ctx.it.releases, in_clearing)
    spent = cut_back(ctx.it.releases, after, pot.zero)
    _, back_fee = take_back(ctx.it.releases, freed)
    reversed_fee = back_fee if pot.fees_reversed else pot.zero
    from_clearing = in_clearing - clearing_fee - spent
    # What fees of the list took of a release is spent: the payee, who bears them, has it to give back.
    net_paid = (freed - in_clearing) + spent - (reversed_fee - (clearing_fee if pot.fees_reversed else pot.zero))
    from_payable = min(net_paid, pot.unpaid)
    advanced = net_paid - from_payable
    # What the bank takes back, an award over the same released money cannot give once more: that debt is the platform's now.
    excused = min(freed, pot.owed_by_outcome)
    owed = advanced if ctx.rules["escrow.chargeback.borne_by"] == "payee" else min(advanced, excused)
    return {
        "fee": ctx.command.fee or pot.zero,
        "deposit": deposits_of(ctx)[0].reference,
        "from_escrow": from_escrow,
        "from_clearing": from_clearing,
        "from_payable": from_payable,
        "from_platform": sum_ - from_escrow - from_clearing - from_payable,
        "back": freed,
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
    return next(name for n in count(1) if (name := f"deposit {n}") not in taken)
