"""What can be said to a dispute: its states and its commands."""

from __future__ import annotations

from enum import StrEnum

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.ledger import Kind
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.table import Command, said


class S(StrEnum):
    """The states of a dispute."""

    OPENED = "opened"
    CONTESTED = "contested"
    MEDIATED = "mediated"
    ARBITRATED = "arbitrated"
    SETTLED = "settled"
    DEFAULTED = "defaulted"
    AWARDED = "awarded"
    WITHDRAWN = "withdrawn"
    OVERRIDDEN = "overridden"


@said
class Open(Command):
    """Open a dispute: claim a sum for oneself. It freezes this milestone's pot and no other."""

    claim: Amount | None = arg.amount(but_rules=True)
    reason: str | None = arg.text(optional=True)


@said
class Contest(Command):
    """Answer a dispute with an own claim (all of the stake, if none is named)."""

    claim: Amount | None = arg.amount(optional=True)
    reply: str | None = arg.text(optional=True)


@said
class Concede(Command):
    """Give the other side what it claims, repeating its claim."""

    claim: Amount = arg.amount()


@said
class Proceed(Command):
    """Nobody has to answer: the dispute is contested."""


@said
class Offer(Command):
    """Offer a settlement: so much to the payee, the rest to the payer. It changes no claim."""

    to_payee: Amount = arg.amount(zero=True)


@said
class AcceptOffer(Command):
    """Accept the other's offer, repeating it."""

    to_payee: Amount = arg.amount(zero=True)


@said
class DeclineOffer(Command):
    """Decline the other's offer, repeating it."""

    to_payee: Amount = arg.amount(zero=True)


@said
class Escalate(Command):
    """Take the dispute to its next stage."""


@said
class Withdraw(Command):
    """Take the dispute back; the milestone goes on where it was."""


@said
class AddEvidence(Command):
    """Add evidence; it can never be taken away."""

    digest: str = arg.text()
    title: str = arg.text()
    admissible: bool = arg.flag(default=True)


@said
class Extend(Command):
    """Extend a clock, for both sides alike."""

    clock: str = arg.text()
    period: str | Period = arg.period()
    reason: str = arg.text()


@said
class Conclude(Command):
    """The dispute has its outcome; `cost` is a fee out of the pot."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()
    cost: Money | None = arg.internal(None)


@said
class Drop(Command):
    """Nobody took the dispute further: it is closed, and everything is as it was."""


@said
class Override(Command):
    """The stake is gone: seized, charged back, ordered elsewhere, or held too long; `code` says which."""

    code: str = arg.internal()


@said
class Restake(Command):
    """Money moved in or out of the pot: the stake is what is left of it, and offers are void."""

    stake: Money = arg.internal()


@said
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
