"""The game from here, solved from its ends: who does what, if each side does what is best for itself.

The tree is made of decisions: every branch is played, so its end nets what the rules and the books say. Chances are the
caller's own. All arithmetic is exact: values are `Fraction`s of minor units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from escrowkit.agreement import Agreement
from escrowkit.copying import changed
from escrowkit.errors import BadArgument, Refused
from escrowkit.foresight import moves
from escrowkit.foresight.game import BOTH, ONE, SIDES, Chance, Game, Play, Values, chance_of, equilibrium, stable
from escrowkit.foresight.outcomes import outcome, outcomes
from escrowkit.foresight.seeing import as_seen, gains, role_named
from escrowkit.machines import dispute, escrow, mediation
from escrowkit.machines.arbitration import S as A
from escrowkit.machines.dispute import S as D
from escrowkit.machines.mediation import S as M
from escrowkit.money import Money
from escrowkit.roles import PARTY

#: More moves than any dispute has.
_DEEPEST: Final = 16


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
    return _Table(seen, milestone, side, at or agreement.at, chances, paying).game()


Branch = tuple[str, Callable[[], Agreement | None]]


class _Table:
    """A game in the making."""

    def __init__(
        self, start: Agreement, id_: str, side: str, at: datetime, chances: Values, other_pays: Fraction | None
    ) -> None:
        self.start, self.id, self.side, self.at = start, id_, side, at
        self.chances, self.other_pays = chances, other_pays
        self.currency = start.pot(id_).currency
        #: Where this side decides whether to pay: what paying and not paying is worth, if the other pays and if not.
        self.fee: dict[tuple[bool, bool], Fraction] = {}
        self.won: tuple[Fraction, Fraction] | None = None

    def game(self) -> Game:
        """All of it."""
        tree = self.node("now", self.start, 0)
        above, below = self._pays_between()
        room = self._settlement(tree.value)
        return Game(
            self.id, self.side, self.at, self.currency, self.chances, tree, above, below, self._win_from(), room
        )  # fmt: skip

    # -- nodes ---------------------------------------------------------------------------------------------------

    def node(self, move: str, now: Agreement, depth: int) -> Play:
        """The node after a move: what can be done from there, solved."""
        pot = now.pot(self.id, self.now(now))
        case = pot.dispute
        if depth >= _DEEPEST or pot.impounded or (case is not None and case.is_over):
            return self.end(move, now)
        if case is None:
            return self.undisputed(move, now, depth) if not pot.over or pot.clearing_gross else self.end(move, now)
        find = {D.OPENED: self.answering, D.MEDIATED: self.mediating, D.ARBITRATED: self.arbitrating}
        return find.get(case.state, self.escalating)(move, now, depth)

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
        found = [self.node(words, after, depth + 1) for words, step in branches if (after := step()) is not None]
        if not found:
            return self.end(move, now)
        best = max(found, key=lambda play: play.value[mover])
        return _chosen(move, mover, found, best)

    def wait(self, now: Agreement, clock: str) -> Branch:
        """Let a deadline pass."""
        return "let the time pass", lambda: moves.pass_window(now, self.id, clock)

    def give_in(self, now: Agreement, mover: str) -> Branch:
        """Concede."""
        return "concede", lambda: moves.concede(now, self.id, self.now(now), by=mover)

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
        return _chosen(move, side, found, max(found, key=lambda play: play.value[side]))

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
        return _chosen(move, mover, found, max(found, key=lambda play: play.value[mover]))

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

    # -- in arbitration ------------------------------------------------------------------------------------------

    def arbitrating(self, move: str, now: Agreement, depth: int) -> Play:
        """The fee is paid or not; then it is ruled on."""
        it: Any = now.pot(self.id).arbitration
        if it.state in (A.OFFERED, A.HALF_FUNDED, A.APPEALED):
            return self.paying(move, now, depth)
        if it.state is A.AWARDED:
            return self.end(move, now)
        heard = moves.heard(now, self.id, self.now(now))
        return self.ruling(move, heard, "the arbitrator rules") if heard else self.end(move, now)

    def ruling(self, move: str, now: Agreement, words: str) -> Play:
        """A ruling gives one side its claim; each side believes in its own chance."""
        ends = {}
        for side in SIDES:
            try:
                gives = moves.for_side(now.pot(self.id), side)
            except Refused:
                return self.end(move, now)
            after = moves.ruled(now, self.id, gives, self.now(now))
            if after is None:
                return self.end(move, now)
            ends[side] = self.end(f"{words} for the {side}", after)
        own = self.chances[self.side]
        mine, theirs = ends[self.side], ends[moves.other(self.side)]
        self.won = mine.value[self.side], theirs.value[self.side]
        value = {side: self._expected(ends, side) for side in SIDES}
        branches = (changed(mine, chance=own), changed(theirs, chance=1 - own))
        return Play(move, "chance", value, branches)

    def _expected(self, ends: Mapping[str, Play], side: str) -> Fraction:
        """By its own belief."""
        chance = self.chances[side]
        return chance * ends[side].value[side] + (1 - chance) * ends[moves.other(side)].value[side]

    def paying(self, move: str, now: Agreement, depth: int) -> Play:
        """Who pays the fee: one after the other, or both without knowing of the other."""
        it: Any = now.pot(self.id).arbitration
        unpaid = [side for side in SIDES if side in it.shares and side not in it.paid]
        if len(unpaid) == 2 and it.order != "claimant_first":
            return self.paying_together(move, now, depth)
        mover = it.claimant if len(unpaid) == 2 and it.claimant in unpaid else next(iter(unpaid), None)
        if mover is None:
            return self.end(move, now)
        return self.paying_alone(move, now, depth, mover)

    def paying_alone(self, move: str, now: Agreement, depth: int, mover: str) -> Play:
        """One side decides, knowing what the other has done."""
        it: Any = now.pot(self.id).arbitration
        paid = moves.pay(now, self.id, mover, self.now(now))
        # Of equals the first: nobody pays for nothing.
        branches: list[Branch] = [
            ("do not pay the fee", lambda: moves.pass_window(now, self.id, "arbitration.pay")),
            (f"pay the fee of {it.shares[mover]}", lambda: paid),
            self.give_in(now, mover),
        ]
        solved = self.choice(move, now, depth, mover, branches)
        known = {branch.move: branch for branch in solved.branches}
        leave, payed = (known.get(words) for words, _ in branches[:2])
        if leave is None or payed is None:
            return solved
        self._note_fee(mover, payed.value[self.side], leave.value[self.side], last=bool(it.paid))
        return self._by_chance(move, payed, leave) if mover != self.side and self.other_pays is not None else solved

    def _by_chance(self, move: str, payed: Play, leave: Play) -> Play:
        """The other side pays by a stated chance."""
        pays: Any = self.other_pays
        branches = (changed(payed, chance=pays), changed(leave, chance=1 - pays))
        return Play(move, "chance", _mixed(branches), branches)

    def _note_fee(self, mover: str, pay: Fraction, leave: Fraction, *, last: bool) -> None:
        """What paying and not paying is worth to this side, by what the other does."""
        if mover == self.side and not last:
            self.fee[False, True] = self.fee[False, False] = leave
        elif mover == self.side:
            self.fee[True, True], self.fee[False, True] = pay, leave
        else:
            self.fee[True, True], self.fee[True, False] = pay, leave

    def paying_together(self, move: str, now: Agreement, depth: int) -> Play:
        """Both decide without knowing of the other: an equilibrium."""
        cells: dict[tuple[bool, bool], Play] = {}
        for pays in BOTH:
            told = ("pays" if it else "does not pay" for it in pays)
            words = ", ".join(f"the {side} {it}" for side, it in zip(SIDES, told, strict=True))
            after = self._paid(now, pays)
            if after is None:
                return self.end(move, now)
            cells[pays] = self.node(words, after, depth + 1)
        mine = SIDES.index(self.side)
        for pays, cell in cells.items():
            self.fee[pays[mine], pays[1 - mine]] = cell.value[self.side]
        rates = self._rates(cells, mine)
        weights = {pays: _weight(rates, pays) for pays in cells}
        branches = tuple(changed(cell, chance=weights[pays]) for pays, cell in cells.items())
        return Play(move, "both", _mixed(branches), branches, note=self._several(cells))

    def _several(self, cells: Mapping[tuple[bool, bool], Play]) -> str:
        """A warning where more than one way to play is stable."""
        found = stable({pays: (play.value["payer"], play.value["payee"]) for pays, play in cells.items()})
        if self.other_pays is not None or len(found) < 2:
            return ""
        return f"one of {len(found)} stable ways to play"

    def _paid(self, now: Agreement, pays: tuple[bool, bool]) -> Agreement | None:
        """These pay, and if not all do, the window closes."""
        after: Agreement | None = now
        for side, it in zip(SIDES, pays, strict=True):
            after = moves.pay(after, self.id, side, self.now(after)) if after and it else after
        return after if after is None or all(pays) else moves.pass_window(after, self.id, "arbitration.pay")

    def _rates(self, cells: Mapping[tuple[bool, bool], Play], mine: int) -> tuple[Fraction, Fraction]:
        """How often each side pays: in equilibrium, or, where it is stated of the other, the best answer to that."""
        if self.other_pays is None:
            return equilibrium({pays: (p.value["payer"], p.value["payee"]) for pays, p in cells.items()})
        theirs = self.other_pays

        def worth(pays: bool) -> Fraction:
            return theirs * self.fee[pays, True] + (1 - theirs) * self.fee[pays, False]

        own = Fraction(worth(True) >= worth(False))
        return (own, theirs) if mine == 0 else (theirs, own)

    # -- what would change the advice ----------------------------------------------------------------------------

    def _pays_between(self) -> tuple[Fraction | None, Fraction | None]:
        """Between which chances of the other's paying it is better to pay than not to."""
        fee = self.fee
        if set(fee) != set(BOTH):
            return None, None
        if_pays, if_not = fee[True, True] - fee[False, True], fee[True, False] - fee[False, False]
        if min(if_pays, if_not) >= 0:
            return Fraction(0), Fraction(int(max(if_pays, if_not) > 0))
        if max(if_pays, if_not) <= 0:
            return Fraction(0), Fraction(0)
        turn = if_not / (if_not - if_pays)
        return (Fraction(0), turn) if if_not > 0 else (turn, ONE)

    def _win_from(self) -> Fraction | None:
        """The chance of winning from which paying is better than not, if the other side pays."""
        against = self.fee.get((False, True))
        if self.won is None or against is None or self.won[0] <= max(against, self.won[1]):
            return None
        return max((against - self.won[1]) / (self.won[0] - self.won[1]), Fraction(0))

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


def _chosen(move: str, mover: str, found: Sequence[Play], best: Play) -> Play:
    branches = tuple(changed(play, chance=Fraction(play is best)) for play in found)
    return Play(move, mover, best.value, branches)


def _mixed(branches: Sequence[Play]) -> Values:
    return {side: sum((b.chance * b.value[side] for b in branches), Fraction(0)) for side in SIDES}


def _then(move: str, words: str) -> str:
    return words if move == "now" else f"{move}; {words}"


def _weight(rates: tuple[Fraction, Fraction], pays: tuple[bool, bool]) -> Fraction:
    """How often both do so."""
    first, second = (rate if it else 1 - rate for rate, it in zip(rates, pays, strict=True))
    return first * second
