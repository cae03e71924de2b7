"""Whole lives of agreements: any rulebook, any command, any role, any time; every law after every step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import escrowkit as ek
from escrowkit.agreement import Agreement
from escrowkit.errors import Refused
from escrowkit.testing import laws
from escrowkit.testing.chosen import (
    MICRO,
    START,
    Chooser,
    Dice,
    Drawn,
    agreement,
    command,
    moment,
    opening_moves,
    rulebook,
)

FIVE_YEARS = timedelta(days=5 * 365)


class Life:
    """One life of one agreement, under laws."""

    def __init__(self, choose: Chooser, *, ends: bool, unknown: bool) -> None:
        self.choose = choose
        self.ends = ends and not unknown
        self.now: Agreement = agreement(choose, rulebook(choose, ends=ends, unknown=unknown))
        self.books = laws.Books()
        for by, opening in opening_moves(choose, self.now):
            self.now = laws.decide(self.now, opening, by=by, at=self.now.at)
        self.check()

    def step(self) -> None:
        """One command, accepted or refused."""
        at = moment(self.choose, self.now)
        by, said = command(self.choose, self.now, at)
        key = self.choose.pick([*[None] * 15, "k1", "k2"])
        self.now = laws.decide(self.now, said, by=by, at=at, key=key)
        self.check()

    def check(self) -> None:
        """What holds after every step."""
        laws.check(self.now, self.books)

    def end(self) -> None:
        """It replays; and where every silence has an answer, silence brings it to an end."""
        laws.whole(self.now)
        if self.ends:
            laws.silence_ends(self.now)
        else:
            laws.whole(self.now.advance(self.now.at + FIVE_YEARS).agreement)


class Lives(RuleBasedStateMachine):
    """Lives whose choices are drawn by Hypothesis, so that a broken law shrinks to a short story."""

    life: Life | None = None

    @initialize(data=st.data(), ends=st.booleans(), unknown=st.booleans())
    def begin(self, data: st.DataObject, ends: bool, unknown: bool) -> None:
        """An agreement, unless its terms are refused."""
        try:
            self.life = Life(Drawn(data.draw), ends=ends, unknown=unknown)
        except Refused as refused:
            assume(refused.code not in ("bad-terms", "unknown-rulebook-value"))
            raise

    @precondition(lambda self: self.life is not None)
    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """Somebody gives a command."""
        assert self.life is not None
        self.life.choose = Drawn(data.draw)
        self.life.step()

    @precondition(lambda self: self.life is not None)
    @rule(days=st.integers(1, 40), parts=st.lists(st.integers(0, 100), max_size=4))
    def wait(self, days: int, parts: list[int]) -> None:
        """Time passes, and a scheduler runs as it likes."""
        assert self.life is not None
        at = self.life.now.at + timedelta(days=days)
        laws.scheduler_changes_nothing(self.life.now, at, parts)
        self.life.now = self.life.now.advance(at).agreement

    @invariant()
    def holds(self) -> None:
        """The books balance, nothing is frozen that should not be, nothing sealed is seen."""
        if self.life is not None:
            self.life.check()

    def teardown(self) -> None:
        """The end of a life."""
        if self.life is not None:
            self.life.end()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=40, stateful_step_count=25)


def live(seed: int, steps: int) -> None:
    """One life of dice: longer than what Hypothesis draws."""
    dice = Dice(seed)
    try:
        life = Life(dice, ends=seed % 2 == 0, unknown=seed % 3 == 0)
    except Refused:
        return
    for _ in range(steps):
        laws.scheduler_changes_nothing(life.now, moment(dice, life.now), [dice.whole(0, 100), dice.whole(0, 100)])
        life.step()
    life.end()


@pytest.mark.parametrize("seed", range(120))
def test_no_long_life_breaks_a_law(seed: int) -> None:
    live(seed, steps=50)


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(10))
def test_no_life_of_thousands_breaks_a_law(batch: int) -> None:
    for seed in range(1_000 + 500 * batch, 1_500 + 500 * batch):
        live(seed, steps=70)


@pytest.mark.parametrize("seed", range(40))
def test_under_the_standard_rules_silence_ends_every_life(seed: int) -> None:
    dice = Dice(seed)
    now = ek.open_agreement(
        rulebook="standard@1",
        parties={"payer": "ada", "payee": "lin"},
        currency="USD",
        milestones=[("m1", "350.00"), ("m2", "90.00")],
        at=START,
        rail=dice.pick(["instant", "slow"]),
    )
    for by, opening in opening_moves(dice, now):
        now = laws.decide(now, opening, by=by, at=now.at)
    for _ in range(30):
        at = moment(dice, now)
        by, said = command(dice, now, at)
        now = laws.decide(now, said, by=by, at=at)
        end = now.advance(now.at + FIVE_YEARS).agreement
        assert laws.inside(end) == 0, end.states()


def test_on_both_sides_of_every_deadline_the_scheduler_changes_nothing() -> None:
    for seed in range(30):
        dice = Dice(seed)
        try:
            life = Life(dice, ends=True, unknown=False)
        except Refused:
            continue
        for _ in range(10):
            life.step()
            for due, _, _ in life.now.deadlines()[:3]:
                for at in (due - MICRO, due, due + MICRO):
                    if at >= life.now.at:
                        laws.scheduler_changes_nothing(life.now, at, [0, 50, 100])
