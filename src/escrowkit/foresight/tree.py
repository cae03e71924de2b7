"""A game in the making: what every node of its tree needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction

from escrowkit.agreement import Agreement
from escrowkit.copying import changed
from escrowkit.foresight import moves
from escrowkit.foresight.game import SIDES, Play, Values
from escrowkit.foresight.outcomes import outcome, outcomes
from escrowkit.foresight.seeing import gains

#: A move and the agreement after it; None where it cannot be made, a node where it is solved already.
Branch = tuple[str, Callable[[], Agreement | Play | None]]


class Builder(ABC):
    """Builds a game over one milestone from a start, for one side that asks, at an instant."""

    def __init__(
        self, start: Agreement, id_: str, side: str, at: datetime, chances: Values, other_pays: Fraction | None
    ) -> None:
        self.start, self.id, self.side, self.at = start, id_, side, at
        self.chances, self.other_pays = chances, other_pays
        self.currency = start.pot(id_).currency
        #: Where this side decides whether to pay: what paying and not paying is worth, if the other pays and if not.
        self.fee: dict[tuple[bool, bool], Fraction] = {}
        self.won: tuple[Fraction, Fraction] | None = None

    @abstractmethod
    def node(self, move: str, now: Agreement, depth: int) -> Play:
        """The node after a move: what can be done from there, solved."""

    def now(self, agreement: Agreement) -> datetime:
        """When it is at a node."""
        return max(self.at, agreement.at)

    def end(self, move: str, now: Agreement) -> Play:
        """Nothing is left to decide: time alone goes on, and each side nets what it nets."""
        done = moves.to_the_end(now, self.at)
        net = gains(self.start, done, self.id)
        fresh = len(outcomes(done, self.id)) > len(outcomes(self.start, self.id))
        last = outcome(done, self.id) if fresh else None
        return Play(move, "", {s: Fraction(net[s].minor) for s in SIDES}, code=last.code if last else None)

    def choice(self, move: str, now: Agreement, depth: int, mover: str, branches: Sequence[Branch]) -> Play:
        """A side takes the branch that is worth most to itself; of equals the first."""
        steps = [(words, after) for words, step in branches if (after := step()) is not None]
        found = [
            after if isinstance(after, Play) else self.node(words, after, depth + 1) for words, after in steps
        ]  # fmt: skip
        if not found:
            return self.end(move, now)
        best = max(found, key=lambda play: play.value[mover])
        return chosen(move, mover, found, best)

    def wait(self, now: Agreement, clock: str) -> Branch:
        """Let a deadline pass."""
        return "let the time pass", lambda: moves.pass_window(now, self.id, clock)

    def give_in(self, now: Agreement, mover: str) -> Branch:
        """Concede."""
        return "concede", lambda: moves.concede(now, self.id, self.now(now), by=mover)


def chosen(move: str, mover: str, found: Sequence[Play], best: Play) -> Play:
    """A node at which somebody takes the best branch."""
    branches = tuple(changed(play, chance=Fraction(play is best)) for play in found)
    return Play(move, mover, best.value, branches)


def mixed(branches: Sequence[Play]) -> Values:
    """What branches are worth together, by their chances."""
    return {side: sum((b.chance * b.value[side] for b in branches), Fraction(0)) for side in SIDES}
