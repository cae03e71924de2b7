"""Any agreement under a rulebook, and when the next thing happens to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from escrowkit.agreement import Agreement, open_agreement
from escrowkit.machines import dispute, escrow, milestone
from escrowkit.money import Money
from escrowkit.rulebook import Rulebook
from escrowkit.table import Command
from escrowkit.testing.chosen.choices import Chooser, chance
from escrowkit.testing.chosen.rulebooks import CURRENCIES

#: When lives begin.
START: Final = datetime(2024, 3, 1, 9, tzinfo=UTC)
MICRO: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1)
#: Prices in minor units.
PRICES: Final = (10, 35, 100, 101, 333)

#: Release conditions; most milestones have none.
CONDITIONS: Final[tuple[Any, ...]] = (
    None,
    None,
    None,
    {"signed": "payer"},
    {"any": [{"signed": "payer"}, {"elapsed": "5 days", "since": "submitted"}]},
    {"all": [{"attested": "roof", "by": "witness:dave"}, {"elapsed": "2 days", "since": "active"}]},
    {"at_least": 2, "of": [{"attested": "roof", "by": "witness:dave"}, {"attested": "wall", "by": "platform"}, {"signed": "payer"}]},
    {"any": [{"elapsed": "4 business days", "since": "active"}, {"all": [{"signed": "payee"}, {"attested": "roof"}]}]},
)  # fmt: skip


def agreement(
    choose: Chooser,
    rules: Rulebook,
    *,
    milestones: tuple[int, int] = (1, 4),
    rail: str | None = None,
    at: datetime = START,
) -> Agreement:
    """An agreement of so many milestones (at least, at most), in a currency that the rulebook lists.

    It opens at `at`, or when the rulebook begins to apply. Raises a `Refused` where the terms cannot work, as where a
    fee would leave nothing of a price.
    """
    start = max(at, rules.applies_from or at)
    currencies = currencies_of(rules)
    currency = choose.pick(currencies)
    terms = [_terms(choose, rules, f"m{n}", currency, start) for n in range(1, choose.whole(*milestones) + 1)]
    return open_agreement(
        rulebook=rules,
        parties={"payer": "ada", "payee": "lin"},
        currency=currency,
        milestones=terms,
        at=start,
        rail=rail or choose.pick(["instant", "slow"]),
        billed_before=choose.pick([None, None, Money(55, currency)]),
    )


def _terms(choose: Chooser, rules: Rulebook, id_: str, currency: str, start: datetime) -> dict[str, Any]:
    if chance(choose, 10):
        currency = choose.pick(currencies_of(rules))
    return {
        "id": id_,
        "currency": currency,
        "price": Money(choose.pick(prices(rules, currency)), currency),
        "due": choose.pick([None, later(start, 5 * DAY), later(start, 40 * DAY)]),
        "release_when": choose.pick(CONDITIONS),
        "rules": {"escrow.clearing": "none", "milestone.start": "unfunded"} if chance(choose, 10) else {},
    }


def later(at: datetime, time: timedelta) -> datetime:
    """So much later, as far as there is time."""
    return at + min(time, datetime.max.replace(tzinfo=at.tzinfo) - at)


def currencies_of(rules: Rulebook) -> tuple[str, ...]:
    """The currencies in which a rulebook gives all of its amounts; three with 2, 0 and 3 decimals if it names none.

    >>> from escrowkit.rulebook import load
    >>> currencies_of(load("standard@1")), currencies_of(load("escrow-com@2023"))
    (('USD', 'EUR', 'GBP'), ('USD', 'JPY', 'KWD'))
    """
    named = [tuple(amounts) for _, amounts in rules.amounts()]
    common = tuple(c for c in (named[0] if named else ()) if all(c in one for one in named))
    return common or CURRENCIES


def prices(rules: Rulebook, currency: str) -> Sequence[int]:
    """Prices in minor units, odd ones among them, on and around every sum that the rulebook names."""
    named = [amounts[currency].minor for _, amounts in rules.amounts() if currency in amounts]
    least, most = _bound(rules, "min", currency) or 1, _bound(rules, "max", currency) or max([*named, *PRICES]) * 3
    marks = dict.fromkeys(price for sum_ in sorted(set(named)) for price in (sum_ + 1, sum_ * 2 + 3))
    return [price for price in (*PRICES, *marks) if least <= price <= most] or [least, least + 1]


def _bound(rules: Rulebook, which: str, currency: str) -> int:
    key = f"money.{which}_milestone"
    amount = rules.amount(key, currency) if rules.settled(key) else None
    return 0 if amount is None else amount.minor


def opening_moves(choose: Chooser, now: Agreement) -> Sequence[tuple[str, Command]]:
    """What most lives begin with: money comes in, work is submitted, a dispute opens."""
    moves: list[tuple[str, Command]] = []
    for id_ in now.milestones:
        pot = now.pot(id_)
        depth = choose.pick([0, 1, 2, 3, 4, 5, 5, 5])
        part = choose.pick([pot.price, pot.price, Money(pot.price.minor * 2 // 3, pot.currency)])
        if depth >= 1:
            moves.append(("payer", escrow.Deposit(id_, part, choose.pick([None, "r1", f"first {id_}"]))))
        if depth >= 3:
            moves.append(("payee", milestone.Submit(id_, "zip")))
        if depth >= 4 and chance(choose, 30):
            moves.append(("payer", escrow.Release(id_, Money(part.minor // 3 + 1, pot.currency))))
        if depth >= 4:
            claim = Money(choose.pick([part.minor, part.minor // 2 + 1]), pot.currency)
            sides = choose.pick([("payer", "payee"), ("payee", "payer")])
            moves.append((sides[0], dispute.Open(id_, claim, "words")))
            if depth >= 5:
                moves.append((sides[1], dispute.Contest(id_)))
    return moves


def moment(choose: Chooser, now: Agreement) -> datetime:
    """Now, a little later, or on and around the next deadlines."""
    if not chance(choose, 15):
        return later(now.at, choose.pick([timedelta(0), timedelta(minutes=1)]))
    deadlines = [at for at, _, _ in now.deadlines()][:3]
    marks = [mark for at in deadlines for mark in (at - MICRO, at, later(at, MICRO))]
    steps = [now.at, now.at, *(later(now.at, step) for step in (timedelta(hours=1), DAY, 3 * DAY))]
    options = [at for at in steps * 2 + marks if at >= now.at]
    return choose.pick(options)
