"""The rules of a dispute in words: a guard's docstring is what refusals, drawings and pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from escrowkit.errors import BadAmount, BadArgument, NotYourMove, OverClaimCap, TermsChanged
from escrowkit.ledger import CONDITIONS, Kind
from escrowkit.machines.dispute.commands import S
from escrowkit.money import Money
from escrowkit.roles import Role
from escrowkit.table import Context, answers, guard

if TYPE_CHECKING:
    from escrowkit.machines.dispute.record import Dispute, Offer_

R = Role


@guard(NotYourMove, reads=("dispute.open_by",), people=lambda rules: rules.values["dispute.open_by"])
def may_open(ctx: Context[Dispute]) -> bool:
    """The rulebook lets this role open a dispute."""
    return ctx.by is R.RULES or ctx.by in ctx.rules["dispute.open_by"]


@guard(OverClaimCap, reads=("dispute.lookback",), most=lambda ctx: ctx.pot.claimable(ctx.by))
def claim_within_cap(ctx: Context[Dispute]) -> bool:
    """There is something to claim, and the claim is at most what is held and, for the payer, what was released within the look-back window."""
    cap = ctx.pot.claimable(ctx.by)
    return bool(cap) and (ctx.command.claim is None or bool(ctx.command.claim <= cap))


@guard(reads=("dispute.open_in",))
def may_be_disputed_here(ctx: Context[Dispute]) -> bool:
    """The milestone is in a state in which the rulebook lets a dispute be opened."""
    return ctx.by is R.RULES or ctx.pot.milestone_state in ctx.rules["dispute.open_in"]


@guard(until=lambda ctx: ctx.pot.disputable_from, reads=("dispute.open_after.period",))
def waited_before_opening(ctx: Context[Dispute]) -> bool:
    """The time that the rulebook wants before a dispute has passed."""
    since = ctx.pot.disputable_from
    return ctx.by is R.RULES or since is None or ctx.at >= since


@guard(reads=("dispute.open_needs",))
def split_was_proposed(ctx: Context[Dispute]) -> bool:
    """A split proposal waits for its answer, where the rulebook wants one before a dispute."""
    return ctx.by is R.RULES or ctx.rules["dispute.open_needs"] == "nothing" or bool(ctx.pot.split_proposed)


@guard(reads=("dispute.reopen",))
def may_dispute_again(ctx: Context[Dispute]) -> bool:
    """The milestone had no dispute before, or the rulebook lets it be disputed again (after a new submission, say)."""
    before, again = ctx.pot.disputed_submissions, ctx.rules["dispute.reopen"]
    if not before or again == "always" or ctx.by is R.RULES:
        return True
    return again == "once_a_submission" and ctx.pot.submission not in before


@guard(NotYourMove)
def must_answer(ctx: Context[Dispute]) -> bool:
    """Only a side that has an answer window answers, and once."""
    return ctx.name in ctx.it.must_answer


@guard(BadAmount, most=lambda ctx: ctx.it.stake)
def claim_contests(ctx: Context[Dispute]) -> bool:
    """The two claims exceed the stake together; a smaller claim leaves the other side all that it asks, which is to concede."""
    other = ctx.it.claim_of(ctx.by.other)
    return (ctx.command.claim or ctx.it.stake) + other > ctx.it.stake


@guard(OverClaimCap, most=lambda ctx: ctx.it.stake)
def claim_within_stake(ctx: Context[Dispute]) -> bool:
    """The claim is at most the stake."""
    return ctx.command.claim is None or bool(ctx.command.claim <= ctx.it.stake)


@guard(
    offered=lambda rules: (
        bool(rules["dispute.answer.opener_too"]) or "dispute" in (rules["milestone.review.on_silence"] or ())
    )
)
def other_must_answer_too(ctx: Context[Dispute]) -> bool:
    """The other side has an answer window as well."""
    return len(ctx.it.must_answer) > 1


@guard(TermsChanged)
def same_claim(ctx: Context[Dispute]) -> bool:
    """The concession repeats the other side's claim."""
    return bool(ctx.command.claim == ctx.it.claim_of(ctx.by.other))


@guard(BadAmount, most=lambda ctx: ctx.it.stake)
def offer_within_stake(ctx: Context[Dispute]) -> bool:
    """An offer is at most the stake."""
    return bool(ctx.command.to_payee <= ctx.it.stake)


@guard(reads=("dispute.offers.rounds",))
def rounds_left(ctx: Context[Dispute]) -> bool:
    """This side's number of offers is not used up."""
    most = ctx.rules["dispute.offers.rounds"]
    return most is None or sum(o.by == ctx.name for o in ctx.it.offers) < most


@guard(reads=("dispute.offers.turns",))
def own_turn(ctx: Context[Dispute]) -> bool:
    """Where offers alternate, it is this side's turn."""
    free = ctx.rules["dispute.offers.turns"] == "free"
    return free or not ctx.it.offers or ctx.it.offers[-1].by != ctx.name


@guard(NotYourMove)
def not_own_offer(ctx: Context[Dispute]) -> bool:
    """Nobody answers an own offer."""
    return ctx.it.standing(ctx.by.other) is not None or ctx.it.standing(ctx.by) is None


@guard(TermsChanged)
def same_offer(ctx: Context[Dispute]) -> bool:
    """The answer repeats the sum that is offered."""
    offer = ctx.it.standing(ctx.by.other)
    return offer is None or bool(offer.to_payee == ctx.command.to_payee)


@guard()
def offer_stands(ctx: Context[Dispute]) -> bool:
    """An offer of the other side stands."""
    return ctx.it.standing(ctx.by.other) is not None


@guard(offered=lambda rules: "as_asked" in rules["dispute.offers.on_silence"])
def offer_executes(ctx: Context[Dispute]) -> bool:
    """The rulebook executes an offer that is not answered."""
    return bool(ctx.rules["dispute.offers.on_silence"] == ("as_asked",))


@guard(
    NotYourMove,
    reads=("dispute.escalate.when", "dispute.escalate.by"),
    people=lambda rules: (
        rules.values["dispute.escalate.by"] if rules.values["dispute.escalate.when"] == "by a party" else ()
    ),
)
def may_escalate(ctx: Context[Dispute]) -> bool:
    """The rulebook leaves it to this role to escalate."""
    if ctx.by is R.RULES:
        return True
    return ctx.rules["dispute.escalate.when"] == "by a party" and ctx.by in ctx.rules["dispute.escalate.by"]


@guard(reads=("dispute.escalate.after",), until=lambda ctx: ctx.pot.escalable_from)
def waited_before_escalating(ctx: Context[Dispute]) -> bool:
    """The time that the rulebook wants before escalating has passed."""
    since = ctx.pot.escalable_from
    return ctx.by is R.RULES or since is None or ctx.at >= since


@guard(
    reads=("dispute.escalate.from_opened",), offered=lambda rules: bool(rules.values["dispute.escalate.from_opened"])
)
def may_escalate_unanswered(ctx: Context[Dispute]) -> bool:
    """The rulebook lets a dispute be escalated before it is answered."""
    return ctx.by is R.RULES or bool(ctx.rules["dispute.escalate.from_opened"])


@guard(
    reads=("dispute.answer.payer.since", "dispute.answer.payee.since"),
    offered=lambda rules: "escalated" in (rules["dispute.answer.payer.since"], rules["dispute.answer.payee.since"]),
)
def answer_runs_from_escalation(ctx: Context[Dispute]) -> bool:
    """The answer windows run from the escalation."""
    since = {ctx.rules[f"dispute.answer.{name}.since"] for name in ctx.it.must_answer}
    return "escalated" in since and ctx.it.escalated_at is None


@guard(offered=lambda rules: "mediation" in rules["dispute.stages"])
def next_is_mediation(ctx: Context[Dispute]) -> bool:
    """The next stage is mediation."""
    return next_stage(ctx.it) == "mediation"


@guard(offered=lambda rules: "arbitration" in rules["dispute.stages"])
def next_is_arbitration(ctx: Context[Dispute]) -> bool:
    """The next stage is arbitration."""
    return next_stage(ctx.it) == "arbitration"


@guard(reads=("arbitration.small_pot.up_to",), offered=lambda rules: rules.has("arbitration.small_pot.up_to"))
def pot_is_small(ctx: Context[Dispute]) -> bool:
    """The next stage is arbitration, and the stake is so small that the rulebook divides it instead."""
    bound = ctx.rules.amount("arbitration.small_pot.up_to", ctx.it.stake.currency)
    return bound is not None and ctx.it.stake <= bound and next_stage(ctx.it) == "arbitration"


@guard()
def mediation_failed(ctx: Context[Dispute]) -> bool:
    """The mediation has failed."""
    return bool(ctx.pot.mediation_failed)


@guard(NotYourMove, people=lambda rules: rules.values["dispute.open_by"])
def is_opener(ctx: Context[Dispute]) -> bool:
    """Only who opened the dispute may withdraw it."""
    return ctx.it.opened_by == ctx.name


@guard()
def not_heard_yet(ctx: Context[Dispute]) -> bool:
    """No arbitrator has been appointed yet."""
    return not ctx.pot.hearing_began


@guard(reads=("dispute.evidence.until",))
def evidence_open(ctx: Context[Dispute]) -> bool:
    """Evidence is still admitted at this stage."""
    until = ctx.rules["dispute.evidence.until"]
    if until == "funded":
        return bool(ctx.pot.fee_waits) or ctx.state != S.ARBITRATED
    return until == "end" or ctx.state != S.ARBITRATED


@guard(BadArgument)
def known_clock(ctx: Context[Dispute]) -> bool:
    """The clock is one that runs now in this dispute, its mediation or its arbitration, and not its longest life."""
    return bool(ctx.pot.extendable(ctx.command.clock))


@guard(
    NotYourMove,
    reads=("dispute.extend.by",),
    offered=lambda rules: bool(rules.values["dispute.extend.by"]),
    people=lambda rules: rules.values["dispute.extend.by"],
)
def may_extend(ctx: Context[Dispute]) -> bool:
    """The rulebook lets this role extend."""
    return ctx.by in ctx.rules["dispute.extend.by"]


@guard(reads=("dispute.extend.step", "dispute.extend.most"))
def extension_within_limits(ctx: Context[Dispute]) -> bool:
    """The extension is at most the rulebook's step, and not more often than it allows."""
    step, asked = ctx.rules["dispute.extend.step"], ctx.command.period
    clock = ctx.pot.clock_key(ctx.command.clock)
    used = sum(name == clock for name, _ in ctx.it.extensions)
    fits = step is None or (asked.exact <= step.exact and asked.business_days <= step.business_days)
    return bool(fits and used < ctx.rules["dispute.extend.most"])


@guard(offered=answers("dispute.escalate.on_silence", "next_stage"))
def silence_escalates(ctx: Context[Dispute]) -> bool:
    """The rulebook takes the dispute to its next stage if nobody does."""
    return bool(ctx.rules["dispute.escalate.on_silence"] == ("next_stage",))


@guard()
def silence_decides(ctx: Context[Dispute]) -> bool:
    """The rulebook gives it to somebody if this deadline passes."""
    return silence_gives(ctx) is not None


@guard()
def by_agreement(ctx: Context[Dispute]) -> bool:
    """Both sides agreed."""
    return bool(ctx.command.kind is Kind.AGREEMENT)


@guard()
def by_judgment(ctx: Context[Dispute]) -> bool:
    """A neutral with the power to decide has judged."""
    return bool(ctx.command.kind is Kind.MERITS)


def must_answer_of(ctx: Context[Any], opener: Role | None) -> tuple[str, ...]:
    """Who has an answer window: the other side, and the opener where the rulebook says so."""
    sides = [side for side in (R.PAYER, R.PAYEE) if side is not opener or ctx.rules["dispute.answer.opener_too"]]
    return tuple(s.value for s in sides if ctx.rules.has(f"dispute.answer.{s}.within"))


def stages(ctx: Context[Any], stake: Money) -> tuple[str, ...]:
    """The stages that this stake has."""
    least = ctx.rules.amount("arbitration.eligible.stake_from", stake.currency)
    too_small = least is not None and stake < least
    return tuple(s for s in ctx.rules["dispute.stages"] if s != "arbitration" or not too_small)


def next_stage(it: Dispute) -> str | None:
    return it.stages[it.stage] if it.stage < len(it.stages) else None


def outcome(to_payee: Money | None, code: str) -> dict[str, Any]:
    return {"to_payee": to_payee, "code": code, "kind": CONDITIONS[code][0]}


def claim_to(it: Dispute, winner: Role) -> Money:
    """What the payee gets when this side gets its claim."""
    claim = it.claim_of(winner)
    return claim if winner is R.PAYEE else it.stake - claim


def oldest_offer(it: Dispute) -> Offer_:
    return min((o for o in it.offers if o.open), key=lambda o: o.at)


#: Silences that are nobody's alone, with the rulebook's answer to each.
_WHOLE = {"longest": "dispute.longest.on_expiry", "escalate": "dispute.escalate.on_silence"}


def silence_gives(ctx: Context[Dispute]) -> Money | None:
    """What the payee gets by the rulebook's answer to this silence; None if it moves nothing."""
    it, key, winner = ctx.it, _WHOLE.get(ctx.command.clock, "dispute.answer.both_silent"), None
    if ctx.command.clock == "answer" and not ctx.pot.answer_due_together:
        loser = R(ctx.pot.first_silent)
        key, winner = f"dispute.answer.{loser}.on_silence", loser.other
    gives: Money | None = ctx.pot.answer(ctx.rules[key], it.stake, claim=winner and claim_to(it, winner))
    return gives
