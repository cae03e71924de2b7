"""What a role could do now: every command that the tables give it, allowed or not, and why, until when, worth what.

Nothing here knows a rule: each command is tried with `decide`, and what it answers is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import attrs
from attrs import frozen

from escrowkit import wording
from escrowkit.agreement import Agreement, Decision
from escrowkit.arguments import kinds
from escrowkit.consents import FILLED
from escrowkit.doors import door
from escrowkit.errors import Refused
from escrowkit.foresight.outcomes import Outcome, outcomes
from escrowkit.foresight.plain import plain
from escrowkit.foresight.samples import Try, answers, best, build, commands, is_amount, of_no_milestone, over_all
from escrowkit.foresight.seeing import (
    MICRO,
    Span,
    as_seen,
    gains,
    inside,
    long_after,
    role_named,
    spans,
    stake_of,
    tried,
)
from escrowkit.ledger import Entry
from escrowkit.money import Money
from escrowkit.periods import instant
from escrowkit.table import Command, Event, words_of


@frozen
class Argument:
    """What a command says: its name and kind, whether it is needed, and how it may be filled here.

    `value` is what it was tried with; `consent` says that it repeats what stands, and nothing else is accepted. `least`
    and `most` bound an amount; `choices` are all that a closed list or what is there allow.
    """

    name: str
    kind: str
    needed: bool
    value: Any
    consent: bool = False
    least: Money | None = None
    most: Money | None = None
    choices: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How to fill it, in words."""
        if self.least is not None or self.most is not None:
            if self.least == self.most:
                return f"{self.name}: exactly {self.most}"
            said = [f"from {self.least}" if self.least else "", f"at most {self.most}" if self.most is not None else ""]
            return f"{self.name}: {', '.join(filter(None, said)) or 'an amount'}"
        if self.consent:
            return f"{self.name}: {self.value} (what stands)"
        listed = " or ".join(self.choices) if self.choices else self.kind
        return f"{self.name}: {listed}{'' if self.needed else ' (may be left out)'}"


@frozen
class Option:
    """One command of one role over one milestone at an instant, as it was tried.

    `command` is what was tried. If it is allowed: `until` is the first instant at which it no longer would be if nobody
    acts before (None: no passing of time ends it), `ended_by` the clocks that pass then, `events`, `entries` and
    `warnings` what follows at once, `worth` what each party gains from now on if nobody acts after it, and `left` what
    stays inside then. If it is not: `code`, `words`, `missing` and `most` of the refusal, and `opens`, the first
    instant from which waiting alone makes it possible (None: waiting does not help).
    """

    command: Command
    by: str
    at: datetime
    allowed: bool
    arguments: tuple[Argument, ...] = ()
    until: datetime | None = None
    ended_by: tuple[tuple[str, str], ...] = ()
    events: tuple[Event, ...] = ()
    entries: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    worth: Mapping[str, Money] = attrs.field(factory=dict)
    left: Money | None = None
    #: What brings that about if nobody acts after it: the last outcome, None if there is none.
    because: Outcome | None = None
    code: str | None = None
    words: str | None = None
    missing: tuple[str, ...] = ()
    most: Money | None = None
    opens: datetime | None = None

    @property
    def name(self) -> str:
        """As a story names it: `milestone.approve`."""
        return f"{self.command.machine}.{self.command.word}"

    @property
    def milestone(self) -> str:
        """The milestone; empty for the agreement itself."""
        return self.command.milestone

    @property
    def meaning(self) -> str:
        """What the command does, in words."""
        return words_of(type(self.command))

    @property
    def moved(self) -> tuple[str, ...]:
        """The money that it moves at once, in words."""
        return tuple(line for entry in self.entries for line in wording.money(entry))

    def data(self) -> dict[str, Any]:
        """As plain data: amounts and instants as text."""
        said = {f.name: getattr(self, f.name) for f in attrs.fields(Option) if f.name not in _INNER}
        own = {"name": self.name, "milestone": self.milestone, "meaning": self.meaning, "moved": self.moved}
        found: dict[str, Any] = plain(own | said)
        return found


#: What data leaves out: `told` and `moved` say it in words.
_INNER: Final = frozenset({"command", "events", "entries"})


@door(agreement=Agreement, by=str, at=instant, milestone=str)
def options(
    agreement: Agreement, by: str, at: datetime | None = None, *, milestone: str | None = None
) -> tuple[Option, ...]:
    """Every command that a role could ever give, milestone by milestone, allowed or not at this instant.

    `at` is the present, as in `decide`; without it, that of the last thing that the role may see. With `milestone`, of
    that one alone. An option is allowed exactly where `decide` accepts its `command`; while another's deposit is
    sealed, where it would if that had not been made.
    Raises `BadArgument` (no role), `TimeRunsBackwards`, `UnknownMilestone`.
    """
    seen = as_seen(agreement, by, at)
    now = seen.at if at is None else at
    role, name = role_named(seen, by)
    if milestone is not None:
        seen.pot(milestone)
    ahead = list(spans(seen, now))
    found = [(kind, id_) for id_ in seen.lanes if milestone in (None, id_) for kind in commands(role)]
    if milestone is None:
        found += [(kind, _new_id(seen)) for kind in over_all(role)]
    return tuple(_option(ahead, kind, id_, name) for kind, id_ in found)


@door(agreement=Agreement, command=str, milestone=str, by=str, at=instant)
def option(agreement: Agreement, command: str, milestone: str, by: str, at: datetime | None = None) -> Option | None:
    """One of the `options` by its name (`milestone.approve`); None if no table gives it to this role."""
    found = options(agreement, by, at, milestone=milestone)
    return next((one for one in found if one.name == command), None)


def _new_id(agreement: Agreement) -> str:
    """An id that no milestone has."""
    number = len(agreement.lanes) + 1
    while f"m{number}" in agreement.lanes:
        number += 1
    return f"m{number}"


def _option(ahead: list[Span], kind: type[Command], id_: str, by: str) -> Option:
    """Try it now, and find out when waiting changes the answer."""
    start = ahead[0]
    one = best(start.agreement, kind, id_, by, start.start)
    turn = _turn(ahead, kind, id_, by, allowed=one.allowed)
    if isinstance(one.answer, Refused):
        return _refused(one, by, start.start, turn)
    ended = next((span.ends_by for span in ahead if span.end == turn), ()) if turn else ()
    done = one.answer
    later = done.agreement.advance(long_after(start.start)).agreement
    known = id_ in start.agreement.lanes
    worth, left = (gains(start.agreement, later, id_), inside(later, id_)) if known else ({}, None)
    told = _told(done, start.agreement)
    because = _brought(done.agreement, later, id_) if known else None
    return Option(
        one.command, by, start.start, True, tuple(_arguments(start, one, by)), turn, ended, done.events, done.entries,
        done.warnings, told, worth, left, because,
    )  # fmt: skip


def _brought(now: Agreement, later: Agreement, id_: str) -> Outcome | None:
    """The last outcome that time alone brings."""
    return next(iter(outcomes(later, id_)[len(outcomes(now, id_)) :][-1:]), None)


def _refused(one: Try, by: str, at: datetime, turn: datetime | None) -> Option:
    refused: Any = one.answer
    most = refused.most if isinstance(refused.most, Money) else None
    return Option(
        one.command, by, at, False, code=refused.code, words=refused.words, missing=refused.missing, most=most,
        opens=turn,
    )  # fmt: skip


def _told(done: Decision, before: Agreement) -> tuple[str, ...]:
    """What follows at once, in words; what only follows from its neighbours is left out."""
    events = [event for i, event in enumerate(done.events) if i == 0 or type(event) not in wording.QUIET]
    return tuple(wording.tell(event, stake_of(done.agreement, event)) for event in events)


# -- when waiting changes the answer ---------------------------------------------------------------------------------


def _turn(ahead: list[Span], kind: type[Command], id_: str, by: str, *, allowed: bool) -> datetime | None:
    """The first instant at which the answer is the other one, if nobody acts before."""

    def same(span: Span, at: datetime) -> bool:
        return best(span.agreement, kind, id_, by, at).allowed == allowed

    for number, span in enumerate(ahead):
        if number and not same(span, span.start):
            return span.start
        if span.last > span.start and not same(span, span.last):
            return _between(lambda at, span=span: same(span, at), span.start, span.last)  # type: ignore[misc]
    return None


def _between(holds: Callable[[datetime], bool], first: datetime, last: datetime) -> datetime:
    """The first instant at which something no longer holds that holds at `first` and not at `last`."""
    while last - first > MICRO:
        middle = first + (last - first) // 2
        first, last = (middle, last) if holds(middle) else (first, middle)
    return last


# -- arguments -------------------------------------------------------------------------------------------------------


def _arguments(span: Span, one: Try, by: str) -> Iterator[Argument]:
    """What an allowed command says, the bounds of its amounts found by trying."""
    kind: Any = type(one.command)
    consents = FILLED.get(kind, {})
    for name, of in kinds(kind):
        value = getattr(one.command, name)
        if is_amount(name, of) and name not in consents:
            least, most, choices = _bounds(span, one, name, by, zero=of.zero)
            yield Argument(name, of.name, True, value, least=least, most=most, choices=choices)
            continue
        consent = name in consents and not (kind.word == "pay_fee" and name == "share")
        closed = tuple(_open_choices(span, kind, one.command.milestone, name, by)) if " | " in of.name else ()
        yield Argument(name, of.name, not of.optional, value, consent, choices=closed)


def _open_choices(span: Span, kind: type[Command], id_: str, name: str, by: str) -> Iterator[str]:
    """Those of a closed list that are accepted here in some way."""
    accepted = (said[name] for said, one in answers(span.agreement, kind, id_, by, span.start) if one.allowed)
    yield from dict.fromkeys(accepted)


def _bounds(
    span: Span, one: Try, name: str, by: str, *, zero: bool
) -> tuple[Money | None, Money | None, tuple[str, ...]]:
    """The least and the most of an amount that is accepted, or the few that are."""
    value: Money = getattr(one.command, name)

    def fits(minor: int) -> bool:
        return _fits(span, one.command, name, Money(minor, value.currency), by)

    awards = one.command.word == "award"
    menu = span.agreement.pot(one.command.milestone, span.start).award_menu if awards else None
    if menu is not None:
        return None, None, tuple(str(sum_) for sum_ in sorted(menu))
    low = 0 if zero else 1
    if not fits(low):
        low = _first(fits, low, value.minor)
    most = None if fits(_ABOVE * max(value.minor, 1)) else value
    return Money(low, value.currency), most, ()


#: Something this many times as large is accepted only where nothing caps it.
_ABOVE: Final = 10**6


def _first(fits: Callable[[int], bool], low: int, high: int) -> int:
    """The least amount that fits, if one below the high one does not and all above do."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _fits(span: Span, command: Command, name: str, sum_: Money, by: str) -> bool:
    kind: Any = type(command)
    said = {n: getattr(command, n) for n, _ in kinds(kind)} | {name: sum_}
    if not of_no_milestone(kind):
        said["milestone"] = command.milestone
    return isinstance(tried(span.agreement, build(kind, said), by, span.start), Decision)
