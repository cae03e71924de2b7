"""The dispute over a milestone: what can be claimed, what is at stake, who must answer, who gets it by which answer."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Final, cast

from escrowkit.clocks import CLOCKS, Clock, plain_due
from escrowkit.machines import arbitration, mediation, obligation
from escrowkit.machines.dispute import Dispute, claim_to
from escrowkit.money import Money
from escrowkit.pot.work import Work
from escrowkit.roles import Role
from escrowkit.rulebook import divide
from escrowkit.schema import Answers

_HALVES: Final = {"payer": Fraction(1), "payee": Fraction(1)}


class Claims(Work):
    """Claims, stake, answers, and what is owed by outcomes."""

    __slots__ = ()

    def answer(
        self, answers: Answers, whole: Money, *, claim: Money | None = None, as_asked: Money | None = None
    ) -> Money | None:
        """What the payee gets of a sum by the rulebook's answer; None if it moves nothing. A list is tried in order."""
        known = {"payer": self.zero, "payee": whole, "claim": claim, "as_asked": as_asked}
        known["recommendation"] = self.mediation.recommendation if self.mediation else None
        for one in answers:
            if not isinstance(one, str) or one == "halves":
                return divide(_HALVES if isinstance(one, str) else one, whole, self.rules["money.remainder_to"])
            if one not in known:
                return None
            gives = known[one]
            if gives is not None:
                return gives
        return None

    @property
    def _open_case(self) -> Dispute:
        return cast(Dispute, self.dispute)  # asked for by the dispute and its stages only

    def claimable(self, by: Role) -> Money:
        """The most that a side can claim: what is held and, for the payer, what was released in the look-back."""
        held = self.inside
        lookback = self.rules["dispute.lookback"] if by is Role.PAYER else None
        if not lookback:
            return held
        released = self._within(lookback, self._past_hold)
        return held + max(released - self._owed_for("outcome"), self.zero)

    def _owed_for(self, cause: str) -> Money:
        """What is owed still for a cause: nobody is awarded the same money twice."""
        return self._sum(self.lane.obligations[n - 1].amount for n in self.obligations_for(cause))

    @property
    def disputable_from(self) -> datetime | None:
        """From when a dispute can be opened, where the rulebook wants a wait."""
        after = self.rules["dispute.open_after.period"]
        anchor = self._since(self.rules["dispute.open_after.since"]) if after else None
        return self.rules.calendar.add(anchor, after) if anchor else None

    @property
    def escalable_from(self) -> datetime | None:
        """From when a party can escalate, where the rulebook wants a wait."""
        after, it = self.rules["dispute.escalate.after"], self._open_case
        since = it.escalated_at or it.contested_at or it.opened_at
        return self.rules.calendar.add(since, after) if after else None

    @property
    def disputed_submissions(self) -> frozenset[int]:
        """The submissions that were disputed before."""
        return frozenset(case.dispute.submission for case in self.lane.cases)

    @property
    def stake(self) -> Money:
        """What the dispute divides."""
        return self._open_case.stake

    @property
    def stake_released(self) -> Money:
        """What of the stake was paid out before."""
        return min(self._open_case.released, self.stake)

    @property
    def power(self) -> str:
        """The mediator's power, as it was shown when the dispute opened."""
        return cast(str, self._open_case.power)

    @property
    def opener(self) -> str | None:
        """Who opened the dispute."""
        return self._open_case.opener

    @property
    def next_stage(self) -> str | None:
        """The stage that comes next, if there is one."""
        it = self._open_case
        return it.stages[it.stage] if it.stage < len(it.stages) else None

    @property
    def mediation_failed(self) -> bool:
        """Whether the mediation has failed."""
        return self.mediation is not None and self.mediation.state is mediation.S.FAILED

    @property
    def negotiable_until(self) -> datetime | None:
        """Until when the parties negotiate before a mediator may decide; None if they need not, or made all offers."""
        after, rounds = self.rules["mediation.decide.after"], self.rules["dispute.offers.rounds"]
        if after is None or self.mediation is None or (rounds is not None and self._offers_used(rounds)):
            return None
        return self.rules.calendar.add(self.mediation.requested_at, after)

    def _offers_used(self, rounds: int) -> bool:
        made = [offer.by for offer in self._open_case.offers]
        return all(made.count(side) >= rounds for side in ("payer", "payee"))

    @property
    def fee_waits(self) -> bool:
        """Whether an arbitration is offered and its fee not paid in."""
        return self.arbitration is not None and self.arbitration.state in (
            arbitration.S.OFFERED,
            arbitration.S.HALF_FUNDED,
        )

    @property
    def hearing_began(self) -> bool:
        """Whether an arbitrator was appointed."""
        return self.arbitration is not None and self.arbitration.hearings > 0

    def gives_claim(self, side: Role) -> Money:
        """What the payee gets if this side gets its claim."""
        return claim_to(self._open_case, side)

    def answer_dues(self, clock: Clock) -> dict[str, datetime]:
        """When each side that must answer has to, if its window runs."""
        dues, it = {}, self._open_case
        for side in it.must_answer:
            part = f"dispute.answer.{side}"
            if all(self.rules.settled(f"{part}.{key}") for key in ("within", "since", "on_silence")):
                anchor = it.opened_at if self.rules[f"{part}.since"] == "opened" else it.escalated_at
                due = plain_due(self, clock, anchor, f"{part}.within")
                if due is not None:
                    dues[side] = due
        return dues

    @property
    def _answers_due(self) -> dict[str, datetime]:
        return self.answer_dues(next(c for c in CLOCKS if c.name == "answer"))

    @property
    def answer_due_together(self) -> bool:
        """Whether both answer windows end at once."""
        dues = list(self._answers_due.values())
        return len(dues) > 1 and dues[0] == dues[1]

    @property
    def first_silent(self) -> str:
        """The side whose answer window ends first."""
        dues = self._answers_due
        return min(dues, key=lambda side: dues[side])

    def obligations_for(self, cause: str) -> tuple[int, ...]:
        """The numbers of the open obligations of a cause."""
        open_ = obligation.S.OPEN
        return tuple(n for n, o in enumerate(self.lane.obligations, 1) if o.cause == cause and o.state is open_)

    @property
    def owed_by_outcome(self) -> Money:
        """What the payee still owes the payer by the outcome of a dispute over released money."""
        return self._owed_for("outcome")

    def repaid_on(self, cause: str, debtor: str) -> Money:
        """What a party has paid on a cause."""
        paid = (o for o in self.lane.obligations if o.cause == cause and o.state is obligation.S.PAID)
        return self._sum(o.amount for o in paid if o.debtor == debtor)
