"""The object of a consent: what stands at a moment and an answer to it repeats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from escrowkit.machines import arbitration, dispute, mediation, milestone
from escrowkit.money import Money
from escrowkit.pot import Pot
from escrowkit.roles import Role, role_of
from escrowkit.table import Command


def _other_offer(pot: Pot, by: str) -> Money:
    role = role_of(by)
    offer = pot.dispute.standing(role.other) if pot.dispute and role in (Role.PAYER, Role.PAYEE) else None
    return offer.to_payee if offer else pot.zero


def _claim(pot: Pot, by: str) -> Money:
    role = role_of(by)
    known = pot.dispute is not None and role in (Role.PAYER, Role.PAYEE)
    return pot.dispute.claim_of(role.other) if known and pot.dispute and role else pot.price


def _recommended(pot: Pot, by: str) -> Money:
    return (pot.mediation.recommendation if pot.mediation else None) or pot.zero


def _share(pot: Pot, by: str) -> Money:
    shares = pot.arbitration.shares if pot.arbitration else {}
    return shares.get(by, pot.price)


#: What stands, command by command and argument by argument: `play` fills it in where a story leaves it out.
FILLED: Final[Mapping[type[Command], Mapping[str, Callable[[Pot, str], Any]]]] = {
    milestone.Accept: {"terms": lambda pot, by: pot.milestone.digest},
    milestone.Approve: {"deliverable": lambda pot, by: pot.milestone.deliverable},
    milestone.AgreeCancel: {"refund": lambda pot, by: pot.milestone.asked or pot.price},
    milestone.AgreeRelease: {
        "to_payee": lambda pot, by: pot.zero if pot.milestone.proposal is None else pot.milestone.proposal
    },
    milestone.DeclineCancel: {"refund": lambda pot, by: pot.milestone.asked or pot.price},
    dispute.Concede: {"claim": _claim},
    dispute.AcceptOffer: {"to_payee": _other_offer},
    dispute.DeclineOffer: {"to_payee": _other_offer},
    mediation.Accept: {"to_payee": _recommended},
    mediation.Reject: {"to_payee": _recommended},
    arbitration.PayFee: {"share": lambda pot, by: "own", "amount": _share},
}
