"""What can be said to a milestone: its states and its commands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.conditions import Condition
from escrowkit.money import Money
from escrowkit.table import (
    Command,
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


@frozen
class Propose(Command):
    """Propose a new milestone: a change order touches no running clock."""

    price: Amount = arg.amount()
    title: str | None = arg.text(optional=True)
    due: datetime | None = arg.moment(optional=True)
    release_when: Any = arg.release_condition()


@frozen
class Include(Command):
    """A milestone that both sides agreed to when they opened the agreement."""

    price: Money = arg.internal()
    title: str | None = arg.internal()
    due: datetime | None = arg.internal()
    release_when: Condition | None = arg.internal()


@frozen
class Accept(Command):
    """Accept a proposed milestone, repeating its terms (their digest, or written out)."""

    terms: Any = arg.consent()


@frozen
class Decline(Command):
    """Decline a proposed milestone."""


@frozen
class Withdraw(Command):
    """Take one's own proposal back."""


@frozen
class Start(Command):
    """The work may start: it is funded as far as the rulebook asks."""


@frozen
class Submit(Command):
    """Submit the work formally, with the digest or name of what was delivered; the review starts."""

    deliverable: str = arg.text()


@frozen
class WithdrawSubmission(Command):
    """Take a submission back; its review ends."""


@frozen
class RequestChanges(Command):
    """Ask for changes; the review ends, the next submission starts it anew."""

    reason: str = arg.text()


@frozen
class Approve(Command):
    """Approve what was delivered: the payer's signature."""

    deliverable: str | None = arg.text(optional=True)


@frozen
class Attest(Command):
    """Attest a fact that the release condition waits for."""

    name: str = arg.text()
    evidence: str | None = arg.text(optional=True)


@frozen
class Fulfil(Command):
    """The release condition is met by what was just signed or attested."""


@frozen
class RequestCancel(Command):
    """Ask for part or all of what is held; the review pauses, the answer period starts."""

    refund: Amount = arg.amount()


@frozen
class AgreeCancel(Command):
    """Agree to the refund that was asked for; the rest goes to the payee."""

    refund: Amount = arg.amount()


@frozen
class WithdrawCancel(Command):
    """Take one's own cancel request back."""


@frozen
class Void(Command):
    """Money moved, so a pending request over the old sum is void."""


@frozen
class RequestRelease(Command):
    """Propose a split of what is held; the other's silence may execute it."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class Cancel(Command):
    """Cancel the milestone; what is held goes back to the payer."""


@frozen
class Delay(Command):
    """Delay the running review by the rulebook's step."""


@frozen
class LockDelay(Command):
    """Forbid further delays of the review."""


@frozen
class GiveRequirements(Command):
    """Give the payee what is needed to start."""

    requirements: str = arg.text()


@frozen
class RecordNotice(Command):
    """Record that a reminder of a clock was delivered."""

    clock: str = arg.text()


@frozen
class Suspend(Command):
    """A dispute opened: the milestone waits for it."""


@frozen
class Resume(Command):
    """The dispute was withdrawn: the milestone goes on where it was."""


@frozen
class Complete(Command):
    """All of the price was released."""


@frozen
class Conclude(Command):
    """The money was disposed of from outside: by a dispute, a seizure, a court, a longest time."""

    paid: bool = arg.internal()


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
