"""What the oracle keeps: a list of lots, a list of what happened, and of each milestone what it cannot count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from escrowkit.testing.oracle.rules import Rules
from escrowkit.testing.oracle.said import Happening, Line, Moved, Refusal, summed
from escrowkit.testing.oracle.times import Span

PARTIES = ("payer", "payee")


def other(side: str) -> str:
    """The other party."""
    return "payee" if side == "payer" else "payer"


#: With what money comes into a pot.
ARRIVALS = ("escrow.deposited", "escrow.deposit_confirmed", "escrow.received")


@dataclass
class Lot:
    """So many units of a currency: who brought them in, where they are now, and the way they took."""

    minor: int
    currency: str
    origin: str
    at: str
    way: list[str] = field(default_factory=list)


@dataclass
class Outflow:
    """One time at which money was given to the payee: how much (gross), what was kept of it, what still clears."""

    at: datetime
    gross: int
    fee: int
    clears: bool
    taken: dict[str, int] = field(default_factory=dict)
    cleared: bool = False
    back: int = 0
    back_fee: int = 0
    back_spent: int = 0

    @property
    def left(self) -> int:
        """What has not gone back of it."""
        return self.gross - self.back

    @property
    def fee_left(self) -> int:
        """What has not come back of its fee."""
        return self.fee - self.back_fee

    @property
    def net_left(self) -> int:
        """What the payee has of it."""
        return self.left - self.fee_left - sum(self.taken.values()) + self.back_spent


@dataclass
class Debt:
    """What one owes another."""

    debtor: str
    creditor: str
    minor: int
    cause: str
    state: str = "open"
    about: dict[str, Any] = field(default_factory=dict)


@dataclass
class Work:
    """A milestone with its money."""

    id: str
    price: int
    currency: str
    title: str | None
    due: datetime | None
    condition: Any
    rules: Rules
    state: str
    below: list[str] = field(default_factory=list)
    pot: str | None = None
    under: list[str] = field(default_factory=list)
    happened: list[Happening] = field(default_factory=list)
    outflows: list[Outflow] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    cases: list[Any] = field(default_factory=list)
    proposer: str | None = None
    deliverable: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    unpaid: int = 0

    def all(self, *names: str) -> list[Happening]:
        """What happened here under one of these names."""
        return [one for one in self.happened if one.name in names]

    def last(self, *names: str) -> Happening | None:
        """The latest that happened here under one of these names."""
        found = self.all(*names)
        return found[-1] if found else None

    def since(self, name: str, *names: str) -> list[Happening]:
        """What happened here under these names after the last that happened under the first."""
        places = [i for i, one in enumerate(self.happened) if one.name == name]
        return [one for one in self.happened[places[-1] if places else 0 :] if one.name in names]

    @property
    def case(self) -> Any:
        """The latest case."""
        return self.cases[-1] if self.cases else None

    @property
    def open_case(self) -> Any:
        """The case that is open, if one is."""
        return self.case if self.cases and self.case.is_open else None

    @property
    def is_over(self) -> bool:
        """Whether the milestone has ended."""
        return self.state in ("completed", "cancelled", "declined")

    def spans(self, start: tuple[str, ...], end: tuple[str, ...]) -> list[Span]:
        """The spans between what starts something and what ends it."""
        spans: list[Span] = []
        for one in self.happened:
            if one.name in start and not (spans and spans[-1][1] is None):
                spans.append((one.at, None))
            elif one.name in end and spans and spans[-1][1] is None:
                spans[-1] = (spans[-1][0], one.at)
        return spans


class World:
    """Everything about one agreement."""

    def __init__(self, rules: Rules, terms: Mapping[str, Any]) -> None:
        self.rules = rules
        self.parties: dict[str, str] = dict(terms["parties"])
        self.currency: str = terms["currency"]
        self.slow: bool = terms["rail"] == "slow"
        self.now: datetime = terms["at"]
        self.reached: datetime = terms["at"]
        self.billed_before: dict[str, int] = {}
        self.works: dict[str, Work] = {}
        self.lots: list[Lot] = []
        self.happened: list[Happening] = []
        self.moved: list[Moved] = []
        self.queue: list[Callable[[], None]] = []
        self.keys: dict[str, Any] = {}
        self.conduct: dict[str, Any] = {}
        self.follow: Callable[[World, Happening], None] = lambda world, happening: None

    @property
    def unsettled(self) -> bool:
        """Whether some value of the rules is not settled, so that what follows may be refused half-way."""
        return any("unknown" in work.rules.data.values() for work in self.works.values())

    def kept(self) -> dict[str, Any]:
        """All that a command can change."""
        names = ("works", "lots", "happened", "moved", "keys", "conduct")
        return {name: getattr(self, name) for name in names}

    def restore(self, kept: dict[str, Any]) -> None:
        """Put back what was kept."""
        for name, value in kept.items():
            setattr(self, name, value)

    # -- money -------------------------------------------------------------------------------------------------------

    def at(self, account: str, currency: str) -> int:
        """What stands on an account: all lots that are there, less all that came out of it into these books."""
        here = sum(lot.minor for lot in self.lots if lot.at == account and lot.currency == currency)
        return here - sum(lot.minor for lot in self.lots if lot.origin == account and lot.currency == currency)

    def held(self, work: Work) -> int:
        """What is held for a milestone."""
        return self.at(f"escrow:{work.id}", work.currency)

    def move(self, source: str, target: str, minor: int, currency: str) -> None:
        """Move so many units, the oldest lots first; from the world they are new."""
        if source.startswith("world:"):
            self.lots.append(Lot(minor, currency, source, target, [source]))
            return
        for lot in [one for one in self.lots if one.at == source and one.currency == currency]:
            if minor == 0:
                return
            if lot.minor > minor:
                self.lots.append(Lot(lot.minor - minor, currency, lot.origin, source, list(lot.way)))
                lot.minor = minor
            lot.way.append(source)
            lot.at = target
            minor -= lot.minor
        if minor:
            raise ArithmeticError(f"{source} lacks {minor} {currency}")

    def post(
        self, lines: list[Line], condition: str | None = None, kind: str | None = None, *, of: Work | None = None
    ) -> None:
        """Write an entry down, and move what it says; what a pot makes payable to the payee is counted for its work."""
        lines = [line for line in lines if line[2]]
        for source, target, minor, currency in lines:
            self.move(source, target, minor, currency)
            if of is not None:
                of.unpaid += minor * ((target == "payable:payee") - (source == "payable:payee"))
        if lines:
            cites = any(line[0].startswith(("escrow:", "clearing:")) for line in lines)
            self.moved.append((condition if cites else None, kind if cites else None, summed(lines)))

    def paid(self, source: str, who: str, minor: int, currency: str) -> list[Line]:
        """The lines by which somebody is paid out of an account: by what is payable, out at once on a fast rail."""
        lines: list[Line] = [(source, f"payable:{who}", minor, currency)]
        if not self.slow:
            lines.append((f"payable:{who}", f"world:{who}", minor, currency))
        return lines if minor else []

    # -- what happens ------------------------------------------------------------------------------------------------

    def happen(self, name: str, work: Work | None, by: str, **more: Any) -> Happening:
        """Write down that something happened; what follows from it waits in the queue."""
        happening = Happening(name, work.id if work else "", by, self.now, more)
        self.happened.append(happening)
        if work is not None:
            work.happened.append(happening)
        self.follow(self, happening)
        return happening

    def settle(self) -> None:
        """Do what waits in the queue, first in, first out, until nothing is left."""
        while self.queue:
            self.queue.pop(0)()

    def then(self, what: Callable[..., None], *args: Any) -> None:
        """Let something follow."""
        self.queue.append(lambda: what(self, *args))

    def each(self) -> Iterator[Work]:
        """Every milestone, in order."""
        return iter(list(self.works.values()))


def need(holds: bool, code: str) -> None:
    """A rule that must hold, with the code of its refusal."""
    if not holds:
        raise Refusal(code)
