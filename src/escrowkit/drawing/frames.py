"""Frames: states that share ways out (or ways back) stand in one frame, and one arrow stands for all of them.

An arrow from a frame stands for one from each state in it; an arrow to a frame leads back to the state it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import combinations
from typing import Final

from attrs import frozen

from escrowkit.drawing.model import Diagram, Ends, Line
from escrowkit.table import BACK

Frame = frozenset[StrEnum]
End = StrEnum | Frame | None

#: How many arrows a frame must save, and how many states it must hold.
_WORTH: Final = 3
_LEAST: Final = 3


@frozen
class Arrow:
    """One arrow of the picture: from a state, a frame or the start, to a state or a frame, with its lines.

    `but` names the states of the frame from which a line does not lead.
    """

    tail: End
    head: StrEnum | Frame
    lines: tuple[tuple[Line, tuple[StrEnum, ...]], ...]

    def ends(self) -> Iterator[Ends]:
        """Every pair of states that it stands for."""
        tails = sorted(self.tail) if isinstance(self.tail, frozenset) else (self.tail,)
        heads = sorted(self.head) if isinstance(self.head, frozenset) else (self.head,)
        yield from ((tail, head) for tail in tails for head in heads)


def choices(diagram: Diagram) -> list[tuple[Frame, ...]]:
    """Frames that save arrows, nested or apart: the best choice first, then others that begin with another frame."""
    candidates = _candidates(diagram)
    starts: list[tuple[Frame, ...]] = [(), *((one,) for one in candidates)]
    made = dict.fromkeys(_grown(diagram, start, candidates) for start in starts)
    return sorted(made, key=lambda chosen: len(arrows(diagram, chosen)) + _WORTH * len(chosen))


def frames(diagram: Diagram) -> tuple[Frame, ...]:
    """The frames that save the most arrows."""
    return choices(diagram)[0]


def _grown(diagram: Diagram, chosen: tuple[Frame, ...], candidates: list[Frame]) -> tuple[Frame, ...]:
    """These frames and whatever further ones save enough arrows, the largest first."""
    while True:
        cost = len(arrows(diagram, chosen))
        found = [
            (len(arrows(diagram, (*chosen, one))) + _WORTH, n, one)
            for n, one in enumerate(candidates)
            if all(_apart(one, other) for other in chosen)
        ]
        if not found or min(found)[0] > cost:
            return tuple(sorted(chosen, key=lambda f: (-len(f), sorted(f))))
        chosen = (*chosen, min(found)[2])


def _apart(one: Frame, other: Frame) -> bool:
    return one != other and (one <= other or other <= one or not one & other)


def _candidates(diagram: Diagram) -> list[Frame]:
    """Every set of states that one move leaves for the same state, or that a way back may lead to."""
    sets = [frozenset(s for s, _, _ in _flat(line)) for line in diagram.lines]
    sets += [frozenset(m.target for m in line.moves if m.row.then is BACK) for line in diagram.lines]
    sets += [a & b for a, b in combinations(sets, 2)]
    real = [frozenset(s for s in one if s is not None and s not in diagram.table.final) for one in sets]
    return sorted({one for one in real if len(one) >= _LEAST}, key=lambda f: (-len(f), sorted(f)))


def _flat(line: Line) -> list[tuple[StrEnum | None, StrEnum, bool]]:
    return [(m.source, m.target, m.row.then is BACK) for m in line.moves if m.source is not m.target]


def arrows(diagram: Diagram, chosen: tuple[Frame, ...]) -> tuple[Arrow, ...]:
    """Every arrow of the picture, with these frames."""
    found: dict[tuple[End, StrEnum | Frame], list[tuple[Line, tuple[StrEnum, ...]]]] = {}
    for line in diagram.lines:
        for tail, head, but in _drawn(line, chosen):
            found.setdefault((tail, head), []).append((line, but))
    return tuple(Arrow(tail, head, tuple(lines)) for (tail, head), lines in found.items())


def _drawn(line: Line, chosen: tuple[Frame, ...]) -> Iterator[tuple[End, StrEnum | Frame, tuple[StrEnum, ...]]]:
    flat = _flat(line)
    if line.row.then is BACK:
        for source in dict.fromkeys(s for s, _, _ in flat):
            for head, _ in _cover([t for s, t, _ in flat if s is source], source, chosen, exact=True):
                if head is not None:
                    yield source, head, ()
        return
    for target in dict.fromkeys(t for _, t, _ in flat):
        for tail, but in _cover([s for s, t, _ in flat if t is target], target, chosen):
            yield tail, target, but


def _cover(
    states: list[StrEnum | None], other: StrEnum | None, chosen: tuple[Frame, ...], *, exact: bool = False
) -> Iterator[tuple[End, tuple[StrEnum, ...]]]:
    """The fewest ends that stand for these states: frames without the other end, then single states."""
    left = list(states)
    for frame in sorted(chosen, key=lambda f: (-len(f), sorted(f))):
        lacking = sorted(frame - set(left))
        if other not in frame and len(lacking) <= (0 if exact or len(frame) <= _LEAST else 1):
            left = [s for s in left if s not in frame]
            yield frame, tuple(lacking)
    yield from ((state, ()) for state in left)
