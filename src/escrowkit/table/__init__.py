"""A table of moves: the law of one machine, one row a line, proved when it is built.

`Table` makes a `transitions.Machine` from its rows and compiles its dispatch from that machine, so what is drawn is
what runs. A row says: in this state, on this command, by this role, then that state, telling this event, when these
guards hold. A guard is a named function whose docstring is the rule in words.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Final, Generic

from transitions import Machine

from escrowkit.errors import DefinitionError, NoSuchMove, NotYourMove, Refused
from escrowkit.roles import Role
from escrowkit.table.changes import Changes, Layered, restack
from escrowkit.table.dispatch import START, Allowed, Choice, Cursor
from escrowkit.table.guards import Guard, answers, guard, may_say, nobody_suspended, not_impounded
from escrowkit.table.proof import problems
from escrowkit.table.rows import BACK, SAME, Mark, Move, Row, Waits, many
from escrowkit.table.said import Command, Context, Event, It, said, words_of

#: Those who give no commands from outside.
INTERNAL: Final = frozenset({Role.CLOCK, Role.RULES})

# `transitions` logs every callback at INFO; a host's root logger would triple the cost of a move.
logging.getLogger("transitions").setLevel(logging.WARNING)


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
        #: The name as a sentence begins with it: `An escrow`.
        self.one = f"{'An' if name[0] in 'aeiou' else 'A'} {name}"
        self.states = tuple(states)
        self.initial = many(initial)
        self.final = frozenset(final)
        self.rows = tuple(one for row in rows for one in ((row,) if isinstance(row, Row) else row))
        self.always = tuple(always)
        self.covering = frozenset(state for row in self.rows if row.then is BACK for state in row.on)
        self._alone = {state.value: (state,) for state in self.states}
        if wrong := list(problems(self)):
            raise DefinitionError(f"table {name!r}", wrong)
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
        if isinstance(row.then, Mark):
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
        here = self._dispatch.get((ctx.state or START, ctx.command.__class__))
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

    def may(self, ctx: Context[Any]) -> bool:
        """Whether `choose` finds a move: the same answer without the words. Raises `UnknownRulebookValue`."""
        choice = self._dispatch.get((ctx.state or START, ctx.command.__class__), {}).get(ctx.by)
        if choice is not None and choice.depends:
            choice = choice.of(ctx)
        return choice is not None and choice.first(ctx) is not None

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
        return f"{self.one} that is {state} knows: {', '.join(here)}."

    # -- the two engines -----------------------------------------------------------------------------------------

    def _machine(self) -> Machine:
        machine = Machine(
            model=None,
            states=[START, *(s.value for s in self.states)],
            initial=None,
            auto_transitions=False,
            send_event=True,
        )
        for row in self.rows:
            for source in row.on:
                for target in self._targets(row, source):
                    allowed = Allowed(Move(source, target, row), target if row.then is BACK else None, self.always)
                    machine.add_transition(
                        row.command.word,
                        source.value if source else START,
                        target.value,
                        conditions=[allowed],
                        before=[allowed.note],
                    )
        return machine

    def _compiled(self) -> dict[tuple[str, type[Command]], dict[Role, Choice]]:
        """The dispatch of the hot path, read off the machine's own registry: state and command, then role."""
        dispatch: dict[tuple[str, type[Command]], dict[Role, Choice]] = {}
        for trigger in self.machine.events.values():
            for source, transitions in trigger.transitions.items():
                edges: tuple[Any, ...] = tuple(condition.func for t in transitions for condition in t.conditions)
                dispatch[source, edges[0].move.row.command] = {
                    role: Choice(tuple(edge for edge in edges if role in edge.by), role)
                    for role in dict.fromkeys(role for edge in edges for role in edge.by)
                }
        return dispatch

    def _stock(self, ctx: Context[Any]) -> Move | None:
        """The same choice made by `transitions` itself, on a throw-away cursor."""
        cursor = Cursor(ctx.state or START)
        self.machine.events[type(ctx.command).word].trigger(cursor, ctx)
        return cursor.made


__all__ = [
    "BACK",
    "INTERNAL",
    "SAME",
    "START",
    "Changes",
    "Command",
    "Context",
    "Event",
    "Guard",
    "Layered",
    "Move",
    "Row",
    "Table",
    "Waits",
    "answers",
    "guard",
    "may_say",
    "nobody_suspended",
    "not_impounded",
    "restack",
    "said",
    "words_of",
]
