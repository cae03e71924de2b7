"""The laws of the money: balances kept beside the library, line by line."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from escrowkit.agreement import Agreement, Record
from escrowkit.ledger import CONDITIONS, Entry, Line
from escrowkit.machines import escrow
from escrowkit.testing.laws.broken import need

#: Conditions of which the outcome may be of another kind, because the clock alone brought them about.
_OF_TWO_KINDS: Final = ("condition_met", "recommendation_accepted")
_OUT_OF_CLEARING: Final = ("payable:payee", "payable:payer", "world:payer", "world:authority")


class Books:
    """Balances kept beside the library, line by line."""

    def __init__(self) -> None:
        self.balances: dict[tuple[str, str], int] = defaultdict(int)
        self.seen = 0

    def follow(self, now: Agreement) -> None:
        """Take in the entries that are new, and check each. Raises `Broken`."""
        for record in now.history[self.seen :]:
            for entry in record.entries:
                self._take(record, entry)
        self.seen = len(now.history)

    def _take(self, record: Record, entry: Entry) -> None:
        for line in entry.lines:
            minor, currency = line.amount.minor, line.amount.currency
            need(minor > 0 and line.source != line.target, "balanced", record)
            _own_accounts(record, line)
            self.balances[line.source, currency] -= minor
            self.balances[line.target, currency] += minor
            rest = self.balances[line.source, currency]
            need(line.source.startswith("world:") or rest >= 0, "never negative", line.source, rest, record)
        if any(line.source.startswith("escrow:") or _taken_back(record, line) for line in entry.lines):
            known = CONDITIONS.get(entry.condition or "")
            need(known, "leaves once", record)
            need(entry.condition in _OF_TWO_KINDS or (known and entry.kind is known[0]), "leaves once", record)
        else:
            need(entry.condition is None, "leaves once", record)

    def agree(self, now: Agreement) -> None:
        """The library's ledger says the same, and the whole sums to zero. Raises `Broken`."""
        mine = {key: minor for key, minor in self.balances.items() if minor}
        theirs = {(account, money.currency): money.minor for account, money in now.ledger.accounts() if money}
        need(mine == theirs, "balanced", f"the entries say {mine}, the ledger {theirs}")
        for currency in {currency for _, currency in mine}:
            total = sum(minor for (_, other), minor in mine.items() if other == currency)
            need(not total, "balanced", f"all of {currency} together is {total}")


def _taken_back(record: Record, line: Line) -> bool:
    """Whether money is taken out of its security hold, other than by its end or by the payee itself."""
    own = isinstance(record.event, (escrow.Cleared, escrow.ReleasedRefunded))
    return line.source.startswith("clearing:") and not own


def _own_accounts(record: Record, line: Line) -> None:
    event: Any = record.event
    rolled = f"escrow:{event.to}" if isinstance(event, escrow.RolledOver) else None
    for account in (line.source, line.target):
        part, _, rest = account.partition(":")
        if part in ("escrow", "clearing", "fees", "deposit"):
            owner = rest.split("/")[0].split(":")[0]
            need(owner == event.milestone or account == line.target == rolled, "own accounts", account, record)
    if line.source.startswith("escrow:"):
        out = line.target.startswith(("payable:", "world:", "clearing:")) and line.target != "world:payee"
        need(out or line.target == rolled, "own accounts", line.target, record)
    if line.source.startswith("clearing:"):
        need(line.target in _OUT_OF_CLEARING, "own accounts", line.target, record)


def inside(now: Agreement) -> int:
    """How many minor units are still in escrows, security holds and fee deposits."""
    parts = ("escrow:", "clearing:", "deposit:")
    return sum(money.minor for account, money in now.ledger.accounts() if account.startswith(parts))
