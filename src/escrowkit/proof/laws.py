"""What must hold of every move, counted from the entries and not from the library's own figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from escrowkit import laws
from escrowkit.agreement import Record
from escrowkit.laws import need
from escrowkit.machines import escrow
from escrowkit.pot import Pot
from escrowkit.proof.states import Flows, Move, State, Tick
from escrowkit.roles import Role

#: Every law that is checked, in words; the first that is broken is told.
LAWS: Final[Mapping[str, str]] = laws.ALWAYS | laws.WALKED

#: Release conditions that say of one side what only that side can do, and who gains by it.
_ONLY_BY: Final = {"payer_released": Role.PAYEE, "payer_approved": Role.PAYEE, "payee_refunded": Role.PAYER}


def check(before: State, after: State, records: tuple[Record, ...], move: Move) -> None:
    """Every law of one move. Raises `Broken`."""
    by = Role.CLOCK if isinstance(move, Tick) else move.role
    _books(before, after, records)
    laws.time_forward(before.at, records)
    laws.frozen_is_frozen(before, records)
    for record in records:
        _own_hand(record, by)
        if isinstance(record.event, escrow.Divided):
            _divided(before.pot(record.event.milestone), record.event, records)
    laws.final_is_empty(after)
    if not isinstance(move, Tick):
        laws.authority(move.command, move.role)


def _books(before: State, after: State, records: Iterable[Record]) -> None:
    """The balances before and every line since make the balances after; each line is one that may be."""
    there = after.balances = before.balances.copy()
    for record in records:
        astray = laws.strays(record)
        need(not astray, "conserved", *astray, record)
    laws.take(there, records)
    laws.agree(there, after.ledger)
    after.flows = _flows(before.flows, records)
    for account, (came, left) in after.flows.items():
        if left > came:
            raise laws.Broken("no over-release", f"{came} came into {account}, {left} left it")
        if came - left != there[account]:
            raise laws.Broken("conserved", f"{account}: {came} - {left} is not {there[account]}")


def _flows(before: Flows, records: Iterable[Record]) -> Flows:
    """What came into each escrow so far, and what left it."""
    flows = dict(before)
    for line in (line for record in records for entry in record.entries for line in entry.lines):
        for name, came, left in ((line.target, line.amount.minor, 0), (line.source, 0, line.amount.minor)):
            if name.startswith("escrow:"):
                so_far = flows.get((name, line.amount.currency), (0, 0))
                flows[name, line.amount.currency] = (so_far[0] + came, so_far[1] + left)
    return flows


def _own_hand(record: Record, by: Role) -> None:
    """Whoever gains by a move of its own must not be the only one who made it so."""
    for entry in record.entries:
        gains = _ONLY_BY.get(entry.condition or "")
        need(gains is None or by is not gains, "own hand", f"{by} takes it, and it is booked as {entry.condition}")
    event = record.event
    if isinstance(event, escrow.ReleasedRefunded) and event.reference is None and record.entries:
        need(by is Role.PAYEE, "own hand", f"{by} takes back what the payee was paid, under no condition")


def _divided(before: Pot, event: escrow.Divided, records: Iterable[Record]) -> None:
    """What was held and clearing goes out, or stays cleared for the payee: to nobody else, and nothing is left."""
    if any(isinstance(record.event, escrow.Cleared | escrow.ChargedBack) for record in records) or not before.disputed:
        return
    there = before.held + before.clearing_gross
    out = event.paid + event.to_payer + event.cost + event.back
    kept = before.clearing_gross - event.back
    need(out + kept == there, "divided whole", f"{there} was there, {out} left it, {kept} stays the payee's")
    to_payee = event.paid + kept + before.stake_released - event.owed
    need(to_payee == event.to_payee, "divided whole", f"{to_payee} is not {event.to_payee}")
