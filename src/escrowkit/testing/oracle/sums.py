"""Shares and fees, in fractions, made whole at the very end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from escrowkit.testing.oracle.rules import Rules, percent


def whole(value: Fraction) -> int:
    """The nearest whole unit; a half goes up."""
    return int((2 * value + 1) // 2)


def shared(total: int, weights: Sequence[Fraction | int]) -> list[int]:
    """A sum by weights: whole units, and the units left over to the largest remainders, the earlier first."""
    exact = [Fraction(total) * Fraction(weight) / Fraction(sum(weights)) for weight in weights]
    parts = [int(one) for one in exact]
    by_rest = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_rest[: total - sum(parts)]:
        parts[i] += 1
    return parts


def for_payee(shares: Any, total: int, first: str) -> int:
    """The payee's part of a sum under an answer that divides; `first` gets the odd unit."""
    if shares in ("payer", "payee"):
        return total if shares == "payee" else 0
    weights = {"payer": Fraction(1), "payee": Fraction(1)}
    if isinstance(shares, Mapping):
        weights = {side: percent(shares.get(side, "0%")) for side in weights}
    order = ["payer", "payee"] if first == "payer" else ["payee", "payer"]
    parts = shared(total, [weights[side] for side in order])
    return parts[order.index("payee")]


def tariff(rules: Rules, said: Mapping[str, Any], total: int, currency: str) -> int:
    """A fee over a sum: a rate or tiers, a fixed part, at least the floor, at most the cap."""
    if total <= 0:
        return 0
    exact = Fraction(0)
    if said.get("rate"):
        exact += percent(said["rate"]) * total
    exact += _tiered(rules, said.get("tiers") or [], total, currency)
    if said.get("fixed"):
        exact += rules.of_table(said["fixed"], currency)
    fee = whole(exact)
    if said.get("floor"):
        fee = max(fee, rules.of_table(said["floor"], currency))
    if said.get("cap"):
        fee = min(fee, rules.of_table(said["cap"], currency))
    return fee


def _tiered(rules: Rules, tiers: Sequence[Mapping[str, Any]], total: int, currency: str) -> Fraction:
    exact, below = Fraction(0), 0
    for tier in tiers:
        top = rules.of_table(tier["up_to"], currency) if tier.get("up_to") else total
        exact += percent(tier["rate"]) * max(0, min(top, total) - below)
        below = max(below, top)
    return exact
