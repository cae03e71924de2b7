"""What is true of a mediation: its record, and how an event changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from attrs import frozen

from escrowkit.copying import changed
from escrowkit.machines.mediation.commands import S
from escrowkit.machines.mediation.events import Accepted, Assigned, Recommended, Replaced, Voided
from escrowkit.machines.mediation.table import TABLE
from escrowkit.money import Money
from escrowkit.table import Changes, Layered


@frozen
class Mediation(Layered[S]):
    """The record of one mediation."""

    stack: tuple[S, ...]
    power: str
    requested_at: datetime
    sitting_at: datetime | None = None
    recommended_at: datetime | None = None
    mediator: str | None = None
    recommendation: Money | None = None
    accepted: tuple[str, ...] = ()


def evolve(it: Mediation | None, event: Any) -> Mediation:
    """The record after an event."""
    if it is None:
        return Mediation(TABLE.layers((), event), event.power, event.at)
    return changed(it, stack=TABLE.layers(it.stack, event), **_CHANGES(it, event))


_NO_RECOMMENDATION: dict[str, Any] = {"recommendation": None, "recommended_at": None, "accepted": ()}


def _sits(it: Mediation, event: Any) -> dict[str, Any]:
    return {"mediator": event.mediator, "sitting_at": event.at} | _NO_RECOMMENDATION


#: What an event changes beside the state.
_CHANGES: Final = Changes(
    {
        Assigned: _sits,
        Replaced: _sits,
        Recommended: lambda it, e: {"recommendation": e.to_payee, "recommended_at": e.at, "accepted": ()},
        Accepted: lambda it, e: {"accepted": tuple(dict.fromkeys((*it.accepted, e.by)))},
        Voided: lambda it, e: {"sitting_at": e.at} | _NO_RECOMMENDATION,
    }
)
