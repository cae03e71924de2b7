"""What can happen to a milestone: each event says what its command said, who, when, and what follows in figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from escrowkit.conditions import Condition, by_clock_alone
from escrowkit.machines.milestone.guards import CODES, right_to_cancel, silence_gives
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import (
    Context,
    Event,
    said,
)

R = Role


@said
class Proposed(Event):
    """A milestone was proposed."""

    price: Money
    title: str | None
    due: datetime | None
    release_when: Condition | None


@said
class Included(Event):
    """A milestone was agreed at the opening."""

    price: Money
    title: str | None
    due: datetime | None
    release_when: Condition | None


@said
class Accepted(Event):
    """The proposed milestone was accepted."""

    terms: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The digest of what was agreed, however it was said."""
        return {"terms": ctx.it.digest}


@said
class Declined(Event):
    """The proposed milestone was declined."""


@said
class Withdrawn(Event):
    """The proposal was taken back."""


@said
class Started(Event):
    """The work may start."""


@said
class Submitted(Event):
    """The work was submitted; the review runs."""

    deliverable: str


@said
class SubmissionWithdrawn(Event):
    """The submission was taken back."""


@said
class ChangesRequested(Event):
    """The payer asked for changes; the review ended."""

    reason: str


@said
class Approved(Event):
    """The payer approved the work."""

    deliverable: str | None


@said
class Attested(Event):
    """A fact was attested."""

    name: str
    evidence: str | None


@said
class ConditionMet(Event):
    """The release condition is met."""

    alone: bool
    clock: str | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Whether the clock alone completed it."""
        return {"alone": by_clock_alone(ctx.pot.release_condition, ctx.pot.facts, ctx.at)}


@said
class CancelRequested(Event):
    """A refund was asked for; the review pauses."""

    refund: Money


@said
class CancelAgreed(Event):
    """The refund that was asked for was agreed to."""

    refund: Money


@said
class CancelDeclined(Event):
    """The refund that was asked for was declined."""

    refund: Money


@said
class CancelWithdrawn(Event):
    """The cancel request was taken back."""


@said
class Voided(Event):
    """A pending request is void because money moved."""


@said
class ReleaseRequested(Event):
    """A split of what is held was proposed."""

    to_payee: Money


@said
class ReleaseAgreed(Event):
    """The proposed split was agreed to."""

    to_payee: Money


@said
class Cancelled(Event):
    """The milestone was cancelled."""

    code: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Under which release condition what is held goes back."""
        return {"code": "payee_refunded" if ctx.by is R.PAYEE else right_to_cancel(ctx)}


@said
class Delayed(Event):
    """The review was delayed by one step."""


@said
class DelayLocked(Event):
    """The review cannot be delayed further."""


@said
class RequirementsGiven(Event):
    """The payee has what is needed."""

    requirements: str


@said
class NoticeRecorded(Event):
    """A reminder was delivered."""

    clock: str


@said
class Suspended(Event):
    """The milestone waits for a dispute."""


@said
class Resumed(Event):
    """The milestone goes on where it was, with the time that it had left."""


@said
class Completed(Event):
    """All of the price was released."""


@said
class Concluded(Event):
    """The milestone ended because its money was disposed of."""

    paid: bool


@said
class DeemedApproved(Event):
    """The payer let the review period pass; `unsent` says that reminders were never delivered."""

    clock: str
    unsent: bool

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Whether a reminder was missing."""
        return {"unsent": len(ctx.it.notices) < ctx.rules["milestone.review.notices"]}


@said
class ReviewEscalated(Event):
    """The payer let the review period pass, and the rulebook makes a dispute of that."""

    clock: str


@said
class SilenceDivided(Event):
    """A silence decided how what is held is divided."""

    clock: str
    to_payee: Money
    code: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Who gets how much by the rulebook's answer to this silence."""
        return {"to_payee": silence_gives(ctx), "code": CODES[ctx.command.clock]}


@said
class SilenceIgnored(Event):
    """A silence that moves nothing: what was asked for is declined."""

    clock: str
