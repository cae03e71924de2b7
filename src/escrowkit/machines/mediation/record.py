"""What is true of a mediation: its record, and how an event changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve as changed
from attrs import frozen

from escrowkit.machines.mediation.commands import S
from escrowkit.machines.mediation.events import Accepted, Assigned, Recommended, Replaced, Voided
from escrowkit.machines.mediation.table import TABLE
from escrowkit.money import Money
from escrowkit.table import Event, restack


@frozen
class Mediation:
    """The record of one mediation."""

    stack: tuple[S, ...]
    power: str
    requested_at: datetime
    sitting_at: datetime | None = None
    recommended_at: datetime | None = None
    mediator: str | None = None
    recommendation: Money | None = None
    accepted: tuple[str, ...] = ()

    @property
    def state(self) -> S:
        """Its state."""
        return self.stack[0]


def evolve(it: Mediation | None, event: Any) -> Mediation:
    """The record after an event."""
    if it is None:
        return Mediation((S(event.after),), event.power, event.at)
    stack = restack(it.stack, event.before, S(event.after), TABLE.covering)
    return changed(it, stack=stack, **_changes(it, event))


_NO_RECOMMENDATION: dict[str, Any] = {"recommendation": None, "recommended_at": None, "accepted": ()}


def _changes(it: Mediation, event: Event) -> dict[str, Any]:
    """What an event changes beside the state."""
    match event:
        case Assigned() | Replaced():
            return {"mediator": event.mediator, "sitting_at": event.at} | _NO_RECOMMENDATION
        case Recommended():
            return {"recommendation": event.to_payee, "recommended_at": event.at, "accepted": ()}
        case Accepted():
            return {"accepted": tuple(dict.fromkeys((*it.accepted, event.by)))}
        case Voided():
            return {"sitting_at": event.at} | _NO_RECOMMENDATION
        case _:
            return {}
