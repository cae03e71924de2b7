"""What a party's past agreements show: counts, shares and ratings. It decides nothing and moves nothing.

A track record is a fold over agreements in which the order does not matter: parts that were folded elsewhere are merged
by `+`, in any order. Only agreements that have ended are counted; what may still change is no record.

>>> empty = TrackRecord()
>>> empty + empty == empty, empty.share("cancelled")
(True, None)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, Final

from attrs import field, frozen

from escrowkit.agreement import Agreement
from escrowkit.doors import Every, door
from escrowkit.errors import BadArgument, shown
from escrowkit.ledger import Kind
from escrowkit.machines import arbitration, conduct, dispute, escrow, mediation
from escrowkit.money import Money
from escrowkit.pot import Pot

#: Fewer contracts than these show no share: two of three say little, and point at people.
LEAST: Final = 5
SIDES: Final = ("payer", "payee")


class _Life:
    """One agreement from one side, as far as a count asks."""

    def __init__(self, agreement: Agreement, side: str) -> None:
        self.agreement = agreement
        self.side = side

    @cached_property
    def kinds(self) -> frozenset[type[Any]]:
        """Every kind of event that happened."""
        return frozenset(type(event) for event in self.agreement.events())

    @cached_property
    def agreed(self) -> tuple[Pot, ...]:
        """The milestones to which both sides agreed."""
        pots = (self.agreement.pot(id_) for id_ in self.agreement.milestones)
        return tuple(pot for pot in pots if pot.milestone_state not in ("proposed", "declined"))

    @property
    def ended(self) -> bool:
        """Whether every milestone is over and no dispute is open."""
        pots = [self.agreement.pot(id_) for id_ in self.agreement.milestones]
        return all(pot.over and not pot.disputed for pot in pots)

    @staticmethod
    def kept(pot: Pot) -> Money:
        """What the payee got of a milestone and does not owe back, gross of the service fee."""
        return pot.released - pot.owed_by_outcome

    @property
    def refunded(self) -> bool:
        """Whether money went back to the payer, other than by an override from outside."""
        return escrow.ReleasedRefunded in self.kinds or any(
            line.target == "payable:payer" and line.source.startswith(("escrow:", "clearing:"))
            for entry in self.agreement.entries()
            for line in entry.lines
            if entry.kind is not Kind.OVERRIDE
        )

    @property
    def defaulted(self) -> bool:
        """Whether this side lost a dispute by its own silence."""
        return any(self.side in case.defaulted for lane in self.agreement.lanes.values() for case in lane.cases)

    @property
    def suspended(self) -> bool:
        """Whether this side was ever suspended in it."""
        found = (e for e in self.agreement.events() if isinstance(e, (conduct.Suspended, conduct.StruckOut)))
        return any(event.role == self.side for event in found)


def _paid_in_full(it: _Life) -> bool:
    return bool(it.agreed) and all(it.kept(pot) >= pot.price for pot in it.agreed)


def _cancelled(it: _Life) -> bool:
    return not any(it.kept(pot) for pot in it.agreed)


@frozen
class Count:
    """One thing that is counted: its name, what it means in words, and when an ended agreement counts."""

    name: str
    words: str
    test: Callable[[_Life], bool] = field(repr=False)


#: What is counted of agreements that have ended, in the order of a page. The first three exclude one another.
COUNTS: Final[tuple[Count, ...]] = (
    Count("paid_in_full", "every agreed milestone was paid, whole, and nothing of it went back", _paid_in_full),
    Count("cancelled", "the payee got, or kept, nothing", _cancelled),
    Count("closed_early", "a part was paid, and not all", lambda it: not _paid_in_full(it) and not _cancelled(it)),
    Count("refunded", "money went back to the payer, overrides from outside aside", lambda it: it.refunded),
    Count("disputed", "a dispute was opened", lambda it: dispute.Opened in it.kinds),
    Count("mediated", "a mediation was opened", lambda it: mediation.Opened in it.kinds),
    Count("arbitrated", "an arbitrator was appointed", lambda it: arbitration.Appointed in it.kinds),
    Count("defaulted", "this side lost a dispute by its own silence", lambda it: it.defaulted),
    Count("charged_back", "the payer's bank took a deposit back", lambda it: escrow.ChargedBack in it.kinds),
    Count("suspended", "this side was suspended", lambda it: it.suspended),
)  # fmt: skip
NAMES: Final = ("contracts", "running", *(count.name for count in COUNTS))


@frozen
class Ratings:
    """Ratings that were published: how many, and their sum, each as a part of the best score of its rulebook."""

    count: int = 0
    total: Fraction = Fraction(0)

    @property
    def average(self) -> Fraction | None:
        """The average, from 0 to 1; None without any."""
        return self.total / self.count if self.count else None

    def __add__(self, other: Ratings) -> Ratings:
        return Ratings(self.count + other.count, self.total + other.total)


@frozen
class TrackRecord:
    """The record of a party: `contracts` that have ended, those that are `running`, and what is counted of the ended.

    `given` and `received` are ratings. Equal records show the same, whatever the order in which they were folded.
    """

    contracts: int = 0
    running: int = 0
    counts: Mapping[str, int] = field(factory=dict)
    given: Ratings = Ratings()
    received: Ratings = Ratings()

    def __add__(self, other: TrackRecord) -> TrackRecord:
        """Both together: they must have no agreement in common."""
        if not isinstance(other, TrackRecord):
            return NotImplemented
        names = (count.name for count in COUNTS)
        sums = {name: self.counts.get(name, 0) + other.counts.get(name, 0) for name in names}
        return TrackRecord(
            self.contracts + other.contracts,
            self.running + other.running,
            {name: count for name, count in sums.items() if count},
            self.given + other.given,
            self.received + other.received,
        )

    @door(name=str)
    def count(self, name: str) -> int:
        """How many. Raises `BadArgument` for a name that is none of `NAMES`."""
        if name not in NAMES:
            raise BadArgument(f"{shown(name)} is not counted; there are: {', '.join(NAMES)}", key="name")
        return getattr(self, name) if name in ("contracts", "running") else self.counts.get(name, 0)

    @door(name=str, least=int)
    def share(self, name: str, *, least: int = LEAST) -> Fraction | None:
        """The share of the contracts that have ended; None where they are fewer than `least`.

        Raises `BadArgument` for a name that is none of `NAMES`.
        """
        count = self.count(name)
        return Fraction(count, self.contracts) if self.contracts >= max(least, 1) else None

    @door(name=str, least=int)
    def text(self, name: str, *, least: int = LEAST) -> str:
        """A count with its share, as a page shows it: `2 (16.7%)`. Raises `BadArgument`."""
        share = self.share(name, least=least)
        plain = name in ("contracts", "running")
        return f"{self.count(name)}" + ("" if share is None or plain else f" ({percent(share)})")

    @door(least=int)
    def data(self, *, least: int = LEAST) -> dict[str, Any]:
        """As plain data: each count with its share as text, or null where it is withheld; ratings alike."""
        counted = {
            count.name: {"count": self.count(count.name), "share": _told(self.share(count.name, least=least))}
            for count in COUNTS
        }
        rated = {name: self._rated(getattr(self, name), least) for name in ("given", "received")}
        return {"contracts": self.contracts, "running": self.running, **counted, **rated}

    @staticmethod
    def _rated(ratings: Ratings, least: int) -> dict[str, Any]:
        return {"count": ratings.count, "average": _told(ratings.average if ratings.count >= least else None)}


def _told(share: Fraction | None) -> str | None:
    return None if share is None else percent(share)


@door(share=Fraction)
def percent(share: Fraction) -> str:
    """A share in words, to a tenth of a percent, halves up.

    >>> percent(Fraction(1, 6)), percent(Fraction(1, 4)), percent(Fraction(1))
    ('16.7%', '25%', '100%')
    """
    whole, tenth = divmod((2000 * share.numerator + share.denominator) // (2 * share.denominator), 10)
    return f"{whole}.{tenth}%" if tenth else f"{whole}%"


@door(agreement=Agreement, side=str)
def of(agreement: Agreement, side: str) -> TrackRecord:
    """What one agreement adds to the record of the party on one side (`payer` or `payee`). Raises `BadArgument`."""
    if side not in SIDES:
        raise BadArgument(f"side = {shown(side)}: it is one of {', '.join(SIDES)}", key="side")
    life = _Life(agreement, side)
    if not life.ended:
        return TrackRecord(running=1)
    counts = {count.name: 1 for count in COUNTS if count.test(life)}
    other = SIDES[1 - SIDES.index(side)]
    return TrackRecord(1, 0, counts, _ratings(agreement, side), _ratings(agreement, other))


def _ratings(agreement: Agreement, side: str) -> Ratings:
    """What a side gave, once it is no longer sealed."""
    given = Ratings()
    for lane in agreement.lanes.values():
        told = lane.feedback
        if told is not None and not told.hidden and side in told.written:
            given += Ratings(1, Fraction(told.written[side], lane.rules["conduct.feedback.scale"]))
    return given


@door(agreements=Every(Agreement), party=str, side=str)
def track_record(agreements: Iterable[Agreement], party: str, *, side: str | None = None) -> TrackRecord:
    """The record of a party, by its id, over its agreements, each once and in any order; others are passed over.

    With a `side`, only those in which it was the payer, or the payee. Raises `BadArgument`.
    """
    sides = SIDES if side is None else (side,)
    parts = (of(one, name) for one in agreements for name in sides if one.parties.get(name, party) == party)
    return reduce(TrackRecord.__add__, parts, TrackRecord())


@door(records=Every(TrackRecord))
def merge(records: Iterable[TrackRecord]) -> TrackRecord:
    """Several records as one, in any order; they must have no agreement in common."""
    return reduce(TrackRecord.__add__, records, TrackRecord())


__all__ = ["COUNTS", "LEAST", "NAMES", "Count", "Ratings", "TrackRecord", "merge", "of", "percent", "track_record"]
