"""What was stored is what is read: whole, in order, now, and by its deadline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from typing import Final

from escrowkit.agreement import replay
from escrowkit.errors import KeyConflict
from escrowkit.machines import escrow
from escrowkit.testing.chosen import DAY, MICRO, START
from escrowkit.testing.promises import need
from escrowkit.testing.storecheck.samples import Factory, Reopen, deal, lives, put, same
from escrowkit.testing.stores import Store, UnknownAgreement

#: Ids that are easily mixed up.
IDS: Final = ("deal-1", "deal-10", "Deal-1", "deal-1/1", "deal 1", "déal-1", "%", "deal_1")


def comes_back(factory: Factory, reopen: Reopen) -> None:
    """Whole histories, appended in parts."""
    store = factory()
    for number, life in enumerate(lives()):
        id, parts = f"life-{number}", [*range(0, len(life.history), 3), len(life.history)]
        for first, last in pairwise(parts):
            store.append(id, life.history[first:last], expected=first, due=None)
            same(store, id, life.history[:last], f"after {last} were appended")
    for number, life in enumerate(lives()):
        same(reopen(store), f"life-{number}", life.history, "when the store was opened again")
        need(replay(reopen(store).load(f"life-{number}")) == life, "the history makes another agreement")


def do_not_mix(factory: Factory, reopen: Reopen) -> None:
    """Ids that are nearly the same."""
    store = factory()
    given = dict(zip(IDS, lives(), strict=False))
    for id, life in given.items():
        put(store, id, life)
    for id, life in given.items():
        same(store, id, life.history, f"under {id!r}, beside {', '.join(map(repr, IDS))}")


def unknown(factory: Factory, reopen: Reopen) -> None:
    """Ids under which nothing is stored."""
    store = factory()
    put(store, "deal-1", deal())
    for id in ("deal-2", "", "deal"):
        try:
            found = store.load(id)
        except UnknownAgreement:
            continue
        need(False, f"load({id!r}) gave {found!r}, where nothing is stored")


def own(factory: Factory, reopen: Reopen) -> None:
    """What the caller does with its lists is nothing to the store."""
    store, now = factory(), deal()
    given = list(now.history)
    store.append("deal-1", given, expected=0, due=None)
    given.pop()
    same(store, "deal-1", now.history, "after the list that was given to append was changed")
    found = store.load("deal-1")
    if isinstance(found, list):
        found.clear()
    same(store, "deal-1", now.history, "after the list that load gave was changed")


def fresh(factory: Factory, reopen: Reopen) -> None:
    """Two handles that write and read in turns."""
    store, now = factory(), deal()
    other = reopen(store)
    for number in range(1, len(now.history) + 1):
        writer, reader = (store, other) if number % 2 else (other, store)
        writer.append("deal-1", [now.history[number - 1]], expected=number - 1, due=None)
        for handle in (writer, reader):
            same(handle, "deal-1", now.history[:number], f"when record {number - 1} had just been stored")


def keys(factory: Factory, reopen: Reopen) -> None:
    """What was said under a key is known after loading."""
    store = factory()
    put(store, "deal-1", deal())
    again = replay(reopen(store).load("deal-1"))
    same = again.decide(escrow.Deposit("m1", "200.00"), by="payer", at=START + 900 * DAY, key="pay")
    need(same.repeated and not same.events, "a command repeated under its key is carried out again after loading")
    try:
        again.decide(escrow.Deposit("m2", "9.00"), by="payer", at=START + 2 * DAY, key="pay")
    except KeyConflict:
        return
    need(False, "a key is taken for another command after loading")


def due(factory: Factory, reopen: Reopen) -> None:
    """Deadlines before, on and after an instant, and ones that change."""
    store, now = factory(), deal()
    later = {"c": 3, "a": 1, "d": None, "b": 2}
    for id, days in later.items():
        due = None if days is None else START + timedelta(days=days)
        store.append(id, now.history, expected=0, due=due)
    for at, wanted in (
        (START, []),
        (START + DAY - MICRO, []),
        (START + DAY, ["a"]),
        (START + 2 * DAY + MICRO, ["a", "b"]),
        (START + 900 * DAY, ["a", "b", "c"]),
    ):
        _lists(reopen(store), at - START, wanted)
    for id, due in (("a", None), ("d", START + 5 * DAY), ("c", START)):
        store.append(id, now.history[:1], expected=len(now.history), due=due)
    _lists(reopen(store), timedelta(days=4), ["c", "b"])
    _lists(reopen(store), timedelta(days=5), ["c", "b", "d"])


def _lists(store: Store, after: timedelta, wanted: Iterable[str]) -> None:
    found = list(store.due(START + after))
    need(found == list(wanted), f"due after {after}: {found}, where it is {list(wanted)}")
