"""What is asked of a payment provider's adapter, and the outbox that pays through it what a history says is payable.

On a slow rail, money that leaves an escrow waits in `payable:<role>` until the provider reports that it left. Each
entry that makes something payable is one `Order`, whose key is made of the agreement and the number of the record; a
payout that failed is tried again under the number of the record that says so. So what is still to be paid follows from
the history alone: a worker may stop anywhere, come back late or run twice, and needs no memory of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import attrs
from attrs import frozen

from escrowkit.agreement import Record, replay
from escrowkit.errors import EscrowError
from escrowkit.machines import escrow
from escrowkit.money import Money
from escrowkit.table import Command
from escrowkit.testing.stores import Conflict, Store, next_due


class Status(StrEnum):
    """What became of an order. `UNKNOWN` is not `FAILED`: the money may have left, or may still leave."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@frozen
class Order:
    """So much money to a role, out of a milestone, once for its key. To the payer it is a refund, else a payout."""

    key: str
    milestone: str
    to: str
    amount: Money


@frozen
class Answer:
    """What a provider says of an order, with its reason for a failure."""

    status: Status
    reason: str = ""


class KeyTaken(EscrowError):
    """The key of an order was used for another one; nothing was moved."""

    key = "key-taken"


class Provider(Protocol):
    """The adapter of a payment provider. What it is asked may come twice, and its answers may be lost."""

    def pay(self, order: Order) -> Answer:
        """Move the money of an order, once for its key: the same order again gives the same answer and moves nothing.

        Raises `KeyTaken` for another order under a known key.
        """

    def look_up(self, key: str) -> Answer | None:
        """What became of the order with this key; None if it never came."""

    def statement(self) -> Iterable[Order]:
        """Every order whose money really moved, as the provider's own account statement has it."""


# -- what is to be paid ----------------------------------------------------------------------------------------------


def orders(id: str, history: Iterable[Record]) -> tuple[Order, ...]:
    """What a history says is payable, and no report says was paid; the oldest first.

    >>> from datetime import UTC, datetime
    >>> import escrowkit as ek
    >>> at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> deal = ek.open_agreement(rulebook="standard@1", parties={"payer": "ada", "payee": "lin"}, currency="USD",
    ...                          milestones=[("logo", "200.00")], at=at, rail="slow")
    >>> deal = deal.decide(ek.escrow.RequestDeposit("logo", "200.00"), by="payer", at=at).agreement
    >>> paid = ek.escrow.ConfirmDeposit("logo", "250.00", reference="pi_1")
    >>> deal = deal.decide(paid, by="provider", at=at).agreement
    >>> print(*orders("deal-1", deal.history), sep=", ")
    Order(key='deal-1/4/payer', milestone='logo', to='payer', amount=Money.parse("50.00 USD"))
    """
    open_: dict[str, Order] = {}
    for number, record in enumerate(history):
        event: Any = record.event
        if isinstance(event, escrow.PaidOut) and event.reference in open_:
            del open_[event.reference]
        elif isinstance(event, escrow.PayoutFailed) and event.reference in open_:
            _put(open_, attrs.evolve(open_.pop(event.reference), key=f"{id}/{number}/{event.to}"))
        else:
            for to, amount in _payable(record):
                key = f"{id}/{number}/{to}"
                if amount.minor > 0:
                    _put(open_, Order(key, event.milestone, to, amount))
                else:
                    _reduce(open_, event.milestone, to, -amount, key)
    return tuple(open_.values())


def _put(open_: dict[str, Order], order: Order) -> None:
    open_[order.key] = order


def _payable(record: Record) -> Iterator[tuple[str, Money]]:
    """To whom a record makes more or less payable, and how much."""
    sums: dict[str, Money] = {}
    for line in (line for entry in record.entries for line in entry.lines):
        for account, amount in ((line.target, line.amount), (line.source, -line.amount)):
            part, _, role = account.partition(":")
            if part == "payable":
                sums[role] = sums.get(role, Money.zero(amount.currency)) + amount
    return ((role, amount) for role, amount in sums.items() if amount)


def _reduce(open_: dict[str, Order], milestone: str, to: str, amount: Money, key: str) -> None:
    """What is no longer payable is taken from the orders of its milestone, the newest first.

    What is left of an order is another order, under the number of the record that took the rest.
    """
    for order in [one for one in reversed(open_.values()) if (one.milestone, one.to) == (milestone, to)]:
        if not amount:
            return
        taken = min(order.amount, amount)
        amount -= taken
        del open_[order.key]
        if taken < order.amount:
            _put(open_, Order(key, milestone, to, order.amount - taken))


def report(order: Order, answer: Answer) -> Command | None:
    """What the provider's answer is as a command by the `provider`; None while nothing is known."""
    if answer.status is Status.DONE:
        return escrow.ConfirmPayout(order.milestone, order.to, order.amount, order.key)
    if answer.status is Status.FAILED:
        return escrow.FailPayout(order.milestone, order.to, order.amount, order.key, answer.reason or "failed")
    return None


class Worker(Protocol):
    """What pays the orders of an agreement: `Outbox`, or one of your own."""

    def run(self, id: str, at: datetime) -> object:
        """Try to pay whatever is still to be paid."""


class Outbox:
    """Pays what is payable and reports what became of it, an order at a time. It remembers nothing."""

    def __init__(self, store: Store, provider: Provider) -> None:
        self.store = store
        self.provider = provider

    def run(self, id: str, at: datetime) -> Sequence[Order]:
        """Try every order once; those that are still open. Raises what the store and the provider raise."""
        for order in orders(id, self.store.load(id)):
            # What was asked before is looked up first: an unknown outcome is waited for, and never paid around.
            answer = self.provider.look_up(order.key) or self.provider.pay(order)
            said = report(order, answer)
            if said is not None:
                self._tell(id, said, at, f"{order.key} {answer.status}")
        return orders(id, self.store.load(id))

    def _tell(self, id: str, said: Command, at: datetime, key: str) -> None:
        """Report it, again after a conflict; a report that was made before changes nothing."""
        while True:
            before = replay(self.store.load(id))
            decision = before.decide(said, by="provider", at=max(at, before.at), key=key)
            new = decision.agreement.history[len(before.history) :]
            try:
                if new:
                    self.store.append(id, new, expected=len(before.history), due=next_due(decision.agreement))
                return
            except Conflict:
                continue
