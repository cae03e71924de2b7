"""Due times: a period after an anchor, and whatever stood still meanwhile on top."""

from __future__ import annotations

from datetime import datetime

from escrowkit.testing.oracle.times import Span, in_business_days, stood_still
from escrowkit.testing.oracle.world import Work

DISPUTE = (
    ("dispute.opened",),
    (
        "dispute.withdrawn",
        "dispute.dropped",
        "dispute.conceded",
        "dispute.concluded",
        "dispute.defaulted",
        "dispute.offer_accepted",
        "dispute.offer_stands",
        "dispute.small_pot_divided",
        "dispute.overridden",
    ),
)
IMPOUND = ("escrow.held",), ("escrow.lifted", "escrow.impound_lapsed", "escrow.drained")
REQUEST = (
    ("milestone.cancel_requested",),
    (
        "milestone.cancel_agreed",
        "milestone.cancel_declined",
        "milestone.cancel_withdrawn",
        "milestone.voided",
        "milestone.silence_divided",
        "milestone.silence_ignored",
        "milestone.cancelled",
    ),
)


def spans(work: Work, *, dispute: bool, impound: bool, request: bool) -> list[Span]:
    """The spans in which a clock of this milestone stands still."""
    found: list[Span] = []
    if dispute:
        found += work.spans(*DISPUTE)
    if impound:
        found += work.spans(*IMPOUND)
    if request:
        found += work.spans(*REQUEST)
    return found


def later(
    work: Work, start: datetime, period: str, *, dispute: bool = True, impound: bool = True, request: bool = False
) -> datetime | None:
    """When a period is over; None while it stands still."""
    still, now = stood_still(spans(work, dispute=dispute, impound=impound, request=request), start)
    if now:
        return None
    due = work.rules.days.after(start, period) + still
    return work.rules.days.next_working(due) if in_business_days(period) and still else due
