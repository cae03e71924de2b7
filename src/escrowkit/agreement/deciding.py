"""Deciding: a command, the deadlines that come before it, the events and entries that it causes, and what follows.

All of it happens in a `Fold` that nobody else sees: a refusal leaves the agreement as it was, by construction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.agreement.fold import Fold
from escrowkit.agreement.opening import check_id
from escrowkit.agreement.seen import is_sealed, seen
from escrowkit.agreement.whole import Whole
from escrowkit.agreement.words import End, Ended, Record, Restrict, Restricted
from escrowkit.books import book
from escrowkit.clocks import LAPSE, running
from escrowkit.duties import who_must_act
from escrowkit.errors import (
    BadArgument,
    BrokenBooks,
    NotNow,
    NotYourMove,
    Refused,
    TimeRunsBackwards,
    UnknownRulebookValue,
    shown,
)
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone, obligation
from escrowkit.periods import instant
from escrowkit.pot import MACHINES, Lane, Pot
from escrowkit.reactions import reactions
from escrowkit.roles import CALLERS, PARTY, PEOPLE, Role, role_of
from escrowkit.table import Command, Context, Event

Engine = str
ENGINES: Final = ("compiled", "stock")
_MACHINES: Final = frozenset({*MACHINES, "agreement"})


@frozen
class Call:
    """Who gives a command, when, and how it is carried out and remembered."""

    role: Role | None
    #: The role's name, or a witness's own.
    name: str
    at: datetime
    actor: str | None = None
    engine: Engine = "compiled"
    #: The key of a decision and what was said under it.
    mark: tuple[str, ...] = ()


_RULES: Final = Role.RULES.value


# -- what is asked before any rule -----------------------------------------------------------------------------------


def check_command(command: Any) -> None:
    """Raises `BadArgument`."""
    if not isinstance(command, Command) or command.machine not in _MACHINES:
        raise BadArgument(f"{shown(command)} is no command", key="command")


def check_call(by: Any, key: Any, actor: Any, engine: Any) -> None:
    """Raises `BadArgument`."""
    if not isinstance(by, str) or not by or len(by) > arg.MOST_TEXT:
        raise BadArgument(f"by = {shown(by)}: the name of a role is needed", key="by")
    for name, value in (("key", key), ("actor", actor)):
        if value is not None and not _is_name(value):
            words = f"a text that is not empty is needed, of at most {arg.MOST_TEXT} characters"
            raise BadArgument(f"{name} = {shown(value)}: {words}", key=name)
    check_engine(engine)


def check_engine(engine: Any) -> None:
    """Raises `BadArgument`."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise BadArgument(f"engine = {shown(engine)}: it is one of {', '.join(ENGINES)}", key="engine")


def _is_name(value: Any) -> bool:
    """Whether it can stand in a history as a key or as who acted."""
    return isinstance(value, str) and 0 < len(value) <= arg.MOST_TEXT and arg.is_storable(value)


def forward(whole: Whole, at: datetime) -> datetime:
    """An instant that is not over. Raises `BadArgument`, `TimeRunsBackwards`."""
    now = instant(at)
    if now < whole.at:
        raise TimeRunsBackwards(f"It is {whole.at:%Y-%m-%d %H:%M:%S} already; {now:%Y-%m-%d %H:%M:%S} has passed.")
    return now


def who(whole: Whole, by: str) -> tuple[Role | None, str]:
    """The role behind a `by` (a role's name, or a party's id), and the name under which it acts.

    The clock and the rules give no commands from outside.
    """
    role = role_of(by)
    if role is None:
        role = next((Role(side) for side, id_ in whole.parties.items() if id_ == by), None)
    if role not in CALLERS:
        return None, by
    return role, by if role is Role.WITNESS else str(role)


def read(whole: Whole, command: Command) -> tuple[Command, Refused | None]:
    """The command with its arguments read, and what is wrong with its sums, if anything. Raises `BadArgument`."""
    if command.machine in ("agreement", "conduct"):
        return arg.check(command, whole.currency)[0], None
    return arg.check(command, _currency(whole, command))


def _currency(whole: Whole, command: Command) -> str:
    """The currency of the milestone that a command names; a new one has the agreement's."""
    if not isinstance(command.milestone, str):
        raise BadArgument(f"milestone = {shown(command.milestone)}: the id of a milestone is needed", key="milestone")
    if isinstance(command, milestone.Propose) and command.milestone not in whole.lanes:
        check_id(command.milestone)
        return whole.currency
    return whole.pot(command.milestone).currency


# -- carrying out ----------------------------------------------------------------------------------------------------


def carry_out(fold: Fold, command: Command, call: Call, wrong: Refused | None = None) -> None:
    """One command from outside, and all that follows from it. Raises a `Refused`."""
    number = fold.number
    if isinstance(command, Restrict):
        if call.role not in (Role.PLATFORM, Role.MEDIATOR):
            raise NotYourMove("This is for: mediator, platform.")
        said = (command.role, command.right, command.reason, command.until)
        _note(fold, Restricted("", *said, by=call.name, at=call.at, actor=call.actor, after="open"), call, number)
    elif isinstance(command, End):
        _end(fold, command, call, number)
    else:
        settle(fold, [command], call, number, wrong)
    fold.warnings += _risks(fold)


def _note(fold: Fold, event: Event, call: Call, number: int) -> None:
    fold.add(Record(event, (), number, *call.mark))


def _end(fold: Fold, command: End, call: Call, number: int) -> None:
    """Every open milestone as if said one by one; one refusal refuses all."""
    if call.role not in PARTY:
        raise NotYourMove("This is for: payee, payer.")
    said = [one for id_ in fold.lanes if (one := _ending(fold.pot(id_), call.role)) is not None]
    if not said:
        raise NotNow("No milestone is open that could be ended.", key="nothing-open")
    _note(fold, Ended("", command.reason, by=call.name, at=call.at, actor=call.actor, after="open"), call, number)
    for one in said:
        settle(fold, [one], call, number)


def _ending(pot: Pot, role: Role) -> Command | None:
    """What ends one milestone for this side: nothing, if it has ended or a request of its own already runs."""
    work = pot.milestone
    if pot.over or (work.state is milestone.S.CANCELLING and work.asked_by == role):
        return None
    if work.state is milestone.S.PROPOSED:
        own = work.proposer == role
        return milestone.Withdraw(pot.id) if own else milestone.Decline(pot.id)
    if role is Role.PAYER and pot.held:
        return milestone.RequestCancel(pot.id, pot.held)
    return milestone.Cancel(pot.id)


def settle(fold: Fold, commands: Iterable[Command], call: Call, number: int, wrong: Refused | None = None) -> None:
    """Carry out commands and all that follows from them, first in, first out, until none is left."""
    rules = Call(Role.RULES, _RULES, call.at, None, call.engine, call.mark)
    waiting = deque((command, call) for command in commands)
    while waiting:
        command, caller = waiting.popleft()
        try:
            event = _step(fold, command, caller, number, wrong)
        except UnknownRulebookValue as unknown:
            # Whoever set this off is told that the sources do not settle what follows from it.
            raise (UnknownRulebookValue(unknown.words) if caller.role is Role.RULES else unknown) from None
        except Refused as refused:
            if caller.role is Role.RULES:
                raise BrokenBooks(f"a reaction was refused: {refused}") from refused
            raise
        wrong = None
        waiting.extend((one, rules) for one in reactions(fold, event))


def _step(fold: Fold, command: Command, call: Call, number: int, wrong: Refused | None) -> Event:
    """One command to one machine: the event that it causes, and what that moves."""
    ctx = _met(fold, command, call)
    machine, pot, state = command.machine, ctx.pot, ctx.state
    try:
        move = MACHINES[machine].choose(ctx, call.engine, wrong=wrong)
    except Refused as refused:
        if machine == "arbitration" and not fold.is_view and is_sealed(pot.lane):
            state = _refuse_as_seen(fold, command, call, number, wrong)
        raise refused.where(
            machine=machine, milestone=command.milestone, state=state, command=command.word, by=call.name
        ) from None
    kind = cast(type[Event], move.row.event)  # a row that only waits is never chosen
    event = kind.of(ctx, move.after)
    fold.add(Record(event, book(pot, event), number, *call.mark))
    return event


def may(whole: Whole, command: Command, call: Call) -> bool:
    """Whether the machine that a command speaks to would make a move: `carry_out` refuses whatever it would not.

    For whoever asks often and needs no words. Sums must be read already, and what follows from the move is not tried.
    """
    try:
        return MACHINES[command.machine].may(_met(whole, command, call))
    except UnknownRulebookValue:
        return False


def _met(whole: Whole, command: Command, call: Call) -> Context[Any]:
    """What a command meets: the record that it speaks to, in its state, with the pot."""
    said: Any = command
    pot = whole.met(command.milestone, call.at)
    record = whole.conduct.get(said.role) if command.machine == "conduct" else _addressed(pot.lane, command)
    state = None if record is None else _layer(record, command, call.role)
    return Context(record, state, command, cast(Role, call.role), call.name, call.at, pot, call.actor)


#: Commands that create a case where the last one is over.
_CREATE: Final = (dispute.Open, mediation.Open, arbitration.Open, obligation.Open)


def _addressed(lane: Lane, command: Command) -> Any:
    """The record of the machine that a command speaks to; None for what it creates."""
    machine = command.machine
    if machine in ("milestone", "escrow", "feedback"):
        return getattr(lane, machine)
    if machine == "obligation":
        return _obligation(lane, command)
    record = getattr(lane.cases[-1], machine) if lane.cases else None
    over = record is None or record.state in MACHINES[machine].final
    return None if over and isinstance(command, _CREATE) else record


def _obligation(lane: Lane, command: Any) -> Any:
    if isinstance(command, obligation.Open):
        return None
    number = command.number
    if number is not None:
        known = type(number) is int and 1 <= number <= len(lane.obligations)
        return lane.obligations[number - 1] if known else None
    open_ = (o for o in lane.obligations if o.state is obligation.S.OPEN)
    return next(open_, lane.obligations[-1] if lane.obligations else None)


def _layer(record: Any, command: Command, role: Role | None) -> str:
    """The state that a command meets. Under the platform's hold people meet what lies below it (and are told to wait);
    so do facts of the provider and reactions for which the hold itself has no row."""
    state = str(record.stack[0])
    if state != escrow.S.IMPOUNDED or len(record.stack) < 2:
        return state
    below = role in PEOPLE or (role in (Role.RULES, Role.PROVIDER) and not escrow.TABLE.knows(state, type(command)))
    return str(record.stack[1]) if below else state


def _refuse_as_seen(fold: Fold, command: Command, call: Call, number: int, wrong: Refused | None) -> str | None:
    """Refuse by what this one may see, so that a refusal never tells what a view hides."""
    shown = seen(fold, call.name)
    state = shown.state(f"arbitration.{command.milestone}")
    _step(shown, command, call, number, wrong)
    # Only who wants to pay a share that the other has paid for both learns that it is paid.
    return state


# -- time ------------------------------------------------------------------------------------------------------------


def lapse_until(fold: Fold, end: datetime, engine: Engine) -> Fold:
    """Apply every deadline that is due at or before an instant, each at its own."""
    while fold.is_due(end) and (after := _next_lapse(fold, end, engine)) is not None:
        fold = after
    return fold


def _next_lapse(fold: Fold, end: datetime, engine: Engine) -> Fold | None:
    """What the first deadline makes that is due; one whose answer the rulebook does not settle never fires."""
    for at, id_, clock in fold.deadlines(end):
        after, call = fold.copy(), Call(Role.CLOCK, "clock", at, None, engine)
        try:
            settle(after, [LAPSE[clock.machine](id_, clock.name)], call, fold.number)
        except UnknownRulebookValue:
            continue
        except Refused as refused:
            raise BrokenBooks(f"a clock that runs was refused: {refused}") from refused
        after.warnings += _risks(after)
        return after
    return None


# -- what the parties should know when a decision creates a risk -----------------------------------------------------


def _fee_exceeds_stake(fold: Fold, event: arbitration.Opened) -> bool:
    stake = fold.pot(event.milestone).stake
    return any(event.shares.get(side, stake) > stake for side in ("payer", "payee"))


def _nothing_submitted(fold: Fold, event: Event) -> bool:
    """Money is held for work that has started, the rulebook has a review, and nothing was ever submitted for it.

    Whatever was sent otherwise (a message, a file, evidence) starts no review, so no silence of the payer's counts. A
    milestone with its own release condition needs no submission.
    """
    pot = fold.pot(event.milestone)
    work = pot.milestone
    waits = work.active_at is not None and not work.submission and work.release_when is None
    return waits and bool(pot.held) and pot.rules.has("milestone.review.within")


def _deadline_near(fold: Fold, event: Event) -> bool:
    """Who acted has still to act otherwise: a deadline of its own runs on, and ends in less than `NEAR`."""
    if not fold.is_due(event.at + NEAR):  # asked anyway by the next decision, and remembered
        return False
    pot = fold.pot(event.milestone)
    return any(due - event.at < NEAR and event.by in who_must_act(pot, clock) for due, clock in running(pot))


#: From here on a deadline is near.
NEAR: Final = timedelta(hours=24)

_RISKS: Final[Mapping[type[Event], tuple[str, Callable[[Fold, Any], bool]]]] = {
    arbitration.Opened: ("fee-exceeds-stake", _fee_exceeds_stake),
    milestone.Submitted: ("unfunded-work", lambda fold, event: bool(fold.pot(event.milestone).lacks)),
    milestone.CancelRequested: ("nothing-submitted", _nothing_submitted),
    dispute.Opened: ("nothing-submitted", _nothing_submitted),
    dispute.EvidenceAdded: ("deadline-near", _deadline_near),
    dispute.Offered: ("deadline-near", _deadline_near),
    dispute.OfferDeclined: ("deadline-near", _deadline_near),
    escrow.Released: ("deadline-near", _deadline_near),
    milestone.DeemedApproved: ("notices-unsent", lambda fold, event: event.unsent),
}


def _risks(fold: Fold) -> tuple[str, ...]:
    """The risks that the new records create."""
    told: list[str] = []
    for record in fold.records:
        risk = _RISKS.get(type(record.event))
        if risk is not None and risk[1](fold, record.event):
            told.append(risk[0])
    return tuple(dict.fromkeys(told))
