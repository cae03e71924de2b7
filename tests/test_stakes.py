"""What a dispute is worth: every figure is what comes out when it is played."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit import foresight
from escrowkit.agreement import Agreement
from escrowkit.errors import BadArgument, Refused
from escrowkit.foresight import chance_of, percent
from escrowkit.foresight.game import BOTH, Play, equilibrium, stable
from escrowkit.money import Money
from helpers import ARBITRATED, SHARED, Job, contested, day, disputed, funded, submitted
from test_foresight import lives

YEARS = timedelta(days=3653)
NO_PROCESSING: Mapping[str, Any] = {"escrow.processing_fee": {}}


def offered(name: str, price: str, **rules: Any) -> Job:
    """A job under a published rulebook whose mediation has failed: the fee window is open, the payee must pay first."""
    job = Job({**NO_PROCESSING, **rules}, rulebook=name, milestones=(("m1", price),), plain=False)
    job("payer", ek.escrow.Deposit("m1", price))("payee", ek.milestone.Submit("m1", "zip"), 1)
    job("payee", ek.dispute.Open("m1", price, "done"), 2)("payer", ek.dispute.Contest("m1"), 3)
    return job("platform", ek.mediation.Assign("m1", "mia"))("mediator", ek.mediation.Fail("m1", "no"))


def stakes(now: Agreement, by: str, **more: Any) -> foresight.Stakes:
    """The stakes, which there are."""
    found = foresight.stakes(now, "m1", by, **more)
    assert found is not None
    return found


# -- the published cases ---------------------------------------------------------------------------------------------


def test_with_20_at_stake_and_a_fee_of_291_even_the_winner_loses_275() -> None:
    found = stakes(offered("upwork@2018", "20.00").now, "payee")
    assert (str(found.stake), str(found.fee)) == ("20.00 USD", "291.00 USD")
    assert str(found.net("win")) == "-275.00 USD"
    assert found.break_even is None
    assert found.break_even_share is None
    assert found.fee_of_stake == Fraction(291, 20)
    assert found.warnings == ("fee-exceeds-stake",)


def test_with_350_at_stake_and_a_tenth_of_service_fee_winning_brings_24_and_needs_92_percent() -> None:
    tenth = {"escrow.service_fee": {"model": "flat", "rate": "10%"}}
    found = stakes(offered("upwork@2018", "350.00", **tenth).now, "payee")
    nets = {path.name: path.net and str(path.net["payee"]) for path in found.paths}
    assert nets == {
        "silence": "0.00 USD",
        "concede": "0.00 USD",
        "settle": "157.50 USD",
        "nobody_pays": "0.00 USD",
        "only_other_pays": {},
        "only_you_pay": "315.00 USD",
        "lose": "-291.00 USD",
        "halves": "-133.50 USD",
        "win": "24.00 USD",
        "no_ruling": {},
        "other_concedes": "315.00 USD",
    }
    assert (percent(found.break_even_share), str(found.break_even)) == ("92.4%", "323.33 USD")
    assert str(found.settle_from) == "26.67 USD"
    assert found.warnings == ()
    assert found.net("win", "payer") == Money.parse("-291.00 USD")


def test_the_payer_of_the_same_case_needs_no_service_fee_and_so_less() -> None:
    found = stakes(offered("upwork@2018", "350.00").now, "payer")
    assert (str(found.net("win")), percent(found.break_even_share)) == ("59.00 USD", "83.1%")
    assert not found.path("only_you_pay").possible, "the payee claims, so it pays first"


def test_a_fee_that_is_paid_is_gone_and_what_comes_back_of_it_is_a_gain() -> None:
    job = offered("upwork@2018", "350.00", **{"escrow.service_fee": {"model": "flat", "rate": "10%"}})
    job("payee", ek.arbitration.PayFee("m1", "own", "291.00"))
    found = stakes(job.now, "payee")
    assert found.paid
    assert str(found.net("silence")) == "606.00 USD"
    assert str(found.net("win")) == "315.00 USD"
    assert str(found.net("concede")) == "291.00 USD"
    assert percent(found.break_even_share) == "92.4%"


# -- as played -------------------------------------------------------------------------------------------------------


def cents(now: Agreement) -> dict[str, int]:
    """What each party has, debts counted."""
    owed = now.owed()
    return {
        side: now.net(side).minor
        + sum(m.minor for (_, creditor), m in owed.items() if creditor == side)
        - sum(m.minor for (debtor, _), m in owed.items() if debtor == side)
        for side in ("payer", "payee")
    }


Steps = list[tuple[str, Any]]


def played(now: Agreement, steps: Steps) -> dict[str, int] | None:
    """What each party gains by these steps at once, and nothing more; None where one is refused."""
    after = now
    for by, said in steps:
        try:
            if by == "clock":
                due = next(at for at, _, clock in after.deadlines() if clock.name == said)
                after = after.advance(due).agreement
            else:
                after = after.decide(said, by=by, at=after.at).agreement
        except (Refused, StopIteration):
            return None
    end = after.advance(after.at + YEARS).agreement
    return {side: cents(end)[side] - cents(now)[side] for side in ("payer", "payee")}


FEES = st.sampled_from(["20.00", "0.01", "291.00"])
RULES = st.fixed_dictionaries(
    {
        "arbitration.pay.order": st.sampled_from(["any", "sealed", "claimant_first"]),
        "arbitration.fee.borne": st.sampled_from(["each", "loser", "by_share_lost"]),
        "arbitration.fee.cost": st.sampled_from(["all", "one_share"]),
        "arbitration.none_paid": st.sampled_from(["payer", "payee", "halves"]),
        "arbitration.one_paid.gets": st.sampled_from(["claim", "halves"]),
        "arbitration.award.menu": st.sampled_from(["any", "all_or_nothing"]),
        "escrow.service_fee.model": st.sampled_from(["none", "flat"]),
        "escrow.service_fee.rate": st.just("10%"),
        "escrow.clearing": st.sampled_from(["none", "5 days"]),
        "dispute.lookback": st.sampled_from(["30 days", "1 day"]),
        "escrow.release.partial": st.just(True),
    }
)


def _case(rules: Mapping[str, Any], price: int, out: int, claim: int, fee: str, opener: str) -> Agreement:
    shares = {f"arbitration.fee.shares.{side}": f"{fee} USD" for side in ("payer", "payee")}
    job = funded({**SHARED, **rules, **shares}, milestones=[("m1", Money(price, "USD"))])
    if min(out, price - 1):
        job("payer", ek.escrow.Release("m1", Money(min(out, price - 1), "USD")), 1)
    most = job.now.pot("m1", day(1)).claimable(ek.Role(opener))
    other = "payee" if opener == "payer" else "payer"
    job(opener, ek.dispute.Open("m1", min(Money(claim, "USD"), most), "no"), 1)
    return job(other, ek.dispute.Contest("m1"), 1).now


@given(
    rules=RULES,
    price=st.integers(100, 90_000),
    out=st.sampled_from([0, 0, 1, 5_000]),
    claim=st.integers(1, 90_000),
    fee=FEES,
    opener=st.sampled_from(["payer", "payee"]),
    by=st.sampled_from(["payer", "payee"]),
)
def test_every_way_nets_to_the_cent_what_it_nets_when_it_is_played(
    rules: Mapping[str, Any], price: int, out: int, claim: int, fee: str, opener: str, by: str
) -> None:
    now = _case(rules, price, out, claim, fee, opener)
    other = "payee" if by == "payer" else "payer"
    pot = now.pot("m1")
    sides = (opener, "payee" if opener == "payer" else "payer")
    pays: dict[str, tuple[str, Any]] = {s: (s, ek.arbitration.PayFee("m1", "own", f"{fee} USD")) for s in sides}
    hear: Steps = [pays[sides[0]], pays[sides[1]]]
    hear += [("clock", "pay")] if rules["arbitration.pay.order"] == "sealed" else []
    hear += [("platform", ek.arbitration.Appoint("m1", "art"))]
    claims = {side: pot.gives_claim(ek.Role(side)) for side in sides}
    half = pot.stake.allocate([1, 1])[1]
    to_payee = half if by == "payee" else pot.stake - half
    menu = pot.award_menu

    def award(sum_: Money, best: Callable[..., Money] | None = None) -> tuple[str, Any]:
        return ("arbitrator", ek.arbitration.Award("m1", sum_ if menu is None or best is None else best(menu), "so"))

    def settled(sum_: Money) -> Steps:
        return [(by, ek.dispute.Offer("m1", sum_)), (other, ek.dispute.AcceptOffer("m1", sum_))]

    ruled = {"payer": award(claims["payer"], min), "payee": award(claims["payee"], max)}
    wanted: dict[str, Steps] = {
        "silence": [],
        "concede": settled(claims[other]),
        "settle": settled(to_payee),
        "nobody_pays": [("clock", "pay")],
        "only_you_pay": [pays[by], ("clock", "pay")],
        "only_other_pays": [pays[other], ("clock", "pay")],
        "win": [*hear, ruled[by]],
        "lose": [*hear, ruled[other]],
        "halves": [*hear, award(to_payee)],
        "no_ruling": [*hear, ("arbitrator", ek.arbitration.Refuse("m1", "no"))],
        "other_concedes": settled(claims[by]),
    }
    found = stakes(now, by)
    assert {path.name for path in found.paths} == set(wanted)
    for path in found.paths:
        net = {side: sum_.minor for side, sum_ in path.net.items()} or None
        assert net == played(now, wanted[path.name]), path.name
    if menu is None and found.path("win").possible:
        _break_even(now, by, hear, found)


def _break_even(now: Agreement, by: str, hear: Steps, found: foresight.Stakes) -> None:
    """One cent less would not do."""
    concede: Any = found.net("concede")

    def net(part: int) -> int:
        to_payee = part if by == "payee" else found.stake.minor - part
        steps = [*hear, ("arbitrator", ek.arbitration.Award("m1", Money(to_payee, "USD"), "so"))]
        got = played(now, steps)
        assert got is not None
        return got[by]

    if found.break_even is None:
        assert net(found.stake.minor) < concede.minor
    else:
        assert net(found.break_even.minor) >= concede.minor
        assert not found.break_even or net(found.break_even.minor - 1) < concede.minor


def test_before_a_dispute_it_is_told_as_if_it_were_opened() -> None:
    before, after = stakes(submitted(SHARED).now, "payer"), stakes(disputed(SHARED).now, "payer")
    assert before.net("win") == after.net("win") == Money.parse("330.00 USD")
    assert before.net("silence") == Money.parse("0.00 USD")
    assert after.net("silence") == Money.parse("350.00 USD"), "the payee, silent, would lose"


def test_without_money_or_right_there_is_nothing_at_stake() -> None:
    assert foresight.stakes(Job().now, "m1", "payer") is None


def test_only_a_party_has_something_at_stake() -> None:
    for ask in (foresight.stakes, foresight.plays):
        with pytest.raises(BadArgument):
            ask(submitted().now, "m1", "mediator")
        with pytest.raises(BadArgument):
            ask(submitted().now, "m1", "stranger")


def test_a_mediator_who_may_decide_rules_without_a_fee() -> None:
    rules = {"dispute.stages": ["mediation"], "mediation.power": "decide"}
    found = stakes(contested(rules).now, "payer")
    assert (found.net("win"), found.net("lose")) == (Money.parse("350.00 USD"), Money.parse("0.00 USD"))
    assert not found.fee
    assert not found.path("nobody_pays").possible


def test_as_data_everything_is_text() -> None:
    data = stakes(offered("upwork@2018", "350.00").now, "payer").data()
    assert data["break_even_share"] == "83.1%"
    assert data["paths"][0]["net"]["payee"] == "0.00 USD"


# -- plays -----------------------------------------------------------------------------------------------------------


def game(now: Agreement, by: str, **more: Any) -> foresight.Game:
    """The game over the only milestone."""
    return foresight.plays(now, "m1", by, **more)


def test_to_pay_and_hope_that_the_other_does_not_can_be_judged() -> None:
    tenth = {"escrow.service_fee": {"model": "flat", "rate": "10%"}}
    now = offered("upwork@2018", "350.00", **tenth).now
    found = game(now, "payee")
    assert found.tree.line == ("the payee: pay the fee of 291.00 USD", "the payer: do not pay the fee")
    assert str(found.worth()) == "315.00 USD"
    # Paying is worth 315 if the payer does not pay, and -133.50 if it does and the ruling is a coin's.
    assert (found.pays_above, found.pays_below) == (Fraction(0), Fraction(31500, 31500 + 13350))
    assert found.win_from == Fraction(291, 315)
    assert str(game(now, "payee", other_pays="100%").worth()) == "0.00 USD"
    assert game(now, "payee", other_pays="100%", win="95%").worth() == Money.parse("8.25 USD")


def test_nobody_is_told_to_do_what_is_never_better() -> None:
    """If nobody's paying gives the payer all, paying in secret brings it nothing: that the payee pays is left."""
    rules = {**SHARED, "arbitration.pay.order": "sealed", "arbitration.none_paid": "payer"}
    rules |= {f"arbitration.fee.shares.{side}": "291.00 USD" for side in ("payer", "payee")}
    found = game(contested(rules).now, "payer")
    assert found.tree.line == ("the payer does not pay, the payee pays",)
    assert (found.pays_above, found.pays_below) == (Fraction(0), Fraction(0))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("order", ["any", "sealed", "claimant_first"])
def test_nobody_would_rather_have_done_something_else(seed: int, order: str) -> None:
    """Backward induction: at every node of its own a side takes what is worth most to it, and chances sum to one."""
    fee = ("10.00 USD", "100.00 USD", "300.00 USD")[seed % 3]
    shares = {f"arbitration.fee.shares.{side}": fee for side in ("payer", "payee")}
    rules = {**SHARED, "arbitration.pay.order": order, "arbitration.none_paid": ("halves", "payer")[seed % 2], **shares}
    now = (submitted, disputed, contested)[seed % 3](rules).now
    found = game(now, ("payer", "payee")[seed % 2], win=("30%", "50%", "9/10")[seed % 3])
    for node in found.tree.nodes():
        if node.mover in ("payer", "payee"):
            assert node.value[node.mover] == max(branch.value[node.mover] for branch in node.branches)
        if node.branches:
            assert sum(branch.chance for branch in node.branches) == 1
    assert found == game(now, found.by, win=found.chances[found.by])


@pytest.mark.parametrize("seed", range(15))
def test_in_any_life_there_is_a_game_and_an_explanation(seed: int) -> None:
    for _, now in lives(seed, 6):
        for id_ in now.milestones:
            json.dumps(foresight.explain(now, id_).data())
            for by in ("payer", "payee"):
                found = foresight.plays(now, id_, by)
                json.dumps(found.data())
                found.mermaid()
                for node in found.tree.nodes():
                    assert not node.branches or sum(branch.chance for branch in node.branches) == 1
                told = foresight.stakes(now, id_, by)
                assert told is None or json.dumps(told.data())


def ends(node: Play) -> set[tuple[int, int]]:
    """What each end nets."""
    return {(int(n.value["payer"]), int(n.value["payee"])) for n in node.nodes() if not n.branches}


def test_every_end_of_the_tree_is_one_of_the_ways_of_the_stakes() -> None:
    for rules in (SHARED, {**SHARED, "arbitration.pay.order": "any"}, ARBITRATED):
        now = contested(rules).now
        ways = {(p.net["payer"].minor, p.net["payee"].minor) for p in stakes(now, "payer").paths if p.net}
        assert ends(game(now, "payer").tree) <= ways


def test_a_settlement_between_both_worths_leaves_neither_side_worse() -> None:
    now = contested({**SHARED, "arbitration.none_paid": "halves"}).now
    found = game(now, "payee", win="50%", other_wins="60%")
    assert found.settlement is not None
    for sum_ in found.settlement:
        got = played(now, [("payer", ek.dispute.Offer("m1", sum_)), ("payee", ek.dispute.AcceptOffer("m1", sum_))])
        assert got is not None
        assert all(got[side] >= found.tree.value[side] for side in ("payer", "payee"))


def test_a_game_can_be_read_drawn_and_stored() -> None:
    found = game(offered("upwork@2018", "350.00").now, "payee")
    assert "pay the fee of 291.00 USD" in found.text()
    assert found.mermaid().startswith("flowchart LR\n    n0[")
    assert found.data()["tree"]["mover"] == "payee"
    assert found.data()["chances"] == {"payee": "1/2", "payer": "1/2"}


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=4, max_size=4))
def test_in_an_equilibrium_neither_gains_by_doing_otherwise(got: list[tuple[int, int]]) -> None:
    cells = {both: (Fraction(a), Fraction(b)) for both, (a, b) in zip(BOTH, got, strict=True)}
    first, second = equilibrium(cells)

    def worth(one: Fraction, two: Fraction) -> tuple[Fraction, ...]:
        weights = {(a, b): (one if a else 1 - one) * (two if b else 1 - two) for a, b in BOTH}
        return tuple(sum((weights[both] * cells[both][i] for both in BOTH), Fraction(0)) for i in (0, 1))

    here = worth(first, second)
    for other in (Fraction(0), Fraction(1)):
        assert worth(other, second)[0] <= here[0]
        assert worth(first, other)[1] <= here[1]
    assume(stable(cells))
    assert {first, second} <= {0, 1}


@pytest.mark.parametrize("said", ["110%", "x", "1/0", 2, 0.5, None, Fraction(3, 2), Fraction(-1, 2)])
def test_what_is_no_chance_is_refused(said: Any) -> None:
    with pytest.raises(BadArgument):
        chance_of(said)
