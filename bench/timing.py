"""Timing that can be compared: interleaved rounds, the same treatment of the garbage collector for all, medians."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Mapping, Sequence
from statistics import linear_regression, median
from time import perf_counter

from attrs import frozen

Work = Callable[[], object]


@frozen
class Samples:
    """Seconds of one call of each work, round by round; the n-th samples of all works were taken together."""

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        """The median of a work, in seconds a call."""
        return median(self.seconds[name])

    def ratios(self, ours: str, theirs: str) -> tuple[float, ...]:
        """Ours divided by theirs, round by round: what slows a whole round down falls out."""
        return tuple(a / b for a, b in zip(self.seconds[ours], self.seconds[theirs], strict=True))


def interleaved(works: Mapping[str, tuple[Work, int]], *, rounds: int, with_gc: bool = False) -> Samples:
    """Run A B C A B C …: each work so many times in a row, `rounds` times. The first, unmeasured pass warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work, _ in works.values():
        work()
    for _ in range(rounds):
        for name, (work, loops) in works.items():
            seconds[name].append(_sample(work, loops, with_gc) / loops)
    return Samples({name: tuple(found) for name, found in seconds.items()})


def _sample(work: Work, loops: int, with_gc: bool) -> float:
    """As `timeit` does it: collect before, and leave the collector off meanwhile, unless it is asked for."""
    gc.collect()
    was_on = gc.isenabled()
    if not with_gc:
        gc.disable()
    try:
        start = perf_counter()
        for _ in range(loops):
            work()
        return perf_counter() - start
    finally:
        if was_on:
            gc.enable()


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The k of `value ≈ c · size^k`: the slope of a straight line through the logarithms."""
    return linear_regression([math.log(n) for n in sizes], [math.log(v) for v in values]).slope
