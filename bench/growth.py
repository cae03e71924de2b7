"""How the time of one decision, and of all of them, grows with the milestones and with the history."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

from attrs import frozen

import escrowkit as ek
from bench import lives
from bench.timing import exponent, interleaved


@frozen
class Curve:
    """Seconds by size. `fitted` is the exponent over all sizes, `last` that between the two largest."""

    name: str
    of: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    #: Whether all the work is counted, or one decision at this size.
    total: bool

    @property
    def fitted(self) -> float:
        """The k of `seconds ≈ c · size^k`."""
        return exponent(self.sizes, self.seconds)

    @property
    def steepest(self) -> float:
        """The larger of the two: what an aim is held against."""
        return max(self.fitted, self.last)

    @property
    def last(self) -> float:
        """The same between the two largest sizes, where what is constant weighs least."""
        return exponent(self.sizes[-2:], self.seconds[-2:])


def milestones(sizes: tuple[int, ...], *, rounds: int, loops: int) -> tuple[Curve, ...]:
    """Opening with n milestones; then one deposit, for the last of them."""
    opening = interleaved({str(n): (partial(lives.opened, n), max(1, loops // n)) for n in sizes}, rounds=rounds)
    one = interleaved({str(n): (_deposit(n), loops) for n in sizes}, rounds=rounds)
    return (
        Curve("milestones: one deposit", "milestones", sizes, tuple(one.median(str(n)) for n in sizes), total=False),
        Curve("milestones: opening all", "milestones", sizes, tuple(opening.median(str(n)) for n in sizes), total=True),
    )


def _deposit(count: int) -> Callable[[], object]:
    deal = lives.opened(count)
    return lambda: deal.decide(ek.escrow.Deposit(f"m{count}", "350.00"), by="payer", at=deal.at)


def history(growing: lives.Growing, sizes: tuple[int, ...], *, rounds: int, loops: int) -> tuple[Curve, ...]:
    """A life that goes on: its next turn after n events, deciding all of them, replaying all of them."""
    built = [_built(growing, sizes) for _ in range(rounds)]
    after = {len(deal.history): deal for deal, _ in built[0]}
    lengths = tuple(after)
    turns = interleaved({str(n): (partial(growing.turn, deal), loops) for n, deal in after.items()}, rounds=rounds)
    replays = interleaved(
        {str(n): (partial(ek.replay, deal.history), max(1, loops // n)) for n, deal in after.items()}, rounds=rounds
    )
    decided = tuple(median(one[place][1] for one in built) for place in range(len(sizes)))
    made = tuple(n - len(growing.start().history) for n in lengths)
    next_ = tuple(turns.median(str(n)) for n in lengths)
    replayed = tuple(replays.median(str(n)) for n in lengths)
    return (
        Curve(f"{growing.name}: the next", "events", lengths, next_, total=False),
        Curve(f"{growing.name}: deciding all", "events", made, decided, total=True),
        Curve(f"{growing.name}: replaying all", "events", lengths, replayed, total=True),
    )


def _built(growing: lives.Growing, sizes: tuple[int, ...]) -> list[tuple[ek.Agreement, float]]:
    """The agreement after so many events beyond its start, and the seconds that deciding them took."""
    gc.collect()
    gc.disable()
    try:
        found, now, start = [], growing.start(), perf_counter()
        begun = len(now.history)
        for size in sizes:
            while len(now.history) < begun + size:
                now = growing.turn(now)
            found.append((now, perf_counter() - start))
        return found
    finally:
        gc.enable()
