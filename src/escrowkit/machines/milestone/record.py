"""What is true of a milestone: its record, and how an event changes it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from escrowkit.arguments import terms
from escrowkit.conditions import Condition
from escrowkit.copying import changed
from escrowkit.machines.milestone.commands import S
from escrowkit.machines.milestone.events import (
    Approved,
    Attested,
    CancelDeclined,
    CancelRequested,
    CancelWithdrawn,
    ChangesRequested,
    ConditionMet,
    DeemedApproved,
    Delayed,
    DelayLocked,
    NoticeRecorded,
    Proposed,
    ReleaseRequested,
    RequirementsGiven,
    SilenceIgnored,
    Started,
    SubmissionWithdrawn,
    Submitted,
    Voided,
)
from escrowkit.machines.milestone.table import TABLE
from escrowkit.money import Money
from escrowkit.table import Changes, Event, Layered


@frozen
class Fact:
    """A fact that was attested."""

    name: str
    by: str
    at: datetime


@frozen(weakref_slot=False)
class Milestone(Layered[S]):
    """The record of one milestone."""

    stack: tuple[S, ...]
    price: Money
    title: str | None = None
    due: datetime | None = None
    release_when: Condition | None = None
    proposer: str | None = None
    active_at: datetime | None = None
    submitted_at: datetime | None = None
    #: When the payer last sent the work back.
    returned_at: datetime | None = None
    approved_at: datetime | None = None
    submission: int = 0
    deliverable: str | None = None
    signed_payer: bool = False
    #: Whether passed time alone met the release condition.
    by_clock: bool = False
    revisions: int = 0
    asked: Money | None = None
    asked_by: str | None = None
    asked_at: datetime | None = None
    asked_in: int | None = None
    #: The spans in which the review waited for the answer to a cancel request.
    waited: tuple[tuple[datetime, datetime], ...] = ()
    proposal: Money | None = None
    proposal_by: str | None = None
    proposal_at: datetime | None = None
    delays: int = 0
    delay_locked: bool = False
    notices: tuple[datetime, ...] = ()
    facts: tuple[Fact, ...] = ()
    requirements_at: datetime | None = None

    @property
    def terms(self) -> dict[str, Any]:
        """Its terms, written out."""
        return terms(self.price, self.title, self.due, self.release_when)

    @property
    def digest(self) -> str:
        """SHA-256 of its terms: what an acceptance repeats."""
        return hashlib.sha256(json.dumps(self.terms, sort_keys=True).encode()).hexdigest()


def evolve(it: Milestone | None, event: Event) -> Milestone:
    """The record after an event."""
    if it is None:
        return _created(event)
    stack = TABLE.layers(it.stack, event)
    if isinstance(event, Voided):
        # Under a dispute a request is void as well: the milestone will not come back to it.
        stack = tuple(state for state in stack if state is not S.CANCELLING)
    return changed(it, stack=stack, **_CHANGES(it, event))


def _created(event: Any) -> Milestone:
    proposer = event.by if isinstance(event, Proposed) else None
    return Milestone(TABLE.layers((), event), event.price, event.title, event.due, event.release_when, proposer)


_NO_REQUEST: dict[str, Any] = {"asked": None, "asked_by": None, "asked_at": None}
_NO_PROPOSAL: dict[str, Any] = {"proposal": None, "proposal_by": None, "proposal_at": None}
_NOTHING_SUBMITTED: dict[str, Any] = {"submitted_at": None, "deliverable": None}


def _request_over(it: Milestone, at: datetime) -> dict[str, Any]:
    waited = ((it.asked_at, at),) if it.asked_at is not None else ()
    return _NO_REQUEST | {"waited": it.waited + waited}


def _submitted(it: Milestone, event: Submitted) -> dict[str, Any]:
    fresh: dict[str, Any] = {"notices": (), "delays": 0, "delay_locked": False}
    number = it.submission + 1
    return {"deliverable": event.deliverable, "submission": number, "submitted_at": event.at, **fresh}


def _sent_back(it: Milestone, event: ChangesRequested) -> dict[str, Any]:
    return {**_NOTHING_SUBMITTED, "revisions": it.revisions + 1, "returned_at": event.at}


def _asked(it: Milestone, event: CancelRequested) -> dict[str, Any]:
    return {"asked": event.refund, "asked_by": event.by, "asked_at": event.at, "asked_in": it.submission}


def _dropped(it: Milestone, event: Event) -> dict[str, Any]:
    return _request_over(it, event.at) if event.before == S.CANCELLING else _NO_PROPOSAL


#: What an event changes beside the state.
_CHANGES: Final = Changes(
    {
        Started: lambda it, e: {"active_at": e.at},
        Submitted: _submitted,
        SubmissionWithdrawn: lambda it, e: _NOTHING_SUBMITTED,
        ChangesRequested: _sent_back,
        Approved: lambda it, e: {"signed_payer": True, "approved_at": e.at},
        DeemedApproved: lambda it, e: {"approved_at": e.at},
        ConditionMet: lambda it, e: {"approved_at": it.approved_at or e.at, "by_clock": e.alone},
        Attested: lambda it, e: {"facts": (*it.facts, Fact(e.name, e.by, e.at))},
        CancelRequested: _asked,
        CancelDeclined: _dropped,
        CancelWithdrawn: _dropped,
        SilenceIgnored: _dropped,
        Voided: lambda it, e: _request_over(it, e.at) | _NO_PROPOSAL,
        ReleaseRequested: lambda it, e: {"proposal": e.to_payee, "proposal_by": e.by, "proposal_at": e.at},
        Delayed: lambda it, e: {"delays": it.delays + 1},
        DelayLocked: lambda it, e: {"delay_locked": True},
        RequirementsGiven: lambda it, e: {"requirements_at": e.at},
        NoticeRecorded: lambda it, e: {"notices": (*it.notices, e.at)},
    }
)
