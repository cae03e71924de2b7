"""What the oracle says: an answer, a refusal, or that it does not know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

#: So many minor units of a currency.
Amount = tuple[int, str]

#: One line of an entry: from where, to where, how many minor units, of which currency.
Line = tuple[str, str, int, str]

#: What one event moves: the release condition that it cites, its kind, and its lines, sorted.
Moved = tuple[str | None, str | None, tuple[Line, ...]]


def summed(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines from the same place to the same place as one, sorted."""
    found: dict[tuple[str, str, str], int] = {}
    for source, target, minor, currency in lines:
        found[source, target, currency] = found.get((source, target, currency), 0) + minor
    return tuple(sorted((source, target, minor, currency) for (source, target, currency), minor in found.items()))


class Refusal(Exception):
    """A command is refused, with the code of the first rule that forbids it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unpredicted(Exception):
    """The oracle has no account of this, and says so instead of guessing."""


@dataclass(frozen=True)
class Answer:
    """What a step did: the refusal, or none, and what happened and moved (deadlines that had passed included)."""

    refused: str | None = None
    entries: tuple[Moved, ...] = ()
    events: tuple[str, ...] = ()


@dataclass
class Happening:
    """One thing that happened: its wire name, where, by whom, when, and whatever else it says."""

    name: str
    milestone: str
    by: str
    at: datetime
    more: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.more[key]

    @property
    def told(self) -> str:
        """As it stands in an answer: `escrow.deposited m1`."""
        return f"{self.name} {self.milestone}".rstrip()
