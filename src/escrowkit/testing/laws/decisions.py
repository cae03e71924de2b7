"""The laws of one decision: who may, what it may move, what a refusal leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from escrowkit.agreement import Agreement, End, Record, Restrict, view
from escrowkit.errors import Refused
from escrowkit.laws import authority, frozen_is_frozen, need
from escrowkit.machines import escrow
from escrowkit.roles import Role, role_of
from escrowkit.table import Command

#: Refusals that come before anything else is looked at, deadlines included.
_FIRST: Final = ("key-conflict", "time-runs-backwards", "unknown-milestone", "bad-argument")


def decide(
    now: Agreement,
    command: Command,
    *,
    by: str,
    at: datetime,
    key: str | None = None,
    engine: str | None = "stock",
) -> Agreement:
    """Decide, with every law of one decision; the agreement afterwards, accepted or refused. Raises `Broken`.

    `engine` decides it a second time, and must decide alike; with None it is decided once.
    """
    return judged(now, command, by=by, at=at, key=key, engine=engine)[0]


def judged(
    now: Agreement,
    command: Command,
    *,
    by: str,
    at: datetime,
    key: str | None = None,
    engine: str | None = "stock",
) -> tuple[Agreement, Refused | None]:
    """As `decide`, with the refusal, if it was refused."""
    try:
        decision = now.decide(command, by=by, at=at, key=key)
    except Refused as refused:
        return _refused(now, command, by, at, key, refused, engine), refused
    if engine is not None:
        again = now.decide(command, by=by, at=at, key=key, engine=engine)
        need(again == decision, "both engines", f"{engine} decides otherwise: {again.events}, {decision.events}")
    after, fresh = decision.agreement, decision.agreement.history[len(now.history) :]
    authority(command, _role(now, by))
    _repeated(after, command, by, at, key)
    need(tuple(record.event for record in fresh) == decision.events, "one answer", decision.events)
    need(tuple(e for record in fresh for e in record.entries) == decision.entries, "one answer", decision.entries)
    frozen_is_frozen(now, fresh)
    _standing_moves_nothing(command, fresh)
    return after, None


def _repeated(after: Agreement, command: Command, by: str, at: datetime, key: str | None) -> None:
    if key is not None:
        again = after.decide(command, by=by, at=at, key=key)
        need(again.repeated and again.agreement == after, "same key, same answer", key, again.events)


def _role(now: Agreement, by: str) -> Role | None:
    return role_of(by) or next((Role(side) for side, id_ in now.parties.items() if id_ == by), None)


def _standing_moves_nothing(command: Command, fresh: Iterable[Record]) -> None:
    """What is said of a side, and what sides say of one another, moves no money: it may freeze, and lift again."""
    records = list(fresh)
    for record in records:
        standing = record.event.machine in ("agreement", "conduct", "feedback")
        need(not standing or not record.entries, "standing moves nothing", record)
    if command.machine in ("conduct", "feedback") or isinstance(command, Restrict):
        own = [record for record in records if record.decision == records[-1].decision]
        lifted = any(isinstance(record.event, escrow.Lifted) for record in own)
        need(lifted or not any(record.entries for record in own), "standing moves nothing", command, own)


def _refused(
    now: Agreement, command: Command, by: str, at: datetime, key: str | None, refused: Refused, engine: str | None
) -> Agreement:
    if engine is not None:
        other = _refusal(now, command, by, at, key, engine)
        said = (refused.code, refused.key, refused.words)
        found = None if other is None else (other.code, other.key, other.words)
        need(found == said, "both engines", f"{said} is {found} with {engine}")
    named = refused.machine == command.machine or isinstance(command, End)
    need(refused.words and named, "refusal is nothing", refused, command)
    if refused.code in _FIRST and not refused.decision:
        return now
    passed = now.advance(at)
    _tells_nothing_sealed(passed.agreement, command, by, refused)
    kept = refused.decision == passed if refused.decision else not passed.events
    need(kept, "refusal is nothing", refused, passed.events)
    frozen_is_frozen(now, passed.agreement.history[len(now.history) :])
    return passed.agreement


def _refusal(now: Agreement, command: Command, by: str, at: datetime, key: str | None, engine: str) -> Refused | None:
    try:
        now.decide(command, by=by, at=at, key=key, engine=engine)
    except Refused as refused:
        return refused
    return None


def _tells_nothing_sealed(now: Agreement, command: Command, by: str, refused: Refused) -> None:
    """A refusal shows the arbitration as a view shows it."""
    if command.machine != "arbitration" or command.milestone not in now.milestones:
        return
    case = now.pot(command.milestone).arbitration
    if case is not None and case.sealed:
        shown = view(now, by if role_of(by) or by in now.parties.values() else "provider")
        told = (None, shown.state(f"arbitration.{command.milestone}"))
        need(refused.state in told, "sealed is hidden", refused, by)
