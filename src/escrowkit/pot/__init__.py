"""One milestone with its money, seen whole: the figures that guards, books, reactions and clocks ask for.

`Lane` is what is stored of one milestone: the records of its machines. `Pot` is a lane in its agreement at an instant:
nothing in it is stored, all of it is worked out of records and ledger.
"""

from __future__ import annotations

from datetime import datetime

from escrowkit import arguments as arg
from escrowkit.pot.lane import MACHINES, TABLES, Case, Lane
from escrowkit.pot.rulings import Rulings
from escrowkit.table import Command

__all__ = ["MACHINES", "TABLES", "Case", "Lane", "Pot"]


class Pot(Rulings):
    """A lane in its agreement at an instant."""

    __slots__ = ()

    def is_restricted(self, right: str, name: str) -> bool:
        """Whether a right is taken from a role now."""
        record = self.agreement.conduct.get(name)
        return record is not None and record.lacks(right, self.at)

    def restricted_until(self, right: str, name: str) -> datetime | None:
        """Until when a right is taken; None if nobody said."""
        return self.agreement.conduct_of(name).taken.get(right)

    def may_say(self, name: str, command: Command) -> bool:
        """Whether a role may say this command in these words: one that may not write leaves out what it can."""
        return not self.is_restricted("writing", name) or not arg.spare_words(command)

    @property
    def anybody_suspended(self) -> bool:
        """Whether one of the sides is suspended."""
        return any(record.is_suspended for record in self.agreement.conduct.values())

    @property
    def feedback_withheld(self) -> dict[str, str]:
        """Who has no right to give feedback by the outcome, and why: `defaulted` or `refunded`."""
        key = "conduct.feedback.withheld_from"
        reasons = self.rules[key] if self.rules.settled(key) else ()
        found: dict[str, str] = {}
        if "refunded" in reasons and not self.released:
            found["payer"] = "refunded"
        if "defaulted" in reasons:
            found |= {side: "defaulted" for case in self.lane.cases for side in case.defaulted}
        return found
