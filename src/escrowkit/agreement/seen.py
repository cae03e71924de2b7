"""What a role may see: as if what is sealed had not happened yet.

Who has paid a sealed deposit is shown to nobody but who paid until the window closes; sealed feedback to nobody but who
wrote it until both have written, or the time is over.
"""

from __future__ import annotations

from typing import Any

from escrowkit.agreement.fold import Fold
from escrowkit.agreement.whole import Whole
from escrowkit.agreement.words import Record
from escrowkit.copying import changed
from escrowkit.machines import arbitration, feedback
from escrowkit.pot import Lane
from escrowkit.table import Event


def seen(whole: Any, name: str) -> Fold:
    """What one may see who acts under this name: the history without what is sealed, folded anew."""
    fold = _as_seen(_renumbered([record for record in whole.history if not _is_hidden(record.event, whole, name)]))
    fold.is_view = True
    return fold


def hides(whole: Any, name: str) -> bool:
    """Whether anything is hidden from who acts under this name."""
    return any(_is_hidden(record.event, whole, name) for record in whole.history)


def _is_hidden(event: Event, whole: Whole, name: str) -> bool:
    """Whether a payment of a fee, or a feedback, is sealed still, and somebody else's."""
    if isinstance(event, feedback.Written) and event.by != name:
        told = whole.lane(event.milestone).feedback
        return told is not None and told.hidden
    if not isinstance(event, arbitration.FeePaid) or event.by == name:
        return False
    pot = whole.pot(event.milestone)
    return event.case == pot.case and is_sealed(pot.lane)


def is_sealed(lane: Lane) -> bool:
    """Whether who has paid for the latest arbitration is hidden."""
    case = lane.cases[-1].arbitration if lane.cases else None
    return case is not None and case.sealed


def _renumbered(records: list[Record]) -> list[Record]:
    """The decisions counted without gaps, which would tell that something is hidden."""
    numbers = {old: new for new, old in enumerate(dict.fromkeys(record.decision for record in records))}
    return [changed(record, decision=numbers[record.decision]) for record in records]


def _as_seen(records: list[Record]) -> Fold:
    """Replay what is seen; a payment that is seen without the one before it was the first."""
    offered, half = arbitration.S.OFFERED.value, arbitration.S.HALF_FUNDED.value
    fold = Fold.opened(records[0])
    for record in records[1:]:
        event = record.event
        # Whatever else can follow the first payment ends the sealing, so that the first is seen too.
        if event.before == half and fold.state(f"arbitration.{event.milestone}") == offered:
            record = changed(record, event=changed(event, before=offered, after=half))
        fold.add(record)
    return fold
