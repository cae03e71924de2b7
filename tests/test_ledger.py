"""Entries that balance or cannot be made, and the ledger that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from escrowkit.errors import BadArgument, BrokenBooks
from escrowkit.ledger import CONDITIONS, Entry, Kind, Ledger, Line, lines
from escrowkit.money import Money

promise = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PAYER, PAYEE, ESCROW, OTHER = "world:payer", "world:payee", "escrow:m1", "escrow:m2"
ACCOUNTS = (PAYER, PAYEE, ESCROW, OTHER, "clearing:m1", "fees:m1", "deposit:m1/1:payer", "payable:payee")
CURRENCIES = ("USD", "JPY")


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def entry(*moves: tuple[str, str, Money]) -> Entry:
    return Entry(lines(*moves), "awarded", Kind.MERITS)


FUNDED = Ledger().post([entry((PAYER, ESCROW, usd(100)))])

moves = st.tuples(
    st.sampled_from(ACCOUNTS),
    st.sampled_from(ACCOUNTS),
    st.builds(Money, st.integers(0, 50), st.sampled_from(CURRENCIES)),
).filter(lambda move: move[0] != move[1])


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Some entries: mostly what an account can give, now and then one unit more."""
    left: Counter[tuple[str, str]] = Counter()
    history = []
    for size in draw(st.lists(st.integers(1, 4), max_size=6)):
        made = []
        for _ in range(size):
            source, target, amount = draw(moves)
            if not source.startswith("world:"):
                has = left[source, amount.currency] + draw(st.integers(0, 20)) // 20
                amount = Money(min(amount.minor, max(has, 0)), amount.currency)
            left[source, amount.currency] -= amount.minor
            left[target, amount.currency] += amount.minor
            made.append((source, target, amount))
        history.append(entry(*made))
    return history


def naive(history: Sequence[Entry]) -> Counter[tuple[str, str]] | None:
    """The balances by counting single units, or None if some account would fall below zero."""
    units: Counter[tuple[str, str]] = Counter()
    for one in history:
        for line in one.lines:
            source, target = ((account, line.amount.currency) for account in (line.source, line.target))
            for _ in range(line.amount.minor):
                if units[source] == 0 and not source[0].startswith("world:"):
                    return None
                units[source] -= 1
                units[target] += 1
    return units


# --- lines and entries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "minor"),
    [(PAYER, ESCROW, 0), (PAYER, ESCROW, -1), (ESCROW, ESCROW, 1)],
    ids=["nothing", "a negative amount", "from an account to itself"],
)
def test_a_line_that_moves_nothing_cannot_be_made(source: str, target: str, minor: int) -> None:
    with pytest.raises(BrokenBooks, match="a positive amount between two accounts"):
        Line(source, target, usd(minor))


def test_a_line_of_one_minor_unit_can_be_made() -> None:
    assert str(Line(PAYER, ESCROW, usd(1))) == "world:payer → escrow:m1 0.01 USD"


def test_what_moves_nothing_is_left_out_and_the_rest_keeps_its_order() -> None:
    assert lines((PAYER, ESCROW, usd(0)), (ESCROW, PAYEE, usd(2)), (PAYER, ESCROW, usd(1))) == (
        Line(ESCROW, PAYEE, usd(2)),
        Line(PAYER, ESCROW, usd(1)),
    )


def test_a_negative_amount_is_not_left_out_but_refused() -> None:
    with pytest.raises(BrokenBooks):
        lines((PAYER, ESCROW, usd(-1)))


@pytest.mark.parametrize(
    ("condition", "kind"),
    [(None, None), ("awarded", None), (None, Kind.MERITS), ("because", Kind.MERITS), ("", Kind.MERITS)],
)
@pytest.mark.parametrize("target", [PAYEE, "clearing:m1", OTHER])
def test_money_leaves_an_escrow_under_a_known_release_condition_only(
    condition: str | None, kind: Kind | None, target: str
) -> None:
    with pytest.raises(BrokenBooks, match="no known release condition"):
        Entry(lines((PAYER, ESCROW, usd(1)), (ESCROW, target, usd(1))), condition, kind)


@pytest.mark.parametrize("source", [account for account in ACCOUNTS if account not in (ESCROW, OTHER)])
def test_money_that_leaves_no_escrow_needs_no_release_condition(source: str) -> None:
    assert not Entry(lines((source, ESCROW, usd(1)))).takes_from_escrow


@pytest.mark.parametrize("code", CONDITIONS)
def test_money_leaves_under_each_release_condition_that_is_known(code: str) -> None:
    made = Entry(lines((ESCROW, PAYEE, usd(1))), code, CONDITIONS[code][0])
    assert made.takes_from_escrow
    assert str(made) == f"escrow:m1 → world:payee 0.01 USD ({code}, {CONDITIONS[code][0]})"


def test_an_entry_is_said_line_by_line() -> None:
    said = "world:payer → escrow:m1 0.02 USD; world:payer → fees:m1 0.01 USD"
    assert str(Entry(lines((PAYER, ESCROW, usd(2)), (PAYER, "fees:m1", usd(1))))) == said


def test_the_release_conditions_are_the_closed_list_of_the_vocabulary() -> None:
    listed = {
        Kind.AGREEMENT: "payer_approved payer_released condition_met payee_refunded cancel_agreed settlement_agreed "
        "claim_conceded recommendation_accepted rolled_forward",
        Kind.PROCEDURE: "review_lapsed cancel_lapsed proposal_lapsed requirements_lapsed late_cancelled offer_lapsed "
        "respondent_silent nobody_paid_fee only_one_paid_fee award_lapsed refused_to_rule small_pot_divided "
        "dispute_lapsed early_cancelled hold_limit_reached dormant",
        Kind.MERITS: "awarded mediator_decided",
        Kind.OVERRIDE: "platform_seized court_ordered charged_back",
    }
    assert [(code, kind) for code, (kind, _) in CONDITIONS.items()] == [
        (code, kind) for kind, codes in listed.items() for code in codes.split()
    ]
    assert all(words for _, words in CONDITIONS.values())


# --- the ledger ---------------------------------------------------------------------------------------------------


def test_an_account_can_be_emptied_but_not_below_zero() -> None:
    assert FUNDED.post([entry((ESCROW, PAYEE, usd(100)))]).balance(ESCROW, "USD") == usd(0)
    with pytest.raises(BrokenBooks, match=r"escrow:m1 has not so much: escrow:m1 → world:payee 1\.01 USD"):
        FUNDED.post([entry((ESCROW, PAYEE, usd(101)))])


def test_what_comes_in_by_a_later_line_does_not_cover_an_earlier_one() -> None:
    out, back = (ESCROW, PAYEE, usd(101)), (PAYER, ESCROW, usd(1))
    with pytest.raises(BrokenBooks):
        FUNDED.post([entry(out, back)])
    assert FUNDED.post([entry(back, out)]).balance(ESCROW, "USD") == usd(0)


def test_money_of_one_escrow_never_pays_for_another() -> None:
    both = FUNDED.post([entry((PAYER, OTHER, usd(50)))])
    with pytest.raises(BrokenBooks, match="escrow:m2 has not so much"):
        both.post([entry((OTHER, PAYEE, usd(51)))])


def test_money_of_one_currency_never_pays_in_another() -> None:
    with pytest.raises(BrokenBooks, match="escrow:m1 has not so much"):
        FUNDED.post([entry((ESCROW, PAYEE, Money(1, "JPY")))])


def test_the_outside_may_be_below_zero_and_its_balance_is_what_it_gained_or_lost() -> None:
    paid = FUNDED.post([entry((ESCROW, PAYEE, usd(30)))])
    assert (paid.net("payer", "USD"), paid.net("payee", "USD"), paid.net("stranger", "USD")) == (
        usd(-100),
        usd(30),
        usd(0),
    )


def test_all_that_is_still_inside_is_held_whatever_the_account() -> None:
    inside = [(PAYER, account, usd(1)) for account in ACCOUNTS if not account.startswith("world:")]
    ledger = Ledger().post([entry(*inside, (PAYER, ESCROW, Money(7, "JPY")))])
    assert (ledger.held("USD"), ledger.held("JPY"), ledger.held("EUR")) == (usd(6), Money(7, "JPY"), Money(0, "EUR"))


def test_accounts_come_sorted_and_an_empty_one_only_if_it_is_outside() -> None:
    ledger = FUNDED.post([entry((ESCROW, PAYEE, usd(100))), entry((PAYEE, PAYER, usd(100)))])
    assert list(ledger.accounts()) == [(PAYEE, usd(0)), (PAYER, usd(0))]
    assert list(FUNDED.accounts()) == [(ESCROW, usd(100)), (PAYER, usd(-100))]


@promise
@given(history=histories())
def test_any_entries_sum_to_zero_in_each_currency_and_leave_no_account_below_zero(history: list[Entry]) -> None:
    counted = naive(history)
    if counted is None:
        with pytest.raises(BrokenBooks):
            Ledger().post(history)
        return
    ledger = Ledger().post(history)
    for currency in CURRENCIES:
        balances = {account: ledger.balance(account, currency).minor for account in ACCOUNTS}
        assert balances == {account: counted[account, currency] for account in ACCOUNTS}
        assert sum(balances.values()) == 0
        assert all(minor >= 0 for account, minor in balances.items() if not account.startswith("world:"))
        assert ledger.held(currency).minor == -(balances[PAYER] + balances[PAYEE])


@promise
@given(history=histories())
def test_posting_gives_a_new_ledger_and_never_touches_the_old_one(history: list[Entry]) -> None:
    ledger, same = FUNDED, Ledger({(account, "USD"): money.minor for account, money in FUNDED.accounts()})
    with suppress(BrokenBooks):
        ledger.post(history)
    assert ledger == same


@promise
@given(history=histories())
def test_entries_posted_at_once_and_one_by_one_make_one_ledger(history: list[Entry]) -> None:
    assume(naive(history) is not None)
    ledger = Ledger()
    for one in history:
        ledger = ledger.post([one])
    assert ledger == Ledger().post(iter(history))


# -- of a wrong kind -------------------------------------------------------------------------------------------------


def wrong(value: Any) -> Any:
    """A value whose type the type checker does not see."""
    return value


TEN = Money(1000, "USD")
WRONG: list[tuple[str, str, Callable[[], object]]] = [
    ("bad-argument.line", "77", lambda: Line(wrong(77), "b", TEN)),
    ("bad-argument.line", "77", lambda: Line("a", wrong(77), TEN)),
    ("bad-argument.line", "77", lambda: Line("a", "b", wrong(77))),
    ("bad-argument.lines", "[Line(", lambda: Entry(wrong([Line("a", "b", TEN)]))),
    ("bad-argument.lines", "('a', 'b')", lambda: Entry(wrong(("a", "b")))),
    ("bad-argument.condition", "77", lambda: Entry((Line("a", "b", TEN),), wrong(77))),
    ("bad-argument", "account = ['a']", lambda: Ledger().balance(wrong(["a"]), "USD")),
    ("bad-argument", "currency = ['USD']", lambda: Ledger().balance("a", wrong(["USD"]))),
]


@pytest.mark.parametrize(("key", "shown", "make"), WRONG, ids=range(len(WRONG)))
def test_what_is_of_a_wrong_kind_is_named_and_shown(key: str, shown: str, make: Callable[[], object]) -> None:
    with pytest.raises(BadArgument) as refusal:
        make()
    assert refusal.value.key == key
    assert shown in str(refusal.value)
