"""The sums of the list `escrow.fees`: who bears how much, of a deposit, of what leaves the pot, of what goes back.

Every fee is cumulative over its milestone (that of all so far, less that of all before), so slicing changes nothing.
What the payer bears is paid in on top of the deposit and waits beside the escrow; what the payee bears is taken when
money leaves. Functions of sums only: nothing here knows a machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from escrowkit.money import Money, Tariff
from escrowkit.schema import Fee

#: Sums by the name of their fee.
Sums = Mapping[str, Money]
#: A fee with its tariff in one currency.
Priced = tuple[Fee, Tariff]


@frozen
class Levies:
    """What fees do to money that leaves a pot: taken of the payee's part, kept of the payer's, given back to the payer.

    `back` is what was taken of releases that now go back: it is spent, and the payee bears it.
    """

    taken: Sums = field(factory=dict)
    kept: Sums = field(factory=dict)
    returned: Sums = field(factory=dict)
    back: Money | None = None


#: No fee of the list.
NONE: Final = Levies()


def total(sums: Sums, zero: Money) -> Money:
    """All of them together."""
    return sum(sums.values(), zero)


def more(before: Sums, added: Sums) -> dict[str, Money]:
    """Sums by name, with what is added."""
    return {**before, **{name: before[name] + sum_ if name in before else sum_ for name, sum_ in added.items()}}


def _part(fee: Fee, side: str, whole: Money, odd_to: str) -> Money:
    """What a side bears of a fee; of one that both bear, the odd unit falls on the side that gets no odd units."""
    if fee.borne_by != "both":
        return whole if fee.borne_by == side else Money.zero(whole.currency)
    sides = ("payee", "payer") if odd_to == "payer" else ("payer", "payee")
    return dict(zip(sides, whole.allocate((1, 1)), strict=True))[side]


def _share(priced: Priced, side: str, base: Money, odd_to: str) -> Money:
    """What a side bears of a fee of so much."""
    fee, tariff = priced
    return _part(fee, side, tariff.of(base), odd_to)


def paid_in(fees: Iterable[Priced], before: Money, added: Money, odd_to: str) -> dict[str, Money]:
    """What the payer pays on top of a deposit."""
    sums = {
        priced[0].name: _share(priced, "payer", before + added, odd_to) - _share(priced, "payer", before, odd_to)
        for priced in fees
    }
    return {name: sum_ for name, sum_ in sums.items() if sum_}


def taken(
    fees: Iterable[Priced], *, so_far: Sums, all_paid: Money, all_left: Money, weights: tuple[Money, Money], odd_to: str
) -> tuple[dict[str, Money], dict[str, Money]]:
    """What is taken of the payee's part, and what of the payer's: at most these two `weights`, and all that is due.

    A fee on release is one of all that was paid to the payee, a fee on exit of all that left the pot: it falls on the
    payer's part, where the money goes back.
    """
    of_payee: dict[str, Money] = {}
    of_payer: dict[str, Money] = {}
    mine, yours = weights
    for priced in fees:
        fee = priced[0]
        due = _share(priced, "payee", all_left if fee.on == "exit" else all_paid, odd_to)
        due -= so_far.get(fee.name, Money.zero(due.currency))
        parts = (mine.minor, yours.minor if fee.on == "exit" else 0)
        if not due or not any(parts):
            continue
        first, second = due.allocate(parts)
        first, second = min(first, mine), min(second, yours)
        mine, yours = mine - first, yours - second
        of_payee |= {fee.name: first} if first else {}
        of_payer |= {fee.name: second} if second else {}
    return of_payee, of_payer


def returned(
    fees: Iterable[Priced], *, paid: Sums, back: Sums, base: Money, remains: Money, when: tuple[str, ...], odd_to: str
) -> dict[str, Money]:
    """What comes back to the payer when so much of the money on which a fee was paid in remains."""
    sums: dict[str, Money] = {}
    for priced in fees:
        fee = priced[0]
        if fee.returned in when and fee.name in paid:
            gone = paid[fee.name] - _share(priced, "payer", min(remains, base), odd_to)
            due = gone - back.get(fee.name, Money.zero(gone.currency))
            sums |= {fee.name: due} if due.minor > 0 else {}
    return sums
