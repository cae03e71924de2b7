"""G: dispute, mediation, arbitration, appeal."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from escrowkit import reactions
from escrowkit.machines import arbitration, dispute, escrow, milestone
from escrowkit.machines.arbitration import S as A
from escrowkit.machines.arbitration import guards as arbitration_guards
from escrowkit.machines.dispute import S as D
from escrowkit.machines.dispute import guards as dispute_guards
from escrowkit.machines.dispute.record import Dispute
from escrowkit.machines.mediation import guards as mediation_guards
from escrowkit.machines.milestone import S as W
from escrowkit.pot import Pot
from escrowkit.roles import PARTY, Role
from escrowkit.table import SAME, Row
from planted.canary import canary
from planted.edits import edit_rows, put, rereact, retable, unreact


@canary(
    "G1",
    "An offer of 0 was taken for no offer, and who had made it won everything.",
    caught_by="machines_dispute.py::test_an_offer_of_nothing_and_no_offer_differ",
)
def nothing_is_no_offer() -> None:
    """An offer of nothing does not stand."""
    standing = Dispute.standing

    def more_than_nothing(self: Any, side: Role) -> Any:
        offer = standing(self, side)
        return offer if offer is not None and offer.to_payee else None

    put(Dispute, "standing", more_than_nothing)


@canary(
    "G2",
    "A fee that was paid once more when the case was already heard put it back to waiting.",
    caught_by="machines_arbitration.py::test_a_side_pays_exactly_its_share_and_once",
)
def fees_in_the_hearing() -> None:
    """A share can be paid once more, and the case then waits for an appointment."""
    edit_rows(arbitration.TABLE, lambda row: None if row.waits and row.command is arbitration.PayFee else row, 1)
    again = Row((A.FUNDED, A.HEARING), arbitration.PayFee, PARTY, A.FUNDED, arbitration.FeePaid)
    retable(arbitration.TABLE, (*arbitration.TABLE.rows, again))


@canary(
    "G3",
    "A dispute was opened over an empty escrow.",
    caught_by="machines_dispute.py::test_there_must_be_something_to_claim_and_no_more_is_claimed",
)
def disputes_over_nothing() -> None:
    """Where nothing is held, any claim is within the cap."""
    cap = dispute_guards.claim_within_cap.test
    dispute_guards.claim_within_cap.test = lambda ctx: not ctx.pot.inside or cap(ctx)


@canary(
    "G4",
    "The first ruling was executed, and not the one that was final after the appeal.",
    caught_by="machines_arbitration.py::test_an_award_is_final_when_nobody_appealed_in_time",
)
def first_awards_are_final() -> None:
    """No award can be appealed."""
    arbitration_guards.can_be_appealed.test = lambda ctx: False


@canary(
    "G5",
    "Only the losing side had paid for the appeal, and the ruling did not turn.",
    caught_by="machines_arbitration.py::test_an_appeal_that_only_the_appellant_pays_for_is_won",
)
def appeals_paid_in_vain() -> None:
    """An appeal for which the other side did not pay leaves the award."""
    arbitration_guards.appeal_not_paid.test = lambda ctx: True


@canary(
    "G6",
    "Contributions were paid out twice.",
    caught_by="machines_arbitration.py::test_what_the_arbitrator_earns_is_borne_as_the_rulebook_says",
)
def fees_earned_and_returned() -> None:
    """Each side has its deposit back, although it was earned."""
    consumed = arbitration_guards._consumed

    def nothing(ctx: Any, paid: Any) -> Any:
        return {name: sum_ - sum_ for name, sum_ in consumed(ctx, paid).items()}

    put(arbitration_guards, "_consumed", nothing)


@canary(
    "G7",
    "Taking a step back left the timer running that it had started.",
    caught_by="machines_milestone.py::test_a_withdrawn_submission_ends_its_review",
)
def timers_stay() -> None:
    """A submission that is taken back leaves the milestone under review."""
    edit_rows(
        milestone.TABLE,
        lambda r: evolve(r, then=SAME) if r.command is milestone.WithdrawSubmission and not r.waits else r,
        1,
    )
    milestone.record._CHANGES._lines[milestone.SubmissionWithdrawn] = lambda it, event: {}


@canary(
    "G8",
    "When one side won, what was the other's was paid out.",
    caught_by="machines_dispute.py::test_default_gives_the_winner_its_claim_and_the_other_the_rest",
)
def winners_swapped() -> None:
    """Who wins by the other's silence gets the other's claim."""
    claim_to = dispute_guards.claim_to
    put(dispute_guards, "claim_to", lambda it, winner: claim_to(it, winner.other))


@canary(
    "G10",
    "An outage of the coordinator counted as a party's default.",
    caught_by="machines_arbitration.py::test_no_award_in_time_gives_as_the_rulebook_answers_and_the_fees_back",
)
def outages_cost_fees() -> None:
    """A fee is earned although the arbitrator gave no award in time."""
    from escrowkit.machines.arbitration import record

    record._CHANGES._lines[arbitration.AwardLapsed] = lambda it, event: {"ruled": True}


@canary(
    "G11",
    "A dispute was opened over money that had been released.",
    caught_by="machines_dispute.py::test_the_payer_may_claim_what_was_released_within_the_look_back_window",
)
def all_that_was_ever_released() -> None:
    """What was released can be claimed for ever."""
    put(Pot, "claimable", lambda self, by: self.inside + (self.cleared if by is Role.PAYER else self.zero))


@canary(
    "G12",
    "One disputed milestone froze all the others.",
    caught_by="machines_dispute.py::test_a_dispute_freezes_this_milestone_and_no_other",
)
def everything_freezes() -> None:
    """A dispute freezes every pot of the agreement."""
    freeze = reactions._freeze

    def all_of_them(pot: Any, event: Any) -> Any:
        yield from freeze(pot, event)
        yield from (escrow.Freeze(id_) for id_ in pot.agreement.lanes if id_ != pot.id)

    rereact(freeze, all_of_them)


@canary(
    "G13",
    "Approvals were taken during a dispute.",
    caught_by="machines_milestone.py::test_while_disputed_the_work_waits",
)
def approvals_in_a_dispute() -> None:
    """Disputed work can be approved."""
    edit_rows(
        milestone.TABLE,
        lambda r: None if r.waits and r.on == (W.DISPUTED,) and r.command is milestone.Approve else r,
        1,
    )
    told = Row(W.DISPUTED, milestone.Approve, Role.PAYER, SAME, milestone.Approved)
    retable(milestone.TABLE, (*milestone.TABLE.rows, told))


@canary(
    "G14",
    "Who had opened a dispute could not take it back.",
    caught_by="machines_dispute.py::test_who_opened_may_withdraw_while_nothing_was_heard",
)
def no_way_back() -> None:
    """There is no move that withdraws a dispute."""
    edit_rows(dispute.TABLE, lambda row: None if row.command is dispute.Withdraw else row, 1)


@canary(
    "G16",
    "When the arbitrator was late, the seller was paid, whatever had been agreed.",
    caught_by="machines_arbitration.py::test_no_award_in_time_gives_as_the_rulebook_answers_and_the_fees_back",
)
def silence_pays_the_payee() -> None:
    """The payee gets the stake when no award came, whatever the rulebook answers."""

    def to_payee(pot: Any, event: Any) -> Any:
        yield reactions._conclude(pot, pot.stake, "award_lapsed")
        yield arbitration.SettleFees(pot.id)

    rereact(reactions._no_ruling, to_payee)


@canary(
    "G18",
    "A split was told as a release.",
    caught_by="machines_arbitration.py::test_a_fee_from_the_pot_is_taken_first_and_the_award_divides_the_rest",
)
def all_or_nothing() -> None:
    """An award of a part is executed as one of all."""

    def whole(pot: Any, event: Any) -> Any:
        if pot.arbitration.state is A.FINAL:
            yield reactions._conclude(pot, pot.stake if event.to_payee else pot.zero, "awarded", cost=event.cost)
            yield arbitration.SettleFees(pot.id)

    rereact(reactions._award, whole)


@canary(
    "G19",
    "A suggestion that one side had accepted was executed.",
    caught_by="machines_mediation.py::test_both_accept_and_one_party_twice_is_one",
)
def one_is_both() -> None:
    """A recommendation is agreed as soon as one side accepts it."""
    mediation_guards.other_has_accepted.test = lambda ctx: True


@canary(
    "G20",
    "Evidence was taken after the decision.",
    caught_by="evidence.py::test_no_evidence_is_added_when_the_dispute_has_ended",
)
def evidence_for_ever() -> None:
    """Evidence is added to a dispute in any state."""
    edit_rows(dispute.TABLE, lambda r: evolve(r, on=tuple(D), when=()) if r.command is dispute.AddEvidence else r, 1)


@canary(
    "G21",
    "An arbitrator could decide in any state.",
    caught_by="machines_arbitration.py::test_an_award_disposes_of_the_whole_stake_once",
)
def awards_in_any_state() -> None:
    """An award is taken in every state of an arbitration."""
    edit_rows(arbitration.TABLE, lambda r: evolve(r, on=tuple(A)) if r.command is arbitration.Award else r, 2)


@canary(
    "G23",
    "A case was stored as resolved before its money moved, and then it could not.",
    caught_by="machines_arbitration.py::test_an_award_disposes_of_the_whole_stake_once",
)
def resolved_and_unpaid() -> None:
    """A dispute that has ended divides nothing."""
    _undivide(dispute.Concluded)


@canary(
    "G24",
    "An outcome was written down with its notes, and the escrow was never touched.",
    caught_by="machines_mediation.py::test_decided_is_decided",
)
def decided_and_unpaid() -> None:
    """A mediator's decision is recorded and concludes nothing."""
    from escrowkit.machines import mediation

    for number, one in enumerate(reactions.REACTIONS):
        if mediation.Decided in one.on:
            unreact(mediation.Decided, number)


def _undivide(event: Any) -> None:
    for number, one in enumerate(reactions.REACTIONS):
        if one.make is reactions._divide and event in one.on:
            unreact(event, number)
