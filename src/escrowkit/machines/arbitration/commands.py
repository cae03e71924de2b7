"""What can be said to an arbitration: its states and its commands."""

from __future__ import annotations

from enum import StrEnum

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.table import Command, said


class S(StrEnum):
    """The states of an arbitration."""

    OFFERED = "offered"
    HALF_FUNDED = "half_funded"
    FUNDED = "funded"
    HEARING = "hearing"
    AWARDED = "awarded"
    APPEALED = "appealed"
    FINAL = "final"
    REFUSED = "refused"
    FORFEITED = "forfeited"
    CLOSED = "closed"


@said
class Open(Command):
    """The dispute goes to arbitration."""


@said
class PayFee(Command):
    """Pay one's own share of the arbitration fee, or all of it where the rulebook lets one side."""

    share: str = arg.one_of("own", "all")
    amount: Amount = arg.amount()


@said
class Appoint(Command):
    """Appoint an arbitrator, who is no party; from here the fee is consumed as the rulebook says."""

    arbitrator: str = arg.text()


@said
class Replace(Command):
    """Replace the arbitrator; the case and its money stay."""

    arbitrator: str = arg.text()
    reason: str = arg.text()


@said
class Award(Command):
    """Award the stake: so much to the payee, the rest to the payer."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@said
class Refuse(Command):
    """Say that one cannot or will not rule."""

    reason: str = arg.text()


@said
class Appeal(Command):
    """Appeal against the award."""


@said
class Close(Command):
    """The dispute ended in another way."""


@said
class SettleFees(Command):
    """The arbitration has ended: the fees go to who earned them, the rest back."""


@said
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
