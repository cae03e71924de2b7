"""What is true of a dispute: its record, and how an event changes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from operator import is_not
from typing import Any, Final

from attrs import frozen

from escrowkit.copying import changed
from escrowkit.machines.dispute.commands import S
from escrowkit.machines.dispute.events import (
    AnswerDemanded,
    Concluded,
    Contested,
    Defaulted,
    Escalated,
    EvidenceAdded,
    Extended,
    OfferDeclined,
    Offered,
    OfferLapsed,
    Overridden,
    Proceeded,
    Restaked,
    SilenceContests,
)
from escrowkit.machines.dispute.guards import oldest_offer
from escrowkit.machines.dispute.table import TABLE
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.roles import PARTY, Role
from escrowkit.table import Changes, Event, Layered

R = Role


@frozen
class Offer_:  # noqa: N801 - the command has the plain name
    """An offer of one side."""

    by: str
    to_payee: Money
    at: datetime
    open: bool = True


@frozen
class Evidence:
    """A piece of evidence: who, when, its digest, whether it is admissible."""

    by: str
    at: datetime
    digest: str
    title: str
    admissible: bool


@frozen
class Dispute(Layered[S]):
    """The record of one dispute."""

    stack: tuple[S, ...]
    #: The side that opened it, if it was one, and who did.
    opener: str | None
    opened_by: str
    stake: Money
    #: What of the stake had been released before: it stands outside the pot.
    released: Money
    opened_at: datetime
    must_answer: tuple[str, ...]
    stages: tuple[str, ...]
    power: str | None
    submission: int
    claim_payer: Money | None = None
    claim_payee: Money | None = None
    stage: int = 0
    contested_at: datetime | None = None
    escalated_at: datetime | None = None
    offers: tuple[Offer_, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    extensions: tuple[tuple[str, Period], ...] = ()
    to_payee: Money | None = None
    code: str | None = None
    ended_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in TABLE.final

    def claim_of(self, side: Role) -> Money:
        """What a side claims for itself: all of the stake, if it named nothing."""
        claim = self.claim_payer if side is R.PAYER else self.claim_payee
        return self.stake if claim is None else min(claim, self.stake)

    def standing(self, side: Role) -> Offer_ | None:
        """The open offer of a side."""
        return next((o for o in reversed(self.offers) if o.by == side and o.open), None)


def evolve(it: Dispute | None, event: Event) -> Dispute:
    """The record after an event."""
    if it is None:
        return _created(event)
    ended: dict[str, Any] = {"ended_at": event.at} if event.after in TABLE.final else {}
    changes = _CHANGES(it, event)
    return changed(it, stack=TABLE.layers(it.stack, event), **ended, **changes)


def _created(event: Any) -> Dispute:
    claims: dict[str, Any] = {f"claim_{event.opener}": event.claim} if event.opener in PARTY else {}
    return Dispute(
        TABLE.layers((), event),
        event.opener,
        event.by,
        event.stake,
        event.released,
        event.at,
        event.must_answer,
        event.stages,
        event.power,
        event.submission,
        **claims,
    )


def _contested(event: Event) -> dict[str, Any]:
    return {"contested_at": event.at} if event.after == S.CONTESTED else {}


def _answered(it: Dispute, event: Contested) -> dict[str, Any]:
    waiting = tuple(side for side in it.must_answer if side != event.by)
    return {f"claim_{event.by}": event.claim, "must_answer": waiting, **_contested(event)}


def _offered(it: Dispute, event: Offered) -> dict[str, Any]:
    """A new offer replaces that side's earlier one."""
    earlier = _still_open(it, lambda offer: offer.by != event.by)["offers"]
    return {"offers": (*earlier, Offer_(event.by, event.to_payee, event.at))}


def _still_open(it: Dispute, still: Callable[[Offer_], bool]) -> dict[str, tuple[Offer_, ...]]:
    return {"offers": tuple(changed(o, open=o.open and still(o)) for o in it.offers)}


def _evidence(it: Dispute, event: EvidenceAdded) -> dict[str, Any]:
    piece = Evidence(event.by, event.at, event.digest, event.title, event.admissible)
    return {"evidence": (*it.evidence, piece)}


#: What an event changes beside the state.
_CHANGES: Final = Changes(
    {
        Contested: _answered,
        Proceeded: lambda it, e: {"must_answer": (), **_contested(e)},
        SilenceContests: lambda it, e: {"must_answer": (), **_contested(e)},
        AnswerDemanded: lambda it, e: {"escalated_at": e.at},
        Escalated: lambda it, e: {"escalated_at": e.at, "stage": it.stage + 1, "must_answer": ()},
        Offered: _offered,
        OfferDeclined: lambda it, e: _still_open(it, lambda offer: offer.by == e.by),
        OfferLapsed: lambda it, e: _still_open(it, partial(is_not, oldest_offer(it))),
        EvidenceAdded: _evidence,
        Extended: lambda it, e: {"extensions": (*it.extensions, (e.clock, e.period))},
        Concluded: lambda it, e: {"to_payee": e.to_payee, "code": e.code},
        Defaulted: lambda it, e: {"to_payee": e.to_payee, "code": e.code, "must_answer": e.silent},
        Overridden: lambda it, e: {"code": e.code},
        Restaked: lambda it, e: {"stake": e.stake} | _still_open(it, lambda offer: False),
    }
)
