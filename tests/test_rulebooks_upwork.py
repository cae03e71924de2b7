"""The rulebooks of Upwork, fixed price: what is published decides, on both sides of every boundary."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import resources
from typing import Any

import pytest

import escrowkit as ek
from escrowkit import foresight
from escrowkit.errors import Refused
from escrowkit.rulebook import Rulebook, available, load
from escrowkit.rulecheck import covers, left_out, mark_of
from escrowkit.story import play, read, shipped
from helpers import START, Job, day

OLD, NEW, NEWEST = "upwork@2018", "upwork@2023-12", "upwork@2024"
EVERY = (OLD, NEW, NEWEST)
SECOND = timedelta(seconds=1)
#: So that amounts are those of the price alone.
NO_FEES = {"escrow.processing_fee": {}, "escrow.service_fee": {"model": "none"}}


# --- what the files say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_every_value_of_a_rulebook_has_a_source_and_says_how_sure_it_is(name: str) -> None:
    book = load(name)
    for key, *_ in book.rows():
        mark = mark_of(book.sure, key)
        assert mark["source"] in book.sources, key
        assert mark["sure"] in ("seen", "second-hand", "recalled", "own"), key


@pytest.mark.parametrize("name", available())
def test_every_source_of_a_rulebook_is_cited(name: str) -> None:
    book = load(name)
    assert {mark["source"] for mark in book.sure.values()} == set(book.sources)


def test_a_value_has_the_mark_of_the_smallest_part_that_has_one_or_none() -> None:
    part, value = {"source": "a", "sure": "seen"}, {"source": "a", "sure": "own"}
    sure = {"milestone.review": part, "milestone.review.within": value}
    assert mark_of(sure, "milestone.review.within") == value
    assert mark_of(sure, "milestone.review.on_silence") == part
    assert mark_of(sure, "milestone.cancel.within") == {}


@pytest.mark.parametrize("name", available())
def test_a_mark_without_a_value_says_why_the_rule_was_left_out(name: str) -> None:
    book = load(name)
    idle = [key for key in book.sure if not any(covers(key, path) for path in book.data)]
    assert idle == [key for key, _ in left_out(book.sure, book.data)]


@pytest.mark.parametrize("name", EVERY)
def test_what_is_no_more_than_an_inference_says_so_in_a_note(name: str) -> None:
    book = load(name)
    assert [key for key, mark in book.sure.items() if mark["sure"] == "own" and not mark.get("note")] == []


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_called_seen_that_has_no_document_of_the_platform(name: str) -> None:
    book = load(name)
    for key, mark in book.sure.items():
        own_text = mark["source"].startswith(("help-", "announced-", "facts-", "release-"))
        assert mark["sure"] != "seen" or own_text, key
        assert (mark["source"] == "memory") == (mark["sure"] == "recalled"), key


@pytest.mark.parametrize("name", EVERY)
def test_what_the_sources_do_not_settle_is_unknown_and_is_listed_as_open_ended(name: str) -> None:
    book = load(name)
    assert {key for key in book.data if not book.settled(key)} == {
        "escrow.impound.within",
        "arbitration.award.within",
        "arbitration.award.on_silence",
        "arbitration.refusal.divide",
    }
    assert [state.partition(" (")[0] for state in book.open_ended] == [
        "arbitration.funded, arbitration.hearing",
        "escrow.impounded",
    ]


def test_the_two_versions_differ_only_where_the_platform_changed_its_rules() -> None:
    old, new = load(OLD), load(NEW)
    assert {key for key in {**old.data, **new.data} if old.data.get(key) != new.data.get(key)} == {
        *("escrow.service_fee.model", "escrow.service_fee.tiers", "escrow.service_fee.rate"),
        "escrow.processing_fee.rate",
        *("dispute.extend.by", "dispute.extend.step", "dispute.extend.most"),
        *("mediation.recommend.within", "mediation.accept.within"),
        *(f"arbitration.fee.shares.{side}" for side in ("payer", "payee", "platform")),
        *("arbitration.pay.order", "arbitration.pay.within"),
    }


def test_of_2024_only_who_may_pay_and_what_a_default_brings_differ() -> None:
    old, new = load(NEW), load(NEWEST)
    assert {key for key in {**old.data, **new.data} if old.data.get(key) != new.data.get(key)} == {
        "arbitration.pay.all_by_one",
        "conduct.default_suspends",
    }


@pytest.mark.parametrize(("name", "first"), [(OLD, "2018-01-01"), (NEW, "2023-12-05"), (NEWEST, "2024-03-01")])
def test_an_agreement_opens_from_the_first_instant_of_the_version_and_not_before(name: str, first: str) -> None:
    since = datetime.fromisoformat(f"{first}T00:00:00+00:00")
    terms: dict[str, Any] = {"rulebook": name, "parties": {"payer": "ada", "payee": "lin"}, "currency": "USD"}
    assert ek.open_agreement(**terms, milestones=[("m1", "5.00")], at=since).at == since
    with pytest.raises(Refused) as caught:
        ek.open_agreement(**terms, milestones=[("m1", "5.00")], at=since - SECOND)
    assert caught.value.code == "not-in-force"


# --- a short way to a case ----------------------------------------------------------------------------------------


def job(name: str, price: str = "300.00", **rules: Any) -> Job:
    """A milestone that is funded, under the rules of the platform but without its fees."""
    opened = Job({**NO_FEES, **rules}, rulebook=name, milestones=(("m1", price),), plain=False)
    return opened("payer", ek.escrow.Deposit("m1", price))


def disputed(name: str, **rules: Any) -> Job:
    """The payee claims everything on a Monday, day 3."""
    return job(name, **rules)("payee", ek.dispute.Open("m1", "300.00", "It is done."), 3)


def sitting(name: str, **rules: Any) -> Job:
    """A mediator sits from day 5."""
    it = disputed(name, **rules)("payer", ek.dispute.Contest("m1"), 4)
    return it("platform", ek.mediation.Assign("m1", "max"), 5)


def offered(name: str, **rules: Any) -> Job:
    """Mediation failed on day 6, a Thursday: arbitration is offered."""
    return sitting(name, **rules)("mediator", ek.mediation.Fail("m1", "No."), 6)


#: What each party pays in for arbitration.
SHARE = {OLD: "291.00", NEW: "337.50", NEWEST: "337.50"}


def fee(name: str) -> ek.arbitration.PayFee:
    """A party pays its own share."""
    return ek.arbitration.PayFee("m1", "own", SHARE[name])


def decides(it: Job, due: datetime, code: str) -> None:
    """A second before the instant nothing has happened; at it the clock has decided, and later nothing more."""
    before = it.now.advance(due - SECOND)
    assert before.events == ()
    at = it.now.advance(due)
    assert at.events
    last = foresight.outcome(at.agreement, "m1")
    assert last is not None
    assert (last.code, last.at) == (code, due)
    after = foresight.outcome(it.now.advance(due + timedelta(days=1)).agreement, "m1")
    assert after == last
    it.wait(due)


# --- silence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_a_review_of_fourteen_days_ends_for_the_freelancer(name: str) -> None:
    it = job(name)("payee", ek.milestone.Submit("m1", "zip"), 1)
    decides(it, day(15), "review_lapsed")
    assert it.wait(20).net("payee") == "300.00"


@pytest.mark.parametrize("name", EVERY)
def test_a_request_for_changes_stops_the_review_and_the_next_submission_starts_it_anew(name: str) -> None:
    it = job(name)("payee", ek.milestone.Submit("m1", "zip"), 1)
    it("payer", ek.milestone.RequestChanges("m1", "Bigger."), 14)
    it("payee", ek.milestone.Submit("m1", "zip-2"), 16)
    decides(it, day(30), "review_lapsed")


@pytest.mark.parametrize("name", EVERY)
def test_released_money_stays_in_its_security_hold_for_five_days(name: str) -> None:
    it = job(name)("payer", ek.escrow.Release("m1", "300.00"), 1)
    assert it.now.advance(day(6) - SECOND).agreement.net("payee").text == "0.00"
    assert it.now.advance(day(6)).agreement.net("payee").text == "300.00"


@pytest.mark.parametrize("name", EVERY)
def test_a_refund_request_that_is_not_answered_in_seven_days_is_executed_as_asked(name: str) -> None:
    it = job(name)("payer", ek.milestone.RequestCancel("m1", "200.00"), 2)
    decides(it, day(9), "cancel_lapsed")
    assert it.wait(14).net("payee") == "100.00"


@pytest.mark.parametrize("name", EVERY)
def test_an_answer_of_the_freelancer_within_the_seven_days_is_a_dispute(name: str) -> None:
    it = job(name)("payer", ek.milestone.RequestCancel("m1", "200.00"), 2)
    it("payee", ek.dispute.Open("m1", "300.00", "It is done."), day(9) - SECOND)
    assert it.state("dispute") == "opened"


@pytest.mark.parametrize("name", EVERY)
def test_a_client_who_does_not_answer_in_five_business_days_loses_all_that_is_held(name: str) -> None:
    monday = job(name)("payee", ek.dispute.Open("m1", "200.00", "It is done."), 3)
    decides(monday, day(10), "respondent_silent")
    assert monday.wait(15).net("payee") == "300.00"
    saturday = job(name)("payee", ek.dispute.Open("m1", "200.00", "It is done."), 1)
    decides(saturday, day(7), "respondent_silent")


@pytest.mark.parametrize("name", EVERY)
def test_a_client_who_opened_the_dispute_itself_loses_by_silence_as_well(name: str) -> None:
    it = job(name)("payer", ek.dispute.Open("m1", "300.00", "Bad."), 3)
    it.refused("not-your-move", "payee", ek.dispute.Contest("m1"), 4)
    decides(it, day(10), "respondent_silent")
    assert it.wait(15).net("payee") == "300.00"


@pytest.mark.parametrize("name", EVERY)
def test_forgotten_money_goes_back_to_the_client_after_ninety_days_and_seven(name: str) -> None:
    decides(job(name), day(97), "dormant")


# --- mediation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("power", ["decide", "award"])
def test_a_mediator_can_decide_nothing(name: str, power: str) -> None:
    it = sitting(name)
    decide = ek.mediation.Decide("m1", "0.00", "So."), "not-your-move"
    award = ek.arbitration.Award("m1", "0.00", "So."), "no-such-move"
    command, code = decide if power == "decide" else award
    it.refused(code, "mediator", command)
    it.refused("not-your-move", "mediator", ek.escrow.Refund("m1", "300.00"))
    it.refused("not-your-move", "mediator", ek.escrow.Release("m1", "300.00"))
    assert it.balance("escrow:m1") == "300.00"


def test_since_december_2023_a_recommendation_comes_within_two_days_or_the_mediation_has_failed() -> None:
    it = sitting(NEW)
    assert it.now.advance(day(7) - SECOND).events == ()
    assert it.wait(7).state("mediation") == "failed"
    assert it.state("arbitration") == "offered"


@pytest.mark.parametrize("accepts", [(), ("payer",), ("payee",)])
def test_since_december_2023_two_days_of_silence_on_a_recommendation_are_no_acceptance(
    accepts: tuple[str, ...],
) -> None:
    it = sitting(NEW)("mediator", ek.mediation.Recommend("m1", "200.00", "So."), 6)
    for side in accepts:
        it(side, ek.mediation.Accept("m1", "200.00"), 7)
    assert it.now.advance(day(8) - SECOND).events == ()
    assert it.wait(8).state("mediation") == "failed"
    assert it.balance("escrow:m1") == "300.00"
    assert foresight.silence(it.now, "m1") == "payer"


def test_in_2018_a_mediation_lasts_thirty_days_at_most() -> None:
    it = sitting(OLD)
    assert it.now.advance(day(34) - SECOND).events == ()
    assert it.wait(34).state("mediation") == "failed"


@pytest.mark.parametrize("name", EVERY)
def test_a_recommendation_that_both_accept_is_executed(name: str) -> None:
    it = sitting(name)("mediator", ek.mediation.Recommend("m1", "200.00", "So."), 6)
    it("payer", ek.mediation.Accept("m1", "200.00"), 7)("payee", ek.mediation.Accept("m1", "200.00"), 7)
    assert it.wait(12).net("payee") == "200.00"
    assert it.net("payer") == "-200.00"


# --- arbitration --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "due"), [(OLD, 13), (NEW, 13), (NEWEST, 13)])
def test_if_nobody_pays_in_time_the_client_has_its_money_back(name: str, due: int) -> None:
    it = offered(name)
    decides(it, day(due), "nobody_paid_fee")
    assert it.net("payer") == it.net("payee") == "0.00"


def test_in_2018_the_claimant_pays_first_and_the_other_has_five_business_days_from_then() -> None:
    it = offered(OLD)
    it.refused("not-now", "payer", fee(OLD), 7)
    it("payee", fee(OLD), 10)
    decides(it, day(17), "only_one_paid_fee")


def test_since_december_2023_either_may_pay_first_and_seven_days_run_for_both() -> None:
    it = offered(NEW)("payer", fee(NEW), 12)
    decides(it, day(13), "only_one_paid_fee")
    assert it.net("payer") == "0.00"


def test_one_side_may_pay_everything_from_2024_on_and_not_before() -> None:
    for name in (OLD, NEW):
        whole = ek.arbitration.PayFee("m1", "all", "582.00" if name == OLD else "675.00")
        offered(name).refused("not-now", "payee", whole, 7)
    it = offered(NEWEST)("payee", ek.arbitration.PayFee("m1", "all", "675.00"), 7)
    assert (it.state("arbitration"), it.now.deadlines()) == ("funded", ())


@pytest.mark.parametrize("name", EVERY)
def test_the_only_one_who_paid_gets_its_claim_and_its_fee_back(name: str) -> None:
    it = job(name)("payee", ek.dispute.Open("m1", "200.00", "Most of it is done."), 3)
    it("payer", ek.dispute.Contest("m1"), 4)("platform", ek.mediation.Assign("m1", "max"), 5)
    it("mediator", ek.mediation.Fail("m1", "No."), 6)("payee", fee(name), 7).wait(30)
    assert (it.net("payee"), it.net("payer"), it.net("arbitrator")) == ("200.00", "-200.00", "0.00")


@pytest.mark.parametrize(("name", "payee", "platform"), [(OLD, "9.00", "-291.00"), (NEW, "-37.50", "0.00")])
def test_once_an_arbitrator_is_appointed_no_fee_comes_back(name: str, payee: str, platform: str) -> None:
    it = offered(name)("payee", fee(name), 7)("payer", fee(name), 8)
    it("platform", ek.arbitration.Appoint("m1", "art"), 9)
    it("arbitrator", ek.arbitration.Award("m1", "300.00", "So."), 40).wait(45)
    assert (it.net("payee"), it.net("platform")) == (payee, platform)


@pytest.mark.parametrize("name", EVERY)
def test_what_an_arbitrator_who_does_not_rule_brings_is_not_published_and_so_refused(name: str) -> None:
    it = offered(name)("payee", fee(name), 7)("payer", fee(name), 8)
    it("platform", ek.arbitration.Appoint("m1", "art"), 9)
    it.refused("unknown-rulebook-value", "arbitrator", ek.arbitration.Refuse("m1", "I cannot."), 10)
    assert it.now.deadlines() == ()
    assert foresight.silence(it.now, "m1") == "nobody"


def test_in_2018_a_mediator_may_lengthen_a_window_once_by_seven_days_at_most() -> None:
    def extend(period: str) -> ek.dispute.Extend:
        return ek.dispute.Extend("m1", "arbitration.pay", period, "It asks for time.")

    it = offered(OLD)
    it.refused("not-now", "mediator", extend("8 days"), 7)
    it("mediator", extend("7 days"), 7)
    it.refused("not-now", "mediator", extend("1 day"), 8)
    decides(it, day(20), "nobody_paid_fee")
    offered(NEW).refused("not-your-move", "mediator", extend("7 days"), 7)


# --- money that was released --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_released_money_can_be_disputed_for_thirty_days(name: str) -> None:
    it = job(name)("payer", ek.escrow.Release("m1", "300.00"), 1)
    claim = ek.dispute.Open("m1", "300.00", "It broke.")
    assert it.now.decide(claim, by="payer", at=day(31) - SECOND).agreement.state("dispute.m1") == "opened"
    it.refused("over-claim-cap", "payer", claim, 31)


@pytest.mark.parametrize("name", EVERY)
def test_released_money_can_be_given_back_for_180_days(name: str) -> None:
    it = job(name)("payer", ek.escrow.Release("m1", "300.00"), 1)
    back = ek.escrow.RefundReleased("m1", "300.00")
    assert it.now.decide(back, by="payee", at=day(181) - SECOND).agreement.net("payee").text == "0.00"
    it.refused("over-held", "payee", back, 181)


@pytest.mark.parametrize("name", EVERY)
def test_if_nobody_pays_over_released_money_nobody_owes_anything(name: str) -> None:
    it = job(name)("payer", ek.escrow.Release("m1", "300.00"), 1)
    it("payer", ek.dispute.Open("m1", "300.00", "It broke."), 10)("payer", ek.dispute.Contest("m1"), 11)
    it("platform", ek.mediation.Assign("m1", "max"), 11)("mediator", ek.mediation.Fail("m1", "No."), 12)
    assert it.wait(60).now.owed() == {}


# --- fees and bounds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_the_smallest_milestone_is_five_dollars(name: str) -> None:
    Job(rulebook=name, plain=False, milestones=(("m1", "5.00"),))
    with pytest.raises(Refused) as caught:
        Job(rulebook=name, plain=False, milestones=(("m1", "4.99"),))
    assert caught.value.code == "bad-amount"


@pytest.mark.parametrize("name", EVERY)
def test_a_part_of_the_price_does_not_start_the_work(name: str) -> None:
    it = Job(NO_FEES, rulebook=name, plain=False)("payer", ek.escrow.Deposit("m1", "349.99"))
    it.refused("not-now", "payee", ek.milestone.Submit("m1", "zip"))
    assert it("payer", ek.escrow.Deposit("m1", "0.01")).state("milestone") == "active"


@pytest.mark.parametrize(
    ("name", "billed", "price", "fee"),
    [
        (OLD, "0.00", "500.00", "100.00"),
        (OLD, "0.00", "500.10", "100.01"),
        (OLD, "450.00", "100.00", "15.00"),
        (OLD, "9999.00", "101.00", "5.10"),
        (NEW, "0.00", "500.00", "50.00"),
        (NEW, "9999.00", "101.00", "10.10"),
        (NEW, "0.00", "333.36", "33.34"),
    ],
)
def test_the_service_fee_slides_with_the_life_of_the_two_together_until_2023(
    name: str, billed: str, price: str, fee: str
) -> None:
    it = Job(rulebook=name, plain=False, milestones=(("m1", price),), billed_before=billed)
    it("payer", ek.escrow.Deposit("m1", price))("payer", ek.escrow.Release("m1", price))
    assert it.net("platform") == fee


@pytest.mark.parametrize(("name", "charged"), [(OLD, "2.75"), (NEW, "3.00")])
def test_a_processing_fee_comes_back_with_money_that_was_held_and_not_with_money_that_was_released(
    name: str, charged: str
) -> None:
    def funded() -> Job:
        it = Job(rulebook=name, plain=False, milestones=(("m1", "100.00"),))
        return it("payer", ek.escrow.Deposit("m1", "100.00"))

    assert funded().balance("fees:m1") == charged
    assert funded()("payee", ek.escrow.Refund("m1", "100.00")).net("payer") == "0.00"
    released = funded()("payer", ek.escrow.Release("m1", "100.00"), 1)
    assert released("payee", ek.escrow.RefundReleased("m1", "100.00"), 9).net("payer") == f"-{charged}"


@pytest.mark.parametrize("name", EVERY)
def test_a_hold_by_the_platform_has_no_published_end(name: str) -> None:
    it = job(name)("platform", ek.escrow.Hold("m1", "Under review."), 1)
    assert it.now.deadlines() == ()
    assert it.wait(1000).state("escrow") == "impounded"
    assert it("platform", ek.escrow.Lift("m1")).state("escrow") == "held"


# --- the cases, told as stories -----------------------------------------------------------------------------------

#: Of each case: the story, the instant of its final amounts, what payer, payee, platform and arbitrator gained or lost,
#: and what is held. Money of a case that has not ended is held at that instant, and the story goes on.
CASES: dict[str, tuple[str, str, str, tuple[str, str, str, str], str]] = {
    "E01": ("upwork-refund-request-unanswered", OLD, "17 days", ("0.00", "0.00", "0.00", "0.00"), "0.00"),
    "E03": ("upwork-small-stake-freelancer-pays", OLD, "34 days", ("-20.00", "16.00", "4.00", "0.00"), "0.00"),
    "E05": ("upwork-both-pay-client-wins", OLD, "50 days", ("-291.00", "-291.00", "-291.00", "873.00"), "0.00"),
    "E07": ("upwork-mediator-cannot-close", OLD, "15 days", ("-20.00", "0.00", "0.00", "0.00"), "20.00"),
    "E09": ("upwork-client-files-and-is-silent", OLD, "20 days", ("-150.00", "120.00", "30.00", "0.00"), "0.00"),
    "E11": ("upwork-one-side-pays-everything", NEWEST, "50 days", ("-750.00", "60.00", "15.00", "675.00"), "0.00"),
    "E13": ("upwork-delivered-by-chat", OLD, "97 days", ("0.00", "0.00", "0.00", "0.00"), "0.00"),
    "E15": ("upwork-refund-to-erase-a-review", OLD, "100 days", ("0.00", "0.00", "0.00", "0.00"), "0.00"),
    "E18": ("upwork-calls-the-bluff", OLD, "47 days", ("-350.00", "315.00", "35.00", "0.00"), "0.00"),
    "E20": ("upwork-award-sixty-forty", OLD, "65 days", ("-501.00", "-102.00", "-270.00", "873.00"), "0.00"),
    "E22": ("upwork-log-deleted-in-dispute", OLD, "12 days", ("-350.00", "0.00", "0.00", "0.00"), "350.00"),
    "E26": ("upwork-hundred-and-one-pays", OLD, "35 days", ("-100.00", "80.00", "20.00", "0.00"), "0.00"),
    "E28": ("upwork-paid-outside-the-platform", OLD, "14 days", ("0.00", "0.00", "0.00", "0.00"), "0.00"),
    "E70": ("upwork-rest-rolls-forward", NEW, "25 days", ("-220.00", "198.00", "22.00", "0.00"), "0.00"),
    "E72": ("upwork-fee-rounded-to-the-cent", NEW, "11 days", ("-333.36", "300.02", "33.34", "0.00"), "0.00"),
    "E74": ("upwork-fee-across-a-tier", OLD, "23 days", ("-100.00", "85.00", "15.00", "0.00"), "0.00"),
    "E76": ("upwork-silent-on-the-recommendation", NEW, "14 days", ("-300.00", "0.00", "0.00", "0.00"), "300.00"),
    "E78": ("upwork-processing-fee-stays", NEW, "31 days", ("-3.00", "0.00", "3.00", "0.00"), "0.00"),
    "E84": ("upwork-released-with-the-fee-paid", NEW, "20 days", ("-100.00", "90.00", "10.00", "0.00"), "0.00"),
    "E88": ("upwork-one-reminder-of-two", NEW, "14 days", ("-100.00", "0.00", "0.00", "0.00"), "100.00"),
    "E90": ("upwork-neither-knows-who-paid", NEW, "19 days", ("0.00", "0.00", "0.00", "0.00"), "0.00"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ["compiled", "stock"])
def test_a_case_ends_in_its_published_or_reckoned_amounts(case: str, engine: str) -> None:
    name, book, at, nets, held = CASES[case]
    story = read(name)
    assert story.rulebook.name == book
    days, _, _ = at.partition(" ")
    played = play(story, engine=engine, until=story.start + timedelta(days=int(days)))
    agreement = played.agreement
    assert agreement is not None
    assert tuple(agreement.net(one).text for one in ("payer", "payee", "platform", "arbitrator")) == nets
    assert agreement.held().text == held
    assert played.failures == ()


def test_a_freelancer_who_pays_291_needs_more_than_92_percent_of_350_to_gain_anything() -> None:
    def payee_after(award: str) -> str:
        story = read("upwork-award-sixty-forty")
        at = story.start + timedelta(days=60)
        before = play(story, until=at - SECOND).agreement
        assert before is not None
        awarded = before.decide(ek.arbitration.Award("m1", award, "So."), by="arbitrator", at=at).agreement
        return awarded.advance(at + timedelta(days=5)).agreement.net("payee").text

    assert [payee_after(award) for award in ("323.32", "323.33", "323.34")] == ["-0.01", "0.00", "0.01"]


def test_a_seizure_may_give_the_money_to_the_freelancer_instead() -> None:
    story = read("upwork-paid-outside-the-platform")
    at = story.start + timedelta(days=14)
    held = play(story, until=at - SECOND).agreement
    assert held is not None
    seize = ek.escrow.Seize("m1", to="payee", reason="Circumvention by the client", evidence="sha256:5d0f92")
    after = held.decide(seize, by="platform", at=at).agreement
    nets = [after.advance(at + timedelta(days=10)).agreement.net(one).text for one in ("payer", "payee", "platform")]
    assert nets == ["-102.75", "80.00", "22.75"]  # without the processing fee: -100, 80 and 20


def test_every_story_of_this_platform_is_one_of_the_cases() -> None:
    assert {name for name, *_ in CASES.values()} == {
        name for name in shipped() if name.startswith("upwork-") and read(name).rulebook.name in EVERY
    }


@pytest.mark.parametrize("case", CASES)
def test_a_case_overrides_a_rule_only_where_its_file_says_why(case: str) -> None:
    name = CASES[case][0]
    text = resources.files("escrowkit").joinpath("stories", f"{name}.toml").read_text(encoding="utf-8")
    _, found, rest = text.partition("[rules]\n")
    assert not found or rest.startswith("# ")


def test_in_a_sealed_window_the_mediator_sees_no_more_than_anybody() -> None:
    story = read("upwork-neither-knows-who-paid")
    agreement = play(story, until=story.start + timedelta(days=15)).agreement
    assert agreement is not None
    paid = agreement.decide(fee(NEW), by="payee", at=agreement.at).agreement
    assert paid.state("arbitration.m1") == "half_funded"
    for by in ("payer", "mediator", "platform"):
        seen = ek.view(paid, by)
        assert (seen.state("arbitration.m1"), seen.held().text) == ("offered", "100.00")


def test_a_rulebook_pins_what_it_says_to_the_agreement() -> None:
    opened = Job(rulebook=OLD, plain=False).now
    book = opened.history[0].event.rulebook  # type: ignore[attr-defined]
    assert isinstance(book, Rulebook)
    assert (book.name, book.digest) == (OLD, load(OLD).digest)
    assert opened.at == START
