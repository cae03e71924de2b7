"""I: ledger, audit, reporting."""

from __future__ import annotations

from typing import Any

from escrowkit import rulebook
from escrowkit.ledger import Ledger
from escrowkit.money import Money
from escrowkit.pot import Pot
from planted.canary import canary
from planted.edits import put


@canary(
    "I2",
    "What was funded was a number of its own, which no payout made smaller.",
    caught_by="machines_escrow.py::test_together_releases_and_refunds_never_exceed_what_was_deposited",
)
def funded_is_never_less() -> None:
    """What a pot holds is the sum of its deposits."""
    put(Pot, "held", property(lambda self: self._deposited))


@canary(
    "I4",
    "All escrows of a buyer were one number: paying one twice drained another, and the sum still fitted.",
    caught_by="machines_escrow.py::test_one_milestone_never_pays_for_another",
)
def one_number() -> None:
    """The ledger keeps all escrows in one account."""
    balance = Ledger.balance

    def shared(self: Any, account: str, currency: str) -> Money:
        if not account.startswith("escrow:"):
            return balance(self, account, currency)
        inside = (sum_ for (name, of), sum_ in self._balances.items() if name.startswith("escrow:") and of == currency)
        return Money(sum(inside), currency)

    put(Ledger, "balance", shared)


@canary(
    "I5",
    "A process that ran was ruled by the newest version of its definition.",
    caught_by="laws.py::test_changing_a_rulebook_changes_no_open_agreement",
)
def rules_are_read_anew() -> None:
    """A rulebook is read once and shared: whoever opens anew under the same name gets the old one."""
    known: dict[str, Any] = {}
    build = rulebook.build

    def remembered(data: Any, where: str) -> Any:
        return known.setdefault(where, build(data, where))

    put(rulebook, "build", remembered)
