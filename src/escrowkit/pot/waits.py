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
    """Pauses and extensions."""

    __slots__ = ()

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
        asked_at = record.asked_at if milestone.S.CANCELLING in record.stack else None
        return record.waited if asked_at is None else (*record.waited, (asked_at, None))

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
        return next((key for key in self._case_clocks if key.endswith(f".{name}")), name)

    @property
    def _case_clocks(self) -> tuple[str, ...]:
        """The full names of the clocks that run now in the dispute and its stages."""
        cases = (c for c in CLOCKS if c.machine in ("arbitration", "mediation", "dispute"))
        return tuple(f"{c.machine}.{c.name}" for c in cases if due_of(self, c) is not None)

    def extendable(self, name: str) -> bool:
        """Whether a clock runs now in the dispute or its stages and can be extended."""
        key = self.clock_key(name)
        return key in self._case_clocks and not key.endswith(".longest")

    def extensions(self, key: str) -> tuple[Period, ...]:
        """The extensions of a clock in the latest dispute."""
        return tuple(period for clock, period in self.dispute.extensions if clock == key) if self.dispute else ()
