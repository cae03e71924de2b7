"""What can be said to a mediation: its states and its commands."""

from __future__ import annotations

from enum import StrEnum

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.table import Command, said


class S(StrEnum):
    """The states of a mediation."""

    REQUESTED = "requested"
    SITTING = "sitting"
    RECOMMENDED = "recommended"
    AGREED = "agreed"
    FAILED = "failed"
    DECIDED = "decided"
    CLOSED = "closed"


@said
class Open(Command):
    """The dispute goes to mediation."""


@said
class Assign(Command):
    """Assign a mediator, who is no party."""

    mediator: str = arg.text()


@said
class Replace(Command):
    """Replace the mediator; a recommendation of the former one is void."""

    mediator: str = arg.text()
    reason: str = arg.text()


@said
class Recommend(Command):
    """Recommend a division of the stake; it binds nobody."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@said
class Accept(Command):
    """Accept the recommendation, repeating its sum."""

    to_payee: Amount = arg.amount(zero=True)


@said
class Reject(Command):
    """Reject the recommendation, repeating its sum; it is void then."""

    to_payee: Amount = arg.amount(zero=True)


@said
class Decide(Command):
    """Decide the dispute, where the rulebook gives this power."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@said
class Fail(Command):
    """Give notice that the mediation did not resolve the dispute."""

    reason: str = arg.text()


@said
class Void(Command):
    """Money moved, so the recommendation over the old stake is void."""


@said
class Close(Command):
    """The dispute ended in another way."""


@said
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
