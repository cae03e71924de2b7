"""The part of a game in which a fee is paid or not, and a neutral rules."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from escrowkit.agreement import Agreement
from escrowkit.copying import changed
from escrowkit.errors import Refused
from escrowkit.foresight import moves
from escrowkit.foresight.game import BOTH, ONE, SIDES, Play, equilibrium, stable
from escrowkit.foresight.tree import Branch, Builder, mixed
from escrowkit.machines.arbitration import S as A


class FeeBuilder(Builder):
    """Builds what happens in arbitration."""

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
            ("do not pay the fee", lambda: self.unpaid("do not pay the fee", now)),
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
        return Play(move, "chance", mixed(branches), branches)

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
            closed = after if all(pays) else self.unpaid(words, after)
            cells[pays] = closed if isinstance(closed, Play) else self.node(words, closed, depth + 1)
        mine = SIDES.index(self.side)
        for pays, cell in cells.items():
            self.fee[pays[mine], pays[1 - mine]] = cell.value[self.side]
        rates = self._rates(cells, mine)
        weights = {pays: _weight(rates, pays) for pays in cells}
        branches = tuple(changed(cell, chance=weights[pays]) for pays, cell in cells.items())
        return Play(move, "both", mixed(branches), branches, note=self._several(cells))

    def _several(self, cells: Mapping[tuple[bool, bool], Play]) -> str:
        """A warning where more than one way to play is stable."""
        found = stable({pays: (play.value["payer"], play.value["payee"]) for pays, play in cells.items()})
        if self.other_pays is not None or len(found) < 2:
            return ""
        return f"one of {len(found)} stable ways to play"

    def _paid(self, now: Agreement, pays: tuple[bool, bool]) -> Agreement | None:
        """These pay."""
        after: Agreement | None = now
        for side, it in zip(SIDES, pays, strict=True):
            after = moves.pay(after, self.id, side, self.now(after)) if after and it else after
        return after

    def unpaid(self, move: str, now: Agreement) -> Agreement | Play:
        """The window closes, if it runs; if none does, the case rests, and time alone goes on."""
        return moves.pass_window(now, self.id, "arbitration.pay") or self.end(move, now)

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

    def pays_between(self) -> tuple[Fraction | None, Fraction | None]:
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

    def win_from(self) -> Fraction | None:
        """The chance of winning from which paying is better than not, if the other side pays."""
        against = self.fee.get((False, True))
        if self.won is None or against is None or self.won[0] <= max(against, self.won[1]):
            return None
        return max((against - self.won[1]) / (self.won[0] - self.won[1]), Fraction(0))


def _weight(rates: tuple[Fraction, Fraction], pays: tuple[bool, bool]) -> Fraction:
    """How often both do so."""
    first, second = (rate if it else 1 - rate for rate, it in zip(rates, pays, strict=True))
    return first * second
