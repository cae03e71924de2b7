"""Rulebooks of other markets: what is published decides, on both sides of every boundary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit import foresight
from escrowkit.errors import DefinitionError, Refused
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone
from escrowkit.money import Money
from escrowkit.rulebook import load
from helpers import START, Job, day, funded

SECOND = timedelta(seconds=1)
KLEROS, ESCROW_COM, PAYPAL, VINTED = "kleros@1", "escrow-com@2023", "paypal@2013", "vinted@2023-04"
CATALOG, CONSULTATION, HOURLY = "upwork-catalog@2020-12", "upwork-consultation@2023", "upwork-hourly@2023-06"
SHARETRIBE = "sharetribe-purchase@1"
ALL = (KLEROS, ESCROW_COM, PAYPAL, VINTED, CATALOG, CONSULTATION, HOURLY, SHARETRIBE)


def order(name: str, price: str = "100.00", *, due: Any = None, **rules: Any) -> Job:
    """A milestone that is funded."""
    it = Job(rules, rulebook=name, milestones=[{"id": "m1", "price": price, "due": due}], plain=False)
    return it("payer", escrow.Deposit("m1", price, "pay-1"))


def decides(it: Job, due: datetime, code: str) -> None:
    """A second before the instant nothing has happened; at it the clock has decided, and later nothing more."""
    assert it.now.advance(due - SECOND).events == ()
    at = it.now.advance(due)
    last = foresight.outcome(at.agreement, "m1")
    assert last is not None
    assert (last.code, last.at) == (code, due)
    assert foresight.outcome(it.now.advance(due + timedelta(days=1)).agreement, "m1") == last
    it.wait(due)


# --- what the files say ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_what_is_no_more_than_an_inference_says_so_in_a_note(name: str) -> None:
    book = load(name)
    assert [key for key, mark in book.sure.items() if mark["sure"] == "own" and not mark.get("note")] == []


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_called_seen_that_has_no_document_of_the_platform(name: str) -> None:
    for key, mark in load(name).sure.items():
        own_text = mark["source"].startswith(("help-", "announced-", "release-", "code", "docs-", "terms-"))
        assert mark["sure"] != "seen" or own_text, key
        assert (mark["source"] == "memory") == (mark["sure"] == "recalled"), key


@pytest.mark.parametrize("name", ALL)
def test_whoever_reads_a_rulebook_with_open_ends_is_told_of_them(name: str) -> None:
    book = load(name)
    unknown = [key for key in book.data if not book.settled(key)]
    assert not unknown or book.open_ended


# --- Kleros: paying the fee is how it goes on -----------------------------------------------------------------------

#: What a deployment and a transaction choose.
CHOSEN: dict[str, Any] = {
    "milestone.review.within": "60 days",
    "arbitration.pay.within": "7 days",
    "arbitration.fee.shares": {"payer": "10.00 USD", "payee": "10.00 USD"},
}


def deal(price: str = "100.00", **rules: Any) -> Job:
    return order(KLEROS, price, **{**CHOSEN, **rules})


def pay(share: str = "10.00") -> arbitration.PayFee:
    return arbitration.PayFee("m1", "own", share)


def raised(by: str = "payee", price: str = "100.00", **rules: Any) -> Job:
    """One side opens a dispute over everything and pays its fee on day 1."""
    return deal(price, **rules)(by, dispute.Open("m1", price, "why"), 1)(by, pay(), 1)


def heard(price: str = "100.00", cost: str = "10.00", **rules: Any) -> Job:
    """Both have paid, and the arbitrator hears them."""
    shares = {"arbitration.fee.shares": {"payer": f"{cost} USD", "payee": f"{cost} USD"}}
    it = deal(price, **{**shares, **rules})("payee", dispute.Open("m1", price, "why"), 1)
    it("payee", pay(cost), 1)("payer", pay(cost), 2)
    return it("platform", arbitration.Appoint("m1", "court"), 2)


def test_the_money_goes_to_the_seller_after_the_time_that_was_agreed_without_any_submission() -> None:
    it = deal()
    decides(it, day(60), "review_lapsed")
    assert (it.net("payee"), it.state("milestone")) == ("100.00", "completed")


def test_a_dispute_stops_that_time_and_a_dropped_one_gives_the_rest_of_it_back() -> None:
    it = deal()("payer", dispute.Open("m1", "100.00", "why"), 10)
    assert it.now.advance(day(17) - SECOND).events == ()
    it.wait(17)
    assert (it.state("dispute"), it.state("arbitration"), it.state("escrow")) == ("withdrawn", "forfeited", "held")
    assert it.state("milestone") == "active"
    decides(it, day(67), "review_lapsed")


def test_after_a_dispute_that_its_opener_did_not_pay_for_another_one_can_be_opened() -> None:
    it = deal()("payer", dispute.Open("m1", "100.00", "why"), 10).wait(17)
    assert it("payee", dispute.Open("m1", "100.00", "why"), 18).state("dispute") == "arbitrated"


def test_buyer_and_seller_may_pay_and_reimburse_parts_while_there_is_no_dispute() -> None:
    it = deal()("payer", escrow.Release("m1", "30.00"))("payee", escrow.Refund("m1", "20.00"))
    it.refused("not-your-move", "payee", escrow.Release("m1", "10.00"))
    it.refused("not-your-move", "payer", escrow.Refund("m1", "10.00"))
    it("payer", dispute.Open("m1", "50.00", "why"), 1)
    it.refused("not-now", "payer", escrow.Release("m1", "10.00"))
    assert (it.net("payer"), it.net("payee")) == ("-80.00", "30.00")


@pytest.mark.parametrize(("by", "payer", "payee"), [("payee", "-100.00", "100.00"), ("payer", "0.00", "0.00")])
def test_the_side_that_does_not_pay_in_time_loses_and_the_other_gets_its_fee_back(
    by: str, payer: str, payee: str
) -> None:
    it = raised(by)
    decides(it, day(8), "only_one_paid_fee")
    assert (it.net("payer"), it.net("payee"), it.net("arbitrator")) == (payer, payee, "0.00")


@pytest.mark.parametrize(("at", "state"), [(day(8) - SECOND, "funded"), (day(8), None), (day(8) + SECOND, None)])
def test_the_other_side_may_pay_until_the_last_second_and_no_later(at: datetime, state: str | None) -> None:
    it = raised("payee")
    if state:
        assert it("payer", pay(), at).state("arbitration") == state
    else:
        it.refused("no-such-move", "payer", pay(), at)


@pytest.mark.parametrize(("to_payee", "payer", "payee"), [("100.00", "-110.00", "100.00"), ("0.00", "0.00", "-10.00")])
def test_a_ruling_is_for_one_side_and_gives_the_winner_its_fee_back(to_payee: str, payer: str, payee: str) -> None:
    it = heard()
    it.refused("bad-amount", "arbitrator", arbitration.Award("m1", "99.99", "Nearly all."))
    it("arbitrator", arbitration.Award("m1", to_payee, "So it is."), 3)
    assert (it.net("payer"), it.net("payee"), it.net("arbitrator")) == (payer, payee, "10.00")


@given(price=st.integers(1, 10_000), cost=st.integers(1, 2_000))
def test_a_refusal_divides_amount_and_fees_less_the_cost_and_loses_no_unit(price: int, cost: int) -> None:
    """The contract strands the odd unit of (fees - cost + amount) / 2; here one side has it."""
    it = heard(Money(price, "USD").text, Money(cost, "USD").text)
    it("arbitrator", arbitration.Refuse("m1", "Cannot be decided."), 3)
    payer = it.now.net("payer").minor + price + cost
    payee = it.now.net("payee").minor + cost
    assert payer + payee == price + 2 * cost - cost
    assert abs(payer - payee) <= 1
    assert it.now.net("arbitrator").minor == cost
    assert not it.now.held()


def test_shares_of_a_refusal_are_those_of_the_rule_and_not_of_what_was_rounded() -> None:
    shares = {"payer": "75%", "payee": "25%"}
    it = heard("0.01", "8.00", **{"arbitration.refusal.divide": shares})
    it("arbitrator", arbitration.Refuse("m1", "Cannot be decided."), 3)
    assert (it.net("payer"), it.net("payee"), it.net("arbitrator")) == ("-6.00", "-2.00", "8.00")


def test_where_a_refusal_gives_all_to_one_side_that_side_bears_the_cost() -> None:
    it = heard(**{"arbitration.refusal.divide": "payee"})
    it("arbitrator", arbitration.Refuse("m1", "Cannot be decided."), 3)
    assert (it.net("payer"), it.net("payee"), it.net("arbitrator")) == ("-100.00", "90.00", "10.00")


def test_an_offer_settles_at_any_time_and_gives_both_their_fees_back_before_it_is_heard() -> None:
    it = raised("payee")("payer", dispute.Offer("m1", "70.00"), 2)("payee", dispute.AcceptOffer("m1", "70.00"), 3)
    assert (it.net("payer"), it.net("payee"), it.net("arbitrator")) == ("-70.00", "70.00", "0.00")


def test_the_later_contract_rules_by_the_last_offer_of_the_winner() -> None:
    it = heard(**{"arbitration.award.menu": "last_offers"})
    it("payer", dispute.Offer("m1", "20.00"), 3)("payer", dispute.Offer("m1", "40.00"), 4)
    it.refused("bad-amount", "arbitrator", arbitration.Award("m1", "20.00", "The first."))
    it("arbitrator", arbitration.Award("m1", "40.00", "The buyer is right."), 5)
    assert (it.net("payer"), it.net("payee")) == ("-40.00", "30.00")


def test_what_a_deployment_chooses_is_not_guessed() -> None:
    it = order(KLEROS)
    assert it.now.deadlines() == ()
    it.refused("unknown-rulebook-value", "payer", dispute.Open("m1", "100.00", "why"))


# --- Escrow.com: inspection, return, two times fourteen days --------------------------------------------------------


def goods(days: Any = 3, **rules: Any) -> Job:
    """Shipped on day 1, received on day 2."""
    it = order(ESCROW_COM, "1000.00", **{"milestone.review.within": f"{days} days", **rules})
    it("payee", milestone.Submit("m1", "tracking"), 1)
    return it("platform", milestone.Attest("m1", "received"), 2)


def rejected(**rules: Any) -> Job:
    """The buyer rejects on day 3, the seller rejects the return on day 10."""
    it = goods(**rules)("payer", milestone.RequestCancel("m1", "1000.00"), 3)
    return it("payee", dispute.Open("m1", "1000.00", "Not what I sent."), 10)


@pytest.mark.parametrize("days", [1, 3, 30])
def test_an_inspection_of_the_agreed_days_ends_in_acceptance(days: int) -> None:
    it = goods(days)
    decides(it, day(2 + days), "review_lapsed")
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("-1032.50", "1000.00", "32.50")


@pytest.mark.parametrize("within", ["23 hours", "31 days", "721 hours"])
def test_an_inspection_outside_of_one_to_thirty_days_cannot_be_agreed(within: str) -> None:
    with pytest.raises(Refused) as caught:
        order(ESCROW_COM, **{"milestone.review.within": within})
    assert caught.value.code == "bad-terms"
    assert "from 1 day to 30 days" in caught.value.words


def test_without_an_agreed_inspection_silence_accepts_nothing() -> None:
    it = order(ESCROW_COM)("payee", milestone.Submit("m1", "tracking"), 1)
    assert it("platform", milestone.Attest("m1", "received"), 2).now.deadlines() == ()


def test_a_review_in_business_days_has_no_bounds_in_days() -> None:
    assert order(ESCROW_COM, **{"milestone.review.within": "25 business days"}).state("milestone") == "active"


def test_the_inspection_does_not_run_while_the_goods_are_on_their_way() -> None:
    it = order(ESCROW_COM, **{"milestone.review.within": "3 days"})("payee", milestone.Submit("m1", "tracking"), 1)
    assert it.now.deadlines() == ()
    it.refused("not-your-move", "payee", milestone.Attest("m1", "received"), 2)


def test_a_fact_attested_before_the_shipment_starts_no_inspection() -> None:
    it = order(ESCROW_COM, **{"milestone.review.within": "3 days"})("platform", milestone.Attest("m1", "received"), 1)
    assert it.now.deadlines() == ()


def test_a_return_that_the_seller_accepts_is_no_dispute_and_the_buyer_bears_the_escrow_fee() -> None:
    it = goods()("payer", milestone.RequestCancel("m1", "1000.00"), 3)
    assert it.now.deadlines() == ()
    it("payee", milestone.AgreeCancel("m1", "1000.00"), 12)
    assert it.outcome == ("cancel_agreed", "agreement")
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("-32.50", "0.00", "32.50")


def test_only_the_seller_who_rejects_a_return_opens_a_dispute() -> None:
    it = goods()
    it.refused("not-your-move", "payer", dispute.Open("m1", "1000.00", "why"), 3)
    it.refused("not-now", "payee", dispute.Open("m1", "1000.00", "why"), 3)
    assert rejected().state("dispute") == "contested"


def test_after_fourteen_days_of_negotiation_the_time_to_show_an_arbitration_begins() -> None:
    it = rejected()
    assert it.now.advance(day(24) - SECOND).events == ()
    assert (it.wait(24).state("dispute"), it.state("arbitration")) == ("arbitrated", "offered")


def test_without_an_arbitration_the_buyer_is_refunded_less_the_fee_on_day_twenty_eight_of_the_dispute() -> None:
    it = rejected().wait(24)
    decides(it, day(38), "nobody_paid_fee")
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("-32.50", "0.00", "32.50")


@pytest.mark.parametrize(("at", "code"), [(day(38) - SECOND, None), (day(38), "no-such-move")])
def test_proof_of_an_arbitration_keeps_the_money_until_its_award(at: datetime, code: str | None) -> None:
    it = rejected().wait(24)
    proof = arbitration.PayFee("m1", "all", "925.00")
    if code:
        it.refused(code, "payee", proof, at)
        return
    it("payee", proof, at)("platform", arbitration.Appoint("m1", "AAA"), at)
    assert it.now.deadlines() == ()
    it("arbitrator", arbitration.Award("m1", "600.00", "As the rules have it."), 90)
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("-632.50", "-325.00", "32.50")
    assert it.net("arbitrator") == "925.00"


def test_a_side_may_go_to_arbitration_before_the_negotiation_is_over() -> None:
    assert rejected()("payer", dispute.Escalate("m1"), 15).state("arbitration") == "offered"


@pytest.mark.parametrize(
    ("borne_by", "accepted", "refused"),
    [
        ("payer", ("-1032.50", "1000.00"), "-32.50"),
        ("payee", ("-1000.00", "967.50"), "-32.50"),
        ("both", ("-1016.25", "983.75"), "-32.50"),
    ],
)
def test_whoever_bears_the_escrow_fee_on_a_rejection_it_is_the_buyer(
    borne_by: str, accepted: tuple[str, str], refused: str
) -> None:
    fees = {"escrow.fees": [{"name": "escrow fee", "borne_by": borne_by, "on": "exit", "rate": "3.25%"}]}
    it = goods(**fees)("payer", milestone.Approve("m1", "tracking"), 3)
    assert ((it.net("payer"), it.net("payee")), it.net("platform")) == (accepted, "32.50")
    it = goods(**fees)("payer", milestone.RequestCancel("m1", "1000.00"), 3)
    it("payee", milestone.AgreeCancel("m1", "1000.00"), 12)
    assert (it.net("payer"), it.net("platform")) == (refused, "32.50")


def test_a_brokers_commission_comes_back_where_nothing_is_sold() -> None:
    fees = {
        "escrow.fees": [
            {"name": "broker fee", "to": "broker", "borne_by": "payer", "on": "release", "fixed": "10.00 USD"}
        ]
    }
    it = goods(**fees)("payer", milestone.RequestCancel("m1", "1000.00"), 3)
    it("payee", milestone.AgreeCancel("m1", "1000.00"), 12)
    assert (it.net("payer"), it.net("broker")) == ("0.00", "0.00")


# --- Upwork: catalog, consultations, hours --------------------------------------------------------------------------


def test_a_catalog_order_without_requirements_is_cancelled_after_48_hours() -> None:
    it = order(CATALOG)
    decides(it, day(2), "requirements_lapsed")
    assert it.net("payer") == "0.00"


def test_requirements_given_within_48_hours_keep_the_order() -> None:
    it = order(CATALOG)("payer", milestone.GiveRequirements("m1", "brief"), day(2) - SECOND).wait(30)
    assert it.state("milestone") == "active"


@pytest.mark.parametrize(("before", "may"), [(SECOND, True), (timedelta(0), False), (-SECOND, False)])
def test_a_consultation_can_be_cancelled_until_24_hours_before_it(before: timedelta, may: bool) -> None:
    it = order(CONSULTATION, "50.00", due=day(3))
    at = day(2) - before
    if not may:
        it.refused("not-now", "payer", milestone.Cancel("m1"), at)
        return
    it("payer", milestone.Cancel("m1"), at)
    assert it.outcome == ("early_cancelled", "procedure")
    assert it.net("payer") == "0.00"


def test_a_consultant_who_cancels_gives_all_back_with_the_initiation_fee() -> None:
    it = order(CONSULTATION, "50.00", due=day(3))("payee", milestone.Cancel("m1"), 2.9)
    assert (it.net("payer"), it.net("platform")) == ("0.00", "0.00")


def test_an_initiation_fee_stays_where_released_money_is_given_back() -> None:
    it = order(CONSULTATION, "50.00", due=day(3), **{"escrow.refund_released.within": "30 days"})
    it("payer", escrow.Release("m1", "50.00"), 3).wait(9)("payee", escrow.RefundReleased("m1", "50.00"), 9)
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("-4.99", "0.00", "4.99")


def week() -> Job:
    """A week's log, submitted on a Monday at 12:00 UTC."""
    it = ek.open_agreement(
        rulebook=HOURLY,
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[("m1", "100.00")],
        at=datetime(2023, 7, 3, tzinfo=UTC),
    )
    job = Job(rulebook="standard@1")
    job.now = it
    job("payer", escrow.Deposit("m1", "100.00"), datetime(2023, 7, 3, tzinfo=UTC))
    return job("payee", milestone.Submit("m1", "log"), datetime(2023, 7, 10, 12, tzinfo=UTC))


SATURDAY = datetime(2023, 7, 15, tzinfo=UTC)


def test_the_review_of_a_week_ends_with_friday() -> None:
    decides(week(), SATURDAY, "review_lapsed")


@pytest.mark.parametrize(("at", "may"), [(SATURDAY - SECOND, True), (SATURDAY, False), (SATURDAY + SECOND, False)])
def test_hours_can_be_disputed_until_friday_2359_and_no_later(at: datetime, may: bool) -> None:
    if may:
        assert week()("payer", dispute.Open("m1", "40.00", "why"), at).state("dispute") == "opened"
    else:
        week().refused("over-claim-cap", "payer", dispute.Open("m1", "40.00", "why"), at + timedelta(days=6))


def test_a_freelancer_who_does_not_answer_in_three_days_is_examined_all_the_same() -> None:
    it = week()("payer", dispute.Open("m1", "40.00", "why"), SATURDAY - timedelta(days=1))
    due = SATURDAY + timedelta(days=2)
    assert it.now.advance(due - SECOND).events == ()
    assert (it.wait(due).state("dispute"), it.state("mediation")) == ("mediated", "requested")
    it("platform", mediation.Assign("m1", "specialist"), due)("mediator", mediation.Decide("m1", "60.00", "Two hours."))
    assert it.outcome == ("mediator_decided", "merits")


# --- Sharetribe: an order of goods ----------------------------------------------------------------------------------


def test_an_order_that_is_not_shipped_in_fourteen_days_is_cancelled() -> None:
    decides(order(SHARETRIBE), day(14), "late_cancelled")


def test_an_order_that_is_not_disputed_in_fourteen_days_is_received() -> None:
    decides(order(SHARETRIBE)("payee", milestone.Submit("m1", "tracking"), 3), day(17), "review_lapsed")


def test_a_buyer_may_receive_before_it_is_shipped_but_never_a_part() -> None:
    it = order(SHARETRIBE)
    it.refused("not-now", "payer", escrow.Release("m1", "50.00"), 1)
    assert it("payer", escrow.Release("m1", "100.00"), 1).net("payee") == "100.00"


def test_only_the_operator_cancels() -> None:
    it = order(SHARETRIBE)
    it.refused("not-your-move", "payee", escrow.Refund("m1", "100.00"), 1)
    it.refused("not-now", "payer", milestone.Cancel("m1"), 1)
    assert it("platform", escrow.Refund("m1", "100.00"), 1).net("payer") == "0.00"


def test_a_dispute_that_nobody_decides_is_cancelled_after_sixty_days() -> None:
    it = order(SHARETRIBE)("payee", milestone.Submit("m1", "tracking"), 3)
    it.refused("not-your-move", "payee", dispute.Open("m1", "100.00", "why"), 4)
    it("payer", dispute.Open("m1", "100.00", "why"), 4)
    decides(it, day(64), "dispute_lapsed")


def test_a_payment_waits_fifteen_minutes() -> None:
    it = Job(rulebook=SHARETRIBE, milestones=[("m1", "100.00")], plain=False, rail="slow")
    it("payer", escrow.RequestDeposit("m1", "100.00"))
    due = START + timedelta(minutes=15)
    assert it.now.advance(due - SECOND).events == ()
    assert it.wait(due).state("escrow") == "empty"


# --- Vinted: two days, and proof of the return ----------------------------------------------------------------------


def parcel() -> Job:
    """Shipped on day 1, delivered on day 3."""
    it = order(VINTED, "40.00")("payee", milestone.Submit("m1", "tracking"), 1)
    return it("witness:carrier", milestone.Attest("m1", "delivered"), 3)


def objected() -> Job:
    """The buyer objects on day 4, and the platform is called."""
    it = parcel()("payer", dispute.Open("m1", "40.00", "A hole."), 4)("payer", dispute.Escalate("m1"), 5)
    return it("platform", mediation.Assign("m1", "support"), 5)


def test_two_days_after_delivery_the_seller_is_paid() -> None:
    it = parcel()
    decides(it, day(5), "review_lapsed")
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("-42.70", "40.00", "2.70")


@pytest.mark.parametrize(("at", "may"), [(day(5) - SECOND, True), (day(5), False), (day(5) + SECOND, False)])
def test_a_buyer_objects_within_two_days_of_delivery(at: datetime, may: bool) -> None:
    claim = dispute.Open("m1", "40.00", "A hole.")
    if may:
        assert parcel()("payer", claim, at).state("escrow") == "frozen"
    else:
        parcel().refused("over-claim-cap", "payer", claim, at)


def test_a_seller_ships_within_five_business_days() -> None:
    decides(order(VINTED, "40.00"), day(7), "late_cancelled")


def test_no_decision_gives_money_back_before_somebody_else_than_the_buyer_attests_the_return() -> None:
    it = objected()
    refund = mediation.Decide("m1", "0.00", "A hole.")
    it.refused("not-now", "mediator", refund, 6)
    it.refused("not-now", "mediator", mediation.Decide("m1", "39.99", "A small hole."), 6)
    for by in ("payer", "mediator", "arbitrator"):
        it.refused("not-now", by, milestone.Attest("m1", "returned"), 6)
    it.refused("not-now", "witness:carrier", milestone.Attest("m1", "delivered"), 6)
    it("witness:carrier", milestone.Attest("m1", "returned"), 7)("mediator", refund, 7)
    assert (it.net("payer"), it.net("payee"), it.net("platform")) == ("0.00", "0.00", "0.00")


def test_a_decision_for_the_seller_needs_no_return() -> None:
    it = objected()("mediator", mediation.Decide("m1", "40.00", "No hole."), 6)
    assert it.net("payee") == "40.00"


def test_a_seller_may_give_it_back_without_a_return() -> None:
    it = parcel()("payer", dispute.Open("m1", "40.00", "A hole."), 4)("payee", escrow.Refund("m1", "40.00"), 5)
    assert it.outcome == ("claim_conceded", "agreement")
    assert it.net("payer") == "0.00"


def test_a_counterfeit_need_not_be_sent_back() -> None:
    it = objected()("platform", escrow.Seize("m1", "payer", "A counterfeit."), 6)
    assert (it.net("payer"), it.state("dispute")) == ("0.00", "overridden")


def test_where_no_decision_waits_for_a_fact_none_is_attested_in_a_dispute() -> None:
    it = order(VINTED, "40.00", **{"mediation.refund_needs": "attested:sent"})
    it("payee", milestone.Submit("m1", "tracking"), 1)("payer", dispute.Open("m1", "40.00", "A hole."), 2)
    it.refused("not-now", "platform", milestone.Attest("m1", "returned"), 3)


# --- PayPal: a dispute, a claim -------------------------------------------------------------------------------------


def paid() -> Job:
    """A payment on day 0."""
    return order(PAYPAL)("payer", escrow.Release("m1", "100.00"))


def complained() -> Job:
    """Disputed on day 10."""
    return paid()("payer", dispute.Open("m1", "100.00", "why"), 10)


@pytest.mark.parametrize(("at", "may"), [(day(180) - SECOND, True), (day(180), False), (day(181), False)])
def test_a_payment_can_be_disputed_for_180_days(at: datetime, may: bool) -> None:
    claim = dispute.Open("m1", "100.00", "why")
    if may:
        assert paid()("payer", claim, at).state("dispute") == "opened"
    else:
        assert paid().refused("over-claim-cap", "payer", claim, at).most == Money.zero("USD")


def test_a_dispute_that_is_not_escalated_in_twenty_days_is_closed_and_all_is_as_it_was() -> None:
    it = complained()
    assert it.now.advance(day(30) - SECOND).events == ()
    it.wait(30)
    assert it.events == ["dispute.dropped"]
    assert (it.state("dispute"), it.net("payee"), it.now.owed()) == ("withdrawn", "100.00", {})
    it.refused("no-such-move", "payer", dispute.Escalate("m1"))
    it.refused("not-now", "payer", dispute.Open("m1", "100.00", "again"))


@pytest.mark.parametrize(("at", "may"), [(day(30) - SECOND, True), (day(30), False)])
def test_a_dispute_becomes_a_claim_within_twenty_days(at: datetime, may: bool) -> None:
    if may:
        assert complained()("payer", dispute.Escalate("m1"), at).state("dispute") == "opened"
    else:
        complained().refused("no-such-move", "payer", dispute.Escalate("m1"), at)


def test_a_seller_who_does_not_answer_a_claim_in_ten_days_owes_all_of_it() -> None:
    it = complained()("payer", dispute.Escalate("m1"), 25)
    assert it.now.advance(day(35) - SECOND).events == ()
    it.wait(35)
    assert it.state("dispute") == "defaulted"
    assert it.now.owed() == {("payee", "payer"): Money.parse("100.00 USD")}


def test_a_claim_that_is_answered_waits_for_the_platform_beyond_the_twenty_days() -> None:
    it = complained()("payer", dispute.Escalate("m1"), 25)("payee", dispute.Contest("m1"), 28).wait(60)
    assert it.state("dispute") == "contested"
    it("payer", dispute.Escalate("m1"), 61)("platform", mediation.Assign("m1", "specialist"))
    it("mediator", mediation.Decide("m1", "60.00", "Partly."))
    assert it.now.owed() == {("payee", "payer"): Money.parse("40.00 USD")}


# --- an escalation that lapses, in general --------------------------------------------------------------------------


def resting(within: str, on_silence: Any, **rules: Any) -> Job:
    """A dispute that rests until somebody escalates; contested on day 2."""
    said = {"when": "by a party", "within": within, "on_silence": on_silence}
    it = funded({"dispute.escalate": said, **rules})("payer", dispute.Open("m1", "350.00", "why"), 1)
    return it("payee", dispute.Contest("m1"), 2)


def test_a_dispute_that_nobody_escalates_goes_on_as_the_rulebook_says() -> None:
    assert resting("5 days", "next_stage").wait(6).events[:2] == ["dispute.escalated", "mediation.opened"]
    assert resting("5 days", "halves").wait(6).outcome == ("dispute_lapsed", "procedure")
    assert resting("5 days", "stays").wait(6).events == ["dispute.dropped", "escrow.thawed", "milestone.resumed"]


def test_a_small_pot_that_nobody_escalates_is_divided() -> None:
    small = {"arbitration.small_pot": {"up_to": "400.00 USD", "divide": "halves"}, "dispute.stages": ["arbitration"]}
    it = resting("5 days", "next_stage", **small).wait(6)
    assert it.outcome == ("small_pot_divided", "procedure")


def test_where_no_stage_is_left_for_a_stake_the_dispute_is_closed() -> None:
    least = {"arbitration.eligible.stake_from": "400.00 USD", "dispute.stages": ["arbitration"]}
    assert resting("5 days", "next_stage", **least).wait(6).state("dispute") == "withdrawn"


def test_an_escalation_stops_the_clock_that_would_have_made_it() -> None:
    it = resting("5 days", "stays")("payer", dispute.Escalate("m1"), 3).wait(7)
    assert it.state("dispute") == "mediated"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"dispute.escalate.within": "5 days"}, "dispute.escalate.within needs dispute.escalate.on_silence"),
        ({"dispute.escalate": {"within": "5 days", "on_silence": "declined"}}, "it must move the money; allowed"),
        ({"dispute.escalate": {"within": "5 days", "on_silence": "next_stage"}, "dispute.stages": []}, "no next stage"),
        (
            {
                "milestone.review": {"within": "5 days", "on_silence": "dispute"},
                "dispute.escalate": {"within": "5 days", "on_silence": "stays"},
                "arbitration.none_paid": "stays",
            },
            "arbitration.none_paid.gets: a dispute that silence opens (milestone.review.on_silence) cannot stay",
        ),
        ({"milestone.review.since": "active"}, "reminders are of a submission"),
        ({"mediation.refund_needs": "returned"}, "attested:<name>"),
    ],
)
def test_rules_that_cannot_be_together_are_told(rules: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load("standard@1").override(rules)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("on_silence", "state", "code"),
    [
        ("payee", "completed", "review_lapsed"),
        ("payer", "cancelled", "review_lapsed"),
        ("halves", "completed", "review_lapsed"),
    ],
)
def test_a_review_since_the_start_ends_as_the_rulebook_says(on_silence: str, state: str, code: str) -> None:
    review = {"within": "5 days", "since": "active", "on_silence": on_silence}
    it = funded({"milestone.review": review}).wait(5)
    assert (it.state("milestone"), it.outcome[0]) == (state, code)


def test_a_review_since_the_start_may_end_in_a_dispute() -> None:
    it = funded({"milestone.review": {"within": "5 days", "since": "active", "on_silence": "dispute"}}).wait(5)
    assert it.state("dispute") == "opened"
