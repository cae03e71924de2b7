"""A row of a table, and the edges of the machine that it makes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from attrs import Factory, field, frozen

from escrowkit.roles import Role
from escrowkit.table.guards import Guard
from escrowkit.table.said import Command, Event


class Mark:
    """A target that depends on where the machine is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


#: Where it came from: one edge for each origin, in the drawing and in the machine.
BACK: Final = Mark("BACK")
#: The state that it is in.
SAME: Final = Mark("SAME")

Roles = frozenset[Role]


def many(value: Any) -> tuple[Any, ...]:
    """One or several, as several."""
    return tuple(value) if isinstance(value, (tuple, list, set, frozenset)) else (value,)


def _roles(value: Role | Iterable[Role]) -> Roles:
    return frozenset(many(value))


@frozen
class Row:
    """One move: `on` a state, several, or None (creates); `then` a state, `BACK` or `SAME`; `clock` its deadlines."""

    on: tuple[StrEnum | None, ...] = field(converter=many)
    command: type[Command]
    by: Roles = field(converter=_roles)
    then: StrEnum | Mark
    event: type[Event] | None
    when: tuple[Guard, ...] = field(converter=many, default=())
    clock: tuple[str, ...] = field(converter=many, default=())

    @property
    def waits(self) -> bool:
        """Whether this row only says why the command must wait."""
        return self.event is None


def Waits(  # noqa: N802 - reads as a kind of row
    on: Any, command: type[Command] | Iterable[type[Command]], by: Any, why: Guard | tuple[Guard, ...]
) -> tuple[Row, ...]:
    """Rows without a destination: the command exists here, but must wait, and `why` says for what."""
    return tuple(Row(on, one, by, SAME, None, why) for one in many(command))


@frozen
class Move:
    """One edge of the machine: a row from one state to one state."""

    source: StrEnum | None
    target: StrEnum
    row: Row
    #: The target's name, as the event says it.
    after: str = field(init=False, default=Factory(lambda move: str(move.target), takes_self=True))
