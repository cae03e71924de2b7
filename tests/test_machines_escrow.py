"""The money of a milestone: every rule in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

import escrowkit as ek
from escrowkit.machines import escrow as e
from escrowkit.money import Money
from helpers import MICRO, SHARED, Job, contested, day, disputed, funded, submitted

TWO = (("m1", "350.00"), ("m2", "100.00"))
PART = {"milestone.start": "in_part"}
LOOKBACK = {"dispute.lookback": "180 days"}


def released(amount: str = "350.00", **more: Any) -> Job:
    return funded(**more)("payer", e.Release("m1", amount), 1)


# -- paying in -------------------------------------------------------------------------------------------------------


def test_a_deposit_is_at_most_what_the_price_still_lacks() -> None:
    """B6: what is too much is refused at once, with the largest sum that would do."""
    job = Job()("payer", e.Deposit("m1", "300.00"))
    assert str(job.refused("bad-amount", "payer", e.Deposit("m1", "50.01")).most) == "50.00 USD"
    assert job("payer", e.Deposit("m1", "50.00")).balance("escrow:m1") == "350.00"


def test_a_refusal_says_what_this_escrow_knows() -> None:
    refused = Job().refused("no-such-move", "platform", e.Lift("m1"))
    assert refused.words.startswith("An escrow that is empty knows: ")


def test_a_reference_counts_once_in_the_whole_agreement() -> None:
    """A27: one payment never pays for two milestones."""
    job = Job(milestones=TWO)("payer", e.Deposit("m1", "100.00", "wire-1"))
    for milestone in ("m1", "m2"):
        job("payer", e.Deposit(milestone, "100.00", "wire-1"))
        assert job.events == ["escrow.repeated"]
    job("payer", e.RequestDeposit("m2", "100.00"))("provider", e.ConfirmDeposit("m2", "100.00", "wire-1"))
    assert job.events == ["escrow.repeated"]
    assert job.net("payer") == "-100.00"


def test_deposits_without_a_reference_are_told_apart() -> None:
    job = Job()("payer", e.Deposit("m1", "50.00", "deposit 1"))
    job("payer", e.Deposit("m1", "50.00"))("payer", e.Deposit("m1", "50.00"))
    escrow = job.now.pot("m1").escrow
    assert escrow is not None
    assert [d.reference for d in escrow.deposits] == ["deposit 1", "deposit 2", "deposit 3"]


def test_a_deposit_that_was_asked_for_is_confirmed_by_the_provider_alone() -> None:
    job = Job()("payer", e.RequestDeposit("m1", "350.00"))
    assert (job.state("escrow"), job.net("payer")) == ("funding", "0.00")
    job.refused("not-your-move", "payer", e.ConfirmDeposit("m1", "350.00", "w"))
    job.refused("not-now", "payer", e.RequestDeposit("m1", "350.00"))
    job("provider", e.ConfirmDeposit("m1", "350.00", "w"))
    assert (job.state("escrow"), job.state("milestone")) == ("held", "active")


def test_what_comes_over_the_price_or_too_late_is_the_payers() -> None:
    """B35: money that arrives late has an owner and a way out."""
    slow = Job(rail="slow")("payer", e.RequestDeposit("m1", "350.00"))(
        "provider", e.ConfirmDeposit("m1", "360.00", "w")
    )
    assert (slow.balance("escrow:m1"), slow.balance("payable:payer")) == ("350.00", "10.00")
    slow("provider", e.ConfirmDeposit("m1", "5.00", "w2"))
    assert slow.balance("payable:payer") == "15.00"
    slow("provider", e.ConfirmPayout("m1", "payer", "15.00", "out"))
    assert (slow.balance("payable:payer"), slow.net("payer")) == ("0.00", "-350.00")
    late = Job()("payer", e.RequestDeposit("m1", "350.00"))("payer", ek.milestone.Cancel("m1"))
    late("provider", e.ConfirmDeposit("m1", "350.00", "w"))
    assert (late.net("payer"), late.state("escrow")) == ("0.00", "empty")


def test_a_request_is_met_by_one_payment() -> None:
    """A26: no payment counts for a request that another has met, though less came than was asked for."""
    job = Job(rail="slow")("payer", e.RequestDeposit("m1", "350.00"))("provider", e.ConfirmDeposit("m1", "100.00", "w"))
    job("provider", e.ConfirmDeposit("m1", "250.00", "w2"))
    assert (job.balance("escrow:m1"), job.balance("payable:payer")) == ("100.00", "250.00")


def test_a_payment_that_fails_or_is_never_confirmed_leaves_the_pot_as_it_was() -> None:
    failed = Job()("payer", e.RequestDeposit("m1", "350.00"))("provider", e.FailDeposit("m1", "card declined"))
    assert failed.state("escrow") == "empty"
    lapsed = Job()("payer", e.RequestDeposit("m1", "350.00"))
    assert lapsed.wait(day(7) - MICRO).state("escrow") == "funding"
    assert lapsed.wait(7).state("escrow") == "empty"
    partly = Job(PART)("payer", e.Deposit("m1", "100.00"))("payer", e.RequestDeposit("m1", "250.00"))
    assert (partly.wait(7).state("escrow"), partly.balance("escrow:m1")) == ("held", "100.00")
    assert Job()("provider", e.FailDeposit("m1", "unknown payment")).state("escrow") == "empty"


def test_a_payment_under_way_is_taken_in_even_when_the_pot_has_been_emptied_meanwhile() -> None:
    job = Job(PART)("payer", e.Deposit("m1", "100.00"))("payer", e.RequestDeposit("m1", "250.00"))
    job("payer", e.Release("m1", "100.00"))
    assert job.state("escrow") == "empty"
    assert job("provider", e.ConfirmDeposit("m1", "250.00", "w")).balance("escrow:m1") == "250.00"


def test_a_pot_that_waits_for_its_last_payment_settles_when_that_is_over() -> None:
    job = Job(PART)("payer", e.Deposit("m1", "100.00"))("payer", e.RequestDeposit("m1", "250.00"))
    job("payee", e.Refund("m1", "100.00"))
    assert (job.state("milestone"), job.state("escrow")) == ("cancelled", "settled")


def test_a_processing_fee_is_paid_on_top_and_comes_back_with_held_money_where_the_rulebook_says() -> None:
    """C9: every fee that was charged is earned or returned in the end."""
    fee = {"escrow.processing_fee.rate": "3%", "escrow.processing_fee.fixed": "0.30 USD"}
    kept = funded({**fee, "escrow.processing_fee.returned": "never"})
    assert (kept.net("payer"), kept.balance("fees:m1")) == ("-360.80", "10.80")
    kept("payee", e.Refund("m1", "350.00"))
    assert (kept.net("payer"), kept.net("platform"), kept.balance("fees:m1")) == ("-10.80", "10.80", "0.00")
    back = funded({**fee, "escrow.processing_fee.returned": "while_held"})("payer", e.Release("m1", "175.00"))
    back("payee", e.Refund("m1", "175.00"))
    assert (back.net("payer"), back.net("platform")) == ("-180.40", "5.40")


# -- releasing and refunding -----------------------------------------------------------------------------------------


def test_a_part_is_released_and_the_rest_stays_held() -> None:
    """B20: what a part leaves behind can still be released or refunded."""
    job = released("100.00")
    assert (job.state("escrow"), job.balance("escrow:m1"), job.net("payee")) == ("held", "250.00", "100.00")
    assert (job.state("milestone"), job.balance("payable:payee")) == ("active", "0.00")
    assert job("payer", e.Release("m1", "250.00")).state("milestone") == "completed"


def test_together_releases_and_refunds_never_exceed_what_was_deposited() -> None:
    """A15, A16: 30 of 100 are out, so at most 70 come back; 60 and 60 are refused."""
    job = Job(milestones=[("m1", "100.00")])("payer", e.Deposit("m1", "100.00"))("payer", e.Release("m1", "30.00"))
    assert str(job.refused("over-held", "payee", e.Refund("m1", "70.01")).most) == "70.00 USD"
    assert job("payee", e.Refund("m1", "70.00")).net("payer") == "-30.00"
    twice = Job(milestones=[("m1", "100.00")])("payer", e.Deposit("m1", "100.00"))("payer", e.Release("m1", "60.00"))
    twice.refused("over-held", "payer", e.Release("m1", "60.00"))


def test_only_whom_the_rulebook_names_releases_or_refunds() -> None:
    """F17: nobody pays himself."""
    job = funded()
    for by in ("payee", "platform", "witness:dave"):
        job.refused("not-your-move", by, e.Release("m1", "1.00"))
    for by in ("payer", "platform"):
        job.refused("not-your-move", by, e.Refund("m1", "1.00"))
    for by in ("mediator", "arbitrator", "provider", "stranger"):
        job.refused("not-your-move", by, e.Refund("m1", "0.00"))
    named = funded({"escrow.release.by": ["witness:dave"], "escrow.refund.by": ["witness"]})
    named.refused("not-your-move", "witness:eve", e.Release("m1", "1.00"))
    named.refused("not-your-move", "payer", e.Release("m1", "1.00"))
    assert named("witness:dave", e.Release("m1", "1.00"))("witness:eve", e.Refund("m1", "1.00")).net("payee") == "1.00"


def test_where_parts_are_not_released_only_all_is() -> None:
    job = funded({"escrow.release.partial": False})
    job.refused("not-now", "payer", e.Release("m1", "349.99"))
    assert job("payer", e.Release("m1", "350.00")).state("milestone") == "completed"


def test_an_empty_pot_pays_nobody() -> None:
    """A20: what was never funded is neither released nor refunded."""
    job = Job()
    job.refused("no-such-move", "payer", e.Release("m1", "350.00"))
    job.refused("no-such-move", "payee", e.Refund("m1", "350.00"))


def test_all_refunded_ends_the_milestone_as_what_it_came_to() -> None:
    assert funded()("payee", e.Refund("m1", "350.00")).state("milestone") == "cancelled"
    assert released("100.00")("payee", e.Refund("m1", "250.00")).state("milestone") == "completed"


def test_one_milestone_never_pays_for_another() -> None:
    """B4: m1 is disputed, both are funded; releasing m2 leaves m1 what it has."""
    job = Job(milestones=TWO)("payer", e.Deposit("m1", "350.00"))("payer", e.Deposit("m2", "100.00"))
    job("payer", ek.dispute.Open("m1", "350.00", "why"), 1)
    job.refused("over-held", "payer", e.Release("m2", "100.01"))
    job("payer", e.Release("m2", "100.00"))
    assert (job.balance("escrow:m1"), job.state("escrow.m2")) == ("350.00", "settled")


def test_a_release_clears_before_it_is_payable() -> None:
    job = released(rules={"escrow.clearing": "5 days"})
    assert (job.state("escrow"), job.state("milestone"), job.net("payee")) == ("clearing", "completed", "0.00")
    assert job.wait(day(6) - MICRO).balance("clearing:m1") == "350.00"
    assert (job.wait(6).net("payee"), job.state("escrow")) == ("350.00", "settled")


def test_the_oldest_release_clears_first_and_the_service_fee_is_taken_when_it_leaves_the_pot() -> None:
    job = funded(plain=False)("payer", e.Release("m1", "100.00"), 1)("payer", e.Release("m1", "250.00"), 3)
    assert (job.net("platform"), job.balance("clearing:m1")) == ("35.00", "315.00")
    assert job.wait(6).net("payee") == "90.00"
    assert job.wait(8).net("payee") == "315.00"


def test_on_a_slow_rail_what_is_payable_waits_for_the_provider() -> None:
    """A1: the same payout told twice moves money once."""
    job = released(rail="slow")
    assert (job.balance("payable:payee"), job.net("payee")) == ("350.00", "0.00")
    job("provider", e.FailPayout("m1", "payee", "350.00", "p1", "account closed"))
    assert job.balance("payable:payee") == "350.00"
    job("provider", e.ConfirmPayout("m1", "payee", "350.00", "p1"))(
        "provider", e.ConfirmPayout("m1", "payee", "350.00", "p1")
    )
    assert (job.events, job.net("payee")) == (["escrow.repeated"], "350.00")
    job.refused("over-held", "provider", e.ConfirmPayout("m1", "payee", "0.01", "p2"))


def test_one_payout_may_cover_what_several_milestones_brought() -> None:
    job = Job(milestones=TWO, rail="slow")
    for id_, price in TWO:
        job("payer", e.Deposit(id_, price))("payer", e.Release(id_, price))
    assert job("provider", e.ConfirmPayout("m1", "payee", "450.00", "p1")).net("payee") == "450.00"


# -- fees ------------------------------------------------------------------------------------------------------------


def test_what_goes_back_of_released_money_takes_its_service_fee_along_or_leaves_it_with_whom_the_rulebook_says() -> (
    None
):
    for bearer, payer, payee, platform in (
        ("reversed", "-250.00", "225.00", "25.00"),
        ("payer", "-260.00", "225.00", "35.00"),
        ("payee", "-250.00", "215.00", "35.00"),
    ):
        job = released(rules={"escrow.service_fee.on_refund": bearer, "escrow.clearing": "none"}, plain=False)
        job("payee", e.RefundReleased("m1", "100.00"), 2)
        assert (job.net("payer"), job.net("payee"), job.net("platform")) == (payer, payee, platform)


def test_what_was_given_back_is_billed_no_longer() -> None:
    """C10: the tier of a release is that of what stayed released before it."""
    tiers = [{"up_to": "100.00 USD", "rate": "20%"}, {"rate": "10%"}]
    fee = {"escrow.service_fee.model": "tiered", "escrow.service_fee.tiers": tiers}
    window = {"escrow.refund_released.within": "30 days"}
    job = Job({**fee, **window}, milestones=(("m1", "100.00"), ("m2", "100.00")))
    job("payer", e.Deposit("m1", "100.00"))("payer", e.Release("m1", "100.00"))
    assert job("payee", e.RefundReleased("m1", "100.00")).net("platform") == "0.00"
    assert job("payer", e.Deposit("m2", "100.00"))("payer", e.Release("m2", "100.00")).net("platform") == "20.00"


def test_what_is_billed_follows_what_is_released_charged_back_and_given_back() -> None:
    def billed(job: Job) -> tuple[str, str]:
        gross, fee = job.now.billed["USD"]
        return gross.text, fee.text

    fee = {"escrow.service_fee": {"model": "flat", "rate": "10%", "on_refund": "reversed"}}
    rules = {**fee, **LOOKBACK, "escrow.clearing": "none", "dispute.stages": []}
    job = funded(rules, plain=False)("payer", e.Release("m1", "100.00"), 1)
    assert billed(job) == ("100.00", "10.00")
    assert billed(job("payer", e.Release("m1", "250.00"))) == ("350.00", "35.00")
    owing = Job.__new__(Job)
    owing.now, owing.last = job.now, job.last
    assert billed(job("provider", e.ChargeBack("m1", "350.00", "cb"), 2)) == ("0.00", "0.00")
    assert billed(job("provider", e.ReverseChargeBack("m1", "cb"), 3)) == ("350.00", "35.00")
    owing("payer", ek.dispute.Open("m1", "350.00", "bad"), 2)("payee", ek.dispute.Offer("m1", "200.00"))
    owing("payer", ek.dispute.AcceptOffer("m1", "200.00"))
    assert billed(owing) == ("350.00", "35.00")
    assert billed(owing("provider", ek.obligation.Pay("m1", "w"), 3)) == ("200.00", "20.00")


def test_a_fee_is_never_more_than_what_it_is_taken_of() -> None:
    """C11, C13: a fixed fee that is larger than a part waits for the next."""
    rules = {"escrow.service_fee": {"model": "per_contract", "rate": "0%", "fixed": "5.00 USD"}}
    job = funded({**rules, "escrow.clearing": "none"}, plain=False)
    assert (job("payer", e.Release("m1", "3.00")).net("platform"), job.net("payee")) == ("3.00", "0.00")
    assert (job("payer", e.Release("m1", "7.00")).net("platform"), job.net("payee")) == ("5.00", "5.00")


def test_a_fee_that_leaves_nothing_is_refused_at_the_opening() -> None:
    """C12, C14."""
    for rules in ({"escrow.service_fee.rate": "100%"}, {"escrow.service_fee.fixed": "350.00 USD"}):
        with pytest.raises(ek.errors.BadTerms):
            Job({**rules, "escrow.service_fee.model": "flat"}, plain=False)


# -- rolling over ----------------------------------------------------------------------------------------------------


def test_what_a_partial_release_left_goes_to_another_milestone() -> None:
    job = funded(milestones=TWO)("payer", e.Release("m1", "300.00"))("payer", e.RollOver("m1", "50.00", "m2"))
    assert (job.balance("escrow:m2"), job.state("milestone"), job.state("escrow")) == ("50.00", "completed", "settled")
    assert job.outcome == ("rolled_forward", "agreement")
    assert job("payer", e.Deposit("m2", "50.00")).state("milestone.m2") == "active"
    assert job.wait(2000).now.held().text == "0.00"


def test_all_rolled_over_cancels_and_a_part_stays() -> None:
    job = funded(milestones=(("m1", "350.00"), ("m2", "400.00")))("payer", e.RollOver("m1", "50.00", "m2"))
    assert (job.state("milestone"), job.state("milestone.m2")) == ("active", "agreed")
    assert job("payer", e.RollOver("m1", "300.00", "m2")).state("milestone") == "cancelled"


def test_a_rest_goes_only_where_it_fits() -> None:
    job = funded(milestones=(*TWO, {"id": "m3", "price": "50.00", "currency": "EUR"}))
    for target in ("m1", "m3", "m9"):
        job.refused("bad-argument", "payer", e.RollOver("m1", "1.00", target))
    assert str(job.refused("bad-amount", "payer", e.RollOver("m1", "100.01", "m2")).most) == "100.00 USD"
    poor = Job(PART, milestones=TWO)("payer", e.Deposit("m1", "50.00"))
    poor.refused("over-held", "payer", e.RollOver("m1", "50.01", "m2"))
    job("payer", ek.milestone.Cancel("m2")).refused("bad-argument", "payer", e.RollOver("m1", "1.00", "m2"))
    funded({"escrow.roll_over": False}, milestones=TWO).refused("not-now", "payer", e.RollOver("m1", "1.00", "m2"))
    disputed(milestones=TWO).refused("not-now", "payer", e.RollOver("m1", "1.00", "m2"))


def test_money_that_was_rolled_over_can_grow_old_too() -> None:
    """B1: silence ends for money that nobody deposited here."""
    job = funded(milestones=TWO)("payer", e.RollOver("m1", "50.00", "m2"), 1)
    assert job.wait(366).state("milestone.m2") == "cancelled"


# -- freezing --------------------------------------------------------------------------------------------------------


def test_frozen_parts_and_deposits_wait_and_all_is_a_concession() -> None:
    """B13: topping up a pot in dispute waits."""
    job = disputed()
    for by, command in (
        ("payer", e.Deposit("m1", "1.00")),
        ("payer", e.RequestDeposit("m1", "1.00")),
        ("payer", e.Release("m1", "349.99")),
        ("payee", e.Refund("m1", "349.99")),
        ("payee", e.RefundReleased("m1", "1.00")),
    ):
        job.refused("not-now", by, command)
    job.refused("over-held", "payer", e.Release("m1", "350.01"))
    job.refused("over-held", "payee", e.Refund("m1", "350.01"))
    assert job("payer", e.Release("m1", "350.00")).outcome == ("claim_conceded", "agreement")
    assert (job.state("dispute"), job.state("milestone"), job.net("payee")) == ("settled", "completed", "350.00")
    other = disputed()("payee", e.Refund("m1", "350.00"))
    assert (other.state("dispute"), other.state("milestone"), other.net("payer")) == ("settled", "cancelled", "0.00")


def test_a_dispute_over_released_money_alone_freezes_the_empty_pot() -> None:
    """Money that comes in while a dispute runs must not slip past it."""
    job = Job({**LOOKBACK, **PART})("payer", e.Deposit("m1", "100.00"))("payer", e.Release("m1", "100.00"), 1)
    job("payer", e.RequestDeposit("m1", "250.00"))("payer", ek.dispute.Open("m1", "100.00", "bad"), 2)
    assert job.state("escrow") == "frozen"
    job.refused("not-now", "payer", e.Deposit("m1", "250.00"))
    job("provider", e.ConfirmDeposit("m1", "250.00", "w"))
    assert (job.balance("escrow:m1"), job.net("payer")) == ("0.00", "-100.00")
    assert job("payer", ek.dispute.Withdraw("m1"), 3).state("escrow") == "empty"


# -- the platform ----------------------------------------------------------------------------------------------------


def test_under_the_platforms_hold_nobody_moves_and_clocks_wait() -> None:
    job = submitted()("platform", e.Hold("m1", "checks"), 2)
    assert job.state("escrow") == "impounded"
    for by, command in (
        ("payer", ek.milestone.Approve("m1", "zip")),
        ("payer", e.Release("m1", "1.00")),
        ("payee", e.Refund("m1", "350.00")),
        ("payer", ek.dispute.Open("m1", "1.00", "why")),
    ):
        refused = job.refused("not-now", by, command)
        assert refused.until == day(32)
    assert job.wait(20).state("milestone") == "submitted"
    assert job("platform", e.Lift("m1"), 22).state("escrow") == "held"
    assert job.now.deadlines()[0][0] == day(35)


def test_a_hold_lifts_at_its_end_and_never_pays() -> None:
    job = submitted()("platform", e.Hold("m1", "checks"), 2)
    assert job.wait(day(32) - MICRO).state("escrow") == "impounded"
    assert (job.wait(32).state("escrow"), job.net("payee")) == ("held", "0.00")


def test_a_hold_remembers_what_lies_below_and_facts_update_that() -> None:
    job = disputed()("platform", e.Hold("m1", "checks"), 3)
    for by, command in (
        ("payee", ek.dispute.Contest("m1")),
        ("payer", ek.dispute.Withdraw("m1")),
        ("mediator", ek.mediation.Fail("m1", "no")),
    ):
        job.refused("not-now" if by != "mediator" else "no-such-move", by, command)
    assert job.wait(20).state("dispute") == "opened"
    assert job("platform", e.Lift("m1"), 23).state("escrow") == "frozen"
    assert job.now.deadlines()[0][0] == day(29)
    short = submitted()("platform", e.Hold("m1", "checks"), 2)("provider", e.ChargeBack("m1", "350.00", "cb"), 3)
    assert short.state("escrow") == "empty"


def test_a_deposit_confirmed_under_a_hold_waits_below_it_for_approved_work() -> None:
    job = Job(PART)("payer", e.Deposit("m1", "100.00"))("payer", e.RequestDeposit("m1", "250.00"))
    job("platform", e.Hold("m1", "checks"))("provider", e.ConfirmDeposit("m1", "250.00", "w"))
    assert (job.state("escrow"), job.balance("escrow:m1"), job.state("milestone")) == ("impounded", "350.00", "active")


def test_the_platform_may_open_a_dispute_under_its_own_hold() -> None:
    rules = {"dispute.open_by": ["platform"], "dispute.stages": []}
    job = submitted(rules)("platform", e.Hold("m1", "checks"), 2)("platform", ek.dispute.Open("m1", "1.00", "why"), 3)
    assert job("platform", e.Lift("m1"), 4).state("escrow") == "frozen"
    assert job("platform", ek.dispute.Withdraw("m1"), 5).state("escrow") == "held"


@pytest.mark.parametrize(("to", "payer", "payee", "authority"), [
    ("payer", "0.00", "0.00", "0.00"),
    ("payee", "-350.00", "350.00", "0.00"),
    ("authority", "-350.00", "0.00", "350.00"),
])  # fmt: skip
def test_a_seizure_goes_to_one_and_overrides_a_dispute(to: str, payer: str, payee: str, authority: str) -> None:
    for job in (submitted(), disputed(), contested(SHARED)("payer", ek.arbitration.PayFee("m1", "own", "20.00"), 3)):
        job("platform", e.Seize("m1", to, "stolen card"), 4)
        assert (job.net("payer"), job.net("payee"), job.net("authority")) == (payer, payee, authority)
        assert job.outcome == ("platform_seized", "override")
        assert job.state("milestone") == ("completed" if to == "payee" else "cancelled")
        assert job.state("dispute") in (None, "overridden")
        assert job.state("escrow") == "settled"


def test_a_seizure_never_goes_to_the_platform_nor_is_it_anybody_elses() -> None:
    """F14: a privileged role cannot pay itself."""
    disputed().refused("bad-argument", "platform", e.Seize("m1", "platform", "mine"))
    for by in ("payer", "mediator", "arbitrator", "provider"):
        disputed().refused("not-your-move", by, e.Seize("m1", "payer", "mine"))


def test_a_seizure_takes_what_clears_too_and_for_the_payee_leaves_it_clearing() -> None:
    job = funded(rules={"escrow.clearing": "5 days"})("payer", e.Release("m1", "100.00"), 1)
    assert (job("platform", e.Seize("m1", "payer", "fraud"), 2).net("payer"), job.state("escrow")) == (
        "0.00",
        "settled",
    )
    other = funded(rules={"escrow.clearing": "5 days"})("payer", e.Release("m1", "100.00"), 1)
    other("payee", ek.dispute.Open("m1", "350.00", "why"), 1)("platform", e.Seize("m1", "payee", "fraud"), 2)
    assert (other.net("payee"), other.state("escrow"), other.state("dispute")) == ("250.00", "clearing", "overridden")
    assert (other.wait(20).net("payee"), other.state("escrow")) == ("350.00", "settled")


def test_what_clears_of_a_settled_milestone_can_be_seized_and_the_milestone_stays_as_it_was() -> None:
    job = released(rules={"escrow.clearing": "5 days"})("platform", e.Seize("m1", "payer", "fraud"), 2)
    assert (job.net("payer"), job.state("escrow"), job.state("milestone")) == ("0.00", "settled", "completed")


def test_a_pot_that_a_chargeback_emptied_stays_frozen_while_released_money_is_disputed() -> None:
    job = submitted({**LOOKBACK, "dispute.stages": []})("payer", e.Release("m1", "200.00"), 2)
    job("payer", ek.dispute.Open("m1", "350.00", "bad"), 3)("provider", e.ChargeBack("m1", "150.00", "cb"), 4)
    assert (job.state("escrow"), job.now.pot("m1").stake.text) == ("frozen", "200.00")
    job.refused("not-now", "payer", e.Deposit("m1", "150.00"))
    assert job("payer", ek.dispute.Withdraw("m1"), 5).state("escrow") == "empty"


def test_a_reversed_chargeback_leaves_a_stake_that_it_does_not_touch() -> None:
    job = released(rules={**LOOKBACK, "dispute.stages": []})("provider", e.ChargeBack("m1", "100.00", "cb"), 2)
    job("payer", ek.dispute.Open("m1", "200.00", "bad"), 3)("payer", ek.dispute.Offer("m1", "50.00"), 3)
    job("provider", e.ReverseChargeBack("m1", "cb"), 4)
    assert job.now.pot("m1").stake.text == "200.00"
    assert job("payee", ek.dispute.AcceptOffer("m1", "50.00")).state("dispute") == "settled"


def test_an_order_is_obeyed_as_it_says() -> None:
    job = disputed()
    job.refused("over-held", "platform", e.ObeyOrder("m1", "350.01", "court 1"))
    job("platform", e.ObeyOrder("m1", "100.00", "court 1"), 3)
    assert (job.net("payee"), job.net("payer"), job.outcome) == ("100.00", "-100.00", ("court_ordered", "override"))
    assert disputed()("platform", e.ObeyOrder("m1", "350.00", "court 1")).net("payee") == "350.00"


@pytest.mark.parametrize(("by", "command", "code"), [
    ("platform", e.Seize("m1", "payer", "stolen card"), "platform_seized"),
    ("platform", e.ObeyOrder("m1", "100.00", "court 1"), "court_ordered"),
    ("provider", e.ChargeBack("m1", "350.00", "cb"), "charged_back"),
])  # fmt: skip
def test_a_dispute_whose_stake_was_taken_says_by_what(by: str, command: Any, code: str) -> None:
    job = disputed()(by, command, 3)
    assert [event.code for event in job.last.events if isinstance(event, ek.dispute.Overridden)] == [code]
    assert job.state("milestone") == ("completed" if code == "court_ordered" else "cancelled")


def test_the_longest_holding_time_says_so_to_the_dispute_and_completes_nothing() -> None:
    rules = {**LIMIT, **PATIENT, "escrow.hold_limit.on_expiry": "payer", "escrow.release.partial": True}
    job = submitted(rules)("payer", e.Release("m1", "100.00"), 1)
    job("payer", ek.dispute.Open("m1", "250.00", "why"), 2).wait(60)
    codes = [event.code for event in job.now.events() if isinstance(event, ek.dispute.Overridden)]
    assert (codes, job.net("payee"), job.state("milestone")) == (["hold_limit_reached"], "100.00", "cancelled")


# -- chargebacks -----------------------------------------------------------------------------------------------------


def test_a_chargeback_takes_from_the_escrow_first_then_what_clears_then_what_is_payable() -> None:
    job = funded({"escrow.clearing": "5 days"}, rail="slow")("payer", e.Release("m1", "100.00"), 1).wait(6)
    job("payer", e.Release("m1", "100.00"), 7)
    job("provider", e.ChargeBack("m1", "300.00", "cb", "15.00"), 8)
    assert (job.balance("escrow:m1"), job.balance("clearing:m1"), job.balance("payable:payee")) == (
        "0.00",
        "0.00",
        "50.00",
    )
    assert (job.net("provider"), job.net("platform"), job.outcome) == ("15.00", "-15.00", ("charged_back", "override"))


@pytest.mark.parametrize(("bearer", "owed"), [("platform", {}), ("payee", {("payee", "platform"): "350.00"})])
def test_what_a_chargeback_cannot_take_the_platform_advances(bearer: str, owed: dict[tuple[str, str], str]) -> None:
    job = released(rules={"escrow.chargeback": bearer})("provider", e.ChargeBack("m1", "350.00", "cb"), 9)
    assert (job.net("platform"), job.net("payer")) == ("-350.00", "0.00")
    assert {pair: money.text for pair, money in job.now.owed().items()} == owed


def test_a_chargeback_of_money_that_had_gone_back_is_owed_by_the_payer() -> None:
    """A18: refund and chargeback of the same money pay it twice, so the payer owes it."""
    job = funded()("payee", e.Refund("m1", "350.00"))("provider", e.ChargeBack("m1", "350.00", "cb"), 9)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payer", "platform"): "350.00"}
    job("provider", ek.obligation.Pay("m1", "wire"), 10)
    assert (job.net("payer"), job.net("platform")) == ("0.00", "0.00")
    job("provider", e.ReverseChargeBack("m1", "cb"), 11)
    assert (job.net("payer"), job.net("platform")) == ("0.00", "0.00")


def test_a_chargeback_counts_once_a_reference_and_at_most_its_deposit() -> None:
    job = funded()
    job.refused("bad-amount", "provider", e.ChargeBack("m1", "350.01", "cb"))
    job.refused("bad-argument", "provider", e.ChargeBack("m1", "1.00", "cb", deposit="other"))
    job("provider", e.ChargeBack("m1", "300.00", "cb", deposit="pay-1"))("provider", e.ChargeBack("m1", "300.00", "cb"))
    assert job.events == ["escrow.repeated"]
    job.refused("bad-amount", "provider", e.ChargeBack("m1", "50.01", "cb2"))
    Job().refused("bad-argument", "provider", e.ChargeBack("m1", "1.00", "cb"))


def test_a_chargeback_names_its_deposit_where_there_are_several() -> None:
    job = Job()("payer", e.Deposit("m1", "100.00", "a"))("payer", e.Deposit("m1", "250.00", "b"))
    job.refused("bad-argument", "provider", e.ChargeBack("m1", "1.00", "cb"))
    assert job("provider", e.ChargeBack("m1", "250.00", "cb", deposit="b")).balance("escrow:m1") == "100.00"


def test_a_chargeback_that_empties_the_stake_overrides_the_dispute_and_unused_fees_go_back() -> None:
    job = contested(SHARED)("payer", ek.arbitration.PayFee("m1", "own", "20.00"), 3)
    job("provider", e.ChargeBack("m1", "350.00", "cb"), 4)
    assert (job.state("dispute"), job.state("arbitration"), job.state("milestone")) == (
        "overridden",
        "closed",
        "cancelled",
    )
    assert (job.net("payer"), job.state("escrow")) == ("0.00", "settled")


def test_a_chargeback_of_a_part_shrinks_the_stake_and_voids_offers() -> None:
    """F1: an offer over another stake is no offer any more."""
    job = contested({"dispute.stages": []})("payer", ek.dispute.Offer("m1", "300.00"), 3)
    job("provider", e.ChargeBack("m1", "250.00", "cb"), 4)
    assert (job.now.pot("m1").stake.text, job.state("escrow")) == ("100.00", "frozen")
    job.refused("not-now", "payee", ek.dispute.AcceptOffer("m1", "300.00"))
    assert job.wait(100).net("payee") == "50.00"


def test_a_reversed_chargeback_comes_back_to_where_it_was() -> None:
    held = submitted()("provider", e.ChargeBack("m1", "350.00", "cb"), 2)
    assert held.state("escrow") == "empty"
    held("provider", e.ReverseChargeBack("m1", "cb"), 3)
    assert held.last.events[0].after == "held"
    held("provider", e.ReverseChargeBack("m1", "cb"), 3)
    assert (held.balance("escrow:m1"), held.state("escrow"), held.events) == ("350.00", "held", ["escrow.repeated"])
    held.refused("bad-argument", "provider", e.ReverseChargeBack("m1", "other"))
    paid = released()("provider", e.ChargeBack("m1", "350.00", "cb"), 2)("provider", ek.obligation.Pay("m1", "w"), 3)
    paid("provider", e.ReverseChargeBack("m1", "cb"), 4)
    assert (paid.net("payer"), paid.net("payee"), paid.net("platform")) == ("-350.00", "350.00", "0.00")
    owing = released()("provider", e.ChargeBack("m1", "350.00", "cb"), 2)(
        "provider", e.ReverseChargeBack("m1", "cb"), 4
    )
    assert (owing.now.owed(), owing.state("obligation")) == ({}, "waived")
    over = funded()("provider", e.ChargeBack("m1", "350.00", "cb"))("payer", ek.milestone.Cancel("m1"))
    assert over("provider", e.ReverseChargeBack("m1", "cb")).net("payer") == "0.00"


def test_a_reversed_chargeback_of_what_was_not_held_leaves_the_escrow_as_it_is() -> None:
    job = Job({"escrow.clearing": "5 days"})("payer", e.Deposit("m1", "200.00"))("payer", e.Release("m1", "200.00"))
    job("provider", e.ChargeBack("m1", "100.00", "cb"), 1)("provider", e.ReverseChargeBack("m1", "cb"), 2)
    assert (job.last.events[0].after, job.state("escrow"), job.state("milestone")) == ("clearing", "clearing", "agreed")


def test_a_chargeback_of_what_only_clears_says_why_it_left() -> None:
    job = released(rules={"escrow.clearing": "5 days"})("provider", e.ChargeBack("m1", "150.00", "cb"), 2)
    assert (job.outcome, job.balance("clearing:m1")) == (("charged_back", "override"), "200.00")


def test_a_reversed_chargeback_does_not_break_what_still_clears() -> None:
    job = released(rules={"escrow.clearing": "5 days"})("provider", e.ChargeBack("m1", "150.00", "cb"), 2)
    job("provider", e.ReverseChargeBack("m1", "cb"), 3)
    assert job.last.events[0].after == "clearing"
    assert (job.net("payee"), job.balance("clearing:m1")) == ("150.00", "200.00")
    assert (job.wait(9).net("payee"), job.state("escrow")) == ("350.00", "settled")


def test_a_chargeback_on_one_milestone_does_not_take_what_another_brought() -> None:
    """B4, I4: set-off across milestones would pay one escrow out of another."""
    job = Job(milestones=TWO, rail="slow")("payer", e.Deposit("m1", "350.00"))("payer", e.Release("m1", "350.00"))
    job("provider", e.ConfirmPayout("m1", "payee", "350.00", "p1"))
    job("payer", e.Deposit("m2", "100.00"))("payer", e.Release("m2", "100.00"))
    job("provider", e.ChargeBack("m1", "350.00", "cb"))
    assert (job.balance("payable:payee"), job.net("platform")) == ("100.00", "-350.00")


FEE = {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": "10%"}
PAID_LATE: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"escrow.chargeback": "payee"}, "350.00", ["350.00"]),
    ({"escrow.chargeback": "payee"}, "300.00", ["120.00", "80.00", "150.00"]),
    ({"escrow.chargeback": "platform"}, "350.00", ["200.00", "100.00"]),
    ({"escrow.chargeback": "payee", "escrow.clearing": "5 days"}, "350.00", ["300.00", "50.00"]),
    ({"escrow.chargeback": "payee", **FEE}, "315.00", ["111.11", "222.22"]),
    ({"escrow.chargeback": "payee", **FEE, "escrow.service_fee.on_refund": "payee"}, "300.00", ["350.00"]),
]


@pytest.mark.parametrize(("rules", "out", "taken"), PAID_LATE)
def test_a_payout_told_after_a_chargeback_ends_as_if_it_had_been_told_before(
    rules: dict[str, Any], out: str, taken: list[str]
) -> None:
    """The money had left before the bank took it: in which order the two are reported is chance."""
    ends: list[tuple[Any, ...]] = []
    for is_late in (False, True):
        job = released(rules=rules, rail="slow").wait(8)
        payout = e.ConfirmPayout("m1", "payee", out, "p1")
        job = job if is_late else job("provider", payout, 9)
        for number, sum_ in enumerate(taken):
            job("provider", e.ChargeBack("m1", sum_, f"cb-{number}"), 9)
        job = job("provider", payout, 9) if is_late else job
        owed = {pair: money.text for pair, money in job.now.owed().items()}
        nets = [job.net(side) for side in ("payer", "payee", "platform")]
        ends.append((nets, owed, job.balance("payable:payee")))
        for number in reversed(range(len(taken))):
            job("provider", e.ReverseChargeBack("m1", f"cb-{number}"), 20)
        ends.append(([job.net(side) for side in ("payer", "payee", "platform")], job.now.owed()))
    assert ends[:2] == ends[2:]
    assert ends[0][0][1] == out


def test_a_payout_may_exceed_what_is_payable_by_what_chargebacks_took_and_by_no_more() -> None:
    job = released(rail="slow")
    job("provider", e.ChargeBack("m1", "300.00", "cb"), 1)(
        "provider", e.FailPayout("m1", "payee", "50.00", "p0", "closed")
    )
    assert (
        str(job.refused("over-held", "provider", e.ConfirmPayout("m1", "payee", "350.01", "p1")).most) == "350.00 USD"
    )
    assert str(job.refused("over-held", "provider", e.ConfirmPayout("m1", "payer", "0.01", "p1")).most) == "0.00 USD"
    job("provider", e.ReverseChargeBack("m1", "cb"), 2)
    assert (
        str(job.refused("over-held", "provider", e.ConfirmPayout("m1", "payee", "350.01", "p1")).most) == "350.00 USD"
    )
    job("provider", e.ConfirmPayout("m1", "payee", "350.00", "p1"))
    assert str(job.refused("over-held", "provider", e.ConfirmPayout("m1", "payee", "0.01", "p2")).most) == "0.00 USD"
    assert (job.net("payee"), job.net("platform"), job.now.owed()) == ("350.00", "0.00", {})


def test_what_the_platform_advances_for_a_payout_that_met_a_chargeback_is_told_and_owed_under_its_name() -> None:
    job = released(rules={"escrow.chargeback": "payee"}, rail="slow")
    job("provider", e.ChargeBack("m1", "300.00", "cb"), 1)(
        "provider", e.ConfirmPayout("m1", "payee", "350.00", "p1"), 2
    )
    assert job.events == ["escrow.paid_out", "obligation.opened"]
    paid, opened = cast("tuple[Any, Any]", job.last.events)
    assert (paid.advanced["cb"].text, paid.owed["cb"].text, opened.cause) == ("300.00", "300.00", "chargeback cb")
    job("provider", ek.obligation.Pay("m1", "w"), 3)("provider", e.ReverseChargeBack("m1", "cb"), 4)
    assert [job.net(side) for side in ("payer", "payee", "platform")] == ["-350.00", "50.00", "0.00"]
    assert job.balance("payable:payee") == "300.00"


# -- after settlement ------------------------------------------------------------------------------------------------


def test_released_money_goes_back_of_the_payees_own_accord_within_the_window() -> None:
    job = released()("payer", e.RequestRefundReleased("m1", "100.00"), 2)
    assert job.last.entries == ()
    job.refused("not-your-move", "payer", e.RefundReleased("m1", "100.00"))
    job("payee", e.RefundReleased("m1", "100.00"), 3)
    assert (job.net("payer"), job.state("escrow")) == ("-250.00", "settled")
    job.refused("over-held", "payee", e.RefundReleased("m1", "250.01"))
    job.refused("over-held", "payee", e.RefundReleased("m1", "1.00"), 181)
    funded().refused("not-now", "payer", e.RequestRefundReleased("m1", "1.00"))
    rules = {"escrow.refund_released": {"by": ["payee"]}}
    released(rules={**rules}).refused("over-held", "payee", e.RefundReleased("m1", "1.00"))


def test_on_a_slow_rail_a_promised_refund_is_booked_when_the_provider_confirms() -> None:
    job = released(rail="slow")("provider", e.ConfirmPayout("m1", "payee", "350.00", "p1"))
    job("payee", e.RefundReleased("m1", "100.00"), 2)("payee", e.RefundReleased("m1", "20.00"), 2)
    assert job.last.entries == ()
    job.refused("not-now", "provider", e.ConfirmRefundReleased("m1", "70.00", "r0"))
    job("provider", e.ConfirmRefundReleased("m1", "100.00", "r1"), 3)(
        "provider", e.ConfirmRefundReleased("m1", "100.00", "r1")
    )
    assert (job.events, job.balance("payable:payer")) == (["escrow.repeated"], "100.00")
    job("provider", e.ConfirmRefundReleased("m1", "20.00", "r2"), 3)
    job.refused("not-now", "provider", e.ConfirmRefundReleased("m1", "20.00", "r3"))


def test_a_refund_confirmed_in_a_dispute_shrinks_its_stake() -> None:
    """Nobody is awarded what came back already."""
    job = released(rules={**LOOKBACK, "dispute.stages": []}, rail="slow")
    job("provider", e.ConfirmPayout("m1", "payee", "350.00", "p1"))("payee", e.RefundReleased("m1", "100.00"), 2)
    job("payer", ek.dispute.Open("m1", "350.00", "bad"), 3)
    job("provider", e.ConfirmRefundReleased("m1", "100.00", "r1"), 4)
    assert job.now.pot("m1").stake.text == "250.00"
    job.wait(10)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "payer"): "250.00"}


def test_money_that_still_clears_goes_back_out_of_its_hold() -> None:
    job = released(rules={"escrow.clearing": "5 days"})("payee", e.RefundReleased("m1", "350.00"), 2)
    assert (job.net("payer"), job.net("payee"), job.state("escrow")) == ("0.00", "0.00", "settled")


# -- longest times ---------------------------------------------------------------------------------------------------


LIMIT = {"escrow.hold_limit.within": "60 days", "escrow.hold_limit.on_expiry": "payer"}
PATIENT = {"dispute.answer.payer.within": "80 days", "dispute.answer.payee.within": "80 days"}


@pytest.mark.parametrize(("answer", "payee"), [("payer", "0.00"), ("payee", "350.00"), ("halves", "175.00")])
def test_the_longest_holding_time_ends_everything_even_a_dispute_under_a_hold(answer: str, payee: str) -> None:
    rules = {**LIMIT, **PATIENT, "escrow.hold_limit.on_expiry": answer}
    for job in (funded(rules), disputed(rules), disputed(rules)("platform", e.Hold("m1", "checks"), 59)):
        assert job.wait(day(60) - MICRO).state("escrow") in ("held", "frozen", "impounded")
        assert (job.wait(60).net("payee"), job.outcome) == (payee, ("hold_limit_reached", "procedure"))
        assert (job.state("milestone"), job.state("escrow")) == ("cancelled", "settled")
        assert job.state("dispute") in (None, "overridden")


def test_the_longest_holding_time_counts_for_money_that_is_there_without_a_gap() -> None:
    job = funded(LIMIT)
    job("provider", e.ChargeBack("m1", "350.00", "cb"), 30)("payer", e.Deposit("m1", "350.00", "pay-2"), 50)
    assert job.wait(109).state("escrow") == "held"
    assert job.wait(110).state("milestone") == "cancelled"


@pytest.mark.parametrize("lifted", [True, False])
@pytest.mark.parametrize("claim", [None, "50.00"])
def test_the_longest_holding_time_ends_once_and_what_still_clears_under_a_hold_is_paid_after_it(
    claim: str | None, lifted: bool
) -> None:
    """B1, B8: the time ran out again and again, or a release stayed frozen for ever by a dispute that was over."""
    job = funded({
        "escrow.hold_limit.within": "60 days",
        "escrow.hold_limit.on_expiry": "payee",
        "escrow.clearing": "100 days",
        "escrow.impound.within": "90 days",
    })("payer", e.Release("m1", "100.00"))  # fmt: skip
    if claim is not None:
        job("payee", ek.dispute.Open("m1", claim, "why"), 1)
    job("platform", e.Hold("m1", "why"), 2).wait(60)
    assert (job.balance("escrow:m1"), job.balance("clearing:m1"), job.state("escrow")) == (
        "0.00",
        "100.00",
        "impounded",
    )
    if lifted:
        job("platform", e.Lift("m1"), 62)
    assert job.wait(92).state("escrow") == "clearing"
    assert (job.wait(300).state("escrow"), job.net("payee")) == ("settled", "350.00")


def test_dormant_money_goes_as_the_rulebook_answers() -> None:
    job = funded()
    assert job.wait(day(365) - MICRO).state("escrow") == "held"
    assert (job.wait(365).net("payer"), job.state("milestone"), job.outcome) == (
        "0.00",
        "cancelled",
        ("dormant", "procedure"),
    )
    noticed = funded({"escrow.dormancy.notice": "30 days"})
    assert noticed.wait(394).state("escrow") == "held"
    assert noticed.wait(395).state("escrow") == "settled"


def test_whatever_somebody_does_is_a_sign_of_life() -> None:
    job = funded()("payer", ek.milestone.GiveRequirements("m1", "logo"), 300)
    assert job.wait(664).state("escrow") == "held"
    assert job.wait(665).state("escrow") == "settled"


def test_what_the_clock_does_is_no_sign_of_life() -> None:
    job = funded({"milestone.cancel.on_silence": "stays"})("payer", ek.milestone.RequestCancel("m1", "100.00"), 1)
    assert job.wait(8).events == ["milestone.silence_ignored"]
    assert job.wait(day(366) - MICRO).state("milestone") == "active"
    assert job.wait(366).state("milestone") == "cancelled"


def test_money_that_rolls_over_into_a_milestone_is_a_sign_of_life_there() -> None:
    job = funded(milestones=TWO)("payer", e.Deposit("m2", "40.00"))("payer", e.Release("m1", "300.00"))
    job("payer", e.RollOver("m1", "50.00", "m2"), 300)
    assert job.wait(664).state("escrow.m2") == "held"
    assert job.wait(665).state("escrow.m2") == "settled"


def test_a_limit_before_the_earliest_release_is_refused_at_the_opening() -> None:
    """D3: terms under which nobody could ever be paid are no terms."""
    with pytest.raises(ek.errors.BadTerms):
        Job({"escrow.hold_limit.within": "14 days", "escrow.hold_limit.on_expiry": "payer"})
    assert Job({"escrow.hold_limit.within": "15 days", "escrow.hold_limit.on_expiry": "payer"})


def test_a_chargeback_and_an_award_over_the_same_released_money_pay_the_payer_once() -> None:
    """What the bank took back, the payee owes the platform and no longer the payer; reversed, it owes the payer again."""
    rules = {"escrow.clearing": "none", "dispute.lookback": "30 days", "escrow.chargeback.borne_by": "platform"}
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    deal = ek.open_agreement(
        rulebook="standard@1",
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[("m1", "100.00")],
        at=start,
        rules={**rules, "escrow.service_fee": "none"},
    )
    for by, command in (
        ("payer", ek.escrow.Deposit("m1", "100.00", reference="pi")),
        ("payer", ek.escrow.Release("m1", "100.00")),
        ("payer", ek.dispute.Open("m1", "80.00", "Not as agreed.")),
        ("payee", ek.dispute.Concede("m1", "80.00")),
    ):
        deal = deal.decide(command, by=by, at=start).agreement
    assert deal.owed() == {("payee", "payer"): ek.Money.parse("80.00 USD")}
    back = deal.decide(ek.escrow.ChargeBack("m1", "60.00", "cb"), by="provider", at=start).agreement
    assert back.owed() == {
        ("payee", "payer"): ek.Money.parse("20.00 USD"),
        ("payee", "platform"): ek.Money.parse("60.00 USD"),
    }
    whole = deal.decide(ek.escrow.ChargeBack("m1", "100.00", "cb2"), by="provider", at=start).agreement
    assert whole.owed() == {("payee", "platform"): ek.Money.parse("80.00 USD")}
    none_left = back.decide(ek.escrow.ChargeBack("m1", "40.00", "cb3"), by="provider", at=start).agreement
    assert none_left.owed() == {("payee", "platform"): ek.Money.parse("80.00 USD")}
    again = back.decide(ek.escrow.ReverseChargeBack("m1", "cb"), by="provider", at=start).agreement
    assert again.owed() == {("payee", "payer"): ek.Money.parse("80.00 USD")}
    again.verify()


# -- what is easily left out -----------------------------------------------------------------------------------------

DECLINABLE: dict[str, Any] = {"milestone.cancel.declinable": True}


def test_a_milestone_that_is_over_takes_no_money() -> None:
    empty = Job()("payer", ek.milestone.Cancel("m1"))
    clearing = funded({"escrow.clearing": "5 days"})("payer", e.Release("m1", "100.00"))
    clearing("payer", ek.milestone.RequestCancel("m1", "250.00"))("payee", ek.milestone.AgreeCancel("m1", "250.00"))
    for job, state in ((empty, "empty"), (clearing, "clearing")):
        assert job.state("escrow") == state
        for paying in (e.Deposit("m1", "10.00"), e.RequestDeposit("m1", "10.00")):
            assert job.refused("not-now", "payer", paying).missing == ("The milestone is not over.",)


def test_what_is_asked_for_beside_held_money_is_within_the_price_and_of_nobody_suspended() -> None:
    job = Job()("payer", e.Deposit("m1", "100.00"))
    assert str(job.refused("bad-amount", "payer", e.RequestDeposit("m1", "250.01")).most) == "250.00 USD"
    suspended = job("platform", ek.conduct.Suspend("payee", "A stolen card?"))("platform", e.Lift("m1"))
    suspended.refused("not-now", "payer", e.RequestDeposit("m1", "10.00"))


def pending(state: str) -> Job:
    """A payment that waits for the provider while its pot is in this state."""
    whole = funded if state in ("held", "clearing", "empty", "frozen") else Job
    job = whole({"escrow.clearing": "90 days", **LOOKBACK, "dispute.answer.payee.within": "30 days"})
    if state == "held":
        return job("payee", e.Refund("m1", "50.00"))("payer", e.RequestDeposit("m1", "50.00"))
    job("provider", e.ChargeBack("m1", "100.00", "cb"))("payer", e.RequestDeposit("m1", "100.00"))
    if state == "empty":
        job("provider", e.ChargeBack("m1", "250.00", "cb2"))
    if state == "clearing":
        job("payer", e.Release("m1", "250.00"))
    if state == "frozen":
        job("payer", ek.dispute.Open("m1", "100.00", "why"))
    return job


@pytest.mark.parametrize("state", ["held", "clearing", "empty", "frozen"])
def test_a_payment_that_is_never_confirmed_lapses_whatever_became_of_the_pot(state: str) -> None:
    job = pending(state)
    assert job.state("escrow") == state
    assert (job.wait(day(7) - MICRO).events, job.wait(7).events) == ([], ["escrow.funding_lapsed"])


def test_one_request_at_a_time_even_if_the_pot_was_emptied_meanwhile() -> None:
    pending("empty").refused("not-now", "payer", e.RequestDeposit("m1", "10.00"))


@pytest.mark.parametrize("end", ["failed", "lapsed", "returned"])
def test_a_pot_that_is_empty_and_over_is_settled_when_its_last_payment_has_ended(end: str) -> None:
    job = funded()("provider", e.ChargeBack("m1", "350.00", "cb"))("payer", e.RequestDeposit("m1", "100.00"))
    job("payer", ek.milestone.Cancel("m1"))
    assert (job.state("milestone"), job.state("escrow")) == ("cancelled", "funding")
    if end == "failed":
        job("provider", e.FailDeposit("m1", "card declined"))
    if end == "returned":
        job("provider", e.ConfirmDeposit("m1", "100.00", "late"))
    if end == "lapsed":
        job.wait(7)
    assert job.state("escrow") == "settled"


def test_a_silence_that_ends_a_milestone_whose_money_was_charged_back_settles_its_pot() -> None:
    job = submitted({"milestone.review.on_silence": "payer"})("provider", e.ChargeBack("m1", "350.00", "cb"))
    job.wait(15)
    assert (job.state("milestone"), job.state("escrow")) == ("cancelled", "settled")


def test_who_may_not_give_back_released_money_is_told_so_first_on_any_rail_and_in_a_dispute() -> None:
    rules = {"escrow.refund_released": {"within": "30 days", "by": ["platform"]}, **LOOKBACK}
    for rail in ("instant", "slow"):
        released(rules=rules, rail=rail).refused("not-your-move", "payee", e.RefundReleased("m1", "1.00 EUR"))
        released(rules=rules, rail=rail).refused("not-your-move", "payee", e.RefundReleased("m1", "1.00"))
    frozen = released("100.00", rules=rules)("payer", ek.dispute.Open("m1", "100.00", "why"))
    frozen.refused("not-your-move", "payee", e.RefundReleased("m1", "1.00"))
    frozen.refused("not-now", "platform", e.RefundReleased("m1", "1.00"))


def test_a_chargeback_that_comes_back_when_the_milestone_is_over_or_of_what_was_paid_fills_no_pot() -> None:
    over = funded()("provider", e.ChargeBack("m1", "350.00", "cb"))("payer", ek.milestone.Cancel("m1"))
    over("provider", e.ReverseChargeBack("m1", "cb"))
    assert (over.state("escrow"), over.net("payer")) == ("settled", "0.00")
    gone = funded()("payer", e.Release("m1", "100.00"))("payee", e.Refund("m1", "200.00"))
    gone("payer", e.Release("m1", "50.00"))
    gone("provider", e.ChargeBack("m1", "100.00", "cb"))("provider", e.ReverseChargeBack("m1", "cb"))
    assert gone.state("escrow") == "empty"
    part = funded({"escrow.clearing": "60 days"})("provider", e.ChargeBack("m1", "100.00", "cb"))
    part("payer", e.Release("m1", "100.00"))("payer", ek.milestone.RequestCancel("m1", "150.00"))
    part("payee", ek.milestone.AgreeCancel("m1", "150.00"))("provider", e.ReverseChargeBack("m1", "cb"))
    assert (part.state("milestone"), part.state("escrow"), part.net("payer")) == ("completed", "clearing", "-100.00")


def test_a_chargeback_that_comes_back_is_held_pays_and_starts_as_any_money() -> None:
    start = Job()("payer", e.Deposit("m1", "200.00", "d1"))("provider", e.ChargeBack("m1", "200.00", "cb"))
    start("payer", e.Deposit("m1", "150.00", "d2"))
    assert start.state("milestone") == "agreed"
    start("provider", e.ReverseChargeBack("m1", "cb"))
    assert (start.state("milestone"), start.balance("escrow:m1")) == ("active", "350.00")

    void = funded()("provider", e.ChargeBack("m1", "100.00", "cb"))("payer", ek.milestone.RequestCancel("m1", "250.00"))
    void("provider", e.ReverseChargeBack("m1", "cb"))
    assert void.state("milestone") == "active"

    stake = disputed()("provider", e.ChargeBack("m1", "100.00", "cb"))
    assert stake.now.pot("m1").stake.text == "250.00"
    assert stake("provider", e.ReverseChargeBack("m1", "cb")).now.pot("m1").stake.text == "350.00"


def conditional(**more: Any) -> Job:
    """Approved, and its own condition waits for a fact."""
    condition = {"all": [{"signed": "payer"}, {"attested": "roof", "by": "witness:dave"}]}
    job = Job(more, milestones=[{"id": "m1", "price": "350.00", "release_when": condition}, ("m2", "100.00")])
    job("payer", e.Deposit("m1", "350.00"))("payee", ek.milestone.Submit("m1", "zip"), 1)
    return job("payer", ek.milestone.Approve("m1", "zip"), 1)


def test_a_chargeback_that_comes_back_to_approved_work_is_released() -> None:
    job = conditional()("provider", e.ChargeBack("m1", "350.00", "cb"), 2)
    job("witness:dave", ek.milestone.Attest("m1", "roof"), 2)
    assert (job.state("milestone"), job.net("payee")) == ("approved", "0.00")
    assert job("provider", e.ReverseChargeBack("m1", "cb"), 3).net("payee") == "350.00"


def test_money_that_is_confirmed_for_approved_work_is_released() -> None:
    job = Job({"milestone.start": "unfunded"})("payee", ek.milestone.Submit("m1", "zip"))
    job("payer", ek.milestone.Approve("m1", "zip"))("payer", e.RequestDeposit("m1", "350.00"))
    assert job("provider", e.ConfirmDeposit("m1", "350.00", "w")).net("payee") == "350.00"


def test_a_rest_that_arrives_is_released_starts_the_work_and_voids_what_was_asked_before() -> None:
    rest = funded({**PART, "milestone.start": "unfunded"}, milestones=TWO)
    rest("payee", ek.milestone.Submit("m2", "zip"))("payer", ek.milestone.Approve("m2", "zip"))
    assert rest("payer", e.RollOver("m1", "100.00", "m2")).state("milestone.m2") == "completed"

    start = funded(milestones=TWO)("payer", e.RollOver("m1", "100.00", "m2"))
    assert start.state("milestone.m2") == "active"

    void = funded(PART, milestones=TWO)("payer", e.Deposit("m2", "50.00"))
    void("payer", ek.milestone.RequestCancel("m2", "50.00"))("payer", e.RollOver("m1", "50.00", "m2"))
    assert void.state("milestone.m2") == "active"


def test_whatever_moves_money_voids_what_was_asked_over_the_old_sum() -> None:
    asked = submitted({**PART}, milestones=TWO)("payer", ek.milestone.RequestCancel("m1", "350.00"))
    assert asked("payee", e.Refund("m1", "50.00")).state("milestone") == "submitted"

    split = submitted(
        {**PART, "milestone.proposal.within": "5 days", "milestone.proposal.on_silence": "as_asked"}, milestones=TWO
    )
    split("payee", ek.milestone.RequestRelease("m1", "340.00"))("payer", e.RollOver("m1", "50.00", "m2"))
    assert split.now.pot("m1").milestone.proposal is None

    more = Job(PART)("payer", e.Deposit("m1", "100.00"))("payer", e.RequestDeposit("m1", "250.00"))
    more("payer", ek.milestone.RequestCancel("m1", "100.00"))
    assert more("provider", e.ConfirmDeposit("m1", "250.00", "w")).state("milestone") == "active"


def test_where_the_payee_bears_it_the_fee_of_what_clears_is_owed_however_the_money_goes_back() -> None:
    fee = {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": "10%", "escrow.clearing": "60 days"}
    rules = {**fee, "escrow.service_fee.on_refund": "payee", "escrow.hold_limit.within": "20 days"}
    rules |= {"escrow.hold_limit.on_expiry": "payer", "dispute.answer.payee.within": "60 days"}

    def clearing() -> Job:
        return funded(rules)("payer", e.Release("m1", "100.00"), 1)

    owed = {("payee", "payer"): Money(1000, "USD")}
    assert clearing()("platform", e.Seize("m1", "payer", "fraud"), 2).now.owed() == owed
    assert clearing()("platform", e.ObeyOrder("m1", "0.00", "court"), 2).now.owed() == owed
    held_too_long = clearing()("payer", ek.dispute.Open("m1", "350.00", "why"), 2).wait(20)
    assert (held_too_long.state("dispute"), held_too_long.now.owed()) == ("overridden", owed)


def test_money_that_comes_back_in_a_dispute_over_work_that_has_not_started_starts_it_afterwards() -> None:
    rules = {"dispute.open_in": ["agreed"], "dispute.stages": []}
    job = Job(rules)("payer", e.Deposit("m1", "200.00", "d1"))("provider", e.ChargeBack("m1", "200.00", "cb"))
    job("payer", e.Deposit("m1", "150.00", "d2"))("payer", ek.dispute.Open("m1", "150.00", "why"))
    job("provider", e.ReverseChargeBack("m1", "cb"))("payer", ek.dispute.Withdraw("m1"))
    assert (job.state("milestone"), job.balance("escrow:m1")) == ("active", "350.00")


def test_a_deposit_that_voids_a_request_pays_for_work_whose_condition_was_met_meanwhile() -> None:
    condition = {"all": [{"signed": "payer"}, {"attested": "roof", "by": "witness:dave"}]}
    job = Job(PART, milestones=[{"id": "m1", "price": "350.00", "release_when": condition}])
    job("payer", e.Deposit("m1", "300.00"))("payee", ek.milestone.Submit("m1", "zip"))
    job("payer", ek.milestone.Approve("m1", "zip"))("payer", ek.milestone.RequestCancel("m1", "300.00"))
    job("witness:dave", ek.milestone.Attest("m1", "roof"))
    assert job("payer", e.Deposit("m1", "50.00")).net("payee") == "350.00"


def test_a_release_does_not_ask_who_would_earn_an_arbitration_fee() -> None:
    j = funded({"arbitration.fee.paid_to": "unknown"})("payer", e.Release("m1", "50.00"))
    assert j.net("payee") == "50.00"


@pytest.mark.parametrize(("taking", "state"), [
    (e.ObeyOrder("m1", "100.00", "court"), "completed"),
    (e.Seize("m1", "payer", "fraud"), "cancelled"),
])  # fmt: skip
def test_whoever_takes_all_from_outside_leaves_a_pot_that_is_settled(taking: ek.table.Command, state: str) -> None:
    job = funded()("platform", taking)
    assert (job.state("milestone"), job.state("escrow"), job.balance("escrow:m1")) == (state, "settled", "0.00")


def test_a_chargeback_is_set_against_what_each_award_gave_the_earlier_first() -> None:
    rules = {**LOOKBACK, "dispute.stages": [], "dispute.reopen": "always", "escrow.chargeback": "platform"}
    job = released(rules=rules)
    for claim, at in (("30.00", 2), ("40.00", 3)):
        job("payer", ek.dispute.Open("m1", claim, "bad"), at)("payee", ek.dispute.Concede("m1", claim), at)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "payer"): "70.00"}
    for amount, left in (("20.00", "50.00"), ("50.00", "20.00"), ("69.99", "0.01")):
        after = job.now.decide(e.ChargeBack("m1", amount, "cb"), by="provider", at=day(4)).agreement
        assert after.owed()["payee", "payer"].text == left
        back = after.decide(e.ReverseChargeBack("m1", "cb"), by="provider", at=day(5)).agreement
        assert back.owed() == job.now.owed()
