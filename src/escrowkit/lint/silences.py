"""Who loses by silence, and whether the time for an answer is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from attrs import frozen

from escrowkit.clocks import AFTER_NOTICE
from escrowkit.errors import EscrowError
from escrowkit.lint.model import Lint, known, stages
from escrowkit.periods import Period
from escrowkit.rulebook import Rulebook
from escrowkit.schema import KEYS, PERIOD, UNKNOWN

PARTIES: Final = frozenset({"payer", "payee"})


@frozen
class Step:
    """A step at which a silence is answered: the period that passes, the key of the answer, and to whom a claim goes.

    `asks` is the key of those who may ask where the answer is as they asked; `stage` that without which it never is.
    """

    within: str
    answer: str
    claim: frozenset[str] = PARTIES
    asks: str = ""
    stage: str = ""


_PAYER, _PAYEE = frozenset({"payer"}), frozenset({"payee"})
_ANSWERS: Final = {
    "payer": Step("dispute.answer.payer.within", "dispute.answer.payer.on_silence", _PAYEE),
    "payee": Step("dispute.answer.payee.within", "dispute.answer.payee.on_silence", _PAYER),
}
STEPS: Final = (
    Step("milestone.requirements.within", "milestone.requirements.on_silence"),
    Step("milestone.late.after", "milestone.late.on_silence"),
    Step("milestone.review.within", "milestone.review.on_silence"),
    Step("milestone.cancel.within", "milestone.cancel.on_silence", asks="milestone.cancel.by"),
    Step("milestone.proposal.within", "milestone.proposal.on_silence", asks="milestone.proposal.by"),
    *_ANSWERS.values(),
    Step("dispute.offers.within", "dispute.offers.on_silence"),
    Step("dispute.escalate.within", "dispute.escalate.on_silence"),
    Step("dispute.longest.within", "dispute.longest.on_expiry"),
    Step("mediation.longest", "mediation.on_failure", stage="mediation"),
    Step("arbitration.pay.within", "arbitration.none_paid.gets", stage="arbitration"),
    Step("arbitration.pay.within", "arbitration.one_paid.gets", stage="arbitration"),
    Step("arbitration.award.within", "arbitration.award.on_silence", stage="arbitration"),
    Step("escrow.hold_limit.within", "escrow.hold_limit.on_expiry"),
    Step("escrow.dormancy.idle", "escrow.dormancy.on_silence"),
)


def gains(book: Rulebook, step: Step) -> frozenset[str]:
    """The sides to which this silence may move money; none, if it moves nothing, never comes, or is not known."""
    if (step.stage and step.stage not in stages(book)) or not known(book, step.within) or not _asked(book, step):
        return frozenset()
    return frozenset().union(*(_gains(book, step, one) for one in known(book, step.answer) or ()))


def _gains(book: Rulebook, step: Step, answer: str | Mapping[str, Any]) -> frozenset[str]:
    if isinstance(answer, Mapping):
        return frozenset(side for side, share in answer.items() if share)
    if answer == "as_asked":
        return PARTIES & set(known(book, step.asks) or ()) if step.asks else PARTIES
    return {"payer": _PAYER, "payee": _PAYEE, "halves": PARTIES, "claim": step.claim}.get(answer, frozenset())


def _asked(book: Rulebook, step: Step) -> bool:
    """Whether this step can come: an answer is owed by a side if the other may open, or the opener answers too."""
    side = next((side for side, one in _ANSWERS.items() if one is step), None)
    return side is None or _answers(book, side)


def _answers(book: Rulebook, side: str) -> bool:
    if known(book, "milestone.review.on_silence") == ("dispute",):
        return True
    openers = set(known(book, "dispute.open_by") or ())
    return bool(openers if known(book, "dispute.answer.opener_too") else openers - {side})


def silences(book: Rulebook) -> Iterator[Lint]:
    """Who loses by silence: the same side at every step, or one side alone when it is disputed."""
    moved = {step.answer: sides for step in STEPS if (sides := gains(book, step))}
    favoured = frozenset().union(*moved.values())
    if len(moved) > 1 and len(favoured) == 1:
        (side,) = favoured
        steps = ", ".join(moved)
        words = f"Every silence that moves money moves it to the {side}: {steps}."
        mend = 'Let the other side\'s silence cost it something too, or divide ("halves").'
        yield Lint("one-sided-silence", next(iter(moved)), words, mend)
    yield from _one_sided_answer(book)
    yield from _unequal_windows(book)


def _one_sided_answer(book: Rulebook) -> Iterator[Lint]:
    values = [book.values[f"dispute.answer.{side}.{name}"] for side in PARTIES for name in ("within", "on_silence")]
    if UNKNOWN in values or not all(_answers(book, side) for side in PARTIES):
        return
    losers = [side for side in ("payer", "payee") if gains(book, _ANSWERS[side])]
    if len(losers) == 1:
        (loser,) = losers
        (other,) = PARTIES - {loser}
        words = f"Whoever opens a dispute, only the {loser} can lose it by silence; a silent {other} loses nothing."
        mend = "Give both sides a window, or let neither silence decide."
        yield Lint("one-sided-answer", f"dispute.answer.{other}", words, mend)


def _unequal_windows(book: Rulebook) -> Iterator[Lint]:
    payer, payee = (known(book, f"dispute.answer.{side}.within") for side in ("payer", "payee"))
    if payer and payee and payer != payee and all(_answers(book, side) for side in PARTIES):
        words = f"The payer has {payer} to answer a dispute, and the payee {payee}."
        yield Lint("unequal-windows", "dispute.answer", words, "Give both sides the same time.")


# -- windows ---------------------------------------------------------------------------------------------------------

#: Windows in which a party must act; the time of neutrals, platforms and providers is their own affair.
WINDOWS: Final = (
    "milestone.review.within",
    "milestone.cancel.within",
    "milestone.proposal.within",
    "milestone.requirements.within",
    "dispute.answer.payer.within",
    "dispute.answer.payee.within",
    "dispute.escalate.within",
    "dispute.offers.within",
    "mediation.accept.within",
    "arbitration.pay.within",
    "arbitration.appeal.within",
)
#: Parts whose rules are used only where `dispute.stages` names them.
_STAGED: Final = ("mediation", "arbitration")


def windows(book: Rulebook) -> Iterator[Lint]:
    """Windows that are shorter than a notice, or than a weekend; business days without holidays."""
    review, notices = known(book, "milestone.review.within"), known(book, "milestone.review.notices")
    if notices and review and _at_most(review, AFTER_NOTICE - timedelta.resolution):
        words = f"A review of {review} is shorter than the 3 days for which it waits after its last reminder."
        yield Lint("shorter-than-notice", "milestone.review.within", words, "Give it more than 3 days.")
    idle, notice = known(book, "escrow.dormancy.idle"), known(book, "escrow.dormancy.notice")
    if idle and notice and _at_most(idle, notice.exact - timedelta.resolution):
        words = f"Money is dormant after {idle}, which is less than the notice of {notice}."
        yield Lint("shorter-than-notice", "escrow.dormancy.idle", words, "Let it rest longer than the notice.")
    yield from _in_a_weekend(book)
    yield from _without_holidays(book)


def _at_most(period: Period, length: timedelta) -> bool:
    """Whether a period in plain time is at most so long; business days are longer than they say."""
    return not period.business_days and period.exact <= length


def _in_a_weekend(book: Rulebook) -> Iterator[Lint]:
    weekend = timedelta(days=len(known(book, "calendar.weekend") or ()))
    for key in WINDOWS:
        period = known(book, key)
        staged = key.partition(".")[0] in _STAGED and key.partition(".")[0] not in stages(book)
        if period and not staged and _at_most(period, weekend):
            words = f"{period} can pass within one weekend of {weekend.days} days, in which nobody may be at work."
            mend = f'Count business days, or give more than "{weekend.days} days".'
            yield Lint("gone-in-a-weekend", key, words, mend)


def _without_holidays(book: Rulebook) -> Iterator[Lint]:
    if book.given("calendar.holidays") or known(book, "calendar.holidays") is None:
        return
    periods = {path: known(book, path) for path, key in KEYS.items() if key.kind is PERIOD}
    counted = [path for path, period in periods.items() if period and period.business_days]
    if counted:
        words = f"Business days are counted ({', '.join(counted)}), and no holidays are given."
        mend = 'Say the dates, a country ({ country = "AT" }), or [] if there are none.'
        yield Lint("no-holidays", "calendar.holidays", words, mend)


def exact(book: Rulebook, period: Period) -> timedelta | None:
    """About how long a period is; business days as if no holiday fell in them. None where the calendar is not known."""
    try:
        days = 7 - len(book.calendar.weekend)
    except EscrowError:
        return None
    weeks, rest = divmod(period.business_days, days)
    return period.exact + timedelta(days=7 * weeks + rest)
