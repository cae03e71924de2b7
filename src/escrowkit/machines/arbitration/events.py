"""What can happen to an arbitration: each event says what its command said, who, when, and what follows in figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escrowkit.machines.arbitration.guards import settle
from escrowkit.money import Money
from escrowkit.table import Context, Event, said


@said
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


@said
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


@said
class WindowClosed(Event):
    """Both sides paid, and the window of the sealed deposits closed: everybody may know now."""

    clock: str


@said
class Appointed(Event):
    """An arbitrator was appointed; the platform paid its share, if it has one."""

    arbitrator: str
    case: str
    platform_share: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The platform's share."""
        return {"case": ctx.pot.case, "platform_share": ctx.it.shares.get("platform", ctx.pot.zero)}


@said
class Replaced(Event):
    """The arbitrator was replaced."""

    arbitrator: str
    reason: str


@said
class Awarded(Event):
    """The arbitrator awarded the stake; `cost` is a fee out of the pot."""

    to_payee: Money
    reasons: str
    cost: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The fee out of the pot, if it is of that model."""
        return {"cost": ctx.pot.pot_fee}


@said
class Refused(Event):
    """The arbitrator could not or would not rule."""

    reason: str


@said
class Appealed(Event):
    """An award was appealed."""


@said
class NobodyPaid(Event):
    """The fee window passed and nobody had paid."""

    clock: str


@said
class OnlyOnePaid(Event):
    """The fee window passed and only one side had paid."""

    clock: str
    paid: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Which side."""
        return {"paid": next(iter(ctx.it.paid))}


@said
class AwardLapsed(Event):
    """No award in time."""

    clock: str


@said
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


@said
class Closed(Event):
    """The arbitration is closed: the dispute ended in another way."""


@said
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
