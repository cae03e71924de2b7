"""What the events of a machine change of its record, and the layers of its state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from escrowkit.table.said import Event

S = TypeVar("S", bound=StrEnum)


class Layered(Generic[S]):
    """The record of a machine, in layers: the first is its state."""

    __slots__ = ()

    if TYPE_CHECKING:
        stack: tuple[S, ...]

    @property
    def state(self) -> S:
        """Its state."""
        return self.stack[0]


class Changes:
    """What the events of a machine change of its record beside the state: one line an event, or a family of events."""

    def __init__(self, lines: Mapping[type[Event], Callable[[Any, Any], dict[str, Any]]]) -> None:
        self._lines = dict(lines)

    def __call__(self, it: Any, event: Event) -> dict[str, Any]:
        kind = type(event)
        line = self._lines.get(kind)
        if line is None:
            family = next((one for one in kind.__mro__ if one in self._lines), None)
            line = self._lines[kind] = self._lines[family] if family else lambda it, event: {}
        return line(it, event)


def restack(stack: tuple[S, ...], before: str | None, after: S, covering: frozenset[StrEnum | None]) -> tuple[S, ...]:
    """The layers of a machine's state after a move: a covering state lies over the one that it came from.

    The first of the stack is the state; a move of a layer below (while a hold lies on top) leaves those above alone.
    """
    if before is None:
        return (after,)
    top = [state.value for state in stack].index(before)
    above, below = stack[:top], stack[top + 1 :]
    if before == after:
        return stack
    if below and below[0] == after:
        return above + below
    if after in covering:
        return (*above, after, *stack[top:])
    return (*above, after)
