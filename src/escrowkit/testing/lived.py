"""A life that is driven step by step, under every law, with what is plugged in; and the shortest that still fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen

from escrowkit.agreement import Agreement, replay
from escrowkit.errors import Refused
from escrowkit.machines import escrow
from escrowkit.rulebook import Rulebook
from escrowkit.table import Command
from escrowkit.testing import laws
from escrowkit.testing.chosen import MICRO, Chooser, chance, command, moment
from escrowkit.testing.compare import Twin
from escrowkit.testing.diary import Diary
from escrowkit.testing.fakes import total
from escrowkit.testing.payments import Answer, Order, Provider, asked, orders, report
from escrowkit.testing.promises import need
from escrowkit.testing.stores import Conflict, Store, next_due

#: Under which id the store and the provider have the agreement.
ID = "deal-1"
#: How often a provider is asked until everything is paid.
_ROUNDS = 20


@frozen
class Step:
    """A command, or (without one) time that passes, with a scheduler that ran at these percents of the way."""

    at: datetime
    by: str = ""
    command: Command | None = None
    key: str | None = None
    parts: tuple[int, ...] = ()


@frozen
class Plugged:
    """What is under test beside the library, and how it is judged."""

    store: Callable[[], Store] | None = None
    provider: Callable[[], Provider] | None = None
    engine: str | None = "stock"
    oracle: bool = True
    must_end: bool = False
    #: Under which names the rulebook may be known.
    named: Sequence[str | Path | Rulebook] = ()


class Alone:
    """An agreement without its oracle."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.unpredicted = Counter(["anything: it is not asked"])
        self.compared = 0

    def decide(self, command: Command, *, by: str, at: datetime, key: str | None = None) -> None:
        """Decide it. Raises `Refused`."""
        try:
            self.agreement = self.agreement.decide(command, by=by, at=at, key=key).agreement
        except Refused as refused:
            self.agreement = self.agreement if refused.decision is None else refused.decision.agreement
            raise

    def advance(self, at: datetime) -> None:
        """Let time pass."""
        self.agreement = self.agreement.advance(at).agreement


class Life:
    """A life from its opening on: each step is given to library and oracle, kept, paid, and judged.

    Raises `Broken` for a law, `Disagreement` for the oracle, `Missed` for the store and the provider.
    """

    def __init__(self, opened: Agreement, plugged: Plugged) -> None:
        self.opened = opened
        self.plugged = plugged
        self.steps: list[Step] = []
        self.diary = Diary(opened, plugged.named)
        self.books = laws.Books()
        self.keys: dict[str, tuple[str, Command]] = {}
        self.store = plugged.store() if plugged.store is not None else None
        self.provider = plugged.provider() if plugged.provider is not None else None
        self.twin: Twin | Alone = Alone(opened)

    @property
    def now(self) -> Agreement:
        """The agreement as it stands."""
        return self.twin.agreement

    def begin(self) -> None:
        """The opening is compared, and stored."""
        if self.plugged.oracle:
            self.twin = Twin(self.opened)
        self._keep(0)
        laws.check(self.now, self.books)

    def take(self, step: Step) -> None:
        """One step, with everything that must hold after it."""
        self.steps.append(step)
        if step.command is None:
            self._wait(step)
        else:
            self._decide(step, step.command)
        laws.check(self.now, self.books)

    def end(self) -> None:
        """It replays; silence ends it, if it must; everything is paid."""
        laws.whole(self.now)
        if self.plugged.must_end:
            laws.silence_ends(self.now)
        self._pay_all()

    def note(self, title: str) -> str:
        """The life as the story that is shown beside a failure."""
        return self.diary.note(title, max([self.now.at, *(step.at for step in self.steps)]))

    # -- how ---------------------------------------------------------------------------------------------------------

    def _decide(self, step: Step, said: Command) -> None:
        known, by, at, key = len(self.now.history), step.by, step.at, step.key
        self.diary.said(at, by, said, key)
        after, refused = laws.judged(self.now, said, by=by, at=at, key=key, engine=self.plugged.engine)
        if refused is not None:
            self.diary.refused(refused)
        elif key is not None:
            self.keys[key] = (by, said)
        self._give(said, by, at, key)
        need(self.now == after, "deciding twice makes two agreements")
        self._keep(known)
        self._pay()

    def _give(self, said: Command, by: str, at: datetime, key: str | None) -> None:
        try:
            self.twin.decide(said, by=by, at=at, key=key)
        except Refused:
            return

    def _wait(self, step: Step) -> None:
        known = len(self.now.history)
        laws.scheduler_changes_nothing(self.now, step.at, step.parts)
        self.twin.advance(step.at)
        self._keep(known)
        self._pay()

    def _keep(self, known: int) -> None:
        """Append what is new; the store has the whole history then, and turns away who appends it again."""
        if self.store is None or len(self.now.history) == known:
            return
        new, due = self.now.history[known:], next_due(self.now)
        self.store.append(ID, new, expected=known, due=due)
        found = tuple(self.store.load(ID))
        need(found == self.now.history and replay(found) == self.now, "the store has another history")
        try:
            self.store.append(ID, new, expected=known, due=due)
        except Conflict:
            return
        need(False, "the store takes what is there already, and raises no Conflict")

    def _pay(self) -> bool:
        """Send every order that is open, once, and report what is known of it; whether there were any."""
        answers = () if self.provider is None else tuple(asked(ID, self.now.history, self.provider))
        for order, answer in answers:
            self._report(order, answer)
        return bool(answers)

    def _report(self, order: Order, answer: Answer) -> None:
        said = report(order, answer)
        if said is not None:
            known, key = len(self.now.history), f"{order.key} {answer.status}"
            self.diary.said(self.now.at, "provider", said, key)
            self._give(said, "provider", self.now.at, key)
            self._keep(known)

    def _pay_all(self) -> None:
        """Everything is paid in the end, and the statement is what the books say."""
        if self.provider is None:
            return
        rounds = 0
        while self._pay() and rounds < _ROUNDS:
            rounds += 1
        left = orders(ID, self.now.history)
        need(not left, f"after {_ROUNDS} rounds these are still to be paid: {left}")
        booked = [one for one in self.now.events() if isinstance(one, escrow.PaidOut)]
        paid = total(Order("", one.milestone, one.to, one.amount) for one in booked)
        found = total(self.provider.statement())
        need(paid == found, f"the books have {paid} paid out, and the provider's statement {found}")


# -- by chance -------------------------------------------------------------------------------------------------------


def step(choose: Chooser, life: Life) -> Step:
    """What somebody may try next: now, on or around a deadline, or (rarely) before now; sometimes under a key."""
    at = moment(choose, life.now)
    by, said = command(choose, life.now, at)
    key = f"key {len(life.keys)}" if chance(choose, 30) else None
    return Step(life.now.at - MICRO if chance(choose, 2) else at, by, said, key)


# -- the shortest ----------------------------------------------------------------------------------------------------


def live(opened: Agreement, plugged: Plugged, steps: Sequence[Step]) -> tuple[Life, Exception | None]:
    """A whole life from its steps, and what failed, if anything did."""
    life = Life(opened, plugged)
    try:
        life.begin()
        for step in steps:
            life.take(step)
        life.end()
    except Exception as error:
        return life, error
    return life, None


def shortest(life: Life, error: Exception) -> tuple[Life, Exception]:
    """The life without the steps that it fails without: none of those that are left can be left out."""
    kept, size = list(life.steps), max(len(life.steps) // 2, 1)
    while kept:
        first = 0
        while first < len(kept):
            fewer = kept[:first] + kept[first + size :]
            other, failed = live(life.opened, life.plugged, fewer)
            if failed is not None and _same(failed, error):
                kept, life, error = list(other.steps), other, failed
            else:
                first += size
        if size == 1:
            break
        size = max(size // 2, 1)
    return life, error


def _same(one: Exception, other: Exception) -> bool:
    """Whether two failures are of the same thing: of the same law, or a difference in the same part."""
    return type(one) is type(other) and _what(one) == _what(other)


def _what(error: Exception) -> str:
    return str(getattr(error, "law", str(error).split(" differ ")[0]))
