"""What can happen to a mediation: each event says what its command said, who, when, and what follows in figures."""

from __future__ import annotations

from typing import Any

from escrowkit.money import Money
from escrowkit.table import Context, Event, said


@said
class Opened(Event):
    """The mediation was requested; `power` is what the mediator may do."""

    power: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The power that was shown when the dispute opened."""
        return {"power": ctx.pot.power}


@said
class Assigned(Event):
    """A mediator was assigned."""

    mediator: str


@said
class Replaced(Event):
    """The mediator was replaced."""

    mediator: str
    reason: str


@said
class Recommended(Event):
    """The mediator recommended a division."""

    to_payee: Money
    reasons: str


@said
class Accepted(Event):
    """A party accepted the recommendation."""

    to_payee: Money


@said
class Rejected(Event):
    """A party rejected the recommendation: it is void."""

    to_payee: Money


@said
class Decided(Event):
    """The mediator decided."""

    to_payee: Money
    reasons: str


@said
class Failed(Event):
    """The mediator gave notice of non-resolution."""

    reason: str


@said
class Voided(Event):
    """The recommendation is void, because money moved."""


@said
class Closed(Event):
    """The mediation is closed: the dispute ended in another way."""


@said
class Lapsed(Event):
    """No recommendation, no acceptance or no end in time: the mediation failed."""

    clock: str


@said
class DeemedAccepted(Event):
    """Nobody rejected the recommendation in time, and the rulebook takes that as acceptance."""

    clock: str
    to_payee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As recommended."""
        return {"to_payee": ctx.it.recommendation}
