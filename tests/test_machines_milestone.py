"""The work of a milestone: every rule in one sentence."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

import escrowkit as ek
from escrowkit.agreement import Restrict
from escrowkit.machines import milestone as m
from escrowkit.roles import Role
from escrowkit.table import Context
from helpers import MICRO, START, Job, day, disputed, funded, submitted

SPLIT = {"milestone.proposal.within": "3 days", "milestone.proposal.on_silence": "as_asked"}


# -- proposing -------------------------------------------------------------------------------------------------------


def proposed() -> Job:
    return Job()("payee", m.Propose("m2", "50.00", "more"), 1)


def test_a_change_order_is_a_new_proposed_milestone_and_touches_no_running_clock() -> None:
    job = submitted()
    before = job.now.deadlines()
    job("payer", m.Propose("m2", "50.00", "more"), 2)
    assert job.state("milestone.m2") == "proposed"
    assert job.now.deadlines() == before
    assert job.now.state("escrow.m2") is None
    assert "escrow.m2" not in job.now.states()


def test_a_milestone_can_be_added_after_another_was_paid() -> None:
    """H1: the rest of the plan stays open to change."""
    job = Job(milestones=(("m1", "350.00"), ("m3", "10.00")))("payer", ek.escrow.Deposit("m1", "350.00"))
    job("payer", ek.escrow.Release("m1", "350.00"))("payee", m.Propose("m2", "50.00"))
    job("payer", m.Accept("m2", job.now.pot("m2").milestone.digest))("payee", m.Cancel("m3"))
    assert [job.state(f"milestone.m{n}") for n in (1, 2, 3)] == ["completed", "agreed", "cancelled"]


def test_an_acceptance_repeats_the_terms_by_digest_or_written_out() -> None:
    for terms in (proposed().now.pot("m2").milestone.digest, {"price": "50.00", "title": "more"}):
        job = proposed()("payer", m.Accept("m2", terms))
        assert job.state("milestone.m2") == "agreed"
        assert job.state("escrow.m2") == "empty"


def test_other_terms_than_those_proposed_cannot_be_accepted() -> None:
    """F1: a consent never meets another amount than the one seen."""
    for terms in ("nonsense", {"price": "51.00", "title": "more"}, {"price": "50.00"}):
        proposed().refused("terms-changed", "payer", m.Accept("m2", terms))
    for nothing in (None, 7, ""):
        proposed().refused("bad-argument", "payer", m.Accept("m2", nothing))
    other = proposed()("payee", m.Propose("m3", "60.00", "more"))
    other.refused("terms-changed", "payer", m.Accept("m2", other.now.pot("m3").milestone.digest))


WHOLE = {"price": "50.00 USD", "title": "more", "due": "2024-03-11T09:00:00+00:00", "release_when": {"signed": "payer"}}


@pytest.mark.parametrize("left_out", [None, "title", "due", "release_when"])
def test_of_what_is_proposed_nothing_is_left_out_of_the_terms(left_out: str | None) -> None:
    job = Job()("payee", m.Propose("m2", "50.00", "more", day(10), WHOLE["release_when"]), 1)
    said = {name: value for name, value in WHOLE.items() if name != left_out}
    if left_out:
        job.refused("terms-changed", "payer", m.Accept("m2", said))
    else:
        assert job("payer", m.Accept("m2", said)).state("milestone.m2") == "agreed"


def test_the_digest_of_terms_is_that_of_their_sorted_json() -> None:
    """It is noted in histories: a text that was noted stays the text."""
    job = Job()("payee", m.Propose("m2", "50.00", "more", day(10), WHOLE["release_when"]), 1)
    digest = hashlib.sha256(json.dumps(WHOLE, sort_keys=True).encode()).hexdigest()
    accepted = job("payer", m.Accept("m2", digest)).last.events[0]
    assert isinstance(accepted, m.Accepted)
    assert accepted.terms == digest


def test_nobody_answers_an_own_proposal_and_nobody_else_withdraws_it() -> None:
    job = proposed()
    job.refused("not-your-move", "payee", m.Accept("m2", job.now.pot("m2").milestone.digest))
    job.refused("not-your-move", "payee", m.Decline("m2"))
    job.refused("not-your-move", "payer", m.Withdraw("m2"))
    assert proposed()("payer", m.Decline("m2")).state("milestone.m2") == "declined"
    assert proposed()("payee", m.Withdraw("m2")).state("milestone.m2") == "declined"


def test_a_proposed_milestone_takes_no_money_and_no_dispute() -> None:
    """B5: what is not agreed cannot be funded."""
    job = proposed()
    job.refused("no-such-move", "payer", ek.escrow.Deposit("m2", "50.00"))
    job.refused("over-claim-cap", "payer", ek.dispute.Open("m2", "1.00", "why"))


def test_a_price_outside_the_rulebook_is_a_bad_amount_when_proposed_and_at_the_opening() -> None:
    """H4: an amount of nothing is no milestone."""
    rules = {"money.min_milestone": "10.00 USD", "money.max_milestone": "400.00 USD"}
    job = Job(rules)
    for price in ("9.99", "400.01", "0.00"):
        job.refused("bad-amount", "payer", m.Propose("m2", price))
        with pytest.raises(ek.errors.BadAmount):
            Job(rules, milestones=[("m1", price)])
    for price in ("10.00", "400.00"):
        Job(rules, milestones=[("m1", price)])("payer", m.Propose("m2", price))


def test_an_id_is_used_once() -> None:
    job = proposed()("payer", m.Decline("m2"))
    job.refused("no-such-move", "payee", m.Propose("m2", "50.00"))


# -- starting and submitting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "first", "state"), [
    ("in_full", "349.99", "agreed"),
    ("in_full", "350.00", "active"),
    ("in_part", "0.01", "active"),
    ("unfunded", None, "active"),
])  # fmt: skip
def test_the_work_starts_when_it_is_funded_as_far_as_the_rulebook_asks(
    start: str, first: str | None, state: str
) -> None:
    job = Job({"milestone.start": start})
    if first is not None:
        job("payer", ek.escrow.Deposit("m1", first))
    assert job.state("milestone") == state


def test_a_submission_waits_until_the_work_has_started() -> None:
    job = Job()
    refused = job.refused("not-now", "payee", m.Submit("m1", "zip"))
    assert "started" in refused.missing[0]
    job.refused("not-now", "payer", m.Attest("m1", "roof"))


def test_a_submission_may_need_money_that_is_held() -> None:
    job = Job({"milestone.start": "unfunded", "milestone.submit_needs": "funded"})
    job.refused("not-now", "payee", m.Submit("m1", "zip"))
    assert (
        job("payer", ek.escrow.Deposit("m1", "1.00"))("payee", m.Submit("m1", "zip")).state("milestone") == "submitted"
    )


def test_unfunded_work_is_warned_of() -> None:
    """Exposure: who works before the money is there is told so."""
    job = Job({"milestone.start": "unfunded"})("payee", m.Submit("m1", "zip"))
    assert job.last.warnings == ("unfunded-work",)


def test_submitting_again_during_a_review_is_no_such_move() -> None:
    submitted().refused("no-such-move", "payee", m.Submit("m1", "zip2"))


def test_a_withdrawn_submission_ends_its_review() -> None:
    """G7: undoing a fact undoes the clocks that it set."""
    job = submitted()("payee", m.WithdrawSubmission("m1"), 2)
    assert job.state("milestone") == "active"
    assert job.wait(100).state("milestone") == "active"
    job.refused("terms-changed", "payer", m.Approve("m1", "zip"))


def test_a_change_request_ends_the_review_and_the_next_submission_starts_it_anew() -> None:
    """D9: re-entering a state restarts its deadline."""
    job = submitted()("payer", m.RequestChanges("m1", "bigger"), 10)("payee", m.Submit("m1", "zip2"), 12)
    assert job.now.deadlines()[0][0] == day(26)


def test_revisions_are_counted() -> None:
    job = submitted({"milestone.max_revisions": 1})("payer", m.RequestChanges("m1", "bigger"), 2)
    job("payee", m.Submit("m1", "zip2"), 3).refused("not-now", "payer", m.RequestChanges("m1", "bluer"), 4)
    twice = submitted({"milestone.max_revisions": 2})("payer", m.RequestChanges("m1", "bigger"), 2)
    twice("payee", m.Submit("m1", "zip2"), 3)("payer", m.RequestChanges("m1", "bluer"), 4)
    twice("payee", m.Submit("m1", "zip3"), 5).refused("not-now", "payer", m.RequestChanges("m1", "redder"), 6)


def test_an_approval_names_the_deliverable_that_was_submitted() -> None:
    """F1: an approval never meets another deliverable than the one seen."""
    job = submitted()
    job.refused("terms-changed", "payer", m.Approve("m1", "zip2"))
    job.refused("terms-changed", "payer", m.Approve("m1"))
    job("payer", m.Approve("m1", "zip"))
    assert (job.state("milestone"), job.state("escrow"), job.net("payee")) == ("completed", "settled", "350.00")
    assert job.outcome == ("payer_approved", "agreement")


def test_an_approval_before_any_submission_is_for_own_release_conditions() -> None:
    """E8: nothing is released before it was delivered."""
    funded().refused("not-now", "payer", m.Approve("m1"))
    own = funded(milestones=[{"id": "m1", "price": "350.00", "release_when": {"signed": "payer"}}])
    assert own("payer", m.Approve("m1")).outcome == ("condition_met", "agreement")


def test_approving_three_times_pays_once() -> None:
    """A14: three identical commands move money once."""
    job = submitted()("payer", m.Approve("m1", "zip"), key="a")
    paid = job.net("payee")
    assert job("payer", m.Approve("m1", "zip"), key="a").last.repeated
    job.refused("no-such-move", "payer", m.Approve("m1", "zip"))
    assert job.net("payee") == paid


def test_approved_but_unfunded_a_deposit_passes_through() -> None:
    """B36: an approval whose money is missing stays due."""
    job = Job({"milestone.start": "unfunded"})("payee", m.Submit("m1", "zip"))("payer", m.Approve("m1", "zip"))
    assert job.state("milestone") == "approved"
    job("payer", ek.escrow.Deposit("m1", "100.00"))
    assert (job.state("milestone"), job.net("payee")) == ("approved", "100.00")
    job("payer", ek.escrow.Deposit("m1", "250.00"))
    assert (job.state("milestone"), job.net("payee")) == ("completed", "350.00")


# -- the review ------------------------------------------------------------------------------------------------------


def test_at_every_instant_around_the_end_of_the_review_one_side_may_act() -> None:
    """D1: one microsecond before the payer still decides; at the instant itself silence has decided."""
    end = day(15)
    before = submitted()("payer", m.RequestChanges("m1", "bigger"), end - MICRO)
    assert before.state("milestone") == "active"
    for at in (end, end + MICRO):
        job = submitted()
        refused = job.refused("no-such-move", "payer", m.RequestChanges("m1", "bigger"), at)
        assert refused.decision is not None
        assert (job.state("milestone"), job.outcome) == ("completed", ("review_lapsed", "procedure"))


def test_an_approval_and_a_dispute_in_one_instant_move_the_money_once() -> None:
    """D13: the first of two commands of one instant counts."""
    job = submitted()("payer", m.Approve("m1", "zip"), 2)
    job.refused("over-claim-cap", "payer", ek.dispute.Open("m1", "350.00", "why"), 2)
    assert job.net("payee") == "350.00"
    other = submitted()("payee", ek.dispute.Open("m1", "350.00", "why"), 2)
    other.refused("not-now", "payer", m.Approve("m1", "zip"), 2)
    assert other.net("payee") == "0.00"


def test_silence_without_a_submission_pays_nobody() -> None:
    """D19: no review runs over work that was never handed in."""
    job = funded({"escrow.dormancy": "unknown", "escrow.hold_limit": "unknown"}).wait(1000)
    assert (job.state("milestone"), job.state("escrow"), job.net("payee")) == ("active", "held", "0.00")


@pytest.mark.parametrize(("answer", "state", "paid"), [
    ("payee", "completed", "350.00"),
    ("payer", "cancelled", "0.00"),
    ("halves", "completed", "175.00"),
    ({"payer": "60%", "payee": "40%"}, "completed", "140.00"),
])  # fmt: skip
def test_silence_on_a_review_gives_as_the_rulebook_answers(answer: object, state: str, paid: str) -> None:
    job = submitted({"milestone.review.on_silence": answer}).wait(15)
    assert (job.state("milestone"), job.net("payee")) == (state, paid)
    assert job.state("escrow") == "settled"
    assert job.outcome == ("review_lapsed", "procedure")


def test_silence_on_a_review_may_open_a_dispute_that_both_must_answer() -> None:
    rules = {"milestone.review.on_silence": "dispute", "dispute.stages": []}
    job = submitted(rules).wait(15)
    assert (job.state("dispute"), job.state("milestone"), job.state("escrow")) == ("opened", "disputed", "frozen")
    assert job.now.pot("m1").stake.text == "350.00"
    job("payer", ek.dispute.Contest("m1"), 16)
    assert job.state("dispute") == "opened"
    assert job("payee", ek.dispute.Contest("m1"), 16).state("dispute") == "contested"


def test_a_dispute_by_the_clock_waits_for_something_to_dispute() -> None:
    """No endless loop: with nothing held the review's end opens nothing, and with money it opens at once."""
    rules = {"milestone.review.on_silence": "dispute", "milestone.start": "unfunded"}
    job = Job(rules)("payee", m.Submit("m1", "zip"), 1).wait(40)
    assert job.state("milestone") == "submitted"
    assert job("payer", ek.escrow.Deposit("m1", "350.00"), 41).wait(41).state("dispute") == "opened"


def test_a_dispute_by_the_clock_opens_although_there_was_one_before() -> None:
    job = disputed({"milestone.review.on_silence": "dispute", "dispute.reopen": "never"})
    job("payer", ek.dispute.Withdraw("m1"), 3).wait(100)
    assert job.now.state("dispute.m1/2") is not None


def test_a_default_that_moves_money_waits_for_its_reminders_but_not_for_ever() -> None:
    rules = {"milestone.review.notices": 2}
    on_time = submitted(rules)
    for days in (10, 14.5):
        on_time("platform", m.RecordNotice("m1", "review"), days)
    assert on_time.now.deadlines()[0][0] == day(17.5)
    assert on_time.wait(17.5).last.warnings == ()
    early = submitted(rules)("platform", m.RecordNotice("m1", "review"), 2)(
        "platform", m.RecordNotice("m1", "milestone.review"), 3
    )
    assert early.now.deadlines()[0][0] == day(15)
    unsent = submitted(rules)("platform", m.RecordNotice("m1", "review"), 2)
    assert unsent.now.deadlines()[0][0] == day(45)
    assert unsent.wait(day(45) - MICRO).state("milestone") == "submitted"
    assert unsent.wait(45).last.warnings == ("notices-unsent",)


def test_reminders_are_recorded_by_the_platform_for_the_review_where_the_rulebook_asks() -> None:
    submitted().refused("not-now", "platform", m.RecordNotice("m1", "review"))
    job = submitted({"milestone.review.notices": 1})
    job.refused("bad-argument", "platform", m.RecordNotice("m1", "cancel"))
    job.refused("not-your-move", "payee", m.RecordNotice("m1", "review"))


def test_a_delay_moves_the_running_review_by_the_step_until_the_payee_locks_it() -> None:
    submitted().refused("not-now", "payer", m.Delay("m1"))
    submitted().refused("not-now", "payee", m.LockDelay("m1"))
    job = submitted({"milestone.review.delay_step": "5 days", "milestone.review.delay_lockable": True})
    assert job("payer", m.Delay("m1"), 2).now.deadlines()[0][0] == day(20)
    job("payee", m.LockDelay("m1"), 3).refused("not-now", "payer", m.Delay("m1"), 4)


def test_a_review_can_start_with_a_fact_that_the_payee_cannot_attest() -> None:
    """The end of a review pays the payee, so another must start it."""
    job = submitted({"milestone.review.since": "attested:seen"})
    assert job.wait(100).state("milestone") == "submitted"
    job.refused("not-your-move", "payee", m.Attest("m1", "seen"))
    job("provider", m.Attest("m1", "seen"), 101)
    assert job.wait(115).state("milestone") == "completed"


def test_business_days_end_at_the_same_time_of_day() -> None:
    job = submitted({"milestone.review.within": "5 business days"})
    assert job.now.deadlines()[0][0] == day(7)


def test_a_dispute_pauses_the_review_and_gives_back_the_time_that_was_left() -> None:
    job = disputed()("payer", ek.dispute.Withdraw("m1"), 5)
    assert job.now.deadlines()[0][0] == day(18)


# -- own release conditions ------------------------------------------------------------------------------------------

ROOF = {"attested": "roof", "by": "witness:dave"}


def own(condition: object, **more: Any) -> Job:
    return funded(milestones=[{"id": "m1", "price": "350.00", "release_when": condition}], **more)


def test_an_own_condition_replaces_the_review_whole() -> None:
    job = own(ROOF)("payee", m.Submit("m1", "zip"), 1)
    assert job.wait(100).state("milestone") == "submitted"
    job("payer", m.Approve("m1", "zip"), 101)
    assert (job.state("milestone"), job.net("payee")) == ("approved", "0.00")
    job("witness:dave", m.Attest("m1", "roof", "photo"), 102)
    assert (job.state("milestone"), job.outcome) == ("completed", ("condition_met", "agreement"))


def test_only_whom_the_condition_names_attests() -> None:
    """D19: the payee does not attest its own delivery."""
    job = own(ROOF)
    for by in ("witness:eve", "payee", "payer", "platform"):
        job.refused("not-your-move", by, m.Attest("m1", "roof"))
    job.refused("not-your-move", "witness:dave", m.Attest("m1", "wall"))
    nobody = own({"attested": "roof"})
    nobody.refused("not-your-move", "payee", m.Attest("m1", "roof"))
    assert nobody("mediator", m.Attest("m1", "roof")).state("milestone") == "completed"


def test_one_fact_told_twice_is_one() -> None:
    """E7: consent counts distinct facts."""
    wall = {"attested": "wall", "by": "witness:dave"}
    job = own({"at_least": 2, "of": [ROOF, wall, {"signed": "payer"}]})
    job("witness:dave", m.Attest("m1", "roof"))("witness:dave", m.Attest("m1", "roof"))
    assert job.state("milestone") == "active"
    assert job("witness:dave", m.Attest("m1", "wall")).state("milestone") == "completed"


def test_a_condition_that_time_alone_completed_is_procedure() -> None:
    condition = {"any": [{"elapsed": "5 days", "since": "active"}, {"all": [ROOF, {"signed": "payer"}]}]}
    job = own(condition)("witness:dave", m.Attest("m1", "roof"), 1)
    assert job.wait(day(5) - MICRO).state("milestone") == "active"
    assert job.wait(5).outcome == ("condition_met", "procedure")
    both = own({"all": [ROOF, {"elapsed": "5 days", "since": "active"}]})("witness:dave", m.Attest("m1", "roof"), 1)
    assert both.wait(5).outcome == ("condition_met", "agreement")


def test_a_condition_can_count_from_a_fact() -> None:
    job = own({"all": [{"attested": "roof", "by": "witness:dave"}, {"elapsed": "3 days", "since": "attested:roof"}]})
    job("witness:dave", m.Attest("m1", "roof"), 10)
    assert job.wait(13).state("milestone") == "completed"


def test_a_cancel_request_pauses_the_time_of_a_condition() -> None:
    job = own({"elapsed": "5 days", "since": "active"})("payer", m.RequestCancel("m1", "350.00"), 1)
    job("payer", m.WithdrawCancel("m1"), 3)
    assert job.wait(day(7) - MICRO).state("milestone") == "active"
    assert job.wait(7).state("milestone") == "completed"


def test_a_condition_met_while_a_request_stands_is_met_when_it_is_over() -> None:
    job = own(ROOF)("payer", m.RequestCancel("m1", "350.00"), 1)("witness:dave", m.Attest("m1", "roof"), 2)
    assert job.state("milestone") == "cancelling"
    assert job("payer", m.WithdrawCancel("m1"), 3).wait(3).state("milestone") == "completed"


def test_attesting_waits_while_disputed_and_the_payer_may_release_whatever_its_condition_says() -> None:
    job = own(ROOF)("payee", m.Submit("m1", "zip"), 1)("payee", ek.dispute.Open("m1", "350.00", "why"), 2)
    job.refused("not-now", "witness:dave", m.Attest("m1", "roof"))
    assert own(ROOF)("payer", ek.escrow.Release("m1", "350.00")).outcome == ("payer_released", "agreement")


# -- cancelling ------------------------------------------------------------------------------------------------------


def cancelling(refund: str = "350.00", **rules: object) -> Job:
    return submitted(rules)("payer", m.RequestCancel("m1", refund), 2)


def test_an_agreed_cancel_refunds_as_asked_and_the_rest_is_the_payees() -> None:
    """B21: a refund of a part leaves nothing behind."""
    whole = cancelling()("payee", m.AgreeCancel("m1", "350.00"), 3)
    assert (whole.state("milestone"), whole.net("payer"), whole.outcome) == (
        "cancelled",
        "0.00",
        ("cancel_agreed", "agreement"),
    )
    part = cancelling("100.00")("payee", m.AgreeCancel("m1", "100.00"), 3)
    assert (part.state("milestone"), part.net("payer"), part.net("payee")) == ("completed", "-250.00", "250.00")


def test_what_a_part_left_can_be_cancelled() -> None:
    """B21: a part that was paid blocks no cancellation of the rest."""
    job = submitted()("payer", ek.escrow.Release("m1", "150.00"))("payer", m.RequestCancel("m1", "200.00"), 2)
    job("payee", m.AgreeCancel("m1", "200.00"), 3)
    assert (job.state("milestone"), job.net("payer"), job.net("payee")) == ("completed", "-150.00", "150.00")


def test_agreeing_repeats_the_sum_and_nobody_agrees_to_an_own_request() -> None:
    """E7: one party twice is not two."""
    job = cancelling("100.00")
    job.refused("terms-changed", "payee", m.AgreeCancel("m1", "100.01"))
    job.refused("not-your-move", "payer", m.AgreeCancel("m1", "100.00"))
    job.refused("not-your-move", "payee", m.WithdrawCancel("m1"))


def test_a_request_pauses_the_review_and_submissions_wait() -> None:
    job = funded()("payer", m.RequestCancel("m1", "350.00"), 1)
    job.refused("not-now", "payee", m.Submit("m1", "zip"))
    review = cancelling()("payer", m.WithdrawCancel("m1"), 5)
    assert (review.state("milestone"), review.now.deadlines()[0][0]) == ("submitted", day(18))
    cancelling().refused("not-now", "payer", m.Approve("m1", "zip"))


def test_there_is_one_request_a_submission() -> None:
    job = cancelling()("payer", m.WithdrawCancel("m1"), 3)
    job.refused("not-now", "payer", m.RequestCancel("m1", "350.00"), 4)
    job("payer", m.RequestChanges("m1", "bigger"), 4)("payee", m.Submit("m1", "zip2"), 5)
    assert job("payer", m.RequestCancel("m1", "350.00"), 6).state("milestone") == "cancelling"


def test_a_request_asks_for_at_most_what_is_held_of_whom_the_rulebook_lets() -> None:
    submitted().refused("over-held", "payer", m.RequestCancel("m1", "350.01"))
    submitted().refused("not-your-move", "payee", m.RequestCancel("m1", "350.00"))
    submitted().refused("not-your-move", "payee", m.RequestCancel("m1", "0.00"))
    both = submitted({"milestone.cancel.by": ["payer", "payee"]})("payee", m.RequestCancel("m1", "50.00"), 2)
    assert both("payer", m.AgreeCancel("m1", "50.00"), 3).net("payee") == "300.00"


@pytest.mark.parametrize(("answer", "state", "paid"), [
    ("as_asked", "completed", "250.00"),
    ("payer", "cancelled", "0.00"),
    ("payee", "completed", "350.00"),
    ("halves", "completed", "175.00"),
    ("declined", "submitted", "0.00"),
])  # fmt: skip
def test_silence_on_a_request_gives_as_the_rulebook_answers(answer: str, state: str, paid: str) -> None:
    job = cancelling("100.00", **{"milestone.cancel.on_silence": answer})
    assert job.wait(day(9) - MICRO).state("milestone") == "cancelling"
    assert (job.wait(9).state("milestone"), job.net("payee")) == (state, paid)


def test_money_that_moves_voids_a_request_over_the_old_sum() -> None:
    """F7: a consent is bound to the money that was there."""
    job = cancelling()("payer", ek.escrow.Release("m1", "50.00"), 3)
    assert job.state("milestone") == "submitted"
    job.refused("no-such-move", "payee", m.AgreeCancel("m1", "350.00"))


def test_a_request_is_void_too_when_a_chargeback_falls_into_the_dispute_that_refused_it() -> None:
    job = cancelling()("payee", ek.dispute.Open("m1", "350.00", "no"), 3)
    job("provider", ek.escrow.ChargeBack("m1", "50.00", "cb"), 4)("payee", ek.dispute.Withdraw("m1"), 5)
    assert job.state("milestone") == "submitted"


def test_money_that_comes_in_while_a_request_stands_starts_the_work() -> None:
    job = Job({"milestone.cancel.on_silence": "declined"})("payer", ek.escrow.Deposit("m1", "100.00"))
    job("payer", m.RequestCancel("m1", "100.00"))("payer", ek.escrow.Deposit("m1", "250.00"))
    assert job.state("milestone") == "active"


def test_without_a_rule_there_are_no_requests() -> None:
    rules = {"milestone.cancel": {"by": ["payer"]}}
    job = submitted({**rules})
    job.refused("not-now", "payer", m.RequestCancel("m1", "350.00"))


def test_the_payee_may_cancel_outside_a_dispute_and_all_that_is_held_goes_back() -> None:
    job = submitted()("payee", m.Cancel("m1"), 2)
    assert (job.state("milestone"), job.net("payer"), job.outcome) == (
        "cancelled",
        "0.00",
        ("payee_refunded", "agreement"),
    )
    disputed().refused("not-now", "payee", m.Cancel("m1"))


def test_the_payer_may_cancel_while_nothing_is_held() -> None:
    """A20: what was never funded refunds nothing."""
    job = Job()("payer", m.Cancel("m1"))
    assert (job.state("milestone"), job.state("escrow"), job.now.entries()) == ("cancelled", "empty", ())
    funded().refused("not-now", "payer", m.Cancel("m1"))


def test_late_work_gives_the_right_to_cancel_and_may_end_by_itself() -> None:
    late = {"milestone.late.after": "2 days", "milestone.late.right": ["payer"]}
    terms = [{"id": "m1", "price": "350.00", "due": day(10)}]
    job = funded(late, milestones=terms)
    refused = job.refused("not-now", "payer", m.Cancel("m1"), day(12) - MICRO)
    assert refused.until == day(12)
    job.refused("not-now", "platform", m.Cancel("m1"), 12)
    assert job("payer", m.Cancel("m1"), 12).outcome == ("late_cancelled", "procedure")
    lapses = funded({**late, "milestone.late.on_silence": "payer"}, milestones=terms).wait(12)
    assert (lapses.state("milestone"), lapses.outcome) == ("cancelled", ("late_cancelled", "procedure"))
    shared = funded({**late, "milestone.late.on_silence": "halves", "milestone.late.since": "active"}, milestones=terms)
    assert (shared.wait(2).state("milestone"), shared.net("payee")) == ("completed", "175.00")


def test_work_that_the_payer_sends_back_is_not_late_at_once() -> None:
    """D7: a shared clock must not punish the side that was on time."""
    rules = {"milestone.late.after": "2 days", "milestone.late.on_silence": "payer"}
    job = funded(rules, milestones=[{"id": "m1", "price": "350.00", "due": day(10)}])
    job("payee", m.Submit("m1", "zip"), 9)("payer", m.RequestChanges("m1", "bigger"), 20)
    assert job.wait(day(22) - MICRO).state("milestone") == "active"
    assert job.wait(22).state("milestone") == "cancelled"


def test_an_early_cancel_is_possible_until_so_long_before_it_is_due() -> None:
    rules = {"milestone.early.before_due": "3 days", "milestone.early.right": ["payer"]}
    terms = [{"id": "m1", "price": "350.00", "due": day(10)}]
    assert funded(rules, milestones=terms)("payer", m.Cancel("m1"), day(7) - MICRO).outcome == (
        "early_cancelled",
        "procedure",
    )
    funded(rules, milestones=terms).refused("not-now", "payer", m.Cancel("m1"), 7)
    funded(rules).refused("not-now", "payer", m.Cancel("m1"), 1)


def test_requirements_that_are_never_given_cancel_the_milestone() -> None:
    rules = {"milestone.requirements.within": "3 days", "milestone.requirements.on_silence": "payer"}
    assert funded(rules).wait(day(3) - MICRO).state("milestone") == "active"
    assert funded(rules).wait(3).outcome == ("requirements_lapsed", "procedure")
    assert funded(rules)("payer", m.GiveRequirements("m1", "logo"), 2).wait(50).state("milestone") == "active"


def test_after_a_submission_the_requirements_are_not_missed() -> None:
    """A payer must not get its money back by sending work back after the end of an old clock."""
    rules = {"milestone.requirements.within": "3 days", "milestone.requirements.on_silence": "payer"}
    job = funded(rules)("payee", m.Submit("m1", "zip"), 1)("payer", m.RequestChanges("m1", "bigger"), 9)
    assert job.wait(20).state("milestone") == "active"


def test_a_cancel_request_is_declined_only_where_the_rulebook_lets_it() -> None:
    """Elsewhere who refuses it opens a dispute."""
    submitted()("payer", m.RequestCancel("m1", "350.00"), 2).refused(
        "not-now", "payee", m.DeclineCancel("m1", "350.00")
    )
    job = submitted({"milestone.cancel.declinable": True})("payer", m.RequestCancel("m1", "350.00"), 2)
    job.refused("not-your-move", "payer", m.DeclineCancel("m1", "350.00"))
    job.refused("terms-changed", "payee", m.DeclineCancel("m1", "349.99"))
    job("payee", m.DeclineCancel("m1", "350.00"), 4)
    assert (job.state("milestone"), job.balance("escrow:m1")) == ("submitted", "350.00")
    job.refused("not-now", "payer", m.RequestCancel("m1", "350.00"))
    assert job.wait(day(17) - MICRO).state("milestone") == "submitted"  # the review waited for two days
    assert job.wait(17).state("milestone") == "completed"


# -- split proposals -------------------------------------------------------------------------------------------------


def test_silence_on_a_split_proposal_executes_it_as_proposed() -> None:
    job = funded(SPLIT)("payee", m.RequestRelease("m1", "200.00"), 1)
    assert job.wait(day(4) - MICRO).state("milestone") == "active"
    assert (job.wait(4).net("payee"), job.net("payer")) == ("200.00", "-200.00")
    assert job.outcome == ("proposal_lapsed", "procedure")


def test_a_split_of_nothing_cancels_and_a_declined_one_changes_nothing() -> None:
    """G1: nothing is a proposal too."""
    job = funded(SPLIT)("payee", m.RequestRelease("m1", "0.00"), 1).wait(4)
    assert (job.state("milestone"), job.net("payer")) == ("cancelled", "0.00")
    declined = funded({**SPLIT, "milestone.proposal.on_silence": "declined"})(
        "payee", m.RequestRelease("m1", "10.00"), 1
    )
    assert (declined.wait(50).state("milestone"), declined.net("payee")) == ("active", "0.00")


def test_a_split_is_of_what_is_held_and_only_where_the_rulebook_has_it() -> None:
    funded().refused("not-now", "payee", m.RequestRelease("m1", "1.00"))
    funded(SPLIT).refused("over-held", "payee", m.RequestRelease("m1", "350.01"))
    Job({**SPLIT, "milestone.start": "unfunded"}).refused("over-held", "payee", m.RequestRelease("m1", "0.00"))


BOTH = {**SPLIT, "milestone.proposal.by": ["payer", "payee"]}


def test_only_whom_the_rulebook_names_proposes_a_split() -> None:
    funded(SPLIT).refused("not-your-move", "payer", m.RequestRelease("m1", "200.00"))
    funded(BOTH)("payer", m.RequestRelease("m1", "200.00"), 1).refused(
        "not-your-move", "platform", m.RequestRelease("m1", "1.00")
    )


@pytest.mark.parametrize(("asks", "agrees"), [("payee", "payer"), ("payer", "payee")])
def test_the_other_side_may_agree_to_a_split_and_it_is_executed_as_proposed(asks: str, agrees: str) -> None:
    funded(BOTH).refused("not-now", agrees, m.AgreeRelease("m1", "200.00"))
    job = funded(BOTH)(asks, m.RequestRelease("m1", "100.00"), 1)(asks, m.RequestRelease("m1", "200.00"), 1)
    job.refused("not-your-move", asks, m.AgreeRelease("m1", "200.00"))
    job.refused("terms-changed", agrees, m.AgreeRelease("m1", "100.00"))
    job(agrees, m.AgreeRelease("m1", "200.00"), 2)
    assert (job.state("milestone"), job.state("escrow"), job.net("payee"), job.net("payer")) == (
        "completed", "settled", "200.00", "-200.00"
    )  # fmt: skip
    assert job.outcome == ("settlement_agreed", "agreement")


def test_a_split_that_gives_everything_back_cancels_the_milestone_unless_a_part_was_released() -> None:
    job = funded(BOTH)("payer", m.RequestRelease("m1", "0.00"), 1)("payee", m.AgreeRelease("m1", "0.00"))
    assert (job.state("milestone"), job.net("payer")) == ("cancelled", "0.00")
    part = funded(BOTH)("payer", ek.escrow.Release("m1", "50.00"), 1)("payer", m.RequestRelease("m1", "0.00"))
    part("payee", m.AgreeRelease("m1", "0.00"))
    assert (part.state("milestone"), part.net("payer")) == ("completed", "-50.00")


def test_a_split_waits_for_a_dispute_to_end() -> None:
    job = funded(BOTH)("payer", m.RequestRelease("m1", "100.00"), 1)
    job("payee", ek.dispute.Open("m1", "350.00", "no"), 2)
    job.refused("not-now", "payee", m.AgreeRelease("m1", "100.00"))
    job.refused("not-now", "payer", m.RequestRelease("m1", "100.00"))


def test_money_that_moves_voids_a_split_proposal() -> None:
    job = funded(SPLIT)("payee", m.RequestRelease("m1", "200.00"), 1)("payer", ek.escrow.Release("m1", "100.00"), 2)
    assert job.wait(50).net("payee") == "100.00"


def test_a_split_proposal_that_is_void_kept_no_clock_waiting() -> None:
    job = submitted(SPLIT)("payee", m.RequestRelease("m1", "200.00"), 2)("payer", ek.escrow.Release("m1", "100.00"), 3)
    assert job.wait(day(15) - MICRO).net("payee") == "100.00"
    assert job.wait(15).net("payee") == "350.00"


def test_a_deposit_for_approved_work_voids_an_old_split_proposal() -> None:
    job = Job({**SPLIT, "milestone.start": "in_part"})("payer", ek.escrow.Deposit("m1", "100.00"))
    job("payee", m.Submit("m1", "zip"))("payee", m.RequestRelease("m1", "50.00"))("payer", m.Approve("m1", "zip"))
    assert job("payer", ek.escrow.Deposit("m1", "250.00")).state("milestone") == "completed"


# -- disputes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "command"), [
    ("payee", m.Submit("m1", "zip")),
    ("payee", m.WithdrawSubmission("m1")),
    ("payee", m.LockDelay("m1")),
    ("payee", m.RequestRelease("m1", "1.00")),
    ("payee", m.Cancel("m1")),
    ("payer", m.RequestChanges("m1", "why")),
    ("payer", m.Approve("m1", "zip")),
    ("payer", m.Delay("m1")),
    ("payer", m.GiveRequirements("m1", "logo")),
    ("payer", m.RequestCancel("m1", "1.00")),
    ("payee", m.AgreeCancel("m1", "1.00")),
    ("payer", m.WithdrawCancel("m1")),
    ("payee", m.DeclineCancel("m1", "1.00")),
    ("platform", m.RecordNotice("m1", "review")),
    ("platform", m.Cancel("m1")),
])  # fmt: skip
def test_while_disputed_the_work_waits(by: str, command: ek.table.Command) -> None:
    """G13: nothing is approved, cancelled or divided beside a dispute."""
    job = disputed()
    assert "dispute" in job.refused("not-now", by, command).missing[0]


def test_what_is_final_stays() -> None:
    """F2: a final milestone is immutable."""
    job = submitted()("payer", m.Approve("m1", "zip"))
    for by, command in (
        ("payee", m.Submit("m1", "x")),
        ("payee", m.Cancel("m1")),
        ("payer", m.RequestCancel("m1", "1.00")),
    ):
        job.refused("no-such-move", by, command)
    assert job.now.at > START


# -- what is easily left out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("silence", "state", "payee"), [
    ("payee", "completed", "350.00"),
    ("payer", "cancelled", "0.00"),
    ("halves", "completed", "175.00"),
])  # fmt: skip
def test_a_review_since_the_start_needs_no_submission(silence: str, state: str, payee: str) -> None:
    job = funded({"milestone.review.since": "active", "milestone.review.on_silence": silence})
    assert job.wait(day(14) - MICRO).state("milestone") == "active"
    assert (job.wait(14).state("milestone"), job.net("payee")) == (state, payee)
    assert ("milestone.deemed_approved" in job.events) == (silence == "payee")


@pytest.mark.parametrize("silence", ["payee", "dispute", "payer", "halves"])
def test_a_machine_knows_by_itself_that_no_review_runs_over_work_that_was_not_submitted(silence: str) -> None:
    """The clock does not strike there; if it did, no row would let it decide."""
    job = funded({"milestone.review.on_silence": silence})
    told = job.now.pot("m1")
    ctx = Context(told.milestone, "active", m.Lapse("m1", "review"), Role.CLOCK, "clock", START, told)
    with pytest.raises(ek.errors.NotNow):
        m.TABLE.choose(ctx)


def test_a_machine_asks_by_itself_whether_the_release_condition_is_met() -> None:
    told = own(ROOF).now.pot("m1")
    ctx = Context(told.milestone, "active", m.Fulfil("m1"), Role.RULES, "rules", START, told)
    with pytest.raises(ek.errors.NotNow):
        m.TABLE.choose(ctx)


def test_a_submission_may_be_all_that_a_release_condition_waits_for() -> None:
    job = own({"signed": "payee"})
    assert job("payee", m.Submit("m1", "zip"), 1).state("milestone") == "completed"


@pytest.mark.parametrize("since", ["submitted", "approved"])
def test_the_time_of_a_condition_runs_from_the_state_that_it_names(since: str) -> None:
    waits = {"all": [{"signed": "payer"}, {"elapsed": "5 days", "since": since}]}
    job = own(waits if since == "approved" else {"elapsed": "5 days", "since": since})(
        "payee", m.Submit("m1", "zip"), 1
    )
    if since == "approved":
        job("payer", m.Approve("m1", "zip"), 1)
    assert (job.wait(day(6) - MICRO).state("milestone"), job.net("payee")) == (since, "0.00")
    assert (job.wait(6).state("milestone"), job.net("payee")) == ("completed", "350.00")


def half_met(**more: Any) -> Job:
    """Approved by the payer, and the condition waits for a fact; the payer then asks for money back."""
    condition = {"all": [{"signed": "payer"}, ROOF]}
    rules = {"milestone.cancel.declinable": True, "milestone.cancel.on_silence": "declined"}
    job = own(condition, rules=rules, **more)("payee", m.Submit("m1", "zip"), 1)("payer", m.Approve("m1", "zip"), 1)
    return job("payer", m.RequestCancel("m1", "350.00"), 2)("witness:dave", m.Attest("m1", "roof"), 2)


@pytest.mark.parametrize(("by", "command"), [
    ("payee", m.DeclineCancel("m1", "350.00")),
    ("payer", m.WithdrawCancel("m1")),
    ("clock", None),
])  # fmt: skip
def test_a_condition_that_was_met_meanwhile_pays_in_the_same_breath_as_the_request_ends(
    by: str, command: ek.table.Command | None
) -> None:
    job = half_met()
    assert (job.state("milestone"), job.net("payee")) == ("cancelling", "0.00")
    job = job(by, command, 3) if command else job.wait(job.now.deadlines()[0][0])
    assert (job.state("milestone"), job.net("payee")) == ("completed", "350.00")
    assert "milestone.condition_met" not in job.events


def test_a_condition_that_was_met_before_a_dispute_pays_when_that_is_withdrawn() -> None:
    """The fact was attested while the request stood; the request went with the dispute."""
    job = half_met()("payee", ek.dispute.Open("m1", "350.00", "why"), 3)
    job("provider", ek.escrow.ChargeBack("m1", "100.00", "cb"), 3)("payee", ek.dispute.Withdraw("m1"), 3)
    assert (job.state("milestone"), job.net("payee")) == ("approved", "250.00")


def test_an_agreed_cancel_of_everything_repeats_the_sum_and_is_the_other_sides() -> None:
    job = cancelling()
    job.refused("terms-changed", "payee", m.AgreeCancel("m1", "349.99"))
    job.refused("not-your-move", "payer", m.AgreeCancel("m1", "350.00"))


def test_an_agreed_split_of_nothing_repeats_the_sum_and_is_the_other_sides() -> None:
    job = submitted({"milestone.proposal.within": "5 days", "milestone.proposal.on_silence": "declined"})
    job("payee", m.RequestRelease("m1", "0.00"))
    job.refused("terms-changed", "payer", m.AgreeRelease("m1", "0.01"))
    job.refused("not-your-move", "payee", m.AgreeRelease("m1", "0.00"))
    assert job("payer", m.AgreeRelease("m1", "0.00")).state("milestone") == "cancelled"


def test_who_may_not_write_proposes_without_a_title() -> None:
    job = Job()("platform", Restrict("payer", "writing", "abuse"))
    job.refused("not-now", "payer", m.Propose("m2", "50.00", "You know who."))
    assert job("payer", m.Propose("m2", "50.00")).state("milestone.m2") == "proposed"


def test_a_review_that_nobody_delayed_lapses_whatever_a_delay_would_be() -> None:
    j = submitted({"milestone.review.notices": 0, "milestone.review.delay_step": "unknown"})
    j.refused("unknown-rulebook-value", "payer", m.Delay("m1"))
    assert "milestone.deemed_approved" in j.wait(40).events


def test_what_is_given_back_says_why_and_of_which_kind_that_is() -> None:
    left = funded()("payee", ek.milestone.Cancel("m1"))
    said = [(event.code, event.kind) for event in left.now.events() if isinstance(event, ek.escrow.Disbursed)]
    assert said == [("payee_refunded", "agreement")]
