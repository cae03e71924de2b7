"""The laws of the money: balances kept beside the library, line by line."""

from __future__ import annotations

from collections import defaultdict

from escrowkit.agreement import Agreement
from escrowkit.laws import Balances, agree, need, strays, take


class Books:
    """Balances kept beside the library, line by line."""

    def __init__(self) -> None:
        self.balances: Balances = defaultdict(int)
        self.seen = 0

    def follow(self, now: Agreement) -> None:
        """Take in the entries that are new, and check each. Raises `Broken`."""
        for record in now.history[self.seen :]:
            astray = strays(record)
            need(not astray, "own accounts", *astray, record)
            take(self.balances, (record,))
        self.seen = len(now.history)

    def agree(self, now: Agreement) -> None:
        """The library's ledger says the same, and the whole sums to zero. Raises `Broken`."""
        agree(self.balances, now.ledger)
