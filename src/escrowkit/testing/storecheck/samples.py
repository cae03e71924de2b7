"""What is put into a store, and what must be found there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from escrowkit.agreement import Agreement, Record, open_agreement
from escrowkit.errors import Refused
from escrowkit.machines import escrow, milestone
from escrowkit.testing.chosen import DAY, START, Dice, agreement, command, moment, opening_moves, rulebook
from escrowkit.testing.promises import need
from escrowkit.testing.stores import Conflict, Store, UnknownAgreement, next_due

#: Makes a new, empty store.
Factory = Callable[[], Store]
#: Gives another handle on what a store has stored, as another process would have it.
Reopen = Callable[[Store], Store]


@cache
def lives() -> tuple[Agreement, ...]:
    """Agreements with all sorts of histories, one of them with keys and words of every script."""
    words = "Prüfung – 検査 🔍\n\t'\"\\"
    told = deal().decide(escrow.Hold("m1", words), by="platform", at=START + DAY, key="ключ").agreement
    return (told, *(one for seed in range(40) if (one := _life(Dice(seed))) is not None))


def _life(dice: Dice) -> Agreement | None:
    try:
        now = agreement(dice, rulebook(dice))
    except Refused:
        return None
    moves = list(opening_moves(dice, now))
    for number in range(len(moves) + 12):
        at = moment(dice, now) if number >= len(moves) else now.at
        by, said = moves[number] if number < len(moves) else command(dice, now, at)
        try:
            now = now.decide(said, by=by, at=at, key=f"key {number}").agreement
        except Refused as refused:
            now = refused.decision.agreement if refused.decision else now
    return now


@cache
def deal() -> Agreement:
    """An agreement whose money is in and whose work is submitted: its review runs."""
    parties = {"payer": "ada", "payee": "lin"}
    now = open_agreement(
        rulebook="standard@1", parties=parties, currency="USD", milestones=[("m1", "200.00"), ("m2", "9.00")], at=START
    )
    now = now.decide(escrow.Deposit("m1", "200.00"), by="payer", at=START, key="pay").agreement
    return now.decide(milestone.Submit("m1", "zip"), by="payee", at=START + DAY, key="submit").agreement


def put(store: Store, id: str, now: Agreement, known: int = 0) -> None:
    """Append what is new of an agreement."""
    store.append(id, now.history[known:], expected=known, due=next_due(now))


def same(store: Store, id: str, records: Sequence[Record], after: str) -> None:
    """What is stored is exactly this."""
    found = tuple(store.load(id))
    need(len(found) == len(records), f"{len(found)} of {len(records)} records came back", after)
    if found != tuple(records):
        number = next(n for n, (one, other) in enumerate(zip(found, records, strict=True)) if one != other)
        moved = found[number] in records
        words = "another record stands there" if moved else f"{found[number]} is not {records[number]}"
        need(False, f"record {number} is not what was stored {after}: {words}")


def conflict(writing: Callable[[], None], what: str) -> None:
    """Whoever writes so is told of a conflict. Raises `Missed`."""
    try:
        writing()
    except Conflict:
        return
    need(False, f"{what} raised no Conflict")


def nothing(store: Store, id: str, after: str) -> None:
    """There is no such agreement. Raises `Missed`."""
    try:
        found = store.load(id)
    except UnknownAgreement:
        return
    need(False, f"{len(found)} records are stored after {after}")
