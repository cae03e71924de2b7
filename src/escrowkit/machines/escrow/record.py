"""What is true of an escrow: its record, and how an event changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve as changed
from attrs import frozen

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
from escrowkit.table import Event, restack

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


def _told(it: Escrow, word: str, reference: str) -> dict[str, Any]:
    return {"told": it.told | {(family(word), reference)}}


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


def _restored(it: Escrow, event: ChargeBackReversed) -> tuple[Freed, ...]:
    """What a chargeback had taken of releases is released again; it is past its security hold."""
    charged = event.charged
    if not charged.back:
        return it.releases
    zero = Money.zero(charged.back.currency)
    return (*it.releases, Freed(charged.back, charged.back_fee, charged.at, False, zero, zero))
