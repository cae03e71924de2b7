"""A neutral decides: the fee is paid in (or not), an arbitrator is appointed, and awards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import evolve as changed
from attrs import field, frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.errors import BadAmount, BadArgument, NotYourMove
from escrowkit.money import Money
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Command, Context, Event, Row, Table, Waits, guard, not_impounded, restack

R = Role


class S(StrEnum):
    """The states of an arbitration."""

    OFFERED = "offered"
    HALF_FUNDED = "half_funded"
    FUNDED = "funded"
    HEARING = "hearing"
    AWARDED = "awarded"
    APPEALED = "appealed"
    FINAL = "final"
    REFUSED = "refused"
    FORFEITED = "forfeited"
    CLOSED = "closed"


# -- what is said ----------------------------------------------------------------------------------------------------


@frozen
class Open(Command):
    """The dispute goes to arbitration."""


@frozen
class PayFee(Command):
    """Pay one's own share of the arbitration fee, or all of it where the rulebook lets one side."""

    share: str = arg.one_of("own", "all")
    amount: Amount = arg.amount()


@frozen
class Appoint(Command):
    """Appoint an arbitrator, who is no party; from here the fee is consumed as the rulebook says."""

    arbitrator: str = arg.text()


@frozen
class Replace(Command):
    """Replace the arbitrator; the case and its money stay."""

    arbitrator: str = arg.text()
    reason: str = arg.text()


@frozen
class Award(Command):
    """Award the stake: so much to the payee, the rest to the payer."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@frozen
class Refuse(Command):
    """Say that one cannot or will not rule."""

    reason: str = arg.text()


@frozen
class Appeal(Command):
    """Appeal against the award."""


@frozen
class Close(Command):
    """The dispute ended in another way."""


@frozen
class SettleFees(Command):
    """The arbitration has ended: the fees go to who earned them, the rest back."""


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()


# -- what happened ---------------------------------------------------------------------------------------------------


@frozen
class Opened(Event):
    """The arbitration is open; each side's share of the fee is fixed from here."""

    claimant: str | None
    shares: Mapping[str, Money]
    order: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What each side must pay in, as the rulebook makes the fee of the stake."""
        order = ctx.rules["arbitration.pay.order"]
        return {"claimant": ctx.pot.opener, "shares": ctx.pot.fee_shares, "order": order}


@frozen
class FeePaid(Event):
    """A side paid the arbitration fee in."""

    share: str
    amount: Money
    case: str
    outside: bool

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """To which case, and whether the money went to the arbitrator outside of these books."""
        outside = ctx.rules["arbitration.fee.model"] == "external"
        return {"case": ctx.pot.case, "outside": outside}


@frozen
class WindowClosed(Event):
    """Both sides paid, and the window of the sealed deposits closed: everybody may know now."""

    clock: str


@frozen
class Appointed(Event):
    """An arbitrator was appointed; the platform paid its share, if it has one."""

    arbitrator: str
    case: str
    platform_share: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The platform's share."""
        return {"case": ctx.pot.case, "platform_share": ctx.it.shares.get("platform", ctx.pot.zero)}


@frozen
class Replaced(Event):
    """The arbitrator was replaced."""

    arbitrator: str
    reason: str


@frozen
class Awarded(Event):
    """The arbitrator awarded the stake; `cost` is a fee out of the pot."""

    to_payee: Money
    reasons: str
    cost: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The fee out of the pot, if it is of that model."""
        return {"cost": ctx.pot.pot_fee}


@frozen
class Refused(Event):
    """The arbitrator could not or would not rule."""

    reason: str


@frozen
class Appealed(Event):
    """An award was appealed."""


@frozen
class NobodyPaid(Event):
    """The fee window passed and nobody had paid."""

    clock: str


@frozen
class OnlyOnePaid(Event):
    """The fee window passed and only one side had paid."""

    clock: str
    paid: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Which side."""
        return {"paid": next(iter(ctx.it.paid))}


@frozen
class AwardLapsed(Event):
    """No award in time."""

    clock: str


@frozen
class AwardStands(Event):
    """Nobody appealed in time, or the appeal was not paid for: the award is final."""

    clock: str
    to_payee: Money
    cost: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As awarded; a chargeback since then comes off the payer's part first, then off the payee's."""
        cost = ctx.pot.pot_fee
        return {"to_payee": min(ctx.it.award, ctx.pot.stake - cost), "cost": cost}


@frozen
class Closed(Event):
    """The arbitration is closed: the dispute ended in another way."""


@frozen
class FeesSettled(Event):
    """What was earned, what each side bore of it, and what each got back."""

    case: str
    earned: Money
    borne: Mapping[str, Money]
    returned: Mapping[str, Money]
    to: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As the rulebook has the fee borne."""
        return {"case": ctx.pot.case, "to": ctx.rules["arbitration.fee.paid_to"]} | settle(ctx)


# -- the rules in words ----------------------------------------------------------------------------------------------


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

    Nothing is earned before an arbitrator was appointed, nor where time ran out before there was an award.
    """
    it, zero = ctx.it, ctx.pot.zero
    late = it.lapsed or (not it.ruled and ctx.pot.ended_by_time)
    paid = {name: ctx.pot.deposited_fee(name) for name in ("payer", "payee", "platform")}
    total = sum(paid.values(), zero)
    earned = zero if late else min(_cost(ctx), total)
    borne = _borne(ctx, paid, earned)
    returned = {name: paid[name] - borne[name] for name in paid}
    return {"earned": earned, "borne": borne, "returned": returned}


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
    weights = ctx.pot.fee_weights if ctx.it.ruled else paid_weights(paid)
    names = [name for name in paid if weights.get(name)]
    if not earned or not names:
        return dict.fromkeys(paid, ctx.pot.zero)
    parts = dict(zip(names, earned.allocate([weights[name] for name in names]), strict=True))
    borne = {name: min(parts.get(name, ctx.pot.zero), paid[name]) for name in paid}
    for name in paid:
        short = earned - sum(borne.values(), ctx.pot.zero)
        borne[name] = borne[name] + min(short, paid[name] - borne[name])
    return borne


def paid_weights(paid: Mapping[str, Money]) -> dict[str, int]:
    """Each in proportion to what it paid in."""
    return {name: money.minor for name, money in paid.items()}


# -- the law ---------------------------------------------------------------------------------------------------------

_OPEN = (S.OFFERED, S.HALF_FUNDED, S.FUNDED, S.HEARING, S.AWARDED, S.APPEALED)
_OVER = (S.FINAL, S.REFUSED, S.FORFEITED, S.CLOSED)

TABLE: Table[Arbitration] = Table(
    "arbitration",
    S,
    initial=(S.OFFERED, S.FUNDED),
    final=_OVER,
    always=(not_impounded,),
    rows=(
        # in                         on           by            then             event         when
        Row(None, Open, R.RULES, S.OFFERED, Opened, fee_is_paid_in),
        Row(None, Open, R.RULES, S.FUNDED, Opened),
        Row(S.OFFERED, PayFee, PARTY, S.FUNDED, FeePaid, (exact_share, claimant_goes_first, all_by_one)),
        Row(S.OFFERED, PayFee, PARTY, S.HALF_FUNDED, FeePaid, (exact_share, claimant_goes_first, own_share)),
        Row(S.HALF_FUNDED, PayFee, PARTY, S.FUNDED, FeePaid, (exact_share, not_paid_yet, own_share)),
        Waits((S.OFFERED, S.HALF_FUNDED), Appoint, {R.PLATFORM, *PARTY}, (arbitrator_is_no_party, may_appoint, window_is_over)),
        Row(S.FUNDED, Appoint, {R.PLATFORM, *PARTY}, S.HEARING, Appointed, (arbitrator_is_no_party, may_appoint, window_is_over)),
        Row(S.HEARING, Replace, R.PLATFORM, SAME, Replaced, arbitrator_is_no_party),
        Row(S.HEARING, Award, R.ARBITRATOR, S.AWARDED, Awarded, (on_the_menu, can_be_appealed)),
        Row(S.HEARING, Award, R.ARBITRATOR, S.FINAL, Awarded, on_the_menu),
        Row(S.HEARING, Refuse, R.ARBITRATOR, S.REFUSED, Refused),
        Row(S.AWARDED, Appeal, PARTY, S.APPEALED, Appealed, fee_is_paid_in),
        Row(S.AWARDED, Appeal, PARTY, S.FUNDED, Appealed),
        Waits((S.FUNDED, S.HEARING, S.AWARDED), PayFee, PARTY, (fee_is_paid_in, not_paid_yet)),
        Row(S.APPEALED, PayFee, PARTY, S.FUNDED, FeePaid, (exact_share, not_paid_yet, own_share, other_paid)),
        Row(S.APPEALED, PayFee, PARTY, SAME, FeePaid, (exact_share, not_paid_yet, own_share)),
        Row(S.OFFERED, Lapse, R.CLOCK, S.FORFEITED, NobodyPaid, (), "pay"),
        Row(S.HALF_FUNDED, Lapse, R.CLOCK, S.FORFEITED, OnlyOnePaid, (), "pay"),
        Row(S.FUNDED, Lapse, R.CLOCK, SAME, WindowClosed, (), "pay"),
        Row(S.APPEALED, Lapse, R.CLOCK, S.FINAL, AwardStands, appeal_not_paid, "pay"),
        Row(S.APPEALED, Lapse, R.CLOCK, S.FORFEITED, OnlyOnePaid, (), "pay"),
        Row((S.FUNDED, S.HEARING), Lapse, R.CLOCK, S.CLOSED, AwardLapsed, (), "award"),
        Row(S.AWARDED, Lapse, R.CLOCK, S.FINAL, AwardStands, (), "appeal"),
        Row(_OPEN, Close, R.RULES, S.CLOSED, Closed),
        Row(_OVER, SettleFees, R.RULES, SAME, FeesSettled),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


@frozen
class Arbitration:
    """The record of one arbitration."""

    stack: tuple[S, ...]
    claimant: str | None
    shares: Mapping[str, Money]
    order: str
    offered_at: datetime
    half_at: datetime | None = None
    funded_at: datetime | None = None
    hearing_at: datetime | None = None
    awarded_at: datetime | None = None
    appealed_at: datetime | None = None
    #: Who paid in this window; how much stands in the ledger.
    paid: tuple[str, ...] = field(default=())
    unsealed: bool = False
    arbitrator: str | None = None
    award: Money | None = None
    round: int = 1
    hearings: int = 0
    appellant: str | None = None
    ruled: bool = False
    lapsed: bool = False

    @property
    def state(self) -> S:
        """Its state."""
        return self.stack[0]

    @property
    def sealed(self) -> bool:
        """Whether who has paid is still to be hidden."""
        return self.order == "sealed" and not self.unsealed and self.state in (S.OFFERED, S.HALF_FUNDED, S.FUNDED)


def evolve(it: Arbitration | None, event: Any) -> Arbitration:
    """The record after an event."""
    if it is None:
        funded = event.at if event.after == S.FUNDED else None
        state = (S(event.after),)
        return Arbitration(
            state, event.claimant, event.shares, event.order, event.at, funded_at=funded, unsealed=bool(funded)
        )
    stack = restack(it.stack, event.before, S(event.after), TABLE.covering)
    return changed(it, stack=stack, **_changes(it, event))


def _changes(it: Arbitration, event: Event) -> dict[str, Any]:
    """What an event changes beside the state."""
    match event:
        case FeePaid():
            first = {"half_at": event.at} if event.after == S.HALF_FUNDED else {}
            funded = {"funded_at": event.at} if event.after == S.FUNDED else {}
            both = ("payer", "payee") if event.share == "all" else (*it.paid, event.by)
            return {"paid": both, **first, **funded}
        case WindowClosed():
            return {"unsealed": True, "funded_at": event.at}
        case Appointed():
            return {"arbitrator": event.arbitrator, "hearing_at": event.at, "hearings": it.hearings + 1}
        case Replaced():
            return {"arbitrator": event.arbitrator}
        case Awarded():
            return {"award": event.to_payee, "awarded_at": event.at, "ruled": True}
        case Refused():
            return {"ruled": True}
        case Appealed():
            funded = {"funded_at": event.at} if event.after == S.FUNDED else {}
            return {"appellant": event.by, "appealed_at": event.at, "paid": (), "round": 2, **funded}
        case AwardLapsed():
            return {"lapsed": True}
        case _:
            return {}
