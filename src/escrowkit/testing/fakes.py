"""A payment provider in memory, with faults that can be switched on."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from escrowkit.testing.payments import Answer, KeyTaken, Order, Status


class FakeProvider:
    """Pays every order, unless a fault is switched on; any number of threads may use it.

    >>> from escrowkit import Money
    >>> provider, order = FakeProvider(slow=1), Order("deal-1/7/payee", "logo", "payee", Money(18000, "USD"))
    >>> provider.pay(order).status.value, provider.look_up(order.key).status.value, len(provider.statement())
    ('unknown', 'done', 1)

    - `failing`: so many of the next new orders fail, for good.
    - `slow`: so many times the outcome of an order is unknown before it is told; the money moves at once.
    - `losing`: so many of the next orders never come, and their outcome is unknown.
    """

    def __init__(self, *, failing: int = 0, slow: int = 0, losing: int = 0) -> None:
        self.failing = failing
        self.slow = slow
        self.losing = losing
        self._orders: dict[str, Order] = {}
        self._answers: dict[str, Answer] = {}
        self._asked: dict[str, int] = {}
        self._moved: list[Order] = []
        self._lock = Lock()

    def pay(self, order: Order) -> Answer:
        """Move the money of an order, once for its key. Raises `KeyTaken`."""
        with self._lock:
            known = self._orders.get(order.key)
            if known is not None and known != order:
                raise KeyTaken(f"{order.key} is the key of {known}, and not of {order}")
            if known is None and self.losing:
                self.losing -= 1
                return Answer(Status.UNKNOWN, "the line broke")
            if known is None:
                self._take(order)
            return self._told(order.key)

    def look_up(self, key: str) -> Answer | None:
        """What became of the order with this key; None if it never came."""
        with self._lock:
            return self._told(key) if key in self._orders else None

    def statement(self) -> tuple[Order, ...]:
        """Every order whose money moved."""
        with self._lock:
            return tuple(self._moved)

    def _take(self, order: Order) -> None:
        self._orders[order.key] = order
        if self.failing:
            self.failing -= 1
            self._answers[order.key] = Answer(Status.FAILED, "the account is closed")
        else:
            self._answers[order.key] = Answer(Status.DONE)
            self._moved.append(order)

    def _told(self, key: str) -> Answer:
        asked = self._asked[key] = self._asked.get(key, 0) + 1
        return Answer(Status.UNKNOWN) if asked <= self.slow else self._answers[key]


class Crash(Exception):
    """The process stops here: what is stored and what was paid stays, everything else is forgotten."""


def total(moved: Iterable[Order]) -> dict[tuple[str, str], int]:
    """How many minor units of each currency went to whom."""
    sums: dict[tuple[str, str], int] = {}
    for order in moved:
        to = (order.to, order.amount.currency)
        sums[to] = sums.get(to, 0) + order.amount.minor
    return sums
