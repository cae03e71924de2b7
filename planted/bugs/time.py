"""D: time and its boundaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve

from escrowkit import clocks, periods, reactions
from escrowkit.agreement import Agreement, deciding, opening
from escrowkit.agreement.whole import Whole
from escrowkit.machines import dispute, milestone
from escrowkit.machines.dispute import guards as dispute_guards
from escrowkit.machines.milestone import S as W
from escrowkit.machines.milestone import guards as milestone_guards
from escrowkit.machines.milestone import record
from escrowkit.pot import Pot
from planted.canary import canary
from planted.edits import everywhere, put, reclock, rereact, unguard

MICRO = timedelta(microseconds=1)


@canary(
    "D1",
    "At the instant of the deadline itself both sides could act, or neither: `>` stood for `>=`.",
    caught_by="machines_milestone.py::test_at_every_instant_around_the_end_of_the_review_one_side_may_act",
)
def after_the_deadline_only() -> None:
    """A deadline has passed only after its instant."""
    is_due = Whole._is_due
    put(Whole, "_is_due", lambda self, id_, to: is_due(self, id_, to - MICRO))


@canary(
    "D2",
    "Capture was possible until the expiry, and reclaiming from it on; one bound was inclusive too much.",
    caught_by="machines_dispute.py::test_the_payer_may_claim_what_was_released_within_the_look_back_window",
)
def window_with_its_end() -> None:
    """At the very end of a window, released money still counts as within it."""
    within = Pot._within

    def longer(self: Any, period: Any, releases: Any) -> Any:
        pot = Pot(self.agreement, self.lane, self.at - MICRO)
        return within(pot, period, releases)

    put(Pot, "_within", longer)


@canary(
    "D3",
    "An escrow was made that could only be cancelled: its limit came before anybody could be paid.",
    caught_by="machines_escrow.py::test_a_limit_before_the_earliest_release_is_refused_at_the_opening",
)
def limits_are_not_compared() -> None:
    """At the opening nobody compares the longest holding time with the review."""
    check = opening._check_terms

    def lenient(rules: Any, terms: Any) -> None:
        values = {**rules.values, "escrow.hold_limit.within": None}
        check(evolve(rules, values=values), terms)

    put(opening, "_check_terms", lenient)


@canary("D4", "Amounts of zero and below were taken.", caught_by="agreement.py::test_refusals_come_in_one_order")
def any_price() -> None:
    """A price may be nothing, or less."""
    from escrowkit import arguments
    from escrowkit.money import Money

    read = arguments._sum

    def lenient(value: Any, currency: str, kind: Any) -> Money:
        money = value if isinstance(value, Money) else Money.parse(value, currency)
        return money if money.minor <= 0 else read(value, currency, kind)

    put(arguments, "_sum", lenient)


@canary(
    "D5",
    "What a deadline had ended could still be finished afterwards.",
    caught_by="agreement.py::test_a_late_command_meets_the_deadlines_first_and_a_refusal_carries_what_they_decided",
)
def commands_before_deadlines() -> None:
    """A command is carried out without looking at the deadlines that had passed before it."""
    decide = Agreement.decide

    def first(self: Any, command: Any, **said: Any) -> Any:
        is_due = Whole.is_due
        put(Whole, "is_due", lambda self, to: False)
        try:
            return decide(self, command, **said)
        finally:
            put(Whole, "is_due", is_due)

    put(Agreement, "decide", first)


@canary(
    "D6",
    "A time that was missing became 1970, so every trade had expired.",
    caught_by="bad_input.py::test_a_call_of_the_wrong_kind_is_a_bad_argument",
)
def no_time_is_the_epoch() -> None:
    """A missing instant is the epoch."""
    instant = periods.instant
    put(deciding, "instant", lambda at: instant(at or datetime.fromtimestamp(0, UTC)))


@canary(
    "D7",
    "One clock for both sides punished the one that was on time.",
    caught_by="machines_milestone.py::test_work_that_the_payer_sends_back_is_not_late_at_once",
)
def late_through_the_other_side() -> None:
    """The time in which the payer looked at the work counts as the payee's."""

    def since(self: Any) -> Any:
        due = self.rules["milestone.late.since"] == "due"
        return self.milestone.due if due else self.milestone.active_at

    put(Pot, "late_from", property(since))


@canary(
    "D8",
    "Two events in one second were told in the order in which they happened to arrive.",
    caught_by="agreement.py::test_deadlines_of_one_instant_fire_in_one_order",
)
def equals_in_any_order() -> None:
    """Deadlines of one instant fire in the order in which they are found."""
    deadlines = Whole.deadlines

    def found(self: Any, to: Any = None) -> Any:
        backwards = tuple(reversed(deadlines(self, to)))
        return tuple(sorted(backwards, key=lambda due: due[0]))

    put(Whole, "deadlines", found)


@canary(
    "D9",
    "The time to act counted from the first entry into a state, so a later one ended at once.",
    caught_by="machines_milestone.py::test_a_change_request_ends_the_review_and_the_next_submission_starts_it_anew",
)
def review_from_the_first_submission() -> None:
    """A second submission is reviewed in what is left of the first one's time."""
    back = record._sent_back
    kept = lambda it, event: {**back(it, event), "submitted_at": it.submitted_at}  # noqa: E731
    submit = record._submitted
    again = lambda it, event: {**submit(it, event), "submitted_at": it.submitted_at or event.at}  # noqa: E731
    record._CHANGES._lines |= {milestone.ChangesRequested: kept, milestone.Submitted: again}


@canary(
    "D10",
    "A time that had already passed fired at once and again.",
    caught_by="machines_milestone.py::test_silence_on_a_request_gives_as_the_rulebook_answers",
)
def time_counts_from_the_start() -> None:
    """The time to answer a request counts from the start of the work."""
    reclock(lambda c: evolve(c, anchor=lambda p: p.milestone.active_at) if c.name == "cancel" else c)


@canary(
    "D11",
    "Every counter-offer started the clock anew, without end.",
    caught_by="machines_dispute.py::test_offers_are_within_the_stake_and_their_rounds_and_turns_the_rulebooks",
)
def rounds_without_end() -> None:
    """Offers are not counted."""
    unguard(dispute.TABLE, "rounds_left")


@canary(
    "D12",
    "Proposing just before the deadline kept the other side from executing.",
    caught_by="machines_dispute.py::test_an_offer_moves_no_deadline_of_the_dispute",
)
def offers_move_deadlines() -> None:
    """While an offer stands, the time to answer the dispute does not end."""
    answer = clocks._answer

    def waiting(pot: Any, clock: Any) -> Any:
        return None if any(offer.open for offer in pot.dispute.offers) else answer(pot, clock)

    reclock(lambda c: evolve(c, due=waiting) if (c.machine, c.name) == ("dispute", "answer") else c)


@canary(
    "D13",
    "In one instant the buyer confirmed and the seller disputed, and both went through.",
    caught_by="machines_milestone.py::test_an_approval_and_a_dispute_in_one_instant_move_the_money_once",
)
def disputes_over_what_is_gone() -> None:
    """A dispute may be opened over money that has left."""
    put(Pot, "claimable", lambda self, by: self.inside + self.cleared)
    unguard(dispute.TABLE, "may_be_disputed_here")


@canary(
    "D14",
    "A cancellation fee was taken, or not, at the wrong time.",
    caught_by="machines_milestone.py::test_an_early_cancel_is_possible_until_so_long_before_it_is_due",
)
def early_for_ever() -> None:
    """Whoever may cancel early may do so at any time."""

    def right(ctx: Any) -> str | None:
        return "early_cancelled" if ctx.by in ctx.rules["milestone.early.right"] else None

    everywhere(milestone_guards.right_to_cancel, right)


@canary(
    "D15",
    "The least time before a dispute was kept by the front end alone.",
    caught_by="machines_dispute.py::test_the_rulebook_says_in_which_states_and_from_when_a_dispute_opens",
)
def disputes_at_once() -> None:
    """Nobody waits before opening a dispute."""
    dispute_guards.waited_before_opening.test = lambda ctx: True


@canary(
    "D17",
    "A long delay overflowed and locked the money for ever.",
    caught_by="periods.py::test_what_ends_after_the_year_9999_is_refused",
)
def the_end_of_time_breaks() -> None:
    """What ends after the last day of the calendar is an error of Python and no answer."""
    add = periods.Calendar.add

    def raw(self: Any, at: datetime, period: Any) -> datetime:
        return at + period.exact if getattr(period, "exact", None) else add(self, at, period)

    put(periods.Calendar, "add", raw)


@canary(
    "D18",
    "One of several ways to release looked at no window.",
    caught_by="machines_milestone.py::test_an_own_condition_replaces_the_review_whole",
)
def money_passes_through_whatever_is_lacking() -> None:
    """Money of approved work passes through without asking for the release condition once more."""
    from escrowkit.machines.milestone import guards

    guards.condition_holds.test = lambda ctx: True
    fulfil = reactions._fulfil

    def at_once(pot: Any, event: Any) -> Any:
        active = pot.milestone.state in (W.ACTIVE, W.SUBMITTED, W.APPROVED)
        if pot.milestone.release_when is not None and active:
            yield milestone.Fulfil(pot.id)

    rereact(fulfil, at_once)


@canary(
    "D19",
    "Silence released the money although nothing had ever been delivered.",
    caught_by="machines_milestone.py::test_silence_without_a_submission_pays_nobody",
)
def review_without_a_submission() -> None:
    """A review runs from the start of the work, whatever the rulebook says."""
    unguard(milestone.TABLE, "needs_no_submission")

    def due(pot: Any, clock: Any) -> Any:
        return clocks.plain_due(pot, clock, pot.milestone.submitted_at or pot.milestone.active_at, clock.period)

    reclock(lambda c: evolve(c, due=due) if c.name == "review" else c)


@canary(
    "D20",
    "After the deadline a release was possible still, and a refund only for some.",
    caught_by="machines_arbitration.py::test_nobody_paid_and_only_one_paid_have_the_rulebooks_answers",
)
def windows_stay_open() -> None:
    """The window in which an arbitration fee is paid never closes."""
    reclock(lambda c: None if (c.machine, c.name) == ("arbitration", "pay") else c)


@canary(
    "D21",
    "A deadline was claimed before its time, during a dispute.",
    caught_by="machines_milestone.py::test_a_dispute_pauses_the_review_and_gives_back_the_time_that_was_left",
)
def disputes_pause_nothing() -> None:
    """A review goes on while there is a dispute."""
    paused = Pot.paused_since

    def running(self: Any, anchor: Any, pauses: Any) -> Any:
        return paused(self, anchor, tuple(why for why in pauses if why != "dispute"))

    put(Pot, "paused_since", running)
