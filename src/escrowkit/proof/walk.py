"""The walk: breadth first over every state, each move checked, each silence followed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from attrs import define, field, frozen

from escrowkit.agreement import Agreement, End, Record, deciding
from escrowkit.agreement.fold import Fold
from escrowkit.errors import EscrowError, Refused
from escrowkit.laws import Broken, need, whole
from escrowkit.money import Money
from escrowkit.pot import Pot
from escrowkit.proof import laws
from escrowkit.proof.identity import Key, key, windows
from escrowkit.proof.moves import is_unusual, tries
from escrowkit.proof.small import Small
from escrowkit.proof.states import Move, State, Tick, Try, replayed

#: One state in so many is replayed on both engines, one in so many has all its refusals compared.
REPLAYED: Final = 50
COMPARED: Final = 500
#: How many broken laws are told at most: the first of each.
TOLD: Final = 5

Tell = Callable[[int, int], None]


@frozen
class Found:
    """A broken law: where, by which move, and what was found."""

    state: State
    move: Move | None
    law: str
    words: str


@define
class Walk:
    """All that was found; `states` in the order in which they were reached."""

    small: Small
    tell: Tell | None = None
    states: list[State] = field(factory=list)
    moves: int = 0
    followed: int = 0
    broken: list[Found] = field(factory=list)
    #: By the clock on the wall, and by this process alone.
    seconds: float = 0.0
    busy: float = 0.0
    #: Whether every state within the bounds was walked, or a limit came first.
    whole: bool = True
    #: What happened, of every move: machine, state before, event, state after, by whom.
    happened: set[tuple[str, str | None, type, str, str]] = field(factory=set)
    _seen: dict[Key, State] = field(factory=dict)
    _now: deque[State] = field(factory=deque)
    _later: deque[State] = field(factory=deque)
    _sums: tuple[Money, ...] = ()

    def run(self) -> Walk:
        """Walk it: first what plain moves reach, then what one unusual move reaches, and so on."""
        start, busy = time.perf_counter(), time.process_time()
        opened, size = self.small.agreement, self.small.size
        self._sums = tuple(Money(minor, self.small.currency) for minor in size.amounts)
        root = State(opened, opened, opened.at, None, None)
        self._note(opened.history)
        self._put(root)
        while (self._now or self._later) and len(self.broken) < TOLD:
            if not self._now:
                self._now, self._later = self._later, self._now
            if self._limited():
                self.whole = False
                break
            self._walk(self._now.popleft())
            if self.tell is not None:
                self.tell(len(self.states), self.moves)
        self.seconds = time.perf_counter() - start
        self.busy = time.process_time() - busy
        return self

    def _limited(self) -> bool:
        limit = self.small.size.states
        return limit is not None and len(self.states) >= limit

    # -- one state ---------------------------------------------------------------------------------------------------

    def _walk(self, state: State) -> None:
        """Everything that can be tried in a state; time stands still while a deadline is due."""
        size = self.small.size
        if size.depth is not None and state.depth >= size.depth:
            self.whole = False
        elif not self._is_due(state):
            calls: dict[str, deciding.Call] = {}
            for one in tries(state, self.small, self._sums):
                call = calls.get(one.by)
                if call is None:
                    call = calls[one.by] = deciding.Call(one.role, one.by, state.at)
                self._try(state, one, call)
        self._tick(state)
        state.walked = True
        state.pots.clear()
        number = len(self.states)
        if number % REPLAYED == 0:
            self._guarded(state, None, lambda: self._replay(state))
        if number % COMPARED == 0:
            self._guarded(state, None, lambda: self._compare(state))

    def _is_due(self, state: State) -> bool:
        """Whether a deadline comes before anybody can act; one whose answer is not settled never does."""
        return state.is_due(state.at) and self._fires(state)

    def _try(self, state: State, one: Try, call: deciding.Call) -> None:
        """One command: refused, or checked and followed as far as the bounds go."""
        self.moves += 1
        try:
            if not isinstance(one.command, End) and not deciding.may(state, one.command, call):
                return
            if state.spent >= self.small.size.unusual and is_unusual(state, one.command):
                return
            fold = state.fold()
            deciding.carry_out(fold, one.command, call)
        except Refused:
            return
        except Exception as error:
            self._break(state, one, "nothing breaks", f"{type(error).__name__}: {error}")
            return
        self._follow(state, one, fold, state.at)

    def _tick(self, state: State) -> None:
        """Time passes until the next instant at which something changes by itself."""
        to = self._next(state)
        if to is None:
            return
        self.moves += 1
        move = Tick(to)
        try:
            fold = deciding.lapse_until(Fold(state), to, "compiled")
        except Exception as error:
            self._break(state, move, "nothing breaks", f"{type(error).__name__}: {error}")
            return
        state.after = self._follow(state, move, fold, to)
        state.wait = to - state.at

    def _next(self, state: State) -> datetime | None:
        """The next deadline, or the next instant at which a right comes or goes."""
        due = next((at for at, _, _ in state.deadlines() if at > state.at or self._fires(state)), None)
        pots = (Pot(state, lane, state.at) for lane in state.lanes.values())
        ahead = [at for pot in pots for _, at in windows(pot) if at > state.at]
        return min([*ahead, *([due] if due else [])], default=None)

    @staticmethod
    def _fires(state: State) -> bool:
        """Whether what is due now changes anything; a clock whose answer is not settled never fires."""
        return bool(deciding.lapse_until(Fold(state), state.at, "compiled").history[len(state.history) :])

    def _follow(self, state: State, move: Move, fold: Fold, at: datetime) -> State | None:
        """Check a move; the state that it leads to, new or known."""
        self.followed += 1
        records = fold.history[len(state.history) :]
        after = State(state.opened, fold, at, state, move)
        try:
            laws.check(state, after, records, move)
        except Broken as broken:
            self._break(state, move, broken.law, broken.found)
            return None
        self._note(records)
        after.spent = state.spent + (isinstance(move, Try) and is_unusual(state, move.command))
        return self._put(after)

    def _put(self, state: State) -> State:
        """A state, or the same one if it was reached before."""
        found = key(state, state.at, exact=self.small.size.exact)
        known = self._seen.setdefault(found, state)
        if known is not state:
            return known
        self.states.append(state)
        before = state.parent.spent if state.parent else 0
        (self._now if state.spent == before else self._later).append(state)
        return state

    def _note(self, records: tuple[Record, ...]) -> None:
        for record in records:
            event = record.event
            self.happened.add((event.machine, event.before, type(event), event.after, event.by.partition(":")[0]))

    def _break(self, state: State, move: Move | None, law: str, words: str) -> None:
        """Note a broken law, the first time."""
        if all(found.law != law for found in self.broken):
            self.broken.append(Found(state, move, law, words))

    # -- samples -----------------------------------------------------------------------------------------------------

    def _guarded(self, state: State, move: Move | None, sample: Callable[[], None]) -> None:
        try:
            sample()
        except Broken as broken:
            self._break(state, move, broken.law, broken.found)
        except EscrowError as error:
            self._break(state, move, "replay", f"{type(error).__name__}: {error}")

    def _replay(self, state: State) -> None:
        """The path decided move by move on both engines, replayed, its entries derived again."""
        path = state.path()
        lived = replayed(state.opened, path)
        stock = replayed(state.opened, path, engine="stock")
        need(lived == stock, "both engines", "they make two agreements of one life")
        whole(lived)
        need(lived.lanes == state.lanes and lived.ledger == state.ledger, "replay", "the walk makes another agreement")

    def _compare(self, state: State) -> None:
        """Every command on both engines: the same answer, and a refusal changes nothing."""
        lived = replayed(state.opened, state.path())
        before = (lived.lanes, lived.ledger, lived.history)
        for one in tries(state, self.small, self._sums):
            answers = [_answer(lived, one, state.at, engine) for engine in ("compiled", "stock")]
            need(answers[0] == answers[1], "both engines", one.by, one.command, *answers)
            need((lived.lanes, lived.ledger, lived.history) == before, "refusal is nothing", one.by, one.command)


def _answer(lived: Agreement, one: Try, at: datetime, engine: str) -> Any:
    try:
        return lived.decide(one.command, by=one.by, at=at, engine=engine).events
    except Refused as refused:
        return refused.code


def silent(state: State) -> Iterator[State]:
    """The states through which the clock alone leads, this one first; a circle ends where it began."""
    met: set[int] = set()
    now: State | None = state
    while now is not None and id(now) not in met:
        met.add(id(now))
        yield now
        now = now.after
