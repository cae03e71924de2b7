"""What one agreement holds that is its own, by tracemalloc: many from the same rulebook, divided."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import escrowkit as ek
from bench.lives import APPROVED, opened


def bytes_each(make: Callable[[], object], count: int) -> float:
    """Bytes that stay allocated for each of so many values, all of them alive at the end."""
    make()  # whatever is made once for all
    kept: list[object] = [None] * count
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for place in range(count):
            kept[place] = make()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / count


def submitted() -> ek.Agreement:
    """An agreement of its own, funded and submitted."""
    now = opened()
    for by, command, at in APPROVED.steps[:2]:
        now = now.decide(command(), by=by, at=at).agreement if command else now
    return now
