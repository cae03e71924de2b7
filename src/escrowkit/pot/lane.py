"""What is stored of one milestone: the records of its machines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from escrowkit.machines import arbitration, conduct, dispute, escrow, feedback, mediation, milestone, obligation
from escrowkit.machines.arbitration import Arbitration
from escrowkit.machines.dispute import Dispute
from escrowkit.machines.escrow import Escrow
from escrowkit.machines.feedback import Feedback
from escrowkit.machines.mediation import Mediation
from escrowkit.machines.milestone import Milestone
from escrowkit.machines.obligation import Obligation
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook
from escrowkit.table import Table

TABLES: Final[Mapping[str, Table[Any]]] = {
    "milestone": milestone.TABLE,
    "escrow": escrow.TABLE,
    "dispute": dispute.TABLE,
    "mediation": mediation.TABLE,
    "arbitration": arbitration.TABLE,
    "obligation": obligation.TABLE,
    "feedback": feedback.TABLE,
}
#: Beside them the one that belongs to a side and to no milestone.
MACHINES: Final[Mapping[str, Table[Any]]] = {**TABLES, "conduct": conduct.TABLE}


@frozen
class Case:
    """A numbered dispute with its mediation and its arbitration."""

    dispute: Dispute
    mediation: Mediation | None = None
    arbitration: Arbitration | None = None

    @property
    def defaulted(self) -> tuple[str, ...]:
        """The sides that lost it by their own silence: no answer, or no fee where the other paid; none that won all."""
        silent: tuple[str, ...] = ()
        if self.dispute.code == "respondent_silent":
            silent = self.dispute.must_answer
        if self.dispute.code == "only_one_paid_fee" and self.arbitration is not None:
            silent = tuple(side.value for side in (Role.PAYER, Role.PAYEE) if side not in self.arbitration.paid)
        to_payee = self.dispute.to_payee
        won_all = {"payer": not to_payee, "payee": to_payee == self.dispute.stake}
        return tuple(side for side in silent if not won_all[side])


@frozen(weakref_slot=False)
class Lane:
    """What is stored of one milestone."""

    id: str
    currency: str
    rules: Rulebook
    milestone: Milestone | None = None
    escrow: Escrow | None = None
    cases: tuple[Case, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    #: When somebody last did something here; the clock and the rules are nobody.
    touched: datetime | None = None
    feedback: Feedback | None = None
    #: What its escrow made payable to the payee, less what was paid out or taken back, in minor units; below zero where
    #: the payout of another milestone's money was reported under this one.
    unpaid: int = 0
