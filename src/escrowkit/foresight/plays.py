"""The game from here, solved from its ends: who does what, if each side does what is best for itself.

The tree is made of decisions: every branch is played, so its end nets what the rules and the books say. Chances are the
caller's own. All arithmetic is exact: values are `Fraction`s of minor units.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from escrowkit.agreement import Agreement
from escrowkit.doors import door
from escrowkit.errors import BadArgument, Refused
from escrowkit.foresight import moves
from escrowkit.foresight.fees import FeeBuilder
from escrowkit.foresight.game import SIDES, Chance, Game, Play, Values, chance_of
from escrowkit.foresight.seeing import as_seen, gains, role_named
from escrowkit.foresight.tree import chosen
from escrowkit.machines import dispute, escrow, mediation
from escrowkit.machines.dispute import S as D
from escrowkit.machines.mediation import S as M
from escrowkit.money import Money
from escrowkit.periods import instant
from escrowkit.roles import PARTY

#: More moves than any dispute has.
_DEEPEST: Final = 16


@door(agreement=Agreement, milestone=str, by=str, at=instant)
def plays(
    agreement: Agreement,
    milestone: str,
    by: str,
    at: datetime | None = None,
    *,
    win: Chance = "50%",
    other_wins: Chance | None = None,
    other_pays: Chance | None = None,
) -> Game:
    """The game over a milestone from here, as one party sees it, solved by backward induction.

    `win` is the chance that a neutral gives this party what it claims, as this party believes; `other_wins` what the
    other side believes of its own chances (one minus `win`, unless stated). With `other_pays`, whether the other side
    pays a fee is a matter of that chance and not of its own good. Each side can concede wherever it decides; a mediator
    who may only help brings no result; who wins a ruling gets its claim; nobody appeals. Where both pay without knowing
    of the other, what is told is an equilibrium: of several the one worth most to both together, and without a pure one
    the mixed one. What is sealed for this party counts as not done.

    Raises `BadArgument`, `UnknownMilestone`, `TimeRunsBackwards`.
    """
    seen = as_seen(agreement, by, at)
    role, side = role_named(seen, by)
    if role not in PARTY:
        raise BadArgument("only a party plays", key="by")
    seen.pot(milestone)
    own = chance_of(win)
    theirs = 1 - own if other_wins is None else chance_of(other_wins)
    chances = {side: own, moves.other(side): theirs}
    paying = None if other_pays is None else chance_of(other_pays)
    return _Table(seen, milestone, side, at or seen.at, chances, paying).game()


class _Table(FeeBuilder):
    """The whole game."""

    def game(self) -> Game:
        """All of it."""
        tree = self.node("now", self.start, 0)
        above, below = self.pays_between()
        room = self._settlement(tree.value)
        return Game(
            self.id, self.side, self.at, self.currency, self.chances, tree, above, below, self.win_from(), room
        )  # fmt: skip

    def node(self, move: str, now: Agreement, depth: int) -> Play:
        """The node after a move: what can be done from there, solved."""
        pot = now.pot(self.id, self.now(now))
        case = pot.dispute
        again = case is None or (case.is_over and not depth)
        if depth >= _DEEPEST or pot.impounded or (case is not None and case.is_over and not again):
            return self.end(move, now)
        if case is None or again:
            return self.undisputed(move, now, depth) if not pot.over or pot.clearing_gross else self.end(move, now)
        find = {D.OPENED: self.answering, D.MEDIATED: self.mediating, D.ARBITRATED: self.arbitrating}
        return find.get(case.state, self.escalating)(move, now, depth)

    # -- before and in a dispute ---------------------------------------------------------------------------------

    def undisputed(self, move: str, now: Agreement, depth: int) -> Play:
        """Who asks may give in, wait, or dispute."""
        pot, side, at = now.pot(self.id, self.now(now)), self.side, self.now(now)
        give: Any = escrow.Release(self.id, pot.held) if side == "payer" else escrow.Refund(self.id, pot.held)
        found = [self.end("wait", now)]
        given = moves.take(now, side, give, at) if pot.held else None
        if given is not None:
            found.append(self.end("give all that is held", given))
        opened = moves.disputed(now, self.id, at, by=side)
        if opened is not None and opened.history[len(now.history)].event.by == side:
            found.append(self.node("open a dispute", opened, depth + 1))
        return chosen(move, side, found, max(found, key=lambda play: play.value[side]))

    def answering(self, move: str, now: Agreement, depth: int) -> Play:
        """Who must answer contests, concedes, or is silent."""
        case: Any = now.pot(self.id).dispute
        if not case.must_answer:
            return self.escalating(move, now, depth)
        mover = case.must_answer[0]
        contest = dispute.Contest(self.id)
        return self.choice(
            move, now, depth, mover,
            [
                ("contest", lambda: moves.take(now, mover, contest, self.now(now))),
                self.give_in(now, mover),
                self.wait(now, "dispute.answer"),
            ],
        )  # fmt: skip

    def escalating(self, move: str, now: Agreement, depth: int) -> Play:
        """Who may escalates, or leaves it; where nobody can, time alone goes on."""
        try:
            when = max(self.now(now), now.pot(self.id, self.now(now)).escalable_from or self.at)
        except Refused:
            return self.end(move, now)
        steps = {side: moves.take(now, side, dispute.Escalate(self.id), when) for side in SIDES}
        mover = next((side for side in (self.side, moves.other(self.side)) if steps[side] is not None), None)
        if mover is None:
            return self.end(move, now)
        on = self.node("escalate", steps[mover], depth + 1)  # type: ignore[arg-type]
        given = moves.concede(now, self.id, self.now(now), by=mover)
        found = [on, self.end("leave it as it is", now), *([self.end("concede", given)] if given else [])]
        return chosen(move, mover, found, max(found, key=lambda play: play.value[mover]))

    def mediating(self, move: str, now: Agreement, depth: int) -> Play:
        """A recommendation is accepted or not; a mediator who may decide rules; else the mediation has no result."""
        it = now.pot(self.id).mediation
        if it is None or it.state is M.FAILED:
            return self.escalating(move, now, depth)
        if it.power == "decide":
            heard = moves.heard(now, self.id, self.now(now))
            return self.ruling(move, heard, "the mediator decides") if heard else self.end(move, now)
        if it.state is M.RECOMMENDED:
            return self.recommended(move, now, depth)
        at = self.now(now)
        sitting = moves.take(now, "platform", mediation.Assign(self.id, "(a mediator)"), at) or now
        failed = moves.take(sitting, "mediator", mediation.Fail(self.id, "…"), at)
        words = _then(move, "the mediation has no result")
        return self.node(words, failed, depth + 1) if failed else self.end(move, now)

    def recommended(self, move: str, now: Agreement, depth: int) -> Play:
        """Each side that has not, accepts or rejects the recommendation."""
        it: Any = now.pot(self.id).mediation
        mover = next((side for side in SIDES if side not in it.accepted), None)
        if mover is None:
            return self.end(move, now)
        accept, reject = mediation.Accept(self.id, it.recommendation), mediation.Reject(self.id, it.recommendation)
        return self.choice(
            move, now, depth, mover,
            [
                ("accept the recommendation", lambda: moves.take(now, mover, accept, self.now(now))),
                ("reject the recommendation", lambda: moves.take(now, mover, reject, self.now(now))),
                self.give_in(now, mover),
            ],
        )  # fmt: skip

    def _settlement(self, worth: Values) -> tuple[Money, Money] | None:
        """What the payee may get now so that neither side is worse off than by playing on."""
        case = moves.disputed(self.start, self.id, self.at, by=self.side)
        if case is None:
            return None
        stake = case.pot(self.id).stake.minor

        def better(to_payee: int, side: str) -> bool:
            after = moves.settle(case, self.id, Money(to_payee, self.currency), self.at, by=self.side)
            if after is None:
                return False
            return gains(self.start, moves.to_the_end(after, self.at), self.id)[side].minor >= worth[side]

        if not better(stake, "payee") or not better(0, "payer"):
            return None
        least = _boundary(lambda it: better(it, "payee"), -1, stake)
        most = stake - _boundary(lambda it: better(stake - it, "payer"), -1, stake)
        return (Money(least, self.currency), Money(most, self.currency)) if least <= most else None


def _boundary(enough: Callable[[int], bool], low: int, high: int) -> int:
    """The least number that is enough, if all above it are."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _then(move: str, words: str) -> str:
    return words if move == "now" else f"{move}; {words}"
