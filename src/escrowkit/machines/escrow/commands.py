"""What can be said to an escrow: its states and its commands."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.ledger import Kind
from escrowkit.money import Money
from escrowkit.table import Command

if TYPE_CHECKING:
    pass


class S(StrEnum):
    """The states of an escrow."""

    EMPTY = "empty"
    FUNDING = "funding"
    HELD = "held"
    FROZEN = "frozen"
    IMPOUNDED = "impounded"
    CLEARING = "clearing"
    SETTLED = "settled"


@frozen
class Open(Command):
    """A pot for an agreed milestone."""


@frozen
class Deposit(Command):
    """Pay money in; it arrived and is held."""

    amount: Amount = arg.amount()
    reference: str | None = arg.text(optional=True)


@frozen
class RequestDeposit(Command):
    """Start a payment that the provider confirms later."""

    amount: Amount = arg.amount()


@frozen
class ConfirmDeposit(Command):
    """The provider reports that money arrived."""

    amount: Amount = arg.amount()
    reference: str = arg.text()


@frozen
class FailDeposit(Command):
    """The provider reports that a payment failed."""

    reason: str = arg.text()


@frozen
class Release(Command):
    """Release all or part of what is held to the payee."""

    amount: Amount = arg.amount()


@frozen
class Refund(Command):
    """Give all or part of what is held back to the payer."""

    amount: Amount = arg.amount()


@frozen
class RollOver(Command):
    """Move what a partial release left to the next milestone's pot."""

    amount: Amount = arg.amount()
    to: str = arg.text()


@frozen
class Receive(Command):
    """Take in what was rolled over from another pot."""

    amount: Money = arg.internal()
    origin: str = arg.internal()


@frozen
class Hold(Command):
    """Impound the money, apart from any dispute."""

    reason: str = arg.text()


@frozen
class Lift(Command):
    """End the platform's hold."""


@frozen
class Seize(Command):
    """Take all for fraud or illegality: to the payer's source, the payee or an authority, never to the platform."""

    to: str = arg.one_of("payer", "payee", "authority")
    reason: str = arg.text()
    evidence: str | None = arg.text(optional=True)


@frozen
class ObeyOrder(Command):
    """Do what a court ordered."""

    to_payee: Amount = arg.amount(zero=True)
    reference: str = arg.text()


@frozen
class ChargeBack(Command):
    """The provider reports that the payer's bank took a deposit back."""

    amount: Amount = arg.amount()
    reference: str = arg.text()
    fee: Amount | None = arg.amount(zero=True, optional=True)
    deposit: str | None = arg.text(optional=True)


@frozen
class ReverseChargeBack(Command):
    """The provider reports that a chargeback was reversed."""

    reference: str = arg.text()


@frozen
class RequestRefundReleased(Command):
    """Ask the payee to give released money back; moves nothing."""

    amount: Amount = arg.amount()


@frozen
class RefundReleased(Command):
    """Give released money back of one's own accord."""

    amount: Amount = arg.amount()


@frozen
class ConfirmRefundReleased(Command):
    """The provider reports that a voluntary refund went through."""

    amount: Amount = arg.amount()
    reference: str = arg.text()


@frozen
class ConfirmPayout(Command):
    """The provider reports that what was payable left for the world."""

    to: str = arg.one_of("payer", "payee", "platform", "arbitrator")
    amount: Amount = arg.amount()
    reference: str = arg.text()


@frozen
class FailPayout(Command):
    """The provider reports that a payout failed; the money stays claimable."""

    to: str = arg.one_of("payer", "payee", "platform", "arbitrator")
    amount: Amount = arg.amount()
    reference: str = arg.text()
    reason: str = arg.text()


@frozen
class Disburse(Command):
    """Pay out all that is held, as another machine decided."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()


@frozen
class Divide(Command):
    """Divide the stake as the dispute ended; `cost` is a fee out of the pot."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()
    cost: Money = arg.internal()


@frozen
class Freeze(Command):
    """A dispute opened over this pot."""


@frozen
class Thaw(Command):
    """The dispute was withdrawn."""


@frozen
class Drain(Command):
    """Nothing is held any more."""


@frozen
class Reclaim(Command):
    """The payee paid back what an outcome had made it owe."""

    amount: Money = arg.internal()


@frozen
class Close(Command):
    """The milestone is over and its pot is empty."""


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
