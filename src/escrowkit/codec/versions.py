"""How documents of earlier releases are read: pure functions from one version of a type to the next.

A type that is not here is in its first version. To change the document of a type: raise its number in `CURRENT`, add
the step from the version before to `UPCASTERS`, and keep both for ever, because histories are kept for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from escrowkit.schema import RENAMED

Document = dict[str, Any]
#: From a document to the same one as the next version says it, its `type` included; the old one is left as it is.
Upcaster = Callable[[Document], Document]


def _divided_2(document: Document) -> Document:
    """Nobody advanced what an outcome took back of money that had left."""
    nothing = _nothing_like(document["owed"])
    return {**document, "type": "escrow.divided@2", "advanced": nothing, "owed_fee": nothing}


def _nothing_like(amount: str) -> str:
    """No money, in the currency and with the decimals of an amount."""
    number, _, currency = amount.partition(" ")
    _, point, decimals = number.partition(".")
    return f"0{point}{'0' * len(decimals)} {currency}"


def _rulebook_2(document: Document) -> Document:
    """Values by the names that they have now."""
    now = {before: path for path, before in RENAMED.items()}
    rules = {now.get(path, path): value for path, value in document["rules"].items()}
    return {**document, "type": "rulebook@2", "rules": rules}


def _with(version: int, **fields: Any) -> Upcaster:
    """The same document with further fields: what they are where nothing was said of them."""

    def step(document: Document) -> Document:
        name = document["type"].partition("@")[0]
        return {**document, **fields, "type": f"{name}@{version}"}

    return step


_DISPOSED: Final = ("released", "refunded", "disbursed", "seized", "hold_ended")

#: The step from (type, version) to the next.
UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {
    # Further fees: nobody paid any before there was a list of them.
    **{(f"escrow.{word}", 1): _with(2, levies=None) for word in _DISPOSED},
    ("escrow.released_refunded", 1): _with(2, fees=None),
    # Before, no payout met a chargeback on its way.
    ("escrow.paid_out", 1): _with(2, advanced=None, owed=None),
    ("escrow.divided", 1): _divided_2,
    ("escrow.divided", 2): _with(3, levies=None),
    # A court's order says costs.
    ("escrow.obey_order", 1): _with(2, costs=None, costs_to=None),
    ("escrow.order_obeyed", 1): _with(2, costs=None, costs_to=None, levies=None),
    ("rulebook", 1): _rulebook_2,
    # Before, no clock took a dispute to its next stage.
    **{(f"dispute.{word}", 1): _with(2, clock=None) for word in ("escalated", "small_pot_divided")},
}
#: The version in which a type is written now, where it is not the first.
CURRENT: Final[Mapping[str, int]] = {name: version + 1 for name, version in sorted(UPCASTERS)}
