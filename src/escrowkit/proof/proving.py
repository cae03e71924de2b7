"""A proof: what a walk found, told in words, figures and stories."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

from escrowkit.doors import Every, door
from escrowkit.foresight import FOREVER
from escrowkit.laws import inside
from escrowkit.proof.laws import LAWS
from escrowkit.proof.reach import Reached, reached
from escrowkit.proof.small import Size, small
from escrowkit.proof.states import State, replayed
from escrowkit.proof.telling import in_days, story
from escrowkit.proof.walk import Found, Tell, Walk, silent
from escrowkit.rulebook import Rulebook, load

SILENCE = "silence ends"
#: Of so many kinds of states that strand money a story is told.
STORIES = 5


@frozen
class Counterexample:
    """A law that does not hold: which, what was found, and the shortest life in which it is broken, as a story file."""

    law: str
    words: str
    story: str


@frozen
class Stranded:
    """A kind of states in which money stays for ever if nobody acts: the machines' states where the clock has nothing
    left to do, in how many of the walked states it ends so, and by which entry of `open_ended` the rulebook says so."""

    states: tuple[str, ...]
    count: int
    listed: str | None


@frozen
class Proof:
    """What a walk under one rulebook found.

    `states` and `moves` were walked and tried, in `seconds` (`busy` of them by the processor); `whole` says that every
    state within the bounds was. `longest` is the longest time after which the clock alone had emptied everything.
    """

    rulebook: str
    size: Size
    states: int
    moves: int
    accepted: int
    seconds: float
    busy: float
    whole: bool
    longest: timedelta
    stranded: tuple[Stranded, ...]
    broken: tuple[Counterexample, ...]
    reached: Reached

    @property
    def holds(self) -> bool:
        """Whether no law was broken."""
        return not self.broken

    @property
    def rate(self) -> int:
        """Moves a second of one processor."""
        return round(self.moves / self.busy) if self.busy else 0

    def data(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "rulebook": self.rulebook,
            "holds": self.holds,
            "whole": self.whole,
            "milestones": self.size.milestones,
            "amount": self.size.price,
            "unusual": self.size.unusual,
            "states": self.states,
            "moves": self.moves,
            "accepted": self.accepted,
            "milliseconds": round(self.seconds * 1000),
            "moves_a_second": self.rate,
            "laws": list(LAWS),
            "longest_silence": in_days(self.longest),
            "stranded": [
                {"states": list(one.states), "count": one.count, "listed": one.listed} for one in self.stranded
            ],
            "broken": [{"law": one.law, "words": one.words, "story": one.story} for one in self.broken],
        }


@door(rulebook=str | Path | Rulebook, size=Size)
def prove(rulebook: str | Path | Rulebook, size: Size | None = None, *, tell: Tell | None = None) -> Proof:
    """Walk every state of a small agreement under a rulebook.

    `tell` is called with the number of states and moves so far, after each state. Raises `DefinitionError` for a
    rulebook that is wrong, and `Refused` where no agreement of this size can be opened under it.
    """
    name = rulebook.name if isinstance(rulebook, Rulebook) else str(rulebook)
    tiny = small(load(rulebook), size or Size(), name)
    walk = Walk(tiny, tell).run()
    longest, ends = _silences(walk.states)
    broken = [_told(walk, found) for found in walk.broken]
    broken += [
        _told(walk, Found(state, None, SILENCE, words), stranded=True) for state, words in _unlisted(ends, tiny.given)
    ]
    return Proof(
        name, tiny.size, len(walk.states), walk.moves, walk.followed, walk.seconds, walk.busy, walk.whole, longest,
        tuple(_stranded(ends, tiny.given)), tuple(broken), reached(walk),
    )  # fmt: skip


@door(names=Every(str | Path | Rulebook), size=Size)
def prove_all(
    names: Sequence[str], size: Size | None = None, done: Callable[[Proof], None] | None = None
) -> list[Proof]:
    """Several rulebooks, each in a process of its own, as many at once as there are processors; in their order."""
    with ProcessPoolExecutor() as pool:
        waiting = [pool.submit(prove, name, size) for name in names]
        proofs = []
        for one in waiting:
            proofs.append(one.result())
            if done is not None:
                done(proofs[-1])
    return proofs


def _told(walk: Walk, found: Found, *, stranded: bool = False) -> Counterexample:
    title = f"{found.law}: {LAWS[found.law]}" if not stranded else f"Money is stranded: {found.words}"
    return Counterexample(found.law, found.words, story(walk.small, found.state, found.move, title, stranded=stranded))


# -- silence ---------------------------------------------------------------------------------------------------------

#: Where money stays: the states of the machines, with every state of the walk that ends so, the nearest first.
Ends = dict[tuple[str, ...], list[State]]


def _silences(states: list[State]) -> tuple[timedelta, Ends]:
    """The longest time until the clock alone has emptied everything, and the states from which it never does."""
    rest: dict[int, timedelta | State] = {}
    ends: Ends = {}
    longest = timedelta(0)
    for state in states:
        if inside(state):
            found = _rest(state, rest)
            if isinstance(found, State):
                ends.setdefault(found.names(), []).append(state)
            else:
                longest = max(longest, found)
    return longest, {names: kept for names, states in ends.items() if (kept := _confirmed(states))}


def _confirmed(states: list[State]) -> list[State]:
    """Those of one kind, if the first of them is what it seems: played, its money is inside long after all deadlines.

    Where only the order of deadlines tells states apart, waiting can seem to lead back to the same state.
    """
    played = replayed(states[0].opened, states[0].path())
    later = played.advance(played.at + FOREVER).agreement
    return states if inside(later) else []


def _rest(state: State, rest: dict[int, timedelta | State]) -> timedelta | State:
    """How long it takes from a state until nothing is inside, or the state in which it stays."""
    path: list[State] = []
    found: timedelta | State = timedelta(0)
    for now in silent(state):
        if id(now) in rest:
            found = rest[id(now)]
            break
        if not inside(now):
            break
        path.append(now)
    else:
        found = path[-1] if path[-1].walked else timedelta(0)
    for now in reversed(path):
        if isinstance(found, timedelta) and now.wait is not None:
            found += now.wait
        rest[id(now)] = found
    return found


def _unlisted(ends: Ends, book: Rulebook) -> Iterator[tuple[State, str]]:
    """Of each kind of states that strand money unsaid, the one that is reached soonest."""
    unsaid = [(states[0], names) for names, states in ends.items() if _listed(names, book) is None]
    for state, names in sorted(unsaid, key=lambda one: (one[0].spent, one[0].depth))[:STORIES]:
        yield state, f"{', '.join(names)} never ends by itself"


def _stranded(ends: Ends, book: Rulebook) -> Iterator[Stranded]:
    for names, states in sorted(ends.items()):
        yield Stranded(names, len(states), _listed(names, book))


def _listed(names: tuple[str, ...], book: Rulebook) -> str | None:
    """The entry of `open_ended` that names one of these states: "arbitration.funded, arbitration.hearing (…)"."""
    for entry in book.open_ended:
        if set(re.findall(r"[a-z_]+\.[a-z_]+", entry.partition("(")[0])) & set(names):
            return entry
    return None
