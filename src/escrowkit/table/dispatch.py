"""How a move is chosen: the edges of one command for one role in one state, and the cursor of the stock engine."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from transitions import EventData

from escrowkit.errors import RANK, Refused, UnknownRulebookValue
from escrowkit.roles import PEOPLE, Role
from escrowkit.table.guards import Guard
from escrowkit.table.rows import Move
from escrowkit.table.said import Context


class Allowed:
    """The condition of one edge as `transitions` sees it: role, origin, then each guard; the row rides along."""

    def __init__(self, move: Move, origin: StrEnum | None, always: tuple[Guard, ...]) -> None:
        self.move = move
        self.origin = origin
        row = move.row
        self.by = row.by
        self.clock = row.clock
        self.checks = row.when
        self.people_checks = row.when + always
        self.early = tuple(check for check in row.when if RANK[check.refusal] <= RANK[UnknownRulebookValue])
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


class Choice:
    """The edges of one command for one role in one state, in the order of the table, and what is asked before them."""

    def __init__(self, edges: tuple[Allowed, ...], role: Role) -> None:
        self.edges = edges
        self.role = role
        #: Whether it depends on the state below, or on the clock, which of them are open.
        self.depends = any(edge.origin is not None or edge.clock for edge in edges)
        self.early = tuple(edge.early for edge in edges)
        self.reads = tuple(dict.fromkeys(key for edge in edges for check in edge.checks for key in check.reads))
        self.moves = tuple((edge.move, edge.checks_of(role)) for edge in edges if not edge.move.row.waits)

    def of(self, ctx: Context[Any]) -> Choice | None:
        """Those that are open now."""
        mine = tuple(edge for edge in self.edges if edge.may(ctx))
        return self if mine == self.edges else Choice(mine, self.role) if mine else None

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


class Cursor:
    """A throw-away model for the stock engine: the frozen record itself is never touched."""

    __slots__ = ("made", "state")

    def __init__(self, state: str) -> None:
        self.state = state
        self.made: Move | None = None


START: Final = "(start)"
