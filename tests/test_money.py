"""Amounts, their division, rates and tariffs."""

from __future__ import annotations

import doctest
import pickle
import runpy
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from escrowkit import money
from escrowkit.errors import BadAmount, BadArgument, DefinitionError, Refused, WrongCurrency
from escrowkit.money import EXPONENTS, Money, Tariff, exponent, parse_rate, rate_text

TOOL = Path(__file__).parents[1] / "tools" / "currencies.py"

promise = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

currencies = st.sampled_from(["JPY", "USD", "KWD", "CLF"])
minors = st.integers(min_value=0, max_value=10**15)
weights = st.lists(st.integers(0, 10**6) | st.fractions(0, 100), min_size=1, max_size=8).filter(any)
rates = st.integers(0, 10_000).map(lambda basis_points: Fraction(basis_points, 10_000))
usd_amounts = minors.map(lambda minor: Money(minor, "USD"))


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


@st.composite
def rate_tariffs(draw: st.DrawFn) -> Tariff:
    bounds = sorted(draw(st.sets(st.integers(1, 10**12), max_size=3)))
    uppers = [*(Money(bound, "USD") for bound in bounds), None]
    return Tariff(tuple((upper, draw(rates)) for upper in uppers))


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    low, high = sorted(draw(st.tuples(st.integers(0, 10**6), st.integers(0, 10**9))))
    return Tariff(
        draw(rate_tariffs()).tiers,
        fixed=draw(st.none() | st.integers(0, 10**4).map(lambda minor: Money(minor, "USD"))),
        floor=draw(st.none() | st.just(Money(low, "USD"))),
        cap=draw(st.none() | st.just(Money(high, "USD"))),
    )


# --- currencies ---------------------------------------------------------------------------------------------------


def test_the_currency_table_is_the_one_that_iso_4217_publishes() -> None:
    tool = runpy.run_path(str(TOOL))
    assert tool["TARGET"].read_text(encoding="utf-8") == tool["source"]()
    assert dict(EXPONENTS) == tool["exponents"]()


@pytest.mark.parametrize(("currency", "decimals"), [("JPY", 0), ("USD", 2), ("KWD", 3), ("CLF", 4)])
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["USX", "usd", "XAU", "XXX", "", "US", "$", "USD "])
def test_an_unknown_currency_is_named_in_the_refusal(code: str) -> None:
    for attempt in (lambda: exponent(code), lambda: Money(1, code), lambda: Money.parse("1", code)):
        with pytest.raises(BadArgument, match="ISO 4217") as refusal:
            attempt()
        assert repr(code) in refusal.value.words
        assert refusal.value.key == "bad-argument.currency"


@pytest.mark.parametrize("code", [None, 1, ["USD"], b"USD"])
def test_a_currency_is_a_text(code: Any) -> None:
    for attempt in (lambda: exponent(code), lambda: Money(1, code), lambda: Money.zero(code)):
        with pytest.raises(BadArgument, match="ISO 4217") as refusal:
            attempt()
        assert refusal.value.key == "bad-argument.currency"


def test_nobody_can_change_the_currency_table() -> None:
    table: Any = EXPONENTS
    with pytest.raises(TypeError):
        table["USD"] = 3


# --- amounts as values --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", [20.0, True, None, "20", Decimal(20), Fraction(20), float("nan")])
def test_minor_units_are_whole_numbers_and_nothing_else(minor: Any) -> None:
    with pytest.raises(BadArgument, match="whole number"):
        Money(minor, "USD")


def test_an_amount_cannot_be_changed() -> None:
    amount: Any = usd("20.00")
    with pytest.raises(AttributeError):
        amount.minor = 1


def test_equal_amounts_are_one_key() -> None:
    assert {usd("20"): "found"}[Money(2000, "USD")] == "found"


def test_amounts_of_two_currencies_are_unequal() -> None:
    assert Money(0, "USD") != Money(0, "EUR")
    number: Any = 0
    assert Money(0, "USD") != number


def test_an_amount_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(usd("20.00"))) == usd("20.00")


def test_the_repr_can_be_typed_in_again() -> None:
    assert repr(usd("20.00")) == 'Money.parse("20.00 USD")'
    assert eval(repr(usd("-20.01"))) == usd("-20.01")


def test_only_nothing_is_false() -> None:
    assert not Money.zero("USD")
    assert usd("0.01")
    assert usd("-0.01")


# --- amounts as text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "currency", "minor", "shown"),
    [
        ("20.00", "USD", 2000, "20.00 USD"),
        ("20", "USD", 2000, "20.00 USD"),
        ("20.5", "USD", 2050, "20.50 USD"),
        ("-5", "USD", -500, "-5.00 USD"),
        ("-0.05", "USD", -5, "-0.05 USD"),
        ("-0", "USD", 0, "0.00 USD"),
        ("20.00 USD", None, 2000, "20.00 USD"),
        ("20.00 USD", "USD", 2000, "20.00 USD"),
        ("500", "JPY", 500, "500 JPY"),
        ("-500 JPY", None, -500, "-500 JPY"),
        ("1.25", "KWD", 1250, "1.250 KWD"),
        ("9" * 28 + ".99", "USD", 10**30 - 1, "9" * 28 + ".99 USD"),
    ],
)
def test_an_amount_is_read_and_written_with_the_decimals_of_its_currency(
    text: str, currency: str | None, minor: int, shown: str
) -> None:
    amount = Money.parse(text, currency)
    assert amount == Money(minor, currency or text[-3:])
    assert str(amount) == shown


@promise
@given(minor=st.integers(-(10**29), 10**29), currency=currencies)
@example(minor=-1, currency="KWD")
def test_what_is_written_is_read_back_as_it_was(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert Money.parse(str(amount)) == Money.parse(amount.text, currency) == amount


@pytest.mark.parametrize(
    "value", [20.0, 20, True, Decimal("20.00"), None, b"20.00", float("nan"), pytest.param(10**5000, id="huge")]
)
def test_amounts_are_written_as_text(value: Any) -> None:
    with pytest.raises(BadArgument, match=r'written as text like "20\.00"'):
        Money.parse(value, "USD")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "1e3",
        "1_000",
        "1,000.00",
        "1 000",
        "20,00",
        "٢٠",
        "²",
        "+5",
        "--5",
        "- 5",
        ".5",
        "5.",
        "1.2.3",
        "0x10",
        " 20",
        "20 ",
        "20\n",
        "20.00  USD",
        "20.00USD",
        "USD 20.00",
        "$20",
        "−5",
        "20.00 USD ",
        "20.00\tUSD",
        "20.00 US",
        pytest.param("a" * 10000, id="long"),
    ],
)
def test_what_is_not_an_amount_is_refused_and_shown_briefly(text: str) -> None:
    with pytest.raises(BadArgument, match="is not an amount") as refusal:
        Money.parse(text, "USD")
    assert len(refusal.value.words) < 120


def test_an_amount_without_a_currency_is_refused() -> None:
    with pytest.raises(BadArgument, match="names no currency"):
        Money.parse("20.00")


@pytest.mark.parametrize(("text", "currency"), [("20.00 usd", None), ("20.00 usd", "USD"), ("20.00 USD", "usd")])
def test_a_currency_is_written_in_capitals(text: str, currency: str | None) -> None:
    with pytest.raises(BadArgument, match="'usd' is not a currency of ISO 4217"):
        Money.parse(text, currency)


def test_an_amount_in_another_currency_than_asked_for_is_refused() -> None:
    with pytest.raises(WrongCurrency, match=r"'20\.00 EUR' is not in USD"):
        Money.parse("20.00 EUR", "USD")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("20.001 USD", "USD has 2"),
        ("20.000 USD", "USD has 2"),
        ("20.0 JPY", "JPY has none"),
        ("1.2345 KWD", "KWD has 3"),
    ],
)
def test_more_decimals_than_the_currency_has_are_refused_never_rounded(text: str, words: str) -> None:
    with pytest.raises(BadAmount, match=words) as refusal:
        Money.parse(text)
    assert refusal.value.key == "bad-amount.too-many-decimals"


@pytest.mark.parametrize("text", ["9" * 31, "9" * 29 + ".99", pytest.param("0" * 100_000, id="long")])
def test_an_amount_of_more_than_thirty_digits_is_refused(text: str) -> None:
    with pytest.raises(BadAmount, match="more than 30 digits"):
        Money.parse(text, "USD")


# --- arithmetic and order -----------------------------------------------------------------------------------------


def test_amounts_of_one_currency_add_subtract_and_turn_round() -> None:
    assert usd("20.00") + usd("0.01") == usd("20.01")
    assert usd("20.00") - usd("20.01") == usd("-0.01")
    assert -usd("20.00") == usd("-20.00")


def test_amounts_of_one_currency_are_ordered() -> None:
    low, high = usd("19.99"), usd("20.00")
    assert low < high
    assert low <= high
    assert high > low
    assert high >= low
    assert high <= usd("20")
    assert high >= usd("20")
    assert not high < low
    assert min(high, low) is low
    assert max(high, low) is high


OPERATIONS = [
    pytest.param(lambda a, b: a + b, id="+"),
    pytest.param(lambda a, b: a - b, id="-"),
    pytest.param(lambda a, b: a < b, id="<"),
    pytest.param(lambda a, b: a <= b, id="<="),
    pytest.param(lambda a, b: a > b, id=">"),
    pytest.param(lambda a, b: a >= b, id=">="),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_currencies_never_mix(operation: Any) -> None:
    with pytest.raises(WrongCurrency, match=r"20\.00 EUR is not in USD"):
        operation(usd("20.00"), Money.parse("20.00 EUR"))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("other", [20, 20.0, "20.00", None, Decimal(20)])
def test_an_amount_and_a_number_never_mix(operation: Any, other: Any) -> None:
    with pytest.raises(TypeError):
        operation(usd("20.00"), other)
    with pytest.raises(TypeError):
        operation(other, usd("20.00"))


# --- division -----------------------------------------------------------------------------------------------------


@promise
@given(minor=minors, currency=currencies, parts=weights)
def test_a_division_loses_and_makes_nothing(minor: int, currency: str, parts: list[int | Fraction]) -> None:
    shares = Money(minor, currency).allocate(parts)
    assert len(shares) == len(parts)
    assert sum((share.minor for share in shares), 0) == minor
    assert all(share.minor >= 0 and share.currency == currency for share in shares)


@promise
@given(minor=minors, parts=weights)
def test_each_share_lies_within_one_unit_of_the_exact_one(minor: int, parts: list[int | Fraction]) -> None:
    for share, part in zip(Money(minor, "USD").allocate(parts), parts, strict=True):
        assert abs(share.minor - Fraction(minor) * part / sum(parts)) < 1


@promise
@given(minor=minors, parts=weights, place=st.integers(0, 8))
def test_a_weight_of_zero_gets_zero(minor: int, parts: list[int | Fraction], place: int) -> None:
    with_zero = [*parts[:place], 0, *parts[place:]]
    shares = Money(minor, "USD").allocate(with_zero)
    assert all(not share for share, part in zip(shares, with_zero, strict=True) if not part)


@promise
@given(minor=minors, count=st.integers(1, 9))
def test_of_equals_the_earlier_get_the_remainder(minor: int, count: int) -> None:
    more, left = divmod(minor, count)
    expected = [more + 1] * left + [more] * (count - left)
    assert [share.minor for share in Money(minor, "USD").allocate([1] * count)] == expected


@promise
@given(minor=minors, parts=weights, scale=st.fractions(min_value=Fraction(1, 100), max_value=100))
def test_only_the_proportions_of_weights_count(minor: int, parts: list[int | Fraction], scale: Fraction) -> None:
    amount = Money(minor, "USD")
    assert amount.allocate(parts) == amount.allocate([scale * part for part in parts])


@pytest.mark.parametrize(
    ("amount", "parts", "shares"),
    [
        ("49.99", [1, 1], ["25.00", "24.99"]),
        ("0.01", [0, 1, 1], ["0.00", "0.01", "0.00"]),
        ("0.05", [3, 7], ["0.02", "0.03"]),
        ("100.00", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("100.00", [Fraction(60, 100), Fraction(40, 100)], ["60.00", "40.00"]),
        ("1.00", [1, 5], ["0.17", "0.83"]),
        ("0.00", [1, 2], ["0.00", "0.00"]),
        ("0.01", [1, 2, 4], ["0.00", "0.00", "0.01"]),
    ],
)
def test_the_remainder_goes_to_the_largest_fraction_then_to_the_earlier(
    amount: str, parts: list[int | Fraction], shares: list[str]
) -> None:
    assert [share.text for share in usd(amount).allocate(parts)] == shares


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [0],
        [0, Fraction(0)],
        [1, -1],
        [2, -1],
        [0.5, 0.5],
        [True, 1],
        ["1"],
        "12",
        [None],
        [Decimal(1)],
        [float("nan")],
    ],
)
def test_weights_are_whole_numbers_or_fractions_and_not_all_zero(parts: Any) -> None:
    with pytest.raises(BadArgument, match="weight"):
        usd("10.00").allocate(parts)


@pytest.mark.parametrize("parts", [[], [0], [0, 0]])
def test_weights_that_are_all_zero_are_told_by_their_key(parts: Any) -> None:
    with pytest.raises(BadArgument) as refusal:
        usd("10.00").allocate(parts)
    assert refusal.value.key == "bad-argument.weights"


def test_a_negative_amount_is_not_divided() -> None:
    with pytest.raises(BadAmount, match=r"-0\.01 USD is negative") as refusal:
        usd("-0.01").allocate([1])
    assert refusal.value.key == "bad-amount.negative"


WRONG: Any = 1


@pytest.mark.parametrize(
    ("attempt", "key"),
    [
        (lambda: Money.parse(WRONG), "bad-argument.amount"),
        (lambda: Money.parse("ten"), "bad-argument.amount"),
        (lambda: Money.parse("10"), "bad-argument.currency"),
        (lambda: Money.parse("1" * 31, "USD"), "bad-amount.too-many-digits"),
        (lambda: Money("1", "USD"), "bad-argument.amount"),  # type: ignore[arg-type]
        (lambda: usd("1.00").allocate([1, -1]), "bad-argument.weights"),
        (lambda: parse_rate(WRONG), "bad-argument.rate"),
        (lambda: parse_rate("ten"), "bad-argument.rate"),
        (lambda: parse_rate("100.01%"), "bad-argument.rate"),
    ],
)
def test_each_refusal_of_an_amount_or_a_rate_has_its_key(attempt: Callable[[], Any], key: str) -> None:
    with pytest.raises(Refused) as refusal:
        attempt()
    assert refusal.value.key == key


def test_there_is_no_nothing_of_an_unknown_currency() -> None:
    with pytest.raises(BadArgument, match="'USX' is not a currency"):
        Money.zero("USX")


def test_a_rate_has_at_most_thirty_letters() -> None:
    assert parse_rate(f"0.{'0' * 26}1%") == Fraction(1, 10**29)
    with pytest.raises(BadArgument, match="is not a rate"):
        parse_rate(f"0.{'0' * 27}1%")


@pytest.mark.parametrize(("letters", "shown"), [(39, 39), (40, 40), (41, 37)])
def test_a_long_wrong_text_is_shown_with_its_beginning(letters: int, shown: int) -> None:
    with pytest.raises(BadArgument) as refusal:
        Money.parse("x" * letters)
    assert f"'{'x' * shown}{'...' if shown < letters else ''}'" in refusal.value.words


# --- rates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "rate", "portion"),
    [
        ("133.32", Fraction(1, 5), "26.66"),  # 26.664
        ("166.68", Fraction(1, 5), "33.34"),  # 33.336
        ("0.05", Fraction(1, 10), "0.01"),  # 0.005: half up
        ("0.04", Fraction(1, 10), "0.00"),
        ("0.15", Fraction(1, 10), "0.02"),  # and not half to even
        ("0.25", Fraction(1, 10), "0.03"),
        ("-0.05", Fraction(1, 10), "-0.01"),  # away from zero
        ("-0.04", Fraction(1, 10), "0.00"),
        ("10.00", Fraction(0), "0.00"),
        ("10.00", Fraction(1), "10.00"),
        ("10.00", 1, "10.00"),
    ],
)
def test_a_portion_is_rounded_half_up_to_the_minor_unit(amount: str, rate: Any, portion: str) -> None:
    assert usd(amount).portion(rate) == usd(portion)


@promise
@given(amount=usd_amounts, rate=rates)
def test_a_portion_is_within_half_a_unit_of_the_exact_one(amount: Money, rate: Fraction) -> None:
    assert abs(amount.portion(rate).minor - amount.minor * rate) <= Fraction(1, 2)
    assert (-amount).portion(rate) == -amount.portion(rate)


@pytest.mark.parametrize("rate", [0.1, True, "10%", None, Decimal("0.1")])
def test_a_portion_needs_an_exact_rate(rate: Any) -> None:
    with pytest.raises(BadArgument, match="a rate is a Fraction") as refusal:
        usd("10.00").portion(rate)
    assert refusal.value.key == "bad-argument.not-exact"
    assert refusal.value.words.endswith(f"not a value of type {type(rate).__name__}")


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10%", Fraction(1, 10)), ("2.75%", Fraction(11, 400)), ("0%", Fraction(0)), ("100%", Fraction(1))],
)
def test_a_rate_is_read_and_written_as_percent(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate
    assert rate_text(rate) == text


@promise
@given(rate=rates)
def test_a_rate_that_is_written_is_read_back(rate: Fraction) -> None:
    assert parse_rate(rate_text(rate)) == rate


def test_a_rate_that_no_percentage_can_say_is_written_as_a_fraction() -> None:
    assert rate_text(Fraction(1, 3)) == "100/3%"


@pytest.mark.parametrize(
    "text",
    [
        "0.5",
        "10",
        "",
        "%",
        "-1%",
        "+1%",
        "100.01%",
        "101%",
        "10 %",
        " 10%",
        "10%\n",
        "1e1%",
        "nan%",
        "1_0%",
        "١٠%",
        "10%%",
        ".5%",
        "5.%",
        "1,5%",
        pytest.param("0." + "0" * 10000 + "1%", id="long"),
    ],
)
def test_a_rate_is_a_percentage_from_0_to_100(text: str) -> None:
    with pytest.raises(BadArgument) as refusal:
        parse_rate(text)
    assert refusal.value.key == "bad-argument.rate"


@pytest.mark.parametrize("value", [0.1, 10, True, None, Fraction(1, 10), Decimal("0.1")])
def test_rates_are_written_as_text(value: Any) -> None:
    with pytest.raises(BadArgument, match="written as text"):
        parse_rate(value)


# --- tariffs ------------------------------------------------------------------------------------------------------

TEN = Fraction(1, 10)
TIERED = Tariff(((usd("500.00"), Fraction(1, 5)), (usd("10000.00"), TEN), (None, Fraction(1, 20))))


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        ("0.00", "0.00"),
        ("499.99", "100.00"),
        ("500.00", "100.00"),
        ("500.01", "100.00"),
        ("500.10", "100.01"),
        ("10000.00", "1050.00"),
        ("10000.20", "1050.01"),
        ("20000.00", "1550.00"),
    ],
)
def test_each_slice_of_an_amount_bears_its_own_rate(amount: str, fee: str) -> None:
    assert TIERED.of(usd(amount)) == usd(fee)


def test_slices_are_summed_before_anything_is_rounded() -> None:
    tariff = Tariff(((usd("0.04"), TEN), (None, TEN)))
    assert tariff.of(usd("0.08")) == Tariff.flat(TEN).of(usd("0.08")) == usd("0.01")


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        ("0.00", "0.00"),
        ("0.01", "5.00"),
        ("47.00", "5.00"),
        ("47.10", "5.01"),
        ("2497.00", "250.00"),
        ("9999", "250.00"),
    ],
)
def test_fixed_part_floor_and_cap_hold_for_the_whole(amount: str, fee: str) -> None:
    tariff = Tariff(((None, TEN),), fixed=usd("0.30"), floor=usd("5.00"), cap=usd("250.00"))
    assert tariff.of(usd(amount)) == usd(fee)


@promise
@given(tariff=tariffs(), slices=st.lists(usd_amounts, min_size=1, max_size=6))
def test_slicing_an_amount_changes_no_fee(tariff: Tariff, slices: list[Money]) -> None:
    done, taken = Money.zero("USD"), Money.zero("USD")
    for piece in slices:
        fee = tariff.between(done, piece)
        assert fee.minor >= 0
        done, taken = done + piece, taken + fee
    assert taken == tariff.of(done)


@promise
@given(tariff=tariffs(), amount=usd_amounts, more=usd_amounts)
def test_a_larger_amount_never_has_a_smaller_fee(tariff: Tariff, amount: Money, more: Money) -> None:
    assert tariff.of(amount) <= tariff.of(amount + more)


@promise
@given(tariff=rate_tariffs(), amount=usd_amounts)
def test_a_fee_made_of_rates_lies_between_nothing_and_the_amount(tariff: Tariff, amount: Money) -> None:
    assert Money.zero("USD") <= tariff.of(amount) <= amount


@promise
@given(amount=usd_amounts, rate=rates)
def test_a_flat_fee_is_a_portion_in_any_currency(amount: Money, rate: Fraction) -> None:
    assert Tariff.flat(rate).of(amount) == amount.portion(rate)
    assert Tariff.flat(rate).of(Money(amount.minor, "JPY")).minor == amount.portion(rate).minor


def test_a_tariff_in_another_currency_is_refused_even_for_nothing() -> None:
    with pytest.raises(WrongCurrency):
        TIERED.of(Money.zero("EUR"))
    with pytest.raises(WrongCurrency):
        Tariff.flat(TEN).between(usd("1.00"), Money.parse("1.00 EUR"))


def test_there_is_no_fee_of_a_negative_amount() -> None:
    with pytest.raises(BadAmount, match="negative") as refusal:
        TIERED.of(usd("-0.01"))
    assert refusal.value.key == "bad-amount.negative"
    with pytest.raises(BadAmount, match="negative") as refusal:
        TIERED.between(usd("1.00"), usd("-0.01"))
    assert refusal.value.key == "bad-amount.negative"


@pytest.mark.parametrize(
    ("tariff", "words"),
    [
        (Tariff.flat(TEN), "10 %"),
        (Tariff.flat(Fraction(0)), "0 %"),
        (Tariff(((None, Fraction(0)),), fixed=usd("1.00")), "1.00 USD"),
        (Tariff(((None, Fraction(29, 1000)),), fixed=usd("0.30")), "2.9 %, plus 0.30 USD"),
        (TIERED, "20 % up to 500.00 USD, 10 % up to 10000.00 USD, then 5 %"),
        (
            Tariff(((None, Fraction(1, 20)),), floor=usd("5.00"), cap=usd("250.00")),
            "5 %, at least 5.00 USD, at most 250.00 USD",
        ),
    ],
)
def test_a_tariff_says_itself_in_words(tariff: Tariff, words: str) -> None:
    assert tariff.describe() == words


def test_a_tariff_is_a_value_whatever_held_its_tiers() -> None:
    pairs: Any = [[usd("500.00"), TEN], [None, TEN]]
    assert len({Tariff(pairs), Tariff(((usd("500.00"), TEN), (None, TEN)))}) == 1


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"tiers": ()}, "the last one must have no upper bound"),
        ({"tiers": ((usd("1.00"), TEN),)}, "the last one must have no upper bound"),
        ({"tiers": ((None, TEN), (None, TEN))}, "only the last one may have no upper bound"),
        ({"tiers": ((usd("2.00"), TEN), (usd("2.00"), TEN), (None, TEN))}, "more than zero and grow"),
        ({"tiers": ((usd("0.00"), TEN), (None, TEN))}, "more than zero and grow"),
        (
            {"tiers": ((usd("1.00"), TEN), (Money.parse("2.00 EUR"), TEN), (None, TEN))},
            "more than one currency: EUR, USD",
        ),
        ({"tiers": ((None, 0.1),)}, "tier 1: a rate is a Fraction, not a value of type float"),
        ({"tiers": ((None, Fraction(11, 10)),)}, "tier 1: a rate lies from 0% to 100%, 110% does not"),
        ({"tiers": ((None, Fraction(-1, 10)),)}, "tier 1: a rate lies from 0% to 100%, -10% does not"),
        ({"tiers": (("1.00 USD", TEN), (None, TEN))}, "an amount is Money, not a value of type str"),
        ({"tiers": ((None, TEN),), "fixed": usd("-1.00")}, "fixed: -1.00 USD is negative"),
        ({"tiers": ((None, TEN),), "floor": usd("-0.01")}, "floor: -0.01 USD is negative"),
        ({"tiers": ((None, TEN),), "cap": usd("-0.01")}, "cap: -0.01 USD is negative"),
        ({"tiers": ((None, TEN),), "floor": usd("2.00"), "cap": usd("1.99")}, "floor: 2.00 USD is more than the cap"),
    ],
)
def test_a_tariff_that_cannot_be_is_no_tariff(terms: dict[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError) as refusal:
        Tariff(**terms)
    assert problem in str(refusal.value)


def test_a_wrong_tariff_tells_every_problem_at_once() -> None:
    with pytest.raises(DefinitionError) as refusal:
        Tariff(((None, Fraction(2)), (usd("1.00"), Fraction(3))), floor=usd("2.00"), cap=usd("1.00"))
    assert len(refusal.value.problems) == 5
    assert str(refusal.value).startswith("tariff: 5 problems")


def test_a_part_of_nothing_is_one_like_none() -> None:
    nothing = Tariff(((None, TEN),), fixed=usd("0.00"), floor=usd("0.00"))
    assert nothing.of(usd("10.00")) == usd("1.00")
    assert Tariff(((None, TEN),), cap=usd("0.00")).of(usd("10.00")) == usd("0.00")


def test_floor_and_cap_may_be_the_same() -> None:
    tariff = Tariff(((None, TEN),), floor=usd("2.00"), cap=usd("2.00"))
    assert tariff.of(usd("0.01")) == tariff.of(usd("1000000.00")) == usd("2.00")


def test_the_examples_of_the_money_page_are_true() -> None:
    assert doctest.testmod(money).failed == 0


# --- values of a wrong kind ---------------------------------------------------------------------------------------


class Odd:
    """Neither hashed, nor walked through, nor shown."""

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("attempt", "key"),
    [
        (exponent, "currency"),
        (Money.zero, "currency"),
        (lambda it: Money(it, "USD"), "amount"),
        (Money.parse, "amount"),
        (usd("1.00").allocate, "weights"),
        (parse_rate, "rate"),
        (Tariff.flat(TEN).of, "amount"),
        (lambda it: Tariff.flat(TEN).between(it, usd("1.00")), "amount"),
        (lambda it: Tariff.flat(TEN).between(usd("1.00"), it), "amount"),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused_by_what_it_was_to_be_and_named_by_its_kind(
    attempt: Callable[[Any], object], key: str
) -> None:
    with pytest.raises(BadArgument, match="of type Odd") as refusal:
        attempt(Odd())
    assert refusal.value.key == f"bad-argument.{key}"


def test_a_text_is_no_list_of_weights() -> None:
    text: Any = "11"
    with pytest.raises(BadArgument, match="type str") as refusal:
        usd("1.00").allocate(text)
    assert refusal.value.key == "bad-argument.weights"


def test_tiers_that_are_no_pairs_are_the_one_problem_of_a_tariff() -> None:
    for tiers in (Odd(), [TEN], [(None, TEN, TEN)]):
        with pytest.raises(DefinitionError) as refusal:
            Tariff(tiers)  # type: ignore[arg-type]
        assert refusal.value.what == "tariff"
        (problem,) = refusal.value.problems
        assert f"type {type(tiers).__name__}" in problem
