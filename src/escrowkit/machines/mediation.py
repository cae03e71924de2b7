"""A neutral helps: with the power to facilitate, to recommend, or to decide, as the rulebook gives it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import evolve as changed
from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.errors import BadAmount, BadArgument, NotYourMove, TermsChanged
from escrowkit.money import Money
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Command, Context, Event, Row, Table, answers, guard, not_impounded, restack

R = Role


class S(StrEnum):
    """The states of a mediation."""

    REQUESTED = "requested"
    SITTING = "sitting"
    RECOMMENDED = "recommended"
    AGREED = "agreed"
    FAILED = "failed"
    DECIDED = "decided"
    CLOSED = "closed"


# -- what is said ----------------------------------------------------------------------------------------------------


@frozen
class Open(Command):
    """The dispute goes to mediation."""


@frozen
class Assign(Command):
    """Assign a mediator, who is no party."""

    mediator: str = arg.text()


@frozen
class Replace(Command):
    """Replace the mediator; a recommendation of the former one is void."""

    mediator: str = arg.text()
    reason: str = arg.text()


@frozen
class Recommend(Command):
    """Recommend a division of the stake; it binds nobody."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@frozen
class Accept(Command):
    """Accept the recommendation, repeating its sum."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class Reject(Command):
    """Reject the recommendation, repeating its sum; it is void then."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class Decide(Command):
    """Decide the dispute, where the rulebook gives this power."""

    to_payee: Amount = arg.amount(zero=True)
    reasons: str = arg.text()


@frozen
class Fail(Command):
    """Give notice that the mediation did not resolve the dispute."""

    reason: str = arg.text()


@frozen
class Void(Command):
    """Money moved, so the recommendation over the old stake is void."""


@frozen
class Close(Command):
    """The dispute ended in another way."""


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()


# -- what happened ---------------------------------------------------------------------------------------------------


@frozen
class Opened(Event):
    """The mediation was requested; `power` is what the mediator may do."""

    power: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The power that was shown when the dispute opened."""
        return {"power": ctx.pot.power}


@frozen
class Assigned(Event):
    """A mediator was assigned."""

    mediator: str


@frozen
class Replaced(Event):
    """The mediator was replaced."""

    mediator: str
    reason: str


@frozen
class Recommended(Event):
    """The mediator recommended a division."""

    to_payee: Money
    reasons: str


@frozen
class Accepted(Event):
    """A party accepted the recommendation."""

    to_payee: Money


@frozen
class Rejected(Event):
    """A party rejected the recommendation: it is void."""

    to_payee: Money


@frozen
class Decided(Event):
    """The mediator decided."""

    to_payee: Money
    reasons: str


@frozen
class Failed(Event):
    """The mediator gave notice of non-resolution."""

    reason: str


@frozen
class Voided(Event):
    """The recommendation is void, because money moved."""


@frozen
class Closed(Event):
    """The mediation is closed: the dispute ended in another way."""


@frozen
class Lapsed(Event):
    """No recommendation, no acceptance or no end in time: the mediation failed."""

    clock: str


@frozen
class DeemedAccepted(Event):
    """Nobody rejected the recommendation in time, and the rulebook takes that as acceptance."""

    clock: str
    to_payee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As recommended."""
        return {"to_payee": ctx.it.recommendation}


# -- the rules in words ----------------------------------------------------------------------------------------------


@guard(BadArgument)
def mediator_is_no_party(ctx: Context[Mediation]) -> bool:
    """The mediator is neither the payer nor the payee."""
    return ctx.command.mediator not in ctx.pot.party_ids


def _may(rules: Any, *powers: str) -> bool:
    power = rules.values["mediation.power"]
    given = {getattr(power, "otherwise", None), getattr(power, "small", None)}
    return not rules.settled("mediation.power") or bool(given & set(powers))


@guard(NotYourMove, offered=lambda rules: _may(rules, "recommend", "decide"))
def may_recommend(ctx: Context[Mediation]) -> bool:
    """The rulebook gives this mediator the power to recommend, not only to facilitate."""
    return ctx.it.power in ("recommend", "decide")


@guard(NotYourMove, offered=lambda rules: _may(rules, "decide"))
def may_decide(ctx: Context[Mediation]) -> bool:
    """The rulebook gives this mediator the power to decide; a mediator without it may not judge."""
    return ctx.it.power == "decide"


@guard(BadAmount, most=lambda ctx: ctx.pot.stake)
def within_stake(ctx: Context[Mediation]) -> bool:
    """The payee's part is at most the stake."""
    return bool(ctx.command.to_payee <= ctx.pot.stake)


@guard(TermsChanged)
def same_recommendation(ctx: Context[Mediation]) -> bool:
    """The answer repeats the recommended sum."""
    return bool(ctx.command.to_payee == ctx.it.recommendation)


@guard()
def other_has_accepted(ctx: Context[Mediation]) -> bool:
    """The other party has accepted."""
    return ctx.by.other.value in ctx.it.accepted


@guard(offered=answers("mediation.accept.on_silence", "recommendation"))
def silence_accepts(ctx: Context[Mediation]) -> bool:
    """The rulebook takes silence on a recommendation as acceptance."""
    return bool(ctx.rules["mediation.accept.on_silence"] == ("recommendation",))


# -- the law ---------------------------------------------------------------------------------------------------------

_OPEN = (S.REQUESTED, S.SITTING, S.RECOMMENDED)

TABLE: Table[Mediation] = Table(
    "mediation",
    S,
    initial=S.REQUESTED,
    final={S.AGREED, S.FAILED, S.DECIDED, S.CLOSED},
    always=(not_impounded,),
    rows=(
        # in                          on         by            then           event           when
        Row(None, Open, R.RULES, S.REQUESTED, Opened),
        Row(S.REQUESTED, Assign, R.PLATFORM, S.SITTING, Assigned, mediator_is_no_party),
        Row((S.SITTING, S.RECOMMENDED), Replace, R.PLATFORM, S.SITTING, Replaced, mediator_is_no_party),
        Row(S.SITTING, Recommend, R.MEDIATOR, S.RECOMMENDED, Recommended, (may_recommend, within_stake)),
        Row(S.RECOMMENDED, Accept, PARTY, S.AGREED, Accepted, (same_recommendation, other_has_accepted)),
        Row(S.RECOMMENDED, Accept, PARTY, SAME, Accepted, same_recommendation),
        Row(S.RECOMMENDED, Reject, PARTY, S.FAILED, Rejected, same_recommendation),
        Row((S.SITTING, S.RECOMMENDED), Decide, R.MEDIATOR, S.DECIDED, Decided, (may_decide, within_stake)),
        Row((S.SITTING, S.RECOMMENDED), Fail, R.MEDIATOR, S.FAILED, Failed),
        Row(S.RECOMMENDED, Void, R.RULES, S.SITTING, Voided),
        Row(S.SITTING, Lapse, R.CLOCK, S.FAILED, Lapsed, (), "recommend"),
        Row(S.RECOMMENDED, Lapse, R.CLOCK, S.AGREED, DeemedAccepted, silence_accepts, "accept"),
        Row(S.RECOMMENDED, Lapse, R.CLOCK, S.FAILED, Lapsed, (), "accept"),
        Row(_OPEN, Lapse, R.CLOCK, S.FAILED, Lapsed, (), "longest"),
        Row(_OPEN, Close, R.RULES, S.CLOSED, Closed),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


@frozen
class Mediation:
    """The record of one mediation."""

    stack: tuple[S, ...]
    power: str
    requested_at: datetime
    sitting_at: datetime | None = None
    recommended_at: datetime | None = None
    mediator: str | None = None
    recommendation: Money | None = None
    accepted: tuple[str, ...] = ()

    @property
    def state(self) -> S:
        """Its state."""
        return self.stack[0]


def evolve(it: Mediation | None, event: Any) -> Mediation:
    """The record after an event."""
    if it is None:
        return Mediation((S(event.after),), event.power, event.at)
    stack = restack(it.stack, event.before, S(event.after), TABLE.covering)
    return changed(it, stack=stack, **_changes(it, event))


_NO_RECOMMENDATION: dict[str, Any] = {"recommendation": None, "recommended_at": None, "accepted": ()}


def _changes(it: Mediation, event: Event) -> dict[str, Any]:
    """What an event changes beside the state."""
    match event:
        case Assigned() | Replaced():
            return {"mediator": event.mediator, "sitting_at": event.at} | _NO_RECOMMENDATION
        case Recommended():
            return {"recommendation": event.to_payee, "recommended_at": event.at, "accepted": ()}
        case Accepted():
            return {"accepted": tuple(dict.fromkeys((*it.accepted, event.by)))}
        case Voided():
            return {"sitting_at": event.at} | _NO_RECOMMENDATION
        case _:
            return {}
