"""Laws that hold for every value: replay, fees, divisions, order, one side an instant, determinism."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit.agreement import Agreement
from escrowkit.errors import Refused
from escrowkit.machines import arbitration, dispute, escrow, mediation, milestone
from escrowkit.money import Money
from escrowkit.table import Command
from helpers import (
    ARBITRATED,
    FREE,
    MEDIATED,
    MICRO,
    PLAIN,
    SHARED,
    START,
    Job,
    contested,
    day,
    disputed,
    funded,
    hearing,
    submitted,
)

SUMS = st.integers(1, 10**9)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])


def pot(price: Money, rules: dict[str, Any], **more: Any) -> Job:
    """A funded job of any price in any currency, under rules without amounts."""
    free = ek.rulebook.build({"id": "free", "version": "1", "title": "free"}, "free").override({**FREE_RULES, **rules})
    job = Job(rulebook=free, plain=False, milestones=[("m1", price)], currency=price.currency, **more)
    return job("payer", escrow.Deposit("m1", price))


FREE_RULES: dict[str, Any] = {
    "dispute.open_by": ["payer", "payee"],
    "dispute.longest.within": "90 days",
    "dispute.longest.on_expiry": "halves",
    "escrow.refund_released.within": "100 days",
}
FEES = st.fixed_dictionaries({
    "escrow.service_fee.model": st.just("flat"),
    "escrow.service_fee.rate": st.integers(0, 4_999).map(lambda bp: f"{bp / 100:.2f}%"),
})  # fmt: skip


# -- fees ------------------------------------------------------------------------------------------------------------


@given(cuts=st.lists(st.integers(1, 500), min_size=1, max_size=12), currency=CURRENCIES, fee=FEES)
def test_the_fee_of_many_releases_is_the_fee_of_their_sum(cuts: list[int], currency: str, fee: dict[str, Any]) -> None:
    """C3, C4, C5: slicing changes nothing, to the last unit."""
    price = Money(sum(cuts), currency)
    sliced, whole = pot(price, fee), pot(price, fee)("payer", escrow.Release("m1", price))
    for cut in cuts:
        sliced("payer", escrow.Release("m1", Money(cut, currency)))
    assert sliced.now.net("platform", currency) == whole.now.net("platform", currency)
    assert sliced.now.net("payee", currency) == whole.now.net("payee", currency)
    rate = Fraction(fee["escrow.service_fee.rate"].removesuffix("%")) / 100
    assert abs(whole.now.net("platform", currency).minor - rate * price.minor) <= Fraction(1, 2)


def test_the_numbers_of_a_real_loss() -> None:
    """C2, C3: 100.003 in two parts at 3 % and 0.3 % lost a unit elsewhere."""
    rules = {"escrow.service_fee.model": "flat", "escrow.service_fee.rate": "3.3%"}
    job = pot(Money(100_003, "USD"), rules)
    for part in (50_001, 50_002):
        job("payer", escrow.Release("m1", Money(part, "USD")))
    assert job.now.net("platform").minor == 3_300


@given(price=st.integers(2, 10_000), share=st.integers(0, 100), fee=FEES, back=st.integers(1, 10_000))
def test_what_is_given_back_takes_its_own_fee_along(price: int, share: int, fee: dict[str, Any], back: int) -> None:
    """C10: release, give back, release again: the platform has the fee of what stayed released."""
    whole = Money(price, "USD")
    job = pot(whole, {**fee, "escrow.service_fee.on_refund": "reversed"})
    first = Money(max(1, price * share // 100), "USD")
    job("payer", escrow.Release("m1", first))("payee", escrow.RefundReleased("m1", min(Money(back, "USD"), first)))
    assert (
        job.now.net("payer").minor + job.now.net("payee").minor + job.now.net("platform").minor
        == -job.now.pot("m1").held.minor
    )
    stays = first - min(Money(back, "USD"), first)
    rate = Fraction(fee["escrow.service_fee.rate"].removesuffix("%")) / 100
    assert abs(job.now.net("platform").minor - rate * stays.minor) <= 1


# -- dividing --------------------------------------------------------------------------------------------------------


@given(
    price=st.integers(1, 10_000),
    percent=st.integers(0, 100),
    currency=CURRENCIES,
    remainder=st.sampled_from(["payer", "payee"]),
)
def test_a_division_disposes_of_the_whole(price: int, percent: int, currency: str, remainder: str) -> None:
    """C1, C2, C20: no unit is lost, and the odd one goes where the rulebook says."""
    shares = {"payer": f"{100 - percent}%", "payee": f"{percent}%"}
    job = pot(Money(price, currency), {"dispute.longest.on_expiry": shares, "money.remainder_to": remainder})
    job("payer", dispute.Open("m1", Money(price, currency), "why")).wait(90)
    paid, back = job.now.net("payee", currency).minor, price + job.now.net("payer", currency).minor
    assert paid + back == price
    assert abs(paid - Fraction(price * percent, 100)) < 1
    if percent == 50 and price % 2:
        assert (paid > back) == (remainder == "payee")


@given(
    price=st.integers(1, 1_000), out=st.integers(0, 1_000), to_payee=st.integers(0, 1_000), claim=st.integers(1, 1_000)
)
def test_an_award_over_released_money_divides_all_of_the_stake(price: int, out: int, to_payee: int, claim: int) -> None:
    """B19: what was paid out counts first, what is missing is owed, nothing stays."""
    out, claim = min(out, price), min(claim, price)
    rules = {"dispute.stages": ["arbitration"], "dispute.lookback": "30 days", "escrow.release.partial": True}
    job = pot(Money(price, "USD"), rules)
    if out:
        job("payer", escrow.Release("m1", Money(out, "USD")))
    job("payer", dispute.Open("m1", Money(claim, "USD"), "why"))
    stake = job.now.pot("m1").stake
    award = min(Money(to_payee, "USD"), stake)
    job("platform", arbitration.Appoint("m1", "art"))("arbitrator", arbitration.Award("m1", award, "so"))
    released = stake.minor - (price - out)
    owed = job.now.owed().get(("payee", "payer"), Money(0, "USD")).minor
    assert (job.now.net("payee").minor - out) - owed == award.minor - released
    assert job.now.held().minor == 0


# -- time ------------------------------------------------------------------------------------------------------------


def _approve(job: Job, at: datetime) -> bool:
    return _accepted(job.now, "payer", milestone.RequestChanges("m1", "no"), at)


def _accepted(now: Agreement, by: str, command: Command, at: datetime) -> bool:
    try:
        now.decide(command, by=by, at=at)
    except Refused:
        return False
    return True


OFFER = {"dispute.stages": [], "dispute.offers.on_silence": "as_asked"}
#: (how it came so far, who may still act, with what, which clock)
DEADLINES: tuple[tuple[Any, str, Command, str], ...] = (
    (lambda: submitted(), "payer", milestone.RequestChanges("m1", "no"), "review"),
    (lambda: submitted()("payer", milestone.RequestCancel("m1", "350.00")), "payer", milestone.WithdrawCancel("m1"), "cancel"),
    (lambda: disputed(), "payee", dispute.Contest("m1"), "answer"),
    (lambda: contested(OFFER)("payer", dispute.Offer("m1", "1.00")), "payee", dispute.DeclineOffer("m1", "1.00"), "offer"),
    (lambda: contested({"dispute.stages": []}), "payer", dispute.Withdraw("m1"), "longest"),
    (lambda: contested(MEDIATED)("platform", mediation.Assign("m1", "mia")), "mediator", mediation.Recommend("m1", "1.00", "so"), "recommend"),
    (lambda: contested(MEDIATED), "platform", mediation.Assign("m1", "mia"), "longest"),
    (lambda: contested(SHARED), "payer", arbitration.PayFee("m1", "own", "20.00"), "pay"),
    (lambda: hearing(), "arbitrator", arbitration.Award("m1", "1.00", "so"), "award"),
    (lambda: hearing({"arbitration.appeal.within": "5 days"})("arbitrator", arbitration.Award("m1", "1.00", "so")), "payee", arbitration.Appeal("m1"), "appeal"),
    (lambda: Job()("payer", escrow.RequestDeposit("m1", "350.00")), "payer", escrow.Deposit("m1", "1.00"), "funding"),
    (lambda: funded()("platform", escrow.Hold("m1", "x")), "platform", escrow.Lift("m1"), "impound"),
    (lambda: funded(), "payer", escrow.Release("m1", "1.00"), "dormancy"),
    (lambda: funded({"escrow.hold_limit.within": "60 days", "escrow.hold_limit.on_expiry": "payer"}), "payer", escrow.Release("m1", "1.00"), "hold_limit"),
    (lambda: funded({"milestone.requirements.within": "3 days", "milestone.requirements.on_silence": "payer"}), "payer", milestone.GiveRequirements("m1", "x"), "requirements"),
    (lambda: funded({"milestone.proposal.within": "3 days", "milestone.proposal.on_silence": "as_asked"})("payee", milestone.RequestRelease("m1", "1.00")), "payer", escrow.Release("m1", "1.00"), "proposal"),
    (lambda: funded({"milestone.late.after": "3 days", "milestone.late.since": "active", "milestone.late.on_silence": "payer"}), "payee", milestone.Submit("m1", "zip"), "late"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "by", "command", "clock"), DEADLINES, ids=[f"{c.machine}-{k}" for _, _, c, k in DEADLINES]
)
def test_at_each_deadline_one_instant_belongs_to_one_side(make: Any, by: str, command: Command, clock: str) -> None:
    """D1, D2, D20: until one microsecond before somebody may act, from the instant itself the clock has."""
    now = make().now
    due = next(at for at, _, one in now.deadlines() if one.name == clock)
    assert _accepted(now, by, command, due - MICRO)
    assert not now.advance(due - MICRO).events or clock == "longest"
    for at in (due, due + MICRO):
        fired = now.advance(at)
        assert any(getattr(event, "clock", None) == clock for event in fired.events)
        try:
            after = now.decide(command, by=by, at=at)
        except Refused as refused:
            assert refused.decision == fired  # noqa: PT017 - refused or not, the deadline came first
        else:
            assert after.events[: len(fired.events)] == fired.events


@given(order=st.permutations(["m1", "m2", "m3"]))
def test_the_order_in_which_clocks_were_armed_does_not_matter(order: list[str]) -> None:
    """D8: equals fire in one order."""
    job = Job(milestones=[(id_, "10.00") for id_ in ("m1", "m2", "m3")])
    for id_ in order:
        job("payer", escrow.Deposit(id_, "10.00"))
    for id_ in order:
        job("payee", milestone.Submit(id_, "zip"))
    fired = [event.milestone for event in job.wait(14).last.events if isinstance(event, milestone.DeemedApproved)]
    assert fired == ["m1", "m2", "m3"]


@given(days=st.lists(st.integers(0, 500), max_size=6), last=st.integers(0, 500))
def test_a_scheduler_that_runs_or_not_changes_nothing(days: list[int], last: int) -> None:
    now = contested({"dispute.stages": ["mediation", "arbitration"]}, milestones=(("m1", "350.00"), ("m2", "9.00"))).now
    end = day(3 + last)
    stepped = now
    for at in sorted(day(3 + d) for d in days if d <= last):
        stepped = stepped.advance(max(at, stepped.at)).agreement
    assert stepped.advance(end).agreement == now.advance(end).agreement


@given(start=st.integers(2, 14), length=st.integers(0, 40))
def test_a_pause_shifts_the_due_time_by_its_length(start: int, length: int) -> None:
    job = submitted({"dispute.answer.payee.within": "60 days", "dispute.longest.within": "80 days"})
    job("payer", dispute.Open("m1", "1.00", "x"), start)("payer", dispute.Withdraw("m1"), start + length)
    assert job.now.deadlines()[0][0] == day(15 + length)


# -- histories -------------------------------------------------------------------------------------------------------


@given(cut=st.integers(1, 60))
def test_every_prefix_of_a_history_replays_to_books_that_balance(cut: int) -> None:
    now = hearing(SHARED)("arbitrator", arbitration.Award("m1", "100.00", "so")).now
    part = ek.replay(now.history[:cut])
    part.verify()
    assert part.history == now.history[:cut]
    assert sum(money.minor for _, money in part.ledger.accounts()) == 0


def test_changing_a_rulebook_changes_no_open_agreement(tmp_path: Path) -> None:
    """C8, I5: the rules are pinned at the opening."""
    file = tmp_path / "own.toml"
    text = 'id = "own"\nversion = "1"\ntitle = "own"\n[milestone.review]\nwithin = "3 days"\non_silence = "payee"\n'
    file.write_text(text)
    job = submitted({}, rulebook=file)
    file.write_text(text.replace("payee", "payer"))
    assert job.wait(4).net("payee") == "350.00"
    assert submitted({}, rulebook=file).wait(4).net("payee") == "0.00"


# -- chargebacks -----------------------------------------------------------------------------------------------------

MADE: tuple[Any, ...] = (
    lambda: funded(),
    lambda: funded({"escrow.clearing": "5 days"})("payer", escrow.Release("m1", "350.00")),
    lambda: funded(rail="slow")("payer", escrow.Release("m1", "350.00")),
    lambda: funded()("payer", escrow.Release("m1", "350.00")),
    lambda: funded()("payer", escrow.Release("m1", "200.00")),
    lambda: funded()("payee", escrow.Refund("m1", "350.00")),
    lambda: submitted(),
    lambda: submitted()("payer", milestone.RequestCancel("m1", "100.00")),
    lambda: disputed(),
    lambda: disputed()("platform", escrow.Hold("m1", "checks")),
    lambda: contested({"dispute.stages": []}),
    lambda: contested(MEDIATED),
    lambda: contested({**MEDIATED, "mediation.power": "recommend"})("platform", mediation.Assign("m1", "mia"))(
        "mediator", mediation.Recommend("m1", "100.00", "so")
    ),
    lambda: contested(SHARED)("payer", arbitration.PayFee("m1", "own", "20.00")),
    lambda: hearing(SHARED),
    lambda: hearing({**FREE, "arbitration.appeal.within": "5 days"})("arbitrator", arbitration.Award("m1", "350.00", "so")),
    lambda: hearing(FREE)("arbitrator", arbitration.Award("m1", "350.00", "so")),
    lambda: hearing({**ARBITRATED, "arbitration.fee.model": "from_pot", "arbitration.fee.rate": "5%"}),
    lambda: funded({"milestone.start": "in_part"}, milestones=[("m1", "350.00"), ("m2", "9.00")])("payer", escrow.RollOver("m1", "9.00", "m2")),
)  # fmt: skip


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("charged", ["0.01", "100.00", "200.00", "349.99", "350.00"])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_chargeback_is_accepted_in_every_state_and_silence_still_ends(make: Any, charged: str, reverse: bool) -> None:
    """A17: a fact is never refused for the state that it meets, and who bears it is said."""
    job = make()
    net = job.now.net("payer") + Money.parse(charged, "USD")
    job("provider", escrow.ChargeBack("m1", charged, "cb", "15.00"))
    assert escrow.ChargedBack in {type(event) for event in job.last.events}
    assert job.now.net("payer") >= net
    assert job.net("provider") == "15.00"
    if reverse:
        job("provider", escrow.ReverseChargeBack("m1", "cb"))
    job.wait(2000)
    inside = {
        account: money
        for account, money in job.now.ledger.accounts()
        if account.startswith(("escrow:", "clearing:", "deposit:"))
    }
    assert not any(inside.values()), inside


# -- determinism -----------------------------------------------------------------------------------------------------


def test_parties_and_rules_in_any_order_make_one_agreement() -> None:
    """C20: nothing depends on the order in which a mapping was written."""
    rules = {"escrow.clearing": "none", "milestone.review.notices": 0, "dispute.stages": []}
    parties = [("payer", "ada"), ("payee", "lin")]
    made = [
        ek.open_agreement(
            rulebook="standard@1",
            parties=dict(pairs),
            currency="USD",
            milestones=[("m1", "9.00")],
            at=START,
            rules=dict(items),
        )
        for items in permutations(rules.items())
        for pairs in (parties, parties[::-1])
    ]
    assert all(one == made[0] for one in made)
    assert len({one.rulebook.digest for one in made}) == 1


@settings(max_examples=30)
@given(steps=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["payer", "payee"])), max_size=8))
def test_two_parties_that_do_the_same_in_one_life_end_the_same(steps: list[tuple[int, str]]) -> None:
    """decide is a function: no clock, no randomness, no memory."""

    def life() -> Agreement:
        now = submitted(dict(PLAIN)).now
        for hours, by in steps:
            at = now.at + timedelta(hours=hours)
            now = now.advance(at).agreement
            for command in (milestone.Propose(f"n{len(now.milestones)}", "5.00"), dispute.Offer("m1", "1.00")):
                if _accepted(now, by, command, at):
                    now = now.decide(command, by=by, at=at).agreement
        return now

    assert life() == life()
