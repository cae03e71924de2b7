"""When silence decides: one line a clock, with its anchor, its period, what pauses it and who must act before it passes.

The due time of a clock is its anchor plus its period in the rulebook's calendar, shifted by the time in which it was paused.
Half-open: at the due instant the deadline has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from escrowkit.errors import UnknownRulebookValue
from escrowkit.machines import arbitration, dispute, escrow, feedback, mediation, milestone
from escrowkit.machines.arbitration import S as A
from escrowkit.machines.dispute import S as D
from escrowkit.machines.escrow import S as E
from escrowkit.machines.feedback import S as F
from escrowkit.machines.mediation import S as M
from escrowkit.machines.milestone import S as W
from escrowkit.periods import Period

Anchor = Callable[[Any], datetime | None]
#: Deadlines that are reminded of wait three days after the last reminder, and thirty if it never came.
AFTER_NOTICE: Final = timedelta(days=3)
UNSENT: Final = timedelta(days=30)


@frozen
class Clock:
    """A clock of one machine: in which states it runs, from when, for how long, and what pauses it.

    `period` is a key of the rulebook; `answer` the key of who gets it then. `pauses` names `dispute`, `impound` and
    `request` (an open cancel request). `who` must act before it is due.
    """

    machine: str
    states: tuple[StrEnum, ...]
    name: str
    anchor: Anchor
    period: str
    pauses: tuple[str, ...]
    who: str
    answer: str
    words: str
    due: Callable[[Any, Clock], datetime | None] | None = None


_WORK = ("dispute", "impound", "request")
_CASE = ("impound",)

CLOCKS: Final[tuple[Clock, ...]] = (
    #     machine        states                       name            anchor          period in the rulebook     pauses  who must act
    Clock("arbitration", (A.OFFERED,), "pay", lambda p: _pay_window(p), "arbitration.pay.within", _CASE, "unpaid", "arbitration.none_paid.gets",
          "the window in which the arbitration fee can be paid"),
    Clock("arbitration", (A.HALF_FUNDED,), "pay", lambda p: _pay_window(p), "arbitration.pay.within", _CASE, "unpaid", "arbitration.one_paid.gets",
          "the same window, when one side has paid"),
    Clock("arbitration", (A.FUNDED, A.APPEALED), "pay", lambda p: _pay_window(p), "arbitration.pay.within", _CASE, "unpaid", "",
          "the same window, when deposits are sealed or an award was appealed"),
    Clock("arbitration", (A.FUNDED, A.HEARING), "award", lambda p: _hearing(p), "arbitration.award.within", _CASE, "arbitrator", "arbitration.award.on_silence",
          "the time for an award"),
    Clock("arbitration", (A.AWARDED,), "appeal", lambda p: p.arbitration.awarded_at, "arbitration.appeal.within", _CASE, "both", "",
          "the time in which an award can be appealed"),
    Clock("mediation", (M.RECOMMENDED,), "accept", lambda p: p.mediation.recommended_at, "mediation.accept.within", _CASE, "unaccepted", "mediation.accept.on_silence",
          "the time to accept or reject a recommendation"),
    Clock("mediation", (M.REQUESTED, M.SITTING, M.RECOMMENDED), "longest", lambda p: p.mediation.requested_at, "mediation.longest", _CASE, "mediator", "mediation.on_failure",
          "the longest life of a mediation"),
    Clock("mediation", (M.SITTING,), "recommend", lambda p: p.mediation.sitting_at, "mediation.recommend.within", _CASE, "mediator", "mediation.on_failure",
          "the mediator's time"),
    Clock("dispute", (D.OPENED,), "answer", lambda p: p.dispute.opened_at, "", _CASE, "unanswered", "",
          "the time to answer a dispute", due=lambda p, clock: _answer(p, clock)),
    Clock("dispute", (D.OPENED, D.CONTESTED), "escalate", lambda p: None if p.dispute.escalated_at else p.dispute.opened_at, "dispute.escalate.within", _CASE, "both", "dispute.escalate.on_silence",
          "the time to escalate a dispute"),
    Clock("dispute", (D.OPENED, D.CONTESTED, D.MEDIATED, D.ARBITRATED), "longest", lambda p: p.dispute.opened_at, "dispute.longest.within", _CASE, "both", "dispute.longest.on_expiry",
          "the longest life of a dispute"),
    Clock("dispute", (D.OPENED, D.CONTESTED, D.MEDIATED, D.ARBITRATED), "offer", lambda p: _offered(p), "dispute.offers.within", _CASE, "offeree", "dispute.offers.on_silence",
          "the time in which an offer stands"),
    Clock("milestone", (W.CANCELLING,), "cancel", lambda p: p.milestone.asked_at, "milestone.cancel.within", ("dispute", "impound"), "asked", "milestone.cancel.on_silence",
          "the time to answer a cancel request"),
    Clock("milestone", (W.ACTIVE, W.SUBMITTED, W.APPROVED), "condition", lambda p: None, "", _WORK, "payer", "",
          "the time in the milestone's own release condition", due=lambda p, clock: p.condition_due),
    Clock("milestone", (W.ACTIVE,), "late", lambda p: p.late_from, "milestone.late.after", _WORK, "payee", "milestone.late.on_silence",
          "how late before lateness decides"),
    Clock("milestone", (W.ACTIVE, W.SUBMITTED), "proposal", lambda p: p.milestone.proposal_at, "milestone.proposal.within", _WORK, "proposed", "milestone.proposal.on_silence",
          "the time to answer a split proposal"),
    Clock("milestone", (W.ACTIVE,), "requirements", lambda p: p.requirements_from, "milestone.requirements.within", _WORK, "payer", "milestone.requirements.on_silence",
          "the time to give the requirements"),
    Clock("milestone", (W.ACTIVE, W.SUBMITTED), "review", lambda p: p.review_from, "milestone.review.within", _WORK, "payer", "milestone.review.on_silence",
          "the review of a submission", due=lambda p, clock: _review(p, clock)),
    Clock("escrow", (E.HELD, E.CLEARING), "clearing", lambda p: p.clearing_from, "escrow.clearing", ("dispute", "impound"), "nobody", "",
          "the security hold of a release"),
    Clock("escrow", (E.HELD,), "dormancy", lambda p: p.lane.touched, "escrow.dormancy.idle", ("dispute", "impound"), "both", "escrow.dormancy.on_silence",
          "how long nothing may happen while money is held", due=lambda p, clock: _dormancy(p, clock)),
    Clock("escrow", (E.EMPTY, E.FUNDING, E.HELD, E.CLEARING, E.FROZEN), "funding", lambda p: p.escrow.pending_at, "escrow.funding.within", _CASE, "provider", "escrow.funding.on_silence",
          "the time to confirm a deposit"),
    Clock("escrow", (E.HELD, E.FROZEN, E.IMPOUNDED), "hold_limit", lambda p: p.escrow.held_since if p.held else None, "escrow.hold_limit.within", (), "both", "escrow.hold_limit.on_expiry",
          "the longest time that money may be held"),
    Clock("escrow", (E.IMPOUNDED,), "impound", lambda p: p.escrow.spans[-1].start, "escrow.impound.within", (), "platform", "",
          "the longest hold by the platform"),
    Clock("feedback", (F.OPEN, F.HALF_WRITTEN), "write", lambda p: p.feedback.opened_at, "conduct.feedback.within", ("dispute",), "nobody", "",
          "the time to give feedback"),
)  # fmt: skip

#: The commands by which the clock acts, machine by machine, and the one order of equals.
LAPSE: Final = {
    "arbitration": arbitration.Lapse,
    "mediation": mediation.Lapse,
    "dispute": dispute.Lapse,
    "milestone": milestone.Lapse,
    "escrow": escrow.Lapse,
    "feedback": feedback.Lapse,
}
ORDER: Final = tuple(LAPSE)


def running(pot: Any) -> Iterator[tuple[datetime, Clock]]:
    """Every clock of this pot that runs, with its due time."""
    for machine in ORDER:
        record = getattr(pot, machine)
        for clock in () if record is None else _kept(pot.rules, machine, record.stack[0]):
            due = _due(pot, clock)
            if due is not None:
                yield due, clock


def _kept(rules: Any, machine: str, state: StrEnum) -> tuple[Clock, ...]:
    """The clocks that can run in a state under a rulebook."""
    key = (machine, state)
    kept: tuple[Clock, ...] | None = rules.memory.get(key)
    if kept is None:
        kept = rules.memory[key] = tuple(
            clock
            for clock in CLOCKS
            if clock.machine == machine and state in clock.states
            if all(rules.has(name) for name in (clock.period, clock.answer) if name)
        )
    return kept


def due_of(pot: Any, clock: Clock) -> datetime | None:
    """When a clock of this pot is due; None while it does not run, is paused, or needs what the sources do not settle."""
    record = getattr(pot, clock.machine)
    return _due(pot, clock) if record is not None and record.stack[0] in clock.states else None


def _due(pot: Any, clock: Clock) -> datetime | None:
    if pot.waits and any(pot.is_paused(why) for why in clock.pauses):
        return None
    try:
        if clock.answer and pot.rules[clock.answer] is None:
            return None
        return clock.due(pot, clock) if clock.due else plain_due(pot, clock, clock.anchor(pot), clock.period)
    except UnknownRulebookValue:
        return None


def plain_due(pot: Any, clock: Clock, anchor: datetime | None, key: str) -> datetime | None:
    """Anchor plus period, extensions and pauses."""
    period: Period | None = pot.rules[key]
    if anchor is None or period is None:
        return None
    calendar = pot.rules.calendar
    due: datetime = calendar.add(anchor, period)
    extensions = pot.extensions(f"{clock.machine}.{clock.name}") if pot.lane.cases else ()
    for extension in extensions:
        due = calendar.add(due, extension)
    if extensions or any(why in pot.waits for why in clock.pauses):
        due = calendar.shift(due, pot.paused_since(anchor, clock.pauses), period)
    return due


def _pay_window(pot: Any) -> datetime | None:
    """From the offer, or from the first payment; where the claimant pays first, one window after the other."""
    it = pot.arbitration
    if it.state is A.FUNDED and not it.sealed:
        return None
    if it.state is A.APPEALED:
        return it.appealed_at  # type: ignore[no-any-return]
    second = it.order == "claimant_first" and it.half_at is not None
    from_first = second or pot.rules["arbitration.pay.since"] == "first_paid"
    # Whoever pays for both at once has made the first payment too.
    return (it.half_at or it.funded_at) if from_first else it.offered_at  # type: ignore[no-any-return]


def _hearing(pot: Any) -> datetime | None:
    it = pot.arbitration
    if it.state is A.FUNDED and it.sealed:
        return None
    return it.hearing_at if it.state is A.HEARING else it.funded_at  # type: ignore[no-any-return]


def _answer(pot: Any, clock: Clock) -> datetime | None:
    """The earliest end of the answer windows that are still open."""
    dues = pot.answer_dues(clock)
    return min(dues.values(), default=None)


def _offered(pot: Any) -> datetime | None:
    return min((o.at for o in pot.dispute.offers if o.open), default=None)


def _review(pot: Any, clock: Clock) -> datetime | None:
    """The review's end, moved by delays; a default that moves money waits for its reminders, but not for ever."""
    if pot.milestone.state is W.ACTIVE and pot.rules["milestone.review.since"] != "active":
        return None  # a fact attested before there is a submission starts no review
    due = plain_due(pot, clock, clock.anchor(pot), clock.period)
    if due is None or pot.milestone.release_when is not None:
        return None
    if pot.rules["milestone.review.on_silence"] == ("dispute",) and not pot.held:
        return None  # there is nothing to dispute; it is due as soon as there is
    for _ in range(pot.milestone.delays):
        due = pot.rules.calendar.add(due, pot.rules["milestone.review.delay_step"])
    wanted, notices = pot.rules["milestone.review.notices"], pot.milestone.notices
    if not wanted:
        return due
    return max(due, notices[wanted - 1] + AFTER_NOTICE) if len(notices) >= wanted else due + UNSENT


def _dormancy(pot: Any, clock: Clock) -> datetime | None:
    due = plain_due(pot, clock, clock.anchor(pot), clock.period)
    notice = pot.rules["escrow.dormancy.notice"]
    return pot.rules.calendar.add(due, notice) if due and notice else due
