"""A store that keeps its promises passes; each way of breaking one is found, with what to mend."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from escrowkit import codec
from escrowkit.agreement import Record
from escrowkit.testing import Conflict, MemoryStore, NotKept, Store, UnknownAgreement, check_store
from escrowkit.testing.storecheck import PROMISES


class SqliteStore:
    """One row a record, and its number in the key: what the how-to page shows, with connections of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA synchronous = OFF")  # no test loses its power
        self.db.execute("CREATE TABLE IF NOT EXISTS record (id TEXT, number INT, body BLOB, PRIMARY KEY (id, number))")
        self.db.execute("CREATE TABLE IF NOT EXISTS due (id TEXT PRIMARY KEY, at TEXT)")

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        """All in one transaction."""
        rows = [(id, number, codec.dumps(record)) for number, record in enumerate(records, expected)]
        self.db.execute("BEGIN IMMEDIATE")
        try:
            stored = self.db.execute("SELECT count(*) FROM record WHERE id = ?", (id,)).fetchone()[0]
            if stored != expected:
                raise Conflict(id, expected, stored)
            self.db.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
            self.db.execute("REPLACE INTO due VALUES (?, ?)", (id, due and due.isoformat(timespec="microseconds")))
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def load(self, id: str) -> Sequence[Record]:
        """In the order of their numbers."""
        rows = self.db.execute("SELECT body FROM record WHERE id = ? ORDER BY number", (id,)).fetchall()
        if not rows:
            raise UnknownAgreement(id)
        return [codec.loads(body) for (body,) in rows]

    def due(self, at: datetime) -> Sequence[str]:
        """By the column that every append writes."""
        found = self.db.execute(
            "SELECT id FROM due WHERE at <= ? ORDER BY at", (at.isoformat(timespec="microseconds"),)
        )
        return [id for (id,) in found]


def test_the_store_in_memory_keeps_every_promise() -> None:
    check_store(MemoryStore)


def test_a_store_in_a_database_keeps_every_promise_through_as_many_connections_as_there_are_threads(
    tmp_path: Path,
) -> None:
    made: list[SqliteStore] = []

    def factory() -> Store:
        made.append(SqliteStore(tmp_path / f"{len(made)}.db"))
        return made[-1]

    def reopen(store: Any) -> Store:
        made.append(SqliteStore(store.path))
        return made[-1]

    try:
        check_store(factory, reopen=reopen)
    finally:
        for store in made:
            store.db.close()


# -- broken ones -----------------------------------------------------------------------------------------------------


class Rows:
    """A plain store, to be broken in one place."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.dues: dict[str, datetime | None] = {}

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        """As promised, but for threads."""
        new, kept = list(records), self.rows.get(id, [])
        if len(kept) != expected:
            raise Conflict(id, expected, len(kept))
        self.rows[id], self.dues[id] = [*kept, *new], due

    def load(self, id: str) -> Sequence[Record]:
        """As promised."""
        if id not in self.rows:
            raise UnknownAgreement(id)
        return tuple(self.rows[id])

    def due(self, at: datetime) -> Sequence[str]:
        """As promised."""
        return [id for due, id in sorted((due, id) for id, due in self.dues.items() if due is not None and due <= at)]


class LastWriteWins(Rows):
    """Writes its rows over those that are there (E1)."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        self.rows[id], self.dues[id] = [*self.rows.get(id, [])[:expected], *records], due


class LosesARecord(Rows):
    """Drops the last of a long append."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        new = list(records)
        super().append(id, new[:2] if len(new) > 2 else new, expected=expected, due=due)


class HalfWritten(Rows):
    """Writes each record as it comes (A10)."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        super().append(id, [], expected=expected, due=due)
        for number, record in enumerate(records):
            super().append(id, [record], expected=expected + number, due=due)


class Swaps(Rows):
    """Reads by time, and what happened at one instant by name (D8)."""

    def load(self, id: str) -> Sequence[Record]:
        return sorted(super().load(id), key=lambda record: (record.event.at, record.event.word))


class Silent(Rows):
    """Does nothing in a conflict, and does not say so (A22)."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        if len(self.rows.get(id, [])) == expected:
            super().append(id, records, expected=expected, due=due)


class Shared(Rows):
    """Keeps the caller's list, and hands its own out."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        super().append(id, tuple(records), expected=expected, due=due)
        self.rows[id] = records if expected == 0 and isinstance(records, list) else self.rows[id]

    def load(self, id: str) -> Sequence[Record]:
        super().load(id)
        kept: Sequence[Record] = self.rows[id]
        return kept


class Stale(Rows):
    """Reads once, and remembers (D7)."""

    def __init__(self) -> None:
        super().__init__()
        self.read: dict[str, Sequence[Record]] = {}

    def load(self, id: str) -> Sequence[Record]:
        if id not in self.read:
            self.read[id] = super().load(id)
        return self.read[id]


class LooksAndWrites(Rows):
    """Looks first and writes later, with time between (A12)."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        kept = self.rows.get(id, [])
        if len(kept) != expected:
            raise Conflict(id, expected, len(kept))
        time.sleep(0.002)
        self.rows[id], self.dues[id] = [*self.rows.get(id, []), *records], due


class Kinds(Rows):
    """Tells a conflict by an error of its own."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        try:
            super().append(id, records, expected=expected, due=due)
        except Conflict as conflict:
            raise KeyError(id) from conflict


class Empty(Rows):
    """Knows every agreement: most are empty."""

    def load(self, id: str) -> Sequence[Record]:
        return tuple(self.rows.get(id, ()))


class Folds(Rows):
    """Thinks that all letters are small."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        super().append(id.lower(), records, expected=expected, due=due)

    def load(self, id: str) -> Sequence[Record]:
        return super().load(id.lower())


class Forgets(Rows):
    """Stores events and entries, and no keys (E12)."""

    def load(self, id: str) -> Sequence[Record]:
        return [attrs.evolve(record, key=None, said=None) for record in super().load(id)]


class Overdue(Rows):
    """Keeps the deadline of the opening."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        first = self.dues.get(id, due)
        super().append(id, records, expected=expected, due=due)
        self.dues[id] = first


class Early(Rows):
    """Writes the deadline before it looks."""

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        self.dues[id] = due
        super().append(id, records, expected=expected, due=due)


class Rounds(Rows):
    """Compares whole seconds, rounded up."""

    def due(self, at: datetime) -> Sequence[str]:
        return super().due(at + timedelta(seconds=1))


BROKEN: dict[Callable[[], Store], tuple[str, str]] = {
    LastWriteWins: ("of two writers one wins", "compare `expected`"),
    LosesARecord: ("what was stored comes back equal", "keep every record whole"),
    HalfWritten: ("an append is all or nothing", "in one transaction"),
    Swaps: ("what was stored comes back equal", "read them by their number"),
    Silent: ("of two writers one wins", "raise Conflict"),
    Shared: ("what is stored belongs to the store", "copy what comes in"),
    Stale: ("a load sees what is stored now", "keep no copy"),
    LooksAndWrites: ("of racing writers one wins", "in one step"),
    Kinds: ("of two writers one wins", "raise Conflict"),
    Empty: ("an unknown id is told", "raise UnknownAgreement"),
    Folds: ("agreements do not mix", "upper and lower case"),
    Forgets: ("idempotency keys are stored", "store `key`"),
    Overdue: ("the next deadlines can be found", "replaced by every append"),
    Early: ("of two writers one wins", "records and deadline together"),
    Rounds: ("the next deadlines can be found", "at or before"),
}


@cache
def problems_of(broken: Callable[[], Store]) -> NotKept:
    """What the check says of it."""
    with pytest.raises(NotKept) as told:
        check_store(broken)
    return told.value


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_store_is_told_which_promise_it_breaks_and_how_to_mend_it(broken: Callable[[], Store]) -> None:
    promise, mend = BROKEN[broken]
    told = problems_of(broken)
    found = next(one for one in told.problems if one.promise.words.startswith(promise))
    assert mend in found.promise.mend
    assert found.found
    assert str(found) in str(told)


def test_a_process_that_does_not_see_what_another_stored_is_found() -> None:
    with pytest.raises(NotKept, match=r"through another handle|UnknownAgreement"):
        check_store(Rows, reopen=lambda store: Rows())


def test_every_promise_is_broken_by_some_store() -> None:
    found = {problem.promise.words for broken in BROKEN for problem in problems_of(broken).problems}
    assert found == {promise.words for promise in PROMISES}
