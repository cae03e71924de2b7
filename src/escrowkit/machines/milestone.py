"""The work of one milestone: proposed, agreed, started, submitted, approved; or cancelled."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import evolve as changed
from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount, same_terms, terms
from escrowkit.conditions import Condition, by_clock_alone, holds, witnesses
from escrowkit.errors import BadAmount, BadArgument, NotYourMove, OverHeld, TermsChanged
from escrowkit.money import Money
from escrowkit.roles import PARTY, Role
from escrowkit.table import (
    BACK,
    SAME,
    Command,
    Context,
    Event,
    Row,
    Table,
    Waits,
    answers,
    guard,
    not_impounded,
    restack,
)

R = Role


class S(StrEnum):
    """The states of a milestone."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    ACTIVE = "active"
    SUBMITTED = "submitted"
    CANCELLING = "cancelling"
    DISPUTED = "disputed"
    APPROVED = "approved"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DECLINED = "declined"


# -- what is said ----------------------------------------------------------------------------------------------------


@frozen
class Propose(Command):
    """Propose a new milestone: a change order touches no running clock."""

    price: Amount = arg.amount()
    title: str | None = arg.text(optional=True)
    due: datetime | None = arg.moment(optional=True)
    release_when: Any = arg.release_condition()


@frozen
class Include(Command):
    """A milestone that both sides agreed to when they opened the agreement."""

    price: Money = arg.internal()
    title: str | None = arg.internal()
    due: datetime | None = arg.internal()
    release_when: Condition | None = arg.internal()


@frozen
class Accept(Command):
    """Accept a proposed milestone, repeating its terms (their digest, or written out)."""

    terms: Any = arg.internal()


@frozen
class Decline(Command):
    """Decline a proposed milestone."""


@frozen
class Withdraw(Command):
    """Take one's own proposal back."""


@frozen
class Start(Command):
    """The work may start: it is funded as far as the rulebook asks."""


@frozen
class Submit(Command):
    """Submit the work formally, with the digest or name of what was delivered; the review starts."""

    deliverable: str = arg.text()


@frozen
class WithdrawSubmission(Command):
    """Take a submission back; its review ends."""


@frozen
class RequestChanges(Command):
    """Ask for changes; the review ends, the next submission starts it anew."""

    reason: str = arg.text()


@frozen
class Approve(Command):
    """Approve what was delivered: the payer's signature."""

    deliverable: str | None = arg.text(optional=True)


@frozen
class Attest(Command):
    """Attest a fact that the release condition waits for."""

    name: str = arg.text()
    evidence: str | None = arg.text(optional=True)


@frozen
class Fulfil(Command):
    """The release condition is met by what was just signed or attested."""


@frozen
class RequestCancel(Command):
    """Ask for part or all of what is held; the review pauses, the answer period starts."""

    refund: Amount = arg.amount()


@frozen
class AgreeCancel(Command):
    """Agree to the refund that was asked for; the rest goes to the payee."""

    refund: Amount = arg.amount()


@frozen
class WithdrawCancel(Command):
    """Take one's own cancel request back."""


@frozen
class Void(Command):
    """Money moved, so a pending request over the old sum is void."""


@frozen
class RequestRelease(Command):
    """Propose a split of what is held; the other's silence may execute it."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class Cancel(Command):
    """Cancel the milestone; what is held goes back to the payer."""


@frozen
class Delay(Command):
    """Delay the running review by the rulebook's step."""


@frozen
class LockDelay(Command):
    """Forbid further delays of the review."""


@frozen
class GiveRequirements(Command):
    """Give the payee what is needed to start."""

    requirements: str = arg.text()


@frozen
class RecordNotice(Command):
    """Record that a reminder of a clock was delivered."""

    clock: str = arg.text()


@frozen
class Suspend(Command):
    """A dispute opened: the milestone waits for it."""


@frozen
class Resume(Command):
    """The dispute was withdrawn: the milestone goes on where it was."""


@frozen
class Complete(Command):
    """All of the price was released."""


@frozen
class Conclude(Command):
    """The money was disposed of from outside: by a dispute, a seizure, a court, a longest time."""

    paid: bool = arg.internal()


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()


# -- what happened ---------------------------------------------------------------------------------------------------


@frozen
class Proposed(Event):
    """A milestone was proposed."""

    price: Money
    title: str | None
    due: datetime | None
    release_when: Condition | None


@frozen
class Included(Event):
    """A milestone was agreed at the opening."""

    price: Money
    title: str | None
    due: datetime | None
    release_when: Condition | None


@frozen
class Accepted(Event):
    """The proposed milestone was accepted."""

    terms: Any


@frozen
class Declined(Event):
    """The proposed milestone was declined."""


@frozen
class Withdrawn(Event):
    """The proposal was taken back."""


@frozen
class Started(Event):
    """The work may start."""


@frozen
class Submitted(Event):
    """The work was submitted; the review runs."""

    deliverable: str


@frozen
class SubmissionWithdrawn(Event):
    """The submission was taken back."""


@frozen
class ChangesRequested(Event):
    """The payer asked for changes; the review ended."""

    reason: str


@frozen
class Approved(Event):
    """The payer approved the work."""

    deliverable: str | None


@frozen
class Attested(Event):
    """A fact was attested."""

    name: str
    evidence: str | None


@frozen
class ConditionMet(Event):
    """The release condition is met."""

    alone: bool
    clock: str | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Whether the clock alone completed it."""
        return {"alone": by_clock_alone(ctx.pot.release_condition, ctx.pot.facts, ctx.at)}


@frozen
class CancelRequested(Event):
    """A refund was asked for; the review pauses."""

    refund: Money


@frozen
class CancelAgreed(Event):
    """The refund that was asked for was agreed to."""

    refund: Money


@frozen
class CancelWithdrawn(Event):
    """The cancel request was taken back."""


@frozen
class Voided(Event):
    """A pending request is void because money moved."""


@frozen
class ReleaseRequested(Event):
    """A split of what is held was proposed."""

    to_payee: Money


@frozen
class Cancelled(Event):
    """The milestone was cancelled."""

    code: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Under which release condition what is held goes back."""
        return {"code": "payee_refunded" if ctx.by is R.PAYEE else _right_to_cancel(ctx)}


@frozen
class Delayed(Event):
    """The review was delayed by one step."""


@frozen
class DelayLocked(Event):
    """The review cannot be delayed further."""


@frozen
class RequirementsGiven(Event):
    """The payee has what is needed."""

    requirements: str


@frozen
class NoticeRecorded(Event):
    """A reminder was delivered."""

    clock: str


@frozen
class Suspended(Event):
    """The milestone waits for a dispute."""


@frozen
class Resumed(Event):
    """The milestone goes on where it was, with the time that it had left."""


@frozen
class Completed(Event):
    """All of the price was released."""


@frozen
class Concluded(Event):
    """The milestone ended because its money was disposed of."""

    paid: bool


@frozen
class DeemedApproved(Event):
    """The payer let the review period pass; `unsent` says that reminders were never delivered."""

    clock: str
    unsent: bool

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Whether a reminder was missing."""
        return {"unsent": len(ctx.it.notices) < ctx.rules["milestone.review.notices"]}


@frozen
class ReviewEscalated(Event):
    """The payer let the review period pass, and the rulebook makes a dispute of that."""

    clock: str


@frozen
class SilenceDivided(Event):
    """A silence decided how what is held is divided."""

    clock: str
    to_payee: Money
    code: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Who gets how much by the rulebook's answer to this silence."""
        return {"to_payee": _silence_gives(ctx), "code": _CODES[ctx.command.clock]}


@frozen
class SilenceIgnored(Event):
    """A silence that moves nothing: what was asked for is declined."""

    clock: str


# -- the rules in words ----------------------------------------------------------------------------------------------


@guard(NotYourMove)
def own_proposal(ctx: Context[Milestone]) -> bool:
    """Only who proposed it may take it back."""
    return ctx.it.proposer == ctx.name


@guard(NotYourMove)
def not_own_proposal(ctx: Context[Milestone]) -> bool:
    """Nobody answers an own proposal."""
    return ctx.it.proposer != ctx.name


@guard(BadAmount, reads=("money.min_milestone", "money.max_milestone"))
def price_in_range(ctx: Context[Milestone]) -> bool:
    """The price is within the rulebook's smallest and largest."""
    price, rules = ctx.command.price, ctx.rules
    least = rules.amount("money.min_milestone", price.currency)
    most = rules.amount("money.max_milestone", price.currency)
    return (least is None or price >= least) and (most is None or price <= most)


@guard(TermsChanged)
def same_as_proposed(ctx: Context[Milestone]) -> bool:
    """The acceptance repeats the terms that stand proposed."""
    return same_terms(ctx.command.terms, ctx.it.terms, ctx.it.digest, ctx.it.price.currency)


@guard(reads=("milestone.submit_needs",))
def submission_possible(ctx: Context[Milestone]) -> bool:
    """Money is held, where the rulebook wants that before a submission."""
    return ctx.rules["milestone.submit_needs"] == "nothing" or bool(ctx.pot.held)


@guard(reads=("milestone.max_revisions",))
def revisions_left(ctx: Context[Milestone]) -> bool:
    """The rulebook's number of revisions is not used up."""
    most = ctx.rules["milestone.max_revisions"]
    return most is None or ctx.it.revisions < most


@guard(TermsChanged)
def same_deliverable(ctx: Context[Milestone]) -> bool:
    """The approval names the deliverable that was submitted."""
    return bool(ctx.command.deliverable == ctx.it.deliverable)


@guard()
def own_condition(ctx: Context[Milestone]) -> bool:
    """The milestone has its own release condition, which can be met before any submission."""
    return ctx.it.release_when is not None


@guard(NotYourMove)
def condition_names_me(ctx: Context[Milestone]) -> bool:
    """The release condition names this fact, and this one to attest it (anybody but the payee, if it names nobody)."""
    # The one whom a fact pays attests it only where the payer agreed to that by name.
    others = ctx.by is not R.PAYEE
    waited = witnesses(ctx.pot.release_condition)
    named = any(name == ctx.command.name and (by == ctx.name or (by is None and others)) for name, by in waited)
    return named or (others and ctx.rules["milestone.review.since"] == f"attested:{ctx.command.name}")


@guard()
def condition_holds(ctx: Context[Milestone]) -> bool:
    """The release condition is met."""
    return holds(ctx.pot.release_condition, ctx.pot.facts, ctx.at)


@guard(
    NotYourMove,
    reads=("milestone.cancel.by",),
    offered=lambda rules: rules.has("milestone.cancel.within"),
    people=lambda rules: rules.values["milestone.cancel.by"],
)
def may_request_cancel(ctx: Context[Milestone]) -> bool:
    """The rulebook lets this side ask for a cancellation."""
    return ctx.by in ctx.rules["milestone.cancel.by"]


@guard(
    reads=("milestone.cancel.within", "milestone.cancel.on_silence"),
    offered=lambda rules: rules.has("milestone.cancel.within"),
)
def cancel_requests_exist(ctx: Context[Milestone]) -> bool:
    """The rulebook has cancel requests."""
    return ctx.rules["milestone.cancel.within"] is not None


@guard(OverHeld, most=lambda ctx: ctx.pot.held)
def refund_within_held(ctx: Context[Milestone]) -> bool:
    """The refund is at most what is held."""
    return bool(ctx.command.refund <= ctx.pot.held)


@guard(OverHeld, most=lambda ctx: ctx.pot.held)
def split_within_held(ctx: Context[Milestone]) -> bool:
    """The proposed part is at most what is held."""
    return bool(ctx.command.to_payee <= ctx.pot.held) and bool(ctx.pot.held)


@guard()
def first_request(ctx: Context[Milestone]) -> bool:
    """There is one cancel request a submission, and this submission had none."""
    return ctx.it.asked_in != ctx.it.submission


@guard(NotYourMove)
def own_request(ctx: Context[Milestone]) -> bool:
    """Only who asked may take the request back."""
    return ctx.it.asked_by == ctx.name


@guard(NotYourMove)
def not_own_request(ctx: Context[Milestone]) -> bool:
    """Nobody agrees to an own request."""
    return ctx.it.asked_by != ctx.name


@guard(TermsChanged)
def same_refund(ctx: Context[Milestone]) -> bool:
    """The answer repeats the refund that was asked for."""
    return bool(ctx.command.refund == ctx.it.asked)


@guard()
def refund_is_all(ctx: Context[Milestone]) -> bool:
    """All that is held goes back, and nothing was released before."""
    return bool(ctx.it.asked == ctx.pot.held) and not ctx.pot.released


@guard(
    reads=("milestone.proposal.within", "milestone.proposal.on_silence"),
    offered=lambda rules: rules.has("milestone.proposal.within"),
)
def proposals_exist(ctx: Context[Milestone]) -> bool:
    """The rulebook has split proposals."""
    return ctx.rules["milestone.proposal.within"] is not None


@guard(
    reads=("milestone.late.after", "milestone.late.right", "milestone.early.before_due", "milestone.early.right"),
    until=lambda ctx: ctx.pot.late_at if ctx.by in ctx.rules["milestone.late.right"] else None,
)
def may_cancel(ctx: Context[Milestone]) -> bool:
    """Nothing is held, or the rulebook gives the right: the work is late, or it is early enough."""
    return (ctx.by is R.PAYER and not ctx.pot.held) or _right_to_cancel(ctx) is not None


@guard(reads=("milestone.review.delay_step",), offered=lambda rules: rules.has("milestone.review.delay_step"))
def delays_possible(ctx: Context[Milestone]) -> bool:
    """The rulebook lets a review be delayed, and the payee has not locked it."""
    return ctx.rules["milestone.review.delay_step"] is not None and not ctx.it.delay_locked


@guard(
    reads=("milestone.review.delay_lockable",),
    offered=lambda rules: bool(rules.values["milestone.review.delay_lockable"]),
)
def delay_lockable(ctx: Context[Milestone]) -> bool:
    """The rulebook lets the payee forbid further delays."""
    return bool(ctx.rules["milestone.review.delay_lockable"])


@guard(BadArgument)
def notice_of_review(ctx: Context[Milestone]) -> bool:
    """Reminders are recorded for the clock 'review'."""
    return ctx.command.clock in ("review", "milestone.review")


@guard(reads=("milestone.review.notices",), offered=lambda rules: bool(rules.values["milestone.review.notices"]))
def notices_wanted(ctx: Context[Milestone]) -> bool:
    """The rulebook asks for reminders before this clock decides."""
    return bool(ctx.rules["milestone.review.notices"])


@guard()
def dispute_is_over(ctx: Context[Milestone]) -> bool:
    """The dispute over this milestone has ended."""
    return ctx.state != S.DISPUTED


@guard()
def cancel_is_answered(ctx: Context[Milestone]) -> bool:
    """The cancel request is answered or taken back."""
    return ctx.state != S.CANCELLING


@guard()
def work_has_started(ctx: Context[Milestone]) -> bool:
    """The work has started: the milestone is funded as far as the rulebook asks."""
    return ctx.state != S.AGREED


@guard()
def payee_got_something(ctx: Context[Milestone]) -> bool:
    """The payee got something."""
    return bool(ctx.command.paid)


@guard(offered=answers("milestone.review.on_silence", "payee"))
def review_gives_payee(ctx: Context[Milestone]) -> bool:
    """The payer let the review period pass."""
    return bool(ctx.rules["milestone.review.on_silence"] == ("payee",))


@guard(offered=answers("milestone.review.on_silence", "dispute"))
def review_gives_dispute(ctx: Context[Milestone]) -> bool:
    """The payer let the review period pass, and the rulebook makes a dispute of it while money is held."""
    return bool(ctx.rules["milestone.review.on_silence"] == ("dispute",))


@guard()
def silence_refunds(ctx: Context[Milestone]) -> bool:
    """The silence gives all that is held back to the payer, and nothing was released before."""
    gives = _silence_gives(ctx)
    return gives is not None and not gives and not ctx.pot.released


@guard()
def silence_divides(ctx: Context[Milestone]) -> bool:
    """The silence gives the payee a part, or a part was released before."""
    return _silence_gives(ctx) is not None


#: The release condition that each silence cites.
_CODES = {
    "review": "review_lapsed",
    "cancel": "cancel_lapsed",
    "proposal": "proposal_lapsed",
    "requirements": "requirements_lapsed",
    "late": "late_cancelled",
}


def _right_to_cancel(ctx: Context[Milestone]) -> str | None:
    """The code of a right to cancel that the rulebook gives now."""
    late, early = ctx.pot.late_at, ctx.pot.early_until
    if late is not None and ctx.at >= late and ctx.by in ctx.rules["milestone.late.right"]:
        return "late_cancelled"
    if early is not None and ctx.at < early and ctx.by in ctx.rules["milestone.early.right"]:
        return "early_cancelled"
    return None


def _silence_gives(ctx: Context[Milestone]) -> Money | None:
    """What the payee gets by the rulebook's answer to this silence; None if it moves nothing."""
    clock, it, held = ctx.command.clock, ctx.it, ctx.pot.held
    asked = {"cancel": it.asked and held - it.asked, "proposal": it.proposal}.get(clock)
    gives: Money | None = ctx.pot.answer(ctx.rules[f"milestone.{clock}.on_silence"], held, as_asked=asked)
    return gives


# -- the law ---------------------------------------------------------------------------------------------------------

_OPEN = (S.AGREED, S.ACTIVE, S.SUBMITTED, S.CANCELLING, S.APPROVED)
_OWNED = (S.ACTIVE, S.SUBMITTED, S.APPROVED)

TABLE: Table[Milestone] = Table(
    "milestone",
    S,
    initial=(S.PROPOSED, S.AGREED),
    final={S.COMPLETED, S.CANCELLED, S.DECLINED},
    always=(not_impounded,),
    rows=(
        # in                           on                  by                    then          event               when
        Row(None, Propose, PARTY, S.PROPOSED, Proposed, price_in_range),
        Row(None, Include, R.RULES, S.AGREED, Included),
        Row(S.PROPOSED, Accept, PARTY, S.AGREED, Accepted, (not_own_proposal, same_as_proposed)),
        Row(S.PROPOSED, Decline, PARTY, S.DECLINED, Declined, not_own_proposal),
        Row(S.PROPOSED, Withdraw, PARTY, S.DECLINED, Withdrawn, own_proposal),
        Row(S.AGREED, Start, R.RULES, S.ACTIVE, Started),
        Row(S.ACTIVE, Submit, R.PAYEE, S.SUBMITTED, Submitted, submission_possible),
        Waits(S.CANCELLING, Submit, R.PAYEE, cancel_is_answered),
        Waits(S.AGREED, Submit, R.PAYEE, work_has_started),
        Row(S.SUBMITTED, WithdrawSubmission, R.PAYEE, S.ACTIVE, SubmissionWithdrawn),
        Row(S.SUBMITTED, RequestChanges, R.PAYER, S.ACTIVE, ChangesRequested, revisions_left),
        Row(S.SUBMITTED, Approve, R.PAYER, S.APPROVED, Approved, same_deliverable),
        Row(S.ACTIVE, Approve, R.PAYER, S.APPROVED, Approved, (same_deliverable, own_condition)),
        Waits(S.CANCELLING, Approve, R.PAYER, cancel_is_answered),
        Row((*_OWNED, S.CANCELLING), Attest, frozenset(Role) - {R.CLOCK, R.RULES}, SAME, Attested, condition_names_me),
        Waits(S.AGREED, Attest, frozenset(Role) - {R.CLOCK, R.RULES}, work_has_started),
        Row(_OWNED, Fulfil, R.RULES, S.APPROVED, ConditionMet, condition_holds),
        Row((S.AGREED, S.ACTIVE, S.SUBMITTED, S.APPROVED), RequestCancel, PARTY, S.CANCELLING, CancelRequested,
            (may_request_cancel, refund_within_held, cancel_requests_exist, first_request)),
        Row(S.CANCELLING, AgreeCancel, PARTY, S.CANCELLED, CancelAgreed, (not_own_request, same_refund, refund_is_all)),
        Row(S.CANCELLING, AgreeCancel, PARTY, S.COMPLETED, CancelAgreed, (not_own_request, same_refund)),
        Row(S.CANCELLING, WithdrawCancel, PARTY, BACK, CancelWithdrawn, own_request),
        Row(S.CANCELLING, Void, R.RULES, BACK, Voided),
        Row((S.ACTIVE, S.SUBMITTED), RequestRelease, R.PAYEE, SAME, ReleaseRequested, (split_within_held, proposals_exist)),
        Row((S.ACTIVE, S.SUBMITTED, S.APPROVED, S.DISPUTED), Void, R.RULES, SAME, Voided),
        Row(_OPEN, Cancel, R.PAYEE, S.CANCELLED, Cancelled),
        Row((S.AGREED, S.ACTIVE, S.SUBMITTED, S.CANCELLING), Cancel, {R.PAYER, R.PLATFORM}, S.CANCELLED, Cancelled, may_cancel),
        Row(S.SUBMITTED, Delay, R.PAYER, SAME, Delayed, delays_possible),
        Row(S.SUBMITTED, LockDelay, R.PAYEE, SAME, DelayLocked, delay_lockable),
        Row((S.AGREED, S.ACTIVE), GiveRequirements, R.PAYER, SAME, RequirementsGiven),
        Row(S.SUBMITTED, RecordNotice, R.PLATFORM, SAME, NoticeRecorded, (notice_of_review, notices_wanted)),
        Row(S.SUBMITTED, Lapse, R.CLOCK, S.APPROVED, DeemedApproved, review_gives_payee, "review"),
        Row(S.SUBMITTED, Lapse, R.CLOCK, SAME, ReviewEscalated, review_gives_dispute, "review"),
        Row(S.SUBMITTED, Lapse, R.CLOCK, S.CANCELLED, SilenceDivided, silence_refunds, "review"),
        Row(S.SUBMITTED, Lapse, R.CLOCK, S.COMPLETED, SilenceDivided, silence_divides, "review"),
        Row(_OWNED, Lapse, R.CLOCK, S.APPROVED, ConditionMet, (), "condition"),
        Row(S.CANCELLING, Lapse, R.CLOCK, S.CANCELLED, SilenceDivided, silence_refunds, "cancel"),
        Row(S.CANCELLING, Lapse, R.CLOCK, S.COMPLETED, SilenceDivided, silence_divides, "cancel"),
        Row(S.CANCELLING, Lapse, R.CLOCK, BACK, SilenceIgnored, (), "cancel"),
        Row((S.ACTIVE, S.SUBMITTED), Lapse, R.CLOCK, S.CANCELLED, SilenceDivided, silence_refunds, "proposal"),
        Row((S.ACTIVE, S.SUBMITTED), Lapse, R.CLOCK, S.COMPLETED, SilenceDivided, silence_divides, "proposal"),
        Row((S.ACTIVE, S.SUBMITTED), Lapse, R.CLOCK, SAME, SilenceIgnored, (), "proposal"),
        Row(S.ACTIVE, Lapse, R.CLOCK, S.CANCELLED, SilenceDivided, silence_refunds, ("requirements", "late")),
        Row(S.ACTIVE, Lapse, R.CLOCK, S.COMPLETED, SilenceDivided, silence_divides, ("requirements", "late")),
        Row(_OPEN, Suspend, R.RULES, S.DISPUTED, Suspended),
        Row(S.DISPUTED, Resume, R.RULES, BACK, Resumed),
        Row(_OPEN, Complete, R.RULES, S.COMPLETED, Completed),
        Row((*_OPEN, S.DISPUTED), Conclude, R.RULES, S.COMPLETED, Concluded, payee_got_something),
        Row((*_OPEN, S.DISPUTED), Conclude, R.RULES, S.CANCELLED, Concluded),
        Waits(S.DISPUTED, (Submit, WithdrawSubmission, LockDelay, RequestRelease), R.PAYEE, dispute_is_over),
        Waits(S.DISPUTED, (RequestChanges, Approve, Delay, GiveRequirements), R.PAYER, dispute_is_over),
        Waits(S.DISPUTED, (RequestCancel, AgreeCancel, WithdrawCancel), PARTY, dispute_is_over),
        Waits(S.DISPUTED, Cancel, {*PARTY, R.PLATFORM}, dispute_is_over),
        Waits(S.DISPUTED, Attest, frozenset(Role) - {R.CLOCK, R.RULES}, dispute_is_over),
        Waits(S.DISPUTED, RecordNotice, R.PLATFORM, dispute_is_over),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


@frozen
class Fact:
    """A fact that was attested."""

    name: str
    by: str
    at: datetime


@frozen
class Milestone:
    """The record of one milestone."""

    stack: tuple[S, ...]
    price: Money
    title: str | None = None
    due: datetime | None = None
    release_when: Condition | None = None
    proposer: str | None = None
    active_at: datetime | None = None
    submitted_at: datetime | None = None
    #: When the payer last sent the work back.
    returned_at: datetime | None = None
    approved_at: datetime | None = None
    submission: int = 0
    deliverable: str | None = None
    signed_payer: bool = False
    #: Whether passed time alone met the release condition.
    by_clock: bool = False
    revisions: int = 0
    asked: Money | None = None
    asked_by: str | None = None
    asked_at: datetime | None = None
    asked_in: int | None = None
    #: The spans in which the review waited for the answer to a cancel request.
    waited: tuple[tuple[datetime, datetime], ...] = ()
    proposal: Money | None = None
    proposal_at: datetime | None = None
    delays: int = 0
    delay_locked: bool = False
    notices: tuple[datetime, ...] = ()
    facts: tuple[Fact, ...] = ()
    requirements_at: datetime | None = None

    @property
    def state(self) -> S:
        """Its state."""
        return self.stack[0]

    @property
    def terms(self) -> dict[str, Any]:
        """Its terms, written out."""
        return terms(self.price, self.title, self.due, self.release_when)

    @property
    def digest(self) -> str:
        """SHA-256 of its terms: what an acceptance repeats."""
        return hashlib.sha256(json.dumps(self.terms, sort_keys=True).encode()).hexdigest()


def evolve(it: Milestone | None, event: Event) -> Milestone:
    """The record after an event."""
    if it is None:
        return _created(event)
    stack = restack(it.stack, event.before, S(event.after), TABLE.covering)
    changes = _changes(it, event)
    if isinstance(event, Voided):
        # Under a dispute a request is void as well: the milestone will not come back to it.
        stack = tuple(state for state in stack if state is not S.CANCELLING)
    return changed(it, stack=stack, **changes)


def _created(event: Any) -> Milestone:
    proposer = event.by if isinstance(event, Proposed) else None
    return Milestone((S(event.after),), event.price, event.title, event.due, event.release_when, proposer)


_NO_REQUEST: dict[str, Any] = {"asked": None, "asked_by": None, "asked_at": None}
_NO_PROPOSAL: dict[str, Any] = {"proposal": None, "proposal_at": None}


def _changes(it: Milestone, event: Event) -> dict[str, Any]:
    """What an event changes beside the state."""
    match event:
        case Started():
            return {"active_at": event.at}
        case Submitted():
            fresh: dict[str, Any] = {"notices": (), "delays": 0, "delay_locked": False}
            number = it.submission + 1
            return {"deliverable": event.deliverable, "submission": number, "submitted_at": event.at, **fresh}
        case SubmissionWithdrawn():
            return {"submitted_at": None, "deliverable": None}
        case ChangesRequested():
            gone = {"submitted_at": None, "deliverable": None}
            return {**gone, "revisions": it.revisions + 1, "returned_at": event.at}
        case Approved():
            return {"signed_payer": True, "approved_at": event.at}
        case DeemedApproved():
            return {"approved_at": event.at}
        case ConditionMet():
            return {"approved_at": it.approved_at or event.at, "by_clock": event.alone}
        case Attested():
            return {"facts": (*it.facts, Fact(event.name, event.by, event.at))}
        case CancelRequested():
            return {"asked": event.refund, "asked_by": event.by, "asked_at": event.at, "asked_in": it.submission}
        case CancelWithdrawn() | SilenceIgnored():
            return _request_over(it, event.at) if event.before == S.CANCELLING else _NO_PROPOSAL
        case Voided():
            return _request_over(it, event.at) | _NO_PROPOSAL
        case ReleaseRequested():
            return {"proposal": event.to_payee, "proposal_at": event.at}
        case Delayed():
            return {"delays": it.delays + 1}
        case DelayLocked():
            return {"delay_locked": True}
        case RequirementsGiven():
            return {"requirements_at": event.at}
        case NoticeRecorded():
            return {"notices": (*it.notices, event.at)}
        case _:
            return {}


def _request_over(it: Milestone, at: datetime) -> dict[str, Any]:
    waited = ((it.asked_at, at),) if it.asked_at is not None else ()
    return _NO_REQUEST | {"waited": it.waited + waited}
