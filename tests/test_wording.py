"""What happened can be said in words, whatever it was."""

from __future__ import annotations

import pytest

from escrowkit import story
from escrowkit.agreement.deciding import _RISKS
from escrowkit.pot import MACHINES
from escrowkit.table import Event
from escrowkit.timeline import report
from escrowkit.wording import _SAID, QUIET, WARNINGS

EVENTS = {row.event for made in MACHINES.values() for row in made.rows if row.event is not None}


@pytest.mark.parametrize("event", sorted(EVENTS, key=str))
def test_every_event_of_every_machine_has_its_words(event: type[Event]) -> None:
    assert event in _SAID


def test_every_warning_has_its_words() -> None:
    assert set(WARNINGS) == {code for code, _ in _RISKS.values()}


def test_what_is_quiet_is_an_event_that_there_is() -> None:
    assert QUIET <= EVENTS


@pytest.mark.parametrize("name", story.shipped())
def test_every_shipped_story_can_be_told(name: str) -> None:
    told = report(story.play(story.read(name)))
    assert told.title


def lines(name: str, day: int) -> tuple[list[str], list[str]]:
    """What moved and by which rule, on a day of a story."""
    moments = [m for m in report(story.play(story.read(name))).moments if m.day == f"day {day}"]
    return [line for m in moments for line in m.moved], [line for m in moments for line in m.rules]


def test_a_debt_that_is_paid_shows_both_the_payment_and_the_fee_given_back_on_it() -> None:
    moved, _ = lines("upwork-one-side-pays-everything", 50)
    assert moved == ["75.00 USD  payee → payer", "15.00 USD  platform → payee"]


def test_a_window_in_which_only_one_paid_names_the_rule_for_that() -> None:
    _, rules = lines("upwork-small-stake-freelancer-pays", 29)
    assert "arbitration.one_paid" in rules[0]
    assert "none_paid" not in rules[0]
