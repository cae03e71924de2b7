"""What an escrow remembers of its sums: parts that come and go again and again count as one, to the last unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import escrowkit as ek
from escrowkit.machines import escrow as e
from escrowkit.money import Money
from helpers import MICRO, PLAIN, Job, day, disputed, funded

CLEARS: dict[str, Any] = {"escrow.clearing": "5 days"}
LONG: dict[str, Any] = {"escrow.clearing": "90 days"}
TEN: dict[str, Any] = {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": "10%"}
LIMIT: dict[str, Any] = {"escrow.hold_limit.within": "60 days", "escrow.hold_limit.on_expiry": "payer"}
AGAIN: dict[str, Any] = {"dispute.lookback": "180 days", "dispute.reopen": "always", "dispute.stages": []}
CARD: dict[str, Any] = {"escrow.processing_fee.rate": "3%", "escrow.processing_fee.returned": "while_held"}
PART: dict[str, Any] = {"milestone.start": "in_part"}
TWO = (("m1", "350.00"), ("m2", "100.00"))


def listed(**said: Any) -> dict[str, Any]:
    """A fee of a tenth that the payer pays in."""
    return {"escrow.fees": [{"name": "fee", "to": "broker", "borne_by": "payer", "rate": "10%", **said}]}


def texts(sums: Mapping[str, Money] | None) -> dict[str, str] | None:
    return None if sums is None else {name: sum_.text for name, sum_ in sums.items()}


def nets(job: Job) -> list[str]:
    return [job.net(side) for side in ("payer", "payee", "platform")]


# -- paying in -------------------------------------------------------------------------------------------------------


def test_a_deposit_that_is_confirmed_pays_its_processing_fee_on_what_fits() -> None:
    job = Job(CARD, rail="slow")("payer", e.RequestDeposit("m1", "350.00"))
    job("provider", e.ConfirmDeposit("m1", "400.00", "w"))
    assert (job.balance("fees:m1"), job.balance("payable:payer")) == ("10.50", "50.00")


def test_the_processing_fees_of_several_deposits_come_back_together() -> None:
    job = Job({**PART, **CARD})("payer", e.Deposit("m1", "100.00"))("payer", e.Deposit("m1", "250.00"))
    assert (job.balance("fees:m1"), job("payee", e.Refund("m1", "70.00")).net("payer")) == ("10.50", "-288.40")
    assert job("payee", e.Refund("m1", "280.00")).net("payer") == "0.00"


def test_a_deposit_that_was_confirmed_counts_once_however_it_is_told_again() -> None:
    job = Job()("payer", e.RequestDeposit("m1", "200.00"))("provider", e.ConfirmDeposit("m1", "200.00", "w"))
    for by, again in (("provider", e.ConfirmDeposit("m1", "200.00", "w")), ("payer", e.Deposit("m1", "150.00", "w"))):
        assert job(by, again).events == ["escrow.repeated"]
    assert (job.balance("escrow:m1"), job.net("payer")) == ("200.00", "-200.00")


def test_a_chargeback_names_a_confirmed_deposit_by_its_reference() -> None:
    job = Job(PART)("payer", e.Deposit("m1", "100.00", "a"))("payer", e.RequestDeposit("m1", "250.00"))
    job("provider", e.ConfirmDeposit("m1", "250.00", "b"))
    assert job("provider", e.ChargeBack("m1", "250.00", "cb", deposit="b")).balance("escrow:m1") == "100.00"


def test_a_chargeback_of_one_deposit_leaves_the_other_to_be_charged_back() -> None:
    job = Job()("payer", e.Deposit("m1", "100.00", "a"))("payer", e.Deposit("m1", "250.00", "b"))
    job("provider", e.ChargeBack("m1", "250.00", "cb", deposit="b"))
    job.refused("bad-amount", "provider", e.ChargeBack("m1", "0.01", "cb2", deposit="b"))
    assert job("provider", e.ChargeBack("m1", "100.00", "cb3", deposit="a")).net("payer") == "0.00"


def test_of_a_chargeback_the_payer_owes_what_had_gone_back_and_not_what_was_held() -> None:
    job = funded()("payee", e.Refund("m1", "100.00"))("provider", e.ChargeBack("m1", "350.00", "cb"))
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payer", "platform"): "100.00"}


def test_deposits_without_a_reference_are_counted_from_one() -> None:
    job = Job()("payer", e.Deposit("m1", "50.00"))("payer", e.Deposit("m1", "60.00"))
    job("provider", e.ChargeBack("m1", "50.00", "cb", deposit="deposit 1"))
    assert job("provider", e.ChargeBack("m1", "60.00", "cb2", deposit="deposit 2")).net("payer") == "0.00"


# -- the longest holding time ----------------------------------------------------------------------------------------


def test_the_longest_holding_time_leaves_what_clears_of_an_undisputed_pot_to_the_payee() -> None:
    job = funded({**LIMIT, **LONG})("payer", e.Release("m1", "100.00"), 10).wait(60)
    assert (job.balance("escrow:m1"), job.balance("clearing:m1"), job.net("payer")) == ("0.00", "100.00", "-100.00")


def test_the_longest_holding_time_of_what_rolls_over_counts_from_the_first_money_there() -> None:
    fresh = funded(LIMIT, milestones=TWO)("payer", e.RollOver("m1", "100.00", "m2"), 20)
    assert fresh.wait(day(80) - MICRO).state("escrow.m2") == "held"
    assert fresh.wait(80).state("escrow.m2") == "settled"
    older = funded(LIMIT, milestones=TWO)("payer", e.Deposit("m2", "10.00"), 10)(
        "payer", e.RollOver("m1", "90.00", "m2"), 20
    )
    assert older.wait(day(70) - MICRO).state("escrow.m2") == "held"
    assert older.wait(70).state("escrow.m2") == "settled"


def test_the_longest_holding_time_counts_anew_from_when_a_chargeback_comes_back() -> None:
    job = funded(LIMIT)("provider", e.ChargeBack("m1", "350.00", "cb"), 30)(
        "provider", e.ReverseChargeBack("m1", "cb"), 50
    )
    assert job.wait(day(110) - MICRO).state("escrow") == "held"
    assert job.wait(110).state("escrow") == "settled"


def test_a_chargeback_that_comes_back_to_the_payee_starts_no_holding_time() -> None:
    job = Job({**LIMIT, **PART})("payer", e.Deposit("m1", "200.00", "a"))("payer", e.Release("m1", "200.00"))
    job("provider", e.ChargeBack("m1", "200.00", "cb"), 10)("provider", e.ReverseChargeBack("m1", "cb"), 20)
    job("payer", e.Deposit("m1", "150.00", "b"), 50)
    assert job.wait(day(110) - MICRO).state("escrow") == "held"
    assert job.wait(110).state("escrow") == "settled"


# -- under a dispute and a hold --------------------------------------------------------------------------------------


def test_a_payment_that_fails_in_a_dispute_leaves_what_was_held_below_it() -> None:
    job = funded(AGAIN)("payee", e.Refund("m1", "50.00"))("payer", e.RequestDeposit("m1", "50.00"))
    job("payer", ek.dispute.Open("m1", "300.00", "why"))("provider", e.FailDeposit("m1", "card declined"))
    assert job("payer", ek.dispute.Withdraw("m1")).state("escrow") == "held"


@pytest.mark.parametrize(("rules", "below"), [({}, "empty"), (LONG, "clearing")])
def test_a_chargeback_that_comes_back_in_a_dispute_is_held_after_it(rules: dict[str, Any], below: str) -> None:
    job = funded({**AGAIN, **rules})("payer", e.Release("m1", "200.00"), 1)(
        "provider", e.ChargeBack("m1", "150.00", "cb"), 2
    )
    assert job.state("escrow") == below
    job("payer", ek.dispute.Open("m1", "200.00", "why"), 3)("provider", e.ReverseChargeBack("m1", "cb"), 4)
    assert (job.state("escrow"), job.balance("escrow:m1")) == ("frozen", "150.00")
    assert job("payer", ek.dispute.Withdraw("m1"), 5).state("escrow") == "held"


def test_a_chargeback_that_comes_back_under_a_hold_leaves_the_dispute_frozen_below_it() -> None:
    job = disputed()("provider", e.ChargeBack("m1", "100.00", "cb"), 3)("platform", e.Hold("m1", "checks"), 4)
    job("provider", e.ReverseChargeBack("m1", "cb"), 5)
    assert (job.state("escrow"), job("platform", e.Lift("m1"), 6).state("escrow")) == ("impounded", "frozen")


# -- what goes back of releases --------------------------------------------------------------------------------------


def test_released_money_that_goes_back_in_parts_takes_its_service_fee_along_once() -> None:
    job = funded({**TEN})("payer", e.Release("m1", "100.00"), 1)
    assert nets(job("payee", e.RefundReleased("m1", "30.00"), 2)) == ["-320.00", "63.00", "7.00"]
    assert nets(job("payee", e.RefundReleased("m1", "20.00"), 2)) == ["-300.00", "45.00", "5.00"]
    assert nets(job("payee", e.RefundReleased("m1", "50.00"), 2)) == ["-250.00", "0.00", "0.00"]


def test_what_goes_back_of_a_security_hold_leaves_the_service_fee_to_the_platform_to_return() -> None:
    job = funded({**TEN, **CLEARS})("payer", e.Release("m1", "100.00"), 1)
    job("payee", e.RefundReleased("m1", "50.00"), 2)
    assert (job.balance("clearing:m1"), nets(job)) == ("45.00", ["-300.00", "0.00", "5.00"])
    assert nets(job.wait(6)) == ["-300.00", "45.00", "5.00"]


def test_of_what_clears_the_newest_release_goes_back_first() -> None:
    job = funded(CLEARS)("payer", e.Release("m1", "100.00"), 1)("payer", e.Release("m1", "100.00"), 3)
    job("payee", e.RefundReleased("m1", "100.00"), 4)
    assert (job.wait(6).events, job.net("payee")) == (["escrow.cleared"], "100.00")
    assert job.wait(20).events == []


def test_what_clears_goes_back_before_what_a_chargeback_gave_back_later() -> None:
    job = funded({**CLEARS, **TEN})("payer", e.Release("m1", "350.00"), 1)
    job("provider", e.ChargeBack("m1", "150.00", "cb"), 2)("provider", e.ReverseChargeBack("m1", "cb"), 3)
    assert (job.balance("clearing:m1"), job.net("payee")) == ("180.00", "135.00")
    job("payee", e.RefundReleased("m1", "200.00"), 4)
    assert (job.balance("clearing:m1"), nets(job)) == ("0.00", ["-150.00", "135.00", "15.00"])
    assert (job.wait(10).events, job.state("escrow")) == ([], "settled")


def test_what_a_chargeback_gave_back_counts_as_released_when_it_was_charged_back() -> None:
    """It can be asked for within its window, with the service fee that was on it, and is paid out of no other release."""
    window = {"escrow.refund_released.within": "30 days"}
    job = funded({**TEN, **window})("payer", e.Release("m1", "350.00"), 1)
    job("provider", e.ChargeBack("m1", "150.00", "cb"), 20)("provider", e.ReverseChargeBack("m1", "cb"), 25)
    assert nets(job) == ["-350.00", "315.00", "35.00"]
    late = job.now.decide(e.RefundReleased("m1", "150.00"), by="payee", at=day(49)).agreement
    assert (late.net("payee").text, late.net("platform").text) == ("180.00", "20.00")
    assert str(job.refused("over-held", "payee", e.RefundReleased("m1", "150.01"), 49).most) == "150.00 USD"
    assert str(job.refused("over-held", "payee", e.RefundReleased("m1", "150.00"), 50).most) == "0.00 USD"


def test_a_chargeback_that_took_no_release_gives_none_back() -> None:
    job = funded()("payer", e.Release("m1", "100.00"))("provider", e.ChargeBack("m1", "50.00", "cb"), 1)
    job("provider", e.ReverseChargeBack("m1", "cb"), 2)
    assert str(job.refused("over-held", "payee", e.RefundReleased("m1", "100.01")).most) == "100.00 USD"


BEARS = [
    ("reversed", ("90.00", "45.00", "15.00"), ["-50.00", "0.00", "5.00"]),
    ("payee", ("90.00", "50.00", "10.00"), ["-50.00", "0.00", "10.00"]),
    ("payer", ("90.00", "50.00", "10.00"), ["-50.00", "0.00", "10.00"]),
]


@pytest.mark.parametrize(("bearer", "taken", "ends"), BEARS)
def test_a_chargeback_takes_what_clears_net_of_its_fee_and_of_what_is_payable_what_the_payee_bears(
    bearer: str, taken: tuple[str, str, str], ends: list[str]
) -> None:
    rules = {**TEN, **CLEARS, "escrow.service_fee.on_refund": bearer}
    job = Job(rules, milestones=[("m1", "200.00")], rail="slow")("payer", e.Deposit("m1", "200.00"))
    job("payer", e.Release("m1", "100.00"), 1).wait(6)("payer", e.Release("m1", "100.00"), 7)
    job("provider", e.ChargeBack("m1", "150.00", "cb"), 8)
    charged = job.last.events[0]
    assert isinstance(charged, e.ChargedBack)
    assert tuple(it.text for it in (charged.from_clearing, charged.from_payable, charged.from_platform)) == taken
    assert (nets(job), charged.back_fee.text) == (ends, "15.00")


# -- fees of the list ------------------------------------------------------------------------------------------------


def test_what_always_comes_back_comes_back_once_of_each_part_that_the_payee_gives_back() -> None:
    job = Job({**PLAIN, **listed(on="deposit", returned="always")}, milestones=[("m1", "100.00")])
    job("payer", e.Deposit("m1", "100.00"))("payer", e.Release("m1", "100.00"))
    for part, left in (("20.00", "-88.00"), ("30.00", "-55.00"), ("10.00", "-44.00"), ("40.00", "0.00")):
        assert job("payee", e.RefundReleased("m1", part)).net("payer") == left


def test_what_comes_back_with_what_clears_comes_back_once_of_each_part_that_a_dispute_takes() -> None:
    job = Job({**LONG, **AGAIN, **listed(on="release")}, milestones=[("m1", "100.00")])
    job("payer", e.Deposit("m1", "100.00"))("payer", e.Release("m1", "100.00"))
    for part, left in (("20.00", "-88.00"), ("30.00", "-55.00"), ("10.00", "-44.00"), ("40.00", "0.00")):
        job("payer", ek.dispute.Open("m1", part, "bad"))("payee", ek.dispute.Concede("m1", part))
        assert job.net("payer") == left


def test_what_rolled_over_in_parts_stays_before_a_fee_on_the_deposit_comes_back() -> None:
    job = funded(listed(on="deposit", returned="while_held"), milestones=TWO)("payer", e.Deposit("m2", "50.00"))
    job("payer", e.RollOver("m1", "20.00", "m2"))("payer", e.RollOver("m1", "30.00", "m2"))
    assert job("payee", e.Refund("m2", "50.00")).balance("fees:m2") == "5.00"
    assert job("payee", e.Refund("m2", "10.00")).balance("fees:m2") == "4.00"


def test_an_event_tells_of_fees_of_the_list_only_where_the_rulebook_has_one() -> None:
    for rules, told in (({}, None), (listed(on="deposit", returned="always"), {"fee": "5.00"})):
        job = funded(rules)("payer", e.Release("m1", "350.00"))
        assert isinstance(released := job.last.events[0], e.Released)
        assert (released.levies is None) == (not rules)
        given = job("payee", e.RefundReleased("m1", "50.00")).last.events[0]
        assert isinstance(given, e.ReleasedRefunded)
        assert texts(given.fees) == told


# -- payouts ---------------------------------------------------------------------------------------------------------


def paid_out(job: Job) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    """What the last payout says that the platform advanced, and what of it is owed."""
    event = job.last.events[0]
    assert isinstance(event, e.PaidOut)
    return texts(event.advanced), texts(event.owed)


def test_a_payout_that_met_no_chargeback_says_nothing_of_any() -> None:
    for to, whole in (("payee", "350.00"), ("payer", "10.00")):
        job = Job(rail="slow")("payer", e.RequestDeposit("m1", "350.00"))
        job("provider", e.ConfirmDeposit("m1", "360.00", "w"))("payer", e.Release("m1", "350.00"))
        assert paid_out(job("provider", e.ConfirmPayout("m1", to, whole, "p"))) == (None, None)


def test_a_late_payout_is_advanced_by_what_is_no_longer_payable_and_by_no_more() -> None:
    job = funded(rail="slow")("payer", e.Release("m1", "350.00"))("provider", e.ChargeBack("m1", "300.00", "cb"), 1)
    job("provider", e.ConfirmPayout("m1", "payee", "100.00", "p1"), 2)
    assert paid_out(job) == ({"cb": "50.00"}, {"cb": "50.00"})
    assert (job.balance("payable:payee"), job.net("platform")) == ("0.00", "-50.00")


def test_of_late_payouts_the_payee_owes_in_all_what_an_award_had_given_the_payer() -> None:
    """Where the platform bears chargebacks: what the bank gave the payer, the payee owes to nobody else."""
    rules = {"dispute.lookback": "30 days", "escrow.chargeback.borne_by": "platform"}
    job = funded(rules, rail="slow")("payer", e.Release("m1", "350.00"))
    job("payer", ek.dispute.Open("m1", "80.00", "bad"))("payee", ek.dispute.Concede("m1", "80.00"))
    job("provider", e.ChargeBack("m1", "350.00", "cb"), 1)
    owed = [paid_out(job("provider", e.ConfirmPayout("m1", "payee", "50.00", f"p{n}"), 2))[1] for n in range(3)]
    assert owed == [{"cb": "50.00"}, {"cb": "30.00"}, {"cb": "0.00"}]
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "platform"): "80.00"}
