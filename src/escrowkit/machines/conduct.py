"""How a party behaves in an agreement: strikes, rights taken for a time, suspension. It freezes, and moves no money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from escrowkit import arguments as arg
from escrowkit.copying import changed
from escrowkit.roles import Role
from escrowkit.table import SAME, Changes, Command, Context, Event, Layered, Row, Table, guard, said

R = Role

#: Rights that a rule of this library reads; any other word is recorded, and what it means is the host's.
RIGHTS: Final = ("writing", "rating")


class S(StrEnum):
    """The states of a party's conduct. Who never had one of its own is in good standing."""

    GOOD = "good"
    WARNED = "warned"
    SUSPENDED = "suspended"
    EXCLUDED = "excluded"


# -- what is said ----------------------------------------------------------------------------------------------------


@said
class Strike(Command):
    """Count one strike against a party; after how many it may not write, or is suspended, is the rulebook's."""

    milestone: str = field(default="", init=False)
    role: str = arg.one_of("payer", "payee")
    reason: str = arg.text()


@said
class Forgive(Command):
    """Take all strikes back, and give the right to write back with them."""

    milestone: str = field(default="", init=False)
    role: str = arg.one_of("payer", "payee")
    reason: str = arg.text()


@said
class Suspend(Command):
    """Suspend a party: nothing new begins, and what is held is impounded. It never pays and never refunds."""

    milestone: str = field(default="", init=False)
    role: str = arg.one_of("payer", "payee")
    reason: str = arg.text()


@said
class Reinstate(Command):
    """End a suspension, and the holds that it made."""

    milestone: str = field(default="", init=False)
    role: str = arg.one_of("payer", "payee")
    reason: str = arg.text()


@said
class Exclude(Command):
    """Suspend a party for good."""

    milestone: str = field(default="", init=False)
    role: str = arg.one_of("payer", "payee")
    reason: str = arg.text()


# -- what happened ---------------------------------------------------------------------------------------------------


@said
class Struck(Event):
    """A strike was counted; `muted` says that with it the party lost the right to write, `until` when, if ever, it ends."""

    role: str
    reason: str
    strikes: int
    muted: bool
    until: datetime | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As the rulebook counts."""
        count = (ctx.it.strikes if ctx.it else 0) + 1
        after, lasts = (_settled(ctx.rules, f"conduct.strikes.mute_{name}") for name in ("after", "for"))
        muted = after is not None and count >= after
        return {
            "strikes": count,
            "muted": muted,
            "until": ctx.rules.calendar.add(ctx.at, lasts) if muted and lasts else None,
        }


@said
class StruckOut(Struck):
    """A strike was counted, and with it the party is suspended; `holds` as in a suspension."""

    holds: tuple[str, ...]

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Both what a strike and what a suspension says."""
        return Struck.figures(ctx) | {"holds": _holds(ctx)}


@said
class Forgiven(Event):
    """All strikes were taken back."""

    role: str
    reason: str


@said
class Suspended(Event):
    """A party was suspended; `holds` are the milestones whose money is impounded with it."""

    role: str
    reason: str
    holds: tuple[str, ...]

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What it impounds."""
        return {"holds": _holds(ctx)}


@said
class Reinstated(Event):
    """A suspension ended; `lifts` are the milestones whose money is free again."""

    role: str
    reason: str
    lifts: tuple[str, ...]

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What is impounded by a suspension still, unless the other side is suspended as well."""
        return {"lifts": ctx.pot.agreement.held_by_suspension(but=ctx.command.role)}


@said
class Excluded(Suspended):
    """A party was suspended for good."""


def _holds(ctx: Context[Any]) -> tuple[str, ...]:
    """Only the platform's own suspension impounds: the rules' follows from a case that was decided, whose money is due;
    and a mediator never has a hand on money."""
    held: tuple[str, ...] = ctx.pot.agreement.can_be_held() if ctx.by is R.PLATFORM else ()
    return held


# -- the rules in words ----------------------------------------------------------------------------------------------


@guard(offered=lambda rules: rules.has("conduct.strikes.suspend_after"))
def strikes_are_full(ctx: Context[Conduct]) -> bool:
    """With this strike the party has as many as the rulebook suspends for."""
    most = _settled(ctx.rules, "conduct.strikes.suspend_after")
    return most is not None and (ctx.it.strikes if ctx.it else 0) + 1 >= most


def _settled(rules: Any, key: str) -> Any:
    """What the rulebook says; where its sources do not settle it, nothing follows."""
    return rules.values[key] if rules.settled(key) else None


# -- the law ---------------------------------------------------------------------------------------------------------

_NEUTRAL = {R.PLATFORM, R.MEDIATOR}
_FREE = (None, S.GOOD, S.WARNED)


TABLE: Table[Conduct] = Table(
    "conduct",
    S,
    initial=(S.WARNED, S.SUSPENDED, S.EXCLUDED),
    final={S.EXCLUDED},
    rows=(
        # in            on         by                    then          event       when
        Row(_FREE, Strike, _NEUTRAL, S.SUSPENDED, StruckOut, strikes_are_full),
        Row(_FREE, Strike, _NEUTRAL, S.WARNED, Struck),
        Row(S.SUSPENDED, Strike, _NEUTRAL, SAME, Struck),
        Row(S.WARNED, Forgive, R.PLATFORM, S.GOOD, Forgiven),
        Row(_FREE, Suspend, {R.PLATFORM, R.RULES}, S.SUSPENDED, Suspended),
        Row(S.SUSPENDED, Reinstate, R.PLATFORM, S.WARNED, Reinstated),
        Row((*_FREE, S.SUSPENDED), Exclude, R.PLATFORM, S.EXCLUDED, Excluded),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


@frozen
class Conduct(Layered[S]):
    """The record of one role's conduct: strikes, and rights that were taken, each until when (None: until given back)."""

    stack: tuple[S, ...] = (S.GOOD,)
    strikes: int = 0
    taken: Mapping[str, datetime | None] = field(factory=dict)
    #: Whether the suspension is the platform's own, which freezes money.
    freezing: bool = False

    @property
    def is_suspended(self) -> bool:
        """Whether it is suspended, for a time or for good."""
        return self.state in (S.SUSPENDED, S.EXCLUDED)

    @property
    def freezes(self) -> bool:
        """Whether money is frozen because of it: what is held when it begins, and what arrives while it lasts."""
        return self.freezing and self.is_suspended

    def lacks(self, right: str, at: datetime) -> bool:
        """Whether a right is taken at an instant; at `until` itself it is back."""
        return right in self.taken and ((until := self.taken[right]) is None or at < until)

    def lacking(self, at: datetime) -> tuple[str, ...]:
        """The rights that are taken at an instant."""
        return tuple(sorted(right for right in self.taken if self.lacks(right, at)))


#: Of whom nothing was said.
GOOD: Final = Conduct()


def _struck(it: Conduct, event: Any) -> dict[str, Any]:
    taken = {**it.taken, "writing": event.until} if event.muted else it.taken
    return {"strikes": event.strikes, "taken": taken}


def _forgiven(it: Conduct, event: Any) -> dict[str, Any]:
    return {"strikes": 0, "taken": {right: until for right, until in it.taken.items() if right != "writing"}}


def _suspended(it: Conduct, event: Any) -> dict[str, Any]:
    return {"freezing": event.by == R.PLATFORM}


_CHANGES = Changes(
    {
        StruckOut: lambda it, e: _struck(it, e) | _suspended(it, e),
        Struck: _struck,
        Forgiven: _forgiven,
        Suspended: _suspended,
    }
)


def evolve(it: Conduct | None, event: Any) -> Conduct:
    """The record after an event of this machine."""
    it = it or GOOD
    return changed(it, stack=(S(event.after),), **_CHANGES(it, event))


def restricted(it: Conduct | None, right: str, until: datetime | None) -> Conduct:
    """The record after a right was taken; one that is taken until now, or until before, is given back."""
    it = it or GOOD
    return changed(it, taken={**it.taken, right: until})
