"""Whole lives on a slow rail: workers stop, lines break, answers get lost, reports come twice and late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from escrowkit.agreement import Agreement, Record, open_agreement, replay
from escrowkit.errors import EscrowError, Refused
from escrowkit.machines import dispute, escrow, milestone
from escrowkit.money import Money
from escrowkit.table import Command
from escrowkit.testing.chosen import START, Dice
from escrowkit.testing.fakes import Crash, total
from escrowkit.testing.payments import Answer, Order, Provider, Status, Worker, orders, recalled
from escrowkit.testing.promises import Missed, need
from escrowkit.testing.providercheck.single import Factory
from escrowkit.testing.stores import MemoryStore, Store, next_due

#: Makes a worker that pays from a store through a provider.
Workers = Callable[[Store, Provider], Worker]

ID: Final = "deal-1"
LIVES: Final = 60
#: So many rounds without a fault must be enough to pay all that is open.
ROUNDS: Final = 30
_HOUR: Final = timedelta(hours=1)


class Line:
    """The line to a provider: it breaks before and after the provider is reached, and carries things twice."""

    def __init__(self, provider: Provider, dice: Dice) -> None:
        self.provider = provider
        self.dice = dice
        self.calm = False
        #: Another worker, who may come between.
        self.other: Callable[[], object] | None = None

    def pay(self, order: Order) -> Answer:
        """As the provider, or less."""
        fault = self._fault()
        if fault == "stops before":
            raise Crash(fault)
        if fault == "never comes":
            return Answer(Status.UNKNOWN, "no answer in time")
        if fault == "somebody else":
            self._let_other()
        answer = self.provider.pay(order)
        if fault == "comes twice":
            answer = self.provider.pay(order)
        if fault == "stops after":
            raise Crash(fault)
        return Answer(Status.UNKNOWN, "no answer in time") if fault == "no answer" else answer

    def look_up(self, key: str) -> Answer | None:
        """As the provider, or not in time."""
        if self._fault() == "no answer":
            return Answer(Status.UNKNOWN, "no answer in time")
        return self.provider.look_up(key)

    def statement(self) -> Iterable[Order]:
        """As the provider."""
        return self.provider.statement()

    def _fault(self) -> str:
        return "none" if self.calm else self.dice.pick(_FAULTS)

    def _let_other(self) -> None:
        other, self.other = self.other, None
        if other is not None:
            other()


_FAULTS: Final = (
    *("none", "none", "none", "stops before", "stops after", "never comes", "no answer", "no answer", "comes twice"),
    "somebody else",
)


class Disk:
    """A store whose writer may stop right before or after something is stored."""

    def __init__(self, store: Store, line: Line) -> None:
        self.store = store
        self.line = line

    def append(self, id: str, records: Iterable[Record], *, expected: int, due: datetime | None) -> None:
        """As the store, unless the writer stops."""
        if self._stops():
            raise Crash("before it is stored")
        self.store.append(id, records, expected=expected, due=due)
        if self._stops():
            raise Crash("after it is stored")

    def load(self, id: str) -> Sequence[Record]:
        """As the store."""
        return self.store.load(id)

    def due(self, at: datetime) -> Sequence[str]:
        """As the store."""
        return self.store.due(at)

    def _stops(self) -> bool:
        return not self.line.calm and self.line.dice.whole(0, 9) == 9


class Life:
    """An agreement, its store, its provider behind a bad line, and a worker that is started again and again."""

    def __init__(self, seed: int, factory: Factory, workers: Workers) -> None:
        self.dice = Dice(seed)
        self.store = MemoryStore()
        self.provider = factory()
        self.line = Line(self.provider, self.dice)
        self.workers = workers
        self.store.append(ID, _opened(self.dice).history, expected=0, due=None)

    @property
    def now(self) -> Agreement:
        """As it is stored."""
        return replay(self.store.load(ID))

    def live(self) -> None:
        """Everything that the parties do, with the worker between, and time to the end."""
        for by, said in _acts(self.dice, self.now):
            for _ in range(self.dice.pick((1, 1, 2))):  # some reports come twice
                self._decide(said, by)
            self._work()
        self._keep(self.now.advance(self.now.at + timedelta(days=800)).agreement)
        for _ in range(self.dice.whole(0, 3)):
            self._work()

    def settle(self) -> None:
        """The line holds, and the worker pays what is open."""
        self.line.calm = True
        for _ in range(ROUNDS):
            if not self._open():
                return
            self._work()
        left = self._open()
        need(not left, f"after {ROUNDS} rounds without a fault these are still to be paid, or to be told of: {left}")

    def _open(self) -> tuple[Order, ...]:
        """What is to be paid, and what was sent before a chargeback took it back and is not told of."""
        history = self.store.load(ID)
        sent = (order for order in recalled(ID, history) if self.provider.look_up(order.key))
        return (*orders(ID, history), *sent)

    def go_on(self) -> None:
        """The line is bad again, and the worker comes though nothing is open."""
        self.line.calm = False
        for _ in range(5):
            self._work()

    def _decide(self, said: Command, by: str) -> None:
        before = self.now
        try:
            self._keep(before.decide(said, by=by, at=before.at + _HOUR).agreement)
        except Refused as refused:
            if refused.decision is not None:
                self._keep(refused.decision.agreement)

    def _keep(self, after: Agreement) -> None:
        known = len(self.store.load(ID))
        self.store.append(ID, after.history[known:], expected=known, due=next_due(after))

    def _work(self) -> None:
        """A worker begins from nothing; another one may come while it waits for the provider."""
        self.line.other = self._run
        self._run()

    def _run(self) -> None:
        try:
            self.workers(Disk(self.store, self.line), self.line).run(ID, self.now.at)
        except Crash:
            return


def _opened(dice: Dice) -> Agreement:
    currency = dice.pick(("USD", "EUR", "GBP"))
    return open_agreement(
        rulebook="standard@1",
        rules={"escrow.clearing": dice.pick(("none", "5 days"))},
        parties={"payer": "ada", "payee": "lin"},
        currency=currency,
        milestones=[(f"m{n}", Money(dice.pick((5_001, 10_000, 33_333)), currency)) for n in range(1, dice.whole(2, 4))],
        at=START,
        rail="slow",
    )


def _acts(dice: Dice, now: Agreement) -> Iterator[tuple[str, Command]]:
    """What the parties and the provider say: deposits (too large, twice, late), then one way or another to the end."""
    for id_ in now.milestones:
        price = now.pot(id_).price
        over = Money(dice.pick((0, 0, 77)), price.currency)
        yield "payer", escrow.RequestDeposit(id_, price)
        yield "provider", escrow.ConfirmDeposit(id_, price + over, f"in {id_}")
        yield from dice.pick(_WAYS)(id_, price)
        yield "provider", escrow.ConfirmDeposit(id_, price + over, f"in {id_}")
        if dice.whole(0, 3) == 3:
            yield "provider", escrow.ConfirmDeposit(id_, price, f"late {id_}")


def _part(price: Money) -> Money:
    return Money(price.minor // 3, price.currency)


def _approved(id_: str, price: Money) -> Iterator[tuple[str, Command]]:
    yield "payee", milestone.Submit(id_, "zip")
    yield "payer", milestone.Approve(id_, "zip")


def _in_parts(id_: str, price: Money) -> Iterator[tuple[str, Command]]:
    yield "payer", escrow.Release(id_, _part(price))
    yield "payee", escrow.Refund(id_, _part(price))
    yield "payer", escrow.Release(id_, _part(price))


def _disputed(id_: str, price: Money) -> Iterator[tuple[str, Command]]:
    yield "payee", milestone.Submit(id_, "zip")
    yield "payer", dispute.Open(id_, price, "late")
    yield "payee", dispute.Contest(id_)
    yield "payee", dispute.Offer(id_, _part(price))
    yield "payer", dispute.AcceptOffer(id_, _part(price))


def _cancelled(id_: str, price: Money) -> Iterator[tuple[str, Command]]:
    yield "payer", milestone.RequestCancel(id_, _part(price))
    yield "payee", milestone.AgreeCancel(id_, _part(price))


def _given_back(id_: str, price: Money) -> Iterator[tuple[str, Command]]:
    yield "payer", escrow.Release(id_, price)
    yield "payee", escrow.RefundReleased(id_, _part(price))
    yield "provider", escrow.ConfirmRefundReleased(id_, _part(price), f"back {id_}")


def _charged_back(id_: str, price: Money) -> Iterator[tuple[str, Command]]:
    yield "payer", escrow.Release(id_, _part(price))
    yield "payer", escrow.Release(id_, _part(price))
    yield "provider", escrow.ChargeBack(id_, price - Money(1_000, price.currency), f"back {id_}")
    yield "payer", escrow.Release(id_, Money(1_000, price.currency))


def _silent(id_: str, price: Money) -> Iterator[tuple[str, Command]]:
    yield "payee", milestone.Submit(id_, "zip")


_WAYS: Final[tuple[Any, ...]] = (_approved, _in_parts, _disputed, _cancelled, _given_back, _charged_back, _silent)


# -- what is promised ------------------------------------------------------------------------------------------------


def each_entry_is_paid_once(factory: Factory, workers: Workers) -> None:
    """Whatever stops, breaks and comes twice, the provider has moved exactly what the books say."""
    for seed in range(LIVES):
        life = Life(seed, factory, workers)
        try:
            life.live()
            life.settle()
            _agree(life)
            life.go_on()
            _agree(life)
        except (EscrowError, Missed) as error:
            raise Missed(f"in life {seed}: {error}") from error


def _agree(life: Life) -> None:
    """Books and statement say the same, entry by entry."""
    now, statement = life.now, list(life.provider.statement())
    keys = Counter(order.key for order in statement)
    need(max(keys.values(), default=0) <= 1, f"moved twice: {[key for key, n in keys.items() if n > 1]}")
    booked = [record.event for record in now.history if isinstance(record.event, escrow.PaidOut)]
    paid = total(Order("", event.milestone, event.to, event.amount) for event in booked)
    found, owed = total(statement), _owed(now)
    need(found == owed, f"the provider moved {found}, and the entries make {owed} payable")
    need(paid == found, f"the books have {paid} paid out, and the provider moved {found}")


def _owed(now: Agreement) -> dict[tuple[str, str], int]:
    """What all entries together made payable and let nobody take back, and what the platform advanced for a payout."""
    sums: Counter[tuple[str, str]] = Counter()
    for record in now.history:
        is_payout = isinstance(record.event, escrow.PaidOut)
        for line in (line for entry in record.entries for line in entry.lines):
            source, target = line.source.partition(":"), line.target.partition(":")
            if target[0] == "payable" or (is_payout and line.source == "world:platform"):
                sums[target[2], line.amount.currency] += line.amount.minor
            if source[0] == "payable" and not is_payout:
                sums[source[2], line.amount.currency] -= line.amount.minor
    return {to: minor for to, minor in sums.items() if minor}
