"""What moves money: one line an event, and the release condition that it cites.

An event that is not here moves nothing. Every line has a source, a target and an amount; what leaves an escrow cites one code
of the closed list in `ledger.CONDITIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from attrs import frozen

from escrowkit.fees import NONE, total
from escrowkit.ledger import CONDITIONS, Entry, Kind, Line, lines
from escrowkit.machines import arbitration, escrow, obligation
from escrowkit.money import Money
from escrowkit.table import Event

Lines = Callable[[Any, Any], tuple[Line, ...]]


@frozen
class Booking:
    """How one event is booked: its lines (of the pot and the event), the release condition it cites, and both in words."""

    event: type[Event]
    lines: Lines
    #: A code, or "event" where the event itself says which.
    cites: str | None
    words: str


def _escrow(pot: Any) -> str:
    return f"escrow:{pot.id}"


def _deposit(event: Any, role: str) -> str:
    return f"deposit:{event.case}:{role}"


def _deposited(pot: Any, event: Any, kept: Money, returned: Money) -> tuple[Line, ...]:
    return lines(
        ("world:payer", _escrow(pot), kept),
        ("world:payer", f"fees:{pot.id}", total(pot.fees_paid_in(kept), event.processing_fee)),
        ("world:payer", "payable:payer", returned),
    )


def _disposed(
    pot: Any, event: Any, payer: str = "payable:payer", cost: Money | None = None, cost_to: str = ""
) -> tuple[Line, ...]:
    """The payee's part less its fees, the payer's part, and what goes back of releases that were clearing."""
    payee = f"clearing:{pot.id}" if event.clears else "payable:payee"
    levies, zero = event.levies or NONE, pot.zero
    # Where there is no cost, nobody has to know who would earn it: the sources may not say.
    earns = cost_to or (pot.rules["arbitration.fee.paid_to"] if cost else "arbitrator")
    out = lines(
        (_escrow(pot), "world:platform", event.fee),
        *_to_owners(pot, _escrow(pot), levies.taken),
        (_escrow(pot), payee, event.paid - event.fee - total(levies.taken, zero)),
        *_to_owners(pot, _escrow(pot), levies.kept),
        (_escrow(pot), payer, event.to_payer - total(levies.kept, zero)),
        (_escrow(pot), f"world:{earns}", cost or zero),
        (f"clearing:{pot.id}", payer, event.back - event.back_fee - (levies.back or zero)),
        (f"fees:{pot.id}", "payable:payer", total(levies.returned, zero)),
    )
    return out + _fee_back(pot, event.back_fee, payer) + _processing(pot, event.to_payer + event.back)


def _divided(pot: Any, event: Any) -> tuple[Line, ...]:
    return _disposed(pot, event, cost=event.cost) + lines(("world:platform", "payable:payer", event.advanced))


def _to_owners(pot: Any, source: str, sums: Mapping[str, Money]) -> tuple[tuple[str, str, Money], ...]:
    """Each fee of the list from here to whom it goes."""
    return tuple((source, f"world:{pot.fee_owner(name)}", sum_) for name, sum_ in sums.items())


def _closed(pot: Any, event: Any) -> tuple[Line, ...]:
    return lines((f"fees:{pot.id}", "world:platform", pot.fees), *_to_owners(pot, f"fees:{pot.id}", pot.prepaid))


def _fee_back(pot: Any, fee: Money, payer: str) -> tuple[Line, ...]:
    """A service fee already taken: the platform gives it back, unless the rulebook has a party bear it."""
    return lines(("world:platform", payer, fee)) if pot.fees_reversed else ()


def _processing(pot: Any, refunded: Money) -> tuple[Line, ...]:
    """The payer's processing fee: back with a refund of held money where the rulebook says so, else earned at the end."""
    back = pot.processing_fee_back(refunded)
    return lines((f"fees:{pot.id}", "payable:payer", back))


def _seized(pot: Any, event: Any) -> tuple[Line, ...]:
    return _disposed(pot, event, "world:authority" if event.to == "authority" else "payable:payer")


def _charged_back(pot: Any, event: Any) -> tuple[Line, ...]:
    return lines(
        (_escrow(pot), "world:payer", event.from_escrow),
        (f"clearing:{pot.id}", "world:payer", event.from_clearing),
        ("payable:payee", "world:payer", event.from_payable),
        ("world:platform", "world:payer", event.from_platform),
        ("world:platform", "world:provider", event.fee),
    )


def _reversed(pot: Any, event: Any) -> tuple[Line, ...]:
    """Back to where it was: the escrow if it is still open, else to whom it belongs; what the platform advanced, to it."""
    charged = event.charged
    cause = f"chargeback {event.reference}"
    return lines(
        ("world:payer", _escrow(pot) if event.to_escrow else "payable:payer", charged.from_escrow),
        ("world:payer", "payable:payee", charged.from_clearing + charged.from_payable),
        ("world:payer", "world:platform", charged.from_platform),
        ("world:platform", "payable:payee", pot.repaid_on(cause, "payee")),
        ("world:platform", "payable:payer", pot.repaid_on(cause, "payer")),
    )


def _released_refunded(pot: Any, event: Any) -> tuple[Line, ...]:
    """Out of what still clears, then out of the payee's own; the service fee as the rulebook says."""
    fee = event.back_fee if pot.fees_reversed else pot.zero
    borne = event.back_fee if pot.fee_on_refund == "payer" else pot.zero
    return lines(
        (f"clearing:{pot.id}", "payable:payer", event.from_clearing),
        ("world:payee", "payable:payer", event.amount - fee - borne - event.from_clearing),
        ("world:platform", "payable:payer", fee),
        *_given_back(pot, event.fees or {}),
    )


def _given_back(pot: Any, sums: Mapping[str, Money]) -> tuple[tuple[str, str, Money], ...]:
    """What the payer paid in for fees comes back: from beside the escrow, or from whom it went to when that was settled."""
    if not pot.settled:
        return ((f"fees:{pot.id}", "payable:payer", total(sums, pot.zero)),)
    return tuple((f"world:{pot.fee_owner(name)}", "payable:payer", sum_) for name, sum_ in sums.items())


def _paid_out(pot: Any, event: Any) -> tuple[Line, ...]:
    advanced = total(event.advanced or {}, pot.zero)
    return lines(
        (f"payable:{event.to}", f"world:{event.to}", event.amount - advanced),
        ("world:platform", f"world:{event.to}", advanced),
    )


def _fee_paid(pot: Any, event: Any) -> tuple[Line, ...]:
    target = "world:arbitrator" if event.outside else _deposit(event, event.by)
    return lines((f"world:{event.by}", target, event.amount))


def _fees_settled(pot: Any, event: Any) -> tuple[Line, ...]:
    home = {"payer": "payable:payer", "payee": "payable:payee", "platform": "world:platform"}
    return lines(
        *((_deposit(event, role), f"world:{event.to}", sum_) for role, sum_ in event.borne.items()),
        *((_deposit(event, role), home[role], sum_) for role, sum_ in event.returned.items()),
    )


def _obligation_paid(pot: Any, event: Any) -> tuple[Line, ...]:
    fee = event.back_fee if pot.fees_reversed else pot.zero
    return lines(
        (f"world:{event.debtor}", f"world:{event.creditor}", event.amount),
        ("world:platform", f"world:{event.debtor}", fee),
    )


BOOKS: Final[tuple[Booking, ...]] = (
    Booking(escrow.Deposited, lambda pot, e: _deposited(pot, e, e.amount, pot.zero), None,
            "from the payer into the escrow, the processing fee beside it"),
    Booking(escrow.DepositConfirmed, lambda pot, e: _deposited(pot, e, e.kept, e.amount - e.kept), None,
            "from the payer into the escrow; what is over the price is payable to the payer"),
    Booking(escrow.DepositReturned, lambda pot, e: lines(("world:payer", "payable:payer", e.amount)), None,
            "what fits nowhere is payable to the payer"),
    Booking(escrow.Released, _disposed, "payer_released", "to the payee, less the service fee"),
    Booking(escrow.Refunded, _disposed, "payee_refunded", "back to the payer"),
    Booking(escrow.Disbursed, _disposed, "event", "to the payee less the service fee, the rest to the payer"),
    Booking(escrow.Divided, _divided, "event",
            "as the dispute ended; releases that were clearing count as the payee's first; what the platform advances"),
    Booking(escrow.RolledOver, lambda pot, e: lines((_escrow(pot), f"escrow:{e.to}", e.amount)), "rolled_forward",
            "into the other milestone's escrow"),
    Booking(escrow.Seized, _seized, "platform_seized", "all to the payer's source, the payee or an authority"),
    Booking(escrow.OrderObeyed, lambda pot, e: _disposed(pot, e, cost=e.costs, cost_to=e.costs_to or ""), "court_ordered",
            "as the court ordered, its costs first"),
    Booking(escrow.HoldEnded, _disposed, "event", "as the rulebook answers the longest time or dormancy"),
    Booking(escrow.ChargedBack, _charged_back, "charged_back",
            "out of the escrow, then what clears, then what is payable, then the platform's own; its network fee"),
    Booking(escrow.ChargeBackReversed, _reversed, None, "back to where it was, or to whom it belongs"),
    Booking(escrow.Cleared, lambda pot, e: lines((f"clearing:{pot.id}", "payable:payee", e.amount)), None,
            "past its security hold: payable to the payee"),
    Booking(escrow.ReleasedRefunded, _released_refunded, None, "from the payee back to the payer, with the service fee"),
    Booking(escrow.PaidOut, _paid_out, None,
            "from what is payable to the world; what a chargeback took of it too late, from the platform"),
    Booking(escrow.Closed, _closed, None, "the payer's processing fee is earned, and what it paid in for other fees goes to whom they go"),
    Booking(arbitration.FeePaid, _fee_paid, None, "from the party into its deposit of the case"),
    Booking(arbitration.Appointed, lambda pot, e: lines(("world:platform", _deposit(e, "platform"), e.platform_share)),
            None, "the platform pays its share in"),
    Booking(arbitration.FeesSettled, _fees_settled, None, "what was earned to the arbitrator, the rest back"),
    Booking(obligation.Paid, _obligation_paid, None, "from the debtor to the creditor, with the service fee that was on it"),
)  # fmt: skip

_BY_EVENT: Final[Mapping[type[Event], Booking]] = {booking.event: booking for booking in BOOKS}


def book(pot: Any, event: Event) -> tuple[Entry, ...]:
    """The entries that an event causes: none, or one that balances."""
    booking = _BY_EVENT.get(type(event))
    if booking is None:
        return ()
    moved = booking.lines(pot, event)
    if pot.instant:
        moved += _paid_at_once(moved)
    if not moved:
        return ()
    cites = cast(Any, event).code if booking.cites == "event" else booking.cites
    leaves = any(line.source.startswith(("escrow:", "clearing:")) for line in moved)
    if not leaves or cites is None:
        return (Entry(moved),)
    kind: Kind = getattr(event, "kind", None) or CONDITIONS[cites][0]
    return (Entry(moved, cites, kind),)


def _paid_at_once(moved: tuple[Line, ...]) -> tuple[Line, ...]:
    """With an instant rail what is payable empties into the world at once."""
    return tuple(
        Line(line.target, line.target.replace("payable:", "world:"), line.amount)
        for line in moved
        if line.target.startswith("payable:")
    )
