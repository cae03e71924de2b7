"""Random rulebooks, agreements and commands, for any source of choices: a seeded generator, or Hypothesis.

>>> from escrowkit.testing.chosen import Dice, agreement, command, rulebook
>>> dice = Dice(3)
>>> deal = agreement(dice, rulebook(dice))
>>> by, said = command(dice, deal, deal.at)
>>> by in (*ROLES, *OTHERS), type(said) in ALL_COMMANDS
(True, True)

With `Dice` they need no Hypothesis, and long lives are fast; `escrowkit.testing.strategies` makes strategies of them,
which shrink.
"""

from __future__ import annotations

from escrowkit.testing.chosen.agreements import (
    DAY,
    MICRO,
    PRICES,
    START,
    agreement,
    currencies_of,
    moment,
    opening_moves,
    prices,
)
from escrowkit.testing.chosen.choices import Chooser, Dice, Drawn, chance
from escrowkit.testing.chosen.commands import ALL_COMMANDS, OTHERS, ROLES, command, filled
from escrowkit.testing.chosen.rulebooks import CURRENCIES, in_all, rulebook

__all__ = [
    "ALL_COMMANDS",
    "CURRENCIES",
    "DAY",
    "MICRO",
    "OTHERS",
    "PRICES",
    "ROLES",
    "START",
    "Chooser",
    "Dice",
    "Drawn",
    "agreement",
    "chance",
    "command",
    "currencies_of",
    "filled",
    "in_all",
    "moment",
    "opening_moves",
    "prices",
    "rulebook",
]
