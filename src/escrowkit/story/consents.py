"""The object of a consent: what a story leaves out and `play` fills in with what stands at that moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from escrowkit.agreement import Agreement
from escrowkit.machines import arbitration, dispute, mediation, milestone
from escrowkit.money import Money
from escrowkit.pot import Pot
from escrowkit.roles import Role, role_of
from escrowkit.story.model import COMMANDS, Step, arguments_of
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


#: What `play` fills in, if a story leaves it out: what stands at that moment.
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


def command_of(step: Step, agreement: Agreement) -> Command:
    """The command of a step, the object of a consent filled in with what stands."""
    kind: Any = COMMANDS[step.do]
    given = dict(step.arguments)
    filled = FILLED.get(kind, {})
    id_ = given.get("milestone")
    if filled and isinstance(id_, str) and id_ in agreement.lanes:
        pot = agreement.pot(id_, max(step.at, agreement.at))
        by = next((role for role, party in agreement.parties.items() if party == step.by), step.by)
        given = {name: fill(pot, by) for name, fill in filled.items() if name not in given} | given
    lacking = {name: None for name, needed in arguments_of(kind).items() if needed and name not in given}
    return kind(**lacking, **given)  # type: ignore[no-any-return]
