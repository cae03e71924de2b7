"""Who must act before a clock is due, as the pot stands: the words of `Clock.who` made into roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, cast

from escrowkit.clocks import Clock
from escrowkit.machines.arbitration import Arbitration
from escrowkit.machines.dispute import Dispute
from escrowkit.pot import Pot
from escrowkit.roles import PARTY, Role


def who_must_act(pot: Pot, clock: Clock) -> tuple[str, ...]:
    """The roles that must act before a clock of this pot is due; nobody, where time alone decides."""
    find = _WHO.get(clock.who)
    return find(pot) if find else (clock.who,)


def _sides(done: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(side for side in ("payer", "payee") if side not in done)


# A clock of a case runs, so there is that case.


def _unpaid(pot: Pot) -> tuple[str, ...]:
    it = cast(Arbitration, pot.arbitration)
    if it.order == "claimant_first" and not it.paid and it.claimant:
        return (it.claimant,)
    return _sides(it.paid)


def _unanswered(pot: Pot) -> tuple[str, ...]:
    return cast(Dispute, pot.dispute).must_answer if pot.answer_due_together else (pot.first_silent,)


def _offeree(pot: Pot) -> tuple[str, ...]:
    oldest = min((o for o in cast(Dispute, pot.dispute).offers if o.open), key=lambda o: o.at)
    return (Role(oldest.by).other.value,)


def _mediator(pot: Pot) -> tuple[str, ...]:
    return ("mediator",) if pot.mediation and pot.mediation.mediator else ("platform",)


_WHO: Final[Mapping[str, Callable[[Pot], tuple[str, ...]]]] = {
    "both": lambda pot: ("payer", "payee"),
    "unpaid": _unpaid,
    "unaccepted": lambda pot: _sides(pot.mediation.accepted if pot.mediation else ()),
    "unanswered": _unanswered,
    "offeree": _offeree,
    "asked": lambda pot: (Role(pot.milestone.asked_by).other.value,) if pot.milestone.asked_by in PARTY else (),
    "proposed": lambda pot: (Role(pot.milestone.proposal_by).other.value,) if pot.milestone.proposal_by else (),
    "mediator": _mediator,
    "arbitrator": lambda pot: ("arbitrator",) if pot.arbitration and pot.arbitration.arbitrator else ("platform",),
    "nobody": lambda pot: (),
}
