"""What commands say, and how it is checked before any rule is asked."""

# ruff: noqa: RUF009 - a command is written so; each of these makes an attrs field

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from escrowkit import arguments as arg
from escrowkit.conditions import Condition, any_of, elapsed, signed
from escrowkit.errors import BadAmount, BadArgument, WrongCurrency
from escrowkit.money import MOST_DIGITS, Money
from escrowkit.periods import Period

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@frozen(kw_only=True)
class Buy:
    """A command with an argument of each kind."""

    price: Any = arg.amount()
    tip: Any = arg.amount(zero=True, optional=True)
    claim: Any = arg.amount(but_rules=True)
    what: Any = arg.text()
    note: Any = arg.text(optional=True)
    within: Any = arg.period()
    until: Any = arg.moment(optional=True)
    count: Any = arg.whole(optional=True)
    when: Any = arg.release_condition()
    size: Any = arg.one_of("small", "large")
    agreed: Any = arg.consent()
    gift: Any = arg.flag(default=False)
    lot: Any = arg.internal(default=None)
    free: Any = None


GOOD = Buy(
    price=Money(2000, "USD"),
    claim=Money(500, "USD"),
    what="tea",
    within=Period.parse("2 days"),
    size="small",
    agreed="digest-1",
)


def read(**said: Any) -> Buy:
    command, wrong = arg.check(attrs.evolve(GOOD, **said), "USD")
    assert wrong is None
    assert isinstance(command, Buy)
    return command


def test_a_command_that_is_already_whole_is_handed_back_as_it_is() -> None:
    assert read() is not GOOD
    assert arg.check(GOOD, "USD")[0] is GOOD


@pytest.mark.parametrize(
    ("name", "said", "read_as"),
    [
        ("price", "20.00", Money(2000, "USD")),
        ("price", "20.00 USD", Money(2000, "USD")),
        ("price", Money(1, "USD"), Money(1, "USD")),
        ("price", Money(10**MOST_DIGITS - 1, "USD"), Money(10**MOST_DIGITS - 1, "USD")),
        ("tip", "0", Money(0, "USD")),
        ("tip", None, None),
        ("claim", "20.00", Money(2000, "USD")),
        ("what", "  tea ", "  tea "),
        ("what", "x" * arg.MOST_TEXT, "x" * arg.MOST_TEXT),
        ("note", None, None),
        ("within", "5 business days", Period(business_days=5)),
        ("until", None, None),
        ("until", datetime(2026, 3, 2, 13, tzinfo=timezone(timedelta(hours=1))), NOON),
        ("count", 1, 1),
        ("count", None, None),
        ("when", {"signed": "payer"}, signed("payer")),
        ("when", signed("payee"), signed("payee")),
        ("when", None, None),
        ("size", "large", "large"),
        ("agreed", "digest-2", "digest-2"),
        ("agreed", {"price": "20.00"}, {"price": "20.00"}),
        ("gift", True, True),
        ("lot", object, object),
        ("free", 1.5, 1.5),
    ],
    ids=lambda one: str(one)[:30],
)
def test_an_argument_is_read_as_what_it_means(name: str, said: Any, read_as: Any) -> None:
    assert getattr(read(**{name: said}), name) == read_as


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        ("price", None, "price = None: an amount is needed"),
        ("price", 20, 'price = 20: amounts are written as text like "20.00"'),
        ("price", 20.5, "price = 20.5: amounts are written as text"),
        ("price", True, "price = True: amounts are written as text"),
        ("price", Decimal("20.00"), r"price = Decimal\('20.00'\): amounts are written as text"),
        ("price", float("nan"), "price = nan: amounts are written as text"),
        ("price", "twenty", "price = 'twenty': 'twenty' is not an amount"),
        ("price", "", "price = '': '' is not an amount"),
        ("price", "1e3", "price = '1e3': '1e3' is not an amount"),
        ("price", "NaN", "price = 'NaN'"),
        ("price", "20.00 XXQ", "price = '20.00 XXQ': 'XXQ' is not a currency"),
        ("claim", None, "claim = None: an amount is needed"),
        ("what", None, "what = None: a text is needed"),
        ("what", "", "what = '': a text that is not empty is needed"),
        ("what", " \t\n", "a text that is not empty is needed"),
        ("what", 5, "what = 5: a text that is not empty is needed"),
        ("what", b"tea", "what = b'tea': a text that is not empty is needed"),
        ("what", "x" * (arg.MOST_TEXT + 1), "at most 10000 characters is needed; name a digest"),
        ("note", "", "note = '': a text that is not empty is needed"),
        ("within", None, "within = None: a period is needed"),
        ("within", "0 days", "within = '0 days': a period cannot be zero"),
        ("within", timedelta(days=1), "within = datetime.timedelta"),
        ("until", datetime(2026, 3, 2), "until = datetime.datetime.*has no time zone"),
        ("until", date(2026, 3, 2), "until = datetime.date"),
        ("until", "2026-03-02", "until = '2026-03-02': an instant is a datetime"),
        ("count", 0, "count = 0: a whole number from 1 is needed"),
        ("count", -1, "a whole number from 1 is needed"),
        ("count", True, "count = True: a whole number from 1 is needed"),
        ("count", 1.0, "count = 1.0: a whole number from 1 is needed"),
        ("count", -(10**5000), "count = a value of type int: a whole number"),
        ("when", "payer", "when = 'payer': a release condition is a table"),
        ("when", {"signed": "x"}, "when = {'signed': 'x'}: signed: only the payer or the payee"),
        ("size", "huge", "size = 'huge': it is one of small, large"),
        ("size", ["small"], r"size = \['small'\]: it is one of"),
        ("size", None, r"size = None: small \| large is needed"),
        ("agreed", None, "agreed = None: the terms, as a digest or written out is needed"),
        ("agreed", "", "agreed = '': the terms are needed: their digest, or written out as a table"),
        ("agreed", 5, "agreed = 5: the terms are needed: their digest, or written out as a table"),
        ("gift", None, "gift = None: true or false is needed"),
        ("gift", 1, "gift = 1: true or false is needed"),
        ("gift", "yes", "gift = 'yes': true or false is needed"),
    ],
    ids=lambda one: ascii(one)[:30] if not isinstance(one, int) else "int",
)
def test_an_argument_of_the_wrong_kind_is_named_shown_and_told_what_is_needed(name: str, said: Any, words: str) -> None:
    with pytest.raises(BadArgument, match=words) as caught:
        read(**{name: said})
    assert caught.value.key == f"bad-argument.{name}"
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "said", "code", "words"),
    [
        ("price", "0", BadAmount, "0.00 USD is no amount to move: it must be more than zero."),
        ("price", "-0.01", BadAmount, "-0.01 USD is no amount to move: it must be more than zero."),
        ("price", "0.001", BadAmount, "'0.001' has 3 decimals, USD has 2"),
        ("price", "9" * (MOST_DIGITS + 1), BadAmount, "more than 30 digits"),
        ("price", Money(10**MOST_DIGITS, "USD"), BadAmount, "An amount has at most 30 digits."),
        ("price", Money(-(10**5000), "USD"), BadAmount, "An amount has at most 30 digits."),
        ("price", "20.00 EUR", WrongCurrency, "'20.00 EUR' is not in USD"),
        ("price", Money(2000, "EUR"), WrongCurrency, "This milestone is in USD, not in EUR."),
        ("price", Money(-2000, "EUR"), WrongCurrency, "This milestone is in USD, not in EUR."),
        ("tip", "-0.01", BadAmount, "-0.01 USD is no amount to move: it must be zero or more."),
    ],
    ids=["zero", "negative", "decimals", "digits", "money", "huge", "other text", "other", "other and negative", "tip"],
)
def test_a_sum_that_cannot_be_is_only_noted_to_be_told_in_its_order(
    name: str, said: Any, code: type[Exception], words: str
) -> None:
    wrong = arg.check(attrs.evolve(GOOD, **{name: said}), "USD")[1]
    assert type(wrong) is code
    assert words in str(wrong)


def test_a_wrong_kind_is_told_before_a_wrong_sum() -> None:
    with pytest.raises(BadArgument, match="what"):
        arg.check(attrs.evolve(GOOD, price="0", what=""), "USD")


@pytest.mark.parametrize(("price", "tip"), [("0", "1.00 EUR"), ("1.00 EUR", "-1")])
def test_of_two_wrong_sums_the_first_in_the_order_of_refusals_is_told(price: str, tip: str) -> None:
    assert type(arg.check(attrs.evolve(GOOD, price=price, tip=tip), "USD")[1]) is WrongCurrency


def test_of_two_sums_wrong_in_the_same_way_the_first_is_told() -> None:
    wrong = arg.check(attrs.evolve(GOOD, price="-1", tip="-2"), "USD")[1]
    assert wrong is not None
    assert "-1.00 USD" in wrong.words


@frozen
class Needed:
    """A command that leaves nothing out."""

    at: Any = arg.moment()
    count: Any = arg.whole()
    lot: Any = arg.internal()


def test_an_instant_a_number_and_what_the_rules_say_are_needed_unless_they_are_optional() -> None:
    assert all(spec.default is attrs.NOTHING for spec in attrs.fields(Needed))
    for at, count, words in (
        (None, 1, "at = None: an instant is needed"),
        (NOON, None, "count = None: a whole number"),
    ):
        with pytest.raises(BadArgument, match=words):
            arg.check(Needed(at, count, None), "USD")
    assert arg.check(Needed(NOON, 1, None), "USD")[1] is None


def test_what_is_needed_has_no_default_and_what_is_optional_has_none() -> None:
    defaults = {spec.name: spec.default for spec in attrs.fields(Buy)}
    assert [name for name, default in defaults.items() if default is attrs.NOTHING] == [
        "price",
        "what",
        "within",
        "size",
        "agreed",
    ]
    assert {name for name, default in defaults.items() if default is None} == {
        "tip",
        "claim",
        "note",
        "until",
        "count",
        "when",
        "lot",
        "free",
    }


def test_an_amount_is_told_from_every_other_kind() -> None:
    assert {name for name, kind in arg.kinds(Buy) if kind.sum_} == {"price", "tip", "claim"}


# --- terms --------------------------------------------------------------------------------------------------------

DUE = datetime(2026, 4, 1, tzinfo=UTC)
RELEASE = any_of(signed("payer"), elapsed("14 days"))
STANDING = arg.terms(Money(1300, "USD"), "Logo", DUE, RELEASE)
WRITTEN = {
    "price": "13.00 USD",
    "title": "Logo",
    "due": "2026-04-01T00:00:00+00:00",
    "release_when": {"any": [{"signed": "payer"}, {"elapsed": "14 days", "since": "submitted"}]},
}


def same(said: Any, standing: dict[str, Any] = STANDING) -> bool:
    return arg.same_terms(said, standing, "digest-1", "USD")


def test_terms_written_out_say_all_that_was_proposed() -> None:
    assert STANDING == WRITTEN


@given(
    minor=st.integers(1, 10**9),
    title=st.none() | st.text(min_size=1),
    due=st.none() | st.datetimes(timezones=st.just(UTC)),
    release_when=st.none() | st.sampled_from([RELEASE, signed("payer")]),
)
def test_terms_written_out_are_the_same_terms(
    minor: int, title: str | None, due: datetime | None, release_when: Condition | None
) -> None:
    standing = arg.terms(Money(minor, "USD"), title, due, release_when)
    assert same(standing, standing)
    assert same({"price": Money(minor, "USD"), "title": title, "due": due, "release_when": release_when}, standing)
    assert not same(standing | {"price": str(Money(minor + 1, "USD"))}, standing)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"price": "13.00"},
        {"price": Money(1300, "USD")},
        {"due": DUE},
        {"due": "2026-04-01T02:00:00+02:00"},
        {"release_when": RELEASE},
    ],
    ids=str,
)
def test_an_acceptance_that_says_the_same_in_other_words_accepts_the_same(change: dict[str, Any]) -> None:
    assert same(WRITTEN | change)


def test_an_acceptance_may_repeat_the_digest() -> None:
    assert same("digest-1")
    assert not same("digest-2")
    assert not same("")


@pytest.mark.parametrize(
    "change",
    [
        {"price": "13.01"},
        {"price": "13.00 EUR"},
        {"price": 13},
        {"price": 13.0},
        {"price": None},
        {"price": "thirteen"},
        {"title": "logo"},
        {"title": ""},
        {"title": None},
        {"due": None},
        {"due": "2026-04-01T00:00:01+00:00"},
        {"due": "2026-04-01"},
        {"due": "soon"},
        {"due": ""},
        {"due": date(2026, 4, 1)},
        {"due": datetime(2026, 4, 1)},
        {"due": 5},
        {"release_when": None},
        {"release_when": {"signed": "payer"}},
        {"release_when": {"signed": "nobody"}},
        {"release_when": {}},
        {"release_when": "always"},
        {"extra": "1"},
        {5: "1"},
    ],
    ids=str,
)
def test_an_acceptance_of_anything_else_is_none_of_these_terms(change: dict[Any, Any]) -> None:
    assert not same(WRITTEN | change)


@pytest.mark.parametrize("said", [None, 13, [], {}, ["digest-1"], b"digest-1"], ids=str)
def test_what_is_neither_digest_nor_terms_accepts_nothing(said: Any) -> None:
    assert not same(said)


def test_terms_that_were_never_said_are_not_needed_and_not_allowed() -> None:
    bare = arg.terms(Money(1300, "USD"), None, None, None)
    assert bare == {"price": "13.00 USD"}
    assert same({"price": "13.00"}, bare)
    assert same({"price": "13.00", "title": None, "due": None, "release_when": None}, bare)
    assert not same({"price": "13.00", "title": "Logo"}, bare)
