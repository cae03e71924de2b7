"""A neutral helps: every rule in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

import escrowkit as ek
from escrowkit.machines import mediation as m
from escrowkit.machines.mediation.guards import may_decide, may_recommend
from helpers import FREE, MEDIATED, MICRO, Job, contested, day

TIMES: dict[str, Any] = {"mediation.on_failure": ["next_stage", "halves"]}


def sitting(power: Any = "recommend", **rules: Any) -> Job:
    job = contested({**MEDIATED, **TIMES, "mediation.power": power, **rules})
    return job("platform", m.Assign("m1", "mia"), 4)


def recommended(to_payee: str = "100.00", **rules: Any) -> Job:
    return sitting(**rules)("mediator", m.Recommend("m1", to_payee, "fair"), 5)


@pytest.mark.parametrize(
    ("power", "recommends", "decides"),
    [
        ("facilitate", False, False),
        ("recommend", True, False),
        ("decide", True, True),
        ({"below": "100.00 USD", "small": "decide", "otherwise": "facilitate"}, True, True),
        ({"below": "100.00 USD", "small": "facilitate", "otherwise": "recommend"}, True, False),
        ("unknown", True, True),
    ],
)
def test_a_power_that_no_mediator_has_under_a_rulebook_is_not_offered(
    power: Any, recommends: bool, decides: bool
) -> None:
    rules = ek.load("standard@1").override({**MEDIATED, **TIMES, "mediation.power": power})
    offered = [guard.offered and guard.offered(rules) for guard in (may_recommend, may_decide)]
    assert offered == [recommends, decides]


def test_a_mediator_is_assigned_by_the_platform_and_is_no_party() -> None:
    """F5: nobody judges an own cause."""
    job = contested(MEDIATED)
    for name in ("ada", "lin", "payer", "payee"):
        job.refused("bad-argument", "platform", m.Assign("m1", name))
    for by in ("payer", "mediator", "stranger"):
        job.refused("not-your-move", by, m.Assign("m1", "mia"))
    assert job("platform", m.Assign("m1", "mia")).state("mediation") == "sitting"


@pytest.mark.parametrize(("power", "recommends", "decides"), [
    ("facilitate", False, False),
    ("recommend", True, False),
    ("decide", True, True),
])  # fmt: skip
def test_a_power_that_was_not_given_is_a_refusal(power: str, recommends: bool, decides: bool) -> None:
    for may, command in ((recommends, m.Recommend("m1", "1.00", "so")), (decides, m.Decide("m1", "1.00", "so"))):
        job = sitting(power)
        if may:
            assert job("mediator", command).last.events
        else:
            job.refused("not-your-move", "mediator", command)
            assert job.now.entries() == sitting(power).now.entries()


def test_a_power_may_depend_on_the_stake() -> None:
    power = {"below": "350.01 USD", "small": "decide", "otherwise": "facilitate"}
    assert sitting(power)("mediator", m.Decide("m1", "1.00", "so")).state("dispute") == "awarded"
    sitting({**power, "below": "350.00 USD"}).refused("not-your-move", "mediator", m.Decide("m1", "1.00", "so"))


def test_both_accept_and_one_party_twice_is_one() -> None:
    """E7, G19: consent counts distinct parties."""
    job = recommended()("payer", m.Accept("m1", "100.00"))("payer", m.Accept("m1", "100.00"))
    assert job.state("mediation") == "recommended"
    job.refused("terms-changed", "payee", m.Accept("m1", "100.01"))
    job("payee", m.Accept("m1", "100.00"))
    assert (job.state("dispute"), job.net("payee"), job.outcome) == (
        "settled",
        "100.00",
        ("recommendation_accepted", "agreement"),
    )


def test_a_recommendation_that_one_side_rejects_is_void() -> None:
    job = recommended(**{"mediation.on_failure": "stays"})("payer", m.Accept("m1", "100.00"))(
        "payee", m.Reject("m1", "100.00")
    )
    assert (job.state("mediation"), job.state("dispute"), job.net("payee")) == ("failed", "mediated", "0.00")
    job.refused("no-such-move", "payer", m.Accept("m1", "100.00"))


def test_a_recommendation_is_within_the_stake() -> None:
    sitting().refused("bad-amount", "mediator", m.Recommend("m1", "350.01", "so"))
    assert sitting()("mediator", m.Recommend("m1", "0.00", "so")).state("mediation") == "recommended"


def test_a_replaced_mediators_recommendation_is_void() -> None:
    """B3, F7: a consent is bound to the one who was heard."""
    job = recommended()("payer", m.Accept("m1", "100.00"))("platform", m.Replace("m1", "max", "ill"))
    job.refused("no-such-move", "payee", m.Accept("m1", "100.00"))
    job("mediator", m.Recommend("m1", "100.00", "so"))("payee", m.Accept("m1", "100.00"))
    assert job.state("mediation") == "recommended"
    job.refused("bad-argument", "platform", m.Replace("m1", "lin", "ill"))


def test_a_recommendation_over_a_stake_that_a_chargeback_changed_is_void() -> None:
    job = recommended()("payer", m.Accept("m1", "100.00"))("provider", ek.escrow.ChargeBack("m1", "50.00", "cb"), 6)
    assert job.state("mediation") == "sitting"
    job.refused("no-such-move", "payee", m.Accept("m1", "100.00"))


@pytest.mark.parametrize(
    ("answer", "state", "paid"), [("rejected", "failed", "175.00"), ("recommendation", "agreed", "100.00")]
)
def test_silence_on_a_recommendation_is_the_rulebooks(answer: str, state: str, paid: str) -> None:
    job = recommended(**{"mediation.accept.on_silence": answer})
    assert job.wait(day(8) - MICRO).state("mediation") == "recommended"
    assert (job.wait(8).state("mediation"), job.net("payee")) == (state, paid)
    assert job.outcome[1] == "procedure"


def test_a_silent_mediator_fails() -> None:
    """G10, B25: the neutral's silence punishes nobody and loses nothing."""
    job = sitting()
    assert job.wait(day(11) - MICRO).state("mediation") == "sitting"
    assert (job.wait(11).outcome, job.net("payee")) == (("award_lapsed", "procedure"), "175.00")
    never = contested({**MEDIATED, **TIMES})
    assert (never.wait(24).state("mediation"), never.state("dispute")) == ("failed", "defaulted")


def test_notice_of_non_resolution_leads_to_the_next_stage_or_the_rulebooks_answer() -> None:
    both = {"dispute.stages": ["mediation", "arbitration"], "arbitration.fee.model": FREE["arbitration.fee.model"]}
    assert sitting(**both)("mediator", m.Fail("m1", "no way")).state("dispute") == "arbitrated"
    assert sitting()("mediator", m.Fail("m1", "no way")).outcome == ("refused_to_rule", "procedure")
    told = recommended(**{"mediation.on_failure": "recommendation"})("payer", m.Reject("m1", "100.00"))
    assert told.net("payee") == "100.00"
    stays = sitting(**{"mediation.on_failure": "stays"})("mediator", m.Fail("m1", "no way"))
    assert (stays.state("dispute"), stays.wait(92).outcome) == ("mediated", ("dispute_lapsed", "procedure"))


def test_a_settlement_closes_the_mediation() -> None:
    job = sitting()("payer", ek.dispute.Offer("m1", "80.00"))("payee", ek.dispute.AcceptOffer("m1", "80.00"))
    assert (job.state("mediation"), job.state("dispute"), job.net("payee")) == ("closed", "settled", "80.00")
    assert sitting()("payer", ek.dispute.Withdraw("m1")).state("mediation") == "closed"


def test_decided_is_decided() -> None:
    """A5, G24: a decision moves the money, once."""
    job = sitting("decide")("mediator", m.Decide("m1", "50.00", "so"))
    assert (job.state("dispute"), job.net("payee"), job.outcome) == ("awarded", "50.00", ("mediator_decided", "merits"))
    job.refused("no-such-move", "mediator", m.Decide("m1", "60.00", "so"))
    sitting("decide").refused("bad-amount", "mediator", m.Decide("m1", "350.01", "so"))


# -- negotiation first -----------------------------------------------------------------------------------------------

TALKS = {**MEDIATED, "mediation.power": "decide", "mediation.decide.after": "5 days", "dispute.offers.rounds": 2}


def test_a_mediator_decides_only_when_the_parties_have_had_their_time() -> None:
    job = contested(TALKS)("platform", m.Assign("m1", "max"))
    refused = job.refused("not-now", "mediator", m.Decide("m1", "100.00", "so"), day(8) - MICRO)
    assert refused.until == day(8)
    assert job("mediator", m.Decide("m1", "100.00", "so"), 8).state("mediation") == "decided"


def test_a_mediator_need_not_wait_when_both_have_made_all_their_offers() -> None:
    job = contested(TALKS)("platform", m.Assign("m1", "max"))
    for side, sum_ in (("payer", "10.00"), ("payee", "90.00"), ("payer", "20.00")):
        job(side, ek.dispute.Offer("m1", sum_), 4)
    job.refused("not-now", "mediator", m.Decide("m1", "50.00", "so"), 4)
    job("payee", ek.dispute.Offer("m1", "80.00"), 4)
    assert job("mediator", m.Decide("m1", "50.00", "so"), 4).net("payee") == "50.00"


def test_without_a_number_of_offers_only_time_ends_the_talks() -> None:
    rules = {key: value for key, value in TALKS.items() if key != "dispute.offers.rounds"}
    job = contested(rules)("platform", m.Assign("m1", "max"))
    job("payer", ek.dispute.Offer("m1", "10.00"), 4)("payee", ek.dispute.Offer("m1", "90.00"), 4)
    job.refused("not-now", "mediator", m.Decide("m1", "50.00", "so"), 4)
