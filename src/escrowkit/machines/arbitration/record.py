"""What is true of an arbitration: its record, and how an event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import evolve as changed
from attrs import field, frozen

from escrowkit.machines.arbitration.commands import S
from escrowkit.machines.arbitration.events import (
    Appealed,
    Appointed,
    Awarded,
    AwardLapsed,
    FeePaid,
    Refused,
    Replaced,
    WindowClosed,
)
from escrowkit.machines.arbitration.table import TABLE
from escrowkit.money import Money
from escrowkit.table import Event, restack


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
