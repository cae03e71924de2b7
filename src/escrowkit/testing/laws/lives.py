"""The laws of a life: no scheduler changes it, and silence ends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from escrowkit.agreement import Agreement
from escrowkit.clocks import running
from escrowkit.laws import final_is_empty, inside, need, whole
from escrowkit.testing.laws.books import Books
from escrowkit.testing.laws.states import sealed_is_hidden

_LONG: Final = timedelta(days=5 * 365)


def check(now: Agreement, books: Books) -> None:
    """The laws of an agreement as it stands; `books` follow it from its opening. Raises `Broken`."""
    books.follow(now)
    books.agree(now)
    final_is_empty(now)
    sealed_is_hidden(now)
    for id_, due in now.dues.items():
        need(due == min((at for at, _ in running(now.pot(id_))), default=None), "deadlines", id_, due)


def scheduler_changes_nothing(now: Agreement, at: datetime, parts: Iterable[int]) -> None:
    """Advancing through any instants before (percents of the way) is the same as advancing at once."""
    stepped = now
    for part in sorted(parts):
        stepped = stepped.advance(max(stepped.at, now.at + (at - now.at) * part / 100)).agreement
    need(stepped.advance(at).agreement == now.advance(at).agreement, "scheduler changes nothing", at, parts)


def silence_ends(now: Agreement, within: timedelta = _LONG) -> None:
    """The clock alone brings it to an end: nothing is left in escrows, security holds and fee deposits."""
    after = now.advance(now.at + within).agreement
    whole(after)
    need(not inside(after), "silence ends", f"{inside(after)} minor units are inside still: {after.states()}")
