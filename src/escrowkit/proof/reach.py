"""Which states and rows of the tables were reached, and which were not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from escrowkit.doors import every
from escrowkit.pot import TABLES
from escrowkit.proof.walk import Walk
from escrowkit.table import Move

if TYPE_CHECKING:
    from escrowkit.proof.proving import Proof

#: What happened in a walk: machine, state before, event, state after, by whom; all as words.
Reached = frozenset[tuple[str, str, str, str, str]]


def reached(walk: Walk) -> Reached:
    """What happened in a walk."""
    return frozenset(
        (machine, before or "", event.__name__, after, by) for machine, before, event, after, by in walk.happened
    )


@runtime_checkable
class _Walked(Protocol):
    """Whatever tells what it reached."""

    @property
    def reached(self) -> Reached: ...


def unreached(proofs: Iterable[Proof]) -> tuple[str, ...]:
    """Every row, one line a state and target, that no walk of these has reached; roles of a row count together."""
    happened = {line for proof in every("proofs", proofs, _Walked) for line in proof.reached}
    return tuple(_line(name, move) for name, move in _moves() if not _is_in(happened, name, move))


def _moves() -> Iterator[tuple[str, Move]]:
    for name, table in TABLES.items():
        yield from ((name, move) for move in table.moves())


def _is_in(happened: set[tuple[str, str, str, str, str]], name: str, move: Move) -> bool:
    event = move.row.event.__name__ if move.row.event else ""
    before = str(move.source or "")
    return any((name, before, event, str(move.target), str(role)) in happened for role in move.row.by)


def _line(name: str, move: Move) -> str:
    clock = f" ({', '.join(move.row.clock)})" if move.row.clock else ""
    roles = ", ".join(sorted(move.row.by))
    return f"{name}: {move.source or 'new'} → {move.target} on {move.row.command.word}{clock} by {roles}"
