"""A stateful test that drives the library and the oracle through a random life, under every law.

>>> from escrowkit.testing import EscrowMachine
>>> class Mine(EscrowMachine):
...     rulebook = "standard@1"
>>> TestMine = Mine.TestCase  # what pytest and unittest find
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

from escrowkit.agreement import Agreement
from escrowkit.machines import escrow
from escrowkit.rulebook import Rulebook
from escrowkit.testing import chosen
from escrowkit.testing.lived import Life, Plugged, Step, shortest, step
from escrowkit.testing.needed import HypothesisException, Phase, event, settings, st, stateful
from escrowkit.testing.payments import Provider
from escrowkit.testing.stores import Store
from escrowkit.testing.strategies import (
    Rules,
    agreements,
    chosen_by,
    commands,
    instants_around,
    named,
    rulebooks,
    rules_of,
)

#: With a provider, what it reports of payouts is said by the provider alone.
_REPORTS = (escrow.ConfirmPayout, escrow.FailPayout)
#: Lives are made shorter step by step, which is faster than choice by choice, and ends with a shorter story.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


class EscrowMachine(stateful.RuleBasedStateMachine):
    """Any life of an agreement: every step is given to the library and to the oracle, and no law may break.

    A subclass says what is under test:

    - `rulebook`: a name, a path, a `Rulebook`, a list of these, or a strategy; None (the default) draws random ones,
      whose values are all known.
    - `milestones`: how many an agreement has, at least and at most.
    - `oracle`: whether the second account of the rules is asked beside the library.
    - `engine`: which engine decides everything a second time; None for no second time.
    - `store`: makes an empty store; after each step it must hold the history, and turn away who comes too late.
    - `provider`: makes a payment provider; it is paid through after each step, on a slow rail, and its statement must
      be what the books say.
    - `ends`: whether silence must end every life; by default it must where a rulebook lists no `open_ended` states.

    `TestCase` is the test: 100 lives of up to 50 moves, unless its `settings` say otherwise. A failure shows the
    shortest life as a story that `escrowkit play` runs. What the oracle has no account of is compared no further
    (`--hypothesis-show-statistics` counts how often).
    """

    rulebook: ClassVar[Rules] = None
    milestones: ClassVar[tuple[int, int]] = (1, 4)
    oracle: ClassVar[bool] = True
    engine: ClassVar[str | None] = "stock"
    store: ClassVar[Callable[[], Store] | None] = None
    provider: ClassVar[Callable[[], Provider] | None] = None
    ends: ClassVar[bool | None] = None

    life: Life | None = None

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.TestCase.settings = settings(cls.TestCase.settings, phases=_PHASES)

    # -- the steps ---------------------------------------------------------------------------------------------------

    @stateful.initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """An agreement is opened, and lives as most do for a while."""
        rules, must_end = self._rules(data)
        mine = type(self)
        rail = None if mine.provider is None else "slow"
        opened = data.draw(agreements(rules, milestones=self.milestones, rail=rail), "opened")
        plugged = Plugged(mine.store, mine.provider, self.engine, self.oracle, must_end, named(mine.rulebook))
        self.failed = False
        self.life = Life(opened, plugged)
        with self._told():
            self.life.begin()
        for by, said in data.draw(chosen_by(lambda choose: chosen.opening_moves(choose, opened)), "at first"):
            self._take(Step(self.now.at, by, said))

    @stateful.precondition(lambda self: self.life is not None)
    @stateful.rule(data=st.data(), more=st.integers(0, 2))
    def act(self, data: st.DataObject, more: int) -> None:
        """Commands are given, now or on or around a deadline; a few come from before what happened."""
        for _ in range(more + 1):
            tried = data.draw(chosen_by(lambda choose: step(choose, self._life)), "step")
            if type(self).provider is None or not isinstance(tried.command, _REPORTS):
                self._take(tried)

    @stateful.precondition(lambda self: self.life is not None)
    @stateful.rule(data=st.data(), days=st.integers(0, 40), parts=st.lists(st.integers(0, 100), max_size=3))
    def wait(self, data: st.DataObject, days: int, parts: list[int]) -> None:
        """Time passes, some days or on or around a deadline, whether a scheduler runs or not."""
        at = data.draw(instants_around(self.now), "until") + timedelta(days=days)
        self._take(Step(at, parts=tuple(parts)))

    @stateful.precondition(lambda self: self.life is not None and bool(self.life.keys))
    @stateful.rule(data=st.data(), same=st.sampled_from([True, True, False]))
    def say_it_again(self, data: st.DataObject, same: bool) -> None:
        """A command comes again under its key; or another one under the same key."""
        keys = self._life.keys
        key = data.draw(st.sampled_from(list(keys)), "key")
        by, said = keys[key] if same else data.draw(commands(self.now), "command")
        self._take(Step(self.now.at, by, said, key))

    def teardown(self) -> None:
        """The end of the life: it replays, silence ends it, and everything is paid."""
        if self.life is not None and not self.failed:
            with self._told():
                self.life.end()
            gave_up = next(iter(self.life.twin.unpredicted), None)
            far = "to the end" if gave_up is None else f"until the oracle has no account of {gave_up}"
            event(f"compared {far}")

    # -- how ---------------------------------------------------------------------------------------------------------

    @property
    def _life(self) -> Life:
        if self.life is None:
            raise RuntimeError("nothing is opened yet")
        return self.life

    @property
    def now(self) -> Agreement:
        """The agreement as it stands."""
        return self._life.now

    def _rules(self, data: st.DataObject) -> tuple[Rulebook, bool]:
        """The rulebook of this life, and whether silence must end it."""
        given = type(self).rulebook
        if given is None:
            ends = data.draw(st.booleans(), "ends")
            return data.draw(rulebooks(ends=ends), "rulebook"), ends
        rules = data.draw(rules_of(given), "rulebook")
        return rules, not rules.open_ended if self.ends is None else self.ends

    def _take(self, taken: Step) -> None:
        with self._told():
            self._life.take(taken)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever fails is shown with the shortest life that leads to it."""
        try:
            yield
        except HypothesisException:
            raise
        except Exception as error:
            self.failed = True
            life = self._life
            if Phase.shrink not in type(self).TestCase.settings.phases:
                life, shown = shortest(life, error)
                error.add_note(f"In that life: {shown}")
            error.add_note(life.note(str(error).split("\n")[0][:100]))
            raise
