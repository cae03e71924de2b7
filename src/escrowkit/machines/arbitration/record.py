"""What is true of an arbitration: its record, and how an event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from escrowkit.copying import changed
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
from escrowkit.table import Changes, Layered


@frozen
class Arbitration(Layered[S]):
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
    def sealed(self) -> bool:
        """Whether who has paid is still to be hidden."""
        return self.order == "sealed" and not self.unsealed and self.state in (S.OFFERED, S.HALF_FUNDED, S.FUNDED)


def evolve(it: Arbitration | None, event: Any) -> Arbitration:
    """The record after an event."""
    if it is None:
        funded = event.at if event.after == S.FUNDED else None
        state = TABLE.layers((), event)
        return Arbitration(
            state, event.claimant, event.shares, event.order, event.at, funded_at=funded, unsealed=bool(funded)
        )
    return changed(it, stack=TABLE.layers(it.stack, event), **_CHANGES(it, event))


def _funded(event: Any) -> dict[str, Any]:
    return {"funded_at": event.at} if event.after == S.FUNDED else {}


def _paid(it: Arbitration, event: FeePaid) -> dict[str, Any]:
    first = {"half_at": event.at} if event.after == S.HALF_FUNDED else {}
    both = ("payer", "payee") if event.share == "all" else (*it.paid, event.by)
    return {"paid": both, **first, **_funded(event)}


def _appealed(it: Arbitration, event: Appealed) -> dict[str, Any]:
    return {"appellant": event.by, "appealed_at": event.at, "paid": (), "round": 2, **_funded(event)}


#: What an event changes beside the state.
_CHANGES: Final = Changes(
    {
        FeePaid: _paid,
        WindowClosed: lambda it, e: {"unsealed": True, "funded_at": e.at},
        Appointed: lambda it, e: {"arbitrator": e.arbitrator, "hearing_at": e.at, "hearings": it.hearings + 1},
        Replaced: lambda it, e: {"arbitrator": e.arbitrator},
        Awarded: lambda it, e: {"award": e.to_payee, "awarded_at": e.at, "ruled": True},
        Refused: lambda it, e: {"ruled": True},
        Appealed: _appealed,
        AwardLapsed: lambda it, e: {"lapsed": True},
    }
)
