"""What can be said to a mediation: its states and its commands."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.table import Command


class S(StrEnum):
    """The states of a mediation."""

    REQUESTED = "requested"
    SITTING = "sitting"
    RECOMMENDED = "recommended"
    AGREED = "agreed"
    FAILED = "failed"
    DECIDED = "decided"
    CLOSED = "closed"


@frozen
class Open(Command):
    """The dispute goes to mediation."""


@frozen
class Assign(Command):
    """Assign a mediator, who is no party."""

    mediator: str = arg.text()


@frozen
class Replace(Command):
    """Replace the mediator; a recommendation of the former one is void."""

    mediator: str = arg.text()
    reason: str = arg.text()


@frozen
class Recommend(Command):
    """Recommend a division of the stake; it binds nobody."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@frozen
class Accept(Command):
    """Accept the recommendation, repeating its sum."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class Reject(Command):
    """Reject the recommendation, repeating its sum; it is void then."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class Decide(Command):
    """Decide the dispute, where the rulebook gives this power."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@frozen
class Fail(Command):
    """Give notice that the mediation did not resolve the dispute."""

    reason: str = arg.text()


@frozen
class Void(Command):
    """Money moved, so the recommendation over the old stake is void."""


@frozen
class Close(Command):
    """The dispute ended in another way."""


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
