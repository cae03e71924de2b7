"""Steps that people take on the way to an end, each one a `decide`: what forecasts of a dispute are made of.

Every step gives the agreement after it, or None where it cannot be taken. Nobody waits longer than the rules make them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from escrowkit.agreement import Agreement
from escrowkit.clocks import CLOCKS, due_of
from escrowkit.errors import Refused
from escrowkit.foresight.seeing import long_after
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone
from escrowkit.machines.arbitration import S as A
from escrowkit.machines.dispute import S as D
from escrowkit.machines.mediation import S as M
from escrowkit.money import Money
from escrowkit.pot import Pot
from escrowkit.roles import Role
from escrowkit.table import Command

#: More steps than any way to a ruling has.
_STEPS = 24
_NOBODY = "(somebody)"


def other(side: str) -> str:
    """The other party."""
    return Role(side).other.value


def take(
    agreement: Agreement, by: str, command: Command, at: datetime | None = None, *, waits: bool = False
) -> Agreement | None:
    """The agreement after a command; None where it is refused. With `waits`, as soon as the refusal says it can be."""
    now = max(at or agreement.at, agreement.at)
    try:
        return agreement.decide(command, by=by, at=now).agreement
    except Refused as refused:
        until = refused.until
    return take(agreement, by, command, until) if waits and until is not None and until > now else None


def first(*steps: Callable[[], Agreement | None]) -> Agreement | None:
    """The first step that can be taken."""
    return next((after for step in steps if (after := step()) is not None), None)


def to_the_end(agreement: Agreement, at: datetime) -> Agreement:
    """What time alone makes of it."""
    return agreement.advance(long_after(max(at, agreement.at))).agreement


def pass_window(agreement: Agreement, id_: str, clock: str) -> Agreement | None:
    """Let a clock of a milestone pass (`arbitration.pay`); None if it does not run, or never fires."""
    due = due_at(agreement.pot(id_), clock)
    if due is None:
        return None
    after = agreement.advance(max(due, agreement.at)).agreement
    return after if len(after.history) > len(agreement.history) else None


def due_at(pot: Pot, clock: str) -> datetime | None:
    """When a clock of a pot is due, if it runs."""
    found = (due_of(pot, c) for c in CLOCKS if f"{c.machine}.{c.name}" == clock)
    return next((due for due in found if due is not None), None)


# -- settling --------------------------------------------------------------------------------------------------------


def settle(agreement: Agreement, id_: str, to_payee: Money, at: datetime, *, by: str) -> Agreement | None:
    """A settlement of the dispute: one side offers it, the other accepts."""

    def offered(side: str) -> Agreement | None:
        made = take(agreement, side, dispute.Offer(id_, to_payee), at)
        return made and take(made, other(side), dispute.AcceptOffer(id_, to_payee), at)

    return first(lambda: offered(by), lambda: offered(other(by)))


def concede(agreement: Agreement, id_: str, at: datetime, *, by: str) -> Agreement | None:
    """One side gives the other what it claims: by conceding, by a settlement, or by giving all that is held."""
    pot = agreement.pot(id_, at)
    if pot.dispute is None or pot.dispute.is_over:
        return None
    gives = pot.gives_claim(Role(other(by)))
    claim = pot.dispute.claim_of(Role(other(by)))
    whole = pot.held if by == "payer" else pot.inside
    give_all: Command = escrow.Release(id_, whole) if by == "payer" else escrow.Refund(id_, whole)
    return first(
        lambda: take(agreement, by, dispute.Concede(id_, claim), at),
        lambda: settle(agreement, id_, gives, at, by=by),
        lambda: take(agreement, by, give_all, at),
    )


# -- on the way to a ruling ------------------------------------------------------------------------------------------


def disputed(agreement: Agreement, id_: str, at: datetime, *, by: str) -> Agreement | None:
    """The agreement with a dispute over this milestone: the open one, or one opened for all that can be claimed."""
    if agreement.pot(id_, at).disputed:
        return agreement
    return first(*(lambda side=side: _open(agreement, id_, side, at) for side in (by, other(by))))


def _open(agreement: Agreement, id_: str, side: str, at: datetime) -> Agreement | None:
    """Open it for all that can be claimed; where a split must be proposed before, propose one."""
    try:
        most = agreement.pot(id_, at).claimable(Role(side))
    except Refused:
        return None
    if not most:
        return None
    asked = agreement.pot(id_, at).held if side == "payee" else Money.zero(most.currency)
    opened = dispute.Open(id_, most, "…")

    def after_a_proposal() -> Agreement | None:
        proposed = take(agreement, side, milestone.RequestRelease(id_, asked), at)
        return proposed and take(proposed, side, opened, at, waits=True)

    return first(lambda: take(agreement, side, opened, at, waits=True), after_a_proposal)


def to_neutral(agreement: Agreement, id_: str, at: datetime) -> Agreement | None:
    """On to where a neutral can rule, nobody settling: every answer given, every mediation without a result.

    The arbitration before its fee is paid, or a mediation whose mediator may decide; None where the rules lead to none.
    """
    now: Agreement | None = agreement
    for _ in range(_STEPS):
        if now is None or not now.pot(id_).disputed:
            return None
        pot = now.pot(id_, max(at, now.at))
        ready = pot.dispute is not None and (pot.dispute.state is D.ARBITRATED or _decides(pot))
        if ready:
            return now
        now = _nearer(now, pot, id_, max(at, now.at))
    return None


def _decides(pot: Pot) -> bool:
    it = pot.mediation
    return it is not None and it.power == "decide" and it.state in (M.REQUESTED, M.SITTING, M.RECOMMENDED)


def _nearer(now: Agreement, pot: Pot, id_: str, at: datetime) -> Agreement | None:
    """One step nearer to a ruling."""
    case: Any = pot.dispute
    if case.state is D.OPENED:
        answers = [lambda side=side: take(now, side, dispute.Contest(id_), at) for side in case.must_answer]
        return first(*answers, lambda: _escalated(now, id_, at))
    it = pot.mediation
    if case.state is D.MEDIATED and it is not None and it.state is not M.FAILED:
        return _unmediated(now, it, id_, at)
    return _escalated(now, id_, at)


def _unmediated(now: Agreement, it: Any, id_: str, at: datetime) -> Agreement | None:
    if it.state is M.RECOMMENDED:
        return take(now, "payer", mediation.Reject(id_, it.recommendation), at)
    if it.state is M.REQUESTED:
        return take(now, "platform", mediation.Assign(id_, _NOBODY), at)
    return take(now, "mediator", mediation.Fail(id_, "…"), at)


def _escalated(now: Agreement, id_: str, at: datetime) -> Agreement | None:
    sides = ("payer", "payee", "mediator")
    return first(*(lambda by=by: take(now, by, dispute.Escalate(id_), at, waits=True) for by in sides))


# -- the ruling ------------------------------------------------------------------------------------------------------


def pay(agreement: Agreement, id_: str, side: str, at: datetime) -> Agreement | None:
    """One side pays its own share of the arbitration fee; as it is, if it has."""
    it = agreement.pot(id_).arbitration
    if it is None or side not in it.shares:
        return None
    if side in it.paid:
        return agreement
    return take(agreement, side, arbitration.PayFee(id_, "own", it.shares[side]), at)


def pay_both(agreement: Agreement, id_: str, at: datetime) -> Agreement | None:
    """Both sides pay, the one first that must; as it is, where no fee is paid in or all is paid."""
    it = agreement.pot(id_).arbitration
    if it is None or it.state not in (A.OFFERED, A.HALF_FUNDED, A.APPEALED):
        return agreement if it is not None else None
    sides = ("payer", "payee") if it.claimant != "payee" else ("payee", "payer")
    paid = pay(agreement, id_, sides[0], at)
    return paid and pay(paid, id_, sides[1], at)


def heard(agreement: Agreement, id_: str, at: datetime) -> Agreement | None:
    """An arbitrator is appointed, as soon as one can be; as it is, if one is or a mediator may decide."""
    pot = agreement.pot(id_)
    if pot.arbitration is None:
        return first(lambda: take(agreement, "platform", mediation.Assign(id_, _NOBODY), at), lambda: agreement)
    if pot.arbitration.state in (A.HEARING, A.AWARDED):
        return agreement
    if pot.arbitration.sealed:
        opened = pass_window(agreement, id_, "arbitration.pay")
        return opened and heard(opened, id_, opened.at) if opened and not _sealed(opened, id_) else None
    appoint = arbitration.Appoint(id_, _NOBODY)
    return first(*(lambda by=by: take(agreement, by, appoint, at) for by in ("platform", "payer", "payee")))


def _sealed(agreement: Agreement, id_: str) -> bool:
    it = agreement.pot(id_).arbitration
    return it is not None and it.sealed


def ruled(agreement: Agreement, id_: str, to_payee: Money, at: datetime) -> Agreement | None:
    """The neutral who is heard rules so, and nobody appeals."""
    pot = agreement.pot(id_)
    if pot.arbitration is None:
        return take(agreement, "mediator", mediation.Decide(id_, to_payee, "…"), at, waits=True)
    if pot.arbitration.state is A.AWARDED:
        return agreement if pot.arbitration.award == to_payee else None
    return take(agreement, "arbitrator", arbitration.Award(id_, to_payee, "…"), at)


def unruled(agreement: Agreement, id_: str, at: datetime) -> Agreement | None:
    """The arbitrator who is heard does not rule."""
    return take(agreement, "arbitrator", arbitration.Refuse(id_, "…"), at)


def for_side(pot: Pot, side: str) -> Money:
    """What the payee gets by a ruling that gives one side what it claims, as near as the rulebook allows."""
    gives = min(pot.gives_claim(Role(side)), pot.stake - pot.pot_fee)
    menu = pot.award_menu
    if menu is None:
        return gives
    return max(menu) if side == "payee" else min(menu)
