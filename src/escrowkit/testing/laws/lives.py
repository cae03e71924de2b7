"""The laws of a life: it replays, no scheduler changes it, and silence ends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from escrowkit.agreement import Agreement, replay
from escrowkit.clocks import running
from escrowkit.testing.laws.books import Books, inside
from escrowkit.testing.laws.broken import need
from escrowkit.testing.laws.states import final_is_empty, sealed_is_hidden

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


def whole(now: Agreement) -> None:
    """It replays, it verifies, its times never run backwards."""
    need(replay(now.history) == now, "replay", "the history makes another agreement")
    now.verify()
    times = [record.event.at for record in now.history]
    need(times == sorted(times), "time forward", times)
    need(all(time.utcoffset() == timedelta(0) for time in times), "time forward", "an instant is not in UTC")


def silence_ends(now: Agreement, within: timedelta = _LONG) -> None:
    """The clock alone brings it to an end: nothing is left in escrows, security holds and fee deposits."""
    after = now.advance(now.at + within).agreement
    whole(after)
    need(not inside(after), "silence ends", f"{inside(after)} minor units are inside still: {after.states()}")
