"""The small agreement that is explored: a rulebook made small enough that every state can be walked.

The rules stay as they are. What is changed is only how large its sums are and which days count: a bound of 100.00 would
never be reached with three cents, and a week with a weekend makes the same state another one on another weekday. What
was changed is listed (`overrides`), and a story that the explorer tells names it, so that it can be played.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from attrs import field, frozen

from escrowkit.agreement import Agreement, open_agreement
from escrowkit.conditions import witnesses
from escrowkit.doors import needed
from escrowkit.errors import BadArgument, EscrowError, shown
from escrowkit.money import EXPONENTS, Money, parse_rate
from escrowkit.rulebook import Rulebook

#: When every life begins; a rulebook that applies only later begins then.
START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
PARTIES: Final[Mapping[str, str]] = {"payer": "ada", "payee": "lin"}
#: Bounds become so many minor units, the first one small and each further one a unit more: both sides are reached.
BOUND: Final = 2
#: A fee becomes one unit, its cap two; a rate that rounds to nothing on the whole price becomes a third.
FEE: Final = 1
BITES: Final = "34%"
_SMALLEST: Final = ("money.min_milestone",)
_FEES: Final = ("fixed", "floor", "shares", "payer", "payee", "platform", "small_pot", "min_milestone", "kept")


#: The least of what bounds a walk, and the most of all: nobody waits for more.
_LEAST: Final[Mapping[str, int]] = {
    "milestones": 1, "price": 1, "most": 0, "unusual": 0, "deposits": 0, "disputes": 0, "offers": 0, "revisions": 0,
    "charge_backs": 0, "states": 1, "depth": 0,
}  # fmt: skip
_OPTIONAL: Final = ("most", "states", "depth")
MOST: Final = 10**9


@frozen
class Size:
    """How large the explored agreement is, and how far it is walked: what makes it finite.

    `milestones` of `price` minor units each; amounts from 0 to `most` are tried, twice the price if it is left out. A
    life is followed through any number of plain moves and at most `unusual` unusual ones (`moves.is_unusual`), with at
    most so many `deposits`, `disputes`, `revisions` and `charge_backs` a milestone and `offers` a dispute. `exact`: two
    states are the same only if all clocks have exactly as long to go, not only the same order. `states` and `depth`
    are limits of the walk.
    """

    milestones: int = 1
    price: int = 3
    most: int | None = None
    unusual: int = 1
    deposits: int = 2
    disputes: int = 2
    offers: int = 2
    revisions: int = 2
    charge_backs: int = 2
    exact: bool = False
    states: int | None = None
    depth: int | None = None
    rail: str = "instant"
    release_when: Any = None

    def __attrs_post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None or name not in _OPTIONAL:
                needed(name, value, int)
                if not least <= value <= MOST:
                    raise BadArgument(f"{name} = {shown(value)}: a whole number from {least} to {MOST}", key=name)
        needed("exact", self.exact, bool)
        needed("rail", self.rail, str)

    @property
    def amounts(self) -> range:
        """The amounts that are tried, in minor units."""
        return range((2 * self.price if self.most is None else self.most) + 1)


@frozen(slots=False)
class Small:
    """A rulebook made small, and the agreement that is explored under it."""

    #: As it was named: a story names it so.
    name: str
    given: Rulebook
    size: Size
    currency: str
    overrides: Mapping[str, Any]
    start: datetime
    agreement: Agreement = field(repr=False)

    @property
    def rules(self) -> Rulebook:
        """The rulebook as the explored agreement has it."""
        return self.agreement.rulebook

    @cached_property
    def witnesses(self) -> tuple[str, ...]:
        """The witnesses whom the rules or the release condition name, and one whom nobody knows."""
        said = (role for value in self.rules.values.values() if isinstance(value, tuple) for role in value)
        named = {role for role in said if isinstance(role, str) and role.startswith("witness:")}
        lanes = self.agreement.lanes.values()
        conditions = (lane.milestone.release_when for lane in lanes if lane.milestone and lane.milestone.release_when)
        named |= {by for one in conditions for _, by in witnesses(one) if by and by.startswith("witness:")}
        return (*sorted(named), "witness:eve")


def small(book: Rulebook, size: Size, name: str = "") -> Small:
    """The agreement that is explored under a rulebook. Raises `DefinitionError`, `Refused` if none can be opened."""
    currency = _currency(book)
    overrides = dict(_overrides(book, currency, size.price))
    start = max(START, book.applies_from or START)
    opened = open_agreement(
        rulebook=book,
        parties=PARTIES,
        currency=currency,
        milestones=[_terms(number, size, currency) for number in range(1, size.milestones + 1)],
        at=start,
        rules=overrides,
        rail=size.rail,
    )
    return Small(name or book.name, book, size, currency, overrides, start, opened)


def _terms(number: int, size: Size, currency: str) -> dict[str, Any]:
    terms: dict[str, Any] = {"id": f"m{number}", "price": Money(size.price, currency)}
    return terms | ({"release_when": size.release_when} if size.release_when is not None else {})


def _currency(book: Rulebook) -> str:
    """The first currency that the rulebook names in all of its amounts, or dollars."""
    named = [tuple(amounts) for _, amounts in book.amounts()]
    return next((c for c in (named[0] if named else ()) if all(c in one for one in named)), "USD")


def _overrides(book: Rulebook, currency: str, price: int) -> Iterator[tuple[str, Any]]:
    """What is changed of a rulebook: large sums, rates without effect, weekends and holidays."""
    if _counts_business_days(book):
        yield "calendar.weekend", []
        yield "calendar.holidays", []
        yield "calendar.timezone", "UTC"
    for key, value in book.data.items():
        if value != "unknown":
            shrunk = _shrunk(value, key.split("."), currency, price)
            if shrunk != value:
                yield key, shrunk


def _counts_business_days(book: Rulebook) -> bool:
    return any(getattr(value, "business_days", 0) for value in book.values.values())


def _shrunk(value: Any, path: list[str], currency: str, price: int) -> Any:
    """A value with every sum in it made small; what is none stays as it is."""
    if isinstance(value, Mapping):
        if value and set(value) <= set(EXPONENTS):
            return {currency: _sum(value.get(currency, next(iter(value.values()))), path, currency, price)}
        return {name: _shrunk(inner, [*path, name], currency, price) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shrunk(inner, [*path, str(number)], currency, price) for number, inner in enumerate(value)]
    if isinstance(value, str):
        if path[-1] == "rate":
            return _rate(value, price)
        if _amount(value) is not None:
            return {currency: _sum(value, path, currency, price)}
    return value


def _amount(text: str) -> Money | None:
    """An amount that names its currency, if it is one."""
    try:
        return Money.parse(text)
    except EscrowError:
        return None


def _sum(text: str, path: list[str], currency: str, price: int) -> str:
    """A sum by the part that it plays: a bound, a cap, a fee; the largest price stays above the price."""
    if "max_milestone" in path:
        return Money(price, currency).text
    if any(part in _FEES for part in path):
        return Money(FEE, currency).text
    number = next((int(part) for part in reversed(path) if part.isdecimal()), 0)
    return Money(BOUND + number, currency).text


def _rate(text: str, price: int) -> str:
    try:
        rate = parse_rate(text)
    except EscrowError:
        return text
    return BITES if rate and rate * price < Fraction(1, 2) else text
