"""One milestone with its money, seen whole: the figures that guards, books, reactions and clocks ask for.

`Lane` is what is stored of one milestone: the records of its machines. `Pot` is a lane in its agreement at an instant:
nothing in it is stored, all of it is worked out of records and ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import frozen

from escrowkit import arguments as arg
from escrowkit import fees as listed
from escrowkit.clocks import CLOCKS, Clock, due_of, plain_due
from escrowkit.conditions import ALWAYS, Condition, any_of, elapsed, signed
from escrowkit.ledger import Kind
from escrowkit.machines import arbitration, conduct, dispute, escrow, feedback, mediation, milestone, obligation
from escrowkit.machines.arbitration import Arbitration
from escrowkit.machines.dispute import Dispute
from escrowkit.machines.escrow import Escrow, Freed
from escrowkit.machines.feedback import Feedback
from escrowkit.machines.mediation import Mediation
from escrowkit.machines.milestone import Milestone
from escrowkit.machines.obligation import Obligation
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook, divide
from escrowkit.schema import UNKNOWN, Answers
from escrowkit.table import Command, Table

if TYPE_CHECKING:
    from escrowkit.agreement.whole import Whole

TABLES: Final[Mapping[str, Table[Any]]] = {
    "milestone": milestone.TABLE,
    "escrow": escrow.TABLE,
    "dispute": dispute.TABLE,
    "mediation": mediation.TABLE,
    "arbitration": arbitration.TABLE,
    "obligation": obligation.TABLE,
    "feedback": feedback.TABLE,
}
#: Beside them the one that belongs to a side and to no milestone.
MACHINES: Final[Mapping[str, Table[Any]]] = {**TABLES, "conduct": conduct.TABLE}
#: What pauses the work on a milestone.
_PAUSES: Final = ("dispute", "impound", "request")
Spans = tuple[tuple[datetime, datetime | None], ...]
_HALVES: Final = {"payer": Fraction(1), "payee": Fraction(1)}


@frozen
class Case:
    """A numbered dispute with its mediation and its arbitration."""

    dispute: Dispute
    mediation: Mediation | None = None
    arbitration: Arbitration | None = None

    @property
    def defaulted(self) -> tuple[str, ...]:
        """The sides that lost it by their own silence: no answer, or no fee where the other paid; none that won all."""
        silent: tuple[str, ...] = ()
        if self.dispute.code == "respondent_silent":
            silent = self.dispute.must_answer
        if self.dispute.code == "only_one_paid_fee" and self.arbitration is not None:
            silent = tuple(side.value for side in (Role.PAYER, Role.PAYEE) if side not in self.arbitration.paid)
        to_payee, stake = self.dispute.to_payee, self.dispute.stake
        won = "payee" if to_payee == stake else "" if to_payee else "payer"
        return tuple(side for side in silent if side != won)


@frozen(weakref_slot=False)
class Lane:
    """What is stored of one milestone."""

    id: str
    currency: str
    rules: Rulebook
    milestone: Milestone | None = None
    escrow: Escrow | None = None
    cases: tuple[Case, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    #: When somebody last did something here; the clock and the rules are nobody.
    touched: datetime | None = None
    feedback: Feedback | None = None


class Pot:
    """A lane in its agreement at an instant."""

    __slots__ = ("_waits", "agreement", "at", "currency", "escrow", "id", "lane", "milestone", "rules", "zero")

    #: The record of the work; every command but the first finds one.
    milestone: Milestone
    #: The record of the pot.
    escrow: Escrow | None

    def __init__(self, agreement: Whole, lane: Lane, at: datetime) -> None:
        self.agreement = agreement
        self.lane = lane
        self.at = at
        self.milestone = lane.milestone  # type: ignore[assignment]
        self.escrow = lane.escrow
        self.id = lane.id
        self.rules = lane.rules
        self.currency = lane.currency
        self.zero = Money.zero(lane.currency)
        self._waits: Mapping[str, Spans] | None = None

    # -- the records ---------------------------------------------------------------------------------------------

    @property
    def dispute(self) -> Dispute | None:
        """The latest dispute."""
        return self.lane.cases[-1].dispute if self.lane.cases else None

    @property
    def mediation(self) -> Mediation | None:
        """The mediation of the latest dispute."""
        return self.lane.cases[-1].mediation if self.lane.cases else None

    @property
    def arbitration(self) -> Arbitration | None:
        """The arbitration of the latest dispute."""
        return self.lane.cases[-1].arbitration if self.lane.cases else None

    @property
    def feedback(self) -> Feedback | None:
        """What the sides say of one another."""
        return self.lane.feedback

    @property
    def case(self) -> str:
        """The latest case by its number: `m1/1`."""
        return f"{self.id}/{len(self.lane.cases)}"

    # -- balances ------------------------------------------------------------------------------------------------

    def _balance(self, account: str) -> Money:
        return self.agreement.ledger.balance(account, self.currency)

    @property
    def held(self) -> Money:
        """What the escrow holds."""
        return self._balance(f"escrow:{self.id}")

    @property
    def inside(self) -> Money:
        """What the escrow holds and what still clears, gross of the service fee."""
        return self.held + self.clearing_gross

    @property
    def fees(self) -> Money:
        """Processing fees that are neither earned nor returned."""
        waiting = self._balance(f"fees:{self.id}")
        return waiting - listed.total(self.prepaid, self.zero) if waiting and self.has_fees else waiting

    def payable(self, role: str) -> Money:
        """What waits for payout to a role."""
        return self._balance(f"payable:{role}")

    @property
    def unpaid(self) -> Money:
        """What waits for payout to the payee, at most what this milestone's releases brought and was not paid out."""
        brought = self._sum(r.net for r in self._releases if not r.clearing)
        out = (self.escrow.paid_out if self.escrow else None) or self.zero
        return max(min(self.payable("payee"), brought - out), self.zero)

    def told_elsewhere(self, told: tuple[str, str]) -> bool:
        """Whether a reference was told for any milestone of the agreement: one payment counts once."""
        lanes = self.agreement.lanes.values()
        return any(lane.escrow is not None and told in lane.escrow.told for lane in lanes)

    def deposited_fee(self, role: str) -> Money:
        """What a role has paid in for the latest case."""
        return self._balance(f"deposit:{self.case}:{role}")

    @property
    def _releases(self) -> tuple[Freed, ...]:
        return self.escrow.releases if self.escrow else ()

    def _sum(self, sums: Iterable[Money]) -> Money:
        return sum(sums, self.zero)

    def _gross(self, releases: Iterable[Freed]) -> Money:
        """What of releases has not gone back, gross. In whole units: there may be many, and it is asked for often."""
        return Money(sum(r.gross.minor - r.back.minor for r in releases), self.currency)

    @property
    def clearing_gross(self) -> Money:
        """Releases still in their security hold, gross of the service fee."""
        return self._gross([r for r in self._releases if r.clearing])

    @property
    def cleared(self) -> Money:
        """Releases past their security hold, gross."""
        return self._gross([r for r in self._releases if not r.clearing])

    @property
    def released(self) -> Money:
        """All that was released and has not gone back, gross."""
        return self._gross(self._releases)

    @property
    def refundable(self) -> Money:
        """What was released within the rulebook's window for voluntary refunds, gross, and is not promised already."""
        within = self.rules.within("escrow.refund_released")
        if within is None:
            return self.zero
        promised = self._sum(self.escrow.promised if self.escrow else ())
        return max(self._sum(self._released_within(within, clearing=True)) - promised, self.zero)

    def _released_within(self, within: Period, *, clearing: bool) -> Iterator[Money]:
        for release in self._releases:
            if (clearing or not release.clearing) and self.at < self.rules.calendar.add(release.at, within):
                yield release.left

    @property
    def price(self) -> Money:
        """The price of the milestone."""
        return self.milestone.price

    @property
    def lacks(self) -> Money:
        """What the price still lacks."""
        short = self.price.minor - self.held.minor - self.released.minor
        return Money(short, self.currency) if short > 0 else self.zero

    def lacks_of(self, other: str) -> Money:
        """What another milestone's price still lacks."""
        return self.agreement.pot(other, self.at).lacks

    def can_receive(self, other: str) -> bool:
        """Whether another milestone can take in a rest of this one."""
        if other == self.id or other not in self.agreement.lanes:
            return False
        pot = self.agreement.pot(other, self.at)
        open_ = pot.escrow is not None and pot.escrow.state in (
            escrow.S.EMPTY,
            escrow.S.FUNDING,
            escrow.S.HELD,
            escrow.S.CLEARING,
        )
        return open_ and not pot.over and pot.currency == self.currency

    @property
    def funded_enough(self) -> bool:
        """Whether the work may start, as far as the rulebook asks for money first."""
        start = self.rules["milestone.start"]
        return bool(start == "unfunded" or (self.held if start == "in_part" else not self.lacks))

    @property
    def ever_held(self) -> bool:
        """Whether money was ever held here."""
        return self.escrow is not None and bool(self.escrow.deposits or self.escrow.received)

    # -- fees ----------------------------------------------------------------------------------------------------

    @property
    def instant(self) -> bool:
        """Whether money travels at once."""
        return self.agreement.rail == "instant"

    @property
    def fee_on_refund(self) -> str:
        """Who bears a service fee already taken, if the money goes back."""
        return str(self.rules["escrow.service_fee.on_refund"])

    @property
    def fees_reversed(self) -> bool:
        """Whether the platform gives such a fee back."""
        return self.fee_on_refund == "reversed"

    def service_fee(self, paid: Money, back: Money, back_fee: Money) -> Money:
        """The fee on a release: cumulative, so slicing changes nothing; `back` goes back in the same breath."""
        tariff = self.rules.service_fee(self.currency)
        if tariff is None or not paid:
            return self.zero
        before = self.agreement.billed_before(self.currency)
        gross, taken = self.agreement.billed.get(self.currency, (self.zero, self.zero))
        total = tariff.of(before + gross - back + paid) - tariff.of(before) - (taken - back_fee)
        return min(max(total, self.zero), paid)

    def fee_of_released(self, sum_: Money) -> Money:
        """The service fee that was taken on released money, the newest first."""
        return self._fee_of(self._releases, sum_)

    def fee_of_paid_out(self, sum_: Money) -> Money:
        """The service fee that was taken on what is past its security hold, the newest first."""
        return self._fee_of(tuple(r for r in self._releases if not r.clearing), sum_)

    def _fee_of(self, releases: tuple[Freed, ...], sum_: Money) -> Money:
        _, _, fee = escrow.take_back(releases, min(sum_, self._gross(releases)))
        return fee

    def processing_fee(self, sum_: Money) -> Money:
        """What the payer pays on top of a deposit."""
        rate = self.rules["escrow.processing_fee.rate"]
        fixed = self.rules.amount("escrow.processing_fee.fixed", self.currency)
        return (sum_.portion(rate) if rate else self.zero) + (fixed or self.zero)

    def processing_fee_back(self, refunded: Money) -> Money:
        """The processing fee that comes back with a refund of held money: cumulative, as the rulebook says."""
        charged = self.escrow.processing if self.escrow else None
        if not charged or self.rules["escrow.processing_fee.returned"] == "never":
            return self.zero
        deposited = self._sum(d.amount - d.charged for d in self.escrow.deposits) if self.escrow else self.zero
        deposited -= (self.escrow.rolled if self.escrow else None) or self.zero
        gone = max(deposited - self.held - self.released, self.zero) + refunded
        due = charged.allocate((gone.minor, max(deposited - gone, self.zero).minor))[0] if gone else self.zero
        return min(max(due - (charged - self.fees), self.zero), self.fees)

    # -- the list of fees ----------------------------------------------------------------------------------------

    @property
    def has_fees(self) -> bool:
        """Whether the rulebook has further fees."""
        return bool(self.rules["escrow.fees"])

    @property
    def _odd_to(self) -> str:
        return str(self.rules["money.remainder_to"])

    @property
    def prepaid(self) -> dict[str, Money]:
        """What the payer paid in for each fee of the list that has not come back."""
        back = self.escrow.prepaid_back if self.escrow else {}
        return {name: sum_ - back.get(name, self.zero) for name, sum_ in self._paid_in().items()}

    def _paid_in(self) -> dict[str, Money]:
        """What the payer paid in for each fee of the list: fees are cumulative, so it follows from all deposits."""
        fees = self.rules.fees(self.currency)
        return listed.paid_in(fees, self.zero, self._deposited, self._odd_to)

    @property
    def settled(self) -> bool:
        """Whether what waited beside the escrow has gone to whom it goes."""
        return self.escrow is not None and self.escrow.state is escrow.S.SETTLED

    def fee_owner(self, name: str) -> str:
        """To whom a fee of the list goes."""
        return next(fee.to for fee, _ in self.rules.fees(self.currency) if fee.name == name)

    @property
    def _deposited(self) -> Money:
        return self._sum(d.amount for d in self.escrow.deposits) if self.escrow else self.zero

    def fees_paid_in(self, sum_: Money) -> dict[str, Money]:
        """What the payer pays in on top of a deposit for the fees of the list."""
        return (
            listed.paid_in(self.rules.fees(self.currency), self._deposited, sum_, self._odd_to) if self.has_fees else {}
        )

    def fees_back(self, refunded: Money, *, given_back: Money | None = None) -> dict[str, Money]:
        """What comes back of it: with held money that is refunded, or with released money that the payee gives back."""
        it, zero, paid = self.escrow, self.zero, self._paid_in()
        if it is None or not paid:
            return {}
        gone = refunded + (it.refunded or zero) + (it.undone or zero)
        after = (it.given_back or zero) + (given_back or zero)
        base = self._deposited
        inside = base + (it.received or zero) - gone
        back: dict[str, Money] = {}
        for when, remains in ((("while_held",), inside), (("always",), inside - after)):
            back |= listed.returned(
                self.rules.fees(self.currency),
                paid=paid,
                back=it.prepaid_back,
                base=base,
                remains=max(remains, zero),
                when=when,
                odd_to=self._odd_to,
            )
        return back

    def levies(
        self, *, paid: Money, fee: Money, to_payer: Money, back: Money, cut: Money, seized: bool
    ) -> listed.Levies:
        """What the fees of the list do to money that leaves; a seizure takes nothing of what it takes away."""
        it, zero = self.escrow, self.zero
        all_paid = ((it.paid if it else None) or zero) + paid
        taken, kept = listed.taken(
            self.rules.fees(self.currency),
            so_far=it.levied if it else {},
            all_paid=all_paid,
            all_left=all_paid + ((it.refunded if it else None) or zero) + (zero if seized else to_payer),
            weights=(paid - fee, zero if seized else to_payer),
            odd_to=self._odd_to,
        )
        return listed.Levies(taken, kept, self.fees_back(to_payer + back), cut)

    # -- the work ------------------------------------------------------------------------------------------------

    @property
    def milestone_state(self) -> str:
        """The state of the work."""
        return self.milestone.state.value

    @property
    def over(self) -> bool:
        """Whether the milestone has ended."""
        return self.milestone.state in milestone.TABLE.final

    @property
    def split_proposed(self) -> bool:
        """Whether a split proposal waits for its answer."""
        return self.milestone.proposal is not None

    @property
    def submission(self) -> int:
        """How many submissions there were."""
        return self.milestone.submission

    @property
    def impounded(self) -> bool:
        """Whether the platform holds the money."""
        return self.escrow is not None and self.escrow.state is escrow.S.IMPOUNDED

    @property
    def impounded_until(self) -> datetime | None:
        """When the platform's hold ends at the latest."""
        return next((due_of(self, clock) for clock in CLOCKS if clock.name == "impound"), None)

    @property
    def disputed(self) -> bool:
        """Whether a dispute is open."""
        return self.dispute is not None and not self.dispute.is_over

    @property
    def release_condition(self) -> Condition:
        """The milestone's own release condition, or the rulebook's: the payer approves, or the review has passed."""
        if self.milestone.release_when is not None:
            return self.milestone.release_when
        within = self.rules.values["milestone.review.within"]
        if within is None or within is UNKNOWN:
            return signed("payer")
        return any_of(signed("payer"), elapsed(within, self.rules["milestone.review.since"]))

    @property
    def facts(self) -> Pot:
        """What a release condition asks of this milestone."""
        return self

    def signed(self, role: str) -> bool:
        """The payer signs by approving, the payee by submitting."""
        return self.milestone.signed_payer if role == "payer" else self.milestone.submitted_at is not None

    def attested(self, name: str, by: str | None) -> bool:
        """Whether a fact was attested."""
        return any(f.name == name and by in (None, f.by) for f in self.milestone.facts)

    def elapsed_at(self, period: Period, since: str) -> datetime | None:
        """When so much time will have passed, pauses left out; None if it does not run now."""
        anchor = self._since(since)
        if anchor is None or any(self.is_paused(why) for why in _PAUSES):
            return None
        calendar = self.rules.calendar
        return calendar.shift(calendar.add(anchor, period), self.paused_since(anchor, _PAUSES), period)

    def _since(self, since: str) -> datetime | None:
        if since.startswith("attested:"):
            name = since.removeprefix("attested:")
            return next((f.at for f in self.milestone.facts if f.name == name), None)
        record = self.milestone
        return {"active": record.active_at, "submitted": record.submitted_at, "approved": record.approved_at}[since]

    @property
    def condition_due(self) -> datetime | None:
        """When time alone meets the milestone's own release condition."""
        own = self.milestone.release_when
        if own is None or (self.milestone.state is milestone.S.APPROVED and not self.held):
            return None
        due = own.due(self)
        return self.agreement.at if due is ALWAYS else due

    @property
    def release_code(self) -> tuple[str, Kind]:
        """Under which release condition an approved milestone's money goes."""
        if self.milestone.release_when is not None:
            return "condition_met", Kind.PROCEDURE if self.milestone.by_clock else Kind.AGREEMENT
        if self.milestone.signed_payer:
            return "payer_approved", Kind.AGREEMENT
        return "review_lapsed", Kind.PROCEDURE

    @property
    def review_from(self) -> datetime | None:
        """When the review started."""
        return self._since(self.rules["milestone.review.since"])

    @property
    def requirements_from(self) -> datetime | None:
        """From when the payer owes the requirements; a first submission shows that they were not needed."""
        work = self.milestone
        return None if work.requirements_at or work.submission else work.active_at

    @property
    def late_from(self) -> datetime | None:
        """From when lateness is counted; work that the payer sent back is late anew only from then."""
        work = self.milestone
        anchor = work.due if self.rules["milestone.late.since"] == "due" else work.active_at
        return max(anchor, work.returned_at) if anchor and work.returned_at else anchor

    @property
    def late_at(self) -> datetime | None:
        """From when the work is late enough for a right."""
        clock = next(c for c in CLOCKS if c.name == "late")
        return plain_due(self, clock, self.late_from, "milestone.late.after")

    @property
    def early_until(self) -> datetime | None:
        """Until when an early cancel is possible."""
        before, due = self.rules["milestone.early.before_due"], self.milestone.due
        return due - before.exact if before and due else None

    # -- answers -------------------------------------------------------------------------------------------------

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

    # -- the dispute ---------------------------------------------------------------------------------------------

    @property
    def _open_case(self) -> Dispute:
        return cast(Dispute, self.dispute)  # asked for by the dispute and its stages only

    def claimable(self, by: Role) -> Money:
        """The most that a side can claim: what is held and, for the payer, what was released in the look-back."""
        held = self.inside
        lookback = self.rules["dispute.lookback"] if by is Role.PAYER else None
        if not lookback:
            return held
        released = self._sum(self._released_within(lookback, clearing=False))
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
        return self._open_case.power or "facilitate"

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
        it = self._open_case
        return it.claim_of(side) if side is Role.PAYEE else it.stake - it.claim_of(side)

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

    # -- the arbitration -----------------------------------------------------------------------------------------

    @property
    def party_ids(self) -> frozenset[str]:
        """The ids of the parties, and their roles: none of them can be a neutral."""
        parties = self.agreement.parties
        return frozenset({parties["payer"], parties["payee"], "payer", "payee"})

    @property
    def fee_shares(self) -> dict[str, Money]:
        """What each must pay in for an arbitration over this stake."""
        model = self.rules["arbitration.fee.model"]
        if model == "rate":
            fee = self.rules.arbitration_fee(self.currency).of(self.stake)
            return {"payer": fee, "payee": fee}
        if model not in ("shares", "external"):
            return {}
        shares = {
            n: self.rules.amount(f"arbitration.fee.shares.{n}", self.currency) for n in ("payer", "payee", "platform")
        }
        return {name: share for name, share in shares.items() if share}

    @property
    def pot_fee(self) -> Money:
        """The arbitration fee that is taken out of the pot."""
        if self.rules["arbitration.fee.model"] != "from_pot":
            return self.zero
        return min(self.rules.arbitration_fee(self.currency).of(self.stake), self.held)

    @property
    def award_menu(self) -> frozenset[Money] | None:
        """The awards that the rulebook allows; None if any."""
        menu, it = self.rules["arbitration.award.menu"], self._open_case
        most = it.stake - self.pot_fee
        if menu == "all_or_nothing":
            return frozenset({self.zero, most})
        if menu == "any":
            return None
        last = {
            side: next((o.to_payee for o in reversed(it.offers) if o.by == side), None) for side in ("payer", "payee")
        }
        sums = (self.gives_claim(Role(side)) if sum_ is None else sum_ for side, sum_ in last.items())
        return frozenset(min(sum_, most) for sum_ in sums)

    @property
    def ended_by_time(self) -> bool:
        """Whether the dispute reached the end of its longest life, or its money of the longest time to be held."""
        return self._open_case.code in ("dispute_lapsed", "hold_limit_reached")

    @property
    def fee_weights(self) -> dict[str, int]:
        """How the arbitrator's fee is borne, after a ruling."""
        borne, it, case = self.rules["arbitration.fee.borne"], self._open_case, self.arbitration
        to_payee = self._given
        if case is not None and borne == "each":
            return arbitration.share_weights(case)
        if case is not None and case.state is arbitration.S.REFUSED:
            return self._refusal_weights(it.stake, to_payee)
        lost = self._lost(it, to_payee)
        if borne == "loser" and lost["payer"] != lost["payee"]:
            return {max(lost, key=lambda side: lost[side]): 1}
        return lost if any(lost.values()) and borne == "by_share_lost" else {"payer": 1, "payee": 1}

    @property
    def _given(self) -> Money:
        """What the dispute gave the payee; all of the stake, where nothing was said."""
        it = self._open_case
        return it.to_payee if it.to_payee is not None else it.stake

    @property
    def winner(self) -> str | None:
        """Who won: the side that lost less of what both claimed; nobody, if they lost the same, or no ruling came."""
        if self.arbitration is not None and self.arbitration.state is arbitration.S.REFUSED:
            return None
        lost = self._lost(self._open_case, self._given)
        return None if lost["payer"] == lost["payee"] else min(lost, key=lambda side: lost[side])

    def _refusal_weights(self, stake: Money, to_payee: Money) -> dict[str, int]:
        """In the shares in which the stake is divided: the rule's, not those to which a small one was rounded."""
        answers = self.rules["arbitration.refusal.divide"]
        rule = next(one for one in answers if self.answer((one,), stake) is not None)
        if rule == "halves":
            return {"payer": 1, "payee": 1}
        if not isinstance(rule, str):
            scale = lcm(*(share.denominator for share in rule.values()))
            return {name: int(share * scale) for name, share in rule.items()}
        shares = {"payer": (stake - to_payee).minor, "payee": to_payee.minor}
        return shares if any(shares.values()) else {"payer": 1, "payee": 1}

    def _lost(self, it: Dispute, to_payee: Money) -> dict[str, int]:
        """How much of the contested sum each side lost."""
        payer, payee = it.claim_of(Role.PAYER), it.claim_of(Role.PAYEE)
        contested = max(payer + payee - it.stake, self.zero)

        def lost(claim: Money, got: Money) -> int:
            return min(max(claim - got, self.zero), contested).minor

        return {"payer": lost(payer, it.stake - to_payee), "payee": lost(payee, to_payee)}

    # -- standing ------------------------------------------------------------------------------------------------

    def is_restricted(self, right: str, name: str) -> bool:
        """Whether a right is taken from a role now."""
        record = self.agreement.conduct.get(name)
        return record is not None and record.lacks(right, self.at)

    def restricted_until(self, right: str, name: str) -> datetime | None:
        """Until when a right is taken; None if nobody said."""
        return self.agreement.conduct_of(name).taken.get(right)

    def may_say(self, name: str, command: Command) -> bool:
        """Whether a role may say this command in these words: one that may not write leaves out what it can."""
        return not self.is_restricted("writing", name) or not arg.spare_words(command)

    @property
    def anybody_suspended(self) -> bool:
        """Whether one of the sides is suspended."""
        return any(record.is_suspended for record in self.agreement.conduct.values())

    @property
    def feedback_withheld(self) -> dict[str, str]:
        """Who has no right to give feedback by the outcome, and why: `defaulted` or `refunded`."""
        key = "conduct.feedback.withheld_from"
        reasons = self.rules[key] if self.rules.settled(key) else ()
        found: dict[str, str] = {}
        if "refunded" in reasons and not self.released:
            found["payer"] = "refunded"
        if "defaulted" in reasons:
            found |= {side: "defaulted" for case in self.lane.cases for side in case.defaulted}
        return found

    # -- obligations ---------------------------------------------------------------------------------------------

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

    # -- time ----------------------------------------------------------------------------------------------------

    @property
    def touched(self) -> datetime | None:
        """When somebody last did something here, or money came in."""
        times = (self.lane.touched, self.escrow.held_since if self.escrow else None)
        return max((time for time in times if time is not None), default=None)

    @property
    def clearing_from(self) -> datetime | None:
        """When the oldest release that still clears was made."""
        return next((r.at for r in self._releases if r.clearing), None)

    @property
    def waits(self) -> Mapping[str, Spans]:
        """The times in which clocks waited, by what for; for most milestones there are none."""
        if self._waits is None:
            self._waits = {why: spans for why in _PAUSES if (spans := self.spans(why))}
        return self._waits

    def spans(self, why: str) -> Spans:
        """The times in which clocks waited: for a dispute, a hold by the platform, an open cancel request."""
        if why == "dispute":
            return tuple([(c.dispute.opened_at, c.dispute.ended_at) for c in self.lane.cases])
        if why == "impound":
            return tuple([(s.start, s.end) for s in self.escrow.spans]) if self.escrow else ()
        record = self.milestone
        asking = record.asked_at is not None and milestone.S.CANCELLING in record.stack
        return (*record.waited, (record.asked_at, None)) if asking and record.asked_at else record.waited

    def is_paused(self, why: str) -> bool:
        """Whether clocks wait now."""
        return any(end is None for _, end in self.waits.get(why, ()))

    def paused_since(self, anchor: datetime, pauses: tuple[str, ...]) -> timedelta:
        """How long clocks waited since an instant; what overlaps counts once."""
        total, reached = timedelta(0), anchor
        for start, end in sorted((s, e or self.at) for why in pauses for s, e in self.waits.get(why, ())):
            if end > reached:
                total += end - max(start, reached)
                reached = end
        return total

    def clock_key(self, name: str) -> str:
        """A clock by its full name: `dispute.answer`."""
        if "." in name:
            return name
        cases = (c for c in CLOCKS if c.machine in ("arbitration", "mediation", "dispute"))
        return next((f"{c.machine}.{c.name}" for c in cases if c.name == name and due_of(self, c)), name)

    def extendable(self, name: str) -> bool:
        """Whether a clock runs now in the dispute or its stages and can be extended."""
        key = self.clock_key(name)
        running = (c for c in CLOCKS if c.machine in ("arbitration", "mediation", "dispute") and due_of(self, c))
        return any(f"{c.machine}.{c.name}" == key and c.name != "longest" for c in running)

    def extensions(self, key: str) -> tuple[Period, ...]:
        """The extensions of a clock in the latest dispute."""
        return tuple(period for clock, period in self.dispute.extensions if clock == key) if self.dispute else ()
