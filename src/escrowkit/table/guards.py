"""A guard: a named condition of a move, its rule in words, and the refusal that it causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from escrowkit.errors import NotNow, Refused
from escrowkit.money import Money
from escrowkit.table.said import Context, words_of

Test = Callable[[Context[Any]], bool]


class Guard:
    """A named condition of a move: a function of the `Context`, its rule in words, and the refusal that it causes.

    `until` tells when waiting helps, `most` the largest value that would do, `reads` the rulebook values that it needs,
    `offered` whether it can ever hold under a rulebook (a drawing leaves out what never can), `people` whom it lets
    make the move, and `otherwise` what to say when it does not hold, where "Needed: …" would be read wrongly.
    """

    def __init__(
        self,
        test: Test,
        *,
        refusal: type[Refused] = NotNow,
        reads: tuple[str, ...] = (),
        until: Callable[[Context[Any]], datetime | None] | None = None,
        most: Callable[[Context[Any]], Money | None] | None = None,
        offered: Callable[[Any], bool] | None = None,
        people: Callable[[Any], Iterable[str]] | None = None,
        otherwise: str = "",
    ) -> None:
        self.test = test
        self.__name__ = test.__name__
        self.words = words_of(test)
        self.refusal = refusal
        self.reads = reads
        self.until = until
        self.most = most
        self.offered = offered
        self.people = people
        self.otherwise = otherwise

    def __call__(self, ctx: Context[Any]) -> bool:
        return self.test(ctx)

    def __repr__(self) -> str:
        return f"<guard {self.__name__}>"

    def refuse(self, ctx: Context[Any]) -> Refused:
        """The refusal that tells why this guard does not hold."""
        return self.refusal(
            self.otherwise or f"Needed: {self.words}",
            key=self.__name__,
            missing=(self.words,),
            until=self.until(ctx) if self.until else None,
            most=self.most(ctx) if self.most else None,
        )


def guard(
    refusal: type[Refused] = NotNow,
    *,
    reads: tuple[str, ...] = (),
    until: Callable[[Context[Any]], datetime | None] | None = None,
    most: Callable[[Context[Any]], Money | None] | None = None,
    offered: Callable[[Any], bool] | None = None,
    people: Callable[[Any], Iterable[str]] | None = None,
    otherwise: str = "",
) -> Callable[[Test], Guard]:
    """Make a guard of a function; its docstring is the rule in words."""

    def make(test: Test) -> Guard:
        return Guard(
            test,
            refusal=refusal,
            reads=reads,
            until=until,
            most=most,
            offered=offered,
            people=people,
            otherwise=otherwise,
        )

    return make


@guard(
    until=lambda ctx: ctx.pot.impounded_until,
    otherwise="The platform has impounded this money: everybody waits until it lifts its hold.",
)
def not_impounded(ctx: Context[Any]) -> bool:
    """The platform does not hold this milestone's money."""
    return not ctx.pot.impounded


@guard(
    until=lambda ctx: ctx.pot.restricted_until("writing", ctx.name),
    otherwise="This role may not write for now: the move itself is open, without the words that it can do without.",
)
def may_say(ctx: Context[Any]) -> bool:
    """Who may not write says nothing beyond what the move needs."""
    may: bool = ctx.pot.may_say(ctx.name, ctx.command)
    return may


@guard(
    otherwise="A side is suspended: nothing new begins (no proposal, acceptance or deposit), and what runs goes on.",
)
def nobody_suspended(ctx: Context[Any]) -> bool:
    """Neither side is suspended."""
    return not ctx.pot.anybody_suspended


def answers(key: str, *said: str) -> Callable[[Any], bool]:
    """Whether a rulebook may answer so: for `offered`. Where its sources do not say, it may."""

    def offered(rules: Any) -> bool:
        return not rules.settled(key) or bool(
            set(said) & {one for one in rules.values[key] or () if isinstance(one, str)}
        )

    return offered
