"""What a pot tells of its milestone: sums, what comes back, which clocks wait; asked, and seen in what follows."""

from __future__ import annotations

from typing import Any

import pytest

import escrowkit as ek
from escrowkit import conditions
from escrowkit.machines import arbitration as a
from escrowkit.machines import dispute as d
from escrowkit.machines import escrow as e
from escrowkit.machines import mediation as m
from escrowkit.machines import milestone as w
from escrowkit.money import Money
from helpers import MEDIATED, SHARED, Job, contested, day, disputed, funded, hearing, submitted

TWO = (("m1", "350.00"), ("m2", "400.00"))
#: One share of the two that are paid in is earned, and borne by how much each lost.
BY_LOSS = {**SHARED, "arbitration.fee.cost": "one_share", "arbitration.fee.borne": "by_share_lost"}
SUSPENDS = {"conduct.default_suspends": True}
EXTENDED = {"dispute.extend": {"by": ["platform"], "most": 1}}


def usd(sum_: str) -> Money:
    return Money.parse(sum_, "USD")


# -- sums ------------------------------------------------------------------------------------------------------------


def test_a_milestone_that_is_only_proposed_has_no_money_no_fees_and_no_pauses() -> None:
    pot = Job()("payer", w.Propose("m2", "100.00")).now.pot("m2")
    assert pot.escrow is None
    assert not any((pot.held, pot.inside, pot.released, pot.refundable, pot.unpaid, pot.prepaid, pot.fees, pot.waits))
    assert pot.lacks == pot.price == usd("100.00")


def test_a_rest_does_not_roll_into_a_milestone_that_is_only_proposed() -> None:
    job = funded()("payer", w.Propose("m2", "100.00"))
    job.refused("bad-argument", "payer", e.RollOver("m1", "50.00", "m2"))


def test_what_was_released_counts_towards_the_price_like_what_is_held() -> None:
    job = Job({"milestone.start": "in_part"})("payer", e.Deposit("m1", "200.00"))("payer", e.Release("m1", "100.00"))
    assert job.now.pot("m1").lacks == usd("150.00")


def test_a_milestone_whose_money_came_twice_lacks_nothing() -> None:
    job = funded()("provider", e.ChargeBack("m1", "350.00", "cb"))("payer", e.Deposit("m1", "350.00", "pay-2"))
    job("provider", e.ReverseChargeBack("m1", "cb"))
    assert (job.balance("escrow:m1"), job.now.pot("m1").lacks.text) == ("700.00", "0.00")


def test_what_is_promised_already_cannot_be_promised_again() -> None:
    job = funded(rail="slow")("payer", e.Release("m1", "350.00"))("payee", e.RefundReleased("m1", "100.00"))
    assert job.now.pot("m1").refundable == usd("250.00")
    assert job.refused("over-held", "payee", e.RefundReleased("m1", "250.01")).most == usd("250.00")


def test_what_still_clears_can_be_claimed_once() -> None:
    rules = {"escrow.clearing": "5 days", "dispute.lookback": "180 days"}
    job = funded(rules)("payer", e.Release("m1", "100.00"))
    assert job.refused("over-claim-cap", "payer", d.Open("m1", "350.01", "bad")).most == usd("350.00")


def test_a_chargeback_that_is_reversed_pays_nobody_what_nobody_had_paid_for_it() -> None:
    job = funded()("payer", e.Release("m1", "350.00"), 1)("provider", e.ChargeBack("m1", "350.00", "cb"), 2)
    job("provider", e.ReverseChargeBack("m1", "cb"), 3)
    assert (job.net("payer"), job.net("payee"), job.net("platform")) == ("-350.00", "350.00", "0.00")


# -- the processing fee ----------------------------------------------------------------------------------------------

PROCESSING = {"escrow.processing_fee": {"rate": "3%", "returned": "while_held"}}


@pytest.mark.parametrize(
    ("by", "before", "payer"),
    [
        ("payer", e.RollOver("m1", "150.00", "m2"), "-255.25"),
        ("provider", e.ChargeBack("m1", "150.00", "cb"), "-105.25"),
        ("payee", e.Refund("m1", "150.00"), "-103.00"),
    ],
)
def test_of_the_processing_fee_comes_back_the_part_of_what_is_refunded_of_what_stayed(
    by: str, before: ek.table.Command, payer: str
) -> None:
    """10.50 were paid on 350.00. Of the 200.00 that stayed half goes back; refunds are parts of one."""
    job = funded(PROCESSING, milestones=TWO)(by, before)("payee", e.Refund("m1", "100.00"))
    assert job.net("payer") == payer


# -- who lost by its own silence -------------------------------------------------------------------------------------


def suspended(job: Job) -> list[str]:
    return [side for side in ("payer", "payee") if job.state(f"conduct.{side}") == "suspended"]


def test_an_award_without_a_fee_is_nobodys_default() -> None:
    job = hearing(SUSPENDS)("arbitrator", a.Award("m1", "100.00", "so"))
    assert suspended(job) == []


@pytest.mark.parametrize(("by", "silent"), [("payer", "payee"), ("payee", "payer")])
def test_a_silence_by_which_a_side_got_everything_is_no_default(by: str, silent: str) -> None:
    gets = {f"dispute.answer.{silent}.on_silence": silent}
    assert suspended(disputed({**SUSPENDS, **gets}, by=by).wait(20)) == []
    assert suspended(disputed({**SUSPENDS, f"dispute.answer.{silent}.on_silence": "halves"}, by=by).wait(20)) == [
        silent
    ]


# -- rulings ---------------------------------------------------------------------------------------------------------


def test_a_fee_that_is_paid_outside_has_its_shares() -> None:
    shares = contested({**SHARED, "arbitration.fee.model": "external"}).now.pot("m1").fee_shares
    assert shares == {"payer": usd("20.00"), "payee": usd("20.00")}


def test_where_the_fee_is_taken_out_of_the_pot_all_is_what_it_leaves() -> None:
    rules = {
        "arbitration.fee.model": "from_pot",
        "arbitration.fee.rate": "10%",
        "arbitration.award.menu": "all_or_nothing",
    }
    assert hearing(rules).now.pot("m1").award_menu == frozenset({usd("0.00"), usd("315.00")})
    assert hearing(rules)("arbitrator", a.Award("m1", "315.00", "so")).net("payee") == "315.00"


def claimed(rules: dict[str, Any], *, payer: str, payee: str) -> Job:
    """A hearing of these two claims, after a hundred were charged back."""
    job = submitted(rules)("provider", e.ChargeBack("m1", "100.00", "cb"), 2)
    job("payer", d.Open("m1", payer, "bad"), 2)("payee", d.Contest("m1", payee), 3)
    for side in ("payer", "payee"):
        job(side, a.PayFee("m1", "own", "20.00"))
    return job("platform", a.Appoint("m1", "art"), job.now.deadlines()[0][0])


def test_where_the_stake_grew_until_it_holds_both_claims_nobody_loses_and_both_bear_the_fee() -> None:
    job = claimed(BY_LOSS, payer="150.00", payee="200.00")("provider", e.ReverseChargeBack("m1", "cb"))
    job("arbitrator", a.Award("m1", "175.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == ("-185.00", "165.00", "20.00")


def test_each_side_loses_what_it_did_not_get_of_its_own_claim() -> None:
    """Of 250.00 the payer claims 100.00 and the payee 200.00: each misses 25.00."""
    job = claimed(BY_LOSS, payer="100.00", payee="200.00")("arbitrator", a.Award("m1", "175.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == ("-185.00", "165.00", "20.00")


def test_an_award_whose_stake_is_seized_before_it_is_final_has_its_fee_earned() -> None:
    rules = {**BY_LOSS, "arbitration.appeal.within": "5 days"}
    job = hearing(rules)("arbitrator", a.Award("m1", "100.00", "so"))("platform", e.Seize("m1", "authority", "fraud"))
    assert (job.net("authority"), job.net("arbitrator"), job.now.held().text) == ("350.00", "20.00", "0.00")


def test_nobody_has_won_where_the_arbitrator_refused_whoever_gets_the_stake() -> None:
    rules = {**SHARED, "arbitration.fee.refund": "winner", "arbitration.refusal.divide": "payee"}
    job = hearing(rules)("arbitrator", a.Refuse("m1", "no law"))
    assert (job.now.pot("m1").winner, job.net("payer"), job.net("payee")) == (None, "-360.00", "340.00")


@pytest.mark.parametrize(("gets", "payer", "payee"), [("payer", "-20.00", "0.00"), ("payee", "-350.00", "330.00")])
def test_after_a_refusal_the_fee_is_borne_as_the_stake_is_divided(gets: str, payer: str, payee: str) -> None:
    job = hearing({**BY_LOSS, "arbitration.refusal.divide": gets})("arbitrator", a.Refuse("m1", "no law"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == (payer, payee, "20.00")


def test_after_a_refusal_both_bear_the_fee_alike_where_the_stake_is_halved_however_a_cent_was_rounded() -> None:
    rules = {**BY_LOSS, "arbitration.eligible.stake_from": "0.01 USD", "arbitration.refusal.divide": "halves"}
    job = funded(rules)("payer", e.Release("m1", "349.99"))
    job("payer", d.Open("m1", "0.01", "bad"), 2)("payee", d.Contest("m1", "0.01"), 3)
    for side in ("payer", "payee"):
        job(side, a.PayFee("m1", "own", "20.00"))
    job("platform", a.Appoint("m1", "art"), job.now.deadlines()[0][0])("arbitrator", a.Refuse("m1", "no law"))
    assert (job.net("payer"), job.net("payee")) == ("-359.99", "339.99")


# -- clocks that wait ------------------------------------------------------------------------------------------------


def disputed_over(job: Job) -> Job:
    return job("payer", d.Open("m1", "350.00", "bad"), 3)


def test_the_clocks_of_the_work_wait_while_a_cancel_request_waits_for_its_answer() -> None:
    job = submitted()("payer", w.RequestCancel("m1", "100.00"), 2)
    assert job.now.pot("m1").waits == {"request": ((day(2), None),)}
    assert disputed_over(job).now.pot("m1").is_paused("request")
    job = submitted()("payer", w.RequestCancel("m1", "100.00"), 2)("payee", w.AgreeCancel("m1", "100.00"), 3)
    assert not job.now.pot("m1").is_paused("request")


def test_two_holds_move_a_deadline_by_both() -> None:
    job = submitted()
    for start, end in ((2, 4), (6, 7)):
        job("platform", e.Hold("m1", "look"), start)("platform", e.Lift("m1"), end)
    assert job.now.deadlines()[0][0] == day(1 + 14 + 3)


def test_lateness_waits_while_a_cancel_request_waits_for_its_answer() -> None:
    late = {"milestone.late": {"after": "2 days", "right": ["payer"]}}
    job = funded(late, milestones=[{"id": "m1", "price": "350.00", "due": day(10)}])
    assert job.now.pot("m1").late_at == day(12)
    job("payer", w.RequestCancel("m1", "100.00"), 10.5)("payer", w.WithdrawCancel("m1"), 11.5)
    assert job.now.pot("m1").late_at == day(13)


def test_time_does_not_meet_a_release_condition_while_the_platform_holds_the_money() -> None:
    own = {"id": "m1", "price": "350.00", "release_when": conditions.elapsed("10 days", "active")}
    job = funded(milestones=[own])("platform", e.Hold("m1", "look"), 2)
    assert job.now.pot("m1").condition_due is None
    assert job("platform", e.Lift("m1"), 5).now.pot("m1").condition_due == day(13)


def test_a_condition_that_was_met_while_a_cancel_request_waited_is_due_once_that_is_taken_back() -> None:
    own = {"id": "m1", "price": "350.00", "release_when": conditions.attested("landed", "witness:eve")}
    job = funded(milestones=[own])("payer", w.RequestCancel("m1", "100.00"), 1)(
        "witness:eve", w.Attest("m1", "landed"), 2
    )
    job("payer", w.WithdrawCancel("m1"), 3)
    assert job.now.pot("m1").condition_due == day(3)
    assert job.wait(3).state("milestone") == "completed"


# -- clocks that are extended ----------------------------------------------------------------------------------------


def test_a_clock_of_a_stage_is_extended_by_its_bare_name_and_no_other_clock_is() -> None:
    rules = {**MEDIATED, **EXTENDED, "escrow.hold_limit": {"within": "300 days", "on_expiry": "halves"}}
    job = contested(rules)("platform", m.Assign("m1", "mia"), 4)
    for clock in (
        "arbitration.award",
        "award",
        "escrow.hold_limit",
        "hold_limit",
        "dispute.answer",
        "mediation.longest",
    ):
        job.refused("bad-argument", "platform", d.Extend("m1", clock, "1 day", "ill"))
    (extended,) = job("platform", d.Extend("m1", "recommend", "1 day", "ill")).last.events
    assert isinstance(extended, d.Extended)
    assert extended.clock == "mediation.recommend"
    assert job.now.deadlines()[0][0] == day(4 + 7 + 1)
    heard = hearing(EXTENDED)("platform", d.Extend("m1", "award", "1 day", "ill"), 5)
    assert heard.now.deadlines()[0][0] == day(4 + 30 + 1)


def test_answer_windows_that_an_extension_brings_to_one_end_pass_together() -> None:
    """On a Saturday and on a Sunday, both moved to Monday."""
    windows = {"dispute.answer.payer.within": "1 day", "dispute.answer.payee.within": "2 days"}
    job = submitted({**EXTENDED, **windows, "dispute.answer.opener_too": True})(
        "payer", d.Open("m1", "350.00", "bad"), 7
    )
    assert not job.now.pot("m1").answer_due_together
    job("platform", d.Extend("m1", "answer", "1 business day", "ill"))
    assert job.now.pot("m1").answer_due_together
    assert job.wait(job.now.deadlines()[0][0]).net("payee") == "175.00"
