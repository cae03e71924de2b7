"""Two writers, many, and one whose line breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from escrowkit.agreement import Agreement, Record, replay
from escrowkit.machines import escrow, milestone
from escrowkit.testing.chosen import DAY, START
from escrowkit.testing.promises import need
from escrowkit.testing.racing import race
from escrowkit.testing.storecheck.samples import Factory, Reopen, conflict, deal, nothing, put, same
from escrowkit.testing.stores import Conflict, Store

THREADS: Final = 6
ROUNDS: Final = 10


def one_wins(factory: Factory, reopen: Reopen) -> None:
    """Two writers have loaded the same history: the second learns it, and nothing of it is stored."""
    store, before = factory(), deal()
    first = before.decide(milestone.Approve("m1", "zip"), by="payer", at=START + 2 * DAY).agreement
    second = before.decide(escrow.Refund("m1", "200.00"), by="payee", at=START + 2 * DAY).agreement
    known, other = len(before.history), reopen(store)
    put(store, "deal-1", before)
    same(other, "deal-1", before.history, "through another handle")
    put(store, "deal-1", first, known)
    write = partial(other.append, "deal-1", second.history[known:], expected=known, due=START)
    conflict(write, "a second writer that had loaded the same history")
    same(store, "deal-1", first.history, "after the second of two writers was turned away")
    need(not store.due(START + DAY), "the deadline of a writer that was turned away is stored")


def expected(factory: Factory, reopen: Reopen) -> None:
    """An append that expects another number of records than there are."""
    store, now = factory(), deal()
    put(store, "deal-1", now)
    for expected in (0, 1, len(now.history) - 1, len(now.history) + 1):
        write = partial(store.append, "deal-1", now.history[1:3], expected=expected, due=None)
        conflict(write, f"append with expected={expected}, where {len(now.history)} are stored,")
        same(store, "deal-1", now.history, f"after an append with expected={expected} was turned away")
    conflict(partial(store.append, "deal-2", now.history, expected=2, due=None), "expected=2, where nothing is stored,")
    nothing(store, "deal-2", "an opening that was turned away")


def one_wins_a_race(factory: Factory, reopen: Reopen) -> None:
    """Many writers have loaded the same history, and append at the same moment."""
    before, known = deal(), len(deal().history)
    after = [
        before.decide(milestone.Propose(f"n{n}", "5.00"), by="payee", at=START + DAY).agreement for n in range(THREADS)
    ]
    for number in range(ROUNDS):
        store = factory()
        put(store, "deal-1", before)
        ends = race([partial(_writes, reopen, store, now, known) for now in after])
        won = [now for now, end in zip(after, ends, strict=True) if end is None]
        other = [end for end in ends if not (end is None or isinstance(end, Conflict))]
        need(len(won) == 1 and not other, f"round {number}: {len(won)} of {THREADS} writers won {other or ''}")
        same(store, "deal-1", won[0].history, f"after {THREADS} writers raced")


def _writes(reopen: Reopen, store: Store, now: Agreement, known: int) -> None:
    put(reopen(store), "deal-1", now, known)


def retried(factory: Factory, reopen: Reopen) -> None:
    """Writers that meet a conflict load again; two of them say the same under one key."""
    store = factory()
    put(store, "deal-1", deal())
    commands = [milestone.Propose(f"n{n // 2}", "5.00") for n in range(THREADS)]
    ends = race([partial(_until_stored, reopen, store, said) for said in commands])
    need(not any(ends), f"writers that load again after a conflict: {[end for end in ends if end]}")
    proposed = [record.event.milestone for record in store.load("deal-1") if record.event.word == "proposed"]
    wanted = sorted({said.milestone for said in commands})
    need(sorted(proposed) == wanted, f"{sorted(proposed)} were stored, {wanted} were said, each twice with one key")


def _until_stored(reopen: Reopen, shared: Store, said: milestone.Propose) -> None:
    store = reopen(shared)
    for _ in range(50 * THREADS):
        before = replay(store.load("deal-1"))
        decision = before.decide(said, by="payee", at=START + 2 * DAY, key=said.milestone)
        try:
            if not decision.repeated:
                put(store, "deal-1", decision.agreement, len(before.history))
            return
        except Conflict:
            continue
    need(False, "a writer met a conflict each time, though nobody else wrote")


class _Stopped(Exception):
    """What interrupts an append."""


class _Breaking(Sequence[Record]):
    """Records that fail at the last one, as a connection does that breaks."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, number: int) -> Record:  # type: ignore[override]
        if number >= len(self.records) - 1:
            raise _Stopped
        return self.records[number]

    def __iter__(self) -> Iterator[Record]:
        return (self[number] for number in range(len(self)))


def all_or_nothing(factory: Factory, reopen: Reopen) -> None:
    """A line that breaks in the middle of an append."""
    store, before = factory(), deal()
    after = before.decide(milestone.Approve("m1", "zip"), by="payer", at=START + 2 * DAY).agreement
    known = len(before.history)
    put(store, "deal-1", before)
    _stops(partial(store.append, "deal-1", _Breaking(after.history[known:]), expected=known, due=START))
    same(reopen(store), "deal-1", before.history, "after an append that failed at its last record")
    need(not store.due(START + DAY), "an append that failed stored its deadline")
    put(store, "deal-1", after, known)
    same(store, "deal-1", after.history, "after the same append, tried again")
    _stops(partial(store.append, "deal-2", _Breaking(before.history), expected=0, due=START))
    nothing(store, "deal-2", "an opening that failed at its last record")
    put(store, "deal-2", before)


def _stops(writing: Callable[[], None]) -> None:
    try:
        writing()
    except Exception:
        return
    need(False, "an append whose records fail at the last one raised nothing")
