"""An agreement as its history: written as its records, and made again by replaying them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from escrowkit.agreement import Agreement, Opened, Record, replay
from escrowkit.codec.wrong import Wrong

#: Whatever makes an agreement of records, and fails in its own way.
Attempt = Callable[[Sequence[Record]], Agreement]


def records_of(agreement: Agreement) -> tuple[tuple[Record, ...]]:
    """What the document of an agreement says. Raises `Wrong` for a view."""
    if agreement.seen_by is not None:
        raise Wrong(f"what {agreement.seen_by} may see", "a view is no agreement: what is sealed is not in it")
    return (agreement.history,)


def agreed(records: Sequence[Record], attempt: Attempt = replay) -> Agreement:
    """The agreement that records make. Raises `Wrong` at the first that does not follow from those before it."""
    if not records or not isinstance(records[0].event, Opened):
        raise Wrong("a history begins with agreement.opened").at(".records[0]")
    for place, record in enumerate(records[1:], 1):
        if isinstance(record.event, Opened):
            raise Wrong("an agreement is opened once").at(f".records[{place}]")
    try:
        return attempt(records)
    # `evolve` refuses nothing, because it only ever meets what `decide` made; what was not made so breaks it anywhere.
    except Exception as error:
        place = _last_of_shortest(attempt, records)
        raise Wrong(f"it does not follow from what stands before it: {error}").at(f".records[{place}]") from error


def _last_of_shortest(attempt: Attempt, records: Sequence[Record]) -> int:
    """The last record of the shortest history with which an attempt fails: what follows a failure fails too."""
    good, bad = 0, len(records)
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            attempt(records[:middle])
            good = middle
        except Exception:
            bad = middle
    return bad - 1
