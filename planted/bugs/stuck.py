"""B: money that nobody can get at."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from escrowkit import reactions
from escrowkit.agreement import Agreement, deciding
from escrowkit.errors import UnknownRulebookValue
from escrowkit.live import Session
from escrowkit.machines import arbitration, escrow, mediation, milestone
from escrowkit.machines.arbitration import S as A
from escrowkit.machines.escrow import S as E
from escrowkit.machines.escrow import guards as escrow_guards
from escrowkit.machines.milestone import guards as milestone_guards
from escrowkit.pot import Pot
from escrowkit.roles import Role
from escrowkit.table import SAME, Row
from planted.canary import canary
from planted.edits import also, edit_rows, everywhere, put, reclock, rereact, retable, unbook, unreact


@canary(
    "B1",
    "After its timeout had passed nobody could release a disputed order.",
    caught_by="machines_dispute.py::test_a_dispute_has_a_longest_life",
)
def disputes_live_for_ever() -> None:
    """The longest life of a dispute has no clock."""
    _no_clock("dispute", "longest")


@canary(
    "B2",
    "A dispute could be opened and never ended: no timeout, no way to take it back.",
    caught_by="machines_dispute.py::test_default_gives_the_winner_its_claim_and_the_other_the_rest",
)
def no_answer_is_awaited_for_ever() -> None:
    """The time to answer a dispute has no clock."""
    _no_clock("dispute", "answer")


@canary(
    "B3",
    "Whoever decided could not be replaced.",
    caught_by="machines_arbitration.py::test_an_arbitrator_can_be_replaced_and_the_case_stays",
)
def arbitrators_stay() -> None:
    """There is no move that replaces an arbitrator."""
    edit_rows(arbitration.TABLE, lambda row: None if row.command is arbitration.Replace else row, 1)


@canary(
    "B4",
    "Milestones shared one pool, so paying one used the money of another.",
    caught_by="machines_escrow.py::test_one_milestone_never_pays_for_another",
)
def one_pool() -> None:
    """What a pot holds is what all pots of the agreement hold together."""

    def pooled(self: Any) -> Any:
        return self._sum(self._balance(f"escrow:{id_}") for id_ in self.agreement.lanes)

    put(Pot, "held", property(pooled))


@canary(
    "B5",
    "An escrow without anything to pay for could be funded, and had no way out.",
    caught_by="machines_milestone.py::test_a_proposed_milestone_takes_no_money_and_no_dispute",
)
def proposals_take_money() -> None:
    """A milestone that is only proposed has a pot already."""
    reactions._BY_EVENT[milestone.Proposed] = reactions._BY_EVENT[milestone.Accepted]


@canary(
    "B6",
    "Whatever was paid in over the price stayed inside.",
    caught_by="machines_escrow.py::test_a_deposit_is_at_most_what_the_price_still_lacks",
)
def any_deposit_fits() -> None:
    """A deposit of any size is taken in."""
    escrow_guards.within_price.test = lambda ctx: True


@canary(
    "B7",
    "The arbiter never came, and the buyer was silent.",
    caught_by="machines_mediation.py::test_a_silent_mediator_fails",
)
def mediators_have_all_the_time() -> None:
    """A mediation has no clocks."""
    _no_clock("mediation", "recommend", "longest")


@canary(
    "B8",
    "A dispute had no resolution path.",
    caught_by="machines_arbitration.py::test_no_award_in_time_gives_as_the_rulebook_answers_and_the_fees_back",
)
def awards_have_all_the_time() -> None:
    """The time for an award has no clock."""
    _no_clock("arbitration", "award")


@canary(
    "B9",
    "A hold expired and its money went back while the order still looked alive.",
    caught_by="machines_escrow.py::test_the_longest_holding_time_counts_for_money_that_is_there_without_a_gap",
)
def expired_and_alive() -> None:
    """When the longest holding time ends, nothing is said to the milestone."""
    _unreact(escrow.HoldEnded, reactions._overridden)


@canary(
    "B10",
    "A failing side effect stopped a release after it had been settled.",
    caught_by="live.py::test_a_failing_callback_changes_nothing_of_the_decision_and_silences_no_other",
)
def callbacks_undo() -> None:
    """A session goes back to the agreement before, when a callback fails."""
    accept = Session._accept

    def undoing(self: Any, decision: Any, command: Any) -> Any:
        before = self._agreement
        failed = accept(self, decision, command)
        self._agreement = before if failed else self._agreement
        return failed

    put(Session, "_accept", undoing)


@canary(
    "B11",
    "An event told once more brought a cancelled trade back to life.",
    caught_by="machines_escrow.py::test_what_comes_over_the_price_or_too_late_is_the_payers",
)
def late_money_revives() -> None:
    """A payment is taken in although the milestone is over."""
    escrow_guards.deposit_fits.test = lambda ctx: ctx.it.pending is not None


@canary(
    "B13",
    "A deposit that arrived while the escrow was locked had no rule.",
    caught_by="machines_escrow.py::test_frozen_parts_and_deposits_wait_and_all_is_a_concession",
)
def deposits_in_a_dispute() -> None:
    """A deposit during a dispute is taken in."""
    edit_rows(escrow.TABLE, lambda row: None if row.waits and row.command is escrow.Deposit else row, 1)
    retable(escrow.TABLE, (*escrow.TABLE.rows, Row(E.FROZEN, escrow.Deposit, Role.PAYER, SAME, escrow.Deposited)))


@canary(
    "B15",
    "With a new arbitrator, a ruling in an older dispute was accepted from nobody.",
    caught_by="machines_arbitration.py::test_an_arbitrator_can_be_replaced_and_the_case_stays",
)
def replaced_and_unheard() -> None:
    """A case whose arbitrator is replaced waits for an appointment that it cannot get."""
    edit_rows(arbitration.TABLE, lambda r: evolve(r, then=A.OFFERED) if r.command is arbitration.Replace else r, 1)


@canary(
    "B16",
    "A transfer that failed was ignored, and its money belonged to nobody.",
    caught_by="machines_escrow.py::test_on_a_slow_rail_what_is_payable_waits_for_the_provider",
)
def failed_payouts_are_gone() -> None:
    """A payout that failed leaves what is payable all the same."""
    also(escrow.PayoutFailed, lambda pot, e: ((f"payable:{e.to}", "world:provider", pot.payable(e.to)),))


@canary(
    "B17",
    "A dispute without an arbitrator had no deadline.",
    caught_by="machines_arbitration.py::test_without_a_fee_an_appeal_is_heard_at_once",
)
def appointments_have_all_the_time() -> None:
    """The time for an award runs only from an appointment on."""
    reclock(lambda c: evolve(c, states=(A.HEARING,)) if (c.machine, c.name) == ("arbitration", "award") else c)


@canary(
    "B18",
    "The list of states that expire lacked two of them.",
    caught_by="machines_escrow.py::test_the_longest_holding_time_ends_everything_even_a_dispute_under_a_hold",
)
def some_states_never_expire() -> None:
    """The longest holding time runs in `held` only."""
    reclock(lambda c: evolve(c, states=(E.HELD,)) if c.name == "hold_limit" else c)


@canary(
    "B20",
    "After a part was paid, the rest could neither be approved nor refunded.",
    caught_by="machines_escrow.py::test_a_part_is_released_and_the_rest_stays_held",
)
def a_part_empties_the_pot() -> None:
    """Any release leaves the pot's state as if it were empty."""

    def drain(pot: Any, event: Any) -> Any:
        if not pot.disputed and pot.escrow.state in (E.HELD, E.FROZEN, E.CLEARING):
            yield escrow.Drain(pot.id)

    rereact(reactions._drain, drain)


@canary(
    "B21",
    "A partial payout blocked the cancellation of the rest.",
    caught_by="machines_milestone.py::test_what_a_part_left_can_be_cancelled",
)
def no_cancel_after_a_part() -> None:
    """Nobody can ask for a cancellation when a part was released."""
    milestone_guards.refund_within_held.test = lambda ctx: not ctx.pot.released


@canary(
    "B22",
    "What one of two sides had approved was left out when offers expired.",
    caught_by="machines_arbitration.py::test_nobody_paid_and_only_one_paid_have_the_rulebooks_answers",
)
def half_paid_never_expires() -> None:
    """The window of the fee has no clock when one side has paid."""
    reclock(lambda clock: None if clock.states == (A.HALF_FUNDED,) else clock)


@canary(
    "B24",
    "A waiting state had no expiry.",
    caught_by="machines_mediation.py::test_silence_on_a_recommendation_is_the_rulebooks",
)
def recommendations_wait_for_ever() -> None:
    """The time to accept a recommendation has no clock, nor has the mediation."""
    _no_clock("mediation", "accept", "longest")


@canary(
    "B25",
    "When a mediation step failed, the trade was stuck with its money.",
    caught_by="machines_mediation.py::test_notice_of_non_resolution_leads_to_the_next_stage_or_the_rulebooks_answer",
)
def failed_mediations_end_nothing() -> None:
    """Nothing follows when a mediation has failed."""
    _unreact(mediation.Failed, reactions._mediation_failed)


@canary(
    "B26",
    "A milestone could not be approved before the one above it, even if that one was in dispute.",
    caught_by="machines_dispute.py::test_a_dispute_freezes_this_milestone_and_no_other",
)
def one_after_the_other() -> None:
    """An approval waits until every earlier milestone is over."""
    same = milestone_guards.same_deliverable.test

    def in_order(ctx: Any) -> bool:
        ids = list(ctx.pot.agreement.lanes)
        earlier = ids[: ids.index(ctx.pot.id)]
        return same(ctx) and all(ctx.pot.agreement.pot(id_).over for id_ in earlier)

    milestone_guards.same_deliverable.test = in_order


@canary(
    "B27",
    "The last state was reached with a balance that nobody could withdraw.",
    caught_by="machines_milestone.py::test_the_payee_may_cancel_outside_a_dispute_and_all_that_is_held_goes_back",
)
def cancelled_with_money() -> None:
    """A cancelled milestone keeps what is held."""
    _unreact(milestone.Cancelled, reactions._refund_all)


@canary(
    "B28",
    "The comparison with the deadline was the wrong way round: a refund was possible only before it.",
    caught_by="machines_milestone.py::test_late_work_gives_the_right_to_cancel_and_may_end_by_itself",
)
def late_means_early() -> None:
    """Late work gives the right to cancel until it is late."""

    def early(ctx: Any) -> str | None:
        late = ctx.pot.late_at
        return "late_cancelled" if late is not None and ctx.at < late else None

    everywhere(milestone_guards.right_to_cancel, early)


@canary(
    "B29",
    "A wallet was emptied, and no entry said so.",
    caught_by="agreement.py::test_a_history_that_was_changed_does_not_verify",
)
def books_are_believed() -> None:
    """Nobody derives the entries again from the events."""
    put(Agreement, "verify", lambda self: None)


@canary(
    "B31",
    "When one automatic transition failed, none of the later ones ran.",
    caught_by="agreement.py::test_a_clock_that_needs_what_the_sources_do_not_settle_hides_no_later_one",
)
def one_failure_ends_the_schedule() -> None:
    """The first clock that cannot act ends all that are due after it."""
    settle = deciding.settle

    class _Stop(Exception):
        pass

    def strict(fold_: Any, commands: Any, call: Any, *rest: Any) -> None:
        try:
            settle(fold_, commands, call, *rest)
        except UnknownRulebookValue as unknown:
            raise (_Stop if call.role is Role.CLOCK else unknown) from None

    lapse = deciding._next_lapse

    def stopping(fold_: Any, *rest: Any) -> Any:
        try:
            return lapse(fold_, *rest)
        except _Stop:
            return None

    put(deciding, "settle", strict)
    put(deciding, "_next_lapse", stopping)


@canary(
    "B35",
    "A deposit that was confirmed late was missing in the books.",
    caught_by="machines_escrow.py::test_what_comes_over_the_price_or_too_late_is_the_payers",
)
def late_deposits_are_not_booked() -> None:
    """A payment that fits nowhere is told and not booked."""
    unbook(escrow.DepositReturned)


@canary(
    "B36",
    "An approval whose payout failed stayed approved and unpaid.",
    caught_by="machines_milestone.py::test_approved_but_unfunded_a_deposit_passes_through",
)
def approved_and_never_paid() -> None:
    """Money that comes for approved work stays where it is."""
    _unreact(escrow.Deposited, reactions._pass_through)


def _no_clock(machine: str, *names: str) -> None:
    reclock(lambda clock: None if clock.machine == machine and clock.name in names else clock)


def _unreact(event: Any, make: Any) -> None:
    for number, one in enumerate(reactions.REACTIONS):
        if one.make is make and event in one.on:
            unreact(event, number)
