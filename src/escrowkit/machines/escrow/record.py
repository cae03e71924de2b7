"""What is true of an escrow: its record, and how an event changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from attrs import frozen

from escrowkit.copying import changed
from escrowkit.fees import Levies, Sums, more, total
from escrowkit.machines.escrow.commands import S
from escrowkit.machines.escrow.events import (
    ChargeBackReversed,
    ChargedBack,
    Cleared,
    DepositConfirmed,
    Deposited,
    DepositFailed,
    DepositRequested,
    DepositReturned,
    Disposed,
    Drained,
    FundingLapsed,
    Held,
    ImpoundLapsed,
    Lifted,
    PaidOut,
    Received,
    Reclaimed,
    RefundReleasedPromised,
    ReleasedRefunded,
    RolledOver,
)
from escrowkit.machines.escrow.guards import family
from escrowkit.machines.escrow.sums import take_back
from escrowkit.machines.escrow.table import TABLE
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import Changes, Event, Layered

R = Role


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
    #: What fees of the list took of it, and how much of that was taken of what went back.
    cut: Money
    back_cut: Money

    @property
    def left(self) -> Money:
        """Gross that has not gone back."""
        return self.gross - self.back

    @property
    def net(self) -> Money:
        """What of it is the payee's."""
        return self.left - (self.fee - self.back_fee) - (self.cut - self.back_cut)


@frozen
class Span:
    """A time in which the platform held the money and clocks waited."""

    start: datetime
    end: datetime | None = None
    #: Who made the hold: the platform, or the rules for a suspension.
    by: str = "platform"


#: Most pots have no such fees; they all say so with this.
NO_SUMS: Final[Sums] = {}


@frozen(weakref_slot=False)
class Escrow(Layered[S]):
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
    #: What came from other milestones, and what went to them.
    received: Money | None = None
    rolled: Money | None = None
    #: Of the fees of the list: what was taken when money left, what came back of what the payer had paid in; and on
    #: what they are counted.
    levied: Sums = NO_SUMS
    prepaid_back: Sums = NO_SUMS
    paid: Money | None = None
    refunded: Money | None = None
    undone: Money | None = None
    given_back: Money | None = None


def evolve(it: Escrow | None, event: Event) -> Escrow:
    """The record after an event."""
    if it is None:
        return Escrow(TABLE.layers((), event))
    stack = TABLE.layers(it.stack, event)
    if isinstance(event, (DepositReturned, DepositFailed, FundingLapsed)):
        # Under a dispute nothing waits for the provider any more: what lies below is not `funding`.
        stack = (stack[0], *(S.EMPTY if below is S.FUNDING else below for below in stack[1:]))
    if isinstance(event, ChargeBackReversed) and event.to_escrow:
        # Under a dispute as well: when that is withdrawn, the escrow comes back to what is held again.
        full = tuple(S.HELD if below in (S.EMPTY, S.FUNDING, S.CLEARING) else below for below in stack[1:])
        stack = (stack[0], *full)
    return changed(it, stack=stack, **_CHANGES(it, event))


_NOTHING_PENDING: dict[str, Any] = {"pending": None, "pending_at": None}


def _ended(it: Escrow, event: Event) -> tuple[Span, ...]:
    return tuple(changed(span, end=span.end or event.at) for span in it.spans)


def _more(before: Money | None, amount: Money) -> Money:
    return amount if before is None else before + amount


def _kept(it: Escrow, event: ReleasedRefunded) -> dict[str, Any]:
    """A promise is kept once, under the provider's reference; a refund at once keeps none."""
    if event.reference is None:
        return {}
    kept = it.promised.index(event.amount)
    promised = it.promised[:kept] + it.promised[kept + 1 :]
    return {"promised": promised} | _told(it, "confirm_refund_released", event.reference)


def _told(it: Escrow, word: str, reference: str) -> dict[str, Any]:
    return {"told": it.told | {(family(word), reference)}}


def _deposited(it: Escrow, reference: str, sum_: Money, event: Any) -> dict[str, Any]:
    paid = Paid(reference, sum_, Money.zero(sum_.currency))
    fees = it.processing + event.processing_fee if it.processing else event.processing_fee
    return {"deposits": (*it.deposits, paid), "held_since": it.held_since or event.at, "processing": fees}


def _disposed(it: Escrow, event: Disposed) -> dict[str, Any]:
    releases, _ = take_back(it.releases, event.back)
    levies = event.levies
    if event.paid:
        zero = Money.zero(event.paid.currency)
        cut = total(levies.taken, zero) if levies else zero
        releases = (*releases, Freed(event.paid, event.fee, event.at, event.clears, zero, zero, cut, zero))
    return {"releases": releases} | (_counted(it, event, levies) if levies else {})


def _counted(it: Escrow, event: Disposed, levies: Levies) -> dict[str, Any]:
    """On what the fees of the list are counted, and what came back of them."""
    return {
        "levied": more(more(it.levied, levies.taken), levies.kept),
        "prepaid_back": more(it.prepaid_back, levies.returned),
        "paid": _more(it.paid, event.paid),
        "refunded": _more(it.refunded, event.to_payer),
        "undone": _more(it.undone, event.back),
    }


def _charge(it: Escrow, event: ChargedBack) -> dict[str, Any]:
    releases, _ = take_back(it.releases, event.back)
    deposits = tuple(
        changed(d, charged=d.charged + event.amount) if d.reference == event.deposit else d for d in it.deposits
    )
    told = _told(it, "charge_back", event.reference)
    return {"releases": releases, "deposits": deposits, "charged": (*it.charged, event)} | told


def _restored(it: Escrow, event: ChargeBackReversed) -> tuple[Freed, ...]:
    """What a chargeback had taken of releases is released again; it is past its security hold."""
    charged = event.charged
    if not charged.back:
        return it.releases
    zero = Money.zero(charged.back.currency)
    return (*it.releases, Freed(charged.back, charged.back_fee, charged.at, False, zero, zero, zero, zero))


def _confirmed(it: Escrow, event: DepositConfirmed) -> dict[str, Any]:
    arrived = _deposited(it, event.reference, event.kept, event)
    return arrived | _NOTHING_PENDING | _told(it, "confirm_deposit", event.reference)


def _received(it: Escrow, event: Received) -> dict[str, Any]:
    return {"held_since": it.held_since or event.at, "received": _more(it.received, event.amount)}


def _cleared(it: Escrow, event: Cleared) -> dict[str, Any]:
    oldest = next(i for i, r in enumerate(it.releases) if r.clearing)
    cleared = changed(it.releases[oldest], clearing=False)
    return {"releases": (*it.releases[:oldest], cleared, *it.releases[oldest + 1 :])}


def _reversed(it: Escrow, event: ChargeBackReversed) -> dict[str, Any]:
    held = {"held_since": it.held_since or event.at} if event.to_escrow else {}
    return {"releases": _restored(it, event)} | held | _told(it, "reverse_charge_back", event.reference)


def _refunded(it: Escrow, event: ReleasedRefunded) -> dict[str, Any]:
    releases, _ = take_back(it.releases, event.back)
    fees: dict[str, Any] = {}
    if event.fees is not None:
        fees = {"prepaid_back": more(it.prepaid_back, event.fees), "given_back": _more(it.given_back, event.back)}
    return {"releases": releases} | _kept(it, event) | fees


def _paid_out(it: Escrow, event: PaidOut) -> dict[str, Any]:
    charged = tuple(_met_nothing(charged, event) for charged in it.charged)
    return {"charged": charged} | _told(it, "confirm_payout", event.reference)


def _met_nothing(charged: ChargedBack, late: PaidOut) -> ChargedBack:
    """A chargeback of money that had left already, as a payout told later shows: the platform paid that part of it."""
    advanced, owed = late.advanced or {}, late.owed or {}
    if charged.reference not in advanced:
        return charged
    part = advanced[charged.reference]
    return changed(
        charged,
        from_payable=charged.from_payable - part,
        from_platform=charged.from_platform + part,
        owed_by_payee=charged.owed_by_payee + owed[charged.reference],
    )


#: What an event changes beside the state.
_CHANGES: Final = Changes(
    {
        Deposited: lambda it, e: _deposited(it, e.reference, e.amount, e) | _told(it, "deposit", e.reference),
        DepositConfirmed: _confirmed,
        DepositReturned: lambda it, e: _told(it, "confirm_deposit", e.reference) | _NOTHING_PENDING,
        DepositRequested: lambda it, e: {"pending": e.amount, "pending_at": e.at},
        DepositFailed: lambda it, e: _NOTHING_PENDING,
        FundingLapsed: lambda it, e: _NOTHING_PENDING,
        Received: _received,
        RolledOver: lambda it, e: {"rolled": _more(it.rolled, e.amount)},
        Disposed: _disposed,
        Cleared: _cleared,
        ChargedBack: _charge,
        ChargeBackReversed: _reversed,
        RefundReleasedPromised: lambda it, e: {"promised": (*it.promised, e.amount)},
        ReleasedRefunded: _refunded,
        Reclaimed: lambda it, e: {"releases": take_back(it.releases, e.amount)[0]},
        PaidOut: _paid_out,
        Held: lambda it, e: {"spans": (*it.spans, Span(e.at, by=e.by))},
        Drained: lambda it, e: {"held_since": None, "spans": _ended(it, e)},
        Lifted: lambda it, e: {"spans": _ended(it, e)},
        ImpoundLapsed: lambda it, e: {"spans": _ended(it, e)},
    }
)
