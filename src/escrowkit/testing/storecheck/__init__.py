"""What a store of histories promises, and whether one keeps it."""

from __future__ import annotations

from typing import Final

from escrowkit.testing.promises import Promise, check
from escrowkit.testing.storecheck import reading, writing
from escrowkit.testing.storecheck.samples import Factory, Reopen


def check_store(factory: Factory, *, reopen: Reopen | None = None) -> None:
    """Whether a store keeps what it promises: `factory()` makes a new, empty one each time.

    `reopen(store)` gives another handle on the same data, as another process would have it (another connection); every
    racing thread gets its own. Without it, all use the one store.

    >>> from escrowkit.testing import MemoryStore, check_store
    >>> check_store(MemoryStore)

    Raises `NotKept`, an `AssertionError`, with every promise that is not kept, what was found, and how to mend it.
    """
    check("the store", PROMISES, factory, reopen or (lambda store: store))


PROMISES: Final = (
    Promise(
        "what was stored comes back equal, in its order",
        "keep every record whole (escrowkit.codec.dumps and loads) and read them by their number",
        reading.comes_back,
    ),
    Promise("agreements do not mix", "select by the whole id, and tell upper and lower case apart", reading.do_not_mix),
    Promise("an unknown id is told", "raise UnknownAgreement where no record is found", reading.unknown),
    Promise(
        "of two writers one wins, and the other learns it",
        "compare `expected` with how many are stored in the same transaction, or make (id, number) the primary key, "
        "and raise Conflict; write records and deadline together",
        writing.one_wins,
    ),
    Promise(
        "only who expects what is stored may append",
        "raise Conflict for every other number, an opening (0) and one that is too large included",
        writing.expected,
    ),
    Promise(
        "of racing writers one wins",
        "check and write in one step: a lock, a transaction, a primary key; never look first and write later",
        writing.one_wins_a_race,
    ),
    Promise(
        "writers that load again after a conflict all get through, and a key counts once",
        "raise Conflict, and nothing else, where somebody else was faster; let loads see what is committed",
        writing.retried,
    ),
    Promise(
        "an append is all or nothing",
        "read all records before the first is written, and write them in one transaction with the deadline",
        writing.all_or_nothing,
    ),
    Promise("what is stored belongs to the store", "copy what comes in, and give out copies or tuples", reading.own),
    Promise("a load sees what is stored now", "keep no copy that another writer's append does not end", reading.fresh),
    Promise("idempotency keys are stored", "store `key`, `said` and `decision` of a record with it", reading.keys),
    Promise(
        "the next deadlines can be found",
        "keep `due` beside the history, replaced by every append; list what is due at or before, the earliest first",
        reading.due,
    ),
)
