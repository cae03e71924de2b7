"""Random rulebooks, agreements and commands: those of the public test kit, under the name that the tests use."""

from __future__ import annotations

from escrowkit.testing.chosen import (
    ALL_COMMANDS,
    DAY,
    MICRO,
    ROLES,
    START,
    Chooser,
    Dice,
    Drawn,
    agreement,
    command,
    filled,
    in_all,
    moment,
    opening_moves,
    rulebook,
)

__all__ = [
    "ALL_COMMANDS",
    "DAY",
    "MICRO",
    "ROLES",
    "START",
    "Chooser",
    "Dice",
    "Drawn",
    "agreement",
    "command",
    "filled",
    "in_all",
    "moment",
    "opening_moves",
    "rulebook",
]
