"""The times of a milestone: what paused its clocks, for how long, and what extended them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from escrowkit.clocks import CLOCKS, due_of
from escrowkit.machines import milestone
from escrowkit.periods import Period
from escrowkit.pot.charges import Charges
from escrowkit.pot.records import Spans

#: What pauses the work on a milestone.
PAUSES: Final = ("dispute", "impound", "request")


class Waits(Charges):
    """Pauses, extensions, and when somebody last did something."""

    __slots__ = ()

    @property
    def touched(self) -> datetime | None:
        """When somebody last did something here, or money came in."""
        times = (self.lane.touched, self.escrow.held_since if self.escrow else None)
        return max((time for time in times if time is not None), default=None)

    @property
    def clearing_from(self) -> datetime | None:
        """When the oldest release that still clears was made."""
        return next((r.at for r in self._releases if r.clearing), None)

    @property
    def waits(self) -> Mapping[str, Spans]:
        """The times in which clocks waited, by what for; for most milestones there are none."""
        if self._waits is None:
            self._waits = {why: spans for why in PAUSES if (spans := self.spans(why))}
        return self._waits

    def spans(self, why: str) -> Spans:
        """The times in which clocks waited: for a dispute, a hold by the platform, an open cancel request."""
        if why == "dispute":
            return tuple([(c.dispute.opened_at, c.dispute.ended_at) for c in self.lane.cases])
        if why == "impound":
            return tuple([(s.start, s.end) for s in self.escrow.spans]) if self.escrow else ()
        record = self.milestone
        asking = record.asked_at is not None and milestone.S.CANCELLING in record.stack
        return (*record.waited, (record.asked_at, None)) if asking and record.asked_at else record.waited

    def is_paused(self, why: str) -> bool:
        """Whether clocks wait now."""
        return any(end is None for _, end in self.waits.get(why, ()))

    def paused_since(self, anchor: datetime, pauses: tuple[str, ...]) -> timedelta:
        """How long clocks waited since an instant; what overlaps counts once."""
        total, reached = timedelta(0), anchor
        for start, end in sorted((s, e or self.at) for why in pauses for s, e in self.waits.get(why, ())):
            if end > reached:
                total += end - max(start, reached)
                reached = end
        return total

    def clock_key(self, name: str) -> str:
        """A clock by its full name: `dispute.answer`."""
        if "." in name:
            return name
        cases = (c for c in CLOCKS if c.machine in ("arbitration", "mediation", "dispute"))
        return next((f"{c.machine}.{c.name}" for c in cases if c.name == name and due_of(self, c)), name)

    def extendable(self, name: str) -> bool:
        """Whether a clock runs now in the dispute or its stages and can be extended."""
        key = self.clock_key(name)
        running = (c for c in CLOCKS if c.machine in ("arbitration", "mediation", "dispute") and due_of(self, c))
        return any(f"{c.machine}.{c.name}" == key and c.name != "longest" for c in running)

    def extensions(self, key: str) -> tuple[Period, ...]:
        """The extensions of a clock in the latest dispute."""
        return tuple(period for clock, period in self.dispute.extensions if clock == key) if self.dispute else ()
