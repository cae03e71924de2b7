"""An agreement in the making: what is true after each line of its history. It never refuses, so old histories replay.

A fold is changed in place and never shown: decisions and replays make one, fill it and hand out the frozen agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from escrowkit.agreement.whole import Whole
from escrowkit.agreement.words import NOTHING, Opened, Record, Restricted
from escrowkit.copying import changed
from escrowkit.ledger import Entry, Ledger
from escrowkit.machines import arbitration, conduct, dispute, escrow, feedback, mediation, milestone, obligation
from escrowkit.money import Money
from escrowkit.pot import Case, Lane
from escrowkit.roles import Role
from escrowkit.table import Event

_EVOLVE: Final[Mapping[str, Any]] = {
    "dispute": dispute.evolve,
    "mediation": mediation.evolve,
    "arbitration": arbitration.evolve,
}
#: What is said of the agreement or of a side, and of no milestone.
_OF_SIDES: Final = frozenset({"agreement", "conduct"})
_NOBODY: Final = frozenset({Role.CLOCK.value, Role.RULES.value})


class Fold(Whole):
    """What the records so far make; `records` are those that came in since `whole`, `earlier` those before."""

    __slots__ = (
        "at",
        "billed",
        "conduct",
        "currency",
        "dues",
        "earlier",
        "facts",
        "is_view",
        "keys",
        "lanes",
        "ledger",
        "parties",
        "rail",
        "records",
        "rulebook",
        "warnings",
    )

    lanes: dict[str, Lane]
    keys: Mapping[str, tuple[str, int]]
    #: When each lane's first deadline is, as far as it was worked out; a lane that changes loses its own.
    dues: dict[str, datetime | None]

    def __init__(self, whole: Any) -> None:
        self.rulebook = whole.rulebook
        self.parties = whole.parties
        self.currency = whole.currency
        self.rail = whole.rail
        self.facts = whole.facts
        self.at = whole.at
        self.lanes = dict(whole.lanes)
        self.ledger = whole.ledger
        self.billed = whole.billed
        self.conduct: Mapping[str, conduct.Conduct] = whole.conduct
        self.keys = whole.keys
        self.dues = dict(whole.dues)
        self.earlier: tuple[Record, ...] = whole.history
        self.records: list[Record] = []
        self.warnings: tuple[str, ...] = ()
        #: Whether it is what one role may see: nothing that it refuses tells more.
        self.is_view = False

    @classmethod
    def of(cls, records: Iterable[Record]) -> Fold | None:
        """What a whole history makes: None if it is empty."""
        fold: Fold | None = None
        for record in records:
            if fold is None:
                fold = cls.opened(record)
            else:
                fold.add(record)
        return fold

    @classmethod
    def opened(cls, record: Record) -> Fold:
        """What the first record makes."""
        fold = cls(_Start(record))
        fold.add(record)
        return fold

    def copy(self) -> Fold:
        """Another one to go on with, so that this one stays what it is."""
        other = Fold(self)
        other.warnings = self.warnings
        return other

    @property
    def history(self) -> tuple[Record, ...]:
        """All its records."""
        return (*self.earlier, *self.records)

    @property
    def number(self) -> int:
        """The number of the next decision."""
        return (self.records or self.earlier)[-1].decision + 1

    def add(self, record: Record) -> None:
        """One more line of the history."""
        event = record.event
        if record.key is not None and record.key not in self.keys:
            self.keys = {**self.keys, record.key: (record.said or "", record.decision)}
        if event.machine in _OF_SIDES:
            self.conduct = _conduct(self.conduct, event)
        else:
            lane = self.lane(event.milestone)
            self.lanes[event.milestone] = _after(lane, record)
            self.dues.pop(event.milestone, None)
            if event.machine == "escrow":
                self.billed = _billed(self.billed, event)
        if record.entries:
            self.ledger = self.ledger.post(record.entries)
        self.at = event.at
        self.records.append(record)


class _Start:
    """An agreement before its first record: what its `Opened` says, and nothing has happened."""

    ledger = Ledger()
    billed = keys = dues = conduct = NOTHING
    history = ()

    def __init__(self, record: Record) -> None:
        event: Any = record.event
        opened: Opened = event
        self.rulebook = opened.rulebook
        self.parties = opened.parties
        self.currency = opened.currency
        self.rail = opened.rail
        self.facts = opened.billed_before
        self.at = opened.at
        self.lanes = {t.id: Lane(t.id, t.price.currency, opened.rulebook.override(t.rules)) for t in opened.terms}


def _after(lane: Lane, last: Record) -> Lane:
    """The lane after a line of the history: one record of it changed."""
    event = last.event
    machine, unpaid = event.machine, lane.unpaid
    # What rolls over from another milestone comes by the rules, and somebody's hand all the same.
    touched = lane.touched if event.by in _NOBODY and not isinstance(event, escrow.Received) else event.at
    work, pot, cases, owed, told = lane.milestone, lane.escrow, lane.cases, lane.obligations, lane.feedback
    if machine == "milestone":
        work = milestone.evolve(work, event)
    elif machine == "escrow":
        pot = escrow.evolve(pot, event)
        unpaid += sum(map(_made_payable, last.entries))
    elif machine == "obligation":
        owed = _obligations(lane, event)
    elif machine == "feedback":
        told = feedback.evolve(told, event)
    else:
        cases = _cases(lane, event)
    return Lane(lane.id, lane.currency, lane.rules, work, pot, cases, owed, touched, told, unpaid)


def _made_payable(entry: Entry) -> int:
    """How much more waits for payout to the payee."""
    payable = "payable:payee"
    more = sum(line.amount.minor for line in entry.lines if line.target == payable)
    return more - sum(line.amount.minor for line in entry.lines if line.source == payable)


def _conduct(before: Mapping[str, conduct.Conduct], event: Any) -> Mapping[str, conduct.Conduct]:
    """The conduct of the sides after an event that speaks of one of them."""
    if event.machine == "conduct":
        return {**before, event.role: conduct.evolve(before.get(event.role), event)}
    if isinstance(event, Restricted):
        return {**before, event.role: conduct.restricted(before.get(event.role), event.right, event.until)}
    return before


def _cases(lane: Lane, event: Event) -> tuple[Case, ...]:
    if event.machine == "dispute" and event.before is None:
        return (*lane.cases, Case(dispute.evolve(None, event)))
    case = lane.cases[-1]
    record: Any = _EVOLVE[event.machine](getattr(case, event.machine), event)
    return (*lane.cases[:-1], changed(case, **{event.machine: record}))


def _obligations(lane: Lane, event: Any) -> tuple[obligation.Obligation, ...]:
    if event.before is None:
        return (*lane.obligations, obligation.evolve(None, event))
    open_ = [n for n, o in enumerate(lane.obligations) if o.state is obligation.S.OPEN]
    place = event.number - 1 if event.number is not None else open_[0]
    after = obligation.evolve(lane.obligations[place], event)
    return (*lane.obligations[:place], after, *lane.obligations[place + 1 :])


def _billed(billed: Mapping[str, tuple[Money, Money]], event: Any) -> Mapping[str, tuple[Money, Money]]:
    """What was released to the payee so far, and the service fee of it; what goes back counts off."""
    match event:
        case escrow.Disposed():
            return _less(_more(billed, event.paid, event.fee), event.back, event.back_fee)
        case escrow.ChargedBack() | escrow.ReleasedRefunded():
            return _less(billed, event.back, event.back_fee)
        case escrow.ChargeBackReversed():
            return _more(billed, event.charged.back, event.charged.back_fee)
        case escrow.Reclaimed():
            return _less(billed, event.amount, event.back_fee)
    return billed


def _more(billed: Mapping[str, tuple[Money, Money]], gross: Money, fee: Money) -> Mapping[str, tuple[Money, Money]]:
    if not gross and not fee:
        return billed
    done, taken = billed.get(gross.currency) or (Money.zero(gross.currency), Money.zero(gross.currency))
    return {**billed, gross.currency: (done + gross, taken + fee)}


def _less(billed: Mapping[str, tuple[Money, Money]], gross: Money, fee: Money) -> Mapping[str, tuple[Money, Money]]:
    return _more(billed, -gross, -fee)
