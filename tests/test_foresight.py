"""Foresight says what `decide` and `advance` do: no more, no less, and nothing that is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import pytest

import escrowkit as ek
from escrowkit import foresight, story
from escrowkit.agreement import Agreement
from escrowkit.errors import BadArgument, DefinitionError, Refused, UnknownMilestone
from escrowkit.foresight.samples import commands
from escrowkit.foresight.seeing import FOREVER, MICRO, as_seen
from escrowkit.machines.escrow import Repeated
from escrowkit.pot import TABLES
from escrowkit.roles import CALLERS, role_of
from escrowkit.table import Command
from escrowkit.testing.chosen import ROLES, Dice, agreement, command, in_all, moment, opening_moves, rulebook
from helpers import SHARED, Job, contested, day, disputed, funded, hearing

Moment = tuple[Dice, Agreement, str, datetime]


def lives(seed: int, steps: int, rules: Mapping[str, object] | None = None) -> Iterator[tuple[Dice, Agreement]]:
    """A random life, step by step: the agreement as it is before each command."""
    dice = Dice(seed)
    try:
        book = rulebook(dice, ends=seed % 2 == 0, unknown=seed % 3 == 0)
        now = agreement(dice, book.override(rules, "test") if rules else book)
    except (Refused, DefinitionError):
        return
    for by, said in opening_moves(dice, now):
        now = _after(now, by, said, now.at)
    for _ in range(steps):
        yield dice, now
        at = moment(dice, now)
        by, said = command(dice, now, at)
        now = _after(now, by, said, at)


def _after(now: Agreement, by: str, said: Command, at: datetime) -> Agreement:
    try:
        return now.decide(said, by=by, at=at).agreement
    except Refused as refused:
        return refused.decision.agreement if refused.decision else now


def answer(now: Agreement, said: Command, by: str, at: datetime) -> str | None:
    """The code of the refusal, or None."""
    try:
        now.decide(said, by=by, at=at)
    except Refused as refused:
        return refused.code
    return None


# -- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_an_option_is_allowed_exactly_where_decide_accepts_it(seed: int) -> None:
    for dice, now in lives(seed, 12):
        at, by = moment(dice, now), dice.pick(ROLES)
        seen = as_seen(now, by, at)
        sealed = seen != now.advance(at).agreement
        for option in foresight.options(now, by, at):
            assert answer(seen if sealed else now, option.command, by, at) == option.code, option
            assert option.allowed is (option.code is None)
            if option.allowed:
                done = seen.decide(option.command, by=by, at=at)
                assert (done.events, done.entries) == (option.events, option.entries)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_accepted_was_an_option(seed: int) -> None:
    """However it is said: a command that `decide` accepts is allowed among the options of its role."""
    for dice, now in lives(seed, 25):
        at = moment(dice, now)
        by, said = command(dice, now, at)
        if answer(now, said, by, at) is not None or _repeats(now, said, by, at):
            continue
        found = [o for o in foresight.options(now, by, at) if type(o.command) is type(said)]
        anew = isinstance(said, ek.milestone.Propose) or not said.milestone
        assert any(o.allowed for o in found if anew or o.milestone == said.milestone), (said, by, found)


def _repeats(now: Agreement, said: Command, by: str, at: datetime) -> bool:
    """A reference that was told before is accepted everywhere and moves nothing; it is nobody's option."""
    return any(isinstance(event, Repeated) for event in now.decide(said, by=by, at=at).events)


@pytest.mark.parametrize("seed", range(12))
def test_waiting_helps_or_hurts_from_the_very_instant_that_is_told(seed: int) -> None:
    for dice, now in lives(seed, 4):
        by = dice.pick(ROLES)
        for option in foresight.options(now, by):
            turn = option.until if option.allowed else option.opens
            if turn is None or option.milestone not in now.milestones:
                continue
            before = foresight.option(now, option.name, option.milestone, by, turn - MICRO) if turn > now.at else None
            after = foresight.option(now, option.name, option.milestone, by, turn)
            assert before is None or before.allowed is option.allowed, option
            assert after is not None
            assert after.allowed is not option.allowed, option


@pytest.mark.parametrize("role", sorted(CALLERS))
def test_every_command_that_the_tables_give_a_role_is_among_its_options(role: str) -> None:
    by = "witness:dave" if role == "witness" else role
    now = next(iter(lives(4, 1)))[1]
    listed = {option.name for option in foresight.options(now, by, milestone=now.milestones[0])}
    named = role_of(by)
    rows = (row for table in TABLES.values() for row in table.rows if named in row.by)
    wanted = {f"{row.command.machine}.{row.command.word}" for row in rows} - {"milestone.propose"}
    assert listed == wanted
    assert named is not None
    assert len(commands(named)) == len(wanted)


# -- if nobody acts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_the_forecast_is_what_time_alone_makes(seed: int) -> None:
    for dice, now in lives(seed, 6):
        at = moment(dice, now)
        forecast, done = foresight.if_silent(now, at), now.advance(at + FOREVER)
        assert (forecast.agreement, forecast.events, forecast.entries) == (done.agreement, done.events, done.entries)
        assert forecast.ends == (done.events[-1].at if done.events else None)
        for currency, nets in forecast.net.items():
            assert all(sum_ == done.agreement.net(name, currency) for name, sum_ in nets.items())
            assert sum((sum_.minor for sum_ in nets.values()), forecast.left[currency].minor) == 0
        if forecast.ends is not None and forecast.ends > at:
            assert now.advance(forecast.ends).agreement == done.agreement
            assert now.advance(forecast.ends - timedelta(microseconds=1)).agreement != done.agreement


# -- what is sealed --------------------------------------------------------------------------------------------------

#: So that lives often come to a sealed window.
ALWAYS_SEALED = {
    "dispute.stages": ["arbitration"],
    "dispute.escalate.when": "at once",
    "arbitration.fee.model": "shares",
    "arbitration.fee.shares.payer": in_all(7),
    "arbitration.fee.shares.payee": in_all(4),
    "arbitration.pay.order": "sealed",
    "arbitration.pay.within": "3 days",
    "arbitration.none_paid": "halves",
    "arbitration.eligible.stake_from": in_all(1),
}
SEALED = {**SHARED, "arbitration.pay.order": "sealed", "arbitration.pay.all_by_one": True}


def shown(now: Agreement, by: str, at: datetime) -> tuple[object, ...]:
    """All that foresight shows a role, decisions left out where they hold what was hidden."""
    options = [option.data() for option in foresight.options(now, by, at)]
    forecast = foresight.if_silent(now, at, by=by)
    party = by in ("payer", "payee")
    return (
        options,
        (forecast.events, forecast.net, forecast.ends),
        foresight.explain(now, "m1", by=by),
        foresight.stakes(now, "m1", by, at) if party else None,
        foresight.plays(now, "m1", by, at) if party else None,
    )


@pytest.mark.parametrize("by", ["payer", "payee", "platform", "mediator", "arbitrator", "provider"])
@pytest.mark.parametrize("share", ["own", "all"])
@pytest.mark.parametrize("other", ["payer", "payee"])
def test_nothing_that_a_role_is_shown_depends_on_the_sealed_deposit_of_another(by: str, share: str, other: str) -> None:
    if by == other:
        return
    without = contested(SEALED).now
    sum_ = "20.00" if share == "own" else "40.00"
    paid = without.decide(ek.arbitration.PayFee("m1", share, sum_), by=other, at=without.at).agreement
    end = next(at for at, _, clock in without.deadlines() if clock.name == "pay")
    for at in (without.at, end - MICRO):
        assert shown(without, by, at) == shown(paid, by, at)
    assert shown(without, other, without.at) != shown(paid, other, paid.at)


@pytest.mark.parametrize("seed", range(20))
def test_in_no_life_does_a_sealed_deposit_of_another_change_what_is_shown(seed: int) -> None:
    for _, now in lives(seed, 8, ALWAYS_SEALED):
        for id_ in now.milestones:
            case = now.pot(id_).arbitration
            if case is None or not case.sealed or now.pot(id_).impounded:
                continue
            for other in (side for side in ("payer", "payee") if side in case.shares and side not in case.paid):
                by = "payee" if other == "payer" else "payer"
                fee = ek.arbitration.PayFee(id_, "own", case.shares[other])
                if answer(now, fee, other, now.at) is None:
                    paid = now.decide(fee, by=other, at=now.at).agreement
                    assert _of(now, id_, by) == _of(paid, id_, by)


def _of(now: Agreement, id_: str, by: str) -> tuple[object, ...]:
    """What a party is shown of a milestone."""
    options = [option.data() for option in foresight.options(now, by)]
    forecast = foresight.if_silent(now, by=by)
    worth = (foresight.stakes(now, id_, by), foresight.plays(now, id_, by))
    return options, forecast.events, forecast.net, foresight.explain(now, id_, by=by), worth


@pytest.mark.parametrize("name", [name for name in story.shipped() if "seal" in name or "neither-knows" in name])
def test_whatever_a_view_hides_foresight_hides(name: str) -> None:
    """Deposits, and whatever else comes to be sealed: asked for a role, it says what it says of that role's view."""
    for turn in story.play(story.read(name)).turns:
        for by in ("payer", "payee", "platform"):
            seen = ek.view(turn.agreement, by)
            for id_ in seen.milestones:
                assert foresight.explain(turn.agreement, id_, by=by) == foresight.explain(seen, id_)
            told = [option.data() for option in foresight.options(turn.agreement, by)]
            assert told == [option.data() for option in foresight.options(seen, by)]


def test_a_view_can_be_asked_as_the_agreement_itself_can() -> None:
    now = contested(SEALED).now
    now = now.decide(ek.arbitration.PayFee("m1", "own", "20.00"), by="payer", at=now.at).agreement
    seen = ek.view(now, "payee")
    assert foresight.options(seen, "payee", now.at) == foresight.options(now, "payee", now.at)
    assert foresight.if_silent(seen).events == foresight.if_silent(now, by="payee").events


def test_when_the_window_has_closed_everybody_is_told() -> None:
    now = contested(SEALED).now
    now = now.decide(ek.arbitration.PayFee("m1", "own", "20.00"), by="payer", at=now.at).agreement
    end = next(at for at, _, clock in now.deadlines() if clock.name == "pay")
    assert foresight.if_silent(now, end, by="payee").net == foresight.if_silent(now).net


# -- single options --------------------------------------------------------------------------------------------------


def test_an_option_says_until_when_what_it_needs_and_what_follows() -> None:
    now = disputed().now
    option = foresight.option(now, "dispute.concede", "m1", "payee")
    assert option is not None
    assert option.allowed
    assert option.until == now.deadlines()[0][0]
    assert option.ended_by == (("m1", "dispute.answer"),)
    assert [argument.words for argument in option.arguments] == ["claim: 350.00 USD (what stands)"]
    assert option.told[0] == "the payee concedes the claim of 350.00 USD: all to the payer"
    assert {side: str(sum_) for side, sum_ in option.worth.items()} == {"payer": "350.00 USD", "payee": "0.00 USD"}
    assert option.moved == ("350.00 USD  escrow m1 → payer",)


def test_a_refused_option_says_why_and_whether_waiting_helps() -> None:
    now = funded({"dispute.open_after.period": "3 days", "dispute.open_after.since": "active"}).now
    option = foresight.option(now, "dispute.open", "m1", "payer")
    assert option is not None
    assert (option.allowed, option.code, option.opens) == (False, "not-now", day(3))
    never = foresight.option(now, "mediation.accept", "m1", "payer")
    assert never is not None
    assert (never.code, never.opens) == ("no-such-move", None)
    assert foresight.option(now, "mediation.decide", "m1", "payer") is None


def test_an_option_that_a_right_in_time_gives_ends_with_the_right() -> None:
    """No clock ends it: the instant is found by trying."""
    rules = {"milestone.early.before_due": "3 days", "milestone.early.right": ["payer"]}
    now = funded(rules, milestones=[{"id": "m1", "price": "350.00", "due": day(10)}]).now
    option = foresight.option(now, "milestone.cancel", "m1", "payer")
    assert option is not None
    assert (option.allowed, option.until, option.ended_by) == (True, day(7), ())


@pytest.mark.parametrize(
    ("name", "by", "words"),
    [
        ("escrow.release", "payer", "amount: exactly 350.00 USD"),
        ("milestone.request_cancel", "payer", "refund: from 0.01 USD, at most 350.00 USD"),
        ("escrow.refund", "payee", "amount: from 0.01 USD, at most 350.00 USD"),
        ("escrow.seize", "platform", "to: payer or payee or authority"),
    ],
)
def test_amounts_and_lists_have_their_bounds(name: str, by: str, words: str) -> None:
    option = foresight.option(funded({"escrow.release.partial": False}).now, name, "m1", by)
    assert option is not None
    assert words in [argument.words for argument in option.arguments]


def test_a_menu_of_awards_is_told_as_a_menu() -> None:
    option = foresight.option(
        hearing({"arbitration.award.menu": "all_or_nothing"}).now, "arbitration.award", "m1", "arbitrator"
    )
    assert option is not None
    assert option.arguments[0].choices == ("0.00 USD", "350.00 USD")


def test_options_of_nobody_and_of_no_milestone_are_refused() -> None:
    now = funded().now
    for by in ("stranger", "clock", "rules", ""):
        with pytest.raises(BadArgument):
            foresight.options(now, by)
    with pytest.raises(UnknownMilestone):
        foresight.options(now, "payer", milestone="m9")
    assert foresight.options(now, "ada") == foresight.options(now, "payer")


def test_an_option_as_data_is_text() -> None:
    for option in foresight.options(disputed().now, "payee"):
        json.dumps(option.data())


# -- exposure --------------------------------------------------------------------------------------------------------


def test_what_is_submitted_and_not_held_is_at_risk_and_no_other_milestone_makes_up_for_it() -> None:
    job = Job({"milestone.start": "unfunded"}, milestones=[("m1", "350.00"), ("m2", "90.00")])
    job("payer", ek.escrow.Deposit("m2", "90.00"))("payee", ek.milestone.Submit("m1", "zip"))
    found = foresight.exposure(job.now)
    assert (str(found.agreed), str(found.funded)) == ("440.00 USD", "90.00 USD")
    assert (str(found.submitted), str(found.at_risk)) == ("350.00 USD", "350.00 USD")
    assert str(found.unprotected) == "350.00 USD"


# -- why -------------------------------------------------------------------------------------------------------------


def test_an_explanation_tells_the_path_its_rules_with_sources_and_the_kind_of_the_outcome() -> None:
    played = story.play(story.read("upwork-calls-the-bluff"))
    assert played.agreement is not None
    found = foresight.explain(played.agreement, "m1")
    assert found.outcome is not None
    assert (found.outcome.code, str(found.outcome.kind)) == ("only_one_paid_fee", "procedure")
    rules = {rule.key: rule for step in found.steps for rule in step.rules}
    assert (rules["arbitration.pay.within"].value, rules["arbitration.pay.within"].sure) == (
        "5 business days",
        "second-hand",
    )
    assert found.over


def test_an_explanation_tells_what_would_have_changed_it() -> None:
    played = story.play(story.read("upwork-calls-the-bluff"))
    assert played.agreement is not None
    (missed,) = foresight.explain(played.agreement, "m1").missed
    assert (missed.who, missed.clock) == (("payer",), "arbitration.pay")
    could = {one.command: one for one in missed.could}
    assert set(could) == {"escrow.release", "arbitration.pay_fee"}
    assert str(could["arbitration.pay_fee"].worth["payer"]) == "-291.00 USD"
    assert str(could["arbitration.pay_fee"].left) == "932.00 USD", "both fees and the stake wait for an award"
    assert str(missed.worth["payee"]) == "606.00 USD"


@pytest.mark.parametrize("name", story.shipped())
def test_every_shipped_story_can_be_explained(name: str) -> None:
    last = story.play(story.read(name)).agreement
    for id_ in last.milestones if last else ():
        found = foresight.explain(last, id_)  # type: ignore[arg-type]
        json.dumps(found.data())
        assert found.text() or not found.steps
        for missed in found.missed:
            assert missed.who
