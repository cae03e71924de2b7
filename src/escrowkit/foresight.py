"""What is coming: the next deadlines, who must act, and what happens if nobody does. Pure functions of an agreement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import frozen

from escrowkit.agreement import Agreement, Decision
from escrowkit.clocks import UNSENT, Clock
from escrowkit.ledger import CONDITIONS, Kind
from escrowkit.machines import escrow
from escrowkit.money import Money
from escrowkit.pot import Pot
from escrowkit.roles import PARTY, Role
from escrowkit.schema import UNKNOWN

#: Longer than any chain of deadlines: what has not ended by then, time alone does not end.
FOREVER: Final = timedelta(days=3653)

#: What those who must act can do before a clock is due.
ACTS: Final[Mapping[str, str]] = {
    "arbitration.pay": "pay the arbitration fee",
    "arbitration.award": "award",
    "arbitration.appeal": "appeal",
    "mediation.accept": "accept or reject the recommendation",
    "mediation.recommend": "recommend or decide",
    "mediation.longest": "bring the mediation to an end",
    "dispute.answer": "contest or concede the dispute",
    "dispute.longest": "end the dispute",
    "dispute.offer": "accept or decline the offer",
    "milestone.cancel": "agree to the cancel request, or open a dispute",
    "milestone.condition": "act before time meets the release condition",
    "milestone.late": "submit the work",
    "milestone.proposal": "agree to the split proposal, or open a dispute",
    "milestone.requirements": "give the requirements",
    "milestone.review": "approve, ask for changes, ask to cancel, or open a dispute",
    "escrow.clearing": "wait for the security hold",
    "escrow.dormancy": "do something (or the money counts as forgotten)",
    "escrow.funding": "confirm the payment",
    "escrow.hold_limit": "dispose of the money",
    "feedback.write": "give feedback",
    "escrow.impound": "lift its hold (or seize the money, for fraud or illegality alone)",
}


def _sides(pot: Pot, done: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(side for side in ("payer", "payee") if side not in done)


def _unpaid(pot: Pot) -> tuple[str, ...]:
    it = pot.arbitration
    if it is None:
        return ()
    if it.order == "claimant_first" and not it.paid and it.claimant:
        return (it.claimant,)
    return _sides(pot, it.paid)


def _unanswered(pot: Pot) -> tuple[str, ...]:
    return pot.dispute.must_answer if pot.dispute and pot.answer_due_together else (pot.first_silent,)


def _offeree(pot: Pot) -> tuple[str, ...]:
    offers = pot.dispute.offers if pot.dispute else ()
    oldest = min((o for o in offers if o.open), key=lambda o: o.at)
    return (Role(oldest.by).other.value,)


def _mediator(pot: Pot) -> tuple[str, ...]:
    return ("mediator",) if pot.mediation and pot.mediation.mediator else ("platform",)


_WHO: Final[Mapping[str, Callable[[Pot], tuple[str, ...]]]] = {
    "both": lambda pot: ("payer", "payee"),
    "unpaid": _unpaid,
    "unaccepted": lambda pot: _sides(pot, pot.mediation.accepted if pot.mediation else ()),
    "unanswered": _unanswered,
    "offeree": _offeree,
    "asked": lambda pot: (Role(pot.milestone.asked_by).other.value,) if pot.milestone.asked_by in PARTY else (),
    "proposed": lambda pot: (Role(pot.milestone.proposal_by).other.value,) if pot.milestone.proposal_by else (),
    "mediator": _mediator,
    "arbitrator": lambda pot: ("arbitrator",) if pot.arbitration and pot.arbitration.arbitrator else ("platform",),
    "nobody": lambda pot: (),
}


@frozen
class Due:
    """A deadline: when, of which milestone and clock, who must act before it, what they can do."""

    at: datetime
    milestone: str
    clock: str
    who: tuple[str, ...]
    act: str
    period: str
    rule: str
    #: What else moves it, in words.
    note: str = ""

    @property
    def party(self) -> str:
        """Who must act, in one word: a role, `both`, or `nobody`."""
        if len(self.who) == 1:
            return self.who[0]
        return "both" if self.who else "nobody"


def due(agreement: Agreement) -> tuple[Due, ...]:
    """The next deadlines, the earliest first."""
    return tuple(_due(agreement.pot(id_), at, clock) for at, id_, clock in agreement.deadlines())


def _due(pot: Pot, at: datetime, clock: Clock) -> Due:
    find = _WHO.get(clock.who)
    who = find(pot) if find else (clock.who,)
    name = f"{clock.machine}.{clock.name}"
    key = clock.period or (f"dispute.answer.{who[0]}.within" if clock.name == "answer" else "")
    period = str(pot.rules.values[key]) if key else ""
    appointing = clock.name == "award" and who == ("platform",)
    assigning = clock.machine == "mediation" and who == ("platform",)
    act = "appoint an arbitrator" if appointing else "assign a mediator" if assigning else ACTS[name]
    if name == "mediation.recommend" and pot.mediation is not None:
        act = {"facilitate": "bring a settlement about", "recommend": "recommend"}.get(pot.mediation.power, "decide")
    if clock.name == "pay" and pot.arbitration is not None:
        shares = {share for side, share in pot.arbitration.shares.items() if side in PARTY}
        each = "each " if len(who) > 1 else ""
        act = f"{each}pay the arbitration fee of {' / '.join(sorted(map(str, shares)))}"
        if not who:
            act = "wait for the fee window to close (both have paid)"
    rule = f"{pot.rules.name} {key}" if key else "the release condition"
    return Due(at, pot.id, name, who, act, period, rule, _note(pot, name, at))


def _note(pot: Pot, clock: str, at: datetime) -> str:
    """When it would be with the reminders that the rulebook wants first."""
    wanted = pot.rules.values["milestone.review.notices"]
    given = len(pot.milestone.notices)
    if clock != "milestone.review" or not wanted or wanted is UNKNOWN or given >= wanted:
        return ""
    early = at - UNSENT
    return (
        f"but before {early:%Y-%m-%d %H:%M} already, if its {wanted} reminders are delivered by then ({given} so far)"
    )


def if_silent(agreement: Agreement, at: datetime | None = None) -> Decision:
    """The forecast when nobody acts again: the decision that time alone makes."""
    start = at or agreement.at
    return agreement.advance(start + FOREVER)


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


def silence(agreement: Agreement, milestone: str) -> str:
    """Who gets the money that is inside now if nobody acts from here on; `nobody` if time alone moves none of it."""
    now = len(agreement.history)
    later = if_silent(agreement).agreement
    found = outcomes(later, milestone)[len(outcomes(agreement, milestone)) :]
    if found:
        return found[-1].to
    cleared = any(isinstance(r.event, escrow.Cleared) and r.event.milestone == milestone for r in later.history[now:])
    return "payee" if cleared else "nobody"


@frozen
class Exposure:
    """What is agreed, what of it is funded, and what the payee works on without protection."""

    agreed: Money
    funded: Money

    @property
    def unprotected(self) -> Money:
        """Agreed but not funded."""
        return self.agreed - self.funded


def exposure(agreement: Agreement, currency: str | None = None) -> Exposure:
    """Over every milestone that is agreed and was not cancelled, in one currency."""
    currency = currency or agreement.currency
    agreed = funded = Money(0, currency)
    for id_, lane in agreement.lanes.items():
        pot = agreement.pot(id_)
        if lane.currency == currency and pot.milestone_state not in ("proposed", "declined", "cancelled"):
            agreed, funded = agreed + pot.price, funded + pot.held + pot.released
    return Exposure(agreed, funded)


def ended(agreement: Agreement, milestone: str) -> bool:
    """Whether a milestone and its money are over: nothing is inside, and no dispute is open."""
    pot = agreement.pot(milestone)
    return pot.over and not pot.disputed and not (pot.held or pot.clearing_gross)
