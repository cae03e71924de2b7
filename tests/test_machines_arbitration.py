"""A neutral decides: every rule in one sentence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

import escrowkit as ek
from escrowkit.machines import arbitration as a
from escrowkit.machines.arbitration.guards import fee_is_paid_in
from helpers import ARBITRATED, FREE, MEDIATED, MICRO, SHARED, Job, contested, day, hearing, submitted

APPEAL = {"arbitration.appeal.within": "5 days"}
ANY = {"arbitration.pay.order": "any"}


def offered(rules: dict[str, Any] | None = None, **more: Any) -> Job:
    return contested({**SHARED, **ANY, **(rules or {})}, **more)


def paid(*sides: str, rules: dict[str, Any] | None = None) -> Job:
    job = offered(rules)
    for side in sides:
        job(side, a.PayFee("m1", "own", "20.00"))
    return job


# -- the fee ---------------------------------------------------------------------------------------------------------


def test_a_side_pays_exactly_its_share_and_once() -> None:
    """G2: a fee is not paid twice, and not after the hearing began."""
    job = offered()
    assert str(job.refused("bad-amount", "payer", a.PayFee("m1", "own", "20.01")).most) == "20.00 USD"
    job.refused("not-your-move", "platform", a.PayFee("m1", "own", "20.00"))
    job("payer", a.PayFee("m1", "own", "20.00"))
    job.refused("not-now", "payer", a.PayFee("m1", "own", "20.00"))
    job("payee", a.PayFee("m1", "own", "20.00"))
    assert (job.state("arbitration"), job.balance("deposit:m1/1:payer")) == ("funded", "20.00")
    job.refused("not-now", "payee", a.PayFee("m1", "own", "20.00"))
    job("platform", a.Appoint("m1", "art")).refused("not-now", "payee", a.PayFee("m1", "own", "20.00"))


def test_one_side_may_pay_everything_only_where_the_rulebook_lets_it() -> None:
    offered().refused("not-now", "payer", a.PayFee("m1", "all", "40.00"))
    job = offered({"arbitration.pay.all_by_one": True})
    job.refused("bad-amount", "payer", a.PayFee("m1", "all", "20.00"))
    job("payer", a.PayFee("m1", "all", "40.00"))
    assert (job.state("arbitration"), job.balance("deposit:m1/1:payer")) == ("funded", "40.00")
    job("platform", a.Appoint("m1", "art"))("arbitrator", a.Award("m1", "350.00", "so"))
    assert (job.net("payer"), job.net("arbitrator")) == ("-390.00", "40.00")


def test_nobody_paid_and_only_one_paid_have_the_rulebooks_answers() -> None:
    """D1: at the instant itself the window has closed."""
    nobody = offered({"arbitration.none_paid": {"payer": "60%", "payee": "40%"}})
    assert nobody.wait(day(10) - MICRO).state("arbitration") == "offered"
    nobody.refused("no-such-move", "payer", a.PayFee("m1", "own", "20.00"), 10)
    assert (nobody.state("arbitration"), nobody.net("payee"), nobody.outcome) == (
        "forfeited",
        "140.00",
        ("nobody_paid_fee", "procedure"),
    )
    for side, payee in (("payer", "0.00"), ("payee", "350.00")):
        one = paid(side).wait(10)
        assert (one.state("arbitration"), one.net("payee"), one.outcome) == (
            "forfeited",
            payee,
            ("only_one_paid_fee", "procedure"),
        )
        assert one.net("arbitrator") == "0.00"
    fixed = paid("payer", rules={"arbitration.one_paid.gets": "halves"}).wait(10)
    assert fixed.net("payee") == "175.00"


@pytest.mark.parametrize(("out_of", "owed"), [("stake", True), ("held", False)])
def test_what_the_only_payer_of_the_fee_gets_is_out_of_the_stake_or_of_what_is_held(out_of: str, owed: bool) -> None:
    rules = {
        **SHARED,
        **ANY,
        "dispute.lookback": "30 days",
        "arbitration.one_paid": {"gets": "claim", "out_of": out_of},
    }
    job = submitted(rules)("payer", ek.escrow.Release("m1", "200.00"), 2)(
        "payer", ek.dispute.Open("m1", "350.00", "x"), 3
    )
    job("payee", ek.dispute.Contest("m1"))("payer", a.PayFee("m1", "own", "20.00")).wait(10)
    assert (bool(job.now.owed()), job.net("payer")) == (owed, "-200.00")


def test_the_claimant_pays_first_and_the_second_window_starts_then() -> None:
    job = offered({"arbitration.pay.order": "claimant_first"})
    job.refused("not-now", "payee", a.PayFee("m1", "own", "20.00"))
    job("payer", a.PayFee("m1", "own", "20.00"), 9)
    assert job.wait(day(16) - MICRO).state("arbitration") == "half_funded"
    assert job.wait(16).state("arbitration") == "forfeited"


def test_sealed_deposits_are_seen_by_nobody_but_who_paid_until_the_window_closes() -> None:
    job = paid("payer", rules={"arbitration.pay.order": "sealed"})
    for role, state in (
        ("payer", "half_funded"),
        ("payee", "offered"),
        ("platform", "offered"),
        ("arbitrator", "offered"),
    ):
        seen = ek.view(job.now, role)
        assert seen.state("arbitration.m1") == state
        assert seen.balance("deposit:m1/1:payer").text == ("20.00" if role == "payer" else "0.00")
        assert len({record.decision for record in seen.history}) == max(r.decision for r in seen.history) + 1
    job("payee", a.PayFee("m1", "own", "20.00"))
    assert ek.view(job.now, "lin").state("arbitration.m1") == "half_funded"
    assert ek.view(job.now, "payer").state("arbitration.m1") == "half_funded"
    assert job.refused("not-now", "platform", a.Appoint("m1", "art")).state == "offered"
    assert job.refused("not-now", "payer", a.PayFee("m1", "own", "20.00")).state == "half_funded"
    assert job.refused("not-your-move", "payee", a.Appoint("m1", "art")).state == "half_funded"
    assert job.refused("no-such-move", "stranger", a.Award("m1", "1.00", "so")).state == "offered"
    job.wait(10)
    assert job.events == ["arbitration.window_closed"]
    assert ek.view(job.now, "platform").state("arbitration.m1") == "funded"
    assert job("platform", a.Appoint("m1", "art")).state("arbitration") == "hearing"
    assert job.wait(40).outcome == ("award_lapsed", "procedure")


def test_a_payment_that_is_seen_without_the_one_before_it_is_shown_as_the_first() -> None:
    job = paid("payer", rules={"arbitration.pay.order": "sealed"})
    job("payee", ek.dispute.AddEvidence("m1", "digest", "screenshot"))("payee", a.PayFee("m1", "own", "20.00"))
    payee, platform = (ek.view(job.now, by) for by in ("payee", "platform"))
    for seen in (payee, platform):
        seen.verify()
        decisions = sorted({record.decision for record in seen.history})
        assert decisions == list(range(len(decisions))), "a gap would tell that something is hidden"
    fees = [(e.by, e.before, e.after) for e in payee.events() if isinstance(e, a.FeePaid)]
    assert fees == [("payee", "offered", "half_funded")]
    assert not any(isinstance(event, a.FeePaid) for event in platform.events())
    job.wait(10)
    assert ek.view(job.now, "platform").history == ek.view(job.now, "payee").history == job.now.history


def test_a_sealed_fee_for_both_is_seen_only_by_who_pays_it_again() -> None:
    job = offered({"arbitration.pay.order": "sealed", "arbitration.pay.all_by_one": True})
    job("payee", a.PayFee("m1", "all", "40.00"))
    assert ek.view(job.now, "payer").state("arbitration.m1") == "offered"
    assert job.refused("not-now", "payer", a.PayFee("m1", "own", "20.00")).state == "offered"


def test_a_wrong_sum_is_told_under_sealed_deposits_too() -> None:
    job = offered({"arbitration.pay.order": "sealed"})
    assert job.refused("bad-amount", "payer", a.PayFee("m1", "own", "20.001")).key == "bad-amount.too-many-decimals"


def test_a_view_is_read_and_not_decided_on() -> None:
    seen = ek.view(paid("payer").now, "payee")
    with pytest.raises(ek.errors.BadArgument) as refused:
        seen.decide(a.PayFee("m1", "own", "20.00"), by="payee", at=seen.at)
    assert refused.value.key == "bad-argument.view"
    with pytest.raises(ek.errors.BadArgument):
        ek.view(paid("payer").now, "stranger")


def test_a_fee_by_rate_has_a_floor_and_a_cap_and_warns_when_it_exceeds_the_stake() -> None:
    rate: dict[str, Any] = {
        "arbitration.fee": {"model": "rate", "rate": "10%", "floor": "50.00 USD", "cap": "60.00 USD"}
    }
    flat = {f"arbitration.fee.{k}": v for k, v in rate["arbitration.fee"].items()}
    job = contested({"dispute.stages": ["arbitration"], "arbitration.eligible.stake_from": "1.00 USD", **flat})
    arbitration = job.now.pot("m1").arbitration
    assert arbitration is not None
    assert {n: s.text for n, s in arbitration.shares.items()} == {"payer": "50.00", "payee": "50.00"}
    small = Job(
        {"dispute.stages": ["arbitration"], "arbitration.eligible.stake_from": "1.00 USD", **flat},
        milestones=[("m1", "40.00")],
    )
    small("payer", ek.escrow.Deposit("m1", "40.00"))("payer", ek.dispute.Open("m1", "40.00", "x"))(
        "payee", ek.dispute.Contest("m1")
    )
    assert small.last.warnings == ("fee-exceeds-stake",)


def test_with_an_external_arbitrator_it_is_recorded_what_was_paid_outside() -> None:
    rules = {**ARBITRATED, **ANY, "arbitration.fee.model": "external"}
    job = contested(rules)("payer", a.PayFee("m1", "own", "15.00"))("payee", a.PayFee("m1", "own", "17.00"))
    assert (job.net("arbitrator"), job.balance("deposit:m1/1:payer")) == ("32.00", "0.00")
    job("platform", a.Appoint("m1", "art"))("arbitrator", a.Award("m1", "0.00", "so"))
    assert (job.net("payer"), job.net("arbitrator")) == ("-15.00", "32.00")
    one = contested(
        {
            **rules,
            "arbitration.fee.shares.payer": "15.00 USD",
            "arbitration.pay.all_by_one": True,
            "arbitration.fee.cost": "one_share",
        }
    )
    assert one("payer", a.PayFee("m1", "all", "15.00")).state("arbitration") == "funded"
    assert (
        one("platform", a.Appoint("m1", "art"))("arbitrator", a.Award("m1", "0.00", "so")).state("dispute") == "awarded"
    )


# -- who bears it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("borne", "to_payee", "payer", "payee"), [
    ("each", "350.00", "-360.00", "340.00"),
    ("loser", "350.00", "-370.00", "350.00"),
    ("loser", "0.00", "0.00", "-20.00"),
    ("loser", "175.00", "-185.00", "165.00"),
    ("by_share_lost", "87.50", "-92.50", "72.50"),
])  # fmt: skip
def test_what_the_arbitrator_earns_is_borne_as_the_rulebook_says(
    borne: str, to_payee: str, payer: str, payee: str
) -> None:
    """G8, C1: each deposit goes whole to who earned it or back."""
    job = paid("payer", "payee", rules={"arbitration.fee.borne": borne, "arbitration.fee.cost": "one_share"})
    job("platform", a.Appoint("m1", "art"))("arbitrator", a.Award("m1", to_payee, "so"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == (payer, payee, "20.00")
    assert job.now.held().text == "0.00"


def test_nobody_bears_more_than_its_deposit() -> None:
    """Where all is earned, the loser's deposit goes first and the other's bears the rest."""
    job = paid("payer", "payee", rules={"arbitration.fee.borne": "loser"})("platform", a.Appoint("m1", "art"))
    job("arbitrator", a.Award("m1", "350.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == ("-370.00", "330.00", "40.00")


def test_one_share_is_earned_and_the_other_comes_back() -> None:
    job = paid(
        "payer",
        "payee",
        rules={
            "arbitration.fee.cost": "one_share",
            "arbitration.fee.borne": "loser",
            "arbitration.fee.paid_to": "platform",
        },
    )
    job("platform", a.Appoint("m1", "art"))("arbitrator", a.Award("m1", "350.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("platform")) == ("-370.00", "350.00", "20.00")


def test_an_odd_fee_is_divided_to_the_last_unit() -> None:
    """C1, C6: 101 by halves is 51 and 50, never 50 and 50."""
    rules = {**SHARED, **ANY, "arbitration.fee.shares.payer": "1.01 USD", "arbitration.fee.shares.payee": "1.01 USD"}
    job = contested({**rules, "arbitration.fee.cost": "one_share", "arbitration.fee.borne": "loser"})
    for side in ("payer", "payee"):
        job(side, a.PayFee("m1", "own", "1.01"))
    job("platform", a.Appoint("m1", "art"))("arbitrator", a.Award("m1", "175.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == ("-175.51", "174.50", "1.01")


def test_the_platforms_share_is_paid_in_when_an_arbitrator_is_appointed() -> None:
    job = paid("payer", "payee", rules={"arbitration.fee.shares.platform": "10.00 USD"})
    assert job.net("platform") == "0.00"
    job("platform", a.Appoint("m1", "art"))
    assert (job.net("platform"), job.balance("deposit:m1/1:platform")) == ("-10.00", "10.00")
    assert job("arbitrator", a.Award("m1", "350.00", "so")).net("arbitrator") == "50.00"


def test_what_is_not_earned_goes_back_to_each_as_it_was_paid_in_the_platform_too() -> None:
    rules = {"arbitration.fee.shares.platform": "10.00 USD", "arbitration.fee.cost": "one_share"}
    job = paid("payer", "payee", rules=rules)("platform", a.Appoint("m1", "art"))
    job("arbitrator", a.Award("m1", "0.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("platform"), job.net("arbitrator")) == (
        "-8.00", "-8.00", "-4.00", "20.00"
    )  # fmt: skip


@pytest.mark.parametrize(("payer", "payee"), [("30.00", "10.00"), ("10.00", "30.00")])
def test_of_unlike_shares_the_larger_is_what_one_costs(payer: str, payee: str) -> None:
    shares = {"arbitration.fee.shares.payer": f"{payer} USD", "arbitration.fee.shares.payee": f"{payee} USD"}
    job = hearing({**SHARED, **shares, "arbitration.fee.cost": "one_share"})("arbitrator", a.Award("m1", "0.00", "so"))
    assert job.net("arbitrator") == "30.00"


def test_nothing_is_earned_where_time_ran_out_before_an_award() -> None:
    longest = {"dispute.longest": {"within": "9 days", "on_expiry": "payer"}}
    job = hearing({**SHARED, **longest})
    assert (job.wait(11).net("payer"), job.net("payee"), job.net("arbitrator")) == ("0.00", "0.00", "0.00")
    assert job.outcome == ("dispute_lapsed", "procedure")
    limit = {"escrow.hold_limit": {"within": "20 days", "on_expiry": "payer"}, "arbitration.award.within": "40 days"}
    held = hearing({**SHARED, **limit}).wait(20)
    assert (held.outcome, held.net("payer"), held.net("arbitrator")) == (
        ("hold_limit_reached", "procedure"),
        "0.00",
        "0.00",
    )


def test_a_settlement_in_the_hearing_has_no_loser_and_the_fee_is_borne_by_share() -> None:
    job = hearing({**SHARED, "arbitration.fee.borne": "loser", "arbitration.fee.cost": "one_share"})
    job("payer", ek.dispute.Offer("m1", "100.00"))("payee", ek.dispute.AcceptOffer("m1", "100.00"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == ("-110.00", "90.00", "20.00")


def test_a_settlement_before_the_hearing_gives_the_fees_back_and_after_it_they_are_earned() -> None:
    for appoint, arbitrator in ((False, "0.00"), (True, "40.00")):
        job = paid("payer", "payee")
        if appoint:
            job("platform", a.Appoint("m1", "art"))
        job("payer", ek.dispute.Offer("m1", "100.00"))("payee", ek.dispute.AcceptOffer("m1", "100.00"))
        assert (job.state("arbitration"), job.net("arbitrator"), job.now.held().text) == ("closed", arbitrator, "0.00")


def test_a_fee_from_the_pot_is_taken_first_and_the_award_divides_the_rest() -> None:
    """C16: fee and shares are never more than the whole."""
    rules = {
        **ARBITRATED,
        "arbitration.fee.model": "from_pot",
        "arbitration.fee.rate": "10%",
        "arbitration.fee.floor": "1.00 USD",
    }
    job = hearing(rules)
    job.refused("bad-amount", "arbitrator", a.Award("m1", "315.01", "so"))
    job("arbitrator", a.Award("m1", "100.00", "so"))
    assert (job.net("payee"), job.net("payer"), job.net("arbitrator")) == ("100.00", "-135.00", "35.00")


def test_a_fee_from_the_pot_is_at_most_what_is_in_the_pot() -> None:
    rules = {
        **ARBITRATED,
        "arbitration.fee.model": "from_pot",
        "arbitration.fee.rate": "50%",
        "dispute.lookback": "30 days",
    }
    rules |= {"arbitration.fee.cap": "500.00 USD"}
    job = submitted(rules)("payer", ek.escrow.Release("m1", "300.00"), 2)(
        "payer", ek.dispute.Open("m1", "350.00", "x"), 3
    )
    job("payee", ek.dispute.Contest("m1"))("platform", a.Appoint("m1", "art"))(
        "arbitrator", a.Award("m1", "300.00", "so")
    )
    assert (job.net("arbitrator"), job.net("payee"), job.now.held().text) == ("50.00", "300.00", "0.00")


@pytest.mark.parametrize(("gets", "out_of", "owed"), [
    ("payer", "stake", "200.00"), ("payer", "held", "0.00"), ("payee", "held", "0.00"), ("halves", "stake", "25.00"),
])  # fmt: skip
def test_if_nobody_pays_it_is_out_of_the_stake_or_of_what_is_held(gets: str, out_of: str, owed: str) -> None:
    """Out of what is held, nobody gives back what it was paid before."""
    rules = {**SHARED, **ANY, "dispute.lookback": "30 days", "arbitration.none_paid": {"gets": gets, "out_of": out_of}}
    job = submitted(rules)("payer", ek.escrow.Release("m1", "200.00"), 2)(
        "payer", ek.dispute.Open("m1", "350.00", "x"), 3
    )
    job("payee", ek.dispute.Contest("m1")).wait(10)
    assert job.state("arbitration") == "forfeited"
    assert sum(money.minor for money in job.now.owed().values()) == int(owed.replace(".", ""))


# -- a window that opens with the first payment ----------------------------------------------------------------------

FIRST = {"arbitration.none_paid": {}, "arbitration.pay.since": "first_paid", "dispute.longest": {}}


def test_where_the_window_opens_with_the_first_payment_nobody_has_to_pay() -> None:
    job = offered(FIRST)
    assert job.now.deadlines() == ()
    assert job.wait(500).state("arbitration") == "offered"
    job("payee", a.PayFee("m1", "own", "20.00"), 500)
    assert job.wait(day(507) - MICRO).state("arbitration") == "half_funded"
    assert (job.wait(507).state("arbitration"), job.net("payee")) == ("forfeited", "350.00")


def test_where_the_window_opens_with_the_first_payment_the_other_side_may_still_pay_in_it() -> None:
    job = offered(FIRST)("payee", a.PayFee("m1", "own", "20.00"), 100)("payer", a.PayFee("m1", "own", "20.00"), 106)
    assert (job.state("arbitration"), job.now.deadlines()[0][2].name) == ("funded", "award")


@pytest.mark.parametrize(
    ("model", "offered"),
    [("none", False), ("from_pot", False), ("shares", True), ("rate", True), ("external", True), ("unknown", True)],
)
def test_paying_a_fee_in_is_offered_where_the_rulebook_may_have_it(model: str, offered: bool) -> None:
    more = {"arbitration.fee.rate": "1%", "dispute.stages": []} if model == "from_pot" else {}
    rules = ek.load("standard@1").override(
        {**SHARED, "arbitration.fee.rate": "1%", "arbitration.fee.model": model, **more}
    )
    assert fee_is_paid_in.offered
    assert fee_is_paid_in.offered(rules) is offered


# -- what comes back of a fee ----------------------------------------------------------------------------------------

WINNER = {**SHARED, "arbitration.fee.refund": "winner"}


@pytest.mark.parametrize(("to_payee", "payer", "payee"), [
    ("350.00", "-20.00", "0.00"), ("0.00", "0.00", "-20.00"), ("175.01", "-20.00", "0.00"), ("175.00", "-10.00", "-10.00"),
])  # fmt: skip
def test_the_winners_share_comes_back_and_half_of_each_if_nobody_won(to_payee: str, payer: str, payee: str) -> None:
    """A split verdict is won by the side that lost less of what both claimed."""
    job = hearing(WINNER)("arbitrator", a.Award("m1", to_payee, "so"))
    settled = next(event for event in job.last.events if isinstance(event, a.FeesSettled))
    bears = {name: f"-{money.text}" if money else money.text for name, money in settled.borne.items()}
    assert (bears["payer"], bears["payee"], job.net("arbitrator")) == (payer, payee, "20.00")


def test_only_the_own_share_comes_back_to_a_winner_who_paid_for_both_and_nothing_to_the_platform() -> None:
    rules = {**WINNER, **ANY, "arbitration.pay.all_by_one": True, "arbitration.fee.shares.platform": "5.00 USD"}
    job = offered(rules)("payer", a.PayFee("m1", "all", "40.00"))("platform", a.Appoint("m1", "art"))
    job("arbitrator", a.Award("m1", "0.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("platform"), job.net("arbitrator")) == (
        "-20.00", "0.00", "-5.00", "25.00"
    )  # fmt: skip


def test_of_what_the_platform_paid_in_nothing_comes_back_if_nobody_won() -> None:
    job = hearing({**WINNER, "arbitration.fee.shares.platform": "6.00 USD"})(
        "arbitrator", a.Award("m1", "175.00", "so")
    )
    assert (job.net("payer"), job.net("payee"), job.net("platform")) == ("-185.00", "165.00", "-6.00")


def test_a_winner_has_nothing_back_of_what_was_paid_outside() -> None:
    rules = {**ARBITRATED, **ANY, "arbitration.fee.refund": "winner", "arbitration.fee.cost": "all"}
    job = contested({**rules, "arbitration.fee.model": "external"})
    for side in ("payer", "payee"):
        job(side, a.PayFee("m1", "own", "15.00"))
    job("platform", a.Appoint("m1", "art"))("arbitrator", a.Award("m1", "350.00", "so"))
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == ("-365.00", "335.00", "30.00")


def test_nobody_wins_where_no_ruling_comes() -> None:
    rules = {**WINNER, "arbitration.fee.shares": {"payer": "20.01 USD", "payee": "20.01 USD"}}
    rules = {key: value for key, value in rules.items() if not key.startswith("arbitration.fee.shares.")}
    job = hearing(rules)("arbitrator", a.Refuse("m1", "no"))
    assert job.net("arbitrator") == "20.02"  # of an odd unit the half that is kept is the larger


def test_a_winner_is_nobody_before_there_is_a_ruling() -> None:
    settled = hearing(WINNER)("payer", ek.dispute.Offer("m1", "350.00"))(
        "payee", ek.dispute.AcceptOffer("m1", "350.00")
    )
    assert settled.net("arbitrator") == "40.00"
    early = offered(WINNER)("payer", a.PayFee("m1", "own", "20.00"))("payer", ek.dispute.Withdraw("m1"))
    assert (early.net("payer"), early.net("arbitrator")) == ("-350.00", "0.00")


DECAY = {
    **SHARED,
    "arbitration.fee.shares.payer": "100.00 USD",
    "arbitration.fee.refund": "decaying",
    "arbitration.fee.decay": [{"within": "5 days", "back": "100%"}, {"within": "30 days", "back": "50%"}],
    "arbitration.pay": {"within": "80 days", "order": "any"},
    "dispute.longest": {},
}


@pytest.mark.parametrize(("at", "kept"), [
    (day(8) - MICRO, "0.00"), (day(8), "50.00"), (day(33) - MICRO, "50.00"), (day(33), "100.00"),
])  # fmt: skip
def test_a_fee_decays_from_the_first_payment_until_an_arbitrator_is_appointed(at: datetime, kept: str) -> None:
    job = contested(DECAY)("payer", a.PayFee("m1", "own", "100.00"))("payer", ek.dispute.Withdraw("m1"), at)
    assert job.net("arbitrator") == kept


@pytest.mark.parametrize(("at", "kept"), [(4, "60.00"), (9, "60.00"), (40, "100.00")])
def test_so_much_of_a_fee_is_kept_at_least(at: int, kept: str) -> None:
    job = contested({**DECAY, "arbitration.fee.kept": "60.00 USD"})("payer", a.PayFee("m1", "own", "100.00"))
    assert job("payer", ek.dispute.Withdraw("m1"), at).net("arbitrator") == kept


def test_a_fee_decays_for_who_paid_and_whatever_ends_the_case() -> None:
    both = contested(DECAY)("payer", a.PayFee("m1", "own", "100.00"))("payee", a.PayFee("m1", "own", "20.00"), 9)
    assert both("payer", ek.dispute.Withdraw("m1"), 10).net("arbitrator") == "60.00"
    one = contested(DECAY)("payee", a.PayFee("m1", "own", "20.00")).wait(200)
    assert (one.state("arbitration"), one.net("arbitrator")) == ("forfeited", "20.00")
    assert contested(DECAY).wait(200).net("arbitrator") == "0.00"
    late = contested({**DECAY, "dispute.longest": {"within": "20 days", "on_expiry": "payer"}})
    late("payer", a.PayFee("m1", "own", "100.00")).wait(30)
    assert (late.state("dispute"), late.net("arbitrator")) == ("defaulted", "50.00")


def test_nothing_of_a_decaying_fee_comes_back_once_an_arbitrator_is_appointed_but_for_an_award_that_never_came() -> (
    None
):
    heard = hearing(DECAY)("payer", ek.dispute.Offer("m1", "0.00"))("payee", ek.dispute.AcceptOffer("m1", "0.00"))
    assert heard.net("arbitrator") == "120.00"
    assert (
        hearing({**DECAY, "arbitration.award": {"within": "9 days", "on_silence": "payer"}}).wait(30).net("arbitrator")
        == "0.00"
    )


# -- the hearing -----------------------------------------------------------------------------------------------------


def test_an_arbitrator_is_appointed_by_whom_the_rulebook_names_and_is_no_party() -> None:
    """F5, F15: nobody picks himself as the judge."""
    job = contested(FREE)
    job.refused("bad-argument", "platform", a.Appoint("m1", "lin"))
    job.refused("not-your-move", "payer", a.Appoint("m1", "art"))
    assert (
        contested({**FREE, "arbitration.appoint.by": ["payer"]})("payer", a.Appoint("m1", "art")).state("arbitration")
        == "hearing"
    )
    offered().refused("not-now", "platform", a.Appoint("m1", "art"))


def test_an_arbitrator_can_be_replaced_and_the_case_stays() -> None:
    """B3, B15."""
    job = hearing()
    job.refused("bad-argument", "platform", a.Replace("m1", "ada", "ill"))
    job("platform", a.Replace("m1", "bob", "ill"))("arbitrator", a.Award("m1", "1.00", "so"))
    assert job.state("dispute") == "awarded"


def test_an_award_disposes_of_the_whole_stake_once() -> None:
    """A5, B19, G2, G23: a ruling moves the money, whole and once."""
    job = hearing()
    job.refused("bad-amount", "arbitrator", a.Award("m1", "350.01", "so"))
    job.refused("not-your-move", "payer", a.Award("m1", "350.00", "so"))
    job("arbitrator", a.Award("m1", "0.00", "so"))
    assert (job.state("dispute"), job.state("milestone"), job.net("payer"), job.outcome) == (
        "awarded", "cancelled", "0.00", ("awarded", "merits")
    )  # fmt: skip
    job.refused("no-such-move", "arbitrator", a.Award("m1", "350.00", "so"))


@pytest.mark.parametrize(("menu", "allowed", "refused"), [
    ("any", ("0.00", "123.45", "350.00"), ()),
    ("all_or_nothing", ("0.00", "350.00"), ("175.00",)),
    ("last_offers", ("120.00", "350.00"), ("100.00", "0.00")),
])  # fmt: skip
def test_an_award_is_on_the_menu(menu: str, allowed: tuple[str, ...], refused: tuple[str, ...]) -> None:
    """Of a side without an offer its claim counts; of several offers the last."""

    def case() -> Job:
        job = hearing({"arbitration.award.menu": menu})
        return job("payer", ek.dispute.Offer("m1", "100.00"))("payer", ek.dispute.Offer("m1", "120.00"))

    for to_payee in refused:
        case().refused("bad-amount", "arbitrator", a.Award("m1", to_payee, "so"))
    for to_payee in allowed:
        assert case()("arbitrator", a.Award("m1", to_payee, "so")).net("payee") == to_payee


def test_no_award_in_time_gives_as_the_rulebook_answers_and_the_fees_back() -> None:
    """G10, G16: the neutral's silence costs nobody a fee."""
    job = paid("payer", "payee")("platform", a.Appoint("m1", "art"))
    assert job.wait(day(33) - MICRO).state("arbitration") == "hearing"
    job.wait(33)
    assert (job.state("arbitration"), job.net("payee"), job.net("payer"), job.net("arbitrator")) == (
        "closed",
        "175.00",
        "-175.00",
        "0.00",
    )
    assert job.outcome == ("award_lapsed", "procedure")
    assert contested(FREE).wait(33).outcome == ("award_lapsed", "procedure")


def test_no_award_in_time_and_a_refusal_to_rule_are_answered_each_by_its_own_rule() -> None:
    rules = {**FREE, "arbitration.refusal.divide": "payer", "arbitration.award.on_silence": "payee"}
    assert contested(rules).wait(33).net("payee") == "350.00"
    assert hearing(rules)("arbitrator", a.Refuse("m1", "no law")).net("payee") == "0.00"


def test_a_refusal_to_rule_divides_and_the_fees_are_borne_in_the_same_shares() -> None:
    """C1: refused and odd: no unit is lost."""
    rules: dict[str, Any] = {
        "arbitration.refusal.divide": {"payer": "60%", "payee": "40%"},
        "arbitration.fee.borne": "loser",
    }
    rules |= {"arbitration.fee.cost": "one_share"}
    job = paid("payer", "payee", rules=rules)("platform", a.Appoint("m1", "art"))(
        "arbitrator", a.Refuse("m1", "no law")
    )
    assert (job.net("payer"), job.net("payee"), job.net("arbitrator")) == ("-152.00", "132.00", "20.00")
    assert job.outcome == ("refused_to_rule", "procedure")


# -- appeals ---------------------------------------------------------------------------------------------------------


def appealed(rules: dict[str, Any]) -> Job:
    job = hearing({**SHARED, **ANY, **APPEAL, **rules})
    return job("arbitrator", a.Award("m1", "100.00", "so"), 5)("payee", a.Appeal("m1"), 6)


def test_an_award_is_final_when_nobody_appealed_in_time() -> None:
    job = hearing(APPEAL)("arbitrator", a.Award("m1", "100.00", "so"), 5)
    assert (job.state("arbitration"), job.net("payee")) == ("awarded", "0.00")
    assert job.wait(day(10) - MICRO).state("arbitration") == "awarded"
    job.refused("no-such-move", "payee", a.Appeal("m1"), 10)
    assert (job.state("arbitration"), job.net("payee"), job.outcome) == ("final", "100.00", ("awarded", "merits"))


def test_an_appeal_has_a_fee_window_like_the_first_and_its_award_is_final() -> None:
    """G4: what is executed is the outcome that was final."""
    job = appealed({})
    job.refused("not-now", "payer", a.PayFee("m1", "all", "40.00"))
    job("payee", a.PayFee("m1", "own", "20.00"))
    job.refused("not-now", "payee", a.PayFee("m1", "own", "20.00"))
    job("payer", a.PayFee("m1", "own", "20.00"))("platform", a.Appoint("m1", "bob"), 7)
    job("arbitrator", a.Award("m1", "300.00", "no"), 8)
    assert (job.state("arbitration"), job.net("payee"), job.net("arbitrator")) == ("final", "260.00", "80.00")


def test_an_appeal_that_is_not_paid_for_leaves_the_award() -> None:
    """G5: the one who appeals pays."""
    for other in (False, True):
        job = appealed({})
        if other:
            job("payer", a.PayFee("m1", "own", "20.00"))
        assert (job.wait(13).state("arbitration"), job.outcome) == ("final", ("awarded", "merits"))
        assert (job.net("payee"), job.net("payer"), job.net("arbitrator")) == ("80.00", "-120.00", "40.00")


def test_an_appeal_that_only_the_appellant_pays_for_is_won() -> None:
    job = appealed({})("payee", a.PayFee("m1", "own", "20.00")).wait(13)
    assert (job.state("arbitration"), job.outcome) == ("forfeited", ("only_one_paid_fee", "procedure"))


def test_without_a_fee_an_appeal_is_heard_at_once() -> None:
    """B24: no waiting state without an end."""
    job = appealed(
        {
            "arbitration.fee.model": "none",
            "arbitration.fee.shares.payer": "0.00 USD",
            "arbitration.fee.shares.payee": "0.00 USD",
        }
    )
    assert job.state("arbitration") == "funded"
    assert job.wait(36).outcome == ("award_lapsed", "procedure")


def test_a_chargeback_while_an_award_waits_comes_off_the_payers_part_first() -> None:
    for charged, payee in (("200.00", "100.00"), ("300.00", "50.00")):
        job = hearing(APPEAL)("arbitrator", a.Award("m1", "100.00", "so"), 5)
        job("provider", ek.escrow.ChargeBack("m1", charged, "cb"), 6).wait(10)
        assert (job.net("payee"), job.state("escrow")) == (payee, "settled")


# -- what is easily left out -----------------------------------------------------------------------------------------


def test_in_an_appeal_each_pays_exactly_its_own_share() -> None:
    job = appealed({})
    job.refused("bad-amount", "payee", a.PayFee("m1", "own", "20.01"))
    job("payee", a.PayFee("m1", "own", "20.00"))
    job.refused("bad-amount", "payer", a.PayFee("m1", "own", "19.99"))
    job.refused("not-now", "payer", a.PayFee("m1", "all", "40.00"))
    assert job("payer", a.PayFee("m1", "own", "20.00")).state("arbitration") == "funded"


def test_the_second_to_pay_pays_its_own_share_and_not_all_once_more() -> None:
    job = paid("payer", rules={"arbitration.pay.all_by_one": True})
    job.refused("not-now", "payee", a.PayFee("m1", "all", "40.00"))


def test_where_the_claimant_goes_first_the_other_side_pays_nothing_before_not_even_all() -> None:
    job = offered({"arbitration.pay.all_by_one": True, "arbitration.pay.order": "claimant_first"})
    job.refused("not-now", "payee", a.PayFee("m1", "all", "40.00"))
    assert job("payer", a.PayFee("m1", "all", "40.00")).state("arbitration") == "funded"


def test_a_party_is_told_that_it_cannot_arbitrate_before_it_is_told_to_wait() -> None:
    offered().refused("bad-argument", "platform", a.Appoint("m1", "ada"))
    offered().refused("not-now", "platform", a.Appoint("m1", "art"))


def test_an_award_that_can_be_appealed_is_on_the_menu_too() -> None:
    job = hearing(APPEAL)
    job.refused("bad-amount", "arbitrator", a.Award("m1", "350.01", "so"))
    assert job("arbitrator", a.Award("m1", "350.00", "so")).state("arbitration") == "awarded"


def test_under_the_platforms_hold_nobody_pays_appoints_or_awards() -> None:
    held = offered()("platform", ek.escrow.Hold("m1", "checks"))
    held.refused("not-now", "payer", a.PayFee("m1", "own", "20.00"))
    heard = hearing()("platform", ek.escrow.Hold("m1", "checks"))
    heard.refused("not-now", "arbitrator", a.Award("m1", "350.00", "so"))


def test_a_recommendation_that_nobody_answers_ends_with_the_longest_life_of_the_mediation() -> None:
    rules = {**MEDIATED, "mediation.longest": "6 days", "mediation.accept.within": "30 days"}
    job = contested(rules)("platform", ek.mediation.Assign("m1", "mia"))
    job("mediator", ek.mediation.Recommend("m1", "100.00", "so"))
    assert job.wait(day(9) - MICRO).state("mediation") == "recommended"
    assert job.wait(9).state("mediation") == "failed"


def test_a_sealed_window_that_opens_with_the_first_payment_closes_for_who_paid_for_both_as_well() -> None:
    rules = {
        **FIRST,
        "arbitration.pay.order": "sealed",
        "arbitration.pay.all_by_one": True,
        "arbitration.pay.within": "7 days",
    }
    j = contested({**SHARED, **rules})("payer", a.PayFee("m1", "all", "40.00"), 4)
    j.refused("not-now", "platform", a.Appoint("m1", "art"), day(11, micros=-1))
    assert j.wait(11).events == ["arbitration.window_closed"]
    j("platform", a.Appoint("m1", "art"), 11)
    assert j.state("arbitration") == "hearing"


def test_where_no_fee_is_paid_in_nobody_pays_one() -> None:
    refused = contested(FREE).refused("not-now", "payer", a.PayFee("m1", "own", "1.00"))
    assert refused.missing == ("The rulebook has the parties pay the fee in.",)
