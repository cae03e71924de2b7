"""A state of the walk: an agreement without its history, and how it was reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from escrowkit.agreement import Agreement
from escrowkit.agreement.fold import Fold
from escrowkit.agreement.whole import Whole
from escrowkit.laws import Balances, balances
from escrowkit.pot import TABLES, Pot
from escrowkit.roles import Role
from escrowkit.table import Command


@frozen
class Try:
    """A command that somebody tries."""

    role: Role
    by: str
    command: Command


@frozen
class Tick:
    """Time passes until an instant; whatever is due by then is decided."""

    to: datetime


Move = Try | Tick
#: What came into each escrow in each currency, and what left it.
Flows = Mapping[tuple[str, str], tuple[int, int]]


class State(Whole):
    """One state: what a `Fold` has made, whence and by which move. It has the history of the opening alone.

    Histories are long and no rule reads them; whoever wants the whole agreement plays the path (`replayed`).
    """

    __slots__ = (
        *("after", "at", "balances", "billed", "conduct", "currency", "depth", "dues", "facts", "flows", "history"),
        *("keys", "lanes", "ledger", "move", "opened", "parent", "parties", "pots", "rail", "rulebook", "spent"),
        *("wait", "walked"),
    )

    def __init__(self, opened: Agreement, fold: Any, at: datetime, parent: State | None, move: Move | None) -> None:
        self.opened = opened
        # What never changes in a life; no command of the walk has a key, and the history is the opening alone.
        self.rulebook, self.parties, self.currency = opened.rulebook, opened.parties, opened.currency
        self.rail, self.facts, self.keys = opened.rail, opened.facts, opened.keys
        self.history = opened.history
        self.at = at
        self.lanes = fold.lanes
        self.ledger = fold.ledger
        self.billed = fold.billed
        self.conduct = fold.conduct
        self.dues = dict(fold.dues)
        #: Each milestone at this instant: everything that is tried here meets the same.
        self.pots: dict[str, Pot] = {}
        self.parent = parent
        self.move = move
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.spent: int = 0
        #: What stands on each account, and what flowed on the way here; counted by the laws.
        self.balances: Balances = balances(fold.ledger) if parent is None else parent.balances
        self.flows: Flows = {} if parent is None else parent.flows
        #: The state after the next tick, and None while there is nothing to wait for.
        self.after: State | None = None
        #: Whether all was tried here; where a limit came first, nobody knows what comes after.
        self.walked = False
        #: How long until then.
        self.wait: timedelta | None = None

    def met(self, milestone: str, at: datetime) -> Pot:
        """One milestone as a command meets it: the same for all that is tried here."""
        if at != self.at:
            return super().met(milestone, at)
        if milestone not in self.pots:
            self.pots[milestone] = super().met(milestone, at)
        return self.pots[milestone]

    def fold(self) -> Fold:
        """Where a decision over this state is made. It need not hide what is sealed: nobody reads its refusals."""
        fold = Fold(self)
        fold.is_view = True
        return fold

    def path(self) -> list[tuple[Move, datetime]]:
        """Every move from the opening to here, each with its instant."""
        found: list[tuple[Move, datetime]] = []
        state: State | None = self
        while state is not None and state.move is not None:
            found.append((state.move, state.at))
            state = state.parent
        return found[::-1]

    def names(self) -> tuple[str, ...]:
        """The states of its machines, without those that are over."""
        return tuple(f"{machine}.{state}" for machine, state in self._tops() if state not in TABLES[machine].final)

    def _tops(self) -> Iterator[tuple[str, Any]]:
        """Each machine with its state."""
        for lane in self.lanes.values():
            case = lane.cases[-1] if lane.cases else None
            records: list[tuple[str, Any]] = [("milestone", lane.milestone), ("escrow", lane.escrow)]
            records += [(name, getattr(case, name)) for name in ("dispute", "mediation", "arbitration") if case]
            records += [("obligation", one) for one in lane.obligations]
            for machine, record in records:
                if record is not None:
                    yield machine, record.stack[0]


def replayed(opened: Agreement, path: list[tuple[Move, datetime]], *, engine: str = "compiled") -> Agreement:
    """The agreement that a path makes when each move is a decision of its own. Raises what a decision raises."""
    for move, at in path:
        if isinstance(move, Tick):
            opened = opened.advance(move.to, engine=engine).agreement
        else:
            opened = opened.decide(move.command, by=move.by, at=at, engine=engine).agreement
    return opened
