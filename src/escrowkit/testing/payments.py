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
from attrs import define, field, frozen

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
    return tuple(_read(id, history).open.values())


def recalled(id: str, history: Iterable[Record]) -> tuple[Order, ...]:
    """What was to be paid before a chargeback took it back, in whole or part, and no report names; the oldest first.

    It may have been sent before the chargeback came, so a worker asks the provider for it before it pays anything else
    to that role out of that milestone.
    """
    return tuple(_read(id, history).recalled.values())


@define
class _Orders:
    """The orders of a history, as it is read."""

    id: str
    open: dict[str, Order] = field(factory=dict)
    recalled: dict[str, Order] = field(factory=dict)
    #: Under which key the rest of a recalled order is open.
    rest: dict[str, str] = field(factory=dict)

    def read(self, number: int, record: Record) -> None:
        event: Any = record.event
        sums = _payable(record)
        if isinstance(event, escrow.PaidOut) and event.reference in self.open:
            del self.open[event.reference]
        elif isinstance(event, escrow.PaidOut) and event.reference in self.recalled:
            left = -sums.get(event.to, event.amount - event.amount) - self._left_of(event.reference)
            self._less(event.milestone, event.to, left, number)
        elif isinstance(event, escrow.PayoutFailed) and event.reference in self.open:
            failed = self.open.pop(event.reference)
            self._put(failed, number)
        elif isinstance(event, escrow.PayoutFailed) and event.reference in self.recalled:
            del self.recalled[event.reference]
        else:
            for to, amount in sums.items():
                if amount.minor > 0:
                    self._put(Order("", event.milestone, to, amount), number)
                else:
                    self._less(event.milestone, to, -amount, number)

    def _put(self, order: Order, number: int) -> str:
        key = f"{self.id}/{number}/{order.to}"
        self.open[key] = attrs.evolve(order, key=key)
        return key

    def _left_of(self, reference: str) -> Money:
        """Take out what was left of a recalled order that was paid after all."""
        order = self.recalled.pop(reference)
        while reference in self.rest:
            reference = self.rest.pop(reference)
        rest = self.open.pop(reference, None)
        return rest.amount if rest else order.amount - order.amount

    def _less(self, milestone: str, to: str, amount: Money, number: int) -> None:
        """What is no longer payable is taken from the orders of its milestone, the newest first.

        What is left of an order is another order, under the number of the record that took the rest.
        """
        for order in [one for one in reversed(self.open.values()) if (one.milestone, one.to) == (milestone, to)]:
            if amount.minor <= 0:
                return
            taken = min(order.amount, amount)
            amount -= taken
            self.recalled[order.key] = self.open.pop(order.key)
            if taken < order.amount:
                left = attrs.evolve(order, amount=order.amount - taken)
                self.rest[order.key] = self._put(left, number)


def _read(id: str, history: Iterable[Record]) -> _Orders:
    found = _Orders(id)
    for number, record in enumerate(history):
        found.read(number, record)
    return found


def _payable(record: Record) -> dict[str, Money]:
    """To whom a record makes more or less payable, and how much."""
    sums: dict[str, Money] = {}
    for line in (line for entry in record.entries for line in entry.lines):
        for account, amount in ((line.target, line.amount), (line.source, -line.amount)):
            part, _, role = account.partition(":")
            if part == "payable":
                sums[role] = sums.get(role, Money.zero(amount.currency)) + amount
    return {role: amount for role, amount in sums.items() if amount}


def asked(id: str, history: Sequence[Record], provider: Provider) -> Iterator[tuple[Order, Answer]]:
    """Every order with what the provider says of it; what it has never had is paid.

    What was asked before is looked up first: an unknown outcome is waited for, and never paid around. So is what a
    chargeback took back: nothing else is paid to that role out of that milestone until it is known not to have left.
    """
    waiting = set()
    for order in recalled(id, history):
        answer = provider.look_up(order.key)
        if answer is not None:
            yield order, answer
            if answer.status is not Status.FAILED:
                waiting.add((order.milestone, order.to))
    for order in orders(id, history):
        if (order.milestone, order.to) not in waiting:
            yield order, provider.look_up(order.key) or provider.pay(order)


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
        for order, answer in asked(id, self.store.load(id), self.provider):
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
