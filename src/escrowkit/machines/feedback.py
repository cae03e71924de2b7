"""What each side says of the other when a milestone is over: a right that the outcome may take; it moves no money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.copying import changed
from escrowkit.errors import BadArgument, NotYourMove
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Changes, Command, Context, Event, Layered, Row, Table, guard, may_say, said

R = Role
SIDES = (R.PAYER, R.PAYEE)


class S(StrEnum):
    """The states of a milestone's feedback."""

    OPEN = "open"
    HALF_WRITTEN = "half_written"
    PUBLISHED = "published"
    CLOSED = "closed"


# -- what is said ----------------------------------------------------------------------------------------------------


@said
class Open(Command):
    """The milestone is over: who has the right may say what it thinks of the other side."""


@said
class Write(Command):
    """Rate the other side, with a comment if one likes; once, and never changed."""

    score: int = arg.whole()
    comment: str | None = arg.text(optional=True)


@said
class Revise(Command):
    """A later dispute changed who has the right."""


@said
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()


# -- what happened ---------------------------------------------------------------------------------------------------


@said
class Opened(Event):
    """Feedback can be given; `withheld` names who has no right to, and why."""

    withheld: Mapping[str, str]
    sealed: bool

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As the outcome and the rulebook say."""
        return {"withheld": ctx.pot.feedback_withheld, "sealed": bool(ctx.rules.values["conduct.feedback.sealed"])}


@said
class Written(Event):
    """A side gave its feedback."""

    score: int
    comment: str | None


@said
class Revised(Event):
    """Who has the right has changed."""

    withheld: Mapping[str, str]

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As the outcome and the rulebook say now."""
        return {"withheld": ctx.pot.feedback_withheld}


@said
class WindowClosed(Event):
    """The time to give feedback is over: what was written is published."""

    clock: str


# -- the rules in words ----------------------------------------------------------------------------------------------


@guard(offered=lambda rules: rules.has("conduct.feedback.within"))
def sides_may_rate(ctx: Context[Feedback]) -> bool:
    """The rulebook lets the sides rate one another."""
    return bool(ctx.rules.has("conduct.feedback.within"))


@guard()
def nobody_may(ctx: Context[Feedback]) -> bool:
    """The outcome leaves neither side the right."""
    return len(ctx.pot.feedback_withheld) == len(SIDES)


@guard(BadArgument, reads=("conduct.feedback.scale",))
def score_on_scale(ctx: Context[Feedback]) -> bool:
    """The score is on the rulebook's scale, from 1."""
    return bool(ctx.command.score <= ctx.rules["conduct.feedback.scale"])


@guard(NotYourMove)
def outcome_leaves_right(ctx: Context[Feedback]) -> bool:
    """The outcome leaves this side the right to give feedback."""
    return ctx.name not in ctx.it.withheld


@guard()
def not_written_yet(ctx: Context[Feedback]) -> bool:
    """This side has not written yet; nothing that was written is changed."""
    return ctx.name not in ctx.it.written


@guard(until=lambda ctx: ctx.pot.restricted_until("rating", ctx.name))
def may_rate(ctx: Context[Feedback]) -> bool:
    """The right to rate is not taken from this side."""
    return not ctx.pot.is_restricted("rating", ctx.name)


@guard()
def no_dispute_open(ctx: Context[Feedback]) -> bool:
    """No dispute is open over this milestone, so that no rating can be a threat."""
    return not ctx.pot.disputed


@guard()
def nobody_else_writes(ctx: Context[Feedback]) -> bool:
    """The other side has no right to write."""
    return ctx.by.other.value in ctx.it.withheld


_MAY = (score_on_scale, outcome_leaves_right, may_rate, no_dispute_open)

# -- the law ---------------------------------------------------------------------------------------------------------

TABLE: Table[Feedback] = Table(
    "feedback",
    S,
    initial={S.OPEN, S.CLOSED},
    final={S.PUBLISHED, S.CLOSED},
    always=(may_say,),
    rows=(
        # in                       on      by       then            event         when
        Row(None, Open, R.RULES, S.CLOSED, Opened, (sides_may_rate, nobody_may)),
        Row(None, Open, R.RULES, S.OPEN, Opened, sides_may_rate),
        Row(S.OPEN, Write, PARTY, S.PUBLISHED, Written, (*_MAY, nobody_else_writes)),
        Row(S.OPEN, Write, PARTY, S.HALF_WRITTEN, Written, _MAY),
        Row(S.HALF_WRITTEN, Write, PARTY, S.PUBLISHED, Written, (*_MAY, not_written_yet)),
        Row((S.OPEN, S.HALF_WRITTEN), Revise, R.RULES, SAME, Revised),
        Row(S.OPEN, Lapse, R.CLOCK, S.CLOSED, WindowClosed, (), "write"),
        Row(S.HALF_WRITTEN, Lapse, R.CLOCK, S.PUBLISHED, WindowClosed, (), "write"),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


@frozen
class Feedback(Layered[S]):
    """The record of one milestone's feedback; `written` has the score of each side that wrote."""

    stack: tuple[S, ...]
    opened_at: datetime
    sealed: bool
    withheld: Mapping[str, str]
    written: Mapping[str, int]

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be written."""
        return self.state in TABLE.final

    @property
    def hidden(self) -> bool:
        """Whether what was written is shown to nobody but who wrote it."""
        return self.sealed and not self.is_over

    def of(self, side: str) -> str:
        """What a side may do or has done, in one word: withheld, written, sealed, allowed, or missed (too late)."""
        if side in self.written:
            return "sealed" if self.hidden else "written"
        if side in self.withheld:
            return "withheld"
        return "missed" if self.is_over else "allowed"


_CHANGES = Changes(
    {
        Written: lambda it, e: {"written": {**it.written, e.by: e.score}},
        Revised: lambda it, e: {"withheld": e.withheld},
    }
)


def evolve(it: Feedback | None, event: Any) -> Feedback:
    """The record after an event."""
    if it is None:
        return Feedback(TABLE.layers((), event), event.at, event.sealed, event.withheld, {})
    return changed(it, stack=TABLE.layers(it.stack, event), **_CHANGES(it, event))
