"""What one party owes another: every rule in one sentence."""

from __future__ import annotations

import escrowkit as ek
from escrowkit.machines import obligation as o
from helpers import Job, submitted


def owing(**rules: object) -> Job:
    job = submitted({"dispute.stages": [], "dispute.lookback": "30 days", **rules})(
        "payer", ek.escrow.Release("m1", "350.00"), 2
    )
    return job("payer", ek.dispute.Open("m1", "100.00", "bad"), 3)("payee", ek.dispute.Concede("m1", "100.00"), 3)


def test_an_obligation_is_paid_as_the_provider_reports_once() -> None:
    job = owing()
    assert (job.state("obligation"), job.net("payee")) == ("open", "350.00")
    job("provider", o.Pay("m1", "wire-1"))
    assert (job.state("obligation"), job.net("payee"), job.net("payer")) == ("paid", "250.00", "-250.00")
    job.refused("no-such-move", "provider", o.Pay("m1", "wire-1"))


def test_only_the_creditor_waives() -> None:
    job = owing()
    for by in ("payee", "platform"):
        job.refused("not-your-move", by, o.Waive("m1"))
    assert job("payer", o.Waive("m1")).state("obligation") == "waived"
    assert job.now.owed() == {}


def test_without_a_number_the_first_that_is_open_is_meant_or_else_the_last() -> None:
    job = owing(**{"dispute.reopen": "always"})
    job("payer", ek.dispute.Open("m1", "20.00", "bad"), 4)("payee", ek.dispute.Concede("m1", "20.00"), 4)
    job("payer", o.Waive("m1"))
    assert (job.state("obligation.m1/1"), job.state("obligation.m1/2")) == ("waived", "open")
    job("provider", o.Pay("m1", "wire-1"))
    assert (job.state("obligation.m1/2"), job.net("payee")) == ("paid", "330.00")
    assert job.refused("no-such-move", "payer", o.Waive("m1")).state == "paid"


def test_an_obligation_is_named_by_its_number() -> None:
    job = owing()
    job.refused("no-such-move", "provider", o.Pay("m1", "wire-1", 2))
    job.refused("bad-argument", "provider", o.Pay("m1", "wire-1", 0))
    assert job("provider", o.Pay("m1", "wire-1", 1)).state("obligation.m1/1") == "paid"
    Job().refused("no-such-move", "provider", o.Pay("m1", "wire-1"))


def test_with_what_is_paid_back_goes_the_service_fee_that_was_on_it() -> None:
    """C10: the fee of what goes back is of what was released."""
    fee = {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": "10%"}
    job = owing(**fee)
    assert (job.net("payee"), job.net("platform")) == ("315.00", "35.00")
    job("provider", o.Pay("m1", "wire-1"))
    assert (job.net("payee"), job.net("payer"), job.net("platform")) == ("225.00", "-250.00", "25.00")
    kept = owing(**fee, **{"escrow.service_fee.on_refund": "payee"})("provider", o.Pay("m1", "wire-1"))
    assert (kept.net("payee"), kept.net("platform")) == ("215.00", "35.00")


def test_a_fee_that_went_back_and_that_the_payee_bears_is_owed() -> None:
    fee = {
        "escrow.service_fee.model": "flat",
        "escrow.service_fee.rate": "10%",
        "escrow.service_fee.on_refund": "payee",
    }
    job = submitted({**fee, "escrow.clearing": "5 days", "dispute.stages": []})(
        "payer", ek.milestone.Approve("m1", "zip"), 2
    )
    job("payer", ek.dispute.Open("m1", "100.00", "bad"), 3)("payee", ek.dispute.Concede("m1", "100.00"), 3)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "payer"): "10.00"}
    assert [event.cause for event in job.now.events() if isinstance(event, o.Opened)] == ["fee"]
    assert job.net("payer") == "-260.00"


def test_what_the_bank_took_back_is_not_owed_by_an_outcome_until_the_bank_reverses_it() -> None:
    job = owing()("provider", ek.escrow.ChargeBack("m1", "350.00", "cb"), 4)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "platform"): "350.00"}
    job("provider", ek.escrow.ReverseChargeBack("m1", "cb"), 5)
    assert {pair: money.text for pair, money in job.now.owed().items()} == {("payee", "payer"): "100.00"}
    again = [event for event in job.last.events if isinstance(event, o.Opened)]
    assert [(event.milestone, event.cause) for event in again] == [("m1", "outcome")]
    assert job("provider", o.Pay("m1", "wire-1")).net("payee") == "250.00"
