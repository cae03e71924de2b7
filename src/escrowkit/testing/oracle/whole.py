"""The oracle as a whole: opening, deciding, the passing of time, and what can be read off it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from escrowkit.testing.oracle.said import Answer, Unpredicted


class Oracle:
    """One agreement as the rules in words would have it. Made by `Oracle.open`."""

    @classmethod
    def open(cls, terms: Mapping[str, Any]) -> Oracle:
        """Open an agreement from plain data: rulebook (values by dotted key, as written), parties, currency, rail,
        facts, milestones, at, and the number of decimals of each currency.

        Raises `Refusal`.
        """
        raise Unpredicted("an opening")

    def decide(
        self,
        command: str,
        arguments: Mapping[str, Any],
        by: str,
        at: datetime,
        key: str | None = None,
        actor: str | None = None,
    ) -> Answer:
        """What follows if somebody gives a command now; a refusal stands in the answer. Raises `Unpredicted`."""
        raise Unpredicted(command)

    def advance(self, at: datetime) -> Answer:
        """Every deadline that is due at or before an instant, in order."""
        raise Unpredicted("time")

    def states(self) -> dict[str, str]:
        """The state of every machine, by its name."""
        return {}

    def balances(self) -> dict[tuple[str, str], int]:
        """What stands on each account in each currency, in minor units; what is zero is left out."""
        return {}

    def outcomes(self) -> dict[str, tuple[str, str, str]]:
        """The latest outcome of each milestone: its kind, its code, and to whom."""
        return {}

    def owed(self) -> dict[tuple[str, str, str], int]:
        """Open obligations, by debtor, creditor and currency."""
        return {}
