"""What one order comes to: once, for its key, and told as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from escrowkit.errors import EscrowError
from escrowkit.money import Money
from escrowkit.testing.payments import Answer, Order, Provider, Status
from escrowkit.testing.promises import need
from escrowkit.testing.racing import race

#: Makes an adapter with an empty statement.
Factory = Callable[[], Provider]

ORDER: Final = Order("deal-1/7/payee", "m1", "payee", Money(18_001, "USD"))
#: Orders that are easily mixed up.
SIMILAR: Final = (
    ORDER,
    Order("deal-1/17/payee", "m1", "payee", Money(18_001, "USD")),
    Order("deal-1/7/payer", "m1", "payer", Money(18_001, "USD")),
    Order("deal-10/7/payee", "m1", "payee", Money(18_001, "USD")),
    Order("Deal-1/7/payee", "m1", "payee", Money(1, "JPY")),
    Order("deal-1/8/payee", "m2", "payee", Money(1_234_567, "KWD")),
)
TIMES: Final = 20
THREADS: Final = 6


def settled(provider: Provider, order: Order) -> Answer:
    """What becomes of an order in the end: it is paid, and asked for until it is known."""
    answer = provider.pay(order)
    for _ in range(TIMES):
        if answer.status is not Status.UNKNOWN:
            return answer
        answer = provider.look_up(order.key) or provider.pay(order)
    need(False, f"after {TIMES} questions the outcome of {order.key} is unknown still")
    return answer


def moved(provider: Provider, wanted: Iterable[Order], after: str) -> None:
    """The statement has exactly these. Raises `Missed`."""
    found, want = list(provider.statement()), list(wanted)
    twice = [order.key for order in found if found.count(order) > want.count(order)]
    lost = [order.key for order in want if found.count(order) < want.count(order)]
    if twice or lost:
        need(False, f"{after} the statement has {_listed(found)}, and should have {_listed(want)}")


def _listed(found: Iterable[Order]) -> str:
    return ", ".join(f"{order.key} ({order.amount} to {order.to})" for order in found) or "nothing"


def pays_once(factory: Factory) -> None:
    """An order, and the same order again, before and after its outcome is known."""
    provider = factory()
    first = settled(provider, ORDER)
    need(first.status is Status.DONE, f"a plain order is {first}")
    moved(provider, [ORDER], "after an order was paid")
    for _ in range(3):
        again = provider.pay(ORDER)
        need(again == first, f"the same order again is {again}, and was {first}")
    moved(provider, [ORDER], "after the same order was sent four times")


def key_is_of_one_order(factory: Factory) -> None:
    """Another sum and another recipient under a known key."""
    provider = factory()
    settled(provider, ORDER)
    others = (Order(ORDER.key, "m1", "payee", Money(5, "USD")), Order(ORDER.key, "m1", "payer", ORDER.amount))
    for other in others:
        try:
            provider.pay(other)
        except EscrowError:
            continue
        finally:
            moved(provider, [ORDER], f"after {other.amount} to {other.to} under the key of another order")
        need(False, f"{other} under the key of another order raised nothing")


def apart(factory: Factory) -> None:
    """Orders that are nearly the same are all paid, each exactly."""
    provider = factory()
    for order in SIMILAR:
        settled(provider, order)
    moved(provider, SIMILAR, "after orders that differ in key, sum, currency or recipient")


def looked_up(factory: Factory) -> None:
    """What is known of a key, and of one that never came."""
    provider = factory()
    need(provider.look_up(ORDER.key) is None, f"an order that never came is {provider.look_up(ORDER.key)}")
    answer = settled(provider, ORDER)
    found = provider.look_up(ORDER.key)
    need(found == answer, f"an order that is {answer} is looked up as {found}")
    need(provider.look_up("deal-1/7") is None, "another key finds it as well")
    moved(provider, [ORDER], "after it was looked up")


def race_is_won_once(factory: Factory) -> None:
    """Many workers send the same order at the same moment."""
    for _ in range(5):
        provider = factory()
        ends = race([partial(settled, provider, ORDER)] * THREADS)
        need(not any(isinstance(end, Exception) for end in ends), f"of {THREADS} workers with one order: {ends}")
        moved(provider, [ORDER], f"after {THREADS} workers sent the same order")


def tells_the_truth(factory: Factory) -> None:
    """What is told failed never moved, and what is told done did; a failure stays one."""
    provider = factory()
    answers = [(order, settled(provider, order)) for order in SIMILAR]
    moved(provider, [order for order, answer in answers if answer.status is Status.DONE], "of what was told done")
    for order, answer in answers:
        again = provider.pay(order)
        need(again == answer, f"{order.key} is {again}, and was {answer}")
    moved(provider, [order for order, answer in answers if answer.status is Status.DONE], "after each was sent again")
