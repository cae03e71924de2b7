"""Whole minor units of one currency, and the rates and tariffs that are taken from them.

No float and no `Decimal` ever touches an amount: an amount is an `int` of minor units, a rate is a `Fraction`, and
every result is rounded once. Money is divided in one place, `Money.allocate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm
from types import MappingProxyType
from typing import final

from attrs import field, frozen

from escrowkit._currencies import EXPONENTS as _EXPONENTS
from escrowkit.errors import BadAmount, BadArgument, DefinitionError, WrongCurrency

#: How many decimals each currency of ISO 4217 has, by its alphabetic code.
EXPONENTS: Mapping[str, int] = MappingProxyType(_EXPONENTS)

#: More digits than any money on earth. Python itself gives up on texts of more than 4300.
MOST_DIGITS = 30

_AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?: ([A-Za-z]{3}))?")
_RATE = re.compile(r"([0-9]+)(?:\.([0-9]+))?%")


def exponent(currency: str) -> int:
    """How many decimals a currency has.

    >>> exponent("USD"), exponent("JPY"), exponent("KWD")
    (2, 0, 3)

    Raises `BadArgument` for a code that ISO 4217 does not know, or that has no minor unit (gold).
    """
    if not isinstance(currency, str):
        raise BadArgument(f"a currency is an ISO 4217 code such as USD, not {_a(currency)}", key="currency")
    if currency not in _EXPONENTS:
        raise BadArgument(f"{_shown(currency)} is not a currency of ISO 4217 (such as USD)", key="currency")
    return _EXPONENTS[currency]


_set = object.__setattr__


@final
@frozen(repr=False, init=False)
class Money:
    """An amount of one currency, in whole minor units (cents), of either sign.

    >>> Money(2000, "USD")
    Money.parse("20.00 USD")
    >>> Money(2000, "USD") + Money.parse("0.50 USD") > Money.zero("USD")
    True

    Amounts of two currencies are unequal, and are neither added nor ordered: `WrongCurrency`.
    """

    minor: int
    currency: str

    def __init__(self, minor: int, currency: str) -> None:
        # By hand, in one call: amounts are made more often than anything else.
        if type(minor) is not int or type(currency) is not str or currency not in _EXPONENTS:
            exponent(currency)
            raise BadArgument(f"minor units are a whole number (an int), not {_a(minor)}", key="amount")
        _set(self, "minor", minor)
        _set(self, "currency", currency)

    @classmethod
    def parse(cls, text: str, currency: str | None = None) -> Money:
        """Read "20.00 USD", or "20.00" with a currency beside it.

        >>> Money.parse("-5 USD"), Money.parse("1.25", "KWD")
        (Money.parse("-5.00 USD"), Money.parse("1.250 KWD"))

        Raises `BadArgument` for what is not such a text, `WrongCurrency` if text and argument differ, and `BadAmount`
        for more decimals than the currency has, or more than 30 digits.
        """
        if not isinstance(text, str):
            raise BadArgument(f'amounts are written as text like "20.00", not as {_a(text)}', key="amount")
        match = _AMOUNT.fullmatch(text)
        if match is None:
            raise BadArgument(f'{_shown(text)} is not an amount like "20.00" or "20.00 USD"', key="amount")
        sign, whole, part, named = match.groups(default="")
        if currency is not None:
            exponent(currency)
        code = named or currency
        if code is None:
            raise BadArgument(f'{_shown(text)} names no currency, as "20.00 USD" does', key="currency")
        decimals = exponent(code)
        if currency not in (None, code):
            raise WrongCurrency(f"{_shown(text)} is not in {currency}")
        if len(whole) + len(part) > MOST_DIGITS:
            raise BadAmount(f"{_shown(text)} has more than {MOST_DIGITS} digits", key="too-many-digits")
        if len(part) > decimals:
            words = f"{_shown(text)} has {len(part)} decimals, {code} has {decimals or 'none'}"
            raise BadAmount(words, key="too-many-decimals")
        return cls(int(sign + whole + part.ljust(decimals, "0")), code)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency.

        >>> Money.zero("JPY")
        Money.parse("0 JPY")
        """
        zero = _ZEROS.get(currency) if isinstance(currency, str) else None
        return cls(0, currency) if zero is None else zero

    @property
    def text(self) -> str:
        """The amount alone, with as many decimals as its currency has.

        >>> Money(-5, "USD").text
        '-0.05'
        """
        return _decimal(self.minor, _EXPONENTS[self.currency])

    def __str__(self) -> str:
        return f"{self.text} {self.currency}"

    def __repr__(self) -> str:
        return f'Money.parse("{self}")'

    def __bool__(self) -> bool:
        return self.minor != 0

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._beside(other), self.currency) if isinstance(other, Money) else NotImplemented

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._beside(other), self.currency) if isinstance(other, Money) else NotImplemented

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._beside(other) if isinstance(other, Money) else NotImplemented

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._beside(other) if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._beside(other) if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._beside(other) if isinstance(other, Money) else NotImplemented

    def _beside(self, other: Money) -> int:
        """The minor units of another amount of the same currency."""
        if other.currency != self.currency:
            raise WrongCurrency(f"{other} is not in {self.currency}")
        return other.minor

    def allocate(self, weights: Sequence[int | Fraction]) -> tuple[Money, ...]:
        """Divide by weights, to the last minor unit: largest remainder, ties to the earlier, zero weight gets zero.

        >>> [share.text for share in Money.parse("49.99 USD").allocate([1, 1])]
        ['25.00', '24.99']
        >>> [share.text for share in Money.parse("10.00 USD").allocate([Fraction(1, 3), 0, Fraction(2, 3)])]
        ['3.33', '0.00', '6.67']

        Raises `BadAmount` if the amount is negative, and `BadArgument` for weights that are not whole numbers or
        fractions, are negative, or are all zero.
        """
        if self.minor < 0:
            raise BadAmount(f"{self} is negative and cannot be divided", key="negative")
        parts = _whole(weights)
        total = sum(parts)
        if not total:
            raise BadArgument("at least one weight must be more than zero", key="weights")
        floors, rests = zip(*(divmod(self.minor * part, total) for part in parts), strict=True)
        # The rests sum to less than one unit for each weight that has one, so a weight of zero is never served.
        first = sorted(range(len(parts)), key=lambda place: -rests[place])[: self.minor - sum(floors)]
        shares = list(floors)
        for place in first:
            shares[place] += 1
        return tuple(Money(share, self.currency) for share in shares)

    def portion(self, rate: Fraction) -> Money:
        """This amount times a rate, rounded half up (half away from zero) to the minor unit.

        >>> Money.parse("133.32 USD").portion(parse_rate("20%"))
        Money.parse("26.66 USD")

        Raises `BadArgument` for a rate that is not a fraction (or a whole number).
        """
        return Money(_half_up(self.minor * _exact(rate, "a rate")), self.currency)


#: Nothing is asked for all the time.
_ZEROS = {currency: Money(0, currency) for currency in _EXPONENTS}


def parse_rate(text: str) -> Fraction:
    """Read a rate from 0% to 100%.

    >>> parse_rate("2.75%")
    Fraction(11, 400)

    Raises `BadArgument` for anything that is not such a text.
    """
    if not isinstance(text, str):
        raise BadArgument(f'rates are written as text like "2.75%", not as {_a(text)}', key="rate")
    match = _RATE.fullmatch(text)
    if match is None or len(text) > MOST_DIGITS:
        raise BadArgument(f'{_shown(text)} is not a rate like "10%" or "2.75%"', key="rate")
    whole, part = match.groups(default="")
    rate = Fraction(int(whole + part), 100 * 10 ** len(part))
    if rate > 1:
        raise BadArgument(f"{_shown(text)} is more than 100%", key="rate")
    return rate


def rate_text(rate: Fraction) -> str:
    """A rate as `parse_rate` reads it; thirds and their like, which no text of a rate can say, as a fraction.

    >>> rate_text(Fraction(1, 10)), rate_text(Fraction(11, 400)), rate_text(Fraction(1, 3))
    ('10%', '2.75%', '100/3%')
    """
    percent = _exact(rate, "a rate") * 100
    for decimals in range(MOST_DIGITS):
        if 10**decimals % percent.denominator == 0:
            return _decimal(int(percent * 10**decimals), decimals) + "%"
    return f"{percent}%"


Tier = tuple[Money | None, Fraction]


def _tiers(pairs: Iterable[Tier]) -> tuple[Tier, ...]:
    try:
        return tuple((bound, rate) for bound, rate in pairs)
    except (TypeError, ValueError) as error:
        raise DefinitionError("tariff", [f"tiers are pairs of an upper bound and a rate, not {_a(pairs)}"]) from error


@final
@frozen
class Tariff:
    """A fee: a rate for each slice of the amount, a fixed part, and a floor and a cap of the whole.

    `tiers` are pairs of an upper bound and a rate. Bounds are cumulative and grow; the last is None: all that is above.

    >>> tariff = Tariff(((Money.parse("500.00 USD"), parse_rate("20%")), (None, parse_rate("10%"))))
    >>> tariff.of(Money.parse("600.00 USD"))
    Money.parse("110.00 USD")

    Raises `DefinitionError` with every problem at once. Nothing keeps a fixed part or a floor below the amount itself.
    """

    tiers: tuple[Tier, ...] = field(converter=_tiers)
    fixed: Money | None = None
    floor: Money | None = None
    cap: Money | None = None

    def __attrs_post_init__(self) -> None:
        if problems := tuple(self._problems()):
            raise DefinitionError("tariff", problems)

    @classmethod
    def flat(cls, rate: Fraction) -> Tariff:
        """One rate for everything.

        >>> Tariff.flat(parse_rate("10%")).of(Money.parse("20.00 USD"))
        Money.parse("2.00 USD")
        """
        return cls(((None, rate),))

    def of(self, amount: Money) -> Money:
        """The fee of a whole amount, rounded half up once; the fee of nothing is nothing.

        Raises `BadAmount` if the amount is negative and `WrongCurrency` if the tariff speaks of another currency.
        """
        _money(amount)
        if amount.minor < 0:
            raise BadAmount(f"there is no fee of a negative amount, {amount}", key="negative")
        for named in self._named:
            amount._beside(named)
        if not amount:
            return amount
        # Whole numbers over one denominator: exact, and ten times faster than fractions.
        scale, slices = self._slices
        fee, below = self.fixed.minor * scale if self.fixed else 0, 0
        for bound, rate in slices:
            upto = amount.minor if bound is None else min(amount.minor, bound)
            fee += rate * (upto - below)
            below = upto
        if self.floor is not None:
            fee = max(fee, self.floor.minor * scale)
        if self.cap is not None:
            fee = min(fee, self.cap.minor * scale)
        return Money((2 * fee + scale) // (2 * scale), amount.currency)

    def between(self, done: Money, more: Money) -> Money:
        """The fee of `more` after `done`, cumulative: slicing an amount changes nothing.

        >>> tariff = Tariff(((None, parse_rate("10%")),), floor=Money.parse("5.00 USD"))
        >>> tariff.between(Money.zero("USD"), Money.parse("20.00 USD"))
        Money.parse("5.00 USD")
        >>> tariff.between(Money.parse("20.00 USD"), Money.parse("40.00 USD"))
        Money.parse("1.00 USD")

        Raises what `of` raises, also for a negative `more`.
        """
        if _money(more).minor < 0:
            raise BadAmount(f"there is no fee of a negative amount, {more}", key="negative")
        return self.of(_money(done) + more) - self.of(done)

    def describe(self) -> str:
        """The tariff in words.

        >>> Tariff.flat(parse_rate("10%")).describe()
        '10 %'
        >>> Tariff(((Money.parse("500.00 USD"), parse_rate("20%")), (None, parse_rate("10%")))).describe()
        '20 % up to 500.00 USD, then 10 %'
        """
        return ", ".join(self._said())

    def _said(self) -> Iterator[str]:
        fixed_alone = self.fixed and not any(rate for _, rate in self.tiers)
        if fixed_alone:
            yield str(self.fixed)
        else:
            yield from (_tier_text(tier, several=len(self.tiers) > 1) for tier in self.tiers)
        if self.fixed and not fixed_alone:
            yield f"plus {self.fixed}"
        if self.floor:
            yield f"at least {self.floor}"
        if self.cap is not None:
            yield f"at most {self.cap}"

    @cached_property
    def _slices(self) -> tuple[int, tuple[tuple[int | None, int], ...]]:
        """The common denominator of the rates, and each tier as its bound and its rate over that."""
        scale = lcm(*(rate.denominator for _, rate in self.tiers))
        return scale, tuple((None if bound is None else bound.minor, int(rate * scale)) for bound, rate in self.tiers)

    @cached_property
    def _named(self) -> tuple[Money, ...]:
        return self._amounts()

    def _amounts(self) -> tuple[Money, ...]:
        """Every amount that the tariff names."""
        named = (*(bound for bound, _ in self.tiers), self.fixed, self.floor, self.cap)
        return tuple(amount for amount in named if amount is not None)

    def _problems(self) -> Iterator[str]:
        if not self.tiers or self.tiers[-1][0] is not None:
            yield "tiers: the last one must have no upper bound"
        for place, (_, rate) in enumerate(self.tiers, start=1):
            if not isinstance(rate, Fraction):
                yield f"tier {place}: a rate is a Fraction, not {_a(rate)}"
            elif not 0 <= rate <= 1:
                yield f"tier {place}: a rate lies from 0% to 100%, {rate_text(rate)} does not"
        if wrong := [amount for amount in self._amounts() if not isinstance(amount, Money)]:
            yield from (f"an amount is Money, not {_a(amount)}" for amount in wrong)
        elif len(currencies := {amount.currency for amount in self._amounts()}) > 1:
            yield f"amounts of more than one currency: {', '.join(sorted(currencies))}"
        else:
            yield from self._misfits()

    def _misfits(self) -> Iterator[str]:
        """What is wrong with the amounts, once they are known to be comparable."""
        bounds = [bound for bound, _ in self.tiers[:-1]]
        if None in bounds:
            yield "tiers: only the last one may have no upper bound"
        known = [bound for bound in bounds if bound is not None]
        if any(bound.minor <= 0 for bound in known) or any(low >= high for low, high in pairwise(known)):
            yield "tiers: upper bounds must be more than zero and grow"
        for name, amount in (("fixed", self.fixed), ("floor", self.floor), ("cap", self.cap)):
            if amount is not None and amount.minor < 0:
                yield f"{name}: {amount} is negative"
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            yield f"floor: {self.floor} is more than the cap of {self.cap}"


def _tier_text(tier: Tier, *, several: bool) -> str:
    bound, rate = tier
    percent = rate_text(rate).replace("%", " %")
    if bound is not None:
        return f"{percent} up to {bound}"
    return f"then {percent}" if several else percent


def _money(value: Money) -> Money:
    if not isinstance(value, Money):
        raise BadArgument(f"a fee is one of an amount of Money, not of {_a(value)}", key="amount")
    return value


def _half_up(exact: Fraction) -> int:
    """To the nearest whole number, halves away from zero."""
    size = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return size if exact >= 0 else -size


def _decimal(scaled: int, decimals: int) -> str:
    """A whole number of the last decimal place as text."""
    if not decimals:
        return str(scaled)
    whole, part = divmod(abs(scaled), 10**decimals)
    return f"{'-' if scaled < 0 else ''}{whole}.{part:0{decimals}}"


def _exact(value: Fraction | int, what: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
        raise BadArgument(f"{what} is a Fraction or an int, not {_a(value)}", key="not-exact")
    return Fraction(value)


def _whole(weights: Sequence[int | Fraction]) -> list[int]:
    """Weights in the same proportions as whole numbers, none of them negative."""
    if isinstance(weights, str) or not isinstance(weights, Iterable):
        raise BadArgument(f"weights are a list of whole numbers or fractions, not {_a(weights)}", key="weights")
    exact = [_exact(weight, "a weight") for weight in weights]
    if any(weight < 0 for weight in exact):
        raise BadArgument("a weight cannot be negative", key="weights")
    scale = lcm(*(weight.denominator for weight in exact))
    return [int(weight * scale) for weight in exact]


def _a(value: object) -> str:
    """The kind of a wrong value. Never the value: some cannot even be shown."""
    return f"a value of type {type(value).__name__}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
