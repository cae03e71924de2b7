"""The rules of a milestone in words: a guard's docstring is what refusals, drawings and pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escrowkit.arguments import same_terms
from escrowkit.conditions import holds, witnesses
from escrowkit.errors import BadAmount, BadArgument, NotYourMove, OverHeld, TermsChanged
from escrowkit.machines.milestone.commands import S
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import (
    Context,
    answers,
    guard,
)

if TYPE_CHECKING:
    from escrowkit.machines.milestone.record import Milestone

R = Role


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


@guard(reads=("mediation.refund_needs",), offered=lambda rules: rules.has("mediation.refund_needs"))
def fact_of_the_dispute(ctx: Context[Milestone]) -> bool:
    """A decision that gives money back waits for this fact."""
    return bool(ctx.rules["mediation.refund_needs"] == f"attested:{ctx.command.name}")


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


@guard(offered=lambda rules: rules.has("milestone.cancel.within"))
def cancel_requests_exist(ctx: Context[Milestone]) -> bool:
    """The rulebook has cancel requests."""
    # Even where the sources do not settle how long an answer may take: then no clock runs, but the request can be answered.
    return bool(ctx.rules.has("milestone.cancel.within"))


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
    NotYourMove,
    reads=("milestone.proposal.by",),
    offered=lambda rules: rules.has("milestone.proposal.within"),
    people=lambda rules: rules.values["milestone.proposal.by"],
)
def may_propose_split(ctx: Context[Milestone]) -> bool:
    """The rulebook lets this side propose a split."""
    return ctx.by in ctx.rules["milestone.proposal.by"]


@guard(NotYourMove, offered=lambda rules: rules.has("milestone.proposal.within"))
def not_own_split(ctx: Context[Milestone]) -> bool:
    """Nobody agrees to an own proposal."""
    return ctx.it.proposal_by != ctx.name


@guard(TermsChanged)
def same_split(ctx: Context[Milestone]) -> bool:
    """The answer repeats the split that is proposed."""
    return ctx.it.proposal is None or bool(ctx.command.to_payee == ctx.it.proposal)


@guard()
def split_waits(ctx: Context[Milestone]) -> bool:
    """A split proposal of the other side waits for its answer."""
    return ctx.it.proposal is not None


@guard()
def split_is_refund(ctx: Context[Milestone]) -> bool:
    """The split gives all that is held back to the payer, and nothing was released before."""
    return not ctx.it.proposal and not ctx.pot.released


@guard(reads=("milestone.cancel.declinable",), offered=lambda rules: bool(rules.values["milestone.cancel.declinable"]))
def cancel_declinable(ctx: Context[Milestone]) -> bool:
    """The rulebook lets a cancel request be declined; elsewhere refusing it is to open a dispute."""
    return bool(ctx.rules["milestone.cancel.declinable"])


@guard(
    reads=("milestone.late.after", "milestone.late.right", "milestone.early.before_due", "milestone.early.right"),
    until=lambda ctx: ctx.pot.late_at if ctx.by in ctx.rules["milestone.late.right"] else None,
)
def may_cancel(ctx: Context[Milestone]) -> bool:
    """Nothing is held, or the rulebook gives the right: the work is late, or it is early enough."""
    return (ctx.by is R.PAYER and not ctx.pot.held) or right_to_cancel(ctx) is not None


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


@guard(offered=lambda rules: rules["milestone.review.since"] == "active")
def needs_no_submission(ctx: Context[Milestone]) -> bool:
    """The rulebook counts the review from the start of the work, without any submission."""
    return bool(ctx.rules["milestone.review.since"] == "active")


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
    gives = silence_gives(ctx)
    return gives is not None and not gives and not ctx.pot.released


@guard()
def silence_divides(ctx: Context[Milestone]) -> bool:
    """The silence gives the payee a part, or a part was released before."""
    return silence_gives(ctx) is not None


#: The release condition that each silence cites.
CODES = {
    "review": "review_lapsed",
    "cancel": "cancel_lapsed",
    "proposal": "proposal_lapsed",
    "requirements": "requirements_lapsed",
    "late": "late_cancelled",
}


def right_to_cancel(ctx: Context[Milestone]) -> str | None:
    """The code of a right to cancel that the rulebook gives now."""
    late, early = ctx.pot.late_at, ctx.pot.early_until
    if late is not None and ctx.at >= late and ctx.by in ctx.rules["milestone.late.right"]:
        return "late_cancelled"
    if early is not None and ctx.at < early and ctx.by in ctx.rules["milestone.early.right"]:
        return "early_cancelled"
    return None


def silence_gives(ctx: Context[Milestone]) -> Money | None:
    """What the payee gets by the rulebook's answer to this silence; None if it moves nothing."""
    clock, it, held = ctx.command.clock, ctx.it, ctx.pot.held
    asked = {"cancel": it.asked and held - it.asked, "proposal": it.proposal}.get(clock)
    gives: Money | None = ctx.pot.answer(ctx.rules[f"milestone.{clock}.on_silence"], held, as_asked=asked)
    return gives
