"""A game as a value: its tree of moves, solved, and how it is told; and what two do who cannot see each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from escrowkit.errors import BadArgument, shown
from escrowkit.foresight.seeing import signed
from escrowkit.money import Money, parse_rate

Chance = Fraction | str
Values = Mapping[str, Fraction]
SIDES: Final = ("payer", "payee")
ONE: Final = Fraction(1)
#: Whether the payer does it, and whether the payee does.
BOTH: Final[tuple[tuple[bool, bool], ...]] = ((True, True), (True, False), (False, True), (False, False))


@frozen
class Play:
    """A node of the game: the move that leads to it, who moves next, what it is worth to each side from now on.

    `mover` is payer, payee, `both` (each without knowing of the other), `chance` (a ruling, or what the other side does
    by a stated chance), or empty at an end. `value` is the expected net of each side in minor units, counted as in
    `stakes`: with the chances that this side believes in. `chance` is that of the branch among its siblings, for who
    asked: 1 for what a side would do. `code` is that of the outcome at an end; `note` says what the numbers do not.
    """

    move: str
    mover: str
    value: Values
    branches: tuple[Play, ...] = ()
    chance: Fraction = ONE
    code: str | None = None
    note: str = ""

    @property
    def line(self) -> tuple[str, ...]:
        """The moves that are expected, each with who makes it, up to the first chance."""
        best = next((branch for branch in self.branches if branch.chance == 1), None)
        if best is None:
            return ()
        who = f"the {self.mover}: " if self.mover in SIDES else ""
        return (f"{who}{best.move}", *best.line)

    def nodes(self) -> Iterator[Play]:
        """This node and all below it."""
        yield self
        for branch in self.branches:
            yield from branch.nodes()


@frozen
class Game:
    """A solved game: its tree, what it is worth to each side, and what would change the advice.

    `pays_above` and `pays_below`: paying the fee is better for this side than not paying it where it thinks that the
    other side pays with a chance between these (0 and 1: always; 0 and 0: never; None: there is no such choice).
    `win_from`: the least chance of winning with which paying is better even if the other side pays too. `settlement`:
    what the payee may get in a settlement now that leaves neither side worse than playing on (least and most); None if
    there is no such sum.
    """

    milestone: str
    by: str
    at: datetime
    currency: str
    chances: Mapping[str, Fraction]
    tree: Play
    pays_above: Fraction | None = None
    pays_below: Fraction | None = None
    win_from: Fraction | None = None
    settlement: tuple[Money, Money] | None = None

    def worth(self, side: str | None = None) -> Money:
        """What the game is worth to a side (this one, if none is named), rounded half up to the minor unit."""
        whose = self.by if side is None else side
        if not isinstance(whose, str) or whose not in self.tree.value:
            raise BadArgument(f"side = {shown(whose)}: it is one of {', '.join(self.tree.value)}", key="side")
        return as_money(self.tree.value[whose], self.currency)

    def text(self) -> str:
        """The tree as text: one line a move, `>` before what a side would do."""
        return "\n".join(_lines(self.tree, self.currency, 0))

    def mermaid(self) -> str:
        """The tree as a Mermaid flowchart; thick arrows are what a side would do."""
        return "\n".join(["flowchart LR", *_chart(self.tree, self.currency)]) + "\n"

    def data(self) -> dict[str, Any]:
        """As plain data: amounts and chances as text."""
        return {
            "milestone": self.milestone,
            "by": self.by,
            "at": self.at.isoformat(),
            "chances": {side: str(chance) for side, chance in self.chances.items()},
            "worth": {side: str(self.worth(side)) for side in SIDES},
            "line": self.tree.line,
            "pays_above": None if self.pays_above is None else str(self.pays_above),
            "pays_below": None if self.pays_below is None else str(self.pays_below),
            "win_from": None if self.win_from is None else str(self.win_from),
            "settlement": self.settlement and [str(sum_) for sum_ in self.settlement],
            "tree": _tree_data(self.tree, self.currency),
        }


def as_money(value: Fraction, currency: str) -> Money:
    """An expected amount, rounded half away from zero to the minor unit."""
    return Money(1, currency).portion(value) if value >= 0 else -Money(1, currency).portion(-value)


def chance_of(said: Chance) -> Fraction:
    """A chance from 0 to 1, as a fraction or as a text.

    >>> chance_of("60%"), chance_of("1/3"), chance_of(Fraction(1, 2))
    (Fraction(3, 5), Fraction(1, 3), Fraction(1, 2))

    Raises `BadArgument`.
    """
    if isinstance(said, str):
        try:
            said = parse_rate(said) if said.endswith("%") else Fraction(said)
        except (ValueError, ZeroDivisionError) as error:
            raise BadArgument(f'{shown(said)} is no chance such as "60%" or "1/3"', key="chance") from error
    if not isinstance(said, Fraction) or not 0 <= said <= 1:
        raise BadArgument(f"{shown(said)} is no chance: a Fraction from 0 to 1, or a text such as 60%", key="chance")
    return said


# -- two who cannot see each other ------------------------------------------------------------------------------------


Cells = Mapping[tuple[bool, bool], tuple[Fraction, Fraction]]


def stable(cells: Cells) -> list[tuple[bool, bool]]:
    """The cells that neither of two would leave alone; first those in which nobody does what is never better.

    >>> zero, one, two = Fraction(0), Fraction(1), Fraction(2)
    >>> never_better = {(True, True): (zero, zero), (True, False): (one, one)}
    >>> stable({**never_better, (False, True): (one, two), (False, False): (one, zero)})
    [(False, True)]
    """
    found = [(a, b) for a, b in cells if cells[a, b][0] >= cells[not a, b][0] and cells[a, b][1] >= cells[a, not b][1]]
    sound = [(a, b) for a, b in found if not _never_better(cells, 0, a) and not _never_better(cells, 1, b)]
    return sound or found


def _never_better(cells: Cells, whose: int, does: bool) -> bool:
    """Whether what one does is at best as good as the other thing, and sometimes worse."""
    loses = [_got(cells, whose, not does, others) - _got(cells, whose, does, others) for others in (True, False)]
    return min(loses) >= 0 and max(loses) > 0


def _got(cells: Cells, whose: int, own: bool, others: bool) -> Fraction:
    return cells[(own, others) if whose == 0 else (others, own)][whose]


def equilibrium(cells: Cells) -> tuple[Fraction, Fraction]:
    """How often each of two does it, if neither gains by doing otherwise; `cells` holds what each gets by what both do.

    >>> got = [(-2, -2), (3, 0), (0, 3), (-1, -1)]
    >>> cells = {both: (Fraction(a), Fraction(b)) for both, (a, b) in zip(BOTH, got, strict=True)}
    >>> equilibrium(cells)
    (Fraction(1, 1), Fraction(0, 1))

    Of several pure ones the one that is worth most to both together; without one, the mixed one.
    """
    found = stable(cells)
    if found:
        a, b = max(found, key=lambda pays: sum(cells[pays]))
        return Fraction(a), Fraction(b)
    return _indifferent(cells, 1), _indifferent(cells, 0)


def _indifferent(cells: Cells, watched: int) -> Fraction:
    """How often the other one must do it so that the watched one does not care."""

    gains = [_got(cells, watched, True, others) - _got(cells, watched, False, others) for others in (True, False)]
    return gains[1] / (gains[1] - gains[0])


# -- telling ---------------------------------------------------------------------------------------------------------


def _told(play: Play, currency: str) -> str:
    worth = ", ".join(f"{side} {signed(as_money(play.value[side], currency))}" for side in SIDES)
    return worth + (f" [{play.code}]" if play.code else "")


def _odds(chance: Fraction) -> str:
    return f"{as_money(chance * 1000, 'JPY').minor / 10:g}%"


def _lines(play: Play, currency: str, depth: int) -> Iterator[str]:
    if depth == 0:
        yield f"{_mover(play)} ({_told(play, currency)}){_noted(play)}"
    for branch in play.branches:
        mixed = play.mover in ("chance", "both") and branch.chance not in (0, 1)
        mark = f"{_odds(branch.chance)} " if mixed or play.mover == "chance" else "> " if branch.chance == 1 else "  "
        then = f" — then {_mover(branch)}{_noted(branch)}" if branch.branches else ""
        yield f"{'    ' * depth}  {mark}{branch.move}: {_told(branch, currency)}{then}"
        yield from _lines(branch, currency, depth + 1)


def _noted(play: Play) -> str:
    return f" [{play.note}]" if play.note else ""


def _mover(play: Play) -> str:
    return {"chance": "it is a matter of chance", "both": "both decide at once", "": "it is over"}.get(
        play.mover, f"the {play.mover} decides"
    )


def _chart(tree: Play, currency: str) -> Iterator[str]:
    names = {id(play): f"n{number}" for number, play in enumerate(tree.nodes())}
    for play in tree.nodes():
        worth = _told(play, currency).replace(", ", "<br/>").replace(" [", "<br/>(").replace("]", ")")
        label = f"{_mover(play)}<br/>{worth}"
        shape = ('(["', '"])') if not play.branches else ('{{"', '"}}') if play.mover == "chance" else ('["', '"]')
        yield f"    {names[id(play)]}{shape[0]}{label}{shape[1]}"
        for branch in play.branches:
            mixed = play.mover in ("chance", "both") and branch.chance != 0
            words = f"{_odds(branch.chance)} {branch.move}" if mixed else branch.move
            arrow = "==>" if branch.chance == 1 and play.mover != "chance" else "-->"
            yield f'    {names[id(play)]} {arrow}|"{words}"| {names[id(branch)]}'


def _tree_data(play: Play, currency: str) -> dict[str, Any]:
    return {
        "move": play.move,
        "mover": play.mover,
        "chance": str(play.chance),
        "value": {side: str(as_money(play.value[side], currency)) for side in SIDES},
        "code": play.code,
        "note": play.note,
        "branches": [_tree_data(branch, currency) for branch in play.branches],
    }
