"""What is true of a dispute: its record, and how an event changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve as changed
from attrs import frozen

from escrowkit.machines.dispute.commands import S
from escrowkit.machines.dispute.events import (
    AnswerDemanded,
    Concluded,
    Contested,
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
from escrowkit.table import Event, restack

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
class Dispute:
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
    def state(self) -> S:
        """Its state."""
        return self.stack[0]

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
    stack = restack(it.stack, event.before, S(event.after), TABLE.covering)
    ended: dict[str, Any] = {"ended_at": event.at} if event.after in TABLE.final else {}
    return changed(it, stack=stack, **ended, **_changes(it, event))


def _created(event: Any) -> Dispute:
    claims: dict[str, Any] = {f"claim_{event.opener}": event.claim} if event.opener in PARTY else {}
    return Dispute(
        (S(event.after),),
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


def _changes(it: Dispute, event: Event) -> dict[str, Any]:
    """What an event changes beside the state."""
    match event:
        case Contested():
            waiting = tuple(side for side in it.must_answer if side != event.by)
            return {f"claim_{event.by}": event.claim, "must_answer": waiting, **_contested(event)}
        case Proceeded() | SilenceContests():
            return {"must_answer": (), **_contested(event)}
        case AnswerDemanded():
            return {"escalated_at": event.at}
        case Escalated():
            return {"escalated_at": event.at, "stage": it.stage + 1, "must_answer": ()}
        case Offered():
            earlier = tuple(changed(o, open=False) if o.by == event.by else o for o in it.offers)
            return {"offers": (*earlier, Offer_(event.by, event.to_payee, event.at))}
        case OfferDeclined():
            return {"offers": tuple(changed(o, open=o.open and o.by == event.by) for o in it.offers)}
        case OfferLapsed():
            oldest = oldest_offer(it)
            return {"offers": tuple(changed(o, open=o.open and o is not oldest) for o in it.offers)}
        case EvidenceAdded():
            piece = Evidence(event.by, event.at, event.digest, event.title, event.admissible)
            return {"evidence": (*it.evidence, piece)}
        case Extended():
            return {"extensions": (*it.extensions, (event.clock, event.period))}
        case Concluded():
            return {"to_payee": event.to_payee, "code": event.code}
        case Overridden():
            return {"code": event.code}
        case Restaked():
            return {"stake": event.stake, "offers": tuple(changed(o, open=False) for o in it.offers)}
        case _:
            return {}


def _contested(event: Event) -> dict[str, Any]:
    return {"contested_at": event.at} if event.after == S.CONTESTED else {}
