"""A claim over a milestone: every rule in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

import escrowkit as ek
from escrowkit.clocks import running
from escrowkit.duties import who_must_act
from escrowkit.machines import dispute as d
from escrowkit.machines import escrow as e
from helpers import FREE, MEDIATED, MICRO, SHARED, Job, contested, day, disputed, funded, hearing, submitted

ALONE: dict[str, Any] = {"dispute.stages": []}
LOOKBACK = {**ALONE, "dispute.lookback": "30 days"}


# -- opening ---------------------------------------------------------------------------------------------------------


def test_a_dispute_freezes_this_milestone_and_no_other() -> None:
    """G12: a dispute over one milestone blocks no other."""
    job = Job(milestones=(("m1", "350.00"), ("m2", "100.00")))
    for id_, price in (("m1", "350.00"), ("m2", "100.00")):
        job("payer", e.Deposit(id_, price))
    job("payer", d.Open("m1", "350.00", "why"))
    assert (job.state("escrow"), job.state("milestone"), job.state("escrow.m2")) == ("frozen", "disputed", "held")
    job("payee", ek.milestone.Submit("m2", "zip"))("payer", ek.milestone.Approve("m2", "zip"))
    assert job.net("payee") == "100.00"


def test_there_must_be_something_to_claim_and_no_more_is_claimed() -> None:
    """F8, G3: no dispute over nothing."""
    refused = Job().refused("over-claim-cap", "payer", d.Open("m1", "1.00", "why"))
    assert str(refused.most) == "0.00 USD"
    assert str(funded().refused("over-claim-cap", "payee", d.Open("m1", "350.01", "why")).most) == "350.00 USD"
    funded().refused("bad-argument", "payer", d.Open("m1"))
    funded().refused("bad-amount", "payer", d.Open("m1", "0.00"))


def test_who_may_not_open_is_told_that_before_anything_about_sums() -> None:
    """F16: the list of refusals is an order."""
    job = funded()
    for claim in ("0.00", "1.00 EUR", "350.01", "1.00"):
        job.refused("not-your-move", "platform", d.Open("m1", claim, "why"))
    for by in ("provider", "stranger", "mediator", "arbitrator", "clock", "rules"):
        job.refused("not-your-move", by, d.Open("m1", "1.00", "why"))


def test_the_rulebook_says_in_which_states_and_from_when_a_dispute_opens() -> None:
    """D15: too early is refused here, not in a front end."""
    only = {**ALONE, "dispute.open_in": ["submitted"]}
    funded(only).refused("not-now", "payer", d.Open("m1", "1.00", "why"))
    assert submitted(only)("payer", d.Open("m1", "1.00", "why")).state("dispute") == "opened"
    wait = {**ALONE, "dispute.open_after": {"period": "3 days", "since": "submitted"}}
    job = submitted(wait)
    assert job.refused("not-now", "payer", d.Open("m1", "1.00", "why"), day(4) - MICRO).until == day(4)
    assert job("payer", d.Open("m1", "1.00", "why"), 4).state("dispute") == "opened"
    assert funded(wait)("payer", d.Open("m1", "1.00", "why")).state("dispute") == "opened"


@pytest.mark.parametrize(("reopen", "same", "next_"), [
    ("never", "not-now", "not-now"),
    ("once_a_submission", "not-now", None),
    ("always", None, None),
])  # fmt: skip
def test_whether_a_milestone_can_be_disputed_again_is_the_rulebooks(
    reopen: str, same: str | None, next_: str | None
) -> None:
    def again(code: str | None, job: Job) -> None:
        opening = d.Open("m1", "350.00", "again")
        if code is None:
            assert job("payer", opening).now.state("dispute.m1/2") == "opened"
        else:
            job.refused(code, "payer", opening)

    rules = {**ALONE, "dispute.reopen": reopen}
    again(same, disputed(rules)("payer", d.Withdraw("m1"), 3))
    later = disputed(rules)("payer", d.Withdraw("m1"), 3)("payer", ek.milestone.RequestChanges("m1", "x"), 3)
    again(next_, later("payee", ek.milestone.Submit("m1", "zip2"), 4))


def test_the_payer_may_claim_what_was_released_within_the_look_back_window() -> None:
    job = submitted(LOOKBACK)("payer", e.Release("m1", "200.00"), 2)
    job.refused("over-claim-cap", "payee", d.Open("m1", "150.01", "why"))
    assert job("payer", d.Open("m1", "300.00", "why"), 3).now.pot("m1").stake.text == "300.00"
    late = submitted(LOOKBACK)("payer", e.Release("m1", "350.00"), 2)
    assert late("payer", d.Open("m1", "1.00", "why"), day(32) - MICRO).state("dispute") == "opened"
    gone = submitted(LOOKBACK)("payer", e.Release("m1", "350.00"), 2)
    gone.refused("over-claim-cap", "payer", d.Open("m1", "1.00", "why"), 32)


def test_a_platform_that_opens_claims_for_nobody_and_may_withdraw() -> None:
    job = submitted({**ALONE, "dispute.open_by": ["platform", "witness"]})("platform", d.Open("m1", "1.00", "odd"), 2)
    assert job.now.pot("m1").opener is None
    job.refused("not-your-move", "payer", d.Withdraw("m1"))
    assert job("platform", d.Withdraw("m1")).state("milestone") == "submitted"


# -- answering -------------------------------------------------------------------------------------------------------


def test_default_gives_the_winner_its_claim_and_the_other_the_rest() -> None:
    """D1, D7: the clock is the one of the side that must act; at the instant itself it has passed."""
    job = disputed(ALONE, claim="300.00")
    assert job.wait(day(9) - MICRO).state("dispute") == "opened"
    late = job.refused("no-such-move", "payee", d.Contest("m1"), 9)
    assert late.decision is not None
    assert (job.state("dispute"), job.net("payer"), job.net("payee")) == ("defaulted", "-50.00", "50.00")
    assert job.outcome == ("respondent_silent", "procedure")
    other = disputed(ALONE, by="payee", claim="300.00").wait(9)
    assert (other.net("payee"), other.state("milestone")) == ("300.00", "completed")


def test_answering_one_microsecond_before_the_end_is_in_time() -> None:
    assert disputed(ALONE)("payee", d.Contest("m1"), day(9) - MICRO).state("dispute") == "contested"


def test_a_concession_repeats_the_claim() -> None:
    job = disputed(ALONE, claim="300.00")
    job.refused("terms-changed", "payee", d.Concede("m1", "350.00"))
    job.refused("not-your-move", "payer", d.Concede("m1", "300.00"))
    job("payee", d.Concede("m1", "300.00"))
    assert (job.state("dispute"), job.net("payee"), job.outcome) == (
        "settled",
        "50.00",
        ("claim_conceded", "agreement"),
    )
    whole = disputed(ALONE)("payee", d.Concede("m1", "350.00"))
    assert (whole.state("milestone"), whole.net("payer")) == ("cancelled", "0.00")


def test_a_counter_claim_that_leaves_the_other_all_it_asks_is_a_concession_and_not_an_answer() -> None:
    job = disputed(ALONE, claim="300.00")
    job.refused("bad-amount", "payee", d.Contest("m1", "50.00"))
    job.refused("over-claim-cap", "payee", d.Contest("m1", "350.01"))
    job.refused("not-your-move", "payer", d.Contest("m1"))
    assert job("payee", d.Contest("m1", "50.01")).state("dispute") == "contested"


def test_silence_may_count_as_contesting_or_move_the_money_elsewhere() -> None:
    assert disputed({**ALONE, "dispute.answer.payee.on_silence": "contested"}).wait(9).state("dispute") == "contested"
    assert disputed({**ALONE, "dispute.answer.payee.on_silence": "halves"}).wait(9).net("payee") == "175.00"


def test_where_nobody_must_answer_a_dispute_is_contested_at_once() -> None:
    rules = {**ALONE, "dispute.answer": {"payer": {"since": "opened"}, "payee": {"since": "opened"}}}
    assert disputed(rules).state("dispute") == "contested"


def test_an_opener_may_have_to_answer_as_well_and_the_first_silence_decides() -> None:
    rules = {**ALONE, "dispute.answer.opener_too": True, "dispute.answer.payer.within": "3 days"}
    job = disputed(rules)
    job("payee", d.Contest("m1"), 3)
    assert job.state("dispute") == "opened"
    assert (job.wait(5).state("dispute"), job.net("payee")) == ("defaulted", "350.00")
    both = disputed({**rules, "dispute.answer.payer.within": "7 days"})
    assert (both.wait(9).net("payee"), both.outcome[0]) == ("175.00", "respondent_silent")
    first = disputed(rules)
    assert first.wait(5).net("payee") == "350.00"


def test_of_two_that_have_not_answered_the_one_whose_window_ends_first_must_act_or_both_if_they_end_at_once() -> None:
    def who(**windows: str) -> tuple[str, ...]:
        rules = {**ALONE, **{f"dispute.answer.{side}.within": within for side, within in windows.items()}}
        pot = disputed({**rules, "dispute.answer.opener_too": True}).now.pot("m1")
        return next(who_must_act(pot, clock) for _, clock in running(pot) if clock.name == "answer")

    assert who(payer="3 days", payee="7 days") == ("payer",)
    assert who(payer="8 days", payee="7 days") == ("payee",)
    assert set(who(payer="7 days", payee="7 days")) == {"payer", "payee"}


def test_answer_windows_may_run_from_the_escalation() -> None:
    rules = {
        **MEDIATED,
        "dispute.escalate": {"when": "by a party", "by": ["payer"], "after": "1 day", "from_opened": True},
        "dispute.answer.payee.since": "escalated",
    }
    job = disputed(rules)
    assert job.wait(40).state("dispute") == "opened"
    job("payer", d.Escalate("m1"), 41)
    assert (job.state("dispute"), job.state("mediation")) == ("opened", None)
    assert job.now.deadlines()[0][0] == day(48)
    assert job.refused("not-now", "payer", d.Escalate("m1"), day(42) - MICRO).until == day(42)
    assert job("payer", d.Escalate("m1"), 42).state("dispute") == "mediated"
    silent = disputed(rules)("payer", d.Escalate("m1"), 4)
    assert silent.wait(11).state("dispute") == "defaulted"


# -- offers ----------------------------------------------------------------------------------------------------------


def test_an_offer_settles_when_the_other_repeats_it() -> None:
    job = contested(ALONE)("payer", d.Offer("m1", "100.00"))
    job.refused("terms-changed", "payee", d.AcceptOffer("m1", "100.01"))
    job.refused("not-your-move", "payer", d.AcceptOffer("m1", "100.00"))
    job.refused("not-your-move", "payer", d.DeclineOffer("m1", "100.00"))
    job("payee", d.AcceptOffer("m1", "100.00"))
    assert (job.state("dispute"), job.net("payee"), job.outcome) == (
        "settled",
        "100.00",
        ("settlement_agreed", "agreement"),
    )


def test_an_offer_of_nothing_and_no_offer_differ() -> None:
    """G1: an offer of 0 is an offer, and no offer cannot be accepted."""
    contested(ALONE).refused("not-now", "payee", d.AcceptOffer("m1", "0.00"))
    job = contested(ALONE)("payee", d.Offer("m1", "0.00"))("payer", d.AcceptOffer("m1", "0.00"))
    assert (job.state("dispute"), job.net("payer")) == ("settled", "0.00")


def test_an_offer_lapses_or_executes_as_the_rulebook_says() -> None:
    """D12: an offer just before a deadline moves no other deadline."""
    job = contested(ALONE)("payer", d.Offer("m1", "100.00"), 4)
    assert job.wait(day(11) - MICRO)("payee", d.AcceptOffer("m1", "100.00")).state("dispute") == "settled"
    late = contested(ALONE)("payer", d.Offer("m1", "100.00"), 4)
    late.refused("not-now", "payee", d.AcceptOffer("m1", "100.00"), 11)
    executes = contested({**ALONE, "dispute.offers.on_silence": "as_asked"})("payer", d.Offer("m1", "100.00"), 4).wait(
        11
    )
    assert (executes.net("payee"), executes.outcome) == ("100.00", ("offer_lapsed", "procedure"))


def test_an_offer_moves_no_deadline_of_the_dispute() -> None:
    """D12: who has not answered by the deadline lost by it, though an offer still stands."""
    job = disputed(ALONE)
    due = job.now.deadlines()[0][0]
    job("payer", d.Offer("m1", "100.00"), due - MICRO)
    assert (job.wait(due).state("dispute"), job.outcome) == ("defaulted", ("respondent_silent", "procedure"))


def test_offers_are_within_the_stake_and_their_rounds_and_turns_the_rulebooks() -> None:
    """D11: rounds are capped, so that nobody plays ping-pong without end."""
    contested(ALONE).refused("bad-amount", "payer", d.Offer("m1", "350.01"))
    job = contested({**ALONE, "dispute.offers.rounds": 1, "dispute.offers.turns": "alternate"})
    job("payer", d.Offer("m1", "100.00"))("payee", d.Offer("m1", "200.00"))
    job.refused("not-now", "payer", d.Offer("m1", "150.00"))
    turns = contested({**ALONE, "dispute.offers.turns": "alternate"})("payer", d.Offer("m1", "100.00"))
    turns.refused("not-now", "payer", d.Offer("m1", "110.00"))


def test_a_declined_offer_is_gone_and_a_new_one_replaces_the_old() -> None:
    job = contested(ALONE)("payer", d.Offer("m1", "100.00"))("payee", d.DeclineOffer("m1", "100.00"))
    job.refused("not-now", "payee", d.AcceptOffer("m1", "100.00"))
    job("payer", d.Offer("m1", "110.00"))("payer", d.Offer("m1", "120.00"))
    job.refused("terms-changed", "payee", d.AcceptOffer("m1", "110.00"))
    assert job("payee", d.AcceptOffer("m1", "120.00")).net("payee") == "120.00"


def test_an_offer_that_was_replaced_lapses_no_more() -> None:
    job = contested(ALONE)("payer", d.Offer("m1", "100.00"), 4)("payer", d.Offer("m1", "120.00"), 6)
    assert job.wait(day(13) - MICRO).events == []
    assert job.wait(13).events == ["dispute.offer_lapsed"]


def test_who_declines_an_offer_leaves_an_own_one_standing() -> None:
    job = contested(ALONE)("payer", d.Offer("m1", "100.00"))("payee", d.Offer("m1", "200.00"))
    job("payer", d.DeclineOffer("m1", "200.00"))
    assert job("payee", d.AcceptOffer("m1", "100.00")).net("payee") == "100.00"


# -- withdrawing, evidence, extending --------------------------------------------------------------------------------


def test_who_opened_may_withdraw_while_nothing_was_heard() -> None:
    """G14: there is a way back."""
    job = contested(ALONE)
    job.refused("not-your-move", "payee", d.Withdraw("m1"))
    assert job("payer", d.Withdraw("m1")).state("milestone") == "submitted"
    hearing().refused("not-now", "payer", d.Withdraw("m1"))


def test_evidence_is_added_while_the_dispute_is_open_and_never_taken_away() -> None:
    """G20: evidence belongs to a dispute, and to its parties."""
    job = contested(ALONE)("payee", d.AddEvidence("m1", "sha256:1", "contract"))(
        "platform", d.AddEvidence("m1", "sha256:2", "chat", False)
    )
    dispute = job.now.pot("m1").dispute
    assert dispute is not None
    assert [(p.by, p.digest, p.admissible) for p in dispute.evidence] == [
        ("payee", "sha256:1", True),
        ("platform", "sha256:2", False),
    ]
    job.refused("not-your-move", "stranger", d.AddEvidence("m1", "x", "y"))
    job("payer", d.Withdraw("m1")).refused("no-such-move", "payee", d.AddEvidence("m1", "x", "y"))
    hearing({"dispute.evidence.until": "arbitrated"}).refused("not-now", "payer", d.AddEvidence("m1", "x", "y"))
    before = contested({**FREE, "dispute.evidence.until": "arbitrated", "dispute.escalate.when": "by a party"})
    assert before("payer", d.AddEvidence("m1", "x", "y")).events == ["dispute.evidence_added"]
    late = hearing({"dispute.evidence.until": "end"})
    assert late("payer", d.AddEvidence("m1", "x", "y")).events == ["dispute.evidence_added"]


def test_a_clock_is_extended_within_the_limits_for_both_sides_alike() -> None:
    rules = {**ALONE, "dispute.extend": {"by": ["platform"], "step": "5 days", "most": 1}}
    job = disputed(rules)
    job.refused("not-your-move", "mediator", d.Extend("m1", "answer", "1 day", "ill"))
    job.refused("bad-argument", "platform", d.Extend("m1", "longest", "1 day", "ill"))
    job.refused("bad-argument", "platform", d.Extend("m1", "award", "1 day", "ill"))
    job.refused("not-now", "platform", d.Extend("m1", "answer", "6 days", "ill"))
    job("platform", d.Extend("m1", "answer", "5 days", "ill"))
    assert job.now.deadlines()[0][0] == day(14)
    job.refused("not-now", "platform", d.Extend("m1", "dispute.answer", "1 day", "ill"))
    free = {**ALONE, "dispute.extend": {"by": ["mediator"], "most": 2}}
    assert disputed(free)("mediator", d.Extend("m1", "dispute.answer", "40 days", "ill")).now.deadlines()[0][0] == day(
        49
    )


# -- stages ----------------------------------------------------------------------------------------------------------


def test_where_it_says_at_once_nobody_else_escalates() -> None:
    assert contested(MEDIATED).state("dispute") == "mediated"
    disputed(MEDIATED).refused("not-your-move", "payer", d.Escalate("m1"))


def test_a_party_escalates_where_the_rulebook_leaves_it_to_them() -> None:
    by_party = {
        **MEDIATED,
        "dispute.stages": ["mediation", "arbitration"],
        **{k: v for k, v in FREE.items() if k != "dispute.stages"},
    }
    rules = {**by_party, "dispute.escalate": {"when": "by a party", "by": ["payer", "payee"]}}
    disputed(rules).refused("not-now", "payer", d.Escalate("m1"))
    job = contested(rules)
    job.refused("not-your-move", "mediator", d.Escalate("m1"))
    job("payee", d.Escalate("m1"), 4)
    assert job.state("dispute") == "mediated"
    job.refused("not-now", "payee", d.Escalate("m1"))
    job("platform", ek.mediation.Assign("m1", "mia"))("mediator", ek.mediation.Fail("m1", "no way"))
    assert job.state("dispute") == "mediated"
    assert job("payer", d.Escalate("m1")).state("dispute") == "arbitrated"
    contested({**rules, "dispute.stages": []}).refused("not-now", "payer", d.Escalate("m1"))


SMALL = {"arbitration.small_pot.up_to": "350.00 USD", "arbitration.small_pot.divide": "halves"}


def test_a_small_pot_is_divided_without_a_ruling() -> None:
    assert contested({**FREE, **SMALL}).outcome == ("small_pot_divided", "procedure")
    assert contested({**FREE, **SMALL, "arbitration.small_pot.up_to": "349.99 USD"}).state("dispute") == "arbitrated"
    both = contested({**FREE, **SMALL, **MEDIATED, "dispute.stages": ["mediation", "arbitration"]})
    both("platform", ek.mediation.Assign("m1", "mia"))("mediator", ek.mediation.Fail("m1", "no way"))
    assert both.outcome == ("small_pot_divided", "procedure")
    rules = {**FREE, **SMALL, "dispute.escalate": {"when": "by a party", "by": ["payer"], "from_opened": True}}
    assert disputed(rules)("payer", d.Escalate("m1")).outcome == ("small_pot_divided", "procedure")
    large = {**rules, "arbitration.small_pot.up_to": "1.00 USD"}
    assert disputed(large)("payer", d.Escalate("m1")).state("dispute") == "arbitrated"


def test_a_stake_below_the_smallest_is_not_arbitrated() -> None:
    rules = {**FREE, "arbitration.eligible.stake_from": "350.01 USD"}
    assert contested(rules).state("dispute") == "contested"
    assert contested({**FREE, "arbitration.eligible.stake_from": "350.00 USD"}).state("dispute") == "arbitrated"


def test_a_dispute_has_a_longest_life() -> None:
    """B2, B17: without any neutral it ends all the same."""
    job = contested(ALONE)
    assert job.wait(day(92) - MICRO).state("dispute") == "contested"
    assert (job.wait(92).state("dispute"), job.outcome, job.net("payee")) == (
        "defaulted",
        ("dispute_lapsed", "procedure"),
        "175.00",
    )


# -- the stake -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("to_payee", "payee", "payer", "owed"), [
    ("350.00", "350.00", "-350.00", None),
    ("250.00", "250.00", "-250.00", None),
    ("200.00", "200.00", "-200.00", None),
    ("150.00", "200.00", "-200.00", "50.00"),
    ("0.00", "200.00", "-200.00", "200.00"),
])  # fmt: skip
def test_what_the_payee_was_already_paid_counts_first_and_the_rest_is_owed(
    to_payee: str, payee: str, payer: str, owed: str | None
) -> None:
    """An award disposes of 100 % of the stake, the part included that had been paid out."""
    rules = {**FREE, "dispute.lookback": "30 days"}
    job = submitted(rules)("payer", e.Release("m1", "200.00"), 2)("payer", d.Open("m1", "350.00", "why"), 3)
    job("payee", d.Contest("m1"))("platform", ek.arbitration.Appoint("m1", "art"))
    job("arbitrator", ek.arbitration.Award("m1", to_payee, "because"))
    assert (job.net("payee"), job.net("payer")) == (payee, payer)
    assert {pair: money.text for pair, money in job.now.owed().items()} == (
        {} if owed is None else {("payee", "payer"): owed}
    )
    assert job.state("milestone") == ("cancelled" if to_payee == "0.00" else "completed")
    assert job.state("escrow") == "settled"


def test_what_a_dispute_gave_the_payee_counts_as_released() -> None:
    """A29: it can be given back like any other release, and no more of it."""
    job = contested({**ALONE, "escrow.refund_released.within": "90 days"})("payer", d.Offer("m1", "100.00"))
    job("payee", d.AcceptOffer("m1", "100.00"))
    job.refused("over-held", "payee", e.RefundReleased("m1", "100.01"))
    assert job("payee", e.RefundReleased("m1", "100.00")).net("payer") == "0.00"


def test_what_is_owed_is_not_claimed_again() -> None:
    """A1: the same money is never awarded twice."""
    rules = {**LOOKBACK, "dispute.reopen": "always", "dispute.open_in": ["submitted", "completed", "cancelled"]}
    job = submitted(rules)("payer", e.Release("m1", "200.00"), 2)("payer", d.Open("m1", "350.00", "why"), 3)
    job("payee", d.Concede("m1", "350.00"))
    assert job.now.owed()
    job.refused("over-claim-cap", "payer", d.Open("m1", "1.00", "again"))
    job("provider", ek.obligation.Pay("m1", "wire"), 4)
    job.refused("over-claim-cap", "payer", d.Open("m1", "1.00", "again"))
    job("provider", e.ChargeBack("m1", "350.00", "cb"), 5)
    assert job.net("platform") == "-350.00"
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payer", "platform"): "350.00"}


def test_a_settled_milestone_that_is_disputed_again_stays_as_it_was() -> None:
    job = submitted(LOOKBACK)("payer", ek.milestone.Approve("m1", "zip"), 2)("payer", d.Open("m1", "100.00", "bad"), 3)
    assert (job.state("milestone"), job.state("escrow"), job.state("dispute")) == ("completed", "settled", "opened")
    job("payee", d.Concede("m1", "100.00"))
    assert (job.state("milestone"), job.state("escrow"), job.state("dispute")) == ("completed", "settled", "settled")
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "payer"): "100.00"}


def test_a_withdrawn_dispute_over_released_money_leaves_everything() -> None:
    job = submitted(LOOKBACK)("payer", ek.milestone.Approve("m1", "zip"), 2)("payer", d.Open("m1", "100.00", "bad"), 3)
    assert job("payer", d.Withdraw("m1")).state("escrow") == "settled"


def test_what_clears_is_part_of_the_stake() -> None:
    rules = {**ALONE, "escrow.clearing": "5 days"}
    job = submitted(rules)("payer", ek.milestone.Approve("m1", "zip"), 2)("payer", d.Open("m1", "100.00", "bad"), 3)
    assert (job.state("escrow"), job.now.pot("m1").stake.text) == ("frozen", "350.00")
    assert job.wait(8).balance("clearing:m1") == "350.00"
    job("payee", d.Concede("m1", "100.00"))
    assert (job.net("payer"), job.state("escrow"), job.balance("clearing:m1")) == ("-250.00", "clearing", "250.00")
    assert job.wait(20).net("payee") == "250.00"


# -- what an outcome takes back of money that has left ---------------------------------------------------------------

LOOKS_BACK = {"dispute.lookback": "30 days", "dispute.stages": ["mediation"], "mediation.power": "decide"}
FEE = {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": "10%", "dispute.advance": "platform"}


def _decided(to_payee: str, *, clearing: str = "none", claim: str = "350.00", **rules: Any) -> Job:
    """All was released on day 2, and on day 4 a mediator decides what becomes of it."""
    job = submitted({**LOOKS_BACK, "escrow.clearing": clearing, **rules})("payer", ek.escrow.Release("m1", "350.00"), 2)
    job("payer", d.Open("m1", claim, "it broke"), 3)("payee", d.Contest("m1"))
    return job("platform", ek.mediation.Assign("m1", "max"))("mediator", ek.mediation.Decide("m1", to_payee, "so"), 4)


def test_what_has_left_is_owed_to_the_payer_unless_the_platform_advances_it() -> None:
    job = _decided("100.00", **{**FEE, "dispute.advance": "nobody"})
    assert (job.now.owed()[("payee", "payer")].text, job.net("payer")) == ("250.00", "-350.00")
    job = _decided("100.00", **FEE)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "platform"): "225.00"}
    assert [owed.cause for owed in job.now.pot("m1").lane.obligations] == ["advance"]
    assert (job.net("payer"), job.net("payee"), job.net("platform")) == ("-100.00", "315.00", "-215.00")
    job("provider", ek.obligation.Pay("m1", "r1"), 9)
    assert (job.net("payer"), job.net("payee"), job.net("platform")) == ("-100.00", "90.00", "10.00")
    assert job.now.owed() == {}


def test_an_advance_gives_the_fee_back_only_where_the_rulebook_reverses_it() -> None:
    job = _decided("0.00", **{**FEE, "escrow.service_fee.on_refund": "payee"})
    assert (job.now.owed()[("payee", "platform")].text, job.net("payer")) == ("350.00", "0.00")


def test_the_platform_advances_nothing_of_what_is_still_here() -> None:
    """What clears goes back out of its security hold, and nothing is owed."""
    job = _decided("0.00", clearing="5 days", **FEE)
    assert (job.now.owed(), job.net("payer"), job.net("platform"), job.now.held().text) == ({}, "0.00", "0.00", "0.00")


def test_what_was_advanced_cannot_be_claimed_once_more() -> None:
    job = _decided("100.00", **{**FEE, "dispute.reopen": "always"})
    refused = job.refused("over-claim-cap", "payer", d.Open("m1", "100.01", "again"), 5)
    assert str(refused.most) == "100.00 USD"


def test_what_was_advanced_and_is_then_charged_back_is_the_payers_to_give_back() -> None:
    """Nobody has the same money twice."""
    job = _decided("0.00", **FEE)("provider", ek.escrow.ChargeBack("m1", "350.00", "cb-1"), 6)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {
        ("payee", "platform"): "315.00",
        ("payer", "platform"): "350.00",
    }


# -- what a dispute needs, and until when it takes evidence ----------------------------------------------------------


def test_a_dispute_may_need_a_split_proposal_that_waits() -> None:
    rules = {
        "milestone.proposal": {"within": "3 days", "on_silence": "declined"},
        "dispute.open_needs": "proposal",
        "dispute.reopen": "always",
    }
    job = submitted(rules)
    job.refused("not-now", "payer", d.Open("m1", "350.00", "x"), 1)
    job("payee", ek.milestone.RequestRelease("m1", "350.00"), 2)
    assert job.now.decide(d.Open("m1", "350.00", "x"), by="payer", at=day(5) - MICRO).agreement.state("dispute.m1")
    job.refused("not-now", "payer", d.Open("m1", "350.00", "x"), 5)


def test_evidence_may_be_admitted_until_the_fee_is_paid_in() -> None:
    def add(title: str) -> d.AddEvidence:
        return d.AddEvidence("m1", "sha256:0", title)

    job = contested({**SHARED, "arbitration.pay.order": "any", "dispute.evidence.until": "funded"})
    job("payer", add("one"))("payer", ek.arbitration.PayFee("m1", "own", "20.00"))("payee", add("two"))
    job("payee", ek.arbitration.PayFee("m1", "own", "20.00")).refused("not-now", "payer", add("three"))
    early = contested({**MEDIATED, "dispute.evidence.until": "funded"})("payer", add("one"))
    assert early.state("dispute") == "mediated"


def test_only_the_side_whose_window_is_over_has_lost_by_its_silence() -> None:
    j = funded(
        {
            "dispute.open_by": ["platform"],
            "dispute.answer.payer.within": "10 days",
            "dispute.answer.payee.within": "3 days",
            "dispute.answer.payee.on_silence": {"payer": "60%", "payee": "40%"},
            "conduct.default_suspends": True,
        }
    )
    j("platform", d.Open("m1", "350.00"), 1).wait(4)
    defaulted = next(event for event in j.last.events if event.word == "defaulted")
    assert isinstance(defaulted, d.Defaulted)
    assert defaulted.silent == ("payee",)
    assert (j.state("conduct.payer"), j.state("conduct.payee")) == ("good", "suspended")


# -- what is easily left out -----------------------------------------------------------------------------------------


def test_a_longest_life_that_is_shorter_than_the_time_to_answer_ends_it_first() -> None:
    job = disputed({**ALONE, "dispute.longest.within": "3 days"})
    assert job.wait(day(5) - MICRO).state("dispute") == "opened"
    assert (job.wait(5).state("dispute"), job.outcome[0]) == ("defaulted", "dispute_lapsed")


@pytest.mark.parametrize("state", ["opened", "mediated"])
def test_an_offer_lapses_in_whatever_state_the_dispute_is(state: str) -> None:
    slow = {"dispute.answer.payee.within": "30 days", "dispute.offers.within": "2 days", "mediation.longest": "60 days"}
    job = disputed({**MEDIATED, **slow})
    if state == "mediated":
        job("payee", d.Contest("m1"), 2)
    job("payer", d.Offer("m1", "100.00"), 2)
    assert job.state("dispute") == state
    assert job.wait(4).events == ["dispute.offer_lapsed"]


BOTH: dict[str, Any] = {**ALONE, "dispute.answer.opener_too": True}


def test_where_both_must_answer_the_first_answer_is_an_answer_like_any_other() -> None:
    job = disputed(BOTH, claim="300.00")
    assert str(job.refused("over-claim-cap", "payee", d.Contest("m1", "350.01")).most) == "350.00 USD"
    job.refused("bad-amount", "payee", d.Contest("m1", "50.00"))
    assert job("payee", d.Contest("m1", "200.00")).state("dispute") == "opened"


def test_who_need_not_answer_is_told_that_before_anything_about_sums() -> None:
    for rules in (ALONE, BOTH):
        job = disputed(rules)
        if rules is BOTH:
            job("payer", d.Contest("m1"))
        job.refused("not-your-move", "payer", d.Contest("m1", "1.00 EUR"))


# Each stage that may come next, from each state in which a party may take the dispute there.
BY_PARTY: dict[str, Any] = {"dispute.escalate": {"when": "by a party", "by": ["payer"], "after": "2 days"}}
NEXT: dict[str, dict[str, Any]] = {
    "mediated": MEDIATED,
    "arbitrated": FREE,
    "defaulted": {**FREE, "arbitration.small_pot.up_to": "500.00 USD", "arbitration.small_pot.divide": "halves"},
}


@pytest.mark.parametrize("then", NEXT)
@pytest.mark.parametrize("state", ["opened", "contested"])
def test_escalating_is_for_whom_the_rulebook_names_after_its_time(state: str, then: str) -> None:
    slow = {"dispute.answer.payee.within": "30 days", "dispute.escalate.from_opened": True}
    job = disputed({**NEXT[then], **BY_PARTY, **slow})
    if state == "contested":
        job("payee", d.Contest("m1"), 2)
    job.refused("not-your-move", "payee", d.Escalate("m1"), 5)
    job = disputed({**NEXT[then], **BY_PARTY, **slow})
    if state == "contested":
        job("payee", d.Contest("m1"), 2)
    assert job.refused("not-now", "payer", d.Escalate("m1"), day(4) - MICRO).until == day(4)
    assert job("payer", d.Escalate("m1"), 4).state("dispute") == then


def test_the_time_before_escalating_counts_from_when_the_dispute_is_contested_or_while_it_is_not_from_its_opening() -> (
    None
):
    slow = {"dispute.answer.payee.within": "30 days", "dispute.escalate.from_opened": True}
    whole = disputed({**FREE, **BY_PARTY, **slow})("payee", d.Contest("m1"), 3)
    assert whole.refused("not-now", "payer", d.Escalate("m1"), day(5) - MICRO).until == day(5)
    assert whole("payer", d.Escalate("m1"), 5).state("dispute") == "arbitrated"
    half = disputed({**FREE, **BY_PARTY, **slow, "dispute.answer.opener_too": True})("payee", d.Contest("m1"), 3)
    assert half.refused("not-now", "payer", d.Escalate("m1"), day(4) - MICRO).until == day(4)
    assert half("payer", d.Escalate("m1"), 4).state("dispute") == "arbitrated"


@pytest.mark.parametrize("then", NEXT)
def test_an_unanswered_dispute_is_escalated_only_where_the_rulebook_lets_it(then: str) -> None:
    by_party = {"dispute.escalate": {"when": "by a party", "by": ["payer"]}}
    disputed({**NEXT[then], **by_party}).refused("not-now", "payer", d.Escalate("m1"))


def test_an_answer_is_demanded_by_whom_the_rulebook_names_after_its_time() -> None:
    since = {"dispute.answer.payee.since": "escalated", "dispute.answer.payer.since": "escalated"}
    job = disputed({**ALONE, **BY_PARTY, **since})
    job.refused("not-now", "payer", d.Escalate("m1"), day(4) - MICRO)
    job.refused("not-your-move", "payee", d.Escalate("m1"), 4)
    assert job("payer", d.Escalate("m1"), 4).events == ["dispute.answer_demanded"]


STAGES: dict[str, Any] = {**FREE, "dispute.stages": ["mediation", "arbitration"], "mediation.power": "recommend"}


def mediated(rules: dict[str, Any]) -> Job:
    job = contested({**STAGES, "mediation.longest": "60 days", **rules})("payer", d.Escalate("m1"), 5)
    assert job.state("dispute") == "mediated"
    return job("platform", ek.mediation.Assign("m1", "mia"))


@pytest.mark.parametrize(("small", "then"), [({}, "arbitrated"), (SMALL, "defaulted")])
def test_after_a_failed_mediation_a_party_escalates_and_not_before(small: dict[str, Any], then: str) -> None:
    job = mediated({**BY_PARTY, **small})
    job.refused("not-now", "payer", d.Escalate("m1"), 8)
    job("mediator", ek.mediation.Fail("m1", "no way"), 8)
    job.refused("not-your-move", "payee", d.Escalate("m1"))
    assert job("payer", d.Escalate("m1")).state("dispute") == then
    early = mediated({**BY_PARTY, **small})("mediator", ek.mediation.Fail("m1", "no way"), 5)
    assert early.refused("not-now", "payer", d.Escalate("m1"), day(7) - MICRO).until == day(7)


def test_after_the_last_stage_nobody_escalates() -> None:
    last = {"dispute.stages": ["mediation"], "mediation.on_failure": "stays"}
    job = mediated({**BY_PARTY, **last})("mediator", ek.mediation.Fail("m1", "no way"), 5)
    job.refused("not-now", "payer", d.Escalate("m1"), 8)
    none = disputed({**ALONE, **BY_PARTY, "dispute.escalate.from_opened": True})
    none.refused("not-now", "payer", d.Escalate("m1"), 5)


@pytest.mark.parametrize("rules", [FREE, {**FREE, **SMALL}, MEDIATED])
def test_a_dispute_that_nobody_escalates_is_decided_where_the_rulebook_says_so(rules: dict[str, Any]) -> None:
    silent = {"when": "by a party", "within": "5 days", "on_silence": "payee"}
    job = contested({**rules, "dispute.escalate": silent}).wait(7)
    assert (job.state("dispute"), job.outcome, job.net("payee")) == (
        "defaulted",
        ("dispute_lapsed", "procedure"),
        "350.00",
    )


def opening(job: Job) -> d.Opened:
    """What the dispute that was opened last says of itself."""
    return next(event for event in reversed(job.now.events()) if isinstance(event, d.Opened))


def test_a_dispute_tells_the_mediators_power_where_there_is_mediation() -> None:
    powers = [opening(disputed({**MEDIATED, "dispute.stages": stages})).power for stages in (["mediation"], [])]
    assert powers == ["recommend", None]
    assert disputed({**ALONE, "mediation.power": "unknown"}).state("dispute") == "opened"


def test_a_dispute_tells_over_which_submission_it_is() -> None:
    job = submitted(ALONE)("payer", ek.milestone.RequestChanges("m1", "bigger"))(
        "payee", ek.milestone.Submit("m1", "2")
    )
    assert opening(job("payer", d.Open("m1", "350.00", "why"))).submission == 2
    assert opening(disputed()).submission == 1
