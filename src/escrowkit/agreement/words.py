"""What is said of an agreement itself, what happens to it, and what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from escrowkit import arguments as arg
from escrowkit.ledger import Entry
from escrowkit.money import Money
from escrowkit.rulebook import Rulebook
from escrowkit.table import Command, Event, said

#: Of most agreements there is nothing special to say: they all say it with this.
NOTHING: Final[Mapping[str, Any]] = {}


@said
class Restrict(Command):
    """Conduct: take a right, `writing` or `rating`, or give it back. It touches neither money nor clocks.

    Without `until` it is taken until it is given back; an `until` that is not later than now gives it back. Who may not
    write makes every move all the same, without the words that the move can do without. Any other right is recorded,
    and what it means is the host's.
    """

    milestone: str = field(default="", init=False)
    role: str = arg.text()
    right: str = arg.text()
    reason: str = arg.text()
    until: datetime | None = arg.moment(optional=True)


@said
class End(Command):
    """End every milestone that is still open, as if said one by one; all or nothing."""

    milestone: str = field(default="", init=False)
    reason: str = arg.text()


@frozen
class Terms:
    """The terms of one milestone at the opening."""

    id: str
    price: Money
    title: str | None
    due: datetime | None
    release_when: Any
    rules: Mapping[str, Any]


@said
class Opened(Event):
    """The agreement was opened: the resolved rulebook and its digest are part of it from here."""

    rulebook: Rulebook
    digest: str
    parties: Mapping[str, str]
    currency: str
    rail: str
    billed_before: Mapping[str, Money]
    terms: tuple[Terms, ...]


@said
class Restricted(Event):
    """A right was taken or given back."""

    role: str
    right: str
    reason: str
    until: datetime | None


@said
class Ended(Event):
    """A party ended every milestone that was still open."""

    reason: str


@frozen(weakref_slot=False)
class Record:
    """One line of the history: an event and what it moved; `key` and `said` of the decision that it belongs to."""

    event: Event
    entries: tuple[Entry, ...]
    decision: int
    key: str | None = None
    said: str | None = None
