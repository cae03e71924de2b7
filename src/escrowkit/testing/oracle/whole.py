"""The oracle as a whole: opening, deciding, the passing of time, and what can be read off it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from escrowkit.testing.oracle import (
    arguments,
    disputes,
    extending,
    follows,
    giving,
    helping,
    inner,
    jobs,
    judging,
    opening,
    pots,
    provider,
    silence,
    standing,
    steps,
)
from escrowkit.testing.oracle.rules import Rules
from escrowkit.testing.oracle.said import Answer, Refusal, Unpredicted
from escrowkit.testing.oracle.world import PARTIES, Work, World, need

CASES = {"dispute": disputes.move, "mediation": helping.move, "arbitration": judging.move}


def _ending(world: World, work: Work, by: str) -> str | None:
    """What ends a milestone for a side; nothing, if it is over or a request of its own already runs."""
    if work.is_over or (work.state == "cancelling" and work.facts["asked"][0] == by):
        return None
    if work.state == "proposed":
        return "withdraw" if work.proposer == by else "decline"
    return "request_cancel" if by == "payer" and world.held(work) else "cancel"


class Oracle:
    """One agreement as the rules in words would have it. Made by `Oracle.open`."""

    def __init__(self, world: World) -> None:
        self.world = world

    @classmethod
    def open(cls, terms: Mapping[str, Any]) -> Oracle:
        """Open an agreement from plain data: rulebook (values by dotted key, as written), parties, currency, rail,
        facts, milestones, at, and the number of decimals of each currency.

        Raises `Refusal`.
        """
        milestones = opening.check(terms)
        rules = Rules(terms["rulebook"], terms["currencies"])
        world = World(rules, terms)
        world.follow = follows.follow
        world.billed_before = {c: minor for c, (minor, _) in (terms["facts"].get("billed_before") or {}).items()}
        world.happen("agreement.opened", None, "rules")
        for one in milestones:
            own = rules.changed(one.get("rules") or {})
            minor, currency = one["price"]
            work = Work(one["id"], minor, currency, one["title"], one["due"], one.get("release_when"), own, "agreed")
            world.works[work.id] = work
            steps.enter(world, work, "agreed")
            world.happen("milestone.included", work, "rules")
        world.settle()
        return cls(world)

    def decide(
        self,
        command: str,
        arguments_: Mapping[str, Any],
        by: str,
        at: datetime,
        key: str | None = None,
        actor: str | None = None,
    ) -> Answer:
        """What follows if somebody gives a command now; a refusal stands in the answer. Raises `Unpredicted`."""
        by = next((role for role, id_ in self.world.parties.items() if id_ == by), by)
        said = (command, by, repr(sorted(arguments_.items(), key=lambda one: one[0])))
        if key is not None and key in self.world.keys:
            return Answer("key-conflict" if self.world.keys[key] != said else None)
        marks = self._marks()
        self.world.reached = self.world.now
        try:
            self._decide(command, dict(arguments_), by, at)
        except Refusal as refusal:
            self.world.queue.clear()
            self.world.now = self.world.reached
            return self._answer(marks, refusal.code)
        if key is not None:
            self.world.keys[key] = said
        return self._answer(marks)

    def _decide(self, command: str, said: dict[str, Any], by: str, at: datetime) -> None:
        world = self.world
        machine = command.split(".")[0]
        work = world.works.get(said.get("milestone") or "")
        if machine not in ("agreement", "conduct") and command != "milestone.propose":
            need(work is not None, "unknown-milestone")
        arguments.check(command, said, work.currency if work else world.currency, world.rules.decimals)
        need(at >= world.now, "time-runs-backwards")
        self._pass(at)
        work = world.works.get(said.get("milestone") or "")
        before = deepcopy(world.kept()) if command == "agreement.end" or world.unsettled else None
        try:
            self._act(command, said, work, by)
            world.settle()
        except Refusal:
            if before is not None:
                world.restore(before)
            raise

    def _act(self, command: str, said: dict[str, Any], work: Work | None, by: str) -> None:
        world = self.world
        machine, word = command.split(".")
        if command in inner.KNOWN and work is not None:
            raise Refusal(inner.refusal(world, work, command, said))
        if command == "milestone.propose":
            jobs.propose(world, world.rules, said["milestone"], by, said)
        elif machine == "milestone" and work is not None:
            jobs.move(world, work, by, said, word)
        elif machine == "escrow" and work is not None:
            (provider.move if word in pots.PROVIDER else pots.move)(world, work, by, said, word)
        elif machine == "conduct":
            standing.move(world, by, said, word)
        elif command == "agreement.restrict":
            standing.restrict(world, by, said)
        elif machine == "obligation" and work is not None:
            giving.move(world, work, by, said, word)
        elif machine == "feedback" and work is not None:
            standing.write(world, work, by, said)
        elif command == "dispute.extend" and work is not None:
            extending.extend(world, work, by, said)
        elif machine in CASES and work is not None:
            CASES[machine](world, work, by, said, word)
        elif command == "agreement.end":
            self._end(by)
        else:
            raise Unpredicted(command)

    def _end(self, by: str) -> None:
        """All at once for every milestone that is still open, as if said one by one; one refusal refuses all."""
        world = self.world
        need(by in PARTIES, "not-your-move")
        said = [(work, word) for work in world.each() if (word := _ending(world, work, by)) is not None]
        need(bool(said), "not-now")
        world.happen("agreement.ended", None, by)
        for work, word in said:
            jobs.move(world, work, by, {"refund": (world.held(work), work.currency)}, word)
            world.settle()

    def _pass(self, at: datetime) -> None:
        """Let every deadline by then pass, one after the other."""
        world = self.world
        for _ in range(1000):
            due = silence.deadlines(world)
            if not due or due[0][0] > at:
                break
            world.now = world.reached = max(world.now, due[0][0])
            try:
                due[0][4]()
                world.settle()
            except Refusal as refusal:
                raise Unpredicted("what follows from a deadline is not settled") from refusal
        else:
            raise ArithmeticError(f"the deadlines never end: {due[0]}")
        world.now = max(world.now, at)

    def advance(self, at: datetime) -> Answer:
        """Every deadline that is due at or before an instant, in order."""
        marks = self._marks()
        if at < self.world.now:
            return Answer("time-runs-backwards")
        self.world.reached = self.world.now
        self._pass(at)
        self.world.now = self.world.reached
        return self._answer(marks)

    def _marks(self) -> tuple[int, int]:
        return len(self.world.happened), len(self.world.moved)

    def _answer(self, marks: tuple[int, int], refused: str | None = None) -> Answer:
        happened, moved = self.world.happened[marks[0] :], self.world.moved[marks[1] :]
        return Answer(refused, tuple(moved), tuple(one.told for one in happened))

    # -- reading -----------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        """The state of every machine, by its name."""
        found: dict[str, str] = {}
        for work in self.world.each():
            found[f"milestone.{work.id}"] = work.state
            pot = pots.state(work)
            if pot is not None:
                found[f"escrow.{work.id}"] = pot
            for case in work.cases:
                for machine, state in (
                    ("dispute", case.state),
                    ("mediation", case.mediation),
                    ("arbitration", case.arbitration),
                ):
                    if state is not None:
                        found[f"{machine}.{case.name}"] = state
            for number, debt in enumerate(work.debts, 1):
                found[f"obligation.{work.id}/{number}"] = debt.state
            if "feedback" in work.facts:
                found[f"feedback.{work.id}"] = work.facts["feedback"].state
        for role, conduct in self.world.conduct.items():
            if conduct.state != "good":
                found[f"conduct.{role}"] = conduct.state
        return found

    def balances(self) -> dict[tuple[str, str], int]:
        """What stands on each account in each currency, in minor units; what is zero is left out."""
        places = {(place, lot.currency) for lot in self.world.lots for place in (lot.origin, lot.at)}
        found = {place: self.world.at(*place) for place in places}
        return {place: minor for place, minor in found.items() if minor}

    def outcomes(self) -> dict[str, tuple[str, str, str]]:
        """The latest outcome of each milestone: its kind, its code, and to whom."""
        return {work.id: work.facts["outcome"] for work in self.world.each() if "outcome" in work.facts}

    def owed(self) -> dict[tuple[str, str, str], int]:
        """Open obligations, by debtor, creditor and currency."""
        found: dict[tuple[str, str, str], int] = {}
        for work in self.world.each():
            for debt in work.debts:
                if debt.state == "open":
                    pair = (debt.debtor, debt.creditor, work.currency)
                    found[pair] = found.get(pair, 0) + debt.minor
        return found
