"""A counterexample as a story file: the shortest path to what is wrong, as `escrowkit play` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from escrowkit.doors import door
from escrowkit.foresight import FOREVER
from escrowkit.pot import TABLES
from escrowkit.proof.small import Small
from escrowkit.proof.states import Move, State, Tick, Try
from escrowkit.story.writing import Said, opening, written


def story(small: Small, state: State, move: Move | None, title: str, *, stranded: bool = False) -> str:
    """The path to a state, and the move that is wrong, as the text of a story file.

    `stranded`: nobody acts from there on, and what was inside is inside still, long after every deadline.
    """
    path = state.path() + ([(move, move.to if isinstance(move, Tick) else state.at)] if move is not None else [])
    steps = [Said(at, one.by, one.command) for one, at in path if isinstance(one, Try)]
    end = state.at + FOREVER if stranded else path[-1][1] if path else state.at
    head, milestones = opening(small.agreement, title, small.name)
    expected = {"at": end} | (_stranded(state) if stranded else {})
    return written(head | {"rules": small.overrides}, milestones, steps, [expected])


def _stranded(state: State) -> dict[str, Any]:
    return {"state": dict(_states(state)), "held": state.held().text}


def _states(state: State) -> Iterator[tuple[str, str]]:
    """The state of each machine at the end, the latest case of a milestone without a number."""
    for name, at in state.states().items():
        machine = name.split(".")[0]
        if at not in [final.value for final in TABLES[machine].final] and machine != "obligation":
            yield name.split("/")[0], at


@door(delta=timedelta)
def in_days(delta: timedelta) -> str:
    """A length of time in days, or in hours where it is short."""
    days, rest = divmod(delta, timedelta(days=1))
    hours = f" {rest // timedelta(hours=1)} h" if rest >= timedelta(hours=1) else ""
    return f"{days} {'day' if days == 1 else 'days'}{hours}"
