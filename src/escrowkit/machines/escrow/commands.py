"""What can be said to an escrow: its states and its commands."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.ledger import Kind
from escrowkit.money import Money
from escrowkit.table import Command, said

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


@said
class Open(Command):
    """A pot for an agreed milestone."""


@said
class Deposit(Command):
    """Pay money in; it arrived and is held."""

    amount: Amount = arg.amount()
    reference: str | None = arg.text(optional=True)


@said
class RequestDeposit(Command):
    """Start a payment that the provider confirms later."""

    amount: Amount = arg.amount()


@said
class ConfirmDeposit(Command):
    """The provider reports that money arrived."""

    amount: Amount = arg.amount()
    reference: str = arg.text()


@said
class FailDeposit(Command):
    """The provider reports that a payment failed."""

    reason: str = arg.text()


@said
class Release(Command):
    """Release all or part of what is held to the payee."""

    amount: Amount = arg.amount()


@said
class Refund(Command):
    """Give all or part of what is held back to the payer."""

    amount: Amount = arg.amount()


@said
class RollOver(Command):
    """Move what a partial release left to the next milestone's pot."""

    amount: Amount = arg.amount()
    to: str = arg.text()


@said
class Receive(Command):
    """Take in what was rolled over from another pot."""

    amount: Money = arg.internal()
    origin: str = arg.internal()


@said
class Hold(Command):
    """Impound the money, apart from any dispute."""

    reason: str = arg.text()


@said
class Lift(Command):
    """End the platform's hold."""


@said
class Seize(Command):
    """Take all for fraud or illegality: to the payer's source, the payee or an authority, never to the platform."""

    to: str = arg.one_of("payer", "payee", "authority")
    reason: str = arg.text()
    evidence: str | None = arg.text(optional=True)


@said
class ObeyOrder(Command):
    """Do what a court ordered: costs to a third party first, if it says so, so much to the payee, the rest to the payer."""

    to_payee: Amount = arg.amount(zero=True)
    reference: str = arg.text()
    costs: Amount | None = arg.amount(optional=True)
    costs_to: str | None = arg.text(optional=True)


@said
class ChargeBack(Command):
    """The provider reports that the payer's bank took a deposit back."""

    amount: Amount = arg.amount()
    reference: str = arg.text()
    fee: Amount | None = arg.amount(zero=True, optional=True)
    deposit: str | None = arg.text(optional=True)


@said
class ReverseChargeBack(Command):
    """The provider reports that a chargeback was reversed."""

    reference: str = arg.text()


@said
class RequestRefundReleased(Command):
    """Ask the payee to give released money back; moves nothing."""

    amount: Amount = arg.amount()


@said
class RefundReleased(Command):
    """Give released money back of one's own accord."""

    amount: Amount = arg.amount()


@said
class ConfirmRefundReleased(Command):
    """The provider reports that a voluntary refund went through."""

    amount: Amount = arg.amount()
    reference: str = arg.text()


@said
class ConfirmPayout(Command):
    """The provider reports that what was payable left for the world."""

    to: str = arg.one_of("payer", "payee", "platform", "arbitrator")
    amount: Amount = arg.amount()
    reference: str = arg.text()


@said
class FailPayout(Command):
    """The provider reports that a payout failed; the money stays claimable."""

    to: str = arg.one_of("payer", "payee", "platform", "arbitrator")
    amount: Amount = arg.amount()
    reference: str = arg.text()
    reason: str = arg.text()


@said
class Disburse(Command):
    """Pay out all that is held, as another machine decided."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()


@said
class Divide(Command):
    """Divide the stake as the dispute ended; `cost` is a fee out of the pot."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()
    cost: Money = arg.internal()


@said
class Freeze(Command):
    """A dispute opened over this pot."""


@said
class Thaw(Command):
    """The dispute was withdrawn."""


@said
class Drain(Command):
    """Nothing is held any more."""


@said
class Reclaim(Command):
    """The payee paid back what an outcome had made it owe."""

    amount: Money = arg.internal()


@said
class Close(Command):
    """The milestone is over and its pot is empty."""


@said
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()
