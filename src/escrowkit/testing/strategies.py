"""Hypothesis strategies for everything that an agreement is made of.

>>> from hypothesis import given
>>> from escrowkit.testing import strategies as escrow
>>> @given(escrow.agreements("standard@1"))
... def no_money_is_there_at_the_opening(deal):
...     assert not deal.held()
>>> no_money_is_there_at_the_opening()

What is simplest comes first, so that a failing example shrinks to the shortest one: US dollars, one milestone, the
lowest price, no rules but those that are needed. `from_type` knows `Money`, `Period`, `Role`, `Rulebook` and
`Agreement` by itself.

Raises `MissingExtra` on import where Hypothesis is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from escrowkit.agreement import Agreement, Record
from escrowkit.conditions import SINCE, Condition, all_of, any_of, at_least, attested, elapsed, signed
from escrowkit.errors import Refused
from escrowkit.money import EXPONENTS, Money
from escrowkit.periods import Period
from escrowkit.roles import Role
from escrowkit.rulebook import Rulebook, load
from escrowkit.table import Command
from escrowkit.testing import chosen
from escrowkit.testing.chosen import CURRENCIES, MICRO, Chooser, Drawn
from escrowkit.testing.needed import assume, st

T = TypeVar("T")
#: A rulebook, the name of one, several to choose from, or a strategy; None for random ones.
Rules = str | Path | Rulebook | Sequence[str | Path | Rulebook] | st.SearchStrategy[Rulebook] | None

#: How many minor units an amount has at most, unless told otherwise.
MOST = 10**12


def currencies(*, decimals: int | None = None) -> st.SearchStrategy[str]:
    """Codes of ISO 4217, all or only those with so many decimals; USD, JPY and KWD (2, 0, 3 decimals) first."""
    codes = dict.fromkeys((*CURRENCIES, *EXPONENTS))
    return st.sampled_from([code for code in codes if decimals in (None, EXPONENTS[code])])


def money(
    currency: str | st.SearchStrategy[str] | None = None, *, least: int = 0, most: int = MOST
) -> st.SearchStrategy[Money]:
    """Amounts from `least` to `most` minor units, in this currency, in those of a strategy, or in any."""
    code = currencies() if currency is None else st.just(currency) if isinstance(currency, str) else currency
    return st.builds(Money, st.integers(least, most), code)


def instants(
    least: datetime = datetime(2000, 1, 1, tzinfo=UTC), most: datetime = datetime(2100, 1, 1, tzinfo=UTC)
) -> st.SearchStrategy[datetime]:
    """Aware datetimes in UTC or any other time zone, between two instants."""
    zones = st.one_of(st.just(UTC), st.timezones())
    first, last = (at.astimezone(UTC).replace(tzinfo=None) for at in (least, most))
    within = st.datetimes(first, last, timezones=st.just(UTC))
    return st.builds(lambda at, zone: at.astimezone(zone), within, zones)


def periods(*, business_days: bool = True) -> st.SearchStrategy[Period]:
    """Periods of whole seconds, minutes, hours, days or weeks, up to two years; and in business days."""
    units = {"day": 730, "hour": 24 * 60, "week": 100, "minute": 24 * 60 * 7, "second": 60 * 60 * 24}
    units |= {"business day": 260} if business_days else {}
    written = (st.integers(1, most).map(f"{{}} {unit}s".format) for unit, most in units.items())
    return st.one_of(*written).map(Period.parse)


def roles() -> st.SearchStrategy[Role]:
    """The roles of those who can act; the clock and the rules give no commands."""
    return st.sampled_from([role for role in Role if role not in (Role.CLOCK, Role.RULES)])


def release_conditions(*, facts: Sequence[str] = ("roof", "wall")) -> st.SearchStrategy[Condition]:
    """Release conditions: signatures, facts that somebody attests, time that passes, and all, any, n of these."""
    by = st.sampled_from([None, "witness:dave", "platform"])
    single: st.SearchStrategy[Condition] = st.one_of(
        st.sampled_from(["payer", "payee"]).map(signed),
        st.builds(attested, st.sampled_from(facts), by),
        st.builds(elapsed, periods(), st.sampled_from([*SINCE, *(f"attested:{fact}" for fact in facts)])),
    )
    return st.recursive(single, _several, max_leaves=6)


def _several(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        some.map(lambda given: any_of(*given)),
        some.map(lambda given: all_of(*given)),
        some.flatmap(lambda given: st.integers(1, len(given)).map(lambda n: at_least(n, *given))),
    )


# -- drawn choice by choice ------------------------------------------------------------------------------------------


def chosen_by(make: Callable[[Chooser], T]) -> st.SearchStrategy[T]:
    """A strategy of whatever is made of choices; an opening that is refused is not tried."""
    return _made(make)


@st.composite
def _made(draw: st.DrawFn, make: Callable[[Chooser], T]) -> T:
    try:
        return make(Drawn(draw))
    except Refused:
        assume(False)
        raise


def rulebooks(*, ends: bool = False, unknown: bool = False) -> st.SearchStrategy[Rulebook]:
    """Any rulebook that the schema allows; with `ends`, one under which silence ends every life.

    With `unknown` some values are `unknown`, as where sources are silent.
    """
    return chosen_by(lambda choose: chosen.rulebook(choose, ends=ends, unknown=unknown))


def rules_of(given: Rules) -> st.SearchStrategy[Rulebook]:
    """A strategy of the rulebooks that were named. Raises `DefinitionError` for a wrong one."""
    if given is None:
        return rulebooks()
    if isinstance(given, st.SearchStrategy):
        return given
    rules = [load(one) for one in named(given)]
    # By number: a strategy shows what it is made of, and a rulebook is long.
    return st.integers(0, len(rules) - 1).map(lambda number: rules[number])


def named(given: Rules) -> Sequence[str | Path | Rulebook]:
    """The rulebooks that were named one by one; none for random ones and for a strategy."""
    if given is None or isinstance(given, st.SearchStrategy):
        return ()
    return (given,) if isinstance(given, str | Path | Rulebook) else tuple(given)


def agreements(
    rulebook: Rules = None, *, milestones: tuple[int, int] = (1, 4), rail: str | None = None
) -> st.SearchStrategy[Agreement]:
    """Agreements that were just opened, with so many milestones (at least, at most), under this rulebook or any.

    Prices are odd, and on and around the sums that the rulebook names; the currency is one that it lists.
    """
    return rules_of(rulebook).flatmap(
        lambda rules: chosen_by(lambda choose: chosen.agreement(choose, rules, milestones=milestones, rail=rail))
    )


def commands(agreement: Agreement, at: datetime | None = None) -> st.SearchStrategy[tuple[str, Command]]:
    """By whom, and which command: mostly one that the tables know here, by a role that may, with sums that matter.

    Wrong roles, other commands, sums that are one off, and consents to what does not stand are among them.
    """
    return chosen_by(lambda choose: chosen.command(choose, agreement, at or agreement.at))


def instants_around(agreement: Agreement) -> st.SearchStrategy[datetime]:
    """Now, a little later, and a microsecond before, on and after each of the next deadlines."""
    soon = [agreement.at + later for later in (timedelta(0), timedelta(minutes=1), timedelta(days=1))]
    due = dict.fromkeys(at for at, _, _ in agreement.deadlines())
    around = [at + shift for at in due for shift in (timedelta(0), -MICRO, MICRO)]
    return st.sampled_from([at for at in (*soon, *around) if at >= agreement.at])


def histories(rulebook: Rules = None, *, steps: int = 12) -> st.SearchStrategy[tuple[Record, ...]]:
    """Histories of lives of up to so many steps, refused ones aside: what is stored of an agreement."""

    def life(choose: Chooser, opened: Agreement) -> tuple[Record, ...]:
        now = opened
        for by, said in chosen.opening_moves(choose, now):
            now = _after(now, said, by, now.at)
        for _ in range(choose.whole(0, steps)):
            at = chosen.moment(choose, now)
            by, said = chosen.command(choose, now, at)
            now = _after(now, said, by, at)
        return now.history

    return agreements(rulebook).flatmap(lambda opened: chosen_by(lambda choose: life(choose, opened)))


def _after(now: Agreement, said: Command, by: str, at: datetime) -> Agreement:
    try:
        return now.decide(said, by=by, at=at).agreement
    except Refused as refused:
        return now if refused.decision is None else refused.decision.agreement


__all__ = [
    "agreements",
    "commands",
    "currencies",
    "histories",
    "instants",
    "instants_around",
    "money",
    "periods",
    "release_conditions",
    "roles",
    "rulebooks",
]
