"""A table of moves: the law of one machine, one row a line, proved when it is built.

`Table` makes a `transitions.Machine` from its rows and compiles its dispatch from that machine, so what is drawn is
what runs. A row says: in this state, on this command, by this role, then that state, telling this event, when these
guards hold. A guard is a named function whose docstring is the rule in words.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, dataclass_transform

import attrs
from attrs import Factory, field, frozen
from transitions import EventData, Machine

from escrowkit.errors import (
    RANK,
    DefinitionError,
    NoSuchMove,
    NotNow,
    NotYourMove,
    Refused,
    UnknownRulebookValue,
)
from escrowkit.money import Money
from escrowkit.roles import PEOPLE, Role

#: Those who give no commands from outside.
INTERNAL: Final = frozenset({Role.CLOCK, Role.RULES})

# `transitions` logs every callback at INFO; a host's root logger would triple the cost of a move.
logging.getLogger("transitions").setLevel(logging.WARNING)

State = StrEnum
It = TypeVar("It")
T = TypeVar("T")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Said:
    """What commands and events share: the machine that they belong to and a word for it, both from the class."""

    __slots__ = ()
    machine: ClassVar[str]
    word: ClassVar[str]

    def __init_subclass__(cls) -> None:
        parts = cls.__module__.split(".")
        # A machine is a module, or a package of modules, in `machines`; the agreement is a package beside them.
        cls.machine = next((name for name in parts[1:] if name != "machines"), parts[0])
        cls.word = _snake(cls.__name__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Said) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.__class__, self._values()))

    def __repr__(self) -> str:
        shown = zip(self._names(), self._values(), strict=True)
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={value!r}' for name, value in shown)})"

    @classmethod
    @cache
    def _names(cls) -> tuple[str, ...]:
        own: Any = cls
        return tuple(f.name for f in attrs.fields(own))

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._names()])

    @classmethod
    @cache
    def fields(cls) -> tuple[str, ...]:
        """The names of its own fields, the milestone aside."""
        shared = {"milestone", "by", "at", "actor", "before", "after"}
        own: Any = cls
        return tuple(f.name for f in attrs.fields(own) if f.name not in shared)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def said(kind: type[T]) -> type[T]:
    """A command or an event: a frozen value.

    `attrs` writes methods anew for each class. There are two hundred of these, so they share theirs where they can:
    it is half of the time that an import takes.
    """
    return frozen(kind, eq=False, repr=False)


@said
class Command(_Said):
    """Something that somebody wants to do to one milestone."""

    milestone: str


@said
class Event(_Said):
    """Something that happened: what the command said, plus who, when, and the state before and after."""

    #: Whether it carries all that its command said; what was only told again need not.
    says_all: ClassVar[bool] = True

    milestone: str
    by: str = field(kw_only=True)
    at: datetime = field(kw_only=True)
    actor: str | None = field(kw_only=True, default=None)
    before: str | None = field(kw_only=True, default=None)
    after: str = field(kw_only=True, default="")

    @classmethod
    def of(cls, ctx: Context[Any], after: str) -> Self:
        """The event that a command causes. A subclass with more fields than its command works them out in `figures`."""
        own: Any = cls
        command = ctx.command
        said = {name: getattr(command, name) for name in _repeated(own, command.__class__)}
        said |= cls.figures(ctx)
        return cls(command.milestone, **said, by=ctx.name, at=ctx.at, actor=ctx.actor, before=ctx.state, after=after)

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What the event says beyond its command."""
        return {}


@cache
def _repeated(event: Any, command: Any) -> tuple[str, ...]:
    """What an event repeats of its command."""
    return tuple(name for name in command.fields() if name in event.fields())


@frozen
class Context(Generic[It]):
    """What a guard sees, read-only: the machine's own record, the command, who and when, the rules and the pot."""

    it: It
    state: str | None
    command: Any
    by: Role
    name: str
    at: datetime
    pot: Any
    actor: str | None = None

    @property
    def rules(self) -> Any:
        """The rulebook of this milestone."""
        return self.pot.rules


Test = Callable[[Context[Any]], bool]


class Guard:
    """A named condition of a move: a function of the `Context`, its rule in words, and the refusal that it causes.

    `until` tells when waiting helps, `most` the largest value that would do, `reads` the rulebook values that it needs,
    `offered` whether it can ever hold under a rulebook (a drawing leaves out what never can), `people` whom it lets
    make the move, and `otherwise` what to say when it does not hold, where "Needed: …" would be read wrongly.
    """

    def __init__(
        self,
        test: Test,
        *,
        refusal: type[Refused] = NotNow,
        reads: tuple[str, ...] = (),
        until: Callable[[Context[Any]], datetime | None] | None = None,
        most: Callable[[Context[Any]], Money | None] | None = None,
        offered: Callable[[Any], bool] | None = None,
        people: Callable[[Any], Iterable[str]] | None = None,
        otherwise: str = "",
    ) -> None:
        self.test = test
        self.__name__ = test.__name__
        self.words = " ".join((test.__doc__ or "").split())
        self.refusal = refusal
        self.reads = reads
        self.until = until
        self.most = most
        self.offered = offered
        self.people = people
        self.otherwise = otherwise

    def __call__(self, ctx: Context[Any]) -> bool:
        return self.test(ctx)

    def __repr__(self) -> str:
        return f"<guard {self.__name__}>"

    def refuse(self, ctx: Context[Any]) -> Refused:
        """The refusal that tells why this guard does not hold."""
        return self.refusal(
            self.otherwise or f"Needed: {self.words}",
            key=self.__name__,
            missing=(self.words,),
            until=self.until(ctx) if self.until else None,
            most=self.most(ctx) if self.most else None,
        )


def guard(
    refusal: type[Refused] = NotNow,
    *,
    reads: tuple[str, ...] = (),
    until: Callable[[Context[Any]], datetime | None] | None = None,
    most: Callable[[Context[Any]], Money | None] | None = None,
    offered: Callable[[Any], bool] | None = None,
    people: Callable[[Any], Iterable[str]] | None = None,
    otherwise: str = "",
) -> Callable[[Test], Guard]:
    """Make a guard of a function; its docstring is the rule in words."""

    def make(test: Test) -> Guard:
        return Guard(
            test,
            refusal=refusal,
            reads=reads,
            until=until,
            most=most,
            offered=offered,
            people=people,
            otherwise=otherwise,
        )

    return make


@guard(
    until=lambda ctx: ctx.pot.impounded_until,
    otherwise="The platform has impounded this money: everybody waits until it lifts its hold.",
)
def not_impounded(ctx: Context[Any]) -> bool:
    """The platform does not hold this milestone's money."""
    return not ctx.pot.impounded


def answers(key: str, *said: str) -> Callable[[Any], bool]:
    """Whether a rulebook may answer so: for `offered`. Where its sources do not say, it may."""

    def offered(rules: Any) -> bool:
        return not rules.settled(key) or bool(
            set(said) & {one for one in rules.values[key] or () if isinstance(one, str)}
        )

    return offered


class _Mark:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


#: Where it came from: one edge for each origin, in the drawing and in the machine.
BACK: Final = _Mark("BACK")
#: The state that it is in.
SAME: Final = _Mark("SAME")

Roles = frozenset[Role]


def _many(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list, set, frozenset)) else (value,)


def _roles(value: Role | Iterable[Role]) -> Roles:
    return frozenset(_many(value))


@frozen
class Row:
    """One move: `on` a state, several, or None (creates); `then` a state, `BACK` or `SAME`; `clock` its deadlines."""

    on: tuple[StrEnum | None, ...] = field(converter=_many)
    command: type[Command]
    by: Roles = field(converter=_roles)
    then: StrEnum | _Mark
    event: type[Event] | None
    when: tuple[Guard, ...] = field(converter=_many, default=())
    clock: tuple[str, ...] = field(converter=_many, default=())

    @property
    def waits(self) -> bool:
        """Whether this row only says why the command must wait."""
        return self.event is None


def Waits(  # noqa: N802 - reads as a kind of row
    on: Any, command: type[Command] | Iterable[type[Command]], by: Any, why: Guard | tuple[Guard, ...]
) -> tuple[Row, ...]:
    """Rows without a destination: the command exists here, but must wait, and `why` says for what."""
    return tuple(Row(on, one, by, SAME, None, why) for one in _many(command))


@frozen
class Move:
    """One edge of the machine: a row from one state to one state."""

    source: StrEnum | None
    target: StrEnum
    row: Row
    #: The target's name, as the event says it.
    after: str = field(init=False, default=Factory(lambda move: str(move.target), takes_self=True))


class _Allowed:
    """The condition of one edge as `transitions` sees it: role, origin, then each guard; the row rides along."""

    def __init__(self, move: Move, origin: StrEnum | None, always: tuple[Guard, ...]) -> None:
        self.move = move
        self.origin = origin
        row = move.row
        self.by = row.by
        self.clock = row.clock
        self.checks = row.when
        self.people_checks = row.when + always
        self.early = tuple(check for check in row.when if RANK[check.refusal] < RANK[UnknownRulebookValue])
        self.__name__ = " and ".join(("by " + " or ".join(sorted(row.by)), *(g.__name__ for g in row.when)))

    def may(self, ctx: Context[Any]) -> bool:
        """Whether this edge is for this role and leads where the machine came from."""
        return (
            ctx.by in self.by
            and (self.origin is None or self._came_from(ctx) == self.origin)
            and (not self.clock or ctx.command.clock in self.clock)
        )

    @staticmethod
    def _came_from(ctx: Context[Any]) -> StrEnum | None:
        stack = ctx.it.stack
        below = stack[stack.index(ctx.state) + 1 :]
        return below[0] if below else None

    def checks_of(self, role: Role) -> tuple[Guard, ...]:
        """The guards that this role meets."""
        return self.people_checks if role in PEOPLE else self.checks

    def failing(self, ctx: Context[Any]) -> Guard | None:
        """The first guard that does not hold."""
        return next((check for check in self.checks_of(ctx.by) if not check(ctx)), None)

    def __call__(self, event: EventData) -> bool:
        ctx: Context[Any] = next(iter(event.args))
        return not self.move.row.waits and self.may(ctx) and self.failing(ctx) is None

    def note(self, event: EventData) -> None:
        """Tell the cursor which move was made."""
        cursor: Any = event.model
        cursor.made = self.move


class _Choice:
    """The edges of one command for one role in one state, in the order of the table, and what is asked before them."""

    def __init__(self, edges: tuple[_Allowed, ...], role: Role) -> None:
        self.edges = edges
        self.role = role
        #: Whether it depends on the state below, or on the clock, which of them are open.
        self.depends = any(edge.origin is not None or edge.clock for edge in edges)
        self.early = tuple(edge.early for edge in edges)
        self.reads = tuple(dict.fromkeys(key for edge in edges for check in edge.checks for key in check.reads))
        self.moves = tuple((edge.move, edge.checks_of(role)) for edge in edges if not edge.move.row.waits)

    def of(self, ctx: Context[Any]) -> _Choice | None:
        """Those that are open now."""
        mine = tuple(edge for edge in self.edges if edge.may(ctx))
        return self if mine == self.edges else _Choice(mine, self.role) if mine else None

    def ask_first(self, ctx: Context[Any]) -> None:
        """What is told before anything is said of sums: who may not move, and what the rulebook does not settle."""
        if all(self.early):
            failing = [next((check for check in early if not check.test(ctx)), None) for early in self.early]
            if failing[-1] is not None and all(failing):
                raise failing[-1].refuse(ctx)
        for key in self.reads:
            ctx.rules[key]

    def first(self, ctx: Context[Any]) -> Move | None:
        """The first move whose guards all hold."""
        for move, checks in self.moves:
            for check in checks:
                if not check.test(ctx):
                    break
            else:
                return move
        return None

    def refusal(self, ctx: Context[Any]) -> Refused:
        """Why none of them can be made: special cases stand above, so the last row says what was lacking."""
        return [check for edge in self.edges if (check := edge.failing(ctx)) is not None][-1].refuse(ctx)


class _Cursor:
    """A throw-away model for the stock engine: the frozen record itself is never touched."""

    __slots__ = ("made", "state")

    def __init__(self, state: str) -> None:
        self.state = state
        self.made: Move | None = None


_START: Final = "(start)"


class Table(Generic[It]):
    """The moves of one machine. A bad table cannot be built: `DefinitionError` lists every problem at once.

    `covers` are states that lie over another one, to which `BACK` leads; `always` are guards of every move by a person.
    """

    def __init__(
        self,
        name: str,
        states: type[StrEnum],
        *,
        initial: StrEnum | Iterable[StrEnum],
        final: Iterable[StrEnum],
        rows: Iterable[Row | Iterable[Row]],
        always: Iterable[Guard] = (),
    ) -> None:
        self.name = name
        self.states = tuple(states)
        self.initial = _many(initial)
        self.final = frozenset(final)
        self.rows = tuple(one for row in rows for one in ((row,) if isinstance(row, Row) else row))
        self.always = tuple(always)
        self.covering = frozenset(state for row in self.rows if row.then is BACK for state in row.on)
        self._alone = {state.value: (state,) for state in self.states}
        problems = list(self._problems())
        if problems:
            raise DefinitionError(f"table {name!r}", problems)
        self.machine = self._machine()
        self._dispatch = self._compiled()
        self.commands = {row.command.word: row.command for row in self.rows}
        self.events = {row.event.word: row.event for row in self.rows if row.event}

    # -- the moves -----------------------------------------------------------------------------------------------

    def origins(self, covering: StrEnum | None) -> tuple[StrEnum, ...]:
        """The states that a covering state may lie over, in the order of the states."""
        over = {s for row in self.rows if row.then is covering for s in row.on if s is not None}
        return tuple(s for s in self.states if s in over and s is not covering)

    def moves(self) -> Iterator[Move]:
        """Every edge: `SAME` and `BACK` resolved, rows that only wait left out."""
        for row in self.rows:
            if not row.waits:
                for source in row.on:
                    yield from (Move(source, target, row) for target in self._targets(row, source))

    def _targets(self, row: Row, source: StrEnum | None) -> tuple[StrEnum, ...]:
        if row.then is BACK:
            return self.origins(source)
        if isinstance(row.then, _Mark):
            return () if source is None else (source,)
        return (row.then,)

    def layers(self, stack: tuple[Any, ...], event: Event) -> tuple[Any, ...]:
        """The layers of the state after an event: one, unless it is covered or covers (see `restack`)."""
        alone = self._alone[event.after]
        if len(stack) < 2 and alone[0] not in self.covering:
            return alone
        return restack(stack, event.before, alone[0], self.covering)

    # -- choosing ------------------------------------------------------------------------------------------------

    def choose(self, ctx: Context[Any], engine: str = "compiled", *, wrong: Refused | None = None) -> Move:
        """The move that this command makes, or a typed refusal that says why there is none.

        `wrong` is what is wrong with the sums of the command; it is told in its place in the order of refusals.
        Raises `NoSuchMove`, `NotYourMove`, `UnknownRulebookValue`, or the refusal of the guard that does not hold.
        """
        here = self._dispatch.get((ctx.state or _START, ctx.command.__class__))
        if here is None:
            raise NoSuchMove(self.no_such_move(ctx.state))
        choice = here.get(ctx.by)
        if choice is not None and choice.depends:
            choice = choice.of(ctx)
        if choice is None:
            roles = sorted(role for role in here if role is not Role.RULES)
            raise NotYourMove(f"This is for: {', '.join(roles) or 'the rules alone'}.", missing=roles)
        if ctx.by not in INTERNAL:
            choice.ask_first(ctx)
        if wrong is not None:
            raise wrong
        made = self._stock(ctx) if engine == "stock" else choice.first(ctx)
        if made is None:
            raise choice.refusal(ctx)
        return made

    def knows(self, state: str, command: type[Command]) -> bool:
        """Whether there is a row for this command in this state."""
        return (state, command) in self._dispatch

    def no_such_move(self, state: str | None) -> str:
        """What to say of a command that this state does not know."""
        if state is None:
            return f"There is no {self.name} here yet."
        if state in self.final:
            return f"This {self.name} is {state}, which is final."
        here = sorted({c.word for s, c in self._dispatch if s == state})
        return f"A {self.name} that is {state} knows: {', '.join(here)}."

    # -- the two engines -----------------------------------------------------------------------------------------

    def _machine(self) -> Machine:
        machine = Machine(
            model=None,
            states=[_START, *(s.value for s in self.states)],
            initial=None,
            auto_transitions=False,
            send_event=True,
        )
        for row in self.rows:
            for source in row.on:
                for target in self._targets(row, source):
                    allowed = _Allowed(Move(source, target, row), target if row.then is BACK else None, self.always)
                    machine.add_transition(
                        row.command.word,
                        source.value if source else _START,
                        target.value,
                        conditions=[allowed],
                        before=[allowed.note],
                    )
        return machine

    def _compiled(self) -> dict[tuple[str, type[Command]], dict[Role, _Choice]]:
        """The dispatch of the hot path, read off the machine's own registry: state and command, then role."""
        dispatch: dict[tuple[str, type[Command]], dict[Role, _Choice]] = {}
        for trigger in self.machine.events.values():
            for source, transitions in trigger.transitions.items():
                edges: tuple[Any, ...] = tuple(condition.func for t in transitions for condition in t.conditions)
                dispatch[source, edges[0].move.row.command] = {
                    role: _Choice(tuple(edge for edge in edges if role in edge.by), role)
                    for role in dict.fromkeys(role for edge in edges for role in edge.by)
                }
        return dispatch

    def _stock(self, ctx: Context[Any]) -> Move | None:
        """The same choice made by `transitions` itself, on a throw-away cursor."""
        cursor = _Cursor(ctx.state or _START)
        self.machine.events[type(ctx.command).word].trigger(cursor, ctx)
        return cursor.made

    # -- the proof -----------------------------------------------------------------------------------------------

    def _problems(self) -> Iterator[str]:
        yield from self._problems_of_states()
        for row in self.rows:
            yield from self._problems_of_row(row)
        yield from self._problems_of_order()

    def _problems_of_states(self) -> Iterator[str]:
        known = set(self.states)
        named = {s for row in self.rows for s in (*row.on, row.then) if isinstance(s, StrEnum)}
        for state in sorted((named | self.final | set(self.initial)) - known):
            yield f"unknown state {state!r}"
        moves = list(self.moves())
        edges = [(move.source, move.target) for move in moves]
        # A way back reaches nothing new: it leads only to where the machine already was.
        onward = [(move.source, move.target) for move in moves if move.row.then is not BACK]
        for state in sorted(known - _closure({None}, onward)):
            yield f"state {state.value!r} cannot be reached"
        for state in sorted(known - _closure(set(self.final), [(b, a) for a, b in edges])):
            yield f"state {state.value!r} is a trap: no way leads from it to a final state"
        for source, target in edges:
            if source in self.final and source is not target:
                yield f"final state {source} has a way out to {target}"
            if source is None and target not in self.initial:
                yield f"state {target} is created but is not named initial"
        for state in sorted(set(self.initial) - {target for source, target in edges if source is None}):
            yield f"state {state} is named initial, but nothing creates it"

    def _problems_of_row(self, row: Row) -> Iterator[str]:
        line = f"{'/'.join(str(s) for s in row.on)} on {row.command.word}"
        if not row.by:
            yield f"{line}: nobody may make this move"
        if not row.on:
            yield f"{line}: it starts in no state"
        if row.waits and (row.then is not SAME or not row.when):
            yield f"{line}: a row without an event only says why the command waits, and needs a guard that says it"
        if None in row.on and not isinstance(row.then, StrEnum):
            yield f"{line}: what creates must say which state"
        if (Role.CLOCK in row.by) != bool(row.clock):
            yield f"{line}: a move by the clock, and no other, names its clocks"
        if row.event is not None and row.event.says_all:
            for name in sorted(set(row.command.fields()) - set(row.event.fields())):
                yield f"{line}: event {row.event.word} does not carry {name!r}, which its command says"
        ranks = [RANK[check.refusal] for check in row.when]
        if ranks != sorted(ranks):
            yield f"{line}: guards are not in the order of the refusals: {', '.join(g.__name__ for g in row.when)}"
        for what, words in (
            *((g.__name__, g.words) for g in row.when),
            *((c.__name__, c.__doc__) for c in (row.command, row.event) if c),
        ):
            if not words or words.startswith("Method generated by attrs"):
                yield f"{line}: {what} has no docstring, so nothing can say it in words"

    def _problems_of_order(self) -> Iterator[str]:
        """A row without a guard hides those behind it for the same state, command and role; a word is one command's."""
        words = {row.command: row.command.word for row in self.rows}
        for word in sorted({w for w in words.values() if list(words.values()).count(w) > 1}):
            yield f"two commands have the word {word!r}"
        open_rows: set[tuple[StrEnum | None, type[Command], Role, str]] = set()
        for row in self.rows:
            for state in row.on:
                for role in row.by:
                    for clock in row.clock or ("",):
                        if (state, row.command, role, clock) in open_rows:
                            yield f"{state} on {row.command.word} by {role}: an earlier row without a guard hides it"
                        if not row.when:
                            open_rows.add((state, row.command, role, clock))


def _closure(start: set[Any], edges: list[tuple[Any, Any]]) -> set[Any]:
    """All states that can be reached from `start`."""
    reached = set(start)
    while more := {b for a, b in edges if a in reached} - reached:
        reached |= more
    return reached


class Changes:
    """What the events of a machine change of its record beside the state: one line an event, or a family of events."""

    def __init__(self, lines: Mapping[type[Event], Callable[[Any, Any], dict[str, Any]]]) -> None:
        self._lines = dict(lines)

    def __call__(self, it: Any, event: Event) -> dict[str, Any]:
        kind = type(event)
        line = self._lines.get(kind)
        if line is None:
            family = next((one for one in kind.__mro__ if one in self._lines), None)
            line = self._lines[kind] = self._lines[family] if family else lambda it, event: {}
        return line(it, event)


S = TypeVar("S", bound=StrEnum)


def restack(stack: tuple[S, ...], before: str | None, after: S, covering: frozenset[StrEnum | None]) -> tuple[S, ...]:
    """The layers of a machine's state after a move: a covering state lies over the one that it came from.

    The first of the stack is the state; a move of a layer below (while a hold lies on top) leaves those above alone.
    """
    if before is None:
        return (after,)
    top = [state.value for state in stack].index(before)
    above, below = stack[:top], stack[top + 1 :]
    if before == after:
        return stack
    if below and below[0] == after:
        return above + below
    if after in covering:
        return (*above, after, *stack[top:])
    return (*above, after)
