"""What must hold after every step, counted from the entries and not from the library's own figures.

>>> from escrowkit.testing import laws
>>> from escrowkit.testing.chosen import Dice, agreement, command, rulebook
>>> dice = Dice(8)
>>> now, books = agreement(dice, rulebook(dice, ends=True)), laws.Books()
>>> for _ in range(5):
...     by, said = command(dice, now, now.at)
...     now = laws.decide(now, said, by=by, at=now.at)
...     laws.check(now, books)
>>> laws.silence_ends(now)

Each raises `Broken`, an `AssertionError` that names the law.
"""

from __future__ import annotations

from typing import Final

from escrowkit.laws import ALWAYS, LIVED, Broken, final_is_empty, frozen_is_frozen, inside, whole
from escrowkit.testing.laws.books import Books
from escrowkit.testing.laws.decisions import decide, judged
from escrowkit.testing.laws.lives import check, scheduler_changes_nothing, silence_ends
from escrowkit.testing.laws.states import sealed_is_hidden

#: Every law that is checked, in words.
LAWS: Final = ALWAYS | LIVED

__all__ = [
    "LAWS",
    "Books",
    "Broken",
    "check",
    "decide",
    "final_is_empty",
    "frozen_is_frozen",
    "inside",
    "judged",
    "scheduler_changes_nothing",
    "sealed_is_hidden",
    "silence_ends",
    "whole",
]
