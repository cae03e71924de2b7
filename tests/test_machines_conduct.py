"""Conduct: strikes, rights taken for a time, suspension. It freezes, and never pays or refunds."""

from __future__ import annotations

from typing import Any

import pytest

import escrowkit as ek
from escrowkit.agreement import Restrict
from escrowkit.books import BOOKS
from escrowkit.errors import Refused
from escrowkit.machines import conduct as c
from helpers import MICRO, SHARED, Job, contested, day, disputed, funded, submitted

COUNTED: dict[str, Any] = {
    "conduct.strikes.mute_after": 2,
    "conduct.strikes.mute_for": "7 days",
    "conduct.strikes.suspend_after": 3,
}
TWO = (("m1", "350.00"), ("m2", "100.00"))


def mute(job: Job, until: Any = None, role: str = "payee") -> Job:
    return job("platform", Restrict(role=role, right="writing", reason="Insults.", until=until))


# -- strikes ---------------------------------------------------------------------------------------------------------


def test_who_never_had_a_word_said_of_is_in_good_standing() -> None:
    job = Job()
    assert job.state("conduct.payer") == "good"
    assert "conduct.payer" not in job.now.states()


def test_strikes_are_counted_by_platform_and_mediator_alone() -> None:
    job = Job()("platform", c.Strike("payee", "Rude."))("mediator", c.Strike("payee", "Rude again."))
    assert job.now.conduct_of("payee").strikes == 2
    assert job.state("conduct.payee") == "warned"
    assert job.state("conduct.payer") == "good"
    for by in ("payer", "payee", "arbitrator", "stranger"):
        job.refused("not-your-move", by, c.Strike("payer", "I say so."))


def test_only_a_side_has_a_conduct() -> None:
    Job().refused("bad-argument", "platform", c.Strike("mediator", "Rude."))


def test_strikes_mute_and_suspend_as_the_rulebook_counts() -> None:
    job = Job(COUNTED)("platform", c.Strike("payee", "One."), 1)
    assert job.now.conduct_of("payee").lacking(day(1)) == ()
    job("platform", c.Strike("payee", "Two."), 2)
    record = job.now.conduct_of("payee")
    assert record.lacking(day(9) - MICRO) == ("writing",)
    assert record.lacking(day(9)) == ()
    job("platform", c.Strike("payee", "Three."), 3)
    assert job.state("conduct.payee") == "suspended"
    assert "conduct.struck_out" in job.events


def test_without_a_length_a_mute_lasts_until_it_is_given_back() -> None:
    job = Job({"conduct.strikes.mute_after": 1})("platform", c.Strike("payee", "One."), 1)
    assert job.now.conduct_of("payee").lacking(day(4000)) == ("writing",)


def test_a_count_that_the_sources_do_not_settle_does_nothing() -> None:
    job = Job({"conduct.strikes": "unknown"})
    for _ in range(5):
        job("platform", c.Strike("payee", "Rude."))
    assert (job.state("conduct.payee"), job.now.conduct_of("payee").lacking(day())) == ("warned", ())


def test_the_first_strike_is_one_strike() -> None:
    job = Job({"conduct.strikes.suspend_after": 2})("platform", c.Strike("payee", "One."))
    assert job.state("conduct.payee") == "warned"
    assert job("platform", c.Strike("payee", "Two.")).state("conduct.payee") == "suspended"


def test_forgiving_takes_the_strikes_and_their_mute_back() -> None:
    job = Job(COUNTED)("platform", c.Strike("payee", "One."))("platform", c.Strike("payee", "Two."))
    job("platform", Restrict(role="payee", right="rating", reason="A threat.", until=None))
    job("platform", c.Forgive("payee", "Both were jokes."))
    record = job.now.conduct_of("payee")
    assert (record.state, record.strikes, record.lacking(day())) == ("good", 0, ("rating",))
    job("platform", c.Strike("payee", "Not a joke."))
    assert job.now.conduct_of("payee").strikes == 1


# -- rights that are taken -------------------------------------------------------------------------------------------


def test_who_may_not_write_moves_all_the_same_without_the_words_that_the_move_can_do_without() -> None:
    job = mute(disputed())
    refused = job.refused("not-now", "payee", ek.dispute.Contest("m1", reply="You fool."))
    assert refused.key == "not-now.may_say"
    job("payee", ek.dispute.Contest("m1"))
    assert job.state("dispute") == "mediated"


def test_evidence_and_other_words_that_a_move_needs_are_never_taken() -> None:
    """Bad manners are no reason to lose a case."""
    job = mute(contested())("payee", ek.dispute.AddEvidence("m1", "sha256:1", "The log"))
    assert job.events == ["dispute.evidence_added"]


def test_a_mute_ends_at_its_very_instant() -> None:
    reply = ek.dispute.Contest("m1", reply="So there.")
    assert mute(disputed(), until=day(5)).refused("not-now", "payee", reply, day(5) - MICRO).until == day(5)
    mute(disputed(), until=day(5))("payee", reply, day(5))


def test_a_right_is_given_back_by_an_until_that_is_not_later_than_now() -> None:
    job = mute(disputed())
    job("platform", Restrict(role="payee", right="writing", reason="Enough.", until=day(3)), 3)
    job("payee", ek.dispute.Contest("m1", reply="So there."))


def test_a_mute_binds_its_own_role_alone() -> None:
    job = mute(disputed(), role="payer")
    job("payee", ek.dispute.Contest("m1", reply="So there."))


def test_a_witness_can_lose_the_right_to_write_too() -> None:
    job = mute(submitted({}), role="witness:dave")
    assert job.now.conduct_of("witness:dave").lacking(day()) == ("writing",)


def test_any_other_right_is_recorded_and_decides_nothing() -> None:
    job = disputed()("mediator", Restrict(role="payee", right="avatar", reason="Rude.", until=None))
    job("payee", ek.dispute.Contest("m1", reply="So there."))
    assert job.now.conduct_of("payee").lacking(day()) == ("avatar",)


# -- suspension ------------------------------------------------------------------------------------------------------


def test_a_suspension_freezes_what_is_held_and_moves_nothing() -> None:
    job = funded(milestones=TWO)("payer", ek.escrow.Deposit("m2", "100.00"))
    before = job.now.ledger
    job("platform", c.Suspend("payer", "A stolen card, perhaps."), 2)
    assert (job.state("escrow.m1"), job.state("escrow.m2")) == ("impounded", "impounded")
    held = [event for event in job.last.events if isinstance(event, ek.escrow.Held)]
    assert [(event.milestone, event.reason) for event in held] == [
        (id_, "A stolen card, perhaps.") for id_ in ("m1", "m2")
    ]
    assert job.now.ledger == before
    job.refused("not-now", "payer", ek.escrow.Release("m1", "1.00"), 3)
    job.refused("not-now", "payee", ek.escrow.Refund("m1", "1.00"), 3)


def test_while_it_lasts_no_silence_decides_and_afterwards_every_deadline_has_its_time() -> None:
    job = submitted()("platform", c.Suspend("payer", "A stolen card, perhaps."), 5)
    assert job.wait(20).state("milestone") == "submitted"
    job("platform", c.Reinstate("payer", "It was not."), 20)
    assert (job.state("conduct.payer"), job.state("escrow")) == ("warned", "held")
    assert job.wait(day(30) - MICRO).state("milestone") == "submitted"
    assert job.wait(30).outcome == ("review_lapsed", "procedure")


def test_a_suspension_never_refunds_by_itself_however_long_it_lasts() -> None:
    job = submitted()("platform", c.Suspend("payee", "Two accounts."), 5).wait(35)
    assert job.state("escrow") == "held", "the platform's hold lasts as long as it may: it lifts and pays nobody"
    assert job.wait(45).outcome == ("review_lapsed", "procedure")
    assert job.state("conduct.payee") == "suspended"


def test_while_a_side_is_suspended_nothing_new_begins() -> None:
    job = Job(milestones=TWO)("payee", ek.milestone.Propose("m3", "9.00"))
    job("platform", c.Suspend("payee", "Two accounts."))
    for by, command in (
        ("payer", ek.escrow.Deposit("m1", "350.00")),
        ("payer", ek.escrow.RequestDeposit("m1", "350.00")),
        ("payer", ek.milestone.Accept("m3", job.now.pot("m3").milestone.digest)),
        ("payee", ek.milestone.Propose("m4", "9.00")),
    ):
        assert job.refused("not-now", by, command).key == "not-now.nobody_suspended"
    job("payer", ek.milestone.Decline("m3"))
    job("platform", c.Reinstate("payee", "One account."))("payer", ek.escrow.Deposit("m1", "350.00"))


def test_a_provider_is_never_refused_for_a_suspension() -> None:
    job = Job()("payer", ek.escrow.RequestDeposit("m1", "350.00"))("platform", c.Suspend("payer", "A stolen card."))
    job("provider", ek.escrow.ConfirmDeposit("m1", "350.00", "r1"))
    assert job.state("escrow") == "impounded"


def test_a_dispute_waits_while_a_side_is_suspended_and_goes_on_with_the_time_it_had_left() -> None:
    job = disputed()("platform", c.Suspend("payee", "Two accounts."), 4)
    assert job.wait(20).state("dispute") == "opened"
    job("platform", c.Reinstate("payee", "One account."), 20)
    assert job.wait(day(25) - MICRO).state("dispute") == "opened"
    assert job.wait(25).state("dispute") == "defaulted"


def test_a_reinstatement_lifts_only_what_the_suspension_impounded() -> None:
    job = funded(milestones=TWO)("payer", ek.escrow.Deposit("m2", "100.00"))
    job("platform", ek.escrow.Hold("m2", "A court asks."), 1)
    job("platform", c.Suspend("payer", "A stolen card."), 2)("platform", c.Reinstate("payer", "It was not."), 3)
    assert (job.state("escrow.m1"), job.state("escrow.m2")) == ("held", "impounded")


def test_a_hold_of_a_later_time_is_not_lifted_by_a_reinstatement() -> None:
    job = funded()("platform", c.Suspend("payer", "A stolen card."), 2)("platform", ek.escrow.Lift("m1"), 3)
    job("platform", ek.escrow.Hold("m1", "A court asks."), 4)("platform", c.Reinstate("payer", "It was not."), 5)
    assert job.state("escrow") == "impounded"


def test_what_two_suspensions_impound_is_free_when_both_are_over() -> None:
    job = funded()("platform", c.Suspend("payer", "Collusion?"), 2)("platform", c.Suspend("payee", "Collusion?"), 3)
    job("platform", c.Reinstate("payer", "No."), 4)
    assert job.state("escrow") == "impounded"
    job("platform", c.Reinstate("payee", "No."), 5)
    assert job.state("escrow") == "held"


def test_a_mediators_strike_can_suspend_and_never_has_a_hand_on_the_money() -> None:
    job = funded(COUNTED)
    for _ in range(3):
        job("mediator", c.Strike("payee", "Rude."))
    assert (job.state("conduct.payee"), job.state("escrow")) == ("suspended", "held")
    job = funded(COUNTED)
    for _ in range(3):
        job("platform", c.Strike("payee", "Rude."))
    assert (job.state("conduct.payee"), job.state("escrow")) == ("suspended", "impounded")


def test_who_is_excluded_stays_so() -> None:
    job = funded()("platform", c.Exclude("payee", "Third account."))
    assert (job.state("conduct.payee"), job.state("escrow")) == ("excluded", "impounded")
    job.refused("no-such-move", "platform", c.Reinstate("payee", "Please."))
    assert job.wait(31).state("escrow") == "held"


@pytest.mark.parametrize("by", ["payer", "payee", "mediator", "arbitrator"])
def test_only_the_platform_suspends(by: str) -> None:
    Job().refused("not-your-move", by, c.Suspend("payee", "I say so."))


# -- what a default does ---------------------------------------------------------------------------------------------


def test_a_default_suspends_where_the_rulebook_says_so_and_touches_no_money() -> None:
    plain = disputed(by="payee").wait(9)
    job = disputed({"conduct.default_suspends": True}, by="payee", milestones=TWO)
    job("payer", ek.escrow.Deposit("m2", "100.00")).wait(9)
    assert (job.state("conduct.payer"), job.state("conduct.payee")) == ("suspended", "good")
    said = [(event.role, event.reason) for event in job.now.events() if isinstance(event, c.Suspended)]
    assert said == [("payer", "it lost a dispute by its own silence")]
    assert job.outcome == plain.outcome
    assert job.net("payee") == plain.net("payee")
    assert job.state("escrow.m2") == "held", "a suspension by the rules impounds nothing"


def test_a_default_suspends_nobody_twice_and_nobody_where_the_sources_are_silent() -> None:
    job = disputed({"conduct.default_suspends": "unknown"}, by="payee").wait(9)
    assert job.state("conduct.payer") == "good"
    job = disputed({"conduct.default_suspends": True, "escrow.impound.within": "1 day"}, by="payee")
    job("platform", c.Suspend("payer", "A stolen card."), 3).wait(30)
    assert job.state("dispute") == "defaulted"
    assert sum(isinstance(event, c.Suspended) for event in job.now.events()) == 1


def test_no_line_of_the_books_is_about_standing() -> None:
    assert not {booking.event.machine for booking in BOOKS} & {"agreement", "conduct", "feedback"}


def approved_unfunded() -> Job:
    job = Job({"milestone.start": "unfunded"})("payee", ek.milestone.Submit("m1", "zip"))
    return job("payer", ek.milestone.Approve("m1", "zip"))("payer", ek.escrow.RequestDeposit("m1", "350.00"))


def test_what_arrives_while_a_side_is_suspended_is_frozen_and_goes_where_it_was_due_afterwards() -> None:
    job = approved_unfunded()("platform", c.Suspend("payer", "A stolen card?"))
    job("provider", ek.escrow.ConfirmDeposit("m1", "350.00", "r1"))
    assert (job.state("milestone"), job.state("escrow"), job.net("payee")) == ("approved", "impounded", "0.00")
    reasons = [event.reason for event in job.last.events if isinstance(event, ek.escrow.Held)]
    assert reasons == ["it arrived while a side was suspended"]
    job("platform", c.Reinstate("payer", "No."), 3)
    assert (job.state("milestone"), job.net("payee")) == ("completed", "350.00")


def test_what_arrives_in_parts_joins_what_is_frozen() -> None:
    job = Job()("payer", ek.escrow.Deposit("m1", "100.00"))("payer", ek.escrow.RequestDeposit("m1", "250.00"))
    job("platform", c.Suspend("payer", "A stolen card?"))
    job("provider", ek.escrow.ConfirmDeposit("m1", "250.00", "r2"), 2)
    assert (job.state("escrow"), job.balance("escrow:m1")) == ("impounded", "350.00")
    assert job("platform", c.Reinstate("payer", "No."), 3).state("milestone") == "active"


def test_what_arrived_is_not_frozen_for_ever() -> None:
    job = approved_unfunded()("platform", c.Suspend("payer", "A stolen card?"))
    job("provider", ek.escrow.ConfirmDeposit("m1", "350.00", "r1")).wait(31)
    assert (job.state("milestone"), job.outcome) == ("completed", ("payer_approved", "agreement"))


def test_a_suspension_by_the_rules_freezes_nothing_that_arrives() -> None:
    job = disputed({"conduct.default_suspends": True}, by="payee", milestones=TWO)
    job("payer", ek.escrow.RequestDeposit("m2", "100.00"), 8).wait(9)
    job("provider", ek.escrow.ConfirmDeposit("m2", "100.00", "r2"))
    assert (job.state("conduct.payer"), job.state("escrow.m2")) == ("suspended", "held")


def test_a_view_and_a_replay_keep_the_conduct() -> None:
    job = funded(COUNTED)("platform", c.Strike("payee", "Rude."))("platform", c.Suspend("payer", "A stolen card."))
    assert ek.replay(job.now.history) == job.now
    assert ek.view(job.now, "payee").conduct == job.now.conduct


def test_a_refused_strike_changes_nothing() -> None:
    job = Job()
    with pytest.raises(Refused):
        job.now.decide(c.Strike("payee", "x"), by="payee", at=job.now.at)
    assert not job.now.conduct


def test_a_strike_in_a_suspension_is_counted_and_lifts_nothing() -> None:
    job = Job({"conduct.strikes.suspend_after": 5})("platform", c.Suspend("payer", "fraud"))
    job("platform", c.Strike("payer", "again"))
    assert (job.now.conduct_of("payer").strikes, job.now.state("conduct.payer")) == (1, "suspended")


def test_a_rest_that_rolls_over_while_a_side_is_suspended_is_frozen_where_it_arrives() -> None:
    job = funded({"milestone.start": "in_part"}, milestones=TWO)("platform", c.Suspend("payer", "A stolen card?"))
    job("platform", ek.escrow.Lift("m1"))("payer", ek.escrow.RollOver("m1", "50.00", "m2"))
    assert (job.state("escrow"), job.state("escrow.m2")) == ("held", "impounded")


def test_who_lost_by_not_paying_its_share_is_suspended_where_the_rulebook_says_so() -> None:
    job = contested({**SHARED, "arbitration.pay.order": "any", "conduct.default_suspends": True})
    job("payer", ek.arbitration.PayFee("m1", "own", "20.00")).wait(10)
    assert (job.outcome[0], job.state("conduct.payee")) == ("only_one_paid_fee", "suspended")
