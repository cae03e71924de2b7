"""Fees that are more than the money that they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from typing import Final

from escrowkit.errors import Refused
from escrowkit.lint.model import Lint, known, stages
from escrowkit.money import Money, Tariff
from escrowkit.rulebook import Rulebook
from escrowkit.schema import UNKNOWN

#: A fee as a function of the money that it is about.
Of = Callable[[Money], Money]
#: Amounts up to this power of two are looked at: more than there is money.
_POWERS: Final = 64
KEY: Final = "fee-above-stake"
_MEND: Final = (
    "Keep small stakes out (arbitration.eligible.stake_from), divide them (arbitration.small_pot), or cap it."
)


def bound(fee: Of, currency: str) -> Money | None:
    """The amount under which a fee is more than the amount itself; zero if it never is, None if it always is.

    >>> bound(lambda stake: Money(29100, "USD"), "USD")
    Money.parse("291.00 USD")
    """

    def exceeds(minor: int) -> bool:
        return fee(Money(minor, currency)).minor > minor

    over = [1 << power for power in range(_POWERS) if exceeds(1 << power)]
    if not over:
        return Money.zero(currency)
    low, high = over[-1], over[-1] * 2
    if high == 1 << _POWERS:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exceeds(middle) else (low, middle)
    return Money(high, currency)


def fees(book: Rulebook) -> Iterator[Lint]:
    """Every fee model: what an arbitration costs, and what is taken of deposits, releases and exits."""
    yield from _arbitration(book)
    least = known(book, "money.min_milestone") or {}
    for place, name, tariff in _others(book):
        found = [one for c in _currencies(book) if (one := _bound(tariff, c)) and (c not in least or least[c] < one)]
        if found:
            under = _under(found)
            mend = "Give it a cap or a rate instead, or raise money.min_milestone to that."
            yield Lint(KEY, place, f"Under {under} {name} is more than the amount on which it falls.", mend)


def _bound(tariff: Callable[[str], Tariff | None], currency: str) -> Money | None:
    """The bound of a tariff in one currency, if there is one; a rate alone is never more than the whole."""
    try:
        it = tariff(currency)
    except Refused:
        return None  # not given in this currency, so nothing is opened in it
    return None if it is None else bound(it.of, currency)


def _others(book: Rulebook) -> Iterator[tuple[str, str, Callable[[str], Tariff | None]]]:
    """Every fee but the arbitration's: its place, its name, and its tariff by currency."""
    if known(book, "escrow.service_fee.model") not in (None, "none"):
        yield "escrow.service_fee", "the service fee", book.service_fee
    if known(book, "escrow.processing_fee.fixed"):
        rate = known(book, "escrow.processing_fee.rate") or Fraction(0)

        def processing(currency: str) -> Tariff:
            return Tariff(((None, rate),), fixed=book.amount("escrow.processing_fee.fixed", currency))

        yield "escrow.processing_fee.fixed", "the processing fee", processing
    for number, fee in enumerate(known(book, "escrow.fees") or ()):
        yield "escrow.fees", f"the fee {fee.name!r}", _listed(book, number)


def _listed(book: Rulebook, number: int) -> Callable[[str], Tariff]:
    return lambda currency: book.fees(currency)[number][1]


def _currencies(book: Rulebook) -> tuple[str, ...]:
    """Every currency that the rulebook names."""
    return tuple(dict.fromkeys(currency for _, amounts in book.amounts() for currency in amounts))


def _under(bounds: Iterable[Money]) -> str:
    return ", ".join(map(str, bounds))


# -- arbitration -----------------------------------------------------------------------------------------------------


def _arbitration(book: Rulebook) -> Iterator[Lint]:
    """What a side pays in, and what both do together, against what is in dispute."""
    shares = {currency: _shares(book, currency) for currency in _currencies(book) or ("USD",)}
    paid = {currency: of for currency, of in shares.items() if of} if "arbitration" in stages(book) else {}
    alone = {currency: _above(book, partial(_largest, of), currency) for currency, of in paid.items()}
    both = {currency: _above(book, partial(_all, of), currency) for currency, of in paid.items()}
    pooled = known(book, "arbitration.fee.model") == "from_pot"
    words = _words(
        "the fee out of the pot" if pooled else "a side's own fee",
        [one for one in alone.values() if one],
        [two for currency, two in both.items() if two and two != alone[currency]],
    )
    if None in both.values():
        words = "The fees of both sides together are more than any stake."
    if words:
        yield Lint(KEY, _place(book), words, _MEND)


def _above(book: Rulebook, fee: Of, currency: str) -> Money | None:
    """The bound of a fee, zero where no stake under it is arbitrated; None if there is none."""
    edge = bound(fee, currency)
    # Of two halves of a unit each is rounded up: that is no fault.
    return edge if edge is None or edge > max(_least(book, currency), Money(2, currency)) else Money.zero(currency)


def _words(own: str, alone: list[Money], both: list[Money]) -> str:
    """Under which stakes; nothing, if under none."""
    bounds = ((alone, f"{own} is"), (both, "the fees of both sides together are"))
    said = [f"under {_under(of)} {who} more than all that is in dispute" for of, who in bounds if of]
    words = ", and ".join(said)
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _place(book: Rulebook) -> str:
    if known(book, "arbitration.fee.model") in ("shares", "external"):
        return "arbitration.fee.shares"
    return "arbitration.fee.floor" if known(book, "arbitration.fee.floor") else "arbitration.fee.rate"


def _largest(shares: Iterable[Of], stake: Money) -> Money:
    return max(share(stake) for share in shares)


def _all(shares: Iterable[Of], stake: Money) -> Money:
    return sum((share(stake) for share in shares), Money.zero(stake.currency))


def _shares(book: Rulebook, currency: str) -> list[Of]:
    """What each party pays for an arbitration, or what is taken out of the pot, as functions of the stake."""
    model = known(book, "arbitration.fee.model")
    try:
        if model in ("rate", "from_pot") and book.settled("arbitration.fee.rate"):
            tariff = book.arbitration_fee(currency)
            return [tariff.of] * (2 if model == "rate" else 1)
        if model in ("shares", "external"):
            keys = [f"arbitration.fee.shares.{side}" for side in ("payer", "payee")]
            sums = [book.amount(key, currency) for key in keys if book.values[key] is not UNKNOWN]
            return [lambda stake, own=own: own for own in sums if own]  # type: ignore[misc]
    except Refused:
        pass  # not given in this currency, or not settled: nothing can be said of it
    return []


def _least(book: Rulebook, currency: str) -> Money:
    """The bound under which nothing is arbitrated: it is not eligible, or is divided without a ruling."""
    zero, unit = Money.zero(currency), Money(1, currency)
    eligible: Money = (known(book, "arbitration.eligible.stake_from") or {}).get(currency, zero)
    small: Money | None = (known(book, "arbitration.small_pot.up_to") or {}).get(currency)
    return max(eligible, small + unit if small is not None else zero)
