"""Playing a story: its steps in order, the deadlines between them, and what was not as expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from escrowkit.agreement import Agreement, Record
from escrowkit.doors import door
from escrowkit.errors import EscrowError, Refused
from escrowkit.money import Money
from escrowkit.periods import in_words, instant
from escrowkit.story.consents import command_of
from escrowkit.story.expecting import CHECKS
from escrowkit.story.model import LAST, Expect, Refusal, Step, Story
from escrowkit.table import Command


@frozen
class Turn:
    """One thing that happened in a play: a step (or the passing of time), what it did, or why it was refused."""

    at: datetime
    records: tuple[Record, ...]
    agreement: Agreement
    step: Step | None = None
    command: Command | None = None
    refused: Refused | None = None
    warnings: tuple[str, ...] = ()


@frozen
class Played:
    """A played story: its turns, the agreement at the end (None if it never opened), what was not as expected."""

    story: Story
    turns: tuple[Turn, ...]
    agreement: Agreement | None
    failures: tuple[str, ...]
    refused: Refused | None = None


@door(story=Story, engine=str, until=instant)
def play(story: Story, *, engine: str = "compiled", until: datetime | None = None) -> Played:
    """Play a story and compare it with what it expects."""
    try:
        agreement = story.open(engine)
    except Refused as refused:
        return _opening_refused(story, refused)
    failures = []
    if story.refused is not None:
        failures.append(f"{story.file}: the opening should be refused ({_expected(story.refused)}), but was not")
    player = Player(story, agreement, engine, failures)
    player.run(until)
    return Played(story, tuple(player.turns), player.agreement, tuple(player.failures))


def _opening_refused(story: Story, refused: Refused) -> Played:
    expected = story.refused
    if expected is None:
        return Played(story, (), None, (f"{story.file}: the opening is refused: {refused}",), refused)
    wrong = (
        ""
        if _refused_as(expected, refused)
        else f"{story.file}: the opening is refused as {refused.code}, not as {_expected(expected)}"
    )
    return Played(story, (), None, (wrong,) if wrong else (), refused)


class Player:
    def __init__(self, story: Story, agreement: Agreement, engine: str, failures: list[str]) -> None:
        self.story, self.agreement, self.engine = story, agreement, engine
        self.failures = failures
        self.turns = [Turn(agreement.at, agreement.history, agreement)]
        self.warnings: list[str] = []

    def run(self, until: datetime | None) -> None:
        """Every step in order; an expectation sees every step at or before its time."""
        last = max((s.at for s in self.story.steps), default=self.story.start)
        waiting = sorted(
            ((last if e.at is LAST else e.at, i, e) for i, e in enumerate(self.story.expects)), key=lambda w: w[:2]
        )
        for step in self.story.steps:
            if until is not None and step.at > until:
                break
            while waiting and waiting[0][0] < step.at:
                self.check(*waiting.pop(0), until)
            self.take(step)
        for one in waiting:
            self.check(*one, until)
        if until is not None and until > self.agreement.at:
            self.pass_time(until)

    def pass_time(self, to: datetime) -> None:
        """Let deadlines pass, one turn for each instant at which something happened."""
        if to < self.agreement.at:
            return
        while (due := next(iter(self.agreement.deadlines()), None)) and due[0] <= to:
            before = len(self.agreement.history)
            done = self.agreement.advance(due[0], engine=self.engine)
            self.agreement = done.agreement
            self.warnings += done.warnings
            self.turns.append(Turn(due[0], done.agreement.history[before:], done.agreement, warnings=done.warnings))

    def take(self, step: Step) -> None:
        """One step: deadlines that are due come first."""
        self.pass_time(step.at)
        before = len(self.agreement.history)
        command = None
        try:
            command = command_of(step, self.agreement)
            done = self.agreement.decide(
                command, by=step.by, at=step.at, key=step.key, actor=step.actor, engine=self.engine
            )
        except Refused as refused:
            self.refuse(step, command, refused)
            return
        self.agreement = done.agreement
        self.warnings += done.warnings
        records = done.agreement.history[before:]
        self.turns.append(Turn(step.at, records, done.agreement, step, command, warnings=done.warnings))
        if step.refused is not None:
            self.fail(
                step.line, f"{step.do} by {step.by} should be refused ({_expected(step.refused)}), but was accepted"
            )

    def refuse(self, step: Step, command: Command | None, refused: Refused) -> None:
        """A refused step changes nothing; it is as expected only if the story says so."""
        self.turns.append(Turn(step.at, (), self.agreement, step, command, refused))
        if step.refused is None:
            self.fail(step.line, f"{step.do} by {step.by} is refused: {refused}")
        elif not _refused_as(step.refused, refused):
            as_ = f"{refused.code} (most {refused.most})" if refused.most is not None else refused.code
            self.fail(step.line, f"{step.do} by {step.by} is refused as {as_}, not as {_expected(step.refused)}")

    def fail(self, line: int | None, what: str) -> None:
        """Note what was not as expected."""
        self.failures.append(f"{self.story.file}{f':{line}' if line else ''}: {what}")

    def check(self, at: datetime, _: int, expect: Expect, until: datetime | None) -> None:
        """Compare with an expectation, once its time has come."""
        if until is not None and at > until:
            return
        self.pass_time(at)
        for claim, wanted in expect.claims.items():
            for what, want, found in CHECKS[claim](self, wanted):
                if want != found:
                    when = in_words(at - self.story.start)
                    self.fail(expect.line, f"after {when}, {what} should be {want}, but is {found}")


def _expected(refused: Refusal) -> str:
    """The refusal that a story expects, in words."""
    if isinstance(refused, Mapping):
        most = f" (most {refused['most']})" if "most" in refused else ""
        return f"{refused.get('code', 'anything')}{most}"
    return "anything" if refused is True else str(refused)


def _refused_as(expected: Refusal, refused: Refused) -> bool:
    if expected is True:
        return True
    if isinstance(expected, Mapping):
        most = expected.get("most")
        same = most is None or (isinstance(refused.most, Money) and _same_sum(most, refused.most))
        return expected.get("code", refused.code) == refused.code and same
    return bool(expected == refused.code)


def _same_sum(text: Any, money: Money) -> bool:
    try:
        return Money.parse(text, money.currency) == money
    except EscrowError:
        return False
