"""The rulebooks of six more freelance markets: what is published decides, on both sides of every boundary."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

import escrowkit as ek
from escrowkit import foresight
from escrowkit.rulebook import load
from escrowkit.story import play, read, shipped
from escrowkit.table import Command
from helpers import MICRO, Job, day

FREELANCER, GURU, FIVERR = "freelancer@undated", "guru@undated", "fiverr@undated"
AIRTASKER, CONTRA, PPH = "airtasker@undated", "contra@undated", "peopleperhour@undated"
BOOKS = (FREELANCER, GURU, FIVERR, AIRTASKER, CONTRA, PPH)
#: What each file says that its sources do not settle.
UNKNOWN = {
    FREELANCER: {"arbitration.award.within", "arbitration.award.on_silence", "arbitration.refusal.divide"},
    GURU: {
        "milestone.review.within",
        *("arbitration.award.within", "arbitration.award.on_silence", "arbitration.refusal.divide"),
    },
    FIVERR: {"mediation.on_failure"},
    AIRTASKER: {"mediation.on_failure"},
    CONTRA: {"dispute.longest.on_expiry"},
    PPH: {"mediation.on_failure"},
}


# --- what the files say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOOKS)
def test_what_is_no_more_than_an_inference_says_so_in_a_note(name: str) -> None:
    marks = load(name).sure.items()
    assert [key for key, mark in marks if mark["sure"] in ("own", "recalled") and not mark.get("note")] == []


@pytest.mark.parametrize("name", BOOKS)
def test_nothing_is_called_seen_that_has_no_document_of_the_platform(name: str) -> None:
    for key, mark in load(name).sure.items():
        assert mark["sure"] != "seen" or mark["source"].startswith(("help-", "blog-", "faq")), key
        assert (mark["source"] == "memory") == (mark["sure"] == "recalled"), key


@pytest.mark.parametrize("name", BOOKS)
def test_what_the_sources_do_not_settle_is_unknown_and_some_state_is_listed_as_open_ended_for_it(name: str) -> None:
    book = load(name)
    unknown = {key for key in book.data if not book.settled(key)}
    assert unknown == UNKNOWN[name] | {"escrow.impound.within"}
    assert "escrow.impounded (how long the platform may hold money is not published)" in book.open_ended
    assert len(book.open_ended) > 2


@pytest.mark.parametrize("name", BOOKS)
def test_a_source_without_a_date_makes_a_version_without_a_first_day(name: str) -> None:
    book = load(name)
    assert (book.version, book.applies_from) == ("undated", None)


# --- a short way to a case ----------------------------------------------------------------------------------------


def job(name: str, price: str = "400.00", **rules: Any) -> Job:
    """A milestone that is funded, due on day 10, under the rules of a platform."""
    milestone = {"id": "m1", "price": price, "due": day(10)}
    opened = Job(rules, rulebook=name, plain=False, milestones=[milestone])
    return opened("payer", ek.escrow.Deposit("m1", price))


def submitted(name: str, **rules: Any) -> Job:
    """Its work was submitted on day 1."""
    return job(name, **rules)("payee", ek.milestone.Submit("m1", "zip"), 1)


def disputed(name: str, by: str = "payer", **rules: Any) -> Job:
    """All of it is disputed on day 3, a Monday."""
    return submitted(name, **rules)(by, ek.dispute.Open("m1", "400.00", "x"), 3)


def decides(it: Job, due: datetime, code: str) -> None:
    """Just before the instant nothing has happened; at it the clock has decided, and later nothing more."""
    assert it.now.advance(due - MICRO).events == ()
    at = it.now.advance(due)
    assert at.events
    found = foresight.outcome(at.agreement, "m1")
    assert (found and found.code, found and found.at) == (code, due)
    it.wait(due)


def stays(it: Job) -> None:
    """No clock ever moves what is inside."""
    assert foresight.silence(it.now, "m1") == "nobody"


# --- Freelancer.com -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "days", "payee"), [("payer", 4, "0.00"), ("payee", 14, "400.00")])
def test_at_freelancer_the_opener_wins_if_a_freelancer_is_silent_for_4_days_or_a_client_for_14(
    by: str, days: int, payee: str
) -> None:
    it = disputed(FREELANCER, by)
    decides(it, day(3 + days), "respondent_silent")
    assert it.net("payee") == payee


def test_at_freelancer_the_opener_gets_what_it_disputed_and_no_more() -> None:
    it = submitted(FREELANCER)("payer", ek.dispute.Open("m1", "250.00", "x"), 3).wait(7)
    assert (it.net("payer"), it.net("payee")) == ("-150.00", "150.00")


def test_at_freelancer_neither_work_nor_negotiation_nor_the_last_stage_ends_by_itself() -> None:
    it = submitted(FREELANCER)
    stays(it)
    it("payer", ek.dispute.Open("m1", "400.00", "x"), 3)("payee", ek.dispute.Contest("m1"), 4)
    stays(it)
    it.refused("not-your-move", "mediator", ek.dispute.Escalate("m1"), 5)
    it("payer", ek.dispute.Escalate("m1"), 5)
    stays(it)
    assert it("payer", ek.dispute.Withdraw("m1"), 90).state("milestone") == "submitted"


def test_at_freelancer_only_the_filer_withdraws() -> None:
    it = disputed(FREELANCER)("payee", ek.dispute.Contest("m1"), 4)
    it.refused("not-your-move", "payee", ek.dispute.Withdraw("m1"))


def arbitrated(*sides: str) -> Job:
    """The freelancer took it to the last stage on day 5; these sides paid on day 6."""
    it = disputed(FREELANCER)("payee", ek.dispute.Contest("m1"), 4)("payee", ek.dispute.Escalate("m1"), 5)
    for side in sides:
        it(side, ek.arbitration.PayFee("m1", "own", "20.00"), 6)
    return it


@pytest.mark.parametrize(("side", "payee"), [("payer", "0.00"), ("payee", "400.00")])
def test_at_freelancer_who_pays_has_won_if_the_other_does_not_pay_in_four_days(side: str, payee: str) -> None:
    it = arbitrated(side)
    decides(it, day(10), "only_one_paid_fee")
    assert (it.net("payee"), it.net("platform")) == (payee, "0.00")


@pytest.mark.parametrize(
    ("price", "fee"), [("100.00", "5.00"), ("99.80", "5.00"), ("100.20", "5.01"), ("20.00", "5.00")]
)
def test_at_freelancer_each_pays_five_percent_and_at_least_five_dollars(price: str, fee: str) -> None:
    it = job(FREELANCER, price)("payer", ek.dispute.Open("m1", price, "x"), 3)("payee", ek.dispute.Contest("m1"), 4)
    it("payer", ek.dispute.Escalate("m1"), 5)("payer", ek.arbitration.PayFee("m1", "own", fee), 5)
    assert it.balance("deposit:m1/1:payer") == fee


@pytest.mark.parametrize(
    ("award", "payer", "payee"),
    [
        ("400.00", "-420.00", "400.00"),
        ("201.00", "-221.00", "201.00"),
        ("199.00", "-199.00", "179.00"),
        ("200.00", "-210.00", "190.00"),
    ],
)  # fmt: skip
def test_at_freelancer_the_winners_fee_comes_back_and_the_platform_has_twenty(
    award: str, payer: str, payee: str
) -> None:
    it = arbitrated("payer", "payee")("platform", ek.arbitration.Appoint("m1", "team"), 7)
    it("arbitrator", ek.arbitration.Award("m1", award, "So."), 8)
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == (payer, payee, "20.00")
    it.refused("no-such-move", "payer", ek.arbitration.Appeal("m1"))


def test_at_freelancer_evidence_is_admitted_until_both_have_paid() -> None:
    more = ek.dispute.AddEvidence("m1", "sha256:0", "A chat")
    arbitrated("payer")("payee", more)
    arbitrated("payer", "payee").refused("not-now", "payee", more)


def test_at_freelancer_what_was_released_cannot_be_disputed() -> None:
    it = submitted(FREELANCER)("payer", ek.escrow.Release("m1", "400.00"), 2)
    it.refused("over-claim-cap", "payer", ek.dispute.Open("m1", "400.00", "x"), 3)


# --- Guru ---------------------------------------------------------------------------------------------------------


def asked(by: str = "payee", to_payee: str = "300.00", **rules: Any) -> Job:
    """One side asks for a release on day 2."""
    return job(GURU, **rules)(by, ek.milestone.RequestRelease("m1", to_payee), 2)


def test_at_guru_each_side_releases_to_the_other_alone() -> None:
    it = job(GURU)
    it.refused("not-your-move", "payee", ek.escrow.Release("m1", "1.00"))
    it.refused("not-your-move", "payer", ek.escrow.Refund("m1", "1.00"))
    it("payer", ek.escrow.Release("m1", "100.00"))("payee", ek.escrow.Refund("m1", "300.00"))
    assert (it.net("payer"), it.net("payee")) == ("-100.00", "100.00")


@pytest.mark.parametrize("by", ["payer", "payee"])
def test_at_guru_a_request_that_is_not_answered_in_seven_days_is_executed_as_asked(by: str) -> None:
    it = asked(by)
    decides(it, day(9), "proposal_lapsed")
    assert (it.net("payer"), it.net("payee")) == ("-300.00", "300.00")


def test_at_guru_without_a_request_money_stays_and_nobody_arbitrates() -> None:
    it = submitted(GURU)
    stays(it)
    it.refused("not-now", "payer", ek.dispute.Open("m1", "400.00", "x"), 2)


def test_at_guru_who_says_nothing_to_an_arbitration_in_two_business_days_loses_nothing_by_it() -> None:
    it = asked()("payer", ek.dispute.Open("m1", "400.00", "x"), 3)
    assert it.wait(day(5) - MICRO).state("dispute") == "opened"
    assert (it.wait(5).state("dispute"), it.state("arbitration")) == ("arbitrated", "funded")
    stays(it)


@pytest.mark.parametrize(
    ("price", "fee"), [("1000.00", "50.00"), ("500.00", "25.00"), ("500.20", "25.01"), ("50.01", "25.00")]
)
def test_at_guru_the_fee_is_five_percent_of_the_pot_and_at_least_25(price: str, fee: str) -> None:
    it = asked(price=price, to_payee="1.00")("payer", ek.dispute.Open("m1", price, "x"), 3)(
        "payee", ek.dispute.Contest("m1")
    )
    it("platform", ek.arbitration.Appoint("m1", "team"))("arbitrator", ek.arbitration.Award("m1", "0.00", "So."))
    assert (it.net("platform"), it.net("payer")) == (fee, f"-{fee}")
    it.refused("no-such-move", "payee", ek.arbitration.Appeal("m1"))


@pytest.mark.parametrize(("price", "payee"), [("50.00", "25.00"), ("49.99", "24.99"), ("0.01", "0.00")])
def test_at_guru_a_pot_of_fifty_or_less_is_split_without_a_fee(price: str, payee: str) -> None:
    it = asked(price=price, to_payee="0.01")("payer", ek.dispute.Open("m1", price, "x"), 3)(
        "payee", ek.dispute.Contest("m1")
    )
    assert it.outcome == ("small_pot_divided", "procedure")
    assert (it.net("payee"), it.net("platform")) == (payee, "0.00")


def test_at_guru_an_automatic_payment_moves_by_seven_days_at_a_time_until_it_is_locked() -> None:
    it = submitted(GURU, **{"milestone.review.within": "10 days"})
    it("payer", ek.milestone.Delay("m1"), 2)("payer", ek.milestone.Delay("m1"), 3)
    it("payee", ek.milestone.LockDelay("m1"), 4).refused("not-now", "payer", ek.milestone.Delay("m1"), 5)
    decides(it, day(25), "review_lapsed")


def test_at_guru_the_day_of_an_automatic_payment_is_not_the_rulebooks_to_say() -> None:
    stays(submitted(GURU))


# --- Fiverr -------------------------------------------------------------------------------------------------------


def test_at_fiverr_a_delivery_is_accepted_by_three_days_of_silence() -> None:
    decides(submitted(FIVERR), day(4), "review_lapsed")


def test_at_fiverr_money_clears_for_fourteen_days_less_a_fifth() -> None:
    it = submitted(FIVERR).wait(4)
    assert (it.balance("clearing:m1"), it.net("platform")) == ("320.00", "80.00")
    assert it.wait(day(18) - MICRO).net("payee") == "0.00"
    assert it.wait(18).net("payee") == "320.00"


def test_at_fiverr_a_buyer_cancels_alone_when_an_order_is_late_by_24_hours() -> None:
    cancel = ek.milestone.Cancel("m1")
    it = job(FIVERR)
    refused = it.refused("not-now", "payer", cancel, day(11) - MICRO)
    assert refused.until == day(11)
    it("payer", cancel, 11)
    assert (it.state("milestone"), it.net("payer"), it.outcome) == (
        "cancelled",
        "0.00",
        ("late_cancelled", "procedure"),
    )
    stays(job(FIVERR))  # nobody is made to cancel


@pytest.mark.parametrize("by", ["payer", "payee"])
def test_at_fiverr_a_mutual_cancellation_stands_for_48_hours(by: str) -> None:
    it = job(FIVERR)(by, ek.milestone.RequestCancel("m1", "400.00"), 2)
    decides(it, day(4), "cancel_lapsed")
    assert it.net("payer") == "0.00"


@pytest.mark.parametrize(("by", "other"), [("payer", "payee"), ("payee", "payer")])
def test_at_fiverr_a_mutual_cancellation_can_be_agreed_to_or_declined(by: str, other: str) -> None:
    def cancelling() -> Job:
        return job(FIVERR)(by, ek.milestone.RequestCancel("m1", "400.00"), 2)

    assert cancelling()(other, ek.milestone.AgreeCancel("m1", "400.00"), 3).state("milestone") == "cancelled"
    assert cancelling()(other, ek.milestone.DeclineCancel("m1", "400.00"), 3).state("milestone") == "active"


def test_at_fiverr_support_can_give_completed_orders_back_for_fourteen_days() -> None:
    it = submitted(FIVERR, **{"escrow.clearing": "7 days"}).wait(4)
    claim = ek.dispute.Open("m1", "400.00", "x")
    assert it.now.decide(claim, by="payer", at=day(18) - MICRO).agreement.state("dispute.m1") == "mediated"
    it.refused("over-claim-cap", "payer", claim, 18)


def given_back(days: float, **rules: Any) -> Job:
    """Completed on day 4; support gives all of it back so many days later."""
    it = submitted(FIVERR, **rules).wait(4)("payer", ek.dispute.Open("m1", "400.00", "x"), 4 + days)
    return it("platform", ek.mediation.Assign("m1", "max"))("mediator", ek.mediation.Decide("m1", "0.00", "So."))


def test_at_fiverr_what_still_clears_goes_back_without_a_debt() -> None:
    it = given_back(10)
    assert (it.now.owed(), it.net("payer"), it.net("platform")) == ({}, "0.00", "0.00")


def test_at_fiverr_what_was_withdrawn_is_advanced_and_owed_to_the_platform() -> None:
    it = given_back(10, **{"escrow.clearing": "7 days"})
    assert {pair: money.text for pair, money in it.now.owed().items()} == {("payee", "platform"): "320.00"}
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("0.00", "320.00", "-320.00")


def test_at_fiverr_nobody_arbitrates_and_no_time_is_set_for_support() -> None:
    it = disputed(FIVERR)
    assert (it.state("dispute"), it.state("arbitration")) == ("mediated", None)
    stays(it)


# --- Airtasker ----------------------------------------------------------------------------------------------------


def offers(*sums: str) -> Job:
    """A task in mediation since day 3 with these offers, by turns."""
    it = disputed(AIRTASKER)("platform", ek.mediation.Assign("m1", "max"), 3)
    for place, sum_ in enumerate(sums):
        it(("payer", "payee")[place % 2], ek.dispute.Offer("m1", sum_), 4)
    return it


DECIDE: Command = ek.mediation.Decide("m1", "150.00", "So.")


def test_at_airtasker_the_platform_decides_after_seven_days() -> None:
    refused = offers("10.00").refused("not-now", "mediator", DECIDE, day(10) - MICRO)
    assert refused.until == day(10)
    assert offers("10.00")("mediator", DECIDE, 10).net("payee") == "150.00"


def test_at_airtasker_the_platform_decides_after_three_offers_of_each_and_not_before() -> None:
    five = ("10.00", "90.00", "20.00", "80.00", "30.00")
    offers(*five).refused("not-now", "mediator", DECIDE, 4)
    assert offers(*five, "70.00")("mediator", DECIDE, 4).state("mediation") == "decided"
    offers(*five).refused("not-now", "payer", ek.dispute.Offer("m1", "40.00"), 4)


def test_at_airtasker_the_poster_releases_by_approving_and_by_nothing_else() -> None:
    it = submitted(AIRTASKER)("payer", ek.milestone.Approve("m1", "zip"), 2)
    assert (it.net("payee"), it.outcome) == ("400.00", ("payer_approved", "agreement"))


def test_at_airtasker_a_decision_has_reasons() -> None:
    offers().refused("bad-argument", "mediator", ek.mediation.Decide("m1", "150.00", ""), 11)


def test_at_airtasker_nothing_is_released_without_an_agreement_and_nothing_by_a_late_decision() -> None:
    stays(submitted(AIRTASKER))
    stays(offers())


# --- Contra -------------------------------------------------------------------------------------------------------


def test_at_contra_a_milestone_is_released_after_120_hours() -> None:
    decides(submitted(CONTRA), day(6), "review_lapsed")


def test_at_contra_the_platform_helps_for_fourteen_days_and_money_stays_frozen_after() -> None:
    it = disputed(CONTRA)("platform", ek.mediation.Assign("m1", "max"), 3)
    it.refused("not-your-move", "mediator", DECIDE, 4)
    assert it.wait(day(17) - MICRO).state("mediation") == "sitting"
    assert (it.wait(17).state("mediation"), it.state("escrow")) == ("failed", "frozen")
    stays(it)
    it("payer", ek.dispute.Offer("m1", "300.00"), 200)("payee", ek.dispute.AcceptOffer("m1", "300.00"))
    assert it.net("payee") == "300.00"


# --- PeoplePerHour ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rules", "due"), [({}, 8), ({"milestone.review.within": "15 days"}, 16)])
def test_at_peopleperhour_an_invoice_is_paid_by_silence_after_7_days_and_for_jobs_after_15(
    rules: dict[str, Any], due: int
) -> None:
    decides(submitted(PPH, **rules), day(due), "review_lapsed")


def test_at_peopleperhour_an_offer_that_never_came_is_refunded_thirty_days_after_it_was_due() -> None:
    it = job(PPH)
    decides(it, day(40), "late_cancelled")
    assert it.net("payer") == "0.00"


def test_at_peopleperhour_a_job_is_refunded_when_nothing_happened_for_sixty_days() -> None:
    jobs: dict[str, Any] = {"milestone.late": {}, "escrow.dormancy": {"idle": "60 days", "on_silence": "payer"}}
    decides(job(PPH, **jobs), day(60), "dormant")


def test_at_peopleperhour_what_escrow_does_not_cover_stays_open_and_passes_through_when_it_comes() -> None:
    it = Job(rulebook=PPH, plain=False, milestones=[("m1", "120.00")])("payer", ek.escrow.Deposit("m1", "100.00"))
    it("payee", ek.milestone.Submit("m1", "invoice"), 1).wait(8)
    assert (it.state("milestone"), it.net("payee"), foresight.exposure(it.now).unprotected.text) == (
        "approved", "100.00", "20.00"
    )  # fmt: skip
    it("payer", ek.escrow.Deposit("m1", "20.00"), 30)
    assert (it.state("milestone"), it.net("payee")) == ("completed", "120.00")


def test_at_peopleperhour_the_platform_decides_a_dispute() -> None:
    it = disputed(PPH)("platform", ek.mediation.Assign("m1", "max"), 3)
    stays(it)
    assert it("mediator", DECIDE, 4).outcome == ("mediator_decided", "merits")


# --- the cases, told as stories -----------------------------------------------------------------------------------

#: Of each case: the story, its rulebook, the day of its final amounts, what payer, payee, platform and arbitrator
#: gained or lost, and what is held. A story may go on after its case has ended.
CASES: dict[str, tuple[str, str, int, tuple[str, str, str, str], str]] = {
    "E30": ("freelancer-fee-in-proportion", FREELANCER, 25, ("-105.00", "100.00", "5.00", "0.00"), "0.00"),
    "E32": ("freelancer-silent-for-four-days", FREELANCER, 14, ("0.00", "0.00", "0.00", "0.00"), "0.00"),
    "E34": ("freelancer-only-one-pays", FREELANCER, 18, ("-400.00", "400.00", "0.00", "0.00"), "0.00"),
    "E36": ("freelancer-settled-before-the-verdict", FREELANCER, 13, ("-250.00", "250.00", "0.00", "0.00"), "0.00"),
    "E39": ("guru-least-fee", GURU, 15, ("-100.00", "75.00", "25.00", "0.00"), "0.00"),
    "E41": ("guru-request-unanswered", GURU, 27, ("-200.00", "200.00", "0.00", "0.00"), "0.00"),
    "E43": ("guru-odd-cent", GURU, 7, ("-24.99", "24.99", "0.00", "0.00"), "0.00"),
    "E52": ("fiverr-mutual-cancellation-unanswered", FIVERR, 7, ("0.00", "0.00", "0.00", "0.00"), "0.00"),
    "E54": ("fiverr-cancelled-after-withdrawal", FIVERR, 45, ("0.00", "0.00", "0.00", "0.00"), "0.00"),
    "E55": ("peopleperhour-invoice-above-escrow", PPH, 11, ("-105.00", "105.00", "0.00", "0.00"), "0.00"),
    "E57": ("contra-assistance-fails", CONTRA, 14, ("-500.00", "0.00", "0.00", "0.00"), "500.00"),
    "E58": ("airtasker-three-offers-each", AIRTASKER, 10, ("-150.00", "150.00", "0.00", "0.00"), "0.00"),
    "E82": ("filing-fee-decays", "standard@1", 33, ("0.00", "-500.00", "0.00", "500.00"), "0.00"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ["compiled", "stock"])
def test_a_case_ends_in_its_published_or_reckoned_amounts(case: str, engine: str) -> None:
    name, book, days, nets, held = CASES[case]
    story = read(name)
    assert story.rulebook.name == book
    played = play(story, engine=engine, until=story.start + timedelta(days=days))
    assert played.agreement is not None
    assert tuple(played.agreement.net(one).text for one in ("payer", "payee", "platform", "arbitrator")) == nets
    assert played.agreement.held().text == held
    assert played.failures == ()


def test_every_story_of_these_platforms_is_one_of_the_cases_or_shows_a_rule_of_its_own() -> None:
    own = {"guru-automatic-payment-locked", "guru-request-agreed", "fiverr-cancellation-declined"}
    prefixes = tuple(f"{name.partition('@')[0]}-" for name in BOOKS)
    told = {name for name, book, *_ in CASES.values() if book in BOOKS}
    assert told | own == {name for name in shipped() if name.startswith(prefixes)}


def test_in_halves_of_an_odd_pot_no_cent_is_lost() -> None:
    agreement = play(read("guru-odd-cent")).agreement
    assert agreement is not None
    assert agreement.net("payer") + agreement.net("payee") == agreement.held()
