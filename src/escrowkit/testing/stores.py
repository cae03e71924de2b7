"""What is asked of a store of histories, and a plain one in memory.

>>> from datetime import UTC, datetime
>>> import escrowkit as ek
>>> at = datetime(2026, 3, 2, 9, tzinfo=UTC)
>>> deal = ek.open_agreement(rulebook="standard@1", parties={"payer": "ada", "payee": "lin"}, currency="USD",
...                          milestones=[("logo", "200.00")], at=at)
>>> store = MemoryStore()
>>> store.append("deal-1", deal.history, expected=0, due=next_due(deal))
>>> ek.replay(store.load("deal-1")) == deal
True
>>> store.append("deal-1", deal.history, expected=0, due=None)
Traceback (most recent call last):
    ...
escrowkit.testing.stores.Conflict: 'deal-1': 0 records were expected, 3 are stored; load it again and decide again
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from threading import Lock
from typing import Protocol

from escrowkit.agreement import Agreement, Record
from escrowkit.errors import EscrowError


class Conflict(EscrowError):
    """Somebody else was faster: another number of records is stored than was expected. Nothing was stored."""

    key = "conflict"

    def __init__(self, id: str, expected: int, stored: int) -> None:
        self.id, self.expected, self.stored = id, expected, stored
        super().__init__(id, expected, stored)

    def __str__(self) -> str:
        there = f"{self.expected} records were expected, {self.stored} are stored"
        return f"{self.id!r}: {there}; load it again and decide again"


class UnknownAgreement(EscrowError):
    """There is no agreement of this id."""

    key = "unknown-agreement"

    def __init__(self, id: str) -> None:
        self.id = id
        super().__init__(id)

    def __str__(self) -> str:
        return f"no agreement {self.id!r} is stored"


class Store(Protocol):
    """Histories by the id of their agreement: appended to, and never changed.

    In a database: one row a record, and (agreement, number of the record) as its key.
    """

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        """Store what is new, all of it or nothing, if exactly `expected` records are stored; 0 opens an agreement.

        `due` is the agreement's next deadline, or None. Raises `Conflict` if more or fewer records are stored.
        """

    def load(self, id: str) -> Sequence[Record]:
        """All records, in the order in which they came. Raises `UnknownAgreement`."""

    def due(self, at: datetime) -> Sequence[str]:
        """The agreements whose next deadline is at or before an instant, the earliest first."""


def next_due(agreement: Agreement) -> datetime | None:
    """When the next deadline is: what a store keeps beside a history, to select by."""
    return next((at for at, _, _ in agreement.deadlines()), None)


class MemoryStore:
    """A store in memory, for tests and examples; any number of threads may use it."""

    def __init__(self) -> None:
        self._histories: dict[str, tuple[Record, ...]] = {}
        self._due: dict[str, datetime | None] = {}
        self._lock = Lock()

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        """Store what is new, all of it or nothing. Raises `Conflict`."""
        new = tuple(records)  # before anything is touched: whatever fails in here leaves everything as it was
        with self._lock:
            kept = self._histories.get(id, ())
            if len(kept) != expected:
                raise Conflict(id, expected, len(kept))
            self._histories[id] = kept + new
            self._due[id] = due

    def load(self, id: str) -> Sequence[Record]:
        """All records of an agreement. Raises `UnknownAgreement`."""
        if id not in self._histories:
            raise UnknownAgreement(id)
        return self._histories[id]

    def due(self, at: datetime) -> Sequence[str]:
        """The agreements whose next deadline is at or before an instant, the earliest first."""
        with self._lock:
            waiting = [(due, id) for id, due in self._due.items() if due is not None and due <= at]
        return [id for _, id in sorted(waiting)]
