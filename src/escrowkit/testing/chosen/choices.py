"""Where choices come from: a seeded generator, which is fast, or Hypothesis, whose choices shrink."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from hypothesis import strategies as st

T = TypeVar("T")


class Chooser(Protocol):
    """Where choices come from: `Dice`, `Drawn`, or your own."""

    def pick(self, options: Sequence[T]) -> T:
        """One of these."""

    def whole(self, low: int, high: int) -> int:
        """A whole number."""


class Dice:
    """Choices of a seeded generator: fast, and the same for the same seed.

    >>> [Dice(7).whole(1, 6), Dice(7).whole(1, 6)]
    [3, 3]
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, options: Sequence[T]) -> T:
        """One of these."""
        return self.random.choice(options)

    def whole(self, low: int, high: int) -> int:
        """A whole number."""
        return self.random.randint(low, high)


class Drawn:
    """Choices of Hypothesis: the first option and the smallest number are the simplest."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw

    def pick(self, options: Sequence[T]) -> T:
        """One of these."""
        return options[self.whole(0, len(options) - 1)]

    def whole(self, low: int, high: int) -> int:
        """A whole number."""
        from hypothesis import strategies as st

        number: int = self.draw(st.integers(low, high))
        return number


def chance(choose: Chooser, percent: int) -> bool:
    """True that often; the simplest choice is no."""
    return choose.whole(0, 99) >= 100 - percent
