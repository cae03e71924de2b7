"""What one party owes another outside the pot: an award over released money, a chargeback of money that had left."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import frozen

from escrowkit import arguments as arg
from escrowkit.copying import changed
from escrowkit.errors import NotYourMove
from escrowkit.money import Money
from escrowkit.roles import PARTY, Role
from escrowkit.table import Command, Context, Event, Layered, Row, Table, guard, said

R = Role


class S(StrEnum):
    """The states of an obligation."""

    OPEN = "open"
    PAID = "paid"
    WAIVED = "waived"


# -- what is said ----------------------------------------------------------------------------------------------------


@said
class Open(Command):
    """One party owes another."""

    debtor: str = arg.internal()
    creditor: str = arg.internal()
    amount: Money = arg.internal()
    cause: str = arg.internal()


@said
class Pay(Command):
    """The provider reports that an obligation was paid (the oldest open one, if no number is named)."""

    reference: str = arg.text()
    number: int | None = arg.whole(optional=True)


@said
class Waive(Command):
    """The creditor waives it (the oldest open one, if no number is named)."""

    number: int | None = arg.whole(optional=True)


@said
class Cancel(Command):
    """Its cause is gone: the chargeback was reversed."""

    number: int | None = arg.internal(None)


# -- what happened ---------------------------------------------------------------------------------------------------


@said
class Opened(Event):
    """One party owes another."""

    debtor: str
    creditor: str
    amount: Money
    cause: str


@said
class Paid(Event):
    """An obligation was paid; `back_fee` is the service fee that goes back with it."""

    reference: str
    number: int | None
    debtor: str
    creditor: str
    amount: Money
    cause: str
    back_fee: Money

    @classmethod
    def figures(cls, ctx: Context[Any]) -> dict[str, Any]:
        """What was owed, and the fee that was taken on it."""
        it = ctx.it
        back_fee = ctx.pot.fee_of_released(it.amount) if it.cause == "outcome" else ctx.pot.zero
        owed = {"debtor": it.debtor, "creditor": it.creditor, "amount": it.amount, "cause": it.cause}
        return owed | {"back_fee": back_fee}


@said
class Waived(Event):
    """An obligation was waived."""

    number: int | None


# -- the rules in words ----------------------------------------------------------------------------------------------


@guard(NotYourMove)
def is_creditor(ctx: Context[Obligation]) -> bool:
    """Only the creditor may waive it."""
    return ctx.it.creditor == ctx.name


# -- the law ---------------------------------------------------------------------------------------------------------

TABLE: Table[Obligation] = Table(
    "obligation",
    S,
    initial=S.OPEN,
    final={S.PAID, S.WAIVED},
    rows=(
        # in       on      by             then       event   when
        Row(None, Open, R.RULES, S.OPEN, Opened),
        Row(S.OPEN, Pay, R.PROVIDER, S.PAID, Paid),
        Row(S.OPEN, Waive, {*PARTY, R.PLATFORM}, S.WAIVED, Waived, is_creditor),
        Row(S.OPEN, Cancel, R.RULES, S.WAIVED, Waived),
    ),
)  # fmt: skip


# -- what is true afterwards -----------------------------------------------------------------------------------------


@frozen
class Obligation(Layered[S]):
    """The record of one obligation: opened = paid + waived + open."""

    stack: tuple[S, ...]
    debtor: str
    creditor: str
    amount: Money
    cause: str


def evolve(it: Obligation | None, event: Any) -> Obligation:
    """The record after an event."""
    if it is None:
        return Obligation(TABLE.layers((), event), event.debtor, event.creditor, event.amount, event.cause)
    return changed(it, stack=TABLE.layers(it.stack, event))
