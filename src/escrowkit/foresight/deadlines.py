"""The next deadlines: when, and who must do what before them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import frozen

from escrowkit.agreement import Agreement
from escrowkit.clocks import UNSENT, Clock
from escrowkit.doors import door
from escrowkit.duties import who_must_act
from escrowkit.pot import Pot
from escrowkit.roles import PARTY
from escrowkit.schema import UNKNOWN

#: What those who must act can do before a clock is due.
ACTS: Final[Mapping[str, str]] = {
    "arbitration.pay": "pay the arbitration fee",
    "arbitration.award": "award",
    "arbitration.appeal": "appeal",
    "mediation.accept": "accept or reject the recommendation",
    "mediation.recommend": "recommend or decide",
    "mediation.longest": "bring the mediation to an end",
    "dispute.answer": "contest or concede the dispute",
    "dispute.escalate": "escalate the dispute or settle it",
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


@door(agreement=Agreement)
def due(agreement: Agreement) -> tuple[Due, ...]:
    """The next deadlines, the earliest first."""
    return tuple(_due(agreement.pot(id_), at, clock) for at, id_, clock in agreement.deadlines())


def _due(pot: Pot, at: datetime, clock: Clock) -> Due:
    who = who_must_act(pot, clock)
    name = f"{clock.machine}.{clock.name}"
    key = clock.period or (f"dispute.answer.{who[0]}.within" if clock.name == "answer" else "")
    period = str(pot.rules.values[key]) if key else ""
    period += "".join(f" and {extra} more" for extra in (pot.extensions(name) if key else ()))
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
