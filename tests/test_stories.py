"""Every shipped story plays as it says, and its agreement keeps the laws."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from escrowkit import foresight
from escrowkit.agreement import Agreement, replay, view
from escrowkit.machines.obligation import S
from escrowkit.rulebook import available
from escrowkit.story import Played, Story, play, read, shipped

ENGINES = ("compiled", "stock")
STORIES = {name: read(name) for name in shipped()}
#: Stories in which an agreement is opened.
LIVES = tuple(name for name, story in STORIES.items() if story.refused is None)


def ended(name: str) -> Agreement:
    """The agreement at the end of a story."""
    agreement = play(STORIES[name]).agreement
    assert agreement is not None
    return agreement


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", STORIES)
def test_a_story_plays_as_it_expects(name: str, engine: str) -> None:
    assert play(STORIES[name], engine=engine).failures == ()


@pytest.mark.parametrize("name", STORIES)
def test_both_engines_tell_the_same_story(name: str) -> None:
    def told(played: Played) -> object:
        return played.agreement, [(t.at, t.records, t.refused and str(t.refused)) for t in played.turns]

    assert told(play(STORIES[name], engine="stock")) == told(play(STORIES[name]))


@pytest.mark.parametrize("name", LIVES)
def test_its_agreement_verifies_and_its_history_replays(name: str) -> None:
    agreement = ended(name)
    agreement.verify()
    assert replay(agreement.history) == agreement


@pytest.mark.parametrize("name", LIVES)
def test_its_books_sum_to_zero_in_each_currency_after_every_turn(name: str) -> None:
    for turn in play(STORIES[name]).turns:
        sums: dict[str, int] = {}
        for account, money in turn.agreement.ledger.accounts():
            sums[money.currency] = sums.get(money.currency, 0) + money.minor
            assert account.startswith("world:") or money.minor > 0
        assert not any(sums.values())


@pytest.mark.parametrize("name", LIVES)
def test_nothing_is_left_inside_when_it_is_over(name: str) -> None:
    agreement = ended(name)
    for currency in agreement.currencies:
        assert not agreement.held(currency)
    assert not agreement.owed()
    for id_, lane in agreement.lanes.items():
        assert foresight.ended(agreement, id_)
        assert all(one.state is not S.OPEN for one in lane.obligations)


@pytest.mark.parametrize("name", LIVES)
def test_it_says_to_the_end_what_becomes_of_the_money(name: str) -> None:
    """After its last step no money is inside that the story does not follow to its place."""
    story, agreement = STORIES[name], ended(name)
    last = max(e.at for e in story.expects)
    assert agreement.at <= last
    assert agreement.advance(last + timedelta(days=4000)).events == ()
    final = story.expects[-1].claims
    assert {"state", "net", "held"} <= set(final) or "refused" in repr(story.steps[-1])


@pytest.mark.parametrize("name", LIVES)
def test_every_deadline_that_it_names_was_the_next_one_before_anything_else_happened(name: str) -> None:
    """A forecast made in a story (`due`) is never earlier than the instant at which it is made."""
    for expect in STORIES[name].expects:
        if "due" in expect.claims:
            assert expect.claims["due"]["by"] > expect.at


@pytest.mark.parametrize("name", STORIES)
def test_it_says_what_it_is_about_and_where_it_comes_from(name: str) -> None:
    story = STORIES[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert story.title[0].isupper()
    assert not story.title.endswith(".")
    assert 80 < len(story.about) < 500
    assert story.about.strip().endswith(".")
    assert len(story.source) > 20
    assert story.rulebook.name in available()


def test_no_two_stories_have_the_same_title_or_say_the_same() -> None:
    assert len({story.title for story in STORIES.values()}) == len(STORIES)
    assert len({story.about for story in STORIES.values()}) == len(STORIES)
    assert len({repr([(s.at, s.by, s.do) for s in story.steps]) for story in STORIES.values()}) == len(STORIES)


def test_the_parties_are_a_client_and_a_freelancer() -> None:
    assert all(STORIES[name].parties == {"payer": "client", "payee": "freelancer"} for name in LIVES)


@pytest.mark.parametrize("name", LIVES)
def test_it_says_before_the_trouble_who_must_act_and_who_gets_the_money_in_silence(name: str) -> None:
    claimed = [set(expect.claims) for expect in STORIES[name].expects]
    # There are rules under which nobody ever must act by then.
    assert any("due" in one for one in claimed) or not any(
        foresight.due(t.agreement) for t in play(STORIES[name]).turns
    )
    assert any("silence" in one for one in claimed)
    assert any("outcome" in one for one in claimed)


def everything(stories: dict[str, Story]) -> tuple[set[str], set[str], set[str]]:
    """The commands, the codes of refusals and of outcomes that the stories show."""
    commands = {step.do for story in stories.values() for step in story.steps}
    refusals = {
        step.refused["code"] if isinstance(step.refused, dict) else str(step.refused)
        for story in stories.values()
        for step in story.steps
        if step.refused is not None
    }
    outcomes = {
        said["code"]
        for story in stories.values()
        for expect in story.expects
        for said in expect.claims.get("outcome", {}).values()
    }
    return commands, refusals, outcomes


def test_together_they_show_every_way_in_which_the_standard_rules_let_money_leave() -> None:
    _, refusals, outcomes = everything({n: s for n, s in STORIES.items() if s.rulebook.name == "standard@1"})
    # What standard@1 has no rule for cannot be shown under it.
    assert outcomes == {
        *("payer_approved", "payer_released", "condition_met", "payee_refunded", "cancel_agreed", "settlement_agreed"),
        *("claim_conceded", "recommendation_accepted", "rolled_forward", "review_lapsed", "cancel_lapsed"),
        *(
            "respondent_silent",
            "nobody_paid_fee",
            "only_one_paid_fee",
            "award_lapsed",
            "refused_to_rule",
            "dispute_lapsed",
        ),
        *("dormant", "awarded", "mediator_decided", "platform_seized", "court_ordered", "charged_back"),
    }
    assert refusals >= {
        *("key-conflict", "bad-argument", "no-such-move", "not-your-move", "wrong-currency", "bad-amount", "over-held"),
        *("over-claim-cap", "terms-changed", "not-now"),
    }


def test_in_the_sealed_story_nobody_but_who_paid_is_shown_a_deposit_before_the_window_closes() -> None:
    story = STORIES["sealed-deposits"]

    def shown(day: int) -> dict[str, tuple[str | None, str]]:
        agreement = play(story, until=story.start + timedelta(days=day)).agreement
        assert agreement is not None
        views = {by: view(agreement, by) for by in ("payer", "payee", "platform", "mediator")}
        return {by: (seen.state("arbitration.m1"), str(seen.held())) for by, seen in views.items()}

    unpaid, own, both = ("offered", "500.00 USD"), ("half_funded", "525.00 USD"), ("funded", "550.00 USD")
    assert shown(10) == {"payer": own, "payee": unpaid, "platform": unpaid, "mediator": unpaid}
    assert shown(15) == {"payer": own, "payee": own, "platform": unpaid, "mediator": unpaid}
    assert shown(16) == dict.fromkeys(("payer", "payee", "platform", "mediator"), both)


def test_in_the_sealed_story_a_refusal_says_the_same_before_and_after_the_other_side_has_paid() -> None:
    refused = [turn for turn in play(STORIES["sealed-deposits"]).turns if turn.refused is not None]
    first, appoint, second, again = [(turn.step and turn.step.do, str(turn.refused)) for turn in refused]
    assert first == second
    assert appoint == again
