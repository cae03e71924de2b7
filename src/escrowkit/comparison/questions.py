"""What people ask of a rulebook, one line a question, grouped by the step at which they ask it.

A key that no question asks is asked in the words of the schema, under the last step, so that nothing is left unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from escrowkit.money import Money, rate_text
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook
from escrowkit.schema import KEYS, SCHEMA, SHORT, UNKNOWN, Power
from escrowkit.wording import listed

#: What a question says where the platform has no such rule.
NONE: Final = None
Show = Callable[[Mapping[str, Any]], str | None]


@frozen
class Question:
    """One question: at which step, in words, which keys answer it, and how they do; None where there is no such rule.

    `stage` names a stage of a dispute without which there is nothing to ask.
    """

    step: str
    words: str
    keys: tuple[str, ...]
    show: Show
    stage: str = ""

    def answer(self, book: Rulebook) -> str | None:
        """What a rulebook answers: None where it has no such rule, `unknown` where its sources do not settle it."""
        stages = book.values["dispute.stages"]
        if self.stage and stages is not UNKNOWN and self.stage not in stages:
            return NONE
        return self.show(book.values)


# -- values in words -------------------------------------------------------------------------------------------------

_ANSWERS: Final = {
    "halves": "half each",
    "as_asked": "as asked",
    "claim": "the claim of the side that did not fail",
    "recommendation": "as recommended",
    "contested": "goes on, as contested",
    "declined": "declined: nothing moves",
    "rejected": "rejected: nothing moves",
    "next_stage": "the next stage",
    "stays": "stays as it is",
    "dispute": "a dispute opens",
}


def _answer(value: Any, claim: str = "") -> str:
    """Who gets it; `claim` says whose claim is meant."""
    if value is UNKNOWN:
        return "unknown"
    words = {**_ANSWERS, "claim": claim} if claim else _ANSWERS
    return ", else ".join(words.get(one, one) if isinstance(one, str) else _shares(one) for one in value)


def _shares(value: Mapping[str, Any]) -> str:
    if len(set(value.values())) == 1:
        return _ANSWERS["halves"]
    return ", ".join(f"{name} {rate_text(share)}" for name, share in value.items())


def amounts(value: Any) -> str:
    """Amounts by currency, those that are equal in one.

    >>> amounts({"USD": Money(500, "USD"), "EUR": Money(500, "EUR")})
    '5.00 USD, EUR'
    """
    if value is UNKNOWN:
        return "unknown"
    by: dict[str, list[str]] = {}
    for currency, money in value.items():
        by.setdefault(money.text, []).append(currency)
    return ", ".join(f"{text} {', '.join(currencies)}" for text, currencies in by.items())


def shown(path: str, value: Any) -> str | None:
    """One value in words."""
    if value is None:
        return NONE
    if value is UNKNOWN:
        return "unknown"
    if isinstance(value, Power):
        least = f" below {amounts(value.below)}, else {value.otherwise}" if value.below else ""
        return f"{value.small if value.below else value.otherwise}{least}"
    if isinstance(value, dict) and all(isinstance(one, Money) for one in value.values()):
        return amounts(value)
    if isinstance(value, tuple) and value and isinstance(value[0], (str, Mapping)):
        if path.rpartition(".")[2] in _WHO_GETS:
            return _answer(value)
        return listed(sorted(value, key=_ORDER.index) if set(value) <= set(_ORDER) else value).replace("_", " ")
    return KEYS[path].kind.show(value) or "none"


#: Lists of roles are the same in any order.
_ORDER: Final = tuple(role.value for role in Role)
_WHO_GETS: Final = frozenset({"on_silence", "on_expiry", "both_silent", "on_failure", "none_paid", "gets", "divide"})


# -- kinds of questions ----------------------------------------------------------------------------------------------


def at(path: str) -> str:
    """A key, also where a rulebook's schema has opened it into a part (`none_paid` into `none_paid.gets`)."""
    return f"{path}.{SHORT[path]}" if path in SHORT else path


def _one(step: str, words: str, path: str, stage: str = "", *, needs: str = "", claim: str = "") -> Question:
    """A question that one value answers; it is not asked where the key that it needs says nothing, or none."""
    key = at(path)

    def show(v: Mapping[str, Any]) -> str | None:
        if needs and (not v[needs] or v[needs] == "none"):
            return NONE
        return _answer(v[key], claim) if claim and v[key] is not None else shown(key, v[key])

    return Question(step, words, (key,), show, stage)


def _silence(
    step: str, words: str, within: str, answer: str, stage: str = "", *, since: str = "", claim: str = ""
) -> Question:
    """Who gets it if somebody stays silent, and after how long; from when, where it is not as usual."""
    period, gives = at(within), at(answer)

    def show(v: Mapping[str, Any]) -> str | None:
        if v[period] is None or v[gives] is None:
            return NONE
        if v[period] is UNKNOWN and v[gives] is UNKNOWN:
            return "unknown"
        after = "an unknown time" if v[period] is UNKNOWN else str(v[period])
        start = f" since {shown(since, v[since])}" if since and v[since] != KEYS[since].default else ""
        return f"{_answer(v[gives], claim)}, after {after}{start}"

    return Question(step, words, (period, gives, *((since,) if since else ())), show, stage)


def _both(step: str, words: str, first: str, second: str, between: str, stage: str = "") -> Question:
    """Two values that belong together; nothing without the first."""

    def show(v: Mapping[str, Any]) -> str | None:
        if not v[first] and v[first] is not UNKNOWN:
            return NONE
        more = shown(second, v[second])
        return f"{shown(first, v[first])}" + (f"{between}{more}" if more else "")

    return Question(step, words, (first, second), show, stage)


def _service_fee(v: Mapping[str, Any]) -> str | None:
    part = "escrow.service_fee"
    model = v[f"{part}.model"]
    if model in ("none", UNKNOWN):
        return str(model)
    key = f"{part}.tiers" if model == "tiered" else f"{part}.rate"
    fixed = v[f"{part}.fixed"]
    return f"{shown(key, v[key])}" + (f" + {amounts(fixed)}" if fixed else "")


def _processing_fee(v: Mapping[str, Any]) -> str | None:
    rate, fixed = v["escrow.processing_fee.rate"], v["escrow.processing_fee.fixed"]
    parts = (shown("escrow.processing_fee.rate", rate), shown("escrow.processing_fee.fixed", fixed))
    return " + ".join(part for part in parts if part) or NONE


_FEE: Final = "arbitration.fee"


def _fee(v: Mapping[str, Any]) -> str | None:
    model = v[f"{_FEE}.model"]
    if model in ("none", UNKNOWN):
        return str(model)
    if model in ("rate", "from_pot"):
        bounds = [
            f"{word} {amounts(v[f'{_FEE}.{name}'])}"
            for name, word in (("floor", "at least"), ("cap", "at most"))
            if v[f"{_FEE}.{name}"]
        ]
        of = "of the stake from each side" if model == "rate" else "out of the pot"
        return ", ".join((f"{shown(f'{_FEE}.rate', v[f'{_FEE}.rate'])} {of}", *bounds))
    shares = {name: v[f"{_FEE}.shares.{name}"] for name in ("payer", "payee", "platform")}
    said = listed(f"{name} {amounts(share)}" for name, share in shares.items() if share)
    return f"{said or 'the arbitrator’s own'}" + (", paid outside" if model == "external" else "")


def _extend(v: Mapping[str, Any]) -> str | None:
    who, step, most = (v[f"dispute.extend.{name}"] for name in ("by", "step", "most"))
    if not who:
        return NONE
    length = shown("dispute.extend.step", step)
    return f"{shown('dispute.extend.by', who)}" + (f", by {length} at a time" if length else "") + _times(most)


def _times(most: Any) -> str:
    return (
        ", each an unknown number of times" if most is UNKNOWN else f", each {'once' if most == 1 else f'{most} times'}"
    )


def _both_silent(v: Mapping[str, Any]) -> str | None:
    asked = v["dispute.answer.opener_too"] or v["milestone.review.on_silence"] == ("dispute",)
    return _answer(v["dispute.answer.both_silent"]) if asked else NONE


def _early_stage(v: Mapping[str, Any]) -> str | None:
    by_party = v["dispute.stages"] and v["dispute.escalate.when"] == "by a party"
    return shown("dispute.escalate.from_opened", v["dispute.escalate.from_opened"]) if by_party else NONE


def _has(stage: str) -> Show:
    def show(v: Mapping[str, Any]) -> str | None:
        stages = v["dispute.stages"]
        return "unknown" if stages is UNKNOWN else "yes" if stage in stages else "no"

    return show


def _escalate(v: Mapping[str, Any]) -> str | None:
    if not v["dispute.stages"]:
        return NONE
    when, who = v["dispute.escalate.when"], v["dispute.escalate.by"]
    if when != "by a party":
        return str(when)
    after = v["dispute.escalate.after"]
    return f"by {shown('dispute.escalate.by', who)}" + (f", after {after}" if after else "")


# -- the questions ---------------------------------------------------------------------------------------------------

START, WORK, CANCEL = "Before the work", "The work is submitted", "Cancelling"
MONEY, FEES, OPEN, ANSWER = "Releasing and refunding", "Fees", "A dispute opens", "A dispute is answered"
MEDIATION, ARBITRATION, BACK, STANDING = "Mediation", "Arbitration", "When nothing else ends it", "Standing"
TIME, ALSO = "How time is counted", "And also"
_M, _A = "mediation", "arbitration"

_ASKED: Final[tuple[Question, ...]] = (
    _one(START, "How far must a milestone be funded before work starts?", "milestone.start"),
    _one(START, "What is the smallest price of a milestone?", "money.min_milestone"),
    _one(START, "And the largest?", "money.max_milestone"),
    _silence(START, "The payer never gives what the payee needs to start", "milestone.requirements.within", "milestone.requirements.on_silence"),
    _silence(START, "A payment is never confirmed", "escrow.funding.within", "escrow.funding.on_silence"),
    _silence(WORK, "The payer does not answer a submission", "milestone.review.within", "milestone.review.on_silence", since="milestone.review.since"),
    _one(WORK, "What is the shortest review that the sides may agree on?", "milestone.review.least"),
    _one(WORK, "And the longest?", "milestone.review.most"),
    _one(WORK, "How many reminders must it have had?", "milestone.review.notices", needs="milestone.review.within"),
    _both(WORK, "By how much may the payer delay it at a time? May the payee forbid more?", "milestone.review.delay_step", "milestone.review.delay_lockable", "; "),
    _one(WORK, "How often may the payer ask for changes?", "milestone.max_revisions"),
    _one(WORK, "What does a submission need?", "milestone.submit_needs"),
    _silence(WORK, "The payer does not answer a split that the payee proposes", "milestone.proposal.within", "milestone.proposal.on_silence"),
    _one(WORK, "Who may propose a split?", "milestone.proposal.by"),
    _silence(WORK, "The work is late, and nobody does anything", "milestone.late.after", "milestone.late.on_silence", since="milestone.late.since"),
    _one(CANCEL, "Who may ask for the money back?", "milestone.cancel.by"),
    _silence(CANCEL, "The other side does not answer that", "milestone.cancel.within", "milestone.cancel.on_silence"),
    _one(CANCEL, "May the other side decline (or must it open a dispute)?", "milestone.cancel.declinable", needs="milestone.cancel.within"),
    _both(CANCEL, "Who may cancel late work?", "milestone.late.right", "milestone.late.after", ", after "),
    _both(CANCEL, "Who may cancel early?", "milestone.early.right", "milestone.early.before_due", ", until before it is due: "),
    _one(MONEY, "Who may release?", "escrow.release.by"),
    _one(MONEY, "May a part be released?", "escrow.release.partial"),
    _one(MONEY, "Who may refund?", "escrow.refund.by"),
    _one(MONEY, "May a rest go to the next milestone?", "escrow.roll_over"),
    _one(MONEY, "Who gets the odd unit when a sum is divided?", "money.remainder_to"),
    _one(MONEY, "How long is a release held back for security?", "escrow.clearing"),
    _both(MONEY, "Until how long after its release may money be given back, and by whom?", "escrow.refund_released.within", "escrow.refund_released.by", ", "),
    Question(FEES, "What does the payee pay of each release?",
             tuple(f"escrow.service_fee.{name}" for name in ("model", "rate", "fixed", "tiers")), _service_fee),
    _one(FEES, "Out of whose money is that taken?", "escrow.service_fee.payer", needs="escrow.service_fee.model"),
    _one(FEES, "Who bears it if the money goes back later?", "escrow.service_fee.on_refund", needs="escrow.service_fee.model"),
    Question(FEES, "What does the payer pay on top of a deposit?",
             ("escrow.processing_fee.rate", "escrow.processing_fee.fixed"), _processing_fee),
    _one(FEES, "And when does that come back?", "escrow.processing_fee.returned", needs="escrow.processing_fee.rate"),
    _one(FEES, "Which other fees are there?", "escrow.fees"),
    _one(OPEN, "Who may open a dispute?", "dispute.open_by"),
    _one(OPEN, "In which states of the milestone?", "dispute.open_in"),
    _one(OPEN, "What must there be first?", "dispute.open_needs"),
    _both(OPEN, "How long must one wait before?", "dispute.open_after.period", "dispute.open_after.since", " since "),
    _one(OPEN, "May a milestone be disputed again?", "dispute.reopen"),
    _one(OPEN, "How long ago released may money be claimed back?", "dispute.lookback"),
    _silence(ANSWER, "The payer does not answer the dispute", "dispute.answer.payer.within", "dispute.answer.payer.on_silence",
             since="dispute.answer.payer.since", claim="the payee’s claim"),
    _silence(ANSWER, "The payee does not answer the dispute", "dispute.answer.payee.within", "dispute.answer.payee.on_silence",
             since="dispute.answer.payee.since", claim="the payer’s claim"),
    _one(ANSWER, "Must whoever opened it answer as well?", "dispute.answer.opener_too"),
    Question(ANSWER, "Both had to answer, and neither did", ("dispute.answer.both_silent", "dispute.answer.opener_too"), _both_silent),
    _silence(ANSWER, "An offer to settle is not answered", "dispute.offers.within", "dispute.offers.on_silence"),
    _one(ANSWER, "How many offers may each side make?", "dispute.offers.rounds"),
    _one(ANSWER, "Do the sides take turns?", "dispute.offers.turns"),
    _one(ANSWER, "Until when can evidence be added?", "dispute.evidence.until"),
    Question(ANSWER, "How does it reach the next stage?",
             ("dispute.escalate.when", "dispute.escalate.by", "dispute.escalate.after"), _escalate),
    _silence(ANSWER, "Nobody takes it to the next stage", "dispute.escalate.within", "dispute.escalate.on_silence"),
    Question(ANSWER, "May it go on before it is answered?", ("dispute.escalate.from_opened",), _early_stage),
    Question(ANSWER, "Who may extend a deadline, and by how much?",
             ("dispute.extend.by", "dispute.extend.step", "dispute.extend.most"), _extend),
    Question(MEDIATION, "Is there a mediation?", ("dispute.stages",), _has(_M)),
    _one(MEDIATION, "What may the mediator do?", "mediation.power", _M),
    _one(MEDIATION, "How long has the mediator?", "mediation.recommend.within", _M),
    _one(MEDIATION, "How long do the sides negotiate before the mediator may decide?", "mediation.decide.after", _M),
    _silence(MEDIATION, "A side does not answer the recommendation", "mediation.accept.within", "mediation.accept.on_silence", _M),
    _one(MEDIATION, "What must be attested before its decision gives money back?", "mediation.refund_needs", _M),
    _one(MEDIATION, "How long does it last at most?", "mediation.longest", _M),
    _one(MEDIATION, "And if it fails?", "mediation.on_failure", _M),
    Question(ARBITRATION, "Is there an arbitration?", ("dispute.stages",), _has(_A)),
    _one(ARBITRATION, "From which stake on?", "arbitration.eligible.stake_from", _A),
    Question(ARBITRATION, "What does it cost?",
             tuple(f"{_FEE}.{name}" for name in ("model", "rate", "floor", "cap", "shares.payer", "shares.payee", "shares.platform")), _fee, _A),
    _one(ARBITRATION, "Who bears it?", "arbitration.fee.borne", _A, needs=f"{_FEE}.model"),
    _one(ARBITRATION, "What of it comes back?", "arbitration.fee.refund", _A, needs=f"{_FEE}.model"),
    _one(ARBITRATION, "How fast does less come back?", "arbitration.fee.decay", _A),
    _one(ARBITRATION, "And what is kept at least?", "arbitration.fee.kept", _A),
    _one(ARBITRATION, "How much of it is earned?", "arbitration.fee.cost", _A, needs=f"{_FEE}.model"),
    _one(ARBITRATION, "By whom?", "arbitration.fee.paid_to", _A, needs=f"{_FEE}.model"),
    _one(ARBITRATION, "From when is the time to pay it counted?", "arbitration.pay.since", _A, needs="arbitration.pay.within"),
    _one(ARBITRATION, "In which order is it paid?", "arbitration.pay.order", _A, needs="arbitration.pay.within"),
    _one(ARBITRATION, "May one side pay everything?", "arbitration.pay.all_by_one", _A, needs="arbitration.pay.within"),
    _silence(ARBITRATION, "Nobody pays the fee", "arbitration.pay.within", "arbitration.none_paid", _A),
    _one(ARBITRATION, "Out of what is held, or of the whole stake?", "arbitration.none_paid.out_of", _A, needs="arbitration.pay.within"),
    _silence(ARBITRATION, "Only one side pays the fee", "arbitration.pay.within", "arbitration.one_paid", _A,
             claim="who paid: its claim"),
    _one(ARBITRATION, "And that, out of what?", "arbitration.one_paid.out_of", _A, needs="arbitration.pay.within"),
    _one(ARBITRATION, "Who appoints the arbitrator?", "arbitration.appoint.by", _A),
    _both(ARBITRATION, "Up to which stake is it divided without a ruling, and how?", "arbitration.small_pot.up_to", "arbitration.small_pot.divide", ": ", _A),
    _silence(ARBITRATION, "The arbitrator gives no award", "arbitration.award.within", "arbitration.award.on_silence", _A),
    _one(ARBITRATION, "What may an award be?", "arbitration.award.menu", _A),
    _one(ARBITRATION, "The arbitrator does not rule", "arbitration.refusal.divide", _A),
    _one(ARBITRATION, "How long can an award be appealed?", "arbitration.appeal.within", _A),
    _silence(BACK, "A dispute lasts too long", "dispute.longest.within", "dispute.longest.on_expiry"),
    _silence(BACK, "Nobody does anything for a long time", "escrow.dormancy.idle", "escrow.dormancy.on_silence"),
    _one(BACK, "And how long after the notice of that?", "escrow.dormancy.notice"),
    _silence(BACK, "Money is held for too long", "escrow.hold_limit.within", "escrow.hold_limit.on_expiry", since="escrow.hold_limit.since"),
    _one(BACK, "How long may the platform impound money?", "escrow.impound"),
    _one(BACK, "Who bears a chargeback of money that has left?", "escrow.chargeback"),
    _one(BACK, "Who advances what an outcome takes back of money that has left?", "dispute.advance"),
    _one(STANDING, "Does losing a dispute by silence suspend?", "conduct.default_suspends"),
    _one(STANDING, "How long may the sides rate one another?", "conduct.feedback.within"),
    _one(STANDING, "Is that sealed until both have?", "conduct.feedback.sealed", needs="conduct.feedback.within"),
    _one(STANDING, "On a scale from 1 to …", "conduct.feedback.scale", needs="conduct.feedback.within"),
    _one(STANDING, "Who may not rate?", "conduct.feedback.withheld_from", needs="conduct.feedback.within"),
    _both(STANDING, "After how many strikes may a side not write, and for how long?", "conduct.strikes.mute_after", "conduct.strikes.mute_for", ", for "),
    _one(STANDING, "After how many is it suspended?", "conduct.strikes.suspend_after"),
    _one(TIME, "In which zone are business days counted?", "calendar.timezone"),
    _one(TIME, "Which days are none?", "calendar.weekend"),
    _one(TIME, "Which holidays?", "calendar.holidays"),
)  # fmt: skip


def questions() -> Iterator[Question]:
    """Every question, in order; at the end, each key that none of them asks."""
    yield from _ASKED
    asked = {key for question in _ASKED for key in question.keys}
    for key in SCHEMA:
        if key.path not in asked:
            stage = key.path.partition(".")[0]
            yield _one(ALSO, f"{key.words[:1].upper()}{key.words[1:]}", key.path, stage if stage in (_M, _A) else "")


__all__ = ["Question", "amounts", "questions", "shown"]
