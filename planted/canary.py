"""A canary: a bug that lost or locked money in another system, planted here; a test of behaviour must die of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

Plant = Callable[[], None]


@frozen
class Canary:
    """Its id in the catalogue, what went wrong there, what is planted here (in words, and how), and its catcher."""

    id: str
    there: str
    here: str
    plant: Plant
    caught_by: str


#: All of them, in the order in which they were written down.
CANARIES: Final[list[Canary]] = []


def canary(id_: str, there: str, *, caught_by: str) -> Callable[[Plant], Plant]:
    """Register a function that plants a bug; its docstring says what it plants."""

    def register(plant: Plant) -> Plant:
        here = " ".join((plant.__doc__ or "").split())
        CANARIES.append(Canary(id_, there, here, plant, f"tests/test_{caught_by}"))
        return plant

    return register
