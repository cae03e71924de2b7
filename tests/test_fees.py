"""The list of further fees: who bears each, when it is taken, when it comes back; no unit is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit import fees
from escrowkit.errors import DefinitionError, Refused
from escrowkit.machines import dispute, escrow, milestone
from escrowkit.money import Money
from escrowkit.rulebook import build, load
from helpers import START, Job, day

#: Rules in which nothing but the list of fees takes anything.
BARE: dict[str, Any] = {
    "dispute.open_by": ["payer", "payee"],
    "dispute.reopen": "always",
    "dispute.lookback": "180 days",
    "dispute.longest": {"within": "30 days", "on_expiry": "halves"},
    "escrow.refund_released.within": "100 days",
    "escrow.roll_over": True,
}


def job(*fees: dict[str, Any], price: Any = "100.00", deposit: Any = None, **rules: Any) -> Job:
    """A milestone under this list of fees, with its deposit made."""
    book = build({"id": "bare", "version": "1", "title": "bare"}, "bare").override(
        BARE | {"escrow.fees": list(fees)} | rules
    )
    opened = Job(rulebook=book, plain=False, milestones=[("m1", price), ("m2", "50.00")])
    return opened("payer", escrow.Deposit("m1", deposit or price, "pay-1"))


def fee(name: str = "fee", *, by: str = "payer", on: str = "release", **said: Any) -> dict[str, Any]:
    """A fee of the list, to a broker."""
    return {"name": name, "to": "broker", "borne_by": by, "on": on} | (said or {"rate": "10%"})


def nets(it: Job) -> tuple[str, str, str]:
    """Payer, payee, broker."""
    return it.net("payer"), it.net("payee"), it.net("broker")


# --- what a rulebook may say ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("none", "a list of fees is needed"),
        (["10%"], "a fee is a table"),
        ([{"name": "a", "on": "release", "borne_by": "payer", "rates": "1%"}], "did you mean 'rate'?"),
        ([{"on": "release", "borne_by": "payer", "rate": "1%"}], "a fee needs name, borne_by and on"),
        ([fee(rate="1%", to="payee")], "a fee goes to neither party"),
        ([fee(rate="1%", to="payer")], "to = 'payer': a fee goes to neither party"),
        ([fee(rate="1%", to="authority")], "to = 'authority': a fee goes to neither party"),
        ([fee(rate="1%", to="world:x")], "a fee goes to neither party"),
        ([fee(by="broker")], "'broker'"),
        ([fee(on="award")], "'award'"),
        ([fee(model="tiered", rate="1%")], "tiers or a rate, as the model says"),
        ([fee(tiers=[{"rate": "1%"}], rate="1%")], "tiers or a rate, as the model says"),
        ([{"name": "a", "borne_by": "payer", "on": "release"}], "a rate, a fixed part or tiers"),
        ([fee(by="payee", on="deposit")], "borne by the payer: nobody else pays in"),
        ([fee(by="payee", rate="1%", returned="always")], "what the payee bears is spent"),
        ([fee(on="exit", rate="1%", returned="always")], "it is never returned"),
        ([fee(on="release", rate="1%", returned="never")], "comes back with what is not released"),
        ([fee(), fee()], "two fees have one name"),
        ([fee(rate="1%", floor="3.00 USD", cap="2.00 USD")], "floor: 3.00 USD is more than the cap"),
    ],
)
def test_a_wrong_fee_is_told_with_what_is_wrong(said: Any, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load("standard@1").override({"escrow.fees": said})
    assert words in str(caught.value)


def test_a_fee_is_shown_in_words() -> None:
    tiers = [{"up_to": "500.00 USD", "rate": "20%"}, {"rate": "5%"}]
    book = load("standard@1").override({
        "escrow.fees": [
            fee("entry", on="deposit", fixed="4.99 USD", returned="while_held"),
            fee("agent", by="payee", rate="1%", floor="1.00 USD", cap="9.00 USD"),
            fee("house", by="both", on="exit", tiers=tiers, fixed="0.50 USD"),
            fee("bank", by="payee", tiers=tiers),
            {"name": "card", "borne_by": "payer", "on": "release", "rate": "1%"},
        ]
    })  # fmt: skip
    assert {key: text for key, text, *_ in book.rows()}["escrow.fees"] == (
        "entry: 4.99 USD to the broker, borne by payer, on deposit, returned: while held; "
        "agent: 1%, at least 1.00 USD, at most 9.00 USD to the broker, borne by payee, on release; "
        "house: 20% up to 500.00 USD, 5% above, plus 0.50 USD to the broker, borne by both, on exit, returned: never; "
        "bank: 20% up to 500.00 USD, 5% above to the broker, borne by payee, on release; "
        "card: 1% to the platform, borne by payer, on release, returned: while held"
    )


def test_a_rulebook_without_a_list_has_none() -> None:
    assert build({"id": "bare", "version": "1", "title": "bare"}, "bare").fees("USD") == ()


def test_an_amount_of_a_fee_in_another_currency_is_told_at_the_opening() -> None:
    book = load("standard@1").override({"escrow.fees": [fee(fixed="1.00 EUR")]})
    with pytest.raises(Refused) as caught:
        Job(rulebook=book, plain=False)
    assert caught.value.code == "wrong-currency"
    assert "escrow.fees (fee)" in caught.value.words


def test_fees_that_leave_the_payee_nothing_are_told_at_the_opening() -> None:
    fees = {"escrow.fees": [fee(by="payee", fixed="320.00 USD")]}
    with pytest.raises(Refused) as caught:
        Job(fees, plain=False)
    assert caught.value.code == "bad-terms"
    assert Job({"escrow.fees": [fee(fixed="320.00 USD")]}, plain=False).state("milestone") == "agreed"


def test_an_unsettled_list_is_told_to_who_pays_in() -> None:
    it = Job({"escrow.fees": "unknown"}, plain=False)
    it.refused("unknown-rulebook-value", "payer", escrow.Deposit("m1", "350.00"))


# --- the sums alone -------------------------------------------------------------------------------------------------


def priced(*listed: dict[str, Any]) -> tuple[fees.Priced, ...]:
    """These fees with their tariffs in dollars."""
    book = build({"id": "bare", "version": "1", "title": "bare"}, "bare").override({"escrow.fees": list(listed)})
    return book.fees("USD")


def usd(**sums: str) -> dict[str, Money]:
    """Sums by name, in dollars."""
    return {name: Money.parse(sum_, "USD") for name, sum_ in sums.items()}


def taken(
    *listed: dict[str, Any], paid: str, left: str, mine: str, yours: str, odd_to: str = "payee", **so_far: str
) -> tuple[dict[str, Money], dict[str, Money]]:
    """What is taken of the payee's part, and what of the payer's."""
    sums = usd(paid=paid, left=left, mine=mine, yours=yours)
    return fees.taken(
        priced(*listed),
        so_far=usd(**so_far),
        all_paid=sums["paid"],
        all_left=sums["left"],
        weights=(sums["mine"], sums["yours"]),
        odd_to=odd_to,
    )


def test_a_fee_on_release_is_one_of_what_is_paid_and_falls_on_nothing_that_goes_back() -> None:
    it = taken(fee(by="payee"), paid="50.00", left="100.00", mine="50.00", yours="50.00")
    assert it == (usd(fee="5.00"), {})


def test_a_fee_on_release_that_is_still_due_waits_for_the_next_release() -> None:
    assert taken(fee(by="payee"), paid="50.00", left="60.00", mine="0.00", yours="10.00") == ({}, {})


def test_a_fee_that_is_not_due_keeps_no_other_from_being_taken() -> None:
    first, second = fee("first", by="payee"), fee("second", by="payee", rate="1%")
    it = taken(first, second, paid="50.00", left="50.00", mine="10.00", yours="0.00", first="5.00")
    assert it == (usd(second="0.50"), {})


def test_fees_of_the_payers_part_together_take_no_more_than_it() -> None:
    first, second = (fee(name, by="payee", on="exit", fixed="1.00 USD") for name in ("first", "second"))
    it = taken(first, second, paid="0.00", left="1.00", mine="0.00", yours="1.00")
    assert it == ({}, usd(first="1.00"))


def test_each_fee_of_the_payers_part_is_told_by_its_name() -> None:
    first, second = fee("first", by="payee", on="exit"), fee("second", by="payee", on="exit", rate="1%")
    it = taken(first, second, paid="0.00", left="20.00", mine="0.00", yours="20.00")
    assert it == ({}, usd(first="2.00", second="0.20"))


@pytest.mark.parametrize(("odd_to", "first", "second"), [("payer", "0.02", "0.03"), ("payee", "0.03", "0.02")])
def test_a_fee_that_both_bear_is_paid_in_by_parts_as_at_once(odd_to: str, first: str, second: str) -> None:
    both = priced(fee(by="both"))
    nothing, some = Money.zero("USD"), Money.parse("0.50 USD")
    assert fees.paid_in(both, nothing, some, odd_to) == usd(fee=first)
    assert fees.paid_in(both, some, some, odd_to) == usd(fee=second)


def back(*listed: dict[str, Any], paid: str, remains: str, odd_to: str = "payee", **already: str) -> dict[str, Money]:
    """What comes back of fees that were each paid in on 100.00, in so much, when so much of it remains."""
    return fees.returned(
        priced(*listed),
        paid=usd(**{one["name"]: paid for one in listed}),
        back=usd(**already),
        base=Money.parse("100.00 USD"),
        remains=Money.parse(remains, "USD"),
        when=("always",),
        odd_to=odd_to,
    )


def test_each_fee_comes_back_by_its_name() -> None:
    first, second = (fee(name, on="deposit", returned="always", rate="10%") for name in ("first", "second"))
    assert back(first, second, paid="10.00", remains="40.00") == usd(first="6.00", second="6.00")
    assert back(first, second, paid="10.00", remains="40.00", first="6.00") == usd(second="6.00")


@pytest.mark.parametrize(("already", "due"), [("5.98", "0.02"), ("5.99", "0.01"), ("6.00", None), ("6.01", None)])
def test_what_came_back_already_comes_back_no_more_to_the_last_cent(already: str, due: str | None) -> None:
    it = back(fee(on="deposit", returned="always", rate="10%"), paid="10.00", remains="40.00", fee=already)
    assert it == ({} if due is None else usd(fee=due))


@pytest.mark.parametrize(("odd_to", "due"), [("payer", "4.98"), ("payee", "4.97")])
def test_of_a_fee_that_both_bear_the_odd_unit_stays_with_who_gets_no_odd_units(odd_to: str, due: str) -> None:
    it = back(fee(by="both", returned="always", rate="10%"), paid="5.00", remains="0.50", odd_to=odd_to)
    assert it == usd(fee=due)


# --- what the payer bears is paid in on top -------------------------------------------------------------------------


def test_what_the_payer_bears_waits_beside_the_escrow_and_goes_to_its_owner_in_the_end() -> None:
    it = job(fee())
    assert (it.net("payer"), it.balance("escrow:m1"), it.balance("fees:m1")) == ("-110.00", "100.00", "10.00")
    it("payer", escrow.Release("m1", "60.00"))
    assert nets(it) == ("-110.00", "60.00", "0.00")
    it("payer", escrow.Release("m1", "40.00"))
    assert nets(it) == ("-110.00", "100.00", "10.00")
    assert it.balance("fees:m1") == "0.00"


def test_a_fee_on_a_release_comes_back_with_what_is_not_released() -> None:
    it = job(fee())("payee", escrow.Refund("m1", "40.00"))
    assert nets(it) == ("-66.00", "0.00", "0.00")
    it("payer", escrow.Release("m1", "60.00"))("payee", milestone.Cancel("m1"))
    assert nets(it) == ("-66.00", "60.00", "6.00")


def test_of_two_refunds_each_brings_its_own_part_of_the_fee_back() -> None:
    it = job(fee())("payee", escrow.Refund("m1", "40.00"))("payee", escrow.Refund("m1", "10.00"))
    assert (nets(it), it.balance("fees:m1")) == (("-55.00", "0.00", "0.00"), "5.00")


def test_a_fee_on_an_exit_never_comes_back() -> None:
    it = job(fee(on="exit"))("payee", escrow.Refund("m1", "100.00"))
    assert nets(it) == ("-10.00", "0.00", "10.00")


@pytest.mark.parametrize(("returned", "left"), [("while_held", "-4.99"), ("always", "0.00"), ("never", "-4.99")])
def test_a_fee_on_a_deposit_comes_back_as_the_rulebook_says_when_released_money_is_given_back(
    returned: str, left: str
) -> None:
    entry = fee(on="deposit", fixed="4.99 USD", returned=returned)
    it = job(entry)("payer", escrow.Release("m1", "100.00"))("payee", escrow.RefundReleased("m1", "100.00"))
    assert it.net("payer") == left
    assert it.net("payee") == "0.00"


def test_what_always_comes_back_comes_from_beside_the_escrow_while_it_is_there() -> None:
    entry = fee(on="deposit", rate="10%", returned="always")
    it = job(entry)("payer", escrow.Release("m1", "60.00"))("payee", escrow.RefundReleased("m1", "60.00"))
    assert (it.net("payer"), it.net("broker"), it.balance("fees:m1")) == ("-44.00", "0.00", "4.00")
    it("payee", escrow.Refund("m1", "40.00"))
    assert nets(it) == ("0.00", "0.00", "0.00")


@pytest.mark.parametrize(("returned", "left"), [("while_held", "0.00"), ("always", "0.00"), ("never", "-4.99")])
def test_a_fee_on_a_deposit_comes_back_as_the_rulebook_says_when_held_money_is_refunded(
    returned: str, left: str
) -> None:
    it = job(fee(on="deposit", fixed="4.99 USD", returned=returned))("payee", escrow.Refund("m1", "100.00"))
    assert it.net("payer") == left


def test_deposits_in_parts_pay_the_same_as_one() -> None:
    parts = job(fee(fixed="4.99 USD", rate="3.3%"), deposit="33.33")
    parts("payer", escrow.Deposit("m1", "66.67", "pay-2"))
    whole = job(fee(fixed="4.99 USD", rate="3.3%"))
    assert parts.net("payer") == whole.net("payer") == "-108.29"


def test_a_deposit_that_is_confirmed_later_pays_on_top_of_what_is_kept() -> None:
    book = build({"id": "bare", "version": "1", "title": "bare"}, "bare").override({"escrow.fees": [fee()]})
    it = Job(rulebook=book, plain=False, milestones=[("m1", "100.00")], rail="slow")
    it("payer", escrow.RequestDeposit("m1", "100.00"))("provider", escrow.ConfirmDeposit("m1", "120.00", "pay-1"))
    assert (it.balance("escrow:m1"), it.balance("fees:m1"), it.balance("payable:payer")) == ("100.00", "10.00", "20.00")


def test_a_processing_fee_and_a_fee_of_the_list_stand_side_by_side() -> None:
    more: dict[str, Any] = {"escrow.processing_fee": {"rate": "3%", "returned": "while_held"}}
    it = job(fee(), **more)
    assert it.balance("fees:m1") == "13.00"
    it("payee", escrow.Refund("m1", "50.00"))
    assert (it.net("payer"), it.balance("fees:m1")) == ("-56.50", "6.50")
    it("payer", escrow.Release("m1", "50.00"))("payee", milestone.Cancel("m1"))
    assert (it.net("payer"), it.net("payee"), it.net("broker"), it.net("platform")) == (
        "-56.50",
        "50.00",
        "5.00",
        "1.50",
    )


def test_once_the_fees_of_the_list_went_to_their_owners_nothing_waits_beside_the_escrow() -> None:
    it = job(fee())("payer", escrow.Release("m1", "100.00"))
    assert it.now.pot("m1").fees.text == "0.00"


def test_money_that_goes_back_out_of_its_hold_brings_its_fee_back_like_held_money() -> None:
    """Of 100.00, on which 10.00 were paid, 70.00 go back; then of the 30.00 that the payee got, 10.00."""
    entry = fee(on="deposit", rate="10%", returned="always")
    it = job(entry, **{"escrow.clearing": "5 days"})("payer", escrow.Release("m1", "60.00"), 1)
    it("payer", dispute.Open("m1", "100.00", "bad"), 2)("payer", dispute.Offer("m1", "30.00"))
    it("payee", dispute.AcceptOffer("m1", "30.00")).wait(10)
    assert nets(it) == ("-33.00", "30.00", "3.00")
    it("payee", escrow.RefundReleased("m1", "10.00"))
    assert nets(it) == ("-22.00", "20.00", "2.00")


def test_what_came_from_another_milestone_goes_back_before_what_a_fee_was_paid_on() -> None:
    it = job(fee(on="deposit", rate="10%", returned="while_held"))("payer", escrow.Deposit("m2", "10.00", "pay-2"))
    it("payer", escrow.RollOver("m1", "40.00", "m2"))("payee", escrow.Refund("m2", "20.00"))
    assert it.balance("fees:m2") == "1.00"


def test_the_odd_unit_of_a_fee_that_both_bear_falls_alike_on_what_is_paid_in_and_on_what_comes_back() -> None:
    it = job(fee(by="both"), price="100.10", **{"money.remainder_to": "payer"})
    assert it.net("payer") == "-105.10"
    assert it("payee", escrow.Refund("m1", "50.00")).net("payer") == "-52.60"


def test_a_rest_that_rolls_over_takes_no_fee_along() -> None:
    it = job(fee())("payer", escrow.Release("m1", "60.00"))("payer", escrow.RollOver("m1", "40.00", "m2"))
    assert (it.net("broker"), it.balance("fees:m1"), it.balance("fees:m2")) == ("10.00", "0.00", "0.00")
    it("payee", escrow.Refund("m2", "40.00"))
    assert nets(it) == ("-70.00", "60.00", "10.00")


# --- what the payee bears is taken when money leaves ----------------------------------------------------------------


def test_what_the_payee_bears_is_taken_of_each_release_and_slicing_changes_nothing() -> None:
    sliced, whole = job(fee(by="payee", rate="3.3%")), job(fee(by="payee", rate="3.3%"))
    for part in ("33.33", "33.33", "33.34"):
        sliced("payer", escrow.Release("m1", part))
    whole("payer", escrow.Release("m1", "100.00"))
    assert nets(sliced) == nets(whole) == ("-100.00", "96.70", "3.30")


def test_a_fee_on_an_exit_that_the_payee_was_to_bear_falls_on_the_payer_where_the_money_goes_back() -> None:
    """On a rejection the buyer bears the escrow fee, whatever was agreed."""
    it = job(fee(by="payee", on="exit"))("payee", escrow.Refund("m1", "40.00"))
    assert nets(it) == ("-64.00", "0.00", "4.00")
    it("payer", escrow.Release("m1", "60.00"))
    assert nets(it) == ("-64.00", "54.00", "10.00")


def test_a_fee_on_an_exit_is_divided_as_the_money_is() -> None:
    it = job(fee(by="payee", on="exit"))("payer", dispute.Open("m1", "100.00", "why"), 1).wait(31)
    assert it.outcome == ("dispute_lapsed", "procedure")
    assert nets(it) == ("-55.00", "45.00", "10.00")


def test_a_fee_that_both_bear_is_halved_and_its_odd_unit_falls_on_who_gets_no_odd_units() -> None:
    half = fee(by="both", on="exit", fixed="0.05 USD")
    assert nets(job(half)("payer", escrow.Release("m1", "100.00"))) == ("-100.02", "99.97", "0.05")
    other = job(half, **{"money.remainder_to": "payee"})("payer", escrow.Release("m1", "100.00"))
    assert nets(other) == ("-100.03", "99.98", "0.05")


def test_a_floor_and_a_cap_hold_over_all_releases_together() -> None:
    it = job(fee(by="payee", rate="10%", floor="3.00 USD", cap="5.00 USD"))
    it("payer", escrow.Release("m1", "10.00"))
    assert it.net("broker") == "3.00"
    it("payer", escrow.Release("m1", "30.00"))
    assert it.net("broker") == "4.00"
    it("payer", escrow.Release("m1", "60.00"))
    assert nets(it) == ("-100.00", "95.00", "5.00")


def test_a_fee_takes_at_most_what_the_service_fee_leaves() -> None:
    fees = fee("first", by="payee", fixed="30.00 USD"), fee("second", by="payee", fixed="10.00 USD")
    rate: dict[str, Any] = {"escrow.service_fee": {"model": "flat", "rate": "10%"}}
    it = job(*fees, **rate)("payer", escrow.Release("m1", "20.00"))
    assert (it.net("platform"), it.net("broker"), it.net("payee")) == ("2.00", "18.00", "0.00")
    it("payer", escrow.Release("m1", "80.00"))
    assert (it.net("platform"), it.net("broker"), it.net("payee")) == ("10.00", "40.00", "50.00")


def test_a_seizure_takes_no_fee_of_what_it_takes_away() -> None:
    it = job(fee(by="payee", on="exit"))("platform", escrow.Seize("m1", "payer", "A fraud."))
    assert nets(it) == ("0.00", "0.00", "0.00")


def test_a_fee_of_what_still_clears_is_the_payees_to_make_good_when_it_goes_back() -> None:
    it = job(fee(by="payee"), **{"escrow.clearing": "5 days"})("payer", escrow.Release("m1", "100.00"))
    assert (it.balance("clearing:m1"), it.net("broker")) == ("90.00", "10.00")
    it("payer", dispute.Open("m1", "100.00", "why"), 1)("payee", escrow.Refund("m1", "100.00"), 2)
    assert nets(it) == ("-10.00", "0.00", "10.00")
    assert it.now.owed() == {("payee", "payer"): Money.parse("10.00 USD")}


def test_what_clears_arrives_without_the_fee() -> None:
    it = job(fee(by="payee"), **{"escrow.clearing": "5 days"})("payer", escrow.Release("m1", "100.00")).wait(5)
    assert nets(it) == ("-100.00", "90.00", "10.00")


def test_a_payee_who_gives_back_what_still_clears_bears_its_fee() -> None:
    it = job(fee(by="payee"), **{"escrow.clearing": "5 days"})("payer", escrow.Release("m1", "100.00"))
    it("payee", escrow.RefundReleased("m1", "50.00"), 1)
    assert (it.balance("clearing:m1"), *nets(it)) == ("45.00", "-50.00", "-5.00", "10.00")
    assert nets(it.wait(5)) == ("-50.00", "40.00", "10.00")


def test_a_chargeback_of_what_was_released_leaves_the_fee_with_its_owner() -> None:
    bear: dict[str, Any] = {"escrow.clearing": "5 days", "escrow.chargeback": "payee"}
    it = job(fee(by="payee"), **bear)("payer", escrow.Release("m1", "100.00"))
    it("provider", escrow.ChargeBack("m1", "100.00", "cb-1"), 1)
    assert (*nets(it), it.net("platform")) == ("0.00", "0.00", "10.00", "-10.00")
    assert it.now.owed() == {("payee", "platform"): Money.parse("10.00 USD")}


# --- no unit is lost ------------------------------------------------------------------------------------------------

FEE = st.fixed_dictionaries(
    {
        "borne_by": st.sampled_from(["payer", "payee", "both"]),
        "on": st.sampled_from(["deposit", "release", "exit"]),
        "rate": st.integers(0, 2_000).map(lambda bp: f"{bp / 100:.2f}%"),
        "to": st.sampled_from(["broker", "platform", "agent"]),
    },
    optional={"floor": st.just("0.03 USD"), "cap": st.just("0.09 USD"), "fixed": st.just("0.01 USD")},
).filter(lambda one: one["on"] != "deposit" or one["borne_by"] == "payer")


@given(
    fees=st.lists(FEE, min_size=1, max_size=3),
    odd_to=st.sampled_from(["payer", "payee"]),
    moves=st.lists(st.tuples(st.sampled_from(["release", "refund", "give back"]), st.integers(1, 400)), max_size=8),
    clears=st.booleans(),
)
def test_whatever_is_released_refunded_and_given_back_each_unit_is_accounted_for(
    fees: list[dict[str, Any]], odd_to: str, moves: list[tuple[str, int]], clears: bool
) -> None:
    named = [one | {"name": f"fee {n}"} for n, one in enumerate(fees)]
    more: dict[str, Any] = {"money.remainder_to": odd_to, "escrow.clearing": "5 days" if clears else "none"}
    it = job(*named, price="10.01", **more)
    for what, minor in moves:
        pot = it.now.pot("m1")
        most = pot.refundable if what == "give back" else pot.held
        sum_ = min(Money(minor, "USD"), most)
        if sum_:
            by, command = {
                "release": ("payer", escrow.Release("m1", sum_)),
                "refund": ("payee", escrow.Refund("m1", sum_)),
                "give back": ("payee", escrow.RefundReleased("m1", sum_)),
            }[what]
            it(by, command)
        outside = sum(money.minor for account, money in it.now.ledger.accounts() if account.startswith("world:"))
        assert outside + it.now.held().minor == 0
        assert it.balance("fees:m1")[0] != "-"
        assert all(it.now.net(name).minor >= 0 for name in ("broker", "platform", "agent"))
    rest = it.now.pot("m1").held
    if rest:
        it("payee", escrow.Refund("m1", rest))
    if not it.now.pot("m1").over:
        it("payee", milestone.Cancel("m1"))
    it.wait(10)
    assert not it.now.held()


@given(minor=st.integers(1, 10_000), rate=st.integers(0, 2_000), part=st.integers(1, 10_000))
def test_a_service_fee_and_a_processing_fee_are_short_forms_of_the_list(minor: int, rate: int, part: int) -> None:
    """For one deposit and its releases: to the last unit the same."""
    text, price = f"{rate / 100:.2f}%", Money(minor, "USD").text
    short = job(price=price, **{
        "escrow.service_fee": {"model": "flat", "rate": text},
        "escrow.processing_fee": {"rate": text, "returned": "never"},
    })  # fmt: skip
    own = {"to": "platform", "rate": text}
    long = job(fee("service", by="payee", **own), fee("processing", on="deposit", **own), price=price)
    first = Money(min(part, minor), "USD")
    for it in (short, long):
        it("payer", escrow.Release("m1", first))
        if first.minor < minor:
            it("payee", escrow.Refund("m1", Money(minor, "USD") - first))
    assert [short.net(name) for name in ("payer", "payee", "platform")] == [
        long.net(name) for name in ("payer", "payee", "platform")
    ]


# --- a court's costs ------------------------------------------------------------------------------------------------


def test_a_court_may_give_costs_to_a_third_party_before_it_divides() -> None:
    it = job()("platform", escrow.ObeyOrder("m1", "45.00", "case 1", costs="10.00", costs_to="stakeholder"))
    assert (it.net("payer"), it.net("payee"), it.net("stakeholder")) == ("-55.00", "45.00", "10.00")
    assert it.outcome == ("court_ordered", "override")


@pytest.mark.parametrize(
    ("costs", "to"), [("10.00", None), (None, "stakeholder"), ("10.00", "payee"), ("10.00", "payer"), ("10.00", "a:b")]
)
def test_costs_have_an_owner_who_is_neither_side(costs: str | None, to: str | None) -> None:
    job().refused("bad-argument", "platform", escrow.ObeyOrder("m1", "45.00", "case 1", costs=costs, costs_to=to))


def test_costs_and_the_payees_part_are_at_most_what_is_held() -> None:
    order = escrow.ObeyOrder("m1", "90.01", "case 1", costs="10.00", costs_to="stakeholder")
    assert job().refused("over-held", "platform", order).most == Money.parse("90.00 USD")
    clearing = job(**{"escrow.clearing": "5 days"})("payer", escrow.Release("m1", "95.00"))
    clearing.refused("over-held", "platform", escrow.ObeyOrder("m1", "0.00", "c", costs="5.01", costs_to="stakeholder"))
    clearing("platform", escrow.ObeyOrder("m1", "0.00", "c", costs="5.00", costs_to="stakeholder"))
    assert (clearing.net("payer"), clearing.net("stakeholder")) == ("-5.00", "5.00")


# --- what a late refusal leaves -------------------------------------------------------------------------------------


def test_a_dispute_that_the_platform_withdraws_under_its_own_hold_leaves_nothing_frozen() -> None:
    it = Job({"dispute.open_by": ["platform"]})("payer", escrow.Deposit("m1", "350.00"))
    it("platform", dispute.Open("m1", "350.00", "why"), 1)("platform", escrow.Hold("m1", "A doubt."), 2)
    it("platform", dispute.Withdraw("m1"), 3)("platform", escrow.Lift("m1"), 4)
    assert (it.state("escrow"), it.state("milestone")) == ("held", "active")


def test_a_refusal_after_deadlines_leaves_what_they_decided_untouched() -> None:
    """Also where it comes late: when what follows from the command needs what the sources do not settle."""
    unsettled: dict[str, Any] = {
        "dispute.stages": ["arbitration"],
        "dispute.answer.payee": {"within": "3 days", "on_silence": "contested"},
        "arbitration.fee": {"model": "none", "paid_to": "unknown"},
    }
    it = Job(unsettled)("payer", escrow.Deposit("m1", "350.00"))("payer", dispute.Open("m1", "350.00", "why"), 1)
    with pytest.raises(Refused) as caught:
        it.now.decide(dispute.Withdraw("m1"), by="payer", at=day(5))
    assert caught.value.code == "unknown-rulebook-value"
    assert caught.value.decision == it.now.advance(day(5))
    assert ek.replay(it.now.advance(day(5)).agreement.history) == it.now.advance(day(5)).agreement
    assert it.now.at > START


def test_a_release_gives_no_processing_fee_back_even_if_released_money_was_given_back_before() -> None:
    rules = {"escrow.processing_fee.rate": "10%", "escrow.processing_fee.returned": "while_held"}
    j = Job(rules, milestones=[("m1", "100.00")])("payer", ek.escrow.Deposit("m1", "100.00"))
    j("payer", ek.escrow.Release("m1", "40.00"))("payee", ek.escrow.RefundReleased("m1", "40.00"))
    assert (j.net("payer"), j.balance("fees:m1")) == ("-70.00", "10.00")
    j("payer", ek.escrow.Release("m1", "60.00"))
    assert (j.net("payer"), j.balance("fees:m1")) == ("-70.00", "10.00")


def test_what_was_released_without_a_fee_counts_for_the_tiers_above() -> None:
    tiers = [{"up_to": "60.00 USD", "rate": "0%"}, {"rate": "10%"}]
    it = job(**{"escrow.service_fee": {"model": "tiered", "tiers": tiers}})("payer", escrow.Release("m1", "60.00"))
    assert it.net("platform") == "0.00"
    assert it("payer", escrow.Release("m1", "40.00")).net("platform") == "4.00"
