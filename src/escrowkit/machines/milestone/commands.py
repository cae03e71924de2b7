"""What can be said to a milestone: its states and its commands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.conditions import Condition
from escrowkit.money import Money
from escrowkit.table import (
    Command,
    said,
)


class S(StrEnum):
    """The states of a milestone."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    ACTIVE = "active"
    SUBMITTED = "submitted"
    CANCELLING = "cancelling"
    DISPUTED = "disputed"
    APPROVED = "approved"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DECLINED = "declined"


@said
class Propose(Command):
    """Propose a new milestone: a change order touches no running clock."""

    price: Amount = arg.amount()
    title: str | None = arg.text(optional=True)
    due: datetime | None = arg.moment(optional=True)
    release_when: Any = arg.release_condition()


@said
class Include(Command):
    """A milestone that both sides agreed to when they opened the agreement."""

    price: Money = arg.internal()
    title: str | None = arg.internal()
    due: datetime | None = arg.internal()
    release_when: Condition | None = arg.internal()


@said
class Accept(Command):
    """Accept a proposed milestone, repeating its terms (their digest, or written out)."""

    terms: Any = arg.consent()


@said
class Decline(Command):
    """Decline a proposed milestone."""


@said
class Withdraw(Command):
    """Take one's own proposal back."""


@said
class Start(Command):
    """The work may start: it is funded as far as the rulebook asks."""


@said
class Submit(Command):
    """Submit the work formally, with the digest or name of what was delivered; the review starts."""

    deliverable: str = arg.text()


@said
class WithdrawSubmission(Command):
    """Take a submission back; its review ends."""


@said
class RequestChanges(Command):
    """Ask for changes; the review ends, the next submission starts it anew."""

    reason: str = arg.text()


@said
class Approve(Command):
    """Approve what was delivered: the payer's signature."""

    deliverable: str | None = arg.text(optional=True)


@said
class Attest(Command):
    """Attest a fact that the release condition waits for."""

    name: str = arg.text()
    evidence: str | None = arg.text(optional=True)


@said
class Fulfil(Command):
    """The release condition is met by what was just signed or attested."""


@said
class RequestCancel(Command):
    """Ask for part or all of what is held; the review pauses, the answer period starts."""

    refund: Amount = arg.amount()


@said
class AgreeCancel(Command):
    """Agree to the refund that was asked for; the rest goes to the payee."""

    refund: Amount = arg.amount()


@said
class DeclineCancel(Command):
    """Decline the refund that was asked for; the work goes on."""

    refund: Amount = arg.amount()


@said
class WithdrawCancel(Command):
    """Take one's own cancel request back."""


@said
class Void(Command):
    """Money moved, so a pending request over the old sum is void."""


@said
class RequestRelease(Command):
    """Propose a split of what is held; the other's silence may execute it."""

    to_payee: Amount = arg.amount(zero=True)


@said
class AgreeRelease(Command):
    """Agree to the split that the other side proposed, repeating it."""

    to_payee: Amount = arg.amount(zero=True)


@said
class Cancel(Command):
    """Cancel the milestone; what is held goes back to the payer."""


@said
class Delay(Command):
    """Delay the running review by the rulebook's step."""


@said
class LockDelay(Command):
    """Forbid further delays of the review."""


@said
class GiveRequirements(Command):
    """Give the payee what is needed to start."""

    requirements: str = arg.text()


@said
class RecordNotice(Command):
    """Record that a reminder of a clock was delivered."""

    clock: str = arg.text()


@said
class Suspend(Command):
    """A dispute opened: the milestone waits for it."""


@said
class Resume(Command):
    """The dispute was withdrawn: the milestone goes on where it was."""


@said
class Complete(Command):
    """All of the price was released."""


@said
class Conclude(Command):
    """The money was disposed of from outside: by a dispute, a seizure, a court, a longest time."""

    paid: bool = arg.internal()


@said
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
