"""What can happen to a milestone: each event says what its command said, who, when, and what follows in figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen

from escrowkit.conditions import Condition, by_clock_alone
from escrowkit.machines.milestone.guards import CODES, right_to_cancel, silence_gives
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import (
    Context,
    Event,
)

R = Role


@frozen
class Proposed(Event):
    """A milestone was proposed."""

    price: Money
    title: str | None
    due: datetime | None
    release_when: Condition | None


@frozen
class Included(Event):
    """A milestone was agreed at the opening."""

    price: Money
    title: str | None
    due: datetime | None
    release_when: Condition | None


@frozen
class Accepted(Event):
    """The proposed milestone was accepted."""

    terms: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The digest of what was agreed, however it was said."""
        return {"terms": ctx.it.digest}


@frozen
class Declined(Event):
    """The proposed milestone was declined."""


@frozen
class Withdrawn(Event):
    """The proposal was taken back."""


@frozen
class Started(Event):
    """The work may start."""


@frozen
class Submitted(Event):
    """The work was submitted; the review runs."""

    deliverable: str


@frozen
class SubmissionWithdrawn(Event):
    """The submission was taken back."""


@frozen
class ChangesRequested(Event):
    """The payer asked for changes; the review ended."""

    reason: str


@frozen
class Approved(Event):
    """The payer approved the work."""

    deliverable: str | None


@frozen
class Attested(Event):
    """A fact was attested."""

    name: str
    evidence: str | None


@frozen
class ConditionMet(Event):
    """The release condition is met."""

    alone: bool
    clock: str | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Whether the clock alone completed it."""
        return {"alone": by_clock_alone(ctx.pot.release_condition, ctx.pot.facts, ctx.at)}


@frozen
class CancelRequested(Event):
    """A refund was asked for; the review pauses."""

    refund: Money


@frozen
class CancelAgreed(Event):
    """The refund that was asked for was agreed to."""

    refund: Money


@frozen
class CancelWithdrawn(Event):
    """The cancel request was taken back."""


@frozen
class Voided(Event):
    """A pending request is void because money moved."""


@frozen
class ReleaseRequested(Event):
    """A split of what is held was proposed."""

    to_payee: Money


@frozen
class Cancelled(Event):
    """The milestone was cancelled."""

    code: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Under which release condition what is held goes back."""
        return {"code": "payee_refunded" if ctx.by is R.PAYEE else right_to_cancel(ctx)}


@frozen
class Delayed(Event):
    """The review was delayed by one step."""


@frozen
class DelayLocked(Event):
    """The review cannot be delayed further."""


@frozen
class RequirementsGiven(Event):
    """The payee has what is needed."""

    requirements: str


@frozen
class NoticeRecorded(Event):
    """A reminder was delivered."""

    clock: str


@frozen
class Suspended(Event):
    """The milestone waits for a dispute."""


@frozen
class Resumed(Event):
    """The milestone goes on where it was, with the time that it had left."""


@frozen
class Completed(Event):
    """All of the price was released."""


@frozen
class Concluded(Event):
    """The milestone ended because its money was disposed of."""

    paid: bool


@frozen
class DeemedApproved(Event):
    """The payer let the review period pass; `unsent` says that reminders were never delivered."""

    clock: str
    unsent: bool

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Whether a reminder was missing."""
        return {"unsent": len(ctx.it.notices) < ctx.rules["milestone.review.notices"]}


@frozen
class ReviewEscalated(Event):
    """The payer let the review period pass, and the rulebook makes a dispute of that."""

    clock: str


@frozen
class SilenceDivided(Event):
    """A silence decided how what is held is divided."""

    clock: str
    to_payee: Money
    code: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Who gets how much by the rulebook's answer to this silence."""
        return {"to_payee": silence_gives(ctx), "code": CODES[ctx.command.clock]}


@frozen
class SilenceIgnored(Event):
    """A silence that moves nothing: what was asked for is declined."""

    clock: str
