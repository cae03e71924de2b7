"""A claim over a milestone: opened, answered, helped or decided by a neutral, and ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import evolve as changed
from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.arguments import Amount
from escrowkit.errors import BadAmount, BadArgument, NotYourMove, OverClaimCap, TermsChanged
from escrowkit.ledger import CONDITIONS, Kind
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Command, Context, Event, Row, Table, guard, not_impounded, restack

R = Role


class S(StrEnum):
    """The states of a dispute."""

    OPENED = "opened"
    CONTESTED = "contested"
    MEDIATED = "mediated"
    ARBITRATED = "arbitrated"
    SETTLED = "settled"
    DEFAULTED = "defaulted"
    AWARDED = "awarded"
    WITHDRAWN = "withdrawn"
    OVERRIDDEN = "overridden"


# -- what is said ----------------------------------------------------------------------------------------------------


@frozen
class Open(Command):
    """Open a dispute: claim a sum for oneself. It freezes this milestone's pot and no other."""

    claim: Amount | None = arg.amount(but_rules=True)
    reason: str | None = arg.text(optional=True)


@frozen
class Contest(Command):
    """Answer a dispute with an own claim (all of the stake, if none is named)."""

    claim: Amount | None = arg.amount(optional=True)
    reply: str | None = arg.text(optional=True)


@frozen
class Concede(Command):
    """Give the other side what it claims, repeating its claim."""

    claim: Amount = arg.amount()


@frozen
class Proceed(Command):
    """Nobody has to answer: the dispute is contested."""


@frozen
class Offer(Command):
    """Offer a settlement: so much to the payee, the rest to the payer. It changes no claim."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class AcceptOffer(Command):
    """Accept the other's offer, repeating it."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class DeclineOffer(Command):
    """Decline the other's offer, repeating it."""

    to_payee: Amount = arg.amount(zero=True)


@frozen
class Escalate(Command):
    """Take the dispute to its next stage."""


@frozen
class Withdraw(Command):
    """Take the dispute back; the milestone goes on where it was."""


@frozen
class AddEvidence(Command):
    """Add evidence; it can never be taken away."""

    digest: str = arg.text()
    title: str = arg.text()
    admissible: bool = arg.flag(default=True)


@frozen
class Extend(Command):
    """Extend a clock, for both sides alike."""

    clock: str = arg.text()
    period: str | Period = arg.period()
    reason: str = arg.text()


@frozen
class Conclude(Command):
    """The dispute has its outcome; `cost` is a fee out of the pot."""

    to_payee: Money = arg.internal()
    code: str = arg.internal()
    kind: Kind = arg.internal()
    cost: Money | None = arg.internal(None)


@frozen
class Override(Command):
    """The stake is gone: seized, charged back, ordered elsewhere, or held too long; `code` says which."""

    code: str = arg.internal()


@frozen
class Restake(Command):
    """Money moved in or out of the pot: the stake is what is left of it, and offers are void."""

    stake: Money = arg.internal()


@frozen
class Lapse(Command):
    """A deadline passed."""

    clock: str = arg.text()


# -- what happened ---------------------------------------------------------------------------------------------------


@frozen
class Opened(Event):
    """A dispute was opened; from here everybody knows the stake, the stages and the mediator's power."""

    claim: Money | None
    reason: str | None
    opener: str | None
    stake: Money
    held: Money
    released: Money
    must_answer: tuple[str, ...]
    stages: tuple[str, ...]
    power: str | None
    submission: int

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The stake: what is held, and what the payer claims beyond it of what was released."""
        opener = ctx.by if ctx.by in PARTY else None
        held = ctx.pot.held + ctx.pot.clearing_gross
        claim = ctx.command.claim
        released = max(claim - held, ctx.pot.zero) if claim and opener is R.PAYER else ctx.pot.zero
        stake = held + released
        power = ctx.rules["mediation.power"] if "mediation" in ctx.rules["dispute.stages"] else None
        return {
            "opener": opener and opener.value,
            "stake": stake,
            "held": held,
            "released": released,
            "must_answer": _must_answer(ctx, opener),
            "stages": _stages(ctx, stake),
            "power": power and power.at(stake),
            "submission": ctx.pot.submission,
        }


@frozen
class Contested(Event):
    """A side answered with a claim of its own."""

    claim: Money
    reply: str | None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """All of the stake, if no sum was named."""
        return {"claim": ctx.command.claim or ctx.it.stake}


@frozen
class Concluded(Event):
    """The dispute ended; so much of the stake is the payee's, under this release condition."""

    to_payee: Money
    code: str
    kind: Kind
    cost: Money | None = None


@frozen
class Conceded(Concluded):
    """One side gave the other what it claimed."""

    claim: Money | None = None

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """The winner its claim, the other the rest."""
        winner = ctx.by.other
        return _outcome(_gives(ctx.it, winner), "claim_conceded") | {"claim": ctx.command.claim}


@frozen
class Proceeded(Event):
    """Nobody has to answer: the dispute is contested."""


@frozen
class Offered(Event):
    """A settlement was offered."""

    to_payee: Money


@frozen
class OfferAccepted(Concluded):
    """An offer was accepted."""

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As offered."""
        return _outcome(ctx.command.to_payee, "settlement_agreed")


@frozen
class OfferDeclined(Event):
    """An offer was declined."""

    to_payee: Money


@frozen
class OfferLapsed(Event):
    """An offer was not answered in time and is void."""

    clock: str


@frozen
class OfferStands(Concluded):
    """An offer was not answered in time, and the rulebook executes it."""

    clock: str = ""

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As offered."""
        return _outcome(_oldest_offer(ctx.it).to_payee, "offer_lapsed") | {"clock": ctx.command.clock}


@frozen
class AnswerDemanded(Event):
    """The dispute was escalated: from now on the answer windows run."""


@frozen
class Escalated(Event):
    """The dispute went to its next stage."""

    stage: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Which stage."""
        return {"stage": _next_stage(ctx.it)}


@frozen
class SmallPotDivided(Concluded):
    """The stake is too small for a ruling: it was divided."""

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """As the rulebook divides it."""
        gives: Money = ctx.pot.answer(ctx.rules["arbitration.small_pot.divide"], ctx.it.stake)
        return _outcome(gives, "small_pot_divided")


@frozen
class Withdrawn(Event):
    """The dispute was taken back."""


@frozen
class EvidenceAdded(Event):
    """Evidence was added; it can never be taken away."""

    digest: str
    title: str
    admissible: bool


@frozen
class Extended(Event):
    """A clock was extended, for both sides alike."""

    clock: str
    period: Period
    reason: str

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """Which clock, by its full name."""
        return {"clock": ctx.pot.clock_key(ctx.command.clock)}


@frozen
class Defaulted(Concluded):
    """A silence decided the dispute; `silent` names who did not answer."""

    clock: str = ""
    silent: tuple[str, ...] = ()

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """By the rulebook's answer to this silence."""
        code = "respondent_silent" if ctx.command.clock == "answer" else "dispute_lapsed"
        silent = ctx.it.must_answer if ctx.command.clock == "answer" else ()
        return _outcome(_silence_gives(ctx), code) | {"clock": ctx.command.clock, "silent": silent}


@frozen
class SilenceContests(Event):
    """A silence counts as contesting."""

    clock: str


@frozen
class Overridden(Event):
    """The stake is gone; the dispute ended without a judgment."""

    code: str


@frozen
class Restaked(Event):
    """The stake changed because money moved; offers are void."""

    stake: Money


# -- the rules in words ----------------------------------------------------------------------------------------------


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
    return _next_stage(ctx.it) == "mediation"


@guard(offered=lambda rules: "arbitration" in rules["dispute.stages"])
def next_is_arbitration(ctx: Context[Dispute]) -> bool:
    """The next stage is arbitration."""
    return _next_stage(ctx.it) == "arbitration"


@guard(reads=("arbitration.small_pot.up_to",), offered=lambda rules: rules.has("arbitration.small_pot.up_to"))
def pot_is_small(ctx: Context[Dispute]) -> bool:
    """The next stage is arbitration, and the stake is so small that the rulebook divides it instead."""
    bound = ctx.rules.amount("arbitration.small_pot.up_to", ctx.it.stake.currency)
    return bound is not None and ctx.it.stake <= bound and _next_stage(ctx.it) == "arbitration"


@guard()
def mediation_failed(ctx: Context[Dispute]) -> bool:
    """The mediation has failed."""
    return bool(ctx.pot.mediation_failed)


@guard(NotYourMove)
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
    return ctx.rules["dispute.evidence.until"] == "end" or ctx.state != S.ARBITRATED


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


@guard()
def silence_decides(ctx: Context[Dispute]) -> bool:
    """The rulebook gives it to somebody if this deadline passes."""
    return _silence_gives(ctx) is not None


@guard()
def by_agreement(ctx: Context[Dispute]) -> bool:
    """Both sides agreed."""
    return bool(ctx.command.kind is Kind.AGREEMENT)


@guard()
def by_judgment(ctx: Context[Dispute]) -> bool:
    """A neutral with the power to decide has judged."""
    return bool(ctx.command.kind is Kind.MERITS)


def _must_answer(ctx: Context[Any], opener: Role | None) -> tuple[str, ...]:
    """Who has an answer window: the other side, and the opener where the rulebook says so."""
    sides = [side for side in (R.PAYER, R.PAYEE) if side is not opener or ctx.rules["dispute.answer.opener_too"]]
    return tuple(s.value for s in sides if ctx.rules.has(f"dispute.answer.{s}.within"))


def _stages(ctx: Context[Any], stake: Money) -> tuple[str, ...]:
    """The stages that this stake has."""
    least = ctx.rules.amount("arbitration.eligible.stake_from", stake.currency)
    too_small = least is not None and stake < least
    return tuple(s for s in ctx.rules["dispute.stages"] if s != "arbitration" or not too_small)


def _next_stage(it: Dispute) -> str | None:
    return it.stages[it.stage] if it.stage < len(it.stages) else None


def _outcome(to_payee: Money | None, code: str) -> dict[str, Any]:
    return {"to_payee": to_payee, "code": code, "kind": CONDITIONS[code][0]}


def _gives(it: Dispute, winner: Role) -> Money:
    """What the payee gets when this side gets its claim."""
    claim = it.claim_of(winner)
    return claim if winner is R.PAYEE else it.stake - claim


def _oldest_offer(it: Dispute) -> Offer_:
    return min((o for o in it.offers if o.open), key=lambda o: o.at)


def _silence_gives(ctx: Context[Dispute]) -> Money | None:
    """What the payee gets by the rulebook's answer to this silence; None if it moves nothing."""
    it, silent = ctx.it, ctx.it.must_answer
    if ctx.command.clock == "longest":
        answers, winner = ctx.rules["dispute.longest.on_expiry"], None
    elif len(silent) > 1 and ctx.pot.answer_due_together:
        answers, winner = ctx.rules["dispute.answer.both_silent"], None
    else:
        loser = R(ctx.pot.first_silent)
        answers, winner = ctx.rules[f"dispute.answer.{loser}.on_silence"], loser.other
    gives: Money | None = ctx.pot.answer(answers, it.stake, claim=winner and _gives(it, winner))
    return gives


# -- the law ---------------------------------------------------------------------------------------------------------

_OPEN = (S.OPENED, S.CONTESTED, S.MEDIATED, S.ARBITRATED)
_ESCALATING = {R.PAYER, R.PAYEE, R.MEDIATOR, R.RULES}

TABLE: Table[Dispute] = Table(
    "dispute",
    S,
    initial=S.OPENED,
    final={S.SETTLED, S.DEFAULTED, S.AWARDED, S.WITHDRAWN, S.OVERRIDDEN},
    always=(not_impounded,),
    rows=(
        # in             on            by             then          event            when
        Row(None, Open, {*PARTY, R.PLATFORM, R.WITNESS, R.RULES}, S.OPENED, Opened,
            (may_open, claim_within_cap, may_be_disputed_here, waited_before_opening, may_dispute_again)),
        Row(S.OPENED, Contest, PARTY, S.OPENED, Contested, (must_answer, claim_contests, claim_within_stake, other_must_answer_too)),
        Row(S.OPENED, Contest, PARTY, S.CONTESTED, Contested, (must_answer, claim_contests, claim_within_stake)),
        Row(S.OPENED, Concede, PARTY, S.SETTLED, Conceded, (must_answer, same_claim)),
        Row(S.OPENED, Proceed, R.RULES, S.CONTESTED, Proceeded),
        Row(S.OPENED, Lapse, R.CLOCK, S.DEFAULTED, Defaulted, silence_decides, "answer"),
        Row(S.OPENED, Lapse, R.CLOCK, S.CONTESTED, SilenceContests, (), "answer"),
        Row(S.OPENED, Escalate, _ESCALATING, SAME, AnswerDemanded, (may_escalate, waited_before_escalating, answer_runs_from_escalation)),
        Row(S.OPENED, Escalate, _ESCALATING, S.MEDIATED, Escalated,
            (may_escalate, may_escalate_unanswered, waited_before_escalating, next_is_mediation)),
        Row(S.OPENED, Escalate, _ESCALATING, S.DEFAULTED, SmallPotDivided,
            (may_escalate, may_escalate_unanswered, waited_before_escalating, pot_is_small)),
        Row(S.OPENED, Escalate, _ESCALATING, S.ARBITRATED, Escalated,
            (may_escalate, may_escalate_unanswered, waited_before_escalating, next_is_arbitration)),
        Row(S.CONTESTED, Escalate, _ESCALATING, S.MEDIATED, Escalated, (may_escalate, waited_before_escalating, next_is_mediation)),
        Row(S.CONTESTED, Escalate, _ESCALATING, S.DEFAULTED, SmallPotDivided, (may_escalate, waited_before_escalating, pot_is_small)),
        Row(S.CONTESTED, Escalate, _ESCALATING, S.ARBITRATED, Escalated, (may_escalate, waited_before_escalating, next_is_arbitration)),
        Row(S.MEDIATED, Escalate, _ESCALATING, S.DEFAULTED, SmallPotDivided,
            (may_escalate, mediation_failed, waited_before_escalating, pot_is_small)),
        Row(S.MEDIATED, Escalate, _ESCALATING, S.ARBITRATED, Escalated,
            (may_escalate, mediation_failed, waited_before_escalating, next_is_arbitration)),
        Row(_OPEN, Offer, PARTY, SAME, Offered, (offer_within_stake, rounds_left, own_turn)),
        Row(_OPEN, AcceptOffer, PARTY, S.SETTLED, OfferAccepted, (not_own_offer, same_offer, offer_stands)),
        Row(_OPEN, DeclineOffer, PARTY, SAME, OfferDeclined, (not_own_offer, same_offer, offer_stands)),
        Row(_OPEN, Lapse, R.CLOCK, S.DEFAULTED, OfferStands, offer_executes, "offer"),
        Row(_OPEN, Lapse, R.CLOCK, SAME, OfferLapsed, (), "offer"),
        Row(_OPEN, Withdraw, {*PARTY, R.PLATFORM, R.WITNESS}, S.WITHDRAWN, Withdrawn, (is_opener, not_heard_yet)),
        Row(_OPEN, AddEvidence, {*PARTY, R.PLATFORM}, SAME, EvidenceAdded, evidence_open),
        Row(_OPEN, Extend, {R.MEDIATOR, R.PLATFORM}, SAME, Extended, (known_clock, may_extend, extension_within_limits)),
        Row(_OPEN, Lapse, R.CLOCK, S.DEFAULTED, Defaulted, (), "longest"),
        Row(_OPEN, Conclude, R.RULES, S.SETTLED, Concluded, by_agreement),
        Row(_OPEN, Conclude, R.RULES, S.AWARDED, Concluded, by_judgment),
        Row(_OPEN, Conclude, R.RULES, S.DEFAULTED, Concluded),
        Row(_OPEN, Override, R.RULES, S.OVERRIDDEN, Overridden),
        Row(_OPEN, Restake, R.RULES, SAME, Restaked),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


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
            oldest = _oldest_offer(it)
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
