"""The peers: as many bare state changes as a life records events, with one guard each, and nothing else.

A ring with one state for each event of the life and triggers named like the events; the last move leads back to the
first state, so nothing needs a reset between two lives. The triggers are looked up before the clock starts, which is in
the peers' favour.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from transitions import Machine

Moves = tuple[Callable[[], Any], ...]


def play(moves: Moves) -> None:
    """One life: every move once."""
    for move in moves:
        move()


class _Model:
    """A registered model, in the ordinary documented idiom."""

    def allowed(self) -> bool:
        """The one guard."""
        return True


def transitions(names: Sequence[str]) -> Moves:
    """A stock `transitions.Machine` (core, one registered model): `model.fund()`, as its README shows it."""
    logging.getLogger("transitions").setLevel(logging.WARNING)
    states = _states(names)
    model: Any = _Model()
    Machine(
        model,
        states=states,
        transitions=[
            {"trigger": name, "source": here, "dest": there, "conditions": "allowed"}
            for name, here, there in _edges(names)
        ],
        initial=states[0],
        auto_transitions=False,
    )
    return _checked(tuple(getattr(model, name) for name in names), lambda: model.state)


def statemachine(names: Sequence[str]) -> Moves | None:
    """A class of `python-statemachine`, `machine.fund()`; None where it is not installed (the extra `bench`)."""
    if find_spec("statemachine") is None:
        return None
    library: Any = importlib.import_module("statemachine")
    found = {state: library.State(initial=state == "s0") for state in _states(names)}
    body: dict[str, Any] = {**found, "allowed": lambda machine: True}
    for name, here, there in _edges(names):
        edge = found[here].to(found[there], cond="allowed")
        body[name] = body[name] | edge if name in body else edge
    machine = type("Ring", (library.StateMachine,), body)()
    return _checked(tuple(getattr(machine, name) for name in names), lambda: next(iter(machine.configuration)).id)


def _states(names: Sequence[object]) -> list[str]:
    return [f"s{place}" for place in range(len(names))]


def _edges(names: Sequence[str]) -> list[tuple[str, str, str]]:
    states = _states(names)
    return list(zip(names, states, states[1:] + states[:1], strict=True))


def _checked(moves: Moves, state: Callable[[], str]) -> Moves:
    """Play it once and see that every move was made: a refused move would be a cheap one."""
    seen = []
    for move in moves:
        move()
        seen.append(state())
    if seen != [*_states(moves)[1:], "s0"]:
        raise RuntimeError(f"the peer did not make its moves: {seen}")
    return moves
