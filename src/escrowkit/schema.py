"""What a rulebook may say: one line a value, with its kind, its default and its meaning.

The loader, the errors, the rulebook pages and the accessors of `Rulebook` are all made from this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from attrs import frozen

from escrowkit.errors import EscrowError, did_you_mean, in_turn, shown
from escrowkit.money import Money, parse_rate, rate_text
from escrowkit.periods import Period
from escrowkit.roles import CALLERS, role_of


class _Unknown:
    """A value that the sources do not settle: whoever needs it is refused."""

    def __repr__(self) -> str:
        return "unknown"

    def __reduce__(self) -> str:
        # There is one alone, also after a copy or a way through a process pool.
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()

Answer = str | Mapping[str, Fraction]
Answers = tuple[Answer, ...]
Tiers = tuple[tuple[Mapping[str, Money] | None, Fraction], ...]
Decay = tuple[tuple[Period, Fraction], ...]

#: Who gets it, when a rule decides: these move money …
PAYS: Final = ("payer", "payee", "halves", "as_asked", "claim", "recommendation")
#: … and these move nothing.
MOVES_NOTHING: Final = ("contested", "declined", "rejected", "next_stage", "stays")


@frozen
class Kind:
    """A kind of value: how it is read, how it is shown, and what is allowed, in words."""

    allowed: str
    read: Callable[[Any], Any]
    show: Callable[[Any], str] = str


def _need(condition: bool, wrong: str = "") -> None:
    if not condition:
        raise ValueError(wrong)


def _text(value: Any) -> str:
    _need(isinstance(value, str) and bool(value.strip()))
    return str(value)


def _count(value: Any) -> int:
    _need(type(value) is int and 0 <= value <= 1000)
    return int(value)


def _flag(value: Any) -> bool:
    _need(type(value) is bool)
    return bool(value)


def _since(value: Any) -> str:
    """What `conditions.elapsed` counts from, as far as a rulebook may choose."""
    return str(value) if value in ("submitted", "active") else _fact(value)


def _fact(value: Any) -> str:
    """A fact that must be attested first."""
    _need(isinstance(value, str) and value.startswith("attested:") and bool(value.removeprefix("attested:").strip()))
    return str(value)


def _one_of(value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(did_you_mean(value, known))
    return str(value)


def _listed(value: Any) -> list[Any]:
    """A list, which may be written as its only member."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _amounts(value: Any) -> dict[str, Money]:
    """`"30.00 USD"`, or a table by currency."""
    if isinstance(value, Mapping):
        _need(bool(value), "it names no currency")
        amounts = [Money.parse(text, currency) for currency, text in value.items()]
    else:
        amounts = [Money.parse(value)]
    _need(all(money.minor >= 0 for money in amounts), "it is negative")
    return {money.currency: money for money in amounts}


def _roles(value: Any) -> tuple[str, ...]:
    names = _listed(value)
    for name in names:
        known = isinstance(name, str) and (name == "witness" or role_of(name) in CALLERS)
        _need(known, f"{shown(name)} is nobody's role")
    return tuple(names)


def _answer(value: Any) -> Answer:
    if isinstance(value, Mapping):
        _need(set(value) == {"payer", "payee"}, "shares name payer and payee")
        shares = {name: parse_rate(share) for name, share in value.items()}
        _need(sum(shares.values()) == 1, "the shares do not add up to 100%")
        return shares
    return _one_of(value, PAYS + MOVES_NOTHING)


def _answers(value: Any) -> Answers:
    answers = tuple(map(_answer, _listed(value)))
    _need(bool(answers), "a list needs an answer")
    return answers


def _review_answers(value: Any) -> Answers:
    return ("dispute",) if _listed(value) == ["dispute"] else _answers(value)


def _show_answers(value: Answers) -> str:
    def one(answer: Answer) -> str:
        if isinstance(answer, str):
            return "the claim of the side that did not fail" if answer == "claim" else answer.replace("_", " ")
        return ", ".join(f"{rate_text(share)} to the {name}" for name, share in answer.items())

    return ", else ".join(map(one, value))


def _show_amounts(value: Mapping[str, Money]) -> str:
    texts = {money.text for money in value.values()}
    if len(texts) == 1 and len(value) > 1:
        return f"{texts.pop()} ({', '.join(value)})"
    return ", ".join(map(str, value.values()))


def _tiers(value: Any) -> Tiers:
    _need(isinstance(value, (list, tuple)) and bool(value))
    tiers = []
    for tier in value:
        _need(isinstance(tier, Mapping) and {"rate"} <= set(tier) <= {"up_to", "rate"}, "a tier has up_to and rate")
        tiers.append((_amounts(tier["up_to"]) if "up_to" in tier else None, parse_rate(tier["rate"])))
    _need(tiers[-1][0] is None and all(bound for bound, _ in tiers[:-1]), "the last tier, and no other, has no up_to")
    return tuple(tiers)


def _show_tiers(value: Tiers) -> str:
    return ", ".join(rate_text(r) + (f" up to {_show_amounts(b)}" if b else " above") for b, r in value)


def _decay(value: Any) -> Decay:
    _need(isinstance(value, (list, tuple)) and bool(value))
    steps = []
    for step in value:
        _need(isinstance(step, Mapping) and set(step) == {"within", "back"}, "a step has within and back")
        steps.append((Period.parse(step["within"]), parse_rate(step["back"])))
    for (early, more), (late, less) in pairwise(steps):
        longer = early.exact <= late.exact and early.business_days <= late.business_days and early != late
        _need(longer and more > less, "from step to step it is later, and less comes back")
    return tuple(steps)


def _show_decay(value: Decay) -> str:
    return ", ".join(f"{rate_text(back)} within {period}" for period, back in value) + ", then nothing"


@frozen
class Fee:
    """A fee of the list: its name, to whom it goes, who bears it, on what it falls, when what was paid in comes back."""

    name: str
    to: str
    borne_by: str
    on: str
    returned: str
    tiers: Tiers
    fixed: Mapping[str, Money] | None
    floor: Mapping[str, Money] | None
    cap: Mapping[str, Money] | None

    @property
    def amounts(self) -> tuple[Mapping[str, Money], ...]:
        """Every amount that it names, by currency."""
        named = (*(bound for bound, _ in self.tiers), self.fixed, self.floor, self.cap)
        return tuple(amount for amount in named if amount is not None)

    def __str__(self) -> str:
        bare = len(self.tiers) == 1 and not self.tiers[0][1]
        sums = (
            []
            if bare
            else [_show_tiers(self.tiers).removesuffix(" above") if len(self.tiers) == 1 else _show_tiers(self.tiers)]
        )
        named = (("plus " if not bare else "", self.fixed), ("at least ", self.floor), ("at most ", self.cap))
        sums += [words + _show_amounts(amount) for words, amount in named if amount]
        back = "" if self.borne_by == "payee" else f", returned: {self.returned.replace('_', ' ')}"
        return f"{self.name}: {', '.join(sums)} to the {self.to}, borne by {self.borne_by}, on {self.on}{back}"


_FEE: Final = ("name", "to", "borne_by", "model", "rate", "fixed", "tiers", "floor", "cap", "on", "returned")
#: When the payer's part of a fee comes back, where the list does not say; what falls on an exit never does.
_RETURNED: Final = {"deposit": "never", "release": "while_held", "exit": "never"}


def _fee(value: Any) -> Fee:
    _need(isinstance(value, Mapping), "a fee is a table")
    for key in value:
        _need(key in _FEE, in_turn(f"a fee has {', '.join(_FEE)}", did_you_mean(key, _FEE)))
    _need({"name", "borne_by", "on"} <= set(value), "a fee needs name, borne_by and on")
    name, to = _text(value["name"]), _text(value.get("to", "platform"))
    _need(":" not in to and to not in ("payer", "payee", "authority"), f"to = {shown(to)}: a fee goes to neither party")
    borne_by, on = _one_of(value["borne_by"], ("payer", "payee", "both")), _one_of(value["on"], tuple(_RETURNED))
    model = _one_of(value.get("model", "tiered" if "tiers" in value else "flat"), ("flat", "tiered"))
    _need(
        ("tiers" in value) == (model == "tiered") and (model == "flat" or "rate" not in value),
        "tiers or a rate, as the model says",
    )
    _need(bool({"rate", "fixed", "tiers"} & set(value)), "a fee has a rate, a fixed part or tiers")
    _need(on != "deposit" or borne_by == "payer", "a fee on a deposit is borne by the payer: nobody else pays in")
    back = _one_of(value.get("returned", _RETURNED[on]), ("while_held", "always", "never"))
    _need(
        "returned" not in value or borne_by != "payee",
        "what the payee bears is spent; returned is about what the payer paid in",
    )
    _need(on != "exit" or back == "never", "a fee on exit falls on whatever leaves, so it is never returned")
    _need(on != "release" or back != "never", "a fee on release comes back with what is not released")
    tiers = _tiers(value["tiers"]) if "tiers" in value else ((None, parse_rate(value.get("rate", "0%"))),)
    fixed, floor, cap = (_amounts(value[key]) if key in value else None for key in ("fixed", "floor", "cap"))
    return Fee(name, to, borne_by, on, back, tiers, fixed, floor, cap)


def _fees(value: Any) -> tuple[Fee, ...]:
    _need(isinstance(value, (list, tuple)), "a list of fees is needed")
    fees = tuple(map(_fee, value))
    _need(len({fee.name for fee in fees}) == len(fees), "two fees have one name")
    return fees


@frozen
class Power:
    """What a mediator may do: one power, or another one for a stake below a bound."""

    otherwise: str
    small: str | None = None
    below: Mapping[str, Money] | None = None

    def at(self, stake: Money) -> str:
        """The power over this stake."""
        bound = self.below.get(stake.currency) if self.below else None
        return self.small if self.small and bound is not None and stake < bound else self.otherwise

    def __str__(self) -> str:
        if self.small is None or self.below is None:
            return self.otherwise
        return f"{self.small} below {_show_amounts(self.below)}, otherwise {self.otherwise}"


POWERS: Final = ("facilitate", "recommend", "decide")


def _power(value: Any) -> Power:
    if not isinstance(value, Mapping):
        return Power(_one_of(value, POWERS))
    _need(set(value) == {"below", "small", "otherwise"}, "a power by stake has below, small and otherwise")
    return Power(_one_of(value["otherwise"], POWERS), _one_of(value["small"], POWERS), _amounts(value["below"]))


def _dates(value: Any) -> tuple[date, ...] | str:
    if isinstance(value, Mapping):
        _need(set(value) == {"country"})
        return _text(value["country"])
    _need(isinstance(value, (list, tuple)) and all(type(day) is date for day in value))
    return tuple(value)


def _show_dates(value: tuple[date, ...] | str) -> str:
    return f"those of {value}" if isinstance(value, str) else ", ".join(map(str, value)) or "none"


def choice(*values: str) -> Kind:
    """One of a closed list."""
    return Kind(" | ".join(values), lambda value: _one_of(value, values), lambda value: value.replace("_", " "))


def several(*values: str) -> Kind:
    """A list out of a closed list, each at most once."""

    def read(value: Any) -> tuple[str, ...]:
        names = tuple(_one_of(name, values) for name in _listed(value))
        _need(len(set(names)) == len(names), "it says one twice")
        return names

    return Kind("a list out of: " + ", ".join(values), read, lambda value: ", ".join(value) or "none")


TEXT = Kind("a text", _text)
COUNT = Kind("a whole number from 0 to 1000", _count)
FLAG = Kind("true | false", _flag, lambda value: "yes" if value else "no")
PERIOD = Kind('a period such as "14 days", "72 hours" or "5 business days"', Period.parse)
PERIOD_OR_NONE = Kind('a period such as "5 days", or "none"', lambda v: None if v == "none" else Period.parse(v))
SINCE = Kind("submitted | active | attested:<name>", _since)
FACT = Kind("attested:<name>", _fact)
RATE = Kind('a rate such as "10%"', parse_rate, rate_text)
AMOUNT = Kind('an amount that names its currency, "30.00 USD", or a table by currency', _amounts, _show_amounts)
ROLES = Kind("a role or a list of roles", _roles, lambda value: ", ".join(value) or "nobody")
ANSWER = Kind(
    f'{" | ".join(PAYS)} | {{ payer = "60%", payee = "40%" }}, or, moving nothing, {" | ".join(MOVES_NOTHING)}; '
    "a list is tried in order",
    _answers,
    _show_answers,
)
REVIEW_ANSWER = Kind(f"dispute | {ANSWER.allowed}", _review_answers, _show_answers)
TIERS = Kind('a list of { up_to = "500.00 USD", rate = "20%" }, the last without up_to', _tiers, _show_tiers)
DECAY = Kind('a list of { within = "5 days", back = "100%" }, less from step to step', _decay, _show_decay)
POWER = Kind('facilitate | recommend | decide, or { below = "100.00 USD", small = "decide", otherwise = … }', _power)
DAYS = several("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FEES = Kind(
    "a list of { name, to, borne_by = payer | payee | both, model = flat | tiered, rate, fixed, tiers, floor, cap, "
    "on = deposit | release | exit, returned = while_held | always | never }",
    _fees,
    lambda value: "; ".join(map(str, value)) or "none",
)
HOLIDAYS = Kind('a list of dates, or { country = "US" }', _dates, _show_dates)
STATES = several("proposed", "agreed", "active", "submitted", "cancelling", "approved", "completed", "cancelled")


@frozen
class Key:
    """One value of a rulebook: where it stands, of which kind it is, what holds if it is left out, what it means."""

    path: str
    kind: Kind
    default: Any
    words: str


SCHEMA: Final[tuple[Key, ...]] = (
    Key("calendar.timezone", TEXT, "UTC", "the zone in which business days are counted"),
    Key("calendar.weekend", DAYS, ("sat", "sun"), "days that are no business days"),
    Key("calendar.holidays", HOLIDAYS, (), "holidays: none, a list, or a country's (extra `holidays`)"),
    Key("money.min_milestone", AMOUNT, None, "the smallest price of a milestone"),
    Key("money.max_milestone", AMOUNT, None, "the largest price of a milestone"),
    Key("money.remainder_to", choice("payer", "payee"), "payer", "who gets the odd unit when a sum is divided"),
    Key("milestone.start", choice("in_full", "in_part", "unfunded"), "in_full", "how far it must be funded before work starts"),
    Key("milestone.submit_needs", choice("nothing", "funded"), "nothing", "what a submission needs beside a deliverable"),
    Key("milestone.max_revisions", COUNT, None, "how often the payer may request changes"),
    Key("milestone.review.within", PERIOD, None, "how long the payer may review a submission"),
    Key("milestone.review.least", PERIOD, None, "the shortest review that the parties may agree"),
    Key("milestone.review.most", PERIOD, None, "the longest review that the parties may agree"),
    Key("milestone.review.since", SINCE, "submitted", "from when: submitted, active (without any submission), or attested:<name>"),
    Key("milestone.review.on_silence", REVIEW_ANSWER, None, "who gets it if the payer stays silent"),
    Key("milestone.review.notices", COUNT, 0, "how many reminders must have been delivered first"),
    Key("milestone.review.delay_step", PERIOD, None, "by how much the payer may delay the review at a time"),
    Key("milestone.review.delay_lockable", FLAG, False, "whether the payee may forbid further delays"),
    Key("milestone.cancel.by", ROLES, ("payer",), "who may ask for the money back"),
    Key("milestone.cancel.within", PERIOD, None, "how long the payee may take to answer a cancel request"),
    Key("milestone.cancel.on_silence", ANSWER, None, "who gets it if the payee does not answer"),
    Key("milestone.cancel.declinable", FLAG, False, "whether a cancel request can be declined (else refusing it is to open a dispute)"),
    Key("milestone.proposal.by", ROLES, ("payee",), "who may propose a split of what is held"),
    Key("milestone.proposal.within", PERIOD, None, "how long the other side may take to answer a split proposal"),
    Key("milestone.proposal.on_silence", ANSWER, None, "what silence on a split proposal does"),
    Key("milestone.requirements.within", PERIOD, None, "how long the payer may take to give the requirements"),
    Key("milestone.requirements.on_silence", ANSWER, None, "who gets it if the requirements are never given"),
    Key("milestone.late.after", PERIOD, None, "how late before late delivery gives a right"),
    Key("milestone.late.since", choice("due", "active"), "due", "late, counted from"),
    Key("milestone.late.right", ROLES, (), "who may cancel because of lateness"),
    Key("milestone.late.on_silence", ANSWER, None, "what happens by itself when it is late"),
    Key("milestone.early.before_due", PERIOD, None, "until how long before it is due an early cancel is possible"),
    Key("milestone.early.right", ROLES, (), "who may cancel early"),
    Key("escrow.funding.within", PERIOD, None, "how long a requested deposit may take to be confirmed"),
    Key("escrow.funding.on_silence", ANSWER, ("stays",), "what happens if it never is"),
    Key("escrow.release.partial", FLAG, True, "whether a part may be released"),
    Key("escrow.release.by", ROLES, ("payer",), "who may release"),
    Key("escrow.refund.by", ROLES, ("payee",), "who may refund"),
    Key("escrow.roll_over", FLAG, False, "whether a rest may go to the next milestone"),
    Key("escrow.clearing", PERIOD_OR_NONE, None, "how long a release stays in its security hold"),
    Key("escrow.service_fee.model", choice("none", "flat", "tiered", "per_contract"), "none", "how the service fee is made"),
    Key("escrow.service_fee.rate", RATE, None, "its rate"),
    Key("escrow.service_fee.fixed", AMOUNT, None, "its fixed part, once an agreement"),
    Key("escrow.service_fee.tiers", TIERS, None, "its tiers, over all that was ever released"),
    Key("escrow.service_fee.payer", choice("payee"), "payee", "who bears it: it is taken when a release leaves the pot"),
    Key("escrow.service_fee.on_refund", choice("reversed", "payer", "payee"), "reversed", "who bears a fee already taken if the money goes back: the platform (reversed), payer or payee"),
    Key("escrow.processing_fee.rate", RATE, None, "what the payer pays on top of a deposit"),
    Key("escrow.processing_fee.fixed", AMOUNT, None, "and a fixed part of it"),
    Key("escrow.processing_fee.returned", choice("while_held", "never"), "never", "when it comes back with a refund"),
    Key("escrow.fees", FEES, (), "further fees, each named: to whom, borne by whom, on what, and when it is returned"),
    Key("escrow.hold_limit.within", PERIOD, None, "the longest time that money may be held"),
    Key("escrow.hold_limit.since", choice("deposited"), "deposited", "counted from"),
    Key("escrow.hold_limit.on_expiry", ANSWER, None, "who gets it then"),
    Key("escrow.dormancy.idle", PERIOD, None, "how long nothing may happen"),
    Key("escrow.dormancy.notice", PERIOD, None, "and how long after the notice of it"),
    Key("escrow.dormancy.on_silence", ANSWER, None, "who gets dormant money"),
    Key("escrow.refund_released.within", PERIOD, None, "how long after its release a payee may give money back"),
    Key("escrow.refund_released.by", ROLES, ("payee",), "who may give it back"),
    Key("escrow.chargeback.borne_by", choice("platform", "payee"), "platform", "who bears a chargeback of money that has left"),
    Key("escrow.impound.within", PERIOD, None, "how long the platform may hold money without a dispute"),
    Key("dispute.open_by", ROLES, (), "who may open a dispute"),
    Key("dispute.open_in", STATES, ("active", "submitted", "cancelling", "approved", "completed"), "in which states of the milestone"),
    Key("dispute.open_after.period", PERIOD, None, "how long to wait before"),
    Key("dispute.open_after.since", choice("active", "submitted"), "submitted", "counted from"),
    Key("dispute.open_needs", choice("nothing", "proposal"), "nothing", "what it needs: nothing, or a split proposal that waits for its answer"),
    Key("dispute.reopen", choice("never", "once_a_submission", "always"), "never", "whether a milestone can be disputed again"),
    Key("dispute.lookback", PERIOD, None, "how long ago released money can still be claimed back"),
    Key("dispute.advance", choice("nobody", "platform"), "nobody", "who advances to the payer what an outcome takes back of money that has left; the payee then owes it to that one"),
    Key("dispute.answer.payer.within", PERIOD, None, "how long the payer may take to answer"),
    Key("dispute.answer.payer.since", choice("opened", "escalated"), "opened", "counted from"),
    Key("dispute.answer.payer.on_silence", ANSWER, None, "what a silent payer means"),
    Key("dispute.answer.payee.within", PERIOD, None, "how long the payee may take to answer"),
    Key("dispute.answer.payee.since", choice("opened", "escalated"), "opened", "counted from"),
    Key("dispute.answer.payee.on_silence", ANSWER, None, "what a silent payee means"),
    Key("dispute.answer.opener_too", FLAG, False, "whether the opener must answer as well"),
    Key("dispute.answer.both_silent", ANSWER, ({"payer": Fraction(1, 2), "payee": Fraction(1, 2)},), "who gets it if both had to answer and neither did"),
    Key("dispute.evidence.until", choice("end", "arbitrated", "funded"), "end", "until when evidence can be added: the end, the arbitration, or until its fee is paid in"),
    Key("dispute.stages", several("mediation", "arbitration"), (), "the stages, in order"),
    Key("dispute.escalate.when", choice("at once", "by a party"), "at once", "how a dispute reaches the next stage"),
    Key("dispute.escalate.by", ROLES, ("payer", "payee", "mediator"), "who may escalate, if not at once"),
    Key("dispute.escalate.after", PERIOD, None, "how long to wait before"),
    Key("dispute.escalate.within", PERIOD, None, "how long after its opening a dispute may wait to be escalated"),
    Key("dispute.escalate.on_silence", ANSWER, None, "what happens if nobody does: next stage, stays (it is closed, and all is as it was), or who gets it"),
    Key("dispute.escalate.from_opened", FLAG, False, "whether it can be escalated before it is answered"),
    Key("dispute.offers.within", PERIOD, None, "how long an offer stands"),
    Key("dispute.offers.on_silence", ANSWER, ("declined",), "what silence on an offer does"),
    Key("dispute.offers.rounds", COUNT, None, "how many offers each side may make"),
    Key("dispute.offers.turns", choice("free", "alternate"), "free", "whether offers alternate"),
    Key("dispute.extend.by", ROLES, (), "who may extend a clock, for both sides alike"),
    Key("dispute.extend.step", PERIOD, None, "by how much at most at a time"),
    Key("dispute.extend.most", COUNT, 1, "how often each clock"),
    Key("dispute.longest.within", PERIOD, None, "the longest life of a dispute"),
    Key("dispute.longest.on_expiry", ANSWER, None, "who gets it then"),
    Key("mediation.power", POWER, None, "what the mediator may do"),
    Key("mediation.refund_needs", FACT, None, "what must be attested before a mediator's decision gives money back"),
    Key("mediation.recommend.within", PERIOD, None, "how long a mediator has, from the assignment"),
    Key("mediation.accept.within", PERIOD, None, "how long the parties may consider a recommendation"),
    Key("mediation.accept.on_silence", ANSWER, ("rejected",), "what silence on a recommendation means"),
    Key("mediation.decide.after", PERIOD, None, "how long the parties negotiate before a mediator may decide, from the request; less, if both used all their offers"),
    Key("mediation.longest", PERIOD, None, "the longest life of a mediation, from the request"),
    Key("mediation.on_failure", ANSWER, ("next_stage", "stays"), "what happens when mediation fails"),
    Key("arbitration.eligible.stake_from", AMOUNT, None, "the smallest stake that can be arbitrated"),
    Key("arbitration.appoint.by", ROLES, ("platform",), "who appoints the arbitrator"),
    Key("arbitration.fee.model", choice("none", "shares", "rate", "from_pot", "external"), "none", "how the fee is made"),
    Key("arbitration.fee.paid_to", choice("arbitrator", "platform"), "arbitrator", "who earns it"),
    Key("arbitration.fee.cost", choice("all", "one_share"), "all", "what is earned: all that was deposited, or one party's share"),
    Key("arbitration.fee.shares.payer", AMOUNT, None, "the payer's share"),
    Key("arbitration.fee.shares.payee", AMOUNT, None, "the payee's share"),
    Key("arbitration.fee.shares.platform", AMOUNT, None, "the platform's share"),
    Key("arbitration.fee.rate", RATE, None, "each party's rate of the stake"),
    Key("arbitration.fee.floor", AMOUNT, None, "each party's least"),
    Key("arbitration.fee.cap", AMOUNT, None, "each party's most"),
    Key("arbitration.fee.borne", choice("each", "loser", "by_share_lost"), "each", "who bears what is earned"),
    Key("arbitration.fee.refund", choice("before_start", "winner", "decaying"), "before_start", "what comes back: all of it before an arbitrator is appointed; the winner's share too; less and less"),
    Key("arbitration.fee.decay", DECAY, None, "how much comes back until when after the first payment, before an arbitrator is appointed"),
    Key("arbitration.fee.kept", AMOUNT, None, "what each side leaves there at least, where it comes back less and less"),
    Key("arbitration.pay.within", PERIOD, None, "how long the parties may take to pay the fee"),
    Key("arbitration.pay.since", choice("offered", "first_paid"), "offered", "counted from: the offer, or the first payment (then nobody has to pay)"),
    Key("arbitration.pay.order", choice("claimant_first", "any", "sealed"), "any", "in which order they pay"),
    Key("arbitration.pay.all_by_one", FLAG, False, "whether one side may pay everything"),
    Key("arbitration.none_paid.gets", ANSWER, None, "who gets it if nobody pays"),
    Key("arbitration.none_paid.out_of", choice("held", "stake"), "stake", "out of what: of what is held, nothing that was paid before is owed back"),
    Key("arbitration.one_paid.gets", ANSWER, ("claim",), "who gets it if only one pays"),
    Key("arbitration.one_paid.out_of", choice("held", "stake"), "stake", "out of what"),
    Key("arbitration.small_pot.up_to", AMOUNT, None, "a stake so small that it is divided without a ruling"),
    Key("arbitration.small_pot.divide", ANSWER, None, "how it is divided"),
    Key("arbitration.award.within", PERIOD, None, "how long the arbitrator may take"),
    Key("arbitration.award.on_silence", ANSWER, None, "who gets it without an award in time"),
    Key("arbitration.award.menu", choice("any", "all_or_nothing", "last_offers"), "any", "what an award may be"),
    Key("arbitration.refusal.divide", ANSWER, ({"payer": Fraction(1, 2), "payee": Fraction(1, 2)},), "who gets it if the arbitrator does not rule"),
    Key("arbitration.appeal.within", PERIOD, None, "how long an award can be appealed"),
    Key("conduct.default_suspends", FLAG, False, "whether a default suspends the silent side; it never moves money"),
    Key("conduct.strikes.mute_after", COUNT, None, "after how many strikes a side may not write"),
    Key("conduct.strikes.mute_for", PERIOD, None, "and for how long; left out: until it is given back"),
    Key("conduct.strikes.suspend_after", COUNT, None, "after how many strikes a side is suspended"),
    Key("conduct.feedback.within", PERIOD, None, "how long after a milestone's end the sides may rate one another"),
    Key("conduct.feedback.sealed", FLAG, False, "whether feedback is hidden until both have given it, or the time is over"),
    Key("conduct.feedback.scale", COUNT, 5, "the best score; 1 is the worst"),
    Key("conduct.feedback.withheld_from", several("defaulted", "refunded"), (), "who may give none: the side that lost by its own silence; a payer who got all back"),
)  # fmt: skip

KEYS: Final[Mapping[str, Key]] = {key.path: key for key in SCHEMA}
#: Every part that is no value itself: `milestone`, `milestone.review`, …
PARTS: Final = frozenset(path.rsplit(".", n)[0] for path in KEYS for n in range(1, path.count(".") + 1))
#: Parts that may be written as one value: `one_paid = "claim"` is `one_paid = { gets = "claim" }`.
SHORT: Final[Mapping[str, str]] = {
    "arbitration.none_paid": "gets",
    "arbitration.one_paid": "gets",
    "dispute.escalate": "when",
    "escrow.chargeback": "borne_by",
    "escrow.impound": "within",
    "escrow.service_fee": "model",
    "milestone.cancel": "within",
}


#: Values that had another name once. A digest says them by the old one, so that what an agreement pinned stays the same.
RENAMED: Final[Mapping[str, str]] = {"arbitration.none_paid.gets": "arbitration.none_paid"}


def read(key: Key, value: Any) -> Any:
    """The value of a key, or `ValueError` with what is wrong and what is allowed."""
    try:
        return UNKNOWN if value == "unknown" else key.kind.read(value)
    # What a host's own kind of value does when it is compared, nobody knows.
    except (ValueError, TypeError, RecursionError, EscrowError) as error:
        wrong = str(getattr(error, "words", error))
        raise ValueError(f"{shown(value)}: {in_turn(wrong, f'allowed: {key.kind.allowed}')}") from error
