"""H: milestones and what an agreement is made of."""

from __future__ import annotations

from typing import Any

from escrowkit import schema
from escrowkit.agreement import opening
from escrowkit.machines.milestone import guards
from planted.canary import canary
from planted.edits import put


@canary(
    "H1",
    "After the first release nothing could be changed any more.",
    caught_by="machines_milestone.py::test_a_milestone_can_be_added_after_another_was_paid",
)
def nothing_new_after_a_release() -> None:
    """A milestone can be proposed only while nothing was released."""
    price = guards.price_in_range.test

    def early(ctx: Any) -> bool:
        whole = ctx.pot.agreement
        return price(ctx) and not any(whole.pot(id_).released for id_ in whole.lanes)

    guards.price_in_range.test = early


@canary(
    "H4",
    "A milestone of nothing was taken.",
    caught_by="machines_milestone.py::test_a_price_outside_the_rulebook_is_a_bad_amount_when_proposed_and_at_the_opening",
)
def prices_of_nothing() -> None:
    """A milestone may be proposed at any price, nothing included."""
    from escrowkit import arguments
    from escrowkit.money import Money

    guards.price_in_range.test = lambda ctx: True
    read = arguments._sum

    def lenient(value: Any, currency: str, kind: Any) -> Money:
        money = value if isinstance(value, Money) else Money.parse(value, currency)
        return money if not money else read(value, currency, kind)

    put(arguments, "_sum", lenient)


@canary(
    "H6",
    "Percentages of 99.9995 were taken for 100, and the rest belonged to nobody.",
    caught_by="rulebook.py::test_shares_that_are_nearly_the_whole_are_not_the_whole",
)
def nearly_a_hundred() -> None:
    """Shares need not sum to 100 %."""
    need = schema._need

    def lenient(holds: bool, words: str = "") -> None:
        need(holds or "do not add up" in words, words)

    put(schema, "_need", lenient)


@canary(
    "H9",
    "An escrow had no milestones at all.",
    caught_by="agreement.py::test_an_agreement_has_milestones_each_with_an_id_of_its_own_and_a_price",
)
def no_milestones() -> None:
    """An agreement may be opened without milestones."""
    read = opening._read_terms
    put(opening, "_read_terms", lambda milestones, currency: read(milestones, currency) if milestones else ())
