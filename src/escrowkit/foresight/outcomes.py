"""Why money went where it went, what is at risk, and whether it is over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen

from escrowkit.agreement import Agreement
from escrowkit.doors import door
from escrowkit.ledger import CONDITIONS, Kind
from escrowkit.machines import escrow
from escrowkit.money import Money


@frozen
class Outcome:
    """Why a milestone's money went where it went: the code of the closed list, its kind, to whom, when."""

    milestone: str
    code: str
    kind: Kind
    to: str
    at: datetime

    @property
    def words(self) -> str:
        """The reason in words."""
        return CONDITIONS[self.code][1]


@door(agreement=Agreement, milestone=str)
def outcomes(agreement: Agreement, milestone: str | None = None) -> tuple[Outcome, ...]:
    """Every time that money left an escrow, or a dispute ended over money that had left it before."""
    found: list[Outcome] = []
    for record in agreement.history:
        event = record.event
        if milestone is not None and event.milestone != milestone:
            continue
        found += [
            Outcome(event.milestone, entry.condition, entry.kind, _to(record), event.at)
            for entry in record.entries
            if entry.condition is not None and entry.kind is not None
        ]
        if isinstance(event, escrow.Divided) and not any(entry.condition for entry in record.entries):
            found.append(Outcome(event.milestone, event.code, event.kind, _to(record), event.at))
    return tuple(found)


@door(agreement=Agreement, milestone=str)
def outcome(agreement: Agreement, milestone: str) -> Outcome | None:
    """The milestone's latest outcome."""
    return next(reversed(outcomes(agreement, milestone)), None)


def _to(record: Any) -> str:
    """To whom it went: payee, payer, both, authority."""
    event = record.event
    targets = {
        line.target for entry in record.entries for line in entry.lines if line.source[:7] in ("escrow:", "clearin")
    }
    got = {name for target in targets for name in ("payee", "payer", "authority") if target.endswith(f":{name}")}
    got |= {"payee" for target in targets if target.startswith("clearing:")}
    if isinstance(event, escrow.Divided):
        got |= {"payee"} if event.to_payee else set()
        got |= {"payer"} if event.owed else set()
    if isinstance(event, escrow.RolledOver):
        return event.to
    return "both" if {"payer", "payee"} <= got else next(iter(sorted(got)), "nobody")


@frozen
class Exposure:
    """What is agreed, what of it is funded, what was submitted and not paid yet, and what of that is at risk."""

    #: The prices of all milestones that are agreed and were not cancelled.
    agreed: Money
    #: What of it is held or was released.
    funded: Money
    #: The prices of work that stands submitted, less what was released of them.
    submitted: Money
    #: What of the submitted work no held money stands behind: milestone by milestone, never made up for by another one.
    at_risk: Money

    @property
    def unprotected(self) -> Money:
        """Agreed but not funded."""
        return self.agreed - self.funded


@door(agreement=Agreement, currency=str)
def exposure(agreement: Agreement, currency: str | None = None) -> Exposure:
    """Over every milestone that is agreed and was not cancelled, in one currency."""
    zero = Money.zero(currency or agreement.currency)
    agreed = funded = submitted = at_risk = zero
    for id_, lane in agreement.lanes.items():
        pot = agreement.pot(id_)
        if lane.currency != zero.currency or pot.milestone_state in ("proposed", "declined", "cancelled"):
            continue
        agreed, funded = agreed + pot.price, funded + pot.held + pot.released
        if pot.milestone.submitted_at is not None and not pot.over:
            unpaid = max(pot.price - pot.released, zero)
            submitted, at_risk = submitted + unpaid, at_risk + max(unpaid - pot.held, zero)
    return Exposure(agreed, funded, submitted, at_risk)


@door(agreement=Agreement, milestone=str)
def ended(agreement: Agreement, milestone: str) -> bool:
    """Whether a milestone and its money are over: nothing is inside, and no dispute is open."""
    pot = agreement.pot(milestone)
    return pot.over and not pot.disputed and not (pot.held or pot.clearing_gross)
