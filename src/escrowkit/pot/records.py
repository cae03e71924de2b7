"""The records of a milestone's machines and the balances of its accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from escrowkit.machines import escrow, milestone
from escrowkit.machines.arbitration import Arbitration
from escrowkit.machines.dispute import Dispute
from escrowkit.machines.escrow import Escrow
from escrowkit.machines.feedback import Feedback
from escrowkit.machines.mediation import Mediation
from escrowkit.machines.milestone import Milestone
from escrowkit.money import Money
from escrowkit.pot.lane import Lane

if TYPE_CHECKING:
    from escrowkit.agreement.whole import Whole

#: Stretches of time; the last may be open.
Spans = tuple[tuple[datetime, datetime | None], ...]


class Records:
    """The records of the machines, and where the work and the case stand."""

    __slots__ = ("_waits", "agreement", "at", "currency", "escrow", "id", "lane", "milestone", "rules", "zero")

    #: The record of the work; every command but the first finds one.
    milestone: Milestone
    #: The record of the pot.
    escrow: Escrow | None

    def __init__(self, agreement: Whole, lane: Lane, at: datetime) -> None:
        self.agreement = agreement
        self.lane = lane
        self.at = at
        self.milestone = lane.milestone  # type: ignore[assignment]
        self.escrow = lane.escrow
        self.id = lane.id
        self.rules = lane.rules
        self.currency = lane.currency
        self.zero = Money.zero(lane.currency)
        self._waits: Mapping[str, Spans] | None = None

    @property
    def dispute(self) -> Dispute | None:
        """The latest dispute."""
        return self.lane.cases[-1].dispute if self.lane.cases else None

    @property
    def mediation(self) -> Mediation | None:
        """The mediation of the latest dispute."""
        return self.lane.cases[-1].mediation if self.lane.cases else None

    @property
    def arbitration(self) -> Arbitration | None:
        """The arbitration of the latest dispute."""
        return self.lane.cases[-1].arbitration if self.lane.cases else None

    @property
    def feedback(self) -> Feedback | None:
        """What the sides say of one another."""
        return self.lane.feedback

    @property
    def case(self) -> str:
        """The latest case by its number: `m1/1`."""
        return f"{self.id}/{len(self.lane.cases)}"

    @property
    def milestone_state(self) -> str:
        """The state of the work."""
        return self.milestone.state.value

    @property
    def over(self) -> bool:
        """Whether the milestone has ended."""
        return self.milestone.state in milestone.TABLE.final

    @property
    def disputed(self) -> bool:
        """Whether a dispute is open."""
        return self.dispute is not None and not self.dispute.is_over

    @property
    def impounded(self) -> bool:
        """Whether the platform holds the money."""
        return self.escrow is not None and self.escrow.state is escrow.S.IMPOUNDED

    @property
    def instant(self) -> bool:
        """Whether money travels at once."""
        return self.agreement.rail == "instant"

    def _balance(self, account: str) -> Money:
        return self.agreement.ledger.balance(account, self.currency)

    def _sum(self, sums: Iterable[Money]) -> Money:
        return sum(sums, self.zero)
