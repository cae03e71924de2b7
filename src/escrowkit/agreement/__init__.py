"""An agreement: opened under a rulebook that it keeps for life, changed only by decisions, each all or nothing.

`decide` may refuse; `evolve` never does, so old histories always replay. Both are pure: time comes in by the door as an
aware instant, and a refused or failing command leaves the old value untouched by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import field, frozen

from escrowkit import arguments as arg
from escrowkit.agreement import deciding, opening
from escrowkit.agreement.deciding import ENGINES, Call, Engine
from escrowkit.agreement.fold import Fold
from escrowkit.agreement.seen import seen
from escrowkit.agreement.whole import Whole
from escrowkit.agreement.words import End, Ended, Opened, Record, Restrict, Restricted, Terms
from escrowkit.books import book
from escrowkit.doors import Every, door
from escrowkit.errors import BadArgument, BrokenBooks, KeyConflict, Refused, shown
from escrowkit.ledger import Entry, Ledger
from escrowkit.machines.conduct import Conduct
from escrowkit.money import Money
from escrowkit.periods import instant
from escrowkit.pot import Lane, Pot
from escrowkit.roles import Role, role_of
from escrowkit.rulebook import Rulebook, load
from escrowkit.table import Command, Event


@frozen
class Agreement(Whole):
    """The state of an agreement: frozen, equal when its histories are, made only by `open_agreement` and `decide`."""

    rulebook: Rulebook
    parties: Mapping[str, str]
    currency: str
    rail: str
    facts: Mapping[str, Money]
    at: datetime
    lanes: Mapping[str, Lane]
    ledger: Ledger
    #: Per currency: what was released to the payee, gross, and the service fee taken of it.
    billed: Mapping[str, tuple[Money, Money]]
    history: tuple[Record, ...] = field(repr=False)
    keys: Mapping[str, tuple[str, int]] = field(repr=False)
    #: The conduct of each role of which something was said.
    conduct: Mapping[str, Conduct] = field(repr=False)
    dues: dict[str, datetime | None] = field(repr=False, eq=False)
    seen_by: str | None = None

    @classmethod
    def of(cls, fold: Fold, seen_by: str | None = None) -> Agreement:
        """What a fold has made."""
        return cls(
            fold.rulebook, fold.parties, fold.currency, fold.rail, fold.facts, fold.at, fold.lanes, fold.ledger,
            fold.billed, fold.history, fold.keys, fold.conduct, fold.dues, seen_by,
        )  # fmt: skip

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Printers that set out every field (Hypothesis, IPython) show it as briefly as `repr` does."""
        printer.text(repr(self))

    def events(self) -> tuple[Event, ...]:
        """Everything that happened."""
        return tuple(record.event for record in self.history)

    def entries(self) -> tuple[Entry, ...]:
        """Everything that moved."""
        return tuple(entry for record in self.history for entry in record.entries)

    def decide(
        self,
        command: Command,
        *,
        by: str,
        at: datetime,
        key: str | None = None,
        actor: str | None = None,
        engine: Engine = "compiled",
    ) -> Decision:
        """What follows if `by` gives this command at this instant: the agreement afterwards, the events, the entries.

        Deadlines due at or before `at` come first. Raises a `Refused`, which then carries what they decided. A command
        repeated under its `key` gives the recorded answer and changes nothing.
        """
        if self.seen_by is not None:
            raise BadArgument(
                "A view shows what one role may see; decisions are made on the agreement itself.", key="view"
            )
        deciding.check_command(command)
        before: Decision | None = None
        try:
            deciding.check_call(by, key, actor, engine)
            role, name = deciding.who(self, by)
            mark = () if key is None else (key, f"{name} {_written(command)}")
            if key in self.keys:
                return _repeat(self, *mark)
            whole, wrong = deciding.read(self, command)
            now = deciding.forward(self, at)
            fold = Fold(self)
            if self.is_due(now):
                fold = deciding.lapse_until(fold, now, engine)
                before = Decision.of(fold, self)
                # What is refused later must not touch what the deadlines decided: it goes on in a fold of its own.
                fold = fold.copy()
            deciding.carry_out(fold, whole, Call(role, name, now, actor, engine, mark), wrong)
        except Refused as refused:
            refused.decision = before if before and before.events else None
            raise _placed(refused, command, by) from None
        return Decision.of(fold, self)

    def advance(self, to: datetime, *, engine: Engine = "compiled") -> Decision:
        """Apply every deadline that is due at or before an instant, one by one, each at its own.

        Raises `BadArgument`, `TimeRunsBackwards`.
        """
        deciding.check_engine(engine)
        end = deciding.forward(self, to)
        if not self.is_due(end):
            return Decision(self)
        return Decision.of(deciding.lapse_until(Fold(self), end, engine), self)

    def verify(self) -> None:
        """Derive every entry again from the events. Raises `BrokenBooks` at the first that does not fit."""
        fold = Fold.opened(self.history[0])
        for place, record in enumerate(self.history[1:], 1):
            event = record.event
            derived = book(Pot(fold, fold.lane(event.milestone), event.at), event)
            if derived != record.entries:
                raise BrokenBooks(f"record {place} ({event.machine}.{event.word}): {record.entries} is not {derived}")
            fold.add(record)
        if Agreement.of(fold, self.seen_by) != self:
            raise BrokenBooks("the history makes another agreement than this one")


@frozen
class Decision:
    """What a command did: the agreement afterwards, the events in order, the entries that they caused.

    `repeated` says that this key was answered before: `answer` is what was recorded, and nothing happened now.
    """

    agreement: Agreement
    events: tuple[Event, ...] = ()
    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    repeated: bool = False
    answer: tuple[Event, ...] = ()

    @classmethod
    def of(cls, fold: Fold, since: Agreement) -> Decision:
        """What a fold has made since an agreement."""
        agreement = Agreement.of(fold)
        new = agreement.history[len(since.history) :]
        entries = tuple([entry for record in new for entry in record.entries])
        return cls(agreement, tuple([record.event for record in new]), entries, fold.warnings)


#: The same as functions.
decide, advance = Agreement.decide, Agreement.advance


@door(currency=str, rail=str, engine=str, near=Path)
def open_agreement(
    *,
    rulebook: str | Path | Rulebook,
    parties: Mapping[str, str],
    currency: str,
    milestones: Sequence[opening.MilestoneTerms],
    at: datetime,
    rules: Mapping[str, Any] | None = None,
    billed_before: arg.Amount | None = None,
    rail: str = "instant",
    near: Path | None = None,
    engine: Engine = "compiled",
) -> Agreement:
    """Open an agreement.

    `parties` maps payer and payee to ids; a milestone is (id, price) or a mapping with id, price, title, due,
    release_when, currency and rules (overrides for itself alone); `rules` overrides single values, dotted; `rail` is
    `instant` or `slow`.
    Raises `NotInForce`, `BadTerms`, `BadArgument`, `WrongCurrency`, `BadAmount`, and `DefinitionError` for a rulebook.
    """
    deciding.check_engine(engine)
    start = instant(at)
    resolved = load(rulebook, near).override(rules or {}, "overrides")
    opened = opening.opened(
        rules=resolved, parties=parties, currency=currency, milestones=milestones, at=start,
        billed_before=billed_before, rail=rail,
    )  # fmt: skip
    fold = Fold.opened(Record(opened, (), 0))
    rules_ = Call(Role.RULES, Role.RULES.value, start, None, engine)
    deciding.settle(fold, opening.included(opened), rules_, fold.number)
    return Agreement.of(fold)


def _placed(refused: Refused, command: Command, by: Any) -> Refused:
    """A refusal that says where; what was said wrongly is not repeated as a place."""
    names = {"milestone": command.milestone or None, "by": by}
    texts = {name: value for name, value in names.items() if isinstance(value, str) and len(value) <= arg.MOST_TEXT}
    return refused.where(machine=command.machine, command=command.word, **texts)


def _written(command: Command) -> str:
    """A command as it is remembered under its key."""
    try:
        return repr(command)
    except (ValueError, RecursionError) as error:
        # Python shows no whole number of more than 4300 digits, and nothing that is nested too deeply.
        raise BadArgument("the command says something that cannot be written down", key="command") from error


def _repeat(agreement: Agreement, key: str, said: str) -> Decision:
    """The recorded answer; the same key with another command is refused before any other rule."""
    recorded, number = agreement.keys[key]
    if recorded != said:
        raise KeyConflict(f"The key {key!r} was used for another command: {recorded}.")
    answer = tuple(record.event for record in agreement.history if record.decision == number)
    return Decision(agreement, repeated=True, answer=answer)


@door(agreement=Agreement | None, record=Record)
def evolve(agreement: Agreement | None, record: Record) -> Agreement:
    """The agreement after one more line of its history. Never refuses, so old histories always replay."""
    if agreement is None:
        return Agreement.of(Fold.opened(record))
    fold = Fold(agreement)
    fold.add(record)
    return Agreement.of(fold, agreement.seen_by)


@door(records=Every(Record))
def replay(records: Iterable[Record]) -> Agreement:
    """The agreement that a history makes: a fold of its records. Raises `BadArgument` for an empty one."""
    fold = Fold.of(records)
    if fold is None:
        raise BadArgument("an empty history makes no agreement")
    return Agreement.of(fold)


@door(agreement=Agreement)
def verify(agreement: Agreement) -> None:
    """Derive every entry again from the events. Raises `BrokenBooks` at the first that does not fit."""
    agreement.verify()


@door(agreement=Agreement)
def view(agreement: Agreement, by: str) -> Agreement:
    """What a role may see: as if what is sealed had not happened yet. It can be read and forecast, not decided on.

    Who has paid a sealed deposit is shown to nobody but who paid until the window closes. Raises `BadArgument`.
    """
    if not isinstance(by, str) or (role_of(by) is None and by not in agreement.parties.values()):
        raise BadArgument(f"by = {shown(by)}: the name of a role is needed", key="by")
    return Agreement.of(seen(agreement, deciding.who(agreement, by)[1]), seen_by=by)


__all__ = [
    "ENGINES",
    "Agreement",
    "Decision",
    "End",
    "Ended",
    "Opened",
    "Record",
    "Restrict",
    "Restricted",
    "Terms",
    "advance",
    "decide",
    "evolve",
    "open_agreement",
    "replay",
    "verify",
    "view",
]
