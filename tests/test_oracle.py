"""The library and the oracle, driven side by side: what one says, the other must say."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest

import escrowkit as ek
from escrowkit import Refused, clocks, story
from escrowkit.agreement import whole
from escrowkit.errors import BadAmount
from escrowkit.ledger import Kind
from escrowkit.machines import escrow
from escrowkit.machines.arbitration import guards as arbitration_guards
from escrowkit.machines.dispute import guards as dispute_guards
from escrowkit.machines.escrow import guards as escrow_guards
from escrowkit.machines.mediation import guards as mediation_guards
from escrowkit.machines.milestone import guards as milestone_guards
from escrowkit.money import Money, Tariff
from escrowkit.periods import Calendar
from escrowkit.pot.balances import Balances
from escrowkit.pot.work import Work
from escrowkit.rulebook import available, load
from escrowkit.story.consents import command_of
from escrowkit.table import Guard
from escrowkit.testing import oracle
from escrowkit.testing.chosen import MICRO, START, Chooser, Dice, agreement, command, moment, opening_moves, rulebook
from escrowkit.testing.compare import Disagreement, Twin

FILES = sorted(Path(oracle.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_oracle_sees_nothing_of_the_library(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            assert module.startswith("escrowkit.testing.oracle") or module.split(".")[0] in sys.stdlib_module_names


# -- stories ---------------------------------------------------------------------------------------------------------


def drive(told: story.Story, twin: Twin) -> None:
    """Play a story step by step, let time pass to each deadline on the way, and two years more."""
    for step in told.steps:
        pass_time(twin, step.at)
        with suppress(Refused):
            twin.decide(command_of(step, twin.agreement), by=step.by, at=step.at, key=step.key, actor=step.actor)
    twin.advance(twin.agreement.at + timedelta(days=730))


def pass_time(twin: Twin, to: datetime) -> None:
    """Let time pass, from deadline to deadline."""
    while (due := next(iter(twin.agreement.deadlines(to)), None)) is not None:
        twin.advance(due[0])


def opened_by_both(told: story.Story) -> Twin:
    """A story's agreement, opened by the library and the oracle."""
    return Twin.open(
        rulebook=told.rulebook,
        parties=told.parties,
        currency=told.currency,
        milestones=told.milestones,
        at=told.start,
        rules=told.rules,
        billed_before=told.facts.get("billed_before"),
        rail=told.rail,
    )


def twin_story(name: str) -> Twin | None:
    """A shipped story, told by both; None for one whose opening both refuse."""
    told = story.read(name)
    if told.refused is not None:
        with pytest.raises(Refused):
            opened_by_both(told)
        return None
    twin = opened_by_both(told)
    drive(told, twin)
    return twin


@pytest.mark.parametrize("name", story.shipped())
def test_every_shipped_story_goes_as_the_oracle_says(name: str) -> None:
    twin = twin_story(name)
    if twin is not None:
        assert not twin.unpredicted
        assert twin.compared > len(story.read(name).steps)


# -- openings --------------------------------------------------------------------------------------------------------

OPENINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("not-in-force", {"at": datetime(2010, 1, 1, tzinfo=UTC)}),
    ("bad-terms", {"parties": {"payer": "ada", "payee": "ada"}}),
    ("bad-terms", {"parties": {"payer": "platform", "payee": "ada"}}),
    ("bad-terms", {"rules": {"escrow.service_fee.rate": "100%"}}),
    ("bad-terms", {"rules": {"escrow.hold_limit.within": "3 days", "escrow.hold_limit.on_expiry": "payer"}}),
    ("bad-terms", {"rules": {"milestone.review.least": "20 days"}}),
    ("bad-argument", {"parties": {"payer": "ada"}}),
    ("bad-argument", {"parties": {"payer": "ada", "payee": ""}}),
    ("bad-argument", {"milestones": []}),
    ("bad-argument", {"milestones": [("m1", "5.00"), ("m1", "6.00")]}),
    ("bad-argument", {"milestones": [("m/1", "5.00")]}),
    ("bad-argument", {"currency": "XXX"}),
    ("bad-argument", {"rail": "fast"}),
    ("wrong-currency", {"currency": "JPY", "milestones": [("m1", "500")]}),
    ("bad-amount", {"milestones": [("m1", "0.00")]}),
    ("bad-amount", {"milestones": [("m1", "0.50")]}),
)


@pytest.mark.parametrize(("code", "terms"), OPENINGS)
def test_an_opening_is_refused_by_both_for_the_same_reason(code: str, terms: dict[str, Any]) -> None:
    usual = {"rulebook": "standard@1", "parties": {"payer": "ada", "payee": "lin"}, "currency": "USD"}
    with pytest.raises(Refused) as told:
        Twin.open(**{**usual, "milestones": [("m1", "350.00")], "at": START, **terms})
    assert told.value.code == code


# -- random lives ----------------------------------------------------------------------------------------------------


def live(seed: int, steps: int = 25, *, unknown: bool = False, under: str | None = None) -> Twin | None:
    """A life by dice under a rulebook by dice, both compared at each step, and then let alone until its end."""
    choose = Dice(seed)
    rules = load(under) if under else rulebook(choose, ends=seed % 2 == 0, unknown=unknown)
    with patch("escrowkit.testing.chosen.agreements.open_agreement", Twin.open):
        try:
            twin: Any = agreement(choose, rules)
        except Refused:
            return None
    keys: list[Any] = []
    moves = list(opening_moves(choose, twin.agreement))
    for _ in range(steps):
        at = twin.agreement.at if moves else moment(choose, twin.agreement)
        said = moves.pop(0) if moves else command(choose, twin.agreement, at)
        act(choose, twin, said, at, keys)
    let_alone(choose, twin)
    return cast(Twin, twin)


def act(choose: Chooser, twin: Twin, said: Any, at: Any, keys: list[Any]) -> None:
    """One command, sometimes under a key, sometimes one that was said before, sometimes after time has passed."""
    key = choose.pick([None, None, None, None, "k1", "k2"])
    if keys and choose.whole(0, 19) == 0:
        key, said = choose.pick(keys)
    if choose.whole(0, 19) == 0:
        twin.advance(at)
    try:
        twin.decide(said[1], by=said[0], at=at, key=key)
    except Refused:
        return
    keys += [(key, said)] if key else []


def let_alone(choose: Chooser, twin: Twin) -> None:
    """Nobody acts any more: time passes, to each deadline or just before or after it."""
    for _ in range(30):
        due = next(iter(twin.agreement.deadlines()), None)
        if due is None:
            return
        twin.advance(max(twin.agreement.at, due[0] + choose.pick([-MICRO, timedelta(0), MICRO])))


def lives(seeds: range, **how: Any) -> Counter[str]:
    """Many lives; what was compared and what was not predicted."""
    found: Counter[str] = Counter()
    for seed in seeds:
        twin = live(seed, **how)
        if twin is not None:
            found.update(twin.unpredicted)
            found["lives"] += 1
            found["steps"] += twin.compared
    return found


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_random_lives_go_as_the_oracle_says(first: int) -> None:
    found = lives(range(first, first + 50))
    assert set(found) == {"lives", "steps"}, "something is not predicted"
    assert found["steps"] > 500


@pytest.mark.parametrize("name", available())
def test_random_lives_under_a_shipped_rulebook_go_as_the_oracle_says(name: str) -> None:
    assert set(lives(range(15), under=name)) == {"lives", "steps"}


def test_where_a_rulebook_leaves_values_open_the_two_differ_in_nothing_that_both_tell() -> None:
    found = lives(range(150), unknown=True)
    given_up = found.total() - found["lives"] - found["steps"]
    assert given_up <= found["lives"] // 4


@pytest.mark.slow
@pytest.mark.parametrize("name", available())
def test_many_random_lives_under_a_shipped_rulebook_go_as_the_oracle_says(name: str) -> None:
    assert set(lives(range(1000, 1500), under=name)) == {"lives", "steps"}


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 20_000, 500))
def test_many_random_lives_go_as_the_oracle_says(first: int) -> None:
    assert set(lives(range(first, first + 500))) == {"lives", "steps"}


def test_what_was_promised_back_and_charged_back_first_comes_out_of_the_payees_own() -> None:
    """The provider's fact stands: the payee's money went to the payer, whatever was left of the release."""
    twin = Twin.open(
        rulebook="standard@1",
        parties={"payer": "ada", "payee": "lin"},
        currency="EUR",
        milestones=[("m1", "1.01")],
        at=START,
        rail="slow",
    )
    for by, said in (
        ("payer", escrow.Deposit("m1", "1.01", "r1")),
        ("payer", escrow.Release("m1", "0.51")),
        ("payee", escrow.RefundReleased("m1", "0.50")),
        ("provider", escrow.ChargeBack("m1", "1.01", "r2", "0.25", "r1")),
        ("provider", escrow.ConfirmRefundReleased("m1", "0.50", "r3")),
    ):
        twin.decide(said, by=by, at=START)
    assert str(twin.agreement.ledger.balance("payable:payer", "EUR")) == "0.50 EUR"


# -- planted faults --------------------------------------------------------------------------------------------------


def late(shift: timedelta) -> Callable[[pytest.MonkeyPatch], None]:
    """Every deadline a little too early or too late."""
    add = Calendar.add
    return lambda patch: patch.setattr(Calendar, "add", lambda self, at, period: add(self, at, period) + shift)


def holding(*guards: Guard) -> Callable[[pytest.MonkeyPatch], None]:
    """Conditions that nobody asks any more."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for one in guards:
            patch.setattr(one, "test", lambda context: True)

    return plant


def figure(of: type, name: str, value: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """A figure that is counted wrongly."""
    return lambda patch: patch.setattr(of, name, property(value))


def refusing(one: Guard, code: type[Refused]) -> Callable[[pytest.MonkeyPatch], None]:
    """A condition that refuses under another code."""
    return lambda patch: patch.setattr(one, "refusal", code)


def smaller_fee(patch: pytest.MonkeyPatch) -> None:
    """A fee whose fraction is cut off."""
    of = Tariff.of

    def cut(self: Tariff, amount: Money) -> Money:
        fee = of(self, amount)
        return Money(fee.minor - 1, fee.currency) if fee.minor > 1 else fee

    patch.setattr(Tariff, "of", cut)


def odd_unit_to_the_later(patch: pytest.MonkeyPatch) -> None:
    """A division that gives the odd unit to the last."""
    allocate = Money.allocate
    patch.setattr(Money, "allocate", lambda self, weights: allocate(self, list(weights)[::-1])[::-1])


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a fee is rounded down": smaller_fee,
    "the odd unit goes to the wrong side": odd_unit_to_the_later,
    "a deadline passes a microsecond late": late(MICRO),
    "a deadline passes a microsecond early": late(-MICRO),
    "a pause does not move a deadline": lambda patch: patch.setattr(
        Calendar, "shift", lambda self, due, pause, period: due
    ),
    "released money can be paid in once more": figure(
        Balances, "lacks", lambda pot: pot.price - min(pot.price, pot.held)
    ),
    "what clears is forgotten in a dispute": figure(Balances, "inside", lambda pot: pot.held),
    "another reason is cited": figure(Work, "release_code", lambda pot: ("payer_approved", Kind.AGREEMENT)),
    "the fee is not earned": lambda patch: patch.setattr(arbitration_guards, "_cost", lambda ctx: ctx.pot.zero),
    "anybody of the row may release": holding(escrow_guards.may_release),
    "a part is released where only all may be": holding(escrow_guards.part_possible),
    "a request is agreed to with another sum": holding(milestone_guards.same_refund),
    "one's own request is agreed to": holding(milestone_guards.not_own_request),
    "one's own offer is accepted": holding(dispute_guards.not_own_offer, dispute_guards.same_offer),
    "the same work is disputed again": holding(dispute_guards.may_dispute_again),
    "a mediator judges without the power": holding(mediation_guards.may_decide),
    "any sum pays the fee": holding(arbitration_guards.exact_share),
    "a third offer is made where two are allowed": holding(dispute_guards.rounds_left),
    "more than is held is refused as too much": refusing(escrow_guards.within_held, BadAmount),
    "deadlines at one instant pass in another order": lambda patch: patch.setattr(whole, "ORDER", clocks.ORDER[::-1]),
}


def everything() -> None:
    """Some lives, every shipped story, and more lives."""
    lives(range(60))
    for name in story.shipped():
        twin_story(name)
    lives(range(60, 600))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_oracle_finds_a_planted_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)
    with pytest.raises(Disagreement) as told:
        everything()
    assert "differ after" in str(told.value)


# -- appeals, which random lives hardly reach ------------------------------------------------------------------------

SHARE = {"USD": "3.00"}
MODELS: dict[str, dict[str, Any]] = {
    "none": {"arbitration.fee.model": "none"},
    "shares": {f"arbitration.fee.shares.{side}": SHARE for side in ("payer", "payee", "platform")},
    "rate": {"arbitration.fee.rate": "1%"},
    "external": {f"arbitration.fee.shares.{side}": SHARE for side in ("payer", "payee")},
    "from_pot": {"arbitration.fee.rate": "1%"},
}


@pytest.mark.parametrize("ending", ["awarded", "refused", "unpaid", "half paid", "not appealed", "settled", "no award"])
@pytest.mark.parametrize("borne", ["each", "loser", "by_share_lost"])
@pytest.mark.parametrize("model", MODELS)
def test_an_appeal_goes_as_the_oracle_says(model: str, borne: str, ending: str) -> None:
    rules = {
        "dispute.stages": ["arbitration"],
        "arbitration.eligible": {},
        "arbitration.fee.model": model,
        "arbitration.fee.borne": borne,
        "arbitration.fee.cost": "all" if borne == "each" else "one_share",
        "arbitration.pay.order": "any",
        "arbitration.appeal.within": "5 days",
        **MODELS[model],
    }
    usual = {"rulebook": "standard@1", "parties": {"payer": "ada", "payee": "lin"}, "currency": "USD"}
    twin = Twin.open(**usual, milestones=[("m1", "300.00")], at=START, rules=rules)
    appealed(twin, ending)
    twin.advance(twin.agreement.at + timedelta(days=400))
    assert twin.agreement.state("arbitration.m1") in ("final", "refused", "forfeited", "closed")
    assert not twin.unpredicted


def appealed(twin: Twin, ending: str) -> None:
    """A dispute up to its award, the appeal, and how that ends; what this rulebook refuses is refused by both."""

    def say(by: str, said: Any) -> None:
        with suppress(Refused):
            twin.decide(said, by=by, at=twin.agreement.at + timedelta(hours=1))

    def pay(*sides: str) -> None:
        case = twin.agreement.pot("m1").arbitration
        for side in sides:
            share = case.shares.get(side) if case is not None else None
            say(side, ek.arbitration.PayFee("m1", "own", share or "1.00"))

    say("payer", ek.escrow.Deposit("m1", "300.00"))
    say("payee", ek.milestone.Submit("m1", "zip"))
    say("payer", ek.dispute.Open("m1", "200.01"))
    say("payee", ek.dispute.Contest("m1", "250.00"))
    pay("payer", "payee")
    say("platform", ek.arbitration.Appoint("m1", "art"))
    say("arbitrator", ek.arbitration.Award("m1", "123.45", "so"))
    if ending != "not appealed":
        say("payee", ek.arbitration.Appeal("m1"))
    pay(*{"unpaid": (), "half paid": ("payee",)}.get(ending, ("payee", "payer")))
    say("platform", ek.arbitration.Appoint("m1", "ava"))
    if ending == "awarded":
        say("arbitrator", ek.arbitration.Award("m1", "230.00", "so"))
    elif ending == "refused":
        say("arbitrator", ek.arbitration.Refuse("m1", "no"))
    elif ending == "settled":
        say("payer", ek.dispute.Offer("m1", "150.00"))
        say("payee", ek.dispute.AcceptOffer("m1", "150.00"))
